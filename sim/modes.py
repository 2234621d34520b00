"""PX4's flight modes, as its heartbeat tells them."""

from __future__ import annotations

import enum


class Mode(enum.Enum):
    """PX4 modes with their custom_mode (main << 16 | sub << 24)."""

    MANUAL = 0x00010000
    READY = 0x01040000
    TAKE_OFF = 0x02040000
    HOLD = 0x03040000
    MISSION = 0x04040000
    RETURN = 0x05040000
    LAND = 0x06040000
    POSITION = 0x00030000
    ALTITUDE = 0x00020000
    ORBIT = 0x01030000


BY_STICKS = frozenset({Mode.MANUAL, Mode.POSITION, Mode.ALTITUDE})
NEEDS_POSITION = frozenset({Mode.TAKE_OFF, Mode.HOLD, Mode.MISSION, Mode.RETURN, Mode.ORBIT})
NAMES = {
    Mode.MANUAL: "Manual", Mode.READY: "Ready", Mode.TAKE_OFF: "Takeoff", Mode.HOLD: "Hold",
    Mode.MISSION: "Mission", Mode.RETURN: "Return", Mode.LAND: "Land", Mode.POSITION: "Position",
    Mode.ALTITUDE: "Altitude", Mode.ORBIT: "Orbit",
}  # fmt: skip
