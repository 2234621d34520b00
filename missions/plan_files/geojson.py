"""A plan as GeoJSON (RFC 7946), for maps, and back again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from missions.geojson_file import crs_of
from missions.plan_files.features import (
    FENCE,
    HOME,
    RALLY,
    ROUTE,
    WAYPOINT,
    Mark,
    legs_of,
    summary_of,
    taken_from,
)
from missions.plan_files.qgc_read import json_of
from missions.plan_files.taken import (
    PLACES_MAX,
    NoPlace,
    Taken,
    not_a,
    number,
    place,
    too_many,
    why_not,
)
from patrol.geo import GeoPoint, to_geojson
from patrol.plan import Finding, MissionPlan

GEOJSON = "GeoJSON"
_DEGREES = (":CRS84", ":4326", ":4490")
_SHAPES = ("Point", "LineString", "Polygon")


def to_feature_collection(plan: MissionPlan, findings: Sequence[Finding] = ()) -> dict[str, Any]:
    """Route, fence, home, waypoints with their legs, rally points; what was found about it."""
    marks = {"plan_id": plan.plan_id, "grid_code": plan.grid_code, "exercise": plan.is_exercise}
    route = [to_geojson(point) for point in (plan.home, *(w.point for w in plan.waypoints))]
    fence = [to_geojson(point) for point in (*plan.fence, plan.fence[0])]
    features = [
        _feature("LineString", [*route, route[0]], marks | {"kind": ROUTE} | summary_of(plan)),
        _feature("Polygon", [fence], marks | {"kind": FENCE}),
        _feature("Point", route[0], marks | {"kind": HOME}),
    ]
    for waypoint, leg in zip(plan.waypoints, legs_of(plan, findings), strict=True):
        features.append(
            _feature("Point", to_geojson(waypoint.point), marks | {"kind": WAYPOINT} | leg)
        )
    for rally in plan.rally_points:
        said = {"kind": RALLY, "ground_above_home_m": rally.ground_above_home_m}
        features.append(_feature("Point", to_geojson(rally.point), marks | said))
    return {
        "type": "FeatureCollection",
        "features": features,
        "findings": [finding.to_dict() for finding in findings],
    }


def read_plan_geojson(path: Path) -> Taken:
    """The flight in a FeatureCollection; ConfigError with the reason when there is none."""
    body = json_of(GEOJSON, path)
    try:
        if body.get("type") != "FeatureCollection" or not isinstance(body.get("features"), list):
            raise NoPlace("it is no FeatureCollection", "不是FeatureCollection")
        if len(body["features"]) > PLACES_MAX:
            raise too_many(GEOJSON, path, len(body["features"]))
        _require_degrees(body)
        marks = [_mark(one, feature) for one, feature in enumerate(body["features"], 1)]
        count = sum(len(mark.corners) for mark in marks)
        if count > 2 * PLACES_MAX:  # the route's line and its waypoints say the same
            raise too_many(GEOJSON, path, count)
        return taken_from(GEOJSON, marks)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise not_a(GEOJSON, path, *why_not(error)) from error


def _require_degrees(body: dict[str, Any]) -> None:
    """An old file may name another reference system."""
    named = crs_of(body)
    if named is not None and not named.endswith(_DEGREES):
        raise NoPlace(
            f"its reference system is {named:.60}: save it in WGS-84 (EPSG:4326)",
            f"坐标参考系为{named:.60}：请改存为 WGS-84（EPSG:4326）",
        )


def _mark(one: int, feature: dict[str, Any]) -> Mark:
    geometry, said = feature["geometry"], feature.get("properties") or {}
    kind = geometry["type"]
    if kind not in _SHAPES:
        raise NoPlace(f"feature {one} is a {kind!s:.30}", f"第{one}个要素为{kind!s:.30}")
    coordinates = geometry["coordinates"]
    if kind == "Polygon" and len(coordinates) > 1:
        raise NoPlace(f"the polygon of feature {one} has holes", f"第{one}个要素的多边形有空洞")
    listed = {"Point": [coordinates], "LineString": coordinates}.get(kind)
    return Mark(
        shape=kind,
        corners=tuple(_corner(position) for position in (listed or coordinates[0])),
        said=said,
        name=str(said.get("name", ""))[:30],
    )


def _corner(position: Sequence[object]) -> tuple[GeoPoint, float | None]:
    height_m = number(position[2]) if len(position) > 2 else None
    return place(position[1], position[0]), height_m


def _feature(kind: str, coordinates: list[Any], properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": kind, "coordinates": coordinates},
    }
