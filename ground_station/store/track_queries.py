"""Statements over the table of telemetry, whatever columns it has besides number, sortie, time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, Select, Table, delete, func, literal, select

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


def spread(
    table: Table, sortie: str, limit: int, columns: Sequence[str], connection: Connection
) -> list[dict[str, Any]]:
    """At most `limit` rows of a sortie, evenly spread; the first and the last are among them.

    Of each these columns, or all when none is named.
    """
    c = table.c
    ends = select(func.count(), func.min(c.seq), func.max(c.seq)).where(c.sortie == sortie)
    count, first, last = connection.execute(ends).one()
    wanted = [c[name] for name in columns] or list(c)
    query = select(*wanted).where(c.sortie == sortie).order_by(c.seq)
    if count > limit:
        query = query.where(c.seq.in_(_spread_numbers(table, sortie, (first, last), limit)))
    names = [column.name for column in wanted]
    return [dict(zip(names, row, strict=True)) for row in connection.execute(query).all()]


def _spread_numbers(
    table: Table, sortie: str, ends: tuple[int, int], limit: int
) -> Select[tuple[int]]:
    """For each of `limit` places between the ends the sortie's own next row.

    Each is one step into the index, however long the sortie was and whoever else was recorded.
    """
    first, last = ends
    steps = max(1, limit - 1)
    counted = select(literal(0).label("n")).cte("counted", recursive=True)
    counted = counted.union_all(select(counted.c.n + 1).where(counted.c.n < limit - 1))
    own = table.alias("own")
    place = literal(first, BigInteger) + counted.c.n * literal(last - first, BigInteger) // steps
    return select(
        select(func.min(own.c.seq))
        .where(own.c.sortie == sortie, own.c.seq >= place)
        .correlate(counted)
        .scalar_subquery()
    ).select_from(counted)


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
