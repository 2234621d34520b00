"""What the records keep of a sortie and of an announcement's effect."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from datetime import date, datetime

from ground_station.alerts import Outcome
from ground_station.transitions import require_person_or_exercise
from patrol.cause import Cause, Role
from patrol.clock import SHANGHAI
from patrol.errors import NotPermitted, Refused
from patrol.pattern import Pattern
from patrol.role_words import roles_zh
from patrol.sighting import Count


class SortieState(enum.Enum):
    """Where a sortie stands, as consoles show it."""

    PLANNED = "PLANNED"
    PREFLIGHT = "PREFLIGHT"
    AIRBORNE = "AIRBORNE"
    HOLDING = "HOLDING"
    RETURNING = "RETURNING"
    LANDED = "LANDED"
    ABORTED = "ABORTED"
    CLOSED = "CLOSED"


ENDED = frozenset({SortieState.LANDED, SortieState.ABORTED})
SIGNERS = (Role.REGISTRAR, Role.PILOT)  # DOMAIN 5.3: the log is signed by both


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A person's name under the log."""

    person: str
    role: Role
    signed_utc: datetime
    is_automatic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WindSeen:
    """The wind in the air as the autopilot reckoned it: nobody types the weather of a flight."""

    mean_m_s: float
    max_m_s: float
    samples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SortieRecord:
    """One take-off to landing, as it is kept."""

    sortie_id: str
    plan_id: str
    plan_digest: str
    vehicle_id: str
    grid_code: str
    grid_name: str
    register_version: str
    state: SortieState
    created_utc: datetime
    is_exercise: bool
    takeoff_utc: datetime | None = None
    landed_utc: datetime | None = None
    waypoint_index: int = 0
    waypoint_total: int = 0
    abnormal: tuple[str, ...] = ()
    signatures: tuple[Signature, ...] = ()
    wind: WindSeen | None = None  # None: the autopilot told none
    pattern: str = Pattern.BOUNDARY.value
    number: int = 1  # of the patrol's sorties, from 1
    count: int = 1
    planned_utc: datetime | None = None  # the sorties of one patrol were planned at one moment
    continues: str = ""  # the sortie whose rest it flies
    begun_utc: datetime | None = None  # of a rest: when the first part of it took off

    @property
    def is_whole(self) -> bool:
        """Whether it flew every waypoint and came back: only then was the grid seen.

        A rest has the broken leg and all after it: flown whole, it ends what the parts before it
        began, if that was on the same day.
        """
        is_flown = self.takeoff_utc is not None and self.landed_utc is not None
        is_over = self.state is not SortieState.ABORTED
        return is_flown and is_over and self.is_flown_to_its_end

    @property
    def is_flown_to_its_end(self) -> bool:
        """Whether its last waypoint was reached, on the day on which its first part took off."""
        began, ended = self.begun_utc, self.landed_utc or self.takeoff_utc
        is_one_day = began is None or ended is None or _day(began) == _day(ended)
        return is_one_day and 0 < self.waypoint_total <= self.waypoint_index

    @property
    def shows_grid(self) -> bool:
        """Whether its pattern goes around or over the grid, and not to places in it."""
        return self.pattern in (Pattern.BOUNDARY.value, Pattern.SWEEP.value)

    def is_signed_by(self, role: Role) -> bool:
        """Whether somebody has signed under this role."""
        return any(signature.role is role for signature in self.signatures)


def sign(record: SortieRecord, cause: Cause, at_utc: datetime) -> SortieRecord:
    """The sortie with a name under its log; Refused in flight, NotPermitted for other roles."""
    if cause.role not in SIGNERS:
        raise NotPermitted(cause.actor or "nobody", "REG or PILOT")
    require_person_or_exercise(
        cause,
        is_exercise=record.is_exercise,
        what=f"sign the log of {record.sortie_id}",
        what_zh=f"签署架次{record.sortie_id}的日志",
    )
    if record.state not in ENDED:
        raise Refused(
            f"sortie {record.sortie_id} is {record.state.value}: sign it after landing",
            text_zh=f"架次{record.sortie_id}尚未结束：请在降落后签名",
        )
    if record.is_signed_by(cause.role):
        raise Refused(
            f"sortie {record.sortie_id} is already signed as {cause.role.value}",
            text_zh=f"架次{record.sortie_id}已由{roles_zh(cause.role.value)}签名",
        )
    signature = Signature(
        person=cause.actor, role=cause.role, signed_utc=at_utc, is_automatic=cause.is_automatic
    )
    return replace(record, signatures=(*record.signatures, signature))


def registrar_of(record: SortieRecord) -> Cause:
    """The registrar whose name is under the log, whoever signed last; Refused without one."""
    for signature in record.signatures:
        if signature.role is Role.REGISTRAR:
            return Cause(
                actor=signature.person, role=Role.REGISTRAR, is_automatic=signature.is_automatic
            )
    raise Refused(
        f"sortie {record.sortie_id} is not signed by a registrar",
        text_zh=f"架次{record.sortie_id}尚无登记员签名",
    )


def _day(moment_utc: datetime) -> date:
    return moment_utc.astimezone(SHANGHAI).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectSample:
    """One look after the words; not observed is a sample that is not valid."""

    dt_s: float
    count: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectRecord:
    """The count before, the counts after, and what they say together."""

    effect_id: str
    alert_id: str
    sortie: str
    grid_code: str | None
    announcement_ids: tuple[str, ...]
    observing_since_utc: datetime
    before: Count | None
    samples: tuple[EffectSample, ...]
    after: Count | None
    verdict: Outcome | None
    reason: str
    is_exercise: bool
    dispersed_after_s: float | None = None
    relapse_alert_id: str = ""  # the crowd came back as this alert within 30 min
    displaced_alert_id: str = ""  # a new crowd within 100 m, raised as this alert
    residual_ratio: float | None = None  # after over before
    valid_pct: float | None = None  # of the looks since, those that could count
    template_id: str = ""  # of the last words; empty where nobody spoke (natural decay)
    template_version: int | None = None
    hour: str = ""  # in Shanghai, "09" for 09:00 to 09:59: when the observation began

    @property
    def is_natural(self) -> bool:
        """Whether nobody was spoken to: what the crowd did by itself."""
        return not self.announcement_ids
