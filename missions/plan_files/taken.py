"""What another program's file says of a flight, before it is a plan of ours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from missions.datums import StatedDatum
from patrol.errors import ConfigError
from patrol.geo import GeoPoint
from patrol.plan import Finding, RallyPoint, Waypoint

BYTES_MAX = 32_000_000
PLACES_MAX = 20_000  # more than any autopilot keeps
_LATITUDE_MAX_DEG, _LONGITUDE_MAX_DEG = 90.0, 180.0


class NoPlace(ValueError):
    """Numbers that are no place on the earth; `text_zh` says why in Chinese."""

    def __init__(self, text: str, text_zh: str) -> None:
        super().__init__(text)
        self.text_zh = text_zh


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Everything that could be taken over; `findings` say what could not."""

    form: str  # such as "QGroundControl .plan"
    waypoints: tuple[Waypoint, ...]
    datum: StatedDatum | None = None  # None: the file does not say
    has_heights: bool = True  # else those of the waypoints are none
    home: GeoPoint | None = None
    home_elevation_amsl_m: float | None = None
    fence: tuple[GeoPoint, ...] = ()  # not closed; empty: the file has none
    kept_out: tuple[tuple[GeoPoint, ...], ...] = ()
    rally_points: tuple[RallyPoint, ...] = ()
    findings: tuple[Finding, ...] = ()

    def with_home(self, home: GeoPoint | None) -> Taken:
        """Launched from elsewhere, where a person says so; its elevation is then not known."""
        if home is None:
            return self
        return replace(self, home=home, home_elevation_amsl_m=None)


def read_bytes(path: Path) -> bytes:
    """The file; ConfigError when it cannot be read, is empty or larger than any plan."""
    try:
        if path.is_file() and path.stat().st_size > BYTES_MAX:
            raise ConfigError(
                f"the file is larger than {BYTES_MAX / 1e6:.0f} MB, which no plan is: {path}",
                text_zh=f"文件超过{BYTES_MAX / 1e6:.0f}兆字节，不可能是航线计划：{path}",
            )
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"the plan cannot be read: {path} ({error.strerror})",
            text_zh=f"无法读取计划文件：{path}（{error.strerror}）",
        ) from error
    if not content.strip():
        raise ConfigError(f"the file is empty: {path}", text_zh=f"文件为空：{path}")
    return content


def not_a(form: str, path: Path, why: str, why_zh: str) -> ConfigError:
    """It is not what its name says."""
    return ConfigError(
        f"not a plan in the form of {form}: {path} ({why})",
        text_zh=f"不是{form}格式的计划：{path}（{why_zh}）",
    )


def too_many(form: str, path: Path, count: int) -> ConfigError:
    """More places than any autopilot keeps."""
    return not_a(
        form, path, f"{count} places, at most {PLACES_MAX} can be flown",
        f"含{count}个点，最多{PLACES_MAX}个",
    )  # fmt: skip


def number(value: object) -> float:
    """A number to fly by; ValueError for text, truth values, NaN and what has no end."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise NoPlace(f"{_short(value)} is no number", f"{_short(value)}不是数值")
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise NoPlace("a number is NaN or without end", "含有非数值或无穷大")
    return found


def place(lat: object, lon: object) -> GeoPoint:
    """A place; NoPlace says so where latitude and longitude are swapped."""
    lat_deg, lon_deg = number(lat), number(lon)
    is_swapped = abs(lat_deg) > _LATITUDE_MAX_DEG and abs(lon_deg) <= _LATITUDE_MAX_DEG
    if is_swapped and abs(lat_deg) <= _LONGITUDE_MAX_DEG:
        raise NoPlace(
            f"{lat_deg:g} is no latitude: latitude and longitude are swapped",
            f"{lat_deg:g}不是纬度：经纬度次序颠倒",
        )
    if abs(lat_deg) > _LATITUDE_MAX_DEG or abs(lon_deg) > _LONGITUDE_MAX_DEG:
        raise NoPlace(
            f"{lat_deg:g}, {lon_deg:g} is no place on the earth",
            f"{lat_deg:g}, {lon_deg:g}超出范围",
        )
    return GeoPoint(lat_deg=lat_deg, lon_deg=lon_deg)


def opened(ring: Sequence[GeoPoint]) -> tuple[GeoPoint, ...]:
    """A ring without its last corner where that is its first."""
    return tuple(ring[:-1] if len(ring) > 1 and ring[0] == ring[-1] else ring)


def why_not(error: Exception) -> tuple[str, str]:
    """What is wrong with a body, in both languages."""
    match error:
        case NoPlace():
            return str(error), error.text_zh
        case KeyError():
            return f"{error} is missing", f"缺少{error}"
        case _:
            return _short(error), _short(error)


def _short(value: Any) -> str:  # noqa: ANN401  # whatever a file holds
    text = str(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
