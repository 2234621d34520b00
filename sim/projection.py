"""A pinhole camera without roll, as a stabilised gimbal holds it: world metres to pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from patrol.camera import CameraLens

_LOWEST_M = 1.5  # a camera on a landed aircraft


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Where the camera is and looks, in metres of the world's frame."""

    east_m: float
    north_m: float
    height_agl_m: float
    bearing_true_deg: float
    pitch_deg: float


class Projection:
    """World metres to pixels for one view."""

    def __init__(self, lens: CameraLens, view: View) -> None:
        bearing_rad, pitch_rad = math.radians(view.bearing_true_deg), math.radians(view.pitch_deg)
        sin_b, cos_b = math.sin(bearing_rad), math.cos(bearing_rad)
        sin_p, cos_p = math.sin(pitch_rad), math.cos(pitch_rad)
        forward = (sin_b * cos_p, cos_b * cos_p, sin_p)
        right = (cos_b, -sin_b, 0.0)
        down = (sin_b * sin_p, cos_b * sin_p, -cos_p)
        self.rotation = np.array((right, down, forward))  # rows: camera axes in the world
        self.height_m = max(_LOWEST_M, view.height_agl_m)
        self.centre = np.array((view.east_m, view.north_m, self.height_m))
        self.focal_px = lens.focal_px
        self.middle_px = (lens.width_px / 2.0, lens.height_px / 2.0)
        self.pitch_rad = pitch_rad

    def pixels(
        self, points: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Rows of (east, north, up) to rows of (column, row), and their depth in metres."""
        seen = (points - self.centre) @ self.rotation.T
        depth = seen[:, 2]
        safe = np.where(depth > 1e-6, depth, 1e-6)
        return seen[:, :2] / safe[:, None] * self.focal_px + np.array(self.middle_px), depth

    def row_at(self, depth_m: float) -> float:
        """The picture row whose ground lies at this depth."""
        # Ground at depth d and row y: (y - cy) / f * cos p + (-sin p) = height / d.
        share = (self.height_m / depth_m + math.sin(self.pitch_rad)) / math.cos(self.pitch_rad)
        return self.middle_px[1] + share * self.focal_px

    def ranges_m(self, height_px: int) -> NDArray[np.float64]:
        """Slant range of the ground in the middle of each picture row; infinite above it."""
        rows = (np.arange(height_px) + 0.5 - self.middle_px[1]) / self.focal_px
        # How much a ray through each row falls for a unit of depth.
        sinking = rows * math.cos(self.pitch_rad) - math.sin(self.pitch_rad)
        length = np.sqrt(1.0 + rows**2)
        return np.where(
            sinking > 1e-6, self.height_m * length / np.maximum(sinking, 1e-6), math.inf
        )

    def ground_to_pixels(self) -> NDArray[np.float64]:
        """The homography from (east, north, 1) to pixels."""
        lens = np.array((
            (self.focal_px, 0.0, self.middle_px[0]), (0.0, self.focal_px, self.middle_px[1]),
            (0.0, 0.0, 1.0),
        ))  # fmt: skip
        shift = -self.rotation @ self.centre
        columns = np.column_stack((self.rotation[:, 0], self.rotation[:, 1], shift))
        return np.asarray(lens @ columns, np.float64)
