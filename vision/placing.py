"""From a pixel and the camera's pose at capture time to a place on flat ground, with its error."""

from __future__ import annotations

import bisect
import math
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from patrol.camera import CameraLens
from patrol.geo import Enu, GeoPoint, LocalFrame

_KEPT_S = 60.0
_GAP_S = 1.0  # wall; a pose further than this from the capture is no pose
# One-sigma errors of what a place is computed from; typical of GNSS, gimbals and cameras [P].
_ATTITUDE_DEG = 0.5
_POSITION_M = 1.0
_HEIGHT_M = 1.0
_LATENCY_S = 0.05  # wall
_STATURE_M = 0.1  # of adults, posture included
_BOX_PX = 2.0  # a detector's upper edge
_LOWEST_DEPRESSION_DEG = 3.0  # below this a pixel is worth a hundred metres


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraPose:
    """Where the camera was and looked. `at_s` is wall monotonic, `time_utc` world time."""

    at_s: float
    time_utc: datetime
    point: GeoPoint
    height_agl_m: float
    bearing_true_deg: float
    pitch_deg: float
    roll_deg: float = 0.0
    speed_m_s: float | None = None
    turn_rate_deg_s: float | None = None
    world_speed: float = 1.0


class PoseHistory:
    """The last minute of poses, interpolated in wall time."""

    def __init__(self) -> None:
        self._poses: deque[CameraPose] = deque()

    def add(self, pose: CameraPose) -> None:
        """Take a newer pose; an older one than the newest is ignored."""
        if self._poses and pose.at_s <= self._poses[-1].at_s:
            return
        self._poses.append(pose)
        while pose.at_s - self._poses[0].at_s > _KEPT_S:
            self._poses.popleft()

    def newest_at_s(self) -> float | None:
        """Wall time of the newest pose."""
        return self._poses[-1].at_s if self._poses else None

    def at(self, moment_s: float) -> CameraPose | None:
        """The pose at a wall time; None when none is near enough."""
        if not self._poses:
            return None
        times = [pose.at_s for pose in self._poses]
        after = bisect.bisect_left(times, moment_s)
        if after == 0:
            return self._poses[0] if times[0] - moment_s <= _GAP_S else None
        if after < len(times) and times[after] == moment_s:
            return self._poses[after]
        before = self._poses[after - 1]
        if after == len(times):
            return _ahead(self._poses, moment_s) if moment_s - before.at_s <= _GAP_S else None
        return _between(before, self._poses[after], moment_s)


def _between(a: CameraPose, b: CameraPose, moment_s: float) -> CameraPose | None:
    if b.at_s - a.at_s > 2.0 * _GAP_S:
        return None
    return _blend(a, b, (moment_s - a.at_s) / (b.at_s - a.at_s))


def _ahead(poses: deque[CameraPose], moment_s: float) -> CameraPose:
    """A moment after the newest pose: go on as between the last two."""
    if len(poses) < 2:
        return poses[-1]
    a, b = poses[-2], poses[-1]
    return _blend(a, b, min((moment_s - a.at_s) / (b.at_s - a.at_s), 2.0))


def _blend(a: CameraPose, b: CameraPose, share: float) -> CameraPose:
    def mix(x: float, y: float) -> float:
        return x + (y - x) * share

    def turn(x_deg: float, y_deg: float) -> float:
        return x_deg + ((y_deg - x_deg + 180.0) % 360.0 - 180.0) * share

    passed_s = (b.time_utc - a.time_utc).total_seconds()
    return CameraPose(
        at_s=mix(a.at_s, b.at_s),
        time_utc=a.time_utc + timedelta(seconds=passed_s * share),
        point=GeoPoint(
            lat_deg=mix(a.point.lat_deg, b.point.lat_deg),
            lon_deg=mix(a.point.lon_deg, b.point.lon_deg),
        ),
        height_agl_m=mix(a.height_agl_m, b.height_agl_m),
        bearing_true_deg=turn(a.bearing_true_deg, b.bearing_true_deg) % 360.0,
        pitch_deg=mix(a.pitch_deg, b.pitch_deg),
        roll_deg=mix(a.roll_deg, b.roll_deg),
        speed_m_s=b.speed_m_s,
        turn_rate_deg_s=_turn_rate(a, b),
        world_speed=b.world_speed,
    )


def _turn_rate(a: CameraPose, b: CameraPose) -> float | None:
    """How fast the camera itself turns, in world time: that is what blurs and misplaces."""
    passed_s = (b.time_utc - a.time_utc).total_seconds()
    if passed_s <= 0.0:
        return b.turn_rate_deg_s
    turned = abs((b.bearing_true_deg - a.bearing_true_deg + 180.0) % 360.0 - 180.0)
    return max(turned, abs(b.pitch_deg - a.pitch_deg)) / passed_s


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundSpot:
    """A place on the ground that a pixel shows."""

    enu: Enu  # from the point below the camera
    point: GeoPoint
    range_m: float  # horizontal
    depression_deg: float
    error_m: float  # one sigma, horizontal
    relative_error_m: float  # one sigma, against other places of the same look


def place(
    pixel: tuple[float, float], pose: CameraPose, lens: CameraLens, *, above_ground_m: float = 0.0
) -> GroundSpot | None:
    """Where the ray through a pixel meets a level plane; None at or near the horizon.

    The plane lies `above_ground_m` over flat ground: heads are seen where feet are hidden.
    Pixel is (column, row) from the picture's upper left. Pinhole, no distortion, roll applied.
    """
    right = (pixel[0] - lens.width_px / 2.0) / lens.focal_px
    down = (pixel[1] - lens.height_px / 2.0) / lens.focal_px
    roll_rad = math.radians(pose.roll_deg)
    right, down = (
        right * math.cos(roll_rad) - down * math.sin(roll_rad),
        right * math.sin(roll_rad) + down * math.cos(roll_rad),
    )
    pitch_rad, bearing_rad = math.radians(pose.pitch_deg), math.radians(pose.bearing_true_deg)
    ahead = math.cos(pitch_rad) + down * math.sin(pitch_rad)
    below = -math.sin(pitch_rad) + down * math.cos(pitch_rad)
    flat = math.hypot(ahead, right)
    depression_deg = math.degrees(math.atan2(below, flat))
    above_m = pose.height_agl_m - above_ground_m
    if depression_deg < _LOWEST_DEPRESSION_DEG or above_m <= 0.0:
        return None
    stretch = above_m / below
    enu = Enu(
        east_m=stretch * (ahead * math.sin(bearing_rad) + right * math.cos(bearing_rad)),
        north_m=stretch * (ahead * math.cos(bearing_rad) - right * math.sin(bearing_rad)),
    )
    range_m = stretch * flat
    return GroundSpot(
        enu=enu,
        point=LocalFrame(origin=pose.point).to_geo(enu),
        range_m=range_m,
        depression_deg=depression_deg,
        error_m=_error_m(range_m, pose),
        relative_error_m=_relative_error_m(range_m, depression_deg, lens),
    )


def _error_m(range_m: float, pose: CameraPose) -> float:
    """Independent errors of attitude, height, position and capture time, added in squares."""
    height_m = pose.height_agl_m
    attitude_m = math.radians(_ATTITUDE_DEG) * (range_m**2 + height_m**2) / height_m
    relief_m = _HEIGHT_M * range_m / height_m
    travelled_m = (pose.speed_m_s or 0.0) * _LATENCY_S * pose.world_speed
    return math.sqrt(attitude_m**2 + relief_m**2 + _POSITION_M**2 + travelled_m**2)


def _relative_error_m(range_m: float, depression_deg: float, lens: CameraLens) -> float:
    """What differs between two people of one look: their stature and where their box ends."""
    depression_rad = math.radians(depression_deg)
    slant_m = range_m / math.cos(depression_rad)
    box_m = _BOX_PX * slant_m / lens.focal_px / math.sin(depression_rad)
    return math.hypot(_STATURE_M / math.tan(depression_rad), box_m)


def footprint(
    pose: CameraPose, lens: CameraLens, *, person_height_px_min: float
) -> tuple[GeoPoint, ...]:
    """The ground on which people are tall enough to be counted; empty when there is none."""
    ranges = lens.valid_ranges_m(
        height_agl_m=pose.height_agl_m, person_height_px_min=person_height_px_min
    )
    if ranges is None:
        return ()
    frame = LocalFrame(origin=pose.point)
    corners = []
    for column in (0.0, float(lens.width_px)):
        for row in (float(lens.height_px), 0.0):
            spot = place((column, row), pose, lens)
            limit_m = ranges[1] if spot is None else min(max(spot.range_m, ranges[0]), ranges[1])
            bearing_rad = _column_bearing_rad(column, pose, lens, spot)
            enu = Enu(
                east_m=limit_m * math.sin(bearing_rad), north_m=limit_m * math.cos(bearing_rad)
            )
            corners.append(frame.to_geo(enu))
    near_left, far_left, near_right, far_right = corners
    return (near_left, far_left, far_right, near_right)


def _column_bearing_rad(
    column: float, pose: CameraPose, lens: CameraLens, spot: GroundSpot | None
) -> float:
    if spot is not None:
        return math.atan2(spot.enu.east_m, spot.enu.north_m)
    off_rad = math.atan((column - lens.width_px / 2.0) / lens.focal_px)
    return math.radians(pose.bearing_true_deg) + off_rad
