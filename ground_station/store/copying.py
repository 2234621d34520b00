"""Rows from one database into another: a server's records into a backup's file, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, Table, create_engine, insert, select
from sqlalchemy.engine import URL, Engine
from sqlalchemy.pool import NullPool

from ground_station.store import tables
from ground_station.store.dialects import prepare_sqlite

_ROWS_AT_ONCE = 500


def file_engine(path: Path) -> Engine:
    """A plain engine on an SQLite file, with explicit transactions."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)), poolclass=NullPool,
        connect_args={"isolation_level": None},
    )  # fmt: skip
    prepare_sqlite(engine)
    return engine


def copy_all(source: Connection, target: Connection, metadata: MetaData) -> None:
    """Copy every row of every table into tables that are empty, in an order the guards allow."""
    for table in in_order(metadata):
        _copy(source, target, table)


def in_order(metadata: MetaData) -> list[Table]:
    """Tables so that what is pointed to comes first, and closed logs come last: they freeze."""
    ordered = metadata.sorted_tables
    frozen_by = tables.patrol_logs.name
    return [t for t in ordered if t.name != frozen_by] + [t for t in ordered if t.name == frozen_by]


def _copy(source: Connection, target: Connection, table: Table) -> None:
    there: set[Any] = set()
    key = list(table.primary_key.columns)
    if table is tables.meta:  # the migrations have written some of it
        there = set(target.execute(select(tables.meta.c.name)).scalars())
    found = source.execute(select(table).order_by(*key)).mappings()
    while rows := found.fetchmany(_ROWS_AT_ONCE):
        plain = [dict(row) for row in rows if not there or row["name"] not in there]
        if plain:
            target.execute(insert(table), plain)
