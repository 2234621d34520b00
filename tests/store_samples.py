"""Telemetry of a made-up flight, for the tests of the store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ground_station.store.telemetry import TelemetryLog
from patrol.geo import GeoPoint
from patrol.telemetry import Battery, Fix, FlightMode, Gnss, TelemetrySample, VelocityNed
from tests.ground_core import MORNING, PLACE, later


def record_as(log: TelemetryLog, sortie: str, vehicle_id: str = "GP-1") -> None:
    """What that aircraft says from now on belongs to this sortie."""
    log.begin(vehicle_id, sortie)


def a_track(
    *, count: int, hz: float, vehicle_id: str = "GP-1", begun_utc: datetime = MORNING
) -> Iterator[TelemetrySample]:
    """Up, along, and down again; the highest point is in the middle."""
    start_s = (begun_utc - MORNING).total_seconds()
    for n in range(count):
        mode = FlightMode.TAKE_OFF if n < count // 10 else FlightMode.MISSION
        yield TelemetrySample(
            vehicle_id=vehicle_id, time_utc=later(start_s + n / hz), heard_at_s=n / hz,
            position=GeoPoint(lat_deg=PLACE.lat_deg + n * 1e-6, lon_deg=PLACE.lon_deg),
            altitude_amsl_m=42.0, height_above_home_m=30.0 - abs(n - count / 2) * 0.01,
            velocity=VelocityNed(north_m_s=4.8, east_m_s=0.0, down_m_s=0.0),
            battery=Battery(charge_pct=100.0 - n / count * 50.0),
            gnss=Gnss(fix=Fix.THREE_D, satellites=14), mode=mode, is_armed=True,
            is_in_air=n > 2, mission_item=n * 5 // count,
        )  # fmt: skip
