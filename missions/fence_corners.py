"""Draws a fence with no more corners than an autopilot keeps: further in, never further out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

from missions.flat import to_place, to_position, to_positions
from missions.open_air import MARGIN_M
from missions.polygons import polygons_in, together
from missions.request import PlanRequest, braking_m
from missions.stops import Position
from patrol.geo import GeoPoint, LocalFrame

# PX4 v1.16 keeps 64 (DM_KEY_FENCE_POINTS_MAX); v1.14 keeps its statistics in one of them.
FENCE_CORNERS_MAX = 63
_STEPS_M = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0, 10.0)  # ever coarser; it moves in by up to twice it
_SPARE_M = 0.6  # what the checks of the way home take between two samples
_AROUND_M = 40.0  # of the route, where the rest of a long coast is left out
_SLACK_M = 0.02


def kept_fence(
    request: PlanRequest,
    fence: tuple[GeoPoint, ...],
    route: Sequence[Position],
    frame: LocalFrame,
) -> tuple[GeoPoint, ...]:
    """The fence itself, or one inside it that an autopilot keeps and the route has room in.

    Where there is none it stays as it is, and the plan's checks forbid it.
    """
    if len(fence) <= FENCE_CORNERS_MAX:
        return fence
    home = to_position(request.home, frame)
    way = LineString([(home.x, home.y), *route]) if route else home
    room_m = max(MARGIN_M, braking_m(request.speed_m_s)) + _SPARE_M
    drawn = fewer_corners(Polygon(to_positions(fence, frame)), way, room_m)
    if drawn is None:
        return fence
    return tuple(to_place(corner, frame) for corner in orient(drawn).exterior.coords[:-1])


def fewer_corners(fence: Polygon, route: LineString | Point, room_m: float) -> Polygon | None:
    """The widest found inside the fence, with so much room around the route; None for none."""
    # Where the route passes near the edge the fence stays with it, and goes further in elsewhere.
    kept = route.buffer(room_m, cap_style="square", join_style="mitre", mitre_limit=2.0)
    kept = kept.intersection(fence)
    for inner in _ever_narrower(fence, route, room_m):
        drawn = together([inner.intersection(fence), kept])
        if isinstance(drawn, Polygon) and _is_kept(drawn, fence):
            return Polygon(drawn.exterior)
    return None


def _is_kept(drawn: Polygon, fence: Polygon) -> bool:
    is_few = len(drawn.exterior.coords) - 1 <= FENCE_CORNERS_MAX
    return bool(is_few and drawn.is_valid and fence.buffer(_SLACK_M).covers(drawn))


def _ever_narrower(
    fence: Polygon, route: LineString | Point, room_m: float
) -> Iterator[BaseGeometry]:
    """All of it, ever coarser; what lies around the route; hardly more than the route."""
    around = fence.intersection(route.convex_hull.buffer(_AROUND_M, quad_segs=2))
    for wide in (fence, around):
        for step_m in _STEPS_M:
            yield wide.buffer(-step_m, join_style="mitre").simplify(step_m)
    for step_m in _STEPS_M:
        tubes = polygons_in(route.buffer(room_m + step_m, quad_segs=4))
        yield Polygon(tubes[0].exterior).simplify(step_m)
