"""To and fro over an area: parallel lanes at the best angle, in cells where it has bays or holes.

Boustrophedon decomposition after Choset and Pignon (1997); pure, in ENU metres.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import affinity
from shapely.geometry import LineString, Polygon
from shapely.ops import unary_union

from missions.stops import Position

_SHORTEST_LANE_M = 6.0
_MOST_ANGLES = 6
_APART_DEG = 5.0  # between angles that are tried
_BEYOND_M = 1.0

Lane = tuple[Position, Position]
Cell = list[Lane]  # neighbours, in order


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """One lane as it is flown."""

    start: Position
    end: Position
    begins_cell: bool  # the way to its start is longer than to the next lane


def sweep(rooms: Sequence[Polygon], spacing_m: float, start: Position) -> list[Stroke]:
    """The lanes of the angle that makes the shortest flight, in the order in which they are flown.

    `spacing_m` is at most between neighbours: lanes are spread evenly. Begins near `start`.
    """
    best: list[Stroke] = []
    best_m = math.inf
    for angle_deg in _angles(rooms):
        strokes = _strokes(rooms, spacing_m, start, angle_deg)
        flown_m = _flown_m(strokes, start)
        if strokes and flown_m < best_m - 0.1:
            best, best_m = strokes, flown_m
    return best


def lane_count(rooms: Sequence[Polygon], spacing_m: float) -> float:
    """How many lanes there would be at the best, without drawing them."""
    return sum(_narrowest_m(room) / spacing_m for room in rooms)


def _narrowest_m(room: Polygon) -> float:
    box = np.asarray(shapely.minimum_rotated_rectangle(room).exterior.coords)
    return float(min(math.dist(box[0], box[1]), math.dist(box[1], box[2])))


def _angles(rooms: Sequence[Polygon]) -> list[float]:
    """Along the longest sides of the hull: the fewest lanes run along one of them."""
    hull = unary_union(rooms).convex_hull
    corners = np.asarray(hull.exterior.coords)
    sides = np.diff(corners, axis=0)
    degrees = np.degrees(np.arctan2(sides[:, 1], sides[:, 0])) % 180.0
    lengths = np.hypot(sides[:, 0], sides[:, 1])
    chosen: list[float] = []
    for number in np.lexsort((np.round(degrees, 3), -np.round(lengths, 1))):
        degree = float(degrees[number])
        if all(min(abs(degree - c), 180.0 - abs(degree - c)) >= _APART_DEG for c in chosen):
            chosen.append(degree)
        if len(chosen) == _MOST_ANGLES:
            break
    return chosen


def _strokes(
    rooms: Sequence[Polygon], spacing_m: float, start: Position, angle_deg: float
) -> list[Stroke]:
    turned = [affinity.rotate(room, -angle_deg, origin=(0.0, 0.0)) for room in rooms]
    cells = [cell for room in turned for cell in _cells(_rows(room, spacing_m))]
    angle_rad = math.radians(angle_deg)
    sin, cos = math.sin(angle_rad), math.cos(angle_rad)

    def back(place: Position) -> Position:
        return place[0] * cos - place[1] * sin, place[0] * sin + place[1] * cos

    level = [[(back(a), back(b)) for a, b in cell] for cell in cells]
    return list(_in_order(level, start))


def _rows(room: Polygon, spacing_m: float) -> list[list[Lane]]:
    """The pieces of each lane inside the room, west to east; lanes from south to north."""
    west, south, east, north = room.bounds
    count = max(1, math.ceil((north - south) / spacing_m - 1e-6))
    step_m = (north - south) / count
    heights = [south + (number + 0.5) * step_m for number in range(count)]
    lines = [LineString([(west - _BEYOND_M, y), (east + _BEYOND_M, y)]) for y in heights]
    rows = []
    for y, cut in zip(heights, shapely.intersection(room, lines), strict=True):
        spans = sorted(
            (float(piece.bounds[0]), float(piece.bounds[2]))
            for piece in shapely.get_parts(cut) if isinstance(piece, LineString)
        )  # fmt: skip
        rows.append([((a, y), (b, y)) for a, b in spans if b - a >= _SHORTEST_LANE_M])
    return rows


def _cells(rows: Sequence[Sequence[Lane]]) -> list[Cell]:
    """Lanes that follow one another singly; where one becomes two or two one, new cells begin."""
    cells: list[Cell] = []
    previous: list[tuple[Lane, Cell]] = []
    for row in rows:
        below = [[j for j, (old, _) in enumerate(previous) if _overlap(old, lane)] for lane in row]
        above = [sum(j in links for links in below) for j in range(len(previous))]
        current: list[tuple[Lane, Cell]] = []
        for lane, links in zip(row, below, strict=True):
            if len(links) == 1 and above[links[0]] == 1:
                cell = previous[links[0]][1]
            else:
                cell = []
                cells.append(cell)
            cell.append(lane)
            current.append((lane, cell))
        previous = current
    return cells


def _overlap(one: Lane, other: Lane) -> bool:
    return one[0][0] < other[1][0] and other[0][0] < one[1][0]


def _in_order(cells: Sequence[Cell], start: Position) -> Iterator[Stroke]:
    """Always the nearest cell next, begun at the end of it that is nearest."""
    left, at = list(cells), start
    while left:
        _, number, chosen = min(
            (round(math.dist(at, lanes[0][0]), 2), number, lanes)
            for number, cell in enumerate(left)
            for lanes in _four_ways(cell)
        )
        del left[number]
        for place, (a, b) in enumerate(chosen):
            yield Stroke(start=a, end=b, begins_cell=place == 0)
        at = chosen[-1][1]


def _four_ways(cell: Cell) -> Iterator[Cell]:
    """From the first lane or the last, from its west end or its east end; then to and fro."""
    for lanes in (cell, cell[::-1]):
        for is_turned in (False, True):
            yield [
                (b, a) if (place % 2 == 0) is is_turned else (a, b)
                for place, (a, b) in enumerate(lanes)
            ]


def _flown_m(strokes: Sequence[Stroke], start: Position) -> float:
    flown_m, at = 0.0, start
    for stroke in strokes:
        flown_m += math.dist(at, stroke.start) + math.dist(stroke.start, stroke.end)
        at = stroke.end
    return flown_m
