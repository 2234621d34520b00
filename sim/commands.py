"""MAVLink commands and parameters, answered as PX4 answers them: an ACK is not a deed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from pymavlink.dialects.v20 import common as mavlink

from patrol.geo import GeoPoint
from sim.autopilot import YAW_LOCK_FLAG, Autopilot, Mode
from sim.mavlink_state import StateMessages

_ACCEPTED, _TEMPORARILY_REJECTED, _DENIED, _UNSUPPORTED = 0, 1, 2, 3
_FORCE_DISARM = 21196
_AUTO, _CUSTOM_ENABLED = 4, 1
_SUB_MODES = {2: Mode.TAKE_OFF, 3: Mode.HOLD, 4: Mode.MISSION, 5: Mode.RETURN, 6: Mode.LAND}
_EARTH_FLAGS = YAW_LOCK_FLAG | 64

Send = Callable[[Any], None]


class Commands:
    """COMMAND_LONG, COMMAND_INT, SET_MODE and the parameter protocol."""

    def __init__(
        self, autopilot: Autopilot, state: StateMessages, send: Send, home_amsl_m: float
    ) -> None:
        self._pilot = autopilot
        self._state = state
        self._send = send
        self._home_amsl_m = home_amsl_m
        self._controller = (0, 0)

    def take(self, message: Any) -> None:  # noqa: ANN401  # pymavlink's messages
        """Answer one message; what is not known is passed over."""
        kind = message.get_type()
        who = (message.get_srcSystem(), message.get_srcComponent())
        if kind == "COMMAND_LONG":
            params = [getattr(message, f"param{n}") for n in range(1, 8)]
            self._ack(who, message.command, self._do(message.command, params, who))
        elif kind == "COMMAND_INT":
            params = [getattr(message, f"param{n}") for n in range(1, 5)]
            place = [message.x / 1e7, message.y / 1e7, message.z]
            self._ack(who, message.command, self._do(message.command, params + place, who))
        elif kind == "SET_MODE":
            self._set_mode(message.custom_mode)
        elif kind == "PARAM_REQUEST_LIST":
            for name in self._pilot.parameters.names:
                self._tell_parameter(name)
        elif kind == "PARAM_REQUEST_READ":
            self._read_parameter(message)
        elif kind == "PARAM_SET":
            if message.param_id in self._pilot.parameters:
                self._pilot.parameters.set_wire(message.param_id, message.param_value)
                self._tell_parameter(message.param_id)
        elif kind == "GIMBAL_MANAGER_SET_PITCHYAW":
            self._aim(message.pitch, message.yaw, message.flags)
        elif kind == "GIMBAL_MANAGER_SET_ATTITUDE":
            self._aim_quaternion(message.q, message.flags)

    def _do(self, command: int, params: list[float], who: tuple[int, int]) -> int:
        handlers: dict[int, Callable[[], int]] = {
            512: lambda: self._request(int(params[0])),
            511: lambda: _ACCEPTED,
            400: lambda: self._arm(params),
            22: lambda: self._done(self._pilot.take_off),
            21: lambda: self._done(self._pilot.land),
            20: lambda: self._done(self._pilot.return_home),
            300: lambda: self._done(self._pilot.start_mission),
            176: lambda: self._set_mode((int(params[1]) << 16) | (int(params[2]) << 24)),
            178: lambda: self._change_speed(params[1]),
            192: lambda: self._reposition(params),
            195: lambda: self._look_at(params),
            197: lambda: _ACCEPTED,
            1000: lambda: self._aim(
                math.radians(params[0]), math.radians(params[1]), int(params[4])
            ),
            1001: lambda: self._configure(params, who),
            521: lambda: _ACCEPTED,
            410: lambda: self._send_now(self._state.home()),
            520: lambda: self._send_now(self._state.version()),
        }
        handler = handlers.get(command)
        return handler() if handler is not None else _UNSUPPORTED

    def _request(self, message_id: int) -> int:
        made: dict[int, Callable[[], Any]] = {
            148: self._state.version,
            242: self._state.home,
            280: self._state.gimbal_information,
            283: self._state.gimbal_device,
            281: lambda: self._state.gimbal_status(self._controller),
            0: self._state.heartbeat,
        }
        if message_id not in made:
            return _DENIED
        return self._send_now(made[message_id]())

    def _send_now(self, message: Any) -> int:  # noqa: ANN401
        self._send(message)
        return _ACCEPTED

    @staticmethod
    def _done(deed: Callable[[], None]) -> int:
        deed()
        return _ACCEPTED

    def _arm(self, params: list[float]) -> int:
        if params[0] >= 0.5:
            return _ACCEPTED if self._pilot.arm() else _TEMPORARILY_REJECTED
        if int(params[1]) == _FORCE_DISARM or self._pilot.disarm():
            self._pilot.is_armed = False
            return _ACCEPTED
        return _TEMPORARILY_REJECTED

    def _set_mode(self, custom_mode: int) -> int:
        main, sub = (custom_mode >> 16) & 0xFF, (custom_mode >> 24) & 0xFF
        mode = _SUB_MODES.get(sub) if main == _AUTO else None
        deeds: dict[Mode, Callable[[], None]] = {
            Mode.HOLD: self._pilot.hold,
            Mode.MISSION: self._pilot.start_mission,
            Mode.RETURN: self._pilot.return_home,
            Mode.LAND: self._pilot.land,
            Mode.TAKE_OFF: self._pilot.take_off,
        }
        if mode is None:
            return _DENIED
        deeds[mode]()
        return _ACCEPTED

    def _change_speed(self, speed_m_s: float) -> int:
        if speed_m_s > 0:
            self._pilot.cruise_m_s = speed_m_s
            if self._pilot.model.target is not None:
                self._pilot.model.target.speed_m_s = speed_m_s
        return _ACCEPTED

    def _reposition(self, params: list[float]) -> int:
        if not self._pilot.is_armed or self._pilot.model.is_on_ground:
            return _DENIED
        if math.isnan(params[4]) or math.isnan(params[5]):
            return _DENIED
        heading = None if math.isnan(params[3]) else math.degrees(params[3]) % 360.0
        place = GeoPoint(lat_deg=params[4], lon_deg=params[5])
        self._pilot.reposition(place, params[6] - self._home_amsl_m, heading)
        return _ACCEPTED

    def _look_at(self, params: list[float]) -> int:
        place = GeoPoint(lat_deg=params[4], lon_deg=params[5])
        self._pilot.point_camera(place, params[6] - self._home_amsl_m)
        return _ACCEPTED

    def _configure(self, params: list[float], who: tuple[int, int]) -> int:
        asked = (int(params[0]), int(params[1]))
        self._controller = who if asked[0] < 0 or params[0] == -2 else asked
        self._send(self._state.gimbal_status(self._controller))
        return _ACCEPTED

    def _aim(self, pitch_rad: float, yaw_rad: float, flags: int) -> int:
        self._pilot.aim_gimbal(
            math.degrees(pitch_rad), math.degrees(yaw_rad), is_locked=bool(flags & _EARTH_FLAGS)
        )
        return _ACCEPTED

    def _aim_quaternion(self, q: list[float], flags: int) -> None:
        if any(math.isnan(part) for part in q):
            return
        w, x, y, z = q
        pitch_rad = math.asin(max(-1.0, min(1.0, 2 * (w * y - z * x))))
        yaw_rad = math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
        self._aim(pitch_rad, yaw_rad, flags)

    def _read_parameter(self, message: Any) -> None:  # noqa: ANN401
        parameters = self._pilot.parameters
        if message.param_index >= 0:
            if message.param_index < len(parameters.names):
                self._tell_parameter(parameters.names[message.param_index])
        elif message.param_id in parameters:
            self._tell_parameter(message.param_id)

    def _tell_parameter(self, name: str) -> None:
        parameters = self._pilot.parameters
        self._send(
            mavlink.MAVLink_param_value_message(
                name.encode(),
                parameters.wire(name),
                parameters.kind(name),
                len(parameters.names),
                parameters.names.index(name),
            )  # fmt: skip
        )

    def _ack(self, who: tuple[int, int], command: int, result: int) -> None:
        self._send(mavlink.MAVLink_command_ack_message(command, result, 0, 0, *who))
