"""A grid case from its report to its evaluation: owner, tier and clocks (DOMAIN 5.2, 5.3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ground_station.case_numbers import CaseSource
from ground_station.casework.states import FINAL, CaseState, Severity
from ground_station.owners import Owner, Tier
from patrol.geo import GeoPoint
from patrol.sighting import Count

CHECK_WITHIN = timedelta(hours=24)  # of the feedback; a default of ours
_WITH_CHECKER = frozenset({CaseState.FEEDBACK, CaseState.CHECKING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """By when something has to be done with a case: "accept", "handle", "check" or "review"."""

    name: str
    due_utc: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One matter that has an owner and a clock until it is closed. Times are world time."""

    case_no: str  # empty until the store has given the number
    kind: str  # of the item list, "GATHERING"
    source: CaseSource
    severity: Severity
    tier: Tier
    state: CaseState
    owner: Owner
    grid_code: str | None
    grid_name: str
    register_version: str
    place: GeoPoint
    count: Count
    description: str
    description_zh: str
    filed_utc: datetime
    accept_due_utc: datetime
    due_utc: datetime
    alert_id: str
    sortie: str
    is_record_only: bool
    is_exercise: bool
    reporter: str = ""  # who has to be told before it closes; empty: the squad's own finding
    reporter_told_utc: datetime | None = None
    dispatched_utc: datetime | None = None
    accepted_utc: datetime | None = None
    handled_by: str = ""  # the newest of them
    handlers: tuple[str, ...] = ()  # everybody who had it in hand, oldest first
    checker: str = ""  # the supervisor to whom the check was given
    closed_by: str = ""
    closed_utc: datetime | None = None
    found: str = ""  # the fact that the handler established
    feedback: str = ""  # and what was done about it
    fed_back_utc: datetime | None = None
    deferral_asked: str = ""  # the owner's reason, until the dispatcher answers
    suspension_asked_by: str = ""  # the dispatcher who asked, until the leader answers
    review_utc: datetime | None = None  # when a suspended case is looked at again
    merged_into: str = ""
    reason: str = ""  # of the newest step that had to give one

    def __post_init__(self) -> None:
        """Refuse a case without an owner or an exercise case with a live number (ValueError)."""
        if not self.owner.unit.strip() or not self.owner.person.strip():
            raise ValueError("a case always has an owner: a unit and a person")
        if self.is_exercise != (self.source is CaseSource.EXERCISE):
            raise ValueError("exercise cases, and only they, carry the source letter X")

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to do something."""
        return self.state not in FINAL

    @property
    def clocks(self) -> tuple[Clock | None, Clock | None]:
        """What runs, and behind it the time to handle; the first that has run out is told."""
        if not self.is_open:
            return None, None
        if self.state is CaseState.SUSPENDED:
            review_utc = self.review_utc
            return (None if review_utc is None else Clock(name="review", due_utc=review_utc)), None
        if self.state in _WITH_CHECKER and self.fed_back_utc is not None:
            # The owner has done its part: what is late now is the check.
            return Clock(name="check", due_utc=self.fed_back_utc + CHECK_WITHIN), None
        handle = Clock(name="handle", due_utc=self.due_utc)
        if self.accepted_utc is None:
            return Clock(name="accept", due_utc=self.accept_due_utc), handle
        return handle, None

    def overdue(self, at_utc: datetime) -> str:
        """Which clock has run out: "accept", "handle", "check", "review" or ""."""
        late = (one.name for one in self.clocks if one is not None and at_utc > one.due_utc)
        return next(late, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticking:
    """An open case that its clocks ask for: the little that is needed to look after it."""

    case_no: str
    grid_code: str | None
    state: CaseState
    tier: Tier
    due_us: int  # of the case, microseconds since 1970: another one is another clock
    overdue: str  # the clock that has run out; "" where the tier rule has to pass the case on
    owner_code: str
