"""Whom a simulated aircraft speaks to."""

from __future__ import annotations

from sim.hearers import Hearers

STATION, TOLD = ("127.0.0.1", 50_000), ("127.0.0.1", 14_540)


def test_strangers_however_many_do_not_silence_it_towards_a_station_that_goes_on_speaking() -> None:
    hearers = Hearers(TOLD)
    hearers.hear(STATION, 0.0)
    for number in range(40):
        hearers.hear(("127.0.0.1", 40_000 + number), number * 0.3)
        hearers.hear(STATION, number * 0.3 + 0.1)
        assert {STATION, TOLD} <= set(hearers.all())
        assert len(hearers.all()) <= 5


def test_one_who_has_gone_is_forgotten_when_another_comes() -> None:
    hearers = Hearers(None)
    hearers.hear(STATION, 0.0)
    hearers.hear(TOLD, 31.0)
    assert hearers.all() == [TOLD]
    hearers.hear(TOLD, 32.0)
    assert hearers.all() == [TOLD]
