"""A grid case from filing to evaluation: its states, tier, owner and clocks (DOMAIN 5.3)."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ground_station.case_numbers import CaseSource
from ground_station.owners import Owner, Tier
from ground_station.transitions import Machine, Step
from patrol.cause import Cause, Role
from patrol.errors import Refused
from patrol.geo import GeoPoint
from patrol.sighting import Count

REOPEN_WITHIN = timedelta(days=7)


class Severity(enum.Enum):
    """How much a case matters."""

    MINOR = "MINOR"
    ORDINARY = "ORDINARY"
    MAJOR = "MAJOR"
    CRITICAL = "CRITICAL"


class CaseState(enum.Enum):
    """Where a case stands; `zh` is the word of the GB-style closed loop."""

    REPORTED = "REPORTED"
    VERIFYING = "VERIFYING"
    REJECTED = "REJECTED"
    MERGED = "MERGED"
    VOIDED = "VOIDED"
    FILED = "FILED"
    DISPATCHED = "DISPATCHED"
    RETURNED = "RETURNED"
    HANDLING = "HANDLING"
    DEFERRED = "DEFERRED"
    SUSPENDED = "SUSPENDED"
    ESCALATED = "ESCALATED"
    FEEDBACK = "FEEDBACK"
    CHECKING = "CHECKING"
    REWORK = "REWORK"
    CLOSED = "CLOSED"
    EVALUATED = "EVALUATED"
    REOPENED = "REOPENED"

    @property
    def zh(self) -> str:
        """The state in the operator's words."""
        return _STATE_ZH[self]


class CaseEvent(enum.Enum):
    """What moves a case on."""

    VERIFY = "verify"
    REJECT = "reject"
    MERGE = "merge"
    FILE = "file"
    VOID = "void"
    DISPATCH = "dispatch"
    ACCEPT = "accept"
    RETURN = "return"
    ESCALATE = "escalate"
    FEED_BACK = "feed_back"
    DEFER = "defer"
    SUSPEND = "suspend"
    RESUME = "resume"
    CHECK = "check"
    CLOSE = "close"
    CLOSE_RECORD = "close_record"
    REWORK = "rework"
    EVALUATE = "evaluate"
    REOPEN = "reopen"


_St, _Ev = CaseState, CaseEvent
_STATE_ZH = {
    _St.REPORTED: "受理",
    _St.VERIFYING: "核实",
    _St.REJECTED: "不予受理",
    _St.MERGED: "合并",
    _St.VOIDED: "注销",
    _St.FILED: "立案",
    _St.DISPATCHED: "派遣",
    _St.RETURNED: "退回",
    _St.HANDLING: "处置中",
    _St.DEFERRED: "延期",
    _St.SUSPENDED: "挂账",
    _St.ESCALATED: "升级",
    _St.FEEDBACK: "反馈",
    _St.CHECKING: "核查",
    _St.REWORK: "返工",
    _St.CLOSED: "结案",
    _St.EVALUATED: "评价",
    _St.REOPENED: "复发",
}
FINAL = frozenset({_St.REJECTED, _St.MERGED, _St.VOIDED, _St.CLOSED, _St.EVALUATED})
_OWNERS = (Role.GRID_WORKER, Role.GRID_HEAD, Role.COMMUNITY, Role.STREET, Role.DEPARTMENT)
_DISP = (Role.DISPATCHER,)
_SUPV = (Role.SUPERVISOR,)
_VERIFIERS = (Role.DISPATCHER, Role.SUPERVISOR, Role.GRID_WORKER)
_WITH_OWNER = (_St.DISPATCHED, _St.HANDLING, _St.DEFERRED, _St.REWORK)
_AT_WORK = (_St.HANDLING, _St.DEFERRED, _St.REWORK)


def _row(
    event: CaseEvent,
    sources: tuple[CaseState, ...],
    target: CaseState,
    roles: tuple[Role, ...],
    *,
    needs_reason: bool = False,
) -> Step[CaseState, CaseEvent]:
    return Step(event=event, sources=sources, target=target, roles=roles, needs_reason=needs_reason)


CASE_MACHINE: Machine[CaseState, CaseEvent] = Machine(
    "case",
    (
        _row(_Ev.VERIFY, (_St.REPORTED, _St.REOPENED), _St.VERIFYING, _VERIFIERS),
        _row(_Ev.REJECT, (_St.REPORTED,), _St.REJECTED, _DISP, needs_reason=True),
        _row(_Ev.MERGE, (_St.REPORTED,), _St.MERGED, _DISP, needs_reason=True),
        _row(_Ev.FILE, (_St.VERIFYING,), _St.FILED, _DISP),
        _row(_Ev.VOID, (_St.VERIFYING,), _St.VOIDED, _DISP, needs_reason=True),
        _row(
            _Ev.DISPATCH,
            (_St.FILED, _St.RETURNED, _St.ESCALATED),
            _St.DISPATCHED,
            (Role.DISPATCHER, Role.SYSTEM),
        ),
        # A dispersed gathering is kept as a record; nothing has to be handled.
        _row(_Ev.CLOSE_RECORD, (_St.FILED, _St.DISPATCHED), _St.CLOSED, (Role.REGISTRAR,)),
        _row(_Ev.ACCEPT, (_St.DISPATCHED,), _St.HANDLING, _OWNERS),
        _row(_Ev.RETURN, (_St.DISPATCHED,), _St.RETURNED, _OWNERS, needs_reason=True),
        _row(
            _Ev.ESCALATE,
            _WITH_OWNER,
            _St.ESCALATED,
            (Role.DISPATCHER, Role.SYSTEM),
            needs_reason=True,
        ),
        _row(_Ev.FEED_BACK, _AT_WORK, _St.FEEDBACK, _OWNERS, needs_reason=True),
        _row(_Ev.DEFER, (_St.HANDLING, _St.REWORK), _St.DEFERRED, _DISP, needs_reason=True),
        _row(
            _Ev.SUSPEND,
            _AT_WORK,
            _St.SUSPENDED,
            (Role.DISPATCHER, Role.LEADER),
            needs_reason=True,
        ),
        _row(_Ev.RESUME, (_St.SUSPENDED,), _St.HANDLING, _DISP),
        _row(_Ev.CHECK, (_St.FEEDBACK,), _St.CHECKING, _DISP),
        _row(_Ev.CLOSE, (_St.CHECKING,), _St.CLOSED, _SUPV),
        _row(_Ev.REWORK, (_St.CHECKING,), _St.REWORK, _SUPV, needs_reason=True),
        _row(_Ev.EVALUATE, (_St.CLOSED,), _St.EVALUATED, (Role.SYSTEM, Role.REVIEWER)),
        _row(_Ev.REOPEN, (_St.CLOSED, _St.EVALUATED), _St.REOPENED, _SUPV, needs_reason=True),
    ),
)


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
    accepted_utc: datetime | None = None
    handled_by: str = ""  # the newest of them
    handlers: tuple[str, ...] = ()  # everybody who had it in hand, oldest first
    closed_by: str = ""
    closed_utc: datetime | None = None
    feedback: str = ""
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

    def overdue(self, at_utc: datetime) -> str:
        """Which clock has run out: "accept", "handle" or "" for none."""
        if not self.is_open or self.state is CaseState.SUSPENDED:
            return ""
        if self.accepted_utc is None and at_utc > self.accept_due_utc:
            return "accept"
        return "handle" if at_utc > self.due_utc else ""


def advance(
    case: Case,
    event: CaseEvent,
    cause: Cause,
    at_utc: datetime,
    *,
    reason: str = "",
    new_owner: Owner | None = None,
    clocks: tuple[datetime, datetime] | None = None,
    is_reporter_told: bool = False,
) -> Case:
    """The case after the event; Refused or NotPermitted when the table has no such row.

    ESCALATE needs the owner of the higher tier and both clocks (accept, handle); DEFER and RESUME
    a new handling time in `clocks`; `reason` carries the outcome for FEED_BACK.
    """
    step = CASE_MACHINE.step(
        record_id=case.case_no or "(unnumbered)",
        state=case.state,
        event=event,
        cause=cause,
        is_exercise=case.is_exercise,
        reason=reason,
    )
    moved = replace(case, state=step.target, reason=reason or case.reason)
    match event:
        case CaseEvent.ACCEPT:
            return replace(_handled(moved, cause), accepted_utc=at_utc)
        case CaseEvent.FEED_BACK:
            return replace(_handled(moved, cause), feedback=reason)
        case CaseEvent.ESCALATE:
            return _escalated(case, moved, new_owner, clocks)
        case CaseEvent.DEFER | CaseEvent.RESUME:
            if clocks is None:
                raise Refused(f"case {case.case_no}: {event.value} needs a new due time")
            return replace(moved, due_utc=clocks[1])
        case CaseEvent.CLOSE:
            _require_other_person(case, cause)
            if not is_reporter_told:
                raise Refused(f"case {case.case_no}: tell the reporter before closing it")
            return replace(moved, closed_by=cause.actor, closed_utc=at_utc)
        case CaseEvent.CLOSE_RECORD:
            if not case.is_record_only:
                raise Refused(f"case {case.case_no} has to be handled; only records close at once")
            return replace(moved, closed_by=cause.actor, closed_utc=at_utc)
        case CaseEvent.REOPEN:
            if case.closed_utc is None or at_utc - case.closed_utc > REOPEN_WITHIN:
                raise Refused(
                    f"case {case.case_no} was closed more than 7 days ago: file a new one"
                )
            return replace(moved, accepted_utc=None, closed_by="", closed_utc=None)
        case CaseEvent.RETURN:
            return replace(moved, accepted_utc=None)
        case _:
            return moved


def _handled(case: Case, cause: Cause) -> Case:
    handlers = tuple(dict.fromkeys((*case.handlers, cause.actor)))
    return replace(case, handled_by=cause.actor, handlers=handlers)


def _escalated(
    case: Case, moved: Case, owner: Owner | None, clocks: tuple[datetime, datetime] | None
) -> Case:
    if case.tier.above is None:
        raise Refused(f"case {case.case_no} is already at the district: there is no higher tier")
    if owner is None or clocks is None or owner.tier is not case.tier.above:
        raise Refused(
            f"case {case.case_no}: escalating needs the owner and the clocks of "
            f"{case.tier.above.value}"
        )
    return replace(
        moved,
        tier=owner.tier,
        owner=owner,
        accept_due_utc=clocks[0],
        due_utc=clocks[1],
        accepted_utc=None,
    )


def _require_other_person(case: Case, cause: Cause) -> None:
    if cause.actor in (*case.handlers, case.handled_by):
        raise Refused(f"case {case.case_no}: {cause.actor} handled it, another person checks it")
