"""MAVLink's commands to the simulated aircraft: who is meant, messages asked for, its gimbal."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from pymavlink.dialects.v20 import common as mavlink

from sim.autopilot import YAW_LOCK_FLAG, Autopilot
from sim.mavlink_state import StateMessages
from sim.orders import ACCEPTED, DENIED, TEMPORARILY_REJECTED, UNSUPPORTED, Orders, place
from sim.streams import Streams
from sim.whole import whole

_SYSTEM = 1  # our component
_FOR_ANYBODY = (519, 520)  # what PX4 answers though nobody is named
_EARTH_FLAGS = YAW_LOCK_FLAG | 64
_MESSAGE_INTERVAL = 244
_NO_PLACE = 2**31 - 1  # what an integer latitude says instead of NaN
_GIMBAL_STATUS = 281
_NOBODY = (0, 0)  # has the gimbal

Send = Callable[[Any], None]
SetCurrent = Callable[[int], bool]
Who = tuple[int, int]


class Commands:
    """COMMAND_LONG, COMMAND_INT, SET_MODE and the gimbal manager's messages."""

    def __init__(
        self, autopilot: Autopilot, state: StateMessages, send: Send, orders: Orders,
        streams: Streams, set_current: SetCurrent, system_id: int,
    ) -> None:  # fmt: skip
        """`set_current` chooses a mission item, and says whether there is such a one."""
        self._pilot = autopilot
        self._state = state
        self._send = send
        self._orders = orders
        self._deeds = orders.deeds()
        self.streams = streams
        self._set_current = set_current
        self._controller = _NOBODY
        self._pilots_own = (system_id, _SYSTEM)
        self._system_id = system_id

    def take(self, message: Any) -> None:  # noqa: ANN401  # pymavlink's messages
        """Answer one message; what is not known is passed over."""
        kind = message.get_type()
        who = (message.get_srcSystem(), message.get_srcComponent())
        if kind in ("COMMAND_LONG", "COMMAND_INT"):
            if _is_meant(message, self._system_id):
                result = self._do(message.command, _params(message), who)
                self._ack(who, message.command, result)
        elif kind == "SET_MODE":
            main, sub = (message.custom_mode >> 16) & 0xFF, (message.custom_mode >> 24) & 0xFF
            self._orders.set_mode(message.base_mode, main, sub, who[1])
        elif who != self._controller:
            return  # what is left turns the gimbal, and that is for whoever has taken it
        elif kind == "GIMBAL_MANAGER_SET_PITCHYAW":
            self._aim(message.pitch, message.yaw, message.flags)
        elif kind == "GIMBAL_MANAGER_SET_ATTITUDE":
            self._aim_quaternion(message.q, message.flags)

    def _do(self, command: int, params: list[float], who: Who) -> int:
        if (deed := self._deeds.get(command)) is not None:
            return deed(params)
        number = whole(params[0])
        handlers: dict[int, Callable[[], int]] = {
            176: lambda: self._orders.set_mode(params[0], params[1], params[2], who[1]),
            195: lambda: self._look_at(params, who),
            197: lambda: self._look_nowhere(who),
            224: lambda: ACCEPTED if self._set_current(number) else DENIED,
            410: lambda: self._send_now(self._state.home()),
            510: lambda: self._tell_interval(number),
            511: lambda: self._set_interval(number, params[1]),
            512: lambda: self._request(number, whole(params[1])),
            520: lambda: self._send_now(self._state.version()),
            1000: lambda: self._aim_by_degrees(params) if who == self._controller else DENIED,
            1001: lambda: self._configure(params, who),
        }
        handler = handlers.get(command)
        return handler() if handler is not None else UNSUPPORTED

    # --- messages

    def _request(self, number: int, first: int) -> int:
        if number == _MESSAGE_INTERVAL:
            return self._tell_interval(first)
        if number == _GIMBAL_STATUS:
            return self._send_now(self._state.gimbal.status(self._controller))
        if not self._state.knows(number):
            return DENIED
        message = self._state.make(number)
        return self._send_now(message) if message is not None else TEMPORARILY_REJECTED

    def _set_interval(self, number: int, interval_us: float) -> int:
        if not self._state.knows(number) or not math.isfinite(interval_us):
            return DENIED
        self.streams.set(number, interval_us)
        return ACCEPTED

    def _tell_interval(self, number: int) -> int:
        is_known = self._state.knows(number)
        interval_us = self.streams.interval_us(number) if is_known else 0
        told = number if 0 <= number <= 0xFFFF else 0
        return self._send_now(mavlink.MAVLink_message_interval_message(told, interval_us))

    def _send_now(self, message: Any) -> int:  # noqa: ANN401
        self._send(message)
        return ACCEPTED

    # --- camera

    def _look_at(self, params: list[float], who: Who) -> int:
        """Whoever names a place takes the gimbal by it, as in PX4."""
        there = place(params)
        if there is None or not math.isfinite(params[6]):
            return DENIED
        self._controller = who
        self._pilot.point_camera(there, self._orders.above_home_m(params[6]))
        return ACCEPTED

    def _look_nowhere(self, who: Who) -> int:
        self._controller = who
        self._pilot.look_at(None)
        return ACCEPTED

    def _configure(self, params: list[float], who: Who) -> int:
        """DO_GIMBAL_MANAGER_CONFIGURE: a new controller; -2 the autopilot, -3 the sender no more.

        A mission's own items turn the gimbal whoever has it: simpler than PX4.
        """
        asked = whole(params[0], else_=-1)
        if asked == -2:
            self._controller = self._pilots_own
        elif asked == -3 and who == self._controller:
            self._controller = _NOBODY
        elif 0 <= asked <= 0xFF:
            self._controller = (asked, whole(params[1]) & 0xFF)
        self._send(self._state.gimbal.status(self._controller))
        return ACCEPTED

    def _aim_by_degrees(self, params: list[float]) -> int:
        return self._aim(math.radians(params[0]), math.radians(params[1]), whole(params[4]))

    def _aim(self, pitch_rad: float, yaw_rad: float, flags: int) -> int:
        pitch_deg, yaw_deg = (
            math.degrees(part) if math.isfinite(part) else math.nan for part in (pitch_rad, yaw_rad)
        )
        self._pilot.aim_gimbal(pitch_deg, yaw_deg, is_locked=bool(flags & _EARTH_FLAGS))
        return ACCEPTED

    def _aim_quaternion(self, q: list[float], flags: int) -> None:
        if not all(math.isfinite(part) for part in q):
            return
        w, x, y, z = q
        pitch_rad = math.asin(max(-1.0, min(1.0, 2 * (w * y - z * x))))
        yaw_rad = math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
        self._aim(pitch_rad, yaw_rad, flags)

    def _ack(self, who: Who, command: int, result: int) -> None:
        self._send(mavlink.MAVLink_command_ack_message(command, result, 0, 0, *who))


def _is_meant(message: Any, system_id: int) -> bool:  # noqa: ANN401
    """As PX4: a command names its aircraft, and the autopilot or every component of it."""
    if message.command in _FOR_ANYBODY:
        return message.target_system in (0, system_id)
    return message.target_system == system_id and message.target_component in (0, _SYSTEM)


def _params(message: Any) -> list[float]:  # noqa: ANN401
    """Seven, in degrees where they are a place."""
    if message.get_type() == "COMMAND_LONG":
        return [getattr(message, f"param{number}") for number in range(1, 8)]
    params = [getattr(message, f"param{number}") for number in range(1, 5)]
    return (
        params
        + [math.nan if x == _NO_PLACE else x / 1e7 for x in (message.x, message.y)]
        + [message.z]
    )
