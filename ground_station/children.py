"""Processes that the demo starts and ends: the simulator, the payload agent, the station."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import anyio.abc

from patrol.errors import PatrolError

_READY_WITHIN_S = 30.0
_END_WITHIN_S = 1.5  # then it is killed; Ctrl-C has to end everything within 5 s
_TAIL_LINES = 6


class ChildFailed(PatrolError):
    """A part did not start or ended by itself; carries its last words and exit code."""

    def __init__(self, text: str, *, code: int | None = None, said: str = "") -> None:
        super().__init__(text)
        self.code = code
        self.said = said


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A running part that has said it serves."""

    name: str
    process: anyio.abc.Process
    ready: dict[str, Any]
    log_file: Path

    def ended(self) -> ChildFailed | None:
        """Its last words, if it is no longer there."""
        if self.process.returncode is None:
            return None
        return ChildFailed(
            f"the {self.name} ended by itself (code {self.process.returncode}): "
            f"{last_words(self.log_file)}"
        )


@asynccontextmanager
async def running(name: str, arguments: Sequence[str], *, log_dir: Path) -> AsyncIterator[Child]:
    """Start `python -m ...`, wait until it serves, and end it when the block is left.

    The child's standard input stays open as its lifeline: at its end (this process gone) it ends
    too. It has a session of its own so that Ctrl-C reaches this process alone, which then brings
    the aircraft home first.
    """
    log_file = log_dir / f"{name}.log"
    with log_file.open("wb") as log:
        process = await anyio.open_process(
            [sys.executable, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
    try:
        ready = await _ready_line(name, process, log_file)
        yield Child(name=name, process=process, ready=ready, log_file=log_file)
    finally:
        with anyio.CancelScope(shield=True):
            await _end(process)


async def end_together(children: Sequence[Child]) -> None:
    """Ask all of them to end at once; the slowest has no longer than one alone would have."""
    for child in children:
        if child.process.returncode is None:
            child.process.terminate()
    with anyio.move_on_after(_END_WITHIN_S):
        for child in children:
            await child.process.wait()
    for child in children:
        if child.process.returncode is None:
            child.process.kill()


async def _ready_line(name: str, process: anyio.abc.Process, log_file: Path) -> dict[str, Any]:
    assert process.stdout is not None  # noqa: S101  # asked for above
    line = b""
    with anyio.move_on_after(_READY_WITHIN_S):
        try:
            while b"\n" not in line:
                line += await process.stdout.receive()
        except anyio.EndOfStream:
            code, said = await process.wait(), last_words(log_file)
            raise ChildFailed(f"the {name} did not start: {said}", code=code, said=said) from None
    if b"\n" not in line:
        raise ChildFailed(f"the {name} was not ready within {_READY_WITHIN_S:.0f} s")
    ready: dict[str, Any] = json.loads(line.split(b"\n", 1)[0])
    return ready


async def _end(process: anyio.abc.Process) -> None:
    if process.returncode is None:
        process.terminate()
        if process.stdin is not None:
            await process.stdin.aclose()  # one that waits for it cannot end before
        with anyio.move_on_after(_END_WITHIN_S):
            await process.wait()
    if process.returncode is None:
        process.kill()
        await process.wait()
    await process.aclose()


def last_words(log_file: Path) -> str:
    """The last lines of a child's log."""
    lines = log_file.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return "\n".join(lines[-_TAIL_LINES:]) or "it said nothing"
