"""World time taken from an exercise clock at an address, and the one knob it has: its speed."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import anyio
import httpx

from patrol.clock import parse_utc
from patrol.errors import ConfigError, Transient

_POLL_S = 0.25
_STEP_S = 0.05  # longest wall sleep between looks at the clock, so that speed changes are felt


class ExerciseClock:
    """A WorldClock that follows an exercise's clock on this machine.

    Between two answers it runs on at the last speed. It never goes back: when the exercise slows
    down, it waits until the exercise has caught up.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        is_clear = url.lower().startswith("http:")  # reading all authorities takes 0.1 s
        self._client = httpx.AsyncClient(timeout=2.0, trust_env=False, verify=not is_clear)
        self._speed = 1.0
        self.ceiling = 1.0
        self._base_utc: datetime | None = None
        self._base_wall_s = 0.0
        self._start_utc = datetime.now(UTC)
        self._latest_utc = self._start_utc

    @property
    def speed(self) -> float:
        """World seconds in a wall second."""
        return self._speed

    def now_utc(self) -> datetime:
        """World time; RuntimeError before `start`."""
        if self._base_utc is None:
            raise RuntimeError("the exercise clock has not been read yet")
        passed_s = (time.monotonic() - self._base_wall_s) * self._speed
        self._latest_utc = max(self._latest_utc, self._base_utc + timedelta(seconds=passed_s))
        return self._latest_utc

    def monotonic_s(self) -> float:
        """World seconds since the first answer."""
        return (self.now_utc() - self._start_utc).total_seconds()

    async def sleep(self, duration_s: float) -> None:
        """Wait in world seconds, whatever the speed does meanwhile."""
        end_s = self.monotonic_s() + duration_s
        while (left_s := end_s - self.monotonic_s()) > 0:
            await anyio.sleep(min(_STEP_S, max(left_s / self._speed, 0.001)))

    async def start(self) -> None:
        """Read the clock once; ConfigError if it does not answer."""
        try:
            self._take(await self._ask())
        except Transient as error:
            raise ConfigError(f"no exercise clock answers at {self._url}") from error
        assert self._base_utc is not None  # noqa: S101  # `_take` has just set it
        self._start_utc = self._latest_utc = self._base_utc

    async def run(self) -> None:
        """Follow the clock; raises Transient when it is gone."""
        while True:
            self._take(await self._ask())
            await anyio.sleep(_POLL_S)

    async def set_speed(self, speed: float) -> float:
        """Ask for a speed; the answer is what the clock allows."""
        try:
            answer = await self._client.put(self._url, json={"speed": speed})
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise Transient(f"the exercise clock does not answer: {error}") from error
        self._take(answer)
        return self._speed

    async def _ask(self) -> httpx.Response:
        try:
            answer = await self._client.get(self._url)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise Transient(f"the exercise clock does not answer: {error}") from error
        return answer

    def _take(self, answer: httpx.Response) -> None:
        try:
            body = answer.json()
            world_utc, wall_s = parse_utc(body["world_utc"]), float(body["wall_s"])
            speed, ceiling = float(body["speed"]), float(body["ceiling"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Transient(f"{self._url} answers, but is no exercise clock") from error
        self._base_utc, self._base_wall_s = world_utc, wall_s
        self._speed, self.ceiling = speed, ceiling
