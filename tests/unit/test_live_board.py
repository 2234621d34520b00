"""The board: one state, patches of whole keys, and the story in its order."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import TypeVar

import anyio
import pytest

from ground_station.live import Board
from patrol.story import StoryEvent
from tests.fakes import START

pytestmark = pytest.mark.anyio
T = TypeVar("T")
PATCH_EVERY_S = 0.2  # API: at most five patches a second for each console


def an_event(number: int) -> StoryEvent:
    return StoryEvent(name="waypoint", time_utc=START, sortie="M-1-S01", fields={"index": number})


@asynccontextmanager
async def reading(stream: AsyncIterator[T]) -> AsyncIterator[AsyncIterator[T]]:
    """A reader of the board that goes away in an orderly manner."""
    assert isinstance(stream, AsyncGenerator)
    async with aclosing(stream):
        yield stream


async def following(messages: AsyncIterator[T]) -> T:
    """The next message, within a deadline."""
    with anyio.fail_after(3.0):
        return await anext(messages)


async def test_the_first_message_is_the_whole_state_with_the_story() -> None:
    board = Board()
    board.set(alert=None, people=[[116.7, 23.2]])
    board.tell(an_event(1))
    async with reading(board.messages()) as messages:
        first = await following(messages)
    assert first["type"] == "state"
    assert first["state"] == board.state()
    assert first["state"]["people"] == [[116.7, 23.2]]
    assert [event["index"] for event in first["state"]["story"]] == [1]


async def test_a_patch_carries_only_the_keys_that_were_set_since() -> None:
    board = Board()
    board.set(alert=None, people=[], crowd=None)
    async with reading(board.messages()) as messages:
        await following(messages)
        board.set(alert={"id": "A-1"})
        assert await following(messages) == {"type": "patch", "patch": {"alert": {"id": "A-1"}}}
        board.set(people=[[1.0, 2.0]])
        board.set(crowd={"radius_m": 4.0})
        patch = await following(messages)
    assert patch["patch"] == {"people": [[1.0, 2.0]], "crowd": {"radius_m": 4.0}}


async def test_changes_faster_than_five_a_second_reach_a_console_as_one_patch() -> None:
    board = Board()
    async with reading(board.messages()) as messages:
        await following(messages)
        board.set(clock={"speed": 0})
        await following(messages)
        started_s = anyio.current_time()
        for number in range(1, 20):
            board.set(clock={"speed": number})
        assert (await following(messages))["patch"] == {"clock": {"speed": 19}}
        assert anyio.current_time() - started_s >= 0.9 * PATCH_EVERY_S
        with anyio.move_on_after(2 * PATCH_EVERY_S) as waited:
            await anext(messages)
        assert waited.cancelled_caught  # nothing is left over


async def test_two_consoles_each_get_every_change() -> None:
    board = Board()
    async with (
        reading(board.messages()) as one,
        reading(board.messages()) as other,
    ):
        await following(one)
        await following(other)
        board.set(alert={"id": "A-1"})
        board.tell(an_event(1))
        for messages in (one, other):
            event, patch = await following(messages), await following(messages)
            assert (event["type"], event["event"]["index"]) == ("event", 1)
            assert patch == {"type": "patch", "patch": {"alert": {"id": "A-1"}}}


async def test_events_told_between_two_messages_come_in_order_and_once() -> None:
    board = Board()
    board.tell(an_event(0))
    async with reading(board.messages()) as messages:
        await following(messages)
        for number in (1, 2, 3):
            board.tell(an_event(number))
        told = [(await following(messages))["event"]["index"] for _ in range(3)]
    assert told == [1, 2, 3]


async def test_the_state_shows_the_newest_two_hundred_events_oldest_first() -> None:
    board = Board()
    for number in range(230):
        board.tell(an_event(number))
    assert [event["index"] for event in board.state()["story"]] == list(range(30, 230))


@pytest.mark.parametrize(("start", "told"), [(0, [0, 1, 2, 3]), (2, [2, 3]), (-5, [0, 1, 2, 3])])
async def test_the_story_is_told_from_any_event_on_and_goes_on(start: int, told: list[int]) -> None:
    board = Board()
    for number in range(3):
        board.tell(an_event(number))
    async with reading(board.story_from(start)) as story:
        heard = [(await following(story)).fields["index"] for _ in told[:-1]]
        board.tell(an_event(3))
        heard.append((await following(story)).fields["index"])
    assert heard == told


async def test_the_story_from_an_event_still_to_come_waits_for_it() -> None:
    board = Board()
    async with reading(board.story_from(1)) as story:
        async with anyio.create_task_group() as tasks:

            async def tell() -> None:
                board.tell(an_event(0))
                await anyio.lowlevel.checkpoint()
                board.tell(an_event(1))

            tasks.start_soon(tell)
            assert (await following(story)).fields["index"] == 1


async def test_the_keys_of_one_aircraft_are_patched_apart_from_those_of_another() -> None:
    board = Board(["GP-1", "GP-2"])
    for name in ("GP-1", "GP-2"):
        board.of(name).set(alert=None, people=[])
    async with reading(board.messages()) as messages:
        first = await following(messages)
        assert first["state"]["units"] == {
            name: {"alert": None, "people": []} for name in ("GP-1", "GP-2")
        }
        board.of("GP-2").set(alert={"id": "A-1"})
        assert await following(messages) == {
            "type": "patch", "patch": {"units": {"GP-2": {"alert": {"id": "A-1"}}}}
        }  # fmt: skip
    assert board.of("GP-1").get("alert") is None


async def test_the_oldest_events_are_let_go_and_the_story_goes_on_from_the_oldest_kept() -> None:
    board = Board()
    for number in range(20_010):
        board.tell(an_event(number))
    async with reading(board.story_from(3)) as story:
        assert (await following(story)).fields["index"] == 10
        assert (await following(story)).fields["index"] == 11
    assert board.state()["story"][-1]["index"] == 20_009


def test_a_key_that_nobody_has_set_is_none() -> None:
    assert Board().get("alert") is None
    assert Board().state() == {"units": {}, "story": []}
