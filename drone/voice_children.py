"""Children that speak, one an utterance; the next may be loaded before its words are known."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import anyio
import anyio.abc

_COMMAND = [sys.executable, "-m", "drone.voice_child"]


class VoiceChildren:
    """`run` keeps one ready; without it, or when that one is gone, each order starts its own."""

    def __init__(self) -> None:
        self._ready: anyio.abc.Process | None = None
        self._is_over = anyio.Event()

    async def run(self) -> None:
        """Until cancelled. The next is started when the last has spoken: not while it needs us."""
        while True:
            self._is_over = anyio.Event()
            child = self._ready = await _started()
            try:
                await self._is_over.wait()
            finally:
                if self._ready is child:
                    self._ready = None
                    await _ended(child)

    async def speak(self, words: Path, voice: str, out: Path) -> tuple[int, str]:
        """Exit code and the last line it said; a cancelled call kills the child."""
        order = {"words": str(words), "voice": voice, "out": str(out)}
        child, self._ready = self._ready, None
        try:
            if child is not None:
                code, said = await _spoken(child, order)
                if code >= 0:
                    return code, said
                # Something killed it while it waited: that says nothing of the words.
            return await _spoken(await _started(), order)
        finally:
            self._is_over.set()


async def _started() -> anyio.abc.Process:
    with anyio.CancelScope(shield=True):  # asyncio forgets a child that is cancelled while born
        child = await anyio.open_process(_COMMAND, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    return child


async def _ended(child: anyio.abc.Process) -> None:
    with anyio.CancelScope(shield=True):
        if child.returncode is None:
            child.kill()
        await child.wait()
        await child.aclose()


async def _spoken(child: anyio.abc.Process, order: dict[str, str]) -> tuple[int, str]:
    async with child:
        assert child.stdin is not None  # noqa: S101  # pipes, asked for above
        assert child.stderr is not None  # noqa: S101
        try:
            await child.stdin.send(json.dumps(order).encode() + b"\n")
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            pass  # it died first: its last words say why
        said = b"".join([part async for part in child.stderr])
        code = await child.wait()
    return code, (said.decode(errors="replace").strip().splitlines() or [""])[-1]
