"""`gridpatrol export`: the files of a sortie or of a day, from a station's folder."""

from __future__ import annotations

import contextlib
import getpass
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import anyio
from sqlalchemy import Connection, false, select

from ground_station.data_lock import data_lock
from ground_station.folders import registers_of
from ground_station.out.book import Audience
from ground_station.out.desk import NEVER_PUBLIC, DayFile, ExportDesk, SortieFile, Wanted
from ground_station.out.reading import day_utc
from ground_station.people.scopes import whole_of
from ground_station.store.engine import Store
from ground_station.store.schema import DATABASE_NAME
from ground_station.store.tables import cases, sorties
from ground_station.store.telemetry import TelemetryLog
from missions.register import load_register
from patrol.cause import Cause, Role
from patrol.clock import SystemClock
from patrol.errors import ConfigError, PatrolError, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """Where from, where to, for whom."""

    data: Path
    out: Path
    register: Path | None
    wanted: Wanted


def export_sortie(sortie_id: str, options: ExportOptions) -> int:
    """Write every file of a sortie; 0, also when a file of it does not exist and that was said."""

    async def write(desk: ExportDesk) -> None:
        cause = _cause()
        for kind in SortieFile:
            if _is_for(kind, options.wanted):
                name = f"{sortie_id}.{kind.value}"
                await _write(
                    options.out / name,
                    lambda kind=kind: desk.sortie(sortie_id, kind, options.wanted, cause),  # type: ignore[misc]
                )

    return _run(options, write)


def export_day(day: str, scope: str | None, options: ExportOptions) -> int:
    """Write every file of a day; an empty day has tables with headings only."""
    when = _day(day)
    part = scope or whole_of(load_register(options.register).form)

    async def write(desk: ExportDesk) -> None:
        cause = _cause()
        for kind in DayFile:
            if _is_for(kind, options.wanted):
                name = f"{when.isoformat()}-{part}.{kind.value}"
                await _write(
                    options.out / name,
                    lambda kind=kind: desk.day(when, part, kind, options.wanted, cause),  # type: ignore[misc]
                )

    return _run(options, write)


def _run(options: ExportOptions, write: Callable[[ExportDesk], Awaitable[None]]) -> int:
    if not (options.data / DATABASE_NAME).is_file():
        raise ConfigError(f"no station has worked in {options.data}: there is no {DATABASE_NAME}")
    register = load_register(options.register)

    async def main() -> None:
        store = await Store.open(options.data)
        is_exercise = await store.read(_is_exercise)
        telemetry = await TelemetryLog.open(options.data, is_exercise=is_exercise)
        desk = ExportDesk(
            store=store,
            telemetry=telemetry,
            register=register,
            world=SystemClock(),
            tlog_folder=options.data / "tlog",
            is_exercise=is_exercise,
            registers=registers_of(options.data),
        )
        failure: Exception | None = None
        async with anyio.create_task_group() as group:
            group.start_soon(store.run)
            try:
                await write(desk)
            except (PatrolError, LookupError, OSError) as error:
                failure = error  # as itself, and not wrapped by the group
            group.cancel_scope.cancel()
        await telemetry.close()
        await store.close()
        if failure is not None:
            raise failure

    try:
        options.out.mkdir(parents=True, exist_ok=True)
        with data_lock(options.data):
            anyio.run(main)
    except LookupError as error:
        raise Refused(str(error.args[0])) from error
    except OSError as error:
        raise ConfigError(f"cannot write into {options.out}: {error.strerror}") from error
    return 0


def _is_exercise(connection: Connection) -> bool:
    """Whether the folder is an exercise's: what was once flown in earnest is never left out."""
    tables = (sorties, cases)
    found = (
        connection.execute(select(t.c.id).where(t.c.is_exercise == false()).limit(1)).scalar()
        for t in tables
    )
    return not any(found)


async def _write(path: Path, make: Callable[[], Awaitable[bytes]]) -> None:
    """Whole or not at all; what the sortie has none of is said and left out."""
    try:
        content = await make()
    except Refused as error:
        print(f"left out {path.name}: {error}", file=sys.stderr)
        return
    part = anyio.Path(path.with_name(path.name + ".part"))
    try:
        await part.write_bytes(content)
        await part.replace(path)
    except OSError:
        with contextlib.suppress(OSError):  # the first error is the one to tell
            await part.unlink(missing_ok=True)
        raise
    print(path)


def _is_for(kind: SortieFile | DayFile, wanted: Wanted) -> bool:
    return wanted.audience is Audience.INTERNAL or kind not in NEVER_PUBLIC


def _cause() -> Cause:
    return Cause(actor=getpass.getuser(), role=Role.REVIEWER)


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
        day_utc(day)
        return day
    except (ValueError, OverflowError) as error:
        raise ConfigError(f"a day is written as 2026-11-24, not {text!r}") from error
