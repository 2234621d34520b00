"""The exercise goes no faster than the eye can look."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground_station.exercise_clock import ExerciseClock
from ground_station.pace import (
    FRAMES_NEEDED,
    SLOWEST,
    LookWindow,
    Pace,
    fitting_speed,
    look_window,
    needed_wall_s,
    next_speed,
)
from patrol.bus import Bus
from patrol.camera import CameraLens
from tests.fakes import START
from tests.unit.test_effect import a_look
from tests.unit.test_plan_words import a_plan
from vision.crowd_rules import CrowdRules

LENS = CameraLens(width_px=1280, height_px=720, hfov_deg=40.0)
WINDOW = LookWindow(duration_s=7.0)


def test_the_window_is_the_flight_from_the_farthest_valid_range_to_the_stand_off() -> None:
    # 40 % of (97.6 m - 30 m) at 4.8 m/s
    assert look_window(a_plan(), LENS).duration_s == pytest.approx(5.6, abs=0.1)


def test_a_lens_that_counts_nowhere_leaves_no_window_and_no_speed_up() -> None:
    wide = CameraLens(width_px=640, height_px=360, hfov_deg=110.0)
    window = look_window(a_plan(), wide)
    assert window.duration_s == 0.0
    assert fitting_speed(needed_s=0.4, window=window, ceiling=5) == SLOWEST


@given(st.floats(0.2, 30), st.floats(0.0, 2.0), st.floats(1, 10))
def test_three_frames_fit_into_the_window_at_the_fitting_speed(
    rate_hz: float, latency_s: float, ceiling: float
) -> None:
    needed_s = needed_wall_s(rate_hz=rate_hz, latency_s=latency_s)
    speed = fitting_speed(needed_s=needed_s, window=WINDOW, ceiling=ceiling)
    assert speed <= ceiling
    if speed > SLOWEST:
        frames = (WINDOW.duration_s / speed - latency_s) * rate_hz
        assert frames >= FRAMES_NEEDED - 1e-6


def test_a_speed_that_no_longer_fits_is_lowered_at_once() -> None:
    assert next_speed(now=5.0, fitting=3.9, ceiling=5.0, held_s=0.1) == 3.5


def test_the_speed_rises_only_when_it_is_clearly_possible_and_not_soon_after() -> None:
    assert next_speed(now=3.5, fitting=4.2, ceiling=5.0, held_s=60.0) == 3.5
    assert next_speed(now=3.5, fitting=4.6, ceiling=5.0, held_s=1.0) == 3.5
    assert next_speed(now=3.5, fitting=4.6, ceiling=5.0, held_s=5.0) == 4.5
    assert next_speed(now=4.5, fitting=5.0, ceiling=5.0, held_s=5.0) == 5.0


@given(st.floats(1, 10), st.floats(0.5, 20), st.floats(1, 10), st.floats(0, 60))
def test_the_next_speed_never_passes_what_fits_or_the_ceiling(
    now: float, fitting: float, ceiling: float, held_s: float
) -> None:
    now, fitting = min(now, ceiling), max(SLOWEST, min(fitting, ceiling))
    assert next_speed(now=now, fitting=fitting, ceiling=ceiling, held_s=held_s) <= fitting


class SteppedClock(ExerciseClock):
    """An exercise's clock that takes any speed it is asked for."""

    def __init__(self, ceiling: float) -> None:
        self._speed, self.ceiling = ceiling, ceiling

    def now_utc(self) -> datetime:
        return START

    async def set_speed(self, speed: float) -> float:
        self._speed = speed
        return speed


@pytest.mark.anyio
@pytest.mark.parametrize(("rate_hz", "speed"), [(0.5, 4.5), (5.0, 10.0)])
async def test_while_it_holds_for_a_candidate_the_on_delay_keeps_its_three_frames(
    rate_hz: float, speed: float
) -> None:
    bus, clock, rules = Bus(), SteppedClock(ceiling=10.0), CrowdRules()
    pace = Pace(bus=bus, clock=clock, rules=rules)
    pace.watch_legs("cam-1", LookWindow(duration_s=rules.on_delay_s, is_leg=False))
    crowd = [(float(i % 5), float(i // 5)) for i in range(30)]
    look = replace(
        a_look(100.0, crowd, is_valid=True, is_in_view=True), rate_hz=rate_hz, latency_s=0.3
    )
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pace.run)
        await anyio.wait_all_tasks_blocked()
        bus.publish(look)
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
    assert clock.speed == speed
    assert rules.on_delay_s / clock.speed >= needed_wall_s(rate_hz=rate_hz, latency_s=0.3)


@pytest.mark.anyio
async def test_of_two_aircraft_the_one_whose_eye_needs_most_time_sets_the_speed() -> None:
    bus, clock = Bus(), SteppedClock(ceiling=10.0)
    pace = Pace(bus=bus, clock=clock, rules=CrowdRules())
    for camera_id in ("cam-1", "cam-2"):
        pace.watch_legs(camera_id, LookWindow(duration_s=20.0, is_leg=False))
    nobody = a_look(100.0, [], is_valid=True, is_in_view=True)
    slow = replace(nobody, rate_hz=0.5, latency_s=0.3)
    fast = replace(nobody, camera_id="cam-2", rate_hz=5.0, latency_s=0.3)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pace.run)
        await anyio.wait_all_tasks_blocked()
        for look in (slow, fast):
            bus.publish(look)
        await anyio.wait_all_tasks_blocked()
        assert clock.speed == 3.0  # 20 s in 6.3 s of the slow eye
        pace.watch_legs("cam-1", None)
        bus.publish(replace(fast, captured_at_s=200.0))
        await anyio.wait_all_tasks_blocked()
        assert clock.speed == 10.0, "the slow one is in no hurry any more"
        tasks.cancel_scope.cancel()
