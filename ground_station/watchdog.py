"""The watchdog's process (`python -m ground_station.watchdog`): ends a station that hangs.

MAVSDK sends heartbeats from a thread of its own, so an autopilot would never see link loss from a
station whose loop hangs. Standard library only: it must be small and have nothing to hang on.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

GOODBYE = b"q"
TICK_S = 0.25
_NOTE_WITHIN_S = 1.0  # a disk that hangs must not keep the station alive


class _Inlet:
    """The pipe from the station; a thread reads it, because not every system can wait on pipes."""

    def __init__(self, number: int) -> None:
        self._number = number
        self.has_beaten = threading.Event()
        self.is_over = False

    def read(self) -> None:
        """Note every beat until the goodbye, or until the pipe ends with the station."""
        while (beats := os.read(self._number, 4096)) and GOODBYE not in beats:
            self.has_beaten.set()
        self.is_over = True
        self.has_beaten.set()


def watch(inlet: int, silent_after_s: float) -> float | None:
    """Seconds of silence once they are too many; None when the station ended.

    Silence is counted in ticks of this process: a machine that slept, or that gave neither of the
    two a turn, is no silence of the station.
    """
    pipe = _Inlet(inlet)
    threading.Thread(target=pipe.read, daemon=True).start()
    silent_s = 0.0
    while silent_s < silent_after_s:
        if not pipe.has_beaten.wait(TICK_S):
            silent_s += TICK_S
            continue
        if pipe.is_over:
            return None
        pipe.has_beaten.clear()
        silent_s = 0.0
    return silent_s


def end(station: int, silent_s: float, note: Path) -> None:
    """Leave a line for the next start and for whoever reads the log, then kill."""
    if sys.platform != "win32" and os.getppid() != station:
        return  # it is gone, and its number may be another's
    line = json.dumps(
        {
            "t_utc": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "event": "the station hangs and is ended by its watchdog",
            "silent_s": silent_s,
            "pid": station,
        }
    )
    writer = threading.Thread(target=_write, args=(line, note), daemon=True)
    writer.start()
    writer.join(_NOTE_WITHIN_S)
    with contextlib.suppress(ProcessLookupError):  # it ended while this was written
        # Windows knows no SIGKILL; its SIGTERM is as final.
        os.kill(station, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)


def _write(line: str, note: Path) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
    try:
        with note.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
    except OSError as error:
        sys.stderr.write(f"the watchdog cannot write {note}: {error.strerror}\n")


def main() -> int:
    """Watch until the station ends, or end it."""
    parser = argparse.ArgumentParser(prog="python -m ground_station.watchdog")
    parser.add_argument("--station", type=int, required=True, help="process id, its parent")
    parser.add_argument("--silent-after", type=float, required=True, metavar="SECONDS")
    parser.add_argument("--note", type=Path, required=True, help="file for the last line")
    arguments = parser.parse_args()
    # What ends the station is for the station to hear; this process ends with its input.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    silent_s = watch(sys.stdin.fileno(), arguments.silent_after)
    if silent_s is not None:
        end(arguments.station, silent_s, arguments.note)
    return 0


if __name__ == "__main__":
    sys.exit(main())
