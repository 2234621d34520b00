"""Numbers that are given once: counters that only rise, written together with what they number."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from ground_station.case_numbers import CaseSource
from ground_station.store.tables import counters
from patrol.clock import SHANGHAI

_DIGITS = {"M": 2, "A": 4, "B": 4}


def next_number(connection: Connection, scope: str) -> int:
    """The next number of a scope, from 1."""
    query = select(counters.c.last).where(counters.c.scope == scope)
    last = connection.execute(query).scalar()
    number = 1 if last is None else last + 1
    if last is None:
        connection.execute(insert(counters).values(scope=scope, last=number))
    else:
        connection.execute(update(counters).where(counters.c.scope == scope).values(last=number))
    return number


def next_record_id(connection: Connection, kind: str, at_utc: datetime) -> str:
    """The next id of a kind on its day in Shanghai, such as "A-20261124-0001"."""
    day = f"{at_utc.astimezone(SHANGHAI):%Y%m%d}"
    number = next_number(connection, f"{kind}/{day}")
    return f"{kind}-{day}-{number:0{_DIGITS.get(kind, 4)}d}"


def next_case_sequence(connection: Connection, source: CaseSource, at_utc: datetime) -> int:
    """The next sequence of a day and source."""
    return next_number(connection, f"case/{at_utc.astimezone(SHANGHAI):%Y%m%d}/{source.value}")
