"""Plans as files: our own JSON, a QGroundControl `.plan`, and GeoJSON for other maps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from patrol.errors import ConfigError, Refused
from patrol.geo import Datum, GeoPoint, to_geojson
from patrol.plan import MissionPlan, Waypoint, plan_from_dict

# MAVLink numbers as QGroundControl's file wants them (MAV_CMD, MAV_FRAME, MAV_AUTOPILOT, MAV_TYPE).
_TAKE_OFF, _WAYPOINT, _CHANGE_SPEED, _RETURN, _GIMBAL = 22, 16, 178, 20, 1000
_FRAME_RELATIVE, _FRAME_MISSION = 3, 2
_OTHER_FRAMES = {Datum.AMSL: 0, Datum.GROUND: 10}
_PX4, _QUADROTOR = 12, 2
_YAW_LOCK = 16  # GIMBAL_MANAGER_FLAGS_YAW_LOCK


def read_plan(path: Path) -> MissionPlan:
    """A plan file; ConfigError when it is none, Refused when it was changed after it was written.

    What a person approved is the digest: a file whose body has another one is another plan.
    """
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        plan = plan_from_dict(body)
    except OSError as error:
        raise ConfigError(
            f"the plan cannot be read: {path} ({error.strerror})",
            text_zh=f"无法读取计划文件：{path}（{error.strerror}）",
        ) from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ConfigError(
            f"not a plan of `gridpatrol plan`: {path} ({error!r})",
            text_zh=f"不是 gridpatrol plan 的计划文件：{path}（{error!r}）",
        ) from error
    stored = body.get("digest")
    if stored is None and plan.approved_by:
        raise Refused(
            f"the plan names {plan.approved_by} as its approver but carries no digest of what was "
            f"approved: {path}; plan and approve it again",
            text_zh=f"计划写明由{plan.approved_by}批准，但没有所批准内容的摘要：{path}；请重新规划并批准",
        )
    if stored is not None and stored != plan.digest:
        raise Refused(
            f"the plan was changed after it was written (digest {plan.digest[:12]}, the file says "
            f"{str(stored)[:12]}): {path}; plan and approve it again",
            text_zh=f"计划写成后被改动（摘要{plan.digest[:12]}，文件所记为{str(stored)[:12]}）：{path}；请重新规划并批准",
        )
    return plan


def write_json(path: Path, body: dict[str, Any]) -> None:
    """Write a JSON file whole or not at all; ConfigError when it cannot be written."""
    text = json.dumps(body, ensure_ascii=False, indent=1) + "\n"
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise ConfigError(
            f"cannot write {path}: {error.strerror}", text_zh=f"无法写入{path}：{error.strerror}"
        ) from error


def _qgc_items(plan: MissionPlan) -> list[dict[str, Any]]:
    """Take-off, speed, gimbal and waypoints, and the return, as QGroundControl's simple items."""
    items: list[dict[str, Any]] = []

    def add(command: int, frame: int, params: list[Any]) -> None:
        items.append(
            {
                "autoContinue": True,
                "command": command,
                "doJumpId": len(items) + 1,
                "frame": frame,
                "params": params,
                "type": "SimpleItem",
            }
        )

    add(_TAKE_OFF, _FRAME_RELATIVE, _at([0, 0, 0, None], plan.home, plan.climb_height_m))
    speed_m_s = 0.0
    for waypoint in plan.waypoints:
        if waypoint.speed_m_s != speed_m_s:
            speed_m_s = waypoint.speed_m_s
            add(_CHANGE_SPEED, _FRAME_MISSION, [1, speed_m_s, -1, 0, 0, 0, 0])
        if waypoint.gimbal_pitch_deg is not None:
            bearing_deg = waypoint.camera_bearing_true_deg
            yaw_deg = None if bearing_deg is None else (bearing_deg + 180.0) % 360.0 - 180.0
            params = [waypoint.gimbal_pitch_deg, yaw_deg, None, None, _YAW_LOCK, 0, 0]
            add(_GIMBAL, _FRAME_MISSION, params)
        frame, height_m = _told(waypoint)
        add(_WAYPOINT, frame, _at([waypoint.hold_s, 0, 0, None], waypoint.point, height_m))
    add(_RETURN, _FRAME_MISSION, [0, 0, 0, 0, 0, 0, 0])
    return items


def _told(waypoint: Waypoint) -> tuple[int, float]:
    """The frame and the height as another ground station is told them."""
    above_home_m = waypoint.height_above_home_m
    if above_home_m is not None:
        return _FRAME_RELATIVE, above_home_m
    return _OTHER_FRAMES[waypoint.height.datum], waypoint.height.metres


def to_qgc(plan: MissionPlan) -> dict[str, Any]:
    """The plan as QGroundControl reads it (file format version 1, mission version 2)."""
    speed_m_s = plan.waypoints[-1].speed_m_s
    return {
        "fileType": "Plan",
        "version": 1,
        "groundStation": "GridPatrol",
        "geoFence": {
            "version": 2,
            "circles": [],
            "polygons": [
                {
                    "inclusion": True,
                    "version": 1,
                    "polygon": [_at([], p) for p in plan.fence],
                }
            ],
        },
        "rallyPoints": {"version": 2, "points": [
            _at([], rally.point, rally.ground_above_home_m) for rally in plan.rally_points
        ]},
        "mission": {
            "version": 2,
            "firmwareType": _PX4,
            "vehicleType": _QUADROTOR,
            "cruiseSpeed": speed_m_s,
            "hoverSpeed": speed_m_s,
            "globalPlanAltitudeMode": 1,
            "plannedHomePosition": _at([], plan.home, plan.home_elevation_amsl_m),
            "items": _qgc_items(plan),
        },
    }  # fmt: skip


def to_feature_collection(plan: MissionPlan) -> dict[str, Any]:
    """Route, fence, home and waypoints as GeoJSON (RFC 7946)."""
    marks = {"plan_id": plan.plan_id, "grid_code": plan.grid_code, "exercise": plan.is_exercise}
    route = [to_geojson(point) for point in (plan.home, *(w.point for w in plan.waypoints))]
    fence = [to_geojson(point) for point in (*plan.fence, plan.fence[0])]
    features = [
        _feature("LineString", [*route, route[0]], marks | {"kind": "route"}),
        _feature("Polygon", [fence], marks | {"kind": "fence"}),
        _feature("Point", route[0], marks | {"kind": "home"}),
    ]
    for number, waypoint in enumerate(plan.waypoints, 1):
        details = {
            "kind": "waypoint",
            "number": number,
            "height_m": waypoint.height.metres,
            "height_above": waypoint.height.datum.value,
            "ground_above_home_m": waypoint.ground_above_home_m,
            "speed_m_s": waypoint.speed_m_s,
            "camera_bearing_true_deg": waypoint.camera_bearing_true_deg,
            "gimbal_pitch_deg": waypoint.gimbal_pitch_deg,
        }
        features.append(_feature("Point", to_geojson(waypoint.point), marks | details))
    for rally in plan.rally_points:
        features.append(_feature("Point", to_geojson(rally.point), marks | {"kind": "rally"}))
    return {"type": "FeatureCollection", "features": features}


def _at(params: list[Any], point: GeoPoint, *height_m: float) -> list[Any]:
    return [*params, round(point.lat_deg, 7), round(point.lon_deg, 7), *height_m]


def _feature(kind: str, coordinates: list[Any], properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": kind, "coordinates": coordinates},
    }
