"""Statements over the table of telemetry, whatever columns it has besides number, sortie, time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, func, select

from patrol.clock import parse_utc, utc_text

_ROWS_AT_ONCE = 2000  # some 20 ms of the event loop
_DELETED_AT_ONCE = 500  # numbers in one statement; SQLite takes 32 766


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """How much is recorded under one sortie ("": between sorties), and when."""

    sortie: str
    rows: int
    first_utc: datetime
    last_utc: datetime


def rows_after(
    table: Table, sortie: str, after: int, connection: Connection
) -> list[dict[str, Any]]:
    """The next rows of a sortie, in order; empty at the end."""
    c = table.c
    query = select(table).where(c.sortie == sortie, c.seq > after).order_by(c.seq)
    found = connection.execute(query.limit(_ROWS_AT_ONCE)).mappings()
    return [dict(row) for row in found]


def spread(table: Table, sortie: str, limit: int, connection: Connection) -> list[dict[str, Any]]:
    """At most `limit` rows of a sortie, evenly spread; the first and the last are among them."""
    c = table.c
    count = connection.execute(
        select(func.count()).select_from(table).where(c.sortie == sortie)
    ).scalar_one()
    step = max(1, -(-(count - 1) // max(1, limit - 1)))
    # Rows of several aircraft lie mixed: every so many-th of the sortie's own, not of all.
    numbered = (
        select(c.seq, func.row_number().over(order_by=c.seq).label("n"))
        .where(c.sortie == sortie)
        .subquery()
    )
    n = numbered.c.n
    wanted = select(numbered.c.seq).where(((n - 1) % step == 0) | (n == count))
    query = select(table).where(c.seq.in_(wanted)).order_by(c.seq)
    return [dict(row) for row in connection.execute(query).mappings()]


def spans(table: Table, connection: Connection) -> list[Span]:
    """What there is of each sortie."""
    c = table.c
    query = (
        select(c.sortie, func.count(), func.min(c.t_utc), func.max(c.t_utc))
        .group_by(c.sortie)
        .order_by(c.sortie)
    )
    return [
        Span(sortie=sortie, rows=rows, first_utc=parse_utc(first), last_utc=parse_utc(last))
        for sortie, rows, first, last in connection.execute(query)
    ]


def numbers(
    table: Table, sortie: str, until_utc: datetime | None, connection: Connection
) -> set[int]:
    """The numbers of a sortie's rows (until then)."""
    query = select(table.c.seq).where(table.c.sortie == sortie)
    if until_utc is not None:
        query = query.where(table.c.t_utc < utc_text(until_utc))
    return set(connection.execute(query).scalars())


def delete_rows(table: Table, seqs: set[int], connection: Connection) -> None:
    """Delete rows by number."""
    ordered = sorted(seqs)
    for start in range(0, len(ordered), _DELETED_AT_ONCE):
        some = ordered[start : start + _DELETED_AT_ONCE]
        connection.execute(delete(table).where(table.c.seq.in_(some)))
