"""Whoever rises first has the room; nobody knows is no room either."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground_station.launch_room import APART_M, LaunchRoom
from patrol.declaration import Declaration
from patrol.geo import offset
from patrol.plan import Level
from patrol.telemetry import TelemetrySample
from tests.fakes import HOME, START, ManualClock, a_sample

DOWN = a_sample(vehicle_id="GP-2", is_in_air=False, is_armed=False)
SEEN = Declaration(
    by="Zheng", at_utc=START, remote_id_ok=True, weather="clear", on_ground=("GP-2",)
)


def room(
    other: TelemetrySample | None,
    own: TelemetrySample | None = None,
    *,
    is_known: Callable[[], bool] = lambda: True,
    now_s: float = 0.0,
    is_exercise: bool = True,
) -> LaunchRoom:
    """GP-1 stands at home, unless told otherwise, and GP-2 is like this."""
    clock = ManualClock()
    clock.now_s = now_s
    made = LaunchRoom(clock, is_exercise=is_exercise)
    here = own or replace(DOWN, vehicle_id="GP-1", heard_at_s=now_s)
    made.join("GP-1", lambda: here)
    made.join("GP-2", lambda: other, is_known)
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


def test_an_aircraft_that_is_down_delays_nobody() -> None:
    assert room(DOWN).ask("GP-1") == []


def test_one_that_was_never_heard_and_has_no_open_sortie_is_told_and_delays_nobody() -> None:
    one = room(None)
    (finding,) = one.ask("GP-1")
    assert (finding.code, finding.level) == ("separation.unheard", Level.WARN)
    assert one.silent("GP-1") == []
    assert one.ask("GP-2")[0].level is Level.STOP, "the room is taken"


def test_one_that_a_restart_left_silent_in_the_air_is_in_the_way_until_it_is_known() -> None:
    known: list[bool] = []
    one = room(None, is_known=lambda: bool(known))
    (finding,) = one.ask("GP-1")
    assert (finding.code, finding.level) == ("separation.launch", Level.STOP)
    assert "nobody knows how near" in finding.text
    assert "距离未知" in finding.text_zh
    assert one.silent("GP-1") == ["GP-2"], "the guardian warns of it too"
    known.append(True)
    assert one.silent("GP-1") == []
    assert one.ask("GP-1")[0].level is Level.WARN


def test_where_it_was_in_the_air_longer_ago_is_no_knowledge() -> None:
    place = offset(HOME, east_m=500, north_m=0)
    far = replace(DOWN, is_in_air=True, position=place, home=place)
    assert room(far, now_s=4.0).ask("GP-1") == []
    one = room(far, now_s=6.0)
    assert one.ask("GP-1")[0].level is Level.STOP
    assert one.silent("GP-1") == ["GP-2"]
    assert room(DOWN, now_s=600.0).ask("GP-1") == [], "heard on the ground last"


def test_a_named_person_who_sees_the_silent_one_on_the_ground_lets_the_other_rise() -> None:
    (finding,) = room(None, is_known=lambda: False).ask("GP-1", SEEN)
    assert (finding.code, finding.level) == ("separation.declared", Level.WARN)
    assert "Zheng" in finding.text
    assert "Zheng" in finding.text_zh
    for word in (replace(SEEN, by=" "), replace(SEEN, on_ground=("GP-3",))):
        (finding,) = room(None, is_known=lambda: False).ask("GP-1", word)
        assert finding.level is Level.STOP
    flying = replace(DOWN, is_in_air=True)
    assert room(flying).ask("GP-1", SEEN)[0].level is Level.STOP, "what is heard counts for more"


@pytest.mark.parametrize(
    ("is_exercise", "level"), [(True, Level.WARN), (False, Level.STOP)], ids=["exercise", "live"]
)
def test_beside_the_home_of_one_that_flies_none_rises_in_earnest(
    is_exercise: bool, level: Level
) -> None:
    off = replace(DOWN, is_in_air=True, position=offset(HOME, east_m=500, north_m=0))
    for home in (offset(HOME, east_m=5, north_m=0), None):
        (finding,) = room(replace(off, home=home), is_exercise=is_exercise).ask("GP-1")
        assert (finding.code, finding.level) == ("separation.homes", level)
        assert finding.text_zh
    far = replace(off, home=offset(HOME, east_m=50, north_m=0))
    assert room(far, is_exercise=is_exercise).ask("GP-1") == []
    assert room(replace(off, is_in_air=False), is_exercise=is_exercise).ask("GP-1") == [], "down"


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
    found = room(replace(DOWN, is_in_air=True, position=place, home=place)).ask("GP-1")
    if abs(away_m - APART_M) > 0.5:
        assert bool(found) == (away_m < APART_M)
