"""Saving and loading the records. Every save writes its audit row in the same transaction."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, true

from ground_station.alerts import CrowdAlert
from ground_station.announcements import Announcement
from ground_station.case_numbers import make_case_number
from ground_station.casework.case import Case
from ground_station.casework.states import CaseEvent
from ground_station.sorties import EffectRecord, SortieRecord, SortieState
from ground_station.store import audit, tables
from ground_station.store.closing import ClosedLog, close_in, correct_in
from ground_station.store.codec import canonical_json, decode, encode
from ground_station.store.engine import Store
from ground_station.store.missions import Missions, save_plan_in, save_sortie_in
from ground_station.store.numbers import next_case_sequence, next_record_id
from ground_station.store.rows import (
    Saved,
    alert_row,
    announcement_row,
    append_history,
    bodies,
    body_of,
    case_row,
    effect_row,
    history_of,
    save,
    sighting_row,
)
from patrol.cause import Cause
from patrol.clock import utc_text
from patrol.errors import Refused
from patrol.plan import MissionPlan, plan_from_dict
from patrol.sighting import Sighting


class Records:
    """Typed saves and loads over a store. What a save returns from is on the disk."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.missions = Missions(store)

    async def next_id(self, kind: str, at_utc: datetime) -> str:
        """A new id such as "A-20261124-0001"; kinds are M mission, A alert, B announcement."""
        return await self._store.write(lambda connection: next_record_id(connection, kind, at_utc))

    async def note(
        self,
        action: str,
        object_id: str,
        body: Mapping[str, Any],
        *,
        cause: Cause,
        at_utc: datetime,
        is_exercise: bool,
        scope: str = "",
    ) -> audit.ChainHead:
        """Write an audit row that belongs to no record; `scope` is the grid that it concerns."""
        return await self._store.write(
            lambda connection: audit.append(
                connection,
                action=action,
                object_id=object_id,
                body=body,
                cause=cause,
                time_utc=at_utc,
                is_exercise=is_exercise,
                scope=scope,
            )
        )

    async def notes(self, object_id: str, *actions: str) -> list[tuple[str, dict[str, Any]]]:
        """What was noted of an object by these actions, oldest first."""
        c = tables.audit.c
        where = (c.object == object_id, c.action.in_(actions))
        query = select(c.action, c.body_json).where(*where).order_by(c.seq)
        rows = await self._store.read(lambda connection: connection.execute(query).all())
        return [(str(row.action), json.loads(row.body_json)) for row in rows]

    async def note_though_late(
        self,
        action: str,
        object_id: str,
        body: Mapping[str, Any],
        *,
        cause: Cause,
        at_utc: datetime,
        is_exercise: bool,
    ) -> None:
        """As `note`, for what must be obeyed at once: without a disk the row is written later."""
        await self._store.write_though_late(
            lambda connection: audit.append(
                connection,
                action=action,
                object_id=object_id,
                body=body,
                cause=cause,
                time_utc=at_utc,
                is_exercise=is_exercise,
            )
        )

    async def chain_head(self) -> audit.ChainHead:
        """Row count and head hash of the audit chain."""
        return await self._store.read(audit.head)

    # Plans, sorties, sightings

    async def save_plan(
        self, plan: MissionPlan, *, cause: Cause, at_utc: datetime, action: str = "plan.approved"
    ) -> None:
        """Keep a plan with the name under it; its mission is cleared by that."""
        await self._store.write(lambda c: save_plan_in(c, plan, action, cause, at_utc))
        self.missions.changed()

    async def plan(self, plan_id: str) -> MissionPlan | None:
        """A kept plan."""
        body = await self._store.read(lambda c: body_of(c, tables.plans, plan_id))
        return None if body is None else plan_from_dict(body)

    async def save_sortie(
        self, sortie: SortieRecord, *, cause: Cause, at_utc: datetime, action: str
    ) -> None:
        """Keep a sortie as it is now, and its mission; Refused for a launch of one not cleared."""
        await self._store.write(lambda c: save_sortie_in(c, sortie, action, cause, at_utc))
        self.missions.changed()

    async def sortie(self, sortie_id: str) -> SortieRecord | None:
        """A kept sortie."""
        body = await self._store.read(lambda c: body_of(c, tables.sorties, sortie_id))
        return None if body is None else decode(SortieRecord, body)

    async def sorties(self, sortie_ids: Sequence[str]) -> list[SortieRecord]:
        """Those of these that there are, in this order."""
        where = tables.sorties.c.id.in_(sortie_ids)
        found = await self._store.read(lambda c: bodies(c, tables.sorties, where))
        known = {body["sortie_id"]: decode(SortieRecord, body) for body in found}
        return [known[name] for name in sortie_ids if name in known]

    async def open_sorties(self) -> list[SortieRecord]:
        """Sorties whose log is not closed, oldest first."""
        column = tables.sorties.c.state
        found = await self._store.read(
            lambda c: bodies(c, tables.sorties, column != SortieState.CLOSED.value)
        )
        return [decode(SortieRecord, body) for body in found]

    async def last_flown(self, grid_code: str, *, since_utc: datetime) -> SortieRecord | None:
        """The newest sortie over a grid that took off and landed since then."""
        columns = tables.sorties.c
        # Launched earlier than it landed: a day is more than any sortie lasts.
        launched = utc_text(since_utc - timedelta(days=1))
        where = (columns.grid_code == grid_code) & (columns.t_utc >= launched)
        found = await self._store.read(
            lambda c: bodies(c, tables.sorties, where, is_newest_first=True)
        )
        for sortie in (decode(SortieRecord, body) for body in found):
            if sortie.takeoff_utc and sortie.landed_utc and sortie.landed_utc >= since_utc:
                return sortie
        return None

    async def save_sighting(
        self,
        sighting: Sighting,
        *,
        register_version: str,
        is_exercise: bool,
        cause: Cause,
        at_utc: datetime,
        action: str = "sighting",
    ) -> None:
        """Keep a sighting: numbers and one place, nobody's picture."""
        row = sighting_row(sighting, register_version, is_exercise=is_exercise)

        def work(connection: Connection) -> None:
            kept = body_of(connection, tables.sightings, sighting.sighting_id) or {}
            # What the registrar said of it stays, whatever the eye sees next.
            body = {**row.body, **({"review": kept["review"]} if "review" in kept else {})}
            state = kept["review"]["state"] if "review" in kept else row.state
            save(connection, replace(row, body=body, state=state), action, cause, at_utc)

        await self._store.write(work)

    async def sightings(self, sortie_id: str) -> list[Sighting]:
        """The sightings of a sortie, oldest first."""
        column = tables.sightings.c.sortie
        found = await self._store.read(lambda c: bodies(c, tables.sightings, column == sortie_id))
        return [decode(Sighting, body["sighting"]) for body in found]

    async def sightings_since(self, since_utc: datetime, *, limit: int) -> list[Sighting]:
        """The newest sightings of every sortie since then, newest first."""
        where = tables.sightings.c.t_utc >= utc_text(since_utc)
        found = await self._store.read(
            lambda c: bodies(c, tables.sightings, where, limit=limit, is_newest_first=True)
        )
        return [decode(Sighting, body["sighting"]) for body in found]

    # Alerts, announcements, effects

    async def save_alert(
        self, alert: CrowdAlert, *, cause: Cause, at_utc: datetime, action: str
    ) -> None:
        """Keep an alert as it is now."""
        await self._save(alert_row(alert), action, cause, at_utc)

    async def alert(self, alert_id: str) -> CrowdAlert | None:
        """A kept alert."""
        body = await self._store.read(lambda c: body_of(c, tables.alerts, alert_id))
        return None if body is None else decode(CrowdAlert, body)

    async def alerts(self, sortie_id: str | None = None, limit: int = 100) -> list[CrowdAlert]:
        """The newest alerts, newest first."""
        where = tables.alerts.c.sortie == sortie_id if sortie_id is not None else None
        found = await self._store.read(
            lambda c: bodies(c, tables.alerts, where, limit=limit, is_newest_first=True)
        )
        return [decode(CrowdAlert, body) for body in found]

    async def unsettled_alerts(self) -> list[CrowdAlert]:
        """Alerts that somebody still has to do something about, oldest first."""
        found = await self._store.read(lambda c: bodies(c, tables.alerts, tables.alerts.c.is_live))
        return [decode(CrowdAlert, body) for body in found]

    async def save_announcement(
        self, announcement: Announcement, *, cause: Cause, at_utc: datetime, action: str
    ) -> None:
        """Keep an announcement as it is now."""
        await self._save(announcement_row(announcement), action, cause, at_utc)

    async def announcement(self, announcement_id: str) -> Announcement | None:
        """A kept announcement."""
        body = await self._store.read(lambda c: body_of(c, tables.announcements, announcement_id))
        return None if body is None else decode(Announcement, body)

    async def announcements(
        self, *, since_utc: datetime | None = None, sortie_id: str | None = None
    ) -> list[Announcement]:
        """Announcements created since then, of a sortie or of all, oldest first."""
        columns = tables.announcements.c
        where = columns.t_utc >= (utc_text(since_utc) if since_utc else "")
        if sortie_id is not None:
            where = where & (columns.sortie == sortie_id)
        found = await self._store.read(lambda c: bodies(c, tables.announcements, where))
        return [decode(Announcement, body) for body in found]

    async def save_effect(
        self, effect: EffectRecord, *, cause: Cause, at_utc: datetime, action: str = "effect"
    ) -> None:
        """Keep what the announcements changed."""
        await self._save(effect_row(effect), action, cause, at_utc)

    async def effects(self, sortie_id: str) -> list[EffectRecord]:
        """The effects measured in a sortie, oldest first."""
        column = tables.effects.c.sortie
        found = await self._store.read(lambda c: bodies(c, tables.effects, column == sortie_id))
        return [decode(EffectRecord, body) for body in found]

    # Cases

    async def file_case(
        self,
        case: Case,
        *,
        cause: Cause,
        at_utc: datetime,
        event: str = "file",
        also: Callable[[Connection, Case], None] | None = None,
    ) -> Case:
        """Number a case and keep it, all or nothing: a number is never used twice.

        `also` writes what belongs to the numbered case in the same transaction.
        """

        def work(connection: Connection) -> Case:
            sequence = next_case_sequence(connection, case.source, at_utc)
            number = make_case_number(
                at_utc=at_utc, source=case.source, grid_code=case.grid_code, sequence=sequence
            )
            numbered = replace(case, case_no=str(number))
            action = "case.filed" if event == "file" else f"case.{event}"
            save(connection, case_row(numbered), action, cause, at_utc)
            append_history(connection, numbered, event, "", cause, at_utc)
            if also is not None:
                also(connection, numbered)
            return numbered

        return await self._store.write(work)

    async def save_case(
        self,
        case: Case,
        *,
        event: CaseEvent,
        cause: Cause,
        at_utc: datetime,
        was: Case | None = None,
    ) -> None:
        """Keep a case after an event, and the event in its history.

        `was` is the case from which the step was taken; Refused when it has changed meanwhile.
        """

        def work(connection: Connection) -> None:
            before = body_of(connection, tables.cases, case.case_no) or {"state": ""}
            # As written: the records keep milliseconds, and a clock tells more.
            if was is not None and encode(decode(Case, before)) != encode(was):
                now = decode(Case, before).state
                raise Refused(
                    f"case {case.case_no} is {now.value} by now: somebody else was quicker",
                    text_zh=f"案件{case.case_no}已为“{now.zh}”：他人已先行办理",
                )
            save(connection, case_row(case), f"case.{event.value}", cause, at_utc)
            append_history(connection, case, event.value, before["state"], cause, at_utc)

        await self._store.write(work)

    async def case(self, case_no: str) -> Case | None:
        """A kept case."""
        body = await self._store.read(lambda c: body_of(c, tables.cases, case_no))
        return None if body is None else decode(Case, body)

    async def cases(self, *, is_open_only: bool = False, limit: int = 500) -> list[Case]:
        """Cases, newest first."""
        where = tables.cases.c.is_open == true() if is_open_only else None
        found = await self._store.read(
            lambda c: bodies(c, tables.cases, where, limit=limit, is_newest_first=True)
        )
        return [decode(Case, body) for body in found]

    async def case_of_alert(self, alert_id: str, *, since_utc: datetime) -> Case | None:
        """The case that was filed of an alert, however many were filed since it was raised."""
        c = tables.cases.c
        where = (c.t_utc >= utc_text(since_utc)) & (c.alert_id == alert_id)
        found = await self._store.read(lambda k: bodies(k, tables.cases, where, limit=1))
        return decode(Case, found[0]) if found else None

    async def case_history(self, case_no: str) -> list[dict[str, Any]]:
        """Every step of a case with its time, event, states, actor and role, oldest first."""
        return await self._store.read(lambda c: history_of(c, case_no))

    # Closing

    async def close_log(
        self,
        sortie_id: str,
        *,
        cause: Cause,
        at_utc: datetime,
        telemetry_summary: Mapping[str, Any] | None = None,
    ) -> ClosedLog:
        """Close a sortie's patrol log: one hash over its records, which then refuse every change.

        Refused while it flies, while a signature lacks or while an alert of it is unsettled.
        """
        told = telemetry_summary or {}
        closed = await self._store.write(
            lambda c: close_in(c, sortie_id, cause=cause, at_utc=at_utc, telemetry_summary=told)
        )
        self.missions.changed()
        return closed

    async def closed_log(self, sortie_id: str) -> dict[str, Any] | None:
        """What was written when the log was closed; None while it is open."""
        table = tables.patrol_logs

        def work(connection: Connection) -> dict[str, Any] | None:
            query = select(table.c.body_json).where(table.c.sortie == sortie_id)
            text = connection.execute(query).scalar()
            return None if text is None else json.loads(text)

        return await self._store.read(work)

    async def correct(
        self, sortie_id: str, text: str, body: Mapping[str, Any], *, cause: Cause, at_utc: datetime
    ) -> None:
        """Append a correction to a closed patrol log; the log itself stays as it is."""
        canonical_json(
            body
        )  # a value that is no JSON is told before anything is asked of the writer
        await self._store.write(
            lambda c: correct_in(c, sortie_id, text, body, cause=cause, at_utc=at_utc)
        )

    async def _save(self, row: Saved, action: str, cause: Cause, at_utc: datetime) -> None:
        await self._store.write(lambda connection: save(connection, row, action, cause, at_utc))
