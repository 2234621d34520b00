"""`gridpatrol fly`: one plan on one real autopilot, each step printed, Ctrl-C brings it home."""

from __future__ import annotations

import getpass
import logging
import signal
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import anyio
import structlog
from rich.console import Console

from drone.addresses import require_free
from drone.guardian import Guardian
from drone.link_settings import LinkSettings
from drone.mavsdk_vehicle import MavsdkVehicle, prepare_executor
from drone.preflight import may_heal, preflight
from ground_station.commands.clear import launch_findings
from ground_station.commands.flight_logs import bring_log
from ground_station.commands.plan import print_findings
from ground_station.options_clear import ClearOptions
from ground_station.options_fly import FlyOptions
from ground_station.story_printer import StoryPrinter
from missions.checks import check_flight
from missions.findings import stop
from missions.formats import read_plan
from missions.report import SortieReport
from missions.runner import SortieRunner
from missions.tested import record_path, route_findings
from patrol.bus import Bus, Subscription
from patrol.clock import SystemClock
from patrol.declaration import Declaration
from patrol.errors import (
    CommandDenied,
    ConfigError,
    LinkLost,
    PlanRejected,
    PreflightFailed,
    Refused,
    Transient,
)
from patrol.groups import one_error
from patrol.plan import Finding, MissionPlan, stops
from patrol.story import StoryEvent
from patrol.telemetry import FlightMode
from patrol.vehicle import ReturnHome

_TOLD_WITHIN_S = 4.0  # wall; with it a Ctrl-C ends within 5 s
_FIRST_SAMPLE_S = 30.0  # wall; an autopilot without a position has told why by then
_READY_WITHIN_S = 15.0  # wall; health reads false at first
_LOOK_EVERY_S = 0.2  # wall
# `fly` has no loudspeaker and no camera of its own: their findings would be about nothing.
_NOT_ABOARD = frozenset({"speaker.silent", "camera.dark"})


def fly(options: FlyOptions) -> int:
    """Exit code 0 when flown whole and landed; 1 when refused, broken off or stopped.

    A live plan is not flown without the papers that it is cleared by.
    """
    plan_file, as_json = options.plan_file, options.as_json
    plan = read_plan(plan_file)
    if not plan.waypoints or len(plan.fence) < 3:
        raise ConfigError(f"the plan has no waypoints or no fence: {plan_file}")
    approve, declared_by = (options.approve or "").strip(), (options.declare or "").strip()
    if not plan.approved_by or approve:
        plan = plan.approved(approve or _login(), datetime.now(UTC))
        declared_by = declared_by or plan.approved_by  # who approves now is here and can look
    structlog.configure(  # standard output carries the story alone
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
    printer = StoryPrinter(as_json=as_json)
    findings = [
        *check_flight(plan), *route_findings(plan, _records(plan_file)),
        *_cleared(plan, options.gate),
    ]  # fmt: skip
    _check(plan, findings, printer, as_json=as_json)
    require_free(options.connect)

    async def whole() -> int:  # its cancel scope is made where the event loop runs
        declaration = _declaration(declared_by)
        return await _Flight(
            plan,
            options.connect,
            printer,
            logs=options.logs,
            as_json=as_json,
            declaration=declaration,
        ).run()

    try:
        return anyio.run(whole)
    finally:
        printer.done()


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError) as error:
        raise Refused("this login has no name: say who approves with --approve NAME") from error


def _records(plan_file: Path) -> list[Path]:
    """Of the plan's test flight, if it is beside the plan."""
    path = record_path(plan_file)
    return [path] if path.exists() else []


def _cleared(plan: MissionPlan, papers: ClearOptions | None) -> list[Finding]:
    """What the law says; without papers an exercise may fly, and nothing else."""
    if papers is not None:
        return launch_findings(papers)
    if plan.is_exercise:
        return []
    return [
        stop(
            "clearance.papers",
            "a live flight is held against the law first: give the unit's --papers and --airspace",
            "实际飞行须先经放行核对：请用 --papers 和 --airspace 给出单位资料和空域数据",
        )
    ]


def _check(
    plan: MissionPlan, findings: list[Finding], printer: StoryPrinter, *, as_json: bool
) -> None:
    """Tell every finding; PlanRejected before any aircraft is looked for when one forbids."""
    if as_json:
        for finding in findings:
            event = StoryEvent(
                name="plan.finding", time_utc=datetime.now(UTC), grid=plan.grid_code,
                fields={"plan": plan.plan_id} | finding.to_dict(),
            )  # fmt: skip
            printer.event(event.to_dict())
    else:
        print_findings(Console(highlight=False, soft_wrap=True), findings)
    if stopping := stops(findings):
        reasons = "; ".join(finding.text for finding in stopping)
        raise PlanRejected(f"plan {plan.plan_id} may not be flown: {reasons}", stopping)


def _declaration(by: str) -> Declaration | None:
    """By the command's own help, starting it says all three; None where nobody here gave a name."""
    if not by:
        return None
    return Declaration(
        by=by, at_utc=datetime.now(UTC), remote_id_ok=True, weather="fit to fly",
        terrain="clear below the route",
    )  # fmt: skip


class _Flight:
    """One plan, one aircraft, from first contact to landing or to the call home."""

    def __init__(
        self,
        plan: MissionPlan,
        url: str,
        printer: StoryPrinter,
        *,
        logs: Path | None = None,
        as_json: bool,
        declaration: Declaration | None = None,
    ) -> None:
        self._plan = plan
        self._declaration = declaration
        self._url = url
        self._printer = printer
        self._logs = logs
        self._as_json = as_json
        self._bus = Bus()
        self._clock = SystemClock()
        self._vehicle = MavsdkVehicle(
            LinkSettings(name="aircraft", url=url, log_folder=logs),
            bus=self._bus,
            world=self._clock,
            wall=self._clock,
        )
        self._patrol = anyio.CancelScope()

    async def run(self) -> int:
        """The exit code."""
        prepare_executor()
        runner = SortieRunner(
            plan=self._plan, vehicle=self._vehicle, bus=self._bus, world=self._clock,
            wall=self._clock, sortie_id=f"{self._plan.plan_id}-S01", preflight=self._preflight,
        )  # fmt: skip
        guardian = Guardian(
            vehicle=self._vehicle, bus=self._bus, world=self._clock, wall=self._clock,
            plan=lambda: self._plan if runner.has_taken_off else None,
            in_command=lambda: runner.in_command,
        )  # fmt: skip
        code = 1
        with (
            anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals,
            self._bus.subscribe(StoryEvent) as events,
            one_error(),
        ):
            async with anyio.create_task_group() as group:
                stopped = anyio.Event()
                group.start_soon(self._print_story, events)
                group.start_soon(self._vehicle.run)
                group.start_soon(guardian.run)
                group.start_soon(self._stop_on_signal, signals, stopped)
                try:
                    with self._patrol:
                        code = self._verdict(await self._patrol_whole(runner))
                        if self._logs is not None:
                            await bring_log(
                                self._vehicle, self._logs, self._printer, as_json=self._as_json
                            )
                    if self._patrol.cancel_called:
                        await stopped.wait()
                finally:
                    self._print(events.take_all())
                group.cancel_scope.cancel()
        return code

    async def _patrol_whole(self, runner: SortieRunner) -> SortieReport:
        self._printer.note(
            f"plan {self._plan.plan_id}, digest {self._plan.digest[:12]}, approved by "
            f"{self._plan.approved_by}"
        )
        self._printer.note(f"looking for an autopilot at {self._url}")
        await self._first_sample()
        try:
            return await runner.run()
        except PreflightFailed as error:
            self._print_findings(list(error.findings))
            raise
        except (CommandDenied, LinkLost):
            sample = self._vehicle.latest()
            is_manual = sample is not None and sample.mode is FlightMode.MANUAL
            if runner.in_command.is_pilot_flying or is_manual:
                self._printer.note("stopped: the pilot's sticks have the aircraft; it is theirs")
            elif runner.has_taken_off:
                await self._call_home()
            raise

    async def _first_sample(self) -> None:
        give_up_s = self._clock.monotonic_s() + _FIRST_SAMPLE_S
        while (sample := self._vehicle.latest()) is None or sample.is_in_air is None:
            if self._clock.monotonic_s() > give_up_s:
                missing = "tells no position" if sample is None else "does not say if it flies"
                raise Refused(f"the autopilot at {self._url} {missing}")
            await anyio.sleep(_LOOK_EVERY_S)
        if sample.is_in_air:
            raise Refused("the aircraft is in the air already: another one flies it")

    async def _preflight(self) -> list[Finding]:
        """Ask again for a while: an autopilot just started is not ready at its first word."""
        give_up_s = self._clock.monotonic_s() + _READY_WITHIN_S
        is_told = False
        while True:
            found = preflight(
                await self._vehicle.ask(), self._vehicle.latest(), self._plan,
                speaker_ok=None, camera_ok=None, now_wall_s=self._clock.monotonic_s(),
                declaration=self._declaration,
            )  # fmt: skip
            findings = [finding for finding in found if finding.code not in _NOT_ABOARD]
            if not may_heal(findings) or self._clock.monotonic_s() > give_up_s:
                return findings
            if (stopping := stops(findings)) and not is_told:
                reasons = "; ".join(finding.text for finding in stopping)
                self._printer.note(f"waiting for the aircraft to be ready: {reasons}")
                is_told = True
            await anyio.sleep(_LOOK_EVERY_S)

    async def _stop_on_signal(
        self, signals: AsyncIterator[signal.Signals], stopped: anyio.Event
    ) -> None:
        async for _ in signals:
            self._patrol.cancel()  # first, so that nothing is commanded after the call home
            await self._call_home()
            stopped.set()
            return

    async def _call_home(self) -> None:
        note, sample = self._printer.note, self._vehicle.latest()
        if sample is None:
            note("stopped: no aircraft had been reached, so there is none to call home")
            return
        if sample.is_armed is False and sample.is_in_air is not True:
            note("stopped: the aircraft is on the ground and not armed")
            return
        try:
            with anyio.fail_after(_TOLD_WITHIN_S):
                await self._vehicle.do(ReturnHome())
        except (CommandDenied, Transient, TimeoutError) as error:
            reason = str(error) or f"no sign of it within {_TOLD_WITHIN_S:.0f} s"
            note(
                f"stopped, but the aircraft COULD NOT BE TOLD to come home: {reason}. "
                "Take it with its own remote control now."
            )
            return
        note("stopped: the aircraft was told to come home and is on its way")

    async def _print_story(self, events: Subscription[StoryEvent]) -> None:
        async for event in events:
            self._print([event])

    def _print(self, events: list[StoryEvent]) -> None:
        for event in events:
            self._printer.event(event.to_dict())

    def _verdict(self, report: SortieReport) -> int:
        for reason in report.abnormal:
            self._printer.note(f"not as planned: {reason}")
        return 0 if report.reason == "flown" and not report.abnormal else 1

    def _print_findings(self, findings: list[Finding]) -> None:
        if not self._as_json:  # there the event `preflight` carried them
            print_findings(Console(highlight=False, soft_wrap=True), findings)
