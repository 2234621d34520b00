"""One area of the register, and a site of a special grid."""

from __future__ import annotations

from dataclasses import dataclass

from shapely.geometry import MultiPolygon, Polygon

from missions.codes import GridLevel
from patrol.geo import GeoPoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A territorial area; its shape is WGS-84, longitude first as shapely wants it."""

    code: str
    level: GridLevel
    name_zh: str  # 第三网格
    name_spoken: str  # 达濠街道达濠社区第三网格
    aliases: tuple[str, ...]
    shape: Polygon | MultiPolygon


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialSite:
    """A member of a thematic overlay; it lies in exactly one territorial grid."""

    code: str
    overlay: str
    name_zh: str
    point: GeoPoint
    grid_code: str
