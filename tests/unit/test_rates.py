"""Streams are asked for, confirmed by measuring, asked for again, and the unread are stopped."""

from __future__ import annotations

from drone.mavlink_streams import ATTITUDE, POSITION, WIND
from drone.mavsdk_rates import Asking, wanted_hz

LOCAL_POSITION = 32


def right(**changes: float) -> dict[int, float]:
    names = {"position": POSITION, "attitude": ATTITUDE, "wind": WIND, "local": LOCAL_POSITION}
    return wanted_hz(10.0) | {names[name]: hz for name, hz in changes.items()}


def test_at_first_everything_that_is_read_is_asked_for() -> None:
    asks = Asking(10.0).look({}, 0.0)
    assert set(asks) == set(wanted_hz(10.0))
    assert asks[POSITION] == 100_000.0


def test_what_comes_at_its_rate_is_left_alone_and_what_is_off_is_asked_for_again() -> None:
    asking = Asking(10.0)
    asking.look({}, 0.0)
    assert asking.look(right(), 6.0) == {}
    assert set(asking.look(right(position=49.0, attitude=2.0), 12.0)) == {POSITION, ATTITUDE}
    assert asking.look(right(position=49.0), 13.0) == {}  # it was asked a second ago


def test_a_stream_that_stops_is_told_and_asked_for_until_it_is_back() -> None:
    asking = Asking(10.0)
    asking.look(right(), 0.0)
    for number in range(1, 9):
        assert set(asking.look(right(position=0.0), 6.0 * number)) == {POSITION}
        assert asking.stopped == {POSITION}
    assert asking.look(right(), 60.0) == {}
    assert asking.stopped == set()


def test_what_an_autopilot_does_not_have_is_asked_for_three_times_or_until_it_says_so() -> None:
    asking = Asking(10.0)
    asks = [WIND in asking.look(right(wind=0.0), 6.0 * number) for number in range(6)]
    assert asks == [True, True, True, False, False, False]
    assert WIND not in asking.stopped  # it never was there
    other = Asking(10.0)
    other.look(right(wind=0.0), 0.0)
    other.unknown(WIND)
    assert other.look(right(wind=0.0), 6.0) == {}


def test_a_stream_that_was_there_is_asked_for_without_end_and_one_that_never_was_now_and_then() -> (
    None
):
    asking = Asking(10.0)
    asking.look(right(), 0.0)
    asks = [WIND in asking.look(right(wind=0.0), 6.0 * number) for number in range(1, 11)]
    assert asks[:1] + asks[-1:] == [True, True]
    assert sum(asks) == 10
    other = Asking(10.0)
    asks = [WIND in other.look(right(wind=0.0), 6.0 * number) for number in range(24)]
    assert sum(asks) == 5  # three at once, then one a minute


def test_after_silence_of_the_link_no_stream_is_called_stopped() -> None:
    asking = Asking(10.0)
    asking.look(right(), 0.0)
    for number in range(1, 20):
        asking.unheard(2.0 * number)
    asking.look(right(wind=0.0), 40.0)
    assert asking.stopped == set()


def test_what_nobody_reads_is_asked_to_stop_and_no_more_than_three_times() -> None:
    asking = Asking(10.0)
    asks = [asking.look(right(local=49.0), 6.0 * number) for number in range(5)]
    assert asks == [{LOCAL_POSITION: -1.0}] * 3 + [{}] * 2
    assert Asking(10.0).look(right(local=1.0), 0.0) == {}
