"""Renders what the aircraft's camera sees: flat textured ground, sky, people as sprites.

A pinhole camera without roll, as a stabilised gimbal holds it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from patrol.camera import CameraLens
from sim import figures
from sim.figures import Outfit, Picture
from sim.ground import LEVELS_PX_PER_M, Ground

_NEAREST_M = 2.0  # nothing is drawn nearer than this
_FARTHEST_M = 1500.0  # beyond it the ground is haze
_LOWEST_M = 1.5  # a camera on a landed aircraft
_FACINGS = 8
_DEPRESSION_STEP_DEG = 4.0
_SUN_BEARING_DEG = 128.0  # a sunny morning in the south-east
_SUN_ELEVATION_DEG = 45.0
_SHADOW = 0.42
# Half width of a person's shadow at heights above the ground, metres.
_OUTLINE = ((0.0, 0.13), (0.9, 0.17), (1.4, 0.2), (1.5, 0.08), (1.62, 0.1), (1.72, 0.05))
_SKY_TOP = (214, 176, 138)
_HAZE = (206, 204, 198)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Where the camera is and looks, in metres of the world's frame."""

    east_m: float
    north_m: float
    height_agl_m: float
    bearing_true_deg: float
    pitch_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One person as the camera needs to know them."""

    outfit: Outfit
    east_m: float
    north_m: float
    heading_true_deg: float
    stride: int | None  # step of a stride; None stands
    stance: int


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

    def ground_to_pixels(self) -> NDArray[np.float64]:
        """The homography from (east, north, 1) to pixels."""
        lens = np.array((
            (self.focal_px, 0.0, self.middle_px[0]), (0.0, self.focal_px, self.middle_px[1]),
            (0.0, 0.0, 1.0),
        ))  # fmt: skip
        shift = -self.rotation @ self.centre
        columns = np.column_stack((self.rotation[:, 0], self.rotation[:, 1], shift))
        return np.asarray(lens @ columns, np.float64)


class Camera:
    """A lens over one ground. `render` is the whole of it."""

    def __init__(self, lens: CameraLens, ground: Ground) -> None:
        self._lens = lens
        self._ground = ground

    def render(self, view: View, people: Sequence[Figure]) -> Picture:
        """The BGR picture; the nearest person is drawn last."""
        projection = Projection(self._lens, view)
        picture = np.empty((self._lens.height_px, self._lens.width_px, 3), np.uint8)
        self._draw_ground(picture, projection)
        if not people:
            return picture
        feet = np.array([(figure.east_m, figure.north_m, 0.0) for figure in people])
        heads = feet + np.array([(0.0, 0.0, figure.outfit.height_m) for figure in people])
        feet_px, depth_m = projection.pixels(feet)
        heads_px, _ = projection.pixels(heads)
        order = [i for i in np.argsort(-depth_m) if self._is_in_sight(feet_px[i], depth_m[i])]
        if order:
            _draw_shadows(picture, projection, feet[order], [people[i] for i in order])
        for i in order:
            _draw_person(picture, projection, people[i], feet_px[i], heads_px[i], depth_m[i])
        return picture

    def _is_in_sight(self, feet_px: NDArray[np.float64], depth_m: float) -> bool:
        if not _NEAREST_M < depth_m < _FARTHEST_M:
            return False
        around_px = 3.0 * self._lens.focal_px / depth_m  # a person and the shadow
        column, row = feet_px
        return bool(
            -around_px < column < self._lens.width_px + around_px
            and -around_px < row < self._lens.height_px + around_px
        )

    def _draw_ground(self, picture: Picture, projection: Projection) -> None:
        """Bands of rows, each from the texture whose scale fits it; haze and sky above."""
        height_px = picture.shape[0]
        bottom = height_px
        for level, px_per_m in enumerate(LEVELS_PX_PER_M):
            is_last = level == len(LEVELS_PX_PER_M) - 1
            reach_m = _FARTHEST_M if is_last else _reach_m(projection, px_per_m)
            top = min(bottom, max(0, math.ceil(projection.row_at(reach_m))))
            if math.cos(projection.pitch_rad) < 0.05:
                top = 0 if reach_m > projection.height_m else bottom
            if top < bottom:
                self._draw_band(picture, projection, px_per_m, top, bottom)
            bottom = top
        if bottom > 0:
            _draw_sky(picture[:bottom], horizon=projection.row_at(1e9))

    def _draw_band(
        self, picture: Picture, projection: Projection, px_per_m: int, top: int, bottom: int
    ) -> None:
        to_ground = np.linalg.inv(projection.ground_to_pixels())
        width_px = picture.shape[1]
        corners = np.array([(x, y, 1.0) for x in (0, width_px) for y in (top, bottom)])
        places = corners @ to_ground.T
        places = places[:, :2] / places[:, 2:]
        west_m, south_m = places.min(axis=0)
        east_m, north_m = places.max(axis=0)
        chunk = self._ground.chunk(
            px_per_m, west_m=west_m, south_m=south_m, east_m=east_m, north_m=north_m
        )
        if chunk is None:
            picture[top:bottom] = self._ground.mean_colour
            return
        to_texture = np.array((
            (px_per_m, 0.0, -chunk.west_m * px_per_m), (0.0, -px_per_m, chunk.north_m * px_per_m),
            (0.0, 0.0, 1.0),
        ))  # fmt: skip
        from_band = np.array(((1.0, 0.0, 0.0), (0.0, 1.0, float(top)), (0.0, 0.0, 1.0)))
        cv2.warpPerspective(
            chunk.picture, to_texture @ to_ground @ from_band, (width_px, bottom - top),
            dst=picture[top:bottom], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        )  # fmt: skip


def _reach_m(projection: Projection, px_per_m: int) -> float:
    """The depth up to which this scale of texture has no more dots than the picture shows."""
    # Across a picture has f / d dots a metre, along f h / d^2; their geometric mean is taken.
    mean_px_per_m = px_per_m / 1.6
    return float((projection.focal_px * math.sqrt(projection.height_m) / mean_px_per_m) ** (2 / 3))


def _draw_sky(rows: Picture, horizon: float) -> None:
    height = rows.shape[0]
    share = np.clip((horizon - np.arange(height)) / max(120.0, horizon), 0.0, 1.0)[:, None, None]
    rows[:] = np.array(_HAZE) * (1.0 - share) + np.array(_SKY_TOP) * share


def _inside(
    picture: Picture, left: int, top: int, shape: tuple[int, ...]
) -> tuple[Picture, slice, slice] | None:
    """The picture under a patch at (left, top), and the rows and columns of the patch in it."""
    height, width = picture.shape[:2]
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(width, left + shape[1]), min(height, top + shape[0])
    if x0 >= x1 or y0 >= y1:
        return None
    return picture[y0:y1, x0:x1], slice(y0 - top, y1 - top), slice(x0 - left, x1 - left)


def _draw_shadows(
    picture: Picture, projection: Projection, feet: NDArray[np.float64], people: Sequence[Figure]
) -> None:
    """Everybody's outline laid flat on the ground, away from the sun."""
    away_rad = math.radians(_SUN_BEARING_DEG + 180.0)
    along = np.array((math.sin(away_rad), math.cos(away_rad), 0.0))
    across = np.array((along[1], -along[0], 0.0))
    sides = np.array([*_OUTLINE, *((up, -wide) for up, wide in reversed(_OUTLINE))])
    flat = sides[:, :1] / math.tan(math.radians(_SUN_ELEVATION_DEG)) * along
    tall = np.array([person.outfit.height_m / figures.AVERAGE_HEIGHT_M for person in people])
    outlines = feet[:, None, :] + flat * tall[:, None, None] + sides[:, 1:] * across
    pixels, depth_m = projection.pixels(outlines.reshape(-1, 3))
    nearest_m = depth_m.reshape(len(people), -1).min(axis=1)
    for outline, depth in zip(pixels.reshape(len(people), -1, 2), nearest_m, strict=True):
        if depth > _NEAREST_M:
            _darken(picture, outline)


def _darken(picture: Picture, outline: NDArray[np.float64]) -> None:
    left, top = (math.floor(edge) - 2 for edge in outline.min(axis=0))
    right, bottom = (math.ceil(edge) + 3 for edge in outline.max(axis=0))
    mask = np.zeros((bottom - top, right - left), np.uint8)
    polygon = np.round((outline - (left, top)) * 16.0).astype(np.int32)
    cv2.fillPoly(mask, [polygon], 255.0 * _SHADOW, lineType=cv2.LINE_AA, shift=4)
    soft = np.asarray(cv2.blur(mask, (3, 3)), np.uint8)
    inside = _inside(picture, left, top, soft.shape)
    if inside is not None:
        target, rows, columns = inside
        keep = 255 - soft[rows, columns, None].astype(np.uint16)
        target[:] = (target * keep) >> 8


def _draw_person(
    picture: Picture,
    projection: Projection,
    person: Figure,
    feet_px: NDArray[np.float64],
    head_px: NDArray[np.float64],
    depth_m: float,
) -> None:
    east_m, north_m = person.east_m - projection.centre[0], person.north_m - projection.centre[1]
    away_deg = math.degrees(math.atan2(east_m, north_m))
    depression_deg = math.degrees(math.atan2(projection.height_m, math.hypot(east_m, north_m)))
    facing = round((person.heading_true_deg - away_deg) / 360.0 * _FACINGS) % _FACINGS
    depression = round(depression_deg / _DEPRESSION_STEP_DEG)
    px_per_m = projection.focal_px / depth_m
    level = max(
        (i for i, scale in enumerate(figures.SPRITE_PX_PER_M) if scale >= px_per_m), default=0
    )
    sprite = _sprite(person.outfit, person.stride, person.stance, facing, depression, level)
    across = px_per_m / figures.SPRITE_PX_PER_M[level]
    # Off the axis a pinhole stretches what stands upright; feet and head are placed exactly.
    drawn_px = (
        person.outfit.height_m
        * px_per_m
        * math.cos(math.radians(depression * _DEPRESSION_STEP_DEG))
    )
    stretch = (feet_px[1] - head_px[1]) / drawn_px if drawn_px > 4.0 else 1.0
    down = across * min(1.4, max(0.7, stretch))
    _blend(picture, sprite, feet_px, across, down)


def _blend(
    picture: Picture, sprite: Picture, feet_px: NDArray[np.float64], across: float, down: float
) -> None:
    """Put the sprite's feet at `feet_px`, to a fraction of a pixel."""
    height, width = sprite.shape[0] * down, sprite.shape[1] * across
    x, y = feet_px[0] - width * figures.FEET_ACROSS, feet_px[1] - height * figures.FEET_DOWN
    left, top = math.floor(x), math.floor(y)
    # warpAffine counts from the middle of pixels, hence the halves.
    move = np.array((
        (across, 0.0, x - left + 0.5 * across - 0.5), (0.0, down, y - top + 0.5 * down - 0.5),
    ))  # fmt: skip
    patch = cv2.warpAffine(
        sprite, move, (math.ceil(width) + 1, math.ceil(height) + 1), flags=cv2.INTER_LINEAR
    )
    inside = _inside(picture, left, top, patch.shape)
    if inside is None:
        return
    target, rows, columns = inside
    part = patch[rows, columns]
    keep = (255 - part[:, :, 3:]).astype(np.uint16)
    target[:] = part[:, :, :3] + ((target * keep + 127) >> 8).astype(np.uint8)


@lru_cache(maxsize=2048)
def _sprite(
    outfit: Outfit, stride: int | None, stance: int, facing: int, depression: int, level: int
) -> Picture:
    limbs = figures.body(outfit, stride=stride, stance=stance)
    return figures.draw(
        limbs,
        facing_rad=facing * 2.0 * math.pi / _FACINGS,
        depression_rad=math.radians(depression * _DEPRESSION_STEP_DEG),
        px_per_m=figures.SPRITE_PX_PER_M[level],
    )
