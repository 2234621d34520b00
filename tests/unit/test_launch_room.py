"""Whoever rises first has the room; nobody knows is no room either."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground_station.launch_room import APART_M, LaunchRoom
from patrol.geo import offset
from patrol.plan import Level
from patrol.telemetry import TelemetrySample
from tests.fakes import HOME, a_sample

DOWN = a_sample(vehicle_id="GP-2", is_in_air=False, is_armed=False)


def room(other: TelemetrySample | None, own: TelemetrySample | None = None) -> LaunchRoom:
    """GP-1 stands at home, unless told otherwise, and GP-2 is like this."""
    made = LaunchRoom()
    made.join("GP-1", lambda: own or replace(DOWN, vehicle_id="GP-1"))
    made.join("GP-2", lambda: other)
    return made


def test_the_first_takes_the_room_and_the_second_waits_until_it_is_down() -> None:
    one = room(DOWN)
    assert one.ask("GP-1") == []
    (finding,) = one.ask("GP-2")
    assert (finding.code, finding.level) == ("separation.launch", Level.STOP)
    assert "GP-1 rises" in finding.text
    assert "GP-1" in finding.text_zh
    one.leave("GP-1")
    assert one.ask("GP-2") == []


def test_who_asks_again_is_not_in_its_own_way() -> None:
    one = room(DOWN)
    assert one.ask("GP-1") == one.ask("GP-1") == []


@pytest.mark.parametrize(
    "other", [None, DOWN], ids=["that was never heard", "that stands on the ground"]
)
def test_an_aircraft_that_is_silent_or_down_delays_nobody(other: TelemetrySample | None) -> None:
    assert room(other).ask("GP-1") == []


@pytest.mark.parametrize(
    "changes",
    [{"is_in_air": None}, {"is_in_air": True}, {"is_in_air": True, "position": None}],
    ids=["that does not say", "that flies", "whose place is not known"],
)
def test_an_aircraft_may_be_in_the_way(changes: dict[str, object]) -> None:
    (finding,) = room(replace(DOWN, **changes)).ask("GP-1")  # type: ignore[arg-type]
    assert finding.level is Level.STOP


def test_without_a_place_of_its_own_it_does_not_rise_beside_one_that_flies() -> None:
    own = replace(DOWN, vehicle_id="GP-1", position=None)
    assert room(replace(DOWN, is_in_air=True), own).ask("GP-1")


@given(st.floats(0.0, 300.0), st.floats(0.0, 360.0))
def test_there_is_room_from_the_distance_on_in_every_direction(away_m: float, turn: float) -> None:
    place = offset(
        HOME, east_m=away_m * (turn / 360.0), north_m=away_m * (1.0 - (turn / 360.0) ** 2) ** 0.5
    )
    found = room(replace(DOWN, is_in_air=True, position=place)).ask("GP-1")
    if abs(away_m - APART_M) > 0.5:
        assert bool(found) == (away_m < APART_M)
