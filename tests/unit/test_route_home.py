"""Between narrow bays the route itself is the way home: its waypoints lie near enough for that."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Polygon

from missions.planner import plan_patrol
from missions.request import Task
from patrol.energy import energy_need_pct, is_turn
from patrol.geo import offset
from patrol.pattern import Pattern
from patrol.plan import MissionPlan, WayHome, stops
from tests.unit.test_boundary import CENTRE, a_grid, a_request, a_shape
from tests.unit.test_way_home import Place, a_place, metres, on_the_way, px4_ways

AREAL = (Pattern.BOUNDARY, Pattern.SWEEP)
Z_SHAPE = [(0, 0), (180, 0), (180, 70), (260, 190), (440, 190), (440, 370), (260, 370), (260, 250),
           (180, 120), (180, 180), (0, 180)]  # fmt: skip


@st.composite
def combs(draw: st.DrawFn) -> list[Place]:
    """Quays with narrow basins between them."""
    base_m, at_m = draw(st.floats(40.0, 80.0)), 0.0
    tops: list[Place] = []
    for _ in range(draw(st.integers(2, 4))):
        wide_m, long_m = draw(st.floats(38.0, 80.0)), draw(st.floats(150.0, 400.0))
        tops += [(at_m, base_m), (at_m, long_m), (at_m + wide_m, long_m), (at_m + wide_m, base_m)]
        at_m += wide_m + draw(st.floats(4.0, 50.0))
    east_m = tops[-1][0]
    return [*tops[1:-1], (east_m, 0.0), (0.0, 0.0)]


def lands_inside(plan: MissionPlan) -> bool:
    fence = Polygon([metres(corner) for corner in plan.fence]).buffer(0.05)
    return all(
        way[0] == way[-1] or fence.covers(LineString(way))
        for leg, at in on_the_way(plan, 7.0)
        for way in px4_ways(plan, leg, at)
    )


@settings(max_examples=8, deadline=None)
@given(combs(), st.sampled_from(AREAL))
def test_between_narrow_basins_every_place_has_a_way_home(
    ring: list[Place], pattern: Pattern
) -> None:
    patrol = plan_patrol(replace(a_request(a_grid(a_shape(ring))), task=Task(pattern=pattern)))
    assert patrol.sorties
    assert not stops(patrol.all_findings)
    assert all(lands_inside(sortie.plan) for sortie in patrol.sorties)


@pytest.mark.parametrize("pattern", AREAL)
def test_through_a_slanting_neck_the_way_home_is_the_route(pattern: Pattern) -> None:
    request = a_request(a_grid(a_shape(Z_SHAPE)), a_place(30.0, 60.0))
    patrol = plan_patrol(replace(request, task=Task(pattern=pattern)))
    assert not stops(patrol.all_findings)
    assert {sortie.plan.way_home for sortie in patrol.sorties} == {WayHome.ROUTE}
    assert all(lands_inside(sortie.plan) for sortie in patrol.sorties)


def test_a_way_around_a_corner_is_flown_in_one_turn() -> None:
    request = a_request(a_grid(a_shape(Z_SHAPE)), a_place(30.0, 60.0))
    patrol = plan_patrol(replace(request, task=Task(pattern=Pattern.SWEEP)))
    ways = [metres(one.point) for one in patrol.sorties[0].plan.waypoints if one.is_transit]
    assert all(math.dist(a, b) > 8.0 for a, b in zip(ways, ways[1:], strict=False))


def test_a_place_on_a_straight_line_takes_no_turn_of_the_battery() -> None:
    request = a_request(a_grid(a_shape([(0, 0), (300, 0), (300, 300), (0, 300)])))
    plan = plan_patrol(request).sorties[0].plan
    first, second = plan.waypoints[:2]
    middle = replace(
        second,
        point=offset(first.point, east_m=(metres(second.point)[0] - metres(first.point)[0]) / 2,
                     north_m=(metres(second.point)[1] - metres(first.point)[1]) / 2),
    )  # fmt: skip
    more = replace(plan, waypoints=(first, middle, *plan.waypoints[1:]))
    assert energy_need_pct(more) == pytest.approx(energy_need_pct(plan), abs=0.01)
    assert not is_turn(first.point, middle.point, second.point)
    assert is_turn(first.point, second.point, plan.waypoints[2].point)
    assert is_turn(CENTRE, CENTRE, second.point)
