"""Several cameras in one process, and the side door through which tests learn the truth."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import av
import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from patrol.camera import CameraLens
from patrol.errors import ConfigError
from patrol.geo import Enu, GeoPoint, LocalFrame
from patrol.telemetry import CameraPointing
from sim.camera import Camera, Projection
from sim.clock import SimClock
from sim.encoder import AccessUnit
from sim.film import Film, Witness, view_from
from sim.ground import Ground
from sim.live import LiveStream
from sim.pose import AircraftPose
from sim.scenario import Gathering, Scenario, SimCamera
from sim.truth import truth_book
from sim.world import World, make_world

HOME = GeoPoint(lat_deg=23.28, lon_deg=116.73)
FRAME = LocalFrame(origin=HOME)
SCENARIO = Scenario(
    home=HOME,
    home_elevation_amsl_m=12.0,
    start_utc=datetime(2026, 11, 24, 1, 30, tzinfo=UTC),
    gathering=Gathering(place=GeoPoint(lat_deg=23.2804, lon_deg=116.73), people_count=9),
    passers_by_count=2,
)
LATENCY_S = 0.4


def pose_at(enu: Enu, bearing_deg: float) -> AircraftPose:
    return AircraftPose(
        point=FRAME.to_geo(enu), height_agl_m=enu.up_m, time_s=0.0, is_in_air=True,
        camera=CameraPointing(bearing_true_deg=bearing_deg, pitch_deg=-27.0),
    )  # fmt: skip


def film(
    world: World, clock: SimClock, pose: AircraftPose, camera: SimCamera,
    witness: Witness | None = None,
) -> tuple[Film, LiveStream]:  # fmt: skip
    stream = LiveStream()
    scenario = replace(SCENARIO, camera=camera)
    return Film(
        scenario=scenario, seed=1, world=world, clock=clock, pose=lambda: pose, stream=stream,
        witness=witness,
    ), stream  # fmt: skip


async def first_unit(stream: LiveStream) -> AccessUnit:
    with stream.reading() as reader:
        return await reader.next()


def decoded(unit: AccessUnit) -> NDArray[np.uint8]:
    """The BGR picture of a key frame."""
    codec = av.CodecContext.create("h264", "r")
    packet = av.Packet(b"".join(b"\x00\x00\x00\x01" + nal for nal in unit.nals))
    (frame,) = [*codec.decode(packet), *codec.decode(None)]
    return np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)


@pytest.mark.anyio
async def test_cameras_of_several_aircraft_film_one_world_in_720p_and_1080p_from_their_own_poses(
    tmp_path: Path,
) -> None:
    clock = SimClock(SCENARIO.start_utc, 1.0)
    world = make_world(SCENARIO, 1)
    big = SimCamera(lens=CameraLens(width_px=1920, height_px=1080, hfov_deg=60.0))
    places = (Enu(east_m=-20.0, north_m=0.0, up_m=30.0), Enu(east_m=30.0, north_m=9.0, up_m=45.0))
    path = tmp_path / "truth.jsonl"
    with truth_book(path, FRAME) as book:
        assert book is not None
        one, one_stream = film(
            world, clock, pose_at(places[0], 10.0), SimCamera(), Witness(name="a", book=book)
        )
        two, two_stream = film(
            world, clock, pose_at(places[1], 300.0), big, Witness(name="b", book=book)
        )
        with anyio.fail_after(10.0):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(one.run)
                tasks.start_soon(two.run)
                units = [await first_unit(each) for each in (one_stream, two_stream)]
                tasks.cancel_scope.cancel()
    assert [decoded(unit).shape[:2] for unit in units] == [(720, 1280), (1080, 1920)]
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    poses = {line["aircraft"]: line["pose"] for line in lines}
    assert poses["a"]["camera_bearing_true_deg"] == 10.0
    assert poses["b"]["height_agl_m"] == 45.0
    assert poses["b"]["east_m"] == pytest.approx(30.0, abs=0.02)


@pytest.mark.anyio
async def test_people_are_in_the_picture_where_the_truth_says(tmp_path: Path) -> None:
    clock = SimClock(SCENARIO.start_utc, 400.0)
    await clock.sleep(70.0)  # until all have come
    pose, camera = pose_at(Enu(east_m=0.0, north_m=-12.0, up_m=30.0), 0.0), SimCamera()
    path = tmp_path / "truth.jsonl"
    with truth_book(path, FRAME) as book:
        assert book is not None
        witness = Witness(name="a", book=book)
        filming, stream = film(make_world(SCENARIO, 1), clock, pose, camera, witness)
        with anyio.fail_after(10.0):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(filming.run)
                picture = decoded(await first_unit(stream))
                tasks.cancel_scope.cancel()
    truth = json.loads(path.read_text(encoding="utf-8").splitlines()[0])
    view = view_from(pose, FRAME)
    empty = Camera(camera.lens, Ground(1)).render(view, [])
    changed = np.abs(picture.astype(int) - empty).max(axis=2) > 40
    stand = [one for one in truth["people"] if one["doing"] == "standing"]
    waists = np.array([(one["east_m"], one["north_m"], 0.9) for one in stand])
    columns, rows = Projection(camera.lens, view).pixels(waists)[0].round().astype(int).T
    there = [
        bool(changed[row - 6 : row + 7, column - 3 : column + 4].any())
        for column, row in zip(columns, rows, strict=True)
    ]
    assert len(there) == 9
    assert sum(there) >= 8, "one in clothes of the ground's colour may hide"
    assert changed.mean() < 0.03, "and nothing else"


@pytest.mark.anyio
async def test_a_picture_comes_no_sooner_after_its_capture_than_the_declared_latency() -> None:
    clock = SimClock(SCENARIO.start_utc, 1.0)
    late = SimCamera(
        lens=CameraLens(width_px=320, height_px=180, hfov_deg=40.0), latency_s=LATENCY_S
    )
    filming, stream = film(
        make_world(SCENARIO, 1), clock, pose_at(Enu(east_m=0.0, north_m=0.0, up_m=30.0), 0.0), late
    )
    sent_s: list[float] = []
    stamps_s: list[float] = []
    with anyio.fail_after(10.0):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(filming.run)
            with stream.reading() as reader:
                for _ in range(4):
                    stamps_s.append((await reader.next()).captured_at_s)
                    sent_s.append(clock.wall_s())
            tasks.cancel_scope.cancel()
    assert all(sent - stamp >= LATENCY_S for sent, stamp in zip(sent_s, stamps_s, strict=True))
    assert stamps_s == sorted(stamps_s)


def test_the_truth_is_told_to_a_new_file_only(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("somebody's", encoding="utf-8")
    with pytest.raises(ConfigError, match="--truth"), truth_book(taken, FRAME):
        pass
    assert taken.read_text(encoding="utf-8") == "somebody's"
    with truth_book(None, FRAME) as book:
        assert book is None


def ask_for_truth(ready: dict[str, Any]) -> list[int]:
    base = ready["clock_url"].removesuffix("/clock")
    return [httpx.get(base + path).status_code for path in ("/truth", "/people", "/")]


def test_a_test_learns_who_is_where_and_a_ground_station_finds_no_way_to_it(tmp_path: Path) -> None:
    scenario, truth = tmp_path / "scenario.json", tmp_path / "truth.jsonl"
    scenario.write_text(json.dumps({
        "home": [116.73, 23.28], "home_elevation_amsl_m": 12.0,
        "start_utc": "2026-11-24T01:30:00Z",
        "gathering": {"place": [116.73, 23.2806], "people": 9}, "passers_by": 2,
        "camera": {"width_px": 320, "height_px": 180},
    }), encoding="utf-8")  # fmt: skip
    command = [
        sys.executable, "-m", "sim", "--scenario", str(scenario), "--speed", "10",
        "--truth", str(truth),
    ]  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            line = process.stdout.readline().decode()
            assert "truth" not in line
            assert set(json.loads(line)) == {
                "event", "mavlink_url", "camera_url", "clock_url", "air_url",
            }  # fmt: skip
            assert ask_for_truth(json.loads(line)) == [404, 404, 404]
            process.stdin.close()
            assert process.wait(5.0) == 0
        finally:
            process.kill()
    assert stat.S_IMODE(truth.stat().st_mode) == 0o600
    first = json.loads(truth.read_text(encoding="utf-8").splitlines()[0])
    assert set(first) == {"t_utc", "world_s", "aircraft", "pose", "people"}
    passers = [one for one in first["people"] if one["doing"] == "passing"]
    assert len(passers) == 2
    place = FRAME.to_enu(GeoPoint(lat_deg=passers[0]["lat_deg"], lon_deg=passers[0]["lon_deg"]))
    assert place.east_m == pytest.approx(passers[0]["east_m"], abs=0.02)
    assert place.north_m == pytest.approx(passers[0]["north_m"], abs=0.02)
    assert first["pose"]["is_in_air"] is False


def test_a_wrong_scenario_or_truth_file_is_told_in_one_line_with_exit_code_2(
    tmp_path: Path,
) -> None:
    wrong, right = tmp_path / "wrong.json", Path(__file__).parents[2] / "config" / "scenarios"
    wrong.write_text(
        """{"home": [116.73, 23.28], "home_elevation_amsl_m": 1,
        "start_utc": "2026-11-24T01:30:00Z", "weather": {"rain_mm_h": "much"}}""",
        encoding="utf-8",
    )
    for options, words in (
        (["--scenario", str(wrong)], "weather.rain_mm_h: a number is wanted, not 'much'"),
        (["--scenario", str(right / "empty.json"), "--truth", str(wrong)], "--truth"),
    ):
        ended = subprocess.run(
            [sys.executable, "-m", "sim", *options], capture_output=True, check=False,
            stdin=subprocess.DEVNULL, text=True, timeout=15,
        )  # fmt: skip
        assert ended.returncode == 2
        assert ended.stdout == ""
        assert ended.stderr.count("\n") == 1
        assert words in ended.stderr
