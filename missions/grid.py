"""One area of the register, a special grid, a site of one, and a checkpoint."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import date

from shapely.geometry import MultiPolygon, Polygon

from missions.codes import GridLevel
from patrol.geo import GeoPoint

COAST = "COAST"  # the sensitive flag of a grid that reaches the sea


class NoiseClass(enum.Enum):
    """Acoustic function zones of GB 3096-2008; 0 to 2 are noise-sensitive."""

    RECOVERY = "0"
    LIVING = "1"
    MIXED = "2"
    INDUSTRY = "3"
    ROADSIDE = "4a"
    RAILSIDE = "4b"


class SpecialType(enum.Enum):
    """What a special grid gathers."""

    ENTERPRISE = "ENTERPRISE"
    SITE = "SITE"
    SCHOOL = "SCHOOL"
    HOTEL = "HOTEL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Responsible:
    """Who answers for an area (包片、包户 and the grid's own people)."""

    name: str
    duty: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaFacts:
    """What an office says of an area beside its border; empty where it says nothing."""

    tier: str | None = None  # SMALL, MIDDLE, LARGE or DISTRICT; None: the level's own
    noise_class: NoiseClass | None = None
    responsible: tuple[Responsible, ...] = ()
    population_band: str = ""
    valid_from: date | None = None
    valid_to: date | None = None  # the last day


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
    parent_code: str | None = None  # None for the topmost
    facts: AreaFacts = field(default_factory=AreaFacts)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialGrid:
    """A thematic overlay: it has members and no border."""

    code: str
    special_type: SpecialType
    name_zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialSite:
    """A member of a thematic overlay; it lies in exactly one territorial grid."""

    code: str
    overlay: str
    name_zh: str
    point: GeoPoint
    grid_code: str
    contact: str = ""
    rules: tuple[str, ...] = ()  # such as school hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A point of interest where people queue (测温点); no health data belongs here."""

    code: str  # begins with the code of the area that it serves, so that scopes find it
    name_zh: str
    point: GeoPoint
    grid_code: str  # the territorial grid that it lies in
    serves: str  # the street or community whose checkpoint it is
