"""Reads off the link what nobody sent to us: another station's commands, an aircraft's restart.

What an autopilot answers to another station comes by here as well where the link is shared (one
radio, one router); the other station's own words do not. PX4 keeps its answers off a link on which
it never heard that station: there only the changed mode tells.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from drone.mavlink_frames import Frame
from drone.newest import Newest

_COMMAND_ACK, _MISSION_ACK, _POSITION = 77, 47, 33
_TELL_AGAIN_S = 10.0  # wall
_EARLIER_MS = 2000  # a frame that was overtaken is not older than that
_CHANGING = frozenset({400, 176, 192, 300, 20, 21, 22, 16, 17, 252, 34})  # it flies by these


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
        self._boot_ms = 0

    def hear(self, frame: Frame, own_id: int, now_s: float) -> None:
        """Look at a frame of our aircraft, after its values were taken."""
        if frame.message_id == _POSITION:
            self._watch_boot()
            return
        station = frame.target_system
        if not own_id or station in (0, own_id):
            return
        if frame.message_id == _COMMAND_ACK:
            body = frame.payload.ljust(3, b"\0")
            command = body[0] | body[1] << 8
            if command in _CHANGING:
                self._say(station, "command", {"command": command, "result": body[2]}, now_s)
        elif frame.message_id == _MISSION_ACK:
            # target system and component, type, mission type; 0 is "accepted"
            body = frame.payload.ljust(4, b"\0")
            if body[2] == 0:
                self._forget()
                self._say(station, "upload", {}, now_s)

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
