"""What the clock answers over HTTP, as plain objects. The server that carries them is elsewhere."""

from __future__ import annotations

from typing import Any

from patrol.clock import utc_text
from sim.clock import SimClock


def clock_answer(clock: SimClock) -> dict[str, Any]:
    """World time, speed and ceiling at one moment of CLOCK_MONOTONIC."""
    wall_s = clock.wall_s()
    return {
        "world_utc": utc_text(clock.now_utc()),
        "speed": clock.speed,
        "ceiling": clock.ceiling,
        "wall_s": wall_s,
    }


def clock_put(clock: SimClock, body: dict[str, Any]) -> dict[str, Any]:
    """Set the speed (clamped to 0.1 and the ceiling) and answer as GET does.

    Raises ValueError, in words for the caller, when the body holds no number as `speed`.
    """
    speed = body.get("speed")
    if isinstance(speed, bool) or not isinstance(speed, int | float):
        raise ValueError(f'a body such as {{"speed": 2.5}} is wanted, not {body!r}')
    clock.speed = float(speed)
    return clock_answer(clock)
