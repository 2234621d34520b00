"""What the console sees now: one state, changed key by key, and the story so far."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from itertools import islice
from typing import Any

import anyio

from patrol.story import StoryEvent

_STORY_SHOWN = 200
_STORY_KEPT = 20_000  # several days; whoever asks for older ones reads the audit chain
_PATCH_EVERY_S = 0.2  # at most five patches a second for each console
UNITS = "units"  # the key under which each aircraft has its own keys


class Sheet:
    """Some keys of the state. Writers set whole keys; readers get copies of what changed."""

    def __init__(self, next_version: Callable[[], int]) -> None:
        self._next_version = next_version
        self._state: dict[str, Any] = {}
        self._versions: dict[str, int] = {}

    def set(self, **values: Any) -> None:  # noqa: ANN401  # JSON values
        """Replace the named keys and wake the readers."""
        version = self._next_version()
        for key, value in values.items():
            self._state[key] = value
            self._versions[key] = version

    def get(self, key: str) -> Any:  # noqa: ANN401  # JSON values
        """The present value of a key, or None."""
        return self._state.get(key)

    def keys(self) -> dict[str, Any]:
        """Every key as it is now."""
        return dict(self._state)

    def since(self, version: int) -> dict[str, Any]:
        """The keys that were set after that version."""
        return {key: self._state[key] for key, at in self._versions.items() if at > version}


class Board:
    """The state of API `/api/state`: the station's own keys, and those of each aircraft's unit."""

    def __init__(self, aircraft: Iterable[str] = ()) -> None:
        self._version = 0
        self._own = Sheet(self._next_version)
        self._units = {name: Sheet(self._next_version) for name in aircraft}
        self._story: deque[StoryEvent] = deque(maxlen=_STORY_KEPT)
        self._told_count = 0
        self._changed = anyio.Event()

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
        story = [event.to_dict() for event in self._from(self._told_count - _STORY_SHOWN)]
        return self._own.keys() | {UNITS: units, "story": story}

    def tell(self, event: StoryEvent) -> None:
        """Add one recorded event to the story."""
        self._story.append(event)
        self._told_count += 1
        self._wake()

    async def story_from(self, start: int) -> AsyncIterator[StoryEvent]:
        """Each event from the `start`-th on, or from the oldest that is kept, for ever."""
        position = max(0, start)
        while True:
            changed = self._changed
            while position < self._told_count:
                position = max(position, self._told_count - len(self._story))
                event = self._story[position - self._told_count]
                position += 1
                yield event
            await changed.wait()

    async def messages(self) -> AsyncIterator[dict[str, Any]]:
        """The messages of one console: the state, then patches and events as they come.

        A patch replaces keys whole; only its `units` names those keys of each that changed.
        """
        seen_version, seen_events = self._version, self._told_count
        yield {"type": "state", "state": self.state()}
        while True:
            changed = self._changed
            while seen_events < self._told_count:  # it may grow while one is being sent
                seen_events = max(seen_events, self._told_count - len(self._story))
                event = self._story[seen_events - self._told_count]
                seen_events += 1
                yield {"type": "event", "event": event.to_dict()}
            patch = self._since(seen_version)
            seen_version = self._version
            if patch:
                yield {"type": "patch", "patch": patch}
                await anyio.sleep(_PATCH_EVERY_S)
            await changed.wait()

    def _since(self, version: int) -> dict[str, Any]:
        units = {
            name: keys for name, sheet in self._units.items() if (keys := sheet.since(version))
        }
        return self._own.since(version) | ({UNITS: units} if units else {})

    def _from(self, position: int) -> list[StoryEvent]:
        oldest = self._told_count - len(self._story)
        return list(islice(self._story, max(0, position - oldest), None))

    def _next_version(self) -> int:
        self._version += 1
        self._wake()
        return self._version

    def _wake(self) -> None:
        changed, self._changed = self._changed, anyio.Event()
        changed.set()
