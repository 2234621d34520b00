"""How one person moves: straight walks, small steps while standing, and moving up in a queue."""

from __future__ import annotations

import math
from dataclasses import dataclass

from patrol.geo import Enu

_STEP_S = 1.5  # the last of each period of somebody who stands
_MOVE_UP_S = 1.2
_MOVE_UP_DELAY_S = 0.4  # for each who has to see the one before go first


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """Straight from one place to another at an even pace."""

    start_s: float
    start: Enu
    end: Enu
    speed_m_s: float

    @property
    def end_s(self) -> float:
        """World second of arrival."""
        return self.start_s + self.start.distance_m(self.end) / self.speed_m_s

    def place_at(self, world_s: float) -> Enu:
        """Where the walker is; the ends before and after."""
        whole_s = self.end_s - self.start_s
        share = min(1.0, max(0.0, (world_s - self.start_s) / whole_s)) if whole_s > 0 else 1.0
        return Enu(
            east_m=self.start.east_m + share * (self.end.east_m - self.start.east_m),
            north_m=self.start.north_m + share * (self.end.north_m - self.start.north_m),
        )

    @property
    def heading_true_deg(self) -> float:
        """Where the walker looks."""
        return math.degrees(
            math.atan2(self.end.east_m - self.start.east_m, self.end.north_m - self.start.north_m)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A small step and turn of somebody who stands."""

    east_m: float
    north_m: float
    turn_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fidget:
    """The small steps of somebody who stands, again and again."""

    period_s: float
    shifts: tuple[Shift, ...]

    def after(self, stood_s: float) -> Shift:
        """Where they are, seen from their place, after so long."""
        count, within_s = divmod(stood_s, self.period_s)
        old = self.shifts[int(count) % len(self.shifts)]
        new = self.shifts[(int(count) + 1) % len(self.shifts)]
        share = min(1.0, max(0.0, 1.0 - (self.period_s - within_s) / _STEP_S))
        return Shift(
            east_m=old.east_m + share * (new.east_m - old.east_m),
            north_m=old.north_m + share * (new.north_m - old.north_m),
            turn_deg=old.turn_deg + share * (new.turn_deg - old.turn_deg),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Waiting in a queue: everybody moves up one place whenever its head has been served."""

    served_s: tuple[float, ...]  # of those who stood before us when we came, in order
    to_head_true_deg: float
    spacing_m: float

    def moved_m(self, world_s: float) -> float:
        """How far we have moved up."""
        return self.spacing_m * sum(self._shares(world_s))

    def is_moving(self, world_s: float) -> bool:
        """Whether we are on our feet just now."""
        return any(0.0 < share < 1.0 for share in self._shares(world_s))

    def _shares(self, world_s: float) -> list[float]:
        shares = []
        for number, served_s in enumerate(self.served_s):
            delay_s = _MOVE_UP_DELAY_S * (len(self.served_s) - number)
            shares.append(min(1.0, max(0.0, (world_s - served_s - delay_s) / _MOVE_UP_S)))
        return shares
