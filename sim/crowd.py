"""How people stand together: in loose rings around something, in a throng, or in a queue."""

from __future__ import annotations

import math
import random

from patrol.geo import Enu

SPACING_M = 1.25  # between neighbours; personal distance among acquaintances is 0.5 to 1.5 m
ROW_GAP_M = 1.3
QUEUE_SPACING_M = 1.1
_JITTER_M = 0.13
_PAIR_FROM = 12  # fewer people need no second row
_THRONG_STEP_M = 0.78  # radius grows with it; neighbours are then some 1.3 m apart
_GOLDEN_RAD = math.pi * (3.0 - math.sqrt(5.0))


def standing_places(count: int, centre: Enu, dice: random.Random) -> list[Enu]:
    """Places around `centre`, the rows staggered: people look between those in front."""
    rows = 2 if count >= _PAIR_FROM else 1
    # Both circles together are as long as the people need.
    inner_m = (count * SPACING_M / (2.0 * math.pi) - ROW_GAP_M * (rows - 1)) / rows
    inner_m = max(0.8, inner_m + (ROW_GAP_M / 2.0 if rows == 2 else 0.0))
    inner_count = count if rows == 1 else round(2.0 * math.pi * inner_m / SPACING_M)
    turn_rad = dice.uniform(0.0, 2.0 * math.pi)
    places: list[Enu] = []
    for row, in_row in enumerate((inner_count, count - inner_count)):
        radius_m = inner_m + row * ROW_GAP_M
        for number in range(in_row):
            angle_rad = turn_rad + 2.0 * math.pi * (number + 0.5 * row) / in_row
            angle_rad += dice.gauss(0.0, _JITTER_M * 0.7 / radius_m)
            away_m = radius_m + dice.gauss(0.0, _JITTER_M)
            places.append(_away(centre, away_m, angle_rad))
    return places


def throng_places(count: int, centre: Enu, dice: random.Random) -> list[Enu]:
    """Places filled from the middle outwards, so that a throng may grow for as long as it likes."""
    turn_rad = dice.uniform(0.0, 2.0 * math.pi)
    places = []
    for number in range(count):
        away_m = _THRONG_STEP_M * math.sqrt(number + 0.5) + _small(dice)
        places.append(_away(centre, away_m, turn_rad + number * _GOLDEN_RAD))
    return places


def queue_place(slot: int, head: Enu, tail_true_deg: float) -> Enu:
    """The place of the so-manieth in a straight queue; 0 is its head."""
    return _away(head, slot * QUEUE_SPACING_M, math.radians(tail_true_deg))


def _small(dice: random.Random) -> float:
    return max(-2.0 * _JITTER_M, min(2.0 * _JITTER_M, dice.gauss(0.0, _JITTER_M)))


def _away(start: Enu, distance_m: float, bearing_rad: float) -> Enu:
    return Enu(
        east_m=start.east_m + distance_m * math.sin(bearing_rad),
        north_m=start.north_m + distance_m * math.cos(bearing_rad),
    )
