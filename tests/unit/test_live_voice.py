"""A live voice: what comes is taken once and in order, and is bounded in every direction."""

from __future__ import annotations

import hashlib

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone.live_voice import LiveVoice, VoiceStalled, packet_s, packets_of
from drone.opus import DECODED_HZ, OpusStream
from drone.play_orders import OrderRefused
from tests.live import chunk_of, chunks, opus_packets

pytestmark = pytest.mark.anyio


def refusal(voice: LiveVoice, number: int, chunk: bytes) -> tuple[int, str]:
    with pytest.raises(OrderRefused) as refused:
        voice.put(number, chunk)
    return refused.value.status, str(refused.value)


async def test_chunks_are_heard_once_and_in_order_and_known_by_their_hash() -> None:
    voice, sent = LiveVoice(stall_s=1.0), chunks(1.0)
    for number, chunk in enumerate(sent):
        voice.put(number, chunk)
        voice.put(number, chunk)  # its answer was lost
    assert refusal(voice, len(sent) + 1, sent[0]) == (409, f"chunk {len(sent)} is missing")
    voice.end(len(sent))
    voice.end(len(sent))
    assert refusal(voice, len(sent), sent[0]) == (409, "this voice has ended")
    heard = [packet async for packets in voice.chunks() for packet in packets]
    assert heard == list(opus_packets(1.0))
    assert voice.sha256 == hashlib.sha256(b"".join(sent)).hexdigest()
    assert voice.duration_s == pytest.approx(0.02 * len(heard))


async def test_a_voice_that_stops_coming_is_told_and_one_that_comes_too_fast_is_held_back() -> None:
    voice, (chunk, *_) = LiveVoice(stall_s=0.02), chunks(0.3)
    voice.put(0, chunk)
    coming = voice.chunks()
    assert await anext(coming) == packets_of(chunk)
    with pytest.raises(VoiceStalled, match=r"no voice came for 0\.02 s"):
        await anext(coming)
    status = 0
    for number in range(1, 100):
        try:
            voice.put(number, chunk)
        except OrderRefused as refused:
            status = refused.status
            break
    assert status == 429
    with anyio.fail_after(1):
        await anext(voice.chunks())
    voice.put(voice.next_number, chunk)


async def test_a_voice_has_an_end_though_nobody_ends_it() -> None:
    voice, (chunk, *_) = LiveVoice(stall_s=1.0, longest_s=0.5), chunks(0.3)
    for number in (0, 1):
        voice.put(number, chunk)
    status, words = refusal(voice, 2, chunk)
    assert (status, "at most" in words) == (413, True)


def test_the_heads_of_packets_say_how_long_they_last() -> None:
    stream, packets = OpusStream(), list(opus_packets(1.0))
    samples = stream.decode(packets)
    assert sum(map(packet_s, packets)) == pytest.approx(len(samples) / 2 / DECODED_HZ, abs=0.03)


@given(st.binary(max_size=80))
def test_any_bytes_are_packets_or_a_refusal(chunk: bytes) -> None:
    try:
        packets = packets_of(chunk)
        lasts_s = [packet_s(packet) for packet in packets]
    except OrderRefused:
        return
    assert chunk_of(tuple(packets)) == chunk
    assert all(0.0 < one_s <= 0.12 for one_s in lasts_s)


@given(st.binary(min_size=1, max_size=80))
def test_any_packet_is_decoded_or_a_value_error(packet: bytes) -> None:
    try:
        samples = OpusStream().decode([packet])
    except ValueError:
        return
    assert len(samples) % 2 == 0
