"""Server sessions: a random key in a cookie here, its hash and all the rest in the database."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from ground_station.people import rows, tables
from ground_station.people.persons import Person
from ground_station.store.codec import sha256_text
from ground_station.store.engine import Store
from patrol.cause import Role
from patrol.clock import parse_utc, utc_text
from patrol.errors import StoreUnavailable

_SEEN_EVERY = timedelta(seconds=60)  # how exactly it is known when a session was last used
_s = tables.sessions.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    """How long a session lasts, and how long a PIN is remembered."""

    session: timedelta = timedelta(hours=12)  # a shift
    idle: timedelta = timedelta(hours=2)
    pin: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """Who acts under a role at a shared console, and when the PIN was given."""

    login: str
    confirmed_utc: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody is signed in; `key_hash` is never told to anybody."""

    key_hash: str
    person: Person
    is_shared: bool
    ends_utc: datetime
    seats: Mapping[Role, Seat]


def new_key() -> str:
    """256 random bits for a cookie, a token or a link."""
    return secrets.token_urlsafe(32)


def csrf_of(key: str) -> str:
    """What a page of ours sends with every change: it knows it, a page of another site does not."""
    return hashlib.sha256(f"csrf {key}".encode()).hexdigest()[:32]


def add_session(
    connection: Connection,
    login: str,
    *,
    now: datetime,
    lifetimes: Lifetimes,
    address: str,
    is_shared: bool,
) -> str:
    """Open a session in this transaction; its key."""
    key = new_key()
    connection.execute(
        insert(tables.sessions).values(
            key_hash=sha256_text(key),
            login=login,
            is_shared=is_shared,
            address=address,
            created_utc=utc_text(now),
            seen_utc=utc_text(now),
            ends_utc=utc_text(now + lifetimes.session),
        )
    )
    return key


def end_session(connection: Connection, key_hash: str) -> None:
    """Forget a session and who sat at it."""
    connection.execute(delete(tables.seats).where(tables.seats.c.key_hash == key_hash))
    connection.execute(delete(tables.sessions).where(_s.key_hash == key_hash))


class Sessions:
    """Finds sessions by their key, and keeps them alive while they are used."""

    def __init__(self, store: Store, lifetimes: Lifetimes) -> None:
        self._store = store
        self._lifetimes = lifetimes

    async def find(self, key: str, now: datetime) -> Session | None:
        """The session of this key, if it counts now; using it keeps it from running out."""
        key_hash = sha256_text(key)
        found = await self._store.read(lambda c: self._found(c, key_hash, now))
        if found is None:
            return None
        session, seen_utc = found
        if now - seen_utc > min(_SEEN_EVERY, self._lifetimes.idle / 4):
            # With a full disk the session runs out later; it must not shut the pilot out now.
            with contextlib.suppress(StoreUnavailable):
                await self._store.write(lambda c: self._see(c, key_hash, now))
        return session

    async def drop_old(self, now: datetime) -> None:
        """Forget the sessions and links that have run out."""
        await self._store.write(lambda c: self._drop_old(c, now))

    def is_fresh(self, seat: Seat, now: datetime) -> bool:
        """Whether the PIN was given so lately that it need not be given again."""
        return timedelta(0) <= now - seat.confirmed_utc < self._lifetimes.pin

    def _found(
        self, connection: Connection, key_hash: str, now: datetime
    ) -> tuple[Session, datetime] | None:
        row = connection.execute(select(tables.sessions).where(_s.key_hash == key_hash)).first()
        if row is None or not self._is_alive(row, now):
            return None
        person = rows.person_of(connection, row.login, now)
        if person is None or person.is_disabled:
            return None
        session = Session(
            key_hash=key_hash,
            person=person,
            is_shared=bool(row.is_shared),
            ends_utc=parse_utc(row.ends_utc),
            seats=_seats(connection, key_hash),
        )
        return session, parse_utc(row.seen_utc)

    def _is_alive(self, row: Row[Any], now: datetime) -> bool:
        return (
            now < parse_utc(row.ends_utc) and now - parse_utc(row.seen_utc) < self._lifetimes.idle
        )

    @staticmethod
    def _see(connection: Connection, key_hash: str, now: datetime) -> None:
        connection.execute(
            update(tables.sessions).where(_s.key_hash == key_hash).values(seen_utc=utc_text(now))
        )

    @staticmethod
    def _drop_old(connection: Connection, now: datetime) -> None:
        # Kept times are of one width and one zone: text order is time order.
        old = select(_s.key_hash).where(_s.ends_utc <= utc_text(now))
        connection.execute(delete(tables.seats).where(tables.seats.c.key_hash.in_(old)))
        connection.execute(delete(tables.sessions).where(_s.ends_utc <= utc_text(now)))
        connection.execute(delete(tables.links).where(tables.links.c.ends_utc <= utc_text(now)))


def _seats(connection: Connection, key_hash: str) -> dict[Role, Seat]:
    found = connection.execute(select(tables.seats).where(tables.seats.c.key_hash == key_hash))
    return {
        Role(row.role): Seat(login=row.login, confirmed_utc=parse_utc(row.confirmed_utc))
        for row in found
    }
