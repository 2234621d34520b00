"""What consoles page through: records of a kind, the case queue, cases alike, the audit log.

Each runs on a connection inside `Store.read`, filters by scope and is read along an index.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, false, func, or_, select, true

from ground_station.casework.case import Case
from ground_station.casework.states import CaseState
from ground_station.owners import Tier
from ground_station.sorties import SortieRecord, SortieState
from ground_station.store import tables
from ground_station.store.codec import decode
from ground_station.store.pages import (
    WHOLE_DISTRICT,
    Ask,
    Page,
    Scopes,
    in_scope,
    in_touch,
    page_of,
)
from patrol.clock import utc_text

_FLOWN = (SortieState.LANDED, SortieState.ABORTED, SortieState.CLOSED)
_COMMON = 2000  # audit rows of a kind: from here on they are not rare


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
    departments: tuple[str, ...] = ()  # and what these own or have a task of, wherever it lies


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
    has_no_action: bool = False  # there is none of these: no row
    object_id: str = ""
    is_exercise: bool | None = None
    scopes: Scopes = WHOLE_DISTRICT


def newest(
    connection: Connection, table: Table, ask: Ask | None = None,
    *, sortie: str = "", state: str = "", scopes: Scopes = WHOLE_DISTRICT,
    is_exercise: bool | None = None, units: Sequence[str] = (),
) -> Page:  # fmt: skip
    """Records of one kind (sorties, sightings, dispatches, …), newest first.

    A shift serves a part of the district: each level of the tree reads of it what is its own.
    """
    lies = in_touch if table is tables.shifts else in_scope
    where = lies(table.c.grid_code, scopes)
    if units and table is tables.dispatches:
        where = or_(where, table.c.unit_code.in_(units))
    query = select(table.c.t_utc, table.c.id, table.c.body_json).where(where)
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


def closed_alike(
    connection: Connection, case: Case, within: timedelta, ask: Ask,
    *, scopes: Scopes, departments: Sequence[str] = (),
) -> Page:  # fmt: skip
    """Cases of a kind that were closed so long before one, or with it, oldest first.

    One that is open has none.
    """
    if case.closed_utc is None:
        return Page(items=(), next_cursor="")
    c, cases = tables.case_figures.c, tables.cases.c
    query = (
        select(c.closed_utc, c.id, cases.body_json)
        .join_from(tables.case_figures, tables.cases, c.id == cases.id)
        .where(c.is_exercise == case.is_exercise, c.kind == case.kind, c.is_done == true())
        .where(c.closed_utc >= utc_text(case.closed_utc - within))
        .where(c.closed_utc <= utc_text(case.closed_utc), _in_sight(scopes, departments))
    )
    return page_of(connection, query, keys=(c.closed_utc, c.id), ask=ask, show=_body)


def audit_log(
    connection: Connection,
    wanted: AuditFilter | None = None,
    ask: Ask | None = None,
    *,
    is_newest_first: bool = False,
) -> Page:
    """Audit rows in the order in which they were written; those of a window (a shift) by time."""
    table, wanted = tables.audit, wanted or AuditFilter()
    if wanted.action:
        wanted = _along_index(connection, wanted)
    query = select(table).where(*_audit_terms(wanted))
    has_window = wanted.from_utc is not None or wanted.until_utc is not None
    # By time a window is one piece of an index, whatever was done to the clock in between.
    keys = (table.c.t_utc, table.c.seq) if has_window else (table.c.seq,)
    return page_of(
        connection, query, keys=keys, ask=ask or Ask(), show=_audit_row,
        is_descending=is_newest_first,
    )  # fmt: skip


def _along_index(connection: Connection, wanted: AuditFilter) -> AuditFilter:
    """The same filter by whole names where rows of these are rare: along the index they are few.

    Where they are common the next ones are near in the order in which the log is read anyway.
    """
    c = tables.audit.c
    names = select(func.min(c.action).label("name")).cte("names", recursive=True)
    # One step into the index for each name there is, however many rows have it.
    following = select(func.min(c.action)).where(c.action > names.c.name).scalar_subquery()
    names = names.union_all(select(following).where(names.c.name.is_not(None)))
    found = tuple(
        name
        for name in connection.execute(select(names.c.name)).scalars()
        if name is not None and name.startswith(wanted.action)
    )
    some = select(c.seq).where(c.action.in_(found)).limit(_COMMON).subquery()
    if connection.execute(select(func.count()).select_from(some)).scalar_one() >= _COMMON:
        return wanted
    return replace(wanted, action="", actions=found, has_no_action=not found)


def last_looks(
    connection: Connection, since_utc: datetime, *, is_exercise: bool,
    scopes: Scopes = WHOLE_DISTRICT, until_utc: datetime | None = None,
) -> dict[str, datetime]:  # fmt: skip
    """When each grid was last seen whole: the landing of a sortie around or over it.

    It flew every waypoint; of a patrol that takes several, all did, and the earliest landing
    counts. Of a rest it is the take-off of its first part, which saw the other half. Those that
    were launched before `since_utc`, or after `until_utc`, are not looked for.
    """
    c = tables.sorties.c
    query = (
        select(c.grid_code, c.body_json)
        .where(c.t_utc >= utc_text(since_utc), c.is_exercise == is_exercise)
        .where(c.state.in_([state.value for state in _FLOWN]), in_scope(c.grid_code, scopes))
        .order_by(c.t_utc.desc())
    )
    if until_utc is not None:
        query = query.where(c.t_utc < utc_text(until_utc))
    found: dict[str, datetime] = {}
    parts: dict[tuple[str, str, datetime | None], dict[int, datetime]] = {}
    for grid_code, text in connection.execute(query):
        if grid_code in found:
            continue
        sortie = decode(SortieRecord, json.loads(text))
        if not sortie.is_whole or not sortie.shows_grid or sortie.landed_utc is None:
            continue
        patrol = parts.setdefault((grid_code, sortie.pattern, sortie.planned_utc), {})
        patrol.setdefault(sortie.number, sortie.begun_utc or sortie.landed_utc)
        if len(patrol) >= sortie.count:
            found[grid_code] = min(patrol.values())
    return found


def _case_terms(wanted: CaseFilter) -> list[ColumnElement[bool]]:
    c = tables.cases.c
    terms = [_in_sight(wanted.scopes, wanted.departments)]
    if wanted.is_open is not None:
        terms.append(c.is_open if wanted.is_open else ~c.is_open)
    if wanted.tiers:
        terms.append(c.tier.in_([tier.value for tier in wanted.tiers]))
    if len(wanted.states) == 1:
        terms.append(c.state == wanted.states[0].value)
    elif wanted.states:
        # Of several an index by state would have to be sorted whole, bodies and all: by their
        # clocks they are in order, and the state stands in that index too.
        terms.append(c.state.concat("").in_([state.value for state in wanted.states]))
    if wanted.owner_unit:
        terms.append(c.owner_unit == wanted.owner_unit)
    if wanted.due_before_utc is not None:
        terms.append(c.due_utc < utc_text(wanted.due_before_utc))
    if wanted.is_exercise is not None:
        terms.append(c.is_exercise if wanted.is_exercise else ~c.is_exercise)
    return terms


def _in_sight(scopes: Scopes, departments: Sequence[str]) -> ColumnElement[bool]:
    """Cases of the parts of the district, and those of the departments."""
    c = tables.cases.c
    in_parts = in_scope(c.grid_code, scopes)
    if not departments:
        return in_parts
    task = tables.dispatches.c
    tasked = select(task.case_no).where(task.unit_code.in_(departments))
    return or_(in_parts, c.owner_code.in_(departments), c.id.in_(tasked))


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
    if wanted.has_no_action:
        terms.append(false())
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
