"""The station's end of the eye: keeps the child alive, gives it poses, publishes its looks."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections import deque
from dataclasses import dataclass
from typing import Any

import anyio
import anyio.abc
import structlog

from patrol.bus import Bus
from patrol.camera import CameraLens
from patrol.clock import WallClock, WorldClock
from patrol.telemetry import TelemetrySample
from vision.eye_messages import (
    JSON_KIND,
    PACKET_KIND,
    PICTURE_KIND,
    Picture,
    Unframer,
    VideoPacket,
    framed_json,
    lens_to_dict,
    look_from_dict,
    pose_to_dict,
    read_packet,
    read_picture,
)
from vision.placing import CameraPose

__all__ = ["EyePort", "Picture", "VideoPacket", "VideoState", "WatchedCamera", "pose_of"]

_MESSAGES_WAITING = 50  # poses for ten seconds; older ones are worth nothing
_RESTART_S = 1.0
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoState:
    """The camera was opened or lost."""

    camera_id: str
    state: str  # "open" or "lost"
    text: str


def pose_of(sample: TelemetrySample, world_speed: float) -> CameraPose | None:
    """The camera's pose as a sample tells it; None while a part of it is missing."""
    height_m = sample.height_agl_m
    if height_m is None:
        height_m = sample.height_above_home_m  # flat ground until elevation data is given
    if sample.position is None or sample.camera is None or height_m is None:
        return None
    velocity = sample.velocity
    return CameraPose(
        at_s=sample.heard_at_s,
        time_utc=sample.time_utc,
        point=sample.position,
        height_agl_m=height_m,
        bearing_true_deg=sample.camera.bearing_true_deg,
        pitch_deg=sample.camera.pitch_deg,
        roll_deg=sample.camera.roll_deg,
        speed_m_s=math.hypot(velocity.north_m_s, velocity.east_m_s) if velocity else None,
        turn_rate_deg_s=sample.yaw_rate_deg_s,
        world_speed=world_speed,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedCamera:
    """Where its pictures come from, and how they lie on the ground and in time."""

    camera_id: str
    url: str
    lens: CameraLens
    latency_s: float


class EyePort:
    """One camera's eye as a child process."""

    def __init__(
        self,
        *,
        camera: WatchedCamera,
        bus: Bus,
        world: WorldClock,
        wall: WallClock,
        threads: int | None = None,
    ) -> None:
        """`threads` of its detector; None: as many as there are cores."""
        self._camera_id = camera.camera_id
        self._threads = [] if threads is None else ["--threads", str(threads)]
        self._opening = {
            "type": "open",
            "camera_id": camera.camera_id,
            "url": camera.url,
            "lens": lens_to_dict(camera.lens),
            "latency_s": camera.latency_s,
        }
        self._bus = bus
        self._world = world
        self._wall = wall
        self._waiting: deque[bytes] = deque(maxlen=_MESSAGES_WAITING)
        self._changed = anyio.Event()

    def send_pose(self, sample: TelemetrySample) -> None:
        """Give the eye a pose; never waits."""
        pose = pose_of(sample, self._world.speed)
        if pose is not None:
            self._send({"type": "pose"} | pose_to_dict(pose))

    def want_pictures(self, *, is_wanted: bool) -> None:
        """Ask for fallback JPEGs for the next few seconds."""
        self._send({"type": "pictures", "is_wanted": is_wanted})

    async def run(self) -> None:
        """Keep an eye open for ever; a child that dies is started again."""
        is_lost = False
        while True:
            async with await anyio.open_process(
                [sys.executable, "-m", "vision.eye", *self._threads], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=None,
                start_new_session=True,  # Ctrl-C is the station's to hear; it ends with its input
            ) as process:  # fmt: skip
                if is_lost:
                    _log.info("the eye is back", camera=self._camera_id)
                await self._serve(process)
                code = await process.wait()
            is_lost = True
            text = f"the eye ended (code {code}) and is started again"
            _log.warning("the eye is lost", camera=self._camera_id, code=code)
            self._bus.publish(VideoState(camera_id=self._camera_id, state="lost", text=text))
            await self._wall.sleep(_RESTART_S)

    async def _serve(self, process: anyio.abc.Process) -> None:
        self._waiting.clear()
        self._send(self._opening)
        async with anyio.create_task_group() as group:
            group.start_soon(self._write, process)
            try:
                await self._read(process)
            finally:
                group.cancel_scope.cancel()

    async def _write(self, process: anyio.abc.Process) -> None:
        if process.stdin is None:
            return
        while True:
            while self._waiting:
                try:
                    await process.stdin.send(self._waiting.popleft())
                except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                    return  # `_read` sees the end of the child
            self._changed = anyio.Event()
            await self._changed.wait()

    async def _read(self, process: anyio.abc.Process) -> None:
        if process.stdout is None:
            return
        unframer = Unframer()
        async for data in process.stdout:
            for kind, payload in unframer.feed(data):
                if kind == JSON_KIND:
                    self._told(json.loads(payload))
                elif kind == PACKET_KIND:
                    self._bus.publish(read_packet(payload, self._camera_id))
                elif kind == PICTURE_KIND:
                    self._bus.publish(read_picture(payload, self._camera_id))

    def _told(self, body: dict[str, Any]) -> None:
        if body["type"] == "look":
            self._bus.publish(look_from_dict(body))
        elif body["type"] == "video":
            _log.info("camera", camera=self._camera_id, state=body["state"], text=body["text"])
            self._bus.publish(
                VideoState(camera_id=self._camera_id, state=body["state"], text=body["text"])
            )

    def _send(self, body: dict[str, Any]) -> None:
        self._waiting.append(framed_json(body))
        self._changed.set()
