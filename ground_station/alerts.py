"""Crowd alerts and the table of their states (DOMAIN 5.3). Nothing is stored or published here."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ground_station.legal import LegalBasis, LegalBook
from ground_station.transitions import Machine, Step
from patrol.cause import Cause, Role
from patrol.errors import Refused
from patrol.geo import GeoPoint, distance_m
from patrol.sighting import Count, Sighting, SightingKind

ACKNOWLEDGE_WITHIN_S = 60.0  # then the leader is told again
RENOTIFY_AFTER_S = (60.0, 180.0)  # leader, then centre
RE_ALARM = timedelta(seconds=300)  # at most one raise a cluster in this time, DOMAIN I14
RELAPSE_WITHIN = timedelta(minutes=30)
DISPLACED_M = 100.0  # a new crowd within this of one that was spoken to, DOMAIN 4.6
SAME_CROWD_M = 20.0  # sightings nearer than this are one crowd, DOMAIN 4.4


class AlertLevel(enum.Enum):
    """How grave; ADVISORY asks for no response and is never an alert by itself."""

    ADVISORY = "ADVISORY"
    AMBER = "AMBER"
    RED = "RED"
    CRITICAL = "CRITICAL"


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
    CLOSE = "close"


class Outcome(enum.Enum):
    """What the observation found."""

    DISPERSED = "dispersed"
    PERSISTING = "persisting"


_St, _Ev = AlertState, AlertEvent
_LIVE = (_St.RAISED, _St.ACKNOWLEDGED, _St.ANNOUNCING, _St.OBSERVING)
# A patrol log cannot be closed over an alert in one of these: persisting has its case to come.
UNSETTLED = frozenset({*_LIVE, _St.PERSISTING})
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
        Step(event=_Ev.RENOTIFY, sources=(_St.RAISED,), target=_St.RAISED, roles=_SYS),
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
            sources=(_St.ACKNOWLEDGED, _St.OBSERVING),
            target=_St.ANNOUNCING,
            roles=(Role.ANNOUNCER,),
        ),
        Step(
            event=_Ev.OVERRIDE,
            sources=(_St.ACKNOWLEDGED, _St.OBSERVING),
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


@dataclass(frozen=True, slots=True, kw_only=True)
class GatheringEvent:
    """A gathering seen where no order is in force: told and stored, but nobody has to respond."""

    sighting: Sighting
    is_exercise: bool
    text: str = "a gathering was seen; no order against gatherings is in force here"
    text_zh: str = "发现人员聚集；此处没有生效的禁止聚集通告，仅作记录"
    level: AlertLevel = AlertLevel.ADVISORY


def _require_counted(sighting: Sighting) -> None:
    if not sighting.count.is_valid:
        raise Refused(
            f"sighting {sighting.sighting_id} has no valid count ({sighting.count.reason}): "
            "unknown is not a crowd",
            text_zh=f"发现{sighting.sighting_id}没有有效计数（{sighting.count.reason}）：未知不作聚集",
        )


def raise_alert(
    sighting: Sighting,
    *,
    alert_id: str,
    legal: LegalBook,
    grid_name: str,
    register_version: str,
    is_exercise: bool,
    relapse_of: str = "",
    displaced_from: str = "",
) -> CrowdAlert | GatheringEvent:
    """An alert where an order is in force, otherwise an event. Refused for an invalid count."""
    _require_counted(sighting)
    order: LegalBasis | None = legal.gathering_order(
        grid_code=sighting.grid_code, at_utc=sighting.time_utc, is_exercise=is_exercise
    )
    if order is None:
        return GatheringEvent(sighting=sighting, is_exercise=is_exercise)
    return CrowdAlert(
        alert_id=alert_id,
        kind=sighting.kind,
        rule=sighting.rule,
        level=AlertLevel.AMBER,
        state=AlertState.RAISED,
        sighting_ids=(sighting.sighting_id,),
        sortie=sighting.sortie,
        grid_code=sighting.grid_code,
        grid_name=grid_name,
        register_version=register_version,
        place=sighting.place,
        error_m=sighting.error_m,
        radius_m=sighting.radius_m,
        count=sighting.count,
        raised_utc=sighting.time_utc,
        legal_basis_id=order.basis_id,
        is_exercise=is_exercise,
        relapse_of=relapse_of,
        displaced_from=displaced_from,
    )


def same_crowd(alerts: Iterable[CrowdAlert], sighting: Sighting) -> CrowdAlert | None:
    """The alert that this sighting already belongs to: still open, or raised within 300 s."""
    for alert in alerts:
        is_recent = sighting.time_utc - alert.raised_utc < RE_ALARM
        is_open = alert.state in UNSETTLED
        if (is_open or is_recent) and distance_m(alert.place, sighting.place) < SAME_CROWD_M:
            return alert
    return None


def raised_lately(alerts: Iterable[CrowdAlert], sighting: Sighting) -> CrowdAlert | None:
    """The newest alert of this crowd within the re-alarm time, whatever became of it."""
    found = [
        alert for alert in alerts
        if timedelta(0) <= sighting.time_utc - alert.raised_utc < RE_ALARM
        and distance_m(alert.place, sighting.place) < SAME_CROWD_M
    ]  # fmt: skip
    return max(found, key=lambda alert: alert.raised_utc, default=None)


def relapsed_from(alerts: Iterable[CrowdAlert], sighting: Sighting) -> CrowdAlert | None:
    """The dispersed crowd that is back at this place within 30 minutes."""
    for alert in alerts:
        settled_utc = alert.settled_utc or alert.changed_utc or alert.raised_utc
        if (
            alert.outcome is Outcome.DISPERSED
            and sighting.time_utc - settled_utc <= RELAPSE_WITHIN
            and distance_m(alert.place, sighting.place) < SAME_CROWD_M
        ):
            return alert
    return None


def displaced_from(alerts: Iterable[CrowdAlert], sighting: Sighting) -> CrowdAlert | None:
    """The crowd that this new one may be, gone a few steps on: of the last 30 minutes, near by.

    The nearest counts that was spoken to or has dispersed; one that nobody has answered yet stands
    where it stood.
    """
    near = [
        (distance_m(alert.place, sighting.place), alert)
        for alert in alerts
        if (alert.played_count or alert.outcome is not None)
        and alert.outcome is not Outcome.PERSISTING
        and sighting.time_utc - (alert.settled_utc or alert.changed_utc or alert.raised_utc)
        <= RELAPSE_WITHIN
    ]
    found = [(apart_m, one) for apart_m, one in near if SAME_CROWD_M <= apart_m <= DISPLACED_M]
    return min(found, key=lambda pair: pair[0])[1] if found else None


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
        case AlertEvent.DISPERSE | AlertEvent.PERSIST:
            is_gone = event is AlertEvent.DISPERSE
            outcome = Outcome.DISPERSED if is_gone else Outcome.PERSISTING
            return replace(moved, outcome=outcome, outcome_reason=reason, settled_utc=at_utc)
        case AlertEvent.FILE | AlertEvent.ESCALATE:
            filed = replace(moved, case_no=_needed(alert, case_no, "a case number", "案件编号"))
            return replace(filed, outcome_reason=reason or alert.outcome_reason)
        case _:
            return moved


def renotify_due(alert: CrowdAlert, at_utc: datetime) -> bool:
    """Whether nobody has acknowledged for so long that the next one up must be told."""
    if alert.state is not AlertState.RAISED or alert.renotified_count >= len(RENOTIFY_AFTER_S):
        return False
    waited_s = (at_utc - alert.raised_utc).total_seconds()
    return waited_s >= RENOTIFY_AFTER_S[alert.renotified_count]


def _needed(alert: CrowdAlert, value: str, noun: str, noun_zh: str) -> str:
    if not value:
        raise Refused(
            f"alert {alert.alert_id}: {noun} is needed for this",
            text_zh=f"告警{alert.alert_id}：需要{noun_zh}",
        )
    return value
