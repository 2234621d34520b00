"""What the crowd desks remember of the sortie in the air. It decides nothing."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ground_station.alerts import SAME_CROWD_M, CrowdAlert
from ground_station.announcements import Announcement, AnnouncementState
from missions.runner import SortieRunner
from patrol.geo import GeoPoint, distance_m
from patrol.plan import MissionPlan
from patrol.sighting import Look
from vision.crowd import GatheringWatch
from vision.effect import EffectMeter

_LOOKS_KEPT = 2400  # two minutes of a very fast eye; also when a clock has jumped back
_LOOKS_KEPT_FOR = timedelta(seconds=120)  # the baseline needs the last 60 s


@dataclass(slots=True, kw_only=True)
class SortieWatch:
    """One sortie's crowd business: at most one crowd is looked at, at a time."""

    sortie_id: str
    plan: MissionPlan
    runner: SortieRunner
    gathering: GatheringWatch
    looks: deque[Look] = field(default_factory=lambda: deque(maxlen=_LOOKS_KEPT))
    alerts: dict[str, CrowdAlert] = field(default_factory=dict)
    announcements: list[Announcement] = field(default_factory=list)
    blocked_utc: dict[str, datetime] = field(default_factory=dict)  # by alert: its first block
    held_place: GeoPoint | None = None
    held_since_utc: datetime | None = None
    held_reach_m: float = 0.0  # how far from the held place somebody of the crowd may be
    near_looks: int = 0  # looks in a row with somebody of it nearer than the stand-off
    done_places: list[tuple[GeoPoint, datetime]] = field(default_factory=list)  # and until when
    alert_id: str | None = None  # the alert being worked on
    meter: EffectMeter | None = None
    is_over: bool = False  # the aircraft is down: nothing is begun any more

    def remember(self, look: Look) -> None:
        """Keep the newest two minutes of looks."""
        self.looks.append(look)
        while look.captured_utc - self.looks[0].captured_utc > _LOOKS_KEPT_FOR:
            self.looks.popleft()

    def done_until(self, place: GeoPoint, now: datetime) -> datetime | None:
        """Until when a crowd here counts as dealt with: no stop and no alert for it. None: not."""
        ends = [
            until for done, until in self.done_places
            if now <= until and distance_m(place, done) < SAME_CROWD_M
        ]  # fmt: skip
        return max(ends, default=None)

    def put_off(self, place: GeoPoint, until: datetime) -> None:
        """Leave a crowd here alone until then; if one stands here then, it is a new one."""
        self.done_places.append((place, until))
        self.gathering.judge_anew(place, until)

    @property
    def alert(self) -> CrowdAlert | None:
        """The alert being worked on."""
        return self.alerts.get(self.alert_id) if self.alert_id else None

    @property
    def spoken_utc(self) -> datetime | None:
        """When the newest words for that alert ended."""
        ends = [
            item.finished_utc for item in self.announcements
            if item.alert_id == self.alert_id and item.finished_utc is not None
            and item.state is AnnouncementState.PLAYED
        ]  # fmt: skip
        return max(ends, default=None)
