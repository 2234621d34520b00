"""Reads QGroundControl's `.plan`: mission, fence and rally points."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from missions.datums import StatedDatum
from missions.findings import note, stop
from missions.plan_files.qgc_items import Reading
from missions.plan_files.taken import (
    PLACES_MAX,
    NoPlace,
    Taken,
    not_a,
    number,
    opened,
    place,
    read_bytes,
    too_many,
    why_not,
)
from patrol.geo import GeoPoint, is_inside, offset
from patrol.plan import Finding, RallyPoint

QGC = "QGroundControl .plan"
_FILE_VERSION, _MISSION_VERSION = 1, 2
_CIRCLE_CORNERS = 48
_SLOWEST_M_S = 0.5
_WRONG = (KeyError, TypeError, ValueError, IndexError, AttributeError)


def read_qgc(path: Path) -> Taken:
    """What the file says; ConfigError with the reason when it is no such file."""
    body = json_of(QGC, path)
    try:
        if body.get("fileType") != "Plan":
            raise NoPlace("its fileType is not Plan", "fileType不是Plan")
        _require_version(body.get("version"), _FILE_VERSION, "file", "文件")
        mission = body["mission"]
        _require_version(mission.get("version"), _MISSION_VERSION, "mission", "任务")
        count = _places(mission["items"])
        if count > PLACES_MAX:
            raise too_many(QGC, path, count)
        return _taken(body, mission)
    except _WRONG as error:
        raise not_a(QGC, path, *why_not(error)) from error


def json_of(form: str, path: Path) -> dict[str, Any]:
    """The object in a JSON file; ConfigError for anything else, NaN among it."""
    content = read_bytes(path)
    try:
        body = json.loads(content, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        if isinstance(error, NoPlace):
            raise not_a(form, path, str(error), error.text_zh) from error
        why = "nested too deep" if isinstance(error, RecursionError) else "it is no JSON"
        why_zh = "嵌套过深" if isinstance(error, RecursionError) else "不是 JSON"
        raise not_a(form, path, why, why_zh) from error
    if not isinstance(body, dict):
        raise not_a(form, path, "its JSON is no object", "JSON 顶层不是对象")
    return body


def _taken(body: dict[str, Any], mission: dict[str, Any]) -> Taken:
    home, elevation_m = _home(mission.get("plannedHomePosition"))
    reading = Reading(
        home=home,
        home_elevation_amsl_m=elevation_m,
        speed_m_s=max(_SLOWEST_M_S, number(mission.get("hoverSpeed", 5.0))),
    )
    reading.take(mission["items"])
    findings = reading.findings
    inside, outside = _fences(body.get("geoFence") or {}, findings)
    return Taken(
        form=QGC,
        datum=StatedDatum.WGS_84,  # by the format's own definition
        waypoints=tuple(reading.waypoints),
        home=home,
        home_elevation_amsl_m=elevation_m,
        fence=_one_fence(inside, home, findings),
        kept_out=tuple(outside),
        rally_points=tuple(
            RallyPoint(point=place(one[0], one[1]), ground_above_home_m=number(one[2]))
            for one in (body.get("rallyPoints") or {}).get("points", ())
        ),
        findings=tuple(findings),
    )


def _home(position: object) -> tuple[GeoPoint | None, float | None]:
    """The launch point and its height above the sea; a file that has none says so."""
    if position is None:
        return None, None
    if not isinstance(position, list) or len(position) < 2:
        raise NoPlace("its plannedHomePosition is no place", "plannedHomePosition不是位置")
    if position[0] == 0 and position[1] == 0:  # as the file is before anybody has set it
        return None, None
    height = position[2] if len(position) > 2 else None
    return place(position[0], position[1]), None if height is None else number(height)


def _places(items: object) -> int:
    """How many items there are, those inside a survey included."""
    if not isinstance(items, list):
        raise NoPlace("its mission has no items", "任务中没有items")
    inner = (
        item["TransectStyleComplexItem"].get("Items")
        for item in items
        if isinstance(item, dict) and isinstance(item.get("TransectStyleComplexItem"), dict)
    )
    return len(items) + sum(len(part) for part in inner if isinstance(part, list))


def _fences(
    fence: dict[str, Any], findings: list[Finding]
) -> tuple[list[tuple[GeoPoint, ...]], list[tuple[GeoPoint, ...]]]:
    """The rings to stay in, and those to stay out of."""
    inside: list[tuple[GeoPoint, ...]] = []
    outside: list[tuple[GeoPoint, ...]] = []
    for one in fence.get("polygons", ()):
        ring = opened([place(corner[0], corner[1]) for corner in one["polygon"]])
        if len(ring) < 3:
            raise NoPlace("a fence has fewer than three corners", "围栏少于三个角点")
        (inside if one.get("inclusion", True) else outside).append(ring)
    for one in fence.get("circles", ()):
        centre, radius_m = one["circle"]["center"], number(one["circle"]["radius"])
        is_inclusion = bool(one.get("inclusion", True))
        ring = _ring_of(place(centre[0], centre[1]), radius_m, is_inside=is_inclusion)
        (inside if is_inclusion else outside).append(ring)
        if is_inclusion:
            findings.append(
                note(
                    "file.fence_circle",
                    f"the round fence is flown as {_CIRCLE_CORNERS} corners inside it",
                    f"圆形围栏以圆内{_CIRCLE_CORNERS}边形代替",
                )
            )
    return inside, outside


def _ring_of(centre: GeoPoint, radius_m: float, *, is_inside: bool) -> tuple[GeoPoint, ...]:
    """Corners that lie in a circle to stay in, and around one to stay out of."""
    if radius_m <= 0.0:
        raise NoPlace("a round fence has no radius", "圆形围栏没有半径")
    step = 2.0 * math.pi / _CIRCLE_CORNERS
    reach_m = radius_m if is_inside else radius_m / math.cos(step / 2.0)
    return tuple(
        offset(centre, east_m=reach_m * math.sin(i * step), north_m=reach_m * math.cos(i * step))
        for i in range(_CIRCLE_CORNERS)
    )


def _one_fence(
    rings: Sequence[tuple[GeoPoint, ...]], home: GeoPoint | None, findings: list[Finding]
) -> tuple[GeoPoint, ...]:
    """The aircraft is sent one polygon: of several none is taken, for none says it all."""
    if not rings:
        return ()
    if len(rings) > 1:
        findings.append(
            stop(
                "file.fences",
                f"the file has {len(rings)} fences to stay in, the aircraft takes one: join them",
                f"文件含{len(rings)}个允许飞行围栏，飞行器只接受一个：请合并",
            )
        )
    around_home = [ring for ring in rings if home is not None and is_inside(home, ring)]
    return (around_home or list(rings))[0]


def _require_version(value: object, wanted: int, what: str, what_zh: str) -> None:
    if value != wanted or isinstance(value, bool):
        raise NoPlace(
            f"the version of the {what} is {value!s:.20}, version {wanted} can be read",
            f"{what_zh}版本为{value!s:.20}，只能读取版本{wanted}",
        )


def _refuse_constant(name: str) -> NoReturn:
    raise NoPlace(f"{name} is no number", f"{name}不是数值")
