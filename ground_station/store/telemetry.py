"""Telemetry in a file (or on a server: a table) of its own, in batches.

A disk that is full or away stops no flight: samples wait in memory, and what does not fit is told.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import anyio
import anyio.to_thread
import structlog
from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    func,
    insert,
    inspect,
    select,
)
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.schema import CreateColumn

from ground_station.sorties import WindSeen
from ground_station.store import track_queries
from ground_station.store.dialects import in_plain_words, server_engine, server_url, sqlite_engine
from ground_station.store.sample_rows import sample_columns, sample_row
from ground_station.store.schema import prepare_folder
from ground_station.store.tracks import TelemetrySummary, Thinning, TrackHash
from patrol.bus import Bus, Subscription
from patrol.clock import parse_utc
from patrol.errors import ConfigError, StoreUnavailable
from patrol.story import StoryEvent
from patrol.telemetry import TelemetrySample

TELEMETRY_NAME = "telemetry.db"
SCHEMA_VERSION = 1
_BATCH = 300
_LONGEST_WAIT_S = 1.0  # wall: how much of a flight a power cut may cost
_QUEUE = 8192
_WAITING_ROWS = 20_000  # while the disk is away: an hour of one aircraft, some 40 MB

telemetry_metadata = MetaData()
samples_table = Table(
    "telemetry",
    telemetry_metadata,
    # 300 aircraft fill 31 bits in fifty days.
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("sortie", Text, nullable=False),
    Column("vehicle_id", Text, nullable=False),
    Column("t_utc", Text, nullable=False),
    Column("mode", Text, nullable=False),
    *sample_columns(),
)


Index("ix_telemetry_track", samples_table.c.sortie, samples_table.c.seq)
_COVERED = tuple(column.name for column in samples_table.columns)
T = TypeVar("T")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flown:
    """What the telemetry shows of a sortie's flight."""

    takeoff_utc: datetime
    mission_item: int | None  # the farthest


class TelemetryLog:
    """Writes every sample that is published while `run` is alive, under its aircraft's sortie."""

    def __init__(self, engine: AsyncEngine, *, is_exercise: bool) -> None:
        self._sorties: dict[str, str] = {}  # by aircraft
        self._engine = engine
        self._is_exercise = is_exercise
        self._pending: list[dict[str, Any]] = []
        self._dropped: int | None = None  # rows, since the disk is away; None while it is there
        self._overflowed = 0  # rows, ever
        self._told_lost = 0  # samples and rows, as told of or as they were when nothing more went
        self._is_losing = False
        self._newest_utc: datetime | None = None
        self._lock = anyio.Lock()

    @classmethod
    async def open(
        cls, folder: Path, *, is_exercise: bool, database_url: str | None = None
    ) -> TelemetryLog:
        """Make or open the file; ConfigError or StoreUnavailable in plain words.

        With `database_url` it is a table on that PostgreSQL server.
        """
        if database_url is not None:
            return await cls._made(
                server_engine(server_url(database_url)), "the server", is_exercise=is_exercise
            )
        database = await anyio.to_thread.run_sync(prepare_folder, folder)
        path = database.with_name(TELEMETRY_NAME)
        # A power cut may cost the newest second of a track, so a commit need not wait for the disk.
        engine = await anyio.to_thread.run_sync(partial(sqlite_engine, path, synchronous="NORMAL"))
        return await cls._made(engine, str(path), is_exercise=is_exercise)

    @classmethod
    async def _made(cls, engine: AsyncEngine, where: str, *, is_exercise: bool) -> TelemetryLog:
        log = cls(engine, is_exercise=is_exercise)
        try:
            async with engine.begin() as connection:
                await connection.run_sync(_make)
        except (SQLAlchemyError, OSError) as error:
            await log.close()
            told = in_plain_words(error)
            if "not a database" in str(error):
                raise ConfigError(f"not a telemetry file: {where}") from error
            if isinstance(told, StoreUnavailable):
                told.args = (f"{where}: {told}",)
            raise told from error
        except ConfigError:
            await log.close()
            raise
        return log

    async def run(self, bus: Bus) -> None:
        """Write until cancelled; what has arrived by then is written too."""
        with bus.subscribe(TelemetrySample, limit=_QUEUE) as samples:
            try:
                while True:
                    self.add(await samples.get())
                    with anyio.move_on_after(_LONGEST_WAIT_S):
                        await self._fill(samples)
                    # Half a batch, cancelled and tried again, would be in the file twice.
                    with anyio.CancelScope(shield=True):
                        await self._keep()
                    self._tell_lost(bus, samples.dropped_count)
            finally:
                for sample in samples.take_all():
                    self.add(sample)
                with anyio.CancelScope(shield=True):
                    await self._keep()
                self._tell_lost(bus, samples.dropped_count)

    def begin(self, vehicle_id: str, sortie: str) -> None:
        """What that aircraft says from now on belongs to this sortie."""
        self._sorties[vehicle_id] = sortie

    def end(self, vehicle_id: str) -> None:
        """What that aircraft says from now on belongs to no sortie."""
        self._sorties.pop(vehicle_id, None)

    def sortie_of(self, vehicle_id: str) -> str:
        """The sortie that its samples belong to; empty for none."""
        return self._sorties.get(vehicle_id, "")

    def add(self, sample: TelemetrySample) -> None:
        """Take a sample for the next batch."""
        sortie = self.sortie_of(sample.vehicle_id)
        self._newest_utc = sample.time_utc
        self._pending.append(sample_row(sample, sortie, is_exercise=self._is_exercise))

    async def flush(self) -> None:
        """Write what is waiting; StoreUnavailable when it cannot be, and then it waits on."""
        async with self._lock:
            while self._pending:
                rows = self._pending[:_BATCH]
                await self.write(lambda c, rows=rows: c.execute(insert(samples_table), rows))  # type: ignore[misc]
                self._pending = self._pending[len(rows) :]

    async def summary(self, sortie: str) -> TelemetrySummary:
        """Flush, then count and hash a sortie's rows."""
        await self.flush()
        track = TrackHash(_COVERED)
        async for rows in self.rows(sortie):
            await anyio.to_thread.run_sync(track.add, rows)
        return track.summary()

    async def rows(self, sortie: str) -> AsyncIterator[list[dict[str, Any]]]:
        """A sortie's rows in order, some at a time: a long flight must not hold the event loop."""
        after = -1
        while rows := await self.read(
            partial(track_queries.rows_after, samples_table, sortie, after)
        ):
            after = rows[-1]["seq"]
            yield rows

    async def flown(self, sortie: str) -> Flown | None:
        """What was recorded of a flight; None when no sample of it was in the air."""
        await self.flush()
        return await self.flown_before(sortie)

    async def flown_before(self, sortie: str) -> Flown | None:
        """The same of what is written by now: a full disk can still be read."""
        return await self.read(lambda c: _flown(c, sortie))

    async def wind(self, sortie: str) -> WindSeen | None:
        """The wind of a flight; None when the autopilot told none in the air."""
        await self.flush()
        return await self.read(lambda c: _wind(c, sortie))

    async def track(
        self, sortie: str, limit: int = 500, columns: Sequence[str] = ()
    ) -> list[dict[str, Any]]:
        """At most so many rows of a sortie, evenly spread from the first to the last.

        Of each the columns that are named, or all.
        """
        return await self.read(partial(track_queries.spread, samples_table, sortie, limit, columns))

    async def thinned(self, sortie: str, interval: timedelta) -> tuple[TelemetrySummary, set[int]]:
        """What a sortie's track would be when thinned, and the numbers of the rows that go."""
        thinning = Thinning(interval)
        async for rows in self.rows(sortie):
            await anyio.to_thread.run_sync(thinning.add, rows)
        gone = thinning.gone()
        return await self.without(sortie, gone), gone

    async def without(self, sortie: str, gone: set[int]) -> TelemetrySummary:
        """What a sortie's track would be without some of its rows."""
        after = TrackHash(_COVERED)
        async for rows in self.rows(sortie):
            await anyio.to_thread.run_sync(after.add, [r for r in rows if r["seq"] not in gone])
        return after.summary()

    async def write(self, work: Callable[[Connection], object]) -> None:
        """Run `work` in a transaction; StoreUnavailable when it cannot be.

        Like `read`, it ends also when it is given up: see `Store.read`.
        """
        try:
            with anyio.CancelScope(shield=True):
                async with self._engine.begin() as connection:
                    await connection.run_sync(work)
        except (SQLAlchemyError, OSError) as error:
            raise in_plain_words(error) from error

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on what is written; StoreUnavailable when it cannot be."""
        try:
            with anyio.CancelScope(shield=True):
                async with self._engine.connect() as connection:
                    answer = await connection.run_sync(work)
        except (SQLAlchemyError, OSError) as error:
            raise in_plain_words(error) from error
        return answer

    async def close(self) -> None:
        """Give the file back."""
        with anyio.CancelScope(shield=True):
            await self._engine.dispose()

    async def _fill(self, samples: Subscription[TelemetrySample]) -> None:
        for _ in range(_BATCH):
            self.add(await samples.get())

    async def _keep(self) -> None:
        """Write what is waiting, or let it wait; one line when that begins and one when it ends."""
        try:
            await self.flush()
        except StoreUnavailable as error:
            if self._dropped is None:
                _log.warning("telemetry waits in memory", reason=str(error))
            too_many = max(0, len(self._pending) - _WAITING_ROWS)
            del self._pending[:too_many]
            self._dropped = (self._dropped or 0) + too_many
            self._overflowed += too_many
        else:
            if self._dropped is not None:
                _log.info("telemetry is written again", lost_rows=self._dropped)
            self._dropped = None

    def _tell_lost(self, bus: Bus, unread: int) -> None:
        """A gap in a track is told when it begins, and not again until it is over."""
        lost = unread + self._overflowed
        is_more, more = lost > self._told_lost, lost - self._told_lost
        self._told_lost = lost
        if is_more and not self._is_losing and self._newest_utc is not None:
            _log.warning("telemetry is lost", samples=more, memory_is_full=self._overflowed > 0)
            fields = {
                "samples": more,
                "text": f"telemetry is being lost: {more} samples so far are in no record",
                "text_zh": f"遥测数据正在丢失：已有{more}条未存档",
            }
            bus.publish(StoryEvent(name="telemetry.lost", time_utc=self._newest_utc, fields=fields))
        self._is_losing = is_more


def _make(connection: Connection) -> None:
    version = SCHEMA_VERSION
    if connection.dialect.name == "sqlite":
        version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    if version > SCHEMA_VERSION:
        raise ConfigError("the telemetry file was written by a newer GridPatrol")
    telemetry_metadata.create_all(connection)
    # An older table gets what has been recorded since; every such column may be empty.
    there = {column["name"] for column in inspect(connection).get_columns(samples_table.name)}
    for column in samples_table.columns:
        if column.name not in there:
            words = CreateColumn(column).compile(dialect=connection.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {samples_table.name} ADD COLUMN {words}")
    indexes = {index["name"] for index in inspect(connection).get_indexes(samples_table.name)}
    for index in samples_table.indexes:
        if index.name not in indexes:
            index.create(connection)
    if version != SCHEMA_VERSION:  # a full disk must not keep a station from starting
        connection.exec_driver_sql(f"PRAGMA user_version={SCHEMA_VERSION}")


def telemetry_path(database: Path) -> Path:
    """The telemetry file beside a database."""
    return database.with_name(TELEMETRY_NAME)


def _flown(connection: Connection, sortie: str) -> Flown | None:
    columns = samples_table.c
    query = select(func.min(columns.t_utc), func.max(columns.mission_item)).where(
        (columns.sortie == sortie) & (columns.is_in_air == 1)
    )
    first, item = connection.execute(query).one()
    return None if first is None else Flown(takeoff_utc=parse_utc(first), mission_item=item)


def _wind(connection: Connection, sortie: str) -> WindSeen | None:
    columns = samples_table.c
    told = columns.wind_speed_m_s
    query = select(func.avg(told), func.max(told), func.count(told)).where(
        (columns.sortie == sortie) & (columns.is_in_air == 1)
    )
    mean_m_s, max_m_s, samples = connection.execute(query).one()
    if not samples:
        return None
    return WindSeen(mean_m_s=round(mean_m_s, 2), max_m_s=round(max_m_s, 2), samples=samples)
