"""Reads MAVSDK's streams into the newest value of each, and assembles samples of them."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import anyio
import anyio.abc
from mavsdk.asyncio import System
from mavsdk.asyncio.plugins.gimbal import GimbalAsync
from mavsdk.asyncio.plugins.mission_raw import MissionRawAsync
from mavsdk.asyncio.plugins.telemetry import TelemetryAsync

from drone.mavsdk_convert import flight_mode, known, place
from patrol.clock import WallClock
from patrol.geo import GeoPoint
from patrol.telemetry import (
    Attitude,
    Battery,
    CameraPointing,
    Fix,
    FlightMode,
    Gnss,
    TelemetrySample,
    VelocityNed,
)

_TEXTS_KEPT = 50


@dataclass(slots=True, kw_only=True)
class Newest:
    """The newest of everything the aircraft said. None: not said yet."""

    heard_at_s: float = -math.inf  # wall, newest position
    position: GeoPoint | None = None
    altitude_amsl_m: float | None = None
    height_above_home_m: float | None = None
    velocity: VelocityNed | None = None
    attitude: Attitude | None = None
    yaw_rate_deg_s: float | None = None
    camera: CameraPointing | None = None
    battery: Battery | None = None
    gnss: Gnss | None = None
    hdop: float | None = None
    home: GeoPoint | None = None
    home_altitude_amsl_m: float | None = None
    mode: FlightMode = FlightMode.UNKNOWN
    is_armed: bool | None = None
    is_in_air: bool | None = None
    is_armable: bool | None = None
    gimbal_id: int | None = None
    mission_item: int | None = None
    mission_total: int | None = None
    texts: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=_TEXTS_KEPT))

    def texts_since(self, since_s: float) -> list[str]:
        """What it said from that wall moment on."""
        return [text for at_s, text in self.texts if at_s >= since_s]

    def sample(
        self, vehicle_id: str, now_utc: datetime, waypoint: Callable[[int], int]
    ) -> TelemetrySample:
        """Everything as one sample; the mission item as waypoints of the plan."""
        attitude = self.attitude
        return TelemetrySample(
            vehicle_id=vehicle_id,
            time_utc=now_utc,
            heard_at_s=self.heard_at_s,
            position=self.position,
            altitude_amsl_m=self.altitude_amsl_m,
            height_above_home_m=self.height_above_home_m,
            velocity=self.velocity,
            attitude=attitude,
            yaw_rate_deg_s=self.yaw_rate_deg_s,
            camera=self.camera,
            heading_true_deg=attitude.yaw_deg % 360.0 if attitude else None,
            battery=self.battery,
            gnss=self.gnss,
            home=self.home,
            home_altitude_amsl_m=self.home_altitude_amsl_m,
            mode=self.mode,
            is_armed=self.is_armed,
            is_in_air=self.is_in_air,
            mission_item=None if self.mission_item is None else waypoint(self.mission_item),
            mission_total=self.mission_total,
        )


class Streams:
    """One reader a stream; every queue is drained at once."""

    def __init__(
        self, system: System, newest: Newest, wall: WallClock, on_text: Callable[[Any], None]
    ) -> None:
        self._telemetry = TelemetryAsync(system)
        self._mission = MissionRawAsync(system)
        self.gimbal = GimbalAsync(system)
        self._newest = newest
        self._wall = wall
        self._on_text = on_text

    async def run(self) -> None:
        """Read all of them until cancelled."""
        telemetry = self._telemetry
        readers: list[tuple[Callable[[], Any], Callable[[Any], None]]] = [
            (telemetry.subscribe_position, self._position),
            (telemetry.subscribe_velocity_ned, self._velocity),
            (telemetry.subscribe_attitude_euler, self._attitude),
            (telemetry.subscribe_battery, self._battery),
            (telemetry.subscribe_gps_info, self._gnss),
            (telemetry.subscribe_raw_gps, self._raw_gps),
            (telemetry.subscribe_home, self._home),
            (telemetry.subscribe_flight_mode, self._mode),
            (telemetry.subscribe_armed, self._armed),
            (telemetry.subscribe_in_air, self._in_air),
            (telemetry.subscribe_health, self._health),
            (telemetry.subscribe_status_text, self._on_text),
            (self._mission.subscribe_mission_progress, self._progress),
            (self.gimbal.subscribe_gimbal_list, self._gimbals),
            (self.gimbal.subscribe_attitude, self._pointing),
        ]
        async with anyio.create_task_group() as group:
            for subscribe, take in readers:
                group.start_soon(_drain, subscribe, take)

    def _position(self, value: Any) -> None:  # noqa: ANN401  # MAVSDK's types are untyped
        newest = self._newest
        newest.heard_at_s = self._wall.monotonic_s()
        newest.position = place(value.latitude_deg, value.longitude_deg)
        newest.altitude_amsl_m = known(value.absolute_altitude_m)
        newest.height_above_home_m = known(value.relative_altitude_m)

    def _velocity(self, value: Any) -> None:  # noqa: ANN401
        self._newest.velocity = VelocityNed(
            north_m_s=value.north_m_s, east_m_s=value.east_m_s, down_m_s=value.down_m_s
        )

    def _attitude(self, value: Any) -> None:  # noqa: ANN401
        if not math.isnan(value.yaw_deg):
            self._newest.attitude = Attitude(
                roll_deg=value.roll_deg, pitch_deg=value.pitch_deg, yaw_deg=value.yaw_deg
            )

    def _battery(self, value: Any) -> None:  # noqa: ANN401
        charge = known(value.remaining_percent)
        if charge is not None:
            self._newest.battery = Battery(charge_pct=charge, voltage_v=known(value.voltage_v))

    def _gnss(self, value: Any) -> None:  # noqa: ANN401
        self._newest.gnss = Gnss(
            fix=Fix(int(value.fix_type)), satellites=value.num_satellites, hdop=self._newest.hdop
        )

    def _raw_gps(self, value: Any) -> None:  # noqa: ANN401
        newest = self._newest
        newest.hdop = known(value.hdop) or None  # 0 is MAVSDK's word for not told
        if newest.gnss is not None:  # the same message told it a moment ago
            newest.gnss = replace(newest.gnss, hdop=newest.hdop)

    def _home(self, value: Any) -> None:  # noqa: ANN401
        home = place(value.latitude_deg, value.longitude_deg)
        if home is not None:
            self._newest.home = home
            self._newest.home_altitude_amsl_m = known(value.absolute_altitude_m)

    def _mode(self, value: Any) -> None:  # noqa: ANN401
        self._newest.mode = flight_mode(value)

    def _armed(self, value: bool) -> None:  # noqa: FBT001
        self._newest.is_armed = value

    def _in_air(self, value: bool) -> None:  # noqa: FBT001
        self._newest.is_in_air = value

    def _health(self, value: Any) -> None:  # noqa: ANN401
        self._newest.is_armable = value.is_armable

    def _progress(self, value: Any) -> None:  # noqa: ANN401
        self._newest.mission_item, self._newest.mission_total = value.current, value.total

    def _gimbals(self, value: Any) -> None:  # noqa: ANN401
        if value.gimbals:
            self._newest.gimbal_id = value.gimbals[0].gimbal_id

    def _pointing(self, value: Any) -> None:  # noqa: ANN401
        euler = value.euler_angle_north
        if not math.isnan(euler.yaw_deg):
            self._newest.camera = CameraPointing(
                bearing_true_deg=euler.yaw_deg % 360.0,
                pitch_deg=euler.pitch_deg,
                roll_deg=euler.roll_deg,
            )


async def _drain(subscribe: Callable[[], Any], take: Callable[[Any], None]) -> None:
    stream: AsyncIterator[Any] = subscribe()
    async with aclosing(stream) as values:  # type: ignore[type-var]  # an async generator it is
        async for value in values:
            take(value)
