"""`python -m ground_station watch` from outside: what it prints, writes and exits with."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from patrol.camera import CameraLens
from patrol.geo import Enu
from sim.camera import Camera, Figure, View
from sim.crowd import standing_places
from sim.figures import outfit_from
from sim.ground import Ground
from vision.detectors import Image
from vision.video import read_picture

PEOPLE = 9
VIDEO_FRAMES, VIDEO_RATE = 10, 10
KEYS = {"source", "frame", "t_s", "people", "valid", "reason", "boxes"}


def drawn(people: int) -> Image:
    """What the simulated camera sees of people who stand in a wide ring; its middle part."""
    dice = random.Random(4)
    lens = CameraLens(width_px=1280, height_px=720, hfov_deg=40.0)
    view = View(east_m=0.0, north_m=0.0, height_agl_m=30.0, bearing_true_deg=0.0, pitch_deg=-27.0)
    ring = standing_places(people, Enu(east_m=0.0, north_m=0.0), dice) if people else []
    figures = [
        Figure(
            outfit=outfit_from(dice), east_m=2.0 * place.east_m, north_m=57.0 + 2.0 * place.north_m,
            heading_true_deg=dice.uniform(0, 360), stride=None, stance=i % 4,
        )
        for i, place in enumerate(ring)
    ]  # fmt: skip
    picture = Camera(lens, Ground(3)).render(view, figures)
    return np.ascontiguousarray(picture[180:501, 360:921])  # odd sides on purpose


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pictures, a video of one second, and files that are neither."""
    path = tmp_path_factory.mktemp("seen")
    (path / "pictures").mkdir()
    crowd, nobody = drawn(PEOPLE), drawn(0)
    cv2.imwrite(str(path / "pictures" / "a.png"), crowd)
    cv2.imwrite(str(path / "pictures" / "b.png"), nobody)
    even = np.ascontiguousarray(crowd[:320, :560])
    with av.open(str(path / "walk.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=VIDEO_RATE)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 560, 320, "yuv420p"
        for _ in range(VIDEO_FRAMES):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(even, format="bgr24")))
        container.mux(stream.encode())
    (path / "empty").mkdir()
    (path / "no.jpg").write_bytes(b"this is no picture")
    (path / "no.mp4").write_bytes(b"this is no video")
    return path


def watch(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ground_station", "watch", *map(str, arguments)],
        capture_output=True, check=False, stdin=subprocess.DEVNULL, text=True, timeout=18,
    )  # fmt: skip


def objects(ended: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert ended.returncode == 0, ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_a_folder_gives_one_json_object_a_picture(folder: Path) -> None:
    crowd, nobody = objects(watch(folder / "pictures", "--json"))
    assert set(crowd) == set(nobody) == KEYS
    assert [Path(one["source"]).name for one in (crowd, nobody)] == ["a.png", "b.png"]
    assert (crowd["frame"], nobody["frame"]) == (0, 1)
    people = crowd["people"]
    assert people["low"] < people["estimate"] < people["high"]
    assert people["estimate"] == pytest.approx(PEOPLE, abs=2)
    assert (crowd["valid"], crowd["reason"]) == (True, "")
    assert len(crowd["boxes"]) == people["estimate"]
    for x_min, y_min, x_max, y_max, score in crowd["boxes"]:
        assert 0 <= x_min < x_max <= 561
        assert 0 <= y_min < y_max <= 321
        assert 0.3 <= score <= 1.0
    assert (nobody["people"]["estimate"], nobody["boxes"]) == (0, [])
    assert (nobody["valid"], nobody["reason"]) == (False, "scale unknown")


def test_a_picture_is_written_with_its_boxes_and_told_in_words(
    folder: Path, tmp_path: Path
) -> None:
    picture, out = folder / "pictures" / "a.png", tmp_path / "seen.png"
    ended = watch(picture, "--out", out)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("a.png")
    assert " people (" in ended.stdout
    before, after = read_picture(picture), read_picture(out)
    assert after.shape == before.shape
    share = float((after != before).any(axis=2).mean())
    assert 0.005 < share < 0.3, "boxes and a line of words, no more"


def test_every_frame_of_a_video_is_told_and_written(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "seen.mp4"
    told = objects(watch(folder / "walk.mp4", "--json", "--out", out))
    assert [one["frame"] for one in told] == list(range(VIDEO_FRAMES))
    assert [one["t_s"] for one in told] == pytest.approx(
        [number / VIDEO_RATE for number in range(VIDEO_FRAMES)]
    )
    assert all(one["people"]["estimate"] == pytest.approx(PEOPLE, abs=3) for one in told)
    with av.open(str(out)) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        assert (stream.width, stream.height) == (560, 320)
        assert stream.average_rate == VIDEO_RATE
    assert len(frames) == VIDEO_FRAMES


def test_with_every_only_a_frame_in_so_many_seconds_is_looked_at(folder: Path) -> None:
    told = objects(watch(folder / "walk.mp4", "--json", "--every", "0.5"))
    assert [(one["frame"], one["t_s"]) for one in told] == [(0, 0.0), (5, 0.5)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["away.jpg"], "there is no such file"),
        (["no.jpg"], "this is no picture"),
        (["no.mp4"], "not a picture or video"),
        (["empty"], "there is no picture in the folder"),
        (["walk.mp4", "--out", "away/seen.mp4"], "there is no folder"),
        (["pictures/a.png", "--model", "no.mp4"], "not an ONNX model"),
        (["pictures/a.png", "--model", "away.onnx"], "no such file"),
    ],
)
def test_wrong_input_is_told_in_one_sentence_with_exit_code_2(
    folder: Path, arguments: list[str], words: str
) -> None:
    ended = watch(*(one if one.startswith("--") else folder / one for one in arguments))
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith("gridpatrol: ")
    assert ended.stderr.count("\n") == 1
    assert words in ended.stderr


def test_a_model_of_the_wrong_shape_is_told_with_the_known_shapes(
    folder: Path, tmp_path: Path
) -> None:
    model = tmp_path / "other.onnx"
    model.write_bytes(IDENTITY_MODEL)
    ended = watch(folder / "pictures", "--model", model)
    assert ended.returncode == 2
    assert "a model of the wrong shape" in ended.stderr
    assert "NanoDet" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_camera_that_is_not_there_is_exit_code_1() -> None:
    ended = watch("rtsp://127.0.0.1:9/camera")
    assert ended.returncode == 1
    assert ended.stderr.startswith("gridpatrol: no camera answers at rtsp://127.0.0.1:9/camera")


def _length_prefixed(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return bytes([tag, len(body)]) + body


def _port(tag: int, name: bytes) -> bytes:
    """A float tensor of 1 x 3 x 8 x 8."""
    sides = b"".join(_length_prefixed(0x0A, bytes([0x08, side])) for side in (1, 3, 8, 8))
    tensor = _length_prefixed(0x0A, bytes([0x08, 1]), _length_prefixed(0x12, sides))
    return _length_prefixed(tag, _length_prefixed(0x0A, name), _length_prefixed(0x12, tensor))


# The smallest ONNX model there is, as a protobuf: it gives back the picture that it takes.
IDENTITY_MODEL = (
    bytes([0x08, 8])  # IR version
    + _length_prefixed(
        0x3A,
        _length_prefixed(
            0x0A, _length_prefixed(0x0A, b"x"), _length_prefixed(0x12, b"y"),
            _length_prefixed(0x22, b"Identity"),
        ),
        _length_prefixed(0x12, b"g"),
        _port(0x5A, b"x"),
        _port(0x62, b"y"),
    )
    + _length_prefixed(0x42, _length_prefixed(0x0A), bytes([0x10, 13]))
)  # fmt: skip


def test_a_folder_of_pictures_is_not_written_into_one_file(folder: Path, tmp_path: Path) -> None:
    ended = watch(folder / "pictures", "--out", tmp_path / "o.png")
    assert ended.returncode == 2
    assert "not a folder" in ended.stderr


def test_the_source_is_never_written_over(folder: Path) -> None:
    recording = folder / "walk.mp4"
    before = recording.read_bytes()
    ended = watch(recording, "--out", recording)
    assert ended.returncode == 2
    assert "write over the source" in ended.stderr
    assert recording.read_bytes() == before
