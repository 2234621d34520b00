"""Makes plans and has them approved. Any aircraft may fly one; each is made from one's home."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

import anyio.to_thread

from ground_station import views
from ground_station.chronicle import Chronicle
from ground_station.clearance_desk import Asked, ClearanceDesk, require_cleared
from ground_station.patrol_missions import MissionEvent, Origin, advance, open_mission, origin_of
from ground_station.planning_data import PlanningData
from ground_station.route_shelf import RouteShelf
from ground_station.shown import Approved, Drafted, DraftedFlight, PlanOnHand
from ground_station.store.records import Records
from ground_station.transitions import require_person_or_exercise
from missions.clearance import OF_GATE, clear
from missions.counting import leg_views
from missions.law import load_law
from missions.open_air import Surroundings
from missions.planner import plan_patrol
from missions.register import Register
from missions.request import PlanRequest, Task
from missions.sites import with_sites
from missions.zones import ABOUT_AIRSPACE
from patrol.bus import Bus
from patrol.camera import CameraLens
from patrol.cause import Cause, Role
from patrol.clock import WorldClock
from patrol.energy import Power
from patrol.errors import NotPermitted, PlanRejected, Refused
from patrol.geo import distance_m
from patrol.plan import Finding, MissionPlan, stops
from patrol.story import StoryEvent
from patrol.telemetry import TelemetrySample

_APPROVERS = (Role.LEADER,)
_SAME_PLACE_M = 5.0
_PLANNERS = (Role.LEADER, Role.PILOT)


class Flyer(Protocol):
    """The aircraft that a plan is made for."""

    @property
    def aircraft(self) -> str:
        """Its configured name."""
        ...

    @property
    def lens(self) -> CameraLens:
        """Its camera's."""
        ...

    @property
    def power(self) -> Power:
        """What its battery gives."""
        ...

    def latest(self) -> TelemetrySample | None:
        """What it said last."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanParts:
    """What the desk is handed."""

    register: Register
    records: Records
    bus: Bus
    chronicle: Chronicle
    world: WorldClock
    is_exercise: bool
    routes: RouteShelf
    gate: ClearanceDesk
    data: PlanningData = field(default_factory=PlanningData)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A plan with what was found about it."""

    plan: MissionPlan
    findings: list[Finding]
    aircraft: str  # from whose home it was drawn
    origin: Origin = Origin()


class PlanDesk:
    """The station's one book of plans. Every verb checks the role and records."""

    def __init__(self, parts: PlanParts) -> None:
        self._parts = parts
        self._drawn: dict[str, Drawn] = {}
        self._launch_counts: Counter[str] = Counter()
        self._flown: dict[str, MissionPlan] = {}  # by aircraft

    async def make(
        self, grid_code: str, flyer: Flyer, cause: Cause, task: Task | None = None
    ) -> Drafted:
        """A patrol of the grid with its findings; PlanRejected when none is possible.

        `sorties` has a plan for each flight that it takes, each to be approved and flown by itself;
        beside it stands the first.
        """
        require_planner(cause, is_exercise=self._parts.is_exercise)
        around = await self.around()
        request = replace(self.request(grid_code, flyer, task or Task()), around=around)
        patrol = await anyio.to_thread.run_sync(plan_patrol, request)
        if not patrol.sorties:
            raise PlanRejected(
                f"no patrol can be planned in {request.grid.code}",
                patrol.findings,
                text_zh=f"{request.grid.code}无法规划巡查",
            )
        made = [
            await self.put_down(sortie.plan, [*patrol.findings, *sortie.findings], flyer, cause)
            for sortie in patrol.sorties
        ]
        return {**made[0], "aircraft": flyer.aircraft, "sorties": made}

    async def load(self) -> None:
        """Take up again the plans of an earlier run that were not flown."""
        parts = self._parts
        for mission, plan in await parts.records.missions.book(is_exercise=parts.is_exercise):
            drawn = Drawn(
                plan=plan, findings=list(mission.findings), aircraft=mission.aircraft,
                origin=origin_of(mission),
            )  # fmt: skip
            self._drawn.setdefault(plan.plan_id, drawn)
            known = self._launch_counts[plan.plan_id]
            self._launch_counts[plan.plan_id] = max(known, len(mission.sorties))

    async def put_down(
        self,
        plan: MissionPlan,
        findings: Sequence[Finding],
        flyer: Flyer,
        cause: Cause,
        origin: Origin | None = None,
    ) -> DraftedFlight:
        """One flight into the book under a number of its own, told and shown."""
        plan_id = await self._parts.records.next_id("M", plan.created_utc)
        plan = replace(plan, plan_id=plan_id)
        await self._parts.routes.keep(plan)
        findings = await self._parts.routes.with_tests(plan, findings)
        drawn = Drawn(
            plan=plan, findings=findings, aircraft=flyer.aircraft, origin=origin or Origin()
        )
        await self._keep_made(drawn, cause)
        for finding in views.findings_view(findings):
            event = self._event("plan.finding", plan, {"plan": plan.plan_id, **finding})
            self._parts.bus.publish(event)
        return _flight(plan, findings, flyer)

    def on_hand(self, plan_id: str, flyer: Flyer) -> PlanOnHand:
        """A plan of the book with its digest and what was found; LookupError for none such."""
        drawn = self.found(plan_id)
        flight = _flight(drawn.plan, drawn.findings, flyer)
        return {**flight, "aircraft": drawn.aircraft, "approved_by": drawn.plan.approved_by}

    async def around(self) -> Surroundings:
        """What is known of ground and airspace when a plan is made."""
        return await self._parts.data.around()

    async def approve(
        self, plan_id: str, digest: str, cause: Cause, takeoff_utc: datetime | None = None
    ) -> Approved:
        """Clear the plan that was looked at, for a take-off then (None: now), and put a name under.

        PlanRejected while anything stops it, ClearanceRefused while the law does.
        """
        require_role(cause, _APPROVERS, is_exercise=self._parts.is_exercise)
        drawn = self.found(plan_id)
        if digest != drawn.plan.digest:
            raise Refused(
                f"plan {plan_id} is not the one that was looked at (the digest differs)",
                text_zh=f"计划{plan_id}与所查看的不同（摘要不一致）",
            )
        facts = await self._parts.gate.facts(
            Asked(plan=drawn.plan, aircraft=drawn.aircraft, takeoff_utc=takeoff_utc)
        )
        others = [one for one in drawn.findings if not _is_asked_again(one, facts.zones)]
        findings = await self._parts.routes.with_tests(drawn.plan, [*others, *facts.zones])
        if stopping := stops(findings):
            raise PlanRejected(
                f"plan {plan_id} may not be approved", stopping, text_zh=f"计划{plan_id}不得批准"
            )
        cleared = require_cleared(clear(facts, load_law()))
        now = self._parts.world.now_utc()
        plan = drawn.plan.approved(cause.actor, now)
        kept = await self._parts.records.missions.approved(plan, cleared, cause=cause, at_utc=now)
        findings = [*findings, *cleared.findings]
        self.keep(replace(drawn, plan=plan, findings=findings))
        fields = {"plan": plan_id, "by": cause.actor}
        told = fields | {"clearance": kept.clearance_id, "permits": list(cleared.permit_ids)}
        self._parts.chronicle.tell(self._event("plan.cleared", plan, told))
        self._parts.chronicle.tell(self._event("plan.approved", plan, fields))
        return {
            "plan": views.plan_view(plan),
            "approved_by": cause.actor,
            "findings": views.findings_view(findings),
        }

    async def _keep_made(self, drawn: Drawn, cause: Cause) -> None:
        """Recorded with its mission under the planner's own name, then in the book, then told."""
        plan, parts = drawn.plan, self._parts
        fields = {
            "plan": plan.plan_id,
            "grid_name": plan.grid_name,
            "length_m": round(plan.length_m),
            "duration_s": round(plan.duration_s),
            "digest": plan.digest,
            "findings_count": len(drawn.findings),
            "by": cause.actor,
        }
        mission = open_mission(
            plan, aircraft=drawn.aircraft, findings=tuple(drawn.findings), cause=cause,
            origin=drawn.origin,
        )  # fmt: skip
        if not stops(drawn.findings):  # else it stays a draft
            mission = advance(mission, MissionEvent.PLAN, cause, plan.created_utc)
        await parts.records.missions.made(plan, mission, cause=cause, at_utc=plan.created_utc)
        self.keep(drawn)
        parts.chronicle.tell(self._event("plan.made", plan, fields))

    @property
    def gate(self) -> ClearanceDesk:
        """What clears them."""
        return self._parts.gate

    def keep(self, drawn: Drawn) -> None:
        """Put a plan into the book, or in the place of what it was before."""
        self._drawn[drawn.plan.plan_id] = drawn

    def found(self, plan_id: str) -> Drawn:
        """The plan; LookupError when there is none."""
        if plan_id not in self._drawn:
            raise LookupError(f"no plan {plan_id}")
        return self._drawn[plan_id]

    def aircraft_of(self, plan_id: str) -> str | None:
        """From whose home it was drawn; None for an unknown plan."""
        drawn = self._drawn.get(plan_id)
        return drawn.aircraft if drawn is not None else None

    def take(self, plan: MissionPlan, aircraft: str) -> str:
        """The id of the sortie that begins now; Refused while another aircraft flies this route.

        Two on one route at one height have nothing between them, whatever their plans are called.
        """
        for other, flown in self._flown.items():
            if flown.plan_id == plan.plan_id:
                raise Refused(
                    f"plan {plan.plan_id} is being flown by {other}",
                    text_zh=f"计划{plan.plan_id}正由{other}执行",
                )
            if _is_one_route(flown, plan):
                raise Refused(
                    f"the route of plan {plan.plan_id} is that of plan {flown.plan_id}, which is "
                    f"being flown by {other}",
                    text_zh=f"计划{plan.plan_id}与计划{flown.plan_id}航线相同，后者正由{other}执行",
                )
        self.note_flown(plan, aircraft)
        self._launch_counts[plan.plan_id] += 1
        return f"{plan.plan_id}-S{self._launch_counts[plan.plan_id]:02d}"

    def note_flown(self, plan: MissionPlan, aircraft: str) -> None:
        """It flies this plan, launched here or by an earlier run of the station."""
        self._flown[aircraft] = plan

    def give_back(self, aircraft: str) -> None:
        """It flies nothing any more."""
        self._flown.pop(aircraft, None)

    def request(self, grid_code: str, flyer: Flyer, task: Task) -> PlanRequest:
        """What a patrol of a leaf grid from this aircraft's home is planned from; or Refused."""
        parts = self._parts
        grid = parts.register.get(grid_code)
        if grid not in parts.register.grids:
            raise Refused(
                f"{grid.name_spoken} is a {grid.level.value}: plan one of its grids",
                text_zh=f"{grid.name_zh}不是基础网格：请选择其下的网格",
            )
        sample = flyer.latest()
        if sample is None or sample.home is None or sample.home_altitude_amsl_m is None:
            raise Refused(
                "the aircraft has not told its home position yet", text_zh="飞行器尚未报告返航点"
            )
        return PlanRequest(
            grid=grid,
            register_version=parts.register.version,
            home=sample.home,
            home_elevation_amsl_m=sample.home_altitude_amsl_m,
            lens=flyer.lens,
            endurance_s=flyer.power.endurance_s,
            created_utc=parts.world.now_utc(),
            is_exercise=parts.is_exercise,
            task=with_sites(task, parts.register, grid.code),
        )

    def _event(self, name: str, plan: MissionPlan, fields: dict[str, Any]) -> StoryEvent:
        return StoryEvent(
            name=name,
            time_utc=self._parts.world.now_utc(),
            grid=plan.grid_code,
            aircraft=self.aircraft_of(plan.plan_id) or "",
            fields=fields,
        )


def _flight(plan: MissionPlan, findings: Sequence[Finding], flyer: Flyer) -> DraftedFlight:
    return {
        "plan": views.plan_view(plan),
        "digest": plan.digest,
        "findings": views.findings_view(list(findings)),
        "legs": [view.to_dict() for view in leg_views(plan, flyer.lens)],
    }


def _is_asked_again(finding: Finding, zones: Sequence[Finding]) -> bool:
    """Whether the gate answers it anew: the airspace, and what an earlier approval said."""
    is_gates = finding.code in ABOUT_AIRSPACE or finding.code.startswith(OF_GATE)
    return is_gates or finding in zones


def _is_one_route(one: MissionPlan, other: MissionPlan) -> bool:
    """Whether they lead to the same places: from another home the same ring begins elsewhere."""
    ways = [[waypoint.point for waypoint in plan.waypoints] for plan in (one, other)]
    return one.route_digest == other.route_digest or all(
        any(distance_m(point, there) < _SAME_PLACE_M for there in theirs)
        for mine, theirs in (ways, reversed(ways))
        for point in mine
    )


def require_planner(cause: Cause, *, is_exercise: bool) -> None:
    """NotPermitted for whoever may not make plans."""
    require_role(cause, _PLANNERS, is_exercise=is_exercise)


def require_role(cause: Cause, roles: tuple[Role, ...], *, is_exercise: bool) -> None:
    """NotPermitted under another role, and for an automatic operator outside an exercise."""
    if cause.role not in roles:
        raise NotPermitted(cause.actor, " or ".join(role.value for role in roles))
    require_person_or_exercise(
        cause,
        is_exercise=is_exercise,
        what="the sortie's plan and flight",
        what_zh="架次的计划和飞行",
    )
