"""A short-lived program of this machine, run to its end."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

import anyio


async def run_to_end(command: Sequence[str]) -> tuple[int, str]:
    """Exit code and the last line of standard error; a cancelled call kills the program."""
    with anyio.CancelScope(shield=True):  # asyncio forgets a child that is cancelled while born
        process = await anyio.open_process(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
    async with process:
        assert process.stderr is not None  # noqa: S101  # a pipe unless asked otherwise
        said = b"".join([part async for part in process.stderr])
        code = await process.wait()
    return code, (said.decode(errors="replace").strip().splitlines() or [""])[-1]
