"""The payload agent as a process: it starts, plays what it was sent, and ends when it should."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.abc
import pytest

from drone.agent import main
from drone.tokens import read_token
from patrol.errors import ConfigError
from tests.agents import a_clip, speaker_at

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]


@asynccontextmanager
async def running(*command: str) -> AsyncIterator[tuple[str, anyio.abc.Process]]:
    """A process that says its address when it serves."""
    async with await anyio.open_process(
        [sys.executable, "-m", *command], stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        with anyio.fail_after(20):
            ready = json.loads(await process.stdout.receive())
        yield ready["url"], process
        if process.returncode is None:
            process.kill()


async def test_a_clip_is_played_to_its_end_and_named_by_its_hash() -> None:
    options = ["--port", "0", "--output", "null"]
    async with running("drone.agent", *options) as (url, process):
        async with speaker_at(url) as speaker:
            assert (await speaker.health()).output == "null"
            clip = a_clip()
            assert (await speaker.play(clip, "B-1")).sha256 == clip.sha256
        assert process.stdin is not None
        await process.stdin.aclose()  # its parent is gone: it ends
        with anyio.fail_after(10):
            assert await process.wait() == 0


async def test_the_payload_command_stays_without_input_and_ends_at_a_signal(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("0123456789abcdef\n")
    options = ["--port", "0", f"--output=file:{tmp_path}", f"--token-file={token}"]
    async with running("ground_station", "payload", *options) as (url, process):
        assert process.stdin is not None
        await process.stdin.aclose()
        async with speaker_at(url, token=read_token(token)) as speaker:
            clip = a_clip()
            await speaker.play(clip, "B-1", volume_pct=50.0)
        process.terminate()
        with anyio.fail_after(10):
            assert await process.wait() == 0
    (written,) = tmp_path.glob("0001-*.wav")  # noqa: ASYNC240  # nothing else runs
    assert written.stat().st_size > 44


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--output trumpet", "no such sound output: 'trumpet'"),
        ("--host 0.0.0.0", "needs --token-file"),
        ("--host ::", "needs --token-file"),
        ("--host 0.0.0.0 --token-file TOKEN", "needs --tls-cert"),
        ("--host everywhere", "wants an address"),
        ("--tls-cert a.pem", "belong together"),
        ("--tls-cert a.pem --tls-key b.pem --port 0", "certificate and key cannot be used"),
        ("--token-file nowhere", "token file cannot be read"),
        ("--token-file /dev/zero", "16 to 512 characters"),
        ("--token-file SHORT", "16 to 512 characters"),
        ("--port 70000", "no such port"),
        ("--clips TOKEN", "clips cannot be kept"),
        ("--output file:TOKEN", "cannot write into"),
    ],
)
def test_wrong_use_is_a_sentence_and_exit_code_two(
    options: str,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "token").write_text("0123456789abcdef")
    (tmp_path / "short").write_text("letmein")
    for name in ("token", "short"):
        options = options.replace(name.upper(), str(tmp_path / name))
    arguments = options.split()
    arguments += [] if "--output" in options else ["--output", "null"]
    monkeypatch.setattr(sys, "argv", ["agent", *arguments])
    assert main() == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"two words are not one token", b"\xff" * 20])
def test_a_file_without_a_token_is_told_and_its_content_is_not(
    content: bytes, tmp_path: Path
) -> None:
    (tmp_path / "token").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_token(tmp_path / "token")
    assert "two words" not in str(caught.value)
