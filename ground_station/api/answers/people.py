"""Who is in, and how the station is."""

from __future__ import annotations

from typing_extensions import TypedDict


class DoorView(TypedDict):
    """What the sign-in page shows before anybody is in."""

    station: str
    is_exercise: bool
    has_persons: bool


class GrantView(TypedDict):
    """A role, and the part of the grid tree in which it counts."""

    role: str
    scope: str


class SessionView(TypedDict):
    """Who is signed in, and what they may do."""

    login: str
    name: str
    grants: list[GrantView]
    may: list[str]
    must_change: bool
    has_pin: bool
    is_shared: bool
    is_exercise: bool
    seats: dict[str, str]  # logins by role
    csrf: str  # for the header of every change; empty for a token


class CrewMember(TypedDict):
    """Somebody who could sit down at this console."""

    login: str
    name: str
    roles: list[str]


class Healthy(TypedDict):
    """The process answers."""

    status: str


class Ready(Healthy):
    """Whether it can do its work; each check says `ok` or what is wrong."""

    checks: dict[str, str]
