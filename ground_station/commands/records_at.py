"""Where a command's records are, and the store opened there, a running station beside or not."""

from __future__ import annotations

import getpass
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
from sqlalchemy import Connection, select

from ground_station.folders import default_data_dir
from ground_station.settings import read_settings
from ground_station.store import tables
from ground_station.store.engine import Store
from ground_station.store.telemetry import TelemetryLog
from patrol.cause import Cause, Role
from patrol.errors import ConfigError
from patrol.groups import one_error


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A data folder, and the server that keeps the records instead of a file in it."""

    folder: Path
    database_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a command works with."""

    place: Place
    store: Store
    telemetry: TelemetryLog
    is_exercise: bool


def place_of(data: Path | None, config: Path | None) -> Place:
    """The place that --data or a station's --config names; by default the user's own folder."""
    if config is None:
        return Place(folder=data or default_data_dir())
    if data is not None:
        raise ConfigError(
            "--data and --config both say where the records are: give one",
            text_zh="--data 和 --config 都指明记录所在：只给一个",
        )
    settings = read_settings(config)
    return Place(folder=settings.data_dir, database_url=settings.database_url)


def person(by: str | None, role: Role = Role.LEADER) -> Cause:
    """Who gives a command: the name that was given, or the login."""
    return Cause(actor=(by or getpass.getuser()).strip(), role=role)


def run_on(place: Place, work: Callable[[Opened], Awaitable[int]]) -> int:
    """Open the records that are there, run `work` and close them; its exit code."""

    async def whole() -> int:
        async with opened(place) as records:
            return await work(records)

    with one_error():
        return anyio.run(whole)


@asynccontextmanager
async def opened(place: Place) -> AsyncIterator[Opened]:
    """The store with its writer; ConfigError where no records are. A station may run beside it."""
    folder, url = place.folder, place.database_url
    if url is None and not await anyio.Path(folder / "gridpatrol.db").is_file():
        raise ConfigError(f"there are no records in {folder}", text_zh=f"{folder}中没有记录")
    store = await Store.open(folder, url)
    try:
        is_exercise = await store.read(_is_exercise)
        telemetry = await TelemetryLog.open(folder, is_exercise=is_exercise, database_url=url)
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(store.run)
                yield Opened(place=place, store=store, telemetry=telemetry, is_exercise=is_exercise)
                group.cancel_scope.cancel()
        finally:
            await telemetry.close()
    finally:
        await store.close()


def _is_exercise(connection: Connection) -> bool:
    """Whether the station that writes here is one of exercises, as its newest row says."""
    c = tables.audit.c
    query = select(c.is_exercise).order_by(c.seq.desc()).limit(1)
    return bool(connection.execute(query).scalar())
