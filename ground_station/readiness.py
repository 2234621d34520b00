"""Asks what pre-flight wants to know, again for a while: not all is ready at its first word."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from drone.preflight import may_heal, preflight
from drone.preflight_limits import Limits
from drone.speaker import Speaker
from ground_station.live import Sheet
from patrol.bus import Bus
from patrol.clock import WallClock, WorldClock
from patrol.declaration import Declaration
from patrol.errors import PatrolError
from patrol.plan import Finding, MissionPlan, stops
from patrol.story import StoryEvent
from patrol.vehicle import Vehicle

_ASK_AGAIN_S = 0.2  # wall


def _free(_said: Declaration | None) -> list[Finding]:
    return []


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Of one aircraft, its loudspeaker and its camera."""

    vehicle: Vehicle
    speaker: Speaker
    board: Sheet
    wall: WallClock
    bus: Bus
    world: WorldClock
    within_s: float = 15.0  # wall; an autopilot just started is ready by then
    room: Callable[[Declaration | None], list[Finding]] = (
        _free  # asked last, for it is taken when it is free
    )
    limits: Limits = Limits()
    room_within_s: float = 60.0  # wall; an aircraft that has just risen is off by then

    async def check(self, plan: MissionPlan, said: Declaration | None) -> list[Finding]:
        """What speaks against the flight."""
        findings = await self._ready(plan, said)
        give_up_s = self.wall.monotonic_s() + self.room_within_s
        told: set[str] = set()
        while not stops(findings):
            in_the_way = self.room(said)
            if not stops(in_the_way) or self.wall.monotonic_s() > give_up_s:
                return [*in_the_way, *findings]
            if (codes := {finding.code for finding in stops(in_the_way)}) - told:
                told |= codes  # not the text: its metres change with every look
                self._tell_waiting(plan, stops(in_the_way), self.room_within_s)
            await self.wall.sleep(_ASK_AGAIN_S)
            findings = await self._once(plan, said)  # what was ready need not be any more
        return findings

    async def _ready(self, plan: MissionPlan, said: Declaration | None) -> list[Finding]:
        """What speaks against it; what may come right by itself is waited for, and told."""
        give_up_s = self.wall.monotonic_s() + self.within_s
        told: list[str] = []
        while True:
            findings = await self._once(plan, said)
            if not may_heal(findings) or self.wall.monotonic_s() > give_up_s:
                return findings
            reasons = [finding.text for finding in stops(findings)]
            if reasons and reasons != told:
                told = reasons
                self._tell_waiting(plan, stops(findings), self.within_s)
            await self.wall.sleep(_ASK_AGAIN_S)

    def _tell_waiting(self, plan: MissionPlan, findings: list[Finding], within_s: float) -> None:
        fields = {
            "reason": "; ".join(finding.text for finding in findings),
            "reason_zh": "；".join(finding.text_zh for finding in findings),
            "within_s": within_s,
        }
        self.bus.publish(
            StoryEvent(
                name="preflight.waits", time_utc=self.world.now_utc(), grid=plan.grid_code,
                aircraft=self.vehicle.vehicle_id, fields=fields,
            )
        )  # fmt: skip

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
            limits=self.limits,
        )
