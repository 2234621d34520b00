"""Telemetry in a file of its own, in batches. Not chained: its hash goes into the log."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from sqlalchemy import Column, Float, Integer, MetaData, Table, Text, func, insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from ground_station.store.audit import open_read_only
from ground_station.store.codec import canonical_json
from ground_station.store.engine import sqlite_engine
from ground_station.store.schema import prepare_folder
from patrol.bus import Bus, Subscription
from patrol.clock import parse_utc, utc_text
from patrol.errors import ConfigError, StoreUnavailable
from patrol.telemetry import TelemetrySample

TELEMETRY_NAME = "telemetry.db"
SCHEMA_VERSION = 1
_BATCH = 300
_LONGEST_WAIT_S = 1.0  # wall: how much of a flight a power cut may cost
_QUEUE = 8192

_metadata = MetaData()
_NUMBERS = (
    "lat_deg", "lon_deg", "altitude_amsl_m", "height_above_home_m", "height_agl_m", "north_m_s",
    "east_m_s", "down_m_s", "roll_deg", "pitch_deg", "yaw_deg", "heading_true_deg",
    "camera_bearing_true_deg", "camera_pitch_deg", "battery_pct", "battery_v", "hdop",
)  # fmt: skip
_COUNTS = ("fix", "satellites", "is_armed", "is_in_air", "mission_item", "is_exercise")
samples_table = Table(
    "telemetry",
    _metadata,
    Column("seq", Integer, primary_key=True),
    Column("sortie", Text, nullable=False, index=True),
    Column("vehicle_id", Text, nullable=False),
    Column("t_utc", Text, nullable=False),
    Column("mode", Text, nullable=False),
    *(Column(name, Float) for name in _NUMBERS),
    *(Column(name, Integer) for name in _COUNTS),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetrySummary:
    """What the patrol log keeps of a sortie's telemetry."""

    rows: int
    first_utc: str
    last_utc: str
    max_height_above_home_m: float | None
    sha256: str  # over the canonical JSON lines of the rows in order

    def to_dict(self) -> dict[str, Any]:
        """For the log."""
        return {
            "rows": self.rows,
            "first_utc": self.first_utc,
            "last_utc": self.last_utc,
            "max_height_above_home_m": self.max_height_above_home_m,
            "sha256": self.sha256,
        }


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
        self._lock = anyio.Lock()

    @classmethod
    async def open(cls, folder: Path, *, is_exercise: bool) -> TelemetryLog:
        """Make or open the file; ConfigError or StoreUnavailable in plain words."""
        database = await anyio.to_thread.run_sync(prepare_folder, folder)
        path = database.with_name(TELEMETRY_NAME)
        # A power cut may cost the newest second of a track, so a commit need not wait for the disk.
        engine = await anyio.to_thread.run_sync(partial(sqlite_engine, path, synchronous="NORMAL"))
        log = cls(engine, is_exercise=is_exercise)
        try:
            async with engine.begin() as connection:
                await connection.run_sync(_make)
        except OperationalError as error:
            await log.close()
            raise StoreUnavailable(f"cannot be opened: {path} ({error.orig})") from error
        except DatabaseError as error:
            await log.close()
            raise ConfigError(f"not a telemetry file: {path} ({error.orig})") from error
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
                        await self.flush()
            finally:
                for sample in samples.take_all():
                    self.add(sample)
                with anyio.CancelScope(shield=True):
                    await self.flush()

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
        self._pending.append(_row(sample, sortie, is_exercise=self._is_exercise))

    async def flush(self) -> None:
        """Write what is waiting."""
        async with self._lock:
            rows = self._pending
            if not rows:
                return
            try:
                async with self._engine.begin() as connection:
                    await connection.execute(insert(samples_table), rows)
            except OperationalError as error:
                raise StoreUnavailable(f"telemetry cannot be written: {error.orig}") from error
            self._pending = self._pending[len(rows) :]

    async def summary(self, sortie: str) -> TelemetrySummary:
        """Flush, then count and hash a sortie's rows."""
        await self.flush()
        async with self._engine.connect() as connection:
            return await connection.run_sync(_summary, sortie)

    async def flown(self, sortie: str) -> Flown | None:
        """What was recorded of a flight; None when no sample of it was in the air."""
        await self.flush()
        async with self._engine.connect() as connection:
            return await connection.run_sync(_flown, sortie)

    async def close(self) -> None:
        """Give the file back."""
        with anyio.CancelScope(shield=True):
            await self._engine.dispose()

    async def _fill(self, samples: Subscription[TelemetrySample]) -> None:
        while len(self._pending) < _BATCH:
            self.add(await samples.get())


def _make(connection: Connection) -> None:
    version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    if version > SCHEMA_VERSION:
        raise ConfigError("the telemetry file was written by a newer GridPatrol")
    _metadata.create_all(connection)
    connection.exec_driver_sql(f"PRAGMA user_version={SCHEMA_VERSION}")


def changed_telemetry(path: Path, logs: Iterable[Mapping[str, Any]]) -> str:
    """The first closed log whose telemetry is not in the file as it was; empty when all fit.

    `logs` are the bodies of closed logs. Reads the file offline; ConfigError when it cannot.
    """
    with closing(open_read_only(path)) as connection:
        for log in logs:
            kept, sortie = log["telemetry"], log["sortie"]["sortie_id"]
            if not kept:
                continue
            query = "SELECT * FROM telemetry WHERE sortie = ? ORDER BY seq"
            now = _summed(dict(row) for row in connection.execute(query, (sortie,)))
            if (now.rows, now.sha256) != (kept["rows"], kept["sha256"]):
                return (
                    f"{path} does not fit: sortie {sortie} has {now.rows} rows with hash "
                    f"{now.sha256}; its closed log has {kept['rows']} with {kept['sha256']}"
                )
    return ""


def telemetry_path(database: Path) -> Path:
    """The telemetry file beside a database."""
    return database.with_name(TELEMETRY_NAME)


def closed_logs(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    """The bodies of the closed logs of a database that was opened to read."""
    rows = connection.execute("SELECT body_json FROM patrol_logs ORDER BY closed_utc, sortie")
    return [json.loads(row["body_json"]) for row in rows]


def _summary(connection: Connection, sortie: str) -> TelemetrySummary:
    query = (
        select(samples_table).where(samples_table.c.sortie == sortie).order_by(samples_table.c.seq)
    )
    return _summed(dict(row) for row in connection.execute(query).mappings())


def _flown(connection: Connection, sortie: str) -> Flown | None:
    columns = samples_table.c
    query = select(func.min(columns.t_utc), func.max(columns.mission_item)).where(
        (columns.sortie == sortie) & (columns.is_in_air == 1)
    )
    first, item = connection.execute(query).one()
    return None if first is None else Flown(takeoff_utc=parse_utc(first), mission_item=item)


def _summed(rows: Iterable[dict[str, Any]]) -> TelemetrySummary:
    digest, times, highest = hashlib.sha256(), ["", ""], None
    count = 0
    for row in rows:
        digest.update((canonical_json(row) + "\n").encode())
        times = [times[0] or row["t_utc"], row["t_utc"]]
        height_m = row["height_above_home_m"]
        if height_m is not None:
            highest = height_m if highest is None else max(highest, height_m)
        count += 1
    return TelemetrySummary(
        rows=count,
        first_utc=times[0],
        last_utc=times[1],
        max_height_above_home_m=highest,
        sha256=digest.hexdigest(),
    )


def _row(sample: TelemetrySample, sortie: str, *, is_exercise: bool) -> dict[str, Any]:
    parts: Sequence[tuple[object, dict[str, str]]] = (
        (sample.position, {"lat_deg": "lat_deg", "lon_deg": "lon_deg"}),
        (sample.velocity, {name: name for name in ("north_m_s", "east_m_s", "down_m_s")}),
        (sample.attitude, {name: name for name in ("roll_deg", "pitch_deg", "yaw_deg")}),
        (
            sample.camera,
            {
                "camera_bearing_true_deg": "bearing_true_deg",
                "camera_pitch_deg": "pitch_deg",
            },
        ),
        (sample.battery, {"battery_pct": "charge_pct", "battery_v": "voltage_v"}),
        (sample.gnss, {"fix": "fix", "satellites": "satellites", "hdop": "hdop"}),
    )
    row: dict[str, Any] = {
        column: None if part is None else getattr(part, name)
        for part, names in parts
        for column, name in names.items()
    }
    return row | {
        "sortie": sortie,
        "vehicle_id": sample.vehicle_id,
        "t_utc": utc_text(sample.time_utc),
        "mode": sample.mode.value,
        "altitude_amsl_m": sample.altitude_amsl_m,
        "height_above_home_m": sample.height_above_home_m,
        "height_agl_m": sample.height_agl_m,
        "heading_true_deg": sample.heading_true_deg,
        "is_armed": sample.is_armed,
        "is_in_air": sample.is_in_air,
        "mission_item": sample.mission_item,
        "is_exercise": is_exercise,
    }
