"""What the console sees now: one state, changed key by key, and the story so far."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import anyio

from patrol.story import StoryEvent

_STORY_SHOWN = 200
_PATCH_EVERY_S = 0.2  # at most five patches a second for each console


class Board:
    """The state of API `/api/state`. Writers set whole keys; readers get copies of what changed."""

    def __init__(self) -> None:
        self._state: dict[str, Any] = {}
        self._versions: dict[str, int] = {}
        self._version = 0
        self._story: list[StoryEvent] = []
        self._changed = anyio.Event()

    def set(self, **values: Any) -> None:  # noqa: ANN401  # JSON values
        """Replace the named keys and wake the readers."""
        self._version += 1
        for key, value in values.items():
            self._state[key] = value
            self._versions[key] = self._version
        self._wake()

    def get(self, key: str) -> Any:  # noqa: ANN401  # JSON values
        """The present value of a key, or None."""
        return self._state.get(key)

    def state(self) -> dict[str, Any]:
        """Everything, with the last part of the story."""
        return self._state | {"story": [event.to_dict() for event in self._story[-_STORY_SHOWN:]]}

    def tell(self, event: StoryEvent) -> None:
        """Add one recorded event to the story."""
        self._story.append(event)
        self._wake()

    async def story_from(self, start: int) -> AsyncIterator[StoryEvent]:
        """Each event from the `start`-th on, for ever."""
        position = max(0, start)
        while True:
            changed = self._changed
            while position < len(self._story):
                yield self._story[position]
                position += 1
            await changed.wait()

    async def messages(self) -> AsyncIterator[dict[str, Any]]:
        """The messages of one console: the state, then patches and events as they come."""
        seen_version, seen_events = self._version, len(self._story)
        yield {"type": "state", "state": self.state()}
        while True:
            changed = self._changed
            while seen_events < len(self._story):  # it may grow while one is being sent
                event = self._story[seen_events]
                seen_events += 1
                yield {"type": "event", "event": event.to_dict()}
            keys = [key for key, version in self._versions.items() if version > seen_version]
            seen_version = self._version
            if keys:
                yield {"type": "patch", "patch": {key: self._state[key] for key in keys}}
                await anyio.sleep(_PATCH_EVERY_S)
            await changed.wait()

    def _wake(self) -> None:
        changed, self._changed = self._changed, anyio.Event()
        changed.set()
