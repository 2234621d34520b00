"""Draws the street lamps: grey posts by day, with light at their tops by night."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sim.air import Air
from sim.patch import Picture
from sim.projection import Projection
from sim.shade import cast_shadows
from sim.streets import LAMP_HEIGHT_M, Streets

_SEEN_M = 160.0  # around a place ahead of the camera; a post beyond is thinner than a pixel
_NEAREST_M = 4.0
_POST_M = 0.11
_HEAD_M = 0.28
_OUTLINE = ((0.0, 0.06), (LAMP_HEIGHT_M - 0.2, 0.06), (LAMP_HEIGHT_M, 0.25))
_POST = np.array((118.0, 118.0, 116.0))
_DARK_POST = np.array((30.0, 30.0, 30.0))
_HEAD = np.array((168.0, 168.0, 166.0))
_GLOW = np.array((190.0, 232.0, 255.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lamp:
    """One in the picture."""

    east_m: float
    north_m: float
    foot_px: NDArray[np.float64]
    head_px: NDArray[np.float64]
    depth_m: float


def lamps_in_sight(
    projection: Projection, streets: Streets, size_px: tuple[int, int]
) -> list[Lamp]:
    """Every lamp that may be in a picture of (width, height)."""
    forward = projection.rotation[2]
    ahead_m = 0.5 * _SEEN_M
    places = list(streets.lamps_within(
        east_m=projection.centre[0] + ahead_m * forward[0],
        north_m=projection.centre[1] + ahead_m * forward[1], radius_m=_SEEN_M,
    ))  # fmt: skip
    feet = np.array([(place.east_m, place.north_m, 0.0) for place in places])
    feet_px, depth_m = projection.pixels(feet)
    heads_px, heads_depth_m = projection.pixels(feet + (0.0, 0.0, LAMP_HEIGHT_M))
    low, high = np.minimum(feet_px, heads_px), np.maximum(feet_px, heads_px)
    is_seen = (np.minimum(depth_m, heads_depth_m) > _NEAREST_M) & (high > 0).all(axis=1)
    is_seen &= (low < np.array(size_px)).all(axis=1)
    return [
        Lamp(
            east_m=places[i].east_m, north_m=places[i].north_m, foot_px=feet_px[i],
            head_px=heads_px[i], depth_m=float(depth_m[i]),
        )
        for i in np.flatnonzero(is_seen)
    ]  # fmt: skip


def draw_lamp_shadows(
    picture: Picture, projection: Projection, lamps: list[Lamp], sun: float
) -> None:
    """Of the posts, on the ground."""
    feet = np.array([(lamp.east_m, lamp.north_m, 0.0) for lamp in lamps])
    cast_shadows(picture, projection, feet, _OUTLINE, scales=np.ones(len(lamps)), sun=sun)


def draw_lamp(
    picture: Picture, projection: Projection, lamp: Lamp, air: Air, *, is_lit: bool
) -> None:
    """From its foot to its head, behind the air before it."""
    keep = 1.0 if air.is_clear else air.transmission(lamp.depth_m)
    px_per_m = projection.focal_px / lamp.depth_m
    foot, head = _sixteenths(lamp.foot_px), _sixteenths(lamp.head_px)
    cv2.line(picture, foot, head, _through(_DARK_POST if is_lit else _POST, air, keep),
             max(1, round(_POST_M * px_per_m)), cv2.LINE_AA, 4)  # fmt: skip
    radius = max(16, int(_HEAD_M * px_per_m * 16.0))
    cv2.circle(picture, head, radius, _through(_GLOW if is_lit else _HEAD, air, keep),
               -1, cv2.LINE_AA, 4)  # fmt: skip


def _sixteenths(pixel: NDArray[np.float64]) -> tuple[int, int]:
    """OpenCV's fixed point; far outside the picture it is cut off."""
    column, row = np.clip(pixel, -4000.0, 8000.0) * 16.0
    return int(column), int(row)


def _through(colour: NDArray[np.float64], air: Air, keep: float) -> tuple[float, ...]:
    return tuple(float(c) for c in colour * keep + np.array(air.haze) * (1.0 - keep))
