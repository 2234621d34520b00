"""The board: one state, patches of whole keys, and the story in its order."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any, TypeVar

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ground_station.live import Board, Place
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
        assert await following(messages) == {
            "type": "patch", "since": 1, "seq": 2, "patch": {"alert": {"id": "A-1"}}
        }  # fmt: skip
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


async def test_an_alert_and_an_event_do_not_wait_for_the_next_patch() -> None:
    board = Board(["GP-1"])
    async with reading(board.messages()) as messages:
        await following(messages)
        board.set(clock=0)
        await following(messages)
        board._next_patch_s = anyio.current_time() + 60.0
        board.set(clock=1)
        board.of("GP-1").set(alert={"id": "A-1"})
        assert (await following(messages))["patch"] == {
            "clock": 1, "units": {"GP-1": {"alert": {"id": "A-1"}}}
        }  # fmt: skip
        board._next_patch_s = anyio.current_time() + 60.0
        board.tell(an_event(1))
        assert (await following(messages))["type"] == "event"


async def test_who_comes_back_to_a_place_gets_what_was_missed_and_no_state() -> None:
    board = Board()
    board.set(alert=None, crowd=None)
    async with reading(board.messages()) as messages:
        first = await following(messages)
    board.set(crowd=1)
    board.tell(an_event(1))
    board.set(crowd=2)
    board.tell(an_event(2))
    place = Place(run=first["run"], seq=first["seq"])
    async with reading(board.messages(place)) as messages:
        told = [await following(messages) for _ in range(3)]
    assert [message["type"] for message in told] == ["event", "patch", "event"]
    assert [message["seq"] for message in told] == sorted(message["seq"] for message in told)
    assert told[1]["patch"] == {"crowd": 2}


@pytest.mark.parametrize(("run", "ahead"), [("another", 0), ("", 1)])
async def test_who_comes_from_another_run_or_the_future_gets_the_state(
    run: str, ahead: int
) -> None:
    board = Board()
    board.set(crowd=1)
    async with reading(board.messages(Place(run=run or board.run, seq=1 + ahead))) as messages:
        assert (await following(messages))["type"] == "state"


async def test_a_reader_so_slow_that_events_went_past_it_gets_the_newest_state() -> None:
    board = Board()
    async with reading(board.messages()) as messages:
        place = Place(run=board.run, seq=(await following(messages))["seq"])
        for number in range(20_010):
            board.tell(an_event(number))
        message = await following(messages)
        assert (message["type"], message["seq"]) == ("state", 20_010)
    async with reading(board.messages(place)) as back:
        assert (await following(back))["type"] == "state"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abct!"), st.booleans()), max_size=40))
def test_however_often_a_reader_breaks_off_it_ends_with_the_state_and_every_event_once(
    steps: list[tuple[str, bool]],
) -> None:
    async def read() -> None:
        board = Board(["GP-1"])
        held: dict[str, Any] = {}
        heard: list[int] = []
        place, told = None, 0
        for number, (what, is_read) in enumerate([*steps, ("a", True)]):
            if what == "t":
                board.tell(an_event(told))
                told += 1
            elif what == "!":
                board.of("GP-1").set(alert=number)
            else:
                board.set(**{what: number})
            if not is_read:
                continue
            async with reading(board.messages(place)) as messages:
                while place is None or place.seq < board.seq:
                    board._next_patch_s = 0.0  # no waiting for the beat
                    message = await following(messages)
                    place = Place(run=board.run, seq=message["seq"])
                    if message["type"] == "event":
                        heard.append(message["event"]["index"])
                    elif message["type"] == "state":
                        held = {"units": {}} | message["state"]
                        heard = [event["index"] for event in held.pop("story")]
                    else:
                        units = message["patch"].pop("units", {})
                        held |= message["patch"]
                        for name, keys in units.items():
                            held["units"][name] = held["units"][name] | keys
        state = board.state()
        assert [event["index"] for event in state.pop("story")] == heard == list(range(told))
        assert held == state

    anyio.run(read)


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
            patch, event = await following(messages), await following(messages)
            assert (patch["type"], patch["patch"]) == ("patch", {"alert": {"id": "A-1"}})
            assert (event["type"], event["event"]["index"]) == ("event", 1)


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
        patch = (await following(messages))["patch"]
        assert patch == {"units": {"GP-2": {"alert": {"id": "A-1"}}}}
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
