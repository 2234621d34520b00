"""One look: a frame and the camera's pose become people on the ground, or a reason why not."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from patrol.camera import PERSON_HEIGHT_M, CameraLens
from patrol.geo import GeoPoint
from patrol.sighting import PlacedPerson
from vision.detectors import Boxes, Detector, Image, no_boxes
from vision.placing import CameraPose, footprint, place
from vision.tiles import look, tiles_for_pose

_LOWEST_M = 8.0  # below this the aircraft is taking off or landing
_DARK_MEAN = 25.0  # of 255
_BLUR_VARIANCE = 8.0  # of the Laplacian; a sharp street scene has hundreds
_HEIGHT_RATIO = (0.45, 1.8)  # of a box to a standing person there: a seated person, a raised arm


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """The envelope of a valid count (DOMAIN 4.3)."""

    person_height_px_min: float = 28.0
    max_yaw_rate_deg_s: float = 15.0
    max_speed_m_s: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one look found."""

    is_valid: bool
    reason: str
    people: tuple[PlacedPerson, ...]
    footprint: tuple[GeoPoint, ...]


def nothing(reason: str) -> Seen:
    """A look that does not count, and why; that is not zero people."""
    return Seen(is_valid=False, reason=reason, people=(), footprint=())


def why_not(pose: CameraPose | None, image: Image, validity: Validity) -> str:
    """Why this frame cannot be counted; empty when it can."""
    if pose is None:
        return "the camera's pose is not known"
    if pose.height_agl_m < _LOWEST_M:
        return "too near the ground"
    if pose.turn_rate_deg_s is None or pose.speed_m_s is None:
        return "the aircraft's motion is not known"
    if abs(pose.turn_rate_deg_s) > validity.max_yaw_rate_deg_s:
        return f"the camera turns at {abs(pose.turn_rate_deg_s):.0f} deg/s"
    if pose.speed_m_s > validity.max_speed_m_s:
        return f"the aircraft flies at {pose.speed_m_s:.1f} m/s"
    small = cv2.cvtColor(cv2.resize(image, None, fx=0.5, fy=0.5), cv2.COLOR_BGR2GRAY)
    if float(small.mean()) < _DARK_MEAN:
        return "the picture is too dark"
    if float(np.var(cv2.Laplacian(small, cv2.CV_32F))) < _BLUR_VARIANCE:
        return "the picture is blurred or empty"
    return ""


def boxes_in(
    detector: Detector, image: Image, pose: CameraPose, lens: CameraLens, validity: Validity
) -> Boxes:
    """People in the bands where they are tall enough."""
    tiles = tiles_for_pose(
        lens,
        pitch_deg=pose.pitch_deg,
        height_agl_m=pose.height_agl_m,
        person_height_px_min=validity.person_height_px_min,
    )
    return look(detector, image, tiles) if tiles else no_boxes()


def placed(boxes: Boxes, pose: CameraPose, lens: CameraLens, validity: Validity) -> Seen:
    """Boxes onto the ground; those that cannot be a person of that place's size are left out."""
    people = []
    for x_min, y_min, x_max, y_max, score in boxes.tolist():
        # By the head: in a crowd the feet are hidden behind others, and the box ends too high.
        head = ((x_min + x_max) / 2.0, y_min)
        spot = place(head, pose, lens, above_ground_m=PERSON_HEIGHT_M)
        if spot is None:
            continue
        expected_px = lens.person_height_px(range_m=spot.range_m, height_agl_m=pose.height_agl_m)
        ratio = (y_max - y_min) / expected_px if expected_px > 0 else 0.0
        if not _HEIGHT_RATIO[0] <= ratio <= _HEIGHT_RATIO[1]:
            continue
        people.append(
            PlacedPerson(
                point=spot.point,
                error_m=spot.error_m,
                relative_error_m=spot.relative_error_m,
                score=score,
                box_px=(x_min, y_min, x_max, y_max),
                is_countable=expected_px >= validity.person_height_px_min,
            )
        )
    ground = footprint(pose, lens, person_height_px_min=validity.person_height_px_min)
    if not ground:
        return Seen(
            is_valid=False, reason="people are too small in this picture", people=tuple(people),
            footprint=(),
        )  # fmt: skip
    return Seen(is_valid=True, reason="", people=tuple(people), footprint=ground)
