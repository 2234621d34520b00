"""`gridpatrol say`: a clip, or a sentence and an exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from drone.clips import OGG_OPUS, WAV, clip_of
from ground_station.commands.say import say
from patrol.errors import ConfigError

pytestmark = pytest.mark.timeout(60)


@pytest.mark.parametrize(
    ("text", "name", "language", "media_type"),
    [
        ("请礐石街道的居民有序离开", "clip.wav", "zh", WAV),
        ("Please leave Queshi", "clip.opus", "en", OGG_OPUS),
    ],
)
def test_words_become_a_clip_in_their_own_language(
    text: str,
    name: str,
    language: str,
    media_type: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / name
    assert say(text, out=out, as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    clip = clip_of(out.read_bytes(), "")
    assert (told["lang"], told["text"], told["sha256"]) == (language, text, clip.sha256)
    assert clip.media_type == media_type
    assert [file.name for file in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("text", "out", "language", "words"),
    [
        ("", "clip.wav", None, "no words"),
        (" …! ", "clip.wav", None, "no words"),
        ("hello", "clip.mp3", None, "clip.mp3"),
        ("hello", "nowhere/clip.wav", None, "no folder"),
        ("hello", "folder.wav", None, "is a folder"),
        ("hello", "clip.wav", "fr", "no voice speaks 'fr'"),
        ("你好", "clip.wav", "en", "cannot read '你'"),
        ("hello", "x" * 300 + ".wav", None, "name too long"),
        ("hello \udcff", "clip.wav", None, "cannot read"),  # bytes that are no UTF-8
        ("请离开😀", "clip.wav", None, "cannot read '😀'"),
        ("hello " * 200, "clip.wav", None, "at most 1000"),
    ],
)
def test_wrong_use_is_told_before_anything_is_spoken(
    text: str, out: str, language: str | None, words: str, tmp_path: Path
) -> None:
    (tmp_path / "folder.wav").mkdir()
    with pytest.raises(ConfigError, match=words):
        say(text, out=tmp_path / out, language=language)
    assert [file.name for file in tmp_path.iterdir()] == ["folder.wav"]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="uses a folder nobody can write to")
def test_a_folder_that_cannot_be_written_is_a_sentence_and_exit_code_two() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "ground_station", "say", "Please leave", "--out", "/proc/clip.wav"],
        capture_output=True, check=False, text=True, timeout=30,
    )  # fmt: skip
    assert ended.returncode == 2
    assert "cannot write /proc/clip.wav" in ended.stderr
    assert "Traceback" not in ended.stderr
