"""How long each grid has gone unseen, and which is to be looked at next. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

DUE_EVERY = timedelta(hours=24)  # 每天 (DOMAIN S-01); a district sets its own
LOOKED_BACK = timedelta(days=90)  # what was seen longer ago counts as never seen [P]


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """One grid's time since its last valid look."""

    grid_code: str
    last_look_utc: datetime | None  # None: never, as far as the records reach
    unseen_s: float | None
    is_overdue: bool

    @property
    def rank(self) -> tuple[bool, float, str]:
        """Sorts the most pressing first: never seen, then the longest unseen."""
        if self.unseen_s is None:
            return False, 0.0, self.grid_code
        return True, -self.unseen_s, self.grid_code


def coverage_debt(
    grid_codes: Iterable[str],
    last_looks_utc: Mapping[str, datetime],
    now_utc: datetime,
    due_every: timedelta = DUE_EVERY,
) -> list[Debt]:
    """Every grid, the most pressing first; a look in the future counts as one made now."""
    debts = []
    for code in dict.fromkeys(grid_codes):
        last = last_looks_utc.get(code)
        unseen_s = None if last is None else max(0.0, (now_utc - last).total_seconds())
        debts.append(
            Debt(
                grid_code=code,
                last_look_utc=last,
                unseen_s=unseen_s,
                is_overdue=unseen_s is None or unseen_s >= due_every.total_seconds(),
            )
        )
    return sorted(debts, key=lambda debt: debt.rank)


def due_by(
    debts: Iterable[Debt], until_utc: datetime, due_every: timedelta = DUE_EVERY
) -> list[Debt]:
    """Those whose next look is due by then, in their order; never seen is always due."""
    return [
        debt for debt in debts
        if debt.last_look_utc is None or debt.last_look_utc + due_every <= until_utc
    ]  # fmt: skip
