"""Cases and what belongs to them, reports, whistles, notices and sightings."""

from __future__ import annotations

from typing_extensions import TypedDict

from ground_station.alerts import CrowdAlert
from ground_station.announcements import Announcement
from ground_station.casework.case import Case
from ground_station.casework.citizens import CitizenReport, Match
from ground_station.casework.contacts import ContactCard, Entry
from ground_station.casework.dispatches import Dispatch
from ground_station.casework.items import ItemList
from ground_station.casework.notices import Notice
from ground_station.casework.sightings import Review
from ground_station.casework.whistles import Whistle
from ground_station.shapes import listed, recorded
from ground_station.shown import CaseView
from ground_station.sorties import EffectRecord
from ground_station.store.tables import case_history
from patrol.sighting import Sighting


@recorded(Case)
class WholeCase(CaseView):
    """A case whole, with what consoles show of it."""


@recorded(Case, is_stored=True)
class CaseRow(TypedDict):
    """A case as it was recorded."""


@listed(case_history, "body_json")
class CaseStep(TypedDict):
    """One step of a case's history."""


@recorded(CrowdAlert)
class AlertRecord(TypedDict):
    """An alert as it was recorded."""


@recorded(Announcement)
class AnnouncementRecord(TypedDict):
    """An announcement as it was recorded."""


@recorded(EffectRecord)
class EffectOfWords(TypedDict):
    """What was measured after words, or without any."""


@recorded(Sighting)
class SightingRecord(TypedDict):
    """What a rule found in what the eye saw."""


@recorded(Dispatch)
class DispatchView(TypedDict):
    """A task to a unit or department."""

    state_zh: str


@recorded(CitizenReport)
class ReportView(TypedDict):
    """A citizen's report; the contact is whole only for who answers it."""

    state_zh: str


class Thread(TypedDict):
    """One case from the sighting to its check."""

    case: WholeCase
    steps: list[CaseStep]
    alert: AlertRecord | None
    sightings: list[SightingRecord]
    announcements: list[AnnouncementRecord]
    effects: list[EffectOfWords]
    dispatches: list[DispatchView]
    reports: list[ReportView]


@recorded(ItemList)
class ItemsView(TypedDict):
    """Which kinds of cases there are."""


@recorded(Entry)
class EntryView(TypedDict):
    """One line of a contact card."""

    kind_zh: str


@recorded(ContactCard)
class CardView(TypedDict):
    """Whom to call of a grid, and who of the three-person team is named nowhere."""

    entries: list[EntryView]
    team: list[EntryView]
    lacking: list[str]


class PasteCard(CardView):
    """The same with words to paste into the grid's group."""

    paste_zh: str
    paste_en: str


@recorded(Match)
class MatchView(TypedDict):
    """What may be the same matter: near in place and time."""


class TakenReport(ReportView):
    """A report that came in, with what may be the same matter."""

    matches: list[MatchView]


@recorded(Whistle)
class WhistleView(TypedDict):
    """A request for a patrol."""

    state_zh: str


class ListedWhistle(WhistleView):
    """The same, as it stands by the clock."""

    is_overdue: bool


@recorded(Notice)
class NoticeView(TypedDict):
    """What a closed case teaches the others."""

    state_zh: str


@recorded(Review)
class ReviewView(TypedDict):
    """The registrar's word on a sighting."""


@recorded(Sighting)
class SightingView(TypedDict):
    """A sighting, the registrar's word on it, and where it stands now."""

    state: str
    state_zh: str
    review: ReviewView | None
    alert_id: str
    case_no: str
