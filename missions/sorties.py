"""Cuts a run into sorties that one battery lasts for, and leads each of them out and home."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import shapely
from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from missions.areas import kept_out_shape
from missions.assembly import (
    LANDING_S,
    RESERVE_PCT,
    SHORTEST_LOOK_S,
    TAKE_OFF_S,
    TURN_S,
    assemble,
    fence_around,
)
from missions.fence_corners import kept_fence
from missions.flat import to_position, to_positions
from missions.free_path import FreePath
from missions.request import PlanRequest, stopping_m
from missions.runs import Run
from missions.stops import Position, Stop, length_m
from patrol.geo import GeoPoint, LocalFrame
from patrol.pattern import Pattern
from patrol.plan import MissionPlan

_FENCE_ROOM_M = 6.0  # between the way out and the fence: more than the way home asks for
_AT_HOME_M = 21.0  # within the outline: then the fence needs no way to it
_LEAST_M = 30.0  # of a sortie's part of the route
_TIGHTER = (1.0, 0.85, 0.7, 0.5, 0.3, 0.15)  # the way home may take more than was reckoned
_SORTIES_MAX = 120
_DRAWN_BATTERIES = 4.0  # a boundary that no battery lasts for is shown up to so many of them
_ROUNDING_PCT = 0.05


class TooFar(Exception):
    """No battery lasts for the way out, a part of the route, and the way home."""


class NoWay(Exception):
    """What is closed lies all between home and the route."""


class TooMany(Exception):
    """More sorties than anybody flies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Air:
    """What the sorties of one outline may fly in."""

    fence: tuple[GeoPoint, ...]
    path: FreePath  # ways out
    fast: BaseGeometry  # where there is room to stop out of a hurry


class Sorties:
    """Of one request, in one frame."""

    def __init__(self, request: PlanRequest, frame: LocalFrame) -> None:
        self._request = request
        self._frame = frame
        home = to_position(request.home, frame)
        self._home: Position = (home.x, home.y)
        self._airs: dict[bytes, _Air] = {}

    def of(self, run: Run) -> list[MissionPlan]:
        """One plan where it fits a battery, else several; TooFar, TooMany, NoWay."""
        try:
            return list(self._parts(run))
        except TooFar:
            if self._request.task.pattern is not Pattern.BOUNDARY or not self._is_drawn(run):
                raise
            # A boundary is drawn all the same: its checks say what it lacks.
            return [self._plan(run.stops, run.outline)]

    def _is_drawn(self, run: Run) -> bool:
        """A coast of a hundred kilometres tells nobody anything, and takes minutes to check."""
        return length_m(run.stops) / self._request.speed_m_s < _DRAWN_BATTERIES * (
            self._request.endurance_s
        )

    def _parts(self, run: Run) -> Iterator[MissionPlan]:
        nearest_m = min(math.dist(self._home, stop.position) for stop in run.stops)
        if 2.0 * nearest_m / self._request.transit_speed_m_s > self._request.endurance_s:
            raise TooFar
        fastest_m_s = max(self._request.transit_speed_m_s, self._request.speed_m_s)
        if length_m(run.stops) / fastest_m_s < self._request.endurance_s:
            whole = self._plan(run.stops, run.outline)
            if _fits(whole):
                yield whole
                return
        left = list(run.stops)
        for _ in range(_SORTIES_MAX):
            made, left = self._next(left, run.outline)
            yield made
            if not left:
                return
        raise TooMany

    def _next(self, left: list[Stop], outline: Polygon) -> tuple[MissionPlan, list[Stop]]:
        for share in _TIGHTER:
            now, later = self._cut(left, share)
            if now is None:
                break
            made = self._plan(now, outline)
            if _fits(made):
                return made, later
        raise TooFar

    def _cut(self, left: list[Stop], share: float) -> tuple[list[Stop] | None, list[Stop]]:
        """As much of the route as such a share of what a battery leaves for it, and the rest."""
        request = self._request
        budget_s = request.endurance_s * (1.0 - RESERVE_PCT / 100.0) - TAKE_OFF_S - LANDING_S
        budget_s -= min(SHORTEST_LOOK_S, 0.2 * budget_s)
        first = left[0]
        spent_s = math.dist(self._home, first.position) / first.speed_m_s + TURN_S + first.hold_s
        there_and_back_s = spent_s + self._home_s(first)
        if there_and_back_s > budget_s:
            return None, left
        budget_s = there_and_back_s + share * (budget_s - there_and_back_s)
        flown_m = 0.0
        for number, stop in enumerate(left[1:], 1):
            leg_m = math.dist(left[number - 1].position, stop.position)
            leg_s = leg_m / stop.speed_m_s + TURN_S + stop.hold_s
            if spent_s + leg_s + self._home_s(stop) > budget_s:
                return self._cut_leg(left, number, budget_s - spent_s, flown_m)
            spent_s, flown_m = spent_s + leg_s, flown_m + leg_m
        return left, []

    def _cut_leg(
        self, left: list[Stop], number: int, spare_s: float, flown_m: float
    ) -> tuple[list[Stop] | None, list[Stop]]:
        """Cut inside the leg that is too much, or before it where it is a way between."""
        before, stop = left[number - 1], left[number]
        leg_m = math.dist(before.position, stop.position)
        share = 0.0
        if not stop.is_transit:
            share = _last_share(
                lambda part: part * leg_m / stop.speed_m_s + TURN_S
                + self._home_s(stop, _between(before.position, stop.position, part)) <= spare_s
            )  # fmt: skip
        if share * leg_m < _LEAST_M:
            has_flown = flown_m >= _LEAST_M or any(one.hold_s for one in left[:number])
            if not has_flown:
                return None, left
            begin = left[number:] if stop.is_transit else [_arriving(before), *left[number:]]
            return left[:number], begin
        middle = replace(stop, position=_between(before.position, stop.position, share), hold_s=0.0)
        return [*left[:number], middle], [_arriving(middle), *left[number:]]

    def _home_s(self, stop: Stop, position: Position | None = None) -> float:
        return math.dist(position or stop.position, self._home) / self._request.speed_m_s

    def _plan(self, stops: Sequence[Stop], outline: Polygon) -> MissionPlan:
        """With a way out that stays in the fence; NoWay where there is none."""
        start = stops[0].position
        air = self._air(start, outline)
        out = air.path.way(self._home, start)
        if out is None:
            air = self._drawn(start, outline, is_straight=True)
            out = air.path.way(self._home, start)
        if out is None:
            raise NoWay
        whole = [*(_corner(stops[0], place) for place in out), *stops]
        if out and not stops[0].hold_s:
            whole[len(out)] = replace(stops[0], is_transit=True)
        air = self._kept(air, whole)
        if self._request.task.pattern is not Pattern.BOUNDARY:
            whole = self._hurried(whole, air.fast)
        return assemble(self._request, whole, air.fence, self._frame)

    def _kept(self, air: _Air, stops: Sequence[Stop]) -> _Air:
        """With a fence that the autopilot can keep."""
        positions = [stop.position for stop in stops]
        fence = kept_fence(self._request, air.fence, positions, self._frame)
        return air if fence is air.fence else self._in(fence)

    def _air(self, start: Position, outline: Polygon) -> _Air:
        """Of a home inside the outline the same for every sortie."""
        if not outline.covers(Point(self._home).buffer(_AT_HOME_M)):
            return self._drawn(start, outline)
        key = outline.wkb
        if key not in self._airs:
            self._airs[key] = self._drawn(start, outline)
        return self._airs[key]

    def _drawn(self, start: Position, outline: Polygon, *, is_straight: bool = False) -> _Air:
        return self._in(
            fence_around(self._request, outline, start, self._frame, is_straight=is_straight)
        )

    def _in(self, fence: tuple[GeoPoint, ...]) -> _Air:
        closed = kept_out_shape(self._request.around.kept_out, self._frame)
        shape = Polygon(to_positions(fence, self._frame)).difference(closed)
        fast = shape.buffer(-stopping_m(self._request.transit_speed_m_s))
        shapely.prepare(fast)
        return _Air(fence=fence, path=FreePath(shape.buffer(-_FENCE_ROOM_M)), fast=fast)

    def _hurried(self, stops: list[Stop], fast: BaseGeometry) -> list[Stop]:
        """Faster where nobody is counted and the fence leaves the room to stop."""
        places = [self._home, *(stop.position for stop in stops)]
        return [
            replace(stop, speed_m_s=max(stop.speed_m_s, self._request.transit_speed_m_s))
            if stop.is_transit and fast.covers(LineString([before, stop.position]))
            else stop
            for before, stop in zip(places, stops, strict=False)
        ]


def _fits(plan: MissionPlan) -> bool:
    return plan.battery_need_pct <= 100.0 - RESERVE_PCT + _ROUNDING_PCT


def _arriving(stop: Stop) -> Stop:
    """Where a later sortie takes up the route: nothing is counted on the way there."""
    return replace(stop, hold_s=0.0, is_transit=True, turn_left_deg=0.0)


def _corner(stop: Stop, place: Position) -> Stop:
    return replace(
        stop, position=place, hold_s=0.0, look_at=None, turn_left_deg=0.0, is_transit=True
    )


def _between(start: Position, end: Position, share: float) -> Position:
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share


def _last_share(holds: Callable[[float], bool]) -> float:
    """The greatest share of a leg up to which something holds that ends somewhere on it."""
    low, high = 0.0, 1.0
    if not holds(low):
        return 0.0
    for _ in range(20):
        middle = (low + high) / 2.0
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
