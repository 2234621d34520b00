"""Draws boxes and the count onto a picture or video that a person asked for with --out."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2

from patrol.errors import ConfigError
from vision.detectors import Image
from vision.unposed import UnposedCount

_BOX_BGR = (255, 154, 76)
_INVALID_BGR = (68, 181, 245)


class Annotator:
    """One output: a picture, or an H.264 video in the container that the name asks for."""

    def __init__(self, out: Path, *, rate_hz: float, is_video: bool) -> None:
        self._out = out
        self._rate = Fraction(max(rate_hz, 0.1)).limit_denominator(1000)
        self._is_video = is_video
        self._container: av.container.OutputContainer | None = None
        self._stream: av.VideoStream | None = None

    def add(self, image: Image, count: UnposedCount) -> None:
        """Draw and write one frame; ConfigError when it cannot be written."""
        drawn = draw(image, count)
        try:
            if not self._is_video:
                if not cv2.imwrite(str(self._out), drawn):
                    raise ConfigError(f"cannot write {self._out}")
                return
            self._write(drawn)
        except (cv2.error, av.FFmpegError, OSError, ValueError) as error:
            raise ConfigError(f"cannot write {self._out}: {error}") from error

    def close(self) -> None:
        """Finish the file."""
        if self._container is not None and self._stream is not None:
            for packet in self._stream.encode():
                self._container.mux(packet)
            self._container.close()
            self._container = None

    def _write(self, drawn: Image) -> None:
        # H.264 in 4:2:0 wants even sides.
        drawn = drawn[: drawn.shape[0] // 2 * 2, : drawn.shape[1] // 2 * 2]
        if self._container is None or self._stream is None:
            self._container = av.open(str(self._out), "w")
            self._stream = self._container.add_stream("libx264", rate=self._rate)
            self._stream.width, self._stream.height = drawn.shape[1], drawn.shape[0]
            self._stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame.from_ndarray(drawn, format="bgr24")
        for packet in self._stream.encode(frame):
            self._container.mux(packet)


def draw(image: Image, count: UnposedCount) -> Image:
    """A copy with boxes and one line of words."""
    drawn = image.copy()
    colour = _BOX_BGR if count.count.is_valid else _INVALID_BGR
    for x_min, y_min, x_max, y_max, _ in count.boxes:
        cv2.rectangle(drawn, (int(x_min), int(y_min)), (int(x_max), int(y_max)), colour, 1)
    bounds = count.count
    words = f"{bounds.estimate:.0f} people ({bounds.low:.0f} to {bounds.high:.0f})"
    words += "" if bounds.is_valid else f"  NOT VALID: {bounds.reason}"
    (width_px, _), _ = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, 0.6, 1)
    cv2.rectangle(drawn, (0, 0), (width_px + 16, 34), (0, 0, 0), cv2.FILLED)
    cv2.putText(drawn, words, (8, 23), cv2.FONT_HERSHEY_SIMPLEX, 0.6, colour, 1, cv2.LINE_AA)
    return drawn
