"""The shipped detector on the simulator's figures, and models that are none."""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from patrol.camera import CameraLens
from patrol.errors import ConfigError
from patrol.geo import Enu
from sim.camera import Camera, Figure, Projection, View
from sim.crowd import standing_places
from sim.figures import outfit_from
from sim.ground import Ground
from vision.detectors import (
    MIN_SCORE,
    Boxes,
    Detector,
    Image,
    load_detector,
    merge,
    no_boxes,
    suppress,
)
from vision.tiles import look, tiles_for_pose
from vision.unposed import count_picture, find_people

LENS = CameraLens(width_px=1280, height_px=720, hfov_deg=40.0)
VIEW = View(east_m=0.0, north_m=0.0, height_agl_m=30.0, bearing_true_deg=0.0, pitch_deg=-27.0)
RANGE_M = 55.0


@pytest.fixture(scope="module")
def detector() -> Detector:
    return load_detector(threads=2)


@pytest.fixture(scope="module")
def camera() -> Camera:
    return Camera(LENS, Ground(3))


def in_a_row(people: int, seed: int = 1) -> list[Figure]:
    """People side by side, three metres apart, on the far side of the middle."""
    dice = random.Random(seed)
    return [
        Figure(
            outfit=outfit_from(dice), east_m=3.0 * (i - (people - 1) / 2), north_m=RANGE_M,
            heading_true_deg=dice.uniform(0, 360), stride=None, stance=i % 4,
        )
        for i in range(people)
    ]  # fmt: skip


def a_crowd(people: int, seed: int = 1) -> list[Figure]:
    dice = random.Random(seed)
    places = standing_places(people, Enu(east_m=0.0, north_m=RANGE_M), dice)
    return [
        Figure(
            outfit=outfit_from(dice), east_m=place.east_m, north_m=place.north_m,
            heading_true_deg=dice.uniform(0, 360), stride=None, stance=i % 4,
        )
        for i, place in enumerate(places)
    ]  # fmt: skip


def posed(detector: Detector, image: Image) -> Boxes:
    tiles = tiles_for_pose(LENS, pitch_deg=-27.0, height_agl_m=30.0, person_height_px_min=28.0)
    return look(detector, image, tiles)


def middles_px(people: Sequence[Figure]) -> NDArray[np.float64]:
    waists = np.array([(p.east_m, p.north_m, 0.5 * p.outfit.height_m) for p in people])
    return Projection(LENS, VIEW).pixels(waists)[0]


def test_people_who_stand_apart_are_all_found_and_nobody_else(
    detector: Detector, camera: Camera
) -> None:
    people = in_a_row(9)
    boxes = posed(detector, camera.render(VIEW, people))
    assert len(boxes) == 9
    for middle in middles_px(people):
        holding = (boxes[:, :2] <= middle) & (middle <= boxes[:, 2:4])
        assert holding.all(axis=1).sum() == 1


def test_a_box_is_as_tall_as_a_person_there(detector: Detector, camera: Camera) -> None:
    boxes = posed(detector, camera.render(VIEW, in_a_row(9)))
    expected_px = LENS.person_height_px(range_m=RANGE_M, height_agl_m=30.0)
    talls = boxes[:, 3] - boxes[:, 1]
    assert float(np.median(talls)) == pytest.approx(expected_px, rel=0.15)


@pytest.mark.parametrize("seed", [1, 2])
def test_most_of_a_crowd_is_found_with_and_without_a_pose(
    detector: Detector, camera: Camera, seed: int
) -> None:
    image = camera.render(VIEW, a_crowd(32, seed))
    assert 22 <= len(posed(detector, image)) <= 34
    count = count_picture(detector, image).count
    assert 20 <= count.estimate <= 36
    assert count.low < 32 < count.high
    assert count.is_valid


@pytest.mark.parametrize("bearing_deg", [0.0, 77.0, 140.0, 251.0])
def test_where_nobody_is_nobody_is_found(
    detector: Detector, camera: Camera, bearing_deg: float
) -> None:
    view = View(
        east_m=12.0, north_m=-7.0, height_agl_m=30.0, bearing_true_deg=bearing_deg, pitch_deg=-27.0
    )
    image = camera.render(view, [])
    assert len(posed(detector, image)) == 0
    assert len(find_people(detector, image)) == 0


def test_nobody_found_in_a_bare_picture_is_no_valid_zero(
    detector: Detector, camera: Camera
) -> None:
    count = count_picture(detector, camera.render(VIEW, [])).count
    assert (count.estimate, count.is_valid, count.reason) == (0.0, False, "scale unknown")
    assert count.high > 0


def test_people_too_small_to_be_trusted_make_the_count_invalid(
    detector: Detector, camera: Camera
) -> None:
    image = camera.render(VIEW, in_a_row(9))
    small = np.ascontiguousarray(image[::2, ::2])
    count = count_picture(detector, small).count
    assert count.estimate >= 5
    assert not count.is_valid
    assert "px tall" in count.reason


@pytest.mark.parametrize("size", [(720, 1280), (33, 65), (1, 1), (5, 900)])
def test_boxes_stay_inside_a_picture_of_any_size(detector: Detector, size: tuple[int, int]) -> None:
    height, width = size
    image = np.random.default_rng(1).integers(0, 255, (height, width, 3)).astype(np.uint8)
    boxes = detector.detect(image)
    assert boxes.shape[1] == 5
    assert (boxes[:, :4] >= 0).all()
    assert (boxes[:, [0, 2]] <= width).all()
    assert (boxes[:, [1, 3]] <= height).all()
    assert (boxes[:, 4] >= MIN_SCORE).all()


def _box(corner: tuple[int, int], size: tuple[int, int], score: float) -> tuple[float, ...]:
    return (corner[0], corner[1], corner[0] + size[0], corner[1] + size[1], score)


some_boxes = st.lists(
    st.builds(
        _box,
        st.tuples(st.integers(0, 60), st.integers(0, 60)),
        st.tuples(st.integers(1, 40), st.integers(1, 40)),
        st.integers(30, 100).map(lambda percent: percent / 100),
    ),
    max_size=12,
).map(lambda rows: np.array(rows, dtype=np.float32).reshape(-1, 5))


def common(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return float(max(0.0, width) * max(0.0, height))


def area(a: NDArray[np.float32]) -> float:
    return float((a[2] - a[0]) * (a[3] - a[1]))


def iou(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    return common(a, b) / (area(a) + area(b) - common(a, b))


def over_smaller(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    return common(a, b) / min(area(a), area(b))


@given(some_boxes)
def test_suppressed_boxes_do_not_overlap_and_each_that_went_gave_way_to_a_better(
    boxes: Boxes,
) -> None:
    kept = suppress(boxes)
    assert (np.diff(kept[:, 4]) <= 0).all()
    for i, box in enumerate(kept):
        assert all(iou(box, other) <= 0.5 + 1e-6 for other in kept[:i])
    for box in boxes:
        is_kept = any((box == other).all() for other in kept)
        assert is_kept or any(
            iou(box, other) >= 0.5 - 1e-6 and other[4] >= box[4] for other in kept
        )


@given(some_boxes)
def test_merged_boxes_do_not_lie_in_one_another_and_each_that_went_gave_way_to_a_better(
    boxes: Boxes,
) -> None:
    kept = merge(boxes)
    assert (np.diff(kept[:, 4]) <= 0).all()
    for i, box in enumerate(kept):
        assert all(over_smaller(box, other) <= 0.65 + 1e-6 for other in kept[:i])
    for box in boxes:
        is_kept = any((box == other).all() for other in kept)
        assert is_kept or any(
            over_smaller(box, other) >= 0.65 - 1e-6 and other[4] >= box[4] for other in kept
        )


@given(some_boxes)
def test_suppressing_or_merging_twice_changes_nothing_more(boxes: Boxes) -> None:
    assert (suppress(suppress(boxes)) == suppress(boxes)).all()
    assert (merge(merge(boxes)) == merge(boxes)).all()


def test_no_boxes_stay_no_boxes() -> None:
    assert suppress(no_boxes()).shape == (0, 5)
    assert merge(no_boxes()).shape == (0, 5)


# A model file is a protobuf; so few of its fields are needed that they are written by hand.


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _port(name: str, shape: Sequence[int]) -> bytes:
    dims = b"".join(_field(1, _field(1, side)) for side in shape)
    tensor = _field(1, 1) + _field(2, dims)  # float32
    return _field(1, name.encode()) + _field(2, _field(1, tensor))


def onnx_bytes(shape: Sequence[int], *outputs: NDArray[np.float32]) -> bytes:
    """A model that takes a picture of that shape and always answers the same."""
    graph = b""
    for number in range(len(outputs)):
        inside, out = f"c{number}".encode(), f"out{number}".encode()
        graph += _field(1, _field(1, inside) + _field(2, out) + _field(4, b"Identity"))
    graph += _field(2, b"constant")
    for number, output in enumerate(outputs):
        data = struct.pack(f"<{output.size}f", *output.ravel().tolist())
        dims = b"".join(_field(1, side) for side in output.shape)
        graph += _field(5, dims + _field(2, 1) + _field(8, f"c{number}".encode()) + _field(9, data))
    graph += _field(11, _port("picture", shape))
    for number, output in enumerate(outputs):
        graph += _field(12, _port(f"out{number}", output.shape))
    return _field(1, 8) + _field(7, graph) + _field(8, _field(1, b"") + _field(2, 13))


def a_model(folder: Path, shape: Sequence[int], *outputs: NDArray[np.float32]) -> Path:
    path = folder / "own.onnx"
    path.write_bytes(onnx_bytes(shape, *outputs))
    return path


@pytest.mark.parametrize("data", [b"", b"this is no model", b"\x89PNG\r\n\x1a\n" + bytes(200)])
def test_a_file_that_is_no_model_is_a_config_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "no.onnx"
    path.write_bytes(data)
    with pytest.raises(ConfigError, match=r"no\.onnx"):
        load_detector(path)


def test_a_missing_model_is_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load_detector(tmp_path / "away.onnx")
    with pytest.raises(ConfigError, match="no such file"):
        load_detector(tmp_path)


@pytest.mark.parametrize(
    ("takes", "gives"),
    [
        ((1, 3, 64, 64), (1, 10)),
        ((1, 3, 64, 64), (1, 4, 50)),
        ((1, 1, 64, 64), (1, 84, 100)),
        ((1, 100), (1, 84, 100)),
    ],
)
def test_a_model_of_another_shape_is_a_config_error_that_names_the_known_ones(
    tmp_path: Path, takes: tuple[int, ...], gives: tuple[int, ...]
) -> None:
    path = a_model(tmp_path, takes, np.zeros(gives, np.float32))
    with pytest.raises(ConfigError, match=r"wrong shape.*NanoDet.*YOLOv5.*YOLOv8"):
        load_detector(path)


def test_a_yolo_v8_model_of_ones_own_gives_boxes_in_pixels_of_the_picture(tmp_path: Path) -> None:
    answer = np.zeros((1, 84, 300), np.float32)
    answer[0, :5, 7] = (32.0, 16.0, 8.0, 20.0, 0.8)  # middle, size, score of a person
    answer[0, :6, 9] = (50.0, 16.0, 8.0, 20.0, 0.1, 0.9)  # something else
    detector = load_detector(a_model(tmp_path, (1, 3, 64, 64), answer))
    assert detector.input_px == (64, 64)
    boxes = detector.detect(np.zeros((60, 128, 3), np.uint8))  # shrunk to half
    assert boxes == pytest.approx(np.array([(56, 12, 72, 52, 0.8)]))


def test_a_yolo_v5_model_of_ones_own_weighs_the_class_with_the_objectness(tmp_path: Path) -> None:
    answer = np.zeros((1, 300, 85), np.float32)
    answer[0, 3, :6] = (32.0, 16.0, 8.0, 20.0, 0.9, 0.5)
    answer[0, 4, :6] = (12.0, 16.0, 8.0, 20.0, 0.5, 0.5)
    detector = load_detector(a_model(tmp_path, (1, 3, 64, 64), answer))
    boxes = detector.detect(np.zeros((64, 64, 3), np.uint8))
    assert boxes == pytest.approx(np.array([(28, 6, 36, 26, 0.45)]))


def test_a_model_with_a_size_of_its_own_looks_at_tiles_of_that_size(tmp_path: Path) -> None:
    answer = np.zeros((1, 84, 300), np.float32)
    answer[0, :5, 7] = (32.0, 32.0, 8.0, 20.0, 0.8)
    detector = load_detector(a_model(tmp_path, (1, 3, 64, 64), answer))
    image = np.zeros((64, 160, 3), np.uint8)
    boxes = find_people(detector, image)
    # Three tiles, 48 px apart, and the whole picture shrunk once more.
    assert math.isclose(float(boxes[:, 0].min()), 28.0)
    assert len(boxes) >= 3


@pytest.fixture
def own_nanodet(tmp_path: Path) -> Detector:
    """One that sees a person at the second row, fourth column of the finest stride."""
    scores = [np.zeros((1, (64 // stride) ** 2, 80), np.float32) for stride in (8, 16, 32)]
    spreads = [np.zeros((1, (64 // stride) ** 2, 44), np.float32) for stride in (8, 16, 32)]
    scores[0][0, 8 + 3, 0] = 0.7
    return load_detector(a_model(tmp_path, (1, 3, 64, 64), *scores, *spreads))


def test_a_nanodet_of_ones_own_is_known_by_its_six_outputs(own_nanodet: Detector) -> None:
    detector = own_nanodet
    boxes = detector.detect(np.zeros((64, 64, 3), np.uint8))
    # An even distribution over 0 to 10 strides means five: 40 px to each side, less the border.
    assert boxes == pytest.approx(np.array([(0, 0, 64, 52, 0.7)]))


def test_a_nanodet_of_a_fixed_size_takes_smaller_pictures(own_nanodet: Detector) -> None:
    boxes = own_nanodet.detect(np.zeros((30, 64, 3), np.uint8))
    assert boxes == pytest.approx(np.array([(0, 0, 64, 30, 0.7)]))
