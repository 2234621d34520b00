"""Where the simulated aircraft truly is and how its camera truly looks; the pictures use it."""

from __future__ import annotations

from dataclasses import dataclass

from patrol.geo import GeoPoint
from patrol.telemetry import CameraPointing


@dataclass(frozen=True, slots=True, kw_only=True)
class AircraftPose:
    """The truth at one moment, free of link delay and of sensor error."""

    point: GeoPoint
    height_agl_m: float
    camera: CameraPointing
    time_s: float  # world seconds since the world's start
    is_in_air: bool
    heading_true_deg: float = 0.0  # of the airframe; the camera may look elsewhere
