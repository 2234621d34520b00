"""From every part of a patrol the way home is safe, whatever the grid looks like, or it is told."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, Polygon

from drone.return_type import check_return_type, return_type
from missions.boundary import plan_boundary
from missions.flat import to_place, to_position
from missions.open_air import MARGIN_M, KnownCrowd, Surroundings
from missions.plan_files.geojson import to_feature_collection
from missions.plan_files.qgc_write import to_qgc
from missions.way_home import is_safe, way_home_findings, with_rally
from patrol.geo import GeoPoint, distance_m, offset
from patrol.plan import Finding, Level, LookHold, MissionPlan, RallyPoint, WayHome, stops
from patrol.way_home import RALLY_FROM_HOME_MIN_M, way_back, way_back_m
from tests.unit.test_boundary import CENTRE, FRAME, a_grid, a_request, a_shape, blocks, square, star

Place = tuple[float, float]
L_SHAPE = [(0, 0), (400, 0), (400, 60), (60, 60), (60, 400), (0, 400)]
U_SHAPE = [(0, 0), (260, 0), (260, 300), (200, 300), (200, 60), (60, 60), (60, 300), (0, 300)]
PX4_THRESHOLD_M = 2.0  # a rally point must be so much nearer to be taken


def metres(place: GeoPoint) -> Place:
    point = to_position(place, FRAME)
    return point.x, point.y


def a_place(east_m: float, north_m: float) -> GeoPoint:
    return offset(CENTRE, east_m=east_m, north_m=north_m)


def planned(
    ring: Sequence[Place], home: Place | None = None, around: Surroundings | None = None
) -> tuple[MissionPlan, list[Finding]]:
    grid = a_grid(a_shape(ring))
    request = a_request(grid, a_place(*home) if home else None)
    plan, findings = plan_boundary(replace(request, around=around or Surroundings()))
    assert plan is not None
    return plan, findings


def codes(findings: Sequence[Finding]) -> set[str]:
    return {finding.code for finding in findings}


def on_the_way(plan: MissionPlan, step_m: float) -> Iterator[tuple[int, Place]]:
    """Places along every leg, and the leg."""
    corners = [metres(plan.home), *(metres(waypoint.point) for waypoint in plan.waypoints)]
    for leg, (start, end) in enumerate(zip(corners, corners[1:], strict=False)):
        line = LineString([start, end])
        for number in range(int(line.length // step_m) + 1):
            point = line.interpolate(number * step_m)
            yield leg, (point.x, point.y)


def px4_ways(plan: MissionPlan, leg: int, at: Place) -> Iterator[list[Place]]:
    """The ways PX4 v1.16.1 may take, written down anew from its rtl.cpp."""
    home = metres(plan.home)
    corners = [metres(waypoint.point) for waypoint in plan.waypoints]
    if plan.way_home is WayHome.ROUTE:
        nearest = min(range(len(corners)), key=lambda i: math.dist(at, corners[i]))
        yield [at, *corners[nearest::-1], home]  # out of a hold
        yield [at, *corners[:leg][::-1], home]  # out of the mission
        return
    target, least_m = home, math.dist(at, home)
    for rally in plan.rally_points:
        spot = metres(rally.point)
        if math.dist(spot, home) > 10.0 and math.dist(at, spot) + PX4_THRESHOLD_M < least_m:
            target, least_m = spot, math.dist(at, spot)
    yield [at, target]


@settings(max_examples=50, deadline=None)
@given(star(smallest_m=60.0) | blocks(), st.floats(5.0, 13.0), st.data())
def test_from_every_place_of_the_route_the_chosen_way_stays_inside_the_fence(
    ring: list[Place], step_m: float, data: st.DataObject
) -> None:
    grid = a_grid(a_shape(ring))
    made, _ = plan_boundary(a_request(grid))
    assume(made is not None)
    assert made is not None
    # Launched from anywhere along the loop: mostly where other parts are out of sight.
    number = data.draw(st.integers(0, len(made.waypoints) - 1))
    plan, findings = plan_boundary(a_request(grid, made.waypoints[number].point))
    assert plan is not None
    assume(not any(code.startswith("way_home.") for code in codes(stops(findings))))
    fence = Polygon([metres(corner) for corner in plan.fence]).buffer(0.05)
    for leg, at in on_the_way(plan, step_m):
        for way in px4_ways(plan, leg, at):
            assert fence.covers(LineString(way)) or way[0] == way[-1], (leg, at, plan.way_home)


@pytest.mark.parametrize(("ring", "home"), [(L_SHAPE, (370.0, 30.0)), (U_SHAPE, (30.0, 270.0))])
def test_where_the_straight_line_leaves_the_fence_another_way_is_planned(
    ring: list[Place], home: Place
) -> None:
    plan, findings = planned(ring, home)
    assert plan.way_home in (WayHome.ROUTE, WayHome.RALLY)
    assert f"way_home.{plan.way_home.value}" in codes(findings)
    assert not [code for code in codes(stops(findings)) if code.startswith("way_home.")]


def test_from_a_convex_grid_the_way_home_is_straight_and_needs_no_word() -> None:
    plan, findings = planned(square(300.0))
    assert (plan.way_home, plan.rally_points) == (WayHome.STRAIGHT, ())
    assert not [code for code in codes(findings) if code.startswith("way_home.")]


def test_a_return_along_the_route_is_paid_for_from_the_battery() -> None:
    wide = [(0, 0), (180, 0), (180, 90), (90, 90), (90, 180), (0, 180)]
    routed, _ = planned(wide, (160.0, 45.0))
    assert routed.way_home is WayHome.ROUTE
    assert routed.look_hold is not None
    stays_pct = (routed.duration_s + routed.look_hold.longest_s) / 1500.0 * 100.0
    assert stays_pct < routed.battery_need_pct <= 70.1


def test_rally_points_lie_inside_the_fence_with_room_to_land_and_see_home() -> None:
    straight = replace(planned(L_SHAPE, (370.0, 30.0))[0], way_home=WayHome.STRAIGHT)
    plan = with_rally(straight, Surroundings())
    assert plan is not None
    assert plan.way_home is WayHome.RALLY
    assert 1 <= len(plan.rally_points) <= 4
    fence = Polygon([metres(corner) for corner in plan.fence])
    for rally in plan.rally_points:
        spot = metres(rally.point)
        assert fence.exterior.distance(Point(spot)) >= MARGIN_M
        assert fence.covers(LineString([spot, metres(plan.home)]))
        assert distance_m(rally.point, plan.home) > RALLY_FROM_HOME_MIN_M


def test_a_rally_point_beyond_the_fence_is_found_by_the_check() -> None:
    straight = replace(planned(L_SHAPE, (370.0, 30.0))[0], way_home=WayHome.STRAIGHT)
    outside = RallyPoint(point=a_place(200.0, 200.0))
    plan = replace(straight, way_home=WayHome.RALLY, rally_points=(outside,))
    assert not is_safe(plan, Surroundings())
    assert "way_home.leaves_fence" in codes(list(way_home_findings(plan, Surroundings())))


CROWD = KnownCrowd(point=CENTRE, radius_m=10.0)


def around_a_square(around: Surroundings, way: WayHome) -> tuple[MissionPlan, list[Finding]]:
    """A loop of 270 m a side with home at the middle of its south side."""
    plan, _ = planned(square(300.0), (0.0, -110.0))
    plan = replace(plan, way_home=way, look_hold=LookHold(standoff_min_m=30.0))
    return plan, list(way_home_findings(plan, around))


def test_a_line_home_over_a_known_crowd_forbids_and_the_way_along_the_route_does_not() -> None:
    around = Surroundings(crowds=(CROWD,))
    plan, findings = around_a_square(around, WayHome.STRAIGHT)
    assert codes(findings) == {"way_home.crowd"}
    assert all(finding.level is Level.STOP for finding in findings)
    far_side = {
        leg for leg, at in on_the_way(plan, 5.0)
        if LineString([at, metres(plan.home)]).distance(Point(0.0, 0.0)) < 39.0
    }  # fmt: skip
    assert {finding.leg for finding in findings} == far_side
    assert is_safe(replace(plan, way_home=WayHome.ROUTE), around)
    chosen, _ = planned(square(300.0), (0.0, -110.0), around)
    assert chosen.way_home is not WayHome.STRAIGHT


def test_the_place_where_the_patrol_stops_before_a_crowd_is_looked_at_itself() -> None:
    # A crowd on the leg: from the stand-off on its far side the line home crosses it.
    plan, _ = planned(square(300.0), (0.0, -110.0))
    corners = [metres(waypoint.point) for waypoint in plan.waypoints]
    middle = LineString(corners[1:3]).interpolate(0.5, normalized=True)
    crowd = KnownCrowd(point=to_place((middle.x, middle.y), FRAME), radius_m=5.0)
    findings = way_home_findings(plan, Surroundings(crowds=(crowd,)))
    assert 2 in {finding.leg for finding in findings if finding.code == "way_home.crowd"}


def test_a_line_home_over_a_place_that_is_kept_out_forbids() -> None:
    ring = tuple(a_place(east, north) for east, north in square(40.0))
    _, findings = around_a_square(Surroundings(kept_out=(ring,)), WayHome.STRAIGHT)
    assert codes(findings) == {"way_home.kept_out"}


@pytest.mark.parametrize(("hill_m", "is_stop"), [(10.0, False), (16.0, True), (60.0, True)])
def test_a_hill_under_the_line_home_forbids_when_it_leaves_under_fifteen_metres(
    hill_m: float, is_stop: bool
) -> None:
    def elevation(place: GeoPoint) -> float:
        return 8.0 + (hill_m if distance_m(place, CENTRE) < 60.0 else 0.0)

    _, findings = around_a_square(Surroundings(elevation_amsl_m=elevation), WayHome.STRAIGHT)
    assert ("way_home.terrain" in codes(stops(findings))) is is_stop


def test_ground_of_unknown_elevation_is_a_finding_and_never_a_pass() -> None:
    def elevation(place: GeoPoint) -> float | None:
        return None if distance_m(place, CENTRE) < 60.0 else 8.0

    plan, findings = around_a_square(Surroundings(elevation_amsl_m=elevation), WayHome.STRAIGHT)
    assert codes(findings) == {"way_home.terrain_unknown"}
    assert all(finding.level is Level.WARN for finding in findings)
    nowhere = Surroundings(elevation_amsl_m=lambda _: None)
    legs = {finding.leg for finding in way_home_findings(plan, nowhere)}
    assert legs == set(range(len(plan.waypoints)))


def test_every_finding_about_the_way_home_speaks_both_languages() -> None:
    plan, _ = planned(L_SHAPE, (370.0, 30.0))
    for way in WayHome:
        for finding in way_home_findings(replace(plan, way_home=way), Surroundings()):
            assert finding.text
            assert any("一" <= sign <= "鿿" for sign in finding.text_zh)


def test_the_way_back_along_the_route_visits_every_waypoint_that_was_flown() -> None:
    plan = replace(planned(square(300.0))[0], way_home=WayHome.ROUTE)
    points = [waypoint.point for waypoint in plan.waypoints]
    assert way_back(points[3], plan) == (points[3], points[2], points[1], points[0], plan.home)
    # The loop ends where it began: the first waypoint is as near, and PX4 takes that.
    assert way_back(points[-1], plan) == (points[0], plan.home)
    assert way_back_m(points[0], plan) == pytest.approx(distance_m(points[0], plan.home))


def test_a_rally_point_beside_home_is_left_out_as_the_autopilot_does() -> None:
    plan = planned(square(300.0))[0]
    beside = RallyPoint(point=offset(plan.home, east_m=0.0, north_m=9.0))
    away = RallyPoint(point=offset(plan.home, east_m=0.0, north_m=50.0))
    plan = replace(plan, way_home=WayHome.RALLY, rally_points=(beside, away))
    assert way_back(beside.point, plan) == (plan.home,)
    assert way_back(offset(plan.home, east_m=0.0, north_m=60.0), plan) == (away.point,)


def test_other_ground_stations_and_maps_are_given_the_rally_points() -> None:
    plan = planned(square(300.0))[0]
    rally = RallyPoint(point=a_place(50.0, 50.0), ground_above_home_m=2.0)
    plan = replace(plan, way_home=WayHome.RALLY, rally_points=(rally,))
    assert [point[2] for point in to_qgc(plan)["rallyPoints"]["points"]] == [2.0]
    kinds = [part["properties"]["kind"] for part in to_feature_collection(plan)["features"]]
    assert kinds.count("rally") == 1


@pytest.mark.parametrize("way", WayHome)
def test_the_autopilots_return_type_must_be_read_back_and_fit_the_plan(way: WayHome) -> None:
    plan = replace(planned(square(300.0))[0], way_home=way)
    assert check_return_type(float(return_type(plan)), plan) is None
    other = 0.0 if way is WayHome.ROUTE else 2.0
    for value, code in ((None, "return_type.unknown"), (other, "return_type.other")):
        finding = check_return_type(value, plan)
        assert finding is not None
        assert (finding.code, finding.level) == (code, Level.STOP)
        assert finding.text_zh
