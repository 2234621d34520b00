"""From where a place is looked at: at stand-off, inside the grid, and around it. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from missions.request import PlanRequest
from missions.stops import Position, Stop

_BEARINGS = 36
_ORBIT_CORNERS = 24
_SWAPS_MAX = 60  # places up to which their order is improved
_ROOM_FOR_ERROR_M = 1.0  # beyond the stand-off


def viewpoint(
    request: PlanRequest, place: Position, room: BaseGeometry, near: Position
) -> Position | None:
    """The nearest place to `near` at stand-off from a place; None where none lies in the room."""
    away_m = request.standoff_m + _ROOM_FOR_ERROR_M
    turns = np.arange(_BEARINGS) * math.tau / _BEARINGS
    circle = np.array(place) + away_m * np.stack([np.sin(turns), np.cos(turns)], axis=1)
    free = circle[shapely.covers(room, shapely.points(circle))]
    if not len(free):
        return None
    best = free[np.argmin(np.round(np.hypot(*(free - np.array(near)).T), 2))]
    return float(best[0]), float(best[1])


def looking_stop(request: PlanRequest, at: Position, place: Position, hold_s: float) -> Stop:
    """Stand there and look at the place."""
    away_m = math.dist(at, place)
    return Stop(
        position=at,
        speed_m_s=request.speed_m_s,
        gimbal_pitch_deg=pitch_to(away_m, request) if away_m else request.gimbal_pitch_deg,
        look_at=place if away_m else None,
        hold_s=hold_s,
        is_transit=True,  # the count is taken where it stands
    )


def orbit_radius_m(request: PlanRequest) -> float:
    """What was asked for, and never less than the stand-off."""
    return max(request.task.radius_m or 0.0, request.standoff_m)


def orbit_stops(
    request: PlanRequest, place: Position, room: BaseGeometry, near: Position
) -> tuple[list[Stop], float]:
    """Around a place at stand-off, and which share of the circle that is.

    The corners lie outside the circle, so that no leg between two of them comes nearer. Where a
    part of the circle leaves the room, the longest part that does not is flown.
    """
    radius_m = orbit_radius_m(request)
    corner_m = (radius_m + _ROOM_FOR_ERROR_M) / math.cos(math.pi / _ORBIT_CORNERS)
    turns = np.arange(_ORBIT_CORNERS) * math.tau / _ORBIT_CORNERS
    corners = np.array(place) + corner_m * np.stack([np.sin(turns), np.cos(turns)], axis=1)
    legs = shapely.linestrings(np.stack([corners, np.roll(corners, -1, axis=0)], axis=1))
    chain = _longest_arc([bool(flag) for flag in shapely.covers(room, legs)], corners, near)
    pitch_deg = pitch_to(radius_m, request)
    stops = [
        Stop(
            position=(float(corners[i][0]), float(corners[i][1])),
            speed_m_s=request.speed_m_s,
            gimbal_pitch_deg=pitch_deg,
            look_at=place,
            is_transit=number == 0,
        )
        for number, i in enumerate(chain)
    ]
    return stops, max(0, len(chain) - 1) / _ORBIT_CORNERS


def visiting_order(places: Sequence[Position], start: Position) -> list[int]:
    """A short way from `start` over all of them and back: the nearest next, then 2-opt."""
    left, order, at = list(range(len(places))), list[int](), start
    while left:
        chosen = min(left, key=lambda i: (round(math.dist(at, places[i]), 2), places[i]))
        left.remove(chosen)
        order.append(chosen)
        at = places[chosen]
    is_better = 2 < len(order) <= _SWAPS_MAX
    while is_better:
        is_better = False
        for i in range(len(order) - 1):
            for j in range(i + 1, len(order)):
                other = order[:i] + order[i : j + 1][::-1] + order[j + 1 :]
                if _round_m(other, places, start) < _round_m(order, places, start) - 0.1:
                    order, is_better = other, True
    return order


def pitch_to(away_m: float, request: PlanRequest) -> float:
    """The camera's tilt towards people so far away."""
    return -round(math.degrees(math.atan2(request.height_agl_m, away_m)), 1)


def _round_m(order: Sequence[int], places: Sequence[Position], start: Position) -> float:
    chain = [start, *(places[i] for i in order), start]
    return sum(math.dist(a, b) for a, b in zip(chain, chain[1:], strict=False))


def _longest_arc(is_open: Sequence[bool], corners: np.ndarray, near: Position) -> list[int]:
    """The corners in their order; leg `i` leads from corner `i` to the next."""
    count = len(is_open)
    if all(is_open):
        away_m = np.round(np.hypot(*(corners - np.array(near)).T), 2)
        first = int(np.argmin(away_m))
        return [(first + step) % count for step in range(count + 1)]
    best: list[int] = []
    for first in range(count):
        arc = [first]
        while is_open[arc[-1]]:
            arc.append((arc[-1] + 1) % count)
        if len(arc) > max(1, len(best)):
            best = arc
    return best
