"""The lens: how tall a person is in the picture, and from where. Flat ground, no distortion."""

from __future__ import annotations

import math
from dataclasses import dataclass

PERSON_HEIGHT_M = 1.7  # standing adult, DOMAIN 4.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """The strip of flat ground in the picture, seen from above; ranges are horizontal."""

    near_m: float  # to its nearest edge; below 0 behind the aircraft
    axis_m: float  # to where the lens points; infinite at or above the horizon
    far_m: float  # infinite where the picture shows the horizon
    axis_width_m: float  # of the strip where the lens points
    sampling_m: float  # of ground in a pixel there, across the line of sight


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraLens:
    """A pinhole camera with square pixels."""

    width_px: int
    height_px: int
    hfov_deg: float

    @property
    def focal_px(self) -> float:
        """Focal length in pixels."""
        return self.width_px / 2.0 / math.tan(math.radians(self.hfov_deg) / 2.0)

    @property
    def vfov_deg(self) -> float:
        """Vertical field of view."""
        return math.degrees(2.0 * math.atan(self.height_px / 2.0 / self.focal_px))

    def person_height_px(self, *, range_m: float, height_agl_m: float) -> float:
        """A standing person's height in the picture: f h cos(depression) / slant range."""
        slant_sq = range_m**2 + height_agl_m**2
        return self.focal_px * PERSON_HEIGHT_M * range_m / slant_sq if slant_sq > 0 else 0.0

    def valid_ranges_m(
        self, *, height_agl_m: float, person_height_px_min: float
    ) -> tuple[float, float] | None:
        """Nearest and farthest horizontal range where a person is tall enough; None if nowhere."""
        reach_m = self.focal_px * PERSON_HEIGHT_M / person_height_px_min
        discriminant = reach_m**2 - 4.0 * height_agl_m**2
        if discriminant < 0:
            return None
        root = math.sqrt(discriminant)
        return (reach_m - root) / 2.0, (reach_m + root) / 2.0

    def footprint(self, *, height_agl_m: float, pitch_deg: float) -> Footprint:
        """What a camera shows that is so high and tilted so far (negative: below the horizon)."""
        half_deg = self.vfov_deg / 2.0
        axis_m = _range_m(height_agl_m, -pitch_deg)
        slant_m = math.hypot(axis_m, height_agl_m)
        return Footprint(
            near_m=_range_m(height_agl_m, -pitch_deg + half_deg),
            axis_m=axis_m,
            far_m=_range_m(height_agl_m, -pitch_deg - half_deg),
            axis_width_m=slant_m * self.width_px / self.focal_px,
            sampling_m=slant_m / self.focal_px,
        )


def _range_m(height_m: float, depression_deg: float) -> float:
    """Where a ray meets the ground."""
    if depression_deg <= 0.0:
        return math.inf
    return height_m / math.tan(math.radians(depression_deg))
