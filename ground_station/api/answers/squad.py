"""The shift, its sorties and plans, and the audit."""

from __future__ import annotations

from typing import Any, NotRequired

from typing_extensions import TypedDict

from ground_station.api.answers.clearance import LoggedClearance
from ground_station.shapes import listed, recorded
from ground_station.shifts.desk import Checked
from ground_station.shifts.shift import Shift
from ground_station.shown import Drafted
from ground_station.sorties import SortieRecord, WindSeen
from ground_station.store.tables import audit


@recorded(Checked)
class CheckedView(TypedDict):
    """When a grid was last seen, and what of it."""


class Recently(TypedDict):
    """What was seen of a grid so lately that it need not be flown again; null for nothing."""

    checked: CheckedView | None


class OfferedPlan(Drafted):
    """A plan, and what was seen of its grid of late: perhaps nobody need fly."""

    recently: CheckedView | None


@recorded(Shift)
class ShiftView(TypedDict):
    """A shift as far as the caller's part of the district goes."""

    state_zh: str
    lacking: list[str]  # roles of the crew that nobody has


@recorded(WindSeen)
class WindView(TypedDict):
    """The wind of one flight."""


class FlownSortie(TypedDict):
    """A sortie in a shift's log."""

    id: str
    grid: str
    register_version: str
    state: str
    wind: WindView | None
    clearance: NotRequired[LoggedClearance]  # not of those from before there were clearances


@recorded(Shift)
class ShiftLog(TypedDict):
    """What was planned, visited and not, and by whom; `sha256` is over the whole of it."""

    scope: NotRequired[str]  # the part that it served; without one it was the whole district
    visited_grids: list[str]
    unvisited_grids: list[str]
    sorties: list[FlownSortie]
    sha256: str
    is_whole: bool  # not, where parts of it are not the caller's to see


class ShiftWithLog(ShiftView):
    """A shift with its log."""

    log: ShiftLog


class GridDebt(TypedDict):
    """How long a grid has gone unseen; null: never, as far back as is looked."""

    grid_code: str
    grid_name: str
    last_look_utc: str | None
    unseen_s: float | None
    is_overdue: bool


@recorded(SortieRecord, is_stored=True)
class SortieRow(TypedDict):
    """A sortie as it was recorded."""


@listed(audit, "body_json")
class AuditRow(TypedDict):
    """Who did what, why and when; `hash` is over the row and over `prev_hash`."""

    body: dict[str, Any]  # what the action had to tell: each has its own keys
