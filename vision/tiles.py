"""Which parts of a picture to look at, and how large people should be in the network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from patrol.camera import CameraLens
from vision.detectors import Boxes, Detector, Image, merge, no_boxes

_WANTED_PX = 42.0  # a person in the network, px: best between 40 and 90, and time is short
_SCALE_MIN, _SCALE_MAX = 0.5, 1.3
_BORDER_PX = 2.0  # a box this near an inner border of its tile was cut by it
_OVERLAP = 0.2
_BAND_RATIO = 1.45  # of the tallest to the shortest person in a band: one scale fits both


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A part of the picture in px, and the factor it is resized by."""

    x_px: int
    y_px: int
    width_px: int
    height_px: int
    scale: float = 1.0


def look(detector: Detector, image: Image, tiles: Sequence[Tile]) -> Boxes:
    """People in all tiles, in pixels of the whole picture, each once."""
    found = []
    height_px, width_px = image.shape[:2]
    for tile in tiles:
        part = image[tile.y_px : tile.y_px + tile.height_px, tile.x_px : tile.x_px + tile.width_px]
        if tile.scale != 1.0:
            method = cv2.INTER_AREA if tile.scale < 1.0 else cv2.INTER_LINEAR
            resized = cv2.resize(part, None, fx=tile.scale, fy=tile.scale, interpolation=method)
            part = np.asarray(resized, dtype=np.uint8)
        boxes = detector.detect(part)
        if len(boxes):
            boxes = boxes.copy()
            boxes[:, :4] /= tile.scale
            boxes = _uncut(boxes, tile, width_px, height_px)
            boxes[:, [0, 2]] += tile.x_px
            boxes[:, [1, 3]] += tile.y_px
            found.append(boxes)
    return merge(np.concatenate(found)) if found else no_boxes()


def _uncut(boxes: Boxes, tile: Tile, width_px: int, height_px: int) -> Boxes:
    """Drop boxes that an inner border of the tile cut: the neighbouring tile sees them whole."""
    kept = np.ones(len(boxes), dtype=bool)
    if tile.x_px > 0:
        kept &= boxes[:, 0] > _BORDER_PX
    if tile.y_px > 0:
        kept &= boxes[:, 1] > _BORDER_PX
    if tile.x_px + tile.width_px < width_px:
        kept &= boxes[:, 2] < tile.width_px - _BORDER_PX
    if tile.y_px + tile.height_px < height_px:
        kept &= boxes[:, 3] < tile.height_px - _BORDER_PX
    return boxes[kept]


def whole(width_px: int, height_px: int, longest_px: int = 416) -> Tile:
    """The whole picture, shrunk into the network's own size."""
    scale = min(1.0, longest_px / max(width_px, height_px))
    return Tile(x_px=0, y_px=0, width_px=width_px, height_px=height_px, scale=scale)


def plain_tiles(width_px: int, height_px: int, size_px: int = 416) -> list[Tile]:
    """Square tiles with overlap, and the whole picture: for a picture of unknown scale."""
    tiles = [
        Tile(x_px=x, y_px=y, width_px=min(size_px, width_px), height_px=min(size_px, height_px))
        for y in _starts(height_px, size_px)
        for x in _starts(width_px, size_px)
    ]
    return [*tiles, whole(width_px, height_px)]


def _starts(length_px: int, size_px: int) -> list[int]:
    if length_px <= size_px:
        return [0]
    count = math.ceil((length_px - size_px) / (size_px * (1.0 - _OVERLAP))) + 1
    return [round(i * (length_px - size_px) / (count - 1)) for i in range(count)]


def tiles_for_pose(
    lens: CameraLens, *, pitch_deg: float, height_agl_m: float, person_height_px_min: float
) -> list[Tile]:
    """Horizontal bands of the picture where people are tall enough, each at its own scale.

    Empty when no part of the picture has people of that height. The sky and the far ground are left
    out; a band ends where people have grown or shrunk by nearly a half, so one scale fits it.
    """
    rows = _person_rows(lens, pitch_deg, height_agl_m)
    usable = [(row, tall) for row, tall in rows if tall >= person_height_px_min * 0.95]
    if not usable:
        return []
    tiles = []
    top_row, top_tall = usable[0]
    last_tall = top_tall
    for row, tall in [*usable[1:], (usable[-1][0] + 1, math.inf)]:
        # From steeply above people shrink again towards the lower edge.
        if top_tall / _BAND_RATIO < tall < top_tall * _BAND_RATIO:
            last_tall = tall
            continue
        # Feet are in the band; heads are up to one person's height above it.
        upper = max(0, int(top_row - 1.15 * top_tall))
        lower = min(lens.height_px, int(row + 0.15 * last_tall) + 1)
        middle_tall = math.sqrt(top_tall * last_tall)
        scale = min(_SCALE_MAX, max(_SCALE_MIN, _WANTED_PX / middle_tall))
        tiles.append(
            Tile(
                x_px=0, y_px=upper, width_px=lens.width_px, height_px=lower - upper,
                scale=round(scale, 3),
            )
        )  # fmt: skip
        top_row, top_tall, last_tall = row, tall, tall
    return tiles


def _person_rows(
    lens: CameraLens, pitch_deg: float, height_agl_m: float
) -> list[tuple[int, float]]:
    """For each fourth row that shows ground: how tall a person standing there is, in px."""
    rows = []
    for row in range(0, lens.height_px, 4):
        below_deg = -pitch_deg + math.degrees(
            math.atan((row - lens.height_px / 2.0) / lens.focal_px)
        )
        if below_deg <= 1.0 or below_deg >= 89.0 or height_agl_m <= 1.0:
            continue
        range_m = height_agl_m / math.tan(math.radians(below_deg))
        rows.append((row, lens.person_height_px(range_m=range_m, height_agl_m=height_agl_m)))
    return rows
