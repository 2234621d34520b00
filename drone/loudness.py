"""Volume: how a share of the horn's full level becomes decibels and samples."""

from __future__ import annotations

import io
import math
import wave

import numpy as np

from drone.clips import Clip
from patrol.errors import SpeakerUnreachable

SPL_1M_DBA = 110.0  # full broadcast level of the horn, DOMAIN 2.6

_FAINTEST_PEAK = 100  # of 32767, -50 dB: a microphone that was off, never a voice
# A device cannot be done sooner than the sound lasts; its own clock may be a little fast.
_HEARD_SHARE, _HEARD_LESS_S = 0.9, 0.02


def level_1m_dba(volume_pct: float) -> float:
    """The level at one metre; half the volume is 6 dB less."""
    return SPL_1M_DBA + 20.0 * math.log10(volume_pct / 100.0)


def quieter(samples: bytes, volume_pct: float) -> bytes:
    """16-bit samples at that share of their amplitude."""
    if volume_pct == 100.0:
        return samples
    scaled = np.frombuffer(samples, np.dtype("<i2")).astype(np.float32) * (volume_pct / 100.0)
    return bytes(np.rint(scaled).astype("<i2").tobytes())


def samples_at(clip: Clip, volume_pct: float) -> tuple[bytes, int, int]:
    """A WAV clip's samples at that volume, their rate in Hz and the number of channels."""
    with wave.open(io.BytesIO(clip.sound)) as file:
        samples = quieter(file.readframes(file.getnframes()), volume_pct)
        return samples, file.getframerate(), file.getnchannels()


def has_sound(samples: bytes) -> bool:
    """Whether anything in the 16-bit samples can be heard."""
    values = np.frombuffer(samples, np.dtype("<i2")).astype(np.int32)
    return int(np.max(np.abs(values), initial=0)) >= _FAINTEST_PEAK


def require_sound(clip: Clip) -> None:
    """ValueError for a WAV clip in which nothing can be heard: it would count as played."""
    if not has_sound(samples_at(clip, 100.0)[0]):
        raise ValueError("there is nothing to hear in the clip: it is silent")


def require_heard(lasts_s: float, took_s: float, *, by: str) -> None:
    """SpeakerUnreachable when it was done sooner than anybody can have heard the sound."""
    if took_s < _HEARD_SHARE * lasts_s - _HEARD_LESS_S:
        raise SpeakerUnreachable(
            f"{by} was done with {lasts_s:.1f} s of sound after {took_s:.1f} s: "
            "nobody can have heard it",
            text_zh=f"{by}在{took_s:.1f}秒内播完{lasts_s:.1f}秒的声音：不可能有人听到",
        )
