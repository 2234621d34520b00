"""What the payload agent answers: clips by their hash, plays by their key, events by number."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from drone.clips import CLIP_BYTES_MAX, LONGEST_CLIP_S, OGG_OPUS, Clip, clip_of
from drone.opus import as_opus, as_wav
from tests.agents import SECRET, Here, a_clip, agent_here, an_order, wav
from tests.plain_http import NO_TLS

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def agent(folder: Path) -> AsyncIterator[tuple[Here, httpx.AsyncClient]]:
    async with agent_here(folder) as here:
        async with httpx.AsyncClient(base_url=here.url, verify=NO_TLS) as http:
            yield here, http


async def put(http: httpx.AsyncClient, sound: bytes) -> httpx.Response:
    return await http.put(f"/clips/{hashlib.sha256(sound).hexdigest()}", content=sound)


async def start(http: httpx.AsyncClient, order: dict[str, Any], key: str = "k") -> httpx.Response:
    return await http.post("/plays", json=order, headers={"Idempotency-Key": key})


async def test_a_clip_is_kept_by_its_hash_over_a_restart_unless_it_was_spoilt(
    tmp_path: Path,
) -> None:
    opus = as_opus(clip_of(wav(0.5, rate_hz=22050, tone=True), ""))
    async with agent(tmp_path) as (_, http):
        assert (await http.head(f"/clips/{opus.sha256}")).status_code == 404
        kept = await put(http, opus.sound)
        assert kept.status_code == 201
        assert kept.json()["format"] == OGG_OPUS
        assert kept.json()["duration_s"] == pytest.approx(0.5, abs=0.03)
        wrong = await http.put(f"/clips/{'0' * 64}", content=opus.sound)
        assert wrong.status_code == 409
        assert opus.sha256 in wrong.json()["error"]
    async with agent(tmp_path) as (_, http):
        assert (await http.head(f"/clips/{opus.sha256}")).status_code == 200
        (tmp_path / opus.sha256).write_bytes(b"spoilt")
        assert (await start(http, an_order(opus))).status_code == 404
        assert (await http.head(f"/clips/{opus.sha256}")).status_code == 404
        assert (await put(http, opus.sound)).status_code == 201
        assert (await start(http, an_order(opus))).status_code == 202


def _with_last_position(opus: Clip, position: int) -> bytes:
    """The same file, claiming another length on its last page."""
    last = opus.sound.rindex(b"OggS")
    return opus.sound[: last + 6] + position.to_bytes(8, "little") + opus.sound[last + 14 :]


async def test_no_sound_no_length_an_hour_and_a_lie_about_it_are_refused_in_words(
    tmp_path: Path,
) -> None:
    long = as_opus(clip_of(wav(60.0), ""))
    hour = int(3600 * 48_000)
    refused = [
        (b"", 422, "neither Opus"),
        (b"no sound at all", 422, "neither Opus"),
        (wav(0.0), 422, "says nothing"),
        (wav(2.0), 422, "it is silent"),
        (wav(LONGEST_CLIP_S + 10), 422, "longer than"),
        (wav(3600.0), 413, str(CLIP_BYTES_MAX)),
        (wav(2.0)[:-500], 422, "half a WAV"),
        (long.sound[:-20], 422, "half an Opus"),
        (_with_last_position(long, hour), 422, "3600 s is longer"),
        (_with_last_position(long, 100 * 48_000), 422, "says that it lasts 100.0 s"),
        (long.sound[:4] + bytes(3000), 422, "no Opus in it"),
    ]
    async with agent(tmp_path) as (_, http):
        for sound, status, words in refused:
            answer = await put(http, sound)
            assert (answer.status_code, words in answer.json()["error"]) == (status, True), words


async def test_the_same_key_is_one_play_and_another_order_under_it_is_refused(
    tmp_path: Path,
) -> None:
    clip = a_clip()
    async with agent(tmp_path) as (here, http):
        await put(http, clip.sound)
        first = await start(http, an_order(clip, volume_pct=50, repeat=2))
        again = await start(http, an_order(clip, volume_pct=50, repeat=2, expires_in_s=60))
        assert (first.status_code, again.status_code) == (202, 200)
        assert first.json()["play_id"] == again.json()["play_id"]
        assert (await start(http, an_order(clip))).status_code == 409
        assert (await start(http, an_order(clip), key="other")).json()["error"] == (
            "the loudspeaker is playing"
        )
        here.horn.is_over.set()
        events = await heard(http, after=0, until="finished")
    assert [event["play"]["state"] for event in events] == ["accepted", "started", "finished"]
    assert here.horn.played == [(as_wav(clip).sha256, 50.0)] * 2


async def heard(http: httpx.AsyncClient, *, after: int, until: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    with anyio.fail_after(10):
        async with http.stream("GET", "/events", params={"after": after}) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            async for line in answer.aiter_lines():
                if line.startswith("data:") and '"number"' in line:
                    events.append(json.loads(line.removeprefix("data:")))
                    if events[-1]["play"]["state"] == until:
                        return events
    return events


async def test_a_listener_goes_on_after_the_last_event_that_it_heard(tmp_path: Path) -> None:
    clip = a_clip()
    async with agent(tmp_path) as (here, http):
        await put(http, clip.sound)
        here.horn.is_over.set()
        await start(http, an_order(clip))
        events = await heard(http, after=0, until="finished")
        rest = await heard(http, after=events[0]["number"], until="finished")
        assert rest == events[1:]
        assert (await http.get("/events?after=-1")).status_code == 400


async def test_words_that_come_too_late_are_not_played(tmp_path: Path) -> None:
    clip = a_clip()
    async with agent(tmp_path) as (here, http):
        await put(http, clip.sound)
        late = await start(http, an_order(clip, expires_in_s=-0.1))
        assert late.status_code == 410
        assert "too late" in late.json()["error"]
        assert not here.horn.is_sounding


async def test_stop_returns_when_it_is_silent_and_tells_who_ended_it(tmp_path: Path) -> None:
    clip = a_clip()
    async with agent(tmp_path) as (here, http):
        assert (await http.post("/stop")).json() == {"stopped": False}
        await put(http, clip.sound)
        play = (await start(http, an_order(clip))).json()
        await here.horn.started.wait()
        assert (await http.get("/health")).json()["state"] == "playing"
        assert (await http.post("/stop")).json() == {"stopped": True}
        assert not here.horn.is_sounding
        told = (await http.get(f"/plays/{play['play_id']}")).json()
        assert (told["state"], told["reason"]) == ("failed", "stopped by a person")
        assert (await http.get("/health")).json()["state"] == "ready"


async def test_an_order_that_is_none_is_refused(tmp_path: Path) -> None:
    clip = a_clip()
    wrong: list[tuple[dict[str, Any], int]] = [
        ({"sha256": "0" * 64}, 404), ({"sha256": "../token"}, 404),
        ({"volume_pct": 0}, 400), ({"volume_pct": 101}, 400), ({"volume_pct": "loud"}, 400),
        ({"repeat": 0}, 400), ({"repeat": 6}, 400), ({"repeat": None}, 400),
        ({"announcement_id": "B" * 201}, 400), ({"announcement_id": ""}, 400),
        ({"expires_utc": "2099-01-01T00:00:00Z"}, 400), ({"boot_id": "another"}, 409),
        ({"expires_utc": "tomorrow"}, 400), ({"expires_utc": "2026-11-24T10:00:00"}, 400),
    ]  # fmt: skip
    async with agent(tmp_path) as (here, http):
        await put(http, clip.sound)
        for change, status in wrong:
            assert (await start(http, an_order(clip) | change)).status_code == status, change
        assert not here.horn.is_sounding


async def test_an_order_without_a_key_or_without_json_is_refused(tmp_path: Path) -> None:
    clip = a_clip(100.0)
    async with agent(tmp_path) as (_, http):
        await put(http, clip.sound)
        assert (await http.post("/plays", json=an_order(clip))).status_code == 400
        key = {"Idempotency-Key": "k"}
        for content in (b"?", b"[]", b"{}", b"[" * 5000):
            answer = await http.post("/plays", content=content, headers=key)
            assert answer.status_code == 400
        assert (await http.post("/plays", content=bytes(20_000), headers=key)).status_code == 413
        twice = await start(http, an_order(clip, repeat=2))
        assert "longer than 180 s with its repeats" in twice.json()["error"]
        assert (await http.get("/plays/unknown")).status_code == 404


async def test_nobody_gets_an_answer_without_the_token(tmp_path: Path) -> None:
    asked = [
        ("GET", "/health"), ("POST", "/stop"), ("POST", "/plays"), ("GET", "/events"),
        ("PUT", f"/clips/{'0' * 64}"), ("HEAD", f"/clips/{'0' * 64}"), ("GET", "/nowhere"),
    ]  # fmt: skip
    async with agent_here(tmp_path, token=SECRET) as here:
        async with httpx.AsyncClient(base_url=here.url, verify=NO_TLS) as http:
            for given in ("", "Bearer wrong", SECRET):
                for method, path in asked:
                    answer = await http.request(method, path, headers={"Authorization": given})
                    assert answer.status_code == 401, (given, path)
            good = {"Authorization": f"Bearer {SECRET}"}
            assert (await http.get("/health", headers=good)).status_code == 200
