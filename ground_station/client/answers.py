"""The answers of the API as a program reads them; more keys may come than are named here."""

from __future__ import annotations

from typing import Any, Required, TypedDict

Json = dict[str, Any]


class Finding(TypedDict):
    """One reason of a refusal."""

    code: str
    level: str
    text: str
    text_zh: str


class Event(TypedDict, total=False):
    """One line of the story; which more fields there are depends on the event."""

    t_utc: Required[str]
    event: Required[str]
    sortie: str
    grid: str
    aircraft: str
    alert: str
    play: int
    verdict: str
    reason: str


class Aircraft(TypedDict, total=False):
    """One aircraft with the age of what it said."""

    id: Required[str]
    mode: str
    is_armed: bool | None
    is_in_air: bool | None
    home: list[float] | None
    height_above_home_m: float | None
    battery_pct: float | None
    link_age_s: float


class Alert(TypedDict, total=False):
    """A crowd that a person has to answer."""

    id: Required[str]
    state: Required[str]
    aircraft: str
    level: str
    kind: str
    grid_code: str | None
    raised_utc: str | None
    acknowledged_by: str | None
    case_no: str | None


class Announcement(TypedDict, total=False):
    """Words that were released, and how far they have come."""

    id: Required[str]
    template: Required[str]
    state: Required[str]
    text_zh: str
    text_en: str
    started_utc: str | None
    finished_utc: str | None
    released_by: str | None
    findings: list[Finding]


class Unit(TypedDict, total=False):
    """What is shown of one aircraft."""

    sortie: Json | None
    alert: Alert | None
    alerts: list[Alert]
    announcement: Announcement | None
    effect: Json | None
    crowd: Json | None
    look: Json | None
    camera: Json | None
    people: list[list[float]]


class State(TypedDict, total=False):
    """Everything that the caller may see now."""

    units: Required[dict[str, Unit]]
    story: list[Event]
    station: Json
    clock: Json
    register: Json
    aircraft: list[Aircraft]
    cases: list[Json]


class TemplateText(TypedDict):
    """Approved words."""

    id: str
    zh: str
    en: str


class Made(TypedDict):
    """A plan that was made: what to look at, and the digest to approve."""

    plan: Json
    digest: str
    findings: list[Finding]


class Case(TypedDict, total=False):
    """A case of a grid."""

    case_no: Required[str]
    state: Required[str]
    state_zh: str
    tier: str
    closed_by: str | None


class Dispatch(TypedDict, total=False):
    """A task that was sent to a unit."""

    dispatch_id: Required[str]
    state: Required[str]
    case_no: str
    unit: Json
    reply: str


class Thread(TypedDict, total=False):
    """A case with all that belongs to it."""

    case: Required[Case]
    steps: Required[list[Json]]
    reports: list[Json]
    dispatches: list[Dispatch]


class Report(TypedDict, total=False):
    """What a citizen told."""

    report_id: Required[str]
    state: Required[str]
    text: str
    contact: str


class Shift(TypedDict, total=False):
    """Who is on duty."""

    shift_id: Required[str]
    state: Required[str]
