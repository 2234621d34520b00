"""What is lost is tried again for ever; a bug is not."""

from __future__ import annotations

import pytest

from patrol.errors import LinkLost, Transient
from patrol.supervise import supervise

pytestmark = pytest.mark.anyio


class FakeClock:
    def __init__(self) -> None:
        self.now_s = 0.0
        self.slept: list[float] = []

    def monotonic_s(self) -> float:
        return self.now_s

    async def sleep(self, duration_s: float) -> None:
        self.slept.append(duration_s)
        self.now_s += duration_s


async def test_a_lost_part_is_tried_again_with_growing_waits_and_one_word_about_it() -> None:
    clock, lost, tries = FakeClock(), list[Transient](), 0

    async def part() -> None:
        nonlocal tries
        tries += 1
        if tries < 8:
            raise LinkLost("silent")

    await supervise(part, clock=clock, on_lost=lost.append)
    assert tries == 8
    assert len(lost) == 1
    assert clock.slept[0] < 1.0 < clock.slept[-1] <= 13.0


async def test_a_bug_is_not_tried_again() -> None:
    async def part() -> None:
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        await supervise(part, clock=FakeClock(), on_lost=lambda _: None)
