"""Our words to MAVLink's and back: the only place that knows items, frames and 1e7 degrees."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate

from mavsdk.plugins.mission_raw import MissionItem
from mavsdk.plugins.telemetry import FlightMode as MavsdkMode

from patrol.errors import CommandDenied
from patrol.geo import GeoPoint
from patrol.plan import MissionPlan, WayHome, Waypoint
from patrol.telemetry import FlightMode

_WAYPOINT, _CHANGE_SPEED, _GIMBAL = 16, 178, 1000
_FENCE_VERTEX = 5001  # MAV_CMD_NAV_FENCE_POLYGON_VERTEX_INCLUSION
_RALLY_POINT = 5100  # MAV_CMD_NAV_RALLY_POINT
_GLOBAL, _MISSION_FRAME, _RELATIVE = 0, 2, 3
# What PX4 gives back for a frame it was sent (FACTS): the same frame in its INT form.
_SAME_FRAME = {6: 3, 5: 0}
_MISSION, _FENCE, _RALLY = 0, 1, 2
_YAW_LOCK = 16  # GIMBAL_MANAGER_FLAGS_YAW_LOCK: bearings are from north
_ACCEPTANCE_M = 2.0

_MODES = {
    MavsdkMode.READY: FlightMode.READY,
    MavsdkMode.TAKEOFF: FlightMode.TAKE_OFF,
    MavsdkMode.HOLD: FlightMode.HOLD,
    MavsdkMode.MISSION: FlightMode.MISSION,
    MavsdkMode.RETURN_TO_LAUNCH: FlightMode.RETURN,
    MavsdkMode.LAND: FlightMode.LAND,
    MavsdkMode.OFFBOARD: FlightMode.OFFBOARD,
    MavsdkMode.MANUAL: FlightMode.MANUAL,
    MavsdkMode.ALTCTL: FlightMode.MANUAL,
    MavsdkMode.POSCTL: FlightMode.MANUAL,
    MavsdkMode.ACRO: FlightMode.MANUAL,
    MavsdkMode.STABILIZED: FlightMode.MANUAL,
}


def flight_mode(mode: MavsdkMode) -> FlightMode:
    """An autopilot's mode in an operator's words."""
    return _MODES.get(mode, FlightMode.UNKNOWN)


def known(value: float) -> float | None:
    """MAVSDK's NaN is our None."""
    return None if math.isnan(value) else value


def mission_items(plan: MissionPlan) -> list[MissionItem]:
    """Speed, gimbal and waypoint items of a plan; CommandDenied for a height it cannot express."""
    items: list[MissionItem] = []
    speed_m_s: float | None = None
    for waypoint in plan.waypoints:
        if waypoint.speed_m_s != speed_m_s:
            speed_m_s = waypoint.speed_m_s
            items.append(_order(len(items), _CHANGE_SPEED, 1.0, speed_m_s, -1.0))
        if waypoint.gimbal_pitch_deg is not None:
            bearing_deg = waypoint.camera_bearing_true_deg
            yaw_deg = math.nan if bearing_deg is None else signed(bearing_deg)
            gimbal = _order(len(items), _GIMBAL, waypoint.gimbal_pitch_deg, yaw_deg, math.nan)
            gimbal.param4, gimbal.x = math.nan, _YAW_LOCK
            items.append(gimbal)
        items.append(
            MissionItem(
                seq=len(items),
                frame=_RELATIVE,
                command=_WAYPOINT,
                current=int(not items),
                autocontinue=1,
                param1=waypoint.hold_s,
                param2=_ACCEPTANCE_M,
                param3=0.0,
                param4=math.nan,
                x=_e7(waypoint.point.lat_deg),
                y=_e7(waypoint.point.lon_deg),
                z=_above_home_m(waypoint),
                mission_type=_MISSION,
            )  # fmt: skip
        )
    items[0].current = 1
    return items


def fence_items(plan: MissionPlan) -> list[MissionItem]:
    """One inclusion polygon: PX4 ands several."""
    return [
        MissionItem(
            seq=number,
            frame=_GLOBAL,
            command=_FENCE_VERTEX,
            current=0,
            autocontinue=0,
            param1=float(len(plan.fence)),
            param2=0.0,
            param3=0.0,
            param4=0.0,
            x=_e7(point.lat_deg),
            y=_e7(point.lon_deg),
            z=0.0,
            mission_type=_FENCE,
        )  # fmt: skip
        for number, point in enumerate(plan.fence)
    ]


def rally_items(plan: MissionPlan) -> list[MissionItem]:
    """The places to land at besides home; an empty list is to be uploaded too.

    PX4 goes to whatever rally points it still has of an earlier plan. The height is that of the
    ground: PX4 v1.16 adds its return height to it.
    """
    rally_points = plan.rally_points if plan.way_home is WayHome.RALLY else ()
    return [
        MissionItem(
            seq=number,
            frame=_RELATIVE,
            command=_RALLY_POINT,
            current=0,
            autocontinue=0,
            param1=0.0,
            param2=0.0,
            param3=0.0,
            param4=0.0,
            x=_e7(rally.point.lat_deg),
            y=_e7(rally.point.lon_deg),
            z=rally.ground_above_home_m,
            mission_type=_RALLY,
        )  # fmt: skip
        for number, rally in enumerate(rally_points)
    ]


def waypoint_counts(plan: MissionPlan) -> list[int]:
    """How many waypoints of the plan lie before each of its items, and before its end."""
    is_waypoint = (entry.command == _WAYPOINT for entry in mission_items(plan))
    return list(accumulate(is_waypoint, initial=0))


def waypoints_before(plan: MissionPlan, item: int) -> int:
    """How many waypoints of the plan lie before the item that is being carried out."""
    counts = waypoint_counts(plan)
    return counts[min(item, len(counts) - 1)]


def differences(sent: Sequence[MissionItem], got: Sequence[MissionItem]) -> list[tuple[str, str]]:
    """Where what was read back is not what was sent, item by item; in English and in Chinese."""
    if len(sent) != len(got):
        return [
            (
                f"{len(got)} items came back of {len(sent)}",
                f"上传{len(sent)}项，读回{len(got)}项",
            )
        ]
    found = []
    for mine, theirs in zip(sent, got, strict=True):
        if what := _difference(mine, theirs):
            found.append((f"item {mine.seq}: {what[0]}", f"第{mine.seq}项：{what[1]}"))
    return found


def _difference(mine: MissionItem, theirs: MissionItem) -> tuple[str, str] | None:
    if mine.command != theirs.command:
        return (
            f"command {theirs.command} for {mine.command}",
            f"指令为{theirs.command}，应为{mine.command}",
        )
    if mine.frame != _SAME_FRAME.get(theirs.frame, theirs.frame):
        return f"frame {theirs.frame} for {mine.frame}", f"坐标系为{theirs.frame}，应为{mine.frame}"
    if (mine.x, mine.y) != (theirs.x, theirs.y):
        return "another place", "位置不同"
    if not _same(mine.z, theirs.z) or not _same(mine.param1, theirs.param1):
        return "another height or value", "高度或数值不同"
    if not _same(mine.param2, theirs.param2) and mine.command != _WAYPOINT:
        return "another value", "数值不同"
    return None


def signed(bearing_deg: float) -> float:
    """0 to 360 as -180 to 180."""
    return (bearing_deg + 180.0) % 360.0 - 180.0


def place(lat_deg: float, lon_deg: float) -> GeoPoint | None:
    """A position, or None where there is none yet, or where the aircraft talks nonsense."""
    try:
        return GeoPoint(lat_deg=lat_deg, lon_deg=lon_deg)
    except ValueError:
        return None


def _same(a: float, b: float) -> bool:
    return (math.isnan(a) and math.isnan(b)) or abs(a - b) < 1e-3


def _order(seq: int, command: int, p1: float, p2: float, p3: float) -> MissionItem:
    return MissionItem(
        seq=seq, frame=_MISSION_FRAME, command=command, current=0, autocontinue=1, param1=p1,
        param2=p2, param3=p3, param4=0.0, x=0, y=0, z=0.0, mission_type=_MISSION,
    )  # fmt: skip


def _e7(degrees: float) -> int:
    return round(degrees * 1e7)


def _above_home_m(waypoint: Waypoint) -> float:
    height_m = waypoint.height_above_home_m
    if height_m is None:
        datum = waypoint.height.datum.value
        raise CommandDenied(
            "upload", f"a height above {datum} cannot be flown without the ground's",
            f"缺少地面高程，无法执行以{datum}为基准的高度",
        )  # fmt: skip
    return height_m
