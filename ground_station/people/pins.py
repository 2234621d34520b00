"""Three people at one laptop: who acts under a role there, shown by a PIN of six digits."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, insert

from ground_station.people import rows, tables
from ground_station.people.errors import DoorRefused
from ground_station.people.journal import Journal, by_person
from ground_station.people.passwords import Passwords, require_good_pin
from ground_station.people.persons import Person, active_grants
from ground_station.people.sessions import Session
from ground_station.people.sign_in import LockOut, Visit, locked
from ground_station.store.engine import Store
from patrol.cause import Cause, Role
from patrol.clock import utc_text


class Pins:
    """PINs chosen, and seats taken with them."""

    def __init__(
        self, *, store: Store, journal: Journal, passwords: Passwords, lock_out: LockOut
    ) -> None:
        self._store = store
        self._journal = journal
        self._passwords = passwords
        self._lock_out = lock_out

    async def choose(self, person: Person, pin: str, visit: Visit) -> None:
        """Set the person's own PIN."""
        require_good_pin(pin)
        pin_hash = await self._passwords.hashed(pin)

        def work(connection: Connection) -> None:
            rows.change_person(
                connection, person.login, pin_hash=pin_hash, pin_failed_count=0,
                pin_locked_until_utc="",
            )  # fmt: skip
            cause = by_person(person.name, visit.request_id)
            self._journal.row(connection, "pin.changed", person.login, cause)

        await self._store.write(work)

    async def take_seat(
        self, session: Session, login: str, pin: str, role: Role, visit: Visit
    ) -> None:
        """From now on this person acts under this role at this console; DoorRefused if not."""
        row = await self._store.read(lambda c: rows.person_row(c, login))
        kept_hash = "" if row is None else str(row.pin_hash)
        is_right = await self._passwords.is_right(kept_hash, pin)
        refusal = await self._store.write(
            lambda c: self._decide(c, session, login, is_right, role, visit, kept_hash)
        )
        if refusal is not None:  # after the commit, which keeps the count
            raise refusal

    async def turned_away(self, session: Session, role: Role, visit: Visit) -> DoorRefused:
        """The refusal of somebody who could not sit at this console, told in the audit log too.

        In the words of a wrong PIN; what was typed as a login is not kept: it may be a secret.
        """
        cause = by_person(session.person.name, visit.request_id)
        await self._journal.note("seat.refused", role.value, cause, {"why": "not of this console"})
        return _wrong_pin()

    async def leave_seat(self, session: Session, role: Role, visit: Visit) -> None:
        """Nobody acts under this role here any more."""

        def work(connection: Connection) -> None:
            _clear(connection, session, role)
            cause = by_person(session.person.name, visit.request_id)
            self._journal.row(connection, "seat.left", role.value, cause)

        await self._store.write(work)

    async def who_could_sit(self, now: datetime) -> list[Person]:
        """Everybody who has chosen a PIN, for the list at the prompt."""
        everybody = await self._store.read(lambda c: rows.all_persons(c, now))
        return [person for person in everybody if person.has_pin and not person.is_disabled]

    def _decide(
        self,
        connection: Connection,
        session: Session,
        login: str,
        is_right: bool,
        role: Role,
        visit: Visit,
        kept_hash: str,
    ) -> DoorRefused | None:
        person = rows.person_of(connection, login, visit.now)
        row = rows.person_row(connection, login)
        if person is None or row is None or not kept_hash or row.pin_hash != kept_hash:
            return _wrong_pin()
        cause = Cause(actor=person.name, role=role, request_id=visit.request_id)
        if rows.is_until(row.pin_locked_until_utc, visit.now):
            self._journal.row(connection, "seat.refused", role.value, cause, {"why": "locked"})
            return locked(row.pin_locked_until_utc, visit.now)
        if not is_right or person.is_disabled:
            return self._count_wrong(connection, login, row.pin_failed_count, cause, visit)
        rows.change_person(connection, login, pin_failed_count=0)
        grants = active_grants(person.grants, is_exercise=self._journal.is_exercise)
        if not any(grant.role is role for grant in grants):
            self._journal.row(connection, "seat.refused", role.value, cause, {"why": "role"})
            return DoorRefused(
                f"{person.name} does not hold the role {role.value}",
                f"{person.name} 不具有 {role.value} 角色",
            )
        _clear(connection, session, role)
        connection.execute(
            insert(tables.seats).values(
                key_hash=session.key_hash, role=role.value, login=login,
                confirmed_utc=utc_text(visit.now),
            )
        )  # fmt: skip
        self._journal.row(
            connection, "seat.taken", role.value, cause, {"console_of": session.person.name}
        )
        return None

    def _count_wrong(
        self, connection: Connection, login: str, failed_before: int, cause: Cause, visit: Visit
    ) -> DoorRefused:
        failed_count = failed_before + 1
        self._journal.row(connection, "seat.refused", cause.role.value, cause, {"why": "PIN"})
        if failed_count < self._lock_out.tries:
            rows.change_person(connection, login, pin_failed_count=failed_count)
            return _wrong_pin()
        until = utc_text(visit.now + self._lock_out.lasts)
        rows.change_person(connection, login, pin_failed_count=0, pin_locked_until_utc=until)
        self._journal.row(connection, "pin.locked", login, cause, {"until_utc": until})
        return locked(until, visit.now)


def _clear(connection: Connection, session: Session, role: Role) -> None:
    connection.execute(
        delete(tables.seats).where(
            tables.seats.c.key_hash == session.key_hash, tables.seats.c.role == role.value
        )
    )


def _wrong_pin() -> DoorRefused:
    return DoorRefused("person or PIN is wrong", "人员或PIN错误", needs="pin")
