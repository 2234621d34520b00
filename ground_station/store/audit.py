"""The hash-chained audit log: appending a row, and checking a file offline without changing it.

Row n carries prev_hash, the hash of row n-1; row 1 carries GENESIS (64 zeros). A row's hash is
SHA-256 of the canonical JSON (codec.canonical_json) of its other columns, `prev_hash` among them
and `body_json` as the stored text.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select

from ground_station.store import tables
from ground_station.store.codec import canonical_json, encode, sha256_text
from patrol.cause import Cause
from patrol.clock import utc_text
from patrol.errors import ConfigError

GENESIS = "0" * 64
_HASHED = (
    "seq", "t_utc", "actor", "role", "is_automatic", "action", "object", "is_exercise",
    "request_id", "cause_id", "body_json", "prev_hash",
)  # fmt: skip
_FLAGS = ("is_automatic", "is_exercise")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainHead:
    """How many rows there are and the newest hash."""

    row_count: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a check of the chain found; `row` is the first that does not fit."""

    is_intact: bool
    row_count: int  # rows that fit, counted from the first
    head_hash: str  # of the last row that fits
    row: int | None = None
    reason: str = ""


def row_hash(row: Mapping[str, Any]) -> str:
    """The hash that belongs to a row's columns."""
    return sha256_text(canonical_json({name: row[name] for name in _HASHED}))


def head(connection: Connection) -> ChainHead:
    """The newest row's number and hash."""
    newest = connection.execute(
        select(tables.audit.c.seq, tables.audit.c.hash).order_by(tables.audit.c.seq.desc()).limit(1)
    ).first()
    if newest is None:
        return ChainHead(row_count=0, hash=GENESIS)
    return ChainHead(row_count=newest.seq, hash=newest.hash)


def append(
    connection: Connection,
    *,
    action: str,
    object_id: str,
    body: Mapping[str, Any],
    cause: Cause,
    time_utc: datetime,
    is_exercise: bool,
) -> ChainHead:
    """Write the next row in the transaction that is open on the connection."""
    before = head(connection)
    row: dict[str, Any] = {
        "seq": before.row_count + 1,
        "t_utc": utc_text(time_utc),
        "actor": cause.actor,
        "role": cause.role.value,
        "is_automatic": cause.is_automatic,
        "action": action,
        "object": object_id,
        "is_exercise": is_exercise,
        "request_id": cause.request_id,
        "cause_id": cause.parent_id,
        "body_json": canonical_json(encode(body)),
        "prev_hash": before.hash,
    }
    row["hash"] = row_hash(row)
    connection.execute(insert(tables.audit).values(row))
    return ChainHead(row_count=row["seq"], hash=row["hash"])


def open_read_only(path: Path) -> sqlite3.Connection:
    """A connection that cannot change the file; ConfigError when there is none to open."""
    if not path.is_file():
        raise ConfigError(f"there is no database at {path}")
    # Without a write-ahead file nobody has it open; immutable makes no new file beside it.
    has_wal = path.with_name(path.name + "-wal").exists()
    uri = path.resolve().as_uri() + ("?mode=ro" if has_wal else "?mode=ro&immutable=1")
    connection = sqlite3.connect(uri, uri=True)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        connection.close()
        raise ConfigError(f"the database cannot be read: {path} ({error})") from error
    except sqlite3.DatabaseError as error:
        connection.close()
        raise ConfigError(f"not a database: {path}") from error
    connection.row_factory = sqlite3.Row
    return connection


def verify(path: Path, rows: int | None = None, head: str | None = None) -> Verdict:
    """Walk the chain of a database file; ConfigError when the file has no audit log to walk.

    With `rows` and `head` the row of that number must be there and carry that hash: a cut tail is
    found, while rows appended after the pair was written down are fine. One of them alone is
    checked by itself.
    """
    with closing(open_read_only(path)) as connection:
        columns = {row["name"] for row in connection.execute("PRAGMA table_info(audit)")}
        if not columns:
            raise ConfigError(f"{path} holds no audit log")
        lacking = [name for name in (*_HASHED, "hash") if name not in columns]
        if lacking:
            raise ConfigError(f"the audit log in {path} has no column {', '.join(lacking)}")
        verdict, hashes = _walk(connection)
    return _with_expectations(verdict, hashes, rows, head) if verdict.is_intact else verdict


def _walk(connection: sqlite3.Connection) -> tuple[Verdict, list[str]]:
    hashes: list[str] = []
    try:
        for found in connection.execute("SELECT * FROM audit ORDER BY seq"):
            previous = hashes[-1] if hashes else GENESIS
            reason = _fault(found, len(hashes) + 1, previous)
            if reason:
                return _broken(hashes, len(hashes) + 1, reason), hashes
            hashes.append(str(found["hash"]))
    except sqlite3.DatabaseError as error:
        return _broken(hashes, len(hashes) + 1, f"the file is damaged ({error})"), hashes
    last = hashes[-1] if hashes else GENESIS
    return Verdict(is_intact=True, row_count=len(hashes), head_hash=last), hashes


def _fault(found: sqlite3.Row, expected_seq: int, previous: str) -> str:
    """Why this row does not follow the one before; empty when it does."""
    row = dict(found)
    if row["seq"] != expected_seq:
        return f"missing: the next row there is has the number {row['seq']}"
    for name in _FLAGS:
        if row[name] not in (0, 1):
            return f"changed: {name} is {row[name]!r}"
        row[name] = bool(row[name])
    for name in (*_HASHED, "hash"):
        if name not in ("seq", *_FLAGS) and not isinstance(row[name], str):
            return f"changed: {name} is not text"
    if not _is_json_object(row["body_json"]):
        return "changed: its body is not a JSON object"
    if row["prev_hash"] != previous:
        return "does not follow the row before it: a row was changed, exchanged or put in"
    if row_hash(row) != row["hash"]:
        return "changed: its contents do not fit its hash"
    return ""


def _is_json_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _broken(hashes: list[str], row: int, reason: str) -> Verdict:
    last = hashes[-1] if hashes else GENESIS
    return Verdict(is_intact=False, row_count=len(hashes), head_hash=last, row=row, reason=reason)


def _with_expectations(
    verdict: Verdict, hashes: list[str], rows: int | None, head: str | None
) -> Verdict:
    count = len(hashes)
    wanted = head.strip().lower() if head is not None else None
    if rows is not None and rows > count:
        return _broken(hashes, count + 1, f"missing: {rows} rows were written, {count} are there")
    if wanted is None:
        return verdict
    if rows is None:
        if wanted == GENESIS or wanted in hashes:
            return verdict
        return _broken(hashes, count + 1, f"missing: no row carries the head hash {wanted}")
    there = hashes[rows - 1] if rows else GENESIS
    if there != wanted:
        return _broken(hashes[: max(rows - 1, 0)], rows, f"carries the hash {there}, not {wanted}")
    return verdict
