"""Recorded announcements: a folder of clips, each known to say an approved template's words.

A file `T01.teochew.opus` is a person saying template T01 in Teochew. A `clips.json` beside the
files adds the SHA-256 and the exact text of each, which templates with slots need.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from drone.clips import CLIP_BYTES_MAX, Clip, clip_of
from patrol.errors import ConfigError

# Which of a template's two texts each recording says: Teochew is spoken, Chinese is written.
TONGUES = {"zh": "zh", "teochew": "zh", "en": "en"}
MANIFEST = "clips.json"
_ENDINGS = (".opus", ".ogg", ".wav")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A person's voice for one text."""

    tongue: str  # a key of TONGUES
    text: str  # as written in the announcement's record
    clip: Clip


class Recordings:
    """Every recording the squad has; earlier ones win."""

    def __init__(self, recordings: Iterable[Recording]) -> None:
        self._clips: dict[tuple[str, str], Clip] = {}
        for recording in recordings:
            self._clips.setdefault((TONGUES[recording.tongue], recording.text), recording.clip)

    def __len__(self) -> int:
        return len(self._clips)

    def find(self, text: str, language: str) -> Clip | None:
        """The recording of exactly these words, if there is one."""
        return self._clips.get((language, text))


def load_recordings(
    folder: Path, texts: Mapping[str, Mapping[str, str]], tongues: Sequence[str]
) -> Recordings:
    """Read a folder; ConfigError names the file that is unreadable or is not what it should be.

    `texts` are the templates' words by id and language, with their slots still in them; `tongues`
    says which recording of a text comes first. A tongue that is not named is never played.
    """
    try:
        manifest = folder / MANIFEST
        if manifest.exists():
            found = [_from_entry(folder, entry, texts) for entry in _entries(manifest)]
        else:
            files = sorted(file for file in folder.iterdir() if file.suffix in _ENDINGS)
            found = [_from_name(file, texts) for file in files]
    except OSError as error:
        raise ConfigError(f"recordings cannot be read in {folder}: {error.strerror}") from error
    _require_different(found, folder)
    wanted = [recording for recording in found if recording.tongue in tongues]
    return Recordings(sorted(wanted, key=lambda recording: tongues.index(recording.tongue)))


def _require_different(found: Sequence[Recording], folder: Path) -> None:
    """Two recordings of the same words in the same tongue: nobody could say which is played."""
    known: set[tuple[str, str]] = set()
    for recording in found:
        key = (recording.tongue, recording.text)
        if key in known:
            raise ConfigError(f"two recordings say the same in {folder}: {recording.clip.voice}")
        known.add(key)


def _from_name(file: Path, texts: Mapping[str, Mapping[str, str]]) -> Recording:
    template, _, tongue = file.stem.partition(".")
    words = _words(template, tongue, texts, file)
    if "{" in words:
        raise ConfigError(f"{file}: {template} has slots; {MANIFEST} has to say which words it is")
    return Recording(tongue=tongue, text=words, clip=_read(file, tongue))


def _entries(manifest: Path) -> list[Any]:
    try:
        body = json.loads(manifest.read_text(encoding="utf-8"))
        return list(body["clips"])
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"not a list of recordings: {manifest}: {error!r}") from error


def _from_entry(folder: Path, entry: Any, texts: Mapping[str, Mapping[str, str]]) -> Recording:  # noqa: ANN401  # JSON
    try:
        name, tongue = str(entry["file"]), str(entry["tongue"])
        template, text, sha256 = str(entry["template"]), str(entry["text"]), str(entry["sha256"])
    except (KeyError, TypeError) as error:
        raise ConfigError(f"{folder / MANIFEST}: an entry has no {error}") from error
    file = folder / name
    if Path(name).name != name:
        raise ConfigError(f"{folder / MANIFEST}: {name} is not a file of this folder")
    words = _words(template, tongue, texts, file)
    if "{" not in words and text != words:
        raise ConfigError(f"{file}: {template} now says other words; record it again")
    clip = _read(file, tongue)
    if clip.sha256 != sha256.lower():
        raise ConfigError(f"{file}: its SHA-256 is {clip.sha256}, not the one of {MANIFEST}")
    return Recording(tongue=tongue, text=text, clip=clip)


def _words(template: str, tongue: str, texts: Mapping[str, Mapping[str, str]], file: Path) -> str:
    if tongue not in TONGUES:
        raise ConfigError(f"{file}: {tongue!r} is none of {', '.join(TONGUES)}")
    if template not in texts:
        raise ConfigError(f"{file}: there is no template {template!r}")
    return texts[template][TONGUES[tongue]]


def _read(file: Path, tongue: str) -> Clip:
    if file.stat().st_size > CLIP_BYTES_MAX:
        raise ConfigError(f"{file}: a recording has at most {CLIP_BYTES_MAX} bytes")
    try:
        clip = clip_of(file.read_bytes(), "")
    except ValueError as error:
        raise ConfigError(f"{file}: {error}") from error
    return replace(clip, voice=f"recording {tongue} {file.name}")
