"""What the console sees now: one state, changed key by key, and the story so far.

Every change has a number. A reader that stops at a number goes on behind it; nothing is queued for
anybody: who reads slowly gets the newest values, and fewer patches.
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import Any

import anyio

from patrol.story import StoryEvent

_STORY_SHOWN = 200
_STORY_KEPT = 20_000  # several days; whoever asks for older ones reads the audit chain
_PATCH_EVERY_S = 0.2  # at most five patches a second for each console, but
_AT_ONCE = frozenset({"alert", "alerts", "announcement"})  # a person is waited for: no patch waits
UNITS = "units"  # the key under which each aircraft has its own keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How far a reader has come: which run of the station, and the last message's number."""

    run: str
    seq: int


@dataclass(frozen=True, slots=True)
class _Told:
    seq: int
    event: StoryEvent


class Sheet:
    """Some keys of the state. Writers set whole keys; readers get copies of what changed."""

    def __init__(self, next_version: Callable[[Collection[str]], int]) -> None:
        self._next_version = next_version
        self._state: dict[str, Any] = {}
        self._versions: dict[str, int] = {}

    def set(self, **values: Any) -> None:  # noqa: ANN401  # JSON values
        """Replace the named keys and wake the readers."""
        version = self._next_version(values)
        for key, value in values.items():
            self._state[key] = value
            self._versions[key] = version

    def get(self, key: str) -> Any:  # noqa: ANN401  # JSON values
        """The present value of a key, or None."""
        return self._state.get(key)

    def keys(self) -> dict[str, Any]:
        """Every key as it is now."""
        return dict(self._state)

    def between(self, since: int, until: int) -> dict[str, Any]:
        """The keys that were last set after the one number and not after the other."""
        return {key: self._state[key] for key, at in self._versions.items() if since < at <= until}


class Board:
    """The state of API `/api/state`: the station's own keys, and those of each aircraft's unit."""

    def __init__(self, aircraft: Iterable[str] = ()) -> None:
        self.run = uuid.uuid4().hex[:12]  # numbers of another run of the station mean nothing here
        self._seq = 0
        self._own = Sheet(self._count)
        self._units = {name: Sheet(self._count) for name in aircraft}
        self._story: deque[_Told] = deque(maxlen=_STORY_KEPT)
        self._told_count = 0
        self._let_go_seq = 0  # of the newest event that is no longer kept
        self._whole: tuple[int, dict[str, Any]] = (-1, {})
        self._changed, self._hurried = anyio.Event(), anyio.Event()
        self._hurried_seq = 0  # the newest change that waits for no patch
        self._shown_seq, self._next_patch_s = 0, 0.0  # one beat for all readers

    @property
    def seq(self) -> int:
        """The number of the newest change."""
        return self._seq

    @property
    def units(self) -> Mapping[str, Sheet]:
        """The keys of each aircraft's unit."""
        return self._units

    def of(self, aircraft: str) -> Sheet:
        """The keys of one aircraft's unit."""
        return self._units[aircraft]

    def set(self, **values: Any) -> None:  # noqa: ANN401  # JSON values
        """Replace the station's named keys and wake the readers."""
        self._own.set(**values)

    def get(self, key: str) -> Any:  # noqa: ANN401  # JSON values
        """The present value of a key of the station, or None."""
        return self._own.get(key)

    def state(self) -> dict[str, Any]:
        """Everything, with the last part of the story."""
        units = {name: sheet.keys() for name, sheet in self._units.items()}
        oldest = max(0, len(self._story) - _STORY_SHOWN)
        story = [told.event.to_dict() for told in islice(self._story, oldest, None)]
        return self._own.keys() | {UNITS: units, "story": story}

    def tell(self, event: StoryEvent) -> None:
        """Add one recorded event to the story."""
        if len(self._story) == _STORY_KEPT:
            self._let_go_seq = self._story[0].seq
        self._seq += 1
        self._story.append(_Told(self._seq, event))
        self._told_count += 1
        self._hurry()
        self._wake()

    async def story_from(self, start: int) -> AsyncIterator[StoryEvent]:
        """Each event from the `start`-th on, or from the oldest that is kept, for ever."""
        position = max(0, start)
        while True:
            changed = self._changed
            while position < self._told_count:
                position = max(position, self._told_count - len(self._story))
                event = self._story[position - self._told_count].event
                position += 1
                yield event
            await changed.wait()

    async def messages(self, after: Place | None = None) -> AsyncIterator[dict[str, Any]]:
        """The messages of one console: the state, then patches and events as they come.

        A patch replaces keys whole; only its `units` names those keys of each that changed. A
        reader that comes back to its place gets no state if all it missed is still known.
        """
        seen, position = (-1, None) if after is None else (after.seq, self._position_after(after))
        while True:
            if position is None or position < self._told_count - len(self._story):
                # Nobody was here before, or one so slow that events went past it.
                seen, position = self._seq, self._told_count
                yield {"type": "state", "seq": seen, "run": self.run, "state": self._whole_state()}
                continue
            await self._until_due(seen)
            told = None
            if position < self._told_count:
                told = self._story[position - self._told_count]
            until = told.seq - 1 if told is not None else self._seq
            if patch := self._between(seen, until):
                yield {"type": "patch", "since": seen, "seq": until, "patch": patch}
            seen = until
            if told is not None:
                seen, position = told.seq, position + 1
                yield {"type": "event", "seq": seen, "event": told.event.to_dict()}

    def _position_after(self, place: Place) -> int | None:
        """Which event of the story comes next there; None when not all of it is known."""
        if place.run != self.run or not self._let_go_seq <= place.seq <= self._seq:
            return None
        newer = takewhile(lambda told: told.seq > place.seq, reversed(self._story))
        return self._told_count - sum(1 for _ in newer)

    def _whole_state(self) -> dict[str, Any]:
        """The state, made once for all who join between two changes."""
        if self._whole[0] != self._seq:
            self._whole = (self._seq, self.state())
        return self._whole[1]

    async def _until_due(self, seen: int) -> None:
        """Wait for a change, and with a patch for the beat that all readers share."""
        while not self._is_due(seen):
            if self._seq == seen:
                await self._changed.wait()
                continue
            with anyio.move_on_after(self._next_patch_s - anyio.current_time()):
                await self._hurried.wait()

    def _is_due(self, seen: int) -> bool:
        now_s = anyio.current_time()
        is_beat = now_s >= self._next_patch_s or self._hurried_seq > self._shown_seq
        if is_beat and self._seq > self._shown_seq:
            self._shown_seq, self._next_patch_s = self._seq, now_s + _PATCH_EVERY_S
        return self._shown_seq > seen

    def _between(self, since: int, until: int) -> dict[str, Any]:
        units = {
            name: keys
            for name, sheet in self._units.items()
            if (keys := sheet.between(since, until))
        }
        return self._own.between(since, until) | ({UNITS: units} if units else {})

    def _count(self, keys: Collection[str]) -> int:
        """The number of a change of these keys; it wakes the readers."""
        self._seq += 1
        if not _AT_ONCE.isdisjoint(keys):
            self._hurry()
        self._wake()
        return self._seq

    def _hurry(self) -> None:
        self._hurried_seq = self._seq
        hurried, self._hurried = self._hurried, anyio.Event()
        hurried.set()

    def _wake(self) -> None:
        changed, self._changed = self._changed, anyio.Event()
        changed.set()
