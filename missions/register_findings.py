"""What is wrong with a register: each finding with its place and its size, in both languages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shapely import transform
from shapely.geometry.base import BaseGeometry

from missions.gcj02 import LonLat
from patrol.geo import GeoPoint, LocalFrame
from patrol.plan import Level

_HECTARE_M2 = 10_000.0
_KM2_M2 = 1_000_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterFinding:
    """One thing that is wrong with a file or a register.

    A NOTE only tells; a WARN leaves the area in, a STOP leaves it out of what is written.
    """

    code: str  # stable, such as `area.overlap`
    level: Level
    text: str
    text_zh: str
    areas: tuple[str, ...] = ()  # codes, or the features' names where they have none
    place: GeoPoint | None = None
    area_m2: float | None = None
    length_m: float | None = None

    @property
    def sentence(self) -> str:
        """What, how large and where."""
        size = [said_m2(self.area_m2), said_m(self.length_m)]
        where = f"at {said_place(self.place)}" if self.place else ""
        return _joined(self.text, [*size, where], "; ", ", ")

    @property
    def sentence_zh(self) -> str:
        """The same in Chinese."""
        size = [said_m2(self.area_m2, is_zh=True), said_m(self.length_m, is_zh=True)]
        where = f"位置{said_place(self.place)}" if self.place else ""
        return _joined(self.text_zh, [*size, where], "；", "，")

    def to_dict(self) -> dict[str, Any]:
        """JSON form; latitude and longitude by name, null where a finding has no one place."""
        return {
            "code": self.code,
            "level": self.level.value,
            "text": self.sentence,
            "text_zh": self.sentence_zh,
            "areas": list(self.areas),
            "lat": round(self.place.lat_deg, 7) if self.place else None,
            "lon": round(self.place.lon_deg, 7) if self.place else None,
            "area_m2": None if self.area_m2 is None else round(self.area_m2, 2),
            "length_m": None if self.length_m is None else round(self.length_m, 2),
        }


def failures(findings: Sequence[RegisterFinding]) -> list[RegisterFinding]:
    """Those that somebody has to mend."""
    return [finding for finding in findings if finding.level is not Level.NOTE]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A shape's size on the ground, and a place in it."""

    area_m2: float
    length_m: float  # of its boundary
    width_m: float  # a strip's mean width
    place: GeoPoint


def measured(shape: BaseGeometry) -> Measured:
    """Metres of a shape in degrees; it must not be empty and must lie on the earth."""
    inside = shape.representative_point()
    place = GeoPoint(lat_deg=inside.y, lon_deg=inside.x)
    flat = flattened(shape, place)
    length_m = float(flat.length)
    width_m = 2.0 * flat.area / length_m if length_m else 0.0
    return Measured(area_m2=float(flat.area), length_m=length_m, width_m=width_m, place=place)


def flattened(shape: BaseGeometry, origin: GeoPoint) -> BaseGeometry:
    """East and north metres around the origin, all corners at once."""
    east_m, north_m = _metres_per_degree(origin)

    def flat(lon_lat: LonLat) -> LonLat:
        moved: LonLat = (lon_lat - (origin.lon_deg, origin.lat_deg)) * (east_m, north_m)
        return moved

    return transform(shape, flat)


def unflattened(shape: BaseGeometry, origin: GeoPoint) -> BaseGeometry:
    """Degrees, longitude first, of east and north metres around the origin."""
    east_m, north_m = _metres_per_degree(origin)

    def back(metres: LonLat) -> LonLat:
        degrees: LonLat = metres / (east_m, north_m) + (origin.lon_deg, origin.lat_deg)
        return degrees

    return transform(shape, back)


def _metres_per_degree(origin: GeoPoint) -> tuple[float, float]:
    step_deg = 1e-3 if origin.lat_deg < 89.0 and origin.lon_deg < 179.0 else -1e-3
    beside = GeoPoint(lat_deg=origin.lat_deg + step_deg, lon_deg=origin.lon_deg + step_deg)
    away = LocalFrame(origin=origin).to_enu(beside)
    return away.east_m / step_deg, away.north_m / step_deg


def said_place(place: GeoPoint) -> str:
    """Latitude first, as people type it."""
    return f"{place.lat_deg:.6f}, {place.lon_deg:.6f}"


def said_m2(area_m2: float | None, *, is_zh: bool = False) -> str:
    """An area in a unit that can be read."""
    if area_m2 is None:
        return ""
    if area_m2 >= _KM2_M2:
        return f"{area_m2 / _KM2_M2:.2f} {'平方公里' if is_zh else 'km²'}"
    if area_m2 >= _HECTARE_M2:
        return f"{area_m2 / _HECTARE_M2:.2f} {'公顷' if is_zh else 'ha'}"
    return f"{area_m2:.1f} {'平方米' if is_zh else 'm²'}"


def said_m(length_m: float | None, *, is_zh: bool = False) -> str:
    """A length in metres."""
    return "" if length_m is None else f"{length_m:.1f} {'米' if is_zh else 'm'}"


def _joined(text: str, details: list[str], before: str, between: str) -> str:
    told = between.join(detail for detail in details if detail)
    return f"{text}{before}{told}" if told else text
