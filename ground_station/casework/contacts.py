"""Contact cards (联系卡) per grid, and the directory of groups with words that are ready to paste.

A message is made, never sent: the groups are people's own.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ground_station.casework.case import Case
from ground_station.casework.items import ItemList
from missions.codes import codes_up
from patrol.clock import SHANGHAI
from patrol.errors import ConfigError

EXERCISE_CONTACTS_FILE = Path(__file__).parents[1] / "data" / "contacts_exercise.json"


class MemberKind(enum.Enum):
    """What somebody is to a grid (一格多员)."""

    GRID_WORKER = "GRID_WORKER"
    GRID_HEAD = "GRID_HEAD"
    POLICE = "POLICE"
    DOCTOR = "DOCTOR"
    ENFORCER = "ENFORCER"
    CLEANER = "CLEANER"
    VOLUNTEER = "VOLUNTEER"
    CHARITY = "CHARITY"

    @property
    def zh(self) -> str:
        """In the grid's words."""
        return _MEMBER_ZH[self]


_MEMBER_ZH = {
    MemberKind.GRID_WORKER: "网格员",
    MemberKind.GRID_HEAD: "网格长",
    MemberKind.POLICE: "民警",
    MemberKind.DOCTOR: "医生",
    MemberKind.ENFORCER: "执法队员",
    MemberKind.CLEANER: "保洁员",
    MemberKind.VOLUNTEER: "志愿者",
    MemberKind.CHARITY: "慈善机构",
}
THREE_PERSON_TEAM = (MemberKind.GRID_WORKER, MemberKind.POLICE, MemberKind.DOCTOR)


class GroupKind(enum.Enum):
    """What a group is for."""

    RESIDENT = "RESIDENT"
    SPECIAL = "SPECIAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a card."""

    kind: MemberKind
    person: str
    phone: str
    backup: str = ""
    hours: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group of the four-level matrix: where words are pasted."""

    name: str
    kind: GroupKind
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactCard:
    """Who answers for a grid; entries of the levels above stand in where the grid names none."""

    grid_code: str
    version: str
    entries: tuple[Entry, ...]
    groups: tuple[Group, ...]

    @property
    def team(self) -> tuple[Entry, ...]:
        """The three-person team, as far as it is named."""
        chosen = (
            next((entry for entry in self.entries if entry.kind is kind), None)
            for kind in THREE_PERSON_TEAM
        )
        return tuple(entry for entry in chosen if entry is not None)

    @property
    def lacking(self) -> tuple[MemberKind, ...]:
        """Who of the team is named nowhere: shown, never left out in silence."""
        named = {entry.kind for entry in self.entries}
        return tuple(kind for kind in THREE_PERSON_TEAM if kind not in named)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactBook:
    """Entries and groups by code of the grid tree."""

    version: str
    is_exercise: bool
    entries: Mapping[str, tuple[Entry, ...]]
    groups: tuple[Group, ...]

    def played(self) -> ContactBook:
        """As an exercise shows a district's own cards: who plays whom, and nobody to be rung up."""
        return replace(
            self,
            is_exercise=True,
            entries={
                code: tuple(
                    Entry(kind=one.kind, person=f"{one.kind.zh}（演练）", phone="", hours=one.hours)
                    for one in named
                )
                for code, named in self.entries.items()
            },
            groups=tuple(replace(one, name=f"{one.name}（演练）") for one in self.groups),
        )

    def card(self, grid_code: str) -> ContactCard:
        """The card of a grid: for each kind of member the nearest level that names one."""
        chosen: dict[MemberKind, tuple[Entry, ...]] = {}
        for code in codes_up(grid_code):
            for kind in MemberKind:
                named = tuple(e for e in self.entries.get(code, ()) if e.kind is kind)
                if named:
                    chosen.setdefault(kind, named)
        return ContactCard(
            grid_code=grid_code,
            version=self.version,
            entries=tuple(entry for kind in MemberKind for entry in chosen.get(kind, ())),
            groups=tuple(g for code in codes_up(grid_code) for g in self.groups if g.code == code),
        )


def paste_ready(case: Case, card: ContactCard, items: ItemList) -> tuple[str, str]:
    """Words for the grid's group (zh, en): what, where, until when; no person, no picture."""
    item = items.get(case.kind)
    due = f"{case.due_utc.astimezone(SHANGHAI):%m-%d %H:%M}"
    mark, mark_en = ("【演练】", "[Exercise] ") if case.is_exercise else ("", "")
    people = f"，约{case.count.estimate:.0f}人" if case.count.is_valid else ""
    people_en = f", about {case.count.estimate:.0f} people" if case.count.is_valid else ""
    group = card.groups[0].name if card.groups else case.grid_name
    return (
        f"{mark}@{group}：{case.grid_name}发现{item.zh}{people}，请{case.owner.unit}于{due}前处置并"
        f"反馈。案件号 {case.case_no}。",
        f"{mark_en}@{group}: {item.en} in {case.grid_name}{people_en}. {case.owner.unit}: please "
        f"deal with it and answer by {due}. Case {case.case_no}.",
    )


def read_contacts(path: Path = EXERCISE_CONTACTS_FILE) -> ContactBook:
    """Read a contact file; ConfigError says what is wrong with it."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        return ContactBook(
            version=str(body["version"]),
            is_exercise=bool(body["is_exercise"]),
            entries={
                str(code): tuple(_entry(row) for row in rows)
                for code, rows in body["entries"].items()
            },
            groups=tuple(
                Group(name=str(row["name"]), kind=GroupKind(row["kind"]), code=str(row["code"]))
                for row in body["groups"]
            ),
        )
    except OSError as error:
        raise ConfigError(f"the contact cards cannot be read: {path}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"not a file of contact cards: {path}: {error!r}") from error


def contacts_for(path: Path | None, *, is_exercise: bool) -> ContactBook:
    """The cards that a station shows. A live one without a file of its own has none: the sample's
    persons are invented, and a call to one of them would reach nobody. An exercise that is given
    the district's own shows who plays them: nothing of it reaches a real person.
    """
    if path is None and not is_exercise:
        return ContactBook(version="none", is_exercise=False, entries={}, groups=())
    book = read_contacts(path or EXERCISE_CONTACTS_FILE)
    if book.is_exercise and not is_exercise:
        raise ConfigError(f"the contact cards are an exercise's: {path}")
    return book.played() if is_exercise and not book.is_exercise else book


def _entry(row: Mapping[str, Any]) -> Entry:
    return Entry(
        kind=MemberKind(row["kind"]),
        person=str(row["person"]),
        phone=str(row["phone"]),
        backup=str(row.get("backup", "")),
        hours=str(row.get("hours", "")),
    )
