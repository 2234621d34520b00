"""Runs the retention job once a day in the station, when nothing is in the air."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from ground_station.sorties import ENDED
from ground_station.store.engine import Store
from ground_station.store.policies import policy_in_force
from ground_station.store.records import Records
from ground_station.store.retention import Retention
from ground_station.store.telemetry import TelemetryLog
from patrol.clock import WallClock
from patrol.errors import Refused, Transient

_EVERY_S = 24 * 3600.0
_FIRST_S = 600.0  # a station that has just started may have an aircraft to take over
_log = structlog.get_logger(__name__)


def _system_time() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionKeeper:
    """Deletes what the approved policy says, and nothing while there is none."""

    store: Store
    telemetry: TelemetryLog
    folder: Path
    is_exercise: bool
    wall: WallClock
    # Records age by the machine's own clock, however fast an exercise's runs.
    now_utc: Callable[[], datetime] = _system_time
    first_s: float = _FIRST_S

    async def run(self) -> None:
        """Look once a day until cancelled."""
        await self.wall.sleep(self.first_s)
        while True:
            try:
                await self.look()
            except (Refused, Transient) as error:
                _log.warning("retention waits", reason=str(error))
            await self.wall.sleep(_EVERY_S)

    async def look(self) -> int:
        """Carry out what is due; how many things were done. Refused while somebody flies."""
        policy = await self.store.read(policy_in_force)
        if policy is None:
            return 0
        flying = [
            sortie.sortie_id
            for sortie in await Records(self.store).open_sorties()
            if sortie.state not in ENDED
        ]
        if flying:
            raise Refused(
                f"{', '.join(flying)} is not over: what is old can wait",
                text_zh=f"架次{'、'.join(flying)}尚未结束，过期记录暂不处理",
            )
        job = Retention(
            store=self.store, telemetry=self.telemetry, folder=self.folder,
            is_exercise=self.is_exercise,
        )  # fmt: skip
        done = await job.carry_out(policy, self.now_utc())
        if done:
            _log.info("retention", policy=policy.version, done=len(done))
        return len(done)
