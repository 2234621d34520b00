"""Reading and writing the tables of persons inside a transaction that is already open."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from ground_station.people import tables
from ground_station.people.errors import DoorRefused
from ground_station.people.persons import Grant, Person, name_key
from patrol.cause import Role
from patrol.clock import parse_utc, utc_text

_p = tables.persons.c


def person_row(connection: Connection, login: str) -> Row[Any] | None:
    """Everything about a login, hashes included."""
    return connection.execute(select(tables.persons).where(_p.login == login)).first()


def person_of(connection: Connection, login: str, now: datetime) -> Person | None:
    """A person with the roles held now."""
    found = person_row(connection, login)
    return None if found is None else _person(connection, found, now)


def all_persons(connection: Connection, now: datetime) -> list[Person]:
    """Everybody, by login."""
    found = connection.execute(select(tables.persons).order_by(_p.login)).all()
    return [_person(connection, row, now) for row in found]


def has_persons(connection: Connection) -> bool:
    """Whether anybody could sign in."""
    return connection.execute(select(func.count()).select_from(tables.persons)).scalar_one() > 0


def add_person(
    connection: Connection,
    *,
    login: str,
    name: str,
    password_hash: str,
    is_automatic: bool,
    at_utc: datetime,
) -> None:
    """A new person; DoorRefused when login or name is taken."""
    if person_row(connection, login) is not None:
        raise DoorRefused(f"the login {login} is taken", f"登录名 {login} 已被使用")
    key = name_key(name)
    if connection.execute(select(_p.login).where(_p.name_key == key)).first() is not None:
        raise DoorRefused(
            f"there is a {name} already: records go by name, so add something to it",
            f"已有名为 {name} 的人员：记录以姓名为准，请加以区分",
        )
    connection.execute(
        insert(tables.persons).values(
            login=login,
            name=name,
            name_key=key,
            is_automatic=is_automatic,
            is_disabled=False,
            must_change=not is_automatic and bool(password_hash),
            password_hash=password_hash,
            pin_hash="",
            failed_count=0,
            locked_until_utc="",
            pin_failed_count=0,
            pin_locked_until_utc="",
            created_utc=utc_text(at_utc),
        )
    )


def change_person(connection: Connection, login: str, **values: object) -> None:
    """Set columns of one person."""
    connection.execute(update(tables.persons).where(_p.login == login).values(values))


def set_grants(connection: Connection, login: str, grants: Iterable[Grant]) -> None:
    """Replace all roles of a person."""
    connection.execute(delete(tables.grants).where(tables.grants.c.login == login))
    for grant in sorted(set(grants), key=lambda grant: (grant.role.value, grant.scope)):
        connection.execute(
            insert(tables.grants).values(login=login, role=grant.role.value, scope=grant.scope)
        )


def grants_of(connection: Connection, login: str) -> tuple[Grant, ...]:
    """The roles of a person and where."""
    table = tables.grants
    found = connection.execute(
        select(table.c.role, table.c.scope)
        .where(table.c.login == login)
        .order_by(table.c.role, table.c.scope)
    )
    return tuple(Grant(role=Role(row.role), scope=row.scope) for row in found)


def end_sessions(connection: Connection, login: str) -> int:
    """Sign a person out everywhere, and off every seat; how many sessions there were."""
    keys = select(tables.sessions.c.key_hash).where(tables.sessions.c.login == login)
    connection.execute(delete(tables.seats).where(tables.seats.c.key_hash.in_(keys)))
    connection.execute(delete(tables.seats).where(tables.seats.c.login == login))
    ended = connection.execute(delete(tables.sessions).where(tables.sessions.c.login == login))
    connection.execute(delete(tables.links).where(tables.links.c.login == login))
    return ended.rowcount


def is_until(text: str, now: datetime) -> bool:
    """Whether a kept moment ("" is none) is still to come."""
    return bool(text) and parse_utc(text) > now


def _person(connection: Connection, row: Row[Any], now: datetime) -> Person:
    return Person(
        login=row.login,
        name=row.name,
        grants=grants_of(connection, row.login),
        is_automatic=bool(row.is_automatic),
        is_disabled=bool(row.is_disabled),
        must_change=bool(row.must_change),
        has_password=bool(row.password_hash),
        has_pin=bool(row.pin_hash),
        is_locked=is_until(row.locked_until_utc, now),
    )
