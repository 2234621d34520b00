"""`gridpatrol demo` as a person starts it: a process of its own that tells its address."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

_ADDRESS = re.compile(r"console:\s+(http://\S+)")
_READY_WITHIN_S = 60.0
_ENDS_WITHIN_S = 20.0
_POLL_S = 0.1
_LINES_SHOWN = 40


class DemoProcess:
    """A running demo; `url` is its console's address."""

    def __init__(self, process: subprocess.Popen[bytes], story: Path, notes: Path) -> None:
        self._process = process
        self._story = story
        self._notes = notes
        self.url = self._wait_for_address()

    def told(self) -> str:
        """The end of what it said: the story, then its notes."""
        parts = (self._story, self._notes)
        tails = [path.read_text("utf-8", "replace").splitlines()[-_LINES_SHOWN:] for path in parts]
        return "\n".join(["The demo told:", *tails[0], "and noted:", *tails[1]])

    def _wait_for_address(self) -> str:
        deadline = time.monotonic() + _READY_WITHIN_S
        while time.monotonic() < deadline:
            if found := _ADDRESS.search(self._notes.read_text("utf-8", "replace")):
                return found[1].rstrip("/")
            with suppress(subprocess.TimeoutExpired):
                code = self._process.wait(_POLL_S)
                pytest.fail(f"the demo ended with {code} before its console was up.\n{self.told()}")
        pytest.fail(f"no console address within {_READY_WITHIN_S:g} s.\n{self.told()}")


@contextmanager
def running_demo(folder: Path, *arguments: str) -> Iterator[DemoProcess]:
    """Start it in a process group of its own; afterwards end it as Ctrl-C would, or by force."""
    story, notes = folder / "story.txt", folder / "notes.txt"
    command = [sys.executable, "-m", "ground_station", "demo", *arguments]
    with story.open("wb") as out, notes.open("wb") as err:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True
        )
    try:
        yield DemoProcess(process, story, notes)
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGINT)
    try:
        process.wait(_ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        pytest.fail(f"the demo did not end within {_ENDS_WITHIN_S:g} s of Ctrl-C")
    finally:
        # Whatever it left behind in its group goes with it, or the next test would meet it.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
