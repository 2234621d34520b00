"""One area of the register, a site of a special grid, and a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass

from shapely.geometry import MultiPolygon, Polygon

from missions.codes import GridLevel
from patrol.geo import GeoPoint

COAST = "COAST"  # the sensitive flag of a grid that reaches the sea


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A territorial area; its shape is WGS-84, longitude first as shapely wants it."""

    code: str
    level: GridLevel
    name_zh: str  # 第三网格
    name_spoken: str  # 达濠街道达濠社区第三网格
    aliases: tuple[str, ...]
    shape: Polygon | MultiPolygon
    sensitive_flags: frozenset[str] | None = None  # such as COAST; None: the register says nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialSite:
    """A member of a thematic overlay; it lies in exactly one territorial grid."""

    code: str
    overlay: str
    name_zh: str
    point: GeoPoint
    grid_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A point of interest where people queue (测温点); no health data belongs here."""

    code: str  # begins with the code of the area that it serves, so that scopes find it
    name_zh: str
    point: GeoPoint
    grid_code: str  # the territorial grid that it lies in
    serves: str  # the street or community whose checkpoint it is
