"""A telemetry sample as a row: everything that it has but what is true of this process alone.

`heard_at_s` counts from this machine's start; the age of the position says the same for ever.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from sqlalchemy import BigInteger, Column, Float, Integer, Text

from patrol.clock import utc_text
from patrol.telemetry import Ages, TelemetrySample

_NUMBERS = (
    "lat_deg", "lon_deg", "altitude_amsl_m", "height_above_home_m", "height_agl_m", "north_m_s",
    "east_m_s", "down_m_s", "roll_deg", "pitch_deg", "yaw_deg", "heading_true_deg",
    "camera_bearing_true_deg", "camera_pitch_deg", "battery_pct", "battery_v", "hdop",
)  # fmt: skip
_COUNTS = ("fix", "satellites", "is_armed", "is_in_air", "mission_item", "is_exercise")
# What is recorded since then is empty in older rows.
_LATER_NUMBERS = (
    "yaw_rate_deg_s", "camera_roll_deg", "wind_speed_m_s", "wind_from_deg_true", "home_lat_deg",
    "home_lon_deg", "home_altitude_amsl_m",
)  # fmt: skip
_PARTS = tuple(field.name.removesuffix("_s") for field in dataclasses.fields(Ages))
_AGES = tuple(f"{part}_age_ms" for part in _PARTS)
_LONGEST_MS = 2**31 - 1  # 24 days: older is as old


def sample_columns() -> list[Column[Any]]:
    """Fresh columns of a table of samples, but for its number, its sortie and its time."""
    return [
        *(Column(name, Float) for name in _NUMBERS),
        *(Column(name, Integer) for name in _COUNTS),
        *(Column(name, Float) for name in _LATER_NUMBERS),
        Column("boot_ms", BigInteger),
        Column("mission_total", Integer),
        Column("last_text", Text),
        *(Column(name, Integer) for name in _AGES),
    ]


def sample_row(sample: TelemetrySample, sortie: str, *, is_exercise: bool) -> dict[str, Any]:
    """Plain numbers and texts by column; a server takes no truth for a number."""
    return {
        "sortie": sortie,
        "vehicle_id": sample.vehicle_id,
        "t_utc": utc_text(sample.time_utc),
        "mode": sample.mode.value,
        **_place(sample),
        **_bearing(sample),
        **_state(sample),
        "is_exercise": int(is_exercise),
        **_ages(sample.ages),
    }


def _place(sample: TelemetrySample) -> dict[str, Any]:
    position, velocity, home = sample.position, sample.velocity, sample.home
    return {
        "lat_deg": position and position.lat_deg,
        "lon_deg": position and position.lon_deg,
        "altitude_amsl_m": sample.altitude_amsl_m,
        "height_above_home_m": sample.height_above_home_m,
        "height_agl_m": sample.height_agl_m,
        "north_m_s": velocity and velocity.north_m_s,
        "east_m_s": velocity and velocity.east_m_s,
        "down_m_s": velocity and velocity.down_m_s,
        "home_lat_deg": home and home.lat_deg,
        "home_lon_deg": home and home.lon_deg,
        "home_altitude_amsl_m": sample.home_altitude_amsl_m,
    }


def _bearing(sample: TelemetrySample) -> dict[str, Any]:
    attitude, camera, wind = sample.attitude, sample.camera, sample.wind
    return {
        "roll_deg": attitude and attitude.roll_deg,
        "pitch_deg": attitude and attitude.pitch_deg,
        "yaw_deg": attitude and attitude.yaw_deg,
        "yaw_rate_deg_s": sample.yaw_rate_deg_s,
        "heading_true_deg": sample.heading_true_deg,
        "camera_bearing_true_deg": camera and camera.bearing_true_deg,
        "camera_pitch_deg": camera and camera.pitch_deg,
        "camera_roll_deg": camera and camera.roll_deg,
        "wind_speed_m_s": wind and wind.speed_m_s,
        "wind_from_deg_true": wind and wind.from_deg_true,
    }


def _state(sample: TelemetrySample) -> dict[str, Any]:
    battery, gnss = sample.battery, sample.gnss
    return {
        "battery_pct": battery and battery.charge_pct,
        "battery_v": battery and battery.voltage_v,
        "fix": gnss and int(gnss.fix),
        "satellites": gnss and gnss.satellites,
        "hdop": gnss and gnss.hdop,
        "is_armed": None if sample.is_armed is None else int(sample.is_armed),
        "is_in_air": None if sample.is_in_air is None else int(sample.is_in_air),
        "mission_item": sample.mission_item,
        "mission_total": sample.mission_total,
        "boot_ms": sample.boot_ms,
        "last_text": sample.last_text,
    }


def _ages(ages: Ages) -> dict[str, int | None]:
    row: dict[str, int | None] = {}
    for part, column in zip(_PARTS, _AGES, strict=True):
        age_s: float | None = getattr(ages, f"{part}_s")
        row[column] = None if age_s is None else min(_LONGEST_MS, round(age_s * 1000.0))
    return row
