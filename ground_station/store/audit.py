"""The hash-chained audit log: what a row is and how the next one is appended.

Row n carries prev_hash, the hash of row n-1; row 1 carries GENESIS (64 zeros). A row's hash is
SHA-256 of the canonical JSON (codec.canonical_json) of its other columns, `prev_hash` among them
and `body_json` as the stored text. `scope`, the grid that it concerns, stands in the body as
`@scope`, where the hash covers it; the column of that name is there to be searched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from ground_station.store import tables
from ground_station.store.codec import canonical_json, encode, sha256_text
from patrol.cause import Cause
from patrol.clock import utc_text

GENESIS = "0" * 64
SCOPE_KEY = "@scope"
HASHED = (
    "seq", "t_utc", "actor", "role", "is_automatic", "action", "object", "is_exercise",
    "request_id", "cause_id", "body_json", "prev_hash",
)  # fmt: skip
_ROWS_AT_ONCE = 1000
FLAGS = ("is_automatic", "is_exercise")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainHead:
    """How many rows there are and the newest hash."""

    row_count: int
    hash: str


def row_hash(row: Mapping[str, Any]) -> str:
    """The hash that belongs to a row's columns."""
    return sha256_text(canonical_json({name: row[name] for name in HASHED}))


def head(connection: Connection) -> ChainHead:
    """The newest row's number and hash."""
    newest = connection.execute(
        select(tables.audit.c.seq, tables.audit.c.hash).order_by(tables.audit.c.seq.desc()).limit(1)
    ).first()
    if newest is None:
        return ChainHead(row_count=0, hash=GENESIS)
    return ChainHead(row_count=newest.seq, hash=newest.hash)


def all_rows(connection: Connection) -> Iterator[dict[str, Any]]:
    """Every row in the order of their numbers, some at a time."""
    after = 0
    while True:
        query = select(tables.audit).where(tables.audit.c.seq > after).order_by(tables.audit.c.seq)
        rows = connection.execute(query.limit(_ROWS_AT_ONCE)).mappings().all()
        if not rows:
            return
        yield from (dict(row) for row in rows)
        after = rows[-1]["seq"]


def append(
    connection: Connection,
    *,
    action: str,
    object_id: str,
    body: Mapping[str, Any],
    cause: Cause,
    time_utc: datetime,
    is_exercise: bool,
    scope: str = "",
) -> ChainHead:
    """Write the next row in the transaction that is open on the connection.

    `scope` is the code of the grid (or of the street or community above it) that it concerns.
    """
    row = next_row(
        head(connection), action=action, object_id=object_id, body=body, cause=cause,
        time_utc=time_utc, is_exercise=is_exercise, scope=scope,
    )  # fmt: skip
    connection.execute(insert(tables.audit).values(row))
    return ChainHead(row_count=row["seq"], hash=row["hash"])


def next_row(
    before: ChainHead,
    *,
    action: str,
    object_id: str,
    body: Mapping[str, Any],
    cause: Cause,
    time_utc: datetime,
    is_exercise: bool,
    scope: str = "",
) -> dict[str, Any]:
    """The row that follows a head, with its hash."""
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
        "body_json": canonical_json(encode({**body, SCOPE_KEY: scope} if scope else body)),
        "prev_hash": before.hash,
    }
    return row | {"hash": row_hash(row), "scope": scope}
