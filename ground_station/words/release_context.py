"""What the release rules are told of words that somebody wants to be said, and their limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from ground_station.alert_levels import AlertLevel
from ground_station.alerts import RE_ALARM
from ground_station.announcements import Announcement, AnnouncementState
from ground_station.legal import LegalBook
from ground_station.templates import Need
from ground_station.words.audible import EAR_MAX_DBA, Sounding
from patrol.cause import Cause
from patrol.clock import SHANGHAI

UNDER_WAY = (
    AnnouncementState.QUEUED,
    AnnouncementState.OVERRIDDEN,
    AnnouncementState.PLAYING,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseLimits:
    """Defaults of DOMAIN 2.6; ours, not law, except the night."""

    night: tuple[time, time] = (time(22), time(6))
    rest: tuple[time, time] = (time(12, 30), time(14))
    plays_per_alert: int = 2
    same_place: timedelta = RE_ALARM  # so long a crowd that is raised anew is still the same ears
    between: timedelta = timedelta(minutes=3)
    window: timedelta = timedelta(minutes=30)
    plays_per_window: int = 3
    plays_per_night: int = 6  # two crowds with two sets of safety words, and half as much again
    ear_dba_max: float = EAR_MAX_DBA
    school_hours: tuple[tuple[time, time], ...] = (
        (time(7), time(8, 30)),
        (time(16), time(18, 30)),
    )

    def looks_back_to(self, at_utc: datetime) -> datetime:
        """Since when what was said counts: the window, or the beginning of the night."""
        since = at_utc - self.window
        night = self.night_began(at_utc)
        return since if night is None else min(since, night)

    def night_began(self, at_utc: datetime) -> datetime | None:
        """When the night began that this moment is in; None by day."""
        local = at_utc.astimezone(SHANGHAI)
        if not is_within(local.time(), self.night):
            return None
        start = local.replace(
            hour=self.night[0].hour, minute=self.night[0].minute, second=0, microsecond=0
        )
        return start if start <= local else start - timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseContext:
    """Where, when, by whom and what was said before. Missing is None and never a pass."""

    at_utc: datetime
    cause: Cause
    alert_id: str  # empty: for whoever is there, and no crowd
    grid_code: str | None
    is_exercise: bool
    heard: Sounding | None  # what the people get of these words
    legal: LegalBook
    texts: tuple[str, ...] = ()  # as they will be said, slots filled; none: the template's own
    earlier: Sequence[Announcement] = ()  # at least of `ReleaseLimits.looks_back_to`
    same_place: frozenset[str] = frozenset()  # other alerts of a crowd at this place
    repeat: int = 1  # how often they are to be played now
    alert_level: AlertLevel | None = AlertLevel.AMBER
    is_near_homes_or_schools: bool = True  # nearly every place of a district, DOMAIN 2.6
    is_counts_only: bool = False  # only who knows it says so
    is_airborne: bool | None = None
    # CHECKPOINT, COAST, SCHOOL_GATE, EMERGENCY_DECLARED: what is known of the place, yes or no.
    places: Mapping[Need, bool] = field(default_factory=dict)
    limits: ReleaseLimits = field(default_factory=ReleaseLimits)


def is_within(now: time, span: tuple[time, time]) -> bool:
    """Whether a time of day lies in a span, which may go over midnight."""
    start, end = span
    return start <= now < end if start <= end else now >= start or now < end
