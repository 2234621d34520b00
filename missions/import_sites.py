"""Special grids, their sites and checkpoints: each point must lie in exactly one grid."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely import STRtree
from shapely.geometry import Point

from missions.angles import AngleRefused
from missions.borders import DECIMALS
from missions.codes import read_foreign_code
from missions.corners import refuse_no_number, refuse_off_the_earth
from missions.gcj02 import LonLat
from missions.grid import SpecialType
from missions.import_fields import Fields, tidied
from missions.raw_features import RawFeature, unreadable
from missions.register import Register
from missions.register_findings import RegisterFinding
from patrol.geo import GeoPoint, from_geojson, to_geojson
from patrol.plan import Level

_SPECIAL, _SITE, _CHECKPOINT = "special", "site", "checkpoint"
_LETTER = {kind: f"T{number}" for number, kind in enumerate(SpecialType, 1)}  # DOMAIN 5.4
_NAMES_ZH = {
    SpecialType.ENTERPRISE: "企业特殊网格",
    SpecialType.SITE: "工地特殊网格",
    SpecialType.SCHOOL: "学校特殊网格",
    SpecialType.HOTEL: "酒店旅馆特殊网格",
}


def is_special(raw: RawFeature) -> bool:
    """Whether it is a special grid, a site of one or a checkpoint, and no area."""
    said = raw.properties.get("level")
    return said in (_SPECIAL, _SITE, _CHECKPOINT) or bool(raw.properties.get("special_type"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A site or a checkpoint as the file has it."""

    code: str
    overlay: str | None
    kind: SpecialType | None
    name: str
    place: GeoPoint
    grid_code: str | None  # as stated
    properties: Mapping[str, Any]
    is_checkpoint: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SitesRead:
    """Every site and special grid that could be read."""

    sites: tuple[Site, ...]
    overlays: tuple[dict[str, Any], ...]
    findings: tuple[RegisterFinding, ...]

    def located(self, register: Register) -> tuple[list[dict[str, Any]], list[RegisterFinding]]:
        """Features for the register, each site with the one grid it lies in."""
        overlays = {properties["code"]: properties for properties in self.overlays}
        tree = STRtree([grid.shape for grid in register.grids])
        features: list[dict[str, Any]] = []
        findings: list[RegisterFinding] = []
        seen: set[str] = set()
        for site in self.sites:
            at = Point(site.place.lon_deg, site.place.lat_deg)
            hits = tree.query(at, predicate="intersects").tolist()
            inside = sorted(register.grids[i].code for i in hits)
            findings += _site_findings(site, inside, is_twice=site.code in seen)
            if not inside or site.code in seen:
                continue
            seen.add(site.code)
            if site.is_checkpoint:
                features.append(_site_feature(site, {"level": _CHECKPOINT}, inside))
                continue
            overlay = (
                site.overlay or register.form.district + _LETTER[site.kind or SpecialType.SITE]
            )
            if overlay not in overlays and site.kind is not None:
                overlays[overlay] = {
                    "code": overlay, "level": _SPECIAL, "special_type": site.kind.value,
                    "name_zh": _NAMES_ZH[site.kind],
                }  # fmt: skip
            features.append(_site_feature(site, {"level": _SITE, "overlay": overlay}, inside))
        heads = [
            {"type": "Feature", "geometry": None, "properties": properties}
            for properties in overlays.values()
        ]
        return [*heads, *features], findings


def read_sites(
    features: Sequence[RawFeature], fields: Fields, convert: Callable[[LonLat], LonLat] | None
) -> SitesRead:
    """What the file has of them; a wrong one is a finding."""
    sites: list[Site] = []
    overlays: list[dict[str, Any]] = []
    findings: list[RegisterFinding] = []
    for raw in features:
        if raw.findings or not is_special(raw):
            continue
        try:
            if raw.properties.get("level") == _SPECIAL:
                overlays.append(_overlay(raw, fields))
            else:
                sites.append(_site(raw, fields, convert))
        except AngleRefused as error:
            findings.append(unreadable(raw.number, str(error), error.text_zh, error.near))
        except ValueError as error:
            findings.append(unreadable(raw.number, f"no site: {error}", f"不是点位：{error}"))
    return SitesRead(sites=tuple(sites), overlays=tuple(overlays), findings=tuple(findings))


def _overlay(raw: RawFeature, fields: Fields) -> dict[str, Any]:
    kind = SpecialType(raw.properties.get("special_type"))
    return tidied(raw.properties) | {
        "code": fields.code_of(raw.properties),
        "level": _SPECIAL,
        "special_type": kind.value,
        "name_zh": fields.name_of(raw.properties) or _NAMES_ZH[kind],
    }


def _site(raw: RawFeature, fields: Fields, convert: Callable[[LonLat], LonLat] | None) -> Site:
    if not isinstance(raw.shape, Point) or raw.shape.is_empty:
        raise ValueError("it has no point")
    at = shapely.get_coordinates(raw.shape)
    refuse_no_number(at)
    refuse_off_the_earth(at)
    true = at if convert is None else convert(at)
    kind, overlay = raw.properties.get("special_type"), raw.properties.get("overlay")
    is_checkpoint = raw.properties.get("level") == _CHECKPOINT
    if is_checkpoint and not fields.code_of(raw.properties).startswith(_served(raw)):
        raise ValueError("its code does not begin with that of the area that it serves")
    if not is_checkpoint and kind is None and overlay is None:
        raise ValueError("it says no special_type")
    stated = raw.properties.get("grid_code")
    code = fields.code_of(raw.properties)
    return Site(
        code=code,
        overlay=None if overlay is None else str(overlay),
        kind=None if kind is None else SpecialType(kind),
        name=fields.name_of(raw.properties) or code,
        place=from_geojson(np.round(true[0], DECIMALS)),
        grid_code=None if stated is None else str(stated),
        properties=tidied(raw.properties),
        is_checkpoint=is_checkpoint,
    )


def _served(raw: RawFeature) -> str:
    """The code of the street or community whose checkpoint it is; ValueError without one."""
    return read_foreign_code(raw.properties.get("serves"))


def _site_feature(site: Site, kind: Mapping[str, str], inside: Sequence[str]) -> dict[str, Any]:
    stated = site.grid_code if site.grid_code in inside else None
    properties = {
        **site.properties,
        **kind,
        "code": site.code,
        "name_zh": site.name,
        "grid_code": stated or inside[0],
    }
    place = {"type": "Point", "coordinates": to_geojson(site.place)}
    return {"type": "Feature", "geometry": place, "properties": properties}


def _site_findings(site: Site, inside: Sequence[str], *, is_twice: bool) -> list[RegisterFinding]:
    if is_twice:
        text, text_zh = "stands twice; the second is left out", "编码重复，第二个未导入"
        return [_said(site, Level.STOP, "twice", text, text_zh)]
    if not inside:
        text, text_zh = "lies in no grid and is left out", "不在任何网格内，未导入"
        return [_said(site, Level.STOP, "nowhere", text, text_zh)]
    if len(inside) > 1:
        names = ", ".join(inside[:3])
        text, text_zh = f"lies in several grids: {names}", f"位于多个网格：{names}"
        return [_said(site, Level.WARN, "several", text, text_zh)]
    if site.grid_code is not None and site.grid_code != inside[0]:
        return [
            _said(
                site, Level.WARN, "elsewhere",
                f"is said to lie in {site.grid_code} and lies in {inside[0]}",
                f"登记在{site.grid_code}，实际位于{inside[0]}",
            )
        ]  # fmt: skip
    return []


def _said(site: Site, level: Level, kind: str, text: str, text_zh: str) -> RegisterFinding:
    return RegisterFinding(
        code=f"site.{kind}",
        level=level,
        text=f"the {'checkpoint' if site.is_checkpoint else 'site'} {site.code} {site.name} {text}",
        text_zh=f"点位{site.code}{site.name}{text_zh}",
        areas=(site.code,),
        place=site.place,
    )
