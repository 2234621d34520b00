"""A sortie from upload to landing, its holds, and its refusals."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import pytest

from missions.report import SortieReport
from missions.runner import SortieRunner
from patrol.bus import Bus
from patrol.cause import Cause, Role
from patrol.errors import CommandDenied, PreflightFailed, Refused
from patrol.plan import Finding, Level, MissionPlan
from patrol.story import StoryEvent
from patrol.telemetry import FlightMode
from patrol.vehicle import Arm, Hold, LookAt, ReturnHome, StartMission, TakeOff, Upload
from tests.fakes import HOME, START, FakeVehicle, ManualClock
from tests.unit.test_plan_words import a_plan

pytestmark = pytest.mark.anyio
PILOT = Cause(actor="王", role=Role.PILOT)


class Sortie:
    """A runner with its fake aircraft and the story it told."""

    def __init__(
        self, plan: MissionPlan | None = None, findings: list[Finding] | None = None
    ) -> None:
        self.bus, clock = Bus(), ManualClock()
        self.vehicle = FakeVehicle(clock, self.bus)

        async def preflight() -> list[Finding]:
            return findings or []

        self.runner = SortieRunner(
            plan=plan or a_plan().approved("李", START), vehicle=self.vehicle, bus=self.bus,
            world=clock, wall=clock, sortie_id="M-1-S01", preflight=preflight,
        )  # fmt: skip
        self.story: list[StoryEvent] = []
        self.report: SortieReport | None = None

    async def fly(self, meanwhile: Callable[[], object] | None = None) -> list[str]:
        """Fly it whole; the names of the story's events."""
        with self.bus.subscribe(StoryEvent) as events, anyio.fail_after(10):
            self.report = await self.runner.run()
            with anyio.move_on_after(0.01):
                async for event in events:
                    self.story.append(event)
        return [event.name for event in self.story]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something with a deadline."""
        with anyio.fail_after(10):
            while not condition():
                await anyio.sleep(0.01)


async def test_an_approved_plan_is_uploaded_flown_whole_and_ends_on_the_ground() -> None:
    sortie = Sortie()
    names = await sortie.fly()
    assert [type(command) for command in sortie.vehicle.commands] == [
        Upload, Arm, TakeOff, StartMission, ReturnHome,
    ]  # fmt: skip
    assert names == [
        "mission.uploaded", "preflight", "airborne", "waypoint", "waypoint", "waypoint",
        "mission.flown", "returning", "landed",
    ]  # fmt: skip
    assert sortie.report is not None
    assert sortie.report.reason == "flown"
    assert sortie.report.waypoints_flown == 3


async def test_a_plan_that_nobody_approved_is_not_even_uploaded() -> None:
    sortie = Sortie(plan=a_plan())
    with pytest.raises(Refused, match="not approved"):
        await sortie.runner.run()
    assert not sortie.vehicle.commands


async def test_a_finding_that_forbids_leaves_the_aircraft_on_the_ground_with_all_findings() -> None:
    findings = [
        Finding(code="battery.low", level=Level.STOP, text="low"),
        Finding(code="gnss.weak", level=Level.STOP, text="weak"),
        Finding(code="speaker.silent", level=Level.WARN, text="silent"),
    ]
    sortie = Sortie(findings=findings)
    with pytest.raises(PreflightFailed) as caught:
        await sortie.runner.run()
    assert [finding.code for finding in caught.value.findings] == ["battery.low", "gnss.weak"]
    assert [type(command) for command in sortie.vehicle.commands] == [Upload]


async def test_a_refused_arm_ends_the_sortie_with_the_autopilots_words() -> None:
    sortie = Sortie()
    sortie.vehicle.denied = Arm
    with pytest.raises(CommandDenied, match="own words"):
        await sortie.runner.run()


async def test_a_look_hold_stops_looks_and_goes_on_at_the_break_point() -> None:
    sortie = Sortie()
    sortie.vehicle.is_frozen = True
    async with anyio.create_task_group() as group:
        group.start_soon(sortie.fly)
        await sortie.until(lambda: StartMission() in sortie.vehicle.commands)
        await sortie.runner.look_hold(HOME, "candidate", PILOT)
        assert [type(c) for c in sortie.vehicle.commands[-2:]] == [Hold, LookAt]
        sortie.vehicle.is_frozen = False
        await sortie.runner.resume(PILOT)
    names = [event.name for event in sortie.story]
    assert names.index("hold") < names.index("resumed") < names.index("mission.flown")
    assert sortie.report is not None
    assert sortie.report.waypoints_flown == 3


async def test_bringing_home_breaks_the_patrol_off_and_the_report_says_why() -> None:
    sortie = Sortie()
    sortie.vehicle.is_frozen = True
    async with anyio.create_task_group() as group:
        group.start_soon(sortie.fly)
        await sortie.until(lambda: StartMission() in sortie.vehicle.commands)
        await sortie.runner.bring_home(PILOT, "rain")
        with pytest.raises(Refused, match="on its way home"):
            await sortie.runner.resume(PILOT)
    assert sortie.report is not None
    assert sortie.report.reason == "rain"
    assert sortie.report.abnormal == ("rain",)


async def test_a_fail_safe_that_takes_the_aircraft_home_is_followed_and_told() -> None:
    sortie = Sortie()
    sortie.vehicle.is_frozen = True
    async with anyio.create_task_group() as group:
        group.start_soon(sortie.fly)
        await sortie.until(lambda: StartMission() in sortie.vehicle.commands)
        sortie.vehicle.drift_into(FlightMode.RETURN)
    assert ReturnHome() not in sortie.vehicle.commands
    assert sortie.report is not None
    assert "by itself" in sortie.report.reason


async def test_on_the_ground_there_is_nothing_to_hold() -> None:
    sortie = Sortie()
    with pytest.raises(Refused, match="not in the air"):
        await sortie.runner.look_hold(HOME, "candidate", PILOT)
