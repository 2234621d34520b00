"""A mission from its plan to its signed log (DOMAIN 5.3): every change is a step of one table."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from datetime import datetime

from ground_station.transitions import Machine, Step
from patrol.cause import Cause, Role
from patrol.clock import SHANGHAI
from patrol.errors import Refused
from patrol.plan import Finding, MissionPlan


class MissionState(enum.Enum):
    """Where a mission stands."""

    DRAFT = "DRAFT"
    PLANNED = "PLANNED"
    CLEARED = "CLEARED"
    ACTIVE = "ACTIVE"
    LANDED = "LANDED"
    CLOSED = "CLOSED"
    CANCELLED = "CANCELLED"
    ABORTED = "ABORTED"


class MissionEvent(enum.Enum):
    """What moves a mission on."""

    PLAN = "plan"
    CLEAR = "clear"
    LAUNCH = "launch"
    TAKE_OFF = "take_off"
    CANCEL = "cancel"
    EXPIRE = "expire"
    LAND = "land"
    ASK_ABORT = "ask_abort"
    ABORT = "abort"
    SIGN = "sign"


class Purpose(enum.Enum):
    """Why it is flown; an exercise is marked beside it."""

    ROUTINE = "ROUTINE"
    WHISTLE = "WHISTLE"
    EVENT = "EVENT"  # a report, an alert or a place that somebody called to


_St, _Ev = MissionState, MissionEvent
UNFLOWN = (_St.DRAFT, _St.PLANNED, _St.CLEARED)
_GIVE_UP = (_Ev.CANCEL, _Ev.EXPIRE)
OPEN = (*UNFLOWN, _St.ACTIVE, _St.LANDED, _St.ABORTED)

MISSION_MACHINE: Machine[MissionState, MissionEvent] = Machine(
    "mission",
    (
        Step(
            event=_Ev.PLAN, sources=(_St.DRAFT,), target=_St.PLANNED,
            roles=(Role.LEADER, Role.PILOT),
        ),
        # Approved again it stays cleared, under the newer name.
        Step(
            event=_Ev.CLEAR, sources=(_St.PLANNED, _St.CLEARED), target=_St.CLEARED,
            roles=(Role.LEADER,),
        ),
        # Pre-flight may still refuse: only what has taken off is under way.
        Step(event=_Ev.LAUNCH, sources=(_St.CLEARED,), target=_St.CLEARED, roles=(Role.PILOT,)),
        Step(event=_Ev.TAKE_OFF, sources=(_St.CLEARED,), target=_St.ACTIVE, roles=(Role.PILOT,)),
        Step(
            event=_Ev.CANCEL, sources=UNFLOWN, target=_St.CANCELLED,
            roles=(Role.LEADER, Role.PILOT), needs_reason=True,
        ),
        Step(
            event=_Ev.EXPIRE, sources=UNFLOWN, target=_St.CANCELLED, roles=(Role.SYSTEM,),
            needs_reason=True,
        ),
        Step(event=_Ev.LAND, sources=(_St.ACTIVE,), target=_St.LANDED, roles=(Role.SYSTEM,)),
        Step(
            event=_Ev.ASK_ABORT, sources=(_St.ACTIVE,), target=_St.ACTIVE, roles=(Role.LEADER,),
            needs_reason=True,
        ),
        Step(
            event=_Ev.ABORT, sources=(_St.ACTIVE,), target=_St.ABORTED, roles=(Role.PILOT,),
            needs_reason=True,
        ),
        Step(
            event=_Ev.SIGN, sources=(_St.LANDED, _St.ABORTED), target=_St.CLOSED,
            roles=(Role.REGISTRAR, Role.PILOT),
        ),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class MissionStep:
    """One change: what, by whom, and why where words were asked for."""

    event: MissionEvent
    from_state: MissionState
    to_state: MissionState
    by: str
    role: Role
    at_utc: datetime
    is_automatic: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakPoint:
    """How far a sortie came that did not fly its whole plan."""

    sortie: str
    waypoint_index: int  # waypoints certainly reached
    waypoint_total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AbortAsked:
    """A leader wants it ended; the pilot does it."""

    by: str
    reason: str
    at_utc: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PatrolMission:
    """One plan and what became of it. World time; a closed one never changes."""

    mission_id: str  # its plan's
    day: str  # on which it is to be flown, or was launched; in Shanghai, ISO 8601
    grid_code: str
    grid_name: str
    register_version: str
    pattern: str
    purpose: Purpose
    aircraft: str  # from whose home it was drawn
    digest: str
    state: MissionState
    created_by: str
    created_utc: datetime
    is_exercise: bool
    sortie_number: int = 1  # of a patrol that takes several flights
    sortie_count: int = 1
    continues: str = ""  # the sortie whose rest it flies
    patrol_utc: datetime | None = None  # of a rest: when the patrol was planned that it is part of
    begun_utc: datetime | None = None  # of a rest: when the first part took off
    sorties: tuple[str, ...] = ()
    in_hand: str = ""  # the sortie that was launched and is not over
    break_point: BreakPoint | None = None
    abort_asked: AbortAsked | None = None
    steps: tuple[MissionStep, ...] = ()
    findings: tuple[Finding, ...] = ()  # of its plan, as it was made


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a plan comes from: what it is for, and what it goes on with."""

    purpose: Purpose = Purpose.ROUTINE
    continues: str = ""
    patrol_utc: datetime | None = None
    begun_utc: datetime | None = None


def origin_of(mission: PatrolMission) -> Origin:
    """The same of a mission that is kept."""
    return Origin(
        purpose=mission.purpose, continues=mission.continues, patrol_utc=mission.patrol_utc,
        begun_utc=mission.begun_utc,
    )  # fmt: skip


def open_mission(
    plan: MissionPlan, *, aircraft: str, findings: tuple[Finding, ...], cause: Cause, origin: Origin
) -> PatrolMission:
    """A mission of a plan just drawn, in DRAFT."""
    return PatrolMission(
        mission_id=plan.plan_id,
        day=day_of(plan.created_utc),
        grid_code=plan.grid_code,
        grid_name=plan.grid_name,
        register_version=plan.register_version,
        pattern=plan.pattern,
        purpose=origin.purpose,
        aircraft=aircraft,
        digest=plan.digest,
        state=MissionState.DRAFT,
        created_by=cause.actor,
        created_utc=plan.created_utc,
        is_exercise=plan.is_exercise,
        sortie_number=plan.sortie_number,
        sortie_count=plan.sortie_count,
        continues=origin.continues,
        patrol_utc=origin.patrol_utc,
        begun_utc=origin.begun_utc,
        findings=findings,
    )


def advance(
    mission: PatrolMission, event: MissionEvent, cause: Cause, at_utc: datetime, reason: str = ""
) -> PatrolMission:
    """The mission after an event; Refused says what is possible instead, NotPermitted the role."""
    if mission.in_hand and mission.state in UNFLOWN and event in _GIVE_UP:
        raise Refused(
            f"sortie {mission.in_hand} of mission {mission.mission_id} was launched: call the "
            "aircraft home instead",
            text_zh=f"任务{mission.mission_id}的架次{mission.in_hand}已派飞：请改为召回飞行器",
        )
    row = MISSION_MACHINE.step(
        record_id=mission.mission_id, state=mission.state, event=event, cause=cause,
        is_exercise=mission.is_exercise, reason=reason,
    )  # fmt: skip
    step = MissionStep(
        event=event, from_state=mission.state, to_state=row.target, by=cause.actor,
        role=cause.role, at_utc=at_utc, is_automatic=cause.is_automatic, reason=reason.strip(),
    )  # fmt: skip
    asked = mission.abort_asked
    if event is MissionEvent.ASK_ABORT:
        asked = AbortAsked(by=cause.actor, reason=reason.strip(), at_utc=at_utc)
    return replace(mission, state=row.target, steps=(*mission.steps, step), abort_asked=asked)


def day_of(moment_utc: datetime) -> str:
    """The day in Shanghai."""
    return moment_utc.astimezone(SHANGHAI).date().isoformat()
