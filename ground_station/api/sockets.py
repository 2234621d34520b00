"""The live sockets: state with patches, and the camera's untouched H.264 packets."""

from __future__ import annotations

import struct
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import anyio
from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from ground_station.api.callers import signed_in
from ground_station.api.live_texts import LiveTexts, place_of
from ground_station.live import Place
from ground_station.parts import Parts
from ground_station.people.door import Caller
from ground_station.people.errors import DoorRefused
from ground_station.people.powers import Verb, power_of
from ground_station.people.seen import audience_of, flown_over, sees_flight
from ground_station.switchboard import Desks
from vision.eye_port import VideoPacket

_SIGNED_OUT, _MAY_NOT = 4401, 4403  # close codes of our own, after HTTP's
_READS_NOTHING = 1008
_CLOSE_WITHIN_S = 1.0
_PACKETS_WAITING = 60  # two to six seconds of video; a slower browser skips to the next key frame


def socket_routes(parts: Parts) -> APIRouter:
    """`/live` and `/video/{camera_id}`."""
    routes = APIRouter()
    texts = LiveTexts(parts.board)

    @routes.websocket("/live")
    async def live(socket: WebSocket) -> None:
        guest = await _let_in(parts, socket, "live")
        if guest is not None:
            after = place_of(socket.query_params, guest.caller)
            await _while_in(parts, socket, guest, partial(_send_messages, texts, after))

    @routes.websocket("/video/{camera_id}")
    async def video(socket: WebSocket, camera_id: str) -> None:
        guest, door = await _let_in(parts, socket, ""), parts.people.door
        if guest is None:
            return
        try:
            desks = parts.switchboard.of_camera(camera_id)
        except LookupError:
            await socket.close(1008, "no such camera")
            return
        if not guest.caller.may(Verb.SEE_VIDEO):
            await _close_to_role(parts, socket, guest)
            return
        unit = parts.board.of(desks.aircraft)
        if not sees_flight(guest.caller, unit):  # it stays open: the flight may come to their part
            await door.not_seen(guest.caller, flown_over(unit), f"no camera {camera_id}", "")
        await _while_in(parts, socket, guest, partial(_send_packets, desks))

    return routes


@dataclass(slots=True)
class _Guest:
    """Who reads this socket, as last asked."""

    caller: Caller


async def _let_in(parts: Parts, socket: WebSocket, what: str) -> _Guest | None:
    """Accepted first: a browser is told the reason only of a socket that was open."""
    await socket.accept()
    try:
        caller = await signed_in(socket)
    except DoorRefused as error:
        await socket.close(_SIGNED_OUT, str(error))
        return None
    if what:
        await parts.people.door.note_look(caller, what)
    return _Guest(caller)


async def _while_in(
    parts: Parts,
    socket: WebSocket,
    guest: _Guest,
    send: Callable[[Parts, WebSocket, _Guest], Awaitable[None]],
) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(_close_with_client, socket, group.cancel_scope)
        group.start_soon(_close_when_out, parts, socket, guest, group.cancel_scope)
        try:
            await send(parts, socket, guest)
        except WebSocketDisconnect:
            group.cancel_scope.cancel()


async def _close_when_out(
    parts: Parts, socket: WebSocket, guest: _Guest, scope: anyio.CancelScope
) -> None:
    """Roles may change and sessions end while a socket is open."""
    while True:
        await anyio.sleep(parts.settings.sign_in.ask_again_s)
        caller = await parts.people.door.is_still_in(socket)
        if caller is None:
            scope.cancel()
            with anyio.move_on_after(_CLOSE_WITHIN_S, shield=True):
                await socket.close(_SIGNED_OUT, "signed out")
            return
        guest.caller = caller


async def _send_messages(
    texts: LiveTexts, after: Place | None, parts: Parts, socket: WebSocket, guest: _Guest
) -> None:
    while True:
        audience = audience_of(guest.caller)
        async for message in parts.board.messages(after):
            if audience_of(guest.caller) != audience:
                break  # they see other things from now on: all of it anew
            text = texts.text(guest.caller, message)
            if text is not None:
                with anyio.move_on_after(parts.settings.live_reads_within_s) as patience:
                    await socket.send_text(text)
                if patience.cancelled_caught:  # what waits for it in memory is let go of
                    raise WebSocketDisconnect(_READS_NOTHING)
        after = None


async def _close_with_client(socket: WebSocket, scope: anyio.CancelScope) -> None:
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            scope.cancel()
            return


async def _close_to_role(parts: Parts, socket: WebSocket, guest: _Guest) -> None:
    """Tell who may not see the video so, and the audit log too."""
    await parts.people.door.not_permitted(guest.caller.person, power_of(Verb.SEE_VIDEO), "")
    with anyio.move_on_after(_CLOSE_WITHIN_S):
        await socket.close(_MAY_NOT, "your roles do not see the video")


async def _send_packets(desks: Desks, parts: Parts, socket: WebSocket, guest: _Guest) -> None:
    """From a key frame on; after a backlog, again from a key frame on."""
    unit = parts.board.of(desks.aircraft)
    with parts.bus.subscribe(
        VideoPacket, limit=_PACKETS_WAITING,
        where=lambda packet: packet.camera_id == desks.camera_id,
    ) as packets:  # fmt: skip
        is_waiting_for_key, dropped_count = True, 0
        async for packet in packets:
            if packets.dropped_count != dropped_count:
                dropped_count, is_waiting_for_key = packets.dropped_count, True
            if not guest.caller.may(Verb.SEE_VIDEO):  # it was taken while the socket was open
                await _close_to_role(parts, socket, guest)
                raise WebSocketDisconnect(_MAY_NOT)
            if not sees_flight(guest.caller, unit):
                is_waiting_for_key = True
                continue
            if is_waiting_for_key:
                if not packet.is_key:
                    continue
                await parts.people.door.note_look(guest.caller, "video", packet.camera_id)
            is_waiting_for_key = False
            captured_unix_s = time.time() - (time.monotonic() - packet.captured_at_s)
            head = struct.pack(">dB", captured_unix_s, packet.is_key)
            await socket.send_bytes(head + packet.data)
