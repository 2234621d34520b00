"""`gridpatrol users`: the persons of a station's data folder, also while the station runs."""

from __future__ import annotations

import functools
import getpass
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import anyio

from ground_station.owners import is_department, responsibility_for
from ground_station.people.book import PeopleBook
from ground_station.people.journal import Journal, by_person
from ground_station.people.passwords import Cost, Passwords
from ground_station.people.persons import Grant, Person
from ground_station.people.scopes import read_department, read_part, read_scope, whole_of
from ground_station.people.space import is_exercise_space, require_space
from ground_station.settings import read_settings
from ground_station.store.engine import Store
from missions.codes import CodeForm
from missions.register import load_register
from patrol.cause import Role
from patrol.clock import SystemClock, utc_text
from patrol.errors import ConfigError
from patrol.groups import one_error

_DONE = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """Whose persons: those of a settings file's station, or of a folder."""

    config: Path | None = None
    data: Path | None = None
    is_exercise: bool = False

    def read(self) -> tuple[Path, bool | None, Cost]:
        """The folder, whether it has to be an exercise's (None: as it is), what a hash costs."""
        if self.config is not None:
            settings = read_settings(self.config)
            strict = settings.sign_in
            cost = Cost(memory_kib=strict.argon2_memory_kib, rounds=strict.argon2_rounds)
            return settings.data_dir, settings.is_exercise, cost
        if self.data is None:
            raise ConfigError("say whose persons: --config FILE of a station, or --data FOLDER")
        return self.data, True if self.is_exercise else None, Cost()

    def form(self) -> CodeForm | None:
        """How the codes of the station's register are made; a folder alone names no register."""
        if self.config is None:
            return None
        return load_register(read_settings(self.config).register_file).form

    def require_known(self, codes: Iterable[str]) -> None:
        """ConfigError for a department that the station's own table of units does not name.

        A folder alone names no table: any department's code will do there.
        """
        asked = [code for code in codes if is_department(code)]
        if self.config is None or not asked:
            return
        settings = read_settings(self.config)
        table = responsibility_for(settings.responsibility_file, is_exercise=settings.is_exercise)
        for code in asked:
            if code not in table.named:
                known = ", ".join(f"{c} {o.unit}" for c, o in table.departments.items()) or "none"
                raise ConfigError(
                    f"the responsibility table names no department {code}; it has: {known}"
                )


def read_grants(texts: Sequence[str], scope: str | None, form: CodeForm | None) -> list[Grant]:
    """PILOT, or REG@440512001 for a role in one part of the district, DEPT@440512D01 for a
    department's; without a scope of the whole district. ConfigError and DoorRefused in words.
    """
    grants = []
    for text in texts:
        code, _, own_scope = text.partition("@")
        role, asked = read_role(code), own_scope or scope or whole_of(form)
        is_department = role is Role.DEPARTMENT
        read = read_department(asked) if is_department else read_scope(asked, form)
        grants.append(Grant(role=role, scope=read))
    return grants


def read_role(text: str) -> Role:
    """A role by its code; ConfigError lists them."""
    try:
        return Role(text.strip().upper())
    except ValueError as error:
        codes = ", ".join(role.value for role in Role if role not in (Role.SYSTEM, Role.NONE))
        raise ConfigError(f"no role {text!r}; roles are {codes}") from error


@asynccontextmanager
async def open_book(
    folder: Path, *, is_exercise: bool | None, cost: Cost
) -> AsyncIterator[PeopleBook]:
    """The book of a folder; a station may be running in it.

    ConfigError when the folder belongs to the other space. None: whichever it is, a new one live.
    """
    store = await Store.open(folder)
    try:
        if is_exercise is None:
            is_exercise = bool(await store.read(is_exercise_space))
        space: bool = is_exercise
        await store.read(lambda c: require_space(c, is_exercise=space))
        clock = SystemClock()
        async with anyio.create_task_group() as group:
            group.start_soon(store.run)
            yield PeopleBook(
                store=store,
                journal=Journal(store=store, world_utc=clock.now_utc, is_exercise=space),
                passwords=Passwords(cost),
                cause=by_person(f"{getpass.getuser()} (this computer)"),
                now=clock.now_utc,
            )
            group.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            await store.close()


def _with_book(
    folder: Folder, work: Callable[[PeopleBook], Awaitable[None]], *, may_be_new: bool = False
) -> int:
    path, is_exercise, cost = folder.read()
    if folder.config is None and not may_be_new and not path.is_dir():
        # A folder that is mistyped would be made, and look like a station without anybody.
        raise ConfigError(f"there is no folder {path}; `gridpatrol users add` makes a new one")

    async def run() -> None:
        async with open_book(path, is_exercise=is_exercise, cost=cost) as book:
            await work(book)

    with one_error():
        anyio.run(run)
    return _DONE


def users_add(
    folder: Folder, login: str, *, name: str, roles: Sequence[str], scope: str | None
) -> int:
    """Make a person and print the first password."""
    grants = read_grants(roles, scope, folder.form())
    folder.require_known(grant.scope for grant in grants)

    async def work(book: PeopleBook) -> None:
        password = await book.add(login, name, grants)
        print(f"{login} ({name}) may sign in; first password: {password}")
        _hint("It is shown this once and good for one thing: choosing a password of one's own.")

    return _with_book(folder, work, may_be_new=True)


def users_list(folder: Folder, *, as_json: bool) -> int:
    """Print everybody."""

    async def work(book: PeopleBook) -> None:
        everybody = await book.everybody()
        if as_json:
            told = [_to_dict(person) for person in everybody]
            print(json.dumps(told, ensure_ascii=False))
            return
        for person in everybody:
            roles = " ".join(f"{grant.role.value}@{grant.scope}" for grant in person.grants)
            marks = "".join(f"  [{mark}]" for mark in _marks(person))
            print(f"{person.login:16} {person.name}  {roles or 'no role'}{marks}")
        if not everybody:
            _hint("nobody yet: gridpatrol users add LOGIN --name NAME --role LEAD")

    return _with_book(folder, work)


def users_roles(folder: Folder, login: str, *, roles: Sequence[str], scope: str | None) -> int:
    """Replace a person's roles."""
    grants = read_grants(roles, scope, folder.form())
    folder.require_known(grant.scope for grant in grants)
    return _with_book(folder, lambda book: book.set_grants(login, grants))


def users_scope(folder: Folder, login: str, *, scope: str) -> int:
    """Move all roles of a person to one part of the grid tree, or to another department."""
    code = read_part(scope, folder.form())
    folder.require_known([code])
    return _with_book(folder, lambda book: book.set_scope(login, code))


def users_disable(folder: Folder, login: str, *, is_disabled: bool) -> int:
    """Shut a person out at once, or let them in again."""
    return _with_book(
        folder, functools.partial(PeopleBook.set_disabled, login=login, is_disabled=is_disabled)
    )


def users_reset(folder: Folder, login: str) -> int:
    """Print a new first password."""

    async def work(book: PeopleBook) -> None:
        print(f"{login}: new first password: {await book.reset(login)}")
        _hint("Sessions, locks and the PIN of this person are gone.")

    return _with_book(folder, work)


def users_token(
    folder: Folder,
    login: str,
    *,
    purpose: str,
    roles: Sequence[str],
    scope: str | None,
    days: float,
) -> int:
    """Print a new API token."""
    form = folder.form()
    asked, code = [read_role(role) for role in roles], read_part(scope or whole_of(form), form)

    async def work(book: PeopleBook) -> None:
        token_id, key = await book.make_token(
            login, purpose=purpose, roles=asked, scope=code, lasts=timedelta(days=days)
        )
        print(key)
        what = " ".join(role.value for role in asked) or "looking only"
        _hint(f"Token {token_id} of {login}: {what} in {code}, for {days:g} days. Shown this once.")

    return _with_book(folder, work)


def users_tokens(folder: Folder, login: str, *, revoke: str | None) -> int:
    """Print a person's tokens, or take one away."""

    async def work(book: PeopleBook) -> None:
        if revoke is not None:
            await book.revoke(login, revoke)
            return
        for token in await book.tokens(login):
            roles = " ".join(role.value for role in token.roles) or "looking only"
            until = utc_text(token.ends_utc)[:16]
            print(f"{token.token_id}  {token.purpose}  {roles}@{token.scope}  until {until}")

    return _with_book(folder, work)


def users_link(folder: Folder, login: str, *, url: str) -> int:
    """Print a one-time sign-in link of an exercise."""

    async def work(book: PeopleBook) -> None:
        key = await book.make_link(login, lasts=timedelta(hours=1))
        print(f"{url.rstrip('/')}/#link={key}")
        _hint("It counts once, within the hour, in a browser on the station's own computer.")

    return _with_book(folder, work)


def _hint(text: str) -> None:
    print(text, file=sys.stderr)


def _marks(person: Person) -> list[str]:
    marks = {
        "disabled": person.is_disabled,
        "locked": person.is_locked,
        "first password": person.must_change,
        "no PIN": not person.has_pin and not person.is_automatic,
        "automatic": person.is_automatic,
        "DEPT of no department": any(not one.has_its_kind_of_scope for one in person.grants),
    }
    return [mark for mark, is_so in marks.items() if is_so]


def _to_dict(person: Person) -> dict[str, object]:
    return {
        "login": person.login,
        "name": person.name,
        "grants": [grant.to_dict() for grant in person.grants],
        "is_disabled": person.is_disabled,
        "is_locked": person.is_locked,
        "is_automatic": person.is_automatic,
        "must_change": person.must_change,
        "has_pin": person.has_pin,
    }
