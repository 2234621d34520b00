"""The patrols due on a day: what is unfinished first, then by the debt. Nothing is hidden. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from ground_station.patrol_missions import BreakPoint, MissionState, PatrolMission
from missions.coverage_debt import Debt, due_by
from patrol.clock import SHANGHAI


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One grid on one day."""

    debt: Debt
    is_due: bool
    mission: PatrolMission | None
    break_point: BreakPoint | None


def end_of(day: date) -> datetime:
    """Midnight in Shanghai after the day, in UTC."""
    return datetime.combine(day + timedelta(days=1), time(), SHANGHAI).astimezone(UTC)


def due_patrols(
    debts: Sequence[Debt],
    missions: Iterable[PatrolMission],
    day: date,
    *,
    continued: Iterable[str],
) -> list[Due]:
    """Every grid that is due by the end of the day or unfinished on it, the most pressing first.

    `debts` come most pressing first; `missions` are the day's, oldest first, and `continued` the
    sorties that a mission goes on with.
    """
    due = {debt.grid_code for debt in due_by(debts, end_of(day))}
    gone_on = frozenset(continued)
    of_grid: dict[str, list[PatrolMission]] = {}
    for mission in missions:
        if mission.state is not MissionState.CANCELLED:
            of_grid.setdefault(mission.grid_code, []).append(mission)
    found = [_due(debt, of_grid, gone_on, is_due=debt.grid_code in due) for debt in debts]
    wanted = [one for one in found if one.is_due or one.break_point is not None]
    return sorted(wanted, key=lambda one: one.break_point is None)  # stable: by debt within


def _due(
    debt: Debt, of_grid: Mapping[str, list[PatrolMission]], gone_on: frozenset[str], *, is_due: bool
) -> Due:
    mine = of_grid.get(debt.grid_code, [])
    broken = [one for one in mine if _is_unfinished(one, debt, gone_on)]
    mission = broken[-1] if broken else mine[-1] if mine else None
    return Due(
        debt=debt, is_due=is_due, mission=mission,
        break_point=broken[-1].break_point if broken else None,
    )  # fmt: skip


def _is_unfinished(mission: PatrolMission, debt: Debt, gone_on: frozenset[str]) -> bool:
    """Broken off, and neither gone on with nor made good by a whole look since."""
    if mission.break_point is None or mission.break_point.sortie in gone_on:
        return False
    return debt.last_look_utc is None or debt.last_look_utc < mission.created_utc
