"""Coming in by password: counted, slow on purpose, locked after too many wrong ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from ground_station.people import rows
from ground_station.people.errors import DoorRefused, NotSignedIn, TooMany
from ground_station.people.journal import Journal, by_door, by_person
from ground_station.people.limits import RateLimit, Strangers
from ground_station.people.passwords import Passwords, require_good_password
from ground_station.people.persons import Person
from ground_station.people.sessions import Lifetimes, Session, add_session, end_session
from ground_station.store.engine import Store
from patrol.clock import parse_utc, utc_text

_LOGIN_MAX, _SECRET_MAX = 64, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class LockOut:
    """After so many wrong ones in a row a login is locked for a while."""

    tries: int = 5
    lasts: timedelta = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One try to come in: from where, and when."""

    address: str
    now: datetime
    request_id: str = ""


class SignIn:
    """Passwords checked, sessions opened and ended; each with its audit row."""

    def __init__(
        self,
        *,
        store: Store,
        journal: Journal,
        passwords: Passwords,
        limit: RateLimit,
        lock_out: LockOut,
        lifetimes: Lifetimes,
    ) -> None:
        self._store = store
        self._journal = journal
        self._passwords = passwords
        self._limit = limit
        self._lock_out = lock_out
        self._strangers = Strangers(lock_out.tries, lock_out.lasts)
        self._lifetimes = lifetimes

    async def count(self, visit: Visit) -> None:
        """Count a try of this address; TooMany when there were too many."""
        if not self._limit.take(visit.address):
            await self._journal.note(
                "sign_in.limited", visit.address, by_door(visit.request_id), {}
            )
            raise self._limit.refusal(visit.address)

    async def open(self, login: str, password: str, visit: Visit, *, is_shared: bool) -> str:
        """The key of a new session; NotSignedIn or TooMany in words that tell nothing more."""
        await self.count(visit)
        login = login.strip().lower()[:_LOGIN_MAX]
        row = await self._store.read(lambda c: rows.person_row(c, login))
        kept_hash = "" if row is None else str(row.password_hash)
        is_right = await self._passwords.is_right(kept_hash, password[:_SECRET_MAX])
        if row is None:
            until = self._strangers.locked_until(login, visit.now)
            await self._journal.note(
                "sign_in.refused", "", by_door(visit.request_id),
                {"address": visit.address, "why": "unknown login"},
            )  # fmt: skip
            raise _wrong() if until is None else locked(utc_text(until), visit.now)
        new_hash = ""
        if is_right and self._passwords.is_outdated(kept_hash):
            new_hash = await self._passwords.hashed(password)
        answer = await self._store.write(
            lambda c: self._decide(c, login, visit, is_right, is_shared, kept_hash, new_hash)
        )
        if isinstance(answer, DoorRefused):  # after the commit, which keeps the count
            raise answer
        return answer

    async def close(self, session: Session, visit: Visit) -> None:
        """Sign out."""

        def work(connection: Connection) -> None:
            end_session(connection, session.key_hash)
            cause = by_person(session.person.name, visit.request_id)
            self._journal.row(connection, "sign_in.ended", session.person.login, cause)

        await self._store.write(work)

    async def change_password(
        self, session: Session, old: str, new: str, visit: Visit, *, is_shared: bool
    ) -> str:
        """Choose an own password; every session of the person ends, the key is of a new one."""
        login = session.person.login
        await self.require_password(session.person, old, visit)
        require_good_password(new, login=login)
        if new == old:
            raise DoorRefused("choose another than the one before", "新密码不得与旧密码相同")
        new_hash = await self._passwords.hashed(new)

        def work(connection: Connection) -> str:
            rows.change_person(connection, login, password_hash=new_hash, must_change=False)
            rows.end_sessions(connection, login)
            cause = by_person(session.person.name, visit.request_id)
            self._journal.row(connection, "password.changed", login, cause)
            return self._session(connection, login, visit, is_shared)

        return await self._store.write(work)

    async def require_password(self, person: Person, password: str, visit: Visit) -> None:
        """Somebody signed in gives the password once more; a wrong one counts as everywhere."""
        await self.count(visit)
        row = await self._store.read(lambda c: rows.person_row(c, person.login))
        kept_hash = "" if row is None else str(row.password_hash)
        is_right = await self._passwords.is_right(kept_hash, password[:_SECRET_MAX])
        refusal = await self._store.write(
            lambda c: self._judge(c, person.login, visit, is_right, kept_hash)
        )
        if refusal is not None:
            raise refusal

    def _decide(
        self,
        connection: Connection,
        login: str,
        visit: Visit,
        is_right: bool,
        is_shared: bool,
        kept_hash: str,
        new_hash: str,
    ) -> str | DoorRefused:
        refusal = self._judge(connection, login, visit, is_right, kept_hash)
        if refusal is not None:
            return refusal
        if new_hash:
            rows.change_person(connection, login, password_hash=new_hash)
        return self._session(connection, login, visit, is_shared)

    def _session(self, connection: Connection, login: str, visit: Visit, is_shared: bool) -> str:
        person = rows.person_of(connection, login, visit.now)
        assert person is not None  # noqa: S101  # the caller has just found it
        self._journal.row(
            connection, "sign_in", login, by_person(person.name, visit.request_id),
            {"address": visit.address, "is_shared": is_shared},
        )  # fmt: skip
        return add_session(
            connection, login, now=visit.now, lifetimes=self._lifetimes, address=visit.address,
            is_shared=is_shared,
        )  # fmt: skip

    def _judge(
        self, connection: Connection, login: str, visit: Visit, is_right: bool, kept_hash: str
    ) -> DoorRefused | None:
        """Count and record a wrong password; None when it was right and counts."""
        row = rows.person_row(connection, login)
        # A password changed while this one was being checked makes it wrong.
        if row is None or row.password_hash != kept_hash:
            return _wrong()
        if rows.is_until(row.locked_until_utc, visit.now):
            self._refuse(connection, row, visit, "locked")
            return locked(row.locked_until_utc, visit.now)
        if is_right and not row.is_disabled and not row.is_automatic:
            rows.change_person(connection, login, failed_count=0, locked_until_utc="")
            return None
        why = "disabled" if row.is_disabled else "wrong password"
        self._refuse(connection, row, visit, why)
        failed_count = row.failed_count + 1
        if failed_count < self._lock_out.tries:
            rows.change_person(connection, login, failed_count=failed_count)
            return _wrong()
        until = utc_text(visit.now + self._lock_out.lasts)
        rows.change_person(connection, login, failed_count=0, locked_until_utc=until)
        self._journal.row(
            connection, "sign_in.locked", login, by_door(visit.request_id),
            {"address": visit.address, "until_utc": until},
        )  # fmt: skip
        return locked(until, visit.now)

    def _refuse(self, connection: Connection, row: Row[Any], visit: Visit, why: str) -> None:
        self._journal.row(
            connection, "sign_in.refused", row.login, by_door(visit.request_id),
            {"address": visit.address, "why": why},
        )  # fmt: skip


def _wrong() -> NotSignedIn:
    return NotSignedIn("login or password is wrong", "登录名或密码错误")


def locked(until_utc: str, now: datetime) -> TooMany:
    """What somebody is told who has to wait."""
    seconds = max(1, int((parse_utc(until_utc) - now).total_seconds()) + 1)
    minutes = -(-seconds // 60)
    return TooMany(
        f"too many wrong ones: locked for {minutes} min more",
        f"错误次数过多：已锁定，还需{minutes}分钟",
        retry_after_s=seconds,
    )
