"""Hands out a closed patrol log (巡查日志): JSON for programs and CSV for offices."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import anyio
from sqlalchemy import Connection, select

from ground_station.store import tables
from ground_station.store.engine import Store
from patrol.clock import SHANGHAI, parse_utc
from patrol.errors import Refused

EXPORT_FORMAT = "gridpatrol-log-export/1"
_HEADERS = (
    "序号",
    "世界时 UTC",
    "北京时间",
    "事项",
    "对象",
    "人员或规则",
    "角色",
    "自动",
    "演练",
    "哈希",
)
_EXERCISE_LINE = "演练 EXERCISE"


async def export_log(store: Store, sortie_id: str, folder: Path) -> list[Path]:
    """Write a closed log as `<sortie>.log.json` and `.log.csv`; Refused while it is open."""
    body = await store.read(lambda connection: log_body(connection, sortie_id))
    target = anyio.Path(folder)
    await target.mkdir(parents=True, exist_ok=True)
    json_path, csv_path = target / f"{sortie_id}.log.json", target / f"{sortie_id}.log.csv"
    await json_path.write_text(json.dumps(body, ensure_ascii=False, indent=2) + "\n", "utf-8")
    await csv_path.write_bytes(ledger_csv(body["ledger"], is_exercise=body["is_exercise"]))
    return [Path(json_path), Path(csv_path)]


def log_body(connection: Connection, sortie_id: str) -> dict[str, Any]:
    """The closed log with its records, corrections and audit rows; Refused while it is open."""
    logs = tables.patrol_logs
    log = (
        connection.execute(select(logs).where(logs.c.sortie == sortie_id)).mappings().one_or_none()
    )
    if log is None:
        raise Refused(
            f"the log of {sortie_id} is not closed, or there is no such sortie",
            text_zh=f"架次{sortie_id}的日志尚未关闭，或没有此架次",
        )
    covers: list[list[str]] = json.loads(log["covers_json"])
    records = {table.name: _bodies(connection, table, sortie_id) for table in tables.FROZEN_BY_LOG}
    corrections = tables.corrections
    appended = connection.execute(
        select(corrections).where(corrections.c.sortie == sortie_id).order_by(corrections.c.seq)
    ).mappings()
    return {
        "format": EXPORT_FORMAT,
        "mark": _EXERCISE_LINE if log["is_exercise"] else "",
        "is_exercise": log["is_exercise"],
        "log": json.loads(log["body_json"]),
        "chain": {"rows": log["audit_seq"], "head": log["audit_hash"]},
        "covers": covers,
        "records": records,
        "corrections": [dict(row) for row in appended],
        "ledger": _ledger(connection, {record_id for _, record_id, _ in covers}),
    }


def ledger_csv(rows: Sequence[Mapping[str, Any]], *, is_exercise: bool) -> bytes:
    """The ledger for a spreadsheet: UTF-8 with a byte order mark, times in UTC and +08:00."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    if is_exercise:
        writer.writerow([_EXERCISE_LINE])
    writer.writerow(_HEADERS)
    for row in rows:
        local = parse_utc(row["t_utc"]).astimezone(SHANGHAI)
        writer.writerow(
            [
                row["seq"],
                row["t_utc"],
                local.isoformat(timespec="seconds"),
                *(_harmless(row[name]) for name in ("action", "object", "actor")),
                row["role"],
                "是" if row["is_automatic"] else "否",
                "是" if row["is_exercise"] else "否",
                row["hash"],
            ]
        )
    return text.getvalue().encode("utf-8-sig")


def _harmless(text: str) -> str:
    # A spreadsheet runs what begins like a formula; a person's name must never be one.
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t") else text


def _bodies(connection: Connection, table: Any, sortie_id: str) -> list[dict[str, Any]]:
    query = (
        select(table.c.body_json)
        .where(table.c.sortie == sortie_id)
        .order_by(table.c.t_utc, table.c.id)
    )
    return [json.loads(text) for text in connection.execute(query).scalars()]


def _ledger(connection: Connection, objects: Iterable[str]) -> list[dict[str, Any]]:
    table = tables.audit
    columns = [column for column in table.c if column.name not in ("body_json", "prev_hash")]
    query = select(*columns).where(table.c.object.in_(sorted(objects))).order_by(table.c.seq)
    return [dict(row) for row in connection.execute(query).mappings()]
