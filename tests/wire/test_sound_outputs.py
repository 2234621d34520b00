"""Where the sound goes: into a file, through ALSA's own library, into an exercise's air."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import io
import math
import os
import wave
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
import anyio.abc
import pytest

from drone.alsa import AlsaOutput
from drone.alsa_library import has_alsa
from drone.clips import Clip, clip_of
from drone.loudness import quieter
from drone.sound_outputs import AirOutput, FileOutput, PlayerOutput, output_of
from patrol.errors import ConfigError, SpeakerUnreachable
from tests.agents import wav

pytestmark = pytest.mark.anyio
needs_alsa = pytest.mark.skipif(not has_alsa(), reason="there is no libasound on this machine")


@functools.cache
def a_tone(duration_s: float = 0.3) -> Clip:
    return clip_of(wav(duration_s, tone=True), "test")


def samples(clip: Clip) -> bytes:
    with wave.open(io.BytesIO(clip.sound)) as file:
        return bytes(file.readframes(file.getnframes()))


async def test_a_file_output_writes_what_would_be_heard_at_its_volume(tmp_path: Path) -> None:
    output = FileOutput(tmp_path / "heard")
    assert await output.play(a_tone(), 100.0)
    assert await output.play(a_tone(), 50.0)
    first, second = [
        anyio.Path(tmp_path / "heard" / f"000{number}-{a_tone().sha256[:12]}.wav")
        for number in (1, 2)
    ]
    again = FileOutput(tmp_path / "heard")  # the agent started anew: what was heard stays
    assert await again.play(a_tone(), 25.0)
    assert len(os.listdir(tmp_path / "heard")) == 3
    assert await first.read_bytes() == a_tone().sound
    assert samples(clip_of(await second.read_bytes(), "")) == quieter(samples(a_tone()), 50.0)


@pytest.fixture
def cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """ALSA devices without a sound card: one writes its samples, one takes them for ever."""
    (tmp_path / "alsa.conf").write_text(
        f"""
        pcm.nobody {{ type null }}
        pcm.written {{ type file slave.pcm nobody file "{tmp_path}/heard.raw" format raw }}
        pcm.speech {{ type plug slave {{ pcm written format S16_LE rate 8000 channels 1 }} }}
        """
    )
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(tmp_path / "alsa.conf"))
    return tmp_path


class Card:
    """A card that takes samples no faster than somebody listens, through a pipe of one page."""

    def __init__(self, file: Path) -> None:
        os.mkfifo(file)
        self.heard = b""
        self._listener = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
        fcntl.fcntl(self._listener, fcntl.F_SETPIPE_SZ, 4096)

    async def listen(self, *, bytes_per_s: int = 9_000, until_bytes: float = math.inf) -> None:
        """Slower than 8 kHz by what the pipe holds."""
        while len(self.heard) < until_bytes:
            with contextlib.suppress(BlockingIOError):
                self.heard += os.read(self._listener, bytes_per_s // 100)
            await anyio.sleep(0.01)

    def pull_out(self) -> None:
        if self._listener >= 0:
            os.close(self._listener)
            self._listener = -1


@pytest.fixture
def card(cards: Path) -> Iterator[Card]:
    card = Card(cards / "heard.raw")
    yield card
    card.pull_out()


@needs_alsa
async def test_alsa_plays_every_sample_and_is_done_when_the_card_is(card: Card) -> None:
    clip, wanted = a_tone(0.6), quieter(samples(a_tone(0.6)), 50.0)
    async with anyio.create_task_group() as group:
        group.start_soon(card.listen)
        assert await AlsaOutput("speech").play(clip, 50.0)
        with anyio.fail_after(5):
            while len(card.heard) < len(wanted):
                await anyio.sleep(0.01)
        group.cancel_scope.cancel()
    assert card.heard.startswith(wanted)


@needs_alsa
async def test_a_live_voice_sounds_on_the_card_while_it_comes_with_silence_where_it_is_late(
    card: Card,
) -> None:
    tone, more = samples(a_tone(0.4)), anyio.Event()

    async def voice() -> AsyncIterator[bytes]:
        yield tone
        await more.wait()
        yield tone

    async with anyio.create_task_group() as group:
        group.start_soon(card.listen)
        played: list[bool] = []

        async def play() -> None:
            output = AlsaOutput("speech")
            played.append(await output.play_live(voice(), rate_hz=8_000, volume_pct=100.0))

        group.start_soon(play)
        with anyio.fail_after(5):
            while not (tone in card.heard and card.heard.endswith(bytes(500))):
                await anyio.sleep(0.01)
            assert played == []
            more.set()
            while card.heard.count(tone) < 2 or not played:
                await anyio.sleep(0.01)
        group.cancel_scope.cancel()
    assert played == [True]


@needs_alsa
async def test_a_card_that_is_done_sooner_than_the_sound_lasts_has_not_been_heard(
    cards: Path,
) -> None:
    with pytest.raises(SpeakerUnreachable, match="nobody can have heard it"):
        await AlsaOutput("speech").play(a_tone(), 100.0)
    assert len(await anyio.Path(cards / "heard.raw").read_bytes()) >= len(samples(a_tone()))


@needs_alsa
async def test_a_card_that_hangs_is_told_and_is_free_again_when_it_goes_on(card: Card) -> None:
    output, clip = AlsaOutput("speech", stall_s=0.1), a_tone(0.6)
    with anyio.fail_after(5):
        with pytest.raises(SpeakerUnreachable, match=r"hangs: it took nothing for 0\.1 s"):
            await output.play(clip, 100.0)
        assert "still hangs" in await refusal(output, clip)
        async with anyio.create_task_group() as group:
            group.start_soon(partial(card.listen, bytes_per_s=90_000))
            while "still hangs" in (words := await refusal(output, clip)):
                await anyio.sleep(0.01)
            group.cancel_scope.cancel()
    assert "nobody can have heard it" in words  # it was taken, and much too fast


async def refusal(output: AlsaOutput, clip: Clip) -> str:
    with pytest.raises(SpeakerUnreachable) as refused:
        await output.play(clip, 100.0)
    return str(refused.value)


@needs_alsa
async def test_a_card_that_breaks_off_in_the_middle_has_not_played(card: Card) -> None:
    output, clip = AlsaOutput("speech"), a_tone(0.6)

    async def pull_out() -> None:
        await card.listen(until_bytes=1000)
        card.pull_out()

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(pull_out)
            assert "broke off" in await refusal(output, clip)


@needs_alsa
async def test_a_stopped_clip_ends_in_its_middle_and_leaves_the_card_free(cards: Path) -> None:
    long, heard = a_tone(12.0), 0
    os.mkfifo(cards / "heard.raw")  # a card that takes no more than is heard
    listener = os.open(cards / "heard.raw", os.O_RDONLY | os.O_NONBLOCK)
    output, is_silent = AlsaOutput("speech"), anyio.Event()

    async def play(scope: anyio.CancelScope) -> None:
        with scope:
            await output.play(long, 100.0)
        is_silent.set()

    try:
        with anyio.fail_after(10):
            async with anyio.create_task_group() as group:
                scope = anyio.CancelScope()
                group.start_soon(play, scope)
                while not is_silent.is_set():
                    with contextlib.suppress(BlockingIOError):
                        heard += len(os.read(listener, 4096))
                    if heard > 0:
                        scope.cancel()
                    await anyio.sleep(0.001)
        assert scope.cancelled_caught
        assert 0 < heard < len(samples(long))
    finally:
        os.close(listener)
    (cards / "heard.raw").unlink()
    with pytest.raises(SpeakerUnreachable, match="nobody can have heard it"):  # it was taken whole
        await output.play(a_tone(), 100.0)


@needs_alsa
def test_a_card_that_is_not_there_is_a_sentence(cards: Path) -> None:
    for name in ("nowhere", "\udcff"):
        with pytest.raises(ConfigError, match=f"sound card {name} cannot be opened"):
            output_of(f"alsa:{name}")


async def test_a_systems_player_has_played_when_it_ends_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = tmp_path / "paplay"
    player.write_text('#!/bin/sh\ncp "$1" "$0.heard" && exec /bin/sh "$0.then"\n')
    player.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    output, then, heard = PlayerOutput(), tmp_path / "paplay.then", tmp_path / "paplay.heard"
    assert output.name == "player:paplay"
    then.write_text("exec sleep 0.3")
    assert await output.play(a_tone(), 100.0)
    assert heard.read_bytes() == a_tone().sound
    then.write_text("exit 0")
    with pytest.raises(SpeakerUnreachable, match="nobody can have heard it"):
        await output.play(a_tone(), 100.0)
    then.write_text("echo no server >&2; exit 3")
    with pytest.raises(SpeakerUnreachable, match="paplay could not play: no server"):
        await output.play(a_tone(), 100.0)
    then.write_text("exec sleep 600")
    monkeypatch.setattr("drone.sound_outputs._PLAYER_LATE_S", 0.1)
    with anyio.fail_after(10), pytest.raises(SpeakerUnreachable, match="paplay hangs"):
        await output.play(a_tone(), 100.0)
    monkeypatch.setattr("drone.sound_outputs._PLAYER_LATE_S", 60.0)
    heard.unlink()
    with anyio.fail_after(10), anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(output.play, a_tone(), 100.0)
            while not heard.exists():
                await anyio.sleep(0.01)
            scope.cancel()
    assert scope.cancelled_caught
    player.unlink()
    with pytest.raises(SpeakerUnreachable, match="cannot be played: No such file"):
        await output.play(a_tone(), 100.0)


@asynccontextmanager
async def air_that_says(body: bytes) -> AsyncIterator[AirOutput]:
    async def answer(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            await stream.receive()
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            await stream.send(head.encode() + body)

    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as group,
    ):
        group.start_soon(listener.serve, answer)
        port = listener.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610
        yield AirOutput(f"http://127.0.0.1:{port}/air")
        group.cancel_scope.cancel()


async def test_the_airs_own_word_counts_and_a_strangers_does_not() -> None:
    short = clip_of(wav(0.2), "")
    for body, was_whole in ((b'{"finished": true}', True), (b'{"finished": false}', False)):
        async with air_that_says(body) as air:
            assert await air.play(short, 100.0) is was_whole
    for body in (b"{}", b"[]", b"half {"):
        async with air_that_says(body) as air:
            with pytest.raises(SpeakerUnreachable, match="did not take the clip"):
                await air.play(short, 100.0)


@pytest.mark.parametrize("text", ["", "trumpet", "alsa:", "file:", "air:ftp://x", "null:x"])
def test_an_output_that_is_none_is_told(text: str) -> None:
    with pytest.raises(ConfigError, match="no such sound output"):
        output_of(text)
