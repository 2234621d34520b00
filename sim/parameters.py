"""The simulated autopilot's parameters, as PX4 sends them: integers byte-encoded in the float."""

from __future__ import annotations

import struct

INT32, REAL32 = 6, 9  # MAV_PARAM_TYPE

# Name, MAVLink type, default. PX4's own, but for the fail-safes, which stand as a squad should set
# them, and for the cruise and return heights of a low patrol. In PX4's order: by name.
_DEFAULTS: tuple[tuple[str, int, float], ...] = (
    ("BAT1_N_CELLS", INT32, 4),
    ("BAT_CRIT_THR", REAL32, 0.07),
    ("BAT_EMERGEN_THR", REAL32, 0.05),
    ("BAT_LOW_THR", REAL32, 0.15),
    ("CBRK_FLIGHTTERM", INT32, 121212),
    ("COM_ACT_FAIL_ACT", INT32, 0),
    ("COM_DISARM_LAND", REAL32, 2.0),
    ("COM_DISARM_PRFLT", REAL32, 10.0),
    ("COM_DLL_EXCEPT", INT32, 0),
    ("COM_DL_LOSS_T", INT32, 10),
    ("COM_FAIL_ACT_T", REAL32, 5.0),
    ("COM_LOW_BAT_ACT", INT32, 3),
    ("COM_OBL_RC_ACT", INT32, 0),
    ("COM_POSCTL_NAVL", INT32, 0),
    ("COM_RCL_EXCEPT", INT32, 0),
    ("COM_RC_IN_MODE", INT32, 3),
    ("COM_RC_LOSS_T", REAL32, 0.5),
    ("COM_RC_OVERRIDE", INT32, 1),
    ("COM_RC_STICK_OV", REAL32, 30.0),
    ("EKF2_NOAID_TOUT", INT32, 5_000_000),
    ("FD_FAIL_R", INT32, 60),
    ("FD_FAIL_R_TTRI", REAL32, 0.3),
    ("GF_ACTION", INT32, 3),
    ("GF_MAX_HOR_DIST", REAL32, 0.0),
    ("GF_MAX_VER_DIST", REAL32, 0.0),
    ("GF_PREDICT", INT32, 0),
    ("MIS_TAKEOFF_ALT", REAL32, 2.5),
    ("MPC_LAND_SPEED", REAL32, 0.7),
    ("MPC_MAN_TILT_MAX", REAL32, 35.0),
    ("MPC_VEL_MANUAL", REAL32, 10.0),
    ("MPC_XY_CRUISE", REAL32, 5.0),
    ("MPC_XY_VEL_MAX", REAL32, 12.0),
    ("NAV_ACC_RAD", REAL32, 2.0),
    ("NAV_DLL_ACT", INT32, 2),
    ("NAV_RCL_ACT", INT32, 2),
    ("RTL_CONE_ANG", INT32, 0),
    ("RTL_DESCEND_ALT", REAL32, 10.0),
    ("RTL_LAND_DELAY", REAL32, 0.0),
    ("RTL_RETURN_ALT", REAL32, 30.0),
    ("RTL_TYPE", INT32, 0),
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

    def whole(self, name: str) -> int:
        """The value of an integer parameter."""
        return int(self._values[name])

    def put(self, name: str, value: float) -> None:
        """Set the value in its own kind."""
        if name not in self._values:
            raise KeyError(name)
        self._values[name] = float(value)

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

    def checksum(self) -> int:
        """What PX4 answers as _HASH_CHECK: a CRC-32 over names and bytes, in order."""
        crc = 0
        for name in self.names:
            code = "<i" if self._types[name] == INT32 else "<f"
            value = self._values[name]
            raw = struct.pack(code, int(value) if code == "<i" else value)
            crc = _crc32(name.encode() + raw, crc)
        return crc


def _crc32(data: bytes, crc: int) -> int:
    """PX4's CRC-32: the usual polynomial, begun at zero and not inverted."""
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0xEDB88320 if crc & 1 else 0)
    return crc
