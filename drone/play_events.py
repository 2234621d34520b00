"""What became of the plays, as numbered events that a listener can go on with after a break."""

from __future__ import annotations

import uuid
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import anyio

from drone.play_orders import Play
from patrol.clock import utc_text

_EVENTS_KEPT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayEvent:
    """One step of a play; the number is where a listener goes on after a break."""

    number: int
    at_utc: str
    play: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)


class EventLog:
    """The newest events, for listeners that come and go."""

    def __init__(self) -> None:
        self.boot_id = uuid.uuid4().hex[:12]  # numbers of another boot mean nothing here
        self._events: OrderedDict[int, PlayEvent] = OrderedDict()
        self._newer = anyio.Event()
        self._last = 0
        self._is_closed = False

    @property
    def last(self) -> int:
        """The newest number; 0 before the first."""
        return self._last

    def add(self, play: Play, at_utc: datetime) -> None:
        """Tell every listener."""
        self._last += 1
        self._events[self._last] = PlayEvent(
            number=self._last, at_utc=utc_text(at_utc), play=play.to_dict()
        )
        while len(self._events) > _EVENTS_KEPT:
            self._events.popitem(last=False)
        self._wake()

    def close(self) -> None:
        """Let every listener go: the agent ends."""
        self._is_closed = True
        self._wake()

    async def after(self, number: int, every_s: float) -> AsyncIterator[PlayEvent | None]:
        """Each event after that number; None when `every_s` passed without one."""
        while not self._is_closed:
            newer = self._newer
            for event in [event for event in self._events.values() if event.number > number]:
                number = event.number
                yield event
            if newer is not self._newer:
                continue  # more came while these were sent
            with anyio.move_on_after(every_s) as waited:
                await newer.wait()
            if waited.cancelled_caught:
                yield None

    def _wake(self) -> None:
        newer, self._newer = self._newer, anyio.Event()
        newer.set()
