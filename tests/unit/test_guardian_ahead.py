"""The guardian looks ahead: what would be too near before it could stop is too near now."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone.guard_seen import GuardLimits
from patrol.geo import offset
from patrol.telemetry import TelemetrySample, VelocityNed
from tests.fakes import HOME
from tests.unit.test_guardian import a_crowd, on_patrol, rules, seen


@pytest.mark.parametrize(
    ("east_m", "flies_east_m_s", "near_looks", "rule"),
    [
        (-10.0, 5.0, 9, None),  # there is room to stop, and the looks are counted
        (19.0, 5.0, 9, "standoff.breached"),  # 41 m away, and 12 m to stop
        (19.0, 5.0, 5, None),
        (19.0, 0.0, 9, None),  # it stands
        (19.0, -5.0, 9, None),  # it leaves
        (30.0, 0.0, 9, None),  # it wanders, just outside
    ],
)
def test_a_crowd_that_is_flown_towards_is_not_let_nearer_than_the_stand_off(
    east_m: float, flies_east_m_s: float, near_looks: int, rule: str | None
) -> None:
    sample = on_patrol(east_m, flies_east_m_s=flies_east_m_s)
    looked_at = seen(sample, a_crowd(60.0), near_looks=near_looks)
    assert rules(looked_at) == ([] if rule is None else [rule])
    assert looked_at.is_crowd_ahead is (flies_east_m_s > 0.0)


def test_where_the_other_is_by_now_counts_and_not_where_it_was_heard() -> None:
    west = VelocityNed(north_m_s=0, east_m_s=-4.8, down_m_s=0)
    mine = replace(on_patrol(0.0), heard_at_s=10.0)
    for heard_at_s, is_lost in ((10.0, False), (7.0, True)):
        there = offset(HOME, east_m=50.0, north_m=0)
        other = replace(on_patrol(0.0), position=there, velocity=west, heard_at_s=heard_at_s)
        assert ("separation.lost" in rules(replace(seen(mine), others=(other,)))) is is_lost


LIMITS = GuardLimits()
SPEEDS_M_S, BEARINGS_DEG = st.floats(0.0, 8.0), st.floats(0.0, 359.0)


@given(away_m=st.floats(31.0, 150.0), speed_m_s=st.floats(1.0, 12.0))
def test_who_is_let_go_on_towards_a_crowd_can_still_stop_before_the_stand_off(
    away_m: float, speed_m_s: float
) -> None:
    sample = on_patrol(60.0 - away_m, flies_east_m_s=speed_m_s)
    if rules(seen(sample, a_crowd(60.0, error_m=0.0))) == []:
        way_m = speed_m_s * LIMITS.reaction_s + speed_m_s**2 / (2.0 * LIMITS.brakes_m_s2)
        assert away_m - way_m > LIMITS.standoff_m - 0.01


@given(
    away_m=st.floats(35.0, 90.0), speeds=st.tuples(SPEEDS_M_S, SPEEDS_M_S),
    bearings=st.tuples(BEARINGS_DEG, BEARINGS_DEG),
)  # fmt: skip
def test_two_that_are_let_go_on_can_still_stop_before_the_separation_is_gone(
    away_m: float, speeds: tuple[float, float], bearings: tuple[float, float]
) -> None:
    first, second = (
        flying(east_m, speed_m_s, bearing_deg)
        for east_m, speed_m_s, bearing_deg in zip((0.0, away_m), speeds, bearings, strict=True)
    )
    for mine, other in ((first, second), (second, first)):
        if "separation.lost" in rules(replace(seen(mine), others=(other,))):
            return
    for tenths in range(80):
        ways_m = [braking_m(speed_m_s, tenths / 10.0) for speed_m_s in speeds]
        places = [
            complex(start, 0.0) + way_m * complex(math.sin(turn), math.cos(turn))
            for start, way_m, turn in zip(
                (0.0, away_m), ways_m, map(math.radians, bearings), strict=True
            )
        ]
        assert abs(places[0] - places[1]) > LIMITS.separation_m


def flying(east_m: float, speed_m_s: float, bearing_deg: float) -> TelemetrySample:
    turn = math.radians(bearing_deg)
    velocity = VelocityNed(
        north_m_s=speed_m_s * math.cos(turn), east_m_s=speed_m_s * math.sin(turn), down_m_s=0.0
    )
    return replace(on_patrol(east_m), velocity=velocity)


def braking_m(speed_m_s: float, after_s: float) -> float:
    """The way until then: on at full speed for the time to react, then braking to a stand."""
    free_s = min(after_s, LIMITS.reaction_s)
    braked_s = min(after_s - free_s, speed_m_s / LIMITS.brakes_m_s2)
    return speed_m_s * (free_s + braked_s) - LIMITS.brakes_m_s2 * braked_s**2 / 2.0
