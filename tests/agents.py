"""A payload agent in the test's own loop, on a real port; clips; and a link that can be cut."""

from __future__ import annotations

import contextlib
import functools
import io
import socket
import ssl
import wave
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import numpy as np
import uvicorn

from drone.agent_app import Agent
from drone.clip_shelf import ClipShelf
from drone.clips import Clip, clip_of
from drone.impatient_http import ImpatientHttp
from drone.play_events import EventLog, PlayEvent
from drone.plays import Player
from drone.speaker import HttpSpeaker
from patrol.clock import utc_text

SECRET = "0123456789abcdef"  # noqa: S105  # a squad's token, in tests alone


def wav(duration_s: float, *, rate_hz: int = 8000, tone: bool = False) -> bytes:
    """A WAV file of that length: silence, or a tone."""
    out = io.BytesIO()
    count = int(rate_hz * duration_s)
    samples = bytes(2 * count)
    if tone:
        wave_form = 8000 * np.sin(2 * np.pi * 440 * np.arange(count) / rate_hz)
        samples = wave_form.astype("<i2").tobytes()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate_hz)
        sound.writeframes(samples)
    return out.getvalue()


@functools.cache
def a_clip(duration_s: float = 0.2) -> Clip:
    """A clip of a tone."""
    return clip_of(wav(duration_s, tone=True), "test")


def an_order(clip: Clip, *, expires_in_s: float = 30.0, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """The body of a play request."""
    expires_utc = datetime.now(UTC) + timedelta(seconds=expires_in_s)
    body = {"sha256": clip.sha256, "announcement_id": "B-1", "expires_utc": utc_text(expires_utc)}
    return body | changes


@dataclass
class Horn:
    """An output that plays until it is told that the clip is over; it remembers what it did."""

    name: str = "horn"
    is_over: anyio.Event = field(default_factory=anyio.Event)
    played: list[tuple[str, float]] = field(default_factory=list)
    is_sounding: bool = False
    started: anyio.Event = field(default_factory=anyio.Event)

    async def play(self, clip: Clip, volume_pct: float) -> bool:
        self.is_sounding = True
        self.started.set()
        try:
            await self.is_over.wait()
        finally:
            self.is_sounding = False
        self.played.append((clip.sha256, volume_pct))
        return True


@dataclass
class LiveHorn(Horn):
    """An output that takes a voice as it comes."""

    heard: bytes = b""

    async def play_live(
        self, samples: AsyncIterator[bytes], *, rate_hz: int, volume_pct: float
    ) -> bool:
        self.is_sounding = True
        self.started.set()
        try:
            async for piece in samples:
                self.heard += piece
        finally:
            self.is_sounding = False
        return True


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the test run."""
        yield

    async def main_loop(self) -> None:
        """Ends sooner than uvicorn's own, which looks ten times a second."""
        while not self.should_exit:
            await anyio.sleep(0.005)


@dataclass
class Here:
    """A running agent."""

    port: int
    horn: Horn
    log: EventLog
    scheme: str = "http"

    def events(self) -> list[PlayEvent]:
        """Everything that happened so far."""
        return list(self.log._events.values())

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"


@asynccontextmanager
async def agent_here(
    folder: Path,
    *,
    token: str = "",
    tls: tuple[Path, Path] | None = None,
    horn: Horn | None = None,
    clock_off: timedelta = timedelta(),
) -> AsyncIterator[Here]:
    """The agent's own parts behind a real HTTP server; its horn waits for `is_over`."""
    horn, log = horn or Horn(), EventLog()
    listener = socket.socket(proto=socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(16)
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(listener)
        group = await stack.enter_async_context(anyio.create_task_group())
        player = Player(horn, group, log, lambda: datetime.now(UTC) + clock_off)
        agent = Agent(
            shelf=ClipShelf(folder), player=player, log=log, output_name=horn.name, token=token
        )
        server = _Server(
            uvicorn.Config(
                agent.app(), log_level="error", lifespan="off", timeout_graceful_shutdown=1,
                http=ImpatientHttp,
                ssl_certfile=tls[0] if tls else None, ssl_keyfile=tls[1] if tls else None,
            )
        )  # fmt: skip
        group.start_soon(server.serve, [listener])
        scheme = "https" if tls else "http"
        try:
            yield Here(port=listener.getsockname()[1], horn=horn, log=log, scheme=scheme)
        finally:
            log.close()
            server.should_exit = True
            await player.stop()


@asynccontextmanager
async def speaker_at(
    url: str, *, token: str = "", tls: ssl.SSLContext | None = None, silence_s: float = 5.0
) -> AsyncIterator[HttpSpeaker]:
    """A speaker that lets go of its connections."""
    speaker = HttpSpeaker(url, token=token, tls=tls, silence_s=silence_s, again_s=0.02)
    try:
        yield speaker
    finally:
        await speaker.aclose()


class Link:
    """Bytes between a station and an agent; it can lose answers and be cut."""

    def __init__(self, agent_port: int) -> None:
        self.agent_port = agent_port
        self.lose_answer_to = b""  # the first request that has this in it gets no answer
        self.then_agent_port = 0  # who answers after that loss; 0: the same
        self.port = 0
        self.is_cut = False
        self.is_listened = anyio.Event()  # somebody has asked for the agent's events
        self._open: set[anyio.abc.SocketStream] = set()

    async def run(
        self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
            self.port = listener.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610
            task_status.started()
            await listener.serve(self._carry)

    async def cut(self) -> None:
        """Break every connection that is open now."""
        for stream in list(self._open):
            await anyio.aclose_forcefully(stream)

    async def _carry(self, station: anyio.abc.SocketStream) -> None:
        async with station:
            if self.is_cut:
                return
            agent = await anyio.connect_tcp("127.0.0.1", self.agent_port)
            self._open.add(station)
            is_losing = False
            async with agent, anyio.create_task_group() as group:

                async def up() -> None:
                    nonlocal is_losing
                    with contextlib.suppress(*_GONE):
                        async for data in station:
                            if self.lose_answer_to and self.lose_answer_to in data:
                                self.lose_answer_to, is_losing = b"", True
                                self.agent_port = self.then_agent_port or self.agent_port
                            await agent.send(data)
                            if b"GET /events" in data:
                                self.is_listened.set()
                    group.cancel_scope.cancel()

                async def down() -> None:
                    with contextlib.suppress(*_GONE):
                        async for data in agent:
                            if is_losing:
                                break
                            await station.send(data)
                    group.cancel_scope.cancel()

                group.start_soon(up)
                group.start_soon(down)
            self._open.discard(station)


_GONE = (anyio.BrokenResourceError, anyio.ClosedResourceError)
