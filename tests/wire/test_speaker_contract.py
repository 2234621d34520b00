"""The Speaker seam: the payload agent over HTTP and the in-process fake behave alike."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest

from drone.speaker import Speaker
from patrol.errors import CommandDenied, SpeakerUnreachable
from tests.agents import a_clip, agent_here, speaker_at
from tests.speakers import FakeSpeaker

pytestmark = pytest.mark.anyio


@dataclass
class Stage:
    """A loudspeaker, when it sounds, and a way to let its clip end."""

    speaker: Speaker
    started: anyio.Event
    is_over: anyio.Event


@asynccontextmanager
async def over_http(folder: Path) -> AsyncIterator[Stage]:
    async with agent_here(folder) as here, speaker_at(here.url) as speaker:
        yield Stage(speaker=speaker, started=here.horn.started, is_over=here.horn.is_over)


@asynccontextmanager
async def in_process(folder: Path) -> AsyncIterator[Stage]:
    speaker = FakeSpeaker()
    yield Stage(speaker=speaker, started=speaker.started, is_over=speaker.is_over)


MakeStage = Callable[[Path], AbstractAsyncContextManager[Stage]]
either = pytest.mark.parametrize("stage_of", [over_http, in_process])


@either
async def test_play_returns_at_the_clips_end_with_the_hash_of_what_was_heard(
    stage_of: MakeStage, tmp_path: Path
) -> None:
    clip = a_clip()
    async with stage_of(tmp_path) as stage:
        assert (await stage.speaker.health()).state == "ready"
        heard: list[str] = []

        async def play() -> None:
            heard.append((await stage.speaker.play(clip, "B-1")).sha256)

        async with anyio.create_task_group() as group:
            group.start_soon(play)
            with anyio.fail_after(10):
                await stage.started.wait()
            assert (await stage.speaker.health()).state == "playing"
            with pytest.raises(CommandDenied, match="the loudspeaker is playing"):
                await stage.speaker.play(clip, "B-2")
            assert heard == []
            stage.is_over.set()
        assert heard == [clip.sha256]
        assert (await stage.speaker.health()).state == "ready"


@either
async def test_a_stopped_clip_does_not_count_as_played_and_stop_twice_is_no_error(
    stage_of: MakeStage, tmp_path: Path
) -> None:
    async with stage_of(tmp_path) as stage, anyio.create_task_group() as group:

        async def stop() -> None:
            await stage.started.wait()
            await stage.speaker.stop()

        group.start_soon(stop)
        with anyio.fail_after(10), pytest.raises(CommandDenied, match="stopped by a person"):
            await stage.speaker.play(a_clip(), "B-1")
        await stage.speaker.stop()
        assert (await stage.speaker.health()).state == "ready"


async def test_a_loudspeaker_that_is_not_there_is_told_in_words() -> None:
    fake = FakeSpeaker()
    fake.is_there = False
    async with speaker_at("http://127.0.0.1:9") as real:
        speakers: list[Speaker] = [real, fake]
        for speaker in speakers:
            for ask in (speaker.health, speaker.stop):
                with pytest.raises(SpeakerUnreachable, match="does not answer"):
                    await ask()
            with pytest.raises(SpeakerUnreachable, match="does not answer"):
                await speaker.play(a_clip(), "B-1")
