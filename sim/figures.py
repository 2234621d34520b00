"""Draws one clothed, articulated person as a small picture with transparency, seen from any side.

The body is a handful of limbs in body axes (forward, left, up; metres), drawn far first at
several times the final size and shrunk. It knows nothing of places or cameras.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]  # BGR

# Anchor of a sprite: the feet stand at this share of its width and height.
FEET_ACROSS = 0.5
FEET_DOWN = 0.86
SPRITE_WIDTH_M = 1.5
AVERAGE_HEIGHT_M = 1.72  # of the body that `body` scales
SPRITE_HEIGHT_M = 2.3
STANCE_COUNT = 4
STRIDE_STEPS = 8  # pictures in one full stride (two steps)
STRIDE_LENGTH_M = 1.45  # two steps of an adult at an easy walk
_MASTER_PX_PER_M = 96
SPRITE_PX_PER_M = (48, 24, 12)  # large first
_SHIRTS: tuple[Colour, ...] = (
    (48, 46, 165), (128, 74, 42), (66, 98, 60), (208, 210, 214), (45, 45, 50), (58, 150, 196),
    (118, 66, 100), (150, 132, 76), (92, 92, 97), (84, 98, 178), (186, 172, 156), (60, 76, 108),
    (36, 38, 46), (104, 88, 70),
)  # fmt: skip
_TROUSERS: tuple[Colour, ...] = (
    (70, 50, 40), (35, 35, 38), (110, 80, 55), (60, 75, 95), (90, 95, 100), (130, 150, 165),
)  # fmt: skip
_HAIR: tuple[Colour, ...] = ((22, 22, 25), (30, 35, 45), (120, 120, 125), (40, 50, 70))
_SKIN: tuple[Colour, ...] = ((140, 170, 215), (120, 150, 200), (155, 185, 225))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outfit:
    """How one person looks, whatever they do."""

    shirt: Colour
    trousers: Colour
    hair: Colour
    skin: Colour
    shoes: Colour
    build: float  # 1 is average width
    height_m: float
    has_skirt: bool
    has_coat: bool
    has_backpack: bool


Knob = tuple[float, float, float, float]  # forward, left, up, radius; metres


@dataclass(frozen=True, slots=True, kw_only=True)
class Limb:
    """A part of the body: the hull of balls in body axes."""

    knobs: tuple[Knob, ...]
    colour: Colour


def outfit_from(dice: random.Random) -> Outfit:
    """Somebody's clothes and build."""
    is_tall = dice.random() < 0.5
    return Outfit(
        shirt=dice.choice(_SHIRTS),
        trousers=dice.choice(_TROUSERS),
        hair=dice.choice(_HAIR),
        skin=dice.choice(_SKIN),
        shoes=dice.choice(((30, 30, 35), (200, 200, 205), (50, 60, 90))),
        build=dice.uniform(0.92, 1.18),
        height_m=dice.uniform(1.66, 1.82) if is_tall else dice.uniform(1.56, 1.70),
        has_skirt=not is_tall and dice.random() < 0.25,
        has_coat=dice.random() < 0.3,
        has_backpack=dice.random() < 0.2,
    )


def body(outfit: Outfit, *, stride: int | None, stance: int) -> list[Limb]:
    """The limbs of a person: standing in one of the stances, or at a step of a stride."""
    scale, wide = outfit.height_m / AVERAGE_HEIGHT_M, outfit.build
    phase_rad = 0.0 if stride is None else stride * 2.0 * math.pi / STRIDE_STEPS
    swing = 0.0 if stride is None else 1.0
    limbs: list[Limb] = []
    for side in (1.0, -1.0):
        limbs += _leg(outfit, side=side, swing=swing * side * math.sin(phase_rad),
                      lift=swing * max(0.0, side * math.cos(phase_rad)), wide=wide)  # fmt: skip
        limbs += _arm(outfit, side=side, swing=-swing * side * math.sin(phase_rad),
                      stance=stance if stride is None else 0, wide=wide)  # fmt: skip
    limbs += _trunk(outfit, wide=wide) + _head(outfit)
    return [_scaled(limb, scale) for limb in limbs]


def _leg(outfit: Outfit, *, side: float, swing: float, lift: float, wide: float) -> list[Limb]:
    thigh_rad = math.radians(26.0) * swing
    knee_rad = thigh_rad - math.radians(38.0) * lift - math.radians(4.0)
    hip = (0.0, 0.09 * side * wide, 0.90)
    knee = (0.43 * math.sin(thigh_rad), 0.095 * side * wide, 0.90 - 0.43 * math.cos(thigh_rad))
    ankle = (knee[0] + 0.40 * math.sin(knee_rad), 0.10 * side * wide,
             knee[2] - 0.40 * math.cos(knee_rad))  # fmt: skip
    toe = (ankle[0] + 0.17, ankle[1] + 0.02 * side, max(0.03, ankle[2] - 0.05))
    calf = outfit.skin if outfit.has_skirt else outfit.trousers
    return [
        Limb(knobs=((*hip, 0.095 * wide), (*knee, 0.068)), colour=outfit.trousers),
        Limb(knobs=((*knee, 0.066), (*ankle, 0.048)), colour=calf),
        Limb(knobs=((*ankle, 0.05), (*toe, 0.04)), colour=outfit.shoes),
    ]


def _arm(outfit: Outfit, *, side: float, swing: float, stance: int, wide: float) -> list[Limb]:
    shoulder = (0.0, 0.20 * side * wide, 1.40)
    upper_rad = math.radians(24.0) * swing
    elbow = (0.28 * math.sin(upper_rad), 0.25 * side * wide, 1.40 - 0.28 * math.cos(upper_rad))
    lower_rad = upper_rad + math.radians(14.0)
    hand = (elbow[0] + 0.25 * math.sin(lower_rad), 0.25 * side * wide,
            elbow[2] - 0.25 * math.cos(lower_rad))  # fmt: skip
    if stance == 1 and side > 0:  # holds a telephone
        elbow, hand = (0.06, 0.24 * wide, 1.14), (0.28, 0.12, 1.24)
    elif stance == 2:  # arms folded
        elbow, hand = (0.10, 0.25 * side * wide, 1.14), (0.20, -0.06 * side, 1.18)
    elif stance == 3:  # hands in the pockets
        elbow, hand = (-0.06, 0.30 * side * wide, 1.15), (0.06, 0.19 * side * wide, 0.95)
    finger = (hand[0] + 0.02, hand[1], hand[2] - 0.07)
    return [
        Limb(knobs=((*shoulder, 0.062), (*elbow, 0.05)), colour=outfit.shirt),
        Limb(knobs=((*elbow, 0.048), (*hand, 0.038)), colour=outfit.shirt),
        Limb(knobs=((*hand, 0.04), (*finger, 0.032)), colour=outfit.skin),
    ]


def _trunk(outfit: Outfit, *, wide: float) -> list[Limb]:
    chest, waist = 0.13 * wide, 0.075 * wide
    limbs = [
        Limb(
            knobs=(
                (0.0, chest, 1.38, 0.085), (0.0, -chest, 1.38, 0.085), (0.02, 0.0, 1.24, 0.12),
                (0.0, waist, 0.97, 0.10), (0.0, -waist, 0.97, 0.10),
            ),
            colour=outfit.shirt,
        )
    ]  # fmt: skip
    if outfit.has_coat or outfit.has_skirt:
        colour = outfit.shirt if outfit.has_coat else outfit.trousers
        hem = ((0.0, 0.12, 0.66, 0.11), (0.0, -0.12, 0.66, 0.11))
        limbs.append(Limb(knobs=((0.0, 0.0, 1.0, 0.15 * wide), *hem), colour=colour))
    if outfit.has_backpack:
        knobs = ((-0.17, 0.0, 1.33, 0.10), (-0.18, 0.0, 1.08, 0.13))
        limbs.append(Limb(knobs=knobs, colour=outfit.shoes))
    return limbs


def _head(outfit: Outfit) -> list[Limb]:
    neck = ((0.0, 0.0, 1.40, 0.055), (0.01, 0.0, 1.52, 0.05))
    face = ((0.03, 0.0, 1.55, 0.075), (0.02, 0.0, 1.63, 0.085))
    hair = ((-0.03, 0.0, 1.60, 0.088), (-0.005, 0.0, 1.645, 0.094))
    return [
        Limb(knobs=neck, colour=outfit.skin),
        Limb(knobs=face, colour=outfit.skin),
        Limb(knobs=hair, colour=outfit.hair),
    ]


def _scaled(limb: Limb, scale: float) -> Limb:
    knobs = tuple((f * scale, left * scale, u * scale, r * scale) for f, left, u, r in limb.knobs)
    return Limb(knobs=knobs, colour=limb.colour)


def draw(limbs: list[Limb], *, facing_rad: float, depression_rad: float, px_per_m: int) -> Picture:
    """A premultiplied BGRA picture.

    `facing_rad` turns the body: 0 walks away from the camera, a quarter turn to its right.
    """
    size = (int(SPRITE_WIDTH_M * _MASTER_PX_PER_M), int(SPRITE_HEIGHT_M * _MASTER_PX_PER_M))
    master = np.zeros((size[1], size[0], 4), np.uint8)
    placed = (_projected(limb, facing_rad, depression_rad) for limb in limbs)
    for _, discs, colour in sorted(placed, key=lambda row: -row[0]):
        _paint(master, discs, colour)
    # The lens and the sensor soften every edge a little.
    soft = cv2.GaussianBlur(master, (0, 0), 1.0)
    scaled = (round(SPRITE_WIDTH_M * px_per_m), round(SPRITE_HEIGHT_M * px_per_m))
    return np.asarray(cv2.resize(soft, scaled, interpolation=cv2.INTER_AREA), np.uint8)


_Disc = tuple[float, float, float]  # right, down, radius; master pixels


def _projected(
    limb: Limb, facing_rad: float, depression_rad: float
) -> tuple[float, list[_Disc], Colour]:
    """Mean depth (larger is farther) and the limb's balls as discs of the master picture."""
    discs, depth = [], 0.0
    for forward, left, up, radius in limb.knobs:
        right = forward * math.sin(facing_rad) - left * math.cos(facing_rad)
        away = forward * math.cos(facing_rad) + left * math.sin(facing_rad)
        rise = up * math.cos(depression_rad) + away * math.sin(depression_rad)
        depth += away * math.cos(depression_rad) - up * math.sin(depression_rad)
        discs.append((
            (SPRITE_WIDTH_M * FEET_ACROSS + right) * _MASTER_PX_PER_M,
            (SPRITE_HEIGHT_M * FEET_DOWN - rise) * _MASTER_PX_PER_M,
            radius * _MASTER_PX_PER_M,
        ))  # fmt: skip
    return depth / len(limb.knobs), discs, limb.colour


# Each layer: share of the radius, shift towards the light (share of the radius), brightness.
_LAYERS = ((1.0, 0.0, 0.66), (0.78, 0.12, 0.92), (0.45, 0.3, 1.1))


def _paint(master: Picture, discs: list[_Disc], colour: Colour) -> None:
    """The hull of the discs, lit from the upper left, dark at its rim."""
    shape = np.array(discs)
    centres, radii = shape[:, None, :2], shape[:, None, 2:]
    for share, shift, brightness in _LAYERS:
        shade = tuple(min(255.0, channel * brightness) for channel in colour)
        rims = centres + radii * (_circle() * share - 0.7 * shift)
        hull = cv2.convexHull((rims.reshape(-1, 2) * 16.0).astype(np.int32))
        cv2.fillConvexPoly(master, hull, (*shade, 255.0), shift=4)


@lru_cache(maxsize=1)
def _circle() -> NDArray[np.float64]:
    angles = np.linspace(0.0, 2.0 * math.pi, 16, endpoint=False)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)
