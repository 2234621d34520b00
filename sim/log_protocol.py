"""MAVLink's log protocol: list the autopilot's logs and carry them to a ground station."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pymavlink.dialects.v20 import common as mavlink

from sim.flight_log import FlightLog

_CHUNK = 90  # bytes of a LOG_DATA
_CHUNKS_A_TICK = 100  # 180 kB a second: more would only fill the receiver's socket buffer

Send = Callable[[Any], None]


class LogProtocol:
    """Answers LOG_REQUEST_*; data leave a few at a time."""

    def __init__(self, log: FlightLog, send: Send) -> None:
        self._log = log
        self._send = send
        self._number = 0
        self._at = self._end = 0

    def take(self, message: Any) -> bool:  # noqa: ANN401  # pymavlink's messages
        """Answer a message of this protocol; False when it is another's."""
        kind = message.get_type()
        if kind == "LOG_REQUEST_LIST":
            self._list(message.start, message.end)
        elif kind == "LOG_REQUEST_DATA":
            self._begin(message.id, message.ofs, message.count)
        elif kind == "LOG_REQUEST_END":
            self._at = self._end = 0
        elif kind == "LOG_ERASE":
            self._log.erase()
        else:
            return False
        return True

    def step(self) -> None:
        """Send the next part of what was asked for."""
        if self._number >= len(self._log.stored):
            self._at = self._end = 0
        for _ in range(_CHUNKS_A_TICK):
            if self._at >= self._end:
                return
            body = self._log.stored[self._number].body
            part = body[self._at : min(self._at + _CHUNK, self._end)]
            self._send(
                mavlink.MAVLink_log_data_message(
                    self._number, self._at, len(part), list(part.ljust(_CHUNK, b"\0"))
                )
            )
            self._at += len(part)

    def _list(self, start: int, end: int) -> None:
        stored = self._log.stored
        if not stored:
            self._send(mavlink.MAVLink_log_entry_message(0, 0, 0, 0, 0))
        for number, log in enumerate(stored):
            if start <= number <= end:
                self._send(
                    mavlink.MAVLink_log_entry_message(
                        number, len(stored), len(stored) - 1, log.utc_s, len(log.body)
                    )
                )

    def _begin(self, number: int, offset: int, count: int) -> None:
        self._number = number
        if number >= len(self._log.stored):
            self._at = self._end = 0
            return
        size = len(self._log.stored[number].body)
        self._at, self._end = min(offset, size), min(offset + count, size)
        if self._at == self._end:  # beyond its end: PX4 answers with an empty part
            empty = mavlink.MAVLink_log_data_message(number, offset, 0, [0] * _CHUNK)
            self._send(empty)
