"""What consoles ask for: alerts that live, the case queue, a case's thread, the log, coverage.

Each runs on a connection inside `Store.read`, filters by scope and is read along an index.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, func, select

from ground_station.casework.states import CaseState
from ground_station.owners import Tier
from ground_station.sorties import SortieRecord, SortieState
from ground_station.store import tables
from ground_station.store.codec import decode
from ground_station.store.pages import WHOLE_DISTRICT, Ask, Page, Scopes, in_scope, page_of
from ground_station.store.rows import bodies, body_of, history_of
from patrol.clock import utc_text

_FLOWN = (SortieState.LANDED, SortieState.ABORTED, SortieState.CLOSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """Which cases; what is None or empty does not filter."""

    is_open: bool | None = True
    tiers: tuple[Tier, ...] = ()
    states: tuple[CaseState, ...] = ()
    owner_unit: str = ""
    due_before_utc: datetime | None = None
    is_exercise: bool | None = None
    scopes: Scopes = WHOLE_DISTRICT


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which audit rows; what is None or empty does not filter.

    `actions` are whole names, read along an index; `action` may be the beginning of one.
    """

    from_utc: datetime | None = None
    until_utc: datetime | None = None
    actor: str = ""
    action: str = ""
    actions: tuple[str, ...] = ()
    object_id: str = ""
    is_exercise: bool | None = None
    scopes: Scopes = WHOLE_DISTRICT


def live_alerts(
    connection: Connection, ask: Ask | None = None, *, scopes: Scopes = WHOLE_DISTRICT
) -> Page:
    """Alerts that somebody still has to do something about, newest first."""
    table = tables.alerts
    query = select(table.c.t_utc, table.c.id, table.c.body_json).where(
        table.c.is_live, in_scope(table.c.grid_code, scopes)
    )
    return page_of(
        connection, query, keys=(table.c.t_utc, table.c.id), ask=ask or Ask(), show=_body,
        is_descending=True,
    )  # fmt: skip


def newest(
    connection: Connection, table: Table, ask: Ask | None = None,
    *, sortie: str = "", state: str = "", scopes: Scopes = WHOLE_DISTRICT,
    is_exercise: bool | None = None,
) -> Page:  # fmt: skip
    """Records of one kind (sorties, sightings, dispatches, …), newest first."""
    query = select(table.c.t_utc, table.c.id, table.c.body_json).where(
        in_scope(table.c.grid_code, scopes)
    )
    if sortie:
        query = query.where(table.c.sortie == sortie)
    if state:
        query = query.where(table.c.state == state)
    if is_exercise is not None:
        query = query.where(table.c.is_exercise == is_exercise)
    return page_of(
        connection, query, keys=(table.c.t_utc, table.c.id), ask=ask or Ask(), show=_body,
        is_descending=True,
    )  # fmt: skip


def case_queue(
    connection: Connection, wanted: CaseFilter | None = None, ask: Ask | None = None
) -> Page:
    """Cases by their clock: what is due first stands first."""
    table, wanted = tables.cases, wanted or CaseFilter()
    query = select(table.c.due_utc, table.c.id, table.c.body_json).where(*_case_terms(wanted))
    return page_of(
        connection, query, keys=(table.c.due_utc, table.c.id), ask=ask or Ask(), show=_body
    )


def newest_cases(
    connection: Connection, wanted: CaseFilter | None = None, ask: Ask | None = None
) -> Page:
    """Cases by the time of filing, newest first."""
    table, wanted = tables.cases, wanted or CaseFilter(is_open=None)
    query = select(table.c.t_utc, table.c.id, table.c.body_json).where(*_case_terms(wanted))
    return page_of(
        connection, query, keys=(table.c.t_utc, table.c.id), ask=ask or Ask(), show=_body,
        is_descending=True,
    )  # fmt: skip


def case_thread(
    connection: Connection, case_no: str, *, scopes: Scopes = WHOLE_DISTRICT
) -> dict[str, Any] | None:
    """A case with its steps, its alert, what was announced and measured; None when unknown.

    One of another scope is as unknown as one that does not exist.
    """
    table = tables.cases
    query = select(table.c.alert_id).where(
        table.c.id == case_no, in_scope(table.c.grid_code, scopes)
    )
    alert_id = connection.execute(query).scalar()
    if alert_id is None:
        return None
    steps = history_of(connection, case_no)
    return {
        "case": body_of(connection, tables.cases, case_no),
        "steps": [{k: v for k, v in step.items() if k != "body_json"} for step in steps],
        "alert": body_of(connection, tables.alerts, alert_id) if alert_id else None,
        "announcements": _of_alert(connection, tables.announcements, alert_id),
        "effects": _of_alert(connection, tables.effects, alert_id),
    }


def audit_log(
    connection: Connection,
    wanted: AuditFilter | None = None,
    ask: Ask | None = None,
    *,
    is_newest_first: bool = False,
) -> Page:
    """Audit rows in the order in which they were written; those of a window (a shift) by time."""
    table, wanted = tables.audit, wanted or AuditFilter()
    query = select(table).where(*_audit_terms(wanted))
    has_window = wanted.from_utc is not None or wanted.until_utc is not None
    # By time a window is one piece of an index, whatever was done to the clock in between.
    keys = (table.c.t_utc, table.c.seq) if has_window else (table.c.seq,)
    return page_of(
        connection, query, keys=keys, ask=ask or Ask(), show=_audit_row,
        is_descending=is_newest_first,
    )  # fmt: skip


def coverage(
    connection: Connection, from_utc: datetime, until_utc: datetime,
    *, scopes: Scopes = WHOLE_DISTRICT,
) -> list[dict[str, Any]]:  # fmt: skip
    """Grids with a sortie that ended in the window: how many, and when the last one began.

    A grid that is not listed was not visited; the register knows which those are.
    """
    c = tables.sorties.c
    query = (
        select(c.grid_code, func.count().label("visits"), func.max(c.t_utc).label("last_utc"))
        .where(c.t_utc >= utc_text(from_utc), c.t_utc < utc_text(until_utc))
        .where(c.state.in_([state.value for state in _FLOWN]), in_scope(c.grid_code, scopes))
        .group_by(c.grid_code)
        .order_by(c.grid_code)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def last_looks(
    connection: Connection, since_utc: datetime, *, is_exercise: bool,
    scopes: Scopes = WHOLE_DISTRICT,
) -> dict[str, datetime]:  # fmt: skip
    """When each grid was last seen whole: the landing of a sortie around or over it.

    It flew every waypoint; of a patrol that takes several, all did, and the earliest landing
    counts. Those that were launched before `since_utc` are not looked for.
    """
    c = tables.sorties.c
    query = (
        select(c.grid_code, c.body_json)
        .where(c.t_utc >= utc_text(since_utc), c.is_exercise == is_exercise)
        .where(c.state.in_([state.value for state in _FLOWN]), in_scope(c.grid_code, scopes))
        .order_by(c.t_utc.desc())
    )
    found: dict[str, datetime] = {}
    parts: dict[tuple[str, str, datetime | None], dict[int, datetime]] = {}
    for grid_code, text in connection.execute(query):
        if grid_code in found:
            continue
        sortie = decode(SortieRecord, json.loads(text))
        if not sortie.is_whole or not sortie.shows_grid or sortie.landed_utc is None:
            continue
        patrol = parts.setdefault((grid_code, sortie.pattern, sortie.planned_utc), {})
        patrol.setdefault(sortie.number, sortie.landed_utc)
        if len(patrol) >= sortie.count:
            found[grid_code] = min(patrol.values())
    return found


def _case_terms(wanted: CaseFilter) -> list[ColumnElement[bool]]:
    c = tables.cases.c
    terms = [in_scope(c.grid_code, wanted.scopes)]
    if wanted.is_open is not None:
        terms.append(c.is_open if wanted.is_open else ~c.is_open)
    if wanted.tiers:
        terms.append(c.tier.in_([tier.value for tier in wanted.tiers]))
    if wanted.states:
        terms.append(c.state.in_([state.value for state in wanted.states]))
    if wanted.owner_unit:
        terms.append(c.owner_unit == wanted.owner_unit)
    if wanted.due_before_utc is not None:
        terms.append(c.due_utc < utc_text(wanted.due_before_utc))
    if wanted.is_exercise is not None:
        terms.append(c.is_exercise if wanted.is_exercise else ~c.is_exercise)
    return terms


def _audit_terms(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    c = tables.audit.c
    terms = [in_scope(c.scope, wanted.scopes)]
    if wanted.from_utc is not None:
        terms.append(c.t_utc >= utc_text(wanted.from_utc))
    if wanted.until_utc is not None:
        terms.append(c.t_utc < utc_text(wanted.until_utc))
    if wanted.actor:
        terms.append(c.actor == wanted.actor)
    if wanted.action:
        terms.append(func.substr(c.action, 1, len(wanted.action)) == wanted.action)
    if wanted.actions:
        terms.append(c.action.in_(wanted.actions))
    if wanted.object_id:
        terms.append(c.object == wanted.object_id)
    if wanted.is_exercise is not None:
        terms.append(c.is_exercise if wanted.is_exercise else ~c.is_exercise)
    return terms


def _body(row: Mapping[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(row["body_json"])
    return body


def _audit_row(row: Mapping[str, Any]) -> dict[str, Any]:
    shown = {key: value for key, value in row.items() if key != "body_json"}
    return shown | {"body": json.loads(row["body_json"])}


def _of_alert(connection: Connection, table: Table, alert_id: str) -> list[dict[str, Any]]:
    return bodies(connection, table, table.c.alert_id == alert_id) if alert_id else []
