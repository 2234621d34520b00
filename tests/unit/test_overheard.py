"""What is not for us tells of another ground station, and of an autopilot that restarted."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from pymavlink.dialects.v20 import common as mavlink

from drone.mavlink_frames import Frame, Splitter
from drone.mavlink_streams import read
from drone.newest import Newest
from drone.overheard import Overheard
from tests.unit.test_mavlink_frames import packed

US, OTHER = 245, 255
HOLD, ARM, FENCE_OFF, REQUEST_MESSAGE = 176, 400, 207, 512


class Ear:
    """Hears messages, and keeps what was told and how often the read-back was given up."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.forgotten = 0
        self._newest = Newest()
        self._overheard = Overheard(
            self._newest, lambda name, fields: self.told.append((name, fields)), self._forget
        )

    def _forget(self) -> None:
        self.forgotten += 1

    def ask(self, message: Any, at_s: float = 0.0) -> None:
        """As we send it ourselves."""
        for raw in packed(message, system_id=US):
            for frame in Splitter().feed(raw):
                self._overheard.sent(frame, at_s)

    def mark(self, mission: int, at_s: float) -> None:
        """MISSION_CURRENT as PX4 v1.16 sends it, longer than pymavlink's."""
        body = struct.pack("<HHBBIII", 1, 3, 0, 0, mission, 5, 6)
        frame = Frame(7, 1, mavlink.MAVLINK_MSG_ID_MISSION_CURRENT, body, b"")
        self._overheard.hear(frame, US, at_s)

    def hear(self, message: Any, *, at_s: float = 0.0, own_id: int = US) -> None:
        for raw in packed(message):
            for frame in Splitter().feed(raw):
                read(frame, self._newest, at_s)
                self._overheard.hear(frame, own_id, at_s)


def ack(command: int, station: int) -> Any:
    return mavlink.MAVLink_command_ack_message(command, 0, 0, 0, station, 190)


def mission_ack(station: int, result: int = 0) -> Any:
    return mavlink.MAVLink_mission_ack_message(station, 190, result, 0)


def position(boot_ms: int) -> Any:
    return mavlink.MAVLink_global_position_int_message(
        boot_ms, 232820000, 1167250000, 0, 0, 0, 0, 0, 0
    )


def test_a_command_of_another_station_is_told_once_in_ten_seconds() -> None:
    ear = Ear()
    for at_s in (0.0, 5.0, 9.0, 11.0):
        ear.hear(ack(HOLD, OTHER), at_s=at_s)
    told = ("station.other_command", {"system_id": OTHER, "command": HOLD, "result": 0})
    assert ear.told == [told, told]
    assert ear.forgotten == 0


@pytest.mark.parametrize(
    "message", [ack(HOLD, US), ack(HOLD, 0), ack(REQUEST_MESSAGE, OTHER), mission_ack(US)]
)
def test_what_is_for_us_and_what_changes_nothing_is_not_told(message: Any) -> None:
    ear = Ear()
    ear.ask(mavlink.MAVLink_command_long_message(7, 1, HOLD, 0, 0, 0, 0, 0, 0, 0, 0))
    ear.ask(mavlink.MAVLink_mission_count_message(7, 1, 3, 0))
    ear.hear(message)
    assert (ear.told, ear.forgotten) == ([], 0)


def test_a_second_station_with_our_own_number_is_known_by_answers_to_what_we_never_asked() -> None:
    ear = Ear()
    ear.ask(mavlink.MAVLink_command_long_message(7, 1, HOLD, 0, 0, 0, 0, 0, 0, 0, 0))
    ear.hear(ack(HOLD, US), at_s=1.0)
    assert ear.told == []
    ear.hear(ack(ARM, US), at_s=1.0)
    ear.hear(mission_ack(US), at_s=1.0)
    assert [name for name, _ in ear.told] == ["station.other_command", "station.other_upload"]
    assert ear.forgotten == 1
    ear.hear(ack(HOLD, US), at_s=100.0)  # long after we asked
    assert len(ear.told) == 3


def test_any_command_that_may_change_something_is_told_and_not_only_those_that_fly() -> None:
    ear = Ear()
    ear.hear(ack(FENCE_OFF, OTHER))
    assert [fields["command"] for _, fields in ear.told] == [FENCE_OFF]


def test_a_changed_mark_of_what_is_on_board_tells_of_an_upload_that_nobody_answered_to_us() -> None:
    ear, ours = Ear(), mavlink.MAVLink_mission_count_message(7, 1, 3, 0)
    ear.mark(0, at_s=0.0)  # not known yet, or an autopilot that gives none
    ear.ask(ours, at_s=1.0)
    for mission in (11, 22):  # our own upload, list by list
        ear.mark(mission, at_s=2.0)
    assert (ear.told, ear.forgotten) == ([], 0)
    ear.mark(22, at_s=100.0)
    assert ear.forgotten == 0
    ear.mark(33, at_s=101.0)
    assert ear.told == [("station.other_upload", {"system_id": 0})]
    assert ear.forgotten == 1


def test_before_we_know_our_own_number_nobody_is_called_another() -> None:
    ear = Ear()
    ear.hear(ack(HOLD, US), own_id=0)
    assert ear.told == []


def test_an_upload_of_another_station_gives_up_what_was_read_back_and_a_refused_one_does_not() -> (
    None
):
    ear = Ear()
    ear.hear(mission_ack(OTHER, result=1))
    assert (ear.told, ear.forgotten) == ([], 0)
    ear.hear(mission_ack(OTHER))
    assert ear.told == [("station.other_upload", {"system_id": OTHER})]
    assert ear.forgotten == 1


def test_a_restart_is_told_once_and_a_frame_that_was_overtaken_is_none() -> None:
    ear = Ear()
    for boot_ms in (60_000, 60_200, 59_900, 60_400, 300, 500, 700):
        ear.hear(position(boot_ms))
    assert ear.told == [("vehicle.restarted", {})]
    assert ear.forgotten == 1
