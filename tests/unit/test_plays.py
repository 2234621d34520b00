"""Orders, events and the clip shelf: what comes is read, or refused in words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone.clip_shelf import ClipShelf
from drone.play_events import EventLog
from drone.play_orders import OrderRefused, Play, read_order
from drone.server_events import ServerEvent, lines_of, read_events
from tests.agents import a_clip, an_order

pytestmark = pytest.mark.anyio
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
FIELDS = ["sha256", "announcement_id", "expires_utc", "volume_pct", "repeat"]


NUMBERS = st.integers(-2, 8) | st.floats(-5.0, 120.0)  # most JSON is no order at all


@given(
    st.dictionaries(st.sampled_from(FIELDS), JSON)
    | st.fixed_dictionaries({}, optional={"volume_pct": NUMBERS, "repeat": NUMBERS})
)
def test_any_json_is_an_order_within_its_bounds_or_a_refusal(changes: dict[str, Any]) -> None:
    try:
        order = read_order("key", an_order(a_clip()) | changes)
    except OrderRefused:
        return
    assert 1.0 <= order.volume_pct <= 100.0
    assert 1 <= order.repeat <= 5
    assert order.expires_utc.tzinfo is not None


@pytest.mark.parametrize("key", ["", "  ", "x" * 201])
def test_an_order_without_a_usable_key_is_refused(key: str) -> None:
    with pytest.raises(OrderRefused, match="Idempotency-Key"):
        read_order(key, an_order(a_clip()))


async def text_lines(lines: Sequence[str]) -> AsyncIterator[str]:
    for line in lines:
        yield line


@pytest.mark.parametrize("kept", range(8))
async def test_a_stream_that_is_cut_anywhere_gives_whole_events_only(kept: int) -> None:
    lines = ["event: hello", "data: 1", "", ": here", "id: 7", "event: play", "data:2", ""]
    whole = [
        ServerEvent(name="hello", data="1"), ServerEvent(name="", data=""),
        ServerEvent(name="play", data="2"),
    ]  # fmt: skip
    heard = [event async for event in read_events(text_lines(lines[:kept]))]
    assert heard == whole[: len(heard)]
    assert len(heard) == (0 if kept < 3 else 1 if kept == 3 else 2)
    assert [event async for event in read_events(text_lines(lines))] == whole


async def parts_of(text: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(text), size):
        yield text[at : at + size]


@given(st.integers(1, 9))
async def test_lines_are_whole_however_the_bytes_come(size: int) -> None:
    text = "data: 礐石\r\n\n: here\nhalf".encode()
    assert [line async for line in lines_of(parts_of(text, size))] == ["data: 礐石", "", ": here"]


async def test_a_line_or_an_event_without_end_is_given_up_before_it_fills_the_memory() -> None:
    endless = parts_of(b"x" * 200_000, 1000)
    with pytest.raises(ValueError, match="a line of more than"):
        assert [line async for line in lines_of(endless)]
    with pytest.raises(ValueError, match="an event of more than"):
        assert [event async for event in read_events(text_lines(["data: " + "x" * 1000] * 100))]


def a_play(number: int) -> Play:
    order = read_order(f"key {number}", an_order(a_clip()))
    return Play(play_id=f"play {number}", order=order, state="accepted", after=number)


async def test_two_listeners_hear_every_event_once_and_in_order() -> None:
    log, heard = EventLog(), dict[int, list[int]]()

    async def listen(start: int) -> None:
        heard[start] = []
        async for event in log.after(start, 10.0):
            if event is not None:
                heard[start].append(event.number)

    async with anyio.create_task_group() as group:
        for start in (0, 3):
            group.start_soon(listen, start)
        for number in range(10):
            log.add(a_play(number), datetime.now(UTC))
            if number % 3 == 0:
                await anyio.lowlevel.checkpoint()
        await anyio.wait_all_tasks_blocked()
        log.close()
    assert heard == {0: list(range(1, 11)), 3: list(range(4, 11))}


async def test_the_least_used_clip_goes_when_the_shelf_is_full(tmp_path: Path) -> None:
    shelf = ClipShelf(tmp_path, kept=2)
    first, second, third = (a_clip(0.2 + number / 10) for number in range(3))
    for clip in (first, second):
        await shelf.put(clip.sha256, clip.sound)
    await shelf.take(first.sha256)
    await shelf.put(third.sha256, third.sound)
    for there in (shelf, ClipShelf(tmp_path, kept=2)):
        assert [await there.has(clip.sha256) for clip in (first, second, third)] == [
            True, False, True,
        ]  # fmt: skip
    with pytest.raises(LookupError, match="put it first"):
        await shelf.take(second.sha256)
