"""Judges one border as it was drawn: rings that cross, holes, parts, and corners beyond count."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import numpy as np
import shapely
from shapely.errors import ShapelyError
from shapely.geometry import LinearRing, LineString, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from missions.angles import AngleRefused
from missions.corners import refuse_no_number, refuse_off_the_earth
from missions.gcj02 import LonLat
from missions.polygons import polygons_in
from missions.register_findings import RegisterFinding, flattened, measured
from patrol.geo import GeoPoint
from patrol.plan import Level

Border: TypeAlias = Polygon | MultiPolygon

DECIMALS = 7  # of a degree: 1 cm
# A ring that crosses itself is mended when no more than this share of its area is in doubt.
_MENDED_SHARE = 0.001
_CORNERS_MANY = 20_000
# The first is under what a gap between two neighbours must have to be told.
_THINNED_M = (0.02, 0.1, 0.5, 2.0)
_SMALLEST_M2 = 1.0
_REASONS_ZH = {  # as GEOS names them
    "Self-intersection": "边线交叉",
    "Ring Self-intersection": "边线自接触",
    "Hole lies outside shell": "空洞在外环之外",
    "Holes are nested": "空洞相套",
    "Interior is disconnected": "内部不连通",
    "Nested shells": "多块相套",
    "Duplicate Rings": "环重复",
    "Too few points in geometry component": "顶点过少",
}
_CROSSING = re.compile(r"\[(-?[\d.]+(?:e-?\d+)?) (-?[\d.]+(?:e-?\d+)?)\]")


def judge(
    shape: BaseGeometry, label: str, to_wgs84: Callable[[LonLat], LonLat] | None = None
) -> tuple[Border | None, list[RegisterFinding]]:
    """The border to take over, or None, with everything there is to say about it.

    `shape` is in degrees, longitude first; `to_wgs84` turns them into WGS-84 (None: they are).
    What is taken over is valid, has its outer rings counter-clockwise and seven decimals.
    """
    corners = shapely.get_coordinates(shape)
    try:
        refuse_no_number(corners)
        refuse_off_the_earth(corners)
    except AngleRefused as error:
        return None, [_wrong("border.coordinates", label, str(error), error.text_zh, error.near)]
    drawn = polygons_in(shape if to_wgs84 is None else shapely.transform(shape, to_wgs84))
    if not drawn:
        kind = shape.geom_type
        return None, [
            _wrong(
                "border.no_polygon", label, f"a {kind} where a polygon should be",
                f"几何类型为{kind}，应为多边形",
            )
        ]  # fmt: skip
    thin, findings = _thinned(drawn, label)
    if not thin:
        return None, findings
    whole = MultiPolygon(thin) if len(thin) > 1 else thin[0]
    rounded = shapely.transform(whole, lambda lon_lat: np.round(lon_lat, DECIMALS))
    try:
        border, said = _valid(rounded, label)
    except ShapelyError as error:
        return None, [*findings, _wrong("border.broken", label, str(error), f"几何错误：{error}")]
    findings += said
    if border is None:
        return None, findings
    return shapely.orient_polygons(border), [*findings, *_parts_and_holes(border, label)]


def winding(shape: BaseGeometry, border: Border, label: str) -> list[RegisterFinding]:
    """A note when a GeoJSON turns its rings the wrong way (RFC 7946, 3.1.6); it is put right."""
    rings = [part.exterior for part in polygons_in(shape)]
    wrong = [ring for ring in rings if not ring.is_ccw]
    if not wrong:
        return []
    text = f"{label}: {len(wrong)} outer rings run clockwise; they were turned round"
    return [
        RegisterFinding(
            code="border.winding",
            level=Level.NOTE,
            text=text,
            text_zh=f"{label}：{len(wrong)}个外环为顺时针方向，已纠正",
            areas=(label,),
            place=measured(border).place,
        )
    ]


def _valid(whole: Border, label: str) -> tuple[Border | None, list[RegisterFinding]]:
    """The border itself, or mended where its ring crosses itself by next to nothing."""
    if shapely.is_valid(whole):
        size = measured(whole) if not whole.is_empty else None
        if size is None or size.area_m2 < _SMALLEST_M2:
            said = _wrong("border.no_area", label, "it has no area", "面积为零")
            return None, [said]
        return whole, []
    reason = str(shapely.is_valid_reason(whole))
    place = _crossing(reason)
    origin = _place(shapely.get_coordinates(whole)[0])
    mended = polygons_in(shapely.make_valid(whole, method="structure", keep_collapsed=False))
    mended = [_without_specks(part) for part in mended if measured(part).area_m2 >= _SMALLEST_M2]
    area_m2 = sum(flattened(part, origin).area for part in mended)
    # The drawn ring's area counts a lobe turned inside out against the others and one that is
    # wound twice twice: what a mended border says otherwise is what is in doubt.
    doubt_m2 = abs(flattened(whole, origin).area - area_m2)
    kind = reason.split("[")[0].strip()
    words = f"its ring crosses or touches itself ({kind})"
    words_zh = f"边界自相交（{_REASONS_ZH.get(kind, kind)}）"
    if not mended:
        return None, [_wrong("border.crosses_itself", label, words, words_zh, place)]
    if doubt_m2 > area_m2 * _MENDED_SHARE:
        finding = _wrong("border.crosses_itself", label, words, words_zh, place, doubt_m2)
        return None, [finding]
    return MultiPolygon(mended) if len(mended) > 1 else mended[0], [
        RegisterFinding(
            code="border.mended",
            level=Level.WARN,
            text=f"{label}: {words}; it was mended, for no more than this is in doubt",
            text_zh=f"{label}：{words_zh}，已修复，存疑面积不超过",
            areas=(label,),
            place=place,
            area_m2=doubt_m2,
        )
    ]


def _without_specks(part: Polygon) -> Polygon:
    """Without the holes that rounding leaves where a ring touches itself."""
    rings = [ring for ring in part.interiors if measured(Polygon(ring)).area_m2 >= _SMALLEST_M2]
    return Polygon(part.exterior, rings)


def _thinned(drawn: list[Polygon], label: str) -> tuple[list[Polygon], list[RegisterFinding]]:
    """Without corners that change next to nothing, where there are too many; [] when all matter."""
    count = _corner_count(drawn)
    if count <= _CORNERS_MANY:
        return drawn, []
    first = _place(shapely.get_coordinates(drawn[0])[0])
    north_m_per_deg = flattened(LineString([(0.0, 0.0), (0.0, 1.0)]), first).length
    thin, step_m = drawn, 0.0
    for step_m in _THINNED_M:
        thin = [_simple(part, step_m / north_m_per_deg) for part in thin]
        if _corner_count(thin) <= _CORNERS_MANY:
            break
    else:
        text = f"it has {count} corners, and {_corner_count(thin)} of them by {step_m:g} m or more"
        text_zh = f"顶点多达{count}个，偏差{step_m:g}米以上的仍有{_corner_count(thin)}个"
        return [], [_wrong("border.corners", label, text, text_zh, first)]
    return thin, [
        RegisterFinding(
            code="border.corners",
            level=Level.NOTE if step_m == _THINNED_M[0] else Level.WARN,
            text=f"{label}: of {count} corners {_corner_count(thin)} are kept; what was left out "
            f"moves its border by no more than {step_m:g} m",
            text_zh=f"{label}：顶点多达{count}个，抽稀后保留{_corner_count(thin)}个，"
            f"边界偏差不超过{step_m:g}米",
            areas=(label,),
            place=first,
        )
    ]


def _simple(part: Polygon, tolerance_deg: float) -> Polygon:
    """Ring by ring: a polygon's own simplification untangles what it makes, for minutes."""
    outer, *inner = (
        LinearRing(ring)
        for ring in shapely.simplify(
            [part.exterior, *part.interiors], tolerance_deg, preserve_topology=False
        )
        if shapely.get_num_coordinates(ring) >= 4
    ) or [part.exterior]
    return Polygon(outer, inner)


def _corner_count(polygons: Sequence[Polygon]) -> int:
    return int(shapely.get_num_coordinates(list(polygons)).sum())


def _parts_and_holes(border: Border, label: str) -> Iterator[RegisterFinding]:
    parts = polygons_in(border)
    if len(parts) > 1:
        smallest = min(parts, key=lambda part: part.area)
        size = measured(smallest)
        yield RegisterFinding(
            code="border.parts",
            level=Level.NOTE,
            text=f"{label}: it has {len(parts)} parts; the smallest",
            text_zh=f"{label}：由{len(parts)}块组成，最小一块",
            areas=(label,),
            place=size.place,
            area_m2=size.area_m2,
        )
    for hole in (Polygon(ring) for part in parts for ring in part.interiors):
        size = measured(hole)
        yield RegisterFinding(
            code="border.hole",
            level=Level.NOTE,
            text=f"{label}: it has a hole",
            text_zh=f"{label}：内有空洞",
            areas=(label,),
            place=size.place,
            area_m2=size.area_m2,
        )


def _wrong(
    code: str,
    label: str,
    text: str,
    text_zh: str,
    near: GeoPoint | None = None,
    area_m2: float | None = None,
) -> RegisterFinding:
    return RegisterFinding(
        code=code,
        level=Level.STOP,
        text=f"{label} is left out: {text}",
        text_zh=f"{label}未导入：{text_zh}",
        areas=(label,),
        place=near,
        area_m2=area_m2,
    )


def _crossing(reason: str) -> GeoPoint | None:
    """Where the ring crosses itself, as GEOS tells it: Self-intersection[116.7 23.2]."""
    found = _CROSSING.search(reason)
    return _place((float(found[1]), float(found[2]))) if found else None


def _place(position: Sequence[float]) -> GeoPoint:
    return GeoPoint(lat_deg=float(position[1]), lon_deg=float(position[0]))
