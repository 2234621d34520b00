"""Draws the street lamps: grey posts by day, with light at their tops by night."""

from __future__ import annotations

import cv2
import numpy as np

from sim.air import Air
from sim.patch import Picture
from sim.projection import Projection
from sim.streets import LAMP_HEIGHT_M, Streets

_SEEN_M = 160.0  # around the place the camera looks at; a post beyond is thinner than a pixel
_NEAREST_M = 4.0
_POST_M = 0.14
_HEAD_M = 0.34
_POST = np.array((118.0, 118.0, 116.0))
_DARK_POST = np.array((30.0, 30.0, 30.0))
_HEAD = np.array((168.0, 168.0, 166.0))
_GLOW = np.array((190.0, 232.0, 255.0))


def draw_lamps(
    picture: Picture, projection: Projection, streets: Streets, air: Air, *, is_lit: bool
) -> None:
    """Every lamp within sight, from its foot to its head."""
    forward = projection.rotation[2]
    ahead_m = 0.5 * _SEEN_M
    lamps = list(streets.lamps_within(
        east_m=projection.centre[0] + ahead_m * forward[0],
        north_m=projection.centre[1] + ahead_m * forward[1], radius_m=_SEEN_M,
    ))  # fmt: skip
    feet = np.array([(lamp.east_m, lamp.north_m, 0.0) for lamp in lamps])
    feet_px, depth_m = projection.pixels(feet)
    heads_px, heads_depth_m = projection.pixels(feet + (0.0, 0.0, LAMP_HEIGHT_M))
    height, width = picture.shape[:2]
    for i in np.argsort(-depth_m):
        if min(depth_m[i], heads_depth_m[i]) < _NEAREST_M:
            continue
        ends = np.array((feet_px[i], heads_px[i]))
        if (ends.max(axis=0) < 0).any() or (ends.min(axis=0) > (width, height)).any():
            continue
        keep = 1.0 if air.is_clear else air.transmission(float(depth_m[i]))
        px_per_m = projection.focal_px / depth_m[i]
        post = _DARK_POST if is_lit else _POST
        foot, head = (_sixteenths(end) for end in ends)
        cv2.line(picture, foot, head, _through(post, air, keep),
                 max(1, round(_POST_M * px_per_m)), cv2.LINE_AA, 4)  # fmt: skip
        radius = max(16, int(_HEAD_M * px_per_m * 16.0 * (0.9 if is_lit else 0.7)))
        cv2.circle(picture, head, radius, _through(_GLOW if is_lit else _HEAD, air, keep),
                   -1, cv2.LINE_AA, 4)  # fmt: skip


def _sixteenths(pixel: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[int, int]:
    """OpenCV's fixed point; far outside the picture it is cut off."""
    column, row = np.clip(pixel, -4000.0, 8000.0) * 16.0
    return int(column), int(row)


def _through(
    colour: np.ndarray[tuple[int], np.dtype[np.float64]], air: Air, keep: float
) -> tuple[float, ...]:
    return tuple(float(c) for c in colour * keep + np.array(air.haze) * (1.0 - keep))
