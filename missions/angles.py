"""Reads one coordinate as people type it: decimal degrees, or degrees, minutes and seconds."""

from __future__ import annotations

import re

from patrol.geo import GeoPoint

_NUMBER = r"(\d+(?:\.\d+)?)"
_TYPED = re.compile(
    rf"^(东经|西经|北纬|南纬|[EWNS])?\s*([-+])?\s*{_NUMBER}\s*(?:[°º度]\s*"
    rf"(?:{_NUMBER}\s*[′'’分]\s*(?:{_NUMBER}\s*(?:[″\"”秒]|''|′′)\s*)?)?)?\s*([EWNS])?$",
    re.IGNORECASE,
)
_NEGATIVE = frozenset({"西经", "南纬", "W", "S"})


class AngleRefused(ValueError):
    """A coordinate that cannot be what it says; `text_zh` is the sentence in Chinese."""

    def __init__(self, text: str, text_zh: str, *, near: GeoPoint | None = None) -> None:
        super().__init__(text)
        self.text_zh = text_zh
        self.near = near


def read_degrees(value: object) -> float:
    """Decimal degrees of a number or of text such as 116.61, 116°36′36″, E116°36.6′.

    AngleRefused with a reason when it is none; 116°61′ is told as decimal degrees mistyped.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _as_float(value)
    if not isinstance(value, str):
        raise AngleRefused(f"{value!r} is no coordinate", f"{value!r}不是坐标")
    found = _TYPED.match(value.strip())
    if found is None:
        raise AngleRefused(f"{value!r} is no coordinate", f"“{value}”不是坐标")
    before, sign, degrees, minutes, seconds, after = found.groups()
    _refuse_sixty(value, degrees, minutes, seconds)
    size = float(degrees) + float(minutes or 0) / 60.0 + float(seconds or 0) / 3600.0
    sides = {side.upper() for side in (before, after) if side}
    return -size if (sign == "-") != bool(sides & _NEGATIVE) else size


def _as_float(value: int | float) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise AngleRefused("a number too large for a coordinate", "数值过大，不是坐标") from error


def _refuse_sixty(value: str, degrees: str, minutes: str | None, seconds: str | None) -> None:
    if minutes is not None and float(minutes) >= 60.0:
        decimal = f"{degrees}.{minutes}" if minutes.isdigit() else ""
        raise AngleRefused(
            f"{value!r} has {minutes} minutes, and a degree has 60: decimal degrees mistyped"
            + (f", probably {decimal}" if decimal else ""),
            f"“{value}”的分值为{minutes}，超过60：应为十进制度误写"
            + (f"，可能是{decimal}" if decimal else ""),
        )
    if seconds is not None and float(seconds) >= 60.0:
        raise AngleRefused(
            f"{value!r} has {seconds} seconds, and a minute has 60",
            f"“{value}”的秒值为{seconds}，超过60",
        )
