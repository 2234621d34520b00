"""Visits places: each looked at from stand-off, held at, or flown around."""

from __future__ import annotations

import math
from collections.abc import Sequence

from shapely.geometry import Point, Polygon

from missions.areas import Area, Terrain, innermost
from missions.findings import note, stop, warn
from missions.flat import to_position
from missions.free_path import FreePath
from missions.request import PlanRequest, inset_m
from missions.runs import Run, places_run
from missions.stops import Position, Stop
from missions.viewpoints import (
    looking_stop,
    orbit_radius_m,
    orbit_stops,
    viewpoint,
    visiting_order,
)
from patrol.pattern import Pattern
from patrol.plan import Finding

_HOLD_S = {Pattern.POINTS: 30.0, Pattern.HOLD: 300.0, Pattern.ORBIT: 0.0}
_PLACES_MAX = 200

Runs = tuple[list[Run], list[Finding]]


def visits(request: PlanRequest, terrain: Terrain) -> Runs:
    """The places in a short order; without any the middle of each part of the grid."""
    hold_s = _HOLD_S[request.task.pattern] if request.task.hold_s is None else request.task.hold_s
    if wrong := _wrong(request, hold_s):
        return [], wrong
    home = to_position(request.home, terrain.frame).coords[0]
    places = _places(request, terrain)
    chosen: dict[int, list[Stop]] = {}
    runs, findings = list[Run](), list[Finding]()
    near: Position = (home[0], home[1])
    for number in visiting_order(places, near):
        place = places[number]
        index, stops, told = _look(request, terrain.areas, place, near, hold_s)
        if not stops:
            run, told = _over_small(request, terrain.small, place, hold_s, number + 1)
            runs += run
        elif index is not None:
            chosen.setdefault(index, []).extend(stops)
            near = stops[-1].position
        findings += told
    for index, stops in chosen.items():
        area = terrain.areas[index]
        runs += places_run(request, area, stops, FreePath(area.passage))
    if not runs:
        findings = [stop(one.code, one.text, one.text_zh) for one in findings]
    return runs, [*findings, *_widened(request)]


def _widened(request: PlanRequest) -> list[Finding]:
    """A circle that was asked for is not silently another one."""
    asked_m, radius_m = request.task.radius_m, orbit_radius_m(request)
    if request.task.pattern is not Pattern.ORBIT or asked_m is None or asked_m >= radius_m:
        return []
    return [
        note(
            "orbit.widened",
            f"a circle of {asked_m:g} m is nearer than the stand-off: {radius_m:.0f} m are flown",
            f"环绕半径{asked_m:g}米小于安全距离：按{radius_m:.0f}米飞行",
        )
    ]


def _wrong(request: PlanRequest, hold_s: float) -> list[Finding]:
    is_hold_wrong = not math.isfinite(hold_s) or hold_s < 0.0
    if is_hold_wrong or (hold_s == 0.0 and request.task.pattern is not Pattern.ORBIT):
        return [stop("hold.wrong", f"nobody holds for {hold_s:g} s", f"停留时间{hold_s:g}秒无效")]
    radius_m = request.task.radius_m
    if radius_m is not None and not (math.isfinite(radius_m) and radius_m > 0.0):
        return [stop("orbit.wrong", f"no circle of {radius_m:g} m", f"环绕半径{radius_m:g}米无效")]
    if len(request.task.places) > _PLACES_MAX:
        return [
            stop(
                "points.many",
                f"{len(request.task.places)} places are more than the {_PLACES_MAX} of one patrol",
                f"{len(request.task.places)}个点超过一次巡查的上限{_PLACES_MAX}个",
            )
        ]
    return []


def _places(request: PlanRequest, terrain: Terrain) -> list[Position]:
    given = [to_position(place, terrain.frame).coords[0] for place in request.task.places]
    if given:
        return [(x, y) for x, y in given]
    parts = {area.outline.wkb: area.outline for area in terrain.areas}
    return [innermost(part)[0] for part in (*parts.values(), *terrain.small)]


def _look(
    request: PlanRequest, areas: Sequence[Area], place: Position, near: Position, hold_s: float
) -> tuple[int | None, list[Stop], list[Finding]]:
    """The stops of one place in the first area from which it can be seen at stand-off."""
    best: tuple[int | None, list[Stop], list[Finding]] = (None, [], [])
    for index, area in enumerate(areas):
        if request.task.pattern is Pattern.ORBIT:
            stops, share = orbit_stops(request, place, area.inside, near)
            if share > 0.0:
                return index, stops, _partial(share)
            continue
        at = viewpoint(request, place, area.inside, near)
        if at is not None:
            return index, [looking_stop(request, at, place, hold_s)], []
        if best[0] is None and area.inside.covers(Point(place)):
            best = index, [looking_stop(request, place, place, hold_s)], [_above()]
    return best


def _over_small(
    request: PlanRequest, parts: Sequence[Polygon], place: Position, hold_s: float, number: int
) -> Runs:
    """A part that is smaller than the inset is looked at from above its middle."""
    for part in parts:
        middle, edge_m = innermost(part)
        if request.task.pattern is Pattern.ORBIT or not part.buffer(1e-6).covers(Point(place)):
            continue
        depth_m = inset_m(request.speed_m_s)
        return [Run(outline=part, stops=(looking_stop(request, middle, middle, hold_s),))], [
            warn(
                "points.tiny",
                f"place {number} lies in a part smaller than the inset of {depth_m:.0f} m: it is "
                f"looked at from above the middle, {edge_m:.0f} m from the edge",
                f"第{number}点所在部分小于{depth_m:.0f}米的内缩距离：在其中央上空观察，距边界{edge_m:.0f}米",
            )
        ]
    if request.task.pattern is Pattern.ORBIT:
        radius_m = orbit_radius_m(request)
        return [], [
            warn(
                "points.out_of_reach",
                f"place {number} cannot be circled inside the grid, {radius_m:.0f} m away: it is "
                "left out",
                f"第{number}点无法在网格内以{radius_m:.0f}米半径环绕，未列入航线",
            )
        ]
    return [], [
        warn(
            "points.out_of_reach",
            f"place {number} cannot be looked at from inside the grid, {request.standoff_m:.0f} m "
            "away: it is left out",
            f"第{number}点无法在网格内距其{request.standoff_m:.0f}米处观察，未列入航线",
        )
    ]


def _above() -> Finding:
    return warn(
        "points.above",
        "the grid leaves no room to stand off: a place is looked at from above it",
        "网格内没有足够的侧向距离：在该点上空观察",
    )


def _partial(share: float) -> list[Finding]:
    if share >= 1.0:
        return []
    return [
        warn(
            "orbit.partial",
            f"only {share * 360.0:.0f} degrees of the circle lie inside the grid",
            f"环绕圆仅有{share * 360.0:.0f}度在网格内",
        )
    ]
