"""The payload agent as a process: it plays what it was sent, one clip at a time, and stops."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import httpx
import pytest

from drone.speaker import HttpSpeaker
from drone.voice import Clip, clip_of
from patrol.errors import CommandDenied, SpeakerUnreachable

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]


def silence(duration_s: float) -> Clip:
    """A clip of that length."""
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(int(16000 * duration_s)))
    return clip_of(out.getvalue(), "test")


@asynccontextmanager
async def speaker_at(url: str) -> AsyncIterator[HttpSpeaker]:
    """A speaker that lets go of its connections."""
    speaker = HttpSpeaker(url)
    try:
        yield speaker
    finally:
        await speaker.aclose()


@asynccontextmanager
async def agent(*options: str) -> AsyncIterator[tuple[str, anyio.abc.Process]]:
    """A running agent's address and process."""
    async with await anyio.open_process(
        [sys.executable, "-m", "drone.agent", "--port", "0", *options], stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        with anyio.fail_after(20):
            ready = json.loads(await process.stdout.receive())
        yield ready["url"], process
        if process.returncode is None:
            process.terminate()


async def test_a_clip_is_played_to_its_end_and_named_by_its_hash() -> None:
    clip = silence(0.2)
    async with agent("--output", "null") as (url, _), speaker_at(url) as speaker:
        assert (await speaker.health()).state == "ready"
        assert (await speaker.play(clip, "B-1")).sha256 == clip.sha256


async def test_a_stopped_clip_is_silent_at_once_and_does_not_count_as_played() -> None:
    async with agent("--output", "null") as (url, _), speaker_at(url) as speaker:
        async with anyio.create_task_group() as group:

            async def stop_soon() -> None:
                with anyio.fail_after(10):
                    while (await speaker.health()).state != "playing":
                        await anyio.sleep(0.01)
                await speaker.stop()

            group.start_soon(stop_soon)
            with anyio.fail_after(15), pytest.raises(CommandDenied, match="stopped by a person"):
                await speaker.play(silence(60.0), "B-1")


async def test_it_plays_one_clip_at_a_time_and_only_what_it_has() -> None:
    async with agent("--output", "null") as (url, _), httpx.AsyncClient(base_url=url) as http:
        sha256 = (await http.post("/clips", content=silence(60).wav)).json()["sha256"]
        play = {"sha256": sha256, "announcement_id": "B-1"}
        assert (await http.post("/plays", json=play)).status_code == 202
        assert (await http.post("/plays", json=play)).status_code == 409
        assert (await http.post("/plays", json=play | {"sha256": "0"})).status_code == 404
        assert (await http.post("/plays", content=b"?")).status_code == 400
        assert (await http.post("/clips", content=b"no sound")).status_code == 400
        assert (await http.get("/plays/unknown")).status_code == 404


async def test_it_ends_with_its_parent() -> None:
    async with agent("--output", "null") as (_, process):
        assert process.stdin is not None
        await process.stdin.aclose()
        with anyio.fail_after(10):
            assert await process.wait() == 0


async def test_an_agent_that_is_not_there_is_told_in_words() -> None:
    async with speaker_at("http://127.0.0.1:9") as speaker:
        with pytest.raises(SpeakerUnreachable, match="does not answer"):
            await speaker.health()


def test_a_wrong_output_is_a_sentence_and_exit_code_two() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "drone.agent", "--output", "trumpet"], capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "trumpet" in done.stderr
    assert "Traceback" not in done.stderr
