"""Missions on the disk. Each changes in the transaction of the plan or sortie that changes it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Connection, Table, and_, select

from ground_station.clearances import ClearanceRecord
from ground_station.mission_following import followed, taken_off
from ground_station.patrol_missions import (
    OPEN,
    UNFLOWN,
    MissionEvent,
    MissionState,
    PatrolMission,
    advance,
    day_of,
)
from ground_station.sorties import SortieRecord, SortieState
from ground_station.store import tables
from ground_station.store.clearances import keep_in
from ground_station.store.codec import decode, encode
from ground_station.store.engine import Store
from ground_station.store.pages import WHOLE_DISTRICT, Ask, Scopes, in_scope, page_of
from ground_station.store.rows import Saved, bodies, body_of, plan_row, save, sortie_row
from missions.clearance import Clearance
from patrol.cause import Cause
from patrol.errors import Refused
from patrol.plan import MissionPlan, plan_from_dict

APPROVED = "plan.approved"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class MissionFilter:
    """Which missions; what is empty does not filter."""

    is_exercise: bool
    day: str = ""
    states: tuple[MissionState, ...] = ()
    grid_code: str = ""  # one grid, or all under a code
    scopes: Scopes = WHOLE_DISTRICT


class Missions:
    """Typed saves and loads. What a save returns from is on the disk; then watchers are told."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._watchers: list[Callable[[], None]] = []

    def watch(self, changed: Callable[[], None]) -> None:
        """Call it after every change; it must not wait."""
        self._watchers.append(changed)

    def changed(self) -> None:
        """Some mission was changed by a write of somebody else's."""
        for changed in self._watchers:
            changed()

    async def made(
        self, plan: MissionPlan, mission: PatrolMission, *, cause: Cause, at_utc: datetime
    ) -> None:
        """Keep a plan just drawn, and its mission; Refused for a second rest of one sortie."""

        def work(connection: Connection) -> None:
            if mission.continues:
                _require_first(_rests_in(connection, [mission.continues]), mission.continues)
            save(connection, plan_row(plan, at_utc), "plan.made", cause, at_utc)
            put_in(connection, mission, cause, at_utc)

        await self._store.write(work)
        self.changed()

    async def change(
        self,
        mission_id: str,
        to: Callable[[PatrolMission], PatrolMission],
        *,
        cause: Cause,
        at_utc: datetime,
    ) -> PatrolMission:
        """A step of a mission as it is when it is written; LookupError when there is none."""

        def work(connection: Connection) -> PatrolMission:
            mission = to(_known_in(connection, mission_id))
            put_in(connection, mission, cause, at_utc)
            return mission

        mission = await self._store.write(work)
        self.changed()
        return mission

    async def approved(
        self, plan: MissionPlan, cleared: Clearance, *, cause: Cause, at_utc: datetime
    ) -> ClearanceRecord:
        """Keep a plan with the name under it and what clears it, both or neither.

        Refused for a mission that is over or under way.
        """

        def work(connection: Connection) -> ClearanceRecord:
            save_plan_in(connection, plan, APPROVED, cause, at_utc, cleared.takeoff_utc)
            return keep_in(connection, cleared, cause)

        kept = await self._store.write(work)
        self.changed()
        return kept

    async def launched(
        self, sortie: SortieRecord, cleared: Clearance, *, cause: Cause, at_utc: datetime
    ) -> None:
        """Keep a sortie and what clears its launch, both or neither; Refused where it may not."""

        def work(connection: Connection) -> None:
            save_sortie_in(connection, sortie, "sortie.launched", cause, at_utc)
            keep_in(connection, cleared, cause, sortie.sortie_id)

        await self._store.write(work)
        self.changed()

    async def take_off(self, sortie_id: str, *, cause: Cause, at_utc: datetime) -> None:
        """The mission of a sortie that is in the air is under way."""

        def work(connection: Connection) -> None:
            body = body_of(connection, tables.sorties, sortie_id)
            mission = _in(connection, str(body["plan_id"])) if body is not None else None
            if mission is not None and (after := taken_off(mission, at_utc)) != mission:
                put_in(connection, after, cause, at_utc)

        await self._store.write(work)
        self.changed()

    async def find(self, mission_id: str) -> PatrolMission | None:
        """A kept mission, or None."""
        return await self._store.read(lambda c: _in(c, mission_id))

    async def get(self, mission_id: str) -> PatrolMission:
        """A kept mission; LookupError when there is none."""
        return await self._store.read(lambda c: _known_in(c, mission_id))

    async def open_ones(self, *, is_exercise: bool, limit: int) -> list[PatrolMission]:
        """Those that are neither closed nor cancelled, newest first."""
        where = _in_states(OPEN, is_exercise)
        found = await self._store.read(
            lambda c: bodies(c, tables.missions, where, limit=limit, is_newest_first=True)
        )
        return [decode(PatrolMission, body) for body in found]

    async def unflown(self, *, is_exercise: bool) -> list[PatrolMission]:
        """Those that may still be flown, or else run out with their day; oldest first."""
        where = _in_states(UNFLOWN, is_exercise)
        found = await self._store.read(lambda c: bodies(c, tables.missions, where))
        return [decode(PatrolMission, body) for body in found]

    async def book(self, *, is_exercise: bool) -> list[tuple[PatrolMission, MissionPlan]]:
        """The plans that were not flown yet or are being flown, for a station that starts."""
        where = _in_states((*UNFLOWN, MissionState.ACTIVE), is_exercise)

        def work(connection: Connection) -> list[tuple[dict[str, Any], dict[str, Any] | None]]:
            return [
                (body, body_of(connection, tables.plans, str(body["mission_id"])))
                for body in bodies(connection, tables.missions, where)
            ]

        found = []
        for body, plan in await self._store.read(work):
            mission = decode(PatrolMission, body)
            try:
                found.append((mission, plan_from_dict(plan or {})))
            except (KeyError, TypeError, ValueError) as error:
                _log.error("a plan cannot be read", plan=mission.mission_id, reason=repr(error))
        return found

    async def of_day(self, day: str, *, is_exercise: bool) -> list[PatrolMission]:
        """The missions of a day, oldest first."""
        c = tables.missions.c
        where = and_(c.day == day, c.is_exercise == is_exercise)
        found = await self._store.read(lambda k: bodies(k, tables.missions, where))
        return [decode(PatrolMission, body) for body in found]

    async def rests_of(self, sortie_ids: Sequence[str]) -> list[PatrolMission]:
        """Missions that go on with one of these sorties, and were not cancelled; oldest first."""
        return await self._store.read(lambda c: _rests_in(c, sortie_ids))

    async def page(self, wanted: MissionFilter, ask: Ask) -> tuple[list[PatrolMission], str]:
        """A page of the newest, and the cursor of the next."""
        table: Table = tables.missions
        c = table.c
        terms = [c.is_exercise == wanted.is_exercise, in_scope(c.grid_code, wanted.scopes)]
        if wanted.day:
            terms.append(c.day == wanted.day)
        if wanted.states:
            terms.append(c.state.in_([state.value for state in wanted.states]))
        if wanted.grid_code:
            terms.append(in_scope(c.grid_code, (wanted.grid_code,)))
        query = select(c.t_utc, c.id, c.body_json).where(*terms)
        page = await self._store.read(
            lambda k: page_of(
                k, query, keys=(c.t_utc, c.id), ask=ask, show=_body, is_descending=True
            )
        )
        return [decode(PatrolMission, body) for body in page.items], page.next_cursor


def mission_row(mission: PatrolMission) -> Saved:
    """A mission; of its findings the audit row of every step need not tell again."""
    return Saved(
        table=tables.missions, id=mission.mission_id, sortie="", grid_code=mission.grid_code,
        state=mission.state.value, t_utc=mission.created_utc, is_exercise=mission.is_exercise,
        body=encode(mission), extra={"day": mission.day, "continues": mission.continues},
        private=frozenset({"findings"}),
    )  # fmt: skip


def put_in(connection: Connection, mission: PatrolMission, cause: Cause, at_utc: datetime) -> None:
    """Write a mission in the open transaction, under the name of its newest step."""
    action = f"mission.{mission.steps[-1].event.value}" if mission.steps else "mission.drafted"
    save(connection, mission_row(mission), action, cause, at_utc)


def save_sortie_in(
    connection: Connection, sortie: SortieRecord, action: str, cause: Cause, at_utc: datetime
) -> None:
    """Keep a sortie, and its mission as that leaves it; Refused when it may not be launched."""
    save(connection, sortie_row(sortie), action, cause, at_utc)
    mission = _in(connection, sortie.plan_id)
    if mission is None:
        return  # a plan of before there were missions
    if mission.state is MissionState.CLOSED and sortie.sortie_id in mission.sorties:
        return
    after = followed(
        mission, sortie, cause, at_utc,
        is_every_log_closed=_are_closed(connection, (*mission.sorties, sortie.sortie_id)),
    )  # fmt: skip
    if after != mission:
        put_in(connection, after, cause, at_utc)


def save_plan_in(
    connection: Connection, plan: MissionPlan, action: str, cause: Cause, at_utc: datetime,
    takeoff_utc: datetime | None = None,
) -> None:  # fmt: skip
    """Keep a plan; one with a person's name under it clears its mission, or is Refused.

    The mission is then one of the day on which it is to take off.
    """
    save(connection, plan_row(plan, at_utc), action, cause, at_utc)
    mission = _in(connection, plan.plan_id) if action == APPROVED else None
    if mission is None:
        return
    if mission.state is MissionState.DRAFT:  # what stopped it then stops it no more
        mission = advance(mission, MissionEvent.PLAN, cause, at_utc)
        put_in(connection, mission, cause, at_utc)
    day = mission.day if takeoff_utc is None else day_of(takeoff_utc)
    cleared = advance(mission, MissionEvent.CLEAR, cause, at_utc)
    put_in(connection, replace(cleared, day=day), cause, at_utc)


def _rests_in(connection: Connection, sortie_ids: Sequence[str]) -> list[PatrolMission]:
    c = tables.missions.c
    where = and_(c.continues.in_(sortie_ids), c.state != MissionState.CANCELLED.value)
    return [decode(PatrolMission, body) for body in bodies(connection, tables.missions, where)]


def _require_first(rests: Sequence[PatrolMission], sortie_id: str) -> None:
    for rest in rests:
        raise Refused(
            f"mission {rest.mission_id} goes on with sortie {sortie_id} already",
            text_zh=f"任务{rest.mission_id}已接续架次{sortie_id}",
        )


def _are_closed(connection: Connection, sortie_ids: Sequence[str]) -> bool:
    c = tables.sorties.c
    states = connection.execute(select(c.state).where(c.id.in_(sortie_ids))).scalars()
    return all(state == SortieState.CLOSED.value for state in states)


def _in(connection: Connection, mission_id: str) -> PatrolMission | None:
    body = body_of(connection, tables.missions, mission_id)
    return None if body is None else decode(PatrolMission, body)


def _known_in(connection: Connection, mission_id: str) -> PatrolMission:
    mission = _in(connection, mission_id)
    if mission is None:
        raise LookupError(f"there is no mission {mission_id}")
    return mission


def _body(row: Mapping[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(row["body_json"])
    return body


def _in_states(states: Sequence[MissionState], is_exercise: bool) -> ColumnElement[bool]:
    c = tables.missions.c
    return and_(c.state.in_([one.value for one in states]), c.is_exercise == is_exercise)
