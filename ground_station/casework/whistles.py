"""Whistles (吹哨): somebody asks for a patrol, and the community checks in (报到) in time."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ground_station.transitions import Machine, Step, require_role
from patrol.cause import Cause, Role
from patrol.errors import Refused

CHECK_IN_WITHIN = timedelta(minutes=15)  # a default of ours; the district sets its own


class WhistleState(enum.Enum):
    """Where a whistle stands."""

    RAISED = "RAISED"
    CHECKED_IN = "CHECKED_IN"
    FLOWN = "FLOWN"  # a patrol went
    WITHDRAWN = "WITHDRAWN"

    @property
    def zh(self) -> str:
        """The state in the operator's words."""
        return {
            "RAISED": "吹哨", "CHECKED_IN": "报到", "FLOWN": "已巡查", "WITHDRAWN": "撤回",
        }[self.value]  # fmt: skip


class WhistleEvent(enum.Enum):
    """What moves a whistle on."""

    CHECK_IN = "check_in"
    FLY = "fly"
    WITHDRAW = "withdraw"


_St, _Ev = WhistleState, WhistleEvent
WHISTLERS = (
    Role.GRID_WORKER, Role.GRID_HEAD, Role.COMMUNITY, Role.STREET, Role.DISPATCHER, Role.SUPERVISOR,
)  # fmt: skip
WHISTLE_MACHINE: Machine[WhistleState, WhistleEvent] = Machine(
    "whistle",
    (
        Step(
            event=_Ev.CHECK_IN,
            sources=(_St.RAISED,),
            target=_St.CHECKED_IN,
            roles=(Role.COMMUNITY, Role.STREET, Role.GRID_HEAD, Role.LEADER),
        ),
        Step(
            event=_Ev.FLY,
            sources=(_St.RAISED, _St.CHECKED_IN),
            target=_St.FLOWN,
            roles=(Role.LEADER, Role.PILOT, Role.SYSTEM),
        ),
        Step(
            event=_Ev.WITHDRAW,
            sources=(_St.RAISED, _St.CHECKED_IN),
            target=_St.WITHDRAWN,
            roles=(*WHISTLERS, Role.LEADER),
            needs_reason=True,
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Whistle:
    """A request for a patrol of a grid. World time."""

    whistle_id: str
    grid_code: str
    grid_name: str
    need: str
    raised_by: str
    raised_utc: datetime
    check_in_due_utc: datetime
    state: WhistleState
    is_exercise: bool
    report_id: str = ""  # the citizen's report that is to be looked at from the air
    checked_in_by: str = ""
    checked_in_utc: datetime | None = None
    sortie: str = ""  # the patrol that answered it
    reason: str = ""

    def is_overdue(self, at_utc: datetime) -> bool:
        """Whether nobody has checked in in time: it stays in sight until somebody does."""
        return self.state is WhistleState.RAISED and at_utc > self.check_in_due_utc


def blow(
    *,
    whistle_id: str,
    grid_code: str,
    grid_name: str,
    need: str,
    cause: Cause,
    at_utc: datetime,
    is_exercise: bool,
    report_id: str = "",
) -> Whistle:
    """A new request; Refused without a need, NotPermitted for other roles."""
    require_role(cause, WHISTLERS)
    if not need.strip():
        raise Refused("a whistle says in words what is needed", text_zh="吹哨须用文字写明需要什么")
    return Whistle(
        whistle_id=whistle_id,
        grid_code=grid_code,
        grid_name=grid_name,
        need=need.strip(),
        raised_by=cause.actor,
        raised_utc=at_utc,
        check_in_due_utc=at_utc + CHECK_IN_WITHIN,
        state=WhistleState.RAISED,
        is_exercise=is_exercise,
        report_id=report_id,
    )


def answer(
    whistle: Whistle,
    event: WhistleEvent,
    cause: Cause,
    at_utc: datetime,
    *,
    reason: str = "",
    sortie: str = "",
) -> Whistle:
    """The whistle after the event; FLY needs the sortie that flew."""
    step = WHISTLE_MACHINE.step(
        record_id=whistle.whistle_id,
        state=whistle.state,
        event=event,
        cause=cause,
        is_exercise=whistle.is_exercise,
        reason=reason,
    )
    moved = replace(whistle, state=step.target, reason=reason or whistle.reason)
    if event is WhistleEvent.CHECK_IN:
        return replace(moved, checked_in_by=cause.actor, checked_in_utc=at_utc)
    if event is WhistleEvent.FLY:
        if not sortie:
            raise Refused(
                f"whistle {whistle.whistle_id}: name the sortie that flew",
                text_zh=f"吹哨{whistle.whistle_id}：请填写所飞架次",
            )
        return replace(moved, sortie=sortie)
    return moved
