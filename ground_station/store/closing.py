"""Closing a patrol log: one hash over a sortie's records, which nobody can change afterwards."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, insert, select

from ground_station.alerts import UNSETTLED, AlertState
from ground_station.record_words import value_zh
from ground_station.sorties import ENDED, SIGNERS, SortieRecord, SortieState
from ground_station.store import audit, tables
from ground_station.store.codec import canonical_json, decode, encode, sha256_text
from ground_station.store.missions import save_sortie_in
from ground_station.store.rows import append_row, body_of
from patrol.cause import Cause
from patrol.clock import utc_text
from patrol.errors import Refused
from patrol.role_words import roles_zh

LOG_FORMAT = "gridpatrol-log/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedLog:
    """What the crew writes down: the chain as it stood when the log was closed."""

    sortie_id: str
    row_count: int
    head_hash: str
    records_hash: str
    record_count: int


def close_in(
    connection: Connection,
    sortie_id: str,
    *,
    cause: Cause,
    at_utc: datetime,
    telemetry_summary: Mapping[str, Any],
) -> ClosedLog:
    """Close a sortie's log in the open transaction; Refused says what is still missing."""
    sortie = _closable(connection, sortie_id)
    closed = replace(sortie, state=SortieState.CLOSED)
    save_sortie_in(connection, closed, "sortie.closed", cause, at_utc)
    covers = _covers(connection, closed)
    body = _told(closed, covers, cause, at_utc) | {"telemetry": encode(telemetry_summary)}
    head = audit.append(
        connection,
        action="log.closed",
        object_id=sortie_id,
        body=body,
        cause=cause,
        time_utc=at_utc,
        is_exercise=closed.is_exercise,
        scope=closed.grid_code,
    )
    _keep(connection, closed, covers, body, head)
    return ClosedLog(
        sortie_id=sortie_id,
        row_count=head.row_count,
        head_hash=head.hash,
        records_hash=body["records_hash"],
        record_count=len(covers),
    )


def _told(
    closed: SortieRecord, covers: list[list[str]], cause: Cause, at_utc: datetime
) -> dict[str, Any]:
    """The log is, word for word, what its audit row tells."""
    return {
        "format": LOG_FORMAT,
        "sortie": encode(closed),
        "closed_utc": utc_text(at_utc),
        "closed_by": cause.actor,
        "record_count": len(covers),
        "records_hash": sha256_text(canonical_json(covers)),
        audit.SCOPE_KEY: closed.grid_code,
    }


def _keep(
    connection: Connection,
    closed: SortieRecord,
    covers: list[list[str]],
    body: Mapping[str, Any],
    head: audit.ChainHead,
) -> None:
    """Put the log into the table that only grows: nothing that it covers changes any more."""
    connection.execute(
        insert(tables.patrol_logs).values(
            sortie=closed.sortie_id,
            closed_utc=body["closed_utc"],
            closed_by=body["closed_by"],
            records_hash=body["records_hash"],
            covers_json=canonical_json(covers),
            body_json=canonical_json(body),
            audit_seq=head.row_count,
            audit_hash=head.hash,
            is_exercise=closed.is_exercise,
        )
    )


def correct_in(
    connection: Connection,
    sortie_id: str,
    text: str,
    body: Mapping[str, Any],
    *,
    cause: Cause,
    at_utc: datetime,
) -> None:
    """Append a correction; Refused when there is no closed log or no text."""
    table = tables.patrol_logs
    query = select(table.c.is_exercise).where(table.c.sortie == sortie_id)
    is_exercise = connection.execute(query).scalar()
    if is_exercise is None:
        raise Refused(
            f"the log of {sortie_id} is not closed: change the record itself",
            text_zh=f"架次{sortie_id}的日志尚未关闭：请直接修改原记录",
        )
    if not text.strip():
        raise Refused("a correction needs words", text_zh="更正须有文字说明")
    append_row(
        connection,
        tables.corrections,
        cause=cause,
        at_utc=at_utc,
        is_exercise=is_exercise,
        body=body,
        extra={"sortie": sortie_id, "text": text},
    )
    audit.append(
        connection,
        action="log.corrected",
        object_id=sortie_id,
        body={"text": text, "correction": body},
        cause=cause,
        time_utc=at_utc,
        is_exercise=is_exercise,
    )


def _closable(connection: Connection, sortie_id: str) -> SortieRecord:
    body = body_of(connection, tables.sorties, sortie_id)
    if body is None:
        raise Refused(f"there is no sortie {sortie_id}", text_zh=f"没有架次{sortie_id}")
    sortie = decode(SortieRecord, body)
    if sortie.state is SortieState.CLOSED:
        raise Refused(
            f"the log of {sortie_id} is already closed", text_zh=f"架次{sortie_id}的日志已关闭"
        )
    if sortie.state not in ENDED:
        raise Refused(
            f"sortie {sortie_id} is {sortie.state.value}: its log closes after landing",
            text_zh=f"架次{sortie_id}尚未结束：日志在降落后关闭",
        )
    lacking = [role.value for role in SIGNERS if not sortie.is_signed_by(role)]
    if lacking:
        raise Refused(
            f"the log of {sortie_id} still needs the signature of {' and '.join(lacking)}",
            text_zh=f"架次{sortie_id}的日志尚缺签名：{'、'.join(map(roles_zh, lacking))}",
        )
    table = tables.alerts
    unsettled = connection.execute(
        select(table.c.id, table.c.state)
        .where(table.c.sortie == sortie_id)
        .where(table.c.state.in_([state.value for state in UNSETTLED]))
        .order_by(table.c.id)
    ).all()
    if unsettled:
        listed = ", ".join(f"{row.id} ({row.state})" for row in unsettled)
        listed_zh = "、".join(f"{row.id}（{value_zh(AlertState(row.state))}）" for row in unsettled)
        raise Refused(
            f"the log of {sortie_id} cannot be closed over open alerts: {listed}",
            text_zh=f"架次{sortie_id}的日志不能关闭，告警尚未了结：{listed_zh}",
        )
    return sortie


def _covers(connection: Connection, sortie: SortieRecord) -> list[list[str]]:
    """Table, id and hash of each record that the log covers, in a fixed order."""
    found = _hashes(connection, tables.plans, "id", sortie.plan_id)
    for table in tables.FROZEN_BY_LOG:
        found += _hashes(connection, table, "sortie", sortie.sortie_id)
    # A case lives on; the steps it had taken by now are what the log vouches for.
    return found + _hashes(connection, tables.case_history, "sortie", sortie.sortie_id)


def _hashes(connection: Connection, table: Table, column: str, value: str) -> list[list[str]]:
    key = list(table.primary_key.columns)[0]
    query = select(table).where(table.c[column] == value).order_by(key)
    rows = connection.execute(query).mappings()
    return [[table.name, str(row[key.name]), _record_hash(table, dict(row))] for row in rows]


def _record_hash(table: Table, row: Mapping[str, Any]) -> str:
    # One database hands truths out as 0 and 1, another as booleans.
    covered = tables.hashed(table, row)
    plain = {
        key: int(value) if isinstance(value, bool) else value for key, value in covered.items()
    }
    return sha256_text(canonical_json(plain))


def changed_record(connection: sqlite3.Connection) -> str:
    """The first record of a closed log that is not as it was when closed; empty when all are.

    Reads a file offline: each log must be the one its audit row tells of, each record must fit it.
    """
    for log in connection.execute("SELECT * FROM patrol_logs ORDER BY closed_utc, sortie"):
        name = f"the closed log of sortie {log['sortie']}"
        told = connection.execute(
            "SELECT body_json FROM audit WHERE seq = ? AND action = 'log.closed'",
            (log["audit_seq"],),
        ).fetchone()
        if told is None or told["body_json"] != log["body_json"]:
            return f"{name} is not the one that audit row {log['audit_seq']} tells of"
        if sha256_text(log["covers_json"]) != json.loads(log["body_json"])["records_hash"]:
            return f"{name} lists other records than it did when it was closed"
        for table, record_id, wanted in json.loads(log["covers_json"]):
            fault = _record_fault(connection, table, record_id, wanted)
            if fault:
                return f"{name}: {fault}"
    return _missing_log(connection)


def _record_fault(connection: sqlite3.Connection, table: str, record_id: str, wanted: str) -> str:
    known = tables.metadata.tables.get(table)
    if known is None:
        return f"a table {table} that is not known"
    key = list(known.primary_key.columns)[0].name
    row = connection.execute(
        f"SELECT * FROM {known.name} WHERE {key} = ?",  # noqa: S608  # names of our own tables
        (record_id,),
    ).fetchone()
    if row is None:
        return f"{table} {record_id} is missing"
    return "" if _record_hash(known, dict(row)) == wanted else f"{table} {record_id} was changed"


def _missing_log(connection: sqlite3.Connection) -> str:
    lost = connection.execute(
        "SELECT object FROM audit WHERE action = 'log.closed' "
        "AND object NOT IN (SELECT sortie FROM patrol_logs) LIMIT 1"
    ).fetchone()
    return f"the closed log of sortie {lost['object']} is missing" if lost else ""
