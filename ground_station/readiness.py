"""Asks what pre-flight wants to know, again for a while: not all is ready at its first word."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from drone.preflight import may_heal, preflight
from drone.speaker import Speaker
from ground_station.live import Sheet
from patrol.clock import WallClock
from patrol.declaration import Declaration
from patrol.errors import PatrolError
from patrol.plan import Finding, MissionPlan
from patrol.vehicle import Vehicle

_ASK_AGAIN_S = 0.2  # wall


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Of one aircraft, its loudspeaker and its camera."""

    vehicle: Vehicle
    speaker: Speaker
    board: Sheet
    wall: WallClock
    within_s: float = 15.0  # wall; an autopilot just started is ready by then

    async def check(self, plan: MissionPlan, said: Declaration | None) -> list[Finding]:
        """What speaks against the flight."""
        give_up_s = self.wall.monotonic_s() + self.within_s
        while True:
            findings = await self._once(plan, said)
            if not may_heal(findings) or self.wall.monotonic_s() > give_up_s:
                return findings
            await self.wall.sleep(_ASK_AGAIN_S)

    async def _once(self, plan: MissionPlan, said: Declaration | None) -> list[Finding]:
        facts = await self.vehicle.ask()
        is_speaker_ok: bool | None = None
        with contextlib.suppress(PatrolError):  # a loudspeaker that does not answer is a finding
            is_speaker_ok = (await self.speaker.health()).state != ""
        return preflight(
            facts,
            self.vehicle.latest(),
            plan,
            speaker_ok=is_speaker_ok,
            camera_ok=(self.board.get("camera") or {}).get("state") == "open",
            now_wall_s=self.wall.monotonic_s(),
            declaration=said,
        )
