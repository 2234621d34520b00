"""How each mode is flown. A manoeuvre steers the model; what comes after it others decide."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from patrol.geo import Enu
from sim.flight_model import BRAKING_M_S2, VERTICAL_BRAKING_M_S2, Course, FlightModel, Target
from sim.parameters import Parameters
from sim.return_path import ReturnPath
from sim.sticks import Sticks

_CLIMB_M_S = 2.0
_SINK_M_S = 1.5
_SLOW_BELOW_M = 5.0  # MPC_LAND_ALT2: from there on at MPC_LAND_SPEED
_BELOW_GROUND_M = 2.0  # a landing aims under the ground, so that it never hovers over it
_THERE_M = 1.0
_ORBIT_ACCEL_M_S2 = 2.0
_STICKS_AHEAD_S = 0.1
_GRAVITY_M_S2 = 9.81


class Manoeuvre(Protocol):
    """One way of flying."""

    def step(self, duration_s: float) -> bool:
        """Steer for the next stretch; True once it is done."""
        ...


def _go(model: FlightModel, place: Enu, speed_m_s: float, heading_deg: float | None = None) -> None:
    model.course = None
    model.target = Target(
        east_m=place.east_m, north_m=place.north_m, up_m=place.up_m, speed_m_s=speed_m_s,
        heading_deg=heading_deg,
    )  # fmt: skip


def here(model: FlightModel) -> Enu:
    """Where it believes to be."""
    return Enu(east_m=model.seen_east_m, north_m=model.seen_north_m, up_m=model.up_m)


@dataclass(slots=True)
class Hold:
    """Stop as soon as braking allows, and stay."""

    model: FlightModel

    def __post_init__(self) -> None:
        """Aim where braking ends."""
        model = self.model
        speed = max(model.speed_m_s, 1e-6)
        stop_m = speed**2 / (2.0 * BRAKING_M_S2)
        rise_m = model.up_m_s * abs(model.up_m_s) / (2.0 * VERTICAL_BRAKING_M_S2)
        place = Enu(
            east_m=model.seen_east_m + model.east_m_s / speed * stop_m,
            north_m=model.seen_north_m + model.north_m_s / speed * stop_m,
            up_m=model.up_m + rise_m,
        )  # fmt: skip
        _go(model, place, max(speed, 2.0))

    def step(self, duration_s: float) -> bool:
        """Never done."""
        del duration_s
        return False


@dataclass(slots=True)
class GoTo:
    """Fly to a place and stay there."""

    model: FlightModel
    place: Enu
    speed_m_s: float
    heading_deg: float | None = None

    def __post_init__(self) -> None:
        """Aim."""
        _go(self.model, self.place, self.speed_m_s, self.heading_deg)

    def step(self, duration_s: float) -> bool:
        """Never done."""
        del duration_s
        return False


@dataclass(slots=True)
class TakeOff:
    """Straight up."""

    model: FlightModel
    up_m: float

    def __post_init__(self) -> None:
        """Aim."""
        at = here(self.model)
        _go(self.model, Enu(east_m=at.east_m, north_m=at.north_m, up_m=self.up_m), _CLIMB_M_S)

    def step(self, duration_s: float) -> bool:
        """Done near its height."""
        del duration_s
        return abs(self.up_m - self.model.up_m) < 0.3


@dataclass(slots=True)
class Land:
    """Over the place at this height, then straight down, slowly near the ground."""

    model: FlightModel
    parameters: Parameters
    place: Enu | None = None
    speed_m_s: float = 1.0
    _is_over_it: bool = False

    def __post_init__(self) -> None:
        """Aim."""
        at = here(self.model)
        place = self.place or at
        _go(
            self.model, Enu(east_m=place.east_m, north_m=place.north_m, up_m=at.up_m),
            self.speed_m_s,
        )  # fmt: skip

    def step(self, duration_s: float) -> bool:
        """Done on the ground."""
        del duration_s
        target = self.model.target
        if target is None:
            return self.model.is_on_ground
        self._is_over_it = self._is_over_it or self.model.distance_m() < _THERE_M
        if self._is_over_it:
            target.up_m = self.model.ground_up_m - _BELOW_GROUND_M
            is_low = self.model.height_agl_m < _SLOW_BELOW_M
            target.sink_m_s = self.parameters["MPC_LAND_SPEED"] if is_low else _SINK_M_S
        return self.model.is_on_ground


@dataclass(slots=True)
class Descend:
    """Down without a position: level, so that it drifts with the wind."""

    model: FlightModel
    parameters: Parameters

    def step(self, duration_s: float) -> bool:
        """Done on the ground."""
        del duration_s
        is_low = self.model.height_agl_m < _SLOW_BELOW_M
        sink = self.parameters["MPC_LAND_SPEED"] if is_low else _SINK_M_S
        self.model.course = Course(east_m_s=0.0, north_m_s=0.0, up_m_s=-sink, lean_m_s2=(0.0, 0.0))
        return self.model.is_on_ground


@dataclass(slots=True)
class Orbit:
    """Round a place; a positive radius goes clockwise."""

    model: FlightModel
    centre: Enu
    radius_m: float
    speed_m_s: float
    faces_centre: bool = True

    def step(self, duration_s: float) -> bool:
        """Never done."""
        del duration_s
        model, radius_m = self.model, abs(self.radius_m)
        out_e, out_n = (
            model.seen_east_m - self.centre.east_m,
            model.seen_north_m - self.centre.north_m,
        )
        away_m = math.hypot(out_e, out_n)
        out_e, out_n = (out_e / away_m, out_n / away_m) if away_m > 0.1 else (1.0, 0.0)
        # No faster than it can turn that tightly, and straight to the circle from afar.
        speed = min(self.speed_m_s, math.sqrt(_ORBIT_ACCEL_M_S2 * radius_m))
        inward = max(-speed, min(speed, 0.5 * (away_m - radius_m)))
        round_speed = math.sqrt(max(0.0, speed**2 - inward**2)) * math.copysign(1, self.radius_m)
        east, north = round_speed * out_n - inward * out_e, -round_speed * out_e - inward * out_n
        look_e, look_n = (-out_e, -out_n) if self.faces_centre else (east, north)
        model.course = Course(
            east_m_s=east, north_m_s=north, up_m_s=0.8 * (self.centre.up_m - model.up_m),
            heading_deg=math.degrees(math.atan2(look_e, look_n)) % 360.0,
        )  # fmt: skip
        return False


@dataclass(slots=True)
class BySticks:
    """Position mode: the pilot flies."""

    model: FlightModel
    parameters: Parameters
    sticks: Callable[[], Sticks | None]

    def step(self, duration_s: float) -> bool:
        """Never done. Without sticks it stands."""
        del duration_s
        model = self.model
        sticks = self.sticks() or Sticks()
        if model.is_on_ground and sticks.throttle <= 0.1:
            model.course = model.target = None
            return False
        speed = self.parameters["MPC_VEL_MANUAL"]
        model.course = sticks.course(model.heading_deg, speed, _STICKS_AHEAD_S)
        return False


@dataclass(slots=True)
class ByTilt:
    """Altitude mode: the sticks lean the aircraft; let go, it drifts with the wind."""

    model: FlightModel
    parameters: Parameters
    sticks: Callable[[], Sticks | None]

    def step(self, duration_s: float) -> bool:
        """Never done. Without sticks it stays level."""
        del duration_s
        model, sticks = self.model, self.sticks() or Sticks()
        if model.is_on_ground and sticks.throttle <= 0.1:
            model.course = model.target = None
            return False
        most_m_s2 = _GRAVITY_M_S2 * math.tan(math.radians(self.parameters["MPC_MAN_TILT_MAX"]))
        leant = sticks.course(model.heading_deg, most_m_s2, _STICKS_AHEAD_S)
        model.course = replace(leant, lean_m_s2=(leant.east_m_s, leant.north_m_s))
        return False


@dataclass(slots=True)
class Return:
    """Climb, fly the way home, sink, wait, land: RTL."""

    model: FlightModel
    parameters: Parameters
    path: ReturnPath
    up_m: float
    speed_m_s: float
    _left: list[Enu] = field(default_factory=list)
    _waited_s: float = 0.0
    _landing: Land | None = None

    def __post_init__(self) -> None:
        """The climb comes first; a way along the mission keeps the mission's heights."""
        at, end = here(self.model), self.path.landing
        if self.path.over:
            high_m = self.path.over[-1].up_m
            self._left = list(self.path.over)
        else:
            high_m = self.up_m
            self._left = [Enu(east_m=at.east_m, north_m=at.north_m, up_m=high_m)]
        low_m = min(high_m, self._ground_m(end) + self.parameters["RTL_DESCEND_ALT"])
        if at.distance_m(end) > _THERE_M or self.path.over:
            self._left.append(Enu(east_m=end.east_m, north_m=end.north_m, up_m=high_m))
        else:
            self._left = []
            low_m = min(low_m, at.up_m)
        self._left.append(Enu(east_m=end.east_m, north_m=end.north_m, up_m=low_m))
        _go(self.model, self._left[0], self.speed_m_s)

    def _ground_m(self, place: Enu) -> float:
        return self.model.terrain(place.east_m, place.north_m)

    def step(self, duration_s: float) -> bool:
        """Done on the ground."""
        if self._landing is not None:
            return self._landing.step(duration_s)
        if self._left:
            place, at = self._left[0], here(self.model)
            if at.distance_m(place) < _THERE_M and abs(at.up_m - place.up_m) < _THERE_M:
                self._left.pop(0)
                if self._left:
                    _go(self.model, self._left[0], self.speed_m_s)
            return False
        wait_s = self.parameters["RTL_LAND_DELAY"]
        self._waited_s += duration_s
        if 0.0 <= wait_s <= self._waited_s:
            self._landing = Land(self.model, self.parameters, self.path.landing)
        return False
