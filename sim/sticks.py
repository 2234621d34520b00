"""A pilot's sticks: where they are, whether they ask for the aircraft, and how it flies by them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sim.flight_model import Course

_DEAD_ZONE = 0.1  # MPC_HOLD_DZ: a stick this near its middle is in its middle
_YAW_DEG_S = 60.0
_CLIMB_M_S, _SINK_M_S = 2.5, 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Sticks:
    """Each from -1 to 1; right, forward, up and clockwise are positive. Centred: all zero."""

    roll: float = 0.0
    pitch: float = 0.0
    throttle: float = 0.0
    yaw: float = 0.0

    def asks_for_control(self, threshold_pct: float) -> bool:
        """COM_RC_STICK_OV: whether one of them is moved that far."""
        most = max(abs(self.roll), abs(self.pitch), abs(self.throttle), abs(self.yaw))
        return most * 100.0 > threshold_pct

    def course(self, heading_deg: float, speed_m_s: float, ahead_s: float) -> Course:
        """Position mode: the sticks are speeds along the nose; let go, it stands."""
        forward, right = _live(self.pitch) * speed_m_s, _live(self.roll) * speed_m_s
        h = math.radians(heading_deg)
        climb = _live(self.throttle)
        turn = _live(self.yaw) * _YAW_DEG_S * ahead_s
        return Course(
            east_m_s=forward * math.sin(h) + right * math.cos(h),
            north_m_s=forward * math.cos(h) - right * math.sin(h),
            up_m_s=climb * (_CLIMB_M_S if climb > 0.0 else _SINK_M_S),
            heading_deg=(heading_deg + turn) % 360.0 if turn else None,
        )


def _live(stick: float) -> float:
    stick = max(-1.0, min(1.0, stick))
    return 0.0 if abs(stick) < _DEAD_ZONE else stick
