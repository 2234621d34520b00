"""MAVLink's mission protocol for mission, fence and rally points, as PX4 v1.16 speaks it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pymavlink.dialects.v20 import common as mavlink

from sim.autopilot import Autopilot
from sim.fence import fence_from
from sim.mission_faults import MissionFaults
from sim.mission_items import (
    ACCEPTED,
    CANCELLED,
    ERROR,
    FENCE,
    INVALID,
    MISSION,
    MOST,
    NO_SPACE,
    RALLY,
    in_whole_numbers,
    place,
    read,
    read_back,
    refusal,
)

__all__ = ["FENCE", "MISSION", "RALLY", "MissionStore"]

_ALL = 255  # MAV_MISSION_TYPE_ALL
_ASK_AGAIN_S = 0.25  # wall, as PX4
_GIVE_UP_S = 5.0  # wall, as PX4: nothing has come for so long
_CRITICAL = 2  # MAV_SEVERITY

Send = Callable[[Any], None]
Who = tuple[int, int]


@dataclass(slots=True, kw_only=True)
class Upload:
    """One that has begun: whose, of what, and what has come of it."""

    mission_type: int
    count: int
    who: Who
    items: list[Any] = field(default_factory=list)


class MissionStore:
    """Three lists of items and at most one upload at a time."""

    def __init__(self, autopilot: Autopilot, home_amsl_m: float, send: Send) -> None:
        self._autopilot = autopilot
        self._home_amsl_m = home_amsl_m
        self._answer = send
        self._faults = MissionFaults(autopilot.faults)
        self._lists: dict[int, list[Any]] = {MISSION: [], FENCE: [], RALLY: []}
        self.upload: Upload | None = None
        self._finished: Upload | None = None
        self._asked_at_s = self._heard_at_s = 0.0

    @property
    def count(self) -> int:
        """Items of the mission."""
        return len(self._lists[MISSION])

    def take(self, message: Any, now_s: float) -> bool:  # noqa: ANN401  # pymavlink's messages
        """Answer a message of this protocol; False when it is another's."""
        kind = message.get_type()
        if not kind.startswith("MISSION_"):
            return False
        who = self._faults.station = (message.get_srcSystem(), message.get_srcComponent())
        if kind == "MISSION_COUNT":
            self._begin(message, who, now_s)
        elif kind in ("MISSION_ITEM_INT", "MISSION_ITEM"):
            self._item(in_whole_numbers(message), who, now_s)
        elif kind == "MISSION_REQUEST_LIST":
            count = len(self._lists.get(message.mission_type, []))
            self._send(mavlink.MAVLink_mission_count_message(*who, count, message.mission_type))
        elif kind in ("MISSION_REQUEST_INT", "MISSION_REQUEST"):
            self._give(message, who, is_old_form=kind == "MISSION_REQUEST")
        elif kind == "MISSION_CLEAR_ALL":
            self._clear(message.mission_type, who)
        elif kind == "MISSION_SET_CURRENT":
            self.set_current(message.seq)
        elif kind == "MISSION_ACK" and message.type == CANCELLED and self._is_of(who):
            self.upload = None
        return True

    def ask_again(self, now_s: float) -> None:
        """Repeat a request that was not answered; give up when nothing comes any more."""
        for stray in self._faults.stray(now_s):
            self._answer(stray)
        if self.upload is None:
            return
        if now_s - self._heard_at_s > _GIVE_UP_S:
            self.upload = None
            self._say("Operation timeout")
        elif now_s - self._asked_at_s > _ASK_AGAIN_S:
            self._ask(now_s)

    def forget_upload(self) -> None:
        """It restarts: what had come of one is lost."""
        self.upload = self._finished = None

    def set_current(self, number: int) -> bool:
        """Choose the item that is flown next; whether there is such a one."""
        if not 0 <= number < len(self._autopilot.mission):
            self._say("WPM: WP CURR CMD: Not in list")
            return False
        self._autopilot.current, self._autopilot.is_mission_over = number, False
        self._answer(mavlink.MAVLink_mission_current_message(number, self.count, 3))
        return True

    def _is_of(self, who: Who) -> bool:
        return self.upload is not None and self.upload.who == who

    def _begin(self, message: Any, who: Who, now_s: float) -> None:  # noqa: ANN401
        mission_type, count = message.mission_type, message.count
        if mission_type not in self._lists:
            self._ack(who, INVALID, mission_type)
        elif self.upload is not None and self.upload.who != who:
            self._ack(who, ERROR, mission_type)  # another's is under way
        elif count > MOST[mission_type]:
            self._ack(who, NO_SPACE, mission_type)
        elif count == 0:
            self._store(mission_type, [])
            self._ack(who, ACCEPTED, mission_type)
        else:
            # One who begins again has given the first up. PX4 says "Busy" until five seconds
            # after the last item came; it is the same in the end.
            self.upload = Upload(mission_type=mission_type, count=count, who=who)
            self._heard_at_s = now_s
            self._ask(now_s)

    def _ask(self, now_s: float) -> None:
        if (upload := self.upload) is None:
            return
        self._asked_at_s = now_s
        number = len(upload.items)
        if result := self._faults.refuses(number):
            self._end(result)
            return
        self._send(
            mavlink.MAVLink_mission_request_int_message(*upload.who, number, upload.mission_type)
        )

    def _item(self, item: Any, who: Who, now_s: float) -> None:  # noqa: ANN401
        if (upload := self.upload) is None:
            self._item_of_none(item, who)
            return
        if upload.who != who:
            self._say("REJ. MIS ITEM: partner id mismatch")
            return
        if item.mission_type != upload.mission_type:
            self._ack(who, ERROR, item.mission_type)
            return
        if item.seq != len(upload.items):
            return  # as PX4: what was asked for is asked for again when it does not come
        self._heard_at_s = now_s
        if result := refusal(item):
            self._say("IGN MISSION_ITEM: Invalid item")
            self._end(result)
            return
        upload.items.append(item)
        if self._faults.ends_early(len(upload.items)):
            self._end(ACCEPTED)
        elif len(upload.items) < upload.count:
            self._ask(now_s)
        elif result := self._faults.refuses_all():
            self._end(result)
        else:
            self._finished = upload
            self._store(upload.mission_type, self._faults.stored(upload.items))
            self._end(ACCEPTED)

    def _item_of_none(self, item: Any, who: Who) -> None:  # noqa: ANN401
        """As PX4: the last item once more means that our last word was lost."""
        last = self._finished
        if last is not None and (item.mission_type, item.seq + 1) == (
            last.mission_type,
            last.count,
        ):
            self._ack(who, ACCEPTED, item.mission_type)
            return
        self._say("IGN MISSION_ITEM: No transfer")
        self._ack(who, ERROR, item.mission_type)

    def _end(self, result: int) -> None:
        if (upload := self.upload) is not None:
            self.upload = None
            self._ack(upload.who, result, upload.mission_type)

    def _clear(self, mission_type: int, who: Who) -> None:
        if self._is_of(who):
            self._say("WPM: IGN CLEAR CMD: Busy")
            return
        for one in (MISSION, FENCE, RALLY):
            if mission_type in (one, _ALL):
                self._store(one, [])
        self._ack(who, ACCEPTED, mission_type)  # PX4 accepts to clear what it does not know

    def _give(self, message: Any, who: Who, *, is_old_form: bool) -> None:  # noqa: ANN401
        items = self._lists.get(message.mission_type, [])
        if message.seq >= len(items):
            self._ack(who, ERROR, message.mission_type)
            self._say("WPM: REJ. CMD: Req. WP was unexpected")
            return
        is_current = message.mission_type == MISSION and message.seq == self._autopilot.current
        item = items[message.seq]
        self._send(read_back(item, who, is_current=is_current, is_old_form=is_old_form))

    def _store(self, mission_type: int, items: list[Any]) -> None:
        self._lists[mission_type] = items
        pilot = self._autopilot
        if mission_type == MISSION:
            pilot.mission = [read(item, self._home_amsl_m) for item in items]
            pilot.current, pilot.is_mission_over = 0, False
            if fault := pilot.mission_fault():
                pilot.say(3, fault)  # the ACK says nothing of it: that is PX4's way
        elif mission_type == FENCE:
            pilot.take_fence(fence_from(items))
        else:
            pilot.rally = [place(item) for item in items]

    def _send(self, message: Any) -> None:  # noqa: ANN401
        bent = self._faults.sent(message)
        if bent is not None:
            self._answer(bent)

    def _ack(self, who: Who, result: int, mission_type: int) -> None:
        self._send(mavlink.MAVLink_mission_ack_message(*who, result, mission_type))

    def _say(self, text: str) -> None:
        self._autopilot.say(_CRITICAL, text)
