"""Reads a register file (GeoJSON with a stated datum) into grids; the words of every refusal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from shapely.errors import ShapelyError
from shapely.geometry import MultiPolygon, Polygon, shape

from missions.codes import HAOJIANG, CodeForm, GridLevel, read_foreign_code
from missions.grid import Checkpoint, Grid, SpecialGrid, SpecialSite, SpecialType
from missions.register_facts import day_of, facts_of, flags_of, form_of, words_of
from patrol.errors import ConfigError
from patrol.geo import GeoPoint, from_geojson

FOREIGN = "foreign"  # the top-level member "codes" of a register whose codes have no form
_WGS84_LIKE = frozenset({"WGS-84", "WGS84", "CGCS2000"})  # equal at our accuracy, DOMAIN 2.2
_WRONG = (KeyError, IndexError, TypeError, ValueError, AttributeError, ShapelyError)
_NO_AREAS = ("special", "site", "checkpoint")
_SHIFTED = frozenset({"GCJ-02", "GCJ02", "BD-09", "BD09"})


def read_body(path: Path) -> dict[str, Any]:
    """The file's JSON; ConfigError when it is missing, unreadable or no register with a datum."""
    try:
        text = path.read_text(encoding="utf-8")
        if not text.strip():
            raise ConfigError(
                f"the register is not a GeoJSON file, it is empty: {path}",
                text_zh=f"网格名册是空文件：{path}",
            )
        body = json.loads(text)
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
            f"the register {path} is in {datum}, about 545 m off; convert it to WGS-84 first: "
            "`gridpatrol grids import --datum` does so for GCJ-02",
            text_zh=f"网格名册的坐标系为{datum}，偏移约545米：{path}；请先转换为 WGS-84："
            "GCJ-02 可用 gridpatrol grids import --datum 导入",
        )
    if not isinstance(datum, str) or datum not in _WGS84_LIKE:
        raise ConfigError(
            f"the register {path} has an unknown datum: {datum!r}",
            text_zh=f"网格名册的坐标系{datum!r}无法识别：{path}",
        )


def code_form(body: dict[str, Any], path: Path) -> CodeForm:
    """The form of the register's codes; ConfigError when what it states makes none."""
    try:
        return form_of(body) or HAOJIANG
    except ValueError as error:
        raise ConfigError(
            f"the register {path} states no usable form of codes: {error}",
            text_zh=f"网格名册的编码规则无法使用：{path}（{error}）",
        ) from error


def validity(body: dict[str, Any], path: Path) -> tuple[date | None, date | None]:
    """The first and the last day on which the register is in force."""
    try:
        first, last = day_of(body, "valid_from"), day_of(body, "valid_to")
    except ValueError as error:
        raise ConfigError(
            f"the register {path} has a date that is none: {error}",
            text_zh=f"网格名册的日期无效：{path}（{error}）",
        ) from error
    return first, last


def grids_of(body: dict[str, Any], path: Path) -> Iterator[Grid]:
    """Every territorial area; ConfigError names the feature that is wrong."""
    form = code_form(body, path)
    for number, feature in enumerate(body.get("features", [])):
        try:
            properties = feature["properties"]
            if properties["level"] in _NO_AREAS:
                continue
            yield area_of(properties, _polygon(feature["geometry"]), form)
        except _WRONG as error:
            raise ConfigError(
                f"feature {number} of the register {path} is no grid: {_short(error)}; `gridpatrol "
                "grids check` tells every fault with its place",
                text_zh=f"网格名册第{number}个要素不是网格：{path}（{_short(error)}）；"
                "gridpatrol grids check 列出每处问题及位置",
            ) from error


def _short(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)


def area_of(properties: dict[str, Any], border: Polygon | MultiPolygon, form: CodeForm) -> Grid:
    """One area of its properties; KeyError, TypeError or ValueError when they make none."""
    code, level, parent = _place_in_tree(properties, form)
    return Grid(
        code=code,
        level=level,
        name_zh=str(properties["name_zh"]),
        name_spoken=str(properties.get("name_spoken") or properties["name_zh"]),
        aliases=words_of(properties, "aliases"),
        shape=border,
        sensitive_flags=flags_of(properties),
        parent_code=parent,
        facts=facts_of(properties),
    )


def _place_in_tree(properties: dict[str, Any], form: CodeForm) -> tuple[str, GridLevel, str | None]:
    """Code, level and the code above: told by the code's form, or else stated one by one."""
    level = GridLevel(properties["level"])
    if "parent_code" in properties:
        parent = properties["parent_code"]
        code = read_foreign_code(properties["code"])
        return code, level, None if parent in (None, "") else read_foreign_code(parent)
    code = form.read(properties["code"])
    if form.level_of(code) is not level:
        raise ValueError(f"the code {code} is not one of a {properties['level']}")
    return code, level, form.parent_of(code)


def overlays_of(body: dict[str, Any], path: Path) -> Iterator[SpecialGrid]:
    """The special grids themselves, which have no border."""
    read_code = _reader(body, path)
    for number, feature in enumerate(body.get("features", [])):
        try:
            properties = feature["properties"]
            if properties["level"] != "special":
                continue
            yield SpecialGrid(
                code=read_code(properties["code"]),
                special_type=SpecialType(properties["special_type"]),
                name_zh=str(properties["name_zh"]),
            )
        except _WRONG as error:
            raise ConfigError(
                f"feature {number} of the register {path} is no special grid: {_short(error)}",
                text_zh=f"网格名册第{number}个要素不是特殊网格：{path}（{_short(error)}）",
            ) from error


def sites_of(body: dict[str, Any], path: Path) -> Iterator[SpecialSite]:
    """The sites of the special grids."""
    read_code = _reader(body, path)
    for number, feature in enumerate(body.get("features", [])):
        try:
            properties = feature["properties"]
            if properties["level"] != "site":
                continue
            place = from_geojson(feature["geometry"]["coordinates"])
            yield site_of(properties, place, read_code)
        except _WRONG as error:
            raise ConfigError(
                f"feature {number} of the register {path} is no site: {_short(error)}",
                text_zh=f"网格名册第{number}个要素不是点位：{path}（{_short(error)}）",
            ) from error


def site_of(
    properties: dict[str, Any], place: GeoPoint, read_code: Callable[[Any], str]
) -> SpecialSite:
    """One site of its properties; KeyError, TypeError or ValueError when they make none."""
    return SpecialSite(
        code=read_code(properties["code"]),
        overlay=str(properties["overlay"]),
        name_zh=str(properties["name_zh"]),
        point=place,
        grid_code=read_code(properties["grid_code"]),
        contact=str(properties.get("contact") or ""),
        rules=words_of(properties, "rules"),
    )


def checkpoints_of(body: dict[str, Any], path: Path) -> Iterator[Checkpoint]:
    """The checkpoints; ConfigError names the feature that is wrong."""
    read_code = _reader(body, path)
    for number, feature in enumerate(body.get("features", [])):
        try:
            properties = feature["properties"]
            if properties["level"] != "checkpoint":
                continue
            yield Checkpoint(
                code=_checkpoint_code(properties, read_code),
                name_zh=str(properties["name_zh"]),
                point=from_geojson(feature["geometry"]["coordinates"]),
                grid_code=read_code(properties["grid_code"]),
                serves=read_code(properties["serves"]),
            )
        except _WRONG as error:
            raise ConfigError(
                f"feature {number} of the register {path} is no checkpoint: {_short(error)}",
                text_zh=f"网格名册第{number}个要素不是检测点：{path}（{_short(error)}）",
            ) from error


def _reader(body: dict[str, Any], path: Path) -> Callable[[Any], str]:
    """What reads a code: the form, unless the register says that its codes have none."""
    return read_foreign_code if body.get("codes") == FOREIGN else code_form(body, path).read


def _checkpoint_code(properties: dict[str, Any], read_code: Callable[[Any], str]) -> str:
    code, serves = str(properties["code"]), read_code(properties["serves"])
    if not code.startswith(serves):
        raise ValueError(f"its code {code!r} does not begin with that of {serves}")
    return code


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
