"""How a small crowd stands: in two loose rings around what they came for."""

from __future__ import annotations

import math
import random

from patrol.geo import Enu

SPACING_M = 1.25  # between neighbours; personal distance among acquaintances is 0.5 to 1.5 m
ROW_GAP_M = 1.3
_JITTER_M = 0.13
_PAIR_FROM = 12  # fewer people need no second row


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
            places.append(Enu(
                east_m=centre.east_m + away_m * math.sin(angle_rad),
                north_m=centre.north_m + away_m * math.cos(angle_rad),
            ))  # fmt: skip
    return places
