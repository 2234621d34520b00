"""A point-mass multicopter in wind, limited in speed, acceleration, tilt and turn; metres from
home."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from sim.battery import flight_power_w
from sim.terrain import Terrain, flat
from sim.wind import Wind

ACCELERATION_M_S2 = 2.5
BRAKING_M_S2 = 0.7 * ACCELERATION_M_S2  # with some in hand, so that it never overshoots
_CLIMB_M_S, _SINK_M_S = 2.5, 1.5
_VERTICAL_M_S2 = 1.5
VERTICAL_BRAKING_M_S2 = 0.7 * _VERTICAL_M_S2
_NEAR_PER_S = 1.2  # near its place it slows down with the distance, so that it does not tremble
_HEADING_DEG_S = 60.0
_GIMBAL_DEG_S = 60.0
_GRAVITY_M_S2 = 9.81
_TILT_MAX_RAD = math.radians(35.0)
_DRAG_PER_M = 0.03  # deceleration is this times air speed squared: 15 m/s of wind can be held
_WIND_LEARNT_S = 2.0  # how long the controller takes to lean into a change of wind
_THRUST_TO_WEIGHT = 2.0
_FALL_M_S = 15.0  # terminal speed
_LEVEL_SHARE = 1.0 / _THRUST_TO_WEIGHT  # less than that cannot stay up
_TUMBLE_DEG_S, _TUMBLE_MAX_DEG = 120.0, 150.0
_LONGEST_STEP_S = 0.05


def turned(angle_deg: float, to_deg: float, most_deg: float) -> float:
    """Turn towards an angle the short way by at most so much; 0 to 360."""
    off = (to_deg - angle_deg + 180.0) % 360.0 - 180.0
    return (angle_deg + max(-most_deg, min(most_deg, off))) % 360.0


def _clipped(east: float, north: float, most: float) -> tuple[float, float]:
    length = math.hypot(east, north)
    return (east, north) if length <= most else (east * most / length, north * most / length)


def _approach_m_s(distance_m: float, braking_m_s2: float) -> float:
    """The speed from which it can still stop in that distance."""
    return min(math.sqrt(2.0 * braking_m_s2 * distance_m), _NEAR_PER_S * distance_m)


@dataclass(slots=True, kw_only=True)
class Target:
    """Where to go, how fast, and which way to look on the way."""

    east_m: float
    north_m: float
    up_m: float
    speed_m_s: float
    heading_deg: float | None = None  # None: along the track
    sink_m_s: float = _SINK_M_S


@dataclass(slots=True, kw_only=True)
class Course:
    """A velocity to fly, and which way to look; None keeps the heading."""

    east_m_s: float
    north_m_s: float
    up_m_s: float
    heading_deg: float | None = None
    # East and north acceleration by leaning alone, where no speed is known; the wind carries it.
    lean_m_s2: tuple[float, float] | None = None


@dataclass(slots=True, kw_only=True)
class FlightModel:
    """The airframe and its gimbal."""

    east_m: float = 0.0
    north_m: float = 0.0
    up_m: float = 0.0
    east_m_s: float = 0.0
    north_m_s: float = 0.0
    up_m_s: float = 0.0
    accel_east_m_s2: float = 0.0  # of the thrust, which the tilt follows
    accel_north_m_s2: float = 0.0
    accel_up_m_s2: float = 0.0
    heading_deg: float = 0.0
    gimbal_bearing_deg: float = 0.0
    gimbal_pitch_deg: float = 0.0
    wanted_pitch_deg: float = 0.0
    wanted_bearing_deg: float | None = None  # earth-fixed; None: follows the nose
    target: Target | None = None
    course: Course | None = None  # flown instead of the target while there is one
    wind: Wind = field(default_factory=Wind)
    terrain: Terrain = flat
    # How far off it believes to be: the error of its satellite position and of its compass.
    error_east_m: float = 0.0
    error_north_m: float = 0.0
    error_heading_deg: float = 0.0
    is_powered: bool = True
    thrust_share: float = 1.0  # of what the motors can; below a half it cannot stay up
    tumble_deg: float = 0.0  # of roll, that no motor can hold any more
    learnt_wind_east_m_s: float = 0.0
    learnt_wind_north_m_s: float = 0.0

    @property
    def ground_up_m(self) -> float:
        """The ground below it, above the ground at home."""
        return self.terrain(self.east_m, self.north_m)

    @property
    def height_agl_m(self) -> float:
        """Above the ground below it."""
        return self.up_m - self.ground_up_m

    @property
    def is_on_ground(self) -> bool:
        """Whether it stands."""
        return self.height_agl_m <= 0.02 and abs(self.up_m_s) < 0.05

    @property
    def speed_m_s(self) -> float:
        """Ground speed."""
        return math.hypot(self.east_m_s, self.north_m_s)

    @property
    def air_speed_m_s(self) -> float:
        """Speed through the air."""
        return math.hypot(self.east_m_s - self.wind.east_m_s, self.north_m_s - self.wind.north_m_s)

    @property
    def seen_east_m(self) -> float:
        """Where it believes to be."""
        return self.east_m + self.error_east_m

    @property
    def seen_north_m(self) -> float:
        """Where it believes to be."""
        return self.north_m + self.error_north_m

    @property
    def power_w(self) -> float:
        """What the battery has to give now."""
        across = math.hypot(self.accel_east_m_s2, self.accel_north_m_s2)
        air = self.air_speed_m_s
        return flight_power_w(
            thrust_m_s2=math.hypot(across, _GRAVITY_M_S2 + self.accel_up_m_s2),
            drag_m_s2=_DRAG_PER_M * air * air, air_speed_m_s=air, climb_m_s=self.up_m_s,
        )  # fmt: skip

    def distance_m(self) -> float:
        """Horizontal distance to the target as it believes it; 0 without one."""
        if self.target is None:
            return 0.0
        return math.hypot(
            self.target.east_m - self.seen_east_m, self.target.north_m - self.seen_north_m
        )

    def step(self, duration_s: float) -> None:
        """Move on by so many world seconds."""
        while duration_s > 1e-9:
            part_s = min(duration_s, _LONGEST_STEP_S)
            self._step(part_s)
            duration_s -= part_s

    def _step(self, dt: float) -> None:
        self.wind.step(dt)
        was_on_ground = self.is_on_ground
        if not self.is_powered:
            self._push(0.0, 0.0, dt)
            self.up_m_s = max(-_FALL_M_S, self.up_m_s - _GRAVITY_M_S2 * dt)
        elif self.course is not None:
            self._fly(self.course, dt)
        elif self.target is not None:
            self._fly(self._course_to(self.target), dt)
        if was_on_ground and self.up_m_s <= 0.0:
            self.east_m_s = self.north_m_s = 0.0
        self.east_m += self.east_m_s * dt
        self.north_m += self.north_m_s * dt
        self.up_m += self.up_m_s * dt
        if self.up_m <= (ground_m := self.ground_up_m):
            self.up_m, self.up_m_s = ground_m, 0.0
            self.east_m_s = self.north_m_s = 0.0
        self._tumble(dt)
        self._turn_gimbal(dt)

    def _tumble(self, dt: float) -> None:
        """Motors that run at their limit to stay up have nothing left to stay level with."""
        if self.is_on_ground:
            self.tumble_deg = 0.0
        elif not self.is_powered:
            return
        elif self.thrust_share < _LEVEL_SHARE:
            self.tumble_deg = min(_TUMBLE_MAX_DEG, self.tumble_deg + _TUMBLE_DEG_S * dt)
        else:
            self.tumble_deg = max(0.0, self.tumble_deg - _TUMBLE_DEG_S * dt)

    def _turn_gimbal(self, dt: float) -> None:
        bearing = self.heading_deg if self.wanted_bearing_deg is None else self.wanted_bearing_deg
        self.gimbal_bearing_deg = turned(self.gimbal_bearing_deg, bearing, _GIMBAL_DEG_S * dt)
        off = self.wanted_pitch_deg - self.gimbal_pitch_deg
        self.gimbal_pitch_deg += max(-_GIMBAL_DEG_S * dt, min(_GIMBAL_DEG_S * dt, off))

    def _course_to(self, target: Target) -> Course:
        off_e, off_n = target.east_m - self.seen_east_m, target.north_m - self.seen_north_m
        distance_m = self.distance_m()
        # As fast as the remaining way allows to stop in.
        speed = min(target.speed_m_s, _approach_m_s(distance_m, BRAKING_M_S2))
        share = speed / distance_m if distance_m > 1e-6 else 0.0
        heading = target.heading_deg
        if heading is None and distance_m > 2.0:
            heading = math.degrees(math.atan2(off_e, off_n)) % 360.0
        off_up = target.up_m - self.up_m
        climb = math.copysign(_approach_m_s(abs(off_up), VERTICAL_BRAKING_M_S2), off_up)
        return Course(
            east_m_s=off_e * share, north_m_s=off_n * share, up_m_s=max(-target.sink_m_s, climb),
            heading_deg=heading,
        )  # fmt: skip

    def _fly(self, course: Course, dt: float) -> None:
        if course.lean_m_s2 is not None:
            self._push(*course.lean_m_s2, dt, is_blind=True)
        else:
            wanted_e, wanted_n = _clipped(
                (course.east_m_s - self.east_m_s) / dt, (course.north_m_s - self.north_m_s) / dt,
                ACCELERATION_M_S2,
            )  # fmt: skip
            self._push(wanted_e, wanted_n, dt)
        climb = max(-_SINK_M_S, min(_CLIMB_M_S, course.up_m_s))
        change_up = max(-_VERTICAL_M_S2 * dt, min(_VERTICAL_M_S2 * dt, climb - self.up_m_s))
        # Motors that lost their thrust cannot give it, however much is wanted.
        most_up = _GRAVITY_M_S2 * (self.thrust_share * _THRUST_TO_WEIGHT - 1.0) * dt
        change_up = min(change_up, most_up)
        self.accel_up_m_s2 = change_up / dt
        self.up_m_s = max(-_FALL_M_S, self.up_m_s + change_up)
        if course.heading_deg is not None:
            wanted_deg = course.heading_deg - self.error_heading_deg
            self.heading_deg = turned(self.heading_deg, wanted_deg, _HEADING_DEG_S * dt)

    def _push(self, wanted_e: float, wanted_n: float, dt: float, *, is_blind: bool = False) -> None:
        """Lean to get this acceleration against the drag it expects; the true drag acts too.

        A compass error turns the thrust, as it does on an aircraft.
        """
        learnt = min(1.0, dt / _WIND_LEARNT_S)
        self.learnt_wind_east_m_s += learnt * (self.wind.east_m_s - self.learnt_wind_east_m_s)
        self.learnt_wind_north_m_s += learnt * (self.wind.north_m_s - self.learnt_wind_north_m_s)
        true_e, true_n = self._drag(self.wind.east_m_s, self.wind.north_m_s)
        thrust_e = thrust_n = 0.0
        if self.is_powered:
            learnt_e = learnt_n = 0.0
            if not is_blind:
                learnt_e, learnt_n = self._drag(
                    self.learnt_wind_east_m_s, self.learnt_wind_north_m_s
                )
            most = _GRAVITY_M_S2 * math.tan(_TILT_MAX_RAD) * min(1.0, self.thrust_share)
            thrust_e, thrust_n = _clipped(wanted_e + learnt_e, wanted_n + learnt_n, most)
            off = math.radians(self.error_heading_deg)
            thrust_e, thrust_n = (
                thrust_e * math.cos(off) - thrust_n * math.sin(off),
                thrust_n * math.cos(off) + thrust_e * math.sin(off),
            )
        self.accel_east_m_s2, self.accel_north_m_s2 = thrust_e, thrust_n
        self.east_m_s += (thrust_e - true_e) * dt
        self.north_m_s += (thrust_n - true_n) * dt

    def _drag(self, wind_e: float, wind_n: float) -> tuple[float, float]:
        air_e, air_n = self.east_m_s - wind_e, self.north_m_s - wind_n
        factor = _DRAG_PER_M * math.hypot(air_e, air_n)
        return air_e * factor, air_n * factor

    def tilt_deg(self) -> tuple[float, float]:
        """Roll and pitch that give the present thrust."""
        h = math.radians(self.heading_deg)
        ahead = self.accel_north_m_s2 * math.cos(h) + self.accel_east_m_s2 * math.sin(h)
        right = self.accel_east_m_s2 * math.cos(h) - self.accel_north_m_s2 * math.sin(h)
        return (
            math.degrees(math.atan2(right, _GRAVITY_M_S2)) + self.tumble_deg,
            -math.degrees(math.atan2(ahead, _GRAVITY_M_S2)),
        )
