"""Notices when somebody sets the machine's clock, and writes it where the times are judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from ground_station.store.records import Records
from patrol.cause import by_system
from patrol.clock import WallClock, utc_text
from patrol.errors import Transient

_EVERY_S = 1.0
_STEP_S = 2.0  # NTP slews what is smaller, and no rule of ours is finer
_RULE = by_system("clock.watch")
_log = structlog.get_logger(__name__)


def _system_time() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockWatch:
    """Compares the wall clock with the one that nobody can set."""

    records: Records
    wall: WallClock
    is_exercise: bool
    now_utc: Callable[[], datetime] = _system_time

    async def run(self) -> None:
        """Look every second until cancelled."""
        zero = self._zero()
        while True:
            await self.wall.sleep(_EVERY_S)
            now = self._zero()
            if abs((now - zero).total_seconds()) >= _STEP_S:
                await self._tell((now - zero).total_seconds())
                zero = now

    def _zero(self) -> datetime:
        """What the wall clock would have shown when the other began; it moves only by setting."""
        return self.now_utc() - timedelta(seconds=self.wall.monotonic_s())

    async def _tell(self, step_s: float) -> None:
        after = self.now_utc()
        body = {
            "step_s": round(step_s, 1),
            "before_utc": utc_text(after - timedelta(seconds=step_s)),
        }
        _log.warning("the clock was set", **body)
        try:
            await self.records.note_though_late(
                "clock.changed", "", body, cause=_RULE, at_utc=after, is_exercise=self.is_exercise
            )
        except Transient as error:
            _log.warning("not recorded", reason=str(error))
