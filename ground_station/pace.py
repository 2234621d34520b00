"""Keeps an exercise slow enough for the eye: three valid frames in every look past people.

A real patrol has no such knob; this part exists only where an exercise clock is configured.
"""

from __future__ import annotations

from dataclasses import dataclass

from ground_station.exercise_clock import ExerciseClock
from patrol.bus import Bus
from patrol.camera import CameraLens
from patrol.errors import Transient
from patrol.plan import MissionPlan
from patrol.sighting import Look
from patrol.story import StoryEvent

FRAMES_NEEDED = 3  # valid frames of a candidate, DOMAIN 4.3
_PERSON_HEIGHT_PX_MIN = 28.0
_SEEN_SHARE = 0.4
_RAISE_STEP = 1.25  # speed goes down at once and up only when clearly possible


@dataclass(frozen=True, slots=True, kw_only=True)
class LookWindow:
    """How many world seconds a crowd at lawful distance stays where it can be counted."""

    duration_s: float


def look_window(plan: MissionPlan, lens: CameraLens) -> LookWindow:
    """The flight time from the farthest valid range to the stand-off on the plan's fastest leg."""
    height_m = max(waypoint.height.metres for waypoint in plan.waypoints)
    speed_m_s = max(waypoint.speed_m_s for waypoint in plan.waypoints)
    ranges_m = lens.valid_ranges_m(
        height_agl_m=height_m, person_height_px_min=_PERSON_HEIGHT_PX_MIN
    )
    if ranges_m is None:
        return LookWindow(duration_s=0.0)
    standoff_m = max(plan.look_hold.standoff_min_m if plan.look_hold else 30.0, height_m)
    # A crowd off to the side comes in late and leaves early: count on 40 % of the way.
    usable_m = (ranges_m[1] - max(ranges_m[0], standoff_m)) * _SEEN_SHARE
    return LookWindow(duration_s=max(usable_m, 0.0) / speed_m_s)


def fitting_speed(*, rate_hz: float, latency_s: float, window: LookWindow, ceiling: float) -> float:
    """The fastest world speed at which the window holds the frames needed and a result's delay."""
    if rate_hz <= 0.0:
        return 1.0  # it has not looked yet
    needed_wall_s = FRAMES_NEEDED / rate_hz + latency_s
    return max(1.0, min(ceiling, window.duration_s / needed_wall_s))


class Pace:
    """Lowers the speed while a patrol leg is counted with too slow an eye, and says so."""

    def __init__(self, *, bus: Bus, clock: ExerciseClock) -> None:
        self._bus = bus
        self._clock = clock
        self._window: LookWindow | None = None

    def watch_legs(self, window: LookWindow | None) -> None:
        """Set the look window while patrol legs are flown; None: no hurry anywhere."""
        self._window = window

    async def run(self) -> None:
        """Follow the eye's rate until cancelled."""
        with self._bus.subscribe(Look, limit=1) as looks:
            async for look in looks:
                wanted = self._wanted(look)
                now = self._clock.speed
                if (
                    wanted < now * 0.95
                    or wanted > now * _RAISE_STEP
                    or (wanted == self._clock.ceiling and now < wanted)
                ):
                    await self._set(wanted, look)

    def _wanted(self, look: Look) -> float:
        if self._window is None:
            return self._clock.ceiling
        return fitting_speed(
            rate_hz=look.rate_hz,
            latency_s=look.latency_s,
            window=self._window,
            ceiling=self._clock.ceiling,
        )

    async def _set(self, wanted: float, look: Look) -> None:
        before = self._clock.speed
        try:
            after = await self._clock.set_speed(round(wanted, 2))
        except Transient:
            return  # the clock's own task reports its loss
        if abs(after - before) > 0.05:
            self._bus.publish(
                StoryEvent(
                    name="speed",
                    time_utc=self._clock.now_utc(),
                    fields={
                        "speed": after,
                        "before": before,
                        "looks_per_s": round(look.rate_hz, 1),
                        "reason": "the eye needs three valid frames in every look past people"
                        if after < before
                        else "the eye keeps up",
                    },
                )
            )
