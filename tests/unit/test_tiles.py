"""Where the eye looks: everywhere that people can be counted, nowhere else, at a fit scale."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patrol.camera import CameraLens
from vision.detectors import Boxes, Image, no_boxes
from vision.tiles import Tile, look, plain_tiles, tiles_for_pose, whole

LEAST_PX = 28.0
LENS = CameraLens(width_px=1280, height_px=720, hfov_deg=40.0)

lenses = st.builds(
    CameraLens,
    width_px=st.integers(320, 3840), height_px=st.integers(240, 2160), hfov_deg=st.floats(20, 100),
)  # fmt: skip
pitches = st.floats(-89, 30)
heights = st.floats(8, 120)
sides = st.integers(40, 3000)


def height_at(lens: CameraLens, row: int, *, pitch_deg: float, height_m: float) -> float | None:
    """A person's height in px with the feet in that row of the middle column; None for no ground.

    By similar triangles: the row's ray, the ground it meets, and the lens's own words for a person.
    """
    focal_px = lens.width_px / 2 / math.tan(math.radians(lens.hfov_deg / 2))
    below_rad = math.radians(-pitch_deg) + math.atan((row - lens.height_px / 2) / focal_px)
    if not math.radians(1.0) < below_rad < math.radians(89.0):
        return None
    range_m = height_m / math.tan(below_rad)
    return lens.person_height_px(range_m=range_m, height_agl_m=height_m)


def tiles_of(lens: CameraLens, pitch_deg: float, height_m: float) -> list[Tile]:
    return tiles_for_pose(
        lens, pitch_deg=pitch_deg, height_agl_m=height_m, person_height_px_min=LEAST_PX
    )


@given(lenses, pitches, heights)
def test_tiles_lie_inside_the_picture(lens: CameraLens, pitch_deg: float, height_m: float) -> None:
    for tile in tiles_of(lens, pitch_deg, height_m):
        assert (tile.x_px, tile.width_px) == (0, lens.width_px)
        assert 0 <= tile.y_px < tile.y_px + tile.height_px <= lens.height_px


@given(lenses, pitches, heights)
def test_everybody_who_is_tall_enough_is_whole_in_some_tile(
    lens: CameraLens, pitch_deg: float, height_m: float
) -> None:
    tiles = tiles_of(lens, pitch_deg, height_m)
    for row in range(0, lens.height_px, 7):
        tall = height_at(lens, row, pitch_deg=pitch_deg, height_m=height_m)
        if tall is not None and tall >= LEAST_PX:
            head = max(0.0, row - tall)
            assert any(t.y_px <= head + 1 and row <= t.y_px + t.height_px for t in tiles)


@given(lenses, pitches, heights)
def test_nothing_is_looked_at_far_above_the_farthest_person(
    lens: CameraLens, pitch_deg: float, height_m: float
) -> None:
    tiles = tiles_of(lens, pitch_deg, height_m)
    talls = [
        (row, height_at(lens, row, pitch_deg=pitch_deg, height_m=height_m))
        for row in range(lens.height_px)
    ]
    usable = [(row, tall) for row, tall in talls if tall is not None and tall >= 0.95 * LEAST_PX]
    if not usable:
        assert tiles == []
    for tile in tiles:
        first_row, first_tall = usable[0]
        # The rows are sampled by fours.
        assert tile.y_px >= first_row - 1.2 * first_tall - 5


def test_a_camera_that_looks_at_the_sky_has_no_tiles() -> None:
    assert tiles_of(LENS, LENS.vfov_deg / 2, 30.0) == []


def test_the_sky_and_the_far_ground_of_a_level_camera_are_left_out() -> None:
    tiles = tiles_of(LENS, -5.0, 12.0)
    horizon = LENS.height_px / 2 - LENS.focal_px * math.tan(math.radians(5.0))
    assert tiles
    assert min(tile.y_px for tile in tiles) > horizon


@given(st.floats(-45, -5), st.floats(15, 60))
def test_people_are_of_a_size_in_the_network_that_it_knows(
    pitch_deg: float, height_m: float
) -> None:
    tiles = tiles_of(LENS, pitch_deg, height_m)
    for row in range(0, LENS.height_px, 5):
        tall = height_at(LENS, row, pitch_deg=pitch_deg, height_m=height_m)
        if tall is None or tall < LEAST_PX:
            continue
        holding = [t for t in tiles if t.y_px <= row - tall + 1 and row <= t.y_px + t.height_px]
        assert any(30.0 <= t.scale * tall <= 90.0 for t in holding) or row - tall < 0


@given(sides, sides)
def test_plain_tiles_cover_every_pixel_and_stay_inside(width_px: int, height_px: int) -> None:
    *tiles, last = plain_tiles(width_px, height_px)
    seen = np.zeros((height_px, width_px), bool)
    for tile in tiles:
        assert 0 < tile.width_px <= 416
        assert 0 < tile.height_px <= 416
        assert tile.x_px + tile.width_px <= width_px
        assert tile.y_px + tile.height_px <= height_px
        seen[tile.y_px : tile.y_px + tile.height_px, tile.x_px : tile.x_px + tile.width_px] = True
    assert seen.all()
    assert last == whole(width_px, height_px)


@given(sides)
def test_neighbouring_plain_tiles_overlap_by_a_fifth(width_px: int) -> None:
    *tiles, _ = plain_tiles(width_px, 300)
    for left, right in zip(tiles, tiles[1:], strict=False):
        assert left.x_px + left.width_px - right.x_px >= 0.2 * 416 - 1


@given(sides, sides)
def test_the_whole_picture_is_shrunk_into_the_network_and_never_enlarged(
    width_px: int, height_px: int
) -> None:
    tile = whole(width_px, height_px)
    assert (tile.width_px, tile.height_px) == (width_px, height_px)
    assert tile.scale <= 1.0
    assert max(width_px, height_px) * tile.scale <= 416.001


class SpotFinder:
    """Finds white spots: a detector whose answers are known."""

    input_px: tuple[int, int] | None = None

    def detect(self, image: Image) -> Boxes:
        _, _, stats, _ = cv2.connectedComponentsWithStats(
            (image[:, :, 0] > 128).astype(np.uint8), connectivity=8
        )
        rows = [(x, y, x + w, y + h, 0.9) for x, y, w, h, _ in stats[1:]]
        return np.array(rows, dtype=np.float32) if rows else no_boxes()


spots = st.sets(st.tuples(st.integers(0, 23), st.integers(0, 17)), max_size=12)


@given(spots)
def test_each_spot_is_found_once_and_in_its_place(places: set[tuple[int, int]]) -> None:
    image = np.zeros((720, 960, 3), np.uint8)
    wanted = set()
    for column, row in places:
        x, y = column * 40 + 5, row * 40 + 5
        image[y : y + 30, x : x + 20] = 255
        wanted.add((x, y, x + 20, y + 30))
    tiles = plain_tiles(960, 720)[:-1]
    found = {
        tuple(round(float(edge)) for edge in box[:4]) for box in look(SpotFinder(), image, tiles)
    }
    assert found == wanted


@pytest.mark.parametrize("scale", [0.5, 1.3])
def test_a_resized_tile_gives_boxes_in_pixels_of_the_picture(scale: float) -> None:
    image = np.zeros((400, 600, 3), np.uint8)
    image[200:260, 100:140] = 255
    tile = Tile(x_px=50, y_px=120, width_px=400, height_px=240, scale=scale)
    (box,) = look(SpotFinder(), image, [tile])
    assert box[:4] == pytest.approx((100, 200, 140, 260), abs=2.5)


def test_what_the_inner_border_of_a_tile_cuts_is_left_to_its_neighbour() -> None:
    image = np.zeros((100, 200, 3), np.uint8)
    image[40:60, 90:110] = 255
    left = Tile(x_px=0, y_px=0, width_px=100, height_px=100)
    right = Tile(x_px=80, y_px=0, width_px=120, height_px=100)
    assert len(look(SpotFinder(), image, [left])) == 0
    (box,) = look(SpotFinder(), image, [left, right])
    assert tuple(box[:4]) == (90, 40, 110, 60)


def test_what_the_border_of_the_picture_cuts_is_kept() -> None:
    image = np.zeros((100, 200, 3), np.uint8)
    image[40:60, 0:15] = 255
    assert len(look(SpotFinder(), image, [whole(200, 100)])) == 1


def test_no_tiles_find_nobody() -> None:
    assert look(SpotFinder(), np.zeros((10, 10, 3), np.uint8), []).shape == (0, 5)


@pytest.mark.parametrize("pitch_deg", [-55.0, -60.0, -70.0])
def test_people_seen_from_steeply_above_are_large_enough_in_the_network(pitch_deg: float) -> None:
    tiles = tiles_of(LENS, pitch_deg, 30.0)
    for row in range(0, LENS.height_px, 5):
        tall = height_at(LENS, row, pitch_deg=pitch_deg, height_m=30.0)
        if tall is None or tall < LEAST_PX or row < tall:
            continue
        holding = [t for t in tiles if t.y_px <= row - tall + 1 and row <= t.y_px + t.height_px]
        assert any(30.0 <= t.scale * tall <= 90.0 for t in holding)
