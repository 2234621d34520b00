"""The newest of everything one aircraft said, with the moment of each, and samples made of it."""

from __future__ import annotations

import enum
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from patrol.geo import GeoPoint
from patrol.telemetry import (
    Ages,
    Attitude,
    Battery,
    CameraPointing,
    FlightMode,
    Gnss,
    TelemetrySample,
    VelocityNed,
    Wind,
)

_TEXTS_KEPT = 50
_BATTERY_AGE_S = 20.0  # wall; one that is told of no more was taken out
_GROUND_AGE_S = 3.0  # wall; over other ground an older height says nothing


class Part(enum.IntEnum):
    """What a sample is made of; each has an age of its own."""

    LINK = 0
    POSITION = 1
    VELOCITY = 2
    ATTITUDE = 3
    CAMERA = 4
    BATTERY = 5
    GNSS = 6
    HOME = 7
    MODE = 8
    IN_AIR = 9
    TERRAIN = 10
    WIND = 11
    TEXT = 12
    CLOCK = 13
    HEALTH = 14


class Ground(enum.IntEnum):
    """Who tells how far the ground is below; the greater counts while it speaks."""

    MAP = 0  # TERRAIN_REPORT
    BEAM = 1  # DISTANCE_SENSOR
    ALTITUDE = 2


@dataclass(slots=True, kw_only=True)
class Newest:
    """None: not said yet."""

    heard_at_s: float = -math.inf  # wall, newest position
    boot_ms: int | None = None
    position: GeoPoint | None = None
    altitude_amsl_m: float | None = None
    height_above_home_m: float | None = None
    height_agl_m: float | None = None
    ground: Ground | None = None  # who told it
    velocity: VelocityNed | None = None
    attitude: Attitude | None = None
    heading_true_deg: float | None = None
    yaw_rate_deg_s: float | None = None
    camera: CameraPointing | None = None
    battery: Battery | None = None
    batteries: dict[int, tuple[float, Battery]] = field(default_factory=dict)  # wall, by number
    gnss: Gnss | None = None
    wind: Wind | None = None
    home: GeoPoint | None = None
    home_altitude_amsl_m: float | None = None
    mode: FlightMode = FlightMode.UNKNOWN
    is_orbiting: bool = False  # MAVSDK's modes do not know it
    is_armed: bool | None = None
    is_in_air: bool | None = None
    is_armable: bool | None = None
    clock_utc_s: float | None = None  # seconds since 1970 by its own clock
    gimbal_id: int | None = None
    mission_item: int | None = None
    mission_total: int | None = None
    texts: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=_TEXTS_KEPT))
    _at_s: list[float] = field(default_factory=lambda: [-math.inf] * len(Part))

    def mark(self, part: Part, now_s: float) -> None:
        """It was told at that wall moment."""
        self._at_s[part] = now_s

    def age_s(self, part: Part, now_s: float) -> float | None:
        """Seconds since it was told; None when it never was."""
        at_s = self._at_s[part]
        return None if at_s == -math.inf else max(0.0, now_s - at_s)

    def tell_battery(self, number: int, battery: Battery, now_s: float) -> None:
        """One of its batteries: of several the emptiest counts, for it ends the flight."""
        self.batteries[number] = now_s, battery
        self.batteries = {
            other: told
            for other, told in self.batteries.items()
            if now_s - told[0] < _BATTERY_AGE_S
        }
        self.battery = min((one for _, one in self.batteries.values()), key=_charge_pct)
        self.mark(Part.BATTERY, now_s)

    def tell_ground(self, ground: Ground, height_m: float, now_s: float) -> None:
        """The height above the ground, unless a better teller of it still speaks."""
        age_s = self.age_s(Part.TERRAIN, now_s)
        if self.ground is None or ground >= self.ground or (age_s or 0.0) > _GROUND_AGE_S:
            self.height_agl_m, self.ground = height_m, ground
            self.mark(Part.TERRAIN, now_s)

    def lose_ground(self, ground: Ground) -> None:
        """That teller knows it no more."""
        if self.ground is ground:
            self.height_agl_m = self.ground = None

    def texts_since(self, since_s: float) -> list[str]:
        """What it said from that wall moment on."""
        return [text for at_s, text in self.texts if at_s >= since_s]

    def ages(self, now_s: float) -> Ages:
        """The age of every part at that wall moment."""
        told = [None if at_s == -math.inf else max(0.0, now_s - at_s) for at_s in self._at_s]
        return Ages(
            link_s=told[Part.LINK], position_s=told[Part.POSITION],
            velocity_s=told[Part.VELOCITY], attitude_s=told[Part.ATTITUDE],
            camera_s=told[Part.CAMERA], battery_s=told[Part.BATTERY], gnss_s=told[Part.GNSS],
            home_s=told[Part.HOME], mode_s=told[Part.MODE], in_air_s=told[Part.IN_AIR],
            terrain_s=told[Part.TERRAIN], wind_s=told[Part.WIND], text_s=told[Part.TEXT],
        )  # fmt: skip

    def _height_agl_m(self, now_s: float) -> float | None:
        age_s = self.age_s(Part.TERRAIN, now_s)
        return None if age_s is None or age_s > _GROUND_AGE_S else self.height_agl_m

    def sample(
        self, vehicle_id: str, now_utc: datetime, waypoint: Callable[[int], int], now_s: float
    ) -> TelemetrySample:
        """Everything as one sample; the mission item as waypoints of the plan."""
        attitude, heading_deg = self.attitude, self.heading_true_deg
        if attitude is not None:
            heading_deg = attitude.yaw_deg % 360.0
        return TelemetrySample(
            vehicle_id=vehicle_id,
            time_utc=now_utc,
            heard_at_s=self.heard_at_s,
            boot_ms=self.boot_ms,
            position=self.position,
            altitude_amsl_m=self.altitude_amsl_m,
            height_above_home_m=self.height_above_home_m,
            height_agl_m=self._height_agl_m(now_s),
            velocity=self.velocity,
            attitude=attitude,
            yaw_rate_deg_s=self.yaw_rate_deg_s,
            camera=self.camera,
            heading_true_deg=heading_deg,
            battery=self.battery,
            gnss=self.gnss,
            wind=self.wind,
            home=self.home,
            home_altitude_amsl_m=self.home_altitude_amsl_m,
            mode=self.mode,
            is_armed=self.is_armed,
            is_in_air=self.is_in_air,
            mission_item=None if self.mission_item is None else waypoint(self.mission_item),
            mission_total=self.mission_total,
            last_text=self.texts[-1][1] if self.texts else None,
            ages=self.ages(now_s),
        )


def _charge_pct(battery: Battery) -> float:
    return battery.charge_pct
