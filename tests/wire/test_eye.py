"""`python -m vision.eye` as the station starts it, on the camera of a real simulator in flight."""

from __future__ import annotations

import json
import math
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import av
import cv2
import httpx
import numpy as np
import pytest
from pymavlink.dialects.v20 import common as mavlink

from patrol.camera import CameraLens
from patrol.geo import GeoPoint, distance_m, is_inside, offset, to_geojson
from patrol.sighting import Look
from tests.cables import Cable
from vision.eye_messages import (
    PACKET_KIND,
    PICTURE_KIND,
    Unframer,
    VideoPacket,
    framed_json,
    lens_to_dict,
    look_from_dict,
    pose_to_dict,
    read_packet,
    read_picture,
)
from vision.placing import CameraPose

HOME = GeoPoint(lat_deg=23.28, lon_deg=116.73)
GATHERING = offset(HOME, east_m=12.0, north_m=52.0)
PEOPLE = 32
LENS = CameraLens(width_px=1280, height_px=720, hfov_deg=40.0)
HEIGHT_M = 30.0
AIMED_PITCH_DEG = -math.degrees(math.atan2(HEIGHT_M, distance_m(HOME, GATHERING)))
SCENARIO = {
    "home": to_geojson(HOME),
    "home_elevation_amsl_m": 12.0,
    "start_utc": "2026-11-24T01:30:00Z",
    "gathering": {"place": to_geojson(GATHERING), "people": PEOPLE, "response": "stubborn"},
    "camera": {"width_px": 1280, "height_px": 720, "hfov_deg": 40.0, "frames_per_s": 10},
}
GATHERED_UTC = datetime(2026, 11, 24, 1, 31, 5, tzinfo=UTC)


def pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


class Flight:
    """The simulator with its aircraft in the air, heard and commanded over MAVLink.

    Poses are made of what the aircraft says, as the station makes them.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.ready: dict[str, Any] = json.loads(pipe(process.stdout).readline())
        host, _, port = self.ready["mavlink_url"].removeprefix("udpout://").partition(":")
        self._link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._link.connect((host, int(port)))
        self._link.settimeout(0.2)
        self._mav = mavlink.MAVLink(None, srcSystem=255, srcComponent=190)
        self._clock = httpx.Client()
        self._heard: dict[str, Any] = {}
        self._beat_s = 0.0

    def close(self) -> None:
        self._link.close()
        self._clock.close()

    def take_off(self) -> None:
        """To 30 m above home, the camera on the place of the gathering; returns when it is so."""
        self._send(mavlink.MAVLink_param_set_message(1, 1, b"MIS_TAKEOFF_ALT", HEIGHT_M, 9))
        self._until(lambda: "HEARTBEAT" in self._heard, lambda: self._command(400, 1.0))
        self._until(self._is_up, lambda: self._command(22))
        self._until(self._is_aimed, self._look_at_gathering)

    def await_people(self) -> None:
        """Until everybody has come; from then on the world runs no faster than the wall."""
        self._until(lambda: self.world_utc() >= GATHERED_UTC, lambda: None)
        self._clock.put(self.ready["clock_url"], json={"speed": 1.0})

    def pose(self) -> CameraPose:
        """As the next position has it."""
        self._heard.pop("GLOBAL_POSITION_INT", None)
        self._until(lambda: "GLOBAL_POSITION_INT" in self._heard, lambda: None)
        position = self._heard["GLOBAL_POSITION_INT"]
        pitch_deg, bearing_deg = angles(self._heard["GIMBAL_DEVICE_ATTITUDE_STATUS"].q)
        return CameraPose(
            at_s=time.monotonic(), time_utc=self.world_utc(),
            point=GeoPoint(lat_deg=position.lat / 1e7, lon_deg=position.lon / 1e7),
            height_agl_m=position.relative_alt / 1e3, bearing_true_deg=bearing_deg,
            pitch_deg=pitch_deg, speed_m_s=math.hypot(position.vx, position.vy) / 100.0,
            turn_rate_deg_s=0.0,
        )  # fmt: skip

    def world_utc(self) -> datetime:
        return datetime.fromisoformat(self._clock.get(self.ready["clock_url"]).json()["world_utc"])

    def _is_up(self) -> bool:
        position = self._heard.get("GLOBAL_POSITION_INT")
        return position is not None and abs(position.relative_alt / 1e3 - HEIGHT_M) < 0.3

    def _is_aimed(self) -> bool:
        gimbal = self._heard.get("GIMBAL_DEVICE_ATTITUDE_STATUS")
        return gimbal is not None and abs(angles(gimbal.q)[0] - AIMED_PITCH_DEG) < 1.0

    def _look_at_gathering(self) -> None:
        lat, lon = round(GATHERING.lat_deg * 1e7), round(GATHERING.lon_deg * 1e7)
        self._send(mavlink.MAVLink_command_int_message(1, 1, 0, 195, *[0] * 6, lat, lon, 12.0))

    def _until(self, is_so: Callable[[], bool], act: Callable[[], object]) -> None:
        deadline_s = time.monotonic() + 15.0
        while not is_so():
            assert time.monotonic() < deadline_s, "the aircraft did not get there"
            act()
            self._listen()

    def _command(self, command: int, first: float = 0.0) -> None:
        self._send(mavlink.MAVLink_command_long_message(1, 1, command, 0, first, *[0.0] * 6))

    def _send(self, message: Any) -> None:  # noqa: ANN401  # pymavlink's messages
        self._link.send(message.pack(self._mav))

    def _listen(self) -> None:
        if time.monotonic() - self._beat_s > 1.0:
            self._beat_s = time.monotonic()
            self._send(mavlink.MAVLink_heartbeat_message(6, 8, 0, 0, 4, 3))
        with suppress(TimeoutError):
            for message in self._mav.parse_buffer(self._link.recv(4096)) or []:
                self._heard[message.get_type()] = message


def angles(q: list[float]) -> tuple[float, float]:
    """Pitch and bearing of an attitude, degrees."""
    w, x, y, z = q
    yaw_rad = math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
    return math.degrees(math.asin(2 * (w * y - z * x))), math.degrees(yaw_rad) % 360.0


@contextmanager
def flying(folder: Path, *options: str) -> Iterator[Flight]:
    scenario = folder / "scenario.json"
    scenario.write_text(json.dumps(SCENARIO), encoding="utf-8")
    command = [sys.executable, "-m", "sim", "--scenario", str(scenario), "--speed", "10", *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            flight = Flight(process)
            flight.take_off()
            yield flight
            flight.close()
        finally:
            process.kill()


class Eye:
    """The child, its pipes, and what it has said so far."""

    def __init__(self, url: str, lens: CameraLens = LENS) -> None:
        self.looks: list[Look] = []
        self.states: list[tuple[str, str]] = []
        self.media: list[tuple[bytes, bytes]] = []
        command = [sys.executable, "-m", "vision.eye", "--threads", "2"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        opening = {"camera_id": "CAM-1", "url": url, "lens": lens_to_dict(lens), "latency_s": 0.05}
        self.say({"type": "open"} | opening)

    def say(self, body: dict[str, Any]) -> None:
        pipe(self.process.stdin).write(framed_json(body))
        pipe(self.process.stdin).flush()

    def until(self, is_so: Callable[[], bool], within_s: float = 15.0) -> None:
        with self._changed:
            assert self._changed.wait_for(is_so, within_s), self.states

    def valid_looks(self, flight: Flight, count: int) -> list[Look]:
        """Give poses until there are so many valid looks more; those."""
        seen, deadline_s = len(self.looks), time.monotonic() + 15.0
        while True:
            fresh = [look for look in self.looks[seen:] if look.is_valid]
            if len(fresh) >= count:
                return fresh
            assert time.monotonic() < deadline_s, [look.reason for look in self.looks[-3:]]
            self.say({"type": "pose"} | pose_to_dict(flight.pose()))

    def end(self) -> int:
        """Close its input and wait."""
        pipe(self.process.stdin).close()
        code = self.process.wait(5.0)
        self._reader.join(5.0)
        pipe(self.process.stdout).close()
        return code

    def _read(self) -> None:
        unframer, stdout = Unframer(), pipe(self.process.stdout)
        while data := stdout.read1(1 << 16):  # type: ignore[attr-defined]  # a BufferedReader
            for kind, payload in unframer.feed(data):
                with self._changed:
                    self._take(kind, payload)
                    self._changed.notify_all()

    def _take(self, kind: bytes, payload: bytes) -> None:
        if kind in (PACKET_KIND, PICTURE_KIND):
            self.media.append((kind, payload))
            return
        body = json.loads(payload)
        if body["type"] == "look":
            self.looks.append(look_from_dict(body))
        else:
            self.states.append((body["state"], body["text"]))


@contextmanager
def an_eye(url: str, lens: CameraLens = LENS) -> Iterator[Eye]:
    eye = Eye(url, lens)
    try:
        yield eye
    finally:
        eye.process.kill()
        eye.end()


@pytest.fixture(scope="module")
def flight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flight]:
    with flying(tmp_path_factory.mktemp("sim"), "--seed", "3") as flying_now:
        flying_now.await_people()
        yield flying_now


@pytest.fixture(scope="module")
def eye(flight: Flight) -> Iterator[Eye]:
    """Opened, and given a first look without a pose."""
    with an_eye(flight.ready["camera_url"]) as opened:
        opened.until(lambda: bool(opened.looks))
        yield opened


def test_without_a_pose_a_look_is_invalid_and_says_why(eye: Eye) -> None:
    first = eye.looks[0]
    assert eye.states[0] == ("open", "h264")
    assert (first.is_valid, first.reason) == (False, "the camera's pose is not known")
    assert first.people == ()
    assert first.footprint == ()
    assert first.aircraft is None


def test_people_are_placed_where_the_gathering_is(eye: Eye, flight: Flight) -> None:
    looks = eye.valid_looks(flight, 6)
    assert statistics.median(len(look.people) for look in looks) >= 0.6 * PEOPLE
    for look in looks:
        assert len(look.people) <= 1.15 * PEOPLE
        # The ring is about six metres across its middle; one sigma of placing is two.
        distances = [distance_m(person.point, GATHERING) for person in look.people]
        assert statistics.median(distances) < 8.0
        assert max(distances) < 15.0
        middle = GeoPoint(
            lat_deg=statistics.mean(person.point.lat_deg for person in look.people),
            lon_deg=statistics.mean(person.point.lon_deg for person in look.people),
        )
        assert distance_m(middle, GATHERING) < 3.0


def test_a_valid_look_carries_its_ground_its_time_and_the_aircraft(
    eye: Eye, flight: Flight
) -> None:
    look = eye.valid_looks(flight, 2)[-1]
    assert (look.camera_id, look.reason, look.size_px) == ("CAM-1", "", (1280, 720))
    assert is_inside(GATHERING, look.footprint)
    assert not is_inside(HOME, look.footprint)
    assert look.aircraft is not None
    assert distance_m(look.aircraft, HOME) < 3.0
    assert look.aircraft_height_agl_m == pytest.approx(HEIGHT_M, abs=1.0)
    assert abs((flight.world_utc() - look.captured_utc).total_seconds()) < 5.0
    assert 0.0 < look.latency_s < 3.0
    assert look.rate_hz > 0.3
    assert all(person.is_countable and person.score >= 0.3 for person in look.people)
    sequences = [one.sequence for one in eye.looks]
    assert sequences == sorted(set(sequences))


def test_the_video_is_passed_on_untouched_and_decodes(eye: Eye) -> None:
    def packets_from_a_key_on() -> list[VideoPacket]:
        packets = [read_packet(payload) for kind, payload in eye.media if kind == PACKET_KIND]
        first = next((i for i, packet in enumerate(packets) if packet.is_key), len(packets))
        return packets[first:]

    eye.until(lambda: len(packets_from_a_key_on()) >= 10)
    packets = packets_from_a_key_on()
    assert all(packet.data.startswith((b"\0\0\0\1", b"\0\0\1")) for packet in packets)
    times = [packet.captured_at_s for packet in packets]
    assert times == sorted(times)
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    frames = [frame for packet in packets for frame in decoder.decode(av.Packet(packet.data))]
    assert (frames[0].width, frames[0].height) == (1280, 720)


def test_pictures_come_when_they_are_asked_for_and_not_before(eye: Eye) -> None:
    assert all(kind != PICTURE_KIND for kind, _ in eye.media)
    eye.say({"type": "pictures", "is_wanted": True})
    eye.until(lambda: any(kind == PICTURE_KIND for kind, _ in eye.media))
    eye.say({"type": "pictures", "is_wanted": False})
    payload = next(payload for kind, payload in eye.media if kind == PICTURE_KIND)
    picture = read_picture(payload)
    image = cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert image.shape == (360, 640, 3)
    assert abs(time.monotonic() - picture.captured_at_s) < 10.0


def test_a_camera_that_is_lost_is_told_once_and_opened_again(flight: Flight) -> None:
    cable = Cable(flight.ready["camera_url"])
    url = f"rtsp://127.0.0.1:{cable.port}/camera"
    with an_eye(url) as eye:
        eye.until(lambda: bool(eye.looks))
        cable.cut()
        eye.until(lambda: eye.states[-1][0] == "lost")
        assert url in eye.states[-1][1]
        seen = len(eye.looks)
        cable = Cable(flight.ready["camera_url"], cable.port)
        eye.until(lambda: len(eye.looks) > seen + 2)
        assert [state for state, _ in eye.states] == ["open", "lost", "open"]
        assert eye.valid_looks(flight, 1)
    cable.cut()


def test_a_picture_of_another_size_than_the_settings_say_is_not_counted(flight: Flight) -> None:
    lens = CameraLens(width_px=640, height_px=360, hfov_deg=40.0)
    with an_eye(flight.ready["camera_url"], lens) as eye:
        eye.until(lambda: bool(eye.looks))
        assert not eye.looks[0].is_valid
        assert "1280x720" in eye.looks[0].reason


def test_it_ends_cleanly_when_its_input_does_whatever_its_threads_are_at(flight: Flight) -> None:
    eyes = [Eye(flight.ready["camera_url"]) for _ in range(4)]
    for eye in eyes:
        eye.until(lambda eye=eye: bool(eye.looks))  # type: ignore[misc]  # decoding and looking
    assert [eye.end() for eye in eyes] == [0] * len(eyes)


def test_a_camera_that_is_not_there_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening
        with an_eye(f"rtsp://127.0.0.1:{taken.getsockname()[1]}/camera") as eye:
            eye.until(lambda: bool(eye.states))
            assert eye.states[0][0] == "lost"
            assert "no camera answers" in eye.states[0][1]
            assert eye.looks == []


def test_in_an_empty_world_valid_looks_find_nobody(tmp_path: Path) -> None:
    with flying(tmp_path, "--no-people") as empty, an_eye(empty.ready["camera_url"]) as eye:
        looks = eye.valid_looks(empty, 5)
        assert [look.people for look in looks] == [()] * len(looks)
