"""A camera that freezes, goes black, sends damage or dies: what the eye makes of it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import numpy as np
import pytest

from patrol.errors import VideoLost
from patrol.geo import GeoPoint, offset
from sim.faults import Fault
from vision.looking import Validity, why_not
from vision.placing import CameraPose
from vision.standstill import Standstill
from vision.video import Frame, StreamSource

SCENARIO = {
    "home": [116.70, 23.28], "home_elevation_amsl_m": 12.0, "start_utc": "2026-11-24T01:30:00Z",
    "gathering": None, "passers_by": 0,
    "camera": {"width_px": 640, "height_px": 360, "hfov_deg": 40.0, "frames_per_s": 10},
}  # fmt: skip
POSE = CameraPose(
    at_s=0.0, time_utc=datetime(2026, 11, 24, tzinfo=UTC),
    point=GeoPoint(lat_deg=23.28, lon_deg=116.7), height_agl_m=30.0, bearing_true_deg=20.0,
    pitch_deg=-40.0, speed_m_s=2.0, turn_rate_deg_s=0.0,
)  # fmt: skip
DAMAGED_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A simulator's camera and the door to break it."""

    source: StreamSource
    faults_url: str
    lost: list[str]

    def put(self, fault: Fault, value: float | None = None) -> None:
        answer = httpx.put(self.faults_url, json={"name": fault.name, "value": value})
        assert [at["name"] for at in answer.json()["faults"]] == [fault.name], answer.text

    def mend(self, fault: Fault) -> None:
        assert httpx.delete(f"{self.faults_url}/{fault.name}").json() == {"faults": []}

    def until(self, condition: Callable[[Frame], bool], within: int = 60) -> Frame:
        """The first picture that is so, among so many."""
        sequence = 0
        for _ in range(within):
            frame = self.source.newest(sequence, 5.0)
            assert frame is not None, self.lost
            sequence = frame.sequence
            if condition(frame):
                return frame
        raise AssertionError("no such picture came")


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Camera]:
    path = tmp_path_factory.mktemp("sim") / "scenario.json"
    path.write_text(json.dumps(SCENARIO), encoding="utf-8")
    with simulator(path) as ready:
        source = StreamSource(ready["camera_url"], damaged_s=DAMAGED_S)
        lost: list[str] = []
        is_over = threading.Event()

        def read() -> None:
            while not is_over.is_set():
                try:
                    source.run()
                except VideoLost as error:
                    lost.append(str(error))
                is_over.wait(0.2)

        reader = threading.Thread(target=read)
        reader.start()
        url = ready["clock_url"].replace("/clock", "/faults")
        yield Camera(source=source, faults_url=url, lost=lost)
        is_over.set()
        source.close()
        reader.join()


@contextmanager
def simulator(scenario: Path) -> Iterator[dict[str, str]]:
    command = [sys.executable, "-m", "sim", "--scenario", str(scenario)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.kill()


def moved(east_m: float) -> CameraPose:
    return replace(POSE, point=offset(POSE.point, east_m=east_m, north_m=0.0))


def test_a_frozen_picture_is_not_counted_once_the_aircraft_has_moved(camera: Camera) -> None:
    camera.put(Fault.VIDEO_FROZEN)
    eye, first = Standstill(), camera.until(lambda _: True)
    assert eye.reason(first.image, POSE) == ""
    assert eye.reason(first.image, moved(1.0)) == ""  # a hovering camera may show the same
    later = camera.until(lambda frame: frame.sequence > first.sequence + 3)
    assert later.captured_at_s > first.captured_at_s
    told = eye.reason(later.image, moved(6.0))
    assert told == "the picture stands still though the camera moves"
    turned = replace(POSE, bearing_true_deg=350.0)
    assert eye.reason(later.image, turned) == told
    shifted = np.roll(later.image, 8, axis=1)
    assert eye.reason(shifted, moved(6.0)) == ""
    camera.mend(Fault.VIDEO_FROZEN)


def test_a_black_picture_is_not_counted_and_once_mended_it_is(camera: Camera) -> None:
    camera.put(Fault.VIDEO_BLACK)
    black = camera.until(lambda frame: float(frame.image.mean()) < 2.0)
    assert why_not(POSE, black.image, Validity()) == "the picture is too dark"
    camera.mend(Fault.VIDEO_BLACK)
    bright = camera.until(lambda frame: float(frame.image.mean()) > 60.0)
    assert "dark" not in why_not(POSE, bright.image, Validity())


def test_a_damaged_stream_is_told_as_lost_video_and_no_damaged_picture_is_handed_out(
    camera: Camera,
) -> None:
    whole = camera.until(lambda _: True)
    camera.put(Fault.VIDEO_GARBLED, 100.0)
    until(lambda: any("is damaged" in words for words in camera.lost))
    latest = camera.source.newest(0, 0.0)
    assert latest is not None
    assert float(np.abs(latest.image.astype(int) - whole.image.astype(int)).mean()) < 3.0
    camera.mend(Fault.VIDEO_GARBLED)
    camera.until(lambda frame: frame.captured_at_s > latest.captured_at_s)


def test_a_camera_server_that_dies_is_told_and_its_picture_comes_back(camera: Camera) -> None:
    before = camera.until(lambda _: True)
    camera.lost.clear()
    camera.put(Fault.CAMERA_SERVER_DEAD)
    until(lambda: any("no camera answers" in words for words in camera.lost))
    camera.mend(Fault.CAMERA_SERVER_DEAD)
    camera.until(lambda frame: frame.captured_at_s > before.captured_at_s + 0.5)


def until(condition: Callable[[], bool], within_s: float = 12.0) -> None:
    """Wait, with a deadline."""
    tick = threading.Event()
    for _ in range(int(within_s / 0.05)):
        if condition():
            return
        tick.wait(0.05)
    raise AssertionError("it did not come")


def test_the_door_refuses_in_words_what_is_no_fault(camera: Camera) -> None:
    for body, words in (
        ({"name": "EARTHQUAKE"}, "there is no fault 'EARTHQUAKE'"),
        ({"name": "PACKET_LOSS", "value": 80}, "from 1 to 50, not 80"),
        ({"name": "SILENT", "value": 1}, "takes no value"),
        ({"name": "PACKET_LOSS", "value": "much"}, "not a number"),
        ({}, "is wanted"),
    ):
        answer = httpx.put(camera.faults_url, json=body)
        assert answer.status_code == 400
        assert words in answer.text
    assert httpx.put(camera.faults_url, content=b"?").status_code == 400
    assert httpx.delete(f"{camera.faults_url}/EARTHQUAKE").status_code == 404
    assert httpx.get(camera.faults_url).json() == {"faults": []}
    known = httpx.get(f"{camera.faults_url}/known").json()["known"]
    assert [fault["name"] for fault in known] == [fault.name for fault in Fault]


def test_a_loudspeaker_that_takes_no_clip_says_so(camera: Camera) -> None:
    air_url = camera.faults_url.replace("/faults", "/air")
    camera.put(Fault.LOUDSPEAKER_DEAD)
    answer = httpx.post(air_url, content=b"", headers={"X-Spl-1m-Dba": "110"})
    assert (answer.status_code, "takes no clip" in answer.text) == (503, True)
    camera.mend(Fault.LOUDSPEAKER_DEAD)
    assert httpx.post(air_url, content=b"").status_code == 415  # it listens: that is no sound
