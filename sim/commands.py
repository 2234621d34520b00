"""MAVLink commands, answered as PX4 answers them: an ACK is not a deed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from pymavlink.dialects.v20 import common as mavlink

from patrol.geo import GeoPoint
from sim.autopilot import YAW_LOCK_FLAG, Autopilot, Mode
from sim.mavlink_state import StateMessages
from sim.streams import Streams

_ACCEPTED, _TEMPORARILY_REJECTED, _DENIED, _UNSUPPORTED = 0, 1, 2, 3
_FORCE_DISARM = 21196
_POSITION, _AUTO = 3, 4  # PX4's main modes
_SUB_MODES = {2: Mode.TAKE_OFF, 3: Mode.HOLD, 4: Mode.MISSION, 5: Mode.RETURN, 6: Mode.LAND}
_EARTH_FLAGS = YAW_LOCK_FLAG | 64
_MESSAGE_INTERVAL = 244
_NO_PLACE = 2**31 - 1  # what an integer latitude says instead of NaN
_FACES_CENTRE = 0  # ORBIT_YAW_BEHAVIOUR_HOLD_FRONT_TO_CIRCLE_CENTER

Send = Callable[[Any], None]
Who = tuple[int, int]


class Commands:
    """COMMAND_LONG, COMMAND_INT, SET_MODE and the gimbal manager's messages."""

    def __init__(
        self,
        autopilot: Autopilot,
        state: StateMessages,
        send: Send,
        home_amsl_m: float,
        streams: Streams,
    ) -> None:
        self._pilot = autopilot
        self._state = state
        self._send = send
        self._home_amsl_m = home_amsl_m
        self._streams = streams
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
            place = [math.nan if x == _NO_PLACE else x / 1e7 for x in (message.x, message.y)]
            params += [*place, message.z]
            self._ack(who, message.command, self._do(message.command, params, who))
        elif kind == "SET_MODE":
            self._set_mode(message.custom_mode)
        elif kind == "GIMBAL_MANAGER_SET_PITCHYAW":
            self._aim(message.pitch, message.yaw, message.flags)
        elif kind == "GIMBAL_MANAGER_SET_ATTITUDE":
            self._aim_quaternion(message.q, message.flags)

    def _do(self, command: int, params: list[float], who: Who) -> int:
        handlers: dict[int, Callable[[], int]] = {
            20: lambda: self._done(self._pilot.return_home),
            21: lambda: self._done(self._pilot.land),
            22: lambda: self._take_off(params[6]),
            34: lambda: self._orbit(params),
            176: lambda: self._set_mode((int(params[1]) << 16) | (int(params[2]) << 24)),
            178: lambda: self._change_speed(params[1]),
            186: lambda: self._change_height(params[0]),
            192: lambda: self._reposition(params),
            195: lambda: self._look_at(params),
            197: lambda: self._done(lambda: self._pilot.look_at(None)),
            300: lambda: self._done(self._pilot.start_mission),
            400: lambda: self._arm(params),
            410: lambda: self._send_now(self._state.home()),
            510: lambda: self._tell_interval(int(params[0])),
            511: lambda: self._set_interval(int(params[0]), params[1]),
            512: lambda: self._request(int(params[0]), params[1]),
            520: lambda: self._send_now(self._state.version()),
            521: lambda: _ACCEPTED,
            1000: lambda: self._aim(
                math.radians(params[0]), math.radians(params[1]), int(params[4])
            ),
            1001: lambda: self._configure(params, who),
        }
        handler = handlers.get(command)
        return handler() if handler is not None else _UNSUPPORTED

    # --- messages

    def _request(self, number: int, first: float) -> int:
        if number == _MESSAGE_INTERVAL:
            return self._tell_interval(int(first))
        if number == 281:
            return self._send_now(self._state.gimbal.status(self._controller))
        if not self._state.knows(number):
            return _DENIED
        message = self._state.make(number)
        return self._send_now(message) if message is not None else _TEMPORARILY_REJECTED

    def _set_interval(self, number: int, interval_us: float) -> int:
        if not self._state.knows(number):
            return _DENIED
        self._streams.set(number, interval_us)
        return _ACCEPTED

    def _tell_interval(self, number: int) -> int:
        interval_us = self._streams.interval_us(number) if self._state.knows(number) else 0
        return self._send_now(mavlink.MAVLink_message_interval_message(number, interval_us))

    def _send_now(self, message: Any) -> int:  # noqa: ANN401
        self._send(message)
        return _ACCEPTED

    # --- flight

    @staticmethod
    def _done(deed: Callable[[], None]) -> int:
        deed()
        return _ACCEPTED

    def _arm(self, params: list[float]) -> int:
        if params[0] >= 0.5:
            return _ACCEPTED if self._pilot.arm() else _TEMPORARILY_REJECTED
        if int(params[1]) == _FORCE_DISARM:
            return self._done(self._pilot.kill)
        return _ACCEPTED if self._pilot.disarm() else _TEMPORARILY_REJECTED

    def _take_off(self, amsl_m: float) -> int:
        up_m = amsl_m - self._home_amsl_m
        # Many senders leave 0 there; PX4 would not sink for it.
        self._pilot.take_off(up_m if math.isfinite(up_m) and up_m > 0.0 else None)
        return _ACCEPTED

    def _set_mode(self, custom_mode: int) -> int:
        main, sub = (custom_mode >> 16) & 0xFF, (custom_mode >> 24) & 0xFF
        if main == _POSITION and sub == 0:
            return self._done(self._pilot.fly_by_sticks)
        mode = _SUB_MODES.get(sub) if main == _AUTO else None
        deeds: dict[Mode, Callable[[], None]] = {
            Mode.HOLD: self._pilot.hold,
            Mode.MISSION: self._pilot.start_mission,
            Mode.RETURN: self._pilot.return_home,
            Mode.LAND: self._pilot.land,
            Mode.TAKE_OFF: self._pilot.take_off,
        }
        return _DENIED if mode is None else self._done(deeds[mode])

    def _change_speed(self, speed_m_s: float) -> int:
        if speed_m_s > 0:
            self._pilot.change_speed(speed_m_s)
        return _ACCEPTED

    def _change_height(self, amsl_m: float) -> int:
        if not self._is_up() or math.isnan(amsl_m):
            return _DENIED
        self._pilot.reposition(None, amsl_m - self._home_amsl_m, None)
        return _ACCEPTED

    def _is_up(self) -> bool:
        return self._pilot.is_armed and self._pilot.is_flying

    def _reposition(self, params: list[float]) -> int:
        if not self._is_up():
            return _DENIED
        heading = None if math.isnan(params[3]) else math.degrees(params[3]) % 360.0
        speed = params[0] if params[0] > 0.0 else None
        self._pilot.reposition(_place(params), self._up_m(params[6]), heading, speed)
        return _ACCEPTED

    def _orbit(self, params: list[float]) -> int:
        if not self._is_up():
            return _TEMPORARILY_REJECTED
        self._pilot.orbit(
            _place(params),
            self._up_m(params[6]),
            radius_m=None if math.isnan(params[0]) else params[0],
            speed_m_s=params[1] if params[1] > 0.0 else None,
            faces_centre=math.isnan(params[2]) or int(params[2]) == _FACES_CENTRE,
        )
        return _ACCEPTED

    def _up_m(self, amsl_m: float) -> float:
        return self._pilot.model.up_m if math.isnan(amsl_m) else amsl_m - self._home_amsl_m

    # --- camera

    def _look_at(self, params: list[float]) -> int:
        place = _place(params)
        if place is None:
            return _DENIED
        self._pilot.point_camera(place, params[6] - self._home_amsl_m)
        return _ACCEPTED

    def _configure(self, params: list[float], who: Who) -> int:
        asked = (int(params[0]), int(params[1]))
        self._controller = who if asked[0] < 0 or params[0] == -2 else asked
        self._send(self._state.gimbal.status(self._controller))
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

    def _ack(self, who: Who, command: int, result: int) -> None:
        self._send(mavlink.MAVLink_command_ack_message(command, result, 0, 0, *who))


def _place(params: list[float]) -> GeoPoint | None:
    """Parameters 5 and 6; None when there is no such place: the one where it is."""
    lat_deg, lon_deg = params[4], params[5]
    if not (abs(lat_deg) <= 90.0 and abs(lon_deg) <= 180.0):
        return None
    return GeoPoint(lat_deg=lat_deg, lon_deg=lon_deg)
