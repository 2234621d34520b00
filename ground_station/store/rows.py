"""Records as rows: which columns they fill, and the one way in which they are written and read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, insert, select, update
from sqlalchemy import func as sql

from ground_station.alerts import CrowdAlert
from ground_station.announcements import Announcement
from ground_station.casework.case import Case
from ground_station.casework.states import FINAL
from ground_station.sorties import EffectRecord, SortieRecord
from ground_station.store import audit, figures, tables
from ground_station.store.codec import canonical_json, encode, sha256_text
from patrol.cause import Cause
from patrol.clock import utc_text
from patrol.plan import MissionPlan
from patrol.sighting import Sighting


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A record that is ready to be written."""

    table: Table
    id: str
    sortie: str
    grid_code: str | None
    state: str
    t_utc: datetime
    is_exercise: bool
    body: Mapping[str, Any]
    extra: Mapping[str, str | bool]
    # What may have to be deleted one day stands in no audit row, for these are never changed.
    private: frozenset[str] = frozenset()


def save(
    connection: Connection, row: Saved, action: str, cause: Cause, at_utc: datetime
) -> audit.ChainHead:
    """Write or rewrite a record, what figures need of it, and its audit row."""
    values = row_values(row)
    table = row.table
    before = connection.execute(select(table.c.body_json).where(table.c.id == row.id)).scalar()
    # One writer: nobody can put the row in meanwhile.
    if before is None:
        connection.execute(insert(table).values(values))
    else:
        connection.execute(update(table).where(table.c.id == row.id).values(values))
    figures.refresh(connection, table, json.loads(values["body_json"]))
    return audit.append(
        connection,
        action=action,
        object_id=row.id,
        body={
            "table": table.name,
            "record": {k: v for k, v in row.body.items() if k not in row.private},
            "before": "" if before is None else sha256_text(before),
            "after": sha256_text(values["body_json"]),
        },
        cause=cause,
        time_utc=at_utc,
        is_exercise=row.is_exercise,
        scope=row.grid_code or "",
    )


def row_values(row: Saved) -> dict[str, Any]:
    """The columns of a record."""
    return {
        "id": row.id,
        "sortie": row.sortie,
        "grid_code": row.grid_code,
        "state": row.state,
        "t_utc": utc_text(row.t_utc),
        "is_exercise": row.is_exercise,
        "body_json": canonical_json(row.body),
        **row.extra,
    }


def body_of(connection: Connection, table: Table, record_id: str) -> dict[str, Any] | None:
    """One record's JSON; None when there is none."""
    text = connection.execute(select(table.c.body_json).where(table.c.id == record_id)).scalar()
    return None if text is None else json.loads(text)


def bodies(
    connection: Connection,
    table: Table,
    where: ColumnElement[bool] | None = None,
    *,
    limit: int | None = None,
    is_newest_first: bool = False,
) -> list[dict[str, Any]]:
    """Records' JSON in the order of their time."""
    order = (table.c.t_utc, table.c.id)
    query = select(table.c.body_json).order_by(
        *(column.desc() if is_newest_first else column for column in order)
    )
    if where is not None:
        query = query.where(where)
    return [json.loads(text) for text in connection.execute(query.limit(limit)).scalars()]


def append_history(
    connection: Connection, case: Case, event: str, before: str, cause: Cause, at_utc: datetime
) -> None:
    """Add a step to a case's history."""
    append_row(
        connection,
        tables.case_history,
        cause=cause,
        at_utc=at_utc,
        is_exercise=case.is_exercise,
        body=encode(case),
        extra={
            "case_no": case.case_no,
            "sortie": case.sortie,
            "event": event,
            "from_state": before,
            "to_state": case.state.value,
        },
    )


def history_of(connection: Connection, case_no: str) -> list[dict[str, Any]]:
    """The steps of a case, oldest first."""
    table = tables.case_history
    query = select(table).where(table.c.case_no == case_no).order_by(table.c.seq)
    return [dict(row) for row in connection.execute(query).mappings()]


def append_row(
    connection: Connection,
    table: Table,
    *,
    cause: Cause,
    at_utc: datetime,
    is_exercise: bool,
    body: Mapping[str, Any],
    extra: Mapping[str, str],
) -> None:
    """Put the next row into a table that only grows."""
    last = connection.execute(select(sql.max(table.c.seq))).scalar()
    connection.execute(
        insert(table).values(
            {
                "seq": (last or 0) + 1,
                "t_utc": utc_text(at_utc),
                "actor": cause.actor,
                "role": cause.role.value,
                "is_exercise": is_exercise,
                "body_json": canonical_json(body),
                **extra,
            }
        )
    )


def plan_row(plan: MissionPlan, at_utc: datetime) -> Saved:
    """A plan; its sorties point to it, so it names none itself."""
    return Saved(
        table=tables.plans, id=plan.plan_id, sortie="", grid_code=plan.grid_code,
        state="APPROVED" if plan.approved_by else "PLANNED",
        t_utc=plan.approved_utc or at_utc, is_exercise=plan.is_exercise, body=plan.to_dict(),
        extra={"digest": plan.digest, "approved_by": plan.approved_by},
    )  # fmt: skip


def sortie_row(sortie: SortieRecord) -> Saved:
    """A sortie."""
    return Saved(
        table=tables.sorties, id=sortie.sortie_id, sortie=sortie.sortie_id,
        grid_code=sortie.grid_code, state=sortie.state.value, t_utc=sortie.created_utc,
        is_exercise=sortie.is_exercise, body=encode(sortie), extra={"plan_id": sortie.plan_id},
    )  # fmt: skip


def sighting_row(sighting: Sighting, register_version: str, *, is_exercise: bool) -> Saved:
    """A sighting, with the register that its grid code is of."""
    return Saved(
        table=tables.sightings, id=sighting.sighting_id, sortie=sighting.sortie,
        grid_code=sighting.grid_code, state=sighting.stage.value, t_utc=sighting.time_utc,
        is_exercise=is_exercise,
        body={
            "sighting": encode(sighting), "register_version": register_version,
            "is_exercise": is_exercise,
        },
        extra={"rule": sighting.rule},
    )  # fmt: skip


def alert_row(alert: CrowdAlert) -> Saved:
    """An alert."""
    return Saved(
        table=tables.alerts, id=alert.alert_id, sortie=alert.sortie, grid_code=alert.grid_code,
        state=alert.state.value, t_utc=alert.raised_utc, is_exercise=alert.is_exercise,
        body=encode(alert), extra={
            "level": alert.level.value, "case_no": alert.case_no,
            "is_live": alert.is_open,
        },
    )  # fmt: skip


def announcement_row(announcement: Announcement) -> Saved:
    """An announcement."""
    return Saved(
        table=tables.announcements, id=announcement.announcement_id, sortie=announcement.sortie,
        grid_code=announcement.grid_code, state=announcement.state.value,
        t_utc=announcement.created_utc, is_exercise=announcement.is_exercise,
        body=encode(announcement),
        extra={
            "alert_id": announcement.alert_id, "template_id": announcement.template_id,
            "released_by": announcement.released_by, "audio_sha256": announcement.audio_sha256,
        },
    )  # fmt: skip


def effect_row(effect: EffectRecord) -> Saved:
    """A measured effect."""
    return Saved(
        table=tables.effects, id=effect.effect_id, sortie=effect.sortie,
        grid_code=effect.grid_code, state=effect.verdict.value if effect.verdict else "observing",
        t_utc=effect.observing_since_utc, is_exercise=effect.is_exercise, body=encode(effect),
        extra={"alert_id": effect.alert_id},
    )  # fmt: skip


def case_row(case: Case) -> Saved:
    """A case."""
    return Saved(
        table=tables.cases, id=case.case_no, sortie=case.sortie, grid_code=case.grid_code,
        state=case.state.value, t_utc=case.filed_utc, is_exercise=case.is_exercise,
        body=encode(case),
        extra={
            "alert_id": case.alert_id, "tier": case.tier.value, "owner_unit": case.owner.unit,
            "owner_person": case.owner.person, "due_utc": utc_text(case.due_utc),
            "is_open": case.state not in FINAL, "owner_code": case.owner.code,
        },
    )  # fmt: skip
