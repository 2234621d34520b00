"""Places on the earth (WGS-84) and flat metres around one of them; no datum conversion."""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

# WGS-84 ellipsoid, NIMA TR8350.2.
_SEMI_MAJOR_M = 6_378_137.0
_ECCENTRICITY_SQ = 6.694_379_990_14e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class GeoPoint:
    """A WGS-84 position; never GCJ-02."""

    lat_deg: float
    lon_deg: float

    def __post_init__(self) -> None:
        """Refuse what is no place on the earth (ValueError)."""
        if not (-90.0 <= self.lat_deg <= 90.0 and -180.0 <= self.lon_deg <= 180.0):
            raise ValueError(f"not a place on the earth: {self.lat_deg}, {self.lon_deg}")


class Datum(enum.Enum):
    """What a height is measured from."""

    AMSL = "amsl"
    HOME = "home"
    GROUND = "ground"


@dataclass(frozen=True, slots=True, kw_only=True)
class Height:
    """Metres above a stated datum."""

    metres: float
    datum: Datum


@dataclass(frozen=True, slots=True, kw_only=True)
class Enu:
    """East, north, up in metres from a LocalFrame's origin."""

    east_m: float
    north_m: float
    up_m: float = 0.0

    def distance_m(self, other: Enu) -> float:
        """Horizontal distance."""
        return math.hypot(self.east_m - other.east_m, self.north_m - other.north_m)


@lru_cache(maxsize=4096)
def _metres_per_degree(lat_deg: float) -> tuple[float, float]:
    lat_rad = math.radians(lat_deg)
    w = 1.0 - _ECCENTRICITY_SQ * math.sin(lat_rad) ** 2
    prime_vertical_m = _SEMI_MAJOR_M / math.sqrt(w)
    meridian_m = _SEMI_MAJOR_M * (1.0 - _ECCENTRICITY_SQ) / w**1.5
    return math.radians(meridian_m), math.radians(prime_vertical_m * math.cos(lat_rad))


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFrame:
    """A flat frame around `origin`; under 1 cm off within 5 km along a parallel or meridian.

    Uses the ellipsoid's radii of curvature at the origin (Snyder 1987, eq. 4-18 and 4-20).
    """

    origin: GeoPoint

    def metres_per_degree(self) -> tuple[float, float]:
        """Metres north in a degree of latitude, and metres east in one of longitude."""
        return _metres_per_degree(self.origin.lat_deg)

    def to_enu(self, point: GeoPoint, up_m: float = 0.0) -> Enu:
        """Metres from the origin."""
        per_lat_m, per_lon_m = self.metres_per_degree()
        return Enu(
            east_m=(point.lon_deg - self.origin.lon_deg) * per_lon_m,
            north_m=(point.lat_deg - self.origin.lat_deg) * per_lat_m,
            up_m=up_m,
        )

    def to_geo(self, enu: Enu) -> GeoPoint:
        """Drop the height and go back to WGS-84."""
        per_lat_m, per_lon_m = self.metres_per_degree()
        return GeoPoint(
            lat_deg=self.origin.lat_deg + enu.north_m / per_lat_m,
            lon_deg=self.origin.lon_deg + enu.east_m / per_lon_m,
        )


def distance_m(a: GeoPoint, b: GeoPoint) -> float:
    """Horizontal metres between two places (flat-earth, good within 20 km)."""
    enu = LocalFrame(origin=a).to_enu(b)
    return math.hypot(enu.east_m, enu.north_m)


def bearing_true_deg(start: GeoPoint, end: GeoPoint) -> float:
    """Direction from start to end, 0 to 360 clockwise from true north."""
    enu = LocalFrame(origin=start).to_enu(end)
    return math.degrees(math.atan2(enu.east_m, enu.north_m)) % 360.0


def offset(point: GeoPoint, *, east_m: float, north_m: float) -> GeoPoint:
    """The place that lies so many metres east and north of `point`."""
    return LocalFrame(origin=point).to_geo(Enu(east_m=east_m, north_m=north_m))


def is_inside(point: GeoPoint, ring: Sequence[GeoPoint]) -> bool:
    """Whether `point` lies in the ring (first point need not be repeated; even-odd rule)."""
    if len(ring) < 3:
        return False
    inside = False
    for a, b in zip(ring, (*ring[1:], ring[0]), strict=True):
        if (a.lat_deg > point.lat_deg) != (b.lat_deg > point.lat_deg):
            share = (point.lat_deg - a.lat_deg) / (b.lat_deg - a.lat_deg)
            if point.lon_deg < a.lon_deg + share * (b.lon_deg - a.lon_deg):
                inside = not inside
    return inside


def to_geojson(point: GeoPoint) -> list[float]:
    """Longitude first, seven decimals (RFC 7946): one of the two places where the order flips."""
    return [round(point.lon_deg, 7), round(point.lat_deg, 7)]


def from_geojson(position: Sequence[float]) -> GeoPoint:
    """Read a GeoJSON position: the other place where the order flips."""
    return GeoPoint(lat_deg=float(position[1]), lon_deg=float(position[0]))
