"""A command that is sent twice is done once: `Idempotency-Key`, kept on the disk for a day.

The key is written down before the command begins. After a crash or a fault in the middle nobody
can know whether it was done: then the same key is answered with that, and a person looks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ground_station.api.problems import problem
from ground_station.headers import headers_for
from ground_station.people.door import Door
from ground_station.people.errors import DoorRefused
from ground_station.store import tables
from ground_station.store.engine import Store
from patrol.clock import utc_text
from patrol.errors import StoreUnavailable

KEPT_FOR = timedelta(days=1)
HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
KEY_MAX = 200
_PENDING = 0
_REFUSED, _FAULTY = range(300, 500), range(500, 600)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    request_hash: str
    status: int  # _PENDING while it is being done
    media_type: str
    body: str


class Replays:
    """Around every POST that names a key."""

    def __init__(
        self, app: ASGIApp, *, store: Store, door: Door, now: Callable[[], datetime]
    ) -> None:
        self._app, self._store, self._door, self._now = app, store, door, now
        self._under_way: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from what is kept, or do it and keep the answer.

        For those who are in: a stranger's request goes on to the road, which tells them so, and
        leaves nothing on the disk.
        """
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        key = headers.get(HEADER, "")
        if not key or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        if len(key) > KEY_MAX:
            words = f"{HEADER} has at most {KEY_MAX} characters"
            await problem(Request(scope), 422, words, name="wrong_input")(scope, receive, send)
            return
        try:
            is_in = await self._is_in(scope)
        except StoreUnavailable as error:
            await _put_off(error, scope, receive, send)
            return
        if not is_in:
            await self._app(scope, receive, send)
            return
        body = await _whole(receive)
        name = _hash(headers.get("authorization", ""), headers.get("cookie", ""), key)
        asked = _hash(scope["path"], scope.get("query_string", b"").decode("latin-1"), body)
        try:
            await self._answer(name, asked, body, scope, send)
        except StoreUnavailable as error:
            await _put_off(error, scope, receive, send)

    async def _is_in(self, scope: Scope) -> bool:
        """Whether the door knows who asks."""
        try:
            await self._door.caller(HTTPConnection(scope))
        except DoorRefused:
            return False
        return True

    async def _answer(self, name: str, asked: str, body: bytes, scope: Scope, send: Send) -> None:
        receive = _giving(body)
        is_here = name in self._under_way
        self._under_way.add(name)
        try:
            kept = None if is_here else await self._begin(name, asked)
            if is_here or kept is not None:
                await _replayed(kept, asked, scope, receive, send)
                return
            await self._do(name, asked, scope, receive, send)
        finally:
            if not is_here:
                self._under_way.discard(name)

    async def _begin(self, name: str, asked: str) -> _Kept | None:
        """What is kept under the name; nothing, and from now on it is being done."""
        now = self._now()

        def work(connection: Connection) -> _Kept | None:
            kept = tables.replays
            old = utc_text(now - KEPT_FOR)
            connection.execute(delete(kept).where(kept.c.t_utc < old))
            found = connection.execute(select(kept).where(kept.c.name == name)).first()
            if found is not None:
                return _Kept(
                    request_hash=found.request_hash, status=found.status,
                    media_type=found.media_type, body=found.body,
                )  # fmt: skip
            connection.execute(
                insert(kept).values(
                    name=name, request_hash=asked, status=_PENDING, media_type="", body="",
                    t_utc=utc_text(now),
                )
            )  # fmt: skip
            return None

        return await self._store.write(work)

    async def _do(self, name: str, asked: str, scope: Scope, receive: Receive, send: Send) -> None:
        answer: dict[str, Any] = {"status": 500, "media_type": "", "body": b""}

        async def copied(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer["status"] = message["status"]
                answer["media_type"] = Headers(raw=message["headers"]).get("content-type", "")
            elif message["type"] == "http.response.body":
                answer["body"] += message.get("body", b"")
                if not message.get("more_body", False):
                    # Kept, and over, before the caller hears of it and may ask again.
                    await self._end(name, answer)
                    self._under_way.discard(name)
            await send(message)

        await self._app(scope, receive, copied)

    async def _end(self, name: str, answer: dict[str, Any]) -> None:
        kept = tables.replays
        if answer["status"] in _FAULTY:
            return  # what was written before the fault stands: nobody may do it once more unseen
        if answer["status"] in _REFUSED:
            # A refusal has changed nothing: the same may be asked again when the state is another.
            await self._store.write(lambda c: c.execute(delete(kept).where(kept.c.name == name)))
            return
        values = {
            "status": answer["status"],
            "media_type": answer["media_type"],
            "body": answer["body"].decode("utf-8"),
        }
        await self._store.write(
            lambda c: c.execute(update(kept).where(kept.c.name == name).values(values))
        )


async def _put_off(error: StoreUnavailable, scope: Scope, receive: Receive, send: Send) -> None:
    refusal = problem(Request(scope), 503, str(error), error.text_zh)
    await refusal(scope, receive, send)


async def _replayed(
    kept: _Kept | None, asked: str, scope: Scope, receive: Receive, send: Send
) -> None:
    request = Request(scope)
    if kept is not None and kept.request_hash != asked:
        words = f"this {HEADER} was used for another request"
        answer: ASGIApp = problem(request, 422, words, "该幂等键已用于其他请求", name="key_reused")
    elif kept is None or kept.status == _PENDING:
        words = (
            "this is being done, or the station ended in the middle of it: look at the state "
            "before you ask again under another key"
        )
        answer = problem(
            request, 409, words, "该操作正在执行或曾中断，请先查看状态", name="outcome_unknown"
        )
    else:
        await _send_kept(kept, request, send)
        return
    await answer(scope, receive, send)


async def _send_kept(kept: _Kept, request: Request, send: Send) -> None:
    body = kept.body.encode()
    site = headers_for(request.url)
    headers = [
        *((name.lower().encode(), value.encode()) for name, value in site.items()),
        (b"content-type", kept.media_type.encode()),
        (b"content-length", str(len(body)).encode()),
        (REPLAYED.lower().encode(), b"true"),
    ]
    await send({"type": "http.response.start", "status": kept.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _whole(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _giving(body: bytes) -> Receive:
    is_given = False

    async def receive() -> Message:
        nonlocal is_given
        if is_given:
            return {"type": "http.disconnect"}
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _hash(*parts: str | bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode()
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()
