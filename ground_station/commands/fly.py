"""`gridpatrol fly`: one plan on one autopilot, each step printed, home again when it is stopped."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
from rich.console import Console

from drone.guardian import Guardian
from drone.mavsdk_vehicle import MavsdkVehicle, prepare_executor
from drone.preflight import preflight
from missions.formats import read_plan
from missions.runner import SortieRunner
from patrol.bus import Bus
from patrol.cause import Cause, Role
from patrol.clock import SystemClock
from patrol.errors import ConfigError, LinkLost, PatrolError, Refused
from patrol.groups import one_error
from patrol.plan import Finding, Level, MissionPlan
from patrol.story import StoryEvent

from ground_station.story_text import sentence

_READY_WITHIN_S = 30.0
_TELL_HOME_S = 4.0  # Ctrl-C has to end within 5 s


def fly(plan_file: Path, *, connect: str, approve: str | None = None, as_json: bool = False) -> int:
    """Exit code 0 when landed, 1 when refused or stopped; ConfigError for a wrong plan or address."""
    plan = read_plan(plan_file)
    if not plan.approved_by:
        if not approve:
            raise ConfigError(
                f"nobody has approved {plan_file}: look at its findings, then say --approve YOUR-NAME"
            )
        plan = plan.approved(approve, SystemClock().now_utc())
    flight = _Flight(plan=plan, connect=connect, as_json=as_json)
    try:
        with one_error():
            return anyio.run(flight.run)
    except PatrolError as error:
        flight.refuse(error)
        return 1


@dataclass(slots=True, kw_only=True)
class _Flight:
    """One run of the command."""

    plan: MissionPlan
    connect: str
    as_json: bool
    code: int = 1

    async def run(self) -> int:
        prepare_executor()
        clock, bus = SystemClock(), Bus()
        vehicle = MavsdkVehicle("aircraft", self.connect, bus=bus, world=clock, wall=clock)
        runner = SortieRunner(
            plan=self.plan, vehicle=vehicle, bus=bus, world=clock, wall=clock,
            sortie_id=f"{self.plan.plan_id}-S01",
            preflight=lambda: self._preflight(vehicle, clock),
        )  # fmt: skip
        guardian = Guardian(
            vehicle=vehicle, bus=bus, world=clock, wall=clock, plan=lambda: self.plan
        )
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async with anyio.create_task_group() as group:

                async def end_on_signal() -> None:
                    async for _ in signals:
                        await self._come_home(runner)
                        group.cancel_scope.cancel()
                        return

                group.start_soon(self._print, bus)
                group.start_soon(end_on_signal)
                group.start_soon(vehicle.run)
                group.start_soon(guardian.run)
                await self._fly(vehicle, runner)
                await anyio.sleep(0.1)  # the last lines of the story
                group.cancel_scope.cancel()
        return self.code

    async def _fly(self, vehicle: MavsdkVehicle, runner: SortieRunner) -> None:
        self._note(f"waiting for an autopilot at {self.connect}")
        while (sample := vehicle.latest()) is None or sample.home is None:
            await anyio.sleep(0.1)
        report = await runner.run()
        self.code = 0 if report.reason == "flown" else 1
        if self.code:
            self._note(f"the patrol was not flown whole: {report.reason}")

    async def _preflight(self, vehicle: MavsdkVehicle, clock: SystemClock) -> list[Finding]:
        """Ask again for a while: an autopilot just started is not ready at its first word."""
        give_up_s = clock.monotonic_s() + _READY_WITHIN_S
        while True:
            findings = preflight(
                await vehicle.ask(), vehicle.latest(), self.plan, speaker_ok=None, camera_ok=None,
                now_wall_s=clock.monotonic_s(),
            )  # fmt: skip
            is_ready = not any(finding.level is Level.STOP for finding in findings)
            if is_ready or clock.monotonic_s() > give_up_s:
                return findings
            await anyio.sleep(0.5)

    async def _come_home(self, runner: SortieRunner) -> None:
        """Ctrl-C: say whether the aircraft was told."""
        cause = Cause(actor="command line", role=Role.PILOT)
        told = "the aircraft could not be told to come home: no answer in time"
        with anyio.move_on_after(_TELL_HOME_S):
            told = await _words_of(lambda: runner.bring_home(cause, "stopped by the pilot"))
        self._note(told)

    async def _print(self, bus: Bus) -> None:
        console = Console(highlight=False, soft_wrap=True)
        with bus.subscribe(StoryEvent) as events:
            async for event in events:
                if self.as_json:
                    sys.stdout.write(json.dumps(event.to_dict(), ensure_ascii=False) + "\n")
                    sys.stdout.flush()
                else:
                    console.print(sentence(event.to_dict()), markup=False)

    def refuse(self, error: PatrolError) -> None:
        """The refusal and every finding."""
        self._note(f"gridpatrol fly: {error}")
        findings: tuple[Finding, ...] = getattr(error, "findings", ())
        for finding in findings:
            self._note(f"  {finding.level.value}: {finding.text} {finding.text_zh}")

    @staticmethod
    def _note(text: str) -> None:
        Console(stderr=True, highlight=False, soft_wrap=True).print(text, markup=False)


async def _words_of(bring_home: Callable[[], Awaitable[Any]]) -> str:
    try:
        await bring_home()
    except Refused as error:
        return f"the aircraft is not flying this patrol: {error}"
    except LinkLost as error:
        return f"the aircraft could not be told to come home: {error}"
    return "the aircraft was told to come home"
