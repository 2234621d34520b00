"""`python -m sim` from outside: ready line, clock, loudspeaker, camera, and how it ends."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import av
import httpx
import pytest

SCENARIO = {
    "home": [116.73, 23.28],
    "home_elevation_amsl_m": 12.0,
    "start_utc": "2026-11-24T01:30:00Z",
    "gathering": {"place": [116.73, 23.2806], "people": 36, "response": "disperses"},
    "passers_by": 4,
    "camera": {"width_px": 640, "height_px": 360, "hfov_deg": 40.0, "frames_per_s": 10},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A simulator that said it is ready."""

    process: subprocess.Popen[bytes]
    ready: dict[str, Any]


def command(scenario: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "sim", "--scenario", str(scenario), *options]


def pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


@contextmanager
def running(scenario: Path, *options: str) -> Iterator[Running]:
    with subprocess.Popen(
        command(scenario, *options), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            line = pipe(process.stdout).readline()
            yield Running(process=process, ready=json.loads(line))
        finally:
            process.kill()


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sim") / "scenario.json"
    path.write_text(json.dumps(SCENARIO), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def sim(scenario: Path) -> Iterator[Running]:
    with running(scenario, "--seed", "3", "--speed", "4") as started:
        yield started


def clip(duration_s: float) -> bytes:
    """Silence as a WAV."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(2 * int(8000 * duration_s)))
    return buffer.getvalue()


def play(sim: Running, duration_s: float) -> httpx.Response:
    return httpx.post(
        sim.ready["air_url"], content=clip(duration_s), timeout=15.0,
        headers={"Content-Type": "audio/wav", "X-Spl-1m-Dba": "110"},
    )  # fmt: skip


def test_the_ready_line_carries_the_four_addresses_and_no_truth(sim: Running) -> None:
    assert sim.ready["event"] == "ready"
    assert set(sim.ready) == {"event", "mavlink_url", "camera_url", "clock_url", "air_url"}
    assert sim.ready["mavlink_url"].startswith("udpout://127.0.0.1:")
    assert sim.ready["camera_url"].endswith("/camera")


def test_the_clock_runs_at_its_speed_and_is_clamped_to_its_ceiling(sim: Running) -> None:
    url = sim.ready["clock_url"]
    first = httpx.get(url).json()
    assert first["world_utc"].startswith("2026-11-24T01:3")
    assert (first["speed"], first["ceiling"]) == (4.0, 4.0)
    assert abs(time.monotonic() - first["wall_s"]) < 5.0
    assert httpx.put(url, json={"speed": 2.5}).json()["speed"] == 2.5
    assert httpx.put(url, json={"speed": 99}).json()["speed"] == 4.0
    assert httpx.put(url, content=b"[1]").status_code == 400
    assert httpx.put(url, content=b"fast").status_code == 400
    assert httpx.get(url).json()["speed"] == 4.0


def test_a_clip_is_finished_after_its_length_in_world_time(sim: Running) -> None:
    started_s = time.monotonic()
    answer = play(sim, 4.0)
    assert (answer.status_code, answer.json()) == (200, {"finished": True})
    assert time.monotonic() - started_s == pytest.approx(1.0, abs=0.4)


def test_a_second_clip_is_refused_while_one_plays_and_a_stop_ends_the_first(sim: Running) -> None:
    url = sim.ready["air_url"]
    with ThreadPoolExecutor() as threads:
        first = threads.submit(play, sim, 40.0)
        deadline_s = time.monotonic() + 5.0
        # An empty body is never played, so asking does not get in the first one's way.
        while httpx.post(url).status_code != 409:
            assert time.monotonic() < deadline_s
        assert play(sim, 1.0).status_code == 409
        assert httpx.delete(url).json() == {"stopped": True}
        assert first.result(5.0).json() == {"finished": False}
    assert httpx.delete(url).json() == {"stopped": False}


def test_a_clip_ends_when_whoever_plays_it_goes_away(sim: Running) -> None:
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(
            sim.ready["air_url"], content=clip(100.0), timeout=0.3,
            headers={"X-Spl-1m-Dba": "110"},
        )  # fmt: skip
    deadline_s = time.monotonic() + 5.0
    while play(sim, 0.01).status_code != 200:
        assert time.monotonic() < deadline_s


def test_wrong_requests_are_refused_with_a_sentence(sim: Running) -> None:
    air, clock = sim.ready["air_url"], sim.ready["clock_url"]
    no_wav = httpx.post(air, content=b"hello", headers={"X-Spl-1m-Dba": "110"})
    no_level = httpx.post(air, content=clip(0.1))
    chunked = httpx.post(air, content=iter((clip(0.1),)))
    assert [r.status_code for r in (no_wav, no_level, chunked)] == [415, 400, 411]
    assert all(r.json()["error"] for r in (no_wav, no_level, chunked))
    door = clock.removesuffix("/clock")
    for path in ("/clock", "/faults", "/wind", "/hills"):
        for body in (
            b"[" * 100_000,
            b"\xff",
            b"[]",
            b'{"speed": 1e999}',
            b"{" + b'"speed":' + b"9" * 400 + b"}",
            b'{"name": "DELAY", "value": ' + b"9" * 400 + b"}",
        ):
            answer = httpx.put(door + path, content=body)
            assert (answer.status_code, bool(answer.json()["error"])) == (400, True)
    assert httpx.delete(clock).status_code == 405
    assert httpx.get(f"{clock}/people").status_code == 404
    assert httpx.get(clock, headers={"X-Long": "x" * 20_000}).status_code == 431


def test_one_connection_serves_many_requests(sim: Running) -> None:
    with httpx.Client() as client:
        assert {client.get(sim.ready["clock_url"]).status_code for _ in range(20)} == {200}


def test_the_camera_gives_ten_pictures_a_wall_second_at_any_speed(sim: Running) -> None:
    with av.open(
        sim.ready["camera_url"], options={"rtsp_transport": "tcp"}, timeout=(8.0, 5.0)
    ) as source:
        frames = [frame for frame, _ in zip(source.decode(video=0), range(22), strict=False)]
    assert (frames[-1].width, frames[-1].height) == (640, 360)
    first, last = frames[1].time, frames[-1].time
    assert first is not None
    assert last is not None
    assert (len(frames) - 2) / (last - first) == pytest.approx(10.0, rel=0.15)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_on_a_signal(scenario: Path, number: signal.Signals) -> None:
    with running(scenario) as started:
        started.process.send_signal(number)
        assert started.process.wait(5.0) == 0


def test_it_ends_when_its_parent_closes_its_input(scenario: Path) -> None:
    with running(scenario, "--no-people", "--mute") as started:
        pipe(started.process.stdin).close()
        assert started.process.wait(5.0) == 0


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--scenario", "missing.json"], "missing.json"),
        (["--scenario", "SCENARIO", "--speed", "0"], "--speed"),
        (["--scenario", "SCENARIO", "--seed", "x"], "--seed"),
        ([], "--scenario"),
    ],
)
def test_wrong_use_is_told_in_one_line_with_exit_code_2(
    scenario: Path, options: list[str], word: str
) -> None:
    arguments = [str(scenario) if option == "SCENARIO" else option for option in options]
    ended = subprocess.run(
        [sys.executable, "-m", "sim", *arguments],
        capture_output=True, check=False, stdin=subprocess.DEVNULL, text=True, timeout=15,
    )  # fmt: skip
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1
    assert word in ended.stderr
