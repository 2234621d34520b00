"""The smallest correct RTSP/1.0 server (RFC 2326) for one live H.264 stream, over UDP or TCP.

A session lives as long as its connection. No package that pip alone installs served both ways
(tried 2026-11).
"""

from __future__ import annotations

import base64
import secrets
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass

import anyio
import anyio.abc
from anyio.streams.buffered import BufferedByteReceiveStream

from patrol.clock import WallClock
from sim.live import LiveStream
from sim.net import HOST, limit_send_buffer, local_port, peer_host
from sim.rtp import CLOCK_HZ, PAYLOAD_TYPE, RtpSender
from sim.rtsp_message import (
    BadMessage,
    Interleaved,
    Reply,
    RtspRequest,
    parse_transport,
    read_message,
)
from sim.rtsp_outlet import Outlet, TcpOutlet, UdpOutlet, play, port_pair

SESSION_TIMEOUT_S = 60.0
_METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, TEARDOWN, GET_PARAMETER"
_TRACK = "trackID=0"
_CONNECTIONS_MAX = 16
_SEND_BUFFER_BYTES = 262_144  # the kernel would otherwise hold seconds of old pictures
_WRITE_TIMEOUT_S = 10.0


class RtspServer:
    """Serves `stream` at `path` on a port of this machine that it chooses."""

    def __init__(
        self, *, stream: LiveStream, path: str, frames_per_s: int, clock: WallClock,
        session_timeout_s: float = SESSION_TIMEOUT_S,
    ) -> None:  # fmt: skip
        self.stream = stream
        self.path = path
        self.frames_per_s = frames_per_s
        self.clock = clock
        self.session_timeout_s = session_timeout_s
        self._connection_count = 0

    async def run(
        self, port: int = 0, *, task_status: anyio.abc.TaskStatus[int] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        """Serve until cancelled; says its port once it listens (0: the system chooses one)."""
        listener = await anyio.create_tcp_listener(local_host=HOST, local_port=port)
        async with listener:
            task_status.started(local_port(listener))
            await listener.serve(self._serve)

    async def _serve(self, connection: anyio.abc.SocketStream) -> None:
        self._connection_count += 1
        try:
            async with connection:
                if self._connection_count > _CONNECTIONS_MAX:
                    await connection.send(Reply(status=453).to_bytes(None))
                    return
                await _Connection(self, connection).run()
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
            pass  # the client had gone before it could be served
        finally:
            self._connection_count -= 1

    async def description(self) -> bytes:
        """The SDP of the stream (RFC 4566, RFC 6184 8.2.1)."""
        sequence_set, picture_set = await self.stream.parameter_sets()
        sets = ",".join(base64.b64encode(nal).decode() for nal in (sequence_set, picture_set))
        lines = (
            "v=0", f"o=- {int(time.time())} 1 IN IP4 {HOST}", "s=camera",
            f"c=IN IP4 {HOST}", "t=0 0", "a=control:*", "a=range:npt=now-",
            f"m=video 0 RTP/AVP {PAYLOAD_TYPE}", f"a=rtpmap:{PAYLOAD_TYPE} H264/{CLOCK_HZ}",
            f"a=fmtp:{PAYLOAD_TYPE} packetization-mode=1;"
            f"profile-level-id={sequence_set[1:4].hex().upper()};sprop-parameter-sets={sets}",
            f"a=framerate:{self.frames_per_s}", f"a=control:{_TRACK}",
        )  # fmt: skip
        return ("\r\n".join(lines) + "\r\n").encode("ascii")


@dataclass(slots=True, kw_only=True)
class _Session:
    name: str
    sender: RtpSender
    outlet: Outlet
    play_scope: anyio.CancelScope | None = None


class _Connection:
    """One client: its requests, its session, and the task that feeds it."""

    def __init__(self, server: RtspServer, connection: anyio.abc.SocketStream) -> None:
        self._server = server
        self._connection = connection
        self._write_lock = anyio.Lock()
        self._session: _Session | None = None
        self._resources = AsyncExitStack()  # the session's sockets
        self._heard_at_s = server.clock.monotonic_s()
        self._peer = peer_host(connection)

    async def run(self) -> None:
        """Answer until the client leaves, is silent for too long, or talks nonsense."""
        limit_send_buffer(self._connection, _SEND_BUFFER_BYTES)
        async with self._resources, anyio.create_task_group() as tasks:
            tasks.start_soon(self._watch, tasks.cancel_scope)
            try:
                await self._answer_all(tasks)
            except (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError,
                    anyio.ClosedResourceError, TimeoutError):  # fmt: skip
                pass  # the client has gone: nobody is left to tell
            tasks.cancel_scope.cancel()

    async def _watch(self, scope: anyio.CancelScope) -> None:
        """End the connection of a client that has been silent for the session time-out."""
        clock, timeout_s = self._server.clock, self._server.session_timeout_s
        while (left_s := self._heard_at_s + timeout_s - clock.monotonic_s()) > 0:
            await clock.sleep(left_s)
        scope.cancel()

    def _hear(self) -> None:
        self._heard_at_s = self._server.clock.monotonic_s()

    async def _answer_all(self, tasks: anyio.abc.TaskGroup) -> None:
        stream = BufferedByteReceiveStream(self._connection)
        while True:
            try:
                message = await read_message(stream)
            except BadMessage as error:
                await self._write(Reply(status=error.status).to_bytes(None))
                return
            self._hear()
            if isinstance(message, Interleaved):
                continue  # a receiver report: being heard is all it is for
            reply = await self._answer(message, tasks)
            await self._write(reply.to_bytes(message.headers.get("cseq")))
            if message.method == "PLAY" and reply.status == 200:
                self._start_playing(tasks)

    async def _answer(self, request: RtspRequest, tasks: anyio.abc.TaskGroup) -> Reply:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        if request.method == "OPTIONS":
            return Reply(status=200, headers={"Public": _METHODS})
        if request.method == "DESCRIBE":
            return await self._describe(request)
        if request.method == "SETUP":
            return await self._set_up(request, tasks)
        session = self._session
        if session is None or self._names_another(request):
            is_ping = request.method == "GET_PARAMETER" and "session" not in request.headers
            return Reply(status=200 if is_ping else 454)
        headers = {"Session": session.name}
        if request.method == "PLAY":
            # A stamp lets the client place the first picture on its own time line.
            stamp = session.sender.timestamp(self._server.clock.monotonic_s())
            start = (
                f"url={self._base(request)}{_TRACK};seq={session.sender.sequence};rtptime={stamp}"
            )
            return Reply(status=200, headers=headers | {"Range": "npt=now-", "RTP-Info": start})
        if request.method == "PAUSE":
            await self._stop_playing(session)
        elif request.method == "TEARDOWN":
            await self._tear_down(session)
        elif request.body:
            return Reply(status=451, headers=headers)
        return Reply(status=200, headers=headers)

    def _refusal(self, request: RtspRequest) -> Reply | None:
        """What is wrong with a request whatever it wants; None when nothing is."""
        if request.version != "RTSP/1.0":
            return Reply(status=505)
        if not request.headers.get("cseq", "").isdigit():
            return Reply(status=400)
        if "require" in request.headers:
            return Reply(status=551, headers={"Unsupported": request.headers["require"]})
        if request.method not in _METHODS.split(", "):
            return Reply(status=501, headers={"Public": _METHODS})
        known = (self._server.path, f"{self._server.path}/{_TRACK}")
        if request.path not in known and request.method != "OPTIONS":
            return Reply(status=404)
        return None

    def _names_another(self, request: RtspRequest) -> bool:
        name = request.headers.get("session", "").split(";")[0].strip()
        return self._session is None or name != self._session.name

    def _base(self, request: RtspRequest) -> str:
        return request.url.split(_TRACK)[0].rstrip("/") + "/"

    async def _describe(self, request: RtspRequest) -> Reply:
        accepted = request.headers.get("accept", "application/sdp")
        if "application/sdp" not in accepted and "*/*" not in accepted:
            return Reply(status=406)
        headers = {"Content-Base": self._base(request), "Content-Type": "application/sdp"}
        return Reply(status=200, headers=headers, body=await self._server.description())

    async def _set_up(self, request: RtspRequest, tasks: anyio.abc.TaskGroup) -> Reply:
        if self._session is not None:
            return Reply(status=455, headers={"Session": self._session.name})
        transport = parse_transport(request.headers.get("transport", ""))
        if transport is None:
            return Reply(status=461)
        sender = RtpSender()
        outlet: Outlet
        if transport.is_tcp:
            outlet = TcpOutlet(transport, sender.ssrc, self._write_media)
        else:
            sockets = await self._resources.enter_async_context(port_pair(HOST))
            outlet = UdpOutlet(transport, sender.ssrc, self._peer, sockets)
            tasks.start_soon(outlet.listen, self._hear)
        self._session = _Session(name=secrets.token_hex(8), sender=sender, outlet=outlet)
        timeout = f"{self._session.name};timeout={self._server.session_timeout_s:.0f}"
        return Reply(status=200, headers={"Transport": outlet.transport_header, "Session": timeout})

    def _start_playing(self, tasks: anyio.abc.TaskGroup) -> None:
        session = self._session
        if session is not None and session.play_scope is None:
            session.play_scope = anyio.CancelScope()
            tasks.start_soon(self._play, session, session.play_scope)

    async def _play(self, session: _Session, scope: anyio.CancelScope) -> None:
        server = self._server
        with scope:
            try:
                await play(server.stream, session.sender, session.outlet, server.clock.monotonic_s)
            except (anyio.BrokenResourceError, anyio.ClosedResourceError, TimeoutError):
                # A client that does not read for so long is closed; the reading side ends it all.
                await anyio.aclose_forcefully(self._connection)

    async def _stop_playing(self, session: _Session) -> None:
        # With the lock held the player is not in the middle of a packet.
        async with self._write_lock:
            if session.play_scope is not None:
                session.play_scope.cancel()
                session.play_scope = None

    async def _tear_down(self, session: _Session) -> None:
        was_playing = session.play_scope is not None
        await self._stop_playing(session)
        if was_playing:
            now_s = self._server.clock.monotonic_s()
            farewell = session.sender.bye(wall_s=now_s, unix_s=time.time())
            await session.outlet.send_control(farewell)
        self._session = None

    async def _write(self, data: bytes) -> None:
        async with self._write_lock:
            with anyio.fail_after(_WRITE_TIMEOUT_S):
                await self._connection.send(data)

    async def _write_media(self, data: bytes) -> None:
        await self._write(data)
        self._hear()  # a client that takes what it is sent is alive
