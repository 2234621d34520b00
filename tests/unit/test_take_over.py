"""A runner that goes on with a sortie in the air: what it does in each mode that it finds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import anyio
import pytest

from missions.report import SortieReport
from missions.runner import SortieRunner
from patrol.bus import Bus
from patrol.cause import Cause, Role, by_system
from patrol.errors import Refused
from patrol.plan import Finding
from patrol.story import StoryEvent
from patrol.telemetry import FlightMode
from patrol.vehicle import ReturnHome, StartMission
from tests.fakes import START, FakeVehicle, ManualClock, a_sample
from tests.unit.test_plan_words import a_plan

pytestmark = pytest.mark.anyio
PILOT = Cause(actor="王", role=Role.PILOT)
RULE = by_system("look-hold.over")
PLAN = a_plan().approved("李", START)


@dataclass(slots=True)
class Found:
    """An aircraft in the air, and the runner that found it."""

    vehicle: FakeVehicle
    runner: SortieRunner
    story: list[StoryEvent] = field(default_factory=list)
    report: SortieReport | None = None

    async def told(self, name: str) -> StoryEvent:
        with anyio.fail_after(5.0):
            while True:
                for event in self.story:
                    if event.name == name:
                        return event
                await anyio.sleep(0.01)

    async def landed(self) -> SortieReport:
        await self.told("landed")
        with anyio.fail_after(5.0):
            while self.report is None:
                await anyio.sleep(0.01)
        return self.report


@asynccontextmanager
async def found(mode: FlightMode, item: int | None = 1) -> AsyncIterator[Found]:
    bus, clock = Bus(), ManualClock()
    vehicle = FakeVehicle(clock, bus)
    vehicle.is_frozen = True
    vehicle._sample = a_sample(mode=mode, mission_item=item)
    runner = SortieRunner(
        plan=PLAN, vehicle=vehicle, bus=bus, world=clock, wall=clock, sortie_id="M-1-S01",
        preflight=no_findings,
    )  # fmt: skip
    it = Found(vehicle=vehicle, runner=runner)

    async def listen() -> None:
        with bus.subscribe(StoryEvent) as events:
            async for event in events:
                it.story.append(event)

    async def fly() -> None:
        it.report = await runner.take_over(START)

    async with anyio.create_task_group() as group:
        group.start_soon(listen)
        await anyio.wait_all_tasks_blocked()
        group.start_soon(fly)
        await it.told("sortie.adopted")
        yield it
        group.cancel_scope.cancel()


async def no_findings() -> list[Finding]:
    return []


async def test_a_mission_goes_on_where_it_is_and_is_flown_to_its_end() -> None:
    async with found(FlightMode.MISSION) as it:
        adopted = await it.told("sortie.adopted")
        assert (adopted.fields["waypoint"], adopted.fields["held"]) == (1, False)
        assert not it.vehicle.commands
        it.vehicle.is_frozen = False
        report = await it.landed()
        waypoints = [event.fields["index"] for event in it.story if event.name == "waypoint"]
        assert waypoints == list(range(2, len(PLAN.waypoints) + 1)), "none is told twice"
    assert [type(command) for command in it.vehicle.commands] == [ReturnHome]
    assert (report.reason, report.takeoff_utc) == ("flown", START)
    assert report.abnormal == ("the station was started again in flight",)


@pytest.mark.parametrize("mode", [FlightMode.HOLD, FlightMode.TAKE_OFF])
async def test_out_of_a_hold_only_the_pilot_sends_it_on(mode: FlightMode) -> None:
    async with found(mode, item=0) as it:
        assert (await it.told("sortie.adopted")).fields["held"]
        with pytest.raises(Refused, match="only the pilot"):
            await it.runner.resume(RULE)
        assert not it.vehicle.commands
        await it.runner.resume(PILOT)
        assert [type(command) for command in it.vehicle.commands] == [StartMission]


@pytest.mark.parametrize("mode", [FlightMode.MANUAL, FlightMode.OFFBOARD, FlightMode.UNKNOWN])
async def test_what_the_sticks_fly_stays_theirs_until_the_pilot_hands_it_back(
    mode: FlightMode,
) -> None:
    async with found(mode) as it:
        assert (await it.told("sortie.adopted")).fields["pilot"]
        with pytest.raises(Refused, match="sticks"):
            await it.runner.bring_home(RULE, "late")
        assert not it.vehicle.commands
        await it.runner.resume(PILOT)
        assert not it.runner.in_command.is_pilot_flying


@pytest.mark.parametrize("mode", [FlightMode.RETURN, FlightMode.LAND])
async def test_a_way_home_is_followed_and_never_countermanded(mode: FlightMode) -> None:
    async with found(mode) as it:
        report = await it.landed()
    assert not it.vehicle.commands
    assert mode.value in report.reason


async def test_an_aircraft_that_has_flown_its_last_waypoint_is_brought_home_by_the_pilot() -> None:
    async with found(FlightMode.HOLD, item=len(PLAN.waypoints)) as it:
        assert not it.vehicle.commands, "whether it holds for that, nobody knows"
        await it.runner.bring_home(PILOT, "asked by 王")
        await it.landed()
    assert [type(command) for command in it.vehicle.commands] == [ReturnHome]


async def test_with_the_item_not_told_it_counts_from_the_first() -> None:
    async with found(FlightMode.MISSION, item=None) as it:
        assert (await it.told("sortie.adopted")).fields["waypoint"] == 0
        it.vehicle._sample = replace(it.vehicle._sample, mission_item=2)
        await it.told("waypoint")
