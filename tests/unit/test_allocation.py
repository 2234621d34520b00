"""Each grid is flown once at most, with its reserve and apart from others, or told why not."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString

from missions.allocation import Allocation, Flight, allocate
from missions.allocation_model import Terms
from missions.assembly import RESERVE_PCT
from missions.coverage_debt import coverage_debt
from missions.flat import to_position
from missions.fleet import Aircraft
from missions.grid import Grid
from missions.jobs import Job, Setting, Window, jobs_of
from missions.register import load_register
from missions.request import default_home
from patrol.energy import Power, energy_need_pct
from patrol.geo import LocalFrame, offset
from patrol.pattern import Pattern
from patrol.plan import Level, MissionPlan
from tests.unit.test_boundary import CENTRE, LENS, Metres, a_grid, a_shape
from tests.unit.test_plan_words import NOW

SETTING = Setting(register_version="v1", created_utc=NOW, is_exercise=True)
TERMS = Terms(search_s=0.02)
FRAME = LocalFrame(origin=CENTRE)
CAR_M_S = 8.0


def squares(count: int, side_m: float = 400.0, across: int = 3) -> list[Grid]:
    """Grids that tile a piece of land, row by row."""
    grids = []
    for number in range(count):
        east_m, north_m = (number % across) * side_m, (number // across) * side_m
        ring: Metres = [
            (east_m, north_m), (east_m + side_m, north_m),
            (east_m + side_m, north_m + side_m), (east_m, north_m + side_m),
        ]  # fmt: skip
        code = f"440512001001{number + 1:03d}"
        name = f"第{number + 1}网格"
        grids.append(replace(a_grid(a_shape(ring)), code=code, name_zh=name, name_spoken=name))
    return grids


def an_aircraft(name: str = "GP-1", east_m: float = 0.0, north_m: float = 0.0) -> Aircraft:
    return Aircraft(
        name=name, place=offset(CENTRE, east_m=east_m, north_m=north_m), endurance_s=1500.0,
        lens=LENS, drive_m_s=CAR_M_S,
    )  # fmt: skip


def path(plan: MissionPlan) -> LineString:
    places = [plan.home, *(waypoint.point for waypoint in plan.waypoints), plan.home]
    return LineString([to_position(place, FRAME) for place in places])


def are_together(one: Flight, other: Flight) -> bool:
    return one.begin_s < other.end_s and other.begin_s < one.end_s


def flown(made: Allocation) -> set[str]:
    return {flight.job.code for flight in made.flights}


def reasons(made: Allocation) -> set[str]:
    return {reason.code for one in made.uncovered for reason in one.reasons}


def check_day(
    made: Allocation, fleet: Sequence[Aircraft], jobs: Sequence[Job], terms: Terms
) -> None:
    """Everything that holds for any day whatever."""
    codes = [one.job.code for one in made.uncovered]
    assert sorted([*flown(made), *codes]) == sorted({job.code for job in jobs})
    assert all(one.reasons for one in made.uncovered)
    for code, parts in itertools.groupby(made.flights, lambda flight: flight.job.code):
        flights = list(parts)
        assert [flight.part for flight in flights] == list(range(1, flights[0].parts + 1)), code
    by_name = {aircraft.name: aircraft for aircraft in fleet}
    for flight in made.flights:
        power = Power(endurance_s=by_name[flight.aircraft].planned_endurance_s)
        assert flight.plan.battery_need_pct <= 100.0 - RESERVE_PCT
        assert energy_need_pct(flight.plan, power=power) <= 100.0 - RESERVE_PCT + 1.0
        assert flight.end_s - flight.begin_s == pytest.approx(flight.plan.duration_s)
        assert terms.day_s is None or flight.end_s <= terms.day_s
        window = flight.job.window
        if window is not None and flight.part == 1:
            assert window.from_s <= flight.begin_s <= window.until_s
    for flights in made.rounds().values():
        for before, after in itertools.pairwise(flights):
            assert after.begin_s - before.end_s >= terms.change_s - 1e-6
    for one, other in itertools.combinations(made.flights, 2):
        if one.aircraft != other.aircraft and are_together(one, other):
            assert path(one.plan).distance(path(other.plan)) >= terms.separation_m - 0.1
    assert made.last_landing_s >= made.bound_s - 1e-6
    assert made.longest_sortie_s >= made.sortie_bound_s - 1e-6


fleets = st.lists(
    st.builds(
        Aircraft,
        name=st.uuids().map(str),
        place=st.builds(
            lambda e, n: offset(CENTRE, east_m=e, north_m=n),
            st.floats(-2000, 3000), st.floats(-2000, 3000),
        ),
        endurance_s=st.sampled_from([300.0, 900.0, 1500.0, 2400.0]),
        lens=st.just(LENS),
        drive_m_s=st.sampled_from([None, 4.0, CAR_M_S]),
    ),
    max_size=3,
)  # fmt: skip
windows = st.none() | st.builds(Window, from_s=st.floats(0, 3000), until_s=st.floats(0, 6000))


@settings(max_examples=40, deadline=None)
@given(
    fleets,
    st.lists(st.tuples(st.booleans(), windows, st.integers(0, 72)), max_size=7),
    st.none() | st.floats(600.0, 6000.0),
    st.sampled_from([0.0, 30.0, 100.0, 1000.0]),
)
def test_any_day_keeps_the_reserve_the_separation_and_hides_nothing(
    fleet: list[Aircraft],
    wishes: list[tuple[bool, Window | None, int]],
    day_s: float | None,
    separation_m: float,
) -> None:
    grids = squares(len(wishes))
    looks = {
        grid.code: NOW - timedelta(hours=wish[2]) for grid, wish in zip(grids, wishes, strict=True)
    }
    debts = {debt.grid_code: debt for debt in coverage_debt(looks, looks, NOW)}
    jobs = [
        Job(grid=grid, is_alert=is_alert, window=window, debt=debts[grid.code])
        for grid, (is_alert, window, _) in zip(grids, wishes, strict=True)
    ]
    terms = replace(TERMS, day_s=day_s, separation_m=separation_m)
    check_day(allocate(fleet, jobs, SETTING, terms), fleet, jobs, terms)


def test_without_limits_every_grid_is_flown_and_the_work_is_shared() -> None:
    fleet = [an_aircraft(f"GP-{n}", east_m=600.0 * n) for n in range(3)]
    jobs = [Job(grid=grid) for grid in squares(12, across=4)]
    made = allocate(fleet, jobs, SETTING, TERMS)
    check_day(made, fleet, jobs, TERMS)
    assert not made.uncovered
    assert {name: len(flights) for name, flights in made.rounds().items()} == {
        "GP-0": 4, "GP-1": 4, "GP-2": 4,
    }  # fmt: skip


def test_two_that_would_fly_side_by_side_wait_for_one_another() -> None:
    fleet = [an_aircraft("GP-1"), an_aircraft("GP-2", east_m=800.0)]
    jobs = [Job(grid=grid) for grid in squares(2, across=2)]
    apart = allocate(fleet, jobs, SETTING, replace(TERMS, separation_m=1.0))
    assert are_together(*apart.flights)
    near = allocate(fleet, jobs, SETTING, replace(TERMS, separation_m=1000.0))
    assert not are_together(*near.flights)
    assert max(flight.wait_s for flight in near.flights) > 0.0


def test_an_alert_is_flown_before_what_is_due() -> None:
    grids = squares(6, across=6)
    jobs = jobs_of(grids, (), alerts=[grids[-1].code])
    made = allocate([an_aircraft()], jobs, SETTING, TERMS)
    assert made.flights[0].job.grid.code == grids[-1].code


def test_a_short_day_covers_what_has_gone_unseen_the_longest_and_lists_the_rest() -> None:
    grids = squares(6, across=6)
    looks = {grid.code: NOW - timedelta(hours=30 + n) for n, grid in enumerate(grids[:-1])}
    debts = coverage_debt([grid.code for grid in grids], looks, NOW)
    made = allocate([an_aircraft()], jobs_of(grids, debts), SETTING, replace(TERMS, day_s=2000.0))
    never, longest = grids[-1].code, grids[-2].code
    assert {flight.job.grid.code for flight in made.flights} >= {never, longest}
    assert [one.job.grid.code for one in made.uncovered] == [
        grid.code for grid in reversed(grids) if grid.code not in
        {flight.job.grid.code for flight in made.flights}
    ]  # fmt: skip
    assert reasons(made) == {"allocate.no_time"}


def test_special_hours_are_kept_or_the_job_is_told_as_missed() -> None:
    grids = squares(3)
    school = Job(grid=grids[2], window=Window(from_s=4000.0, until_s=4600.0))
    missed = Job(grid=grids[1], window=Window(from_s=0.0, until_s=1.0))
    far = an_aircraft(east_m=3000.0)
    made = allocate([far], [Job(grid=grids[0]), school, missed], SETTING, TERMS)
    at_school = next(flight for flight in made.flights if flight.job == school)
    assert 4000.0 <= at_school.begin_s <= 4600.0
    assert [one.job for one in made.uncovered] == [missed]
    assert reasons(made) == {"allocate.hours_missed"}


@pytest.mark.parametrize(
    "hours", [(10.0, 5.0), (math.nan, 5.0), (0.0, math.inf)], ids=["reversed", "nan", "endless"]
)
def test_hours_that_are_none_are_told(hours: tuple[float, float]) -> None:
    job = Job(grid=squares(1)[0], window=Window(from_s=hours[0], until_s=hours[1]))
    made = allocate([an_aircraft()], [job], SETTING, TERMS)
    assert reasons(made) == {"allocate.hours_reversed"}


def test_without_aircraft_nothing_is_covered_and_it_is_said() -> None:
    made = allocate([], [Job(grid=grid) for grid in squares(2)], SETTING, TERMS)
    assert not made.flights
    assert [finding.code for finding in made.findings] == ["fleet.none"]
    assert len(made.uncovered) == 2
    assert reasons(made) == {"fleet.none"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"endurance_s": 0.0}, {"endurance_s": math.nan}, {"endurance_s": -5.0},
        {"speed_m_s": 0.0}, {"speed_m_s": math.inf}, {"drive_m_s": 0.0}, {"dash_m_s": math.nan},
    ],
)  # fmt: skip
def test_an_aircraft_without_endurance_or_speed_is_told_and_the_others_fly(
    wrong: dict[str, float],
) -> None:
    fleet = [replace(an_aircraft("GP-0"), **wrong), an_aircraft("GP-1")]  # type: ignore[arg-type]
    jobs = [Job(grid=grid) for grid in squares(2)]
    made = allocate(fleet, jobs, SETTING, TERMS)
    told = [finding for finding in made.findings if finding.code == "fleet.unfit"]
    assert [(finding.hint, finding.level) for finding in told] == [("GP-0", Level.STOP)]
    assert all(finding.text_zh for finding in made.findings)
    assert set(made.rounds()) == {"GP-1"}
    assert not made.uncovered


def test_two_of_one_name_are_both_left_out() -> None:
    made = allocate([an_aircraft(), an_aircraft()], [Job(grid=squares(1)[0])], SETTING, TERMS)
    assert {finding.code for finding in made.findings} == {"fleet.unfit", "fleet.none"}


def test_a_grid_farther_than_a_battery_is_told_with_the_way_out() -> None:
    docked = replace(an_aircraft(east_m=9000.0), drive_m_s=None)
    made = allocate([docked], [Job(grid=squares(1)[0])], SETTING, TERMS)
    (reason,) = made.uncovered[0].reasons
    assert reason.code == "allocate.too_far"
    assert "8.6 km" in reason.text
    assert "8.6公里" in reason.text_zh


def test_a_long_endurance_is_planned_no_longer_than_pre_flight_allows() -> None:
    made = allocate(
        [replace(an_aircraft(), endurance_s=3000.0)], [Job(grid=squares(1)[0])], SETTING, TERMS
    )
    assert [finding.code for finding in made.findings] == ["fleet.endurance_capped"]
    assert made.flights[0].plan.battery_need_pct <= 70.0


def test_what_is_asked_for_twice_is_flown_once_as_the_more_pressing() -> None:
    grid = squares(1)[0]
    made = allocate(
        [an_aircraft()], [Job(grid=grid), Job(grid=grid, is_alert=True)], SETTING, TERMS
    )
    assert [flight.job.is_alert for flight in made.flights] == [True]
    assert not made.uncovered


def test_a_place_is_looked_at_and_listed_under_its_own_code() -> None:
    grid = squares(1)[0]
    job = Job(
        grid=grid,
        place=offset(CENTRE, east_m=200.0, north_m=200.0),
        key="T3-1",
        name="学校一",
        pattern=Pattern.POINTS,
    )
    made = allocate([an_aircraft()], [job, Job(grid=grid)], SETTING, TERMS)
    visit = next(flight for flight in made.flights if flight.job.code == "T3-1")
    assert visit.to_dict()["name"] == "学校一"
    assert visit.plan.pattern == "points"
    assert len(made.flights) == 2


def test_a_street_of_the_sample_is_shared_within_a_twentieth_of_the_bound() -> None:
    street = [grid for grid in load_register().grids if grid.code.startswith("440512003")]
    fleet = [
        replace(an_aircraft(f"GP-{n}"), place=default_home(street[n * len(street) // 2]))
        for n in range(2)
    ]
    jobs, terms = [Job(grid=grid) for grid in street], replace(TERMS, search_s=1.0)
    made = allocate(fleet, jobs, SETTING, terms)
    check_day(made, fleet, jobs, terms)
    assert made.over_bound <= 1.05
    assert made.to_dict()["longest_over_bound"] == round(made.over_bound, 4)
