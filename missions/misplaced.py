"""Areas that lie where nobody flies because of how their coordinates were typed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import shapely
from shapely.geometry import Polygon, box
from shapely.ops import nearest_points

from missions.borders import Border
from missions.gcj02 import LonLat
from missions.register_findings import RegisterFinding, measured
from patrol.geo import GeoPoint, distance_m
from patrol.plan import Level

_AROUND_DEG = 0.1  # about 10 km
_SPREAD_MIN_DEG = 0.3
_FAR_SIZES = 10.0
_FEW = 3  # so many areas do not tell where the others should be
_HUNDREDTHS_IN_A_MINUTE = 0.6  # 116.61 read as 116°61′ reaches 1/0.6 as far past the whole degree

Undo = Callable[[LonLat, LonLat], LonLat]


def misplaced(
    borders: Mapping[str, Border], present: Mapping[str, Border]
) -> dict[str, RegisterFinding]:
    """What lies away from the others, or from the areas in force, and would lie there had its
    coordinates been typed right.

    A STOP by code where that is sure: swapped, or the mended border lies on the area in force of
    the same code. Else a WARN, for a neighbour may truly lie there; and where no known
    mistake explains it.
    """
    if not borders or not present:
        return {}
    there = box(*shapely.total_bounds(list(present.values()))).buffer(_AROUND_DEG)
    home = _home(list(borders.values()), there)
    found: dict[str, RegisterFinding] = {}
    doubts: dict[str, RegisterFinding] = {}
    apart: dict[str, RegisterFinding] = {}
    # Counties lie as far from one another as they are wide; a grid does not lie so from its like.
    usual_deg = float(np.median(np.sqrt(shapely.area(list(borders.values())))))
    for code, border in borders.items():
        if home is None or border.intersects(home):
            continue
        is_far = border.distance(home) > _FAR_SIZES * usual_deg
        mistake, undone = _mistake(border, home)
        same = present.get(code)
        is_elsewhere = same is not None and not (undone and undone.intersects(same))
        if undone is None or is_elsewhere:
            if is_far:
                apart[code] = _apart(code, border, home)
            continue
        is_sure = same is not None or mistake == "swapped"
        if is_sure:
            found[code] = _said(code, border, mistake, Level.STOP)
        else:
            doubts[code] = _said(code, border, mistake, Level.WARN)
            if is_far:
                apart[code] = doubts[code]
    if 2 * len(doubts) > len(borders):
        return found | doubts
    # Where half a file lies apart it is one of two places, and not mistyped.
    return found | apart if 2 * len(apart) < len(borders) else found


def _home(borders: list[Border], there: Polygon) -> Polygon | None:
    """The register's place if the file belongs there, mistyped or not; else the file's own."""
    belongs = [border.intersects(there) or bool(_mistake(border, there)[0]) for border in borders]
    if 2 * sum(belongs) >= len(borders):
        return there
    if len(borders) < _FEW:
        return None
    middles = shapely.get_coordinates(shapely.centroid(borders))
    middle = np.median(middles, axis=0)
    spread = 5.0 * np.median(np.abs(middles - middle), axis=0) + _SPREAD_MIN_DEG
    return box(*(middle - spread), *(middle + spread))


def _mistake(border: Border, home: Polygon) -> tuple[str, Border | None]:
    """The name of what was done wrong and the border with it undone."""
    middle = home.centroid
    whole = np.array([math.floor(middle.x), math.floor(middle.y)], dtype=np.float64)
    for name, undo in _UNDO.items():
        undone = shapely.transform(border, lambda lon_lat, undo=undo: undo(lon_lat, whole))
        if home.intersects(undone.centroid):
            return name, undone
    return "", None


def _swapped(lon_lat: LonLat, whole: LonLat) -> LonLat:
    del whole
    return lon_lat[:, ::-1]


def _decimals_read_as_minutes(lon_lat: LonLat, whole: LonLat) -> LonLat:
    return whole + (lon_lat - whole) * _HUNDREDTHS_IN_A_MINUTE


def _minutes_read_as_decimals(lon_lat: LonLat, whole: LonLat) -> LonLat:
    return whole + (lon_lat - whole) / _HUNDREDTHS_IN_A_MINUTE


_UNDO: dict[str, Undo] = {
    "swapped": _swapped,
    "decimals_as_minutes": _decimals_read_as_minutes,
    "minutes_as_decimals": _minutes_read_as_decimals,
}
_WORDS = {
    "swapped": ("longitude and latitude are swapped", "经纬度写反"),
    "decimals_as_minutes": (
        "its decimal degrees were read as minutes (116.61 as 116°61′)",
        "十进制度被误作度分（116.61被写成116°61′）",
    ),
    "minutes_as_decimals": (
        "its minutes were read as decimals of a degree (116°36′ as 116.36)",
        "度分被误作十进制度（116°36′被写成116.36）",
    ),
}


def _apart(code: str, border: Border, home: Polygon) -> RegisterFinding:
    size = measured(border)
    there = nearest_points(home, border)
    away_km = distance_m(*(GeoPoint(lat_deg=at.y, lon_deg=at.x) for at in there)) / 1000.0
    return RegisterFinding(
        code="coordinates.far",
        level=Level.WARN,
        text=f"{code} lies {away_km:.0f} km or more from most of the file: look whether its "
        "coordinates were typed right",
        text_zh=f"{code}距文件中多数区域{away_km:.0f}公里以上：请核对坐标是否录入有误",
        areas=(code,),
        place=size.place,
        area_m2=size.area_m2,
    )


def _said(code: str, border: Border, mistake: str, level: Level) -> RegisterFinding:
    text, text_zh = _WORDS[mistake]
    size = measured(border)
    head, head_zh = "is left out: it lies far away;", "未导入：位置偏离过远，"
    if level is Level.WARN:
        head, head_zh = "lies far away: perhaps", "位置偏离过远，可能"
    return RegisterFinding(
        code=f"coordinates.{mistake}",
        level=level,
        text=f"{code} {head} {text}",
        text_zh=f"{code}{head_zh}{text_zh}",
        areas=(code,),
        place=size.place,
        area_m2=size.area_m2,
    )
