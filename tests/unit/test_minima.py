"""The flights' minima can fail: each breaks by itself, and what was not measured holds nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from patrol.geo import offset
from tests.flight.minima import Minima
from tests.flight.radio import Place, Radio
from tests.flight.sortie import HEIGHT_M, a_loop
from tests.unit.test_plan_words import HOME

MISSION, RETURN, LAND = (4, 4), (4, 5), (4, 6)
GROUND_M = 12.0
CROWD = offset(HOME, east_m=0.0, north_m=60.0)


@dataclass(slots=True)
class Flown:
    """One aircraft on its patrol, put where a test wants it."""

    radio: Radio
    north_m: float = 20.0
    height_m: float = HEIGHT_M

    def be(
        self, north_m: float, height_m: float = HEIGHT_M, mode: tuple[int, int] = MISSION
    ) -> None:
        """There, and it says so twice."""
        self.north_m, self.height_m = north_m, height_m
        heard = self.radio.heard
        heard.mode, heard.is_armed, heard.landed = mode, True, 2
        for _ in range(2):
            heard.heartbeats += 1
            self.radio.on_heard()

    def place(self) -> Place:
        return Place(
            point=offset(HOME, east_m=0.0, north_m=self.north_m),
            altitude_amsl_m=GROUND_M + self.height_m,
        )

    def land(self, charge_pct: float = 60.0) -> None:
        heard = self.radio.heard
        heard.is_armed, heard.landed, heard.charge_flying_pct = False, 1, charge_pct


def flown(least: Minima) -> Flown:
    one = Flown(Radio(0))
    one.radio.truth = one.place
    one.radio.url += str(len(least.needed))
    least.watch(one.radio, a_loop(HOME, 60.0, fence_m=70.0))
    return one


def whole(least: Minima, then: Callable[[Flown], None] = lambda _: None) -> None:
    """A flight on which everything holds, but for what is done in it."""
    one = flown(least)
    one.be(20.0)
    then(one)
    one.land()
    least.landed(one.radio)


@pytest.mark.parametrize(
    ("name", "then"),
    [
        ("fence", lambda one: one.be(-71.0)),
        ("height above terrain", lambda one: one.be(20.0, 9.0)),
        ("height above terrain", lambda one: one.be(20.0, 9.0, RETURN)),
        ("stand-off", lambda one: one.be(31.0)),
    ],
)
def test_each_minimum_breaks_by_itself(name: str, then: Callable[[Flown], None]) -> None:
    held, broken = (Minima(name="one", flown_on="sim", crowd=CROWD) for _ in range(2))
    whole(held)
    assert held.holds, str(held)
    whole(broken, then)
    assert [least.name for least in broken.needed if not least.holds] == [name]


def test_coming_down_at_home_and_landing_are_no_low_flight() -> None:
    least = Minima(name="one", flown_on="sim")

    def come_down(one: Flown) -> None:
        one.be(5.0, 3.0, RETURN)
        one.be(20.0, 3.0, LAND)

    whole(least, come_down)
    assert least.holds, str(least)


def test_a_mode_that_is_told_a_moment_late_is_no_low_flight() -> None:
    least = Minima(name="one", flown_on="sim")

    def sink(one: Flown) -> None:
        one.height_m = 9.0
        one.radio.on_heard()  # it says still that it is on its mission
        one.be(20.0, 8.0, LAND)

    whole(least, sink)
    assert least.holds, str(least)


def test_two_aircraft_are_kept_apart_and_one_that_is_nowhere_is_near() -> None:
    for north_m, height_m, holds in ((60.0, 12.0, True), (40.0, 12.0, False), (40.0, 40.0, True)):
        least = Minima(name="two", flown_on="sim")
        first, second = flown(least), flown(least)
        first.be(20.0)
        second.be(north_m, height_m)
        assert least.separation.holds is holds, str(least)
    second.radio.truth = lambda: None
    first.be(20.0)
    assert least.separation.value == 0.0


def test_what_was_not_measured_does_not_hold() -> None:
    least = Minima(name="one", flown_on="sim", crowd=CROWD)
    one = flown(least)
    assert [each.name for each in least.needed if each.holds] == []
    one.be(20.0)
    least.landed(one.radio)  # it is armed: it has not landed
    assert [each.name for each in least.needed if not each.holds] == ["battery at landing"]
    one.land(charge_pct=9.0)
    least.landed(one.radio)
    assert not least.charge.holds
    assert least.missed_m(one.radio) > 20.0, "no waypoint was flown"
