"""The live sockets: state with patches, and the camera's untouched H.264 packets."""

from __future__ import annotations

import struct
import time

import anyio
from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from ground_station.parts import Parts
from vision.eye_port import VideoPacket

_PACKETS_WAITING = 60  # two to six seconds of video; a slower browser skips to the next key frame


def socket_routes(parts: Parts) -> APIRouter:
    """`/live` and `/video/{camera_id}`."""
    routes = APIRouter()

    @routes.websocket("/live")
    async def live(socket: WebSocket) -> None:
        await socket.accept()
        async with anyio.create_task_group() as group:
            group.start_soon(_close_with_client, socket, group.cancel_scope)
            try:
                async for message in parts.board.messages():
                    await socket.send_json(message)
            except WebSocketDisconnect:
                group.cancel_scope.cancel()

    @routes.websocket("/video/{camera_id}")
    async def video(socket: WebSocket, camera_id: str) -> None:
        await socket.accept()
        try:
            parts.switchboard.of_camera(camera_id)
        except LookupError:
            await socket.close(1008, "no such camera")
            return
        async with anyio.create_task_group() as group:
            group.start_soon(_close_with_client, socket, group.cancel_scope)
            try:
                await _send_packets(parts, camera_id, socket)
            except WebSocketDisconnect:
                group.cancel_scope.cancel()

    return routes


async def _close_with_client(socket: WebSocket, scope: anyio.CancelScope) -> None:
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            scope.cancel()
            return


async def _send_packets(parts: Parts, camera_id: str, socket: WebSocket) -> None:
    """From a key frame on; after a backlog, again from a key frame on."""
    with parts.bus.subscribe(
        VideoPacket, limit=_PACKETS_WAITING, where=lambda packet: packet.camera_id == camera_id
    ) as packets:
        is_waiting_for_key, dropped_count = True, 0
        async for packet in packets:
            if packets.dropped_count != dropped_count:
                dropped_count, is_waiting_for_key = packets.dropped_count, True
            if is_waiting_for_key and not packet.is_key:
                continue
            is_waiting_for_key = False
            captured_unix_s = time.time() - (time.monotonic() - packet.captured_at_s)
            head = struct.pack(">dB", captured_unix_s, packet.is_key)
            await socket.send_bytes(head + packet.data)
