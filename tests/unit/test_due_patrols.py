"""The daily list: the unfinished first, then by the debt; what nobody planned is in it too."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ground_station.due_patrols import due_patrols, end_of
from ground_station.patrol_missions import BreakPoint, MissionState, PatrolMission
from missions.coverage_debt import coverage_debt
from tests.ground_core import MORNING, later
from tests.unit.test_missions import cleared, planned

DAY = date(2026, 11, 24)
GRIDS = [f"44051200100100{number}" for number in range(1, 7)]
hours = st.floats(-60.0, 0.0)


def of_grid(grid: str, mission: PatrolMission | None = None, name: str = "M-1") -> PatrolMission:
    return replace(mission or planned(), grid_code=grid, mission_id=name)


def broken(grid: str, name: str = "M-1") -> PatrolMission:
    point = BreakPoint(sortie=f"{name}-S01", waypoint_index=2, waypoint_total=8)
    return replace(of_grid(grid, cleared(), name), state=MissionState.LANDED, break_point=point)


def looks(**hours_ago: float) -> dict[str, datetime]:
    return {GRIDS[int(name[1:])]: MORNING - timedelta(hours=ago) for name, ago in hours_ago.items()}


def test_a_day_ends_at_midnight_in_shanghai() -> None:
    assert end_of(DAY) == MORNING.replace(hour=16, minute=0)


def test_the_unfinished_come_first_then_the_overdue_then_what_falls_due_today() -> None:
    debts = coverage_debt(GRIDS[:4], looks(g0=2.0, g1=30.0, g2=20.0), MORNING)
    due = due_patrols(debts, [broken(GRIDS[0])], DAY, continued=[])
    assert [one.debt.grid_code for one in due] == [GRIDS[0], GRIDS[3], GRIDS[1], GRIDS[2]]
    assert [one.is_due for one in due] == [False, True, True, True], "it was seen 2 h ago"
    assert [one.debt.is_overdue for one in due] == [False, True, True, False]
    assert due[0].break_point is not None
    assert [one.mission for one in due[1:]] == [None, None, None], "unplanned, and still listed"


def test_what_was_looked_at_today_is_not_due_and_what_was_cancelled_is_not_planned() -> None:
    debts = coverage_debt(GRIDS[:2], looks(g0=1.0), MORNING)
    gone = replace(of_grid(GRIDS[1]), state=MissionState.CANCELLED)
    (only,) = due_patrols(debts, [gone], DAY, continued=[])
    assert (only.debt.grid_code, only.mission) == (GRIDS[1], None)


def test_a_break_point_that_is_gone_on_with_or_made_good_does_not_come_first() -> None:
    debts = coverage_debt(GRIDS[:1], {}, MORNING)
    rest = replace(of_grid(GRIDS[0], name="M-2"), continues="M-1-S01")
    missions = [broken(GRIDS[0]), rest]
    (going_on,) = due_patrols(debts, missions, DAY, continued=["M-1-S01"])
    assert (going_on.mission, going_on.break_point) == (rest, None)
    (open_still,) = due_patrols(debts, missions[:1], DAY, continued=[])
    assert open_still.break_point is not None
    seen = coverage_debt(GRIDS[:1], {GRIDS[0]: later(3600)}, later(7200))
    assert due_patrols(seen, missions[:1], DAY, continued=[]) == []


@given(st.dictionaries(st.sampled_from(GRIDS), hours), st.sets(st.sampled_from(GRIDS)))
def test_no_grid_that_is_due_is_ever_left_out(ago: dict[str, float], unfinished: set[str]) -> None:
    seen = {grid: MORNING + timedelta(hours=since) for grid, since in ago.items()}
    debts = coverage_debt(GRIDS, seen, MORNING)
    due = due_patrols(debts, [broken(grid, grid) for grid in unfinished], DAY, continued=[])
    listed = [one.debt.grid_code for one in due]
    assert len(listed) == len(set(listed))
    late = {
        grid for grid in GRIDS
        if grid not in seen or seen[grid] + timedelta(hours=24) <= end_of(DAY)
    }  # fmt: skip
    assert late <= set(listed)
    is_first = [one.break_point is not None for one in due]
    assert is_first == sorted(is_first, reverse=True)
