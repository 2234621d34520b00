"""Volume: how a share of the horn's full level becomes decibels and samples."""

from __future__ import annotations

import io
import math
import wave

import numpy as np

from drone.clips import Clip

SPL_1M_DBA = 110.0  # full broadcast level of the horn, DOMAIN 2.6

_FAINTEST_PEAK = 100  # of 32767, -50 dB: a microphone that was off, never a voice


def level_1m_dba(volume_pct: float) -> float:
    """The level at one metre; half the volume is 6 dB less."""
    return SPL_1M_DBA + 20.0 * math.log10(volume_pct / 100.0)


def quieter(samples: bytes, volume_pct: float) -> bytes:
    """16-bit samples at that share of their amplitude."""
    if volume_pct == 100.0:
        return samples
    scaled = np.frombuffer(samples, np.dtype("<i2")) * (volume_pct / 100.0)
    return bytes(np.rint(scaled).astype("<i2").tobytes())


def require_sound(clip: Clip) -> None:
    """ValueError for a WAV clip in which nothing can be heard: it would count as played."""
    with wave.open(io.BytesIO(clip.sound)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.dtype("<i2"))
    if int(np.max(np.abs(samples.astype(np.int32)), initial=0)) < _FAINTEST_PEAK:
        raise ValueError("there is nothing to hear in the clip: it is silent")
