"""The camera's stream and its server when they fail on demand."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import anyio
import anyio.abc
import numpy as np

from sim.encoder import AccessUnit, Encoder
from sim.faults import Fault, Faults
from sim.live import LiveStream
from sim.rtsp import RtspServer

_LOOK_EVERY_S = 0.1  # wall
_SLICES = frozenset({1, 5})  # NAL unit types that hold the picture
_HEAD_BYTES = 16  # of a slice; what comes after it is picture
_BYTES_TURNED = 40


class FaultyStream(LiveStream):
    """Hands on what the camera gives, or what a broken camera would."""

    def __init__(self, faults: Faults, encoder: Callable[[], Encoder], *, seed: int) -> None:
        """`encoder` makes one that codes pictures of the camera's size."""
        super().__init__()
        self._faults = faults
        self._new_encoder = encoder
        self._chance = random.Random(seed)  # noqa: S311  # the same damage again
        self._last_key: AccessUnit | None = None
        self._black: AccessUnit | None = None

    def publish(self, unit: AccessUnit) -> None:
        """Offer to all readers; never waits."""
        if unit.is_key:
            self._last_key = self._last_key if Fault.VIDEO_FROZEN in self._faults else unit
        super().publish(self._bent(unit))

    def _bent(self, unit: AccessUnit) -> AccessUnit:
        faults = self._faults
        if Fault.VIDEO_BLACK in faults:
            self._black = self._black or self._black_picture()
            unit = replace(self._black or unit, captured_at_s=unit.captured_at_s)
        elif Fault.VIDEO_FROZEN in faults and self._last_key is not None:
            unit = replace(self._last_key, captured_at_s=unit.captured_at_s)
        share_pct = faults.value(Fault.VIDEO_GARBLED)
        if share_pct > 0.0 and self._chance.uniform(0.0, 100.0) < share_pct:
            unit = replace(unit, nals=tuple(self._damaged(nal) for nal in unit.nals))
        return unit

    def _black_picture(self) -> AccessUnit | None:
        encoder = self._new_encoder()
        return encoder.encode(np.zeros((encoder.height_px, encoder.width_px, 3), np.uint8), 0.0)

    def _damaged(self, nal: bytes) -> bytes:
        if nal[0] & 0x1F not in _SLICES or len(nal) <= _HEAD_BYTES:
            return nal
        torn = bytearray(nal)
        for _ in range(_BYTES_TURNED):
            torn[self._chance.randrange(_HEAD_BYTES, len(torn))] = self._chance.randrange(1, 256)
        return bytes(torn)


async def serve_while_alive(
    server: RtspServer, faults: Faults, *,
    task_status: anyio.abc.TaskStatus[int] = anyio.TASK_STATUS_IGNORED,
) -> None:  # fmt: skip
    """Serve until cancelled, but not while its death is ordered; it comes back on its own port."""
    port, is_first = 0, True
    while True:
        async with anyio.create_task_group() as tasks:
            port = await tasks.start(server.run, port)
            if is_first:
                task_status.started(port)
                is_first = False
            while Fault.CAMERA_SERVER_DEAD not in faults:
                await anyio.sleep(_LOOK_EVERY_S)
            tasks.cancel_scope.cancel()
        while Fault.CAMERA_SERVER_DEAD in faults:
            await anyio.sleep(_LOOK_EVERY_S)
