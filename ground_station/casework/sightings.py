"""What the registrar says of a sighting: at most three fields, the rest is flight, grid and eye.

A sighting that nobody confirms within ten minutes, and of which no alert was made, expires.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ground_station.alerts import CrowdAlert
from ground_station.transitions import Machine, Step
from patrol.cause import Cause, Role
from patrol.errors import Refused
from patrol.sighting import Count, Sighting

EXPIRES_AFTER = timedelta(minutes=10)
PEOPLE_MAX = 100_000


class SightingState(enum.Enum):
    """Where a sighting stands (DOMAIN 5.3)."""

    CANDIDATE = "CANDIDATE"
    CONFIRMED = "CONFIRMED"
    DISMISSED = "DISMISSED"
    EXPIRED = "EXPIRED"
    LINKED = "LINKED"
    INVALID = "INVALID"

    @property
    def zh(self) -> str:
        """The state in the operator's words."""
        return {
            "CANDIDATE": "待确认", "CONFIRMED": "已确认", "DISMISSED": "已排除",
            "EXPIRED": "已过期", "LINKED": "已关联", "INVALID": "无效",
        }[self.value]  # fmt: skip


class SightingEvent(enum.Enum):
    """What the registrar does with it."""

    CONFIRM = "confirm"
    EDIT = "edit"
    DISMISS = "dismiss"


_St, _Ev = SightingState, SightingEvent
_REG = (Role.REGISTRAR,)
SIGHTING_MACHINE: Machine[SightingState, SightingEvent] = Machine(
    "sighting",
    (
        Step(event=_Ev.CONFIRM, sources=(_St.CANDIDATE,), target=_St.CONFIRMED, roles=_REG),
        *(
            Step(event=_Ev.EDIT, sources=(state,), target=state, roles=_REG)
            for state in (_St.CONFIRMED, _St.LINKED)
        ),
        Step(
            event=_Ev.DISMISS,
            sources=(_St.CANDIDATE, _St.CONFIRMED),
            target=_St.DISMISSED,
            roles=_REG,
            needs_reason=True,
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The three fields. What is left out stays as the eye saw it."""

    people: int | None = None
    kind: str = ""  # of the item list
    note: str = ""  # a reason, for DISMISS


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """The registrar's word on a sighting; the sighting itself stays as the eye saw it."""

    state: SightingState
    reviewed_by: str
    reviewed_utc: datetime
    kind: str
    count: Count
    note: str = ""
    alert_id: str = ""
    case_no: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A sighting with what became of it."""

    sighting: Sighting
    review: Review | None
    alert: CrowdAlert | None
    is_exercise: bool

    def state_at(self, at_utc: datetime) -> SightingState:
        """Where it stands; a word of the registrar's is stronger than any clock."""
        if self.review is not None:
            return self.review.state
        if self.alert is not None and self.alert.dismissed_reason:
            return SightingState.DISMISSED
        if not self.sighting.count.is_valid:
            return SightingState.INVALID  # which is not nobody there (DOMAIN I8)
        # An alert may be raised of it while it is a candidate: then it waits for the registrar.
        if self.alert is None and at_utc - self.sighting.time_utc > EXPIRES_AFTER:
            return SightingState.EXPIRED
        return SightingState.CANDIDATE


def review(
    seen: Seen, event: SightingEvent, cause: Cause, at_utc: datetime, given: Given
) -> Review:
    """The registrar's word after the event; Refused or NotPermitted by the table of states."""
    sighting, alert, before = seen.sighting, seen.alert, seen.review
    step = SIGHTING_MACHINE.step(
        record_id=sighting.sighting_id,
        state=seen.state_at(at_utc),
        event=event,
        cause=cause,
        is_exercise=seen.is_exercise,
        reason=given.note,
    )
    if event is SightingEvent.DISMISS and alert is not None:
        raise Refused(
            f"an alert was made of it: dismiss {alert.alert_id}, it goes with it",
            text_zh=f"此发现已生成告警：请排除告警{alert.alert_id}，此发现随之排除",
        )
    state = step.target
    if state is SightingState.CONFIRMED and alert is not None:
        state = SightingState.LINKED  # by the eye's own rule: nobody types the number
    base = before or Review(
        state=state, reviewed_by="", reviewed_utc=at_utc, kind=sighting.kind.value,
        count=sighting.count,
    )  # fmt: skip
    return replace(
        base,
        state=state,
        reviewed_by=cause.actor,
        reviewed_utc=at_utc,
        kind=given.kind or base.kind,
        count=base.count if given.people is None else _corrected(sighting.count, given.people),
        note=given.note or base.note,
        alert_id=alert.alert_id if alert else base.alert_id,
        case_no=alert.case_no if alert else base.case_no,
    )


def _corrected(count: Count, people: int) -> Count:
    """The person's number, within bounds that still hold what the eye saw."""
    if not 0 <= people <= PEOPLE_MAX:
        raise Refused(f"0 to {PEOPLE_MAX} people", text_zh=f"人数应为0至{PEOPLE_MAX}")
    return Count(
        low=min(count.low, people),
        estimate=float(people),
        high=max(count.high, people),
        is_valid=True,
    )
