"""Whatever a grid looks like, each pattern gives a plan inside it, or a finding."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from missions.areas import terrain_of
from missions.flat import to_metres, to_position
from missions.grid import Grid
from missions.patterns import runs_of
from missions.planner import Patrol, plan_patrol
from missions.request import PlanRequest, Task, default_home, inset_m, stopping_m
from patrol.camera import CameraLens
from patrol.energy import energy_need_pct
from patrol.geo import GeoPoint, offset
from patrol.pattern import Pattern
from patrol.plan import MissionPlan, stops
from tests.unit.test_boundary import (
    CENTRE,
    FRAME,
    Metres,
    a_grid,
    a_request,
    a_shape,
    rings,
    square,
    star,
)

AREAL = (Pattern.BOUNDARY, Pattern.SWEEP)
patterns = st.sampled_from(list(Pattern))


def a_task(pattern: Pattern, **more: object) -> Task:
    """Of a corridor a line across the middle; of the others the middle of the grid."""
    places = (at(-600.0, -90.0), at(20.0, 10.0), at(580.0, 200.0))
    task = Task(pattern=pattern, places=places if pattern is Pattern.CORRIDOR else ())
    return replace(task, **more)  # type: ignore[arg-type]  # fields of Task


def at(east_m: float, north_m: float) -> GeoPoint:
    return offset(CENTRE, east_m=east_m, north_m=north_m)


def asked(
    grid: Grid, pattern: Pattern, home: GeoPoint | None = None, **more: object
) -> PlanRequest:
    return replace(a_request(grid, home), task=a_task(pattern, **more))


def places(plan: MissionPlan) -> list[tuple[float, float]]:
    points = [to_position(waypoint.point, FRAME) for waypoint in plan.waypoints]
    return [(point.x, point.y) for point in points]


def patrol_legs(plan: MissionPlan) -> list[LineString]:
    """From where the patrol begins on: not the way out."""
    begin = next((i for i, one in enumerate(plan.waypoints) if not one.is_transit or one.hold_s), 0)
    chain = places(plan)[max(0, begin - (not plan.waypoints[begin].is_transit)) :]
    return [LineString(pair) for pair in zip(chain, chain[1:], strict=False)]


def counting_legs(plan: MissionPlan) -> list[LineString]:
    chain = places(plan)
    return [
        LineString(chain[i - 1 : i + 1])
        for i, one in enumerate(plan.waypoints)
        if i and not one.is_transit
    ]


def fence(plan: MissionPlan) -> Polygon:
    return Polygon([to_position(corner, FRAME).coords[0] for corner in plan.fence])


def codes(patrol: Patrol) -> set[str]:
    return {finding.code for finding in patrol.all_findings}


def flat(grid: Grid) -> BaseGeometry:
    return to_metres(grid.shape, FRAME)


@st.composite
def holed(draw: st.DrawFn) -> Polygon:
    """A grid with a hole, which may touch nothing of its edge."""
    ring = draw(star(smallest_m=200.0))
    half_m, turn = draw(st.floats(5.0, 60.0)), draw(st.floats(0.0, 1.5))
    hole = [
        (half_m * math.cos(turn + math.tau * i / 5), half_m * math.sin(turn + math.tau * i / 5))
        for i in range(5)
    ]
    return a_shape(ring, [hole])


shapes = rings.map(a_shape) | holed()


@settings(max_examples=50, deadline=None)
@given(shapes, patterns)
def test_any_simple_polygon_gives_a_plan_inside_it_or_a_finding(
    shape: Polygon, pattern: Pattern
) -> None:
    grid = a_grid(shape)
    patrol = plan_patrol(asked(grid, pattern))
    assert patrol.sorties or stops(patrol.findings)
    # A tiny grid is looked at from above its middle; all else keeps the way to stop.
    is_tiny = "points.tiny" in codes(patrol)
    kept = flat(grid).buffer(0.05 if is_tiny else 0.1 - stopping_m(4.8))
    for sortie in patrol.sorties:
        assert all(kept.covers(leg) for leg in patrol_legs(sortie.plan))
        assert all(0.0 < one.speed_m_s <= 7.0 for one in sortie.plan.waypoints)
    for finding in patrol.all_findings:
        assert finding.text
        assert finding.text_zh


@settings(max_examples=50, deadline=None)
@given(shapes, patterns)
def test_home_and_the_whole_way_lie_in_one_fence(shape: Polygon, pattern: Pattern) -> None:
    for sortie in plan_patrol(asked(a_grid(shape), pattern)).sorties:
        plan = sortie.plan
        whole = fence(plan)
        assert whole.is_valid
        home = to_position(plan.home, FRAME)
        assert whole.covers(home)
        route = LineString([home, *places(plan)]) if plan.waypoints else home
        told = {finding.code for finding in sortie.findings}
        assert whole.buffer(0.1).covers(route) or "fence.leg_outside" in told


@settings(max_examples=30, deadline=None)
@given(shapes)
def test_the_lanes_of_a_sweep_keep_the_inset(shape: Polygon) -> None:
    grid = a_grid(shape)
    sorties = plan_patrol(asked(grid, Pattern.SWEEP)).sorties
    # Where a turn between lanes is cut, a sortie ends on the way along the edge.
    least_m = inset_m(4.8) if len(sorties) == 1 else stopping_m(4.8)
    for sortie in sorties:
        lanes = counting_legs(sortie.plan)
        assert all(leg.distance(flat(grid).boundary) >= stopping_m(4.8) - 0.1 for leg in lanes)
        ends = [Point(place) for leg in lanes for place in leg.coords]
        assert all(end.distance(flat(grid).boundary) >= least_m - 0.1 for end in ends)


@settings(max_examples=40, deadline=None)
@given(star(smallest_m=60.0), st.integers(0, 13), st.booleans(), st.sampled_from(AREAL))
def test_a_route_does_not_depend_on_winding_or_starting_vertex(
    ring: Metres, start: int, is_turned: bool, pattern: Pattern
) -> None:
    other = [*ring[start % len(ring) :], *ring[: start % len(ring)]]
    if is_turned:
        other.reverse()
    home = at(3.0, 1.0)
    first = plan_patrol(asked(a_grid(a_shape(ring)), pattern, home)).sorties
    second = plan_patrol(asked(a_grid(a_shape(other)), pattern, home)).sorties
    assert len(first) == len(second)
    for one, two in zip(first, second, strict=True):
        pairs = zip(places(one.plan), places(two.plan), strict=True)
        assert all(math.dist(a, b) < 0.05 for a, b in pairs)


@settings(max_examples=10, deadline=None)
@given(star(smallest_m=350.0, largest_m=700.0), st.sampled_from(AREAL))
def test_no_sortie_takes_more_than_a_battery_and_together_they_fly_all_of_it(
    ring: Metres, pattern: Pattern
) -> None:
    grid = a_grid(a_shape(ring))
    sorties = plan_patrol(asked(grid, pattern)).sorties
    assert sorties
    for number, sortie in enumerate(sorties, 1):
        assert sortie.plan.battery_need_pct <= 70.1
        assert "battery.reserve" not in {finding.code for finding in sortie.findings}
        assert (sortie.plan.sortie_number, sortie.plan.sortie_count) == (number, len(sorties))
    flown_m = sum(leg.length for one in sorties for leg in counting_legs(one.plan))
    request = asked(grid, pattern)
    runs, _ = runs_of(request, terrain_of(request))
    whole_m = sum(
        math.dist(a.position, b.position)
        for run in runs
        for a, b in zip(run.stops, run.stops[1:], strict=False)
        if not b.is_transit
    )
    assert flown_m == pytest.approx(whole_m, rel=0.02, abs=60.0)


@settings(max_examples=20, deadline=None)
@given(shapes)
def test_a_sweep_shows_most_of_what_it_can_fly_over(shape: Polygon) -> None:
    grid = a_grid(shape)
    patrol = plan_patrol(asked(grid, Pattern.SWEEP))
    if not patrol.sorties:
        return
    room = flat(grid).buffer(-inset_m(4.8) - 5.0).buffer(-1.0)
    lanes = [leg for one in patrol.sorties for leg in counting_legs(one.plan)]
    seen = Polygon()
    for lane in lanes:
        seen = seen.union(lane.buffer(20.0))
    assert room.area == 0.0 or seen.intersection(room).area >= 0.85 * room.area - 400.0


@pytest.mark.parametrize("pattern", [Pattern.BOUNDARY, Pattern.SWEEP, Pattern.HOLD, Pattern.ORBIT])
@pytest.mark.parametrize("height_agl_m", [31.0, 60.0, 110.0])
def test_what_is_planned_high_up_is_not_forbidden_for_the_battery_of_its_climb(
    height_agl_m: float, pattern: Pattern
) -> None:
    request = replace(
        asked(a_grid(a_shape(square(900.0))), pattern),
        height_agl_m=height_agl_m, lens=CameraLens(width_px=3840, height_px=2160, hfov_deg=40.0),
    )  # fmt: skip
    patrol = plan_patrol(request)
    assert patrol.sorties
    assert stops(patrol.all_findings) == []
    for sortie in patrol.sorties:
        assert energy_need_pct(sortie.plan) <= sortie.plan.battery_need_pct + 0.1
        assert sortie.plan.battery_need_pct <= 70.1


@pytest.mark.parametrize("pattern", AREAL)
def test_a_grid_in_two_parts_is_flown_in_two_sorties(pattern: Pattern) -> None:
    parts = [a_shape(square(300.0)), a_shape([(400, 0), (600, 0), (600, 200), (400, 200)])]
    grid = a_grid(MultiPolygon(parts))
    patrol = plan_patrol(asked(grid, pattern, default_home(grid)))
    assert len(patrol.sorties) == 2
    for sortie, part in zip(patrol.sorties, parts, strict=True):
        inside = to_metres(part, FRAME)
        assert all(inside.covers(leg) for leg in patrol_legs(sortie.plan))
    assert "sortie.split" in codes(patrol)


def test_two_rooms_with_a_door_are_both_swept_and_never_through_the_wall() -> None:
    ring = [
        (0, 0), (150, 0), (150, 70), (160, 70), (160, 0), (400, 0), (400, 200), (160, 200),
        (160, 90), (150, 90), (150, 200), (0, 200),
    ]  # fmt: skip
    sorties = plan_patrol(asked(a_grid(a_shape(ring)), Pattern.SWEEP)).sorties
    easts = [east for sortie in sorties for east, _ in places(sortie.plan)]
    assert min(easts) < 100.0 < 300.0 < max(easts)
    legs = [leg for sortie in sorties for leg in patrol_legs(sortie.plan)]
    walls = [Polygon([(150, 0), (160, 0), (160, 70), (150, 70)]), Polygon([(150, 90), (160, 90),
             (160, 200), (150, 200)])]  # fmt: skip
    assert all(leg.distance(wall) > stopping_m(4.8) - 0.1 for leg in legs for wall in walls)


def test_a_hole_is_flown_around() -> None:
    hole = square(200.0)
    grid = a_grid(a_shape(square(700.0), [hole]))
    for pattern in AREAL:
        for sortie in plan_patrol(asked(grid, pattern)).sorties:
            legs = patrol_legs(sortie.plan)
            assert min(leg.distance(Polygon(hole)) for leg in legs) >= stopping_m(4.8) - 0.1


@pytest.mark.parametrize("pattern", AREAL)
@pytest.mark.parametrize("side_m", [0.5, 12.0, 30.0])
def test_a_grid_smaller_than_the_inset_says_so_and_offers_a_visit(
    side_m: float, pattern: Pattern
) -> None:
    grid = a_grid(a_shape(square(side_m)))
    patrol = plan_patrol(asked(grid, pattern))
    assert not patrol.sorties
    assert [finding.code for finding in patrol.findings] == ["route.too_small"]
    assert "visit a point instead" in patrol.findings[0].text
    visit = plan_patrol(asked(grid, Pattern.POINTS))
    assert len(visit.sorties) == 1
    assert not stops(visit.all_findings)
    assert "points.tiny" in codes(visit)
    there = visit.sorties[0].plan.waypoints[-1]
    assert there.hold_s == 30.0
    assert flat(grid).covers(to_position(there.point, FRAME))


def test_the_best_angle_is_along_the_long_side() -> None:
    ring = [(0, 0), (500, 100), (460, 300), (-40, 200)]
    plan = plan_patrol(asked(a_grid(a_shape(ring)), Pattern.SWEEP)).sorties[0].plan
    longest = max(counting_legs(plan), key=lambda leg: leg.length)
    (x0, y0), (x1, y1) = longest.coords
    assert math.degrees(math.atan2(y1 - y0, x1 - x0)) % 180.0 == pytest.approx(11.3, abs=0.5)


def test_people_are_counted_at_five_metres_a_second_and_ways_between_are_faster() -> None:
    grid = a_grid(a_shape(square(600.0)))
    plan = plan_patrol(asked(grid, Pattern.SWEEP, at(-200.0, -200.0))).sorties[-1].plan
    assert plan.waypoints[0].is_transit
    assert plan.waypoints[0].speed_m_s == 7.0
    counting = [one.speed_m_s for one in plan.waypoints if not one.is_transit]
    assert set(counting) == {4.8}


@pytest.mark.parametrize(
    ("spacing_m", "code"),
    [(0.01, "spacing.explodes"), (1e-9, "spacing.explodes"), (0.0, "spacing.wrong"),
     (-4.0, "spacing.wrong"), (math.nan, "spacing.wrong"), (math.inf, "spacing.wrong")],
)  # fmt: skip
def test_a_spacing_that_nobody_could_fly_is_refused_at_once(spacing_m: float, code: str) -> None:
    grid = a_grid(a_shape(square(600.0)))
    patrol = plan_patrol(asked(grid, Pattern.SWEEP, spacing_m=spacing_m))
    assert not patrol.sorties
    assert [finding.code for finding in patrol.findings] == [code]


def test_what_is_said_to_be_spacing_enough_is_enough() -> None:
    grid = a_grid(a_shape(square(1500.0)))
    refused = plan_patrol(asked(grid, Pattern.SWEEP, spacing_m=1.0)).findings[0]
    enough_m = float(refused.text.split("at least ")[1].split(" m")[0])
    patrol = plan_patrol(asked(grid, Pattern.SWEEP, spacing_m=enough_m))
    assert "spacing.explodes" not in codes(patrol)


def test_a_grid_too_large_for_a_sweep_is_told_to_be_smaller_and_not_to_be_seen_in_stripes() -> None:
    (refused,) = plan_patrol(asked(a_grid(a_shape(square(9000.0))), Pattern.SWEEP)).findings
    assert refused.code == "spacing.explodes"
    assert refused.text.endswith("km of flight: plan a smaller grid")
    assert refused.text_zh.endswith("公里航程：改为更小的网格")


def test_a_camera_at_the_horizon_has_no_spacing_of_its_own() -> None:
    level = replace(asked(a_grid(a_shape(square(400.0))), Pattern.SWEEP), gimbal_pitch_deg=0.0)
    assert codes(plan_patrol(level)) == {"spacing.horizon"}
    given_ = replace(level, task=replace(level.task, spacing_m=40.0))
    assert plan_patrol(given_).sorties


def test_a_far_launch_point_is_told() -> None:
    grid = a_grid(a_shape(square(300.0)))
    patrol = plan_patrol(asked(grid, Pattern.SWEEP, at(9000.0, 0.0)))
    assert codes(patrol) == {"sortie.too_far"}
    drawn = plan_patrol(asked(grid, Pattern.BOUNDARY, at(9000.0, 0.0)))
    assert "battery.reserve" in {finding.code for finding in stops(drawn.sorties[0].findings)}


def test_the_way_out_from_beside_a_bay_goes_around_it() -> None:
    bay = [(0, 0), (600, 0), (600, 500), (400, 500), (400, 120), (200, 120), (200, 500), (0, 500)]
    grid = a_grid(a_shape(bay))
    patrol = plan_patrol(asked(grid, Pattern.SWEEP, at(550.0, 450.0)))
    assert len(patrol.sorties) > 1
    for sortie in patrol.sorties:
        assert "fence.leg_outside" not in {finding.code for finding in sortie.findings}
        route = LineString([to_position(sortie.plan.home, FRAME), *places(sortie.plan)])
        assert fence(sortie.plan).covers(route)


def wrong(shape: Polygon) -> list[str]:
    return [
        finding.code
        for finding in plan_patrol(
            replace(a_request(a_grid(shape), CENTRE), task=Task(pattern=Pattern.SWEEP))
        ).findings
    ]


def test_a_shape_that_is_none_is_told_with_what_is_wrong_with_it() -> None:
    good = list(a_shape(square(300.0)).exterior.coords)
    assert wrong(Polygon([(lat, lon) for lon, lat in good])) == ["grid.swapped"]
    assert wrong(Polygon([good[0], good[2], good[1], good[3]])) == ["grid.invalid"]
    assert wrong(Polygon()) == ["grid.empty"]
    with np.errstate(invalid="ignore"):
        unknown = Polygon([*good[:2], (math.nan, 23.28), *good[3:]])
    assert wrong(unknown) == ["grid.not_finite"]
    assert wrong(Polygon([(lon * 2, lat * 5) for lon, lat in good])) == ["grid.off_earth"]


@pytest.mark.timeout(60)  # alone it takes four seconds
def test_a_coast_of_a_million_corners_is_planned_within_seconds() -> None:
    turns = [math.tau * i / 1_000_000 for i in range(1_000_000)]
    ring = [
        ((400 + 5 * math.sin(9000 * a)) * math.cos(a), (400 + 5 * math.sin(9000 * a)) * math.sin(a))
        for a in turns
    ]
    lat_m, lon_m = FRAME.metres_per_degree()
    shape = Polygon([(CENTRE.lon_deg + e / lon_m, CENTRE.lat_deg + n / lat_m) for e, n in ring])
    patrol = plan_patrol(
        replace(a_request(a_grid(shape), CENTRE), task=Task(pattern=Pattern.SWEEP))
    )
    assert patrol.sorties
    assert not stops(patrol.findings)
