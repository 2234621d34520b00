"""The simulated aircraft's state as MAVLink messages, with a little sensor noise."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Any

from pymavlink.dialects.v20 import common as mavlink

from patrol.geo import Enu
from sim.autopilot import Autopilot
from sim.clock import SimClock
from sim.faults import Fault
from sim.mission_protocol import MissionStore

# Health bits of SYS_STATUS: gyro, accelerometer, magnetometer, pressure, GPS, pre-arm check.
_HEALTH = 1 | 2 | 4 | 8 | 32 | (1 << 28)
_GPS_BIT = 32
_CAPABILITIES = 0xE8FF
_PX4, _QUADROTOR = 12, 2
_VERSION = (1 << 24) | (16 << 16) | (1 << 8) | 255  # 1.16.1, release
_NOISE_M = 0.15  # slow wander of a good GNSS position is larger; a filter's output is this calm
_YAW_LOCK_FLAGS = 4 | 8 | 16  # roll, pitch and yaw locked
_EARTH_FRAME = 64  # GIMBAL_DEVICE_FLAGS_YAW_IN_EARTH_FRAME


class StateMessages:
    """Makes messages; sends nothing."""

    def __init__(
        self,
        autopilot: Autopilot,
        clock: SimClock,
        home_amsl_m: float,
        missions: MissionStore,
        seed: int,
    ) -> None:
        self._pilot = autopilot
        self._clock = clock
        self._home_amsl_m = home_amsl_m
        self._missions = missions
        self._noise = random.Random(seed)  # noqa: S311  # the same noise again
        self._wander = [0.0, 0.0]

    def boot_ms(self) -> int:
        """World milliseconds since the start."""
        return int(self._clock.monotonic_s() * 1000) & 0xFFFFFFFF

    def heartbeat(self) -> Any:  # noqa: ANN401
        """Type, mode, armed."""
        pilot = self._pilot
        base_mode = 157 if pilot.is_armed else 29
        if pilot.is_failsafe:
            status = 5
        else:
            status = 4 if pilot.is_armed and not pilot.model.is_on_ground else 3
        return mavlink.MAVLink_heartbeat_message(
            _QUADROTOR, _PX4, base_mode, pilot.mode.value, status, 3
        )

    def fast(self) -> Iterator[Any]:
        """Position, attitude and gimbal."""
        pilot, model, now_ms = self._pilot, self._pilot.model, self.boot_ms()
        if Fault.GNSS_LOST not in pilot.faults:
            yield self._global_position(now_ms)
        yield mavlink.MAVLink_local_position_ned_message(
            now_ms, model.north_m, model.east_m, -model.up_m, model.north_m_s, model.east_m_s,
            -model.up_m_s,
        )  # fmt: skip
        roll_deg, pitch_deg = model.tilt_deg()
        yaw_rad = math.radians((model.heading_deg + 180.0) % 360.0 - 180.0)
        yield mavlink.MAVLink_attitude_message(
            now_ms, math.radians(roll_deg), math.radians(pitch_deg), yaw_rad, 0.0, 0.0, 0.0
        )
        yield self.gimbal_attitude()

    def _global_position(self, now_ms: int) -> Any:  # noqa: ANN401
        model = self._pilot.model
        # A slow wander, so that successive positions stay smooth.
        self._wander = [0.98 * w + self._noise.gauss(0.0, _NOISE_M * 0.2) for w in self._wander]
        place = self._pilot.frame.to_geo(
            Enu(east_m=model.east_m + self._wander[0], north_m=model.north_m + self._wander[1])
        )
        return mavlink.MAVLink_global_position_int_message(
            now_ms, round(place.lat_deg * 1e7), round(place.lon_deg * 1e7),
            round((self._home_amsl_m + model.up_m) * 1000), round(model.up_m * 1000),
            round(model.north_m_s * 100), round(model.east_m_s * 100), round(-model.up_m_s * 100),
            round(model.heading_deg * 100) % 36000,
        )  # fmt: skip

    def gimbal_attitude(self) -> Any:  # noqa: ANN401
        """Earth-fixed: the camera is stabilised and its yaw is told from north."""
        model = self._pilot.model
        quaternion = _quaternion(model.gimbal_pitch_deg, model.gimbal_bearing_deg)
        return mavlink.MAVLink_gimbal_device_attitude_status_message(
            0, 0, self.boot_ms(), _YAW_LOCK_FLAGS | _EARTH_FRAME, quaternion, 0.0, 0.0, 0.0, 0
        )

    def slow(self) -> Iterator[Any]:
        """Health, battery, GNSS, home, mission, time: once or twice a second."""
        pilot, now_ms = self._pilot, self.boot_ms()
        yield self._sys_status()
        yield mavlink.MAVLink_battery_status_message(
            0, 0, 1, 3000, [4000, 4000, 4000, 4000] + [65535] * 6, 800, -1, -1,
            round(pilot.battery_pct),
        )  # fmt: skip
        yield self._gps()
        yield self.home()
        ground = 1 if pilot.model.is_on_ground else 2
        yield mavlink.MAVLink_extended_sys_state_message(0, ground)
        total = self._missions.count or 65535
        state = 0 if not self._missions.count else (5 if pilot.is_mission_over else 3)
        yield mavlink.MAVLink_mission_current_message(pilot.current, total, state)
        yield mavlink.MAVLink_system_time_message(
            int(self._clock.now_utc().timestamp() * 1e6), now_ms
        )
        yield mavlink.MAVLink_vfr_hud_message(
            pilot.model.speed_m_s, pilot.model.speed_m_s, round(pilot.model.heading_deg) % 360, 50,
            self._home_amsl_m + pilot.model.up_m, pilot.model.up_m_s,
        )  # fmt: skip

    def _sys_status(self) -> Any:  # noqa: ANN401
        faults = self._pilot.faults
        health = _HEALTH
        if Fault.GNSS_LOST in faults:
            health &= ~(_GPS_BIT | (1 << 28))
        return mavlink.MAVLink_sys_status_message(
            _HEALTH, _HEALTH, health, 300, 16000, 800, round(self._pilot.battery_pct),
            0, 0, 0, 0, 0, 0,
        )  # fmt: skip

    def _gps(self) -> Any:  # noqa: ANN401
        is_lost = Fault.GNSS_LOST in self._pilot.faults
        place = self._pilot.position
        return mavlink.MAVLink_gps_raw_int_message(
            self.boot_ms() * 1000, 0 if is_lost else 3, round(place.lat_deg * 1e7),
            round(place.lon_deg * 1e7), round((self._home_amsl_m + self._pilot.model.up_m) * 1000),
            80, 90, round(self._pilot.model.speed_m_s * 100), 0, 0 if is_lost else 14,
        )  # fmt: skip

    def home(self) -> Any:  # noqa: ANN401
        """HOME_POSITION."""
        home = self._pilot.home
        return mavlink.MAVLink_home_position_message(
            round(home.lat_deg * 1e7), round(home.lon_deg * 1e7), round(self._home_amsl_m * 1000),
            0.0, 0.0, 0.0, [1.0, 0.0, 0.0, 0.0], 0.0, 0.0, 0.0,
        )  # fmt: skip

    def version(self) -> Any:  # noqa: ANN401
        """AUTOPILOT_VERSION."""
        return mavlink.MAVLink_autopilot_version_message(
            _CAPABILITIES, _VERSION, 0, 0, 0, [0] * 8, [0] * 8, [0] * 8, 0x6772, 0x5349, 1
        )

    def gimbal_information(self) -> Any:  # noqa: ANN401
        """GIMBAL_MANAGER_INFORMATION: pitch and yaw, lockable to the earth."""
        half, full = math.pi / 2, math.pi
        return mavlink.MAVLink_gimbal_manager_information_message(
            self.boot_ms(), 0x1FFFF, 1, 0.0, 0.0, -half, half / 4, -full, full
        )

    def gimbal_device(self) -> Any:  # noqa: ANN401
        """GIMBAL_DEVICE_INFORMATION, of the autopilot's own gimbal (device id 1)."""
        half, full = math.pi / 2, math.pi
        return mavlink.MAVLink_gimbal_device_information_message(
            self.boot_ms(), b"GridPatrol", b"simulated", b"", 1, 1, 0, 0xFFFF, 0, 0.0, 0.0, -half,
            half / 4, -full, full, 1,
        )  # fmt: skip

    def gimbal_status(self, controller: tuple[int, int]) -> Any:  # noqa: ANN401
        """GIMBAL_MANAGER_STATUS: who has it."""
        return mavlink.MAVLink_gimbal_manager_status_message(
            self.boot_ms(), _YAW_LOCK_FLAGS, 1, *controller, 0, 0
        )


def _quaternion(pitch_deg: float, yaw_deg: float) -> list[float]:
    """Rotation by yaw, then pitch; roll is held level."""
    p, y = math.radians(pitch_deg) / 2, math.radians(yaw_deg) / 2
    return [
        math.cos(p) * math.cos(y), -math.sin(p) * math.sin(y),
        math.sin(p) * math.cos(y), math.cos(p) * math.sin(y),
    ]  # fmt: skip
