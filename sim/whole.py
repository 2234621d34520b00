"""Whole numbers out of the floats that MAVLink carries them in."""

from __future__ import annotations

import math

_MOST = 2**31 - 1


def whole(value: float, *, else_: int = 0) -> int:
    """The nearest whole number, within an int32; `else_` for what is no number."""
    if math.isnan(value):
        return else_
    return round(max(-float(_MOST), min(float(_MOST), value)))
