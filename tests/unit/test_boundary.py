"""A boundary patrol stays inside its grid and its fence, whatever the grid looks like."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, Point, Polygon

from missions.boundary import plan_boundary
from missions.codes import GridLevel
from missions.flat import to_metres, to_position
from missions.grid import Grid
from missions.register import load_register
from missions.request import PlanRequest, default_home, inset_m
from patrol.camera import CameraLens
from patrol.geo import GeoPoint, LocalFrame, bearing_true_deg, distance_m, is_inside, offset
from patrol.plan import Finding, Level, MissionPlan, Waypoint, stops
from tests.unit.test_plan_words import NOW

CENTRE = GeoPoint(lat_deg=23.28, lon_deg=116.72)
FRAME = LocalFrame(origin=CENTRE)
LENS = CameraLens(width_px=1280, height_px=720, hfov_deg=40.0)
SIMPLIFIED_M = 2.0  # the route may cut a corner of the inset by so much

Metres = Sequence[tuple[float, float]]


def a_shape(ring: Metres, holes: Sequence[Metres] = ()) -> Polygon:
    """A polygon in metres around CENTRE as longitude and latitude."""

    def degrees(part: Metres) -> list[tuple[float, float]]:
        places = [offset(CENTRE, east_m=e, north_m=n) for e, n in part]
        return [(place.lon_deg, place.lat_deg) for place in places]

    return Polygon(degrees(ring), [degrees(hole) for hole in holes])


def a_grid(shape: Polygon | MultiPolygon) -> Grid:
    return Grid(
        code="440512001003003", level=GridLevel.GRID, name_zh="第三网格",
        name_spoken="达濠街道青篮社区第三网格", aliases=(), shape=shape,
    )  # fmt: skip


def a_request(grid: Grid, home: GeoPoint | None = None) -> PlanRequest:
    return PlanRequest(
        grid=grid, register_version="v1", home=home or default_home(grid),
        home_elevation_amsl_m=12.0, lens=LENS, created_utc=NOW,
    )  # fmt: skip


def square(side_m: float) -> list[tuple[float, float]]:
    half = side_m / 2
    return [(-half, -half), (half, -half), (half, half), (-half, half)]


def flat(grid: Grid) -> Polygon | MultiPolygon:
    found = to_metres(grid.shape, FRAME)
    assert isinstance(found, Polygon | MultiPolygon)
    return found


def codes(findings: Sequence[Finding]) -> set[str]:
    return {finding.code for finding in findings}


def loop_of(plan: MissionPlan) -> tuple[Waypoint, ...]:
    """Without the way out to its first corner, where a straight one would leave the fence."""
    way_out = sum(waypoint.is_transit for waypoint in plan.waypoints)
    return plan.waypoints[max(0, way_out - 1) :]


def corners(plan: MissionPlan) -> list[tuple[float, float]]:
    points = [to_position(waypoint.point, FRAME) for waypoint in loop_of(plan)]
    return [(point.x, point.y) for point in points]


@st.composite
def star(
    draw: st.DrawFn, smallest_m: float = 40.0, largest_m: float = 500.0
) -> list[tuple[float, float]]:
    """A ring around the origin with bays and spikes, counter-clockwise."""
    count = draw(st.integers(3, 14))
    radii = draw(st.lists(st.floats(smallest_m, largest_m), min_size=count, max_size=count))
    turn = draw(st.floats(0.0, math.tau))
    return [
        (r * math.cos(turn + math.tau * i / count), r * math.sin(turn + math.tau * i / count))
        for i, r in enumerate(radii)
    ]


@st.composite
def blocks(draw: st.DrawFn) -> list[tuple[float, float]]:
    """Right-angled blocks in a row, as L, T and U are made of; some hang on by a narrow neck."""
    heights = draw(st.lists(st.floats(20.0, 400.0), min_size=1, max_size=5))
    widths = draw(st.lists(st.floats(10.0, 200.0), min_size=len(heights), max_size=len(heights)))
    top: list[tuple[float, float]] = []
    east = 0.0
    for height, width in zip(heights, widths, strict=True):
        top += [(east, height), (east + width, height)]
        east += width
    ring = [(0.0, 0.0), (east, 0.0), *reversed(top)]
    shape = Polygon(ring).simplify(0.0)
    assert isinstance(shape, Polygon)
    return [(x, y) for x, y in shape.exterior.coords[:-1]]


rings = star() | blocks()


@settings(max_examples=150, deadline=None)
@given(rings)
def test_every_leg_of_the_loop_stays_in_the_grid_and_keeps_the_inset(ring: Metres) -> None:
    grid = a_grid(a_shape(ring))
    plan, findings = plan_boundary(a_request(grid))
    if plan is None:
        assert stops(findings)
        return
    loop = LineString(corners(plan))
    assert flat(grid).contains(loop)
    assert loop.distance(flat(grid).boundary) >= inset_m(4.8) - SIMPLIFIED_M - 0.1


def test_in_the_sample_every_leg_keeps_the_inset() -> None:
    for grid in load_register().grids[::5]:
        plan, _ = plan_boundary(a_request(grid))
        if plan is not None:
            kept_m = LineString(corners(plan)).distance(flat(grid).boundary)
            assert kept_m >= inset_m(4.8) - SIMPLIFIED_M - 0.1, grid.code


@settings(max_examples=150, deadline=None)
@given(rings)
def test_the_fence_holds_home_and_the_whole_way(ring: Metres) -> None:
    plan, findings = plan_boundary(a_request(a_grid(a_shape(ring))))
    if plan is None:
        return
    fence = Polygon([(p.lon_deg, p.lat_deg) for p in plan.fence])
    assert fence.is_valid
    assert is_inside(plan.home, plan.fence)
    assert all(is_inside(waypoint.point, plan.fence) for waypoint in plan.waypoints)
    places = [plan.home, *(waypoint.point for waypoint in plan.waypoints)]
    route = LineString([(place.lon_deg, place.lat_deg) for place in places])
    assert fence.buffer(1e-6).contains(route) or "fence.leg_outside" in codes(findings)


@settings(max_examples=150, deadline=None)
@given(rings)
def test_no_leg_is_flown_too_fast_to_count_and_the_loop_closes(ring: Metres) -> None:
    plan, _ = plan_boundary(a_request(a_grid(a_shape(ring))))
    if plan is None:
        return
    assert all(0.0 < waypoint.speed_m_s <= 5.0 for waypoint in plan.waypoints)
    assert loop_of(plan)[0].point == loop_of(plan)[-1].point
    assert len(loop_of(plan)) >= 4
    assert plan.waypoints[0].height == plan.return_height


@settings(max_examples=100, deadline=None)
@given(rings)
def test_the_loop_turns_left_and_the_camera_looks_inwards(ring: Metres) -> None:
    plan, _ = plan_boundary(a_request(a_grid(a_shape(ring))))
    if plan is None:
        return
    loop = LineString(corners(plan))
    assert loop.length >= 32.0
    assert loop.is_simple
    assert Polygon(corners(plan)).exterior.is_ccw
    legs = zip(loop_of(plan), loop_of(plan)[1:], strict=False)
    for start, end in legs:
        assert end.camera_bearing_true_deg is not None
        track_deg = bearing_true_deg(start.point, end.point)
        left_deg = (track_deg - end.camera_bearing_true_deg) % 360.0
        assert left_deg == pytest.approx(33.0, abs=0.1)


@settings(max_examples=80, deadline=None)
@given(star(smallest_m=60.0), st.integers(0, 13), st.booleans())
def test_the_route_does_not_depend_on_how_the_ring_is_written(
    ring: Metres, start: int, is_turned: bool
) -> None:
    other = [*ring[start % len(ring) :], *ring[: start % len(ring)]]
    if is_turned:
        other.reverse()
    home = offset(CENTRE, east_m=3.0, north_m=1.0)
    first, _ = plan_boundary(a_request(a_grid(a_shape(ring)), home))
    second, _ = plan_boundary(a_request(a_grid(a_shape(other)), home))
    assert first is not None
    assert second is not None
    one, two = LineString(corners(first)), LineString(corners(second))
    assert one.hausdorff_distance(two) <= 2.0 * SIMPLIFIED_M


@settings(max_examples=100, deadline=None)
@given(rings)
def test_a_plan_or_a_finding_that_forbids_is_always_given(ring: Metres) -> None:
    plan, findings = plan_boundary(a_request(a_grid(a_shape(ring))))
    assert plan is not None or [finding.code for finding in stops(findings)] == ["route.too_small"]
    for finding in findings:
        assert finding.text
        assert finding.text_zh


@pytest.mark.parametrize("side_m", [0.5, 5.0, 20.0, 30.0])
def test_a_grid_too_small_for_a_loop_is_told_with_its_code(side_m: float) -> None:
    plan, findings = plan_boundary(a_request(a_grid(a_shape(square(side_m)))))
    assert plan is None
    assert [finding.code for finding in findings] == ["route.too_small"]
    assert findings[0].level is Level.STOP
    assert findings[0].text.startswith("440512001003003: ")
    assert "visit a point instead" in findings[0].text


def test_a_long_narrow_lane_has_no_loop() -> None:
    plan, findings = plan_boundary(
        a_request(a_grid(a_shape([(0, 0), (900, 0), (900, 25), (0, 25)])))
    )
    assert plan is None
    assert [finding.code for finding in findings] == ["route.too_small"]


def test_a_square_is_flown_along_its_four_sides() -> None:
    plan, findings = plan_boundary(a_request(a_grid(a_shape(square(300.0)))))
    assert plan is not None
    assert not stops(findings)
    assert len(plan.waypoints) == 5
    for east, north in corners(plan):
        assert abs(east) == pytest.approx(135.0, abs=0.05)
        assert abs(north) == pytest.approx(135.0, abs=0.05)


def test_two_rooms_with_a_narrow_door_are_not_joined_by_a_leg() -> None:
    ring = [
        (0, 0), (150, 0), (150, 70), (160, 70), (160, 0), (400, 0), (400, 200), (160, 200),
        (160, 80), (150, 80), (150, 200), (0, 200),
    ]  # fmt: skip
    grid = a_grid(a_shape(ring))
    plan, _ = plan_boundary(a_request(grid))
    assert plan is not None
    assert all(east > 160.0 for east, _ in corners(plan))


def test_of_a_grid_in_two_parts_only_the_larger_is_flown_and_that_is_told() -> None:
    large, small = a_shape(square(300.0)), a_shape([(400, 0), (500, 0), (500, 100), (400, 100)])
    grid = a_grid(MultiPolygon([small, large]))
    plan, findings = plan_boundary(a_request(grid))
    assert plan is not None
    assert "route.parts_left" in {f.code for f in findings if f.level is Level.WARN}
    assert all(abs(east) < 150.0 for east, _ in corners(plan))


def test_a_hole_in_the_grid_is_told_and_not_flown_over() -> None:
    hole = [(-40, -40), (-40, 40), (40, 40), (40, -40)]
    plan, findings = plan_boundary(a_request(a_grid(a_shape(square(300.0), [hole]))))
    assert plan is not None
    assert "route.holes" in codes(findings)
    assert not LineString(corners(plan)).intersects(Polygon(hole))


def test_a_launch_point_beside_the_grid_is_fenced_in_with_the_way_there() -> None:
    grid = a_grid(a_shape(square(300.0)))
    home = offset(CENTRE, east_m=0.0, north_m=-260.0)
    plan, findings = plan_boundary(a_request(grid, home))
    assert plan is not None
    assert is_inside(home, plan.fence)
    fence = Polygon([to_position(p, FRAME).coords[0] for p in plan.fence])
    first = to_position(plan.waypoints[0].point, FRAME)
    way = LineString([to_position(home, FRAME), first])
    assert fence.contains(Point(0.0, -200.0))
    assert fence.contains(first)
    assert ("fence.leg_outside" in codes(findings)) == (not fence.contains(way))


@pytest.mark.parametrize("side_m", [120.0, 300.0, 600.0])
def test_the_patrol_starts_at_the_corner_nearest_home(side_m: float) -> None:
    home = offset(CENTRE, east_m=side_m / 2 - 20.0, north_m=side_m / 2 - 25.0)
    plan, _ = plan_boundary(a_request(a_grid(a_shape(square(side_m))), home))
    assert plan is not None
    nearest_m = min(distance_m(home, waypoint.point) for waypoint in plan.waypoints)
    assert distance_m(home, plan.waypoints[0].point) == pytest.approx(nearest_m)


def test_faster_flight_keeps_farther_from_the_boundary() -> None:
    assert inset_m(4.8) == 15.0
    assert inset_m(10.0) > inset_m(8.0) > 15.0
    grid = a_grid(a_shape(square(400.0)))
    plan, findings = plan_boundary(replace(a_request(grid), speed_m_s=10.0))
    assert plan is not None
    assert max(east for east, _ in corners(plan)) == pytest.approx(200.0 - inset_m(10.0), abs=0.1)
    assert "count.too_fast" in codes(findings)


def test_the_length_is_that_of_the_way_out_the_loop_and_the_way_home() -> None:
    plan, _ = plan_boundary(a_request(a_grid(a_shape(square(300.0))), CENTRE))
    assert plan is not None
    assert plan.length_m == pytest.approx(4 * 270.0 + 2 * math.hypot(135, 135), abs=1.0)
    assert plan.duration_s > plan.length_m / 4.8
    assert plan.look_hold is not None
    stays_s = plan.duration_s + plan.look_hold.longest_s
    assert plan.battery_need_pct == pytest.approx(stays_s / 1500.0 * 100.0, abs=0.1)


@settings(max_examples=60, deadline=None)
@given(st.floats(100.0, 2000.0))
def test_the_look_hold_never_takes_from_the_reserve(side_m: float) -> None:
    plan, findings = plan_boundary(a_request(a_grid(a_shape(square(side_m)))))
    assert plan is not None
    if plan.look_hold is not None:
        assert plan.battery_need_pct <= 70.1
        assert 120.0 <= plan.look_hold.longest_s <= 660.0
        assert plan.look_hold.standoff_min_m >= 30.0
    else:
        assert {"battery.reserve", "battery.short_look"} & codes(findings)


@settings(max_examples=60, deadline=None)
@given(rings)
def test_the_default_launch_point_lies_in_the_grid(ring: Metres) -> None:
    grid = a_grid(a_shape(ring))
    home = default_home(grid)
    assert grid.shape.buffer(1e-7).contains(Point(home.lon_deg, home.lat_deg))


def test_every_grid_of_the_sample_gives_a_plan_inside_it_or_says_why_not() -> None:
    register = load_register()
    flown = 0
    for grid in register.grids[::6]:
        plan, findings = plan_boundary(a_request(grid))
        if plan is None or stops(findings):
            assert stops(findings)
            continue
        flown += 1
        loop = LineString([(w.point.lon_deg, w.point.lat_deg) for w in plan.waypoints])
        assert grid.shape.contains(loop), grid.code
    assert flown > 20


def test_the_same_request_gives_the_same_plan() -> None:
    request = a_request(a_grid(a_shape(square(300.0))))
    first, second = plan_boundary(request)[0], plan_boundary(request)[0]
    assert first is not None
    assert second is not None
    assert first.digest == second.digest
