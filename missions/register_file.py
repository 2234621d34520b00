"""Reads a register file (GeoJSON with a stated datum) into grids; the words of every refusal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shapely.errors import ShapelyError
from shapely.geometry import MultiPolygon, Polygon, shape

from missions.codes import GridLevel, level_of, read_code
from missions.grid import Checkpoint, Grid, SpecialSite
from patrol.errors import ConfigError
from patrol.geo import from_geojson

_WGS84_LIKE = frozenset({"WGS-84", "WGS84", "CGCS2000"})  # equal at our accuracy, DOMAIN 2.2
_WRONG = (KeyError, IndexError, TypeError, ValueError, AttributeError, ShapelyError)
_NO_AREAS = ("special", "site", "checkpoint")
_SHIFTED = frozenset({"GCJ-02", "GCJ02", "BD-09", "BD09"})


def read_body(path: Path) -> dict[str, Any]:
    """The file's JSON; ConfigError when it is missing, unreadable or no register with a datum."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"the register cannot be read: {path} ({error.strerror})",
            text_zh=f"无法读取网格名册：{path}（{error.strerror}）",
        ) from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ConfigError(
            f"the register is not a GeoJSON file: {path} ({error})",
            text_zh=f"网格名册不是 GeoJSON 文件：{path}（{error}）",
        ) from error
    if not isinstance(body, dict) or body.get("type") != "FeatureCollection":
        raise ConfigError(
            f"the register is not a GeoJSON FeatureCollection: {path}",
            text_zh=f"网格名册不是 GeoJSON FeatureCollection：{path}",
        )
    _require_datum(body, path)
    if not isinstance(body.get("features"), list):
        raise ConfigError(
            f"the register {path} has no list of features",
            text_zh=f"网格名册没有 features 列表：{path}",
        )
    return body


def _require_datum(body: dict[str, Any], path: Path) -> None:
    datum = body.get("datum")
    if datum is None:
        raise ConfigError(
            f"the register {path} does not say its datum; add a top-level member "
            '"datum": "WGS-84" if its coordinates are that. A map drawn on Amap or Tencent is '
            "GCJ-02, about 545 m off here",
            text_zh=f"网格名册未写明坐标系：{path}；如确为 WGS-84，请在顶层加入 "
            '"datum": "WGS-84"。高德、腾讯地图为 GCJ-02，在此处偏移约545米',
        )
    if isinstance(datum, str) and datum in _SHIFTED:
        raise ConfigError(
            f"the register {path} is in {datum}, about 545 m off; convert it to WGS-84 first",
            text_zh=f"网格名册的坐标系为{datum}，偏移约545米：{path}；请先转换为 WGS-84",
        )
    if not isinstance(datum, str) or datum not in _WGS84_LIKE:
        raise ConfigError(
            f"the register {path} has an unknown datum: {datum!r}",
            text_zh=f"网格名册的坐标系{datum!r}无法识别：{path}",
        )


def grids_of(body: dict[str, Any], path: Path) -> Iterator[Grid]:
    """Every territorial area; ConfigError names the feature that is wrong."""
    for number, feature in enumerate(body.get("features", [])):
        try:
            properties = feature["properties"]
            if properties["level"] in _NO_AREAS:
                continue
            yield Grid(
                code=_code_of(properties),
                level=GridLevel(properties["level"]),
                name_zh=str(properties["name_zh"]),
                name_spoken=str(properties.get("name_spoken") or properties["name_zh"]),
                aliases=_aliases(properties.get("aliases") or []),
                shape=_polygon(feature["geometry"]),
                sensitive_flags=_flags(properties.get("sensitive_flags")),
            )
        except _WRONG as error:
            raise ConfigError(
                f"feature {number} of the register {path} is no grid: {error!r}",
                text_zh=f"网格名册第{number}个要素不是网格：{path}（{error!r}）",
            ) from error


def sites_of(body: dict[str, Any], path: Path) -> Iterator[SpecialSite]:
    """The sites of the special grids."""
    for number, feature in enumerate(body.get("features", [])):
        try:
            properties = feature["properties"]
            if properties["level"] != "site":
                continue
            yield SpecialSite(
                code=read_code(properties["code"]),
                overlay=str(properties["overlay"]),
                name_zh=str(properties["name_zh"]),
                point=from_geojson(feature["geometry"]["coordinates"]),
                grid_code=read_code(properties["grid_code"]),
            )
        except _WRONG as error:
            raise ConfigError(
                f"feature {number} of the register {path} is no site: {error!r}",
                text_zh=f"网格名册第{number}个要素不是点位：{path}（{error!r}）",
            ) from error


def checkpoints_of(body: dict[str, Any], path: Path) -> Iterator[Checkpoint]:
    """The checkpoints; ConfigError names the feature that is wrong."""
    for number, feature in enumerate(body.get("features", [])):
        try:
            properties = feature["properties"]
            if properties["level"] != "checkpoint":
                continue
            yield Checkpoint(
                code=_checkpoint_code(properties),
                name_zh=str(properties["name_zh"]),
                point=from_geojson(feature["geometry"]["coordinates"]),
                grid_code=read_code(properties["grid_code"]),
                serves=read_code(properties["serves"]),
            )
        except _WRONG as error:
            raise ConfigError(
                f"feature {number} of the register {path} is no checkpoint: {error!r}",
                text_zh=f"网格名册第{number}个要素不是检测点：{path}（{error!r}）",
            ) from error


def _code_of(properties: dict[str, Any]) -> str:
    """The code, of the very level that the feature states."""
    code = read_code(properties["code"])
    if level_of(code) is not GridLevel(properties["level"]):
        raise ValueError(f"the code {code} is not one of a {properties['level']}")
    return code


def _aliases(names: object) -> tuple[str, ...]:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError("its aliases are no list of names")
    return tuple(names)


def _checkpoint_code(properties: dict[str, Any]) -> str:
    code, serves = str(properties["code"]), read_code(properties["serves"])
    if not code.startswith(serves):
        raise ValueError(f"its code {code!r} does not begin with that of {serves}")
    return code


def _flags(names: object) -> frozenset[str] | None:
    """None where the file says nothing; an empty list says that there is none."""
    if names is None:
        return None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError("its sensitive flags are no list of words")
    return frozenset(names)


def _polygon(geometry: dict[str, Any]) -> Polygon | MultiPolygon:
    found = shape(geometry)
    if not isinstance(found, (Polygon, MultiPolygon)):
        raise ValueError(f"a {found.geom_type} where a polygon should be")
    if found.is_empty or not found.is_valid:
        raise ValueError("its polygon is empty or crosses itself")
    west, south, east, north = found.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise ValueError("its coordinates are not longitude and latitude in degrees")
    return found
