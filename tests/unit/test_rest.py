"""The rest of a broken sortie: every leg that was not certainly flown, and a way out and home."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from missions.planner import plan_patrol
from missions.request import PlanRequest, Task
from missions.rest import plan_rest
from patrol.geo import GeoPoint, distance_m, offset
from patrol.pattern import Pattern
from patrol.plan import MissionPlan, stops
from tests.unit.test_boundary import CENTRE, a_grid, a_request, a_shape, square

GRID = a_grid(a_shape(square(300.0)))
PATTERNS = (Pattern.BOUNDARY, Pattern.SWEEP, Pattern.POINTS, Pattern.HOLD, Pattern.ORBIT)
NEAR_M = 0.05  # a place written with seven decimals


def asked(pattern: Pattern, home: GeoPoint = CENTRE) -> PlanRequest:
    return replace(a_request(GRID, home), task=Task(pattern=pattern))


def flown(pattern: Pattern) -> MissionPlan:
    patrol = plan_patrol(asked(pattern))
    assert patrol.sorties, patrol.all_findings
    return patrol.sorties[0].plan


FLOWN = {pattern: flown(pattern) for pattern in PATTERNS}


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(PATTERNS), st.integers(0, 400), st.floats(-60.0, 60.0), st.floats(-60.0, 60.0)
)
def test_the_rest_has_the_broken_leg_and_every_leg_after_it(
    pattern: Pattern, reached: int, east_m: float, north_m: float
) -> None:
    plan = FLOWN[pattern]
    reached %= len(plan.waypoints)
    home = offset(CENTRE, east_m=east_m, north_m=north_m)
    patrol = plan_rest(asked(pattern, home), plan, reached)
    (sortie,) = patrol.sorties
    rest = sortie.plan
    assert rest.home == home
    assert rest.pattern == plan.pattern
    assert not stops(patrol.all_findings), [one.code for one in stops(patrol.all_findings)]
    unflown = plan.waypoints[reached:]
    taken_up = rest.waypoints[-len(unflown) :]
    assert len(taken_up) == len(unflown)
    for was, now in zip(unflown, taken_up, strict=True):
        assert distance_m(was.point, now.point) < NEAR_M
        assert (now.hold_s, now.height, now.gimbal_pitch_deg) == (
            was.hold_s, was.height, was.gimbal_pitch_deg
        )  # fmt: skip
    if reached > 0 and not unflown[0].is_transit:
        start = rest.waypoints[-len(unflown) - 1]
        assert start.is_transit, "on the way there nothing is counted"
        assert distance_m(start.point, plan.waypoints[reached - 1].point) < NEAR_M
        assert [one.is_transit for one in taken_up] == [one.is_transit for one in unflown]
        for was, now in zip(unflown, taken_up, strict=True):
            off_deg = (was.camera_bearing_true_deg or 0.0) - (now.camera_bearing_true_deg or 0.0)
            assert abs((off_deg + 180.0) % 360.0 - 180.0) < 0.5, "it looks the same way"


def test_a_sortie_that_flew_everything_has_no_rest() -> None:
    plan = FLOWN[Pattern.BOUNDARY]
    patrol = plan_rest(asked(Pattern.BOUNDARY), plan, len(plan.waypoints))
    assert not patrol.sorties
    assert [one.code for one in patrol.findings] == ["rest.nothing"]


@pytest.mark.parametrize("number", [1, 2])
def test_the_rest_is_the_same_part_of_its_patrol(number: int) -> None:
    plan = replace(FLOWN[Pattern.SWEEP], sortie_number=number, sortie_count=2)
    (sortie,) = plan_rest(asked(Pattern.SWEEP), plan, 3).sorties
    assert (sortie.plan.sortie_number, sortie.plan.sortie_count) == (number, 2)


def test_a_rest_that_no_battery_lasts_for_is_told_and_not_made() -> None:
    request = replace(asked(Pattern.SWEEP), endurance_s=200.0)
    patrol = plan_rest(request, FLOWN[Pattern.SWEEP], 1)
    assert not patrol.sorties
    (why,) = stops(patrol.findings)
    assert why.code in ("rest.too_long", "sortie.too_far")
    assert why.text_zh
