"""The story on its way: first into the audit chain, then onto the board."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import anyio
import structlog

from ground_station.live import Board
from ground_station.store.records import Records
from patrol.bus import Bus
from patrol.cause import by_system
from patrol.clock import SystemClock, WallClock
from patrol.errors import Transient
from patrol.story import StoryEvent
from patrol.supervise import supervise

_log = structlog.get_logger(__name__)
_BY_FLIGHT = by_system("sortie-runner")
_QUEUE_LIMIT = (
    100_000  # a sortie tells some hundred events; a full queue would be a bug, not a load
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An event whose record has its own audit row already."""

    event: StoryEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    reached: anyio.Event = field(default_factory=anyio.Event)


class Chronicle:
    """Puts every StoryEvent of the bus into the audit chain, in order, and then onto the board."""

    def __init__(
        self,
        *,
        bus: Bus,
        records: Records,
        board: Board,
        is_exercise: bool,
        wall: WallClock | None = None,
    ) -> None:
        self._bus = bus
        self._wall = wall or SystemClock()
        self._records = records
        self._board = board
        self._is_exercise = is_exercise

    def tell(self, event: StoryEvent) -> None:
        """Show an event that a desk has just recorded, in its turn."""
        self._bus.publish(Recorded(event=event))

    async def settled(self) -> None:
        """Wait until everything published so far is recorded and shown."""
        mark = _Mark()
        self._bus.publish(mark)
        await mark.reached.wait()

    async def run(self) -> None:
        """Record and show until cancelled."""
        with self._bus.subscribe(StoryEvent, Recorded, _Mark, limit=_QUEUE_LIMIT) as facts:
            async for fact in facts:
                if isinstance(fact, _Mark):
                    fact.reached.set()
                elif isinstance(fact, Recorded):
                    self._board.tell(fact.event)
                elif isinstance(fact, StoryEvent):
                    # While the disk is away the story waits; nothing is shown before it is kept.
                    await supervise(
                        partial(self._record, fact), clock=self._wall, on_lost=_tell_waiting
                    )
                    self._board.tell(fact)

    async def _record(self, event: StoryEvent) -> None:
        await self._records.note(
            event.name,
            event.sortie or event.grid,
            event.to_dict(),
            cause=_BY_FLIGHT,
            at_utc=event.time_utc,
            is_exercise=self._is_exercise,
            scope=event.grid,
        )


def _tell_waiting(error: Transient) -> None:
    _log.warning("the story waits", reason=str(error))
