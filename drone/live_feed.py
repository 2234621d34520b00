"""Between a voice that comes in bursts and a card that wants samples all the time."""

from __future__ import annotations

import queue
import time
from collections.abc import AsyncIterator, Iterator

import anyio

from drone.loudness import quieter

_PIECES_MAX = 50
_AHEAD_PIECES = 10  # of 20 ms; what a burst may be late without a pause


class LiveFeed:
    """Mono 16-bit pieces of one length for a card's thread; silence while none is there."""

    def __init__(self, piece_samples: int, *, wait_s: float) -> None:
        self._silence = bytes(2 * piece_samples)
        self._wait_s = wait_s
        self._pieces: queue.Queue[bytes] = queue.Queue(_PIECES_MAX)
        self._is_over = False

    async def fill(self, samples: AsyncIterator[bytes], volume_pct: float) -> None:
        """Hand over what comes, at that volume, as fast as the card takes it."""
        step, rest = len(self._silence), b""
        async for came in samples:
            rest += quieter(came, volume_pct)
            while len(rest) >= step:
                await self._put(rest[:step])
                rest = rest[step:]
        if rest:
            await self._put(rest.ljust(step, b"\0"))
        self._is_over = True

    def __iter__(self) -> Iterator[bytes]:
        """In the card's thread: pieces until the voice is over; empty ones before it begins."""
        while not self._is_over and self._pieces.qsize() < _AHEAD_PIECES:
            time.sleep(self._wait_s)
            yield b""
        while True:
            is_over = self._is_over  # before the look: what was put first is still taken
            try:
                yield self._pieces.get(timeout=self._wait_s)
            except queue.Empty:
                if is_over:
                    return
                yield self._silence

    async def _put(self, piece: bytes) -> None:
        while True:
            try:
                self._pieces.put_nowait(piece)
            except queue.Full:
                await anyio.sleep(self._wait_s)
            else:
                return
