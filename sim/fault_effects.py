"""What faults do to the simulated aircraft's body, and to what its sensors say."""

from __future__ import annotations

import math
from typing import Any

from patrol.geo import GeoPoint, offset
from sim.autopilot import Autopilot, Mode
from sim.faults import Fault, Faults

_COMPASS_BIT, _READY_BIT = 4, 1 << 28  # of SYS_STATUS
_POSITIONS = frozenset({"GLOBAL_POSITION_INT", "GPS_RAW_INT"})
_FALL_M_S = 9.0


class FaultEffects:
    """Beside one autopilot: moves the body on, and bends what goes out."""

    def __init__(self, pilot: Autopilot, faults: Faults) -> None:
        self._pilot = pilot
        self._faults = faults
        self._silent_until_s = -math.inf  # wall
        self._booted_ms = 0
        self._last_boot_ms = 0
        self._is_falling = False

    def step(self, duration_s: float, now_s: float) -> None:
        """After the autopilot's own step of so many world seconds; `now_s` is wall."""
        pilot, faults = self._pilot, self._faults
        drained_pct = faults.value(Fault.BATTERY_COLLAPSE) * duration_s
        pilot.battery_pct = max(0.0, pilot.battery_pct - drained_pct)
        if Fault.REBOOT in faults:
            self._restart(now_s + faults.value(Fault.REBOOT))
        if pilot.model.is_on_ground:
            self._is_falling = False
            return
        self._sink(faults.value(Fault.THRUST_LOSS) * duration_s)
        if self._is_falling:
            self._sink(_FALL_M_S * duration_s)
        self._drift(faults.value(Fault.WIND_GUST) * duration_s)

    def bent(self, message: Any, now_s: float) -> Any:  # noqa: ANN401  # pymavlink's messages
        """What goes out in its place; None for nothing."""
        faults, kind = self._faults, message.get_type()
        if now_s < self._silent_until_s:
            return None
        silent = Fault.STREAM_SILENT in faults
        if silent and message.get_msgId() == faults.value(Fault.STREAM_SILENT):
            return None
        if hasattr(message, "time_boot_ms"):
            self._last_boot_ms = message.time_boot_ms
            message.time_boot_ms = max(0, message.time_boot_ms - self._booted_ms)
        if kind in _POSITIONS and Fault.GNSS_JUMP in faults:
            self._displace(message)
        if Fault.COMPASS_ERROR in faults:
            _turn(message, faults.value(Fault.COMPASS_ERROR))
        if kind == "SYSTEM_TIME":
            jumped_us = message.time_unix_usec + int(faults.value(Fault.CLOCK_JUMP) * 1e6)
            message.time_unix_usec = max(0, jumped_us)
        return message

    def _restart(self, silent_until_s: float) -> None:
        """The mission is on its memory card; what it was doing is gone."""
        pilot = self._pilot
        self._faults.clear_one(Fault.REBOOT)
        self._silent_until_s = silent_until_s
        self._booted_ms = self._last_boot_ms
        self._is_falling = not pilot.model.is_on_ground
        pilot.is_armed, pilot.is_failsafe = False, False
        pilot.mode, pilot.current = Mode.HOLD, 0
        pilot.model.target = None

    def _sink(self, by_m: float) -> None:
        model = self._pilot.model
        model.up_m = max(0.0, model.up_m - by_m)
        if model.up_m == 0.0:
            model.up_m_s = model.east_m_s = model.north_m_s = 0.0

    def _drift(self, by_m: float) -> None:
        model = self._pilot.model
        off_m = math.hypot(model.east_m, model.north_m)
        east, north = (model.east_m / off_m, model.north_m / off_m) if off_m > 1.0 else (1.0, 0.0)
        model.east_m += east * by_m
        model.north_m += north * by_m

    def _displace(self, message: Any) -> None:  # noqa: ANN401
        true = GeoPoint(lat_deg=message.lat / 1e7, lon_deg=message.lon / 1e7)
        place = offset(true, east_m=self._faults.value(Fault.GNSS_JUMP), north_m=0.0)
        message.lat, message.lon = round(place.lat_deg * 1e7), round(place.lon_deg * 1e7)


def _turn(message: Any, by_deg: float) -> None:  # noqa: ANN401
    kind = message.get_type()
    if kind == "ATTITUDE":
        yaw_deg = math.degrees(message.yaw) + by_deg
        message.yaw = math.radians((yaw_deg + 180.0) % 360.0 - 180.0)
    elif kind == "GLOBAL_POSITION_INT":
        message.hdg = round(message.hdg + by_deg * 100) % 36000
    elif kind == "SYS_STATUS":
        message.onboard_control_sensors_health &= ~(_COMPASS_BIT | _READY_BIT)
