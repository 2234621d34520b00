"""The live stream between the encoder and its readers; a slow reader skips to a key frame."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import anyio

from sim.encoder import AccessUnit, parameter_sets

_BACKLOG_MAX = 10  # a second of pictures


class Reader:
    """Access units for one reader, from a key frame on. Never holds more than a second."""

    def __init__(self) -> None:
        self.dropped_count = 0
        self._units: deque[AccessUnit] = deque()
        self._arrived = anyio.Event()
        self._is_waiting_for_key = True

    def offer(self, unit: AccessUnit) -> None:
        """Take a unit without waiting; a backlog is thrown away up to the next key frame."""
        if len(self._units) >= _BACKLOG_MAX:
            self.dropped_count += len(self._units)
            self._units.clear()
            self._is_waiting_for_key = True
        if self._is_waiting_for_key and not unit.is_key:
            self.dropped_count += 1
            return
        self._is_waiting_for_key = False
        self._units.append(unit)
        self._arrived.set()

    async def next(self) -> AccessUnit:
        """The next unit, waiting for it."""
        while not self._units:
            self._arrived = anyio.Event()
            await self._arrived.wait()
        return self._units.popleft()


class LiveStream:
    """Hands every access unit to every reader."""

    def __init__(self) -> None:
        self._readers: list[Reader] = []
        self._parameter_sets: tuple[bytes, bytes] | None = None
        self._began = anyio.Event()
        self._wanted = anyio.Event()

    @property
    def is_watched(self) -> bool:
        """Whether anybody reads it now."""
        return bool(self._readers)

    async def wait_until_wanted(self) -> None:
        """Until somebody reads it, or asks what its pictures are like before there was one."""
        while not (self._readers or self._wanted.is_set()):
            await self._wanted.wait()
        self._wanted = anyio.Event()

    def publish(self, unit: AccessUnit) -> None:
        """Offer a unit to all readers; never waits."""
        if unit.is_key and (found := parameter_sets(unit)) is not None:
            self._parameter_sets = found
            self._began.set()
        for reader in tuple(self._readers):
            reader.offer(unit)

    async def parameter_sets(self) -> tuple[bytes, bytes]:
        """Sequence and picture parameter sets, waiting for the first key frame."""
        while self._parameter_sets is None:
            self._wanted.set()
            await self._began.wait()
        return self._parameter_sets

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """A reader that is served while this is open."""
        reader = Reader()
        self._readers.append(reader)
        self._wanted.set()
        try:
            yield reader
        finally:
            self._readers.remove(reader)
