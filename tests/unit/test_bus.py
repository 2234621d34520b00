"""The bus carries facts by their class, in order, and says what it dropped."""

from __future__ import annotations

from dataclasses import dataclass

import anyio
import pytest

from patrol.bus import Bus

pytestmark = pytest.mark.anyio


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    number: int


async def test_a_subscriber_gets_the_facts_it_asked_for_in_order() -> None:
    bus = Bus()
    with bus.subscribe(Fact) as facts:
        for number in range(3):
            bus.publish(Fact(number=number))
            bus.publish("something else")
        assert [(await facts.get()).number for _ in range(3)] == [0, 1, 2]


async def test_a_newest_only_subscriber_counts_what_it_missed() -> None:
    bus = Bus()
    with bus.subscribe(Fact, limit=1) as facts:
        for number in range(5):
            bus.publish(Fact(number=number))
        assert (await facts.get()).number == 4
        assert facts.dropped_count == 4


async def test_a_waiting_subscriber_wakes_up_for_a_fact() -> None:
    bus = Bus()
    with bus.subscribe(Fact) as facts, anyio.fail_after(5):
        async with anyio.create_task_group() as group:

            async def publish() -> None:
                bus.publish(Fact(number=7))

            group.start_soon(publish)
            assert (await facts.get()).number == 7


async def test_nothing_is_kept_for_a_subscriber_that_left() -> None:
    bus = Bus()
    with bus.subscribe(Fact) as facts:
        pass
    bus.publish(Fact(number=1))
    with pytest.raises(TimeoutError), anyio.fail_after(0.01):
        await facts.get()
