"""Plans a patrol along the inside of a grid's boundary: pure, in ENU metres, a plan or findings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

from missions.areas import NARROW_M, Area
from missions.assembly import assemble, fence_around
from missions.checks import check_plan
from missions.fence_corners import kept_fence
from missions.flat import largest_part, to_metres, to_position
from missions.free_path import FreePath
from missions.polygons import polygons_in
from missions.request import PlanRequest, centre_of, inset_m
from missions.runs import Run
from missions.stops import Position, Stop
from patrol.geo import LocalFrame
from patrol.plan import Finding, Level, MissionPlan

_SIMPLIFY_M = 2.0
_COARSER_M = (_SIMPLIFY_M, 5.0, 10.0)
_CORNERS_FEW = 50
_APART_M = 60.0  # corners on average where there are many
_SHORTEST_LEG_M = 8.0


def plan_boundary(request: PlanRequest) -> tuple[MissionPlan | None, list[Finding]]:
    """The plan with every finding about it; None when there is no loop to fly."""
    frame = LocalFrame(origin=centre_of(request.grid))
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
    home = to_position(request.home, frame)
    ring = _from_nearest(ring, (home.x, home.y))
    fence = kept_fence(request, fence_around(request, outline, ring[0], frame), ring, frame)
    plan = assemble(request, _along(request, ring), fence, frame)
    return plan, [*findings, *check_plan(plan, request.grid, request.lens, request.around)]


def boundary_run(request: PlanRequest, area: Area, start: Position) -> list[Run]:
    """Along the inside of each room's edge, room after room; begins near `start`."""
    path = FreePath(area.passage)
    stops: list[Stop] = []
    depth_m = inset_m(request.speed_m_s)
    for room in area.rooms:
        ring = _ring(room, area.free, depth_m)
        if ring is None:
            continue
        loop = _along(request, _from_nearest(ring, stops[-1].position if stops else start))
        between = path.way(stops[-1].position, loop[0].position) if stops else []
        ways = [replace(loop[0], position=corner, is_transit=True) for corner in between or ()]
        first = replace(loop[0], is_transit=bool(stops))
        stops += [*ways, first, *loop[1:]]
    return [Run(outline=area.outline, stops=tuple(stops))] if stops else []


def _loop(outline: Polygon, depth_m: float) -> list[Position] | None:
    """Counter-clockwise corners of the inset outline, near ones merged; None when too small.

    Parts too narrow to fly into are left out: the inset is opened by `NARROW_M` to both sides.
    """
    inner, _ = largest_part(
        outline.buffer(-depth_m - NARROW_M, join_style="mitre", mitre_limit=2.0).buffer(
            NARROW_M, join_style="mitre", mitre_limit=2.0
        )
    )
    return None if inner is None else _ring(inner, outline, depth_m)


def _ring(inner: Polygon, outline: BaseGeometry, depth_m: float) -> list[Position] | None:
    simple = _smooth(inner)
    if simple is None:
        return None
    corners = [(float(x), float(y)) for x, y in orient(simple).exterior.coords[:-1]]
    kept = [
        corner for before, corner in zip([corners[-1], *corners], corners, strict=False)
        if math.dist(before, corner) >= _SHORTEST_LEG_M
    ]  # fmt: skip
    # Merged corners may cut across a bay, where all of them do not.
    least_m = depth_m - _SIMPLIFY_M - 0.05
    return next((ring for ring in (kept, corners) if _is_sound(ring, outline, least_m)), None)


def _smooth(inner: Polygon) -> Polygon | None:
    """Ever coarser along a ragged coast: each turn takes time, and the fence has few corners."""
    smooth: Polygon | None = None
    for coarse_m in _COARSER_M:
        deeper_m = coarse_m - _SIMPLIFY_M
        drawn = inner.buffer(-deeper_m, join_style="mitre") if deeper_m else inner
        parts = polygons_in(drawn.simplify(coarse_m))
        if not parts:
            break
        smooth = max(parts, key=lambda part: part.area)
        count = len(smooth.exterior.coords) - 1
        if count <= _CORNERS_FEW or smooth.exterior.length >= count * _APART_M:
            break
    return smooth


def _is_sound(ring: list[Position], outline: BaseGeometry, least_m: float) -> bool:
    """Whether the loop crosses itself nowhere, turns left and keeps its inset."""
    if len(ring) < 3:
        return False
    loop = Polygon(ring)
    is_kept = outline.buffer(-least_m).contains(loop.exterior)
    return bool(loop.is_valid and loop.exterior.is_ccw and is_kept)


def _from_nearest(ring: list[Position], place: Position) -> list[Position]:
    """Begin at the corner nearest a place; ties go to the westernmost, then southernmost."""
    start = min(
        range(len(ring)),
        key=lambda i: (round(math.dist(ring[i], place), 1), round(ring[i][0], 1), ring[i][1]),
    )
    return ring[start:] + ring[:start]


def _along(request: PlanRequest, ring: Sequence[Position]) -> list[Stop]:
    """The closed loop; the camera looks into the grid from every leg of it."""
    return [
        Stop(
            position=corner,
            speed_m_s=request.speed_m_s,
            gimbal_pitch_deg=request.gimbal_pitch_deg,
            # Counter-clockwise: the inside of the grid is on the left hand of every leg.
            turn_left_deg=request.inward_bearing_offset_deg if number else 0.0,
        )
        for number, corner in enumerate([*ring, ring[0]])
    ]


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
