"""Plans a patrol along the inside of a grid's boundary: pure, in ENU metres, a plan or findings."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient
from shapely.ops import nearest_points, unary_union

from missions.checks import check_plan
from missions.flat import largest_part, to_metres, to_place, to_position
from missions.grid import Grid
from missions.open_air import Surroundings
from missions.way_home import along_route, is_safe, longest_out_and_back_m, with_rally
from patrol.camera import CameraLens
from patrol.geo import Datum, GeoPoint, Height, LocalFrame, bearing_true_deg, distance_m
from patrol.plan import Finding, Level, LookHold, MissionPlan, Waypoint

_INSET_MIN_M = 15.0
_FENCE_MARGIN_M = 10.0  # between the inset's stopping distance and the grid's edge
_DECELERATION_M_S2 = 2.5
_POSITION_ERROR_M = 3.0
_SIMPLIFY_M = 2.0
_SHORTEST_LEG_M = 8.0
_NARROW_M = 4.0  # parts of the inset narrower than twice this are not flown into
_CORRIDOR_HALF_M = 20.0  # of the fence around home and the way to the grid
_TURN_S = 3.0
_TAKE_OFF_S, _LANDING_S = 25.0, 45.0
_TRANSIT_M_S = 4.8
_SHORTEST_LOOK_S = 120.0
_RESERVE_PCT = 30.0  # DOMAIN 5.3, guard of PLANNED


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """What a patrol is planned from."""

    grid: Grid
    register_version: str
    home: GeoPoint
    home_elevation_amsl_m: float
    lens: CameraLens
    created_utc: datetime
    is_exercise: bool = False
    height_agl_m: float = 30.0
    speed_m_s: float = 4.8  # under the 5 m/s up to which a count is valid
    gimbal_pitch_deg: float = -27.0
    inward_bearing_offset_deg: float = 33.0  # a 40 degree lens then sees 13 to 53 degrees inwards
    endurance_s: float = 1500.0
    ceiling_agl_m: float = 110.0  # 10 m under the 120 m of the law, DOMAIN 2.5
    around: Surroundings = field(default_factory=Surroundings)


def inset_m(speed_m_s: float) -> float:
    """How far inside the boundary to fly: stopping way, position error and the fence's margin."""
    stopping_m = speed_m_s**2 / (2.0 * _DECELERATION_M_S2)
    return max(_INSET_MIN_M, stopping_m + _POSITION_ERROR_M + _FENCE_MARGIN_M / 2.0)


def default_home(grid: Grid, speed_m_s: float = 4.8) -> GeoPoint:
    """A launch point inside the grid, some 25 m inwards of its boundary loop."""
    frame = LocalFrame(origin=_centre(grid))
    outline, _ = largest_part(to_metres(grid.shape, frame))
    if outline is None:
        return _centre(grid)
    for depth_m in (inset_m(speed_m_s) + 25.0, inset_m(speed_m_s), 0.0):
        inner, _ = largest_part(outline.buffer(-depth_m, join_style="mitre"))
        if inner is not None:
            south = min(orient(inner).exterior.coords, key=lambda c: (round(c[1], 3), c[0]))
            return to_place(south, frame)
    return _centre(grid)


def plan_boundary(request: PlanRequest) -> tuple[MissionPlan | None, list[Finding]]:
    """The plan with every finding about it; None when there is no loop to fly."""
    frame = LocalFrame(origin=_centre(request.grid))
    shape = to_metres(request.grid.shape, frame)
    outline, parts_count = largest_part(shape)
    if outline is None:
        return None, [_no_loop(request, "the grid has no area", "网格没有面积")]
    findings = _part_findings(outline, parts_count)
    depth_m = inset_m(request.speed_m_s)
    ring = _loop(outline, depth_m)
    if ring is None:
        return None, [
            *findings,
            _no_loop(
                request,
                f"the grid is too small or too narrow for a loop {depth_m:.0f} m inside its "
                "boundary; visit a point instead",
                "网格过小或过窄，无法在边界内侧规划环线；请改为定点巡查",
            ),
        ]
    ring = _from_nearest(ring, to_position(request.home, frame))
    plan = _with_way_home(request, _assemble(request, ring, outline, frame))
    return plan, [*findings, *check_plan(plan, request.grid, request.lens, request.around)]


def _centre(grid: Grid) -> GeoPoint:
    inside = grid.shape.representative_point()
    return GeoPoint(lat_deg=inside.y, lon_deg=inside.x)


def _loop(outline: Polygon, depth_m: float) -> list[tuple[float, float]] | None:
    """Counter-clockwise corners of the inset outline, near ones merged; None when too small.

    Parts too narrow to fly into are left out: the inset is opened by `_NARROW_M` to both sides.
    """
    inner, _ = largest_part(
        outline.buffer(-depth_m - _NARROW_M, join_style="mitre", mitre_limit=2.0).buffer(
            _NARROW_M, join_style="mitre", mitre_limit=2.0
        )
    )
    if inner is None:
        return None
    simple = inner.simplify(_SIMPLIFY_M)
    if not isinstance(simple, Polygon) or simple.is_empty:
        return None
    corners = list(orient(simple).exterior.coords)[:-1]
    kept = [
        corner for before, corner in zip([corners[-1], *corners], corners, strict=False)
        if math.dist(before, corner) >= _SHORTEST_LEG_M
    ]  # fmt: skip
    # Merged corners may cut across a bay, where all of them do not.
    least_m = depth_m - _SIMPLIFY_M - 0.05
    return next((ring for ring in (kept, corners) if _is_sound(ring, outline, least_m)), None)


def _is_sound(ring: list[tuple[float, float]], outline: Polygon, least_m: float) -> bool:
    """Whether the loop crosses itself nowhere, turns left and keeps its inset."""
    if len(ring) < 3:
        return False
    loop = Polygon(ring)
    is_kept = outline.buffer(-least_m).contains(loop.exterior)
    return bool(loop.is_valid and loop.exterior.is_ccw and is_kept)


def _from_nearest(ring: list[tuple[float, float]], home: BaseGeometry) -> list[tuple[float, float]]:
    """Begin at the corner nearest home; ties go to the westernmost, then southernmost."""
    start = min(
        range(len(ring)),
        key=lambda i: (
            round(math.dist(ring[i], home.coords[0]), 1), round(ring[i][0], 1), ring[i][1]
        ),
    )  # fmt: skip
    return ring[start:] + ring[:start]


def _assemble(
    request: PlanRequest, ring: list[tuple[float, float]], outline: Polygon, frame: LocalFrame
) -> MissionPlan:
    height = Height(metres=request.height_agl_m, datum=Datum.HOME)
    points = [to_place(corner, frame) for corner in [*ring, ring[0]]]
    route_m = sum(
        distance_m(a, b)
        for a, b in zip([request.home, *points], [*points, request.home], strict=True)
    )
    duration_s = route_m / request.speed_m_s + _TURN_S * len(points) + _TAKE_OFF_S + _LANDING_S
    fence = _fence(request, outline, points[0], frame)
    look_hold, battery_need_pct = _budget(request, duration_s)
    return MissionPlan(
        plan_id=f"P-{request.created_utc:%Y%m%dT%H%M%S}-{request.grid.code[6:]}",
        grid_code=request.grid.code,
        grid_name=request.grid.name_spoken,
        register_version=request.register_version,
        pattern="boundary",
        home=request.home,
        home_elevation_amsl_m=request.home_elevation_amsl_m,
        waypoints=tuple(_waypoints(request, points, height)),
        fence=fence,
        ceiling_agl_m=request.ceiling_agl_m,
        return_height=height,
        look_hold=look_hold,
        length_m=round(route_m, 1),
        duration_s=round(duration_s, 1),
        battery_need_pct=battery_need_pct,
        created_utc=request.created_utc,
        is_exercise=request.is_exercise,
    )


def _waypoints(
    request: PlanRequest, points: Sequence[GeoPoint], height: Height
) -> Iterator[Waypoint]:
    """The camera looks into the grid from every leg of the loop."""
    at = request.home
    for number, point in enumerate(points):
        track_deg = bearing_true_deg(at, point) if distance_m(at, point) > 0.5 else 0.0
        # Counter-clockwise: the inside of the grid is on the left hand of every leg of the loop.
        inward_deg = request.inward_bearing_offset_deg if number else 0.0
        yield Waypoint(
            point=point,
            height=height,
            speed_m_s=request.speed_m_s,
            gimbal_pitch_deg=request.gimbal_pitch_deg,
            camera_bearing_true_deg=round(track_deg - inward_deg, 1) % 360.0,
        )
        at = point


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
        flight_s = worst_m / request.speed_m_s + _TURN_S * turns + _TAKE_OFF_S + _LANDING_S
        look_hold, need_pct = _budget(request, max(plan.duration_s, flight_s))
        back = replace(back, look_hold=look_hold, battery_need_pct=need_pct)
        if look_hold is not None:
            return back
    return with_rally(plan, request.around) or back or plan


def _budget(request: PlanRequest, flight_s: float) -> tuple[LookHold | None, float]:
    """The look at a crowd that the battery allows besides so much flight, and what both take."""
    look_s = _look_time_s(request, flight_s)
    standoff_m = max(30.0, request.height_agl_m)  # DOMAIN 4.3, overflight guard
    look_hold = LookHold(standoff_min_m=standoff_m, longest_s=look_s) if look_s else None
    return look_hold, round((flight_s + look_s) / request.endurance_s * 100.0, 1)


def _look_time_s(request: PlanRequest, duration_s: float) -> float:
    """How long the battery lets the patrol stop: the 11 minutes of a full observation, or less."""
    spare_s = request.endurance_s * (1.0 - _RESERVE_PCT / 100.0) - duration_s
    longest_s = min(LookHold().longest_s, spare_s)
    return round(longest_s, 0) if longest_s >= _SHORTEST_LOOK_S else 0.0


def _fence(
    request: PlanRequest, outline: Polygon, start: GeoPoint, frame: LocalFrame
) -> tuple[GeoPoint, ...]:
    """One polygon: the grid, home, and the way between them."""
    home = to_position(request.home, frame)
    ways = [home.buffer(_CORRIDOR_HALF_M, quad_segs=2)]
    if not outline.buffer(-_CORRIDOR_HALF_M / 2).contains(home):
        to_grid = nearest_points(home, outline)[1]
        way = LineString([home, to_grid, to_position(start, frame)])
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


def _part_findings(outline: Polygon, parts_count: int) -> list[Finding]:
    findings = []
    if parts_count > 1:
        findings.append(
            Finding(
                code="route.parts_left",
                level=Level.WARN,
                text=f"the grid has {parts_count} parts; only the largest is patrolled",
                text_zh=f"网格由{parts_count}块组成，仅巡查最大的一块",
            )
        )
    if outline.interiors:
        findings.append(
            Finding(
                code="route.holes",
                level=Level.NOTE,
                text="the grid has holes; the patrol follows its outer boundary",
                text_zh="网格内有空洞，巡查沿外边界进行",
            )
        )
    return findings


def _no_loop(request: PlanRequest, text: str, text_zh: str) -> Finding:
    return Finding(
        code="route.too_small",
        level=Level.STOP,
        text=f"{request.grid.code}: {text}",
        text_zh=f"{request.grid.code}：{text_zh}",
    )
