"""A point-mass multicopter with limited speed, acceleration and turn rates; metres from home."""

from __future__ import annotations

import math
from dataclasses import dataclass

_ACCELERATION_M_S2 = 2.5
_CLIMB_M_S, _SINK_M_S = 2.5, 1.5
_VERTICAL_M_S2 = 1.5
_HEADING_DEG_S = 60.0
_GIMBAL_DEG_S = 60.0
_GRAVITY_M_S2 = 9.81
_LONGEST_STEP_S = 0.05


def turned(angle_deg: float, to_deg: float, most_deg: float) -> float:
    """Turn towards an angle the short way by at most so much; 0 to 360."""
    off = (to_deg - angle_deg + 180.0) % 360.0 - 180.0
    return (angle_deg + max(-most_deg, min(most_deg, off))) % 360.0


@dataclass(slots=True, kw_only=True)
class Target:
    """Where to go, how fast, and which way to look on the way."""

    east_m: float
    north_m: float
    up_m: float
    speed_m_s: float
    heading_deg: float | None = None  # None: along the track


@dataclass(slots=True, kw_only=True)
class FlightModel:
    """The airframe and its gimbal."""

    east_m: float = 0.0
    north_m: float = 0.0
    up_m: float = 0.0
    east_m_s: float = 0.0
    north_m_s: float = 0.0
    up_m_s: float = 0.0
    accel_east_m_s2: float = 0.0
    accel_north_m_s2: float = 0.0
    heading_deg: float = 0.0
    gimbal_bearing_deg: float = 0.0
    gimbal_pitch_deg: float = 0.0
    wanted_pitch_deg: float = 0.0
    wanted_bearing_deg: float | None = None  # earth-fixed; None: follows the nose
    target: Target | None = None

    @property
    def is_on_ground(self) -> bool:
        """Whether it stands."""
        return self.up_m <= 0.02 and abs(self.up_m_s) < 0.05

    @property
    def speed_m_s(self) -> float:
        """Ground speed."""
        return math.hypot(self.east_m_s, self.north_m_s)

    def distance_m(self) -> float:
        """Horizontal distance to the target; 0 without one."""
        if self.target is None:
            return 0.0
        return math.hypot(self.target.east_m - self.east_m, self.target.north_m - self.north_m)

    def step(self, duration_s: float) -> None:
        """Move on by so many world seconds."""
        while duration_s > 1e-9:
            part_s = min(duration_s, _LONGEST_STEP_S)
            self._step(part_s)
            duration_s -= part_s

    def _step(self, dt: float) -> None:
        if self.target is not None:
            self._steer(self.target, dt)
        self.east_m += self.east_m_s * dt
        self.north_m += self.north_m_s * dt
        self.up_m += self.up_m_s * dt
        if self.up_m <= 0.0:
            self.up_m, self.up_m_s = 0.0, 0.0
            self.east_m_s = self.north_m_s = 0.0
        bearing = self.heading_deg if self.wanted_bearing_deg is None else self.wanted_bearing_deg
        self.gimbal_bearing_deg = turned(self.gimbal_bearing_deg, bearing, _GIMBAL_DEG_S * dt)
        off = self.wanted_pitch_deg - self.gimbal_pitch_deg
        self.gimbal_pitch_deg += max(-_GIMBAL_DEG_S * dt, min(_GIMBAL_DEG_S * dt, off))

    def _steer(self, target: Target, dt: float) -> None:
        off_e, off_n = target.east_m - self.east_m, target.north_m - self.north_m
        distance_m = math.hypot(off_e, off_n)
        # As fast as the remaining way allows to stop in.
        speed = min(target.speed_m_s, math.sqrt(2.0 * _ACCELERATION_M_S2 * 0.7 * distance_m))
        wanted_e = off_e / distance_m * speed if distance_m > 1e-6 else 0.0
        wanted_n = off_n / distance_m * speed if distance_m > 1e-6 else 0.0
        change_e, change_n = wanted_e - self.east_m_s, wanted_n - self.north_m_s
        change = math.hypot(change_e, change_n)
        most = _ACCELERATION_M_S2 * dt
        if change > most:
            change_e, change_n = change_e * most / change, change_n * most / change
        self.east_m_s += change_e
        self.north_m_s += change_n
        self.accel_east_m_s2, self.accel_north_m_s2 = change_e / dt, change_n / dt
        off_up = target.up_m - self.up_m
        most_up = math.sqrt(2.0 * _VERTICAL_M_S2 * 0.7 * abs(off_up))
        climb = max(-_SINK_M_S, min(_CLIMB_M_S, math.copysign(most_up, off_up)))
        change_up = climb - self.up_m_s
        self.up_m_s += max(-_VERTICAL_M_S2 * dt, min(_VERTICAL_M_S2 * dt, change_up))
        heading = target.heading_deg
        if heading is None and distance_m > 2.0:
            heading = math.degrees(math.atan2(off_e, off_n)) % 360.0
        if heading is not None:
            self.heading_deg = turned(self.heading_deg, heading, _HEADING_DEG_S * dt)

    def tilt_deg(self) -> tuple[float, float]:
        """Roll and pitch that give the present acceleration."""
        h = math.radians(self.heading_deg)
        ahead = self.accel_north_m_s2 * math.cos(h) + self.accel_east_m_s2 * math.sin(h)
        right = self.accel_east_m_s2 * math.cos(h) - self.accel_north_m_s2 * math.sin(h)
        return (
            math.degrees(math.atan2(right, _GRAVITY_M_S2)),
            -math.degrees(math.atan2(ahead, _GRAVITY_M_S2)),
        )
