"""The simulated gimbal as MAVLink messages: its manager, its device and where it looks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from pymavlink.dialects.v20 import common as mavlink

from sim.flight_model import FlightModel

_YAW_LOCK_FLAGS = 4 | 8 | 16  # roll, pitch and yaw locked
_EARTH_FRAME = 64  # GIMBAL_DEVICE_FLAGS_YAW_IN_EARTH_FRAME


class GimbalMessages:
    """Makes messages; sends nothing."""

    def __init__(self, model: FlightModel, boot_ms: Callable[[], int]) -> None:
        self._model = model
        self._boot_ms = boot_ms

    def attitude(self) -> Any:  # noqa: ANN401
        """Earth-fixed: the camera is stabilised and its yaw is told from north."""
        model = self._model
        quaternion = _quaternion(model.gimbal_pitch_deg, model.gimbal_bearing_deg)
        return mavlink.MAVLink_gimbal_device_attitude_status_message(
            0, 0, self._boot_ms(), _YAW_LOCK_FLAGS | _EARTH_FRAME, quaternion, 0.0, 0.0, 0.0, 0
        )

    def information(self) -> Any:  # noqa: ANN401
        """GIMBAL_MANAGER_INFORMATION: pitch and yaw, lockable to the earth."""
        half, full = math.pi / 2, math.pi
        return mavlink.MAVLink_gimbal_manager_information_message(
            self._boot_ms(), 0x1FFFF, 1, 0.0, 0.0, -half, half / 4, -full, full
        )

    def device(self) -> Any:  # noqa: ANN401
        """GIMBAL_DEVICE_INFORMATION, of the autopilot's own gimbal (device id 1)."""
        half, full = math.pi / 2, math.pi
        return mavlink.MAVLink_gimbal_device_information_message(
            self._boot_ms(), b"GridPatrol", b"simulated", b"", 1, 1, 0, 0xFFFF, 0, 0.0, 0.0, -half,
            half / 4, -full, full, 1,
        )  # fmt: skip

    def status(self, controller: tuple[int, int]) -> Any:  # noqa: ANN401
        """GIMBAL_MANAGER_STATUS: who has it."""
        return mavlink.MAVLink_gimbal_manager_status_message(
            self._boot_ms(), _YAW_LOCK_FLAGS, 1, *controller, 0, 0
        )


def _quaternion(pitch_deg: float, yaw_deg: float) -> list[float]:
    """Rotation by yaw, then pitch; roll is held level."""
    p, y = math.radians(pitch_deg) / 2, math.radians(yaw_deg) / 2
    return [
        math.cos(p) * math.cos(y), -math.sin(p) * math.sin(y),
        math.sin(p) * math.cos(y), math.cos(p) * math.sin(y),
    ]  # fmt: skip
