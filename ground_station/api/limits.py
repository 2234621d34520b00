"""No request is larger than it needs to be, and what has not changed is not sent again."""

from __future__ import annotations

import hashlib
import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ground_station.api.problems import problem

BODY_MAX_BYTES = 1 << 20
_TAGGED_MAX_BYTES = 4 << 20
# PostgreSQL keeps no text with it, and nobody types it.
_NUL_IN_JSON = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class BodyLimit:
    """413 for a body that is too large, 422 for a NUL in what is asked or sent."""

    def __init__(self, app: ASGIApp, max_bytes: int = BODY_MAX_BYTES) -> None:
        self._app, self._max_bytes = app, max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what comes in; nothing of it is kept here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = Headers(scope=scope).get("content-length", "0")
        if not told.isdigit() or int(told) > self._max_bytes:
            await self._refuse(scope, receive, send)
            return
        body, is_whole = await self._read(receive)
        if body is None:
            await self._refuse(scope, receive, send)
            return
        if "\0" in scope["path"] or b"%00" in scope["query_string"] or _NUL_IN_JSON.search(body):
            words = "text has no NUL character in it"
            no = problem(
                Request(scope), 422, words, "文本中不能含空字符（NUL）", name="wrong_input"
            )
            await no(scope, receive, send)
            return
        sent = False

        async def replayed() -> Message:
            nonlocal sent
            if sent or not is_whole:
                return await receive()
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, replayed, send)

    async def _read(self, receive: Receive) -> tuple[bytes | None, bool]:
        """The body, None when it is too large; not whole when the client has gone."""
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return b"", False
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self._max_bytes:
                return None, True
            if not message.get("more_body", False):
                return b"".join(parts), True

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        words = f"a request has at most {self._max_bytes} bytes"
        refusal = problem(Request(scope), 413, words, "请求内容过大", name="too_large")
        await refusal(scope, receive, send)


class EntityTags:
    """A weak ETag on every JSON answer to GET; 304 when the reader has it already."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hold a JSON answer back until its tag is known; streams and files pass through."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        held: list[Message] = []

        async def tagged(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_taggable(message):
                held.append(message)
                return
            if not held:
                await send(message)
                return
            held.append(message)
            if not message.get("more_body", False):
                await _send_tagged(scope, held, send)

        await self._app(scope, receive, tagged)


def _is_taggable(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    length = headers.get("content-length", "")
    is_json = headers.get("content-type", "").startswith(("application/json", "application/geo"))
    is_short = length.isdigit() and int(length) <= _TAGGED_MAX_BYTES
    return start["status"] == 200 and is_json and is_short  # streams tell no length


async def _send_tagged(scope: Scope, held: list[Message], send: Send) -> None:
    start, body = held[0], b"".join(message.get("body", b"") for message in held[1:])
    tag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = MutableHeaders(raw=list(start["headers"]))
    headers["ETag"] = tag
    known = Headers(scope=scope).get("if-none-match", "")
    if tag in {one.strip() for one in known.split(",")} or known.strip() == "*":
        del headers["content-length"]
        await send({"type": "http.response.start", "status": 304, "headers": headers.raw})
        await send({"type": "http.response.body", "body": b""})
        return
    await send({"type": "http.response.start", "status": 200, "headers": headers.raw})
    await send({"type": "http.response.body", "body": body})
