"""Reads off the link what nobody sent to us: another station's commands, an aircraft's restart.

What an autopilot answers to another station comes by here as well where the link is shared (one
radio, one router); the other station's own words do not. PX4 keeps its answers off a link on which
it never heard that station: there the changed mode tells, and the marks that PX4 v1.16 gives to
what is on board (MISSION_CURRENT). A second GridPatrol has our own system id: it is known by
answers to what we never asked.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Any

from drone.mavlink_frames import Frame
from drone.newest import Newest

_COMMAND_ACK, _MISSION_ACK, _POSITION, _MISSION_CURRENT = 77, 47, 33, 42
_COMMAND_INT, _COMMAND_LONG = 75, 76
_COMMAND_OFFSET = 28  # in both
_PUTTING = frozenset({38, 39, 44, 45, 73})  # the messages that put a list on board, or clear it
_TELL_AGAIN_S = 10.0  # wall
_OURS_S = 30.0  # wall; an answer that comes later than this was not to us
_EARLIER_MS = 2000  # a frame that was overtaken is not older than that
# To ask for a message, a rate or a camera's state changes nothing; all else may.
_ASKING = frozenset(
    {410, 510, 511, 512, 519, 520, 521, 522, 525, 526, 527, 528, 2504, 2505, 2510, 2511}
)  # fmt: skip
_IN_PROGRESS = 5  # MAV_RESULT
_MARKS = struct.Struct("<III")  # mission, fence, rally points; where PX4 has them
_MARKS_OFFSET = 6
_ALL_LISTS = -1


class Overheard:
    """One aircraft's. `tell` publishes a story event; `forget` gives up what was read back."""

    def __init__(
        self,
        newest: Newest,
        tell: Callable[[str, dict[str, Any]], None],
        forget: Callable[[], None],
    ) -> None:
        self._newest = newest
        self._tell = tell
        self._forget = forget
        self._told_at_s: dict[tuple[int, str], float] = {}
        self._asked_at_s: dict[int, float] = {}  # command, or all lists
        self._marks: tuple[int, ...] = (0, 0, 0)
        self._boot_ms = 0

    def sent(self, frame: Frame, now_s: float) -> None:
        """Note what we asked for ourselves."""
        if frame.message_id in (_COMMAND_INT, _COMMAND_LONG):
            self._asked_at_s[_command(frame.payload[_COMMAND_OFFSET:])] = now_s
        elif frame.message_id in _PUTTING:
            self._asked_at_s[_ALL_LISTS] = now_s

    def hear(self, frame: Frame, own_id: int, now_s: float) -> None:
        """Look at a frame of our aircraft, after its values were taken."""
        if frame.message_id == _POSITION:
            self._watch_boot()
            return
        if frame.message_id == _MISSION_CURRENT:
            self._watch_marks(frame.payload, now_s)
        station = frame.target_system
        if not own_id or station == 0:
            return
        if frame.message_id == _COMMAND_ACK:
            self._command_answered(frame.payload.ljust(3, b"\0"), station, own_id, now_s)
        elif frame.message_id == _MISSION_ACK:
            # target system and component, type, mission type; 0 is "accepted"
            body = frame.payload.ljust(4, b"\0")
            if body[2] == 0 and (station != own_id or not self._is_ours(_ALL_LISTS, now_s)):
                self._forget()
                self._say(station, "upload", {}, now_s)

    def _command_answered(self, body: bytes, station: int, own_id: int, now_s: float) -> None:
        command, result = _command(body), body[2]
        if station == own_id and self._is_ours(command, now_s):
            if result == _IN_PROGRESS:
                self._asked_at_s[command] = now_s
        elif command not in _ASKING:
            self._say(station, "command", {"command": command, "result": result}, now_s)

    def _is_ours(self, asked: int, now_s: float) -> bool:
        return now_s - self._asked_at_s.get(asked, -math.inf) <= _OURS_S

    def _watch_marks(self, body: bytes, now_s: float) -> None:
        """A mark is a check sum of a list; 0 is none yet, or an autopilot that gives none."""
        end = _MARKS_OFFSET + _MARKS.size
        marks = _MARKS.unpack(body.ljust(end, b"\0")[_MARKS_OFFSET:end])
        before, self._marks = self._marks, marks
        has_changed = any(old and old != new for old, new in zip(before, marks, strict=True))
        if has_changed and not self._is_ours(_ALL_LISTS, now_s):
            self._forget()
            self._say(0, "upload", {}, now_s)

    def _say(self, station: int, what: str, more: dict[str, Any], now_s: float) -> None:
        if now_s - self._told_at_s.get((station, what), -math.inf) < _TELL_AGAIN_S:
            return
        self._told_at_s[station, what] = now_s
        self._tell(f"station.other_{what}", {"system_id": station, **more})

    def _watch_boot(self) -> None:
        boot_ms = self._newest.boot_ms
        if boot_ms is None:
            return
        has_restarted = boot_ms < self._boot_ms - _EARLIER_MS
        self._boot_ms = boot_ms if has_restarted else max(self._boot_ms, boot_ms)
        if has_restarted:
            self._forget()
            self._tell("vehicle.restarted", {})


def _command(body: bytes) -> int:
    whole = body.ljust(2, b"\0")
    return whole[0] | whole[1] << 8
