"""How often an address may try: never more than so many in any minute, each address by itself."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground_station.people.errors import TooMany
from ground_station.people.limits import RateLimit

MOST = 3
waits_s = st.sampled_from([0.0, 0.5, 7.0, 19.0, 31.0, 60.0, 61.0])


@given(st.lists(st.tuples(waits_s, st.sampled_from(["10.0.0.1", "10.0.0.2"])), max_size=40))
def test_in_no_minute_are_there_more_tries_of_one_address_than_allowed(
    asked: list[tuple[float, str]],
) -> None:
    now_s = 0.0
    limit, waits = RateLimit(MOST, lambda: now_s), list[int]()
    let_through: dict[str, list[float]] = {"10.0.0.1": [], "10.0.0.2": []}
    for wait_s, address in asked:
        now_s += wait_s
        before = [at_s for at_s in let_through[address] if now_s - at_s < 60.0]
        try:
            is_through = limit.take(address)
        except TooMany as refusal:
            waits.append(refusal.retry_after_s)
            is_through = False
        if is_through:
            let_through[address].append(now_s)
            assert len(before) < MOST
        else:
            assert len(before) >= MOST, "refused without need"
    assert all(1 <= wait_s <= 60 for wait_s in waits)


def test_who_tries_in_vain_is_let_in_as_soon_as_who_waits() -> None:
    now_s = 0.0
    limit = RateLimit(MOST, lambda: now_s)
    assert all(limit.take("a") for _ in range(MOST))
    for asked_s in (1.0, 30.0, 59.0):
        now_s = asked_s
        with suppress(TooMany):
            assert not limit.take("a")
    now_s = 60.0
    assert [limit.take("a") for _ in range(MOST)] == [True] * MOST


def test_the_first_that_is_too_many_is_told_apart_from_those_after_it() -> None:
    limit = RateLimit(MOST, lambda: 0.0)
    assert [limit.take("a") for _ in range(MOST + 1)] == [True, True, True, False]
    with pytest.raises(TooMany):
        limit.take("a")
    assert limit.take("b")


def test_addresses_that_are_made_up_do_not_fill_the_memory() -> None:
    limit = RateLimit(MOST, lambda: 0.0)
    for number in range(5000):
        limit.take(f"10.{number}")
    assert len(limit._tries) <= 4096
