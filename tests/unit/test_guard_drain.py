"""A battery is reckoned by its whole flight: a gauge that falls and then stands is no drain."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone.guard_drain import Drain
from patrol.energy import Power
from patrol.telemetry import Battery
from tests.fakes import a_sample

DEFAULT_S = Power().endurance_s


def flown(charge_pct: Callable[[float], float], until_s: int, every_s: int = 1) -> Drain:
    """A flight on such a gauge, which tells whole per cent."""
    drain, start = Drain(), a_sample()
    for second in range(0, until_s + 1, every_s):
        told = Battery(charge_pct=float(math.floor(max(0.0, charge_pct(second)))))
        drain.see(replace(start, time_utc=start.time_utc + timedelta(seconds=second), battery=told))
    return drain


def test_a_gauge_that_falls_to_half_and_then_stands_sends_nobody_home() -> None:
    """PX4's own simulated battery, as it was seen: half empty after 35 s."""
    for until_s in (110, 120, 130, 300, 600):
        drain = flown(lambda second: 100.0 - min(50.0, second / 0.7), until_s)
        assert drain.power() == Power(), until_s


@given(
    begins_s=st.integers(0, 500),
    lasts_s=st.integers(1, 50),
    falls_pct=st.floats(5.0, 60.0),
    until_s=st.integers(120, 900),
)
def test_wherever_in_a_flight_a_gauge_falls_once_it_is_no_drain(
    begins_s: int, lasts_s: int, falls_pct: float, until_s: int
) -> None:
    def gauge(second: float) -> float:
        return 100.0 - falls_pct * min(1.0, max(0.0, (second - begins_s) / lasts_s))

    assert flown(gauge, until_s).power() == Power()


@given(endurance_s=st.floats(300.0, 1200.0), until_s=st.integers(240, 290))
def test_a_battery_that_drains_steadily_is_reckoned_by_what_it_gives(
    endurance_s: float, until_s: int
) -> None:
    power = flown(lambda second: 100.0 * (1.0 - second / endurance_s), until_s).power()
    told_pct = 100.0 * (until_s - 60.0) / endurance_s  # of which two whole per cent may be off
    reckoned_s = min(DEFAULT_S, endurance_s / (1.0 - 2.5 / told_pct))
    assert 0.85 * endurance_s <= power.endurance_s <= reckoned_s + 1.0


@pytest.mark.parametrize("every_s", [1, 7, 30])
def test_one_that_is_really_empty_soon_is_known_after_two_minutes(every_s: int) -> None:
    drain = flown(lambda second: 100.0 - second / 3.0, 121 + every_s, every_s)
    assert drain.power().endurance_s == pytest.approx(300.0, rel=0.15)
