"""API tokens: a person's, never more than that person may, and only as long as was said."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from ground_station.people import rows, tables
from ground_station.people.persons import Grant, Person, active_grants
from ground_station.people.scopes import DISTRICT, narrowed
from ground_station.people.sessions import new_key
from ground_station.store.codec import sha256_text
from patrol.cause import Role
from patrol.clock import parse_utc, utc_text

_START = "gp_"  # so that a token found in a file or a log is known for one


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a token opens; without roles it only looks."""

    token_id: str
    login: str
    purpose: str
    roles: tuple[Role, ...]
    scope: str
    ends_utc: datetime

    def grants_of(self, person: Person, *, is_exercise: bool) -> tuple[Grant, ...]:
        """The person's grants as far as the token goes; those without a verb only look."""
        held = active_grants(person.grants, is_exercise=is_exercise)
        wanted = [grant for grant in held if not self.roles or grant.role in self.roles]
        scoped = [(grant.role, narrowed(grant.scope, self.scope)) for grant in wanted]
        return tuple(Grant(role=role, scope=scope) for role, scope in scoped if scope)


def add_token(
    connection: Connection,
    login: str,
    *,
    purpose: str,
    roles: Sequence[Role],
    scope: str = DISTRICT,
    now: datetime,
    lasts: timedelta,
) -> tuple[str, str]:
    """Make a token in this transaction; its id, and the key that is shown this once."""
    token_id, key = secrets.token_hex(4), _START + new_key()
    connection.execute(
        insert(tables.tokens).values(
            id=token_id,
            key_hash=sha256_text(key),
            login=login,
            purpose=purpose,
            roles=",".join(sorted({role.value for role in roles})),
            scope=scope,
            created_utc=utc_text(now),
            ends_utc=utc_text(now + lasts),
        )
    )
    return token_id, key


def find_token(connection: Connection, key: str, now: datetime) -> tuple[Token, Person] | None:
    """The token of this key and its person, if both count now."""
    row = connection.execute(
        select(tables.tokens).where(tables.tokens.c.key_hash == sha256_text(key))
    ).first()
    if row is None or parse_utc(row.ends_utc) <= now:
        return None
    person = rows.person_of(connection, row.login, now)
    if person is None or person.is_disabled:
        return None
    roles = tuple(Role(code) for code in row.roles.split(",") if code)
    token = Token(
        token_id=row.id, login=row.login, purpose=row.purpose, roles=roles, scope=row.scope,
        ends_utc=parse_utc(row.ends_utc),
    )  # fmt: skip
    return token, person


def tokens_of(connection: Connection, login: str) -> list[Token]:
    """Every token of a person, newest first, also those that have run out."""
    table = tables.tokens
    found = connection.execute(
        select(table).where(table.c.login == login).order_by(table.c.created_utc.desc())
    )
    return [
        Token(
            token_id=row.id, login=login, purpose=row.purpose, scope=row.scope,
            roles=tuple(Role(code) for code in row.roles.split(",") if code),
            ends_utc=parse_utc(row.ends_utc),
        )
        for row in found
    ]  # fmt: skip


def revoke(connection: Connection, *, login: str = "", token_id: str = "") -> int:
    """Take away one token, or all of a person's; how many."""
    table = tables.tokens
    which = table.c.id == token_id if token_id else table.c.login == login
    return connection.execute(delete(table).where(which)).rowcount
