"""How a MAVSDK call is made: shielded, tried again, confirmed by state, refused in words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import anyio
import anyio.lowlevel
from mavsdk.asyncio import System
from mavsdk.exceptions import MavsdkError

from drone.newest import Newest, Part
from patrol.clock import WallClock
from patrol.errors import CommandDenied
from patrol.groups import one_error
from patrol.telemetry import FlightMode

CONFIRM_S = 10.0  # wall; a deed that the state does not show by then was not done
_TRIES = 3
TRY_AGAIN_S = 0.2  # wall
_WORDS_COME_S = 0.3  # wall; the autopilot's words arrive beside its refusal
_LOOK_EVERY_S = 0.05  # wall

_FRESH_S = 2.0  # wall
INTERRUPTIBLE = -1  # the gravity of what gives way to anything else

T = TypeVar("T")
State = Callable[[Newest], bool]


async def shielded(call: Callable[[], Awaitable[T]]) -> T:
    """One native call to its end: cancelled, its thread would hang the process on leaving.

    It ends by itself within 2 s; one that does not is for `Calls.transfer`. Waiting for what it
    causes may be cancelled; the call may not.
    """
    with anyio.CancelScope(shield=True):
        return await call()
    raise AssertionError("a shielded scope swallows nothing")  # mypy cannot know it


class Calls:
    """Calls of one aircraft, one command at a time; a graver one breaks off the one under way."""

    def __init__(self, newest: Newest, wall: WallClock) -> None:
        self._newest = newest
        self._wall = wall
        self._one_at_a_time = anyio.Lock()
        self._waiting: list[int] = []
        self._gravity = 0

    @asynccontextmanager
    async def turn(self, gravity: int = 0) -> AsyncIterator[None]:
        """Wait for one's turn; what is under way and less grave gives up at its next look."""
        self._waiting.append(gravity)
        try:
            await self._one_at_a_time.acquire()
        finally:
            self._waiting.remove(gravity)
        self._gravity = gravity
        try:
            yield
        finally:
            self._one_at_a_time.release()

    async def confirmed(
        self, name: str, call: Callable[[], Awaitable[object]], is_done: Callable[[Newest], bool]
    ) -> None:
        """Call, then wait until the state shows it; the autopilot's own words when it does not."""
        self.check(name)
        since_s = self._wall.monotonic_s()
        try:
            await shielded(call)
        except MavsdkError as error:
            await self._wall.sleep(_WORDS_COME_S)
            raise self.denied(name, error, since_s) from error
        await self.until(name, is_done, since_s=since_s)

    async def transfer(
        self, name: str, call: Callable[[], Awaitable[T]], stop: Callable[[], Awaitable[object]]
    ) -> T:
        """A native call that may take minutes on a slow radio.

        `stop` ends it early when something graver waits, or when whoever asked is cancelled.
        """
        await anyio.lowlevel.checkpoint()  # who is cancelled already begins nothing
        self.check(name)
        is_over = False

        async def watch() -> None:
            try:
                while not self._is_graver_waiting:
                    await self._wall.sleep(_LOOK_EVERY_S)
            finally:
                with anyio.CancelScope(shield=True):
                    while not is_over:
                        with suppress(MavsdkError):  # it has not begun yet, or has ended
                            await stop()
                        await self._wall.sleep(TRY_AGAIN_S)

        result: T | None = None
        refusal: MavsdkError | None = None
        with one_error():
            async with anyio.create_task_group() as group:
                group.start_soon(watch)
                try:
                    result = await shielded(call)
                except MavsdkError as error:
                    refusal = error
                is_over = True
                group.cancel_scope.cancel()
        self.check(name)
        if refusal is not None:
            raise refusal
        return result  # type: ignore[return-value]  # T may be None itself

    def is_shown(self, is_done: State) -> bool:
        """Whether a fresh heartbeat shows it; an older one proves nothing about now."""
        return self.is_fresh(Part.MODE) and is_done(self._newest)

    def is_fresh(self, *parts: Part) -> bool:
        """Whether all of these were told just now."""
        now_s = self._wall.monotonic_s()
        ages_s = [self._newest.age_s(part, now_s) for part in parts]
        return all(age_s is not None and age_s < _FRESH_S for age_s in ages_s)

    async def once(self, name: str, call: Callable[[], Awaitable[object]], is_done: State) -> None:
        """Nothing is sent where the state shows it done already."""
        if not self.is_shown(is_done):
            await self.confirmed(name, call, is_done)

    async def until(
        self,
        name: str,
        is_done: Callable[[Newest], bool],
        *,
        within_s: float = CONFIRM_S,
        since_s: float | None = None,
    ) -> None:
        """Wait for a state; CommandDenied when it does not come or something graver does."""
        started_s = self._wall.monotonic_s()
        while not is_done(self._newest):
            self.check(name)
            if self._wall.monotonic_s() - started_s > within_s:
                words = self._words_since(started_s if since_s is None else since_s)
                raise CommandDenied(
                    name, words or f"not done within {within_s:.0f} s",
                    said_zh(words) if words else f"{within_s:.0f}秒内未完成",
                )  # fmt: skip
            await self._wall.sleep(_LOOK_EVERY_S)

    async def tried(self, name: str, call: Callable[[], Awaitable[T]]) -> T:
        """Try again on a lost message; the last refusal is told."""
        since_s = self._wall.monotonic_s()
        for attempt in range(_TRIES):
            self.check(name)
            try:
                return await shielded(call)
            except MavsdkError as error:
                if attempt == _TRIES - 1:
                    raise self.denied(name, error, since_s) from error
                await self._wall.sleep(TRY_AGAIN_S)
        raise AssertionError("the last try returns or raises")

    async def read(self, call: Callable[[], Awaitable[T]]) -> T | None:
        """One answer, or None where the autopilot does not give it."""
        self.check("ask")
        try:
            return await shielded(call)
        except MavsdkError:
            return None  # pre-flight makes a finding of what is missing

    def check(self, name: str) -> None:
        """CommandDenied when something graver than what is under way waits."""
        if self._is_graver_waiting:
            raise CommandDenied(
                name, "broken off: the aircraft was told something more urgent",
                "已中断：有更紧急的指令",
            )  # fmt: skip

    def denied(self, name: str, error: MavsdkError, since_s: float) -> CommandDenied:
        """The autopilot's own words since then, or the name of its answer."""
        words = self._words_since(since_s) or result_name(error)
        return CommandDenied(name, words, said_zh(words))

    @property
    def _is_graver_waiting(self) -> bool:
        return max(self._waiting, default=INTERRUPTIBLE) > self._gravity

    def _words_since(self, since_s: float) -> str:
        return "; ".join(self._newest.texts_since(since_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What every deed of one aircraft is done with."""

    system: Callable[[], System]  # CommandDenied while there is no link
    calls: Calls
    newest: Newest
    wall: WallClock
    tell: Callable[[str, dict[str, Any]], None]  # publishes a story event


def said_zh(words: str) -> str:
    """The autopilot's own words, which are English, for a Chinese reader."""
    return f"飞控回复：{words}"


def is_in(*modes: FlightMode) -> State:
    """A state: one of these modes."""
    return lambda newest: newest.mode in modes


def result_name(error: MavsdkError) -> str:
    """The result's name, for an autopilot that says nothing else."""
    result = getattr(error, "result", None)
    return str(getattr(result, "name", error))
