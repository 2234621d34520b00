"""The ground's height above the ground at home, in metres, by place."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from patrol.geo import Enu, GeoPoint, LocalFrame, from_geojson
from sim.fields import Fields, number

Terrain = Callable[[float, float], float]  # east_m, north_m of home -> metres above home's ground
HILLS_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Hill:
    """A round hill, or a hollow where its height is negative; 1/e of it is left at `width_m`."""

    place: GeoPoint
    height_m: float
    width_m: float


def flat(east_m: float, north_m: float) -> float:
    """Level ground."""
    del east_m, north_m
    return 0.0


def hill(*, east_m: float, north_m: float, height_m: float, width_m: float) -> Terrain:
    """A round hill on level ground; at home's own place it is cut to nothing."""
    return _above_home([(east_m, north_m, height_m, width_m)])


def hilly(hills: Sequence[Hill], home: GeoPoint) -> Terrain:
    """All of them as seen from one aircraft's home."""
    if not hills:
        return flat
    frame = LocalFrame(origin=home)
    tops = [frame.to_enu(one.place) for one in hills]
    return _above_home([
        (top.east_m, top.north_m, one.height_m, one.width_m)
        for one, top in zip(hills, tops, strict=True)
    ])  # fmt: skip


def rise_m(hills: Sequence[Hill], start: GeoPoint, end: GeoPoint) -> float:
    """How much higher the ground is at `end`."""
    at = LocalFrame(origin=start).to_enu(end)
    return hilly(hills, start)(at.east_m, at.north_m)


def hills_from(value: Any) -> tuple[Hill, ...]:
    """Read a list of hills as a scenario has it; ConfigError or ValueError in words."""
    if not isinstance(value, list) or len(value) > HILLS_MAX:
        raise ValueError(f"a list of up to {HILLS_MAX} hills is wanted")
    return tuple(_hill(one, f"hills[{index}]") for index, one in enumerate(value))


def _hill(value: Any, where: str) -> Hill:
    fields = Fields(value, where=where)
    found = Hill(
        place=fields.read("place", place_from),
        height_m=fields.read("height_m", number(-500.0, 3000.0)),
        width_m=fields.read("width_m", number(5.0, 20_000.0)),
    )
    fields.refuse_the_rest()
    return found


def place_from(value: Any) -> GeoPoint:
    """Read a place as GeoJSON writes it; ValueError in words."""
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError(f"a place is [longitude, latitude], not {value!r}")
    return from_geojson([number(-180.0, 180.0)(value[0]), number(-90.0, 90.0)(value[1])])


def _above_home(humps: Sequence[tuple[float, float, float, float]]) -> Terrain:
    """`humps` are east, north, height and width."""

    def rise(at: Enu) -> float:
        rises_m = 0.0
        for east_m, north_m, height_m, width_m in humps:
            away_m = math.hypot(at.east_m - east_m, at.north_m - north_m)
            rises_m += height_m * math.exp(-((away_m / width_m) ** 2))
        return rises_m

    at_home_m = rise(Enu(east_m=0.0, north_m=0.0))
    return lambda east, north: rise(Enu(east_m=east, north_m=north)) - at_home_m
