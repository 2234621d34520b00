"""Counting in a bare picture: no pose, so the scale is judged from the people that are found."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, replace

import numpy as np

from patrol.sighting import Count, poisson_count
from vision.detectors import Boxes, Detector, Image, merge
from vision.tiles import Tile, look, plain_tiles, whole

PERSON_HEIGHT_PX_MIN = 28.0  # DOMAIN 4.3 validity
# With no person found there may still be some too small to see; this many is the stated bound, the
# most that a frame of the development set held without one being found.
NOBODY_FOUND_HIGH = 12.0
_SMALL_PX = 45.0  # people smaller than this are looked for once more, enlarged
_ENLARGED = 1.6
_LONGEST_PX = 2200  # of one side in the network: memory and time stay bounded


@dataclass(frozen=True, slots=True, kw_only=True)
class UnposedCount:
    """A count and the boxes it was made from (N x 5, px of the picture, score)."""

    count: Count
    boxes: Boxes


def count_picture(detector: Detector, image: Image) -> UnposedCount:
    """People in one picture, with bounds; valid when the median box is tall enough."""
    boxes = find_people(detector, image)
    if not len(boxes):
        count = Count(
            low=0.0, estimate=0.0, high=NOBODY_FOUND_HIGH, is_valid=False, reason="scale unknown"
        )
        return UnposedCount(count=count, boxes=boxes)
    count = poisson_count(len(boxes))
    median_px = statistics.median((boxes[:, 3] - boxes[:, 1]).tolist())
    if median_px < PERSON_HEIGHT_PX_MIN:
        reason = (
            f"people are {median_px:.0f} px tall in the middle ({PERSON_HEIGHT_PX_MIN:.0f} needed)"
        )
        count = replace(count, is_valid=False, reason=reason)
    return UnposedCount(count=count, boxes=boxes)


def find_people(detector: Detector, image: Image) -> Boxes:
    """The whole picture at its own size and shrunk; enlarged too where people turn out small."""
    height_px, width_px = image.shape[:2]
    if detector.input_px is not None:
        return look(detector, image, plain_tiles(width_px, height_px, max(detector.input_px)))
    boxes = look(detector, image, [_at_scale(width_px, height_px, 1.0), whole(width_px, height_px)])
    if len(boxes) and float(np.median(boxes[:, 3] - boxes[:, 1])) > _SMALL_PX:
        return boxes
    enlarged = look(detector, image, [_at_scale(width_px, height_px, _ENLARGED)])
    return merge(np.concatenate([boxes, enlarged]))


def _at_scale(width_px: int, height_px: int, scale: float) -> Tile:
    fitting = min(scale, _LONGEST_PX / max(width_px, height_px))
    return Tile(x_px=0, y_px=0, width_px=width_px, height_px=height_px, scale=fitting)
