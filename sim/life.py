"""How the simulator's process ends: on SIGTERM, on SIGINT, or when whoever started it has gone."""

from __future__ import annotations

import os
import signal
import sys

import anyio
import anyio.abc


async def cancel_when_asked_to_stop(
    scope: anyio.CancelScope,
    *,
    task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """Cancel `scope` on a stop signal or at the end of standard input; started once it listens."""
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_cancel_at_end_of_input, scope)
            task_status.started()
            async for _ in signals:
                scope.cancel()


async def _cancel_at_end_of_input(scope: anyio.CancelScope) -> None:
    descriptor = sys.stdin.fileno()
    while True:
        try:
            await anyio.wait_readable(descriptor)
        except PermissionError:
            pass  # a file or /dev/null cannot be waited for, and is always ready
        if not os.read(descriptor, 4096):
            scope.cancel()
            return
