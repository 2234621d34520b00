"""Who is at the door, and under which role they may do what they ask, where they ask it."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import anyio
import structlog

from ground_station.people import rows, tokens
from ground_station.people.errors import (
    DoorRefused,
    NotSignedIn,
    PinNeeded,
)
from ground_station.people.journal import Journal, by_person
from ground_station.people.persons import Grant, Person, active_grants, grant_for
from ground_station.people.powers import Power, Verb, may
from ground_station.people.scopes import covered_by, narrowed
from ground_station.people.sessions import Session, Sessions, csrf_of
from ground_station.store.codec import sha256_text
from ground_station.store.engine import Store
from patrol.cause import Cause, Role
from patrol.errors import NotPermitted, StoreUnavailable

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

CONSOLE_HEADER = "X-GridPatrol"  # carries the page's own secret; no form of another site sends it
_log = structlog.get_logger(__name__)
_SAFE = ("GET", "HEAD", "OPTIONS")
_STILL_S = 0.5  # so long one answer counts for every open socket of a session or token
_AGAIN_S = 600.0  # a token's use and a look at the same thing are told once in so long


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody who is in: by session or by token."""

    person: Person
    grants: tuple[Grant, ...]  # as far as they count here, and for this token
    session: Session | None = None
    is_looking_only: bool = False

    @property
    def scopes(self) -> tuple[str, ...]:
        """The parts of the grid tree that this caller sees."""
        return tuple(dict.fromkeys(g.scope for g in self.grants if g.role is not Role.DEPARTMENT))

    @property
    def departments(self) -> tuple[str, ...]:
        """The departments that this caller is of; they see what is theirs, wherever it lies."""
        return tuple(
            dict.fromkeys(
                g.scope
                for g in self.grants
                if g.role is Role.DEPARTMENT and g.has_its_kind_of_scope
            )
        )

    def sees(self, place: str | None, units: Sequence[object] = ()) -> bool:
        """Whether something at this place may be shown; `units` are the codes of whose it is."""
        return covered_by(self.scopes, place) or any(one in units for one in self.departments)

    def meets(self, scope: str) -> bool:
        """Whether a role that is held there is of any use in what this caller sees."""
        return scope in self.departments or any(narrowed(scope, own) for own in self.scopes)

    def may(self, verb: Verb) -> bool:
        """Whether any role of theirs has this power, somewhere."""
        return any(may(grant.role, verb) for grant in self.grants)


def is_able(caller: Caller, power: Power, role: Role | None) -> bool:
    """Whether the table gives it to the role that is named; who only looks is able to nothing."""
    return not caller.is_looking_only and (role is None or role in power.roles)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What is to be done under one of the roles, where, and whose it is."""

    power: Power
    roles: tuple[Role, ...]
    place: str | None
    units: tuple[str, ...]


class Door:
    """Lets in who has a session or a token, and gives each thing done its cause."""

    def __init__(
        self,
        *,
        store: Store,
        journal: Journal,
        sessions: Sessions,
        now: Callable[[], datetime],
        now_s: Callable[[], float],
    ) -> None:
        self._store = store
        self._journal = journal
        self._sessions = sessions
        self._now = now
        self.now_s = now_s
        self._told: dict[tuple[str, str, str], float] = {}
        self._asking = anyio.Lock()
        self._still_in: dict[str, tuple[float, Caller | None]] = {}

    async def caller(self, connection: HTTPConnection) -> Caller:
        """Who this is; NotSignedIn when nobody that counts."""
        scheme, _, key = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return await self._by_token(key.strip(), connection)
        session_key = connection.cookies.get(cookie_name(connection), "")
        session = await self._sessions.find(session_key, self._now()) if session_key else None
        if session is None:
            raise _not_signed_in()
        if connection.scope["type"] == "http" and connection.scope["method"] not in _SAFE:
            shown = connection.headers.get(CONSOLE_HEADER, "")
            if not hmac.compare_digest(shown.encode(), csrf_of(session_key).encode()):
                raise DoorRefused(
                    f"the header {CONSOLE_HEADER} does not belong to this sign-in: reload the page",
                    "页面凭证与登录不符：请刷新页面",
                )
        return self.caller_in(session)

    def caller_in(self, session: Session) -> Caller:
        """The one who is signed in by this session."""
        grants = active_grants(session.person.grants, is_exercise=self._journal.is_exercise)
        return Caller(person=session.person, grants=grants, session=session)

    async def allow(
        self,
        caller: Caller,
        power: Power,
        role: Role | None,
        place: str | None,
        request_id: str,
        units: Sequence[str] = (),
    ) -> Cause:
        """The cause of what is asked; NotPermitted or PinNeeded when it may not be.

        Without a role it is the first that the caller may use for it. `units` are the codes of
        those whose it is, the owner's first: to them alone a department's role is of use.
        """
        await self.require_able(caller, power, role, request_id)
        wanted = (role,) if role is not None else power.roles
        if caller.session is not None and caller.session.is_shared:
            asked = _Asked(power=power, roles=wanted, place=place, units=tuple(units))
            return await self._by_seat(caller, caller.session, asked, request_id)
        for one in wanted:
            grant = grant_for(caller.grants, one, place, units)
            if grant is not None:
                return self._cause(caller.person, grant, request_id)
        raise await self.not_permitted(caller.person, power, request_id)

    async def require_able(
        self, caller: Caller, power: Power, role: Role | None, request_id: str
    ) -> None:
        """NotPermitted when it could be allowed nowhere: asked before anything is looked up."""
        if not is_able(caller, power, role):
            raise await self.not_permitted(caller.person, power, request_id)

    async def not_permitted(self, person: Person, power: Power, request_id: str) -> NotPermitted:
        """The refusal, told in the audit log too."""
        await self._note("verb.refused", power.name, by_person(person.name, request_id), {})
        return NotPermitted(person.name, " or ".join(role.value for role in power.roles))

    async def require_seen(
        self,
        caller: Caller,
        place: str | None,
        words: str,
        request_id: str,
        units: Sequence[str] = (),
    ) -> None:
        """LookupError in the very words of what does not exist, and an audit row."""
        if not caller.sees(place, units):
            raise await self.not_seen(caller, place, words, request_id)

    async def not_seen(
        self, caller: Caller, place: str | None, words: str, request_id: str
    ) -> LookupError:
        """The refusal to show what lies in another's part, told in the audit log too."""
        cause = by_person(caller.person.name, request_id)
        await self._note("scope.refused", place or "", cause, {"asked": words})
        return LookupError(words)

    async def grants_used(self, caller: Caller, role: Role) -> tuple[Grant, ...]:
        """Whose grants count under this role: the caller's, at a shared console the seat's."""
        if caller.session is None or not caller.session.is_shared:
            return caller.grants
        seat = caller.session.seats.get(role)
        person = await self._person(seat.login) if seat is not None else None
        if person is None:
            return ()
        return active_grants(person.grants, is_exercise=self._journal.is_exercise)

    async def note_look(
        self, caller: Caller, what: str, object_id: str = "", purpose: str = ""
    ) -> None:
        """An audit row that somebody looked, and what for.

        The same look again is told after ten minutes; for another purpose it is another look.
        """
        if self._is_news(caller.person.login, what, f"{object_id} {purpose}"):
            cause = by_person(caller.person.name, is_automatic=caller.person.is_automatic)
            told = {"purpose": purpose} if purpose else {}
            await self._note(f"view.{what}", object_id, cause, told)

    async def is_still_in(self, connection: HTTPConnection) -> Caller | None:
        """For sockets that stay open: who it is now, or None when signed out meanwhile.

        Two hundred sockets of one wall of screens are one question to the database.
        """
        shown = _shown_key(connection)
        async with self._asking:
            now_s = self.now_s()
            known = self._still_in.get(shown)
            if known is not None and now_s - known[0] < _STILL_S:
                return known[1]
            try:
                found: Caller | None = await self.caller(connection)
            except DoorRefused:
                found = None
            recent = {k: v for k, v in self._still_in.items() if now_s - v[0] < _STILL_S}
            self._still_in = recent | {shown: (now_s, found)}
            return found

    async def _by_seat(
        self, caller: Caller, session: Session, asked: _Asked, request_id: str
    ) -> Cause:
        """At a shared console the person is the one whose PIN holds the role's seat."""
        refused: Person | None = None
        power = asked.power
        for role in asked.roles:
            seat = session.seats.get(role)
            is_fresh = seat is not None and self._sessions.is_fresh(seat, self._now())
            if seat is None or not (is_fresh or power.is_veto):
                continue
            person = await self._person(seat.login)
            if person is None or person.is_disabled:
                continue
            grants = active_grants(person.grants, is_exercise=self._journal.is_exercise)
            grant = grant_for(grants, role, asked.place, asked.units)
            if grant is not None:
                return self._cause(person, grant, request_id)
            refused = refused or person
        if refused is not None:
            raise await self.not_permitted(refused, power, request_id)
        for role in asked.roles if power.is_veto else ():
            grant = grant_for(caller.grants, role, asked.place, asked.units)
            if grant is not None:  # nobody sat down yet: a veto does not wait
                return self._cause(caller.person, grant, request_id)
        raise PinNeeded([role.value for role in asked.roles])

    async def _by_token(self, key: str, connection: HTTPConnection) -> Caller:
        found = await self._store.read(lambda c: tokens.find_token(c, key, self._now()))
        if found is None:
            raise _not_signed_in()
        token, person = found
        if self._is_news(person.login, "token", token.token_id):
            cause = by_person(person.name, is_automatic=person.is_automatic)
            await self._note(
                "token.used", token.token_id, cause,
                {"purpose": token.purpose, "address": address_of(connection)},
            )  # fmt: skip
        grants = token.grants_of(person, is_exercise=self._journal.is_exercise)
        return Caller(person=person, grants=grants, is_looking_only=not token.roles)

    async def _person(self, login: str) -> Person | None:
        return await self._store.read(lambda c: rows.person_of(c, login, self._now()))

    async def _note(self, action: str, object_id: str, cause: Cause, body: dict[str, str]) -> None:
        """A look is told, but a full disk must not blind the one who has to act."""
        try:
            await self._journal.note(action, object_id, cause, body)
        except StoreUnavailable as error:
            _log.warning("a look was not recorded", action=action, reason=str(error))

    def _cause(self, person: Person, grant: Grant, request_id: str) -> Cause:
        return Cause(
            actor=person.name,
            role=grant.role,
            request_id=request_id,
            is_automatic=person.is_automatic,
            held_for=grant.scope,
        )

    def _is_news(self, *key: str) -> bool:
        login, what, object_id = key
        now_s, entry = self.now_s(), (login, what, object_id)
        told_s = self._told.get(entry)
        if told_s is not None and now_s - told_s < _AGAIN_S:
            return False
        self._told = {k: at for k, at in self._told.items() if now_s - at < _AGAIN_S}
        self._told[entry] = now_s
        return True


def _shown_key(connection: HTTPConnection) -> str:
    """What was shown at the door, as a hash: keys are kept nowhere."""
    shown = connection.headers.get("authorization", "")
    return sha256_text(f"{shown} {connection.cookies.get(cookie_name(connection), '')}")


def cookie_name(connection: HTTPConnection) -> str:
    """A name for each port: browsers do not keep cookies of two ports apart."""
    _, port = connection.scope.get("server") or ("", 0)
    name = f"gridpatrol-{port}"
    return f"__Host-{name}" if is_encrypted(connection) else name


def is_encrypted(connection: HTTPConnection) -> bool:
    """Whether it came over TLS."""
    return connection.scope.get("scheme") in ("https", "wss")


def address_of(connection: HTTPConnection) -> str:
    """The address at the other end of the line."""
    return connection.client.host if connection.client else ""


def _not_signed_in() -> NotSignedIn:
    return NotSignedIn("sign in first", "请先登录", needs="sign_in")
