"""The simulated world's clock: continuous, however its speed changes."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patrol.geo import GeoPoint
from sim.aircraft import SimAircraft
from sim.clock import SPEED_MIN, SimClock
from sim.clock_http import clock_answer, clock_put
from tests.fakes import ManualClock

START = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)


def a_clock(ceiling: float = 10.0, **options: float) -> tuple[SimClock, ManualClock]:
    wall = ManualClock()
    return SimClock(START, ceiling, wall=wall, **options), wall


@given(st.lists(st.tuples(st.floats(-1.0, 20.0), st.floats(0.0, 1000.0)), min_size=1, max_size=10))
def test_world_time_never_jumps_however_the_speed_changes(
    changes: list[tuple[float, float]],
) -> None:
    clock, wall = a_clock()
    expected_s = 0.0
    for speed, wall_s in changes:
        before_s = clock.monotonic_s()
        clock.speed = speed
        assert clock.monotonic_s() == pytest.approx(before_s)
        assert SPEED_MIN <= clock.speed <= 10.0
        wall.now_s += wall_s
        expected_s += clock.speed * wall_s
        assert clock.monotonic_s() == pytest.approx(expected_s)
    assert clock.now_utc() - START == pytest.approx(
        timedelta(seconds=expected_s), abs=timedelta(milliseconds=1)
    )


@given(st.floats(0.1, 10.0))
def test_it_runs_at_its_ceiling_unless_told_otherwise(ceiling: float) -> None:
    assert a_clock(ceiling)[0].speed == ceiling
    assert a_clock(ceiling, speed=0.1)[0].speed == 0.1
    assert a_clock(ceiling, speed=99.0)[0].speed == ceiling


@pytest.mark.parametrize("ceiling", [0.0, 0.05, -1.0, math.nan, math.inf])
def test_a_ceiling_that_is_none_is_refused(ceiling: float) -> None:
    with pytest.raises(ValueError, match="ceiling"):
        SimClock(START, ceiling)


def test_a_start_without_a_zone_and_a_speed_that_is_no_number_are_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        SimClock(START.replace(tzinfo=None), 1.0)
    with pytest.raises(ValueError, match="number"):
        a_clock()[0].speed = math.nan


@pytest.mark.parametrize(
    ("speed", "wall_s"), [(0.5, 1.0), (1.0, 1.0), (2.0, 0.5), (4.0, 0.25), (10.0, 0.25)]
)
def test_an_aircrafts_heartbeats_come_each_second_of_its_world_within_reason(
    speed: float, wall_s: float
) -> None:
    home = GeoPoint(lat_deg=23.28, lon_deg=116.72)
    clock = SimClock(START, speed)
    aircraft = SimAircraft(home=home, home_elevation_amsl_m=12.0, clock=clock)
    assert aircraft._heartbeat_s == wall_s


def test_over_http_the_clock_answers_what_it_then_is() -> None:
    clock, wall = a_clock()
    wall.now_s = 2.0
    assert clock_put(clock, {"speed": 0.01}) == clock_answer(clock)
    assert clock_answer(clock) == {
        "world_utc": "2026-11-24T01:30:20.000Z", "speed": 0.1, "ceiling": 10.0, "wall_s": 2.0,
    }  # fmt: skip


@pytest.mark.anyio
async def test_a_sleeper_wakes_at_its_world_time_though_the_speed_rises_meanwhile() -> None:
    clock = SimClock(START, 1000.0, speed=0.1)
    with anyio.fail_after(5.0):
        async with anyio.create_task_group() as group:
            group.start_soon(clock.sleep, 20.0)
            await anyio.lowlevel.checkpoint()
            clock.speed = 1000.0
    assert clock.monotonic_s() >= 20.0
