"""The payload agent dies in the middle of an announcement: told, and never taken as played."""

from __future__ import annotations

import anyio
import pytest

from patrol.errors import SpeakerUnreachable
from tests.agents import a_clip, speaker_at
from tests.wire.test_agent import running

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]


async def test_an_agent_that_dies_while_it_speaks_is_told_and_the_clip_does_not_count() -> None:
    started = running("drone.agent", "--port", "0", "--output", "null")
    async with started as (url, process), speaker_at(url, silence_s=1.0) as speaker:
        async with anyio.create_task_group() as group:

            async def kill_while_it_plays() -> None:
                with anyio.fail_after(10):
                    while (await speaker.health()).state != "playing":
                        await anyio.sleep(0.01)
                process.kill()

            group.start_soon(kill_while_it_plays)
            with (
                anyio.fail_after(15),
                pytest.raises(SpeakerUnreachable, match="is not known"),
            ):
                await speaker.play(a_clip(60.0), "B-1")
        with pytest.raises(SpeakerUnreachable):
            await speaker.health()
