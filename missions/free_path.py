"""The shortest way between two places of an area with bays and holes, without leaving it."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

from missions.stops import Position

_SLACK_M = 0.05
_MOST_NODES = 250
_SMALL_STEP_M = 20.0  # along a rounded corner
_PARALLEL = 0.02
_STEPS_M = (0.5, 1.0, 2.0, 4.0, 8.0)  # ever coarser, until there are few corners


class FreePath:
    """Ways inside one area, around its inner corners."""

    def __init__(self, area: BaseGeometry) -> None:
        self._inside = area.buffer(_SLACK_M)
        shapely.prepare(self._inside)
        self._area = area
        self._nodes: NDArray[np.float64] | None = None

    def is_open(self, start: Position, end: Position) -> bool:
        """Whether the straight line stays inside."""
        return bool(shapely.covers(self._inside, LineString([start, end])))

    def way(self, start: Position, end: Position) -> list[Position] | None:
        """The corners between the two, none where the straight line is open; None: no way."""
        if self.is_open(start, end):
            return []
        if self._nodes is None:
            self._nodes = _inner_corners(self._area)
        places = np.vstack([[start, end], self._nodes])
        left_m = np.hypot(*(places - places[1]).T)
        best_m, before, done = {0: 0.0}, dict[int, int](), set[int]()
        queue = [(float(left_m[0]), 0)]
        while queue:
            _, at = heapq.heappop(queue)
            if at == 1:
                return self._in_few_turns([start, *_traced(places, before), end])
            if at in done:
                continue
            done.add(at)
            for other, step_m in self._seen_from(at, places):
                so_far_m = best_m[at] + step_m
                if other not in done and so_far_m < best_m.get(other, math.inf):
                    best_m[other], before[other] = so_far_m, at
                    heapq.heappush(queue, (so_far_m + float(left_m[other]), other))
        return None

    def _in_few_turns(self, whole: list[Position]) -> list[Position]:
        """The corners of a way; small steps around a corner become one, where its legs meet."""
        at = 1
        while at + 2 < len(whole):
            before, first, second, after = whole[at - 1 : at + 3]
            meet = _meeting(before, first, second, after)
            if meet and self.is_open(before, meet) and self.is_open(meet, after):
                whole[at : at + 2] = [meet]
            else:
                at += 1
        return whole[1:-1]

    def _seen_from(self, at: int, places: NDArray[np.float64]) -> Iterator[tuple[int, float]]:
        starts = np.broadcast_to(places[at], places.shape)
        lines = shapely.linestrings(np.stack([starts, places], axis=1))
        lengths_m = np.hypot(*(places - places[at]).T)
        for other in np.nonzero(shapely.covers(self._inside, lines) & (lengths_m > 0.0))[0]:
            yield int(other), float(lengths_m[other])


def way_m(way: Sequence[Position]) -> float:
    """How long a chain of places is."""
    return sum(math.dist(a, b) for a, b in zip(way, way[1:], strict=False))


def _traced(places: NDArray[np.float64], before: dict[int, int]) -> list[Position]:
    chain, at = [], 1
    while (at := before[at]) != 0:
        chain.append((float(places[at][0]), float(places[at][1])))
    return chain[::-1]


def _meeting(
    before: Position, first: Position, second: Position, after: Position
) -> Position | None:
    """Where two legs meet that end and begin near one another; None where they do not."""
    step = second[0] - first[0], second[1] - first[1]
    if math.hypot(*step) > _SMALL_STEP_M:
        return None
    into = first[0] - before[0], first[1] - before[1]
    out = after[0] - second[0], after[1] - second[1]
    turn = into[0] * out[1] - into[1] * out[0]
    if abs(turn) <= _PARALLEL * math.hypot(*into) * math.hypot(*out):
        return None
    on = (step[0] * out[1] - step[1] * out[0]) / turn
    back = (step[0] * into[1] - step[1] * into[0]) / turn
    if on < 0.0 or back > 0.0:
        return None
    return first[0] + on * into[0], first[1] + on * into[1]


def _inner_corners(area: BaseGeometry) -> NDArray[np.float64]:
    """Where a shortest way may bend: the corners that point into the area."""
    found: list[Position] = []
    for step_m in _STEPS_M:
        # A little inside, so that what simplifying cuts off is inside still.
        shape = area.buffer(-step_m).simplify(step_m / 2.0)
        found = [
            corner for part in shapely.get_parts(shape) if isinstance(part, Polygon)
            for corner in _pointing_in(part)
        ]  # fmt: skip
        if len(found) <= _MOST_NODES:
            break
    return np.array(found[:_MOST_NODES], dtype=float).reshape(-1, 2)


def _pointing_in(part: Polygon) -> Iterator[Position]:
    turned = orient(part)
    for ring in (turned.exterior, *turned.interiors):
        corners = np.asarray(ring.coords)[:-1]
        into, out = corners - np.roll(corners, 1, axis=0), np.roll(corners, -1, axis=0) - corners
        turn = into[:, 0] * out[:, 1] - into[:, 1] * out[:, 0]
        for corner in corners[turn < 0.0]:
            yield float(corner[0]), float(corner[1])
