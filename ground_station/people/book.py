"""The book of persons, as `gridpatrol users` and the demo write it: add, change, reset, token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from ground_station.people import rows, tokens
from ground_station.people.errors import DoorRefused
from ground_station.people.journal import Journal
from ground_station.people.links import add_link
from ground_station.people.passwords import Passwords, first_password
from ground_station.people.persons import HOLDABLE, Grant, Person, read_login, read_name
from ground_station.people.scopes import DISTRICT
from ground_station.people.space import bind_space
from ground_station.store.engine import Store
from patrol.cause import Cause, Role

_PURPOSE_MAX = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleBook:
    """Changes who may come in; every change carries its cause and an audit row."""

    store: Store
    journal: Journal
    passwords: Passwords
    cause: Cause
    now: Callable[[], datetime]

    async def add(
        self,
        login: str,
        name: str,
        grants: Sequence[Grant],
        *,
        is_automatic: bool = False,
        has_password: bool = True,
    ) -> str:
        """A new person; the first password, good for choosing one's own ("" where none is)."""
        login, name = read_login(login), read_name(name)
        _require_holdable(grants)
        if is_automatic and not self.journal.is_exercise:
            raise DoorRefused(
                "an automatic operator exists only in an exercise", "自动操作员仅限演练"
            )
        password = first_password() if has_password and not is_automatic else ""
        password_hash = await self.passwords.hashed(password) if password else ""

        def work(connection: Connection) -> None:
            bind_space(connection, is_exercise=self.journal.is_exercise)
            rows.add_person(
                connection, login=login, name=name, password_hash=password_hash,
                is_automatic=is_automatic, at_utc=self.now(),
            )  # fmt: skip
            rows.set_grants(connection, login, grants)
            self._row(connection, "person.added", login, {"name": name, **_told(grants)})

        await self.store.write(work)
        return password

    async def everybody(self) -> list[Person]:
        """All persons, by login."""
        return await self.store.read(lambda c: rows.all_persons(c, self.now()))

    async def set_grants(self, login: str, grants: Sequence[Grant]) -> None:
        """Replace all roles of a person; it counts from the next request on."""
        _require_holdable(grants)

        def work(connection: Connection) -> None:
            self._found(connection, login)
            rows.set_grants(connection, login, grants)
            self._row(connection, "person.roles", login, _told(grants))

        await self.store.write(work)

    async def set_scope(self, login: str, scope: str) -> None:
        """Move all roles of a person to one part of the grid tree, or to another department."""

        def work(connection: Connection) -> None:
            person = self._found(connection, login)
            grants = [Grant(role=grant.role, scope=scope) for grant in person.grants]
            _require_holdable(grants)
            rows.set_grants(connection, login, grants)
            self._row(connection, "person.roles", login, _told(grants))

        await self.store.write(work)

    async def set_disabled(self, login: str, *, is_disabled: bool) -> None:
        """Shut a person out (sessions, seats and tokens end at once), or let them in again."""

        def work(connection: Connection) -> None:
            self._found(connection, login)
            rows.change_person(connection, login, is_disabled=is_disabled)
            if is_disabled:
                rows.end_sessions(connection, login)
                tokens.revoke(connection, login=login)
            self._row(connection, "person.disabled" if is_disabled else "person.enabled", login)

        await self.store.write(work)

    async def reset(self, login: str) -> str:
        """A new first password; locks, PIN and sessions of the person are gone."""
        password = first_password()
        password_hash = await self.passwords.hashed(password)

        def work(connection: Connection) -> None:
            if self._found(connection, login).is_automatic:
                raise DoorRefused("an automatic operator has no password", "自动操作员没有密码")
            rows.change_person(
                connection, login, password_hash=password_hash, must_change=True, pin_hash="",
                failed_count=0, locked_until_utc="", pin_failed_count=0, pin_locked_until_utc="",
            )  # fmt: skip
            rows.end_sessions(connection, login)
            self._row(connection, "password.reset", login)

        await self.store.write(work)
        return password

    async def make_token(
        self,
        login: str,
        *,
        purpose: str,
        roles: Sequence[Role] = (),
        scope: str = DISTRICT,
        lasts: timedelta,
    ) -> tuple[str, str]:
        """A token's id and its key, which is shown this once."""

        def work(connection: Connection) -> tuple[str, str]:
            person = self._found(connection, login)
            lacking = set(roles) - {grant.role for grant in person.grants}
            if lacking:
                words = ", ".join(sorted(role.value for role in lacking))
                raise DoorRefused(f"{login} does not hold {words}", f"{login} 不具有角色 {words}")
            token_id, key = tokens.add_token(
                connection, login, purpose=purpose[:_PURPOSE_MAX], roles=roles, scope=scope,
                now=self.now(), lasts=lasts,
            )  # fmt: skip
            body = {"token": token_id, "purpose": purpose, "scope": scope,
                    "roles": sorted(role.value for role in roles)}  # fmt: skip
            self._row(connection, "token.made", login, body)
            return token_id, key

        return await self.store.write(work)

    async def tokens(self, login: str) -> list[tokens.Token]:
        """A person's tokens, without their keys: those are known nowhere."""

        def work(connection: Connection) -> list[tokens.Token]:
            self._found(connection, login)
            return tokens.tokens_of(connection, login)

        return await self.store.read(work)

    async def revoke(self, login: str, token_id: str) -> None:
        """Take a token away; DoorRefused when the person has none of that id."""

        def work(connection: Connection) -> None:
            self._found(connection, login)
            if token_id not in {token.token_id for token in tokens.tokens_of(connection, login)}:
                raise DoorRefused(
                    f"{login} has no token {token_id}", f"{login} 没有令牌 {token_id}"
                )
            tokens.revoke(connection, token_id=token_id)
            self._row(connection, "token.revoked", login, {"token": token_id})

        await self.store.write(work)

    async def make_link(self, login: str, *, lasts: timedelta) -> str:
        """A one-time sign-in link's key; DoorRefused outside an exercise."""
        if not self.journal.is_exercise:
            raise DoorRefused("sign-in links exist only in an exercise", "登录链接仅限演练")

        def work(connection: Connection) -> str:
            self._found(connection, login)
            self._row(connection, "link.made", login)
            return add_link(connection, login, now=self.now(), lasts=lasts)

        return await self.store.write(work)

    def _found(self, connection: Connection, login: str) -> Person:
        person = rows.person_of(connection, login, self.now())
        if person is None:
            raise DoorRefused(f"nobody has the login {login}", f"没有登录名为 {login} 的人员")
        return person

    def _row(
        self,
        connection: Connection,
        action: str,
        object_id: str,
        body: dict[str, Any] | None = None,
    ) -> None:
        self.journal.row(connection, action, object_id, self.cause, body)


def _require_holdable(grants: Sequence[Grant]) -> None:
    for grant in grants:
        if grant.role not in HOLDABLE:
            raise DoorRefused(
                f"nobody can hold the role {grant.role.value}", f"无人可持有角色 {grant.role.value}"
            )
        if not grant.has_its_kind_of_scope:
            raise DoorRefused(
                f"{grant.role.value}@{grant.scope}: the role DEPT is held for a department "
                "(DEPT@440512D01), every other for a part of the district",
                f"{grant.role.value}@{grant.scope}：职能部门角色须对应部门编码"
                "（如 DEPT@440512D01），其他角色对应区、街道、社区或网格编码",
            )


def _told(grants: Sequence[Grant]) -> dict[str, Any]:
    return {"grants": [grant.to_dict() for grant in grants]}
