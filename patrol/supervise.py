"""Keep a part alive through Transient errors; every other error is a bug and ends the process."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable

from patrol.clock import WallClock
from patrol.errors import Transient

_FIRST_DELAY_S = 0.5
_LONGEST_DELAY_S = 10.0
_SETTLED_S = 30.0  # a run this long resets the back-off


async def supervise(
    run: Callable[[], Awaitable[None]],
    *,
    clock: WallClock,
    on_lost: Callable[[Transient], None],
    on_retry: Callable[[], None] = lambda: None,
) -> None:
    """Run for ever; retry Transient with back-off and jitter. Returns when `run` returns."""
    delay_s = _FIRST_DELAY_S
    is_lost = False
    while True:
        started_s = clock.monotonic_s()
        try:
            if is_lost:
                on_retry()
            await run()
        except Transient as error:
            if clock.monotonic_s() - started_s > _SETTLED_S:
                delay_s, is_lost = _FIRST_DELAY_S, False
            if not is_lost:
                on_lost(error)  # one line at lost; the part itself says when it is back
            is_lost = True
            # Jitter only keeps many links from knocking at the same moment; it guards no secret.
            await clock.sleep(delay_s * random.uniform(0.7, 1.3))  # noqa: S311
            delay_s = min(delay_s * 2.0, _LONGEST_DELAY_S)
        else:
            return
