"""The simulated world's clock: it runs a chosen number of times faster than the machine's."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import anyio
import anyio.lowlevel

from patrol.clock import SystemClock, WallClock

SPEED_MIN = 0.1


class SimClock:
    """A WorldClock whose speed may be changed at any moment, from the event loop's thread.

    World time is continuous across a change: only its rate jumps.
    """

    def __init__(
        self,
        start_utc: datetime,
        ceiling: float = 1.0,
        *,
        speed: float | None = None,
        wall: WallClock | None = None,
    ) -> None:
        """Start now, at `speed` (the ceiling where none is given).

        Raises ValueError for a start without a zone, or for a ceiling below the lowest speed.
        """
        if start_utc.tzinfo is None:
            raise ValueError("the world's start needs a time zone")
        if not (math.isfinite(ceiling) and ceiling >= SPEED_MIN):
            raise ValueError(f"the ceiling must be {SPEED_MIN} or more, not {ceiling}")
        self._start_utc = start_utc.astimezone(UTC)
        self._ceiling = ceiling
        self._wall = wall if wall is not None else SystemClock()
        self._base_wall_s = self._wall.monotonic_s()
        self._base_world_s = 0.0
        self._speed = self._clamped(ceiling if speed is None else speed)
        self._changed = anyio.Event()

    @property
    def ceiling(self) -> float:
        """The highest speed that may be set."""
        return self._ceiling

    @property
    def speed(self) -> float:
        """World seconds in a wall second now."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        """Change the rate from now on; clamped to 0.1 and the ceiling. ValueError for NaN."""
        clamped = self._clamped(speed)
        wall_s = self._wall.monotonic_s()
        self._base_world_s += (wall_s - self._base_wall_s) * self._speed
        self._base_wall_s = wall_s
        self._speed = clamped
        self._changed.set()
        self._changed = anyio.Event()

    def now_utc(self) -> datetime:
        """World time, aware, UTC."""
        return self._start_utc + timedelta(seconds=self.monotonic_s())

    def monotonic_s(self) -> float:
        """World seconds since the start."""
        return self.monotonic_at_s(self._wall.monotonic_s())

    def monotonic_at_s(self, wall_s: float) -> float:
        """World seconds at a moment of the wall clock since the last change of speed."""
        return self._base_world_s + max(0.0, wall_s - self._base_wall_s) * self._speed

    def wall_s(self) -> float:
        """The wall clock that this clock is driven by (CLOCK_MONOTONIC)."""
        return self._wall.monotonic_s()

    async def sleep(self, duration_s: float) -> None:
        """Wait so many world seconds, however often the speed changes meanwhile."""
        due_s = self.monotonic_s() + max(0.0, duration_s)
        await anyio.lowlevel.checkpoint()
        while (left_s := due_s - self.monotonic_s()) > 0.0:
            with anyio.move_on_after(left_s / self._speed):
                await self._changed.wait()

    def _clamped(self, speed: float) -> float:
        if math.isnan(speed):
            raise ValueError("a speed must be a number")
        return min(max(speed, SPEED_MIN), self._ceiling)
