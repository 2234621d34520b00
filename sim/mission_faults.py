"""Where the mission protocol goes wrong on demand: between what is sent and what goes out."""

from __future__ import annotations

from typing import Any

from pymavlink.dialects.v20 import common as mavlink

from sim.faults import Fault, Faults

_ERROR = 1  # MAV_MISSION_ERROR
_STRAY_EVERY_S = 0.5  # wall
_STATION = (255, 190)  # whom a stray message is for until a station has spoken

# Which answer does not go out: message, sequence number (None: any).
_HELD_BACK = (
    (Fault.READ_LIST_NO_ANSWER, "MISSION_COUNT", None),
    (Fault.READ_ITEM_0_NO_ANSWER, "MISSION_ITEM_INT", 0),
    (Fault.READ_ITEM_1_NO_ANSWER, "MISSION_ITEM_INT", 1),
    (Fault.WRITE_COUNT_NO_ANSWER, "MISSION_REQUEST_INT", 0),
    (Fault.WRITE_REQUEST_1_NO_ANSWER, "MISSION_REQUEST_INT", 1),
    (Fault.WRITE_FINAL_ACK_NO_ANSWER, "MISSION_ACK", None),
)
_HELD_BACK_ONCE = (
    (Fault.READ_LIST_FIRST_LOST, "MISSION_COUNT", None),
    (Fault.READ_ITEM_1_FIRST_LOST, "MISSION_ITEM_INT", 1),
    (Fault.UPLOAD_FIRST_REQUEST_LOST, "MISSION_REQUEST_INT", 0),
)
_WRONG_SEQUENCE = (
    (Fault.READ_ITEM_0_WRONG_SEQUENCE, "MISSION_ITEM_INT", 0),
    (Fault.READ_ITEM_1_WRONG_SEQUENCE, "MISSION_ITEM_INT", 1),
    (Fault.WRITE_REQUEST_0_WRONG_SEQUENCE, "MISSION_REQUEST_INT", 0),
    (Fault.WRITE_REQUEST_1_WRONG_SEQUENCE, "MISSION_REQUEST_INT", 1),
)
_READ_ERRORS = ((Fault.READ_ITEM_0_ERROR, 0), (Fault.READ_ITEM_1_ERROR, 1))
_WRITE_ERRORS = {0: Fault.WRITE_REQUEST_0_ERROR, 1: Fault.WRITE_REQUEST_1_ERROR}


class MissionFaults:
    """Bends the answers of one aircraft's mission protocol."""

    def __init__(self, faults: Faults | set[Fault]) -> None:
        self._faults = faults
        self._has_lost: set[Fault] = set()
        self._stray_at_s = 0.0
        self.station = _STATION

    def sent(self, message: Any) -> Any:  # noqa: ANN401  # pymavlink's messages
        """What goes out in its place; None for nothing."""
        number = getattr(message, "seq", None)
        kind = "MISSION_ITEM_INT" if message.get_type() == "MISSION_ITEM" else message.get_type()
        self._has_lost &= self._faults  # mended and broken again, it loses one again
        for fault, held, at in _HELD_BACK:
            if fault in self._faults and held == kind and at in (None, number):
                return None
        for fault, held, at in _HELD_BACK_ONCE:
            is_due = fault in self._faults and fault not in self._has_lost
            if is_due and held == kind and at in (None, number):
                self._has_lost.add(fault)
                return None
        for fault, bent, at in _WRONG_SEQUENCE:
            if fault in self._faults and bent == kind and at == number:
                message.seq = number + 1
        for fault, at in _READ_ERRORS:
            if fault in self._faults and kind == "MISSION_ITEM_INT" and at == number:
                who = (message.target_system, message.target_component)
                return mavlink.MAVLink_mission_ack_message(
                    *who, self._result(fault), message.mission_type
                )
        if kind == "MISSION_COUNT" and Fault.READ_COUNT_WRONG in self._faults:
            message.count = max(0, message.count - 1)
        return message

    def refuses(self, number: int) -> int:
        """MAV_MISSION_RESULT of an upload that ends where that item would be asked for; or 0."""
        fault = _WRITE_ERRORS.get(number)
        return self._result(fault) if fault in self._faults and fault is not None else 0

    def refuses_all(self) -> int:
        """MAV_MISSION_RESULT of a whole upload that is not taken; or 0."""
        fault = Fault.MISSION_ACK_WRONG
        return self._result(fault) if fault in self._faults else 0

    def _result(self, fault: Fault) -> int:
        return int(self._faults.value(fault)) if isinstance(self._faults, Faults) else _ERROR

    def ends_early(self, number: int) -> bool:
        """Whether an upload is acknowledged after so many items."""
        return Fault.WRITE_FINAL_ACK_EARLY in self._faults and number == 1

    def stored(self, items: list[Any]) -> list[Any]:
        """What an upload turns into on board."""
        if Fault.STORED_ITEM_CHANGED in self._faults:
            items[-1].x += 1000  # some 11 m further north
        return items

    def stray(self, now_s: float) -> list[Any]:
        """Messages that belong to nothing, twice a wall second."""
        if now_s - self._stray_at_s < _STRAY_EVERY_S:
            return []
        self._stray_at_s = now_s
        strays = {
            Fault.STRAY_ACK: mavlink.MAVLink_mission_ack_message(*self.station, 0, 0),
            Fault.STRAY_ITEM: mavlink.MAVLink_mission_item_int_message(
                *self.station, 0, 6, 16, 0, 1, 0.0, 0.0, 0.0, 0.0, 0, 0, 0.0, 0
            ),
            Fault.STRAY_REQUEST: mavlink.MAVLink_mission_request_int_message(*self.station, 0, 0),
        }
        return [message for fault, message in strays.items() if fault in self._faults]
