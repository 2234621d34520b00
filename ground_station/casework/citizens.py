"""Citizens' reports (随手拍): taken in, matched to what was seen and filed, and always answered.

The picture stays in the citizens' platform: we keep its address and hash, and of the contact what
is needed to answer.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ground_station.casework.case import Case
from ground_station.transitions import Machine, Step
from patrol.cause import Cause, Role
from patrol.errors import Refused
from patrol.geo import GeoPoint, distance_m
from patrol.sighting import Sighting

NEAR_M = 150.0  # a person points at a street, not at a metre
NEAR_TIME = timedelta(hours=2)
TEXT_MAX = 2000
TAKEN_UP_WITHIN = timedelta(hours=2)  # or answered, once it was rejected; a default of ours


class ReportState(enum.Enum):
    """Where a report stands."""

    RECEIVED = "RECEIVED"
    LINKED = "LINKED"
    REJECTED = "REJECTED"
    ANSWERED = "ANSWERED"

    @property
    def zh(self) -> str:
        """The state in the operator's words."""
        return {
            "RECEIVED": "已收", "LINKED": "已关联", "REJECTED": "不予受理", "ANSWERED": "已答复",
        }[self.value]  # fmt: skip


class ReportEvent(enum.Enum):
    """What moves a report on."""

    LINK = "link"
    REJECT = "reject"
    ANSWER = "answer"


_St, _Ev = ReportState, ReportEvent
_CENTRE = (Role.DISPATCHER,)
REPORT_MACHINE: Machine[ReportState, ReportEvent] = Machine(
    "report",
    (
        Step(
            event=_Ev.LINK,
            # From LINKED: its case was merged into another, which owes the answer now.
            sources=(_St.RECEIVED, _St.LINKED),
            target=_St.LINKED,
            roles=(*_CENTRE, Role.SYSTEM),
        ),
        Step(
            event=_Ev.REJECT,
            sources=(_St.RECEIVED,),
            target=_St.REJECTED,
            roles=_CENTRE,
            needs_reason=True,
        ),
        # One that was rejected is answered too: it says why.
        Step(
            event=_Ev.ANSWER,
            # Again, when its case was opened again.
            sources=(_St.LINKED, _St.REJECTED, _St.ANSWERED),
            target=_St.ANSWERED,
            roles=(*_CENTRE, Role.GRID_WORKER, Role.GRID_HEAD),
            needs_reason=True,
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CitizenReport:
    """What somebody told: words, a place, perhaps a picture kept elsewhere. World time."""

    report_id: str
    channel: str
    kind: str  # of the item list
    text: str
    place: GeoPoint
    grid_code: str | None
    grid_name: str
    received_utc: datetime
    state: ReportState
    is_exercise: bool
    contact: str = ""  # shown to nobody but who answers; `masked` is for all others
    photo_ref: str = ""
    photo_sha256: str = ""
    case_no: str = ""
    sighting_ids: tuple[str, ...] = ()
    duplicate_of: str = ""
    whistle_id: str = ""  # the look from the air that was asked for
    answer: str = ""
    answered_by: str = ""
    answered_utc: datetime | None = None
    reason: str = ""

    def is_overdue(self, at_utc: datetime) -> bool:
        """Whether nobody has taken it up or answered it in time; asked while nothing is done."""
        return (
            self.state is not ReportState.ANSWERED and at_utc - self.received_utc > TAKEN_UP_WITHIN
        )

    @property
    def masked_contact(self) -> str:
        """Enough to tell two reporters apart."""
        return masked(self.contact)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Something that may be what the citizen saw; the nearest in place and time is first."""

    kind: str  # "case", "sighting" or "report"
    object_id: str
    distance_m: float
    minutes: float  # between the two; negative: it was before the report
    text: str
    grid_code: str | None  # shown only to those who see this grid

    @property
    def score(self) -> float:
        """0 is the same place and moment, 2 the farthest that still counts."""
        return self.distance_m / NEAR_M + abs(self.minutes) / (NEAR_TIME.total_seconds() / 60.0)


def masked(contact: str) -> str:
    """The first three and last two letters of a contact; of a short one nothing."""
    text = contact.strip()
    return f"{text[:3]}****{text[-2:]}" if len(text) > 7 else "****" if text else ""


def matches(
    report: CitizenReport,
    *,
    cases: Iterable[Case] = (),
    sightings: Iterable[Sighting] = (),
    reports: Iterable[CitizenReport] = (),
) -> list[Match]:
    """What lies near in place and time, best first; a person decides what belongs together."""
    found = [
        _match(
            report,
            "case",
            (case.case_no, case.place, case.filed_utc, case.grid_code),
            case.description_zh,
        )
        for case in cases
        if case.is_open
    ]
    found += [
        _match(
            report,
            "sighting",
            (seen.sighting_id, seen.place, seen.time_utc, seen.grid_code),
            f"{seen.kind.value} {seen.count.estimate:.0f}",
        )
        for seen in sightings
    ]
    found += [
        _match(report, "report",
               (other.report_id, other.place, other.received_utc, other.grid_code),
               other.text[:80])
        for other in reports
        if other.report_id != report.report_id
    ]  # fmt: skip
    near_minutes = NEAR_TIME.total_seconds() / 60.0
    kept = [m for m in found if m.distance_m <= NEAR_M and abs(m.minutes) <= near_minutes]
    return sorted(kept, key=lambda match: (match.score, match.object_id))


def _match(
    report: CitizenReport, kind: str, seen: tuple[str, GeoPoint, datetime, str | None], text: str
) -> Match:
    object_id, place, at, grid_code = seen
    return Match(
        kind=kind,
        object_id=object_id,
        distance_m=distance_m(report.place, place),
        minutes=(at - report.received_utc).total_seconds() / 60.0,
        text=text,
        grid_code=grid_code,
    )


def advance(
    report: CitizenReport,
    event: ReportEvent,
    cause: Cause,
    at_utc: datetime,
    *,
    text: str = "",
    case_no: str = "",
    sighting_ids: tuple[str, ...] = (),
) -> CitizenReport:
    """The report after the event. LINK needs a case; `text` is the reason or the answer."""
    step = REPORT_MACHINE.step(
        record_id=report.report_id,
        state=report.state,
        event=event,
        cause=cause,
        is_exercise=report.is_exercise,
        reason=text,
    )
    moved = replace(report, state=step.target)
    match event:
        case ReportEvent.LINK:
            if not case_no:
                raise Refused(
                    f"report {report.report_id}: linking needs a case number",
                    text_zh=f"群众反映{report.report_id}：关联须填写案件编号",
                )
            ids = tuple(dict.fromkeys((*report.sighting_ids, *sighting_ids)))
            return replace(moved, case_no=case_no, sighting_ids=ids)
        case ReportEvent.REJECT:
            return replace(moved, reason=text)
        case ReportEvent.ANSWER:
            return replace(moved, answer=text, answered_by=cause.actor, answered_utc=at_utc)
