"""One-time sign-in links: for exercises on this machine alone, so that a demo needs no password."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from ground_station.people import rows, tables
from ground_station.people.errors import DoorRefused, NotSignedIn
from ground_station.people.journal import Journal, by_person
from ground_station.people.sessions import Lifetimes, add_session, new_key
from ground_station.people.sign_in import Visit
from ground_station.store.codec import sha256_text
from ground_station.store.engine import Store
from patrol.clock import parse_utc, utc_text

LOOPBACK = ("127.0.0.1", "::1")


def add_link(connection: Connection, login: str, *, now: datetime, lasts: timedelta) -> str:
    """Make a link's key in this transaction."""
    key = new_key()
    connection.execute(
        insert(tables.links).values(
            key_hash=sha256_text(key), login=login, ends_utc=utc_text(now + lasts)
        )
    )
    return key


class Links:
    """Opens a session for whoever brings a link's key, once."""

    def __init__(self, *, store: Store, journal: Journal, lifetimes: Lifetimes) -> None:
        self._store = store
        self._journal = journal
        self._lifetimes = lifetimes

    async def open(self, key: str, visit: Visit) -> str:
        """The key of a new session; DoorRefused live or from afar, NotSignedIn when used up."""
        if not self._journal.is_exercise or visit.address not in LOOPBACK:
            raise DoorRefused(
                "sign-in links are for exercises at the station's own computer",
                "登录链接仅限演练且在本机使用",
            )
        session_key = await self._store.write(lambda c: self._opened(c, key, visit))
        if not session_key:
            raise NotSignedIn("this link was used already or is too old", "此链接已使用或已过期")
        return session_key

    def _opened(self, connection: Connection, key: str, visit: Visit) -> str:
        which = tables.links.c.key_hash == sha256_text(key)
        row = connection.execute(select(tables.links).where(which)).first()
        if row is None:
            return ""
        connection.execute(delete(tables.links).where(which))
        person = rows.person_of(connection, row.login, visit.now)
        if person is None or person.is_disabled or parse_utc(row.ends_utc) <= visit.now:
            return ""
        self._journal.row(
            connection, "sign_in", person.login, by_person(person.name, visit.request_id),
            {"address": visit.address, "by": "link"},
        )  # fmt: skip
        return add_session(
            connection, person.login, now=visit.now, lifetimes=self._lifetimes,
            address=visit.address, is_shared=False,
        )  # fmt: skip
