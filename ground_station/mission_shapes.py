"""What consoles and programs see of missions, as JSON."""

from __future__ import annotations

from typing import Annotated

from typing_extensions import TypedDict

from ground_station.patrol_missions import (
    AbortAsked,
    BreakPoint,
    MissionEvent,
    MissionState,
    MissionStep,
    Purpose,
)
from ground_station.shapes import one_of, recorded


@recorded(BreakPoint)
class BreakPointView(TypedDict):
    """How far a sortie came that did not fly its whole plan."""


@recorded(AbortAsked)
class AbortAskedView(TypedDict):
    """A leader wants it ended."""


@recorded(MissionStep)
class MissionStepView(TypedDict):
    """One change of a mission."""


class MissionShort(TypedDict):
    """Which mission, and where it stands."""

    mission_id: str
    state: Annotated[str, one_of(MissionState)]
    state_zh: str


class MissionView(MissionShort):
    """One plan and what became of it; null is what there is not."""

    day: str  # in Shanghai
    grid_code: str
    grid_name: str
    pattern: str
    purpose: Annotated[str, one_of(Purpose)]
    aircraft: str
    digest: str
    is_exercise: bool
    created_by: str
    created_utc: str
    sortie_number: int
    sortie_count: int
    sorties: list[str]
    continues: str  # the sortie whose rest it flies
    break_point: BreakPointView | None
    abort_asked: AbortAskedView | None
    steps: list[MissionStepView]
    possible: list[Annotated[str, one_of(MissionEvent)]]  # in this state, for whoever may


class DuePatrol(TypedDict):
    """A grid that is to be looked at on a day, or goes on being looked at."""

    grid_code: str
    grid_name: str
    priority: int  # from 1, the most pressing first
    is_due: bool  # by the end of the day; not: it is only unfinished
    is_overdue: bool
    last_look_utc: str | None
    unseen_s: float | None
    mission: MissionShort | None  # of that day; null: nobody has planned it
    break_point: BreakPointView | None  # of a sortie that nobody goes on with yet


class DueView(TypedDict):
    """What is due on a day, the unfinished first; what nobody has planned stays in the list."""

    day: str
    due_count: int
    unplanned_count: int
    items: list[DuePatrol]
