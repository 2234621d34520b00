"""What an export tells of: the pages of sorties, read once and written in every form."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from ground_station.alerts import CrowdAlert
from ground_station.announcements import Announcement
from ground_station.casework.case import Case
from ground_station.people.scopes import covers
from ground_station.sorties import EffectRecord, SortieRecord, SortieState
from patrol.geo import GeoPoint
from patrol.plan import MissionPlan
from patrol.sighting import Sighting

FEWEST_TOLD = 3  # a public export says "<3" below this, DOMAIN P-11
_NEARLY_WHOLE = 0.99  # told of a grid that no whole look was flown over


class Language(enum.StrEnum):
    """What an export is written in."""

    ZH = "zh"
    EN = "en"


class Audience(enum.Enum):
    """Who reads it: the public is told no names, no exact places and no small counts."""

    INTERNAL = "internal"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackPoint:
    """Where the aircraft was; world time, WGS-84."""

    time_utc: datetime
    point: GeoPoint
    height_above_home_m: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SortiePages:
    """One sortie with everything that was recorded under it."""

    record: SortieRecord
    plan: MissionPlan | None
    track: tuple[TrackPoint, ...]
    sightings: tuple[Sighting, ...]
    alerts: tuple[CrowdAlert, ...]
    announcements: tuple[Announcement, ...]
    effects: tuple[EffectRecord, ...]
    cases: tuple[Case, ...]
    max_height_above_home_m: float | None = None

    @property
    def flown_share(self) -> float:
        """How much of the route was flown, 0 to 1; nothing when it never took off."""
        record = self.record
        if record.takeoff_utc is None or record.waypoint_total <= 0:
            return 0.0
        return min(1.0, record.waypoint_index / record.waypoint_total)


class Visit(enum.Enum):
    """How well a grid was seen on a day."""

    VISITED = "visited"
    PARTLY = "partly"
    NOT_VISITED = "not visited"


@dataclass(frozen=True, slots=True, kw_only=True)
class GridVisit:
    """One grid of the register and what the day's sorties saw of it."""

    code: str
    name: str
    visit: Visit
    flown_share: float
    sortie_ids: tuple[str, ...]
    last_utc: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayBook:
    """The sorties and cases of one day (in Shanghai) within a scope of the grid tree."""

    day: date
    scope: str  # grid code that everything lies under
    register_version: str
    sorties: tuple[SortiePages, ...]
    cases: tuple[Case, ...]
    visits: tuple[GridVisit, ...]
    is_exercise: bool  # an exercise's day is marked though nothing flew in it


def visits_of(
    sorties: tuple[SortiePages, ...], grids: Mapping[str, str], scope: str
) -> tuple[GridVisit, ...]:
    """Every grid (`grids`: name by code) of the scope, those that nobody visited among them."""
    return tuple(
        _visit(code, name, [pages for pages in sorties if pages.record.grid_code == code])
        for code, name in sorted(grids.items())
        if covers(scope, code)
    )


def _visit(code: str, name: str, sorties: list[SortiePages]) -> GridVisit:
    flown = [pages for pages in sorties if pages.record.takeoff_utc is not None]
    share = max((pages.flown_share for pages in flown), default=0.0)
    # A rest that was flown on another day than what it goes on with is no whole look.
    is_whole = any(pages.record.is_flown_to_its_end for pages in flown)
    times = [pages.record.landed_utc or pages.record.takeoff_utc for pages in flown]
    return GridVisit(
        code=code,
        name=name,
        visit=Visit.VISITED if is_whole else Visit.PARTLY if share > 0.0 else Visit.NOT_VISITED,
        flown_share=share if is_whole else min(share, _NEARLY_WHOLE),
        sortie_ids=tuple(pages.record.sortie_id for pages in flown),
        last_utc=max((time for time in times if time is not None), default=None),
    )


def told_count(people: float, audience: Audience) -> str:
    """A number of people as it may be told."""
    number = round(people)
    if audience is Audience.PUBLIC and number < FEWEST_TOLD:
        return f"<{FEWEST_TOLD}"
    return str(number)


def state_zh(state: SortieState) -> str:
    """A sortie's state in the squad's words."""
    return _STATE_ZH[state]


_STATE_ZH = {
    SortieState.PLANNED: "已规划",
    SortieState.PREFLIGHT: "起飞前检查",
    SortieState.AIRBORNE: "飞行中",
    SortieState.HOLDING: "悬停",
    SortieState.RETURNING: "返航",
    SortieState.LANDED: "已着陆",
    SortieState.ABORTED: "已中止",
    SortieState.CLOSED: "已归档",
}
