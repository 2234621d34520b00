"""Dispatches (派遣): a case's tasks to units and departments, each of which must reply."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from ground_station.casework.case import Case
from ground_station.casework.states import CaseState
from ground_station.casework.steps import refusal
from ground_station.owners import Owner, ResponsibilityTable
from ground_station.transitions import Machine, Step, require_role
from patrol.cause import Cause, Role
from patrol.errors import Refused


class DispatchState(enum.Enum):
    """Where a dispatch stands."""

    SENT = "SENT"
    ACCEPTED = "ACCEPTED"
    RETURNED = "RETURNED"
    DONE = "DONE"

    @property
    def zh(self) -> str:
        """The state in the operator's words."""
        return {"SENT": "已派", "ACCEPTED": "已接", "RETURNED": "退回", "DONE": "已复"}[self.value]


class DispatchEvent(enum.Enum):
    """What moves a dispatch on."""

    ACCEPT = "accept"
    RETURN = "return"
    REPLY = "reply"


_St, _Ev = DispatchState, DispatchEvent
_UNITS = (
    Role.DEPARTMENT, Role.STREET, Role.COMMUNITY, Role.GRID_HEAD, Role.GRID_WORKER,
    Role.DISPATCHER,
)  # fmt: skip
DISPATCH_MACHINE: Machine[DispatchState, DispatchEvent] = Machine(
    "dispatch",
    (
        Step(event=_Ev.ACCEPT, sources=(_St.SENT,), target=_St.ACCEPTED, roles=_UNITS),
        Step(
            event=_Ev.RETURN,
            sources=(_St.SENT, _St.ACCEPTED),
            target=_St.RETURNED,
            roles=_UNITS,
            needs_reason=True,
        ),
        Step(
            event=_Ev.REPLY,
            sources=(_St.SENT, _St.ACCEPTED),
            target=_St.DONE,
            roles=_UNITS,
            needs_reason=True,
        ),
    ),
)
_DISPATCHABLE = frozenset({CaseState.DISPATCHED, CaseState.HANDLING, CaseState.REWORK})


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """One task to one unit. World time."""

    dispatch_id: str
    case_no: str
    grid_code: str | None
    unit: Owner
    task: str
    due_utc: datetime
    state: DispatchState
    sent_by: str
    sent_utc: datetime
    is_exercise: bool
    answered_by: str = ""
    answered_utc: datetime | None = None
    reply: str = ""  # what the unit found and did, or why it sent the task back
    handlers: tuple[str, ...] = ()  # everybody who took a step for the unit, the first one first

    def is_overdue(self, at_utc: datetime) -> bool:
        """Whether the unit's time to reply is over."""
        return self.is_open and at_utc > self.due_utc

    @property
    def is_open(self) -> bool:
        """Whether a reply is still owed."""
        return self.state in (DispatchState.SENT, DispatchState.ACCEPTED)

    def was_handled_by(self, person: str) -> bool:
        """Whether they took any step of it; a record of before tells of its last step alone."""
        return bool(person) and person in (*self.handlers, self.answered_by)


@dataclass(frozen=True, slots=True, kw_only=True)
class LateTask:
    """A task whose unit has not replied in time: the little that is told of it."""

    dispatch_id: str
    case_no: str
    grid_code: str | None
    unit: str
    unit_code: str


def send(
    case: Case,
    *,
    dispatch_id: str,
    unit: Owner,
    task: str,
    due_utc: datetime,
    cause: Cause,
    at_utc: datetime,
    table: ResponsibilityTable,
) -> Dispatch:
    """A task to a unit. Refused for a case that nobody may work on, and out of an exercise."""
    require_role(cause, (Role.DISPATCHER,))
    if case.is_exercise and not table.is_exercise:
        raise Refused(
            f"case {case.case_no} is an exercise (演练): "
            "nothing of it is dispatched to a real unit",
            text_zh=f"案件{case.case_no}为演练案件，不得派遣给实际单位",
        )
    if case.state not in _DISPATCHABLE:
        raise Refused(
            f"case {case.case_no} is {case.state.value}: tasks are sent while it is being handled",
            text_zh=f"案件{case.case_no}为“{case.state.zh}”：只能在处置期间派遣任务",
        )
    if not task.strip():
        raise refusal(case, f"say what {unit.unit} is to do", f"请写明{unit.unit}要做什么")
    if due_utc <= at_utc:
        raise refusal(case, "the task's due time is over already", "任务时限已过")
    return Dispatch(
        dispatch_id=dispatch_id,
        case_no=case.case_no,
        grid_code=case.grid_code,
        unit=unit,
        task=task.strip(),
        due_utc=due_utc,
        state=DispatchState.SENT,
        sent_by=cause.actor,
        sent_utc=at_utc,
        is_exercise=case.is_exercise,
    )


def answer(
    dispatch: Dispatch, event: DispatchEvent, cause: Cause, at_utc: datetime, *, reply: str = ""
) -> Dispatch:
    """The dispatch after its unit has accepted, returned or replied."""
    step = DISPATCH_MACHINE.step(
        record_id=dispatch.dispatch_id,
        state=dispatch.state,
        event=event,
        cause=cause,
        is_exercise=dispatch.is_exercise,
        reason=reply,
    )
    return replace(
        dispatch,
        state=step.target,
        answered_by=cause.actor,
        answered_utc=at_utc,
        reply=reply or dispatch.reply,
        handlers=_with(dispatch, cause.actor),
    )


def _with(dispatch: Dispatch, person: str) -> tuple[str, ...]:
    """Who has handled it so far and this person, each once."""
    people = (*dispatch.handlers, dispatch.answered_by, person)
    return tuple(dict.fromkeys(one for one in people if one))


def require_all_answered(case: Case, dispatches: Iterable[Dispatch]) -> None:
    """Each unit must have replied before the case is fed back; Refused names who has not."""
    waiting = [one.unit.unit for one in dispatches if one.is_open]
    if waiting:
        raise refusal(
            case, f"{', '.join(waiting)} has not replied yet", f"{'、'.join(waiting)}尚未答复"
        )
