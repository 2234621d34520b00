"""What people told of themselves, and answers to commands that were kept: gone by retention too.

A report stays with its place, item, state and answer; whom to call, the words and the address of
the picture go. Audit rows have never held them. The row of the deletion and the deletion are one
write, and holds are read in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, select

from ground_station.casework.citizens import CitizenReport, ReportState
from ground_station.store import audit, tables
from ground_station.store.codec import decode
from ground_station.store.policies import EVERYTHING, RetentionPolicy, held_by, holds
from ground_station.store.rows import save
from ground_station.store.shelves import shelf_row
from patrol.cause import Cause
from patrol.clock import parse_utc, utc_text

WORDS_DELETED, REPLAYS_DELETED = "report.words_deleted", "replays.deleted"
REPLAYS = "replays"
ERASED = "（已按保存期限删除 deleted by retention）"


@dataclass(frozen=True, slots=True, kw_only=True)
class Old:
    """One thing that has reached its age: a report, or all the answers that have."""

    action: str
    object_id: str
    rows: int
    last_utc: datetime
    kept_because: str


def old(connection: Connection, policy: RetentionPolicy, now_utc: datetime) -> list[Old]:
    """Everything of this kind that is due, in a fixed order; what the policy is silent on stays."""
    found: list[Old] = []
    held = holds(connection)
    if policy.report_days is not None:
        before = now_utc - timedelta(days=policy.report_days)
        for report in _reports_until(connection, before):
            found.append(
                Old(
                    action=WORDS_DELETED, object_id=report.report_id, rows=1,
                    last_utc=_ended_utc(report), kept_because=_obstacle(connection, report, held),
                )
            )  # fmt: skip
    if policy.replay_days is not None:
        found += _old_replays(connection, now_utc - timedelta(days=policy.replay_days), held)
    return found


def erase(
    connection: Connection, one: Old, policy: RetentionPolicy, cause: Cause, now_utc: datetime,
    *, is_exercise: bool,
) -> bool:  # fmt: skip
    """Do it with its audit row; False when something stands against it by now."""
    held = holds(connection)
    if one.action == WORDS_DELETED:
        return _erase_words(connection, one.object_id, held, cause, now_utc)
    if EVERYTHING in held or policy.replay_days is None:
        return False
    table = tables.replays
    before = utc_text(now_utc - timedelta(days=policy.replay_days))
    gone = connection.execute(delete(table).where(table.c.t_utc < before)).rowcount
    audit.append(
        connection, action=REPLAYS_DELETED, object_id=REPLAYS,
        body={"rows": gone, "until": before, "policy": policy.version}, cause=cause,
        time_utc=now_utc, is_exercise=is_exercise,
    )  # fmt: skip
    return True


def _erase_words(
    connection: Connection, report_id: str, held: Mapping[str, str], cause: Cause, now_utc: datetime
) -> bool:
    table = tables.citizen_reports
    query = select(table.c.body_json).where(table.c.id == report_id)
    report = decode(CitizenReport, json.loads(connection.execute(query).scalar_one()))
    if _obstacle(connection, report, held):
        return False
    erased = replace(report, text=ERASED, contact="", photo_ref="")
    save(connection, shelf_row(erased), WORDS_DELETED, cause, now_utc)
    return True


def _reports_until(connection: Connection, before: datetime) -> list[CitizenReport]:
    """Those that ended then or earlier and still say something, oldest first."""
    c = tables.citizen_reports.c
    query = select(c.body_json).where(c.t_utc < utc_text(before)).order_by(c.t_utc, c.id)
    found = (json.loads(text) for text in connection.execute(query).scalars())
    reports = [decode(CitizenReport, body) for body in found if _says_something(body)]
    return [one for one in reports if _ended_utc(one) < before]


def _says_something(body: Mapping[str, Any]) -> bool:
    return body["text"] != ERASED or bool(body["contact"]) or bool(body["photo_ref"])


def _ended_utc(report: CitizenReport) -> datetime:
    return report.answered_utc or report.received_utc


def _obstacle(connection: Connection, report: CitizenReport, held: Mapping[str, str]) -> str:
    c = tables.cases.c
    case = None
    if report.case_no:
        query = select(c.sortie, c.is_open).where(c.id == report.case_no)
        case = connection.execute(query).one_or_none()
    covers = held_by(held, report.report_id) or held_by(held, report.case_no or report.report_id)
    if not covers and case is not None and case.sortie:
        covers = held_by(held, case.sortie)
    if covers:
        return f"legal hold on {covers}: {held[covers]}"
    if report.state is not ReportState.ANSWERED:
        return "who told it has not been answered"
    return f"case {report.case_no} is open" if case is not None and case.is_open else ""


def _old_replays(connection: Connection, before: datetime, held: Mapping[str, str]) -> list[Old]:
    c = tables.replays.c
    query = select(func.count(), func.max(c.t_utc)).where(c.t_utc < utc_text(before))
    count, last = connection.execute(query).one()
    if not count:
        return []
    because = f"legal hold on {EVERYTHING}: {held[EVERYTHING]}" if EVERYTHING in held else ""
    return [
        Old(
            action=REPLAYS_DELETED, object_id=REPLAYS, rows=count, last_utc=parse_utc(last),
            kept_because=because,
        )
    ]  # fmt: skip
