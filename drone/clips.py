"""A clip: spoken words as one file, WAV or Opus in Ogg, known by the SHA-256 of its bytes.

What is read here comes from headers; `drone/opus.py` decodes.
"""

from __future__ import annotations

import hashlib
import io
import struct
import wave
from dataclasses import dataclass

WAV, OGG_OPUS = "audio/wav", "audio/ogg"
SHORTEST_CLIP_S = 0.1  # anything shorter is no word
LONGEST_CLIP_S = 180.0
CLIP_BYTES_MAX = 8 * 1024 * 1024  # LONGEST_CLIP_S of 22 kHz speech as WAV
_OPUS_RATE_HZ = 48_000  # Ogg Opus counts in 1/48000 s whatever was recorded (RFC 7845)
_PAGE_HEAD = struct.Struct("<4sBBqIIIB")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """Words as they are sent and played."""

    sound: bytes
    media_type: str  # WAV or OGG_OPUS
    sha256: str  # of `sound`
    duration_s: float
    voice: str  # which voice or recording it is, DOMAIN 2.6


def clip_of(sound: bytes, voice: str) -> Clip:
    """A clip from a file's bytes; ValueError when they are no sound of a permitted length."""
    if sound[:4] == b"OggS":
        media_type, duration_s = OGG_OPUS, _opus_duration_s(sound)
    else:
        media_type, duration_s = WAV, _wav_duration_s(sound)
    if duration_s < SHORTEST_CLIP_S:
        raise ValueError(f"a clip of {duration_s:.2f} s says nothing")
    if duration_s > LONGEST_CLIP_S:
        raise ValueError(f"a clip of {duration_s:.0f} s is longer than {LONGEST_CLIP_S:.0f} s")
    return Clip(
        sound=sound, media_type=media_type, sha256=hashlib.sha256(sound).hexdigest(),
        duration_s=duration_s, voice=voice,
    )  # fmt: skip


def _wav_duration_s(sound: bytes) -> float:
    try:
        with wave.open(io.BytesIO(sound)) as file:
            frames, rate_hz = file.getnframes(), file.getframerate()
            frame_bytes = file.getsampwidth() * file.getnchannels()
            # A header may promise an hour that the file does not hold.
            held = len(file.readframes(min(frames, len(sound)))) // frame_bytes
            width, channels = file.getsampwidth(), file.getnchannels()
    except (wave.Error, EOFError, ZeroDivisionError, RuntimeError) as error:
        # RuntimeError: a chunk that is longer than the file it is in.
        raise ValueError(f"neither Opus in Ogg nor a WAV clip: {error!r}") from error
    if width != 2 or channels not in (1, 2) or not 8_000 <= rate_hz <= 48_000:
        raise ValueError("a WAV clip has 16 bits, one or two channels and 8 to 48 kHz")
    if held < frames:
        raise ValueError(f"half a WAV clip: {held} of {frames} frames")
    return float(frames / rate_hz)


def _opus_duration_s(sound: bytes) -> float:
    """From the last page's position, which is what players trust; every page is walked."""
    at, pre_skip, ended = 0, 0, False
    last_position: int = 0
    while at < len(sound):
        if len(sound) < at + _PAGE_HEAD.size:
            raise ValueError("half an Opus clip: it ends inside a page")
        magic, _, flags, position, _, _, _, segments = _PAGE_HEAD.unpack_from(sound, at)
        table = sound[at + _PAGE_HEAD.size : at + _PAGE_HEAD.size + segments]
        body = at + _PAGE_HEAD.size + segments
        if magic != b"OggS" or len(table) < segments or body + sum(table) > len(sound):
            raise ValueError("half an Opus clip: a page is broken")
        if at == 0:
            pre_skip = _pre_skip(sound[body : body + sum(table)])
        last_position = max(last_position, position)  # -1: no packet ends on the page
        ended = bool(flags & 4)
        at = body + sum(table)
    if not ended:
        raise ValueError("half an Opus clip: its last page is missing")
    return float(last_position - pre_skip) / _OPUS_RATE_HZ


def _pre_skip(head: bytes) -> int:
    if len(head) < 19 or head[:8] != b"OpusHead":
        raise ValueError("an Ogg file, but no Opus in it")
    if head[9] not in (1, 2):
        raise ValueError(f"an Opus clip has one or two channels, not {head[9]}")
    return int.from_bytes(head[10:12], "little")
