"""How far the aircraft keeps from a crowd, and that what is unknown never counts for staying."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground_station.standoff import (
    Spot,
    clearance_m,
    crowd_at,
    distance_to_way_m,
    hold_objection,
    near_objection,
    route_left,
    route_need_m,
    way_objection,
)
from patrol.geo import GeoPoint, distance_m, offset
from patrol.plan import LookHold
from tests.ground_core import PLACE, a_plan, a_sighting
from tests.unit.test_effect import PLACE as SEEN_PLACE
from tests.unit.test_effect import a_look
from vision.crowd_rules import CrowdRules

RULES = CrowdRules()
PLAN = a_plan()
CROWD = [(float(i % 5), float(i // 5)) for i in range(30)]
metres = st.floats(-400.0, 400.0)


def at(east_m: float, north_m: float) -> GeoPoint:
    return offset(PLACE, east_m=east_m, north_m=north_m)


def codes(nearest_m: float | None, need_m: float | None) -> str:
    sighting = replace(a_sighting(), nearest_person_m=nearest_m, standoff_need_m=need_m)
    objection = hold_objection(sighting, PLAN)
    return objection.code if objection else ""


@pytest.mark.parametrize(
    ("nearest_m", "need_m", "code"),
    [
        (30.0, 30.0, ""),
        (29.9, 30.0, "standoff.near"),
        (41.0, 42.0, "standoff.near"),
        (-2.0, 30.0, "standoff.near"),
        (None, 30.0, "standoff.range_unknown"),
        (80.0, None, "standoff.height_unknown"),
    ],
)
def test_a_hold_needs_the_stand_off_and_a_missing_value_forbids_it(
    nearest_m: float | None, need_m: float | None, code: str
) -> None:
    assert codes(nearest_m, need_m) == code


def test_the_plan_may_ask_for_more_than_the_rule() -> None:
    far = replace(PLAN, look_hold=LookHold(standoff_min_m=60.0))
    assert hold_objection(replace(a_sighting(), nearest_person_m=50.0), far) is not None
    assert hold_objection(replace(a_sighting(), nearest_person_m=60.0), far) is None


def test_while_it_holds_an_unknown_height_is_the_plans_greatest() -> None:
    crowd, high = [Spot(point=at(40.0, 0.0), error_m=2.0)], PLAN.return_height
    assert near_objection(PLACE, None, crowd, PLAN) is None
    tall = replace(PLAN, return_height=replace(high, metres=50.0))
    assert near_objection(PLACE, None, crowd, tall) is not None


@given(metres, metres, metres, metres, st.floats(0.0, 1.0))
def test_no_point_of_a_way_is_nearer_than_the_distance_to_it(
    east_m: float, north_m: float, to_east_m: float, to_north_m: float, share: float
) -> None:
    way = [at(east_m, north_m), at(to_east_m, to_north_m)]
    between = at(east_m + share * (to_east_m - east_m), north_m + share * (to_north_m - north_m))
    assert distance_to_way_m(PLACE, way) <= distance_m(PLACE, between) + 0.05


@given(metres, metres, st.floats(0.0, 20.0))
def test_the_error_is_taken_off_the_distance(east_m: float, north_m: float, error_m: float) -> None:
    crowd = [Spot(point=at(east_m, north_m), error_m=error_m)]
    clear_m = clearance_m([PLACE], crowd)
    assert clear_m == pytest.approx(math.hypot(east_m, north_m) - error_m, abs=0.05)
    assert (way_objection([PLACE], crowd, 30.0) is None) == (clear_m >= 30.0)


def test_a_way_past_nobody_is_clear() -> None:
    assert way_objection([PLACE, at(100.0, 0.0)], [], 30.0) is None


def test_people_of_the_newest_look_stand_for_the_crowd_and_a_few_left_do_not() -> None:
    looks = [
        a_look(second, CROWD[:people], is_valid=True, is_in_view=True)
        for second, people in ((0.0, 30), (1.0, 28))
    ]
    assert len(crowd_at(SEEN_PLACE, looks, RULES, reach_m=9.0)) == 28
    gone = a_look(2.0, CROWD[:3], is_valid=True, is_in_view=True)
    assert list(crowd_at(SEEN_PLACE, [*looks, gone], RULES, reach_m=9.0)) == []


def test_looks_that_did_not_see_the_place_leave_the_crowd_where_it_was() -> None:
    blind = a_look(1.0, [], is_valid=False, is_in_view=True)
    away = a_look(2.0, [], is_valid=True, is_in_view=False)
    assert list(crowd_at(SEEN_PLACE, [blind, away], RULES, reach_m=9.0)) == [
        Spot(point=SEEN_PLACE, error_m=9.0)
    ]


def test_the_way_that_is_left_begins_here_and_where_unknown_it_is_the_whole_plan() -> None:
    points = [at(0.0, 50.0), at(50.0, 50.0), at(50.0, 0.0)]
    plan = replace(
        PLAN, waypoints=tuple(replace(PLAN.waypoints[0], point=point) for point in points)
    )
    here = at(10.0, 50.0)
    assert route_left(plan, here, 1) == [here, *points[1:], plan.home]
    for unknown in (route_left(plan, None, 1), route_left(plan, here, None)):
        assert unknown == [plan.home, *points, plan.home]
    assert route_need_m(plan, RULES) == 30.0
