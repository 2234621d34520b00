"""Sunrise and sunset against figures of astral 3.2, which nobody here wrote."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from missions.sun import daylight, is_dark
from patrol.clock import SHANGHAI
from patrol.geo import GeoPoint

HAOJIANG = GeoPoint(lat_deg=23.28, lon_deg=116.72)
HARBIN = GeoPoint(lat_deg=45.75, lon_deg=126.65)
TOP = GeoPoint(lat_deg=80.0, lon_deg=120.0)
A_MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("place", "day", "rises", "sets"),
    [
        (HAOJIANG, date(2026, 11, 26), "06:34:18", "17:26:08"),
        (HAOJIANG, date(2026, 6, 21), "05:28:00", "19:01:45"),
        (HARBIN, date(2026, 12, 22), "07:11:56", "15:51:40"),
    ],
)
def test_the_sun_rises_and_sets_within_a_minute_of_the_almanac(
    place: GeoPoint, day: date, rises: str, sets: str
) -> None:
    light = daylight(place, day)
    for moment, told in ((light.sunrise_utc, rises), (light.sunset_utc, sets)):
        expected = datetime.fromisoformat(f"{day}T{told}+08:00")
        assert moment is not None
        assert abs(moment - expected) < A_MINUTE


@pytest.mark.parametrize(
    ("begins", "ends", "is_night"),
    [("06:30", "06:50", True), ("06:40", "17:20", False), ("17:10", "17:30", True),
     ("23:50", "00:10", True)],
)  # fmt: skip
def test_a_flight_that_touches_the_night_is_a_night_flight(
    begins: str, ends: str, is_night: bool
) -> None:
    start = datetime.fromisoformat(f"2026-11-26T{begins}+08:00")
    end = datetime.fromisoformat(f"2026-11-26T{ends}+08:00")
    end += timedelta(days=1) if end < start else timedelta()
    assert is_dark(HAOJIANG, start, end) is is_night


def test_where_the_sun_does_not_set_there_is_no_night_and_where_it_does_not_rise_no_day() -> None:
    for day, is_night in ((date(2026, 6, 21), False), (date(2026, 12, 21), True)):
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=SHANGHAI)
        assert daylight(TOP, day).sunrise_utc is None
        assert is_dark(TOP, noon, noon + timedelta(minutes=5)) is is_night
