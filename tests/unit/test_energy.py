"""What the way home costs grows with distance, headwind, height and stay; unknown is the worst."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patrol.energy import Power, energy_home_pct, energy_need_pct
from patrol.geo import GeoPoint, offset
from patrol.plan import MissionPlan, WayHome
from tests.unit.test_plan_words import HOME, a_plan
from tests.unit.test_way_home import planned

PLAN = a_plan()
NORTH_TO_HOME_DEG = 180.0  # the way home from the north leads south; a wind from there is against

distances = st.floats(0.0, 3000.0)
winds = st.floats(0.0, 20.0)


def away(distance_m: float) -> GeoPoint:
    return offset(HOME, east_m=0.0, north_m=distance_m)


def pct(distance_m: float, against_m_s: float = 0.0, plan: MissionPlan = PLAN) -> float:
    return energy_home_pct(
        away(distance_m), plan, height_above_home_m=30.0, wind_m_s=against_m_s,
        wind_from_true_deg=NORTH_TO_HOME_DEG,
    )  # fmt: skip


@given(distances, distances, winds)
def test_farther_away_never_costs_less(a_m: float, b_m: float, wind_m_s: float) -> None:
    near_m, far_m = sorted((a_m, b_m))
    assert pct(near_m, wind_m_s) <= pct(far_m, wind_m_s) + 1e-9


@given(distances, winds, winds)
def test_a_stronger_headwind_never_costs_less(distance_m: float, a: float, b: float) -> None:
    weak_m_s, strong_m_s = sorted((a, b))
    assert pct(distance_m, weak_m_s) <= pct(distance_m, strong_m_s) + 1e-9


@given(distances, winds, st.floats(0.0, 360.0))
def test_no_wind_makes_the_way_home_cheaper_than_still_air(
    distance_m: float, wind_m_s: float, from_deg: float
) -> None:
    windy = energy_home_pct(
        away(distance_m), PLAN, height_above_home_m=30.0, wind_m_s=wind_m_s,
        wind_from_true_deg=from_deg,
    )  # fmt: skip
    assert windy >= pct(distance_m) - 1e-9


@given(st.floats(30.0, 110.0), st.floats(30.0, 110.0))
def test_higher_up_never_costs_less_above_the_return_height(a_m: float, b_m: float) -> None:
    low_m, high_m = sorted((a_m, b_m))
    low = energy_home_pct(HOME, PLAN, height_above_home_m=low_m)
    assert low <= energy_home_pct(HOME, PLAN, height_above_home_m=high_m) + 1e-9


def test_below_the_return_height_the_climb_is_paid() -> None:
    ground = energy_home_pct(HOME, PLAN, height_above_home_m=0.0)
    assert ground > energy_home_pct(HOME, PLAN, height_above_home_m=30.0)


def test_an_observation_of_eleven_minutes_costs_its_share_of_the_endurance() -> None:
    stay = energy_home_pct(HOME, PLAN, height_above_home_m=30.0, look_s=660.0)
    assert stay - energy_home_pct(HOME, PLAN, height_above_home_m=30.0) == pytest.approx(44.0)


def test_what_is_not_known_counts_as_the_worst() -> None:
    known = pct(800.0, 2.0)
    no_wind_told = energy_home_pct(away(800.0), PLAN, height_above_home_m=30.0)
    only_speed = energy_home_pct(away(800.0), PLAN, height_above_home_m=30.0, wind_m_s=11.0)
    no_height_told = energy_home_pct(
        away(800.0), PLAN, height_above_home_m=None, wind_m_s=2.0,
        wind_from_true_deg=NORTH_TO_HOME_DEG,
    )  # fmt: skip
    assert known < no_wind_told < only_speed
    assert known < no_height_told


def test_against_a_wind_as_fast_as_the_aircraft_there_is_no_coming_home() -> None:
    assert math.isfinite(pct(500.0, 12.0))
    assert pct(500.0, 14.0) == math.inf
    assert pct(0.0, 14.0) < math.inf


def test_the_way_that_the_plan_takes_is_what_is_paid_for() -> None:
    far = PLAN.waypoints[2].point
    straight = energy_home_pct(far, PLAN, height_above_home_m=30.0)
    route = replace(PLAN, way_home=WayHome.ROUTE)
    assert energy_home_pct(far, route, height_above_home_m=30.0) > straight


def test_a_kilometre_in_still_air_takes_the_time_it_takes() -> None:
    plain = Power(decision_s=0.0, turn_s=0.0)
    one = energy_home_pct(
        away(1000.0), PLAN, height_above_home_m=30.0, wind_m_s=0.0, wind_from_true_deg=0.0,
        power=plain,
    )  # fmt: skip
    landing_s = 20.0 / 1.5 + 10.0 / 0.7
    assert one == pytest.approx((1000.0 / 4.8 + landing_s) / 1500.0 * 100.0, rel=1e-3)


@given(winds, winds, st.floats(0.0, 360.0))
def test_a_whole_plan_never_takes_less_in_a_stronger_wind(
    a: float, b: float, from_deg: float
) -> None:
    weak_m_s, strong_m_s = sorted((a, b))
    need = [
        energy_need_pct(PLAN, wind_m_s=wind_m_s, wind_from_true_deg=from_deg)
        for wind_m_s in (weak_m_s, strong_m_s)
    ]
    assert energy_need_pct(PLAN) - 1e-9 <= need[0] <= need[1] + 1e-9


def test_a_whole_plan_takes_route_look_and_the_worst_way_home() -> None:
    route_s = 300.0 / 4.8
    need_pct = energy_need_pct(PLAN)
    assert need_pct > (route_s + 660.0 + 100.0 / 4.8) / 1500.0 * 100.0
    no_look = replace(PLAN, look_hold=None)
    assert need_pct - energy_need_pct(no_look) == pytest.approx(44.0)
    waiting = replace(PLAN, waypoints=tuple(replace(w, hold_s=10.0) for w in PLAN.waypoints))
    assert energy_need_pct(waiting) - need_pct == pytest.approx(2.0)


def test_a_speed_at_which_nothing_is_reached_is_never_enough_battery() -> None:
    standing = replace(PLAN, waypoints=tuple(replace(w, speed_m_s=0.0) for w in PLAN.waypoints))
    assert energy_need_pct(standing) == math.inf


def test_our_planner_never_states_less_than_what_we_reckon() -> None:
    ring = [(0, 0), (180, 0), (180, 90), (90, 90), (90, 180), (0, 180)]
    for plan, _ in (planned(ring, (160.0, 45.0)), planned(ring, (45.0, 45.0))):
        assert plan.battery_need_pct >= energy_need_pct(plan), plan.way_home
