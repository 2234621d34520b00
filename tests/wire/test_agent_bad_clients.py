"""Clients that stall, break off or send what no listener could read: the agent stays in order."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import anyio.abc
import httpx
import pytest

from tests.agents import Here, a_clip, agent_here, an_order
from tests.plain_http import NO_TLS

pytestmark = pytest.mark.anyio


async def raw(here: Here, head: str) -> anyio.abc.SocketStream:
    """A connection on which a request has begun."""
    stream = await anyio.connect_tcp("127.0.0.1", here.port)
    await stream.send(head.replace("\n", "\r\n").encode() + b"\r\n\r\n")
    return stream


def client(here: Here) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=here.url, verify=NO_TLS)


async def test_a_stop_silences_before_the_rest_of_its_request_has_come(tmp_path: Path) -> None:
    clip = a_clip()
    async with agent_here(tmp_path) as here, client(here) as http:
        await http.put(f"/clips/{clip.sha256}", content=clip.sound)
        await http.post("/plays", json=an_order(clip), headers={"Idempotency-Key": "k"})
        await here.horn.started.wait()
        stream = await raw(here, "POST /stop HTTP/1.1\nHost: agent\nContent-Length: 400")
        async with stream:
            with anyio.fail_after(5):
                while here.horn.is_sounding:
                    await anyio.sleep(0.005)
        assert (await http.get("/health")).json()["state"] == "ready"


async def test_half_an_upload_leaves_no_file_and_the_next_one_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drone.agent_app._CLIP_WITHIN_S", 0.05)
    clip = a_clip()
    head = f"PUT /clips/{clip.sha256} HTTP/1.1\nHost: agent\nContent-Length: {len(clip.sound)}"
    async with agent_here(tmp_path) as here, client(here) as http:
        for _ in range(6):  # more than may be under way at once
            async with await raw(here, head) as stream:
                await stream.send(clip.sound[:100])
        async with await raw(here, head) as stream:
            await stream.send(clip.sound[:100])
            with anyio.fail_after(5):
                assert b" 408 " in await stream.receive()
        assert os.listdir(tmp_path) == []
        kept = await http.put(f"/clips/{clip.sha256}", content=clip.sound)
        assert kept.status_code == 201


@pytest.mark.parametrize("asked_before", [False, True])
async def test_who_never_finishes_asking_is_let_go_and_who_listens_is_not(
    asked_before: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drone.impatient_http._ASK_WITHIN_S", 0.05)
    async with agent_here(tmp_path) as here, client(here) as http:
        async with http.stream("GET", "/events") as listening:
            lines = listening.aiter_lines()
            assert await anext(lines) == "event: hello"
            async with await anyio.connect_tcp("127.0.0.1", here.port) as stream:
                if asked_before:
                    await stream.send(b"HEAD /health HTTP/1.1\r\nHost: agent\r\n\r\n")
                with anyio.fail_after(5):
                    await ask_for_ever(stream)
            clip = a_clip()
            await http.put(f"/clips/{clip.sha256}", content=clip.sound)
            await http.post("/plays", json=an_order(clip), headers={"Idempotency-Key": "k"})
            with anyio.fail_after(5):
                assert "accepted" in [line async for line in first_event(lines)][-1]


async def ask_for_ever(stream: anyio.abc.SocketStream) -> None:
    """Half a head, byte by byte, until the other side has had enough."""
    with contextlib.suppress(anyio.EndOfStream, anyio.BrokenResourceError):
        while True:
            await stream.send(b"x")
            with anyio.move_on_after(0.01):
                await stream.receive()


async def first_event(lines: AsyncIterator[str]) -> AsyncIterator[str]:
    async for line in lines:
        yield line
        if '"number"' in line:
            return


async def test_what_is_no_text_is_refused_in_text_and_reaches_no_listener(tmp_path: Path) -> None:
    clip = a_clip()
    async with agent_here(tmp_path) as here, client(here) as http:
        await http.put(f"/clips/{clip.sha256}", content=clip.sound)
        for field in ("announcement_id", "expires_utc", "repeat", "volume_pct"):
            half = json.dumps(an_order(clip) | {field: "\ud800"})  # a character's half, escaped
            answer = await http.post("/plays", content=half, headers={"Idempotency-Key": "k"})
            assert (answer.status_code, "error" in answer.json()) == (400, True), field
        for key in (b"\xe7\xa4\x90", b"\xff", b""):
            headers = {b"Idempotency-Key": key}
            answer = await http.post("/plays", json=an_order(clip), headers=headers)
            assert answer.status_code == 400
        assert here.events() == []


@pytest.mark.parametrize(
    "path", ["../token", "..%2ftoken", "%2e%2e%2ftoken", "x" * 5000, "%00", "%ff" * 32]
)
async def test_a_hash_that_is_a_path_reaches_no_file(path: str, tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(a_clip().sound)
    async with agent_here(tmp_path / "clips") as here, client(here) as http:
        assert (await http.head(f"/clips/{path}")).status_code == 404
        sound = a_clip(0.3).sound
        answer = await http.put(f"/clips/{path}", content=sound)
        assert answer.status_code in (404, 409)
    assert hashlib.sha256((tmp_path / "token").read_bytes()).hexdigest() == a_clip().sha256
    assert os.listdir(tmp_path / "clips") == []
