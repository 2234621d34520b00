"""The audit log as a file of its own: JSON lines that an auditor checks without any database.

The first line says what it is, how many rows follow and the hash of the last; each further line is
one row with the columns that its hash covers.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import anyio
from sqlalchemy import Connection, select

from ground_station.store import audit, tables
from ground_station.store.audit import GENESIS, HASHED, ChainHead
from ground_station.store.chain import Verdict, verify, walk
from ground_station.store.codec import canonical_json
from ground_station.store.engine import Store
from patrol.clock import utc_text
from patrol.errors import ConfigError, Refused

FORMAT = "gridpatrol-audit-export/1"
_ROWS_AT_ONCE = 1000
_SQLITE_MAGIC = b"SQLite format 3\x00"
_EXERCISE_LINE = "演练 EXERCISE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written."""

    path: Path
    head: ChainHead


async def export_chain(store: Store, path: Path, *, by: str, at_utc: datetime) -> Exported:
    """Write the whole chain to a new file, on the disk when this returns.

    Refused when there is such a file already.
    """
    target = anyio.Path(path)
    if await target.exists():
        raise Refused(f"{path} exists already: name a new file", text_zh=f"{path}已存在，请换名")
    head = await store.read(audit.head)
    is_exercise = await store.read(_is_any_exercise)
    first = {
        "format": FORMAT, "exported_utc": utc_text(at_utc), "exported_by": by,
        "rows": head.row_count, "head": head.hash, "mark": _EXERCISE_LINE if is_exercise else "",
    }  # fmt: skip
    partial = target.with_name(target.name + ".partial")
    try:
        async with await partial.open("w", encoding="utf-8", newline="\n") as file:
            await file.write(canonical_json(first) + "\n")
            async for rows in _rows(store, head.row_count):
                await file.write("".join(canonical_json(row) + "\n" for row in rows))
            await file.flush()
            await anyio.to_thread.run_sync(os.fsync, file.wrapped.fileno())
        await partial.rename(target)
    except OSError as error:
        await partial.unlink(missing_ok=True)
        raise ConfigError(f"{path} cannot be written: {error.strerror or error}") from error
    return Exported(path=path, head=head)


def verify_any(path: Path, rows: int | None = None, head: str | None = None) -> Verdict:
    """Check a database file or an export, whichever it is; ConfigError when it is neither."""
    try:
        with path.open("rb") as file:
            magic = file.read(len(_SQLITE_MAGIC))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}") from error
    return verify(path, rows, head) if magic == _SQLITE_MAGIC else verify_file(path, rows, head)


def verify_file(path: Path, rows: int | None = None, head: str | None = None) -> Verdict:
    """Check an export as `chain.verify` checks a database; its own first line must fit too."""
    with path.open("rb") as file:
        said = _first_line(path, file.readline())
        verdict = walk(_lines(file), rows, head)
    if not verdict.is_intact:
        return verdict
    there, wanted = (verdict.row_count, verdict.head_hash), (said["rows"], said["head"])
    if there == wanted:
        return verdict
    reason = (
        f"missing: the export says {wanted[0]} rows, {there[0]} are there"
        if there[0] < wanted[0]
        else f"does not fit the export's first line, which says {wanted[0]} rows, head {wanted[1]}"
    )
    return replace(verdict, is_intact=False, reason=reason, row=min(there[0], int(wanted[0])) + 1)


def _first_line(path: Path, line: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):  # nested without an end by somebody's hand
        said = None
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise ConfigError(f"{path} is neither a database nor an export of GridPatrol's audit log")
    if not isinstance(said.get("rows"), int) or not isinstance(said.get("head", GENESIS), str):
        raise ConfigError(f"{path}: its first line does not say how many rows it has")
    return {"head": "", **said}


def _lines(file: Any) -> Iterator[Mapping[str, Any]]:
    for line in file:
        try:
            row = json.loads(line, object_pairs_hook=_each_once)
        except (ValueError, RecursionError):
            row = None
        # What is no row has none of a row's columns, and is named so.
        yield row if isinstance(row, dict) else {}


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of a name that stands twice the hash covers one, and a reader may see the other."""
    row = dict(pairs)
    if len(row) != len(pairs):
        raise ValueError("a name stands twice")
    return row


async def _rows(store: Store, last: int) -> AsyncIterator[list[dict[str, Any]]]:
    for start in range(1, last + 1, _ROWS_AT_ONCE):
        until = min(last, start + _ROWS_AT_ONCE - 1)
        yield await store.read(lambda c, a=start, b=until: _between(c, a, b))  # type: ignore[misc]


def _between(connection: Connection, first: int, last: int) -> list[dict[str, Any]]:
    table = tables.audit
    columns = [table.c[name] for name in (*HASHED, "hash")]
    query = select(*columns).where(table.c.seq.between(first, last)).order_by(table.c.seq)
    return [dict(row) for row in connection.execute(query).mappings()]


def _is_any_exercise(connection: Connection) -> bool:
    table = tables.audit
    query = select(table.c.seq).where(table.c.is_exercise).limit(1)
    return connection.execute(query).scalar() is not None
