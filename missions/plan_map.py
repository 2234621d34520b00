"""Draws a patrol on its grid: every sortie, the fence, the zones, and what it all comes to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

import shapely
from shapely.geometry import LineString, Point, Polygon

from missions.airspace import AirspaceZone
from missions.coverage import seen_share_pct
from missions.map_legend import (
    HATCH,
    Row,
    finding_rows,
    finding_table,
    legend,
    sign_rows,
)
from missions.map_sheet import (
    HEAD_PX,
    INK,
    MARGIN_PX,
    RED,
    WIDTH_PX,
    Drawing,
    Frame,
    Room,
    frame_around,
    page,
    path_of,
    scale_mark,
    sheet,
    text,
    width_px,
)
from missions.planner import Patrol, Sortie
from missions.polygons import polygons_in
from missions.request import PlanRequest
from missions.route_marks import (
    COLOURS,
    fence_mark,
    home_mark,
    rally_mark,
    route_marks,
    waypoint_marks,
)
from missions.zones import ZONE_WORDS
from patrol.plan import MissionPlan, stops

_MAP_MAX_PX = 900.0
_ROOM_SHARE = 0.06  # around what is drawn
ZONE_COLOUR = "#7e22ce"


def patrol_drawing(patrol: Patrol, request: PlanRequest) -> Drawing:
    """The map with its legend; without a sortie the grid and the reasons why there is none."""
    plans = [sortie.plan for sortie in patrol.sorties]
    findings = patrol.all_findings
    frame = _frame(plans, request)
    zones, room = zones_of(request), Room()
    drawn = "".join(
        [
            *_title(request),
            f'<clipPath id="map"><rect x="0" y="{HEAD_PX:.0f}" width="{WIDTH_PX:.0f}" '
            f'height="{frame.height_px:.1f}"/></clipPath><g clip-path="url(#map)">',
            *_ground(frame, request),
            *zone_shapes(frame, zones),
            *_lines(frame, plans),
            *zone_names(frame, zones, room),
            *_marks(frame, patrol, room),
            "</g>",
            scale_mark(frame),
        ]
    )
    rows = [
        *_figures(plans, request),
        *sign_rows(
            has_zones=bool(zones),
            has_rally=any(plan.rally_points for plan in plans),
            has_forbidden=any(_forbidden(sortie) for sortie in patrol.sorties),
        ),
        *finding_rows(findings),
    ]
    below, height_px = legend(rows, HEAD_PX + frame.height_px + 30.0)
    svg = sheet(HATCH + drawn + below, height_px)
    title = f"{request.grid.name_spoken} {request.grid.code}"
    return Drawing(svg=svg, html=page(title, svg, _leg_table(plans) + finding_table(findings)))


def zones_of(request: PlanRequest) -> tuple[AirspaceZone, ...]:
    """All that are known, in force or not."""
    airspace = request.around.airspace
    return airspace.zones if airspace is not None else ()


def zone_shapes(frame: Frame, zones: Sequence[AirspaceZone]) -> Iterator[str]:
    """Below the routes."""
    for zone in zones:
        kind, kind_zh = ZONE_WORDS[zone.kind]
        title = escape(f"{zone.name} {kind_zh} {kind} {zone.source}")
        yield (
            f'<path d="{path_of(frame, polygons_in(zone.shape))}" fill="{ZONE_COLOUR}" '
            f'fill-opacity=".16" stroke="{ZONE_COLOUR}" stroke-width="1.6" stroke-dasharray="2 2" '
            f'fill-rule="evenodd"><title>{title}</title></path>'
        )


def zone_names(frame: Frame, zones: Sequence[AirspaceZone], room: Room) -> Iterator[str]:
    """Above them, where there is room."""
    for zone in zones:
        inside = zone.shape.representative_point()
        x, y = frame.at(inside.x, inside.y)
        said = f"{zone.name}（{ZONE_WORDS[zone.kind][1]}）"
        wide_px = width_px(said, 12)
        is_shown = frame.has(x, y)
        x = min(max(x, wide_px / 2 + 4), WIDTH_PX - wide_px / 2 - 4)
        if is_shown and room.take(x, y, wide_px, 14):
            yield text(x, y + 4, said, size=12, fill=ZONE_COLOUR, anchor="middle", is_haloed=True)


def _frame(plans: Sequence[MissionPlan], request: PlanRequest) -> Frame:
    points = [request.home] + [
        point
        for plan in plans
        for point in (
            plan.home, *plan.fence, *(one.point for one in plan.waypoints),
            *(one.point for one in plan.rally_points),
        )
    ]  # fmt: skip
    drawn = [request.grid.shape, *(Point(point.lon_deg, point.lat_deg) for point in points)]
    west, south, east, north = shapely.total_bounds(drawn)
    spare = max(east - west, north - south) * _ROOM_SHARE
    corners = LineString([(west - spare, south - spare), (east + spare, north + spare)])
    return frame_around([corners], _MAP_MAX_PX)


def _title(request: PlanRequest) -> Iterator[str]:
    grid = request.grid
    said = f"{grid.name_spoken} · {grid.code} · 名册 register {request.register_version}"
    yield text(MARGIN_PX, 28, said, size=18)
    if request.is_exercise:
        yield text(MARGIN_PX, 50, "演练 EXERCISE", size=13, fill=RED)


def _ground(frame: Frame, request: PlanRequest) -> Iterator[str]:
    """The grid, and the places that are kept out of."""
    shape = path_of(frame, polygons_in(request.grid.shape))
    yield (
        f'<path d="{shape}" fill="#eef4ea" stroke="#9ca3af" stroke-width="1" fill-rule="evenodd"/>'
    )
    for ring in request.around.kept_out:
        hole = path_of(frame, [Polygon([(one.lon_deg, one.lat_deg) for one in ring])])
        yield f'<path d="{hole}" fill="url(#hatch)" stroke="#6b7280"/>'


def _lines(frame: Frame, plans: Sequence[MissionPlan]) -> Iterator[str]:
    for plan in plans:
        yield fence_mark(frame, plan)
    for number, plan in enumerate(plans):
        yield from route_marks(frame, plan, COLOURS[number % len(COLOURS)], 2.4)


def _marks(frame: Frame, patrol: Patrol, room: Room) -> Iterator[str]:
    """What stands on the lines."""
    for point in {sortie.plan.home for sortie in patrol.sorties}:
        x, y = frame.at(point.lon_deg, point.lat_deg)
        room.take(x, y, 22, 20)
        yield home_mark(frame, point, INK)
    for number, sortie in enumerate(patrol.sorties):
        colour = COLOURS[number % len(COLOURS)]
        yield from waypoint_marks(frame, sortie.plan, colour, room, _forbidden(sortie))
        for rally in sortie.plan.rally_points:
            yield rally_mark(frame, rally.point)


def _forbidden(sortie: Sortie) -> list[int]:
    """Legs of which a finding forbids that they are flown."""
    return [one.leg for one in stops(sortie.findings) if one.leg is not None]


def _figures(plans: Sequence[MissionPlan], request: PlanRequest) -> Iterator[Row]:
    """What the patrol comes to, and each sortie of several."""
    if not plans:
        return
    seen_pct = seen_share_pct(plans, request.grid, request.lens)
    for number, plan in enumerate(plans):
        which = ""
        if len(plans) > 1:
            which = f"第{plan.sortie_number}架次 sortie {plan.sortie_number} of {len(plans)}: "
        yield Row(
            said=f"{which}航程 length {plan.length_m / 1000:.2f} km · 时长 time "
            f"{plan.duration_s / 60:.1f} min · 电量 battery {plan.battery_need_pct:.0f} % · 航点 "
            f"waypoints {len(plan.waypoints)} · {plan.plan_id}",
            colour=COLOURS[number % len(COLOURS)], size=15.0,
        )  # fmt: skip
    yield Row(
        said=f"计数航段的画面覆盖网格的{seen_pct:.0f}% · the legs that are counted on show "
        f"{seen_pct:.0f} % of the grid",
        size=15.0,
    )


def _leg_table(plans: Sequence[MissionPlan]) -> str:
    """Every waypoint as it is flown to."""
    named = ("架次 sortie", "航点 waypoint", "高度 height", "速度 speed")
    head = "<tr>" + "".join(f"<td>{name}</td>" for name in named) + "</tr>"
    return head + "".join(
        f"<tr><td>{plan.sortie_number}</td><td>{number}{' 转场 transit' * one.is_transit}</td>"
        f"<td>{one.height.metres:.0f} m ({one.height.datum.value})</td>"
        f"<td>{one.speed_m_s:g} m/s{f', {one.hold_s:.0f} s' * bool(one.hold_s)}</td></tr>"
        for plan in plans
        for number, one in enumerate(plan.waypoints, 1)
    )
