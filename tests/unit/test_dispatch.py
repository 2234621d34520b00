"""Whoever is there first goes, if its battery brings it back; each of the others says why not."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from missions.assembly import RESERVE_PCT
from missions.dispatch import Call, Dispatch, Standing, dispatch
from missions.fleet import Aircraft
from missions.open_air import Surroundings
from patrol.energy import Power, energy_need_pct
from patrol.geo import GeoPoint, distance_m, is_inside, offset
from patrol.plan import Finding, Level, stops
from tests.unit.test_boundary import CENTRE, LENS, a_grid, a_shape, square
from tests.unit.test_plan_words import NOW

GRID = a_grid(a_shape(square(8000.0)))


def a_call(point: GeoPoint = CENTRE, around: Surroundings | None = None) -> Call:
    return Call(
        point=point, grid=GRID, register_version="v1", created_utc=NOW, is_exercise=True,
        around=around or Surroundings(),
    )  # fmt: skip


def standing(name: str, east_m: float, charge_pct: float | None = 100.0) -> Standing:
    aircraft = Aircraft(
        name=name, place=offset(CENTRE, east_m=east_m, north_m=0.0), endurance_s=1500.0, lens=LENS
    )
    return Standing(aircraft=aircraft, charge_pct=charge_pct)


def best(made: Dispatch) -> str:
    assert made.best is not None
    return made.best.aircraft


def codes(made: Dispatch, name: str) -> set[str]:
    option = next(option for option in made.options if option.aircraft == name)
    return {finding.code for finding in stops(option.findings)}


def test_the_nearest_goes_and_all_are_listed_by_their_time() -> None:
    made = dispatch(a_call(), [standing("far", 2000.0), standing("near", 300.0)])
    assert best(made) == "near"
    assert [option.aircraft for option in made.options] == ["near", "far"]
    there_s = [option.there_s for option in made.options]
    assert there_s == sorted(there_s)


def test_a_faster_one_farther_away_may_be_there_first() -> None:
    fast = standing("fast", 1500.0)
    fast = replace(fast, aircraft=replace(fast.aircraft, dash_m_s=14.0))
    slow = standing("slow", 900.0)
    slow = replace(slow, aircraft=replace(slow.aircraft, dash_m_s=5.0))
    assert best(dispatch(a_call(), [slow, fast])) == "fast"


def test_the_nearest_with_too_little_charge_stays_and_says_so() -> None:
    made = dispatch(a_call(), [standing("near", 300.0, charge_pct=33.0), standing("far", 2000.0)])
    assert best(made) == "far"
    assert codes(made, "near") == {"battery.charge"}


@pytest.mark.parametrize("charge_pct", [None, math.nan])
def test_a_charge_that_nobody_told_is_no_charge(charge_pct: float | None) -> None:
    made = dispatch(a_call(), [standing("near", 300.0, charge_pct=charge_pct)])
    assert made.best is None
    assert codes(made, "near") == {"battery.unknown"}


def test_one_that_is_busy_is_listed_with_its_reason() -> None:
    flying = Finding(code="dispatch.in_air", level=Level.STOP, text="it flies", text_zh="飞行中")
    made = dispatch(
        a_call(), [replace(standing("near", 300.0), busy=flying), standing("far", 2000.0)]
    )
    assert best(made) == "far"
    assert codes(made, "near") == {"dispatch.in_air"}


def test_a_point_in_no_grid_is_told_and_nobody_goes() -> None:
    made = dispatch(replace(a_call(), grid=None), [standing("near", 300.0)])
    assert made.best is None
    assert [finding.code for finding in made.findings] == ["dispatch.outside"]


def test_without_a_fit_aircraft_nobody_goes_and_it_is_said() -> None:
    broken = standing("broken", 0.0)
    broken = replace(broken, aircraft=replace(broken.aircraft, endurance_s=0.0))
    made = dispatch(a_call(), [broken])
    assert made.best is None
    assert [finding.code for finding in made.findings] == ["fleet.unfit", "fleet.none"]


def test_a_way_over_a_kept_out_place_is_not_flown() -> None:
    ring = tuple(
        offset(CENTRE, east_m=e, north_m=n)
        for e, n in ((600.0, -200.0), (800.0, -200.0), (800.0, 200.0), (600.0, 200.0))
    )
    call = a_call(around=Surroundings(kept_out=(ring,)))
    made = dispatch(call, [standing("behind", 1500.0), standing("free", -2000.0)])
    assert best(made) == "free"
    assert codes(made, "behind")


@settings(max_examples=80, deadline=None)
@given(
    st.floats(-3500.0, 3500.0), st.floats(-3500.0, 3500.0), st.floats(0.0, 100.0),
    st.sampled_from([4.8, 10.0, 14.0]), st.sampled_from([20.0, 30.0, 60.0]),
)  # fmt: skip
def test_whoever_goes_comes_back_with_the_reserve_and_stands_off(
    east_m: float, north_m: float, charge_pct: float, dash_m_s: float, height_m: float
) -> None:
    one = standing("one", east_m, charge_pct)
    one = replace(
        one,
        aircraft=replace(
            one.aircraft, dash_m_s=dash_m_s, height_agl_m=height_m,
            place=offset(CENTRE, east_m=east_m, north_m=north_m),
        ),
    )  # fmt: skip
    made = dispatch(a_call(), [one])
    option = made.options[0]
    plan = option.plan
    assert plan is not None
    (stop,) = plan.waypoints
    assert distance_m(stop.point, CENTRE) >= max(30.0, height_m) - 0.1
    assert is_inside(plan.home, plan.fence)
    assert is_inside(stop.point, plan.fence)
    if option.can_go:
        need_pct = energy_need_pct(plan, power=Power(endurance_s=1500.0))
        assert charge_pct - need_pct >= RESERVE_PCT - 0.1
    else:
        assert codes(made, "one") == {"battery.charge"}
