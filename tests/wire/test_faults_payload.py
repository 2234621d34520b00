"""The payload agent dies in the middle of an announcement: told, and never taken as played."""

from __future__ import annotations

import anyio
import httpx
import pytest

from drone.speaker import Speaker
from patrol.errors import SpeakerUnreachable
from sim.faults import Fault
from tests.agents import a_clip, speaker_at
from tests.wire.test_agent import running
from tests.wire.test_sim_command import free_port, simulated

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


async def test_an_agent_of_the_simulator_dies_on_demand_alone_and_comes_back_where_it_was() -> None:
    port = str(free_port(2))
    with simulated(2, "--port", port) as (process, lines):
        door = process.stderr.readline().split("PUT ")[1].split("/GP-1/")[0]
        async with (
            speaker_at(lines[0]["payload"]) as other,
            speaker_at(lines[1]["payload"]) as mine,
            httpx.AsyncClient(base_url=door) as client,
        ):
            assert (await mine.health()).state == "ready"
            fault = {"name": Fault.PAYLOAD_AGENT_DEAD.name}
            assert (await client.put("/GP-2/faults", json=fault)).status_code == 200
            await until_it_answers(mine, is_there=False)
            assert (await other.health()).state == "ready"
            assert process.poll() is None
            await client.delete(f"/GP-2/faults/{Fault.PAYLOAD_AGENT_DEAD.name}")
            await until_it_answers(mine, is_there=True)
            await mine.play(a_clip(0.2), "B-2")


async def until_it_answers(speaker: Speaker, *, is_there: bool) -> None:
    """Until the operator is told that there is a loudspeaker, or that there is none."""
    with anyio.fail_after(15):
        while True:
            try:
                await speaker.health()
                found = True
            except SpeakerUnreachable:
                found = False
            if found is is_there:
                return
            await anyio.sleep(0.1)
