"""Where a case stands and what moves it on: the GB-style closed loop as a table (DOMAIN 5.3)."""

from __future__ import annotations

import enum

from ground_station.transitions import Machine, Step
from patrol.cause import Role


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
    ASK_DEFERRAL = "ask_deferral"
    DEFER = "defer"
    ASK_SUSPENSION = "ask_suspension"
    SUSPEND = "suspend"
    RESUME = "resume"
    CHECK = "check"
    CLOSE = "close"
    CLOSE_RECORD = "close_record"
    REWORK = "rework"
    REASSIGN = "reassign"
    EVALUATE = "evaluate"
    REOPEN = "reopen"
    LINK_REPORT = "link_report"
    ANSWER_REPORTER = "answer_reporter"
    NOTE = "note"


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
# Which of them owns a case follows from its owner's tier; what the centre owns its dispatcher has.
_OWNERS = (
    Role.GRID_WORKER, Role.GRID_HEAD, Role.COMMUNITY, Role.STREET, Role.DEPARTMENT,
    Role.DISPATCHER,
)  # fmt: skip
_DISP = (Role.DISPATCHER,)
_SUPV = (Role.SUPERVISOR,)
_VERIFIERS = (Role.DISPATCHER, Role.SUPERVISOR, Role.GRID_WORKER)
_TELLERS = (Role.DISPATCHER, Role.GRID_WORKER, Role.GRID_HEAD)
_WRITERS = (*_OWNERS, Role.SUPERVISOR, Role.REGISTRAR, Role.LEADER)
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
        # A street or community hands on what it owns, to a unit below it (DOMAIN 5.1).
        _row(
            _Ev.REASSIGN,
            _WITH_OWNER,
            _St.DISPATCHED,
            (Role.STREET, Role.COMMUNITY, Role.DISPATCHER),
            needs_reason=True,
        ),
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
        *(
            _row(_Ev.ASK_DEFERRAL, (state,), state, _OWNERS, needs_reason=True)
            for state in (_St.HANDLING, _St.REWORK)
        ),
        _row(_Ev.DEFER, (_St.HANDLING, _St.REWORK), _St.DEFERRED, _DISP, needs_reason=True),
        # The dispatcher asks and the leader decides: two persons (DOMAIN 5.3).
        *(
            _row(_Ev.ASK_SUSPENSION, (state,), state, _DISP, needs_reason=True)
            for state in _AT_WORK
        ),
        _row(_Ev.SUSPEND, _AT_WORK, _St.SUSPENDED, (Role.LEADER,)),
        _row(_Ev.RESUME, (_St.SUSPENDED,), _St.HANDLING, _DISP),
        # From CHECKING: to another supervisor.
        _row(_Ev.CHECK, (_St.FEEDBACK, _St.CHECKING), _St.CHECKING, _DISP),
        _row(_Ev.CLOSE, (_St.CHECKING,), _St.CLOSED, _SUPV),
        _row(_Ev.REWORK, (_St.CHECKING,), _St.REWORK, _SUPV, needs_reason=True),
        _row(_Ev.EVALUATE, (_St.CLOSED,), _St.EVALUATED, (Role.SYSTEM, Role.REVIEWER)),
        *(
            _row(_Ev.LINK_REPORT, (state,), state, (Role.DISPATCHER, Role.SYSTEM))
            for state in CaseState
            if state not in FINAL
        ),
        # Whoever reported it is told before it ends; a note is a line in the thread.
        *(
            _row(_Ev.ANSWER_REPORTER, (state,), state, _TELLERS, needs_reason=True)
            for state in CaseState
            if state not in FINAL
        ),
        *(
            _row(_Ev.NOTE, (state,), state, _WRITERS, needs_reason=True)
            for state in CaseState
            if state not in FINAL
        ),
        _row(_Ev.REOPEN, (_St.CLOSED, _St.EVALUATED), _St.REOPENED, _SUPV, needs_reason=True),
    ),
)
