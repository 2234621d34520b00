"""The station's side of its watchdog: beats from the loop that runs link and guardian."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import anyio.to_thread
import structlog

from ground_station.watchdog import GOODBYE
from patrol.bus import Bus
from patrol.clock import WallClock, WorldClock
from patrol.story import StoryEvent

BEAT_EVERY_S = 0.5
_BEAT = b"."
_RESTART_S = 1.0
_SETTLED_S = 30.0  # it dies again sooner than this: that is not told again
_ENDS_WITHIN_S = 1.0
_NOTE_NAME = "watchdog.jsonl"
_log = structlog.get_logger(__name__)


class WatchdogPort:
    """Keeps a watchdog beside the station and tells what the last one did."""

    def __init__(
        self, folder: Path, *, silent_after_s: float, bus: Bus, world: WorldClock, wall: WallClock
    ) -> None:
        self._note = folder / _NOTE_NAME
        self._silent_after_s = silent_after_s
        self._bus = bus
        self._world = world
        self._wall = wall

    async def run(self) -> None:
        """Beat until cancelled; a watchdog that dies is started again and its death told once."""
        await self._tell_last_end()
        is_lost = False
        while True:
            process = await self._start()
            try:
                has_settled = await self._beat(process)
            finally:
                await self._let_go(process)
            if has_settled or not is_lost:
                _log.warning("the watchdog is lost", code=process.returncode)
                self._tell("watchdog.lost", code=process.returncode)
            is_lost = True
            await self._wall.sleep(_RESTART_S)

    async def _start(self) -> anyio.abc.Process:
        # Shielded: a child that is half started when this ends would be nobody's.
        with anyio.CancelScope(shield=True):
            process = await anyio.open_process(
                [
                    sys.executable, "-m", "ground_station.watchdog",
                    "--station", str(os.getpid()), "--silent-after", f"{self._silent_after_s:g}",
                    "--note", str(self._note),
                ],
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=None,
                start_new_session=True,  # Ctrl-C is the station's to hear; it ends with its input
            )  # fmt: skip
        return process

    async def _beat(self, process: anyio.abc.Process) -> bool:
        """Beat until it is gone; whether it had lived long enough for its end to be news."""
        started_s = self._wall.monotonic_s()
        while process.returncode is None and await _sent(process, _BEAT):
            await self._wall.sleep(BEAT_EVERY_S)
        return self._wall.monotonic_s() - started_s > _SETTLED_S

    async def _let_go(self, process: anyio.abc.Process) -> None:
        """Say goodbye to it, or bury it."""
        with anyio.CancelScope(shield=True):
            with anyio.move_on_after(_ENDS_WITHIN_S):
                await _sent(process, GOODBYE)
                await process.wait()
            if process.returncode is None:
                process.kill()
                await process.wait()
            await process.aclose()

    async def _tell_last_end(self) -> None:
        """Say that the last station was ended for hanging; the note is gone once that is told."""
        for line in await anyio.to_thread.run_sync(self._read_note):
            said = _said(line)
            _log.warning("the last station hung and was ended by its watchdog", **said)
            self._tell("station.was_ended", **said)
        await anyio.to_thread.run_sync(lambda: self._note.unlink(missing_ok=True))

    def _read_note(self) -> list[str]:
        if not self._note.exists():
            return []
        return self._note.read_text(encoding="utf-8", errors="replace").splitlines()

    def _tell(self, name: str, **fields: Any) -> None:  # noqa: ANN401  # JSON values
        self._bus.publish(StoryEvent(name=name, time_utc=self._world.now_utc(), fields=fields))


async def _sent(process: anyio.abc.Process, word: bytes) -> bool:
    """Whether it could be told; its pipe breaks when it is gone."""
    if process.stdin is None:
        return False
    try:
        await process.stdin.send(word)
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        return False
    return True


def _said(line: str) -> dict[str, Any]:
    """What a watchdog noted; a line that was cut short still says that it happened."""
    try:
        note = json.loads(line)
        return {"ended_utc": str(note["t_utc"]), "silent_s": float(note["silent_s"])}
    except (ValueError, KeyError, TypeError):
        return {"ended_utc": None, "silent_s": None}
