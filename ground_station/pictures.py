"""The fallback picture: asked of the eye only while somebody looks, kept in memory only."""

from __future__ import annotations

import anyio

from patrol.bus import Bus
from vision.eye_port import EyePort, Picture

_WITHIN_S = 3.0


class EyePictures:
    """Gives browsers without WebCodecs the newest JPEG of one camera."""

    def __init__(self, eye: EyePort, camera_id: str, bus: Bus) -> None:
        self._eye = eye
        self._camera_id = camera_id
        self._bus = bus

    async def newest(self) -> bytes | None:
        """The next JPEG the eye makes; None if none comes in time."""
        with self._bus.subscribe(
            Picture, limit=1, where=lambda picture: picture.camera_id == self._camera_id
        ) as pictures:
            with anyio.move_on_after(_WITHIN_S):
                self._eye.want_pictures(is_wanted=True)
                return (await pictures.get()).jpeg
        return None
