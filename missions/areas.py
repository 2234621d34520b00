"""The pieces of a grid that can be flown: its parts, without holes, necks and places kept out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from missions.findings import stop
from missions.flat import to_metres, to_position
from missions.grid import Grid
from missions.request import PlanRequest, centre_of, inset_m, stopping_m
from patrol.geo import GeoPoint, LocalFrame
from patrol.plan import Finding

NARROW_M = 4.0  # rooms narrower than twice this are not flown into
_THREAD_M = 1.0
_FEW_CORNERS = 2000  # a coast has a million
_COARSER_M = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
_HIGHEST_LAT_DEG = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """One connected piece that an aircraft can fly without leaving it."""

    outline: Polygon  # the part of the grid that it lies in
    free: BaseGeometry  # that, without what is kept out
    passage: Polygon  # where a leg may lie: before the edge the aircraft can stop
    rooms: tuple[Polygon, ...]  # where a patrol keeps its inset

    @property
    def inside(self) -> BaseGeometry:
        """All of the rooms."""
        return unary_union(self.rooms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terrain:
    """A grid as flat metres: what can be flown of it, and the parts too small for it."""

    frame: LocalFrame
    areas: tuple[Area, ...]
    small: tuple[Polygon, ...]  # parts that hold no room
    closed_share: float = 0.0  # of the grid, by what is kept out


def shape_findings(grid: Grid) -> list[Finding]:
    """What is wrong with a grid's shape, with its place; empty for one that can be planned."""
    corners = shapely.get_coordinates(grid.shape)
    if not len(corners):
        return [_wrong(grid, "grid.empty", "its shape is empty", "边界为空")]
    if not np.isfinite(corners).all():
        return [_wrong(grid, "grid.not_finite", "a corner is not a number", "边界中有非数值坐标")]
    if np.abs(corners[:, 1]).max() > _HIGHEST_LAT_DEG:
        is_swapped = np.abs(corners[:, 0]).max() <= _HIGHEST_LAT_DEG
        return [
            _wrong(
                grid, "grid.swapped", "longitude and latitude are swapped", "经纬度次序颠倒"
            ) if is_swapped
            else _wrong(grid, "grid.off_earth", "a corner is no place on the earth", "坐标超出范围")
        ]  # fmt: skip
    if not grid.shape.is_valid:
        why = shapely.is_valid_reason(grid.shape)
        return [
            _wrong(
                grid, "grid.invalid", f"its boundary is not simple ({why}; longitude latitude)",
                f"边界自交或无效（{why}，经度 纬度）",
            )
        ]  # fmt: skip
    if grid.shape.area == 0.0:
        return [_wrong(grid, "grid.empty", "its shape has no area", "边界没有面积")]
    return []


def terrain_of(request: PlanRequest) -> Terrain:
    """The grid's pieces, the largest first. The same however its rings are written."""
    frame = LocalFrame(origin=centre_of(request.grid))
    shape = shapely.normalize(to_metres(request.grid.shape, frame))
    shape = _with_few_corners(shape)
    kept_out = kept_out_shape(request.around.kept_out, frame)
    areas: list[Area] = []
    small: list[Polygon] = []
    for outline in sorted(polygons(shape), key=lambda part: (-round(part.area, 1), part.bounds)):
        found = list(_areas(request, outline, outline.difference(kept_out)))
        areas += found
        if not found:
            small.append(outline)
    closed_share = shape.intersection(kept_out).area / shape.area if shape.area else 0.0
    return Terrain(frame=frame, areas=tuple(areas), small=tuple(small), closed_share=closed_share)


def polygons(shape: BaseGeometry) -> list[Polygon]:
    """The polygons in a shape, with area."""
    parts = shapely.get_parts(shape)
    nested = [part for whole in parts for part in shapely.get_parts(whole)]
    return [part for part in nested if isinstance(part, Polygon) and part.area > 0.0]


def innermost(outline: Polygon) -> tuple[tuple[float, float], float]:
    """The place farthest from the edge, and how far that is."""
    tolerance_m = max(0.01, min(1.0, outline.area**0.5 / 50.0))
    radius = shapely.maximum_inscribed_circle(outline, tolerance=tolerance_m)
    return (float(radius.coords[0][0]), float(radius.coords[0][1])), float(radius.length)


def _with_few_corners(shape: BaseGeometry) -> BaseGeometry:
    """Not larger anywhere; drawn ever coarser until a plan takes no longer than of other grids."""
    coarse = shape
    for step_m in _COARSER_M:
        if shapely.get_num_coordinates(coarse) <= _FEW_CORNERS:
            break
        rough = shapely.make_valid(coarse.simplify(step_m, preserve_topology=False))
        # Simplified by so much it lies within so much of the edge, on either side.
        coarse = unary_union(polygons(rough)).buffer(-2.0 * step_m, join_style="mitre")
    return coarse


def _areas(request: PlanRequest, outline: Polygon, free: BaseGeometry) -> Iterator[Area]:
    depth_m = inset_m(request.speed_m_s)
    opened = free.buffer(-depth_m - NARROW_M, join_style="mitre", mitre_limit=2.0).buffer(
        NARROW_M, join_style="mitre", mitre_limit=2.0
    )
    # Mitred corners may reach beyond the inset where the edge bends outwards.
    rooms = polygons(opened.intersection(free.buffer(-depth_m + 0.01)))
    # A thread that is hardly wider than a line is no passage.
    room_m = stopping_m(request.speed_m_s)
    for passage in polygons(free.buffer(-room_m - _THREAD_M).buffer(_THREAD_M)):
        own = [room for room in rooms if passage.covers(room.representative_point())]
        if own:
            own.sort(key=lambda room: (-round(room.area, 1), room.bounds))
            yield Area(outline=outline, free=free, passage=passage, rooms=tuple(own))


def kept_out_shape(rings: Sequence[Sequence[GeoPoint]], frame: LocalFrame) -> BaseGeometry:
    """The places kept out as one shape in metres."""
    return unary_union(
        [Polygon([to_position(corner, frame).coords[0] for corner in ring]) for ring in rings]
    )


def _wrong(grid: Grid, code: str, text: str, text_zh: str) -> Finding:
    return stop(
        code,
        f"{grid.code}: {text}; correct the register",
        f"{grid.code}：{text_zh}；请更正网格名册",
    )
