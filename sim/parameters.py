"""The simulated autopilot's parameters, as PX4 sends them: integers byte-encoded in the float."""

from __future__ import annotations

import struct

INT32, REAL32 = 6, 9  # MAV_PARAM_TYPE

# Name, MAVLink type, default. The fail-safes are set as a squad should set them.
_DEFAULTS: tuple[tuple[str, int, float], ...] = (
    ("COM_DL_LOSS_T", INT32, 10),
    ("COM_LOW_BAT_ACT", INT32, 3),
    ("BAT_LOW_THR", REAL32, 0.15),
    ("BAT_CRIT_THR", REAL32, 0.07),
    ("BAT_EMERGEN_THR", REAL32, 0.05),
    ("GF_ACTION", INT32, 3),
    ("MIS_TAKEOFF_ALT", REAL32, 2.5),
    ("MPC_XY_CRUISE", REAL32, 5.0),
    ("NAV_ACC_RAD", REAL32, 2.0),
    ("NAV_DLL_ACT", INT32, 2),
    ("RTL_DESCEND_ALT", REAL32, 10.0),
    ("RTL_RETURN_ALT", REAL32, 30.0),
    ("SYS_AUTOSTART", INT32, 4001),
)


class Parameters:
    """Names, types and values; unknown names are not answered, as PX4 does."""

    def __init__(self) -> None:
        self._types = {name: kind for name, kind, _ in _DEFAULTS}
        self._values: dict[str, float] = {name: value for name, _, value in _DEFAULTS}
        self.names = [name for name, _, _ in _DEFAULTS]

    def __getitem__(self, name: str) -> float:
        """The value in its own kind."""
        return self._values[name]

    def __contains__(self, name: str) -> bool:
        """Whether there is such a parameter."""
        return name in self._values

    def kind(self, name: str) -> int:
        """Its MAVLink type."""
        return self._types[name]

    def wire(self, name: str) -> float:
        """The float that carries it."""
        value = self._values[name]
        if self._types[name] == INT32:
            return float(struct.unpack("<f", struct.pack("<i", int(value)))[0])
        return value

    def set_wire(self, name: str, carried: float) -> None:
        """Take a value from the wire."""
        if self._types[name] == INT32:
            self._values[name] = float(struct.unpack("<i", struct.pack("<f", carried))[0])
        else:
            self._values[name] = carried
