"""`gridpatrol fly` when something fails in the air: the aircraft is called home, or left to it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ground_station.commands.fly import _Flight
from ground_station.story_printer import StoryPrinter
from patrol.errors import CommandDenied, Refused
from patrol.telemetry import FlightMode, TelemetrySample
from patrol.vehicle import Command, ReturnHome, TakeOff
from tests.fakes import START, FakeVehicle, ManualClock, a_sample
from tests.unit.test_plan_words import a_plan

pytestmark = pytest.mark.anyio


class Failing(FakeVehicle):
    """Its climb is not confirmed in time, though it is in the air."""

    mode_in_the_air = FlightMode.TAKE_OFF

    async def do(self, command: Command) -> None:
        await super().do(command)
        if isinstance(command, TakeOff):
            self.drift_into(self.mode_in_the_air)
            raise CommandDenied("take off", "not done within 70 s")


async def flown(vehicle_type: type[Failing], error: type[Refused] = CommandDenied) -> FakeVehicle:
    """Fly it until it fails."""
    flight = _Flight(
        a_plan().approved("Zheng", START), "udpout://127.0.0.1:9", StoryPrinter(as_json=True),
        as_json=True,
    )  # fmt: skip
    flight._clock = ManualClock()  # type: ignore[assignment]  # both clocks in one
    vehicle = vehicle_type(flight._clock, flight._bus)  # type: ignore[arg-type]
    flight._vehicle = vehicle  # type: ignore[assignment]  # another part behind the same port
    with pytest.raises(error):
        await flight.run()
    return vehicle


async def test_a_climb_that_is_not_confirmed_ends_in_a_call_home(
    capsys: pytest.CaptureFixture[str],
) -> None:
    vehicle = await flown(Failing)
    assert isinstance(vehicle.commands[-1], ReturnHome)
    assert "told to come home" in capsys.readouterr().err


class Grabbed(Failing):
    """The pilot took it in the climb."""

    mode_in_the_air = FlightMode.MANUAL


async def test_an_aircraft_that_the_sticks_took_is_not_taken_from_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    vehicle = await flown(Grabbed)
    assert ReturnHome() not in vehicle.commands
    assert "sticks have the aircraft" in capsys.readouterr().err


class Aloft(Failing):
    """Somebody flies it already."""

    def latest(self) -> TelemetrySample | None:
        return a_sample(mode=FlightMode.MISSION)


async def test_an_aircraft_that_somebody_flies_already_is_given_no_plan() -> None:
    vehicle = await flown(Aloft, Refused)
    assert vehicle.commands == []


class Reticent(Failing):
    """It does not say whether it flies, and time passes."""

    def latest(self) -> TelemetrySample | None:
        self.clock.now_s += 20.0
        return replace(a_sample(), is_in_air=None)


async def test_an_aircraft_that_does_not_say_whether_it_flies_is_given_no_plan() -> None:
    vehicle = await flown(Reticent, Refused)
    assert vehicle.commands == []
