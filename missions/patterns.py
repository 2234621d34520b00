"""Which runs a pattern makes of a grid's pieces, and what has to be said about it."""

from __future__ import annotations

from collections.abc import Sequence

from shapely.geometry import LineString, Polygon

from missions.areas import Area, Terrain
from missions.boundary import boundary_run
from missions.findings import stop, warn
from missions.flat import to_position
from missions.request import PlanRequest, inset_m
from missions.runs import Run, corridor_lines, corridor_run, sweep_run
from missions.spacing import explosion, spacing_of
from missions.stops import Position
from missions.visits import visits
from patrol.geo import GeoPoint
from patrol.pattern import Pattern
from patrol.plan import Finding, Level

Runs = tuple[list[Run], list[Finding]]
_NEGLIGIBLE_SHARE = 0.001  # of a grid, that is closed or open


def runs_of(request: PlanRequest, terrain: Terrain) -> Runs:
    """The runs of the request's pattern; none where a finding forbids."""
    if request.task.pattern is Pattern.CORRIDOR:
        return _along(request, terrain)
    if request.task.pattern in (Pattern.BOUNDARY, Pattern.SWEEP):
        return _over_areas(request, terrain)
    return visits(request, terrain)


def position_of(place: GeoPoint, terrain: Terrain) -> Position:
    """East and north in the grid's frame."""
    point = to_position(place, terrain.frame)
    return point.x, point.y


def _over_areas(request: PlanRequest, terrain: Terrain) -> Runs:
    """Boundary and sweep: every part of the grid that has room for them."""
    if terrain.closed_share > 1.0 - _NEGLIGIBLE_SHARE:
        code = request.grid.code
        return [], [
            stop(
                "route.all_closed",
                f"{code}: all of the grid is closed: wait until it is open, or plan another",
                f"{code}：整个网格均不得进入：请待其开放，或改选网格",
            )
        ]
    findings = [_too_small(request, part, terrain) for part in terrain.small]
    if request.task.pattern is Pattern.BOUNDARY:
        runs, unlooped = _around(request, terrain.areas, terrain)
        return runs, [*findings, *unlooped]
    spacing_m, wrong = spacing_of(request)
    rooms = [room for area in terrain.areas for room in area.rooms]
    if rooms and not wrong:
        wrong = explosion(rooms, spacing_m, is_own=request.task.spacing_m is None)
    if wrong:
        return [], [*findings, *wrong]
    start = position_of(request.home, terrain)
    runs = [run for area in terrain.areas for run in sweep_run(request, area, spacing_m, start)]
    return runs, findings


def _around(request: PlanRequest, areas: Sequence[Area], terrain: Terrain) -> Runs:
    start = position_of(request.home, terrain)
    runs: list[Run] = []
    findings: list[Finding] = []
    for area in areas:
        found = boundary_run(request, area, start)
        runs += found
        if not found:
            findings.append(_too_small(request, area.outline, terrain))
    if not runs and findings:
        findings = [
            stop(one.code, one.text, one.text_zh) if one.level is Level.WARN else one
            for one in findings
        ]
    return runs, findings


def _too_small(request: PlanRequest, part: Polygon, terrain: Terrain) -> Finding:
    """Forbids where nothing else of the grid can be flown."""
    depth_m = inset_m(request.speed_m_s)
    code = request.grid.code
    text = (
        f"{code}: {{}} is too small or too narrow for a route {depth_m:.0f} m inside its boundary; "
        "visit a point instead (pattern points)"
    )
    text_zh = (
        f"{code}：{{}}过小或过窄，无法在边界内侧{depth_m:.0f}米规划航线；请改为定点巡查（points）"
    )
    if not terrain.areas:
        named, named_zh = "the grid", "网格"
        if terrain.closed_share > _NEGLIGIBLE_SHARE:
            named, named_zh = "what is open of the grid", "网格的开放部分"
        return stop("route.too_small", text.format(named), text_zh.format(named_zh))
    named, named_zh = f"a part of {part.area / 1e4:.2f} ha", f"面积{part.area / 1e4:.2f}公顷的部分"
    return warn("route.part_too_small", text.format(named), text_zh.format(named_zh))


def _along(request: PlanRequest, terrain: Terrain) -> Runs:
    """A corridor: the parts of the line inside the grid, the rest told."""
    corners = [position_of(place, terrain) for place in request.task.places]
    if len(corners) < 2 or LineString(corners).length == 0.0:
        return [], [
            stop(
                "corridor.no_line", "a corridor needs a line: two places or more",
                "走廊巡查需要一条线：至少两个点",
            )
        ]  # fmt: skip
    line = LineString(corners)
    lanes, wrong = _lanes(request, line)
    if wrong:
        return [], wrong
    runs = [run for area in terrain.areas for run in corridor_run(request, area, lanes)]
    depth_m = inset_m(request.speed_m_s)
    if not runs:
        return [], [
            stop(
                "corridor.outside",
                f"no part of the line lies inside the grid, {depth_m:.0f} m from its edge",
                f"线路没有任何部分在网格内且距边界{depth_m:.0f}米以上",
            )
        ]
    outside_m = line.length - sum(line.intersection(area.inside).length for area in terrain.areas)
    if outside_m <= 1.0:
        return runs, []
    return runs, [
        warn(
            "corridor.cut",
            f"{outside_m:.0f} m of the line lie outside the grid or within {depth_m:.0f} m of its "
            "edge: they are left out",
            f"线路有{outside_m:.0f}米在网格外或距边界不足{depth_m:.0f}米，未列入航线",
        )
    ]


def _lanes(request: PlanRequest, line: LineString) -> tuple[list[LineString], list[Finding]]:
    """The line alone, or as many lanes beside it as show its width."""
    if not request.task.width_m:
        return [line], []
    spacing_m, wrong = spacing_of(request)
    wrong = wrong or explosion([line.buffer(request.task.width_m / 2.0)], spacing_m)
    return ([], wrong) if wrong else (corridor_lines(line, request.task.width_m, spacing_m), [])
