"""Lays small pictures into a large one; it knows nothing of the world."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


def inside(
    picture: Picture, left: int, top: int, shape: tuple[int, ...]
) -> tuple[Picture, slice, slice] | None:
    """The picture under a patch at (left, top), and the rows and columns of the patch in it."""
    height, width = picture.shape[:2]
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(width, left + shape[1]), min(height, top + shape[0])
    if x0 >= x1 or y0 >= y1:
        return None
    return picture[y0:y1, x0:x1], slice(y0 - top, y1 - top), slice(x0 - left, x1 - left)


def darken(picture: Picture, outline: NDArray[np.float64], share: float) -> None:
    """Take a share of the light from a polygon, softly at its rim."""
    # No farther out of the picture than the rim is soft: what is near may reach thousands of dots.
    height, width = picture.shape[:2]
    left, top = (max(-2, math.floor(edge) - 2) for edge in outline.min(axis=0))
    right, bottom = (math.ceil(edge) + 3 for edge in outline.max(axis=0))
    right, bottom = min(width + 2, right), min(height + 2, bottom)
    if left >= right or top >= bottom:
        return
    mask = np.zeros((bottom - top, right - left), np.uint8)
    polygon = np.round((outline - (left, top)) * 16.0).astype(np.int32)
    cv2.fillPoly(mask, [polygon], 255.0 * share, lineType=cv2.LINE_AA, shift=4)
    soft = np.asarray(cv2.blur(mask, (3, 3)), np.uint8)
    found = inside(picture, left, top, soft.shape)
    if found is not None:
        target, rows, columns = found
        keep = 255 - soft[rows, columns, None].astype(np.uint16)
        target[:] = (target * keep) >> 8


def lay_over(picture: Picture, left: int, top: int, patch: Picture) -> None:
    """Put a premultiplied BGRA patch over the picture."""
    found = inside(picture, left, top, patch.shape)
    if found is None:
        return
    target, rows, columns = found
    part = patch[rows, columns]
    keep = (255 - part[:, :, 3:]).astype(np.uint16)
    target[:] = part[:, :, :3] + ((target * keep + 127) >> 8).astype(np.uint8)
