"""Notices a picture that stands still although its camera moves: an old picture, sent again."""

from __future__ import annotations

import math

import cv2
import numpy as np

from patrol.geo import distance_m
from vision.detectors import Image
from vision.placing import CameraPose

_SMALL_PX = (96, 54)
_SAME_LEVELS = 0.15  # of 255, mean; a moved camera changes a street by some, noise by less
_MOVED_M = 4.0
_TURNED_DEG = 5.0


class Standstill:
    """A hovering camera may show the same for long; one that has moved or turned may not."""

    def __init__(self) -> None:
        self._seen: Image | None = None
        self._from: CameraPose | None = None

    def reason(self, image: Image, pose: CameraPose) -> str:
        """Why this picture cannot be what the camera sees now; empty when it can."""
        small = np.asarray(cv2.resize(image, _SMALL_PX, interpolation=cv2.INTER_AREA), np.uint8)
        is_same = self._seen is not None and (
            float(np.mean(cv2.absdiff(small, self._seen))) <= _SAME_LEVELS
        )
        if not is_same or self._from is None:
            self._seen, self._from = small, pose
            return ""
        if not _has_moved(self._from, pose):
            return ""
        return "the picture stands still though the camera moves"


def _has_moved(a: CameraPose, b: CameraPose) -> bool:
    turn_deg = abs(math.remainder(b.bearing_true_deg - a.bearing_true_deg, 360.0))
    tilt_deg = abs(b.pitch_deg - a.pitch_deg)
    far_m = math.hypot(distance_m(a.point, b.point), b.height_agl_m - a.height_agl_m)
    return far_m > _MOVED_M or turn_deg > _TURNED_DEG or tilt_deg > _TURNED_DEG
