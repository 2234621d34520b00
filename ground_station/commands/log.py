"""`gridpatrol log`: checks the audit chain and the closed patrol logs offline, and exports them."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import anyio

from ground_station.commands.records_at import Opened, Place, person, run_on
from ground_station.store import audit
from ground_station.store.access import AccessRegister, Purpose, Seen
from ground_station.store.backup import closed_fault
from ground_station.store.chain import Verdict, verify, walk
from ground_station.store.chain_file import export_chain, verify_any
from ground_station.store.records import Records
from ground_station.store.schema import DATABASE_NAME
from patrol.errors import ConfigError

_FITS, _DOES_NOT_FIT, _WRONG_USE = 0, 1, 2


def log_verify(
    data: Path, rows: int | None = None, head: str | None = None, as_json: bool = False
) -> int:
    """Print what the check found; 0 when all fits, 1 naming the first row, 2 without a database.

    `data` is a data folder or a backup, a database file, or a file of `gridpatrol log export`.
    """
    is_folder = not data.is_file()
    path = data / DATABASE_NAME if is_folder else data
    try:
        verdict = verify(path, rows, head) if is_folder else verify_any(path, rows, head)
        record = closed_fault(path) if is_folder and verdict.is_intact else ""
    except ConfigError as error:
        print(f"gridpatrol: {error}", file=sys.stderr)
        return _WRONG_USE
    return _answer(verdict, record, as_json=as_json)


def log_verify_at(place: Place, rows: int | None, head: str | None, as_json: bool) -> int:
    """As `log_verify`, where a station's settings say that the records are.

    On a server the chain alone is checked; a backup of it is checked whole.
    """
    if place.database_url is None:
        return log_verify(place.folder, rows, head, as_json)

    async def work(records: Opened) -> int:
        verdict = await records.store.read(lambda c: walk(audit.all_rows(c), rows, head))
        return _answer(verdict, "", as_json=as_json)

    return run_on(place, work)


def _answer(verdict: Verdict, record: str, *, as_json: bool) -> int:
    if as_json:
        print(json.dumps(_to_dict(verdict, record), ensure_ascii=False))
    else:
        _tell(verdict, record)
    return _FITS if verdict.is_intact and not record else _DOES_NOT_FIT


def log_export(place: Place, path: Path, *, reason: str, by: str | None, as_json: bool) -> int:
    """Write the whole audit log to a file that can be checked anywhere; the export is a row."""

    async def work(records: Opened) -> int:
        cause, now = person(by), datetime.now(UTC)
        if await anyio.Path(path).exists():
            raise ConfigError(f"{path} exists already: name a new file")
        register = AccessRegister(Records(records.store), is_exercise=records.is_exercise)
        # The row stands first, and so it is in the file that it tells of.
        await register.exported(
            Seen(object_id=f"audit-log/{path.name}", purpose=Purpose.AUDIT, reason=reason),
            cause=cause, at_utc=now,
        )  # fmt: skip
        made = await export_chain(records.store, path, by=cause.actor, at_utc=now)
        told = {"file": str(path), "rows": made.head.row_count, "head": made.head.hash}
        print(
            json.dumps(told, ensure_ascii=False)
            if as_json
            else f"{told['rows']} rows, head {told['head']}"
        )
        return 0

    return run_on(place, work)


def _tell(verdict: Verdict, record: str) -> None:
    if not verdict.is_intact:
        print(f"row {verdict.row} does not fit: {verdict.reason}")
        print(f"{verdict.row_count} rows before it fit")
    else:
        print(f"the audit chain is intact: {verdict.row_count} rows")
        print(f"head {verdict.head_hash}")
        if record:
            print(f"but {record}")
    for step in verdict.clock_steps:
        print(f"the clock was set back before row {step.row}: {step.from_utc} to {step.to_utc}")


def _to_dict(verdict: Verdict, record: str) -> dict[str, object]:
    steps = [
        {"row": s.row, "from_utc": s.from_utc, "to_utc": s.to_utc} for s in verdict.clock_steps
    ]
    return {
        "intact": verdict.is_intact and not record,
        "rows": verdict.row_count,
        "head": verdict.head_hash,
        "row": verdict.row,
        "reason": verdict.reason or record,
        "clock_steps": steps,
    }
