"""The ground's height above the ground at home, in metres, by place."""

from __future__ import annotations

import math
from collections.abc import Callable

Terrain = Callable[[float, float], float]  # east_m, north_m of home -> metres above home's ground


def flat(east_m: float, north_m: float) -> float:
    """Level ground."""
    del east_m, north_m
    return 0.0


def hill(*, east_m: float, north_m: float, height_m: float, width_m: float) -> Terrain:
    """A round hill on level ground; at home's own place it is cut to nothing."""

    def rise(east: float, north: float) -> float:
        away_m = math.hypot(east - east_m, north - north_m)
        return height_m * math.exp(-((away_m / width_m) ** 2))

    at_home_m = rise(0.0, 0.0)
    return lambda east, north: rise(east, north) - at_home_m
