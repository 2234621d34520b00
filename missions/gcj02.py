"""GCJ-02, the shifted datum of Chinese web maps, and the exact way back from it to WGS-84.

The shift is the published one (eviltransform and others; the standard's own text is not public). A
`Gcj02Point` is a type of its own, so that no shifted place reaches a mission, a fence or an export.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from patrol.geo import Enu, GeoPoint, LocalFrame

LonLat = NDArray[np.float64]  # N x 2, degrees, longitude first as shapely wants it

# Krasovsky 1940, as the published shift takes it.
_SEMI_MAJOR_M = 6_378_245.0
_ECCENTRICITY_SQ = 0.006_693_421_622_965_943
# The published rectangle (west, south, east, north) outside which nothing is shifted.
_SHIFTED_DEG = (72.004, 0.8293, 137.8347, 55.8271)
_EXACT_DEG = 1e-12
_ROUNDS_MAX = 20  # the shift changes by 0.3 % of the way: each round leaves a 300th of the error


@dataclass(frozen=True, slots=True, kw_only=True)
class Gcj02Point:
    """A place as Amap and Tencent draw it; never WGS-84."""

    lat_deg: float
    lon_deg: float

    def to_wgs84(self) -> GeoPoint:
        """Where it truly is."""
        lon_deg, lat_deg = to_wgs84(np.array([[self.lon_deg, self.lat_deg]]))[0]
        return GeoPoint(lat_deg=float(lat_deg), lon_deg=float(lon_deg))


def from_wgs84(place: GeoPoint) -> Gcj02Point:
    """Where a web map of China draws the place."""
    lon_deg, lat_deg = to_gcj02(np.array([[place.lon_deg, place.lat_deg]]))[0]
    return Gcj02Point(lat_deg=float(lat_deg), lon_deg=float(lon_deg))


def shift_at(place: GeoPoint) -> Enu:
    """How far from the place a web map draws it, in metres east and north."""
    drawn = from_wgs84(place)
    return LocalFrame(origin=place).to_enu(GeoPoint(lat_deg=drawn.lat_deg, lon_deg=drawn.lon_deg))


def to_gcj02(wgs: LonLat) -> LonLat:
    """GCJ-02 of WGS-84 positions (N x 2 degrees, longitude first)."""
    return np.where(_is_shifted(wgs), wgs + _shift_deg(wgs), wgs)


def to_wgs84(gcj: LonLat) -> LonLat:
    """WGS-84 of GCJ-02 positions (N x 2 degrees, longitude first), by iteration.

    Under a thousandth of a millimetre off the published shift's inverse; positions that are no
    numbers stay so.
    """
    wgs = gcj
    for _ in range(_ROUNDS_MAX):
        nearer = gcj - _shift_deg(wgs)
        step_deg = np.abs(nearer - wgs)
        wgs = nearer
        if not (step_deg > _EXACT_DEG).any():
            break
    return np.where(_is_shifted(gcj), wgs, gcj)


def _is_shifted(lon_lat: LonLat) -> NDArray[np.bool_]:
    lon, lat = lon_lat[:, 0], lon_lat[:, 1]
    west, south, east, north = _SHIFTED_DEG
    inside = (west <= lon) & (lon <= east) & (south <= lat) & (lat <= north)
    return inside[:, np.newaxis]


def _shift_deg(lon_lat: LonLat) -> LonLat:
    """East and north, in degrees; the polynomial and waves are the published ones."""
    x, y = lon_lat[:, 0] - 105.0, lon_lat[:, 1] - 35.0
    root = np.sqrt(np.abs(x))
    fine = _waves(x, (20.0, 6.0), (20.0, 2.0))
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += fine + _waves(x, (20.0, 1.0), (40.0, 1 / 3), (150.0, 1 / 12), (300.0, 1 / 30))
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += fine + _waves(y, (20.0, 1.0), (40.0, 1 / 3), (160.0, 1 / 12), (320.0, 1 / 30))
    lat_rad = np.radians(lon_lat[:, 1])
    w_sq = 1.0 - _ECCENTRICITY_SQ * np.sin(lat_rad) ** 2
    prime_vertical_m = _SEMI_MAJOR_M / np.sqrt(w_sq)
    meridian_m = prime_vertical_m * (1.0 - _ECCENTRICITY_SQ) / w_sq
    return np.stack(
        [np.degrees(east / (prime_vertical_m * np.cos(lat_rad))), np.degrees(north / meridian_m)],
        axis=1,
    )


def _waves(at_deg: NDArray[np.float64], *waves: tuple[float, float]) -> NDArray[np.float64]:
    total = np.zeros_like(at_deg)
    for height, frequency in waves:
        total += height * np.sin(np.pi * frequency * at_deg)
    return total * 2.0 / 3.0
