"""Reads GeoJSON feature by feature: one wrong corner spoils one area, and it is told which."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from shapely.errors import ShapelyError
from shapely.geometry import GeometryCollection, LinearRing, MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from missions.angles import AngleRefused, read_degrees
from missions.corners import refuse_no_number
from missions.gcj02 import LonLat
from missions.raw_features import RawFeature, unreadable
from patrol.errors import ConfigError

_NO_SHAPE = (KeyError, IndexError, TypeError, ValueError, AttributeError, ShapelyError)


def read_geojson(path: Path) -> dict[str, Any]:
    """The file's top-level object, a FeatureCollection; ConfigError says what it is instead."""
    try:
        body = json.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError(
            f"the file cannot be read: {path} ({error.strerror})",
            text_zh=f"无法读取文件：{path}（{error.strerror}）",
        ) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            f"the file is no whole GeoJSON: {path} ({error})",
            text_zh=f"文件不是完整的 GeoJSON：{path}（{error}）",
        ) from error
    if isinstance(body, dict) and body.get("type") == "Feature":
        body = {"type": "FeatureCollection", "features": [body]}
    if not isinstance(body, dict) or not isinstance(body.get("features"), list):
        raise ConfigError(
            f"the file is no GeoJSON FeatureCollection: {path}",
            text_zh=f"文件不是 GeoJSON FeatureCollection：{path}",
        )
    return body


def crs_of(body: dict[str, Any]) -> str | None:
    """What the old `crs` member names, such as urn:ogc:def:crs:EPSG::4490; None without one."""
    crs = body.get("crs")
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    return name if isinstance(name, str) else None


def features_of(body: dict[str, Any]) -> Iterator[RawFeature]:
    """Every feature; one that cannot be read has no shape and a finding."""
    for number, feature in enumerate(body["features"], 1):
        if not isinstance(feature, dict):
            yield RawFeature(
                number=number, findings=(unreadable(number, "it is no feature", "不是要素"),)
            )
            continue
        properties = feature.get("properties")
        raw = RawFeature(
            number=number, properties=properties if isinstance(properties, dict) else {}
        )
        geometry = feature.get("geometry")
        if geometry is None:
            yield raw
            continue
        try:
            yield raw.with_shape(_shape(geometry))
        except AngleRefused as error:
            yield raw.with_finding(unreadable(number, str(error), error.text_zh, error.near))
        except _NO_SHAPE as error:
            yield raw.with_finding(
                unreadable(number, f"no geometry: {error}", f"几何无法读取：{error}")
            )


def _shape(geometry: dict[str, Any]) -> BaseGeometry:
    kind = geometry["type"]
    if kind == "GeometryCollection":
        return GeometryCollection([_shape(part) for part in geometry["geometries"]])
    coordinates = geometry["coordinates"]
    if kind == "Point":
        return Point(positions([coordinates])[0])
    if kind == "Polygon":
        return _polygon(coordinates)
    if kind == "MultiPolygon":
        return MultiPolygon([_polygon(rings) for rings in coordinates])
    raise ValueError(f"a {kind} where a polygon should be")


def _polygon(rings: list[Any]) -> Polygon:
    if not rings:
        raise ValueError("a polygon without a ring")
    outer, *inner = (LinearRing(positions(ring)) for ring in rings)
    return Polygon(outer, inner)


def positions(ring: list[Any]) -> LonLat:
    """N x 2 degrees, longitude first; heights are dropped. AngleRefused names a wrong one."""
    try:
        found = np.asarray(ring, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):  # text, or some have a height and some do not
        found = np.array([[read_degrees(part) for part in place[:2]] for place in ring])
    if found.ndim != 2 or found.shape[1] < 2:
        raise ValueError("its positions are no pairs of longitude and latitude")
    refuse_no_number(found[:, :2])
    return found[:, :2]
