"""A tiny HTTP/1.1 server: bodies with a Content-Length, hard limits, keep-alive."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.abc
from anyio.streams.buffered import BufferedByteReceiveStream

from sim.net import HOST, local_port

_HEAD_BYTES_MAX = 16_384
_BODY_BYTES_MAX = 32 * 1024 * 1024  # ten minutes of 22 kHz speech is 26 MB
_IDLE_TIMEOUT_S = 30.0
_CONNECTIONS_MAX = 32
_REASONS = {
    200: "OK", 204: "No Content", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed",
    409: "Conflict", 411: "Length Required", 413: "Content Too Large",
    415: "Unsupported Media Type", 431: "Request Header Fields Too Large",
    503: "Service Unavailable", 505: "HTTP Version Not Supported",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One request; header names are in lower case, the path has no query."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """Status and a JSON object."""

    status: int = 200
    body: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


def json_body(request: HttpRequest) -> Any:  # noqa: ANN401  # JSON
    """What the body says; ValueError in words for one that is no JSON."""
    try:
        return json.loads(request.body)
    except RecursionError as error:
        raise ValueError("the body is nested too deeply") from error


def refuse(status: int, text: str) -> HttpAnswer:
    """An error with its sentence."""
    return HttpAnswer(status=status, body={"error": text})


Handler = Callable[[HttpRequest], Awaitable[HttpAnswer]]
Routes = Mapping[tuple[str, str], Handler]  # (method, path)


class _BadRequest(Exception):
    """What came cannot be answered otherwise; the connection ends."""

    def __init__(self, answer: HttpAnswer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class HttpServer:
    """Serves the routes on a port of this machine that it chooses."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes
        self._connection_count = 0

    async def run(
        self, *, task_status: anyio.abc.TaskStatus[int] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        """Serve until cancelled; says its port once it listens."""
        listener = await anyio.create_tcp_listener(local_host=HOST, local_port=0)
        async with listener:
            task_status.started(local_port(listener))
            await listener.serve(self._serve)

    async def _serve(self, connection: anyio.abc.SocketStream) -> None:
        self._connection_count += 1
        try:
            async with connection:
                if self._connection_count > _CONNECTIONS_MAX:
                    await connection.send(_encoded(refuse(503, "too many connections"), True))
                    return
                await self._converse(connection)
        except (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError,
                anyio.ClosedResourceError, TimeoutError):  # fmt: skip
            pass  # the client has gone, or never finished its request
        finally:
            self._connection_count -= 1

    async def _converse(self, connection: anyio.abc.SocketStream) -> None:
        stream = BufferedByteReceiveStream(connection)
        while True:
            try:
                with anyio.fail_after(_IDLE_TIMEOUT_S):
                    request = await _read(stream, connection)
            except _BadRequest as error:
                await connection.send(_encoded(error.answer, True))
                return
            answer = await self._answer_while_heard(request, stream)
            is_last = request.headers.get("connection", "").lower() == "close"
            await connection.send(_encoded(answer, is_last, has_body=request.method != "HEAD"))
            if is_last:
                return

    async def _answer_while_heard(
        self, request: HttpRequest, stream: BufferedByteReceiveStream
    ) -> HttpAnswer:
        """The handler's answer. A client that leaves meanwhile cancels it (EndOfStream)."""
        answers: list[HttpAnswer] = []
        async with anyio.create_task_group() as tasks:

            async def answer() -> None:
                answers.append(await self._answer(request))
                tasks.cancel_scope.cancel()

            async def notice_leaving() -> None:
                try:
                    # Whatever comes now belongs to the next request.
                    stream.feed_data(await stream.receive_stream.receive())
                except (anyio.EndOfStream, anyio.BrokenResourceError):
                    tasks.cancel_scope.cancel()

            tasks.start_soon(answer)
            tasks.start_soon(notice_leaving)
        if not answers:
            raise anyio.EndOfStream
        return answers[0]

    async def _answer(self, request: HttpRequest) -> HttpAnswer:
        handler = self._routes.get((request.method, request.path))
        if handler is not None:
            return await handler(request)
        allowed = sorted(method for method, path in self._routes if path == request.path)
        if not allowed:
            return refuse(404, f"there is no {request.path}")
        answer = refuse(405, f"{request.path} does not take {request.method}")
        return HttpAnswer(status=405, body=answer.body, headers={"Allow": ", ".join(allowed)})


async def _read(
    stream: BufferedByteReceiveStream, connection: anyio.abc.SocketStream
) -> HttpRequest:
    too_long = _BadRequest(refuse(431, "the header is too long"))
    try:
        head = (await stream.receive_until(b"\r\n\r\n", _HEAD_BYTES_MAX)).decode("latin-1")
    except anyio.DelimiterNotFound as error:
        raise too_long from error
    if len(head) > _HEAD_BYTES_MAX:  # what came in one piece is searched beyond the limit
        raise too_long
    lines = head.lstrip("\r\n").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/"):
        raise _BadRequest(refuse(400, "not an HTTP request"))
    if words[2] != "HTTP/1.1":
        raise _BadRequest(refuse(505, "only HTTP/1.1 is spoken here"))
    pairs = [line.partition(":") for line in lines[1:]]
    if any(not colon or name != name.strip() or not name for name, colon, _ in pairs):
        raise _BadRequest(refuse(400, "a header line without a name"))
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    length = _body_length(headers)
    if length and headers.get("expect", "").lower() == "100-continue":
        await connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = await stream.receive_exactly(length) if length else b""
    return HttpRequest(method=words[0], path=words[1].split("?")[0], headers=headers, body=body)


def _body_length(headers: dict[str, str]) -> int:
    if "transfer-encoding" in headers:
        raise _BadRequest(refuse(411, "send the body with a Content-Length"))
    text = headers.get("content-length", "0")
    if not text.isascii() or not text.isdigit():
        raise _BadRequest(refuse(400, "Content-Length is not a number"))
    if int(text) > _BODY_BYTES_MAX:
        raise _BadRequest(refuse(413, f"more than {_BODY_BYTES_MAX} bytes"))
    return int(text)


def _encoded(answer: HttpAnswer, is_last: bool, *, has_body: bool = True) -> bytes:
    body = json.dumps(answer.body).encode()
    lines = [
        f"HTTP/1.1 {answer.status} {_REASONS[answer.status]}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in answer.headers.items()),
        *(("Connection: close",) if is_last else ()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (body if has_body else b"")
