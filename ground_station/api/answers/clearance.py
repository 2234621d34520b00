"""The table of a plan's clearance, and the permit answers in a shift's log."""

from __future__ import annotations

from typing_extensions import TypedDict

from ground_station.shapes import recorded
from missions.clearance import Clearance


class ArticleView(TypedDict):
    """A clause and what it says."""

    article: str
    text: str
    text_zh: str


class LawView(TypedDict):
    """By which law it was decided."""

    version: str
    source: str
    checked_on: str
    articles: list[ArticleView]


class SheetRoads(TypedDict):
    """Where the filled application sheet of Art. 27 is fetched; each wants a `purpose`."""

    pdf: str
    csv: str


@recorded(Clearance)
class ClearanceView(TypedDict):
    """Every rule with its answer, and every deadline, for a take-off at the time that was asked."""

    is_cleared: bool
    class_zh: str  # empty: not known
    class_en: str
    law: LawView
    application: SheetRoads


class LoggedAnswer(TypedDict):
    """One answer as a log tells it."""

    rule_id: str
    article: str
    outcome: str
    is_yes: bool | None
    text: str
    text_zh: str
    source: str
    source_zh: str


class LoggedClearance(TypedDict):
    """What a sortie was launched by."""

    clearance_id: str
    by: str
    asked_utc: str
    law_version: str
    papers_sha256: str
    aircraft_class: str | None
    is_permit_needed: bool
    permit_ids: list[str]
    answers: list[LoggedAnswer]
