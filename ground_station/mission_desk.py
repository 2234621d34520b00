"""Missions beside their plans: cancelled, aborted, run out with their day, shown on every board."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import anyio
import structlog

from ground_station.chronicle import Chronicle
from ground_station.live import Board
from ground_station.mission_following import taken_off
from ground_station.mission_shapes import MissionView
from ground_station.mission_views import mission_view
from ground_station.patrol_missions import (
    MissionEvent,
    MissionState,
    PatrolMission,
    advance,
    day_of,
)
from ground_station.plan_desk import PlanDesk
from ground_station.store.records import Records
from ground_station.switchboard import Desks, Switchboard
from patrol.bus import Bus
from patrol.cause import Cause, Role, by_system
from patrol.clock import WallClock, WorldClock
from patrol.errors import Refused, Transient
from patrol.story import StoryEvent
from patrol.supervise import supervise

_EVERY_S = 30.0  # world
_SHOWN = 60  # on the board; every mission is in the list
_IN_THE_AIR = ("airborne", "sortie.adopted")
_RAN_OUT = by_system("mission.end_of_day")
_FLIGHT = by_system("mission.take_off")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class MissionParts:
    """What the desk is handed."""

    records: Records
    plans: PlanDesk
    switchboard: Switchboard
    bus: Bus
    board: Board
    chronicle: Chronicle
    world: WorldClock
    wall: WallClock
    is_exercise: bool


class MissionDesk:
    """Every verb asks the table of states inside the transaction that writes its answer."""

    def __init__(self, parts: MissionParts) -> None:
        self._parts = parts
        self._changed = anyio.Event()
        self._loaded = anyio.Event()
        parts.records.missions.watch(self._note_change)

    async def run(self) -> None:
        """Take up the plans of an earlier run, follow their flights, and show until cancelled."""
        async with anyio.create_task_group() as group:
            # At once: an aircraft may take off while the book is still being read.
            group.start_soon(self._follow)
            await supervise(self._load, clock=self._parts.wall, on_lost=_tell_waiting)
            group.start_soon(self._show_changes)

    async def run_out(self) -> None:
        """Look at the day's end until cancelled, in world time."""
        while True:
            try:
                await self.expire()
            except Transient as error:
                _log.warning("missions of an earlier day wait", reason=str(error))
            await self._parts.world.sleep(_EVERY_S)

    async def until_loaded(self) -> None:
        """Wait until the plans of an earlier run can be launched again."""
        await self._loaded.wait()

    async def cancel(self, plan_id: str, reason: str, cause: Cause) -> MissionView:
        """Give a mission up before it has taken off; Refused while an aircraft is about to."""
        mission = await self._step(plan_id, MissionEvent.CANCEL, cause, reason)
        self._tell("mission.cancelled", mission, cause, reason)
        return mission_view(mission)

    async def abort(self, mission_id: str, reason: str, cause: Cause) -> MissionView:
        """By the pilot it comes home at once; a leader's word is a request that the pilot sees."""
        if cause.role is Role.LEADER:
            mission = await self._step(mission_id, MissionEvent.ASK_ABORT, cause, reason)
            self._tell("mission.abort_asked", mission, cause, reason)
            return mission_view(mission)
        desks = self._flying(mission_id)
        if desks is None:
            raise await self._not_flown(mission_id, reason, cause)
        # Before anything is written: a full disk keeps nobody from coming home.
        await desks.sorties.command("return", cause, reason)
        if not desks.sorties.has_taken_off:  # the launch was called off: it is still cleared
            return mission_view(await self._parts.records.missions.get(mission_id))
        mission = await self._step(mission_id, MissionEvent.ABORT, cause, reason)
        self._tell("mission.aborted", mission, cause, reason)
        return mission_view(mission)

    async def expire(self) -> list[PatrolMission]:
        """Cancel what was not flown by the end of its day in Shanghai; those that were."""
        parts, now = self._parts, self._parts.world.now_utc()
        over = []
        for mission in await parts.records.missions.unflown(is_exercise=parts.is_exercise):
            if mission.day >= day_of(now):
                continue
            reason = f"not flown by the end of {mission.day}"
            try:
                gone = await self._step(mission.mission_id, MissionEvent.EXPIRE, _RAN_OUT, reason)
            except Refused:
                continue  # somebody was quicker, or it is about to take off
            self._tell("mission.expired", gone, _RAN_OUT, reason, f"{mission.day}内未执行")
            over.append(gone)
        return over

    async def show(self) -> None:
        """Put those that are not over onto every board."""
        parts = self._parts
        found = await parts.records.missions.open_ones(is_exercise=parts.is_exercise, limit=_SHOWN)
        parts.board.set(missions=[mission_view(mission) for mission in found])

    async def _step(
        self, mission_id: str, event: MissionEvent, cause: Cause, reason: str
    ) -> PatrolMission:
        now = self._parts.world.now_utc()

        def stepped(mission: PatrolMission) -> PatrolMission:
            if event is MissionEvent.ABORT:  # its take-off may be on its way to the disk
                mission = taken_off(mission, now)
            return advance(mission, event, cause, now, reason)

        return await self._parts.records.missions.change(
            mission_id, stepped, cause=cause, at_utc=now
        )

    def _flying(self, mission_id: str) -> Desks | None:
        """Whose aircraft flies it."""
        for desks in self._parts.switchboard.every:
            plan = desks.sorties.plan
            if plan is not None and plan.plan_id == mission_id:
                return desks
        return None

    async def _not_flown(self, mission_id: str, reason: str, cause: Cause) -> Refused:
        """Why it cannot be aborted: by the table of states, or because nobody flies it."""
        mission = await self._parts.records.missions.get(mission_id)
        try:
            advance(mission, MissionEvent.ABORT, cause, self._parts.world.now_utc(), reason)
        except Refused as error:
            return error
        return Refused(
            f"no aircraft of this station is known to fly mission {mission_id}",
            text_zh=f"本站没有已知正在执行任务{mission_id}的飞行器",
        )

    async def _load(self) -> None:
        await self._parts.plans.load()
        await self.show()
        self._loaded.set()

    async def _follow(self) -> None:
        """A mission is under way from the moment its aircraft is in the air."""
        parts = self._parts
        with parts.bus.subscribe(
            StoryEvent, where=lambda event: event.name in _IN_THE_AIR
        ) as events:
            async for event in events:
                await supervise(
                    lambda event=event: parts.records.missions.take_off(  # type: ignore[misc]
                        event.sortie, cause=_FLIGHT, at_utc=event.time_utc
                    ),
                    clock=parts.wall, on_lost=_tell_waiting,
                )  # fmt: skip

    async def _show_changes(self) -> None:
        while True:
            await self._changed.wait()
            self._changed = anyio.Event()  # before it is read: what comes meanwhile is read again
            await supervise(self.show, clock=self._parts.wall, on_lost=_tell_waiting)

    def _note_change(self) -> None:
        self._changed.set()

    def _tell(
        self, name: str, mission: PatrolMission, cause: Cause, reason: str, reason_zh: str = ""
    ) -> None:
        fields: dict[str, Any] = {
            "mission": mission.mission_id, "by": cause.actor, "reason": reason,
            "reason_zh": reason_zh or reason, "state": mission.state.value,
        }  # fmt: skip
        self._parts.chronicle.tell(
            StoryEvent(
                name=name,
                time_utc=self._parts.world.now_utc(),
                grid=mission.grid_code,
                sortie=mission.sorties[-1] if _is_flown(mission) else "",
                aircraft=mission.aircraft,
                fields=fields,
            )  # fmt: skip
        )


def _is_flown(mission: PatrolMission) -> bool:
    flown = (MissionState.ACTIVE, MissionState.ABORTED)
    return mission.state in flown and bool(mission.sorties)


def _tell_waiting(error: Transient) -> None:
    _log.warning("missions wait for the records", reason=str(error))
