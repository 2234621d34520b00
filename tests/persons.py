"""Persons for tests: made in the book as `gridpatrol users` makes them, at a cost that is cheap."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import anyio

from ground_station.commands.users import open_book
from ground_station.owners import is_department
from ground_station.people.book import PeopleBook
from ground_station.people.journal import Journal, by_person
from ground_station.people.parts import Strictness
from ground_station.people.passwords import Cost, Passwords
from ground_station.people.persons import Grant
from ground_station.people.scopes import DISTRICT
from ground_station.store.engine import Store
from patrol.cause import Role
from patrol.clock import SystemClock
from tests.ground_core import A_DEPARTMENT, lay_database

CHEAP = Cost(memory_kib=64, rounds=1, lanes=1)
LAX = Strictness(cost=CHEAP, tries_per_minute=1000)
ALL_ROLES = tuple(role for role in Role if role not in (Role.SYSTEM, Role.NONE, Role.TESTER))
PASSWORD = "seven grey herons"  # noqa: S105  # of nobody
DAY = timedelta(days=1)


class SettableClock:
    """The machine's clock, put forward by as much as a test says."""

    def __init__(self) -> None:
        self.ahead_s = 0.0
        self._clock = SystemClock()

    def now_utc(self) -> datetime:
        return self._clock.now_utc() + timedelta(seconds=self.ahead_s)

    def monotonic_s(self) -> float:
        return self._clock.monotonic_s() + self.ahead_s


def a_book(store: Store, *, is_exercise: bool = True) -> PeopleBook:
    """The book of a store that is open already."""
    clock = SystemClock()
    return PeopleBook(
        store=store,
        journal=Journal(store=store, world_utc=clock.now_utc, is_exercise=is_exercise),
        passwords=Passwords(CHEAP),
        cause=by_person("the test"),
        now=clock.now_utc,
    )


async def with_token(
    book: PeopleBook,
    name: str,
    roles: Sequence[Role] = ALL_ROLES,
    scope: str = DISTRICT,
    *,
    is_automatic: bool = False,
) -> str:
    """A person with these roles there, new or not; the key of a token for all of them.

    A department's role is that of the scope, or of the sample's first department.
    """
    department = scope if is_department(scope) else A_DEPARTMENT
    login = name.lower()
    grants = [
        Grant(role=role, scope=department if role is Role.DEPARTMENT else scope) for role in roles
    ]
    if login not in {person.login for person in await book.everybody()}:
        await book.add(login, name, grants, is_automatic=is_automatic)
    _, key = await book.make_token(login, purpose="tests", roles=roles, lasts=DAY)
    return key


def token_in(folder: Path, name: str, *, is_exercise: bool = True) -> str:
    """The same for a station that is still to be started in this folder."""

    async def make() -> str:
        lay_database(folder)
        async with open_book(folder, is_exercise=is_exercise, cost=CHEAP) as book:
            return await with_token(book, name)

    return anyio.run(make)
