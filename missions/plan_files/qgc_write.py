"""Writes a plan as QGroundControl reads it (file format version 1, mission version 2)."""

from __future__ import annotations

from typing import Any

from patrol.geo import Datum, GeoPoint
from patrol.plan import MissionPlan, Waypoint

# MAVLink numbers as QGroundControl's file wants them (MAV_CMD, MAV_FRAME, MAV_AUTOPILOT, MAV_TYPE).
TAKE_OFF, WAYPOINT, CHANGE_SPEED, RETURN, GIMBAL = 22, 16, 178, 20, 1000
FRAME_AMSL, FRAME_MISSION, FRAME_RELATIVE, FRAME_TERRAIN = 0, 2, 3, 10
YAW_LOCK = 16  # GIMBAL_MANAGER_FLAGS_YAW_LOCK
_OTHER_FRAMES = {Datum.AMSL: FRAME_AMSL, Datum.GROUND: FRAME_TERRAIN}
_PX4, _QUADROTOR = 12, 2


def to_qgc(plan: MissionPlan) -> dict[str, Any]:
    """The plan, its fence and its places to land."""
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
            "items": _items(plan),
        },
    }  # fmt: skip


def to_waypoints(plan: MissionPlan) -> str:
    """The route alone as a list (QGC WPL 110): it has no room for fence and rally points.

    Tab by tab: number, whether it is current, frame, command, seven parameters, whether to go on.
    Its first line is home.
    """
    home = [0.0, 0.0, 0.0, 0.0, *_at([], plan.home, plan.home_elevation_amsl_m)]
    rows = [(FRAME_AMSL, WAYPOINT, home)]
    rows += [(one["frame"], one["command"], one["params"]) for one in _items(plan)]
    lines = [
        "\t".join(map(str, (number, int(number == 0), frame, command, *map(_figure, params), 1)))
        for number, (frame, command, params) in enumerate(rows)
    ]
    return "\n".join(["QGC WPL 110", *lines]) + "\n"


def _figure(value: float | None) -> str:
    """None leaves it to the autopilot, which MAVLink writes as no number."""
    return "nan" if value is None else f"{value:.8f}"


def _items(plan: MissionPlan) -> list[dict[str, Any]]:
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

    add(TAKE_OFF, FRAME_RELATIVE, _at([0, 0, 0, None], plan.home, plan.climb_height_m))
    speed_m_s = 0.0
    for waypoint in plan.waypoints:
        if waypoint.speed_m_s != speed_m_s:
            speed_m_s = waypoint.speed_m_s
            add(CHANGE_SPEED, FRAME_MISSION, [1, speed_m_s, -1, 0, 0, 0, 0])
        if waypoint.gimbal_pitch_deg is not None:
            bearing_deg = waypoint.camera_bearing_true_deg
            yaw_deg = None if bearing_deg is None else (bearing_deg + 180.0) % 360.0 - 180.0
            params = [waypoint.gimbal_pitch_deg, yaw_deg, None, None, YAW_LOCK, 0, 0]
            add(GIMBAL, FRAME_MISSION, params)
        frame, height_m = _told(waypoint)
        add(WAYPOINT, frame, _at([waypoint.hold_s, 0, 0, None], waypoint.point, height_m))
    add(RETURN, FRAME_MISSION, [0, 0, 0, 0, 0, 0, 0])
    return items


def _told(waypoint: Waypoint) -> tuple[int, float]:
    """The frame and the height as another ground station is told them."""
    above_home_m = waypoint.height_above_home_m
    if above_home_m is not None:
        return FRAME_RELATIVE, above_home_m
    return _OTHER_FRAMES[waypoint.height.datum], waypoint.height.metres


def _at(params: list[Any], point: GeoPoint, *height_m: float) -> list[Any]:
    return [*params, round(point.lat_deg, 7), round(point.lon_deg, 7), *height_m]
