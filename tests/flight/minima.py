"""The least of everything that a flight has to keep, by the simulation's truth, and if it held."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import shapely

from missions.tested import FLOORS, HEIGHT_SLACK_M
from patrol.geo import GeoPoint, LocalFrame, distance_m
from patrol.plan import MissionPlan
from tests.flight.radio import Place, Radio

# What has to hold: the fence is never crossed, a route is flown at its height, DOMAIN 4.3's
# stand-off and the guardian's separation, and more charge than it would land with at once.
FENCE_M, STANDOFF_M = FLOORS["fence"], FLOORS["stand-off"]
SEPARATION_M, CHARGE_PCT = FLOORS["separation"], FLOORS["battery at landing"]
MISSED_M = 3.0  # from a waypoint, where it turns to the next
_NEAR_HOME_M = 10.0  # a return ends with coming down


@dataclass(slots=True)
class Least:
    """One minimum; None until something was measured, which is no pass."""

    name: str
    floor: float
    unit: str
    value: float | None = None

    def take(self, value: float) -> None:
        """One more measurement."""
        self.value = value if self.value is None else min(self.value, value)

    @property
    def holds(self) -> bool:
        """Measured, and not below its floor."""
        return self.value is not None and self.value >= self.floor

    def __str__(self) -> str:
        told = "NOT MEASURED" if self.value is None else f"{self.value:.1f} {self.unit}"
        return f"{self.name} {told} ({'' if self.holds else 'NOT '}>= {self.floor:g})"


@dataclass(slots=True, kw_only=True)
class Minima:
    """Of one flight, with one aircraft or several."""

    name: str
    flown_on: str
    crowd: GeoPoint | None = None
    fence_m: float = FENCE_M
    fence: Least = field(init=False)
    height: Least = field(init=False)
    charge: Least = field(init=False)
    standoff: Least = field(init=False)
    separation: Least = field(init=False)
    _watched: list[Radio] = field(default_factory=list)
    _passed_m: dict[str, list[float]] = field(default_factory=dict)  # each waypoint, by aircraft

    def __post_init__(self) -> None:
        """Nothing measured yet."""
        self.fence = Least("fence", self.fence_m, "m inside")
        self.height = Least("height above terrain", math.inf, "m")
        self.charge = Least("battery at landing", CHARGE_PCT, "%")
        self.standoff = Least("stand-off", STANDOFF_M, "m")
        self.separation = Least("separation", SEPARATION_M, "m")

    def watch(self, radio: Radio, plan: MissionPlan) -> None:
        """Measure this aircraft from now on, at everything that it sends."""
        frame = LocalFrame(origin=plan.home)
        ring = shapely.LinearRing([_flat(frame, corner) for corner in plan.fence])
        area = shapely.Polygon(ring)
        self.height.floor = min(w.height.metres for w in plan.waypoints) - HEIGHT_SLACK_M
        self._watched.append(radio)
        passed_m = self._passed_m[radio.url] = [math.inf] * len(plan.waypoints)
        seen: Place | None = None
        working = _Working()

        def measure() -> None:
            nonlocal seen
            place = radio.truth()
            if place is None or place is seen or not radio.heard.is_flying:
                return
            seen = place
            for number, waypoint in enumerate(plan.waypoints):
                away_m = distance_m(place.point, waypoint.point)
                passed_m[number] = min(passed_m[number], away_m)
            here = shapely.Point(_flat(frame, place.point))
            self.fence.take(ring.distance(here) * (1.0 if area.covers(here) else -1.0))
            is_far = distance_m(place.point, plan.home) > _NEAR_HOME_M
            is_working = radio.heard.is_at_work or (radio.heard.is_returning and is_far)
            # The ground is flat on both twins.
            height_m = place.altitude_amsl_m - plan.home_elevation_amsl_m
            lowest_m = working.lowest_m(radio.heard.heartbeats, height_m, is_working=is_working)
            if lowest_m is not None:
                self.height.take(lowest_m)
            if self.crowd is not None:
                self.standoff.take(distance_m(place.point, self.crowd))
            for other in self._watched:
                if other is not radio and other.heard.is_flying:
                    self.separation.take(_apart_m(place, other.truth()))

        radio.on_heard = measure

    def landed(self, radio: Radio) -> None:
        """It stands on the ground, with the charge that it told last in the air."""
        heard = radio.heard
        if not heard.is_armed and heard.charge_flying_pct is not None:
            self.charge.take(heard.charge_flying_pct)

    def missed_m(self, radio: Radio) -> float:
        """How far it stayed away from the waypoint that it missed most."""
        return max(self._passed_m[radio.url])

    @property
    def needed(self) -> Sequence[Least]:
        """Those that this flight has."""
        crowd = [self.standoff] if self.crowd is not None else []
        others = [self.separation] if len(self._watched) > 1 else []
        return [self.fence, self.height, *crowd, *others, self.charge]

    @property
    def holds(self) -> bool:
        """All that this flight has."""
        return all(least.holds for least in self.needed)

    def __str__(self) -> str:
        told = ", ".join(str(least) for least in self.needed)
        return f"{self.name} on {self.flown_on}: {told}"


@dataclass(slots=True)
class _Working:
    """The lowest between two heartbeats. The one at the end has to say that it was at work still.

    For up to a second the mode that was told last is not the one in which it goes down.
    """

    heartbeats: int = 0
    so_far_m: float = math.inf

    def lowest_m(self, heartbeats: int, height_m: float, *, is_working: bool) -> float | None:
        """Of the stretch that has just ended; None while there is none to count."""
        if not is_working:
            self.so_far_m = math.inf
            return None
        lowest_m = None
        if heartbeats != self.heartbeats and self.so_far_m < math.inf:
            lowest_m, self.so_far_m = self.so_far_m, math.inf
        self.heartbeats, self.so_far_m = heartbeats, min(self.so_far_m, height_m)
        return lowest_m


def _flat(frame: LocalFrame, point: GeoPoint) -> tuple[float, float]:
    enu = frame.to_enu(point)
    return enu.east_m, enu.north_m


def _apart_m(here: Place, there: Place | None) -> float:
    if there is None:
        return 0.0  # an aircraft in the air that is nowhere is near to everything
    up_m = here.altitude_amsl_m - there.altitude_amsl_m
    return math.hypot(distance_m(here.point, there.point), up_m)
