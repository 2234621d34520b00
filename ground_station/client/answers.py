"""The answers of the API as a program reads them; more keys may come than are named here.

What the board shows is read as the station itself has it.
"""

from __future__ import annotations

from typing import Any, Required

from typing_extensions import TypedDict

from ground_station.shown import (
    AircraftView as Aircraft,
)
from ground_station.shown import (
    AlertView as Alert,
)
from ground_station.shown import (
    AnnouncementView as Announcement,
)
from ground_station.shown import CaseView, State, Unit
from ground_station.shown import Drafted as Made
from ground_station.shown import Event as StoryEvent
from ground_station.shown import FindingView as Finding

__all__ = ["Aircraft", "Alert", "Announcement", "Finding", "Made", "State", "Unit"]
Json = dict[str, Any]


class Event(StoryEvent, total=False):
    """One line of the story, with what some of the events tell."""

    alert: str
    play: int
    verdict: str
    reason: str


class TemplateText(TypedDict):
    """Approved words."""

    id: str
    zh: str
    en: str


class Case(CaseView):
    """A case of a grid."""

    closed_by: str


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
