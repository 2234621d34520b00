"""Asks the aircraft for what is read, as often as it is read, and to be quiet about the rest.

A rate is confirmed by measuring it, not by an answer, and asked for again when it stops.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import anyio.lowlevel
from mavsdk.asyncio import System
from mavsdk.asyncio.plugins.mavlink_direct import MavlinkDirectAsync, MavlinkMessage
from mavsdk.exceptions import MavsdkError

from drone.mavlink_streams import ATTITUDE, CAMERA, GNSS, HEIGHTS, POSITION, UNREAD, WIND
from drone.mavsdk_calls import shielded
from drone.newest import Part
from drone.roster import AircraftLink
from patrol.clock import WallClock

_SYSTEM_STATUS, _LANDED, _BATTERY, _HOME = 1, 245, 147, 242
_NAMES = {
    POSITION: "position", ATTITUDE: "attitude", CAMERA: "camera", GNSS: "gnss", WIND: "wind",
    HEIGHTS: "terrain", _SYSTEM_STATUS: "health", _LANDED: "in air", _BATTERY: "battery",
    _HOME: "home",
}  # fmt: skip
_SET_MESSAGE_INTERVAL = 511
_NEVER_US = -1.0
_LOOK_EVERY_S = 2.0  # wall
_ASK_AGAIN_S = 5.0  # wall
_FRESH_S = 1.5  # wall; to a silent aircraft nothing is said
_TRIES = 3  # for what it has never sent: it may not have it
_ASK_RARELY_S = 60.0  # wall; after that: a gimbal may have been plugged in meanwhile
_NOISY_HZ = 1.5
_STOPPED_S = 3.0  # wall
_MISSED = 5.0  # so many in a row; a bad link loses three often enough
_MEASURABLE_HZ = 2.5
_UNKNOWN_RESULTS = (2, 3)  # MAV_RESULT: denied, unsupported
_ALWAYS = frozenset({POSITION, ATTITUDE, GNSS})


def wanted_hz(rate_hz: float) -> dict[int, float]:
    """How often each message that somebody reads shall come."""
    return {
        POSITION: rate_hz, ATTITUDE: rate_hz, CAMERA: rate_hz, GNSS: 1.0, WIND: 1.0, HEIGHTS: 1.0,
        _SYSTEM_STATUS: 1.0, _LANDED: 2.0, _BATTERY: 0.5, _HOME: 0.5,
    }  # fmt: skip


class Asking:
    """What to ask for next, from what was measured; pure but for its memory."""

    def __init__(self, rate_hz: float) -> None:
        self._wanted = wanted_hz(rate_hz)
        self._tries: Counter[int] = Counter()
        self._asked_at_s: dict[int, float] = {}
        self._seen_at_s: dict[int, float] = {}
        self.stopped: set[int] = set()

    def unknown(self, message_id: int) -> None:
        """The autopilot says that it does not have it."""
        self._tries[message_id] = _TRIES

    def unheard(self, now_s: float) -> None:
        """The link is silent: no stream of it has stopped for that."""
        for message_id in self._seen_at_s:
            self._seen_at_s[message_id] = now_s

    def look(self, hz: dict[int, float], now_s: float) -> dict[int, float]:
        """Message ids with the microseconds between two, of what is to be asked for now."""
        asks: dict[int, float] = {}
        for message_id, wanted in self._wanted.items():
            measured = hz.get(message_id, 0.0)
            self._note(message_id, wanted, measured, now_s)
            if self._is_right(message_id, wanted, measured, now_s):
                self._tries[message_id] = 0
            elif self._may_ask(message_id, now_s):
                asks[message_id] = 1e6 / wanted
        for message_id in UNREAD:
            if hz.get(message_id, 0.0) > _NOISY_HZ and self._may_ask(message_id, now_s):
                asks[message_id] = _NEVER_US
        for message_id in asks:
            self._asked_at_s[message_id] = now_s
            self._tries[message_id] += 1
        return asks

    def _note(self, message_id: int, wanted: float, measured: float, now_s: float) -> None:
        if measured > 0.0:
            self._seen_at_s[message_id] = now_s
            self.stopped.discard(message_id)
            return
        seen_at_s = self._seen_at_s.get(message_id)
        if seen_at_s is not None and now_s - seen_at_s > max(_STOPPED_S, _MISSED / wanted):
            self.stopped.add(message_id)

    def _is_right(self, message_id: int, wanted: float, measured: float, now_s: float) -> bool:
        if measured > 2.0 * wanted + 0.5:
            return False
        if wanted >= _MEASURABLE_HZ:
            return measured >= 0.5 * wanted
        # In one look a slow one may come once or not at all: that it still comes has to do.
        return now_s - self._seen_at_s.get(message_id, -math.inf) < _MISSED / wanted

    def _may_ask(self, message_id: int, now_s: float) -> bool:
        is_urgent = (
            message_id in _ALWAYS or message_id in self.stopped or self._tries[message_id] < _TRIES
        )
        wait_s = _ASK_AGAIN_S if is_urgent else _ASK_RARELY_S
        return now_s - self._asked_at_s.get(message_id, -math.inf) >= wait_s


class Rates:
    """Keeps one aircraft's streams as they are wanted."""

    def __init__(
        self,
        system: System,
        link: AircraftLink,
        wall: WallClock,
        *,
        rate_hz: float,
        tell: Callable[[str, dict[str, Any]], None],
    ) -> None:
        self._direct = MavlinkDirectAsync(system)
        self._link = link
        self._wall = wall
        self._tell = tell
        self._asking = Asking(rate_hz)

    async def run(self) -> None:
        """Ask, measure and ask again until cancelled."""
        before, at_s = Counter(self._link.counts), self._wall.monotonic_s()
        await self._ask({})
        while True:
            await self._wall.sleep(_LOOK_EVERY_S)
            now_s = self._wall.monotonic_s()
            hz = {
                message_id: (count - before[message_id]) / (now_s - at_s)
                for message_id, count in self._link.counts.items()
            }
            before, at_s = Counter(self._link.counts), now_s
            stopped = set(self._asking.stopped)
            await self._ask(hz)
            for message_id in sorted(self._asking.stopped ^ stopped):
                name = "stream.stopped" if message_id in self._asking.stopped else "stream.back"
                self._tell(name, {"stream": _NAMES[message_id]})

    async def _ask(self, hz: dict[int, float]) -> None:
        if not self._is_fresh:
            self._asking.unheard(self._wall.monotonic_s())
            return
        for message_id, interval_us in self._asking.look(hz, self._wall.monotonic_s()).items():
            # Each ask is shielded: without this a whole row of time-outs would be waited for.
            await anyio.lowlevel.checkpoint()
            if self._is_fresh:
                await self._ask_one(message_id, interval_us)

    @property
    def _is_fresh(self) -> bool:
        age_s = self._link.newest.age_s(Part.LINK, self._wall.monotonic_s())
        return age_s is not None and age_s < _FRESH_S

    async def _ask_one(self, message_id: int, interval_us: float) -> None:
        fields = {
            "target_system": self._link.system_id, "target_component": 1,
            "command": _SET_MESSAGE_INTERVAL, "confirmation": 0, "param1": message_id,
            "param2": interval_us, "param3": 0, "param4": 0, "param5": 0, "param6": 0, "param7": 0,
        }  # fmt: skip
        command = MavlinkMessage(
            message_name="COMMAND_LONG", target_system_id=self._link.system_id,
            target_component_id=1, fields_json=json.dumps(fields),
        )  # fmt: skip
        try:
            answer = await shielded(lambda: self._direct.send_command(command))
        except MavsdkError:
            return  # measured all the same, and asked again
        if json.loads(answer.fields_json).get("result") in _UNKNOWN_RESULTS:
            self._asking.unknown(message_id)
