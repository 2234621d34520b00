"""A person's voice as it is spoken: Opus packets in numbered chunks, bounded in every direction.

A chunk is packets one after another, each behind its length in two bytes (big-endian).
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import AsyncGenerator

import anyio

from drone.clips import LONGEST_CLIP_S
from drone.play_orders import OrderRefused

LIVE_CHUNK_BYTES_MAX = 16_384
_AHEAD_MAX_S = 3.0  # of sound; a microphone is not faster than its speaker
# Milliseconds a frame by the configuration in a packet's first byte, RFC 6716 table 2.
_FRAME_MS = (*(10, 20, 40, 60) * 3, *(10, 20) * 2, *(2.5, 5, 10, 20) * 4)
_PACKET_MS_MAX = 120.0


class VoiceStalled(Exception):
    """Nothing came for too long: the link or the browser is gone."""


class LiveVoice:
    """What has come of it and was not played yet."""

    def __init__(self, *, stall_s: float, longest_s: float = LONGEST_CLIP_S) -> None:
        self._stall_s = stall_s
        self._longest_s = longest_s
        self._waiting: deque[tuple[list[bytes], float]] = deque()
        self._waiting_s = 0.0
        self._came = anyio.Event()
        self._hash = hashlib.sha256()
        self._next = 0
        self._is_over = False
        self.duration_s = 0.0

    @property
    def next_number(self) -> int:
        """The chunk that is wanted next."""
        return self._next

    @property
    def sha256(self) -> str:
        """Of every chunk so far, one after another."""
        return self._hash.hexdigest()

    def put(self, number: int, chunk: bytes) -> None:
        """Take a chunk; one that came before is no error. OrderRefused says what is wrong."""
        if number < self._next:
            return
        self._require_next(number)
        packets = packets_of(chunk)
        lasts_s = sum(map(packet_s, packets))
        if self.duration_s + lasts_s > self._longest_s:
            raise OrderRefused(413, f"a live voice has at most {self._longest_s:.0f} s")
        if self._waiting_s + lasts_s > _AHEAD_MAX_S:
            raise OrderRefused(429, f"more than {_AHEAD_MAX_S:g} s wait to be played; send later")
        self._next += 1
        self._hash.update(chunk)
        self._waiting.append((packets, lasts_s))
        self._waiting_s += lasts_s
        self.duration_s += lasts_s
        self._wake()

    def end(self, number: int) -> None:
        """No chunk comes after the one before `number`."""
        if self._is_over and number == self._next:
            return
        self._require_next(number)
        self._is_over = True
        self._wake()

    async def chunks(self) -> AsyncGenerator[list[bytes], None]:
        """The packets, chunk by chunk, to the end; VoiceStalled when none comes for too long."""
        while True:
            while self._waiting:
                packets, lasts_s = self._waiting.popleft()
                self._waiting_s -= lasts_s
                yield packets
            if self._is_over:
                return
            came = self._came
            with anyio.move_on_after(self._stall_s):
                await came.wait()
            if not came.is_set():
                raise VoiceStalled(f"no voice came for {self._stall_s:g} s")

    def _require_next(self, number: int) -> None:
        if self._is_over:
            raise OrderRefused(409, "this voice has ended")
        if number != self._next:
            raise OrderRefused(409, f"chunk {self._next} is missing")

    def _wake(self) -> None:
        came, self._came = self._came, anyio.Event()
        came.set()


def packets_of(chunk: bytes) -> list[bytes]:
    """The Opus packets in a chunk; OrderRefused when it is none or half a one."""
    packets, at = list[bytes](), 0
    while at < len(chunk):
        length = int.from_bytes(chunk[at : at + 2], "big")
        packet = chunk[at + 2 : at + 2 + length]
        if not packet or len(packet) < length:
            raise OrderRefused(400, "half a chunk: packets, each behind its length in two bytes")
        packets.append(packet)
        at += 2 + length
    if not packets:
        raise OrderRefused(400, "a chunk without packets")
    return packets


def packet_s(packet: bytes) -> float:
    """How long an Opus packet lasts by its head (RFC 6716, 3.1); OrderRefused for none."""
    kind = packet[0] & 3
    if kind == 3 and len(packet) < 2:
        raise OrderRefused(400, "half an Opus packet")
    frame_count = packet[1] & 63 if kind == 3 else 1 if kind == 0 else 2
    lasts_ms = frame_count * _FRAME_MS[packet[0] >> 3]
    if not 0.0 < lasts_ms <= _PACKET_MS_MAX:
        raise OrderRefused(400, f"an Opus packet of {lasts_ms:g} ms")
    return lasts_ms / 1000.0
