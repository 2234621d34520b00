"""The autopilot's own logs: one a flight, from arming to disarming, kept as on a memory card."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from sim.clock import SimClock
from sim.craft import Craft
from sim.parameters import INT32
from sim.ulog import ULogWriter

_EVERY_S = 0.2  # world
_SIZE_MAX = 4_000_000  # bytes; more than three hours
_LOGS_KEPT = 8
_TOPICS = {
    "vehicle_global_position": (
        ("uint64_t", "timestamp"), ("double", "lat"), ("double", "lon"), ("float", "alt"),
    ),
    "vehicle_local_position": (
        ("uint64_t", "timestamp"), ("float", "x"), ("float", "y"), ("float", "z"),
        ("float", "vx"), ("float", "vy"), ("float", "vz"), ("float", "heading"),
    ),
    "battery_status": (
        ("uint64_t", "timestamp"), ("float", "voltage_v"), ("float", "current_a"),
        ("float", "remaining"),
    ),
    "vehicle_status": (
        ("uint64_t", "timestamp"), ("uint8_t", "arming_state"), ("uint8_t", "main_mode"),
        ("uint8_t", "sub_mode"), ("uint8_t", "failsafe"),
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLog:
    """One finished log."""

    utc_s: int
    body: bytes


@dataclass(slots=True, kw_only=True)
class FlightLog:
    """Writes while the aircraft is armed."""

    craft: Craft
    clock: SimClock
    home_amsl_m: float
    stored: list[StoredLog] = field(default_factory=list)
    _open: ULogWriter | None = None
    _utc_s: int = 0
    _written_s: float = 0.0

    def step(self) -> None:
        """Begin, go on or finish, as the motors are."""
        now_s = self.clock.monotonic_s()
        if self._open is None:
            if self.craft.is_armed:
                self._open = self._begin(now_s)
            return
        if not self.craft.is_armed:
            self.stored.append(StoredLog(utc_s=self._utc_s, body=bytes(self._open)))
            del self.stored[:-_LOGS_KEPT]
            self._open = None
        elif now_s - self._written_s >= _EVERY_S and len(self._open) < _SIZE_MAX:
            self._written_s = now_s
            self._write(self._open, int(now_s * 1e6))

    def text(self, severity: int, text: str) -> None:
        """What was said in flight."""
        if self._open is not None:
            self._open.text(int(self.clock.monotonic_s() * 1e6), severity, text)

    def erase(self) -> None:
        """An empty card."""
        self.stored.clear()

    def _begin(self, now_s: float) -> ULogWriter:
        self._utc_s = int(self.clock.now_utc().timestamp())
        log = ULogWriter(int(now_s * 1e6), {"sys_name": "GridPatrol", "ver_hw": "SIMULATED"})
        parameters = self.craft.parameters
        for name in parameters.names:
            log.parameter(name, parameters[name], is_whole=parameters.kind(name) == INT32)
        log.formats(_TOPICS)
        return log

    def _write(self, log: ULogWriter, time_us: int) -> None:
        craft, model, battery = self.craft, self.craft.model, self.craft.battery
        place = craft.position
        mode = craft.mode.value
        log.data(
            "vehicle_global_position", time_us, place.lat_deg, place.lon_deg,
            self.home_amsl_m + model.up_m,
        )  # fmt: skip
        log.data(
            "vehicle_local_position", time_us, model.north_m, model.east_m, -model.up_m,
            model.north_m_s, model.east_m_s, -model.up_m_s, math.radians(model.heading_deg),
        )  # fmt: skip
        log.data(
            "battery_status", time_us, battery.voltage_v, battery.current_a,
            battery.charge_pct / 100.0,
        )  # fmt: skip
        log.data(
            "vehicle_status", time_us, 2, mode >> 16 & 0xFF, mode >> 24, int(craft.is_failsafe)
        )
