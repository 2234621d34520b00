"""What faults do to the simulated aircraft's body, and to what its sensors say."""

from __future__ import annotations

import math
from typing import Any

from patrol.geo import Enu
from sim.autopilot import Autopilot
from sim.faults import Fault, Faults

_COMPASS_BIT, _READY_BIT = 4, 1 << 28  # of SYS_STATUS
_POSITIONS = frozenset({"GLOBAL_POSITION_INT", "GPS_RAW_INT"})


class FaultEffects:
    """Beside one autopilot: breaks the body, and bends what goes out."""

    def __init__(self, pilot: Autopilot, faults: Faults) -> None:
        self._pilot = pilot
        self._faults = faults
        self._silent_until_s = -math.inf  # wall
        self._has_restarted = False
        self._booted_ms = 0
        self._last_boot_ms = 0
        self._at_work: dict[Fault, float] = {}

    def step(self, duration_s: float, now_s: float) -> None:
        """After the autopilot's own step of so many world seconds; `now_s` is wall."""
        pilot, model, faults = self._pilot, self._pilot.model, self._faults
        drained_pct = faults.value(Fault.BATTERY_COLLAPSE) * duration_s
        if drained_pct > 0.0:
            pilot.battery_pct = max(0.0, pilot.battery_pct - drained_pct)
        if Fault.REBOOT in faults:
            self._restart(now_s + faults.value(Fault.REBOOT))
        model.error_east_m += self._change(Fault.GNSS_JUMP)
        model.error_heading_deg += self._change(Fault.COMPASS_ERROR)
        model.thrust_share -= self._change(Fault.THRUST_LOSS) / 100.0
        model.wind.pushed_east_m_s = faults.value(Fault.WIND_GUST)

    def is_off(self, now_s: float) -> bool:
        """Whether its autopilot is only starting at that wall moment: deaf and dumb."""
        return now_s < self._silent_until_s

    def has_restarted(self) -> bool:
        """Once after each restart."""
        has_restarted, self._has_restarted = self._has_restarted, False
        return has_restarted

    def bent(self, message: Any, now_s: float) -> Any:  # noqa: ANN401  # pymavlink's messages
        """What goes out in its place; None for nothing."""
        faults, kind = self._faults, message.get_type()
        if self.is_off(now_s):
            return None
        is_stopped = Fault.STREAM_SILENT in faults
        if is_stopped and message.get_msgId() == faults.value(Fault.STREAM_SILENT):
            return None
        if hasattr(message, "time_boot_ms"):
            self._last_boot_ms = message.time_boot_ms
            message.time_boot_ms = max(0, message.time_boot_ms - self._booted_ms)
        if kind in _POSITIONS and Fault.GNSS_JUMP in faults:
            self._displace(message)
        if Fault.COMPASS_ERROR in faults:
            self._turn(message)
        if kind == "SYSTEM_TIME":
            jumped_us = message.time_unix_usec + int(faults.value(Fault.CLOCK_JUMP) * 1e6)
            message.time_unix_usec = max(0, jumped_us)
        return message

    def _change(self, fault: Fault) -> float:
        """By how much it has grown since the last step; negative once it is mended."""
        value = self._faults.value(fault)
        change = value - self._at_work.get(fault, 0.0)
        self._at_work[fault] = value
        return change

    def _restart(self, silent_until_s: float) -> None:
        """The mission is on its memory card; what it was doing is gone, and its motors stop."""
        self._faults.clear_one(Fault.REBOOT)
        self._silent_until_s = silent_until_s
        self._has_restarted = True
        self._booted_ms = self._last_boot_ms
        self._pilot.kill()
        self._pilot.current = 0

    def _displace(self, message: Any) -> None:  # noqa: ANN401
        """Where it believes to be."""
        model = self._pilot.model
        seen = Enu(east_m=model.seen_east_m, north_m=model.seen_north_m)
        place = self._pilot.frame.to_geo(seen)
        message.lat, message.lon = round(place.lat_deg * 1e7), round(place.lon_deg * 1e7)

    def _turn(self, message: Any) -> None:  # noqa: ANN401
        """Where it believes to look; and it knows that its compass is wrong."""
        kind, model = message.get_type(), self._pilot.model
        believed_deg = model.heading_deg + model.error_heading_deg
        if kind == "ATTITUDE":
            message.yaw = math.radians((believed_deg + 180.0) % 360.0 - 180.0)
        elif kind == "GLOBAL_POSITION_INT":
            message.hdg = round(believed_deg * 100) % 36000
        elif kind == "SYS_STATUS":
            message.onboard_control_sensors_health &= ~(_COMPASS_BIT | _READY_BIT)
