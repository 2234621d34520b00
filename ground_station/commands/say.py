"""`gridpatrol say`: words into a clip, by the road that announcements take."""

from __future__ import annotations

import json
import sys
import uuid
from pathlib import Path

import anyio

from drone.clips import OGG_OPUS, WAV
from drone.pronunciation import has_words, language_of, unreadable
from drone.voice import LANGUAGES, Voice
from patrol.errors import ConfigError

_FORMATS = {".wav": WAV, ".opus": OGG_OPUS, ".ogg": OGG_OPUS}
_CHARACTERS_MAX = 1000  # the longest clip holds some 650 of Mandarin; an announcement has 15 s


def say(text: str, *, out: Path, language: str | None = None, as_json: bool = False) -> int:
    """Exit code 0 when the clip is written; ConfigError for wrong use, Refused when not spoken."""
    media_type = _format(out)
    language = language or language_of(text)
    _require_words(text, language)
    _require_place(out)
    clip = anyio.run(Voice(media_type=media_type).speak, text, language)
    part = out.with_name(f".{uuid.uuid4().hex}.part")
    try:
        part.write_bytes(clip.sound)
        part.replace(out)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ConfigError(f"cannot write {out}: {error.strerror}") from error
    told = {
        "file": str(out), "lang": language, "voice": clip.voice, "format": clip.media_type,
        "duration_s": round(clip.duration_s, 2), "sha256": clip.sha256, "text": text,
    }  # fmt: skip
    words = f"{out}: {clip.duration_s:.1f} s of {language} ({clip.voice})"
    sys.stdout.write((json.dumps(told, ensure_ascii=False) if as_json else words) + "\n")
    return 0


def _format(out: Path) -> str:
    if out.suffix.lower() not in _FORMATS:
        raise ConfigError(f"--out wants a name that ends in {', '.join(_FORMATS)}, not {out.name}")
    return _FORMATS[out.suffix.lower()]


def _require_place(out: Path) -> None:
    try:
        has_folder, is_folder = out.parent.is_dir(), out.is_dir()
    except OSError as error:  # no permission to look, a name that is too long
        raise ConfigError(f"cannot write {out}: {error.strerror}") from error
    if not has_folder:
        raise ConfigError(f"there is no folder to write {out} into")
    if is_folder:
        raise ConfigError(f"{out} is a folder; name a file in it")


def _require_words(text: str, language: str) -> None:
    if language not in LANGUAGES:
        raise ConfigError(f"no voice speaks {language!r}: choose {' or '.join(LANGUAGES)}")
    if not has_words(text):
        raise ConfigError("there are no words in the text")
    if len(text) > _CHARACTERS_MAX:
        raise ConfigError(f"the text has {len(text)} characters; at most {_CHARACTERS_MAX}")
    if letter := unreadable(text, language):
        raise ConfigError(f"the {language} voice cannot read {letter!r}")
