"""The loudspeaker behind a bad link: lost answers, cuts, half replies, strangers, wrong locks."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import anyio
import anyio.abc
import anyio.lowlevel
import pytest

from drone.speaker import HttpSpeaker, tls_trusting
from patrol.errors import CommandDenied, ConfigError, SpeakerUnreachable
from tests.agents import SECRET, Here, Link, a_clip, agent_here, an_order, speaker_at

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def linked(
    folder: Path, silence_s: float = 5.0
) -> AsyncIterator[tuple[Here, Link, HttpSpeaker]]:
    """An agent behind a link that can be broken."""
    async with agent_here(folder) as here, anyio.create_task_group() as group:
        link = Link(here.port)
        await group.start(link.run)
        async with speaker_at(f"http://127.0.0.1:{link.port}", silence_s=silence_s) as speaker:
            yield here, link, speaker
        group.cancel_scope.cancel()


@pytest.mark.parametrize("lost", [b"HEAD /clips", b"PUT /clips", b"POST /plays"])
async def test_a_lost_answer_is_asked_for_again_and_nothing_is_played_twice(
    lost: bytes, tmp_path: Path
) -> None:
    clip = a_clip()
    async with linked(tmp_path) as (here, link, speaker):
        here.horn.is_over.set()
        link.lose_answer_to = lost
        with anyio.fail_after(10):
            assert (await speaker.play(clip, "B-1")).sha256 == clip.sha256
        assert link.lose_answer_to == b""
        assert len(here.horn.played) == 1


async def test_an_order_whose_answer_was_lost_is_not_played_again_by_an_agent_that_started_anew(
    tmp_path: Path,
) -> None:
    async with linked(tmp_path) as (here, link, speaker), agent_here(tmp_path) as anew:
        link.lose_answer_to, link.then_agent_port = b"POST /plays", anew.port
        with anyio.fail_after(10), pytest.raises(CommandDenied, match=r"anew.* is not known"):
            await speaker.play(a_clip(), "B-1")
        assert here.horn.started.is_set()
        assert not anew.horn.started.is_set()


@pytest.mark.parametrize("days", [-7300, 1])
async def test_an_aircraft_whose_clock_is_wrong_plays_all_the_same(
    days: int, tmp_path: Path
) -> None:
    clock_off = timedelta(days=days)  # no battery clock, and no satellite yet
    async with agent_here(tmp_path, clock_off=clock_off) as here, speaker_at(here.url) as speaker:
        here.horn.is_over.set()
        assert (await speaker.play(a_clip(), "B-1")).sha256 == a_clip().sha256


async def test_a_stop_while_the_clip_is_still_being_sent_keeps_it_from_sounding(
    tmp_path: Path,
) -> None:
    async with linked(tmp_path) as (here, _, speaker), anyio.create_task_group() as group:

        async def stop() -> None:
            await speaker.stop()

        group.start_soon(stop)  # its turn comes when the first request is on its way
        with anyio.fail_after(10), pytest.raises(CommandDenied, match="stopped by a person"):
            await speaker.play(a_clip(), "B-1")
        assert not here.horn.started.is_set()
        here.horn.is_over.set()
        await speaker.play(a_clip(), "B-2")


async def test_words_that_nobody_waits_for_any_more_end_and_do_not_begin_later(
    tmp_path: Path,
) -> None:
    async with linked(tmp_path) as (here, link, speaker):
        for give_up in (here.horn.started.wait, anyio.lowlevel.checkpoint):
            async with anyio.create_task_group() as group:
                group.start_soon(speaker.play, a_clip(), "B-1")
                with anyio.fail_after(10):
                    await give_up()
                group.cancel_scope.cancel()
            assert not here.horn.is_sounding
        assert here.horn.played == []
        assert len([event for event in here.events() if event.play["state"] == "started"]) == 1


async def test_an_order_that_comes_after_its_stop_is_refused(tmp_path: Path) -> None:
    clip = a_clip()
    async with agent_here(tmp_path) as here, speaker_at(here.url) as speaker:
        await speaker._put(clip)
        assert await speaker._ask("POST", "/stop", json={"keys": ["late"]}) == {"stopped": False}
        for nonsense in (b"?", b"[]", b'{"keys": 3}'):
            await speaker._ask("POST", "/stop", content=nonsense)
        with pytest.raises(CommandDenied, match="stopped by a person"):
            await speaker._ask(
                "POST", "/plays", json=an_order(clip), headers={"Idempotency-Key": "late"}
            )
        assert not here.horn.started.is_set()


async def test_the_end_is_heard_though_the_link_broke_meanwhile(tmp_path: Path) -> None:
    clip = a_clip()
    async with linked(tmp_path) as (here, link, speaker), anyio.create_task_group() as group:

        async def break_and_end() -> None:
            await link.is_listened.wait()
            link.is_cut = True
            await link.cut()
            here.horn.is_over.set()
            while not any(event.play["state"] == "finished" for event in here.events()):
                await anyio.sleep(0.01)
            link.is_cut = False

        group.start_soon(break_and_end)
        with anyio.fail_after(10):
            assert (await speaker.play(clip, "B-1")).sha256 == clip.sha256


async def test_a_link_that_stays_broken_is_told_without_claiming_an_end(tmp_path: Path) -> None:
    async with linked(tmp_path, 1.0) as (_, link, speaker), anyio.create_task_group() as group:

        async def break_for_good() -> None:
            await link.is_listened.wait()
            link.is_cut = True
            await link.cut()

        group.start_soon(break_for_good)
        with anyio.fail_after(10), pytest.raises(SpeakerUnreachable, match="is not known"):
            await speaker.play(a_clip(), "B-1")


async def test_an_agent_that_started_anew_has_not_finished_the_clip(tmp_path: Path) -> None:
    async with (
        linked(tmp_path / "a") as (here, link, speaker),
        agent_here(tmp_path / "b") as other,
        anyio.create_task_group() as group,
    ):

        async def restart() -> None:
            await link.is_listened.wait()
            link.agent_port = other.port
            await link.cut()

        group.start_soon(restart)
        with anyio.fail_after(10), pytest.raises(CommandDenied, match="started anew"):
            await speaker.play(a_clip(), "B-1")


@asynccontextmanager
async def somebody_who_says(words: bytes) -> AsyncIterator[str]:
    """A server that answers every connection with these bytes and hangs up."""

    async def answer(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            await stream.receive()
            await stream.send(words)

    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as group,
    ):
        group.start_soon(listener.serve, answer)
        port = listener.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610
        yield f"http://127.0.0.1:{port}"
        group.cancel_scope.cancel()


def _reply(body: bytes, length: int | None = None) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {length or len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


@pytest.mark.parametrize(
    "words",
    [
        b"HTTP/1.1 20",
        b"",
        _reply(b'{"state": "rea', length=90),
        _reply(b'{"state": "rea'),
        _reply(b"{}"),
        _reply(b"[1]"),
        _reply(b'{"state": "ready", "spl_1m_dba": "loud", "output": "x"}'),
        _reply(b'{"state": "ready", "spl_1m_dba": null, "output": "x"}'),
        _reply(b'{"state": "ready", "spl_1m_dba": NaN, "output": "x"}'),
        _reply(b'{"state": "ready", "spl_1m_dba": 1' + b"0" * 400 + b', "output": "x"}'),
        _reply(b'{"state": "broken", "spl_1m_dba": 110, "output": "x"}'),
        _reply(b"[" * 60_000),
        _reply(b"x" * 70_000),
        _reply(b"\xff\xfe"),
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 500 Oops\r\nContent-Length: 4\r\nConnection: close\r\n\r\nOops",
    ],
)
async def test_half_a_reply_or_a_strangers_is_no_answer(words: bytes) -> None:
    async with somebody_who_says(words) as url, speaker_at(url) as speaker:
        with (
            anyio.fail_after(10),
            pytest.raises(SpeakerUnreachable, match="not answer|no payload agent"),
        ):
            await speaker.health()


async def test_an_answer_that_drips_for_ever_is_given_up() -> None:
    async def drip(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            with contextlib.suppress(anyio.BrokenResourceError):
                await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n")
                while True:
                    await stream.send(b"x")
                    await anyio.sleep(0.01)

    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as group,
    ):
        group.start_soon(listener.serve, drip)
        url = f"http://127.0.0.1:{listener.extra(anyio.abc.SocketAttribute.local_port)}"  # noqa: S610
        async with speaker_at(url, silence_s=0.2) as speaker:
            with anyio.fail_after(5), pytest.raises(SpeakerUnreachable, match="in time"):
                await speaker.health()
        group.cancel_scope.cancel()


async def test_half_a_reply_to_an_order_does_not_claim_that_nothing_was_heard(
    tmp_path: Path,
) -> None:
    async with somebody_who_says(_reply(b'{"play_id": "x"', length=99)) as url:
        async with speaker_at(url) as speaker:
            with anyio.fail_after(10), pytest.raises(SpeakerUnreachable):
                await speaker.play(a_clip(), "B-1")


async def test_a_wrong_token_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    async with agent_here(tmp_path / "kept", token=SECRET) as here:
        async with speaker_at(here.url, token=SECRET[::-1]) as speaker:
            with pytest.raises(CommandDenied, match="token"):
                await speaker.health()
            with pytest.raises(CommandDenied, match="token"):
                await speaker.play(a_clip(), "B-1")
        assert list((tmp_path / "kept").iterdir()) == []
        async with speaker_at(here.url, token=SECRET) as speaker:
            assert (await speaker.health()).state == "ready"


def _certificate(folder: Path) -> tuple[Path, Path]:
    cert, key = folder / "cert.pem", folder / "key.pem"
    openssl = shutil.which("openssl")
    assert openssl is not None
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=payload", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True,
    )  # fmt: skip
    return cert, key


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl")
async def test_over_tls_only_an_agent_that_the_station_trusts_gets_the_words(
    tmp_path: Path,
) -> None:
    pair = _certificate(tmp_path)
    async with agent_here(tmp_path / "kept", token=SECRET, tls=pair) as here:
        here.horn.is_over.set()
        async with speaker_at(here.url, token=SECRET, tls=tls_trusting(pair[0])) as speaker:
            clip = a_clip()
            assert (await speaker.play(clip, "B-1")).sha256 == clip.sha256
        async with speaker_at(here.url, token=SECRET) as doubtful:
            with pytest.raises(SpeakerUnreachable, match="CERTIFICATE_VERIFY_FAILED"):
                await doubtful.health()


def test_a_file_that_is_no_certificate_is_told(tmp_path: Path) -> None:
    assert tls_trusting(None) is None
    (tmp_path / "ca.pem").write_text("no certificate")
    for name in ("ca.pem", "nowhere.pem"):
        with pytest.raises(ConfigError, match=name):
            tls_trusting(tmp_path / name)
