from __future__ import annotations

import math
import random

import numpy as np
import pytest

from patrol.camera import CameraLens
from sim.camera import Camera, Figure, Projection, View
from sim.figures import Outfit, outfit_from
from sim.ground import Ground
from sim.streets import TILE_M

LENS = CameraLens(width_px=1280, height_px=720, hfov_deg=40.0)
VIEW = View(east_m=10.0, north_m=-5.0, height_agl_m=30.0, bearing_true_deg=30.0, pitch_deg=-27.0)


@pytest.fixture(scope="module")
def camera() -> Camera:
    return Camera(LENS, Ground(1))


def somebody(*, range_m: float, bearing_deg: float = 30.0, red: bool = False) -> Figure:
    outfit = outfit_from(random.Random(1))
    if red:
        outfit = Outfit(
            shirt=(0, 0, 255), trousers=(0, 0, 255), hair=(0, 0, 255), skin=(0, 0, 255),
            shoes=(0, 0, 255), build=1.0, height_m=1.7, has_skirt=False, has_coat=False,
            has_backpack=False,
        )  # fmt: skip
    return Figure(
        outfit=outfit, heading_true_deg=0.0, stride=None, stance=0,
        east_m=VIEW.east_m + range_m * math.sin(math.radians(bearing_deg)),
        north_m=VIEW.north_m + range_m * math.cos(math.radians(bearing_deg)),
    )  # fmt: skip


def changed_box(camera: Camera, people: list[Figure]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is red because of the people."""
    picture = camera.render(VIEW, people).astype(int)
    rows, columns = np.nonzero(picture[:, :, 2] - picture[:, :, 1] > 60)
    return int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max())


def test_the_place_straight_ahead_falls_on_the_middle_column() -> None:
    range_m = 30.0 / math.tan(math.radians(27.0))
    ahead = somebody(range_m=range_m)
    pixels, depth_m = Projection(LENS, VIEW).pixels(np.array([[ahead.east_m, ahead.north_m, 0.0]]))
    assert pixels[0] == pytest.approx((640.0, 360.0), abs=1e-6)
    assert depth_m[0] == pytest.approx(math.hypot(range_m, 30.0))


def test_the_homography_and_the_projection_agree() -> None:
    projection = Projection(LENS, VIEW)
    place = np.array([[31.0, 40.0, 0.0]])
    pixels, _ = projection.pixels(place)
    ground = projection.ground_to_pixels() @ np.array((31.0, 40.0, 1.0))
    assert ground[:2] / ground[2] == pytest.approx(pixels[0])


@pytest.mark.parametrize("range_m", [42.0, 60.0, 90.0])
def test_a_person_is_as_tall_as_the_lens_says(camera: Camera, range_m: float) -> None:
    _, top, _, bottom = changed_box(camera, [somebody(range_m=range_m, red=True)])
    expected_px = LENS.person_height_px(range_m=range_m, height_agl_m=30.0)
    assert bottom - top + 1 == pytest.approx(expected_px, rel=0.12, abs=2.0)


def test_a_person_stands_with_the_feet_on_the_projected_place(camera: Camera) -> None:
    person = somebody(range_m=55.0, bearing_deg=38.0, red=True)
    left, _, right, bottom = changed_box(camera, [person])
    pixels, _ = Projection(LENS, VIEW).pixels(np.array([[person.east_m, person.north_m, 0.0]]))
    assert (left + right) / 2 == pytest.approx(pixels[0][0], abs=3.0)
    assert bottom == pytest.approx(pixels[0][1], abs=5.0)


def test_the_nearer_person_hides_the_farther_one(camera: Camera) -> None:
    near, far = somebody(range_m=50.0, red=True), somebody(range_m=50.9)
    alone = camera.render(VIEW, [near])
    both = camera.render(VIEW, [near, far])
    swapped = camera.render(VIEW, [far, near])
    assert (both == swapped).all()
    is_red = (alone[:, :, 2].astype(int) - alone[:, :, 1]) > 100
    assert (alone[is_red].astype(int) - both[is_red]).max() < 40


def test_nobody_behind_the_camera_is_drawn(camera: Camera) -> None:
    empty = camera.render(VIEW, [])
    assert (camera.render(VIEW, [somebody(range_m=40.0, bearing_deg=210.0)]) == empty).all()


def test_equal_seeds_give_equal_ground_and_it_moves_with_the_camera(camera: Camera) -> None:
    again = Camera(LENS, Ground(1))
    assert (again.render(VIEW, []) == camera.render(VIEW, [])).all()
    assert (Camera(LENS, Ground(2)).render(VIEW, []) != camera.render(VIEW, [])).any()


def test_the_ground_repeats_without_a_seam(camera: Camera) -> None:
    east = View(
        east_m=VIEW.east_m + TILE_M, north_m=VIEW.north_m, height_agl_m=30.0,
        bearing_true_deg=30.0, pitch_deg=-27.0,
    )  # fmt: skip
    difference = camera.render(VIEW, []).astype(int) - camera.render(east, [])
    assert np.abs(difference).mean() < 1.0


@pytest.mark.parametrize("pitch_deg", [-90.0, -60.0, -27.0, -5.0, 0.0, 20.0])
@pytest.mark.parametrize("height_m", [0.0, 30.0, 110.0])
def test_every_look_from_every_height_gives_a_picture(
    camera: Camera, pitch_deg: float, height_m: float
) -> None:
    view = View(
        east_m=0.0, north_m=0.0, height_agl_m=height_m, bearing_true_deg=200.0, pitch_deg=pitch_deg
    )
    picture = camera.render(view, [somebody(range_m=30.0), somebody(range_m=0.1)])
    assert picture.shape == (720, 1280, 3)
    assert picture.any(axis=2).mean() > 0.99


def test_the_sky_is_above_the_horizon(camera: Camera) -> None:
    level = View(east_m=0.0, north_m=0.0, height_agl_m=30.0, bearing_true_deg=0.0, pitch_deg=0.0)
    picture = camera.render(level, [])
    top, bottom = picture[:300].mean(axis=(0, 1)), picture[420:].mean(axis=(0, 1))
    assert top[0] > bottom[0] + 40, "blue above"
