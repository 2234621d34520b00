"""World time from an exercise's clock at an address, against a real tiny HTTP server."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import anyio
import pytest

from ground_station.exercise_clock import ExerciseClock
from patrol.clock import utc_text
from patrol.errors import ConfigError, Transient

pytestmark = pytest.mark.anyio
BEGIN = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)


class Exercise:
    """An exercise's clock as a test sets it: `world_s` since its begin, `speed`, `ceiling`."""

    def __init__(self) -> None:
        self.ceiling = 8.0
        self.is_broken = False
        self.asked_count = 0
        self._lock = threading.Lock()
        self._base_s, self._wall_s, self._speed = 0.0, time.monotonic(), 4.0
        exercise = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer()

            def do_PUT(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                exercise.run_at(min(float(body["speed"]), exercise.ceiling))
                self._answer()

            def _answer(self) -> None:
                exercise.asked_count += 1
                data = json.dumps(exercise.answer()).encode()
                self.send_response(503 if exercise.is_broken else 200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/clock"

    def answer(self) -> dict[str, Any]:
        with self._lock:
            wall_s = time.monotonic()
            world_s = self._base_s + (wall_s - self._wall_s) * self._speed
            return {
                "world_utc": utc_text(BEGIN + timedelta(seconds=world_s)),
                "speed": self._speed, "ceiling": self.ceiling, "wall_s": wall_s,
            }  # fmt: skip

    def run_at(self, speed: float) -> None:
        """Go on from here at another speed."""
        with self._lock:
            now_s = time.monotonic()
            self._base_s += (now_s - self._wall_s) * self._speed
            self._wall_s, self._speed = now_s, speed

    def put_back(self, seconds: float) -> None:
        """Its clock jumps back."""
        with self._lock:
            self._base_s -= seconds


@pytest.fixture
def exercise() -> Iterator[Exercise]:
    served = Exercise()
    thread = threading.Thread(target=served.server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield served
    finally:
        served.server.shutdown()
        served.server.server_close()
        thread.join()


@asynccontextmanager
async def following(url: str) -> AsyncIterator[ExerciseClock]:
    """A clock that has been read once, and is followed until the block is left."""
    clock = ExerciseClock(url)
    try:
        await clock.start()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(clock.run)
            yield clock
            tasks.cancel_scope.cancel()
    finally:
        await clock._client.aclose()


async def until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(5.0):
        while not condition():
            await anyio.sleep(0.01)


async def test_world_time_is_the_exercises_and_runs_at_its_speed(exercise: Exercise) -> None:
    async with following(exercise.url) as clock:
        first, wall_s = clock.now_utc(), time.monotonic()
        assert timedelta(0) <= first - BEGIN < timedelta(seconds=60)
        assert (clock.speed, clock.ceiling) == (4.0, 8.0)
        await until(lambda: time.monotonic() - wall_s > 0.3)
        passed_s = (clock.now_utc() - first).total_seconds()
        assert passed_s == pytest.approx(4.0 * (time.monotonic() - wall_s), abs=0.2)


async def test_a_clock_that_jumps_back_stands_still_until_it_has_caught_up(
    exercise: Exercise,
) -> None:
    async with following(exercise.url) as clock:
        exercise.put_back(4.0)  # a second of the wall
        seen, asked = [clock.now_utc()], exercise.asked_count
        await until(lambda: exercise.asked_count >= asked + 2)  # it has taken a new answer
        stood_s = time.monotonic()
        while time.monotonic() - stood_s < 0.6:
            seen.append(clock.now_utc())
            await anyio.sleep(0.01)
        assert seen == sorted(seen)
        assert len(set(seen)) < len(seen)  # it stood still
        late = seen[-1]
        await until(lambda: clock.now_utc() > late)  # and went on


async def test_a_slower_exercise_never_takes_back_what_was_told(exercise: Exercise) -> None:
    async with following(exercise.url) as clock:
        seen = []
        for speed in (8.0, 0.5, 4.0, 0.5):
            exercise.run_at(speed)
            changed_s = time.monotonic()
            while clock.speed != speed or time.monotonic() - changed_s < 0.1:
                assert time.monotonic() - changed_s < 5.0
                seen.append(clock.monotonic_s())
                await anyio.sleep(0.005)
        assert seen == sorted(seen)


async def test_sleep_is_in_world_seconds(exercise: Exercise) -> None:
    async with following(exercise.url) as clock:
        wall_s, world_s = time.monotonic(), clock.monotonic_s()
        await clock.sleep(2.0)
        assert clock.monotonic_s() - world_s >= 2.0
        assert time.monotonic() - wall_s == pytest.approx(0.5, abs=0.25)


async def test_a_sleep_feels_that_the_speed_changes_meanwhile(exercise: Exercise) -> None:
    exercise.run_at(0.5)
    async with following(exercise.url) as clock:
        wall_s, is_over = time.monotonic(), anyio.Event()

        async def sleep() -> None:
            await clock.sleep(4.0)  # eight wall seconds at this speed
            is_over.set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(sleep)
            await anyio.lowlevel.checkpoint()
            await clock.set_speed(8.0)
            await is_over.wait()
        assert time.monotonic() - wall_s < 2.0


@pytest.mark.parametrize("duration_s", [0.0, -5.0])
async def test_a_sleep_that_is_over_already_returns_at_once(
    exercise: Exercise, duration_s: float
) -> None:
    async with following(exercise.url) as clock:
        with anyio.fail_after(0.5):
            await clock.sleep(duration_s)


async def test_a_wanted_speed_is_answered_with_what_the_exercise_allows(exercise: Exercise) -> None:
    async with following(exercise.url) as clock:
        assert await clock.set_speed(2.5) == 2.5
        assert await clock.set_speed(99.0) == exercise.ceiling
        assert clock.speed == exercise.ceiling


async def test_world_time_before_the_first_answer_is_an_error_and_no_guess() -> None:
    clock = ExerciseClock("http://127.0.0.1:9/clock")
    with pytest.raises(RuntimeError, match="has not been read"):
        clock.now_utc()


async def test_an_address_where_nobody_answers_is_a_wrong_setting(exercise: Exercise) -> None:
    exercise.is_broken = True
    for url in (exercise.url, "http://127.0.0.1:1/clock", "no-address"):
        clock = ExerciseClock(url)
        with pytest.raises(ConfigError, match="no exercise clock answers at"):
            await clock.start()
        await clock._client.aclose()


async def test_a_clock_that_goes_away_is_told_and_time_runs_on_meanwhile(
    exercise: Exercise,
) -> None:
    clock = ExerciseClock(exercise.url)
    await clock.start()
    exercise.is_broken = True
    with pytest.raises(Transient, match="does not answer"), anyio.fail_after(5.0):
        await clock.run()
    with pytest.raises(Transient, match="does not answer"):
        await clock.set_speed(1.0)
    before = clock.now_utc()
    await until(lambda: clock.now_utc() > before)
    await clock._client.aclose()
