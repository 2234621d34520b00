"""What an autopilot refuses in a sortie is asked for again, or the aircraft is brought home."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
import pytest

from missions.report import SortieReport
from missions.runner import SortieRunner
from patrol.bus import Bus
from patrol.cause import Cause, Role
from patrol.errors import CommandDenied, Refused
from patrol.plan import Finding
from patrol.story import StoryEvent
from patrol.telemetry import FlightMode
from patrol.vehicle import Arm, Command, ReturnHome, StartMission, TakeOff, Upload
from tests.fakes import START, FakeVehicle, ManualClock
from tests.unit.test_plan_words import a_plan

pytestmark = pytest.mark.anyio
PILOT = Cause(actor="王", role=Role.PILOT)


class Stubborn(FakeVehicle):
    """It refuses one kind of command so many times."""

    def __init__(self, kind: type[Command], times: int) -> None:
        super().__init__(ManualClock(), Bus())
        self._kind, self._left = kind, times
        self.taken_into: FlightMode | None = None  # the sticks take it at the first refusal

    async def do(self, command: Command) -> None:
        if isinstance(command, self._kind) and self._left:
            self._left -= 1
            self.commands.append(command)
            if self.taken_into is not None:
                self.drift_into(self.taken_into)
            raise CommandDenied(type(command).__name__, "Resolve system health failures first")
        await super().do(command)

    def count(self, kind: type[Command]) -> int:
        return sum(isinstance(command, kind) for command in self.commands)


async def no_findings() -> list[Finding]:
    return []


def runner(
    vehicle: Stubborn, preflight: Callable[[], Awaitable[list[Finding]]] = no_findings
) -> SortieRunner:
    return SortieRunner(
        plan=a_plan().approved("李", START), vehicle=vehicle, bus=vehicle.bus,
        world=vehicle.clock, wall=vehicle.clock, sortie_id="M-1-S01", preflight=preflight,
    )  # fmt: skip


async def flown(vehicle: Stubborn) -> tuple[SortieReport, list[StoryEvent]]:
    with vehicle.bus.subscribe(StoryEvent) as events, anyio.fail_after(10.0):
        report = await runner(vehicle).run()
        return report, events.take_all()


async def test_an_autopilot_that_has_not_counted_our_heartbeats_yet_is_given_time_and_told() -> (
    None
):
    vehicle = Stubborn(Arm, times=3)
    report, events = await flown(vehicle)
    assert (report.reason, report.abnormal, vehicle.count(Arm)) == ("flown", (), 4)
    (waits,) = [event for event in events if event.name == "arming.waits"]
    assert "Resolve system health" in waits.fields["reason"]


async def test_one_that_never_arms_is_not_asked_for_ever() -> None:
    vehicle = Stubborn(Arm, times=1000)
    with pytest.raises(CommandDenied, match="Resolve system health"):
        await flown(vehicle)
    assert 2 <= vehicle.count(Arm) < 12
    assert vehicle.clock.now_s < 15.0


async def test_a_return_at_the_end_of_the_patrol_that_is_refused_is_asked_for_again() -> None:
    vehicle = Stubborn(ReturnHome, times=2)
    with vehicle.bus.subscribe(StoryEvent) as events:
        async with anyio.create_task_group() as group:
            found: list[SortieReport] = []

            async def fly() -> None:
                found.append(await runner(vehicle).run())

            group.start_soon(fly)
            with anyio.fail_after(10.0):
                while not found:
                    vehicle.clock.now_s += 0.5  # the wall's time goes on beside the runner
                    await anyio.sleep(0.01)
    names = [event.name for event in events.take_all()]
    assert vehicle.count(ReturnHome) == 3
    assert (names.count("mission.flown"), names.count("return.refused")) == (1, 1)
    assert names[-1] == "landed"
    assert found[0].abnormal, "it was not as planned, and the log says so"


async def test_in_the_air_without_a_mission_it_does_not_hover_until_its_battery_is_empty() -> None:
    vehicle = Stubborn(StartMission, times=1000)
    report, events = await flown(vehicle)
    assert (vehicle.count(StartMission), vehicle.count(ReturnHome)) == (1, 1)
    assert "not started" in report.reason
    assert [event.name for event in events][-2:] == ["returning", "landed"]


async def test_what_the_sticks_took_while_the_mission_was_refused_stays_theirs() -> None:
    vehicle = Stubborn(StartMission, times=1000)
    vehicle.taken_into = FlightMode.MANUAL
    with pytest.raises(CommandDenied):
        await flown(vehicle)
    assert vehicle.count(ReturnHome) == 0


@asynccontextmanager
async def refused(one: SortieRunner) -> AsyncIterator[list[str]]:
    """It runs beside what is done to it, and must end refused: in these words."""
    ended: list[str] = []

    async def fly() -> None:
        with pytest.raises(Refused) as told:
            await one.run()
        ended.append(str(told.value))

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(fly)
            yield ended


async def test_a_return_while_the_launch_waits_calls_it_off_before_anything_is_armed() -> None:
    vehicle, waits = Stubborn(Arm, times=0), anyio.Event()

    async def wait_for_room() -> list[Finding]:
        waits.set()
        await anyio.sleep_forever()
        return []

    one = runner(vehicle, wait_for_room)
    async with refused(one) as ended:
        await waits.wait()
        await one.bring_home(PILOT, "asked by 王")
    assert ended == ["the launch was called off: asked by 王"]
    assert vehicle.count(Arm) == 0
    assert not one.has_taken_off
    with pytest.raises(Refused, match="not in the air yet"):
        await one.bring_home(PILOT, "asked by 王")


@pytest.mark.parametrize("step", [Upload, Arm])
async def test_a_return_while_it_uploads_or_arms_keeps_it_on_the_ground(
    step: type[Upload | Arm],
) -> None:
    """A mission that was launched cannot be cancelled: the return is what is left to a person."""
    vehicle, reached, go_on = Stubborn(Arm, times=0), anyio.Event(), anyio.Event()
    obey = vehicle.do

    async def slowly(command: Command) -> None:
        if isinstance(command, step):
            reached.set()
            await go_on.wait()
        await obey(command)

    vehicle.do = slowly  # type: ignore[method-assign]

    one = runner(vehicle)
    async with refused(one) as ended:
        await reached.wait()
        await one.bring_home(PILOT, "asked by 王")
        go_on.set()
    assert ended == ["the launch was called off: asked by 王"]
    assert vehicle.count(TakeOff) == 0
    assert not one.has_taken_off
