"""Finds an aircraft in the air and its sortie, after the station was ended at any instant.

Until it knows, nothing is commanded; what is heard is recorded all the while.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

import structlog

from ground_station.approvals import require_approved
from ground_station.sorties import ENDED, SortieRecord, SortieState
from ground_station.store.records import Records
from ground_station.store.telemetry import Flown, TelemetryLog
from patrol.bus import Bus
from patrol.cause import by_system
from patrol.clock import WallClock, WorldClock
from patrol.errors import CommandDenied, LinkLost, Refused, StoreUnavailable
from patrol.plan import MissionPlan
from patrol.story import StoryEvent
from patrol.supervise import supervise
from patrol.telemetry import FlightMode, TelemetrySample
from patrol.vehicle import Recognise, Vehicle

_RULE = by_system("station.restart")
_LOOK_EVERY_S = 0.1  # wall
_TRY_AGAIN_S = 2.0  # wall
_STALE_S = 3.0  # wall; older words tell nothing about now
_ITEM_WITHIN_S = 3.0  # wall; which item it flies is told once a second
_NO_PLAN = Refused(
    "its plan is not in the records as it was launched", text_zh="记录中没有起飞时的计划"
)
_log = structlog.get_logger(__name__)


class Flyer(Protocol):
    """Who goes on with the sortie that was found."""

    async def adopt(self, record: SortieRecord, plan: MissionPlan) -> None:
        """The aircraft flies this plan; follow it to its landing."""
        ...


def _nobody(_record: SortieRecord | None, _plan: MissionPlan | None) -> None:
    return None


@dataclass(slots=True, kw_only=True)
class Adoption:
    """Runs once for each aircraft at the start of a station; none waits for another."""

    records: Records
    telemetry: TelemetryLog
    vehicle: Vehicle
    flyer: Flyer
    bus: Bus
    world: WorldClock
    wall: WallClock
    on_known: Callable[[], None]
    on_found: Callable[[SortieRecord | None, MissionPlan | None], None] = _nobody
    _told: str = ""
    _no_plan: Refused = field(default_factory=lambda: _NO_PLAN)
    _older: list[SortieRecord] = field(default_factory=list)

    async def run(self) -> None:
        """Until it is known what the aircraft does and every older sortie has its end."""
        await supervise(self._find_out, clock=self.wall, on_lost=self._tell_waiting)
        self.on_known()
        await supervise(self._end_older, clock=self.wall, on_lost=self._tell_waiting)

    async def _find_out(self) -> None:
        mine = await self._open()
        if not mine:
            return  # no sortie of ours was under way
        *self._older, record = mine
        plan = await self._plan(record)
        if plan is not None:
            self.on_found(record, plan)
        while True:
            sample = await self._heard(record)
            if sample.is_in_air is False and sample.is_armed is False:
                self.telemetry.end(record.vehicle_id)
                await self._end(record)
                self.on_found(None, None)
                return
            if sample.is_in_air and await self._is_flying(record, plan):
                return
            await self.wall.sleep(_LOOK_EVERY_S)

    async def _open(self) -> list[SortieRecord]:
        """This aircraft's sorties without an end, the newest last."""
        return [
            record
            for record in await self.records.open_sorties()
            if record.state not in ENDED and record.vehicle_id == self.vehicle.vehicle_id
        ]

    async def _end_older(self) -> None:
        """An aircraft flies one sortie: whatever else was left open before it is over.

        It can wait for a full disk; the one in the air cannot.
        """
        while self._older:
            await self._end(self._older[0])
            del self._older[0]

    async def _plan(self, record: SortieRecord) -> MissionPlan | None:
        """As it was approved and launched; None for another, which is told."""
        try:
            plan = await self.records.plan(record.plan_id)
            if plan is None or plan.digest != record.plan_digest:
                return None
            await require_approved(self.records, plan)
        except Refused as error:
            self._no_plan = error
            return None
        return plan

    async def _is_flying(self, record: SortieRecord, plan: MissionPlan | None) -> bool:
        """Whether the plan is on board and was taken over; why not is told once."""
        if plan is None:
            self._tell(record, str(self._no_plan), self._no_plan.text_zh)
            await self.wall.sleep(_TRY_AGAIN_S)
            return False
        try:
            await self.vehicle.do(Recognise(plan=plan))
        except (CommandDenied, LinkLost) as error:
            self._tell(record, str(error), error.text_zh)
            await self.wall.sleep(_TRY_AGAIN_S)
            return False
        await self._item_told()
        takeoff_utc = record.takeoff_utc or await self._takeoff_utc(record)
        await self.flyer.adopt(replace(record, takeoff_utc=takeoff_utc), plan)
        return True

    async def _takeoff_utc(self, record: SortieRecord) -> datetime | None:
        """As it was recorded; an aircraft in the air is guarded whether that can be read or not."""
        try:
            flown = await self.telemetry.flown_before(record.sortie_id)
        except StoreUnavailable as error:
            _log.warning("the take-off time cannot be read", reason=str(error))
            return None
        return flown.takeoff_utc if flown is not None else None

    async def _item_told(self) -> None:
        """A sample that counts items by the plan just recognised."""
        known_s = give_up_s = self.wall.monotonic_s()
        give_up_s += _ITEM_WITHIN_S
        while self.wall.monotonic_s() < give_up_s:
            sample = self.vehicle.latest()
            if sample and sample.heard_at_s > known_s and sample.mission_item is not None:
                return
            await self.wall.sleep(_LOOK_EVERY_S)

    async def _heard(self, record: SortieRecord) -> TelemetrySample:
        """A fresh sample that says whether and how it flies, waiting for it as long as it takes.

        From the first word that it is in the air on, what is heard is recorded under its sortie.
        """
        while True:
            sample = self.vehicle.latest()
            if sample is not None and self.wall.monotonic_s() - sample.heard_at_s < _STALE_S:
                if sample.is_in_air:
                    self.telemetry.begin(record.vehicle_id, record.sortie_id)
                if _is_told(sample):
                    return sample
            await self.wall.sleep(_LOOK_EVERY_S)

    async def _end(self, record: SortieRecord) -> None:
        """It is over: it landed, or never took off, while nobody was there to see it."""
        flown = await self.telemetry.flown(record.sortie_id)
        now = self.world.now_utc()
        record = _ended(record, flown)
        if record.state is SortieState.LANDED:
            record = replace(record, landed_utc=now)
        await self.records.save_sortie(
            record, cause=_RULE, at_utc=now, action=f"sortie.{record.state.value.lower()}"
        )
        fields = {
            "state": record.state.value,
            "reason": record.abnormal[-1],
            "reason_zh": _ENDED_ZH[record.state],
        }
        self._publish("sortie.found_ended", record, fields)

    def _tell(self, record: SortieRecord, reason: str, reason_zh: str) -> None:
        if reason != self._told:
            self._told = reason
            fields = {"reason": reason, "reason_zh": reason_zh}
            self._publish("sortie.not_adopted", record, fields)

    def _tell_waiting(self, error: Exception) -> None:
        _log.warning("finding out what the aircraft does", reason=str(error))

    def _publish(self, name: str, record: SortieRecord, fields: dict[str, Any]) -> None:
        self.bus.publish(
            StoryEvent(
                name=name,
                time_utc=self.world.now_utc(),
                sortie=record.sortie_id,
                grid=record.grid_code,
                aircraft=record.vehicle_id,
                fields=fields,
            )  # fmt: skip
        )


_ENDED_ZH = {
    SortieState.ABORTED: "在记录起飞之前，地面站已停止运行",
    SortieState.LANDED: "降落时地面站未在运行",
}


def _is_told(sample: TelemetrySample) -> bool:
    """Whether it said if it flies and in which mode; one of a mode that we do not know has."""
    has_mode = sample.mode is not FlightMode.UNKNOWN or sample.ages.mode_s is not None
    return sample.is_in_air is not None and has_mode


def _ended(record: SortieRecord, flown: Flown | None) -> SortieRecord:
    if flown is None:
        why = "the station ended before a take-off was recorded"
        return replace(record, state=SortieState.ABORTED, abnormal=(*record.abnormal, why))
    return replace(
        record,
        state=SortieState.LANDED,
        takeoff_utc=record.takeoff_utc or flown.takeoff_utc,
        waypoint_index=max(record.waypoint_index, flown.mission_item or 0),
        abnormal=(*record.abnormal, "the station was not running when it landed"),
    )


async def tell_left_out(
    records: Records, aircraft: Collection[str], bus: Bus, world: WorldClock
) -> None:
    """Name each sortie under way whose aircraft is not in the settings any more."""
    for record in await records.open_sorties():
        if record.state in ENDED or record.vehicle_id in aircraft:
            continue
        reason = f"{record.vehicle_id} is not in the settings of this station"
        bus.publish(
            StoryEvent(
                name="sortie.not_adopted",
                time_utc=world.now_utc(),
                sortie=record.sortie_id,
                grid=record.grid_code,
                aircraft=record.vehicle_id,
                fields={"reason": reason, "reason_zh": f"{record.vehicle_id}不在本站设置中"},
            )  # fmt: skip
        )


class StillFindingOut(Refused):
    """Told to whoever launches before it is known what the aircraft does."""

    def __init__(self) -> None:
        super().__init__(
            "what the aircraft does is not known yet: nothing is launched until it is",
            text_zh="尚不清楚飞行器的状态，查明之前不能起飞",
        )
