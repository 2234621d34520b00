"""Keeps an exercise slow enough for the eye: three valid frames in every look past people.

A real patrol has no such knob; this part exists only where an exercise clock is configured.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ground_station.exercise_clock import ExerciseClock
from patrol.bus import Bus
from patrol.camera import CameraLens
from patrol.errors import Transient
from patrol.plan import MissionPlan
from patrol.sighting import Look
from patrol.story import StoryEvent
from vision.clusters import clusters
from vision.crowd_rules import CrowdRules

SLOWEST = 0.5
FRAMES_NEEDED = 3  # valid frames of a candidate, DOMAIN 4.3
_PERSON_HEIGHT_PX_MIN = 28.0
_SEEN_SHARE = 0.4
_STEP = 0.5  # speeds are multiples of this
_RAISE_MARGIN = 0.75  # down at once, up only when clearly possible and not soon after
_NEWEST_SHARE = 0.15  # one slow look is no slow eye
_GROUP_SHARE = 1.0 / 3.0  # of the speed otherwise: what may be a crowd is worth more frames
_LOOKS_WAITING = 64
_RAISE_AFTER_S = 4.0  # wall


@dataclass(frozen=True, slots=True, kw_only=True)
class LookWindow:
    """How many world seconds a crowd at lawful distance stays where it can be counted."""

    duration_s: float
    is_leg: bool = True  # false while it holds: then the time is certain, and so is the place


def look_window(plan: MissionPlan, lens: CameraLens) -> LookWindow:
    """The flight time from the farthest valid range to the stand-off, on the fastest such leg."""
    height_m = max(waypoint.height.metres for waypoint in plan.waypoints)
    counting = [waypoint for waypoint in plan.waypoints if not waypoint.is_transit]
    speed_m_s = max(waypoint.speed_m_s for waypoint in counting or plan.waypoints)
    ranges_m = lens.valid_ranges_m(
        height_agl_m=height_m, person_height_px_min=_PERSON_HEIGHT_PX_MIN
    )
    if ranges_m is None:
        return LookWindow(duration_s=0.0)
    standoff_m = max(plan.look_hold.standoff_min_m if plan.look_hold else 30.0, height_m)
    # A crowd off to the side comes in late and leaves early: count on 40 % of the way.
    usable_m = (ranges_m[1] - max(ranges_m[0], standoff_m)) * _SEEN_SHARE
    return LookWindow(duration_s=max(usable_m, 0.0) / speed_m_s)


def needed_wall_s(*, rate_hz: float, latency_s: float) -> float:
    """How long the eye takes for the frames needed and the result of the last."""
    return FRAMES_NEEDED / rate_hz + latency_s


def fitting_speed(*, needed_s: float, window: LookWindow, ceiling: float) -> float:
    """The fastest world speed at which the window holds what the eye needs (wall seconds)."""
    return max(SLOWEST, min(ceiling, window.duration_s / needed_s))


def next_speed(*, now: float, fitting: float, ceiling: float, held_s: float) -> float:
    """The speed to set, in steps; the same as now unless a change is worth being told."""
    stepped = ceiling if fitting >= ceiling else max(SLOWEST, math.floor(fitting / _STEP) * _STEP)
    if stepped < now:
        return stepped
    is_worth = stepped >= min(now + _RAISE_MARGIN, ceiling) and held_s >= _RAISE_AFTER_S
    return stepped if is_worth else now


def _smoothed(so_far: float, newest: float) -> float:
    return newest if so_far == 0.0 else so_far + _NEWEST_SHARE * (newest - so_far)


@dataclass(slots=True)
class _Camera:
    """What one camera's eye allows."""

    window: LookWindow | None = None
    needed_s: float = 0.0  # smoothed, wall
    fitting: float = math.inf


class Pace:
    """Lowers the speed while a patrol leg is counted with too slow an eye, and says so.

    There is one world clock: with several aircraft the eye that needs most time sets it.
    """

    def __init__(self, *, bus: Bus, clock: ExerciseClock, rules: CrowdRules) -> None:
        self._rules = rules
        self._bus = bus
        self._clock = clock
        self._cameras: dict[str, _Camera] = {}
        self._changed_at_s = -math.inf

    def watch_legs(self, camera_id: str, window: LookWindow | None) -> None:
        """Set a camera's look window of the legs or of an on-delay; None: it is in no hurry."""
        camera = self._cameras.setdefault(camera_id, _Camera())
        camera.window = window
        if window is None:
            camera.fitting = math.inf

    async def run(self) -> None:
        """Follow the eye's rate until cancelled."""
        with self._bus.subscribe(Look, limit=_LOOKS_WAITING) as looks:
            async for look in looks:
                wanted = self._wanted(look)
                if wanted != self._clock.speed:
                    self._changed_at_s = look.captured_at_s
                    await self._set(wanted, look)

    def _wanted(self, look: Look) -> float:
        clock, camera = self._clock, self._cameras.setdefault(look.camera_id, _Camera())
        camera.fitting = self._fitting(camera, look)
        fitting = min(one.fitting for one in self._cameras.values())
        if math.isinf(fitting):
            return clock.ceiling  # no leg to count on, or not yet high enough to see any ground
        return next_speed(
            now=clock.speed,
            fitting=fitting,
            ceiling=clock.ceiling,
            held_s=look.captured_at_s - self._changed_at_s,
        )

    def _fitting(self, camera: _Camera, look: Look) -> float:
        if camera.window is None or look.rate_hz <= 0.0:
            return math.inf
        needed_s = needed_wall_s(rate_hz=look.rate_hz, latency_s=look.latency_s)
        camera.needed_s = _smoothed(camera.needed_s, needed_s)
        # Slower at once, faster only when it has been so for a while.
        fitting = fitting_speed(
            needed_s=max(needed_s, camera.needed_s), window=camera.window,
            ceiling=self._clock.ceiling,
        )  # fmt: skip
        if camera.window.is_leg and self._is_group_in_view(look):
            return max(SLOWEST, fitting * _GROUP_SHARE)
        return fitting

    def _is_group_in_view(self, look: Look) -> bool:
        """Whether it just looks past people who may be a crowd."""
        return any(
            cluster.count.estimate >= self._rules.n_clear for cluster in clusters(look, self._rules)
        )

    async def _set(self, wanted: float, look: Look) -> None:
        before = self._clock.speed
        try:
            after = await self._clock.set_speed(wanted)
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
