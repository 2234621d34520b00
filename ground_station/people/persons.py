"""Persons and the roles they hold, each in a part of the district."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from ground_station.owners import is_department
from ground_station.people.errors import DoorRefused
from ground_station.people.scopes import DISTRICT, covers
from patrol.cause import Role

ANYWHERE = "*"  # what is asked for lies nowhere yet: any part of the district will do
HOLDABLE = tuple(role for role in Role if role not in (Role.SYSTEM, Role.NONE))
# In an exercise a tester takes the place of any of the squad; live the role opens nothing (R5).
_TESTER_STANDS_FOR = frozenset(
    {Role.PILOT, Role.ANNOUNCER, Role.REGISTRAR, Role.LEADER, Role.OPERATOR}
)
_LOGIN = re.compile(r"^[a-z][a-z0-9._-]{1,31}$", re.ASCII)
_NAME_MAX = 60


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Grant:
    """One role in one part of the grid tree; a department's role is that of one department."""

    role: Role
    scope: str = DISTRICT

    @property
    def has_its_kind_of_scope(self) -> bool:
        """Whether a department's role names a department, and every other a part of the tree."""
        return (self.role is Role.DEPARTMENT) == is_department(self.scope)

    def to_dict(self) -> dict[str, str]:
        """The JSON of the API."""
        return {"role": self.role.value, "scope": self.scope}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may sign in; `name` stands in every record, so no two persons share one."""

    login: str
    name: str
    grants: tuple[Grant, ...] = ()
    is_automatic: bool = False  # a named auto-operator: exercises only, by token only
    is_disabled: bool = False
    must_change: bool = False
    has_password: bool = False
    has_pin: bool = False
    is_locked: bool = False


def read_login(text: str) -> str:
    """A login in its one spelling; DoorRefused when it cannot be one."""
    login = text.strip().lower()
    if not _LOGIN.match(login):
        raise DoorRefused(
            "a login is 2 to 32 small letters, digits, dots or dashes, a letter first",
            "登录名为2至32位小写字母、数字、点或短横线，首位须为字母",
        )
    return login


def read_name(text: str) -> str:
    """A name as it will stand in the records; DoorRefused when it is empty or not printable."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name or len(name) > _NAME_MAX or not name.isprintable():
        raise DoorRefused(
            f"a name has 1 to {_NAME_MAX} printable characters",
            f"姓名为1至{_NAME_MAX}个可显示字符",
        )
    return name


def name_key(name: str) -> str:
    """Two names with the same key would be taken for one another."""
    return unicodedata.normalize("NFKC", name).casefold()


def active_grants(grants: tuple[Grant, ...], *, is_exercise: bool) -> tuple[Grant, ...]:
    """The roles that count in this space: exercise and live are apart (R5).

    A department's role that names none, as they were given once, is nobody's.
    """
    counting: set[Grant] = set()
    for grant in grants:
        if not grant.has_its_kind_of_scope:
            continue
        if grant.role is not Role.TESTER:
            counting.add(grant)
        elif is_exercise:
            counting.add(grant)
            counting |= {Grant(role=role, scope=grant.scope) for role in _TESTER_STANDS_FOR}
    return tuple(sorted(counting, key=lambda grant: (grant.role.value, grant.scope)))


def holds(grants: Sequence[Grant], role: Role, place: str | None) -> bool:
    """Whether one of the grants gives this role at this place (None: in no grid)."""
    return grant_for(grants, role, place) is not None


def grant_for(
    grants: Sequence[Grant], role: Role, place: str | None, units: Sequence[str] = ()
) -> Grant | None:
    """The grant that gives this role at this place (None: in no grid), the widest of several.

    A department's counts for what is that department's, wherever it lies: `units` are the codes
    of those whose it is, the first one first.
    """
    held = [grant for grant in grants if grant.role is role and grant.has_its_kind_of_scope]
    if role is Role.DEPARTMENT and place != ANYWHERE:
        return next((grant for unit in units for grant in held if grant.scope == unit), None)
    there = [grant for grant in held if place == ANYWHERE or covers(grant.scope, place)]
    return min(there, key=lambda grant: (len(grant.scope), grant.scope), default=None)
