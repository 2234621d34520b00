"""Draws the people of one picture: shadows first, then everybody from far to near."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from sim import figures
from sim.air import Air
from sim.figures import Outfit, Picture
from sim.light import Lighting
from sim.patch import lay_over
from sim.projection import Projection
from sim.shade import cast_shadows

NEAREST_M = 2.0  # nothing is drawn nearer than this
_FACINGS = 8
_DEPRESSION_STEP_DEG = 4.0
# Half width of a person's shadow at heights above the ground, metres.
_OUTLINE = ((0.0, 0.13), (0.9, 0.17), (1.4, 0.2), (1.5, 0.08), (1.62, 0.1), (1.72, 0.05))


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One person as the camera needs to know them."""

    outfit: Outfit
    east_m: float
    north_m: float
    heading_true_deg: float
    stride: int | None  # step of a stride; None stands
    stance: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Somebody in the picture."""

    figure: Figure
    feet_px: NDArray[np.float64]
    head_px: NDArray[np.float64]
    depth_m: float


def draw_shadows(
    picture: Picture, projection: Projection, people: Sequence[Figure], sun: float
) -> None:
    """Everybody's outline laid flat on the ground, away from the sun."""
    feet = np.array([(person.east_m, person.north_m, 0.0) for person in people])
    scales = np.array([person.outfit.height_m / figures.AVERAGE_HEIGHT_M for person in people])
    cast_shadows(picture, projection, feet, _OUTLINE, scales=scales, sun=sun)


def draw_person(
    picture: Picture, projection: Projection, placed: Placed, lighting: Lighting, air: Air
) -> None:
    """One person in the light of the place where they stand, behind the air before them."""
    person = placed.figure
    east_m, north_m = person.east_m - projection.centre[0], person.north_m - projection.centre[1]
    away_m = math.hypot(east_m, north_m)
    away_deg = math.degrees(math.atan2(east_m, north_m))
    depression_deg = math.degrees(math.atan2(projection.height_m, away_m))
    facing = round((person.heading_true_deg - away_deg) / 360.0 * _FACINGS) % _FACINGS
    depression = round(depression_deg / _DEPRESSION_STEP_DEG)
    px_per_m = projection.focal_px / placed.depth_m
    level = max(
        (i for i, scale in enumerate(figures.SPRITE_PX_PER_M) if scale >= px_per_m), default=0
    )
    sprite = _sprite(person.outfit, person.stride, person.stance, facing, depression, level)
    light = None if lighting.is_daylight else lighting.at(person.east_m, person.north_m)
    if light is not None or not air.is_clear:
        sprite = air.before(sprite, light, math.hypot(away_m, projection.height_m))
    across = px_per_m / figures.SPRITE_PX_PER_M[level]
    # Off the axis a pinhole stretches what stands upright; feet and head are placed exactly.
    drawn_px = (
        person.outfit.height_m
        * px_per_m
        * math.cos(math.radians(depression * _DEPRESSION_STEP_DEG))
    )
    stretch = (placed.feet_px[1] - placed.head_px[1]) / drawn_px if drawn_px > 4.0 else 1.0
    down = across * min(1.4, max(0.7, stretch))
    _blend(picture, sprite, placed.feet_px, across, down)


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
    lay_over(picture, left, top, np.asarray(patch, np.uint8))


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
