"""Volume: how a share of the horn's full level becomes decibels and samples."""

from __future__ import annotations

import math

import numpy as np

SPL_1M_DBA = 110.0  # full broadcast level of the horn, DOMAIN 2.6


def level_1m_dba(volume_pct: float) -> float:
    """The level at one metre; half the volume is 6 dB less."""
    return SPL_1M_DBA + 20.0 * math.log10(volume_pct / 100.0)


def quieter(samples: bytes, volume_pct: float) -> bytes:
    """16-bit samples at that share of their amplitude."""
    if volume_pct == 100.0:
        return samples
    scaled = np.frombuffer(samples, np.dtype("<i2")) * (volume_pct / 100.0)
    return bytes(np.rint(scaled).astype("<i2").tobytes())
