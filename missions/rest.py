"""What a sortie left unflown, as a plan of its own. Pure.

It begins at the last waypoint that was certainly reached, so that the broken leg is flown whole
again, with a way out, a way home, a fence and a battery of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from shapely.geometry import LineString, Polygon

from missions.areas import polygons, shape_findings
from missions.checks import check_plan, first_leg
from missions.findings import note, stop
from missions.flat import to_metres, to_position
from missions.planner import Patrol, Sortie, plans_of
from missions.request import PlanRequest, centre_of
from missions.runs import Run
from missions.stops import Position, Stop
from missions.zones import around_zones
from patrol.geo import GeoPoint, LocalFrame, bearing_true_deg, distance_m
from patrol.pattern import Pattern
from patrol.plan import Finding, MissionPlan, Waypoint

_SAME_PLACE_M = 0.5
_FAR_M = 1000.0  # along the camera's bearing


def plan_rest(request: PlanRequest, flown: MissionPlan, reached: int) -> Patrol:
    """One sortie over `flown`'s waypoints from the break point on, or the findings why none.

    `reached` counts the waypoints that were certainly reached. The request's home is the
    aircraft's now; height and pattern are the flown plan's.
    """
    if reached >= len(flown.waypoints):
        return Patrol(findings=(_nothing_left(),))
    wrong = shape_findings(request.grid)
    if wrong:
        return Patrol(findings=tuple(wrong))
    first = max(reached - 1, first_leg(flown) - 1, 0)  # its way out is drawn anew
    height_agl_m = flown.waypoints[first].height.metres
    task = replace(request.task, pattern=Pattern(flown.pattern))
    request = around_zones(replace(request, height_agl_m=height_agl_m, task=task))
    frame = LocalFrame(origin=centre_of(request.grid))
    stops = list(_every_stop(flown, frame))[first:]
    if reached > first:  # on the way there nothing is counted, and it was held at already
        stops[0] = replace(stops[0], hold_s=0.0, is_transit=True, turn_left_deg=0.0, look_at=None)
    run = Run(outline=_outline(request, stops, frame), stops=tuple(stops))
    plans, failed = plans_of(request, frame, [run])
    if len(plans) > 1:
        failed = [_too_long(len(plans))]
    if failed or not plans:
        return Patrol(findings=tuple(failed))
    plan = replace(plans[0], sortie_number=flown.sortie_number, sortie_count=flown.sortie_count)
    findings = check_plan(plan, request.grid, request.lens, request.around)
    told = _continues(flown, first, reached)
    return Patrol(sorties=(Sortie(plan=plan, findings=tuple(findings)),), findings=(told,))


def _every_stop(flown: MissionPlan, frame: LocalFrame) -> Iterator[Stop]:
    at = flown.home
    for waypoint in flown.waypoints:
        position = to_position(waypoint.point, frame)
        yield Stop(
            position=(position.x, position.y),
            speed_m_s=waypoint.speed_m_s,
            gimbal_pitch_deg=waypoint.gimbal_pitch_deg or 0.0,
            turn_left_deg=_turn_left_deg(waypoint, _track_deg(at, waypoint)),
            look_at=_looked_at(waypoint, (position.x, position.y)),
            hold_s=waypoint.hold_s,
            is_transit=waypoint.is_transit,
        )
        at = waypoint.point


def _track_deg(at: GeoPoint, waypoint: Waypoint) -> float:
    """As the assembly reckons it."""
    if distance_m(at, waypoint.point) <= _SAME_PLACE_M:
        return 0.0
    return bearing_true_deg(at, waypoint.point)


def _turn_left_deg(waypoint: Waypoint, track_deg: float) -> float:
    """By how much the camera looked off the track: the same leg is looked at the same way."""
    if waypoint.camera_bearing_true_deg is None:
        return 0.0
    return (track_deg - waypoint.camera_bearing_true_deg) % 360.0


def _looked_at(waypoint: Waypoint, position: Position) -> Position | None:
    """Where it is held the camera looks the same way, from wherever it comes."""
    if not waypoint.hold_s or waypoint.camera_bearing_true_deg is None:
        return None
    look_rad = math.radians(waypoint.camera_bearing_true_deg)
    east_m, north_m = position
    return east_m + _FAR_M * math.sin(look_rad), north_m + _FAR_M * math.cos(look_rad)


def _outline(request: PlanRequest, stops: list[Stop], frame: LocalFrame) -> Polygon:
    """The part of the grid in which the rest lies."""
    positions = [stop.position for stop in stops]
    way = LineString([*positions, positions[-1]])
    return min(polygons(to_metres(request.grid.shape, frame)), key=way.distance)


def _nothing_left() -> Finding:
    return stop(
        "rest.nothing",
        "every waypoint was flown: nothing is left",
        "全部航点已飞完：没有剩余航线",
    )


def _too_long(count: int) -> Finding:
    return stop(
        "rest.too_long",
        f"from where the aircraft stands now the rest takes {count} batteries: plan the grid anew",
        f"从飞行器现在的位置起飞，剩余航线需{count}块电池：请重新规划该网格",
    )


def _continues(flown: MissionPlan, first: int, reached: int) -> Finding:
    total = len(flown.waypoints)
    return note(
        "rest.continues",
        f"goes on with {flown.plan_id}: {reached} of {total} waypoints were reached, it takes the "
        f"route up again at waypoint {first + 1}",
        f"接续{flown.plan_id}：已到达{reached}/{total}个航点，从第{first + 1}航点继续",
    )
