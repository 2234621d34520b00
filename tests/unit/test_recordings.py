"""Recorded announcements: found by the words they say, told apart by tongue, never stale."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drone.clips import clip_of
from drone.opus import as_opus
from drone.recordings import MANIFEST, load_recordings
from ground_station.templates import SlotValue, load_templates
from patrol.errors import ConfigError
from tests.agents import wav

TEMPLATES = load_templates()
TEXTS = {key: {"zh": template.zh, "en": template.en} for key, template in TEMPLATES.items()}
ALL = ("zh", "teochew", "en")
T01, T07 = TEMPLATES["T01"], TEMPLATES["T07"]
T07_VALUE = SlotValue(zh="达濠社区", en="Dahao")


def record(folder: Path, name: str, duration_s: float = 0.5) -> str:
    """A recording in the folder; gives its SHA-256."""
    clip = clip_of(wav(duration_s), "")
    if not name.endswith(".wav"):
        clip = as_opus(clip)
    (folder / name).write_bytes(clip.sound)
    return clip.sha256


def write_manifest(folder: Path, **changes: str) -> None:
    """One entry, with these things changed."""
    file = "dahao.teochew.opus"
    words = T07.fill({"社区": T07_VALUE})[0]
    entry = {"file": file, "template": "T07", "tongue": "teochew", "text": words}
    entry |= {"sha256": record(folder, file)} | changes
    (folder / MANIFEST).write_text(json.dumps({"clips": [entry]}), encoding="utf-8")


def test_files_are_known_by_their_names_and_the_first_tongue_wins(tmp_path: Path) -> None:
    mandarin = record(tmp_path, "T01.zh.wav", 0.3)
    teochew = record(tmp_path, "T01.teochew.opus", 0.4)
    english = record(tmp_path, "T01.en.ogg", 0.5)
    found = load_recordings(tmp_path, TEXTS, ALL)
    clip = found.find(T01.zh, "zh")
    assert clip is not None
    assert (clip.sha256, clip.voice) == (mandarin, "recording zh T01.zh.wav")
    other = load_recordings(tmp_path, TEXTS, ("teochew", "zh")).find(T01.zh, "zh")
    assert other is not None
    assert (other.sha256, other.voice) == (teochew, "recording teochew T01.teochew.opus")
    spoken = found.find(T01.en, "en")
    assert spoken is not None
    assert spoken.sha256 == english
    assert load_recordings(tmp_path, TEXTS, ("zh",)).find(T01.en, "en") is None
    assert found.find(T01.zh + "!", "zh") is None


def test_a_manifest_names_the_words_of_a_template_with_slots(tmp_path: Path) -> None:
    write_manifest(tmp_path)
    found = load_recordings(tmp_path, TEXTS, ALL)
    assert len(found) == 1
    assert found.find(T07.fill({"社区": T07_VALUE})[0], "zh") is not None
    assert found.find(T07.fill({"社区": SlotValue(zh="青盐社区", en="Qingyan")})[0], "zh") is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sha256": "0" * 64}, "its SHA-256 is"),
        ({"tongue": "klingon"}, "'klingon' is none of"),
        ({"template": "T99"}, "there is no template 'T99'"),
        ({"template": "T01"}, "T01 now says other words"),
        ({"file": "../T01.zh.opus"}, "is not a file of this folder"),
        ({"file": "missing.opus"}, "cannot be read"),
    ],
)
def test_a_manifest_that_does_not_fit_is_told(
    changes: dict[str, str], words: str, tmp_path: Path
) -> None:
    write_manifest(tmp_path, **changes)
    with pytest.raises(ConfigError, match=words):
        load_recordings(tmp_path, TEXTS, ALL)


def test_a_manifest_that_is_none_is_told(tmp_path: Path) -> None:
    for text in ("{}", "[]", "?", '{"clips": 3}', '{"clips": [3]}', '{"clips": [{}]}'):
        (tmp_path / MANIFEST).write_text(text)
        with pytest.raises(ConfigError, match=MANIFEST):
            load_recordings(tmp_path, TEXTS, ALL)


@pytest.mark.parametrize(
    ("name", "words"),
    [("T01.opus", "'' is none of"), ("T99.zh.opus", "no template"), ("T07.zh.opus", "has slots")],
)
def test_a_file_whose_name_says_nothing_is_told(name: str, words: str, tmp_path: Path) -> None:
    record(tmp_path, name)
    with pytest.raises(ConfigError, match=words):
        load_recordings(tmp_path, TEXTS, ALL)


def test_no_folder_no_sound_silence_of_no_length_and_the_same_words_twice_are_told(
    tmp_path: Path,
) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_recordings(tmp_path / "nowhere", TEXTS, ALL)
    (tmp_path / "T01.zh.opus").write_bytes(b"OggS")
    with pytest.raises(ConfigError, match=r"T01\.zh\.opus: half an Opus"):
        load_recordings(tmp_path, TEXTS, ALL)
    (tmp_path / "T01.zh.opus").write_bytes(wav(0.0))
    with pytest.raises(ConfigError, match="says nothing"):
        load_recordings(tmp_path, TEXTS, ALL)
    record(tmp_path, "T01.zh.opus")
    record(tmp_path, "T01.zh.wav")
    with pytest.raises(ConfigError, match="two recordings say the same"):
        load_recordings(tmp_path, TEXTS, ALL)
