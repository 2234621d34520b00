"""Reads airspace zones from GeoJSON: polygons, circles (a point and radius_m) and corridors."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.errors import ShapelyError
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, shape
from shapely.geometry.base import BaseGeometry

from missions.airspace import Airspace, AirspaceZone, ZoneKind
from missions.findings import stop
from missions.flat import to_metres
from patrol.clock import parse_utc
from patrol.errors import ConfigError
from patrol.geo import GeoPoint, LocalFrame
from patrol.plan import Finding

_DATUMS = ("WGS-84", "WGS84", "CGCS2000")
_WIDEST_M = 200_000.0


def read_airspace(path: Path) -> Airspace:
    """Every zone; ConfigError names the feature that cannot be read."""
    body = _body(path)
    source, fetched_utc = str(body.get("source", "")).strip(), _time(path, body, "fetched_at", "")
    if not source or fetched_utc is None:
        raise _wrong(path, "it does not say its source and when it was fetched (fetched_at)",
                     "未写明来源（source）和获取时间（fetched_at）")  # fmt: skip
    zones = tuple(
        _zone(path, number, feature, source, fetched_utc)
        for number, feature in enumerate(body["features"], 1)
    )
    problems = tuple(problem for zone in zones for problem in _problems(zone))
    return Airspace(zones=zones, source=source, fetched_utc=fetched_utc, problems=problems)


def _body(path: Path) -> dict[str, Any]:
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _wrong(path, f"{error.strerror}", f"无法读取（{error.strerror}）") from error
    except ValueError as error:
        raise _wrong(path, f"no GeoJSON ({error})", f"不是GeoJSON（{error}）") from error
    if not isinstance(body, dict) or not isinstance(body.get("features"), list):
        raise _wrong(path, "no GeoJSON FeatureCollection", "不是GeoJSON FeatureCollection")
    if body.get("datum") not in _DATUMS:
        raise _wrong(
            path, f"its datum is {body.get('datum')!r}: it must be, and say, WGS-84",
            f"坐标系为{body.get('datum')!r}：须为WGS-84并写明",
        )  # fmt: skip
    return body


def _zone(
    path: Path, number: int, feature: Any, source: str, fetched_utc: datetime  # noqa: ANN401
) -> AirspaceZone:  # fmt: skip
    try:
        given = feature["properties"]
        kind = ZoneKind(given["kind"])
        outline = _outline(feature["geometry"], given)
        ceiling = given.get("ceiling_m")
        where = f"feature {number}: "
        return AirspaceZone(
            zone_id=str(given.get("id", "")),
            kind=kind,
            name=str(given.get("name") or given.get("id") or f"#{number}"),
            shape=outline,
            source=str(given.get("source") or source),
            fetched_utc=_time(path, given, "fetched_at", where) or fetched_utc,
            floor_agl_m=_number(given.get("floor_m", 0.0)),
            ceiling_agl_m=None if ceiling is None else _number(ceiling),
            from_utc=_time(path, given, "from", where),
            to_utc=_time(path, given, "to", where),
        )
    except (KeyError, TypeError, ValueError, AttributeError, ShapelyError) as error:
        kinds = ", ".join(kind.value for kind in ZoneKind)
        raise _wrong(
            path, f"feature {number} is no zone ({_why(error)}); kinds are {kinds}",
            f"第{number}个要素不是有效空域（{_why(error)}）；类别为{kinds}",
        ) from error  # fmt: skip


def _why(error: Exception) -> str:
    """A key that is missing by its name, all else in its own words."""
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)


def _outline(geometry: dict[str, Any], given: dict[str, Any]) -> Polygon | MultiPolygon:
    """A closed area; a point and a line are widened by what the feature says."""
    drawn = shape(geometry)
    corners = shapely.get_coordinates(drawn)
    if not len(corners) or not np.isfinite(corners).all():
        raise ValueError("no place, or one that is not a number")
    if np.abs(corners[:, 1]).max() > 90.0:  # noqa: PLR2004  # no such latitude
        raise ValueError("longitude and latitude are swapped, or no place on the earth")
    if isinstance(drawn, Point | LineString):
        member = "radius_m" if isinstance(drawn, Point) else "half_width_m"
        return _widened(drawn, _number(given[member]))
    whole = shapely.make_valid(drawn)
    parts = [one for one in shapely.get_parts(whole) if isinstance(one, Polygon | MultiPolygon)]
    area = shapely.union_all(parts)
    if not isinstance(area, Polygon | MultiPolygon) or area.is_empty:
        raise ValueError("an area without extent")
    return area


def _widened(drawn: BaseGeometry, reach_m: float) -> Polygon | MultiPolygon:
    if not 0.0 < reach_m <= _WIDEST_M:
        raise ValueError(f"a reach of {reach_m:g} m")
    lon, lat = shapely.get_coordinates(drawn)[0]
    frame = LocalFrame(origin=GeoPoint(lat_deg=float(lat), lon_deg=float(lon)))
    wide = to_metres(drawn, frame).buffer(reach_m / math.cos(math.pi / 32.0), quad_segs=16)
    per_lat_m, per_lon_m = frame.metres_per_degree()
    back = shapely.transform(wide, lambda m: m / (per_lon_m, per_lat_m) + (float(lon), float(lat)))
    if not isinstance(back, Polygon | MultiPolygon):
        raise ValueError("an area without extent")
    return back


def _problems(zone: AirspaceZone) -> Iterator[Finding]:
    if zone.is_reversed:
        yield stop(
            "airspace.times_reversed",
            f"zone {zone.name} ends before it begins ({zone.from_utc} to {zone.to_utc}): it is "
            "taken to hold always; correct the data",
            f"空域“{zone.name}”的结束时间早于开始时间：按始终有效处理，请更正数据",
        )
    if zone.ceiling_agl_m is not None and zone.ceiling_agl_m < zone.floor_agl_m:
        yield stop(
            "airspace.heights_reversed",
            f"zone {zone.name} has its ceiling ({zone.ceiling_agl_m:g} m) below its floor "
            f"({zone.floor_agl_m:g} m): correct the data",
            f"空域“{zone.name}”的上限低于下限：请更正数据",
        )


def _time(path: Path, given: dict[str, Any], member: str, where: str) -> datetime | None:
    value = given.get(member)
    if value is None:
        return None
    try:
        return parse_utc(str(value))
    except ValueError as error:
        raise _wrong(
            path, f"{where}{member} is no time with its zone: {value!r}",
            f"{where}{member}不是带时区的时间：{value!r}",
        ) from error  # fmt: skip


def _number(value: Any) -> float:  # noqa: ANN401  # JSON value
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"not a number: {value}")
    return number


def _wrong(path: Path, why: str, why_zh: str) -> ConfigError:
    return ConfigError(
        f"the airspace data cannot be used: {path}: {why}",
        text_zh=f"空域数据无法使用：{path}：{why_zh}",
    )
