"""Who is in command of a sortie: the climb, the way home, the pilot's hold and the sticks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from missions.runner import SortieRunner
from patrol.bus import Bus
from patrol.cause import Cause, Role, by_system
from patrol.errors import CommandDenied, PatrolError, Refused
from patrol.in_command import FOLLOWED, InCommand
from patrol.plan import Finding
from patrol.story import StoryEvent
from patrol.telemetry import FlightMode
from patrol.vehicle import Command, Hold, LookAt, ReturnHome, StartMission, TakeOff
from tests.fakes import HOME, START, FakeVehicle, ManualClock, a_sample
from tests.unit.test_plan_words import a_plan

pytestmark = pytest.mark.anyio
PILOT = Cause(actor="王", role=Role.PILOT)
RULE = by_system("look-hold.over")


class Climber(FakeVehicle):
    """Its climb can take for ever, until a return breaks it off, or end half done in the air."""

    is_slow = False
    has_half_climbed = False
    was_told_home = False

    async def do(self, command: Command) -> None:
        if isinstance(command, ReturnHome):
            self.was_told_home = True
        await super().do(command)
        if isinstance(command, TakeOff) and self.is_slow:
            while not self.was_told_home:
                await anyio.sleep(0.01)
            raise CommandDenied("take off", "broken off: the aircraft was told to return or land")
        if isinstance(command, TakeOff) and self.has_half_climbed:
            raise CommandDenied("take off", "not done within 70 s")


class Sortie:
    """A runner on its way, its aircraft, its story and how it ended."""

    def __init__(self) -> None:
        self.bus, self.clock = Bus(), ManualClock()
        self.vehicle = Climber(self.clock, self.bus)
        self.vehicle.is_frozen = True
        self.story: list[StoryEvent] = []
        self.error: PatrolError | None = None
        self.is_over = False
        self.runner = SortieRunner(
            plan=a_plan().approved("李", START), vehicle=self.vehicle, bus=self.bus,
            world=self.clock, wall=self.clock, sortie_id="M-1-S01", preflight=no_findings,
        )  # fmt: skip

    async def run(self) -> None:
        try:
            await self.runner.run()
        except PatrolError as error:
            self.error = error
        self.is_over = True

    async def follow(self) -> None:
        with self.bus.subscribe(StoryEvent) as events:
            async for event in events:
                self.story.append(event)

    @property
    def names(self) -> list[str]:
        return [event.name for event in self.story]

    @property
    def sent(self) -> list[type[Command]]:
        return [type(command) for command in self.vehicle.commands]

    async def until(self, condition: Callable[[], bool]) -> None:
        with anyio.fail_after(10):
            while not condition():
                await anyio.sleep(0.01)


async def no_findings() -> list[Finding]:
    return []


@asynccontextmanager
async def sortie(*, until: type[Command] | None = StartMission) -> AsyncIterator[Sortie]:
    """A sortie in the air, on its patrol unless something else is waited for."""
    flown = Sortie()
    async with anyio.create_task_group() as group:
        group.start_soon(flown.follow)
        await anyio.wait_all_tasks_blocked()
        if until is not None:
            group.start_soon(flown.run)
            await flown.until(lambda: until in flown.sent and flown.runner._is_patrolling)
        yield flown
        group.cancel_scope.cancel()


async def refuses(asked: Callable[[], Awaitable[None]], words: str) -> None:
    with pytest.raises(Refused, match=words):
        await asked()


async def test_a_climb_that_is_not_confirmed_in_time_counts_as_taken_off() -> None:
    async with sortie(until=None) as flown:
        flown.vehicle.has_half_climbed = True
        await flown.run()
        assert flown.error is not None
        assert flown.runner.has_taken_off
        await flown.runner.bring_home(PILOT, "the climb failed")
        report = await flown.runner.follow_down(str(flown.error))
        assert report.takeoff_utc is not None
        assert flown.sent[-1] is ReturnHome


async def test_a_take_off_that_left_it_on_the_ground_does_not_count() -> None:
    async with sortie(until=None) as flown:
        assert not flown.runner.has_taken_off
        flown.vehicle.denied = TakeOff
        await flown.run()
        assert flown.error is not None
        assert not flown.runner.has_taken_off


@pytest.mark.parametrize(
    "doubt", [{"is_in_air": None}, {"heard_at_s": -100.0}], ids=["not said", "long ago"]
)
async def test_whoever_cannot_tell_whether_it_flies_takes_it_for_flying(
    doubt: dict[str, object],
) -> None:
    async with sortie(until=None) as flown:
        flown.vehicle.denied = TakeOff
        await flown.run()
        unsure = replace(flown.vehicle._sample, **doubt)  # type: ignore[arg-type]  # by name
        flown.vehicle.latest = lambda: unsure  # type: ignore[method-assign]
        assert flown.runner.has_taken_off


async def test_a_return_during_the_climb_is_done_at_once_and_ends_the_sortie_as_asked() -> None:
    flown = Sortie()
    flown.vehicle.is_slow = True
    async with anyio.create_task_group() as group:
        group.start_soon(flown.run)
        await flown.until(lambda: TakeOff in flown.sent)
        with anyio.fail_after(5):
            await flown.runner.bring_home(PILOT, "asked by 王")
        await flown.until(lambda: flown.is_over)
    assert flown.error is None
    assert StartMission not in flown.sent


async def test_a_return_does_not_wait_for_a_hold_that_is_under_way() -> None:
    async with sortie() as flown, flown.runner._one_at_a_time:
        with anyio.fail_after(5):
            await flown.runner.bring_home(PILOT, "rain")
        assert flown.sent[-1] is ReturnHome


async def test_before_take_off_was_sent_there_is_nothing_to_call_home() -> None:
    async with sortie(until=None) as flown:
        await refuses(lambda: flown.runner.bring_home(PILOT, "rain"), "not in the air")


async def test_the_sticks_silence_everything_automatic_until_the_pilot_hands_back() -> None:
    async with sortie() as flown:
        flown.vehicle.drift_into(FlightMode.MANUAL)
        await flown.until(lambda: "pilot.has_it" in flown.names)
        count = len(flown.sent)
        await refuses(lambda: flown.runner.look_hold(HOME, "candidate", RULE), "sticks have")
        await refuses(lambda: flown.runner.resume(RULE), "sticks have")
        assert len(flown.sent) == count
        await flown.runner.resume(PILOT)
        await flown.runner.look_hold(HOME, "candidate", RULE)
        assert flown.sent[count:] == [StartMission, Hold, LookAt]
        assert flown.names.count("pilot.has_it") == 1


async def test_the_first_sample_in_the_pilots_mode_is_enough_to_refuse_the_system() -> None:
    async with sortie() as flown:
        flown.vehicle.drift_into(FlightMode.MANUAL)
        await refuses(lambda: flown.runner.look_hold(HOME, "candidate", RULE), "sticks have")


async def test_a_route_ending_under_the_sticks_sends_nobody_home() -> None:
    async with sortie() as flown:
        over = replace(flown.vehicle._sample, mode=FlightMode.MANUAL, mission_item=3)
        flown.vehicle._sample = over
        await flown.until(lambda: "pilot.has_it" in flown.names and "waypoint" in flown.names)
        assert ReturnHome not in flown.sent
        assert not flown.is_over
        flown.vehicle._sample = replace(over, is_in_air=False, is_armed=False)
        await flown.until(lambda: flown.is_over)
        assert any("sticks" in reason for reason in flown.runner._report().abnormal)


async def test_the_autopilots_own_hold_at_the_end_of_the_route_is_nobodys_sticks() -> None:
    async with sortie() as flown:
        flown.vehicle.drift_into(FlightMode.HOLD)  # told first, and the last waypoint after it
        await anyio.wait_all_tasks_blocked()
        flown.vehicle._sample = replace(flown.vehicle._sample, mission_item=3)
        await flown.until(lambda: flown.is_over)
        assert "pilot.has_it" not in flown.names
        assert flown.sent[-1] is ReturnHome


async def test_sticks_that_took_it_in_the_climb_keep_it_off_its_route() -> None:
    async with sortie(until=None) as flown:
        take_off = flown.vehicle.do

        async def grabbed(command: Command) -> None:
            await take_off(command)
            if isinstance(command, TakeOff):
                flown.vehicle.drift_into(FlightMode.MANUAL)

        flown.vehicle.do = grabbed  # type: ignore[method-assign]
        async with anyio.create_task_group() as group:
            group.start_soon(flown.run)
            await flown.until(lambda: "pilot.has_it" in flown.names)
            assert StartMission not in flown.sent
            group.cancel_scope.cancel()


async def test_the_pilots_hold_is_not_ended_by_the_system() -> None:
    async with sortie() as flown:
        await flown.runner.hold(PILOT)
        await refuses(lambda: flown.runner.resume(RULE), "王 holds the aircraft")
        await refuses(lambda: flown.runner.look_hold(HOME, "candidate", RULE), "王 holds")
        await flown.runner.resume(PILOT)
        assert flown.sent[-1] is StartMission


async def test_a_look_hold_that_the_pilot_holds_too_becomes_the_pilots() -> None:
    async with sortie() as flown:
        await flown.runner.look_hold(HOME, "candidate", RULE)
        await flown.runner.hold(PILOT)
        await refuses(lambda: flown.runner.resume(RULE), "王 holds the aircraft")


async def test_the_system_ends_its_own_hold_and_no_hold_that_is_none() -> None:
    async with sortie() as flown:
        await refuses(lambda: flown.runner.resume(RULE), "holds nothing")
        await flown.runner.look_hold(HOME, "candidate", RULE)
        await flown.runner.resume(RULE)
        assert flown.sent[-1] is StartMission


@given(
    asked=st.sampled_from(sorted(FlightMode, key=str)),
    shown=st.lists(st.sampled_from(sorted(FlightMode, key=str)), max_size=60),
)
def test_only_a_lasting_mode_that_nobody_asked_for_takes_the_aircraft_and_only_once(
    asked: FlightMode, shown: list[FlightMode]
) -> None:
    command = InCommand()
    with command.asking(asked):
        pass
    looks = [command.has_been_taken(a_sample(mode=mode)) for mode in shown]
    assert looks.count(True) == (1 if command.is_pilot_flying else 0)
    if command.is_pilot_flying:
        at = looks.index(True)
        assert all(mode not in FOLLOWED | {asked} for mode in shown[max(0, at - 2) : at + 1])
    elif shown:
        assert set(shown[-3:]) & (FOLLOWED | {asked, FlightMode.HOLD}) or len(shown) < 3
