"""H.264 for a live stream: one picture in, one access unit out, with no delay."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import av
import cv2
import numpy as np
from numpy.typing import NDArray

_BIT_RATE_MIN = 5_000_000  # small people survive it in 720p; measured with the eye's detector
_BITS_PER_PX_S = _BIT_RATE_MIN / (1280 * 720)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessUnit:
    """One coded picture as NAL units without start codes."""

    nals: tuple[bytes, ...]
    is_key: bool
    captured_at_s: float  # wall, monotonic


class Encoder:
    """libx264, constrained baseline; a key frame with its parameter sets every second."""

    def __init__(self, *, width_px: int, height_px: int, frames_per_s: int) -> None:
        self.width_px, self.height_px = width_px, height_px
        codec = av.CodecContext.create("libx264", "w")
        codec.width, codec.height = width_px, height_px
        codec.pix_fmt = "yuv420p"
        codec.framerate = Fraction(frames_per_s)
        codec.time_base = Fraction(1, frames_per_s)
        codec.bit_rate = bit_rate = max(_BIT_RATE_MIN, round(_BITS_PER_PX_S * width_px * height_px))
        codec.gop_size = frames_per_s
        codec.thread_count = 1
        codec.options = {
            "preset": "ultrafast", "tune": "zerolatency", "profile": "baseline",
            "x264-params": f"keyint={frames_per_s}:min-keyint={frames_per_s}:scenecut=0"
            f":vbv-maxrate={bit_rate // 1000}:vbv-bufsize={bit_rate // 1000}:repeat-headers=1",
        }  # fmt: skip
        self._codec = codec
        self._frame_count = 0

    def encode(self, picture: NDArray[np.uint8], captured_at_s: float) -> AccessUnit | None:
        """Code a BGR picture; None if the coder kept it back (it is told not to)."""
        planes = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), np.uint8)
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts = self._frame_count
        self._frame_count += 1
        packets = self._codec.encode(frame)
        if not packets:
            return None
        nals = tuple(nal for packet in packets for nal in split_annex_b(bytes(packet)))
        is_key = any(packet.is_keyframe for packet in packets)
        return AccessUnit(nals=nals, is_key=is_key, captured_at_s=captured_at_s)


def split_annex_b(stream: bytes) -> list[bytes]:
    """NAL units of an Annex-B byte stream, without start codes and trailing zeros."""
    starts = []
    at = stream.find(b"\x00\x00\x01")
    while at >= 0:
        starts.append(at + 3)
        at = stream.find(b"\x00\x00\x01", at + 3)
    ends = [start - 3 for start in starts[1:]] + [len(stream)]
    nals = [stream[start:end].rstrip(b"\x00") for start, end in zip(starts, ends, strict=True)]
    return [nal for nal in nals if nal]


def parameter_sets(unit: AccessUnit) -> tuple[bytes, bytes] | None:
    """The sequence and picture parameter sets that a key frame carries."""
    by_type = {nal[0] & 0x1F: nal for nal in unit.nals}
    return (by_type[7], by_type[8]) if 7 in by_type and 8 in by_type else None
