"""A lithium battery of four cells emptied by power; its voltage sags under load."""

from __future__ import annotations

import math
from dataclasses import dataclass

CELL_COUNT = 4
# Open-circuit volts of a cell by charge in percent: a usual lithium-polymer curve.
_OPEN_V = ((0.0, 3.2), (5.0, 3.45), (10.0, 3.6), (20.0, 3.7), (50.0, 3.82), (80.0, 4.0),
           (100.0, 4.18))  # fmt: skip
_RESISTANCE_OHM = 0.05
CAPACITY_WH = 85.4
CAPACITY_AH = 5.6
_IDLE_W = 8.0  # computer, radio, camera
_HOVER_W = 197.0  # with the idle load 205 W: 1500 s of hover
_MASS_KG = 1.5
_EFFICIENCY = 0.6  # of propellers and motors, for work beyond hovering
_GRAVITY_M_S2 = 9.81


def flight_power_w(
    *, thrust_m_s2: float, drag_m_s2: float, air_speed_m_s: float, climb_m_s: float
) -> float:
    """Power in flight: lift by momentum theory (thrust to the 1.5), drag and climbing as work."""
    lift_w = _HOVER_W * math.pow(max(0.0, thrust_m_s2) / _GRAVITY_M_S2, 1.5)
    work_w = _MASS_KG * (drag_m_s2 * air_speed_m_s + _GRAVITY_M_S2 * climb_m_s) / _EFFICIENCY
    return _IDLE_W + max(0.3 * _HOVER_W, lift_w + work_w)


@dataclass(slots=True, kw_only=True)
class Battery:
    """Charge and load."""

    charge_pct: float = 100.0
    power_w: float = _IDLE_W
    drawn_wh: float = 0.0

    def drain(self, power_w: float, duration_s: float) -> None:
        """Give so much power for so long."""
        self.power_w = power_w
        used_wh = power_w * duration_s / 3600.0
        self.drawn_wh += used_wh
        self.charge_pct = max(0.0, self.charge_pct - 100.0 * used_wh / CAPACITY_WH)

    def idle(self) -> None:
        """Motors off."""
        self.power_w = _IDLE_W

    def swap(self) -> None:
        """A full one, as PX4's simulated battery is on disarm."""
        self.charge_pct, self.drawn_wh = 100.0, 0.0

    @property
    def open_v(self) -> float:
        """Without load."""
        for (low_pct, low_v), (high_pct, high_v) in zip(_OPEN_V, _OPEN_V[1:], strict=False):
            if self.charge_pct <= high_pct:
                share = (self.charge_pct - low_pct) / (high_pct - low_pct)
                return CELL_COUNT * (low_v + share * (high_v - low_v))
        return CELL_COUNT * _OPEN_V[-1][1]

    @property
    def voltage_v(self) -> float:
        """Under load: what the inner resistance leaves."""
        return self.open_v - self.current_a * _RESISTANCE_OHM

    @property
    def current_a(self) -> float:
        """Drawn now."""
        return self.power_w / self.open_v
