"""Crowd alerts and the table of their states (DOMAIN 5.3). Nothing is stored or published here."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ground_station.alert_levels import AlertLevel
from ground_station.transitions import Machine, Step
from patrol.cause import Cause, Role
from patrol.errors import Refused
from patrol.geo import GeoPoint
from patrol.sighting import Count, Sighting, SightingKind

ACKNOWLEDGE_WITHIN_S = 60.0  # then the leader is told again
RENOTIFY_AFTER_S = (60.0, 180.0)  # leader, then centre
RE_ALARM = timedelta(seconds=300)  # at most one raise a cluster in this time, DOMAIN I14
RELAPSE_WITHIN = timedelta(minutes=30)
DISPLACED_M = 100.0  # a new crowd within this of one that was spoken to, DOMAIN 4.6
SAME_CROWD_M = 20.0  # sightings nearer than this are one crowd, DOMAIN 4.4


class AlertState(enum.Enum):
    """Where an alert stands."""

    RAISED = "RAISED"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    ANNOUNCING = "ANNOUNCING"
    OBSERVING = "OBSERVING"
    DISPERSED = "DISPERSED"
    PERSISTING = "PERSISTING"
    ESCALATED = "ESCALATED"
    DISMISSED = "DISMISSED"
    CLOSED = "CLOSED"


class AlertEvent(enum.Enum):
    """What moves an alert on."""

    ACKNOWLEDGE = "acknowledge"
    RENOTIFY = "renotify"
    DISMISS = "dismiss"
    ANNOUNCE = "announce"
    OVERRIDE = "override"  # words that a rule had stopped are spoken after all
    PLAY_ENDED = "play_ended"
    PLAY_FAILED = "play_failed"
    DISPERSE = "disperse"
    PERSIST = "persist"
    FILE = "file"
    ESCALATE = "escalate"
    LIFT = "lift"  # a graver rule has found the same crowd
    CLOSE = "close"


class Outcome(enum.Enum):
    """What the observation found."""

    DISPERSED = "dispersed"
    PERSISTING = "persisting"


_St, _Ev = AlertState, AlertEvent
_LIVE = (_St.RAISED, _St.ACKNOWLEDGED, _St.ANNOUNCING, _St.OBSERVING)
# A patrol log cannot be closed over an alert in one of these: persisting has its case to come.
UNSETTLED = frozenset({*_LIVE, _St.PERSISTING})
SPEAKABLE = (_St.ACKNOWLEDGED, _St.OBSERVING, _St.ESCALATED)  # the last where it is critical
_OFFICERS = (Role.OPERATOR, Role.REGISTRAR, Role.LEADER)
_SYS = (Role.SYSTEM,)

ALERT_MACHINE: Machine[AlertState, AlertEvent] = Machine(
    "alert",
    (
        Step(
            event=_Ev.ACKNOWLEDGE,
            sources=(_St.RAISED,),
            target=_St.ACKNOWLEDGED,
            roles=_OFFICERS,
        ),
        # Handed on by the system at once, a critical crowd is still acknowledged and spoken to.
        Step(
            event=_Ev.ACKNOWLEDGE,
            sources=(_St.ESCALATED,),
            target=_St.ESCALATED,
            roles=_OFFICERS,
        ),
        *(
            Step(event=_Ev.RENOTIFY, sources=(state,), target=state, roles=_SYS)
            for state in (_St.RAISED, _St.ESCALATED)
        ),
        Step(
            event=_Ev.DISMISS,
            sources=(_St.RAISED, _St.ACKNOWLEDGED),
            target=_St.DISMISSED,
            roles=(Role.REGISTRAR, Role.OPERATOR),
            needs_reason=True,
        ),
        # From OBSERVING: the second play, which is observed again.
        Step(
            event=_Ev.ANNOUNCE,
            sources=SPEAKABLE,
            target=_St.ANNOUNCING,
            roles=(Role.ANNOUNCER,),
        ),
        Step(
            event=_Ev.OVERRIDE,
            sources=SPEAKABLE,
            target=_St.ANNOUNCING,
            roles=(Role.LEADER,),
        ),
        Step(event=_Ev.PLAY_ENDED, sources=(_St.ANNOUNCING,), target=_St.OBSERVING, roles=_SYS),
        Step(
            event=_Ev.PLAY_FAILED,
            sources=(_St.ANNOUNCING,),
            target=_St.ACKNOWLEDGED,
            roles=_SYS,
            needs_reason=True,
        ),
        Step(event=_Ev.DISPERSE, sources=(_St.OBSERVING,), target=_St.DISPERSED, roles=_SYS),
        Step(event=_Ev.PERSIST, sources=(_St.OBSERVING,), target=_St.PERSISTING, roles=_SYS),
        Step(event=_Ev.FILE, sources=(_St.DISPERSED,), target=_St.DISPERSED, roles=_SYS),
        Step(
            event=_Ev.ESCALATE,
            sources=(_St.PERSISTING,),
            target=_St.ESCALATED,
            roles=(*_OFFICERS, *_SYS),
        ),
        Step(event=_Ev.ESCALATE, sources=_LIVE, target=_St.ESCALATED, roles=_OFFICERS),
        *(Step(event=_Ev.LIFT, sources=(state,), target=state, roles=_SYS) for state in _LIVE),
        Step(
            event=_Ev.CLOSE,
            sources=(_St.DISPERSED, _St.ESCALATED, _St.DISMISSED),
            target=_St.CLOSED,
            roles=(Role.REGISTRAR,),
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrowdAlert:
    """Sightings that meet a rule and ask for a response."""

    alert_id: str
    kind: SightingKind
    rule: str
    level: AlertLevel
    state: AlertState
    sighting_ids: tuple[str, ...]
    sortie: str
    grid_code: str | None
    grid_name: str
    register_version: str
    place: GeoPoint
    error_m: float
    radius_m: float
    count: Count
    raised_utc: datetime
    legal_basis_id: str
    is_exercise: bool
    acknowledged_by: str = ""
    acknowledged_utc: datetime | None = None
    renotified_count: int = 0
    dismissed_reason: str = ""
    announcement_ids: tuple[str, ...] = ()  # released, oldest first
    played_count: int = 0
    outcome: Outcome | None = None
    outcome_reason: str = ""
    case_no: str = ""
    relapse_of: str = ""
    displaced_from: str = ""  # the alert whose crowd this may be, a few steps on
    changed_utc: datetime | None = None
    settled_utc: datetime | None = None  # when the observation gave its verdict
    aircraft: str = ""  # whose eye saw it; empty in records of a station with one
    density_high_per_m2: float | None = None  # None: not measured

    @property
    def is_handed_on_at_once(self) -> bool:
        """A critical crowd is the centre's before anybody answers, and still the squad's."""
        return self.level is AlertLevel.CRITICAL and self.state is AlertState.ESCALATED

    @property
    def is_unanswered(self) -> bool:
        """Nobody of the squad has taken it up yet."""
        is_handed_on = self.is_handed_on_at_once and not self.acknowledged_by
        return self.state is AlertState.RAISED or is_handed_on

    @property
    def is_open(self) -> bool:
        """The squad still has to do something about it."""
        return self.state in UNSETTLED or (self.is_handed_on_at_once and self.outcome is None)


def advance(
    alert: CrowdAlert,
    event: AlertEvent,
    cause: Cause,
    at_utc: datetime,
    *,
    reason: str = "",
    announcement_id: str = "",
    case_no: str = "",
) -> CrowdAlert:
    """The alert after the event; Refused or NotPermitted when the table has no such row."""
    _require_still_the_squads(alert, event)
    # A critical crowd does not wait for a person (DOMAIN 5.3).
    is_critical = event is AlertEvent.ESCALATE and alert.level is AlertLevel.CRITICAL
    step = ALERT_MACHINE.step(
        record_id=alert.alert_id,
        state=alert.state,
        event=event,
        cause=cause,
        is_exercise=alert.is_exercise,
        reason=reason,
        extra_roles=_SYS if is_critical else (),
    )
    moved = replace(alert, state=step.target, changed_utc=at_utc)
    match event:
        case AlertEvent.ACKNOWLEDGE:
            return replace(moved, acknowledged_by=cause.actor, acknowledged_utc=at_utc)
        case AlertEvent.RENOTIFY:
            return replace(moved, renotified_count=alert.renotified_count + 1)
        case AlertEvent.DISMISS:
            return replace(moved, dismissed_reason=reason)
        case AlertEvent.ANNOUNCE | AlertEvent.OVERRIDE:
            ids = (
                *alert.announcement_ids,
                _needed(alert, announcement_id, "an announcement", "喊话"),
            )
            return replace(moved, announcement_ids=ids)
        case AlertEvent.PLAY_ENDED:
            return replace(moved, played_count=alert.played_count + 1)
        case AlertEvent.PLAY_FAILED if alert.played_count:
            # The first play's observation goes on when only the second one failed.
            return replace(moved, state=AlertState.OBSERVING)
        case AlertEvent.PLAY_FAILED if alert.case_no:
            return replace(moved, state=AlertState.ESCALATED)
        case AlertEvent.DISPERSE | AlertEvent.PERSIST:
            is_gone = event is AlertEvent.DISPERSE
            outcome = Outcome.DISPERSED if is_gone else Outcome.PERSISTING
            return replace(moved, outcome=outcome, outcome_reason=reason, settled_utc=at_utc)
        case AlertEvent.FILE | AlertEvent.ESCALATE:
            filed = replace(moved, case_no=_needed(alert, case_no, "a case number", "案件编号"))
            return replace(filed, outcome_reason=reason or alert.outcome_reason)
        case _:
            return moved


def lift(
    alert: CrowdAlert, sighting: Sighting, level: AlertLevel, cause: Cause, at_utc: datetime
) -> CrowdAlert:
    """The same alert, graver by what was seen now; Refused where it is settled or as grave."""
    ALERT_MACHINE.step(
        record_id=alert.alert_id,
        state=alert.state,
        event=AlertEvent.LIFT,
        cause=cause,
        is_exercise=alert.is_exercise,
    )
    if level.rank <= alert.level.rank:
        raise Refused(
            f"alert {alert.alert_id} is {alert.level.value} already",
            text_zh=f"告警{alert.alert_id}的等级已为{alert.level.value}",
        )
    return replace(
        alert,
        kind=sighting.kind,
        rule=sighting.rule,
        level=level,
        count=sighting.count,
        density_high_per_m2=sighting.density_high_per_m2,
        sighting_ids=(*alert.sighting_ids, sighting.sighting_id),
        changed_utc=at_utc,
    )


def renotify_due(alert: CrowdAlert, at_utc: datetime) -> bool:
    """Whether nobody has acknowledged for so long that the next one up must be told."""
    if not alert.is_unanswered or alert.renotified_count >= len(RENOTIFY_AFTER_S):
        return False
    waited_s = (at_utc - alert.raised_utc).total_seconds()
    return waited_s >= RENOTIFY_AFTER_S[alert.renotified_count]


def _require_still_the_squads(alert: CrowdAlert, event: AlertEvent) -> None:
    """What a person has handed on is the grid's; a critical crowd is spoken to all the same."""
    speaking = (AlertEvent.ANNOUNCE, AlertEvent.OVERRIDE)
    asking = (AlertEvent.ACKNOWLEDGE, AlertEvent.RENOTIFY)
    if alert.state is not AlertState.ESCALATED or event not in (*speaking, *asking):
        return
    name, name_zh = f"alert {alert.alert_id}", f"告警{alert.alert_id}"
    if not alert.is_handed_on_at_once:
        raise Refused(
            f"{name} is ESCALATED: it is the grid's now", text_zh=f"{name_zh}已上报，由网格处理"
        )
    if event in asking and alert.acknowledged_by:
        raise Refused(
            f"{name} has been acknowledged by {alert.acknowledged_by}",
            text_zh=f"{name_zh}已由{alert.acknowledged_by}确认",
        )
    if event in speaking and not alert.acknowledged_by:
        raise Refused(
            f"{name} is not acknowledged: acknowledge it before speaking",
            text_zh=f"{name_zh}尚未确认：请先确认，再喊话",
        )


def _needed(alert: CrowdAlert, value: str, noun: str, noun_zh: str) -> str:
    if not value:
        raise Refused(
            f"alert {alert.alert_id}: {noun} is needed for this",
            text_zh=f"告警{alert.alert_id}：需要{noun_zh}",
        )
    return value
