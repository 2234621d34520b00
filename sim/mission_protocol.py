"""MAVLink's mission protocol for mission, fence and rally points, as PX4 v1.16 speaks it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pymavlink.dialects.v20 import common as mavlink

from patrol.geo import GeoPoint
from sim.autopilot import GIMBAL, Autopilot, Item
from sim.faults import Fault
from sim.mission_faults import MissionFaults

MISSION, FENCE, RALLY = 0, 1, 2
_FENCE_VERTEX_INCLUSION = 5001
_ACCEPTED, _ERROR, _INVALID_SEQUENCE, _CANCELLED = 0, 1, 13, 15
_GLOBAL_RELATIVE = (3, 6)  # MAV_FRAME_GLOBAL_RELATIVE_ALT and its _INT form
_READ_BACK_FRAME = {3: 6, 0: 5}  # what PX4 gives back for what it was sent
_ASK_AGAIN_S = 0.25  # wall, as PX4
_GIVE_UP_S = 5.0  # wall, as PX4: nothing has come for so long
_NAV_COMMANDS_MAX = 95  # MAV_CMD_NAV_LAST: items with a place

Send = Callable[[Any], None]


class MissionStore:
    """Three lists of items and at most one upload at a time."""

    def __init__(self, autopilot: Autopilot, home_amsl_m: float, send: Send) -> None:
        self._autopilot = autopilot
        self._home_amsl_m = home_amsl_m
        self._answer = send
        self._faults = MissionFaults(autopilot.faults)
        self._lists: dict[int, list[Any]] = {MISSION: [], FENCE: [], RALLY: []}
        self._upload: tuple[int, int, list[Any], tuple[int, int]] | None = None
        self._finished: tuple[int, int] | None = None
        self._asked_at_s = self._heard_at_s = 0.0

    @property
    def count(self) -> int:
        """Items of the mission."""
        return len(self._lists[MISSION])

    def take(self, message: Any, now_s: float) -> bool:  # noqa: ANN401  # pymavlink's messages
        """Answer a message of this protocol; False when it is another's."""
        kind = message.get_type()
        who = (message.get_srcSystem(), message.get_srcComponent())
        if kind.startswith("MISSION_"):
            self._faults.station = who
        if kind == "MISSION_COUNT":
            self._begin(message, who, now_s)
        elif kind == "MISSION_ITEM_INT":
            self._item(message, now_s)
        elif kind == "MISSION_REQUEST_LIST":
            items = self._lists.get(message.mission_type, [])
            self._send(
                mavlink.MAVLink_mission_count_message(*who, len(items), message.mission_type)
            )
        elif kind in ("MISSION_REQUEST_INT", "MISSION_REQUEST"):
            self._give(message, who)
        elif kind == "MISSION_CLEAR_ALL":
            for mission_type in (
                self._lists if message.mission_type == 255 else [message.mission_type]
            ):
                self._store(mission_type, [])
            self._ack(who, _ACCEPTED, message.mission_type)
        elif kind == "MISSION_SET_CURRENT":
            if message.seq < len(self._autopilot.mission):
                self._autopilot.current = message.seq
        else:
            return bool(kind == "MISSION_ACK")
        return True

    def ask_again(self, now_s: float) -> None:
        """Repeat a request that was not answered; give up when nothing comes any more."""
        for stray in self._faults.stray(now_s):
            self._answer(stray)
        if self._upload is None:
            return
        if now_s - self._heard_at_s > _GIVE_UP_S:
            self._upload = None
        elif now_s - self._asked_at_s > _ASK_AGAIN_S:
            self._ask(now_s)

    def _begin(self, message: Any, who: tuple[int, int], now_s: float) -> None:  # noqa: ANN401
        if message.mission_type not in self._lists:
            self._ack(who, _ERROR, message.mission_type)
            return
        if message.count == 0:
            self._store(message.mission_type, [])
            self._ack(who, _ACCEPTED, message.mission_type)
            return
        self._upload = (message.mission_type, message.count, [], who)
        self._heard_at_s = now_s
        self._ask(now_s)

    def _ask(self, now_s: float) -> None:
        if self._upload is None:
            return
        mission_type, _, items, who = self._upload
        self._asked_at_s = now_s
        if self._faults.refuses(len(items)):
            self._upload = None
            self._ack(who, _ERROR, mission_type)
            return
        self._send(mavlink.MAVLink_mission_request_int_message(*who, len(items), mission_type))

    def _item(self, message: Any, now_s: float) -> None:  # noqa: ANN401
        if self._upload is None:
            # As PX4: the last item once more means that our last word was lost.
            if self._finished == (message.mission_type, message.seq + 1):
                who = (message.get_srcSystem(), message.get_srcComponent())
                self._ack(who, _ACCEPTED, message.mission_type)
            return
        mission_type, count, items, who = self._upload
        if message.seq != len(items) or message.mission_type != mission_type:
            return  # as PX4: what was asked for is asked for again when it does not come
        self._heard_at_s = now_s
        items.append(message)
        if self._faults.ends_early(len(items)):
            self._upload = None
            self._ack(who, _ACCEPTED, mission_type)
            return
        if len(items) < count:
            self._ask(now_s)
            return
        self._upload = None
        if Fault.MISSION_ACK_WRONG in self._autopilot.faults:
            self._ack(who, _ERROR, mission_type)
            return
        self._store(mission_type, self._faults.stored(items))
        self._finished = (mission_type, count)
        self._ack(who, _ACCEPTED, mission_type)

    def _send(self, message: Any) -> None:  # noqa: ANN401
        bent = self._faults.sent(message)
        if bent is not None:
            self._answer(bent)

    def _store(self, mission_type: int, items: list[Any]) -> None:
        self._lists[mission_type] = items
        pilot = self._autopilot
        if mission_type == MISSION:
            pilot.mission = [self._read(item) for item in items]
            pilot.current, pilot.is_mission_over = 0, False
            fault = pilot.mission_fault()
        elif mission_type == FENCE:
            pilot.fence = [
                _point(item) for item in items if item.command == _FENCE_VERTEX_INCLUSION
            ]
            fault = pilot.fence_fault()
        else:
            pilot.rally = [_point(item) for item in items]
            fault = ""
        if fault:
            pilot.say(3, fault)  # the ACK says nothing of it: that is PX4's way

    def _read(self, item: Any) -> Item:  # noqa: ANN401
        params = (item.param1, item.param2, item.param3, item.param4)
        if item.command == GIMBAL:
            return Item(command=GIMBAL, params=params, point=None, up_m=float(item.x))
        has_place = item.command <= _NAV_COMMANDS_MAX and item.command != 20
        is_relative = item.frame in _GLOBAL_RELATIVE
        up_m = item.z if is_relative else item.z - self._home_amsl_m
        return Item(
            command=item.command, params=params, point=_point(item) if has_place else None,
            up_m=up_m if has_place else item.z,
        )  # fmt: skip

    def _give(self, message: Any, who: tuple[int, int]) -> None:  # noqa: ANN401
        items = self._lists.get(message.mission_type, [])
        if message.seq >= len(items):
            self._ack(who, _INVALID_SEQUENCE, message.mission_type)
            return
        item = items[message.seq]
        self._send(
            mavlink.MAVLink_mission_item_int_message(
                *who,
                item.seq,
                _READ_BACK_FRAME.get(item.frame, item.frame),
                item.command,
                int(item.seq == self._autopilot.current and message.mission_type == MISSION),
                item.autocontinue,
                item.param1,
                item.param2,
                item.param3,
                item.param4,
                item.x,
                item.y,
                item.z,
                message.mission_type,
            )  # fmt: skip
        )

    def _ack(self, who: tuple[int, int], result: int, mission_type: int) -> None:
        self._send(mavlink.MAVLink_mission_ack_message(*who, result, mission_type))


def _point(item: Any) -> GeoPoint:  # noqa: ANN401
    return GeoPoint(lat_deg=item.x / 1e7, lon_deg=item.y / 1e7)
