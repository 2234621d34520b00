"""What is not for us tells of another ground station, and of an autopilot that restarted."""

from __future__ import annotations

from typing import Any

import pytest
from pymavlink.dialects.v20 import common as mavlink

from drone.mavlink_frames import Splitter
from drone.mavlink_streams import read
from drone.newest import Newest
from drone.overheard import Overheard
from tests.unit.test_mavlink_frames import packed

US, OTHER = 245, 255
HOLD, REQUEST_MESSAGE = 176, 512


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
    ear.hear(message)
    assert (ear.told, ear.forgotten) == ([], 0)


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
