"""A microphone of tests: a tone as Opus packets, in chunks as a browser sends them."""

from __future__ import annotations

import functools
import io

import av

from drone.clips import clip_of
from drone.opus import as_opus
from tests.agents import wav


@functools.cache
def opus_packets(duration_s: float = 1.0, *, tone: bool = True) -> tuple[bytes, ...]:
    """Packets of 20 ms."""
    clip = as_opus(clip_of(wav(duration_s, rate_hz=24_000, tone=tone), ""))
    with av.open(io.BytesIO(clip.sound), "r") as source:
        return tuple(bytes(packet) for packet in source.demux(audio=0) if packet.size)


def chunk_of(packets: tuple[bytes, ...]) -> bytes:
    """Each packet behind its length."""
    return b"".join(len(packet).to_bytes(2, "big") + packet for packet in packets)


def chunks(duration_s: float = 1.0, *, packets_each: int = 10, tone: bool = True) -> list[bytes]:
    """The voice in pieces of 0.2 s."""
    packets = opus_packets(duration_s, tone=tone)
    starts = range(0, len(packets), packets_each)
    return [chunk_of(packets[at : at + packets_each]) for at in starts]
