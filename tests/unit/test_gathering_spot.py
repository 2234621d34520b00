"""Where people may gather in an exercise: in the grid, clear of every leg, seen from the route."""

from __future__ import annotations

import functools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString

from missions.boundary import plan_boundary
from missions.flat import to_metres, to_position
from missions.gathering_spot import demo_grids, gathering_spot
from missions.grid import Grid
from missions.register import load_register
from missions.request import PlanRequest, default_home
from patrol.geo import GeoPoint, LocalFrame, bearing_true_deg, distance_m
from patrol.plan import MissionPlan, stops
from tests.unit.test_boundary import LENS, Metres, a_grid, a_request, a_shape, rings, square
from tests.unit.test_plan_words import NOW

OVERFLIGHT_M = 30.0


@functools.cache  # planning the district takes a second
def fit_grids() -> list[Grid]:
    return demo_grids(load_register())


def a_patrol(grid: Grid) -> MissionPlan:
    request = PlanRequest(
        grid=grid, register_version="v1", home=default_home(grid), home_elevation_amsl_m=12.0,
        lens=LENS, created_utc=NOW,
    )  # fmt: skip
    plan, findings = plan_boundary(request)
    assert plan is not None
    assert not stops(findings)
    return plan


def is_lawful(spot: GeoPoint, plan: MissionPlan, grid: Grid) -> bool:
    """In the grid, at least 30 m from every leg, out and home too."""
    frame = LocalFrame(origin=plan.home)
    places = [plan.home, *(waypoint.point for waypoint in plan.waypoints), plan.home]
    route = LineString([to_position(place, frame).coords[0] for place in places])
    people = to_position(spot, frame)
    in_grid = to_metres(grid.shape, frame).contains(people)
    return bool(in_grid and route.distance(people) >= OVERFLIGHT_M)


def way_along_m(spot: GeoPoint, plan: MissionPlan) -> float:
    """Metres flown from the first waypoint until the patrol is nearest to the place."""
    frame = LocalFrame(origin=plan.home)
    loop = LineString([to_position(w.point, frame).coords[0] for w in plan.waypoints])
    return float(loop.project(to_position(spot, frame)))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 2**32))
def test_people_gather_in_the_grid_and_clear_of_every_leg(number: int, seed: int) -> None:
    grid = fit_grids()[number % len(fit_grids())]
    plan = a_patrol(grid)
    spot = gathering_spot(plan, grid, seed)
    assert spot is not None
    assert is_lawful(spot, plan, grid)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 2**32))
def test_people_gather_near_the_start_of_the_route(number: int, seed: int) -> None:
    grid = fit_grids()[number % len(fit_grids())]
    plan = a_patrol(grid)
    spot = gathering_spot(plan, grid, seed)
    assert spot is not None
    assert distance_m(spot, plan.waypoints[0].point) <= 300.0


@settings(max_examples=100, deadline=None)
@given(rings, st.integers(0, 100))
def test_in_any_grid_the_place_is_lawful_or_there_is_none(ring: Metres, seed: int) -> None:
    grid = a_grid(a_shape(ring))
    plan, _ = plan_boundary(a_request(grid))
    if plan is None:
        return
    spot = gathering_spot(plan, grid, seed)
    assert spot is None or is_lawful(spot, plan, grid)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 2**32))
def test_the_camera_sees_the_people_in_a_valid_range_from_some_leg(number: int, seed: int) -> None:
    grid = fit_grids()[number % len(fit_grids())]
    plan = a_patrol(grid)
    spot = gathering_spot(plan, grid, seed)
    assert spot is not None
    ranges = LENS.valid_ranges_m(height_agl_m=30.0, person_height_px_min=28.0)
    assert ranges is not None
    assert any(
        sees(spot, start.point, end.point, end.camera_bearing_true_deg, ranges)
        for start, end in zip(plan.waypoints, plan.waypoints[1:], strict=False)
    )


def sees(
    spot: GeoPoint, start: GeoPoint, end: GeoPoint, camera_deg: float | None,
    ranges: tuple[float, float],
) -> bool:  # fmt: skip
    """Whether a metre of the leg has the place in the picture and far enough inside it."""
    assert camera_deg is not None
    leg_m = distance_m(start, end)
    for metre in range(int(leg_m) + 1):
        share = metre / leg_m
        here = GeoPoint(
            lat_deg=start.lat_deg + (end.lat_deg - start.lat_deg) * share,
            lon_deg=start.lon_deg + (end.lon_deg - start.lon_deg) * share,
        )
        off_deg = (bearing_true_deg(here, spot) - camera_deg + 180.0) % 360.0 - 180.0
        if abs(off_deg) < 15.0 and ranges[0] < distance_m(here, spot) < ranges[1]:
            return True
    return False


def test_the_same_seed_chooses_the_same_place_and_others_choose_others() -> None:
    grid = fit_grids()[0]
    plan = a_patrol(grid)
    assert gathering_spot(plan, grid, 7) == gathering_spot(plan, grid, 7)
    assert len({gathering_spot(plan, grid, seed) for seed in range(20)}) > 1


def test_where_the_grid_is_too_narrow_for_the_distance_there_is_no_place() -> None:
    grid = a_grid(a_shape([(0, 0), (500, 0), (500, 90), (0, 90)]))
    plan, _ = plan_boundary(a_request(grid))
    assert plan is not None
    assert gathering_spot(plan, grid, 1) is None


def test_a_demo_grid_has_a_loop_of_600_to_1200_metres_that_may_be_flown() -> None:
    assert len(fit_grids()) >= 5
    for grid in fit_grids():
        plan = a_patrol(grid)
        points = [waypoint.point for waypoint in plan.waypoints]
        loop_m = sum(distance_m(a, b) for a, b in zip(points, points[1:], strict=False))
        assert 600.0 <= loop_m <= 1200.0


@pytest.mark.parametrize("side_m", [250.0, 300.0])
def test_in_a_square_the_people_stand_41_metres_inside_the_first_legs(side_m: float) -> None:
    grid = a_grid(a_shape(square(side_m)))
    plan, _ = plan_boundary(a_request(grid))
    assert plan is not None
    spot = gathering_spot(plan, grid, 1)
    assert spot is not None
    assert 95.0 <= way_along_m(spot, plan) <= 255.0
    frame = LocalFrame(origin=plan.home)
    loop = LineString([to_position(w.point, frame).coords[0] for w in plan.waypoints])
    off_m = loop.distance(to_position(spot, frame))
    assert off_m == pytest.approx(41.0, abs=1.0)
