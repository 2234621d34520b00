"""The simulated aircraft's state as MAVLink messages, as PX4 fills them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from pymavlink.dialects.v20 import common as mavlink

from patrol.geo import Enu, GeoPoint
from sim.autopilot import Autopilot
from sim.battery import CAPACITY_AH, CAPACITY_WH, CELL_COUNT
from sim.clock import SimClock
from sim.faults import Fault
from sim.gimbal_state import GimbalMessages
from sim.gnss import Gnss
from sim.mission_protocol import MissionStore
from sim.modes import BY_STICKS, Mode

# Health bits of SYS_STATUS: gyro, accelerometer, magnetometer, pressure, GPS, pre-arm check.
_HEALTH = 1 | 2 | 4 | 8 | 32 | (1 << 28)
_GPS_BIT, _FENCE_BIT, _STICKS_BIT = 32, 1 << 20, 1 << 16
_CAPABILITIES = 0xE8FF
_PX4, _QUADROTOR = 12, 2
_VERSION = (1 << 24) | (16 << 16) | (1 << 8) | 255  # 1.16.1, release
_RANGE_M = (0.2, 40.0)  # of the range finder that looks down
_LANDED_STATE = {Mode.TAKE_OFF: 3, Mode.LAND: 4}  # MAV_LANDED_STATE of one that flies; else 2
_DOWN = 25  # MAV_SENSOR_ROTATION_PITCH_270


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
        self.gnss = Gnss(autopilot.model, seed)
        self.gimbal = GimbalMessages(autopilot.model, self.boot_ms)
        self._makers: dict[int, Callable[[], Any]] = {
            0: self.heartbeat, 1: self._sys_status, 2: self._system_time, 24: self._gps,
            30: self._attitude, 32: self._local_position, 33: self._global_position,
            42: self._mission_current, 74: self._vfr_hud, 132: self._distance, 141: self._altitude,
            147: self._battery, 148: self.version, 231: self._wind, 242: self.home,
            245: self._extended, 280: self.gimbal.information, 283: self.gimbal.device,
            285: self.gimbal.attitude,
        }  # fmt: skip

    def knows(self, number: int) -> bool:
        """Whether such a message can be made."""
        return number in self._makers

    def make(self, number: int) -> Any:  # noqa: ANN401  # pymavlink's messages
        """The message now; None when there is nothing to tell."""
        return self._makers[number]()

    def boot_ms(self) -> int:
        """World milliseconds since the start."""
        return int(self._clock.monotonic_s() * 1000) & 0xFFFFFFFF

    def heartbeat(self) -> Any:  # noqa: ANN401
        """Type, mode, armed."""
        pilot = self._pilot
        base_mode = 157 if pilot.is_armed else 29
        if pilot.mode in BY_STICKS:
            base_mode = base_mode & ~12 | 64  # a hand on the sticks, not the autopilot
        if pilot.is_failsafe:
            status = 5
        else:
            status = 4 if pilot.is_armed and pilot.is_flying else 3
        return mavlink.MAVLink_heartbeat_message(
            _QUADROTOR, _PX4, base_mode, pilot.mode.value, status, 3
        )

    def _believed(self, *, scatter: tuple[float, float] = (0.0, 0.0)) -> GeoPoint:
        model = self._pilot.model
        east_m, north_m = model.seen_east_m + scatter[0], model.seen_north_m + scatter[1]
        return self._pilot.frame.to_geo(Enu(east_m=east_m, north_m=north_m))

    def _global_position(self) -> Any:  # noqa: ANN401
        if not self._pilot.has_position:
            return None
        model, place = self._pilot.model, self._believed()
        return mavlink.MAVLink_global_position_int_message(
            self.boot_ms(), round(place.lat_deg * 1e7), round(place.lon_deg * 1e7),
            round((self._home_amsl_m + model.up_m) * 1000), round(model.up_m * 1000),
            round(model.north_m_s * 100), round(model.east_m_s * 100), round(-model.up_m_s * 100),
            round(model.heading_deg * 100) % 36000,
        )  # fmt: skip

    def _local_position(self) -> Any:  # noqa: ANN401
        model = self._pilot.model
        return mavlink.MAVLink_local_position_ned_message(
            self.boot_ms(), model.seen_north_m, model.seen_east_m, -model.up_m, model.north_m_s,
            model.east_m_s, -model.up_m_s,
        )  # fmt: skip

    def _attitude(self) -> Any:  # noqa: ANN401
        model = self._pilot.model
        roll_deg, pitch_deg = model.tilt_deg()
        yaw_rad = math.radians((model.heading_deg + 180.0) % 360.0 - 180.0)
        return mavlink.MAVLink_attitude_message(
            self.boot_ms(), math.radians(roll_deg), math.radians(pitch_deg), yaw_rad, 0.0, 0.0, 0.0
        )

    def _battery(self) -> Any:  # noqa: ANN401
        battery = self._pilot.battery
        cell_mv = round(battery.voltage_v / CELL_COUNT * 1000)
        used_mah = round(battery.drawn_wh / CAPACITY_WH * CAPACITY_AH * 1000)
        left_s = round(battery.charge_pct / 100.0 * CAPACITY_WH * 3600.0 / battery.power_w)
        return mavlink.MAVLink_battery_status_message(
            0, 1, 1, 3000, [cell_mv] * CELL_COUNT + [65535] * (10 - CELL_COUNT),
            round(battery.current_a * 100), used_mah, round(battery.drawn_wh * 36.0),
            round(battery.charge_pct), left_s, self._charge_state(),
        )  # fmt: skip

    def _charge_state(self) -> int:
        """MAV_BATTERY_CHARGE_STATE: ok, low, critical, emergency."""
        share, parameters = self._pilot.battery_pct / 100.0, self._pilot.parameters
        names = ("BAT_LOW_THR", "BAT_CRIT_THR", "BAT_EMERGEN_THR")
        return 1 + sum(share < parameters[name] for name in names)

    def _extended(self) -> Any:  # noqa: ANN401
        in_air = _LANDED_STATE.get(self._pilot.mode, 2)
        return mavlink.MAVLink_extended_sys_state_message(0, in_air if self._pilot.is_flying else 1)

    def _mission_current(self) -> Any:  # noqa: ANN401
        pilot = self._pilot
        total = self._missions.count or 65535
        state = 0 if not self._missions.count else (5 if pilot.is_mission_over else 3)
        return mavlink.MAVLink_mission_current_message(pilot.current, total, state)

    def _system_time(self) -> Any:  # noqa: ANN401
        return mavlink.MAVLink_system_time_message(
            int(self._clock.now_utc().timestamp() * 1e6), self.boot_ms()
        )

    def _vfr_hud(self) -> Any:  # noqa: ANN401
        model = self._pilot.model
        return mavlink.MAVLink_vfr_hud_message(
            model.air_speed_m_s, model.speed_m_s, round(model.heading_deg) % 360,
            50 if self._pilot.is_armed else 0, self._home_amsl_m + model.up_m, model.up_m_s,
        )  # fmt: skip

    def _wind(self) -> Any:  # noqa: ANN401
        """WIND_COV: what the estimator has learnt, where it blows to; only in flight, as PX4."""
        model = self._pilot.model
        if not self._pilot.is_flying:
            return None
        gust = model.wind.gust_m_s
        return mavlink.MAVLink_wind_cov_message(
            self.boot_ms() * 1000, model.learnt_wind_north_m_s, model.learnt_wind_east_m_s, 0.0,
            gust, 0.0, self._home_amsl_m + model.up_m, 0.0, 0.0,
        )  # fmt: skip

    def _altitude(self) -> Any:  # noqa: ANN401
        model = self._pilot.model
        amsl_m = self._home_amsl_m + model.up_m
        return mavlink.MAVLink_altitude_message(
            self.boot_ms() * 1000, amsl_m, amsl_m, model.up_m, model.up_m,
            self._home_amsl_m + model.ground_up_m, model.height_agl_m,
        )  # fmt: skip

    def _distance(self) -> Any:  # noqa: ANN401
        low_m, high_m = _RANGE_M
        height_m = self._pilot.model.height_agl_m
        if height_m > high_m:
            return None
        return mavlink.MAVLink_distance_sensor_message(
            self.boot_ms(), round(low_m * 100), round(high_m * 100),
            round(max(low_m, height_m) * 100), 0, 0, _DOWN, 0,
        )  # fmt: skip

    def _sys_status(self) -> Any:  # noqa: ANN401
        pilot = self._pilot
        present = _HEALTH | (_FENCE_BIT if pilot.fence.areas else 0)
        present |= _STICKS_BIT if pilot.sticks is not None else 0
        health = present
        if Fault.GNSS_LOST in pilot.faults:
            health &= ~(_GPS_BIT | (1 << 28))
        battery = pilot.battery
        return mavlink.MAVLink_sys_status_message(
            present, present, health, 300, round(battery.voltage_v * 1000),
            round(battery.current_a * 100), round(battery.charge_pct), 0, 0, 0, 0, 0, 0,
        )  # fmt: skip

    def _gps(self) -> Any:  # noqa: ANN401
        is_lost = Fault.GNSS_LOST in self._pilot.faults
        place, model = self._believed(scatter=self.gnss.scatter_m()), self._pilot.model
        return mavlink.MAVLink_gps_raw_int_message(
            self.boot_ms() * 1000, 0 if is_lost else 3, round(place.lat_deg * 1e7),
            round(place.lon_deg * 1e7), round((self._home_amsl_m + model.up_m) * 1000),
            80, 90, round(model.speed_m_s * 100), 0, 0 if is_lost else 14,
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
