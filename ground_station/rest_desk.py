"""Goes on with a sortie that ended before its last waypoint: a plan of the rest, to be approved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import anyio.to_thread

from ground_station.patrol_missions import Origin, Purpose, day_of
from ground_station.plan_desk import Flyer, PlanDesk, require_planner
from ground_station.shown import RestOffered
from ground_station.sorties import ENDED, SortieRecord, SortieState
from ground_station.store.records import Records
from missions.request import Task
from missions.rest import plan_rest
from patrol.cause import Cause
from patrol.clock import WorldClock
from patrol.errors import PlanRejected, Refused
from patrol.plan import Finding, Level, MissionPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class RestDesk:
    """One verb. It flies nothing: what it makes is approved and launched like any plan."""

    plans: PlanDesk
    records: Records
    world: WorldClock
    register_version: str
    is_exercise: bool

    async def rest(self, sortie_id: str, flyer: Flyer, cause: Cause) -> RestOffered:
        """The unflown part of a sortie's plan, from this aircraft's home; Refused says why not."""
        require_planner(cause, is_exercise=self.is_exercise)
        record = await self.records.sortie(sortie_id)
        if record is None:
            raise LookupError(f"there is no sortie {sortie_id}")
        if record.is_exercise != self.is_exercise:
            raise Refused(
                f"sortie {sortie_id} is of an exercise, or this is one: together they are no look",
                text_zh=f"架次{sortie_id}与本站不同属演练或实际飞行：不能接续",
            )
        _require_broken(record)
        for rest in await self.records.missions.rests_of([sortie_id]):
            raise Refused(
                f"mission {rest.mission_id} goes on with sortie {sortie_id} already",
                text_zh=f"任务{rest.mission_id}已接续架次{sortie_id}",
            )
        flown = await self._flown(record)
        request = self.plans.request(record.grid_code, flyer, Task())
        request = replace(request, around=await self.plans.around())
        patrol = await anyio.to_thread.run_sync(plan_rest, request, flown, record.waypoint_index)
        if not patrol.sorties:
            raise PlanRejected(
                f"no plan can be made of the rest of {sortie_id}", patrol.findings,
                text_zh=f"无法规划架次{sortie_id}的剩余航线",
            )  # fmt: skip
        (sortie,) = patrol.sorties
        findings = [*patrol.findings, *sortie.findings, *self._another_day(record)]
        origin = await self._origin(record)
        shown = await self.plans.put_down(sortie.plan, findings, flyer, cause, origin)
        return {**shown, "aircraft": flyer.aircraft, "continues": sortie_id}

    async def _flown(self, record: SortieRecord) -> MissionPlan:
        """The plan that it flew, over the grid as it is still; Refused for another."""
        plan = await self.records.plan(record.plan_id)
        if plan is None or plan.digest != record.plan_digest:
            raise Refused(
                f"the plan of {record.sortie_id} is not in the records as it was flown",
                text_zh=f"记录中没有架次{record.sortie_id}所执行的计划",
            )
        if plan.register_version != self.register_version:
            raise Refused(
                f"{record.sortie_id} was flown by register {plan.register_version}, which is not "
                "the present one: plan the grid anew",
                text_zh=f"架次{record.sortie_id}依据网格版本{plan.register_version}，与现行版本不同："
                "请重新规划",
            )
        return plan

    async def _origin(self, record: SortieRecord) -> Origin:
        mission = await self.records.missions.find(record.plan_id)
        return Origin(
            purpose=mission.purpose if mission is not None else Purpose.ROUTINE,
            continues=record.sortie_id,
            patrol_utc=record.planned_utc,
            begun_utc=_begun_utc(record),
        )

    def _another_day(self, record: SortieRecord) -> list[Finding]:
        began = _begun_utc(record)
        if began is None or day_of(began) == day_of(self.world.now_utc()):
            return []
        return [
            Finding(
                code="rest.other_day", level=Level.WARN,
                text="the first part was flown on another day: together they are no whole look",
                text_zh="前一部分不是当日飞行：合并后不计为一次完整巡查",
            )
        ]  # fmt: skip


def _begun_utc(record: SortieRecord) -> datetime | None:
    return record.begun_utc or record.takeoff_utc


def _require_broken(record: SortieRecord) -> None:
    """Refused for what flies still, never flew, or flew to its end."""
    name = record.sortie_id
    if record.state not in (*ENDED, SortieState.CLOSED):
        raise Refused(
            f"sortie {name} is being flown: it goes on by itself, or by the pilot's resume",
            text_zh=f"架次{name}仍在执行：将自行继续，或由操控员恢复",
        )
    if record.takeoff_utc is None:
        raise Refused(
            f"sortie {name} never took off: launch its plan {record.plan_id} again",
            text_zh=f"架次{name}未曾起飞：请再次派飞计划{record.plan_id}",
        )
    if 0 < record.waypoint_total <= record.waypoint_index:
        raise Refused(
            f"sortie {name} flew all its waypoints: nothing is left",
            text_zh=f"架次{name}已飞完全部航点：没有剩余航线",
        )
