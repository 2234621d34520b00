"""Makes a plan of a route's stops: fence, way home, times, and what they take of the battery."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from shapely.geometry import LineString, Polygon
from shapely.geometry.polygon import orient
from shapely.ops import nearest_points, unary_union

from missions.codes import without_district
from missions.flat import largest_part, to_place, to_position
from missions.relief import above_home_m, following, return_height_m
from missions.request import STANDOFF_MIN_M, PlanRequest
from missions.route_home import along_route, longest_out_and_back_m
from missions.stops import Position, Stop
from missions.way_home import is_safe, with_rally
from patrol.energy import Power, energy_need_pct
from patrol.geo import Datum, GeoPoint, Height, LocalFrame, bearing_true_deg, distance_m
from patrol.plan import LookHold, MissionPlan, Waypoint

TURN_S = 3.0
TAKE_OFF_S, LANDING_S = 25.0, 45.0
_TAKE_OFF_TO_M = 30.0  # how high that leads, and how far down that is; what is above is reckoned
SHORTEST_LOOK_S = 120.0
RESERVE_PCT = 30.0  # DOMAIN 5.3, guard of PLANNED
_CORRIDOR_HALF_M = 20.0  # of the fence around home and the way to the grid
_SAME_PLACE_M = 0.5


def assemble(
    request: PlanRequest, stops: Sequence[Stop], fence: tuple[GeoPoint, ...], frame: LocalFrame
) -> MissionPlan:
    """A plan over these stops (metres of `frame`) inside the fence."""
    elevation = request.around.elevation_amsl_m
    if elevation is not None:
        home = to_position(request.home, frame)
        stops = following(stops, (home.x, home.y), frame, elevation)
    points = [to_place(stop.position, frame) for stop in stops]
    waypoints = tuple(_waypoints(request, stops, points, frame))
    return over(request, waypoints, fence, is_level=elevation is None)


def over(
    request: PlanRequest,
    waypoints: tuple[Waypoint, ...],
    fence: tuple[GeoPoint, ...],
    *,
    is_level: bool = False,
) -> MissionPlan:
    """A plan over waypoints: how long, what battery, which way home. `is_level`: all as high."""
    points = [waypoint.point for waypoint in waypoints]
    route_m = sum(
        distance_m(a, b)
        for a, b in zip([request.home, *points], [*points, request.home], strict=True)
    )
    duration_s = _flown_s(request.home, waypoints) + TURN_S * len(points) + TAKE_OFF_S + LANDING_S
    look_hold, battery_need_pct = _budget(request, duration_s)
    plan = MissionPlan(
        plan_id=f"P-{request.created_utc:%Y%m%dT%H%M%S}-{without_district(request.grid.code)}",
        grid_code=request.grid.code,
        grid_name=request.grid.name_spoken,
        register_version=request.register_version,
        pattern=request.task.pattern.value,
        home=request.home,
        home_elevation_amsl_m=request.home_elevation_amsl_m,
        waypoints=waypoints,
        fence=fence,
        ceiling_agl_m=request.ceiling_agl_m,
        return_height=Height(metres=request.height_agl_m, datum=Datum.HOME),
        look_hold=look_hold,
        length_m=round(route_m, 1),
        duration_s=round(duration_s, 1),
        battery_need_pct=battery_need_pct,
        created_utc=request.created_utc,
        is_exercise=request.is_exercise,
    )
    if is_level and request.height_agl_m <= _TAKE_OFF_TO_M:
        return _with_way_home(request, plan)
    elevation = request.around.elevation_amsl_m
    if elevation is not None:
        height_m = return_height_m(plan, elevation)
        plan = replace(plan, return_height=Height(metres=height_m, datum=Datum.HOME))
    return with_climbs(request, _with_way_home(request, plan))


def with_climbs(request: PlanRequest, plan: MissionPlan) -> MissionPlan:
    """Height and hills are climbed, too: where they leave less, the look is shorter."""
    power = Power(endurance_s=request.endurance_s)
    need_pct = energy_need_pct(plan, power=power)
    if need_pct <= plan.battery_need_pct or math.isinf(need_pct):
        return plan
    over_s = (need_pct - (100.0 - RESERVE_PCT)) / 100.0 * request.endurance_s
    look = plan.look_hold
    if over_s > 0.0 and look is not None:
        left_s = math.floor(look.longest_s - over_s)
        look = replace(look, longest_s=float(left_s)) if left_s >= SHORTEST_LOOK_S else None
        plan = replace(plan, look_hold=look)
        need_pct = energy_need_pct(plan, power=power)
    return replace(plan, battery_need_pct=round(max(need_pct, 0.0), 1))


def fence_around(
    request: PlanRequest,
    outline: Polygon,
    start: Position,
    frame: LocalFrame,
    *,
    is_straight: bool = False,
) -> tuple[GeoPoint, ...]:
    """One polygon: the grid, home, and the way between them; `is_straight`: across what lies there.

    For a grid whose parts hang together by a neck that nothing flies through.
    """
    home = to_position(request.home, frame)
    ways = [home.buffer(_CORRIDOR_HALF_M, quad_segs=2)]
    if is_straight or not outline.buffer(-_CORRIDOR_HALF_M / 2).contains(home):
        to_grid = home if is_straight else nearest_points(home, outline)[1]
        way = LineString([home, to_grid, to_position(to_place(start, frame), frame)])
        ways.append(way.buffer(_CORRIDOR_HALF_M, quad_segs=1))
        whole = unary_union([Polygon(outline.exterior), *ways])
    else:
        whole = Polygon(outline.exterior)
    merged, _ = largest_part(whole)
    if merged is None:
        raise ValueError("a fence without area")
    simple = merged.simplify(0.5)
    ring = orient(simple if isinstance(simple, Polygon) else merged).exterior.coords[:-1]
    return tuple(to_place(corner, frame) for corner in ring)


def _waypoints(
    request: PlanRequest, stops: Sequence[Stop], points: Sequence[GeoPoint], frame: LocalFrame
) -> Iterator[Waypoint]:
    """Each with the bearing to which the camera looks on the leg that ends there."""
    elevation = request.around.elevation_amsl_m
    datum = Datum.HOME if elevation is None else Datum.GROUND
    at = request.home
    for stop, point in zip(stops, points, strict=True):
        track_deg = bearing_true_deg(at, point) if distance_m(at, point) > _SAME_PLACE_M else 0.0
        look_deg = track_deg - stop.turn_left_deg
        if stop.look_at is not None:
            look_deg = bearing_true_deg(point, to_place(stop.look_at, frame))
        ground_m = None
        if elevation is not None:
            ground_m = above_home_m(point, request.home, elevation)
        yield Waypoint(
            point=point,
            height=Height(metres=request.height_agl_m, datum=datum),
            speed_m_s=stop.speed_m_s,
            hold_s=stop.hold_s,
            gimbal_pitch_deg=stop.gimbal_pitch_deg,
            camera_bearing_true_deg=round(look_deg, 1) % 360.0,
            is_transit=stop.is_transit,
            ground_above_home_m=None if ground_m is None else round(ground_m, 1),
        )
        at = point


def _flown_s(home: GeoPoint, waypoints: Sequence[Waypoint]) -> float:
    """Out, over the waypoints and home again, each leg at its speed; home at the slowest."""
    flown_s, at = 0.0, home
    for waypoint in waypoints:
        flown_s += distance_m(at, waypoint.point) / waypoint.speed_m_s + waypoint.hold_s
        at = waypoint.point
    return flown_s + distance_m(at, home) / _slowest_m_s(waypoints)


def _slowest_m_s(waypoints: Sequence[Waypoint]) -> float:
    return min(waypoint.speed_m_s for waypoint in waypoints)


def _with_way_home(request: PlanRequest, plan: MissionPlan) -> MissionPlan:
    """The straight way if it is safe from every leg; else back along the route, else rally points.

    The route needs no place to land that nobody has looked at, but it is long: it must leave the
    battery a look at a crowd. Where nothing is safe the plan keeps the straight way and its checks
    say so.
    """
    if is_safe(plan, request.around):
        return plan
    back = along_route(plan, request.around)
    if back is not None:
        worst_m, turns = longest_out_and_back_m(back)
        held_s = sum(waypoint.hold_s for waypoint in plan.waypoints)
        flight_s = worst_m / _slowest_m_s(plan.waypoints) + TURN_S * turns + TAKE_OFF_S + LANDING_S
        look_hold, need_pct = _budget(request, max(plan.duration_s, flight_s + held_s))
        back = replace(back, look_hold=look_hold, battery_need_pct=need_pct)
        if look_hold is not None:
            return back
    return with_rally(plan, request.around) or back or plan


def _budget(request: PlanRequest, flight_s: float) -> tuple[LookHold | None, float]:
    """The look at a crowd that the battery allows besides so much flight, and what both take."""
    look_s = _look_time_s(request, flight_s)
    standoff_m = max(STANDOFF_MIN_M, request.height_agl_m)
    look_hold = LookHold(standoff_min_m=standoff_m, longest_s=look_s) if look_s else None
    need_pct = (flight_s + look_s) / request.endurance_s * 100.0
    return look_hold, round(need_pct, 1)


def _look_time_s(request: PlanRequest, duration_s: float) -> float:
    """How long the battery lets the patrol stop: the 11 minutes of a full observation, or less."""
    spare_s = request.endurance_s * (1.0 - RESERVE_PCT / 100.0) - duration_s
    longest_s = min(LookHold().longest_s, spare_s)
    return round(longest_s, 0) if longest_s >= SHORTEST_LOOK_S else 0.0
