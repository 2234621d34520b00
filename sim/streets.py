"""Where the district's streets, squares and lamps lie: a seeded plan that repeats like the ground.

Places on it are metres from the north-west corner of one repeating square; it draws nothing.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

from patrol.geo import Enu

TILE_M = 128  # the pattern repeats after so many metres, east and north
ROAD_M = 7.0  # asphalt between the kerbs
KERB_M = 0.25
PAVEMENT_M = 2.45
LAMP_HEIGHT_M = 6.5
_LAMP_EVERY_M = 32.0
_LAMP_BEHIND_KERB_M = 0.5
_QUARTERS = ("square", "courts", "parking", "park")
_SHIFT_M = 4.0  # a road lies so much off the middle at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Streets:
    """One crossing of two roads and what lies in the four corners between them."""

    road_south_m: float  # northern kerb of the road that runs east and west
    road_east_m: float  # western kerb of the road that runs north and south
    corners: tuple[str, str, str, str]  # north-west, north-east, south-west, south-east

    def corner_start_m(self, number: int) -> tuple[float, float]:
        """East and south of where a corner's own ground begins, clear of the pavements."""
        beside_m = KERB_M + PAVEMENT_M
        east_m = self.road_east_m + ROAD_M + beside_m if number % 2 else 0.0
        south_m = self.road_south_m + ROAD_M + beside_m if number >= 2 else 0.0
        return east_m, south_m

    def pavements_m(self) -> tuple[tuple[bool, float], ...]:
        """The middle of each pavement: whether it runs east and west, and where it lies."""
        aside_m = KERB_M + PAVEMENT_M / 2.0
        return tuple(
            (is_east_west, start_m + off_m)
            for is_east_west, start_m in ((True, self.road_south_m), (False, self.road_east_m))
            for off_m in (-aside_m, ROAD_M + aside_m)
        )

    def lamps_m(self) -> tuple[tuple[float, float], ...]:
        """East and south of every lamp, on either side of the roads in turn."""
        places = []
        for is_east_west, kerb_m in ((True, self.road_south_m), (False, self.road_east_m)):
            for number in range(round(TILE_M / _LAMP_EVERY_M)):
                along_m = (number + 0.5) * _LAMP_EVERY_M
                far = ROAD_M + _LAMP_BEHIND_KERB_M
                aside_m = kerb_m + (far if number % 2 else -_LAMP_BEHIND_KERB_M)
                places.append((along_m, aside_m) if is_east_west else (aside_m, along_m))
        return tuple(places)

    def lamps_within(self, *, east_m: float, north_m: float, radius_m: float) -> Iterator[Enu]:
        """The feet of the lamps around a place of the world."""
        for lamp_east_m, lamp_south_m in self.lamps_m():
            for east in _repeats(lamp_east_m, east_m, radius_m):
                for north in _repeats(-lamp_south_m, north_m, radius_m):
                    if math.hypot(east - east_m, north - north_m) <= radius_m:
                        yield Enu(east_m=east, north_m=north)


def make_streets(seed: int) -> Streets:
    """The plan of a seed."""
    dice = random.Random(f"{seed}/streets")  # noqa: S311
    corners = list(_QUARTERS)
    dice.shuffle(corners)
    first, second, third, fourth = corners
    return Streets(
        road_south_m=56.5 + dice.uniform(-_SHIFT_M, _SHIFT_M),
        road_east_m=60.0 + dice.uniform(-_SHIFT_M, _SHIFT_M),
        corners=(first, second, third, fourth),
    )


def _repeats(first_m: float, around_m: float, radius_m: float) -> Iterator[float]:
    """Where something at `first_m` comes again within a radius."""
    number = math.ceil((around_m - radius_m - first_m) / TILE_M)
    while (place_m := first_m + number * TILE_M) <= around_m + radius_m:
        yield place_m
        number += 1
