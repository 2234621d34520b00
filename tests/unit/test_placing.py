"""From pixels to the ground and back, against a pinhole of the test's own."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patrol.camera import CameraLens
from patrol.geo import GeoPoint, LocalFrame, bearing_true_deg, distance_m, is_inside, offset
from vision.looking import Validity, why_not
from vision.placing import CameraPose, PoseHistory, footprint, place

PLACE = GeoPoint(lat_deg=23.28, lon_deg=116.72)
START = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)
LENS = CameraLens(width_px=1280, height_px=720, hfov_deg=40.0)
MIDDLE = (640.0, 360.0)


def a_pose(at_s: float = 0.0, **changes: object) -> CameraPose:
    pose = CameraPose(
        at_s=at_s, time_utc=START + timedelta(seconds=at_s), point=PLACE, height_agl_m=30.0,
        bearing_true_deg=70.0, pitch_deg=-27.0, speed_m_s=4.0, turn_rate_deg_s=0.0,
    )  # fmt: skip
    return replace(pose, **changes)  # type: ignore[arg-type]  # names are the test's business


def pixel_of(
    pose: CameraPose, lens: CameraLens, *, east_m: float, north_m: float, up_m: float = 0.0
) -> tuple[float, float] | None:
    """Where a pinhole shows a point: three turns, one division; None behind the camera."""
    bearing, pitch, roll = (
        math.radians(angle) for angle in (pose.bearing_true_deg, pose.pitch_deg, pose.roll_deg)
    )
    # Camera axes (right, down, forward) of a level camera that looks north, in east, north, up.
    axes = np.array([(1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0)])
    turn = np.array([
        (math.cos(bearing), math.sin(bearing), 0.0), (-math.sin(bearing), math.cos(bearing), 0.0),
        (0.0, 0.0, 1.0),
    ])  # fmt: skip
    nod = np.array([
        (1.0, 0.0, 0.0), (0.0, math.cos(pitch), -math.sin(pitch)),
        (0.0, math.sin(pitch), math.cos(pitch)),
    ])  # fmt: skip
    right, down, forward = axes @ nod.T @ turn.T
    # A positive roll lowers the right side.
    right, down = (
        math.cos(roll) * right + math.sin(roll) * down,
        math.cos(roll) * down - math.sin(roll) * right,
    )
    ray = np.array((east_m, north_m, up_m - pose.height_agl_m))
    depth = float(ray @ forward)
    if depth <= 0.1:
        return None
    focal_px = lens.width_px / (2.0 * math.tan(math.radians(lens.hfov_deg / 2.0)))
    return (
        lens.width_px / 2.0 + focal_px * float(ray @ right) / depth,
        lens.height_px / 2.0 + focal_px * float(ray @ down) / depth,
    )


poses = st.builds(
    a_pose,
    height_agl_m=st.floats(8, 120), bearing_true_deg=st.floats(0, 360),
    pitch_deg=st.floats(-85, 0), roll_deg=st.floats(-20, 20),
)  # fmt: skip
lenses = st.builds(
    CameraLens,
    width_px=st.integers(320, 3840), height_px=st.integers(240, 2160), hfov_deg=st.floats(15, 100),
)  # fmt: skip


@given(poses, lenses, st.floats(3.5, 85), st.floats(-80, 80), st.sampled_from([0.0, 1.7]))
def test_a_place_that_a_pinhole_shows_comes_back(
    pose: CameraPose, lens: CameraLens, depression_deg: float, aside_deg: float, up_m: float
) -> None:
    range_m = (pose.height_agl_m - up_m) / math.tan(math.radians(depression_deg))
    bearing_rad = math.radians(pose.bearing_true_deg + aside_deg)
    east_m, north_m = range_m * math.sin(bearing_rad), range_m * math.cos(bearing_rad)
    pixel = pixel_of(pose, lens, east_m=east_m, north_m=north_m, up_m=up_m)
    if pixel is None:
        return
    spot = place(pixel, pose, lens, above_ground_m=up_m)
    assert spot is not None
    assert math.dist((spot.enu.east_m, spot.enu.north_m), (east_m, north_m)) < 0.01
    assert distance_m(spot.point, offset(PLACE, east_m=east_m, north_m=north_m)) < 0.01
    assert spot.range_m == pytest.approx(range_m, abs=0.01)
    assert spot.depression_deg == pytest.approx(depression_deg, abs=0.01)


def test_the_middle_of_the_picture_lies_where_the_camera_points() -> None:
    spot = place(MIDDLE, a_pose(), LENS)
    assert spot is not None
    assert spot.range_m == pytest.approx(30.0 / math.tan(math.radians(27.0)))
    assert bearing_true_deg(PLACE, spot.point) == pytest.approx(70.0, abs=1e-3)


@given(poses, lenses, st.floats(0, 1), st.floats(-20, 2.9))
def test_what_is_at_the_horizon_or_above_it_has_no_place(
    pose: CameraPose, lens: CameraLens, aside: float, depression_deg: float
) -> None:
    bearing_rad = math.radians(pose.bearing_true_deg + 60 * (aside - 0.5))
    pixel = pixel_of(
        pose, lens, east_m=100 * math.sin(bearing_rad), north_m=100 * math.cos(bearing_rad),
        up_m=pose.height_agl_m - 100 * math.tan(math.radians(depression_deg)),
    )  # fmt: skip
    assert pixel is None or place(pixel, pose, lens) is None


def test_a_plane_over_the_camera_has_no_places() -> None:
    assert place(MIDDLE, a_pose(height_agl_m=1.5), LENS, above_ground_m=1.7) is None


@given(st.floats(10, 700), st.floats(10, 700))
def test_what_lies_farther_is_placed_less_surely(row: float, other: float) -> None:
    far, near = (place((640.0, y), a_pose(), LENS) for y in sorted((row, other)))
    assert far is not None
    assert near is not None
    assert far.error_m >= near.error_m >= 1.0
    assert far.relative_error_m >= near.relative_error_m > 0.0


def test_speed_in_the_world_adds_to_the_error() -> None:
    spots = [place(MIDDLE, a_pose(world_speed=speed), LENS) for speed in (1.0, 10.0)]
    slow, fast = (spot.error_m for spot in spots if spot is not None)
    assert fast > slow


@given(poses, st.floats(-89, 89), st.floats(1, 400))
def test_nobody_in_the_footprint_is_farther_than_people_can_be_counted(
    pose: CameraPose, aside_deg: float, range_m: float
) -> None:
    ring = footprint(pose, LENS, person_height_px_min=28.0)
    ranges = LENS.valid_ranges_m(height_agl_m=pose.height_agl_m, person_height_px_min=28.0)
    assert bool(ring) == (ranges is not None)
    bearing_rad = math.radians(pose.bearing_true_deg + aside_deg)
    there = offset(
        PLACE, east_m=range_m * math.sin(bearing_rad), north_m=range_m * math.cos(bearing_rad)
    )
    if ring and ranges and is_inside(there, ring):
        assert range_m <= ranges[1] + 0.01


def test_the_footprint_holds_the_middle_of_the_picture_and_nothing_behind() -> None:
    ring = footprint(a_pose(), LENS, person_height_px_min=28.0)
    spot = place(MIDDLE, a_pose(), LENS)
    assert spot is not None
    assert is_inside(spot.point, ring)
    assert not is_inside(offset(PLACE, east_m=-50.0, north_m=-20.0), ring)


def test_a_height_from_which_everybody_is_too_small_has_no_footprint() -> None:
    assert footprint(a_pose(height_agl_m=115.0), LENS, person_height_px_min=28.0) == ()


def a_history(*poses: CameraPose) -> PoseHistory:
    history = PoseHistory()
    for pose in poses:
        history.add(pose)
    return history


@given(st.floats(0, 1), st.floats(0, 359.9), st.floats(-179, 179))
def test_between_two_poses_everything_moves_evenly(
    share: float, bearing_deg: float, turned_deg: float
) -> None:
    there = offset(PLACE, east_m=4.0, north_m=-3.0)
    first = a_pose(10.0, bearing_true_deg=bearing_deg)
    second = a_pose(
        11.0, bearing_true_deg=(bearing_deg + turned_deg) % 360.0, point=there,
        height_agl_m=40.0, pitch_deg=-37.0, roll_deg=4.0,
    )  # fmt: skip
    pose = a_history(first, second).at(10.0 + share)
    assert pose is not None
    assert pose.at_s == pytest.approx(10.0 + share)
    assert (pose.time_utc - START).total_seconds() == pytest.approx(10.0 + share, abs=1e-5)
    enu = LocalFrame(origin=PLACE).to_enu(pose.point)
    assert (enu.east_m, enu.north_m) == pytest.approx((4.0 * share, -3.0 * share), abs=1e-3)
    assert pose.height_agl_m == pytest.approx(30.0 + 10.0 * share)
    assert pose.pitch_deg == pytest.approx(-27.0 - 10.0 * share)
    off_deg = pose.bearing_true_deg - bearing_deg - turned_deg * share
    assert (off_deg + 180.0) % 360.0 - 180.0 == pytest.approx(0.0, abs=1e-6)


def test_a_bearing_goes_through_north_and_not_round_by_the_south() -> None:
    history = a_history(a_pose(1.0, bearing_true_deg=350.0), a_pose(2.0, bearing_true_deg=20.0))
    pose = history.at(1.5)
    assert pose is not None
    assert pose.bearing_true_deg == pytest.approx(5.0)


def test_how_fast_the_camera_turns_is_told_in_world_time() -> None:
    first = a_pose(1.0, bearing_true_deg=355.0)
    second = a_pose(1.5, bearing_true_deg=5.0, time_utc=first.time_utc + timedelta(seconds=5))
    pose = a_history(first, second).at(1.2)
    assert pose is not None
    assert pose.turn_rate_deg_s == pytest.approx(2.0)


def test_a_gap_between_poses_gives_none() -> None:
    history = a_history(a_pose(10.0), a_pose(12.1))
    assert history.at(10.5) is None
    assert history.at(11.6) is None


def test_a_moment_long_before_or_after_every_pose_gives_none() -> None:
    history = a_history(a_pose(10.0), a_pose(10.2))
    assert history.at(8.9) is None
    assert history.at(11.3) is None
    assert PoseHistory().at(10.0) is None


def test_shortly_after_the_newest_pose_the_motion_goes_on() -> None:
    history = a_history(a_pose(10.0), a_pose(10.2, point=offset(PLACE, east_m=1.0, north_m=0.0)))
    pose = history.at(10.3)
    assert pose is not None
    assert LocalFrame(origin=PLACE).to_enu(pose.point).east_m == pytest.approx(1.5, abs=1e-3)


def test_an_older_pose_is_passed_over() -> None:
    history = a_history(a_pose(10.0), a_pose(9.0, height_agl_m=99.0))
    assert history.newest_at_s() == 10.0
    pose = history.at(9.0)
    assert pose is not None
    assert pose.height_agl_m == 30.0


def test_poses_are_kept_for_a_minute() -> None:
    history = a_history(*(a_pose(float(second)) for second in range(100)))
    assert history.at(30.0) is None
    assert history.at(40.0) is not None


def test_the_very_moment_of_a_pose_after_a_gap_has_that_pose() -> None:
    assert a_history(a_pose(10.0), a_pose(12.1)).at(12.1) is not None


@pytest.mark.parametrize("rate_deg_s", [30.0, -30.0])
def test_a_camera_that_turns_fast_either_way_is_not_counted(rate_deg_s: float) -> None:
    image = np.full((72, 128, 3), 120, np.uint8)
    assert "turns" in why_not(a_pose(turn_rate_deg_s=rate_deg_s, speed_m_s=1.0), image, Validity())
