"""Set operations that give polygons and never a crash: what two borders share, leave or make."""

from __future__ import annotations

from collections.abc import Sequence

import shapely
from shapely.errors import GEOSException
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

_FINEST = 1e-9  # of a degree or a metre: where exact arithmetic fails, a grid as fine as this does


def polygons_in(shape: BaseGeometry) -> list[Polygon]:
    """The polygons in a shape, however deep; empty ones are none."""
    if isinstance(shape, Polygon):
        return [] if shape.is_empty else [shape]
    parts: Sequence[BaseGeometry] = getattr(shape, "geoms", ())
    return [polygon for part in parts for polygon in polygons_in(part)]


def shared(a: BaseGeometry, b: BaseGeometry) -> list[Polygon]:
    """What lies in both."""
    try:
        return polygons_in(shapely.intersection(a, b))
    except GEOSException:
        return polygons_in(shapely.intersection(a, b, grid_size=_FINEST))


def left_of(a: BaseGeometry, b: BaseGeometry) -> list[Polygon]:
    """What lies in the first and not in the second."""
    try:
        return polygons_in(shapely.difference(a, b))
    except GEOSException:
        return polygons_in(shapely.difference(a, b, grid_size=_FINEST))


def together(shapes: Sequence[BaseGeometry]) -> BaseGeometry:
    """All of them as one."""
    try:
        return shapely.union_all(shapes)
    except GEOSException:
        return shapely.union_all(shapes, grid_size=_FINEST)
