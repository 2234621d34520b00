"""The payload agent's HTTP face: clips, plays, stop, health, and a stream of what happens."""

from __future__ import annotations

import hmac
import json
from collections.abc import AsyncIterator

import anyio
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from drone.clip_shelf import ClipShelf, NotThatClip
from drone.clips import CLIP_BYTES_MAX, LONGEST_CLIP_S, SHORTEST_CLIP_S
from drone.live_voice import LIVE_CHUNK_BYTES_MAX, LiveVoice
from drone.loudness import SPL_1M_DBA
from drone.play_events import EventLog
from drone.play_orders import OrderRefused, read_order
from drone.plays import Player
from patrol.clock import utc_text

_ORDER_BYTES_MAX = 16_384
_KEYS_MAX = 32
_ORDER_WITHIN_S, _CLIP_WITHIN_S = 10.0, 60.0  # wall; what stalls for longer holds memory
_UPLOADS_MAX = 4  # at once: each may hold CLIP_BYTES_MAX twice
_LIVE_STALL_S = 2.0  # wall; a microphone that is silent sends packets all the same
_SIGN_OF_LIFE_S = 2.0  # wall; a listener that hears nothing for longer connects again


class Agent:
    """The loudspeaker's keeper."""

    def __init__(
        self, *, shelf: ClipShelf, player: Player, log: EventLog, output_name: str, token: str
    ) -> None:
        self._shelf = shelf
        self._player = player
        self._log = log
        self._output_name = output_name
        self._token = token
        self._uploads = anyio.CapacityLimiter(_UPLOADS_MAX)

    def app(self) -> Starlette:
        """The routes, behind the token when there is one."""
        return Starlette(
            routes=[
                Route("/clips/{sha256}", self._put_clip, methods=["PUT"]),
                Route("/clips/{sha256}", self._has_clip, methods=["HEAD"]),
                Route("/plays", self._start, methods=["POST"]),
                Route("/plays/{play_id}", self._tell, methods=["GET"]),
                Route("/live", self._go_live, methods=["POST"]),
                Route("/live/{play_id}/{number:int}", self._hear_chunk, methods=["PUT"]),
                Route("/live/{play_id}/{number:int}/end", self._end_live, methods=["POST"]),
                Route("/events", self._stream, methods=["GET"]),
                Route("/stop", self._stop, methods=["POST"]),
                Route("/health", self._health, methods=["GET"]),
            ],
            middleware=[Middleware(_TokenGate, token=self._token)] if self._token else [],
            exception_handlers={OrderRefused: _refusal},
        )

    async def _put_clip(self, request: Request) -> Response:
        async with self._uploads:
            sound = await _body(request, CLIP_BYTES_MAX, within_s=_CLIP_WITHIN_S)
            try:
                clip = await self._shelf.put(request.path_params["sha256"], sound)
            except NotThatClip as error:
                raise OrderRefused(409, str(error)) from error
            except ValueError as error:
                raise OrderRefused(422, str(error)) from error
            except OSError as error:
                raise OrderRefused(507, f"the clip cannot be kept: {error.strerror}") from error
        body = {"sha256": clip.sha256, "duration_s": clip.duration_s, "format": clip.media_type}
        return JSONResponse(body, 201)

    async def _has_clip(self, request: Request) -> Response:
        is_here = await self._shelf.has(request.path_params["sha256"])
        return Response(status_code=200 if is_here else 404)

    async def _start(self, request: Request) -> Response:
        stops_before = self._player.stop_count
        raw = await _body(request)
        order = read_order(request.headers.get("idempotency-key", ""), _json(raw))
        play = self._player.known(order)
        status = 200 if play else 202
        if play is None:
            try:
                clip = await self._shelf.take(order.sha256)
            except LookupError as error:
                raise OrderRefused(404, str(error)) from error
            # The same order may have come twice while the clip was read.
            play = self._player.known(order) or self._player.accept(
                order, clip, stops_before=stops_before
            )
        body = play.to_dict() | {"boot_id": self._log.boot_id, "after": play.after}
        return JSONResponse(body, status)

    async def _go_live(self, request: Request) -> Response:
        """A voice that is going to come in chunks; it has an order like any other play."""
        stops_before = self._player.stop_count
        body = _json(await _body(request))
        if isinstance(body, dict):
            body |= {"sha256": "", "repeat": 1}
        order = read_order(request.headers.get("idempotency-key", ""), body)
        play = self._player.known(order)
        status = 200 if play else 202
        if play is None:
            voice = LiveVoice(stall_s=_LIVE_STALL_S)
            play = self._player.accept_live(order, voice, stops_before=stops_before)
        told = play.to_dict() | {"boot_id": self._log.boot_id, "after": play.after}
        return JSONResponse(told, status)

    async def _hear_chunk(self, request: Request) -> Response:
        chunk = await _body(request, LIVE_CHUNK_BYTES_MAX)
        voice = self._player.voice(request.path_params["play_id"])
        voice.put(request.path_params["number"], chunk)
        return JSONResponse({"next": voice.next_number})

    async def _end_live(self, request: Request) -> Response:
        voice = self._player.voice(request.path_params["play_id"])
        voice.end(request.path_params["number"])
        return JSONResponse({"sha256": voice.sha256, "duration_s": round(voice.duration_s, 3)})

    async def _tell(self, request: Request) -> Response:
        play = self._player.find(request.path_params["play_id"])
        if play is None:
            raise OrderRefused(404, "no such play")
        return JSONResponse(play.to_dict())

    async def _stream(self, request: Request) -> Response:
        text = request.headers.get("last-event-id") or request.query_params.get("after", "0")
        if not (text.isascii() and text.isdigit() and len(text) < 16):
            raise OrderRefused(400, "after is the number of the last event that was heard")
        lines = _event_lines(self._log, int(text))
        return StreamingResponse(
            lines, media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )

    async def _stop(self, request: Request) -> Response:
        # Silence first: the rest of the request may be slow on its way, or never come.
        was_playing = await self._player.stop()
        try:
            keys = _keys(await _body(request))
        except OrderRefused:
            keys = []  # whatever else it says, it is a stop
        was_playing |= await self._player.stop(keys)
        return JSONResponse({"stopped": was_playing})

    async def _health(self, request: Request) -> Response:
        return JSONResponse(
            {
                "state": "playing" if self._player.is_playing else "ready",
                "spl_1m_dba": SPL_1M_DBA,
                "output": self._output_name,
                "time_utc": utc_text(self._player.now_utc()),
                "boot_id": self._log.boot_id,
                "clip_limits": {
                    "bytes": CLIP_BYTES_MAX,
                    "shortest_s": SHORTEST_CLIP_S,
                    "longest_s": LONGEST_CLIP_S,
                },
            }
        )


class _TokenGate:
    """Lets nobody in without the squad's token, not even to ask how it is."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._wanted = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = dict(scope.get("headers", [])).get(b"authorization", b"")
        if hmac.compare_digest(given, self._wanted):
            await self._app(scope, receive, send)
            return
        await _refuse(401, "the token is missing or not this agent's")(scope, receive, send)


async def _event_lines(log: EventLog, after: int) -> AsyncIterator[str]:
    """Server-sent events: first who speaks, then each event, and a comment as a sign of life."""
    yield f"event: hello\ndata: {json.dumps({'boot_id': log.boot_id, 'last': log.last})}\n\n"
    async for event in log.after(after, _SIGN_OF_LIFE_S):
        if event is None:
            yield ": here\n\n"
        else:
            body = json.dumps(event.to_dict(), ensure_ascii=False)
            yield f"id: {event.number}\nevent: play\ndata: {body}\n\n"


async def _body(
    request: Request, bytes_max: int = _ORDER_BYTES_MAX, *, within_s: float = _ORDER_WITHIN_S
) -> bytes:
    """The whole body; OrderRefused when it is too long, too slow or broken off."""
    body = bytearray()
    try:
        with anyio.fail_after(within_s):
            async for part in request.stream():
                body += part
                if len(body) > bytes_max:
                    raise OrderRefused(413, f"too long: {bytes_max} bytes are the most")
    except TimeoutError:
        raise OrderRefused(408, f"the rest did not come within {within_s:g} s") from None
    except ClientDisconnect:
        raise OrderRefused(400, "it broke off in its middle") from None
    return bytes(body)


def _json(raw: bytes) -> object:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise OrderRefused(400, "wants JSON with sha256, announcement_id, expires_utc") from error


def _keys(raw: bytes) -> list[str]:
    """The orders that a stop names; whatever else it says, it is a stop."""
    try:
        body = json.loads(raw or b"{}")
        return [str(key) for key in body["keys"]][-_KEYS_MAX:]
    except (ValueError, LookupError, TypeError, RecursionError):
        return []


async def _refusal(request: Request, error: Exception) -> Response:
    """What a request that is not carried out is told."""
    assert isinstance(error, OrderRefused)  # noqa: S101  # the only kind this is registered for
    del request
    return _refuse(error.status, str(error))


def _refuse(status: int, text: str) -> JSONResponse:
    # What came is quoted, and may hold half a character.
    plain = text.encode(errors="backslashreplace").decode()
    return JSONResponse({"error": plain}, status)
