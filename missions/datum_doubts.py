"""Whether a file lies where its stated datum says, beside the register that is in force.

A border drawn on Amap and called WGS-84 lies half a kilometre off in a direction that nothing else
explains.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import Point, box
from shapely.geometry.base import BaseGeometry

from missions.borders import Border
from missions.gcj02 import LonLat, shift_at, to_gcj02, to_wgs84
from missions.register import Register
from missions.register_findings import RegisterFinding
from patrol.geo import Enu, GeoPoint, LocalFrame
from patrol.plan import Level

_SAME_M = 30.0  # how near the shift a displacement has to be
_SHARE_MIN = 0.2  # of the areas, DOMAIN 2.2 D-2
_SIZE_RATIO = (0.8, 1.25)  # a border that was redrawn says nothing of the datum
_AROUND_DEG = 0.1  # about 10 km around the register is still its place
_BESIDE_DEG = 0.01
_SAMPLES_MAX, _CORNERS_MIN = 400, 8
_BORDER_SHARE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A displacement that has a name."""

    is_gcj_called_wgs: bool  # otherwise: WGS-84 that was converted as if it were GCJ-02
    areas: tuple[str, ...]
    compared: int
    measured_m: float | None


def datum_findings(
    borders: Mapping[str, Border], present: Register, *, is_converted: bool
) -> list[RegisterFinding]:
    """A warning when the file seems to have another datum than was stated.

    `borders` by code are WGS-84 as stated; `is_converted` when they were stated to be GCJ-02.
    """
    if not borders or not _is_near(list(borders.values()), present):
        return [_nothing_to_compare(present)] if borders else []
    doubt = _by_code(borders, present, is_converted) or _by_outline(borders, present, is_converted)
    return [_said(doubt, present)] if doubt else []


def _by_code(borders: Mapping[str, Border], present: Register, is_converted: bool) -> Doubt | None:
    """Compare the middle of every area with that of the same code."""
    away: dict[str, tuple[float, float]] = {}
    for code, border in borders.items():
        old = present.areas.get(code)
        if old is None or not _SIZE_RATIO[0] <= border.area / old.shape.area <= _SIZE_RATIO[1]:
            continue
        was = _middle(old.shape)
        shift, moved = shift_at(was), LocalFrame(origin=was).to_enu(_middle(border))
        sign = -1.0 if is_converted else 1.0
        residual_m = moved.distance_m(Enu(east_m=sign * shift.east_m, north_m=sign * shift.north_m))
        away[code] = residual_m, _length(moved)
    shifted = [code for code, (residual_m, _) in away.items() if residual_m < _SAME_M]
    if not shifted or len(shifted) < _SHARE_MIN * len(away):
        return None
    return Doubt(
        is_gcj_called_wgs=not is_converted,
        areas=tuple(shifted),
        compared=len(away),
        measured_m=float(np.median([away[code][1] for code in shifted])),
    )


def _by_outline(
    borders: Mapping[str, Border], present: Register, is_converted: bool
) -> Doubt | None:
    """Where the codes differ: do the lines fit the register's once the shift is undone?"""
    if any(code in present.areas for code in borders):
        return None
    west, south, east, north = shapely.total_bounds([grid.shape for grid in present.grids])
    corners = shapely.get_coordinates(list(borders.values()))
    # Of a file that covers more, what lies where the register does can be compared.
    lon, lat = corners[:, 0], corners[:, 1]
    near = (lon > west - _BESIDE_DEG) & (lon < east + _BESIDE_DEG)
    corners = corners[near & (lat > south - _BESIDE_DEG) & (lat < north + _BESIDE_DEG)]
    if len(corners) < _CORNERS_MIN:
        return None
    corners = corners[:: max(1, len(corners) // _SAMPLES_MAX)]
    undone = to_gcj02(corners) if is_converted else to_wgs84(corners)
    lines = shapely.STRtree([grid.shape.boundary for grid in present.grids])
    as_is, fitting = _share_on(corners, lines), _share_on(undone, lines)
    if fitting < _BORDER_SHARE or as_is > fitting / 2.0:
        return None
    there = box(west, south, east, north).buffer(_BESIDE_DEG)
    compared = tuple(code for code, border in borders.items() if border.intersects(there))
    return Doubt(
        is_gcj_called_wgs=not is_converted,
        areas=compared,
        compared=len(compared),
        measured_m=None,
    )


def _share_on(corners: LonLat, lines: shapely.STRtree) -> float:
    lat_rad = math.radians(float(np.clip(corners[0, 1], -80.0, 80.0)))
    near_deg = _SAME_M / (111_000.0 * math.cos(lat_rad))
    hits = lines.query(shapely.points(corners), predicate="dwithin", distance=near_deg)
    return len(set(hits[0].tolist())) / len(corners)


def _said(doubt: Doubt, present: Register) -> RegisterFinding:
    """In the words of the story: the shift as it is in this district, on round 5 m."""
    west, south, east, north = shapely.total_bounds([grid.shape for grid in present.grids])
    middle = GeoPoint(lat_deg=(south + north) / 2, lon_deg=(west + east) / 2)
    shift = shift_at(middle)
    lengths = [_length(shift_at(_middle(grid.shape))) for grid in present.grids]
    far_m = _to_five((min(lengths) + max(lengths)) / 2)
    sign = 1 if doubt.is_gcj_called_wgs else -1
    east_m, north_m = sign * _to_five(shift.east_m), sign * _to_five(shift.north_m)
    vector_zh = f"东{_minus(east_m)}/北{_minus(north_m)}"
    guess, guess_zh = "looks like GCJ-02", "疑似GCJ-02"
    if not doubt.is_gcj_called_wgs:
        guess = "looks like WGS-84 that was converted as if it were GCJ-02"
        guess_zh = "疑似本为WGS-84，被误作GCJ-02转换"
    measured = "" if doubt.measured_m is None else f" (measured: {doubt.measured_m:.0f} m)"
    count = f"{len(doubt.areas)} of {doubt.compared} areas"
    return RegisterFinding(
        code="datum.looks_gcj02" if doubt.is_gcj_called_wgs else "datum.converted_twice",
        level=Level.WARN,
        text=f"{count} lie about {far_m} m from the borders in force (east {east_m}, north "
        f"{north_m}){measured}: {guess}",
        text_zh=f"与现有边界整体偏移约{far_m}米({vector_zh})，{guess_zh}"
        f"（{doubt.compared}个区域中的{len(doubt.areas)}个）",
        areas=doubt.areas,
        place=middle,
        length_m=doubt.measured_m,
    )


def _nothing_to_compare(present: Register) -> RegisterFinding:
    return RegisterFinding(
        code="datum.not_compared",
        level=Level.NOTE,
        text=f"the register {present.version} lies elsewhere, so nothing here tells GCJ-02 from "
        "WGS-84; compare with --register, or with places surveyed by GNSS",
        text_zh=f"现有名册（版本{present.version}）不在此处，无法据此判别是否为GCJ-02；"
        "请用 --register 指定本地名册，或用GNSS实测点核对",
    )


def _is_near(borders: Sequence[Border], present: Register) -> bool:
    west, south, east, north = shapely.total_bounds([grid.shape for grid in present.grids])
    there = box(west - _AROUND_DEG, south - _AROUND_DEG, east + _AROUND_DEG, north + _AROUND_DEG)
    return bool(shapely.intersects(there, list(borders)).any())


def _middle(border: BaseGeometry) -> GeoPoint:
    middle: Point = border.centroid
    return GeoPoint(lat_deg=middle.y, lon_deg=middle.x)


def _length(shift: Enu) -> float:
    return math.hypot(shift.east_m, shift.north_m)


def _to_five(metres: float) -> int:
    return int(round(metres / 5.0)) * 5


def _minus(metres: int) -> str:
    """With the minus sign of print."""
    return f"−{-metres}" if metres < 0 else str(metres)
