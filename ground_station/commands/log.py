"""`gridpatrol log verify`: checks the audit chain and the closed patrol logs, offline."""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from ground_station.store.chain import Verdict, open_read_only, verify
from ground_station.store.closing import changed_record
from ground_station.store.schema import DATABASE_NAME
from ground_station.store.telemetry import telemetry_path
from ground_station.store.tracks import changed_telemetry, closed_logs, told_of_tracks
from patrol.errors import ConfigError

_FITS, _DOES_NOT_FIT, _WRONG_USE = 0, 1, 2


def log_verify(
    data: Path, rows: int | None = None, head: str | None = None, as_json: bool = False
) -> int:
    """Print what the check found; 0 when all fits, 1 naming the first row, 2 without a database."""
    path = data / DATABASE_NAME
    try:
        verdict = verify(path, rows, head)
        record = _changed_record(path) if verdict.is_intact else ""
    except ConfigError as error:
        print(f"gridpatrol: {error}", file=sys.stderr)
        return _WRONG_USE
    if as_json:
        print(json.dumps(_to_dict(verdict, record), ensure_ascii=False))
    elif not verdict.is_intact:
        print(f"row {verdict.row} does not fit: {verdict.reason}")
        print(f"{verdict.row_count} rows before it fit")
    else:
        print(f"the audit chain is intact: {verdict.row_count} rows")
        print(f"head {verdict.head_hash}")
        if record:
            print(f"but {record}")
    return _FITS if verdict.is_intact and not record else _DOES_NOT_FIT


def _changed_record(path: Path) -> str:
    try:
        with closing(open_read_only(path)) as connection:
            fault = changed_record(connection)
            logs, told = closed_logs(connection), told_of_tracks(connection)
        telemetry = telemetry_path(path)
        # The track may be kept elsewhere or be gone by its retention: only what is there must fit.
        return fault or (changed_telemetry(telemetry, logs, told) if telemetry.is_file() else "")
    except (sqlite3.DatabaseError, ValueError, KeyError, TypeError) as error:
        return f"the closed patrol logs cannot be read: {error}"


def _to_dict(verdict: Verdict, record: str) -> dict[str, object]:
    return {
        "intact": verdict.is_intact and not record,
        "rows": verdict.row_count,
        "head": verdict.head_hash,
        "row": verdict.row,
        "reason": verdict.reason or record,
    }
