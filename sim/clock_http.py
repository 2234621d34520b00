"""What the clock answers over HTTP. The server that carries it is elsewhere."""

from __future__ import annotations

from typing import Any

from patrol.clock import utc_text
from sim.clock import SimClock
from sim.fields import number
from sim.http import HttpAnswer, HttpRequest, Routes, json_body, refuse

_MOST = 1e12  # of what is then clamped


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
    clock.speed = number(-_MOST, _MOST)(speed)
    return clock_answer(clock)


def clock_routes(clock: SimClock) -> Routes:
    """GET and PUT /clock."""

    async def get(request: HttpRequest) -> HttpAnswer:
        del request
        return HttpAnswer(body=clock_answer(clock))

    async def put(request: HttpRequest) -> HttpAnswer:
        try:
            body = json_body(request)
            if not isinstance(body, dict):
                return refuse(400, "a JSON object is wanted")
            return HttpAnswer(body=clock_put(clock, body))
        except ValueError as error:
            return refuse(400, str(error))

    return {("GET", "/clock"): get, ("PUT", "/clock"): put}
