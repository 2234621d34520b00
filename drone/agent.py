"""The payload agent on the aircraft (`python -m drone.agent`): keeps clips, plays one at a time.

It decides nothing: a person released what comes here. `stop` silences at once.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import socket
import sys
import uuid
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import anyio
import anyio.abc
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from drone.sound_outputs import SoundOutput, output_of
from drone.voice import Clip, clip_of
from patrol.errors import ConfigError, SpeakerUnreachable

_SPL_1M_DBA = 110.0  # full broadcast level of the horn, DOMAIN 2.6
_CLIPS_KEPT = 32
_PLAYS_KEPT = 200
_CLIP_BYTES_MAX = 8 * 1024 * 1024  # three minutes of 22 kHz speech


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """One clip on its way through the loudspeaker."""

    play_id: str
    announcement_id: str
    sha256: str
    state: str  # playing, finished, failed or stopped
    reason: str = ""

    def to_dict(self) -> dict[str, str]:
        """JSON form."""
        return {
            "play_id": self.play_id, "announcement_id": self.announcement_id,
            "sha256": self.sha256, "state": self.state, "reason": self.reason,
        }  # fmt: skip


class Agent:
    """The loudspeaker's keeper."""

    def __init__(self, output: SoundOutput, group: anyio.abc.TaskGroup) -> None:
        self._output = output
        self._group = group
        self._clips: OrderedDict[str, Clip] = OrderedDict()
        self._plays: OrderedDict[str, Play] = OrderedDict()
        self._scope: anyio.CancelScope | None = None

    def app(self) -> Starlette:
        """The HTTP face."""
        return Starlette(
            routes=[
                Route("/clips", self._take_clip, methods=["POST"]),
                Route("/plays", self._start, methods=["POST"]),
                Route("/plays/{play_id}", self._tell, methods=["GET"]),
                Route("/stop", self._stop, methods=["POST"]),
                Route("/health", self._health, methods=["GET"]),
            ]
        )

    async def _take_clip(self, request: Request) -> JSONResponse:
        wav = bytearray()
        async for part in request.stream():
            wav += part
            if len(wav) > _CLIP_BYTES_MAX:
                return _refuse(413, f"a clip has at most {_CLIP_BYTES_MAX} bytes")
        try:
            clip = clip_of(bytes(wav), voice="")
        except ValueError as error:
            return _refuse(400, str(error))
        self._clips[clip.sha256] = clip
        while len(self._clips) > _CLIPS_KEPT:
            self._clips.popitem(last=False)
        return JSONResponse({"sha256": clip.sha256, "duration_s": clip.duration_s}, 201)

    async def _start(self, request: Request) -> JSONResponse:
        try:
            body: dict[str, Any] = await request.json()
            sha256, announcement_id = str(body["sha256"]), str(body["announcement_id"])
        except (ValueError, KeyError, TypeError):
            return _refuse(400, "wants JSON with sha256 and announcement_id")
        if sha256 not in self._clips:
            return _refuse(404, "there is no such clip here; post it first")
        if self._scope is not None:
            return _refuse(409, "the loudspeaker is playing")
        play = Play(
            play_id=uuid.uuid4().hex[:12], announcement_id=announcement_id, sha256=sha256,
            state="playing",
        )  # fmt: skip
        self._keep(play)
        self._scope = anyio.CancelScope()
        self._group.start_soon(self._play, play, self._clips[sha256], self._scope)
        return JSONResponse(play.to_dict(), 202)

    async def _play(self, play: Play, clip: Clip, scope: anyio.CancelScope) -> None:
        ended = replace(play, state="stopped", reason="stopped by a person")
        with scope:
            try:
                was_whole = await self._output.play(clip, _SPL_1M_DBA)
                ended = replace(play, state="finished") if was_whole else ended
            except SpeakerUnreachable as error:
                ended = replace(play, state="failed", reason=str(error))
        self._scope = None
        self._keep(ended)

    async def _tell(self, request: Request) -> JSONResponse:
        play = self._plays.get(request.path_params["play_id"])
        return JSONResponse(play.to_dict()) if play else _refuse(404, "no such play")

    async def _stop(self, request: Request) -> JSONResponse:
        was_playing = self._scope is not None
        if self._scope is not None:
            self._scope.cancel()
        return JSONResponse({"stopped": was_playing})

    async def _health(self, request: Request) -> JSONResponse:
        state = "playing" if self._scope is not None else "ready"
        return JSONResponse(
            {"state": state, "spl_1m_dba": _SPL_1M_DBA, "output": self._output.name}
        )

    def _keep(self, play: Play) -> None:
        self._plays[play.play_id] = play
        while len(self._plays) > _PLAYS_KEPT:
            self._plays.popitem(last=False)


def _refuse(status: int, text: str) -> JSONResponse:
    return JSONResponse({"error": text}, status)


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the agent's own: uvicorn would raise them again and skip the clean-up."""
        yield


async def serve(output: SoundOutput, port: int) -> None:
    """Serve on this port of the loopback (0: any free one) until a signal or the parent's end."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(16)  # ready means that a connection is taken
    except OSError as error:
        raise ConfigError(f"port {port} cannot be used: {error.strerror}") from error
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with anyio.create_task_group() as group:
            app = Agent(output, group).app()
            server = _Server(
                uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off")
            )

            async def end_on_signal() -> None:
                async for _ in signals:
                    group.cancel_scope.cancel()

            async def end_with_parent() -> None:
                await anyio.to_thread.run_sync(sys.stdin.read, abandon_on_cancel=True)
                group.cancel_scope.cancel()

            group.start_soon(end_on_signal)
            group.start_soon(end_with_parent)
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            sys.stdout.write(json.dumps({"event": "ready", "url": url}) + "\n")
            sys.stdout.flush()
            await server.serve(sockets=[listener])


def main() -> int:
    """Exit code 0 when ended, 2 for a wrong option."""
    parser = argparse.ArgumentParser(prog="python -m drone.agent")
    parser.add_argument("--port", type=int, default=8090, help="0: any free one")
    parser.add_argument("--output", default="device", help="device, null or air:URL")
    arguments = parser.parse_args()
    try:
        anyio.run(serve, output_of(arguments.output), arguments.port)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
