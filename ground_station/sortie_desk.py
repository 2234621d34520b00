"""Launches, commands and closes the sorties of one aircraft, one at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import anyio

from ground_station import views
from ground_station.adoption import StillFindingOut
from ground_station.approvals import require_approved
from ground_station.clearance_desk import Asked
from ground_station.log_desk import LogDesk
from ground_station.plan_desk import Drawn, require_role
from ground_station.shown import Commanded, Launched, Signed, SortieView
from ground_station.sortie_parts import Flight, SortieParts
from ground_station.sorties import SortieRecord, SortieState
from missions.report import SortieReport
from missions.runner import SortieRunner
from patrol.cause import Cause, Role, by_system
from patrol.declaration import Declaration
from patrol.errors import LinkLost, PatrolError, Refused
from patrol.in_command import InCommand
from patrol.plan import Finding, MissionPlan
from patrol.story import StoryEvent

__all__ = ["SortieDesk", "SortieParts"]

_RESTART = by_system("station.restart")
_KNOWN_WITHIN_S = 2.0  # wall; of a station just started
_LAUNCHERS = (Role.PILOT,)


class SortieDesk:
    """Every verb checks the role, records, and only then acts."""

    def __init__(self, parts: SortieParts) -> None:
        self._parts = parts
        self._flight: Flight | None = None
        self._asked = anyio.Event()
        self._known = anyio.Event()
        self._logs = LogDesk(
            records=parts.records,
            telemetry=parts.telemetry,
            cases=parts.cases,
            chronicle=parts.chronicle,
            bus=parts.bus,
            world=parts.world,
        )

    @property
    def sortie_id(self) -> str:
        """The sortie in hand, flown or to be signed; empty for none."""
        return self._flight.record.sortie_id if self._flight is not None else ""

    @property
    def plan(self) -> MissionPlan | None:
        """The plan being flown."""
        return self._flight.plan if self._flight and self._flight.report is None else None

    @property
    def has_taken_off(self) -> bool:
        """Whether the sortie in hand has been in the air, or may be."""
        return self._flight is not None and self._flight.runner.has_taken_off

    @property
    def in_command(self) -> InCommand | None:
        """Who has the aircraft on the sortie being flown."""
        return self._flight.runner.in_command if self.plan and self._flight else None

    async def run(self) -> None:
        """Fly what is launched until cancelled."""
        while True:
            await self._asked.wait()
            self._asked = anyio.Event()
            if self._flight is not None:
                await self._fly(self._flight)

    def know_the_aircraft(self) -> None:
        """It is known what the aircraft does: from now on it may be launched."""
        self._known.set()

    @property
    def is_known(self) -> bool:
        """Whether it is; until then a sortie of an earlier run may still be in the air."""
        return self._known.is_set()

    def show_found(self, record: SortieRecord | None, plan: MissionPlan | None) -> None:
        """A sortie that an earlier run left open: of its aircraft nothing else is known yet.

        None when it turned out to be over.
        """
        if record is None or plan is None:
            self._parts.board.set(sortie=None)
            return
        self._show(record, plan, [])
        self._set_state("UNKNOWN")  # not what was recorded at its launch

    async def until_known(self) -> None:
        """Wait for that."""
        await self._known.wait()

    async def adopt(self, record: SortieRecord, plan: MissionPlan) -> None:
        """Go on with a sortie that an earlier run of the station launched and that is in the air.

        Its alerts are this sortie's again: what was acknowledged stays so.
        """
        runner = self._runner(plan, record.sortie_id, None)
        alerts = await self._parts.records.alerts(record.sortie_id)
        self._flight = Flight(
            record=record, plan=plan, runner=runner, cause=_RESTART, is_adopted=True,
            alerts=tuple(reversed(alerts)),
        )  # fmt: skip
        self._parts.plans.note_flown(plan, record.vehicle_id)
        self._show(record, plan, [])
        self._asked.set()

    async def launch(
        self, plan_id: str, cause: Cause, declaration: Declaration | None = None
    ) -> Launched:
        """Start the sortie of an approved plan; Refused while another one is not closed.

        ClearanceRefused where papers, permits or airspace forbid by now what was cleared before.
        """
        require_role(cause, _LAUNCHERS, is_exercise=self._parts.is_exercise)
        parts = self._parts
        drawn = parts.plans.found(plan_id)
        if not drawn.plan.approved_by:
            raise Refused(f"plan {plan_id} is not approved", text_zh=f"计划{plan_id}尚未批准")
        await require_approved(parts.records, drawn.plan)
        cleared = await parts.plans.gate.again(
            Asked(
                plan=drawn.plan, aircraft=parts.vehicle.vehicle_id, pilot=cause.actor,
                is_launch=True,
            )
        )  # fmt: skip
        await self._require_free()
        record = self._new_record(drawn)
        runner = self._runner(drawn.plan, record.sortie_id, declaration)
        self._flight = Flight(record=record, plan=drawn.plan, runner=runner, cause=cause)
        is_saved = False
        try:
            now = parts.world.now_utc()
            await parts.records.missions.launched(record, cleared, cause=cause, at_utc=now)
            is_saved = True
        finally:
            if not is_saved:
                self._flight = None  # what is not recorded is not flown
                parts.plans.give_back(record.vehicle_id)
        self._show(record, drawn.plan, drawn.findings)
        self._asked.set()
        return {"sortie": record.sortie_id, "aircraft": record.vehicle_id}

    async def command(self, verb: str, cause: Cause, reason: str = "") -> Commanded:
        """`hold`, `resume` or `return`, by the pilot; a return may say why."""
        require_role(cause, _LAUNCHERS, is_exercise=self._parts.is_exercise)
        verbs: dict[str, Callable[[SortieRunner], Awaitable[None]]] = {
            "hold": lambda runner: runner.hold(cause),
            "resume": lambda runner: runner.resume(cause),
            "return": lambda runner: runner.bring_home(
                cause, reason or f"asked by {cause.actor}", reason or f"{cause.actor}下令"
            ),
        }
        if verb not in verbs:
            raise LookupError(f"no such verb: {verb}")
        if self._flight is None or self._flight.report is not None:
            raise Refused("no sortie is being flown", text_zh="没有正在飞行的架次")
        # A full disk must not keep the pilot from calling the aircraft home.
        await self._parts.records.note_though_late(
            f"sortie.{verb}",
            self._flight.record.sortie_id,
            {"verb": verb},
            cause=cause,
            at_utc=self._parts.world.now_utc(),
            is_exercise=self._parts.is_exercise,
        )
        await verbs[verb](self._flight.runner)
        return {"sortie": self._flight.record.sortie_id, "verb": verb}

    async def sign(self, sortie_id: str, cause: Cause) -> Signed:
        """Pilot and registrar sign; with both names the patrol log closes."""
        record = await self._logs.sign(sortie_id, cause)
        if record.state is SortieState.CLOSED:
            if self._flight is not None and self._flight.record.sortie_id == sortie_id:
                self._flight = None
            if (self._parts.board.get("sortie") or {}).get("id") == sortie_id:
                self._set_state("CLOSED")
        return {
            "sortie": sortie_id,
            "signed_by": {one.role.value: one.person for one in record.signatures},
        }

    async def _require_free(self) -> None:
        """Refused unless it is known to stand on the ground, with no sortie in hand."""
        with anyio.move_on_after(_KNOWN_WITHIN_S):
            await self._known.wait()
        refused = self.why_not_free()
        if refused is not None:
            raise refused

    def why_not_free(self) -> Refused | None:
        """What speaks against another sortie now, as far as is known."""
        if not self._known.is_set():
            return StillFindingOut()
        if self._flight is not None:
            return Refused(
                f"sortie {self._flight.record.sortie_id} is not closed yet",
                text_zh=f"架次{self._flight.record.sortie_id}尚未关闭",
            )
        sample = self._parts.vehicle.latest()
        if sample is None or sample.is_in_air is None:
            return Refused(
                "the aircraft does not say whether it is on the ground",
                text_zh="飞行器未报告是否在地面",
            )
        if sample.is_in_air:
            return Refused("the aircraft is in the air already", text_zh="飞行器已在空中")
        return None

    def _new_record(self, drawn: Drawn) -> SortieRecord:
        parts, vehicle_id = self._parts, self._parts.vehicle.vehicle_id
        plan, origin = drawn.plan, drawn.origin
        return SortieRecord(
            sortie_id=parts.plans.take(plan, vehicle_id),
            plan_id=plan.plan_id,
            plan_digest=plan.digest,
            vehicle_id=vehicle_id,
            grid_code=plan.grid_code,
            grid_name=plan.grid_name,
            register_version=plan.register_version,
            state=SortieState.PREFLIGHT,
            created_utc=parts.world.now_utc(),
            is_exercise=parts.is_exercise,
            waypoint_total=len(plan.waypoints),
            pattern=plan.pattern,
            number=plan.sortie_number,
            count=plan.sortie_count,
            planned_utc=origin.patrol_utc or plan.created_utc,
            continues=origin.continues,
            begun_utc=origin.begun_utc,
        )

    def _runner(
        self, plan: MissionPlan, sortie_id: str, declaration: Declaration | None
    ) -> SortieRunner:
        parts = self._parts
        return SortieRunner(
            plan=plan,
            vehicle=parts.vehicle,
            bus=parts.bus,
            world=parts.world,
            wall=parts.wall,
            sortie_id=sortie_id,
            preflight=lambda: parts.preflight(plan, declaration),
        )

    def _show(self, record: SortieRecord, plan: MissionPlan, findings: list[Finding]) -> None:
        shown: SortieView = {
            "id": record.sortie_id,
            "grid_code": plan.grid_code,
            "grid_name": plan.grid_name,
            "state": record.state.value,
            "plan": views.plan_view(plan),
            "waypoint_index": 0,
            "waypoint_total": len(plan.waypoints),
            "findings": views.findings_view(findings),
        }
        self._parts.board.set(sortie=shown)

    async def _fly(self, flight: Flight) -> None:
        parts = self._parts
        sortie_id = flight.record.sortie_id
        aircraft = parts.vehicle.vehicle_id
        parts.telemetry.begin(aircraft, sortie_id)
        parts.crowd.begin(
            sortie_id, flight.plan, flight.runner, flight.alerts, is_adopted=flight.is_adopted
        )
        try:
            report = await self._flown(flight)
        except PatrolError as error:
            await self._abort(flight, error)
            return
        finally:
            # What is heard from now on belongs to no sortie: the log's hash is over its flight.
            parts.telemetry.end(aircraft)
            parts.plans.give_back(aircraft)
            parts.on_over()
            await parts.crowd.end()
        record = replace(
            flight.record,
            state=SortieState.LANDED,
            landed_utc=parts.world.now_utc(),
            takeoff_utc=report.takeoff_utc,
            waypoint_index=report.waypoints_flown,
            abnormal=report.abnormal,
        )
        self._flight = replace(flight, record=record, report=report)
        # It is down whether the disk is there or not: the record waits for it.
        await parts.crowd.kept(lambda: self._save_landed(record, flight.cause))
        await parts.chronicle.settled()
        if self._flight is not None:  # else it is signed and closed already
            self._set_state("LANDED")

    async def _save_landed(self, record: SortieRecord, cause: Cause) -> None:
        wind = await self._parts.telemetry.wind(record.sortie_id)
        await self._save(replace(record, wind=wind), cause, "sortie.landed")

    async def _flown(self, flight: Flight) -> SortieReport:
        """The report; what fails before take-off is raised, what fails in the air is followed."""
        try:
            if flight.is_adopted:
                return await flight.runner.take_over(flight.record.takeoff_utc)
            # Once more right before the upload: it may have waited since its launch.
            await require_approved(self._parts.records, flight.plan)
            return await flight.runner.run()
        except PatrolError as error:
            if not flight.runner.has_taken_off:
                raise
            failure, failure_zh = str(error), error.text_zh
        fields = {"reason": failure, "reason_zh": failure_zh}
        self._tell("sortie.trouble", flight.plan, flight.record.sortie_id, fields)
        while True:
            # Nobody may launch, and the pilot can still call it home, until it is down.
            with contextlib.suppress(LinkLost):
                return await flight.runner.follow_down(failure)

    async def _abort(self, flight: Flight, error: PatrolError) -> None:
        """A sortie that did not take off or broke off: recorded with every finding."""
        record = replace(flight.record, state=SortieState.ABORTED, abnormal=(str(error),))
        await self._parts.crowd.kept(lambda: self._save(record, flight.cause, "sortie.aborted"))
        findings = views.findings_view(list(getattr(error, "findings", ())))
        self._tell(
            "sortie.aborted",
            flight.plan,
            record.sortie_id,
            {"reason": str(error), "reason_zh": error.text_zh, "findings": findings},
        )
        self._set_state("ABORTED")
        self._flight = None

    async def _save(self, record: SortieRecord, cause: Cause, action: str) -> None:
        await self._parts.records.save_sortie(
            record, cause=cause, at_utc=self._parts.world.now_utc(), action=action
        )

    def _set_state(self, state: str) -> None:
        shown = self._parts.board.get("sortie")
        if shown:
            self._parts.board.set(sortie=shown | {"state": state})

    def _tell(self, name: str, plan: MissionPlan, sortie: str, fields: dict[str, Any]) -> None:
        self._parts.chronicle.tell(
            StoryEvent(
                name=name,
                time_utc=self._parts.world.now_utc(),
                sortie=sortie,
                grid=plan.grid_code,
                aircraft=self._parts.vehicle.vehicle_id,
                fields=fields,
            )
        )
