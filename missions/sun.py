"""Sunrise and sunset, by the equations of NOAA's Global Monitoring Laboratory (after Meeus).

https://gml.noaa.gov/grad/solcalc/calcdetails.html; good to about a minute below 72 degrees of
latitude, with 0.833 degrees for refraction and the sun's radius.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from patrol.clock import SHANGHAI
from patrol.geo import GeoPoint

_ZENITH_DEG = 90.833
_J2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)
_MIN_PER_DEG = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Daylight:
    """The sun of one day at one place; None: it does not rise or set on that day."""

    sunrise_utc: datetime | None
    sunset_utc: datetime | None
    is_always_up: bool = False


def daylight(place: GeoPoint, day: date) -> Daylight:
    """Of a day in Shanghai."""
    noon = datetime.combine(day, time(12), SHANGHAI)
    declination, equation_min = _sun(noon)
    lat, zenith = math.radians(place.lat_deg), math.radians(_ZENITH_DEG)
    cosine = (math.cos(zenith) - math.sin(lat) * math.sin(declination)) / (
        math.cos(lat) * math.cos(declination)
    )
    if abs(cosine) > 1.0:
        return Daylight(sunrise_utc=None, sunset_utc=None, is_always_up=cosine < 0.0)
    half_day_min = _MIN_PER_DEG * math.degrees(math.acos(cosine))
    noon_min = 720.0 - _MIN_PER_DEG * place.lon_deg - equation_min  # of the sun, after 00:00 UTC
    midnight = datetime.combine(day, time(), UTC)
    return Daylight(
        sunrise_utc=midnight + timedelta(minutes=noon_min - half_day_min),
        sunset_utc=midnight + timedelta(minutes=noon_min + half_day_min),
    )


def is_dark(place: GeoPoint, start_utc: datetime, end_utc: datetime) -> bool:
    """Whether any moment of the time lies before sunrise or after sunset."""
    day = start_utc.astimezone(SHANGHAI).date()
    light = daylight(place, day)
    if light.sunrise_utc is None or light.sunset_utc is None:
        return not light.is_always_up
    return start_utc < light.sunrise_utc or end_utc > light.sunset_utc


def _sun(moment: datetime) -> tuple[float, float]:
    """Declination (radians) and equation of time (minutes)."""
    t = (moment - _J2000) / timedelta(days=36_525)
    longitude = math.radians((280.46646 + t * (36_000.76983 + t * 0.0003032)) % 360.0)
    anomaly = math.radians(357.52911 + t * (35_999.05029 - 0.0001537 * t))
    eccentricity = 0.016708634 - t * (0.000042037 + 0.0000001267 * t)
    centre_deg = (
        math.sin(anomaly) * (1.914602 - t * (0.004817 + 0.000014 * t))
        + math.sin(2.0 * anomaly) * (0.019993 - 0.000101 * t)
        + math.sin(3.0 * anomaly) * 0.000289
    )
    node = math.radians(125.04 - 1934.136 * t)
    apparent = longitude + math.radians(centre_deg - 0.00569 - 0.00478 * math.sin(node))
    obliquity = math.radians(23.439291 - t * 0.0130042 + 0.00256 * math.cos(node))
    declination = math.asin(math.sin(obliquity) * math.sin(apparent))
    y = math.tan(obliquity / 2.0) ** 2
    equation = (
        y * math.sin(2.0 * longitude)
        - 2.0 * eccentricity * math.sin(anomaly)
        + 4.0 * eccentricity * y * math.sin(anomaly) * math.cos(2.0 * longitude)
        - 0.5 * y * y * math.sin(4.0 * longitude)
        - 1.25 * eccentricity**2 * math.sin(2.0 * anomaly)
    )
    return declination, _MIN_PER_DEG * math.degrees(equation)
