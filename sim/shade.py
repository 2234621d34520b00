"""Lays the shadows of upright things flat on the ground, away from the sun."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim.patch import Picture, darken
from sim.projection import Projection

_SUN_BEARING_DEG = 128.0  # a sunny morning in the south-east
_SUN_ELEVATION_DEG = 45.0
_SHADOW = 0.42
_NEAREST_M = 2.0


def cast_shadows(
    picture: Picture,
    projection: Projection,
    feet: NDArray[np.float64],
    outline: Sequence[tuple[float, float]],
    *,
    scales: NDArray[np.float64],
    sun: float,
) -> None:
    """Shadows of one shape: `feet` N x 3 metres, `outline` height and half width from foot to top.

    `scales` stretches each one's height; `sun` is 1 in clear air.
    """
    if len(feet) == 0:
        return
    away_rad = math.radians(_SUN_BEARING_DEG + 180.0)
    along = np.array((math.sin(away_rad), math.cos(away_rad), 0.0))
    across = np.array((along[1], -along[0], 0.0))
    sides = np.array([*outline, *((up, -wide) for up, wide in reversed(outline))])
    flat = sides[:, :1] / math.tan(math.radians(_SUN_ELEVATION_DEG)) * along
    outlines = feet[:, None, :] + flat * scales[:, None, None] + sides[:, 1:] * across
    pixels, depth_m = projection.pixels(outlines.reshape(-1, 3))
    nearest_m = depth_m.reshape(len(feet), -1).min(axis=1)
    for polygon, depth in zip(pixels.reshape(len(feet), -1, 2), nearest_m, strict=True):
        if depth > _NEAREST_M:
            darken(picture, polygon, _SHADOW * sun)
