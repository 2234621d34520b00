"""Whose frames count: ours are known by system id, strangers are shown, no id is held twice."""

from __future__ import annotations

import pytest
from pymavlink.dialects.v20 import common as mavlink

from drone.mavlink_frames import Frame, Splitter
from drone.newest import Newest
from drone.roster import AircraftLink, Kind, Roster, Shown
from patrol.errors import ConfigError
from tests.unit.test_mavlink_frames import packed

LINE, OTHER_LINE = "udpin://0.0.0.0:14540", "udpin://0.0.0.0:14541"
HERE, THERE = ("10.0.0.1", 5000), ("10.0.0.2", 5000)


def a_link(name: str, system_id: int | None = None, url: str = LINE) -> AircraftLink:
    return AircraftLink(
        name=name, url=url, wanted_id=system_id, newest=Newest(), on_frame=lambda _f, _s: None
    )


def a_beat(system_id: int, kind: int = 2, autopilot: int = 12) -> Frame:
    message = mavlink.MAVLink_heartbeat_message(kind, autopilot, 29, 0, 3, 3)
    return Splitter().feed(packed(message, system_id=system_id)[0])[0]


def an_attitude(system_id: int) -> Frame:
    message = mavlink.MAVLink_attitude_message(5, 0, 0, 0, 0, 0, 0)
    return Splitter().feed(packed(message, system_id=system_id)[0])[0]


def a_roster(*links: AircraftLink) -> tuple[Roster, list[Shown]]:
    told: list[Shown] = []
    roster = Roster(told.append)
    for link in links:
        roster.join(link)
    return roster, told


def test_aircraft_on_one_port_are_told_apart_by_their_system_ids() -> None:
    one, two = a_link("GP-1", 1), a_link("GP-2", 2)
    roster, told = a_roster(one, two)
    assert roster.owner(a_beat(2), LINE, THERE, 1.0) is two
    assert roster.owner(a_beat(1), LINE, HERE, 1.0) is one
    assert roster.owner(an_attitude(1), LINE, HERE, 1.1) is one
    assert (one.address, two.address, told) == (HERE, THERE, [])


def test_without_a_system_id_the_first_autopilot_is_taken_and_not_a_camera_or_a_station() -> None:
    link = a_link("GP-1")
    roster, told = a_roster(link)
    assert roster.owner(a_beat(9, kind=30, autopilot=8), LINE, HERE, 1.0) is None
    assert roster.owner(an_attitude(9), LINE, HERE, 1.0) is None
    assert roster.owner(a_beat(255, kind=6, autopilot=8), LINE, HERE, 1.0) is None
    assert roster.owner(a_beat(9), LINE, HERE, 1.0) is link
    assert roster.link_of(9) is link
    assert [who.kind for who in told] == [Kind.STATION]


def test_a_stranger_is_shown_once_and_is_nobodys() -> None:
    roster, told = a_roster(a_link("GP-1", 1))
    for now_s in (1.0, 2.0, 3.0):
        assert roster.owner(a_beat(77), LINE, THERE, now_s) is None
        assert roster.owner(an_attitude(77), LINE, THERE, now_s) is None
    assert [(who.kind, who.system_id, who.address) for who in told] == [(Kind.STRANGER, 77, THERE)]
    assert [who.system_id for who in roster.shown(3.0)] == [77]
    assert roster.shown(100.0) == []
    assert roster.link_of(77) is None


def test_two_aircraft_configured_with_one_id_or_one_name_are_refused_in_words() -> None:
    roster, _ = a_roster(a_link("GP-1", 5))
    with pytest.raises(ConfigError, match="GP-2 and GP-1 have the same system id 5"):
        roster.join(a_link("GP-2", 5, OTHER_LINE))
    with pytest.raises(ConfigError, match="two aircraft are called 'GP-1'"):
        roster.join(a_link("GP-1", 6))
    assert [link.name for link in roster.links] == ["GP-1"]


def test_two_that_could_not_be_told_apart_on_one_line_are_refused() -> None:
    roster, _ = a_roster(a_link("GP-1"))
    with pytest.raises(ConfigError, match="give each its system id"):
        roster.join(a_link("GP-2", 2))
    roster.join(a_link("GP-3", url=OTHER_LINE))
    roster.join(a_link("GP-4", url="serial:///dev/ttyACM0:57600"))
    roster.join(a_link("GP-5", url="serial:///dev/ttyACM1:57600"))


def test_of_two_with_one_id_in_the_air_the_first_is_heard_and_the_other_is_shown() -> None:
    link = a_link("GP-1", 1)
    roster, told = a_roster(link)
    assert roster.owner(a_beat(1), LINE, HERE, 1.0) is link
    assert roster.owner(a_beat(1), LINE, THERE, 1.5) is None
    assert roster.owner(an_attitude(1), LINE, THERE, 1.5) is None
    assert roster.owner(a_beat(1), OTHER_LINE, HERE, 1.6) is None
    assert [(who.kind, who.name) for who in told] == [(Kind.SAME_ID, "GP-1")] * 2
    assert link.contested_at_s == 1.6
    assert link.address == HERE


def test_an_aircraft_that_was_silent_may_come_back_from_another_address() -> None:
    link = a_link("GP-1", 1)
    roster, told = a_roster(link)
    assert roster.owner(a_beat(1), LINE, HERE, 1.0) is link
    assert roster.owner(a_beat(1), LINE, THERE, 4.5) is link
    assert (link.address, told) == (THERE, [])


def test_one_that_waits_learns_why_the_aircraft_there_is_not_it() -> None:
    held, waiting = a_link("GP-1", 1), a_link("GP-2", None, OTHER_LINE)
    roster, _ = a_roster(held, waiting)
    assert roster.owner(a_beat(1), LINE, HERE, 1.0) is held
    assert roster.owner(a_beat(1), OTHER_LINE, THERE, 1.5) is None
    assert waiting.is_refused
    assert "heard there: 1 (GP-1)" in waiting.not_found()[0]


def test_a_companion_that_speaks_first_does_not_take_the_autopilots_place() -> None:
    link = a_link("GP-1", 1)
    roster, told = a_roster(link)
    companion = a_beat(1, kind=18, autopilot=8)
    assert roster.owner(companion, LINE, THERE, 1.0) is None
    assert roster.owner(an_attitude(1), LINE, THERE, 1.1) is None
    assert roster.owner(a_beat(1), LINE, HERE, 1.2) is link
    assert (link.address, told) == (HERE, [])
    assert roster.owner(an_attitude(1), LINE, THERE, 9.0) is None  # nor when it was silent
    assert link.address == HERE


def test_one_that_waits_for_another_system_id_is_told_all_that_are_heard_there() -> None:
    held, waiting = a_link("GP-1", 1), a_link("GP-2", 3)
    roster, _ = a_roster(held, waiting)
    refused = []
    for number in (1, 7, 9):
        roster.owner(a_beat(number), LINE, HERE, 1.0)
        refused.append(waiting.is_refused)
    # Another of ours on the same line speaks against nothing.
    assert refused == [False, True, True]
    english, chinese = waiting.not_found()
    assert english == "it is to have system id 3; heard there: 1 (GP-1), 7, 9"
    assert chinese == "应为系统编号3；该处收到：1 (GP-1), 7, 9"


def test_after_leaving_an_aircraft_is_a_stranger_and_its_id_is_free() -> None:
    link = a_link("GP-1", 1)
    roster, told = a_roster(link)
    roster.leave(link)
    assert roster.owner(a_beat(1), LINE, HERE, 1.0) is None
    assert told[0].kind is Kind.STRANGER
    again = a_link("GP-1", 1)
    roster.join(again)
    assert roster.owner(a_beat(1), LINE, HERE, 2.0) is again


def test_a_flood_of_made_up_ids_does_not_fill_the_memory() -> None:
    roster, told = a_roster(a_link("GP-1", 1))
    for number in range(2000):
        address = (f"10.0.{number // 250}.{number % 250}", 5000)
        assert roster.owner(a_beat(2 + number % 200), LINE, address, 1.0) is None
    assert len(told) == len(roster.shown(1.0)) == 256
