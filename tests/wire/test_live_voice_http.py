"""A person's voice from the browser to the horn: over HTTP, chunk by chunk, and logged."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from patrol.errors import CommandDenied
from tests.agents import (
    Here,
    Horn,
    Link,
    LiveHorn,
    a_clip,
    agent_here,
    an_order,
    speaker_at,
)
from tests.live import chunks
from tests.plain_http import NO_TLS

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def agent(folder: Path, horn: Horn) -> AsyncIterator[tuple[Here, httpx.AsyncClient]]:
    async with agent_here(folder, horn=horn) as here:
        async with httpx.AsyncClient(base_url=here.url, verify=NO_TLS) as http:
            yield here, http


async def go_live(http: httpx.AsyncClient, **changes: Any) -> httpx.Response:  # noqa: ANN401
    order = an_order(a_clip(), **changes)
    del order["sha256"]
    return await http.post("/live", json=order, headers={"Idempotency-Key": "k"})


async def send(http: httpx.AsyncClient, play_id: str, sent: list[bytes]) -> None:
    for number, chunk in enumerate(sent):
        answer = await http.put(f"/live/{play_id}/{number}", content=chunk)
        assert answer.json() == {"next": number + 1}


async def until(here: Here, state: str) -> dict[str, Any]:
    with anyio.fail_after(5):
        while True:
            for event in here.events():
                if event.play["state"] == state:
                    return event.play
            await anyio.sleep(0.005)


async def test_a_voice_is_heard_while_it_comes_and_logged_with_its_hash(tmp_path: Path) -> None:
    sent, horn = chunks(1.0), LiveHorn()
    async with agent(tmp_path, horn) as (here, http):
        begun = await go_live(http, volume_pct=50)
        play_id = begun.json()["play_id"]
        again = await go_live(http, volume_pct=50)
        assert (begun.status_code, again.status_code) == (202, 200)
        assert again.json()["play_id"] == play_id
        await send(http, play_id, sent[:3])
        with anyio.fail_after(5):
            while len(horn.heard) < 20_000:  # it sounds before it has ended
                await anyio.sleep(0.005)
        busy = await http.post("/plays", json=an_order(a_clip()), headers={"Idempotency-Key": "x"})
        assert busy.status_code in (404, 409)
        for number, chunk in enumerate(sent):  # the first three once more: nothing is doubled
            await http.put(f"/live/{play_id}/{number}", content=chunk)
        ended = await http.post(f"/live/{play_id}/{len(sent)}/end")
        told = await until(here, "finished")
    digest = hashlib.sha256(b"".join(sent)).hexdigest()
    assert (told["sha256"], told["heard_count"]) == (digest, 1)
    assert ended.json() == {"sha256": digest, "duration_s": told["live_s"]}
    assert len(horn.heard) == pytest.approx(48_000 * told["live_s"], abs=2_000)


async def test_a_file_or_an_exercises_air_hears_the_whole_voice_at_its_end(tmp_path: Path) -> None:
    horn = Horn()
    horn.is_over.set()
    async with agent(tmp_path, horn) as (here, http):
        play_id = (await go_live(http)).json()["play_id"]
        sent = chunks(0.5)
        await send(http, play_id, sent)
        assert horn.played == []
        await http.post(f"/live/{play_id}/{len(sent)}/end")
        await until(here, "finished")
        assert len(horn.played) == 1


@pytest.mark.parametrize("how", ["stall", "stop", "silent", "garbage"])
async def test_a_voice_that_breaks_off_is_stopped_is_silent_or_is_none_has_failed(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = {
        "stall": "no voice came", "stop": "stopped by a person", "silent": "nothing to hear",
        "garbage": "cannot be decoded",
    }  # fmt: skip
    if how == "stall":
        monkeypatch.setattr("drone.agent_app._LIVE_STALL_S", 0.05)
    horn = LiveHorn()
    async with agent(tmp_path, horn) as (here, http):
        play_id = (await go_live(http)).json()["play_id"]
        sent = chunks(0.4, tone=how != "silent")
        if how == "garbage":
            sent = [b"\x00\x04" + b"\x79" + b"odd"]  # two frames of the same length
        if how == "stall":
            sent = [b""]
        else:
            await send(http, play_id, sent)
        if how == "stop":
            await http.post("/stop")
        elif how == "silent":
            await http.post(f"/live/{play_id}/{len(sent)}/end")
        told = await until(here, "failed")
        assert words[how] in told["reason"]
        late = await http.put(f"/live/{play_id}/{len(sent)}", content=sent[0])
        assert (late.status_code, words[how] in late.json()["error"]) == (409, True)
        assert not horn.is_sounding
        assert (await http.get("/health")).json()["state"] == "ready"


async def test_what_is_no_voice_or_no_order_for_one_is_refused(tmp_path: Path) -> None:
    async with agent(tmp_path, LiveHorn()) as (_, http):
        assert (await go_live(http, expires_in_s=-1.0)).status_code == 410
        assert (await go_live(http, volume_pct=0)).status_code == 400
        assert (await http.post("/live", content=b"[]")).status_code == 400
        assert (await http.put("/live/nobody/0", content=b"")).status_code == 404
        play_id = (await go_live(http)).json()["play_id"]
        for chunk, status in ((b"", 400), (b"\x00\x05half", 400), (bytes(20_000), 413)):
            answer = await http.put(f"/live/{play_id}/0", content=chunk)
            assert answer.status_code == status
        assert (await http.put(f"/live/{play_id}/7", content=chunks(0.2)[0])).status_code == 409
        assert (await http.put(f"/live/{play_id}/x", content=b"")).status_code == 404


@pytest.mark.parametrize("lost", [b"", b"POST /live HTTP", b"/1 HTTP", b"/end"])
async def test_a_station_sends_a_voice_once_though_the_link_loses_an_answer(
    lost: bytes, tmp_path: Path
) -> None:
    sent, horn = chunks(0.6), LiveHorn()

    async def microphone() -> AsyncIterator[bytes]:
        for chunk in sent:
            yield chunk

    async with agent_here(tmp_path, horn=horn) as here, anyio.create_task_group() as group:
        link = Link(here.port)
        link.lose_answer_to = lost
        await group.start(link.run)
        async with speaker_at(f"http://127.0.0.1:{link.port}") as speaker:
            with anyio.fail_after(5):
                played = await speaker.play_live(microphone(), "B-1")
        group.cancel_scope.cancel()
    assert link.lose_answer_to == b""
    assert played.sha256 == hashlib.sha256(b"".join(sent)).hexdigest()
    assert len(horn.heard) == pytest.approx(48_000 * 0.62, abs=2_000)


async def test_a_voice_that_its_browser_left_is_told_to_the_station_and_a_bad_chunk_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drone.agent_app._LIVE_STALL_S", 0.05)

    async def left() -> AsyncIterator[bytes]:
        yield chunks(0.2)[0]
        await anyio.sleep_forever()

    async def broken() -> AsyncIterator[bytes]:
        yield b"\x00"

    async with agent_here(tmp_path, horn=LiveHorn()) as here, speaker_at(here.url) as speaker:
        for voice, words in ((left(), "no voice came"), (broken(), r"chunk 0 was refused \(400\)")):
            with anyio.fail_after(5), pytest.raises(CommandDenied, match=words):
                await speaker.play_live(voice, "B-1")
            with anyio.fail_after(5):
                while (await speaker.health()).state != "ready":
                    await anyio.sleep(0.01)
