"""Every check of a plan finds what it is there for, with its words in both languages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from missions.boundary import plan_boundary
from missions.checks import check_flight, check_plan
from missions.flat import to_place
from missions.grid import Grid
from patrol.camera import CameraLens
from patrol.geo import Datum, GeoPoint, Height, offset
from patrol.plan import Finding, Level, LookHold, MissionPlan, WayHome, stops
from tests.unit.test_boundary import CENTRE, FRAME, LENS, a_grid, a_request, a_shape, square

SIDE_M = 300.0
GRID = a_grid(a_shape(square(SIDE_M)))
WIDE = CameraLens(width_px=1280, height_px=720, hfov_deg=84.0)


def a_good_plan() -> MissionPlan:
    plan, findings = plan_boundary(a_request(GRID, CENTRE))
    assert plan is not None
    assert not stops(findings)
    return plan


def found(plan: MissionPlan, grid: Grid = GRID, lens: CameraLens = LENS) -> dict[str, Finding]:
    return {finding.code: finding for finding in check_plan(plan, grid, lens)}


def at_height(plan: MissionPlan, metres: float, datum: Datum = Datum.HOME) -> MissionPlan:
    height = Height(metres=metres, datum=datum)
    waypoints = tuple(replace(waypoint, height=height) for waypoint in plan.waypoints)
    return replace(plan, waypoints=waypoints, return_height=height)


def with_point(plan: MissionPlan, number: int, point: GeoPoint) -> MissionPlan:
    waypoints = list(plan.waypoints)
    waypoints[number] = replace(waypoints[number], point=point)
    return replace(plan, waypoints=tuple(waypoints))


def a_fence(ring: Sequence[tuple[float, float]]) -> tuple[GeoPoint, ...]:
    return tuple(to_place(corner, FRAME) for corner in ring)


def test_a_good_plan_has_no_finding_that_forbids_and_says_what_the_pilot_must_know() -> None:
    findings = found(a_good_plan())
    assert not stops(list(findings.values()))
    assert {"terrain.unknown", "law.no_overflight", "count.valid_range"} <= set(findings)
    assert all(finding.text and finding.text_zh for finding in findings.values())


def test_a_launch_point_outside_the_fence_forbids() -> None:
    plan = replace(a_good_plan(), home=offset(CENTRE, east_m=400.0, north_m=0.0))
    findings = found(plan)
    assert findings["fence.home_outside"].level is Level.STOP


def test_a_waypoint_beyond_the_grid_forbids_and_names_its_legs() -> None:
    plan = with_point(a_good_plan(), 2, offset(CENTRE, east_m=SIDE_M, north_m=0.0))
    findings = check_plan(plan, GRID, LENS)
    for code in ("fence.leg_outside", "route.leg_outside_grid"):
        legs = [finding.leg for finding in findings if finding.code == code]
        assert legs == [2, 3]
    assert "waypoint 3" in next(f.text for f in findings if f.leg == 2)


def test_a_leg_through_the_bay_of_a_fence_forbids_though_its_ends_are_inside() -> None:
    ring = [(-160, -160), (160, -160), (160, 160), (20, 160), (0, 60), (-20, 160), (-160, 160)]
    plan = replace(a_good_plan(), fence=a_fence(ring))
    findings = found(plan)
    assert findings["fence.leg_outside"].level is Level.STOP


def test_a_straight_way_home_across_a_bay_forbids_and_names_its_legs() -> None:
    ring = [(0, 0), (400, 0), (400, 60), (60, 60), (60, 400), (0, 400)]
    grid = a_grid(a_shape(ring))
    plan, _ = plan_boundary(a_request(grid, offset(CENTRE, east_m=370.0, north_m=30.0)))
    assert plan is not None
    straight = replace(plan, way_home=WayHome.STRAIGHT, rally_points=())
    ways = [f for f in check_plan(straight, grid, LENS) if f.code == "way_home.leaves_fence"]
    assert ways
    assert all(finding.level is Level.STOP for finding in ways)
    assert len({finding.leg for finding in ways}) == len(ways) < len(plan.waypoints)
    assert all(f"waypoint {(f.leg or 0) + 1}" in f.text for f in ways)
    assert "choose another launch point" in ways[0].text
    corner, _ = plan_boundary(a_request(grid, offset(CENTRE, east_m=30.0, north_m=30.0)))
    assert corner is not None
    assert not [code for code in found(corner, grid) if code.startswith("way_home.")]


@given(st.floats(10.0, 200.0))
def test_no_plan_above_the_ceiling_passes(metres: float) -> None:
    findings = found(at_height(a_good_plan(), metres))
    assert ("height.above_ceiling" in findings) == (metres > 110.0)


def test_a_ceiling_above_the_laws_limit_forbids_with_its_article() -> None:
    finding = found(replace(a_good_plan(), ceiling_agl_m=121.0))["height.above_ceiling"]
    assert finding.level is Level.STOP
    assert "第十九条" in finding.article
    assert "height.above_ceiling" not in found(replace(a_good_plan(), ceiling_agl_m=120.0))


def test_heights_above_ground_need_no_word_about_missing_terrain() -> None:
    assert "terrain.unknown" not in found(at_height(a_good_plan(), 30.0, Datum.GROUND))


@pytest.mark.parametrize(("speed_m_s", "is_warned"), [(4.8, False), (5.0, False), (5.1, True)])
def test_faster_than_five_metres_a_second_no_count_is_valid(
    speed_m_s: float, is_warned: bool
) -> None:
    plan = a_good_plan()
    waypoints = (replace(plan.waypoints[0], speed_m_s=speed_m_s), *plan.waypoints[1:])
    findings = found(replace(plan, waypoints=waypoints))
    assert ("count.too_fast" in findings) is is_warned


@pytest.mark.parametrize(("need_pct", "is_refused"), [(70.0, False), (70.1, True), (180.0, True)])
def test_thirty_per_cent_of_the_battery_must_remain(need_pct: float, is_refused: bool) -> None:
    findings = found(replace(a_good_plan(), battery_need_pct=need_pct))
    assert ("battery.reserve" in findings) is is_refused
    if is_refused:
        assert findings["battery.reserve"].level is Level.STOP
        assert "nearer to the route, or split the grid" in findings["battery.reserve"].text


@pytest.mark.parametrize("look", [None, LookHold(longest_s=300.0)])
def test_a_short_look_at_a_crowd_is_told_and_forbids_nothing(look: LookHold | None) -> None:
    findings = found(replace(a_good_plan(), look_hold=look))
    assert findings["battery.short_look"].level is Level.WARN
    assert not stops(list(findings.values()))


def test_a_full_look_at_a_crowd_is_not_remarked_upon() -> None:
    assert "battery.short_look" not in found(replace(a_good_plan(), look_hold=LookHold()))


@pytest.mark.parametrize(
    ("hour_utc", "is_quiet"), [(13, False), (14, True), (18, True), (21, True), (22, False)]
)
def test_quiet_hours_are_those_of_the_district_not_of_greenwich(
    hour_utc: int, is_quiet: bool
) -> None:
    at = datetime(2026, 11, 24, hour_utc, 0, tzinfo=UTC)
    findings = found(replace(a_good_plan(), created_utc=at))
    assert ("noise.quiet_hours" in findings) is is_quiet


def test_a_lens_too_wide_to_count_at_the_lawful_distance_is_told() -> None:
    finding = found(a_good_plan(), lens=WIDE)["count.invalid_at_standoff"]
    assert finding.level is Level.WARN
    assert "28 needed" in finding.text


@given(st.floats(10.0, 110.0), st.floats(15.0, 100.0))
def test_of_counting_exactly_one_thing_is_said(metres: float, hfov_deg: float) -> None:
    lens = CameraLens(width_px=1280, height_px=720, hfov_deg=hfov_deg)
    findings = found(at_height(a_good_plan(), metres), lens=lens)
    assert len({"count.valid_range", "count.invalid_at_standoff"} & set(findings)) == 1


def test_the_law_on_overflight_is_named_in_every_plan() -> None:
    finding = found(a_good_plan())["law.no_overflight"]
    assert "30 m" in finding.text
    assert "第三十一条" in finding.article
    bare = found(replace(a_good_plan(), look_hold=None))["law.no_overflight"]
    assert "stops" not in bare.text
    assert "停住" not in bare.text_zh


def test_every_problem_is_told_at_once() -> None:
    plan = at_height(a_good_plan(), 130.0)
    plan = replace(
        with_point(plan, 1, offset(CENTRE, east_m=900.0, north_m=0.0)), battery_need_pct=90.0
    )
    assert {"fence.leg_outside", "height.above_ceiling", "battery.reserve"} <= set(found(plan))


@given(st.floats(-140.0, 140.0), st.floats(-140.0, 140.0))
def test_every_launch_point_in_a_square_grid_can_be_flown_from(
    east_m: float, north_m: float
) -> None:
    home = offset(CENTRE, east_m=east_m, north_m=north_m)
    plan, findings = plan_boundary(a_request(GRID, home))
    assert plan is not None
    assert not stops(findings)


@pytest.mark.parametrize("level", list(Level))
def test_only_a_stop_forbids(level: Level) -> None:
    finding = Finding(code="x", level=level, text="x")
    assert bool(stops([finding])) == (level is Level.STOP)


def test_a_way_home_above_the_ceiling_forbids() -> None:
    high = Height(metres=115.0, datum=Datum.HOME)
    findings = found(replace(a_good_plan(), return_height=high))
    assert findings["height.above_ceiling"].level is Level.STOP


def test_a_route_that_takes_longer_than_its_battery_was_reckoned_for_forbids() -> None:
    plan = a_good_plan()
    assert "duration.understated" not in found(plan)
    hurried = replace(plan, duration_s=plan.duration_s / 2.0)
    assert found(hurried)["duration.understated"].level is Level.STOP


def test_a_battery_figure_below_what_the_plan_takes_forbids() -> None:
    plan = a_good_plan()
    assert "battery.understated" not in found(plan)
    modest = replace(plan, battery_need_pct=plan.battery_need_pct - 15.0)
    assert found(modest)["battery.understated"].level is Level.STOP


def test_a_route_at_no_speed_forbids() -> None:
    plan = a_good_plan()
    still = replace(plan, waypoints=(replace(plan.waypoints[0], speed_m_s=0.0), *plan.waypoints))
    assert found(still)["speed.none"].level is Level.STOP


def test_a_plan_alone_is_checked_for_all_but_its_grid_and_its_camera() -> None:
    plan = with_point(a_good_plan(), 2, offset(CENTRE, east_m=SIDE_M, north_m=0.0))
    alone = {finding.code for finding in check_flight(plan)}
    assert set(found(plan)) - alone <= {
        "route.leg_outside_grid", "count.valid_range", "count.invalid_at_standoff",
    }  # fmt: skip
    assert "fence.leg_outside" in alone
