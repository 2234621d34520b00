"""The recorder keeps all that a sample has, and goes on with a file from before it kept as much."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ground_station.store.sample_rows import sample_columns, sample_row
from ground_station.store.telemetry import TelemetryLog
from ground_station.store.tracks import TrackHash, changed_telemetry
from patrol.geo import GeoPoint
from patrol.telemetry import (
    Ages,
    Attitude,
    Battery,
    CameraPointing,
    Fix,
    FlightMode,
    Gnss,
    TelemetrySample,
    VelocityNed,
    Wind,
)

pytestmark = pytest.mark.anyio
SORTIE = "S-1"
OLD_NUMBERS = (
    "lat_deg", "lon_deg", "altitude_amsl_m", "height_above_home_m", "height_agl_m", "north_m_s",
    "east_m_s", "down_m_s", "roll_deg", "pitch_deg", "yaw_deg", "heading_true_deg",
    "camera_bearing_true_deg", "camera_pitch_deg", "battery_pct", "battery_v", "hdop",
)  # fmt: skip
OLD_COUNTS = ("fix", "satellites", "is_armed", "is_in_air", "mission_item", "is_exercise")
# True of this process alone; the age of the position is kept.
NOT_KEPT = {"heard_at_s"}


def a_full_sample() -> TelemetrySample:
    """No two values are alike, and none is missing."""
    return TelemetrySample(
        vehicle_id="GP-1", time_utc=datetime(2026, 11, 24, 1, 30, tzinfo=UTC), heard_at_s=1e6,
        boot_ms=4_000_000_000, position=GeoPoint(lat_deg=23.1, lon_deg=116.2),
        altitude_amsl_m=42.3, height_above_home_m=30.4, height_agl_m=28.5,
        velocity=VelocityNed(north_m_s=1.6, east_m_s=-2.7, down_m_s=0.8),
        attitude=Attitude(roll_deg=3.9, pitch_deg=-4.1, yaw_deg=95.2), yaw_rate_deg_s=6.3,
        camera=CameraPointing(bearing_true_deg=200.4, pitch_deg=-45.5, roll_deg=1.7),
        heading_true_deg=95.3, battery=Battery(charge_pct=81.8, voltage_v=15.9),
        gnss=Gnss(fix=Fix.DGPS, satellites=17, hdop=0.85),
        wind=Wind(speed_m_s=5.15, from_deg_true=270.2), home=GeoPoint(lat_deg=23.3, lon_deg=116.4),
        home_altitude_amsl_m=12.6, mode=FlightMode.MISSION, is_armed=True, is_in_air=True,
        mission_item=5, mission_total=19, last_text="Takeoff detected",
        ages=Ages(**{part.name: 0.101 * n for n, part in enumerate(dataclasses.fields(Ages), 30)}),
    )  # fmt: skip


def values(thing: Any) -> Iterator[object]:
    """Every plain value of a sample, also of its parts."""
    for field in dataclasses.fields(thing):
        value = getattr(thing, field.name)
        if dataclasses.is_dataclass(value):
            if isinstance(value, Ages):
                yield from (round(age_s * 1000) for age_s in dataclasses.astuple(value))
            else:
                yield from values(value)
        elif field.name not in NOT_KEPT:
            yield value


def plain(value: object) -> object:
    match value:
        case FlightMode():
            return value.value
        case datetime():
            return "2026-11-24T01:30:00.000Z"
        case bool():
            return int(value)
        case _:
            return value


async def test_every_value_of_a_sample_is_kept(tmp_path: Path) -> None:
    sample = a_full_sample()
    log = await TelemetryLog.open(tmp_path, is_exercise=False)
    log.begin(a_full_sample().vehicle_id, SORTIE)
    log.add(sample)
    await log.flush()
    await log.close()
    with closing(sqlite3.connect(tmp_path / "telemetry.db")) as connection:
        connection.row_factory = sqlite3.Row
        row = dict(connection.execute("SELECT * FROM telemetry").fetchone())
    kept = list(row.values())
    for value in map(plain, values(sample)):
        assert value in kept
    told = {"seq", "sortie", "vehicle_id", "t_utc", "mode", "is_exercise"}
    assert len([name for name in row if name not in told]) == len(list(values(sample))) - 3
    assert (row["link_age_ms"], row["text_age_ms"]) == (3030, 4242)


def test_what_a_sample_does_not_have_is_empty_and_never_zero() -> None:
    bare = TelemetrySample(
        vehicle_id="GP-1", time_utc=datetime(2026, 11, 24, tzinfo=UTC), heard_at_s=0.0
    )
    row = sample_row(bare, SORTIE, is_exercise=False)
    told = {"sortie", "vehicle_id", "t_utc", "mode", "is_exercise"}
    assert {row[name] for name in row if name not in told} == {None}
    assert {column.name for column in sample_columns()} | told == set(row)
    old = dataclasses.replace(bare, ages=Ages(link_s=1e9))
    assert sample_row(old, SORTIE, is_exercise=False)["link_age_ms"] == 2**31 - 1


def an_old_file(path: Path) -> dict[str, Any]:
    """As it was before wind, ages and home were kept; the log that closed over it."""
    columns = (
        "seq INTEGER PRIMARY KEY, sortie TEXT NOT NULL, vehicle_id TEXT NOT NULL, "
        "t_utc TEXT NOT NULL, mode TEXT NOT NULL, "
        + ", ".join(f"{name} FLOAT" for name in OLD_NUMBERS) + ", "
        + ", ".join(f"{name} INTEGER" for name in OLD_COUNTS)
    )  # fmt: skip
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute(f"CREATE TABLE telemetry ({columns})")
        connection.execute(
            "INSERT INTO telemetry (sortie, vehicle_id, t_utc, mode, lat_deg, is_exercise) "
            "VALUES ('S-0', 'GP-1', '2026-11-23T01:00:00.000Z', 'hold', 23.5, 0)"
        )
        connection.execute("PRAGMA user_version=1")
        connection.commit()
        rows = [dict(row) for row in connection.execute("SELECT * FROM telemetry")]
    track = TrackHash(tuple(rows[0]))
    track.add(rows)
    kept = track.summary().to_dict()
    del kept["columns"]  # logs did not say it then
    return {"sortie": {"sortie_id": "S-0"}, "telemetry": kept}


async def test_a_file_from_before_gets_the_new_columns_and_its_closed_logs_still_fit(
    tmp_path: Path,
) -> None:
    path = tmp_path / "telemetry.db"
    closed = an_old_file(path)
    log = await TelemetryLog.open(tmp_path, is_exercise=False)
    log.begin(a_full_sample().vehicle_id, SORTIE)
    log.add(a_full_sample())
    summary = await log.summary(SORTIE)
    await log.close()
    assert summary.rows == 1
    assert "wind_speed_m_s" in summary.columns
    new = {"sortie": {"sortie_id": SORTIE}, "telemetry": summary.to_dict()}
    assert not changed_telemetry(path, [closed, new], {})
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE telemetry SET wind_speed_m_s = 1.0 WHERE sortie = ?", (SORTIE,))
        connection.commit()
    assert SORTIE in changed_telemetry(path, [closed, new], {})
