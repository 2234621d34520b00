"""Finds few places to land at that make every straight way to the nearest one safe. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import shapely
from numpy.typing import NDArray

from missions.open_air import Flags, OpenAir, Positions
from patrol.way_home import RALLY_FROM_HOME_MIN_M

_ROOM_M = 8.0  # around a landing place, beyond the margin to the fence
_MOST = 4  # more would be a patrol that wants another launch point
_CANDIDATES = 80
_CLOSEST_M = 20.0  # between candidates


def find_rally(
    air: OpenAir, starts: Positions, choice_m: float
) -> Iterator[list[tuple[float, float]]]:
    """Growing sets of places from which home is reached straight, the one that helps most first."""
    spots = _candidates(air)
    if not len(spots):
        return
    places = np.vstack([[air.home], spots])
    away_m = np.linalg.norm(starts[:, None, :] - places[None, :, :], axis=2)
    is_open = _open_lines(air, starts, places)
    chosen = [0]
    while len(chosen) <= _MOST:
        left = [
            _left_unsafe(away_m[:, [*chosen, number]], is_open[:, [*chosen, number]], choice_m)
            for number in range(len(places))
        ]
        best = int(np.argmin(left))
        if best in chosen:
            return  # no further place helps
        chosen.append(best)
        if left[best] == 0:
            yield [(float(places[i][0]), float(places[i][1])) for i in chosen[1:]]


def _candidates(air: OpenAir) -> Positions:
    """Places on a lattice with room to land and a straight way home."""
    if air.inside.is_empty:
        return np.empty((0, 2))
    west, south, east, north = air.inside.bounds
    step_m = max(_CLOSEST_M, math.sqrt(air.inside.area / _CANDIDATES))
    xs, ys = np.meshgrid(
        np.arange(west + step_m / 2, east, step_m), np.arange(south + step_m / 2, north, step_m),
        indexing="ij",
    )  # fmt: skip
    # A long way beside the grid has a large frame with little in it.
    is_inside = shapely.contains_xy(air.inside, xs, ys)
    lattice = list(zip(xs[is_inside].tolist(), ys[is_inside].tolist(), strict=True))
    free = [
        spot for spot in lattice
        if math.dist(spot, air.home) > RALLY_FROM_HOME_MIN_M + 1.0 and air.is_free(spot, _ROOM_M)
    ]  # fmt: skip
    if not free:
        return np.empty((0, 2))
    spots = np.array(free)
    return spots[air.is_open(spots, np.tile(air.home, (len(spots), 1)))]


def _open_lines(air: OpenAir, starts: Positions, places: Positions) -> Flags:
    columns = [air.is_open(starts, np.tile(place, (len(starts), 1))) for place in places]
    return np.stack(columns, axis=1)


def _left_unsafe(away_m: NDArray[np.float64], is_open: Flags, choice_m: float) -> int:
    """From how many starts one of the places that may be the nearest is not reached safely."""
    may_be = away_m <= away_m.min(axis=1, keepdims=True) + choice_m
    return int(np.any(may_be & ~is_open, axis=1).sum())
