"""The raw link of one aircraft as a `tlog`: 8 bytes of microseconds (big-endian, UTC), one frame.

MAVProxy, pymavlink and QGroundControl read it. Written in batches beside the flight, never in it.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from datetime import datetime
from io import FileIO
from pathlib import Path

import anyio
import anyio.to_thread
import structlog

from patrol.clock import WallClock, WorldClock

_WRITE_EVERY_S = 1.0  # wall: how much of a flight a power cut may cost
_WAITING_BYTES_MAX = 4 << 20
_STAMP = struct.Struct(">Q")
_log = structlog.get_logger(__name__)

Tell = Callable[[str, dict[str, object]], None]


class FlightLog:
    """`add` never waits; what does not fit is dropped, counted and told."""

    def __init__(
        self,
        path: Path,
        *,
        world: WorldClock,
        wall: WallClock,
        tell: Tell = lambda _name, _fields: None,
        waiting_bytes_max: int = _WAITING_BYTES_MAX,
    ) -> None:
        self.path = path
        self.dropped_count = 0
        self._world = world
        self._wall = wall
        self._tell = tell
        self._limit = waiting_bytes_max
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._told_count = 0
        self._is_failing = False

    def add(self, raw: bytes) -> None:
        """One frame, either way."""
        if self._waiting_bytes + len(raw) + _STAMP.size > self._limit:
            self.dropped_count += 1
            return
        stamp_us = int(self._world.now_utc().timestamp() * 1e6)
        self._waiting.append(_STAMP.pack(stamp_us) + raw)
        self._waiting_bytes += len(raw) + _STAMP.size

    async def run(self) -> None:
        """Write until cancelled, and then what is left."""
        try:
            while True:
                await self._wall.sleep(_WRITE_EVERY_S)
                await self.flush()
        finally:
            with anyio.CancelScope(shield=True):
                await self.flush()

    async def flush(self) -> None:
        """Write what is waiting. A disk that fails costs the log, not the flight."""
        count, data = len(self._waiting), b"".join(self._waiting)
        if data:
            try:
                await anyio.to_thread.run_sync(self._append, data)
            except OSError as error:
                self._failed(str(error))
            else:
                del self._waiting[:count]
                self._waiting_bytes -= len(data)
                self._is_failing = False
        if self.dropped_count > self._told_count:
            self._told_count = self.dropped_count
            _log.warning("tlog dropped", path=str(self.path), frames=self.dropped_count)
            self._tell("tlog.dropped", {"file": self.path.name, "frames": self.dropped_count})

    def _append(self, data: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab", buffering=0) as file:
            size = file.tell()
            try:
                _write_all(file, data)
            except OSError:
                # Half a frame would make a reader lose its way in all that comes after it.
                file.truncate(size)
                raise

    def _failed(self, reason: str) -> None:
        if not self._is_failing:
            self._is_failing = True
            _log.warning("tlog cannot be written", path=str(self.path), reason=reason)
            self._tell("tlog.failed", {"file": self.path.name, "reason": reason})


def _write_all(file: FileIO, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def log_path(folder: Path, name: str, now_utc: datetime) -> Path:
    """A file of its own for every time an aircraft joins."""
    stamp = f"{now_utc:%Y%m%dT%H%M%S}{now_utc.microsecond // 1000:03d}Z"
    return folder / f"{_plain(name)}-{stamp}.tlog"


def logs_of(folder: Path, name: str) -> list[Path]:
    """An aircraft's logs in a folder, oldest first; another whose name begins alike is not it."""
    form = re.compile(re.escape(_plain(name)) + r"-\d{8}T\d{9}Z\.tlog")
    return sorted(path for path in folder.glob("*.tlog") if form.fullmatch(path.name))


def _plain(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name)
