"""QGroundControl's mission items as waypoints of ours; what is none is told, never dropped.

Numbers are MAVLink's (MAV_CMD, MAV_FRAME). A command that moves the aircraft and has no like here
forbids the plan: the route would be another one than the file's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from missions.findings import note, stop, warn
from missions.plan_files.qgc_write import (
    CHANGE_SPEED,
    GIMBAL,
    RETURN,
    TAKE_OFF,
    WAYPOINT,
    YAW_LOCK,
)
from missions.plan_files.taken import NoPlace, number, place
from patrol.geo import Datum, GeoPoint, Height, distance_m
from patrol.plan import Finding, Waypoint

_LOITER_TIME, _LAND, _DELAY, _MOUNT, _MOUNT_BY_ANGLE = 19, 21, 93, 205, 2
_LAST_NAV = 95  # MAV_CMD_NAV_LAST: below it a command moves the aircraft
_DO_JUMP, _SET_HOME = 177, 179
_MOVES_ALL_THE_SAME = (_DO_JUMP, _SET_HOME, 192, 16384)
_DATUMS = {
    0: Datum.AMSL, 5: Datum.AMSL, 3: Datum.HOME, 6: Datum.HOME, 10: Datum.GROUND, 11: Datum.GROUND,
}  # fmt: skip
_TRANSECTS = ("survey", "CorridorScan")
_SAME_PLACE_M = 5.0
_PARAMS = 7


@dataclass(slots=True)
class Reading:
    """What the items read so far leave to the ones behind them."""

    home: GeoPoint | None
    home_elevation_amsl_m: float | None
    speed_m_s: float
    pitch_deg: float | None = None
    bearing_true_deg: float | None = None
    waypoints: list[Waypoint] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    amsl_count: int = 0
    is_over: bool = False  # the return was read
    unknown: dict[int, list[int]] = field(default_factory=dict)  # items by command

    def take(self, items: Sequence[Any]) -> None:
        """All of them; KeyError, TypeError, ValueError for what is no item."""
        for one, item in enumerate(flattened(items, self.findings), 1):
            params = item["params"]
            if not isinstance(params, list) or len(params) != _PARAMS:
                raise NoPlace(
                    f"item {one} has no {_PARAMS} params", f"第{one}项的params不是{_PARAMS}个"
                )
            self._item(one, _whole(item["command"]), _whole(item["frame"]), params)
        self.findings += self._told()

    def _item(self, one: int, command: int, frame: int, params: list[Any]) -> None:
        if self.is_over:
            self.unknown.setdefault(-1, []).append(one)
            return
        match command:
            case int() if command == TAKE_OFF:
                self._take_off(params)
            case int() if command in (WAYPOINT, _LOITER_TIME):
                self._waypoint(one, frame, params)
            case int() if command == CHANGE_SPEED:
                speed_m_s = number(params[1])
                self.speed_m_s = speed_m_s if speed_m_s > 0.0 else self.speed_m_s
            case int() if command == GIMBAL or (
                command == _MOUNT and _whole(params[6] or 0) == _MOUNT_BY_ANGLE
            ):
                self._camera(command, params)
            case int() if command == RETURN:
                self.is_over = True
            case int() if command == _LAND:
                self._land(one, params)
            case int() if command == _DELAY and self.waypoints and number(params[0]) > 0.0:
                last = self.waypoints[-1]
                self.waypoints[-1] = replace(last, hold_s=last.hold_s + number(params[0]))
            case _:
                self.unknown.setdefault(command, []).append(one)

    def _take_off(self, params: list[Any]) -> None:
        """It climbs at home, whatever the item says; what differs is told."""
        if params[4] is None or params[5] is None or not (params[4] or params[5]):
            return
        there = place(params[4], params[5])
        if self.home is not None and distance_m(self.home, there) > _SAME_PLACE_M:
            far_m = distance_m(self.home, there)
            self.findings.append(
                warn(
                    "file.take_off_elsewhere",
                    f"the file takes off {far_m:.0f} m from its launch point: this aircraft climbs "
                    "over the launch point",
                    f"文件中的起飞位置距起飞点{far_m:.0f}米：本机在起飞点上方爬升",
                )
            )

    def _waypoint(self, one: int, frame: int, params: list[Any]) -> None:
        datum = _DATUMS.get(frame)
        if datum is None:
            self.findings.append(_no_frame(one, frame))
            return
        height_m = number(params[6])
        if datum is Datum.AMSL and self.home_elevation_amsl_m is not None:
            self.amsl_count += 1
            height_m, datum = height_m - self.home_elevation_amsl_m, Datum.HOME
        self.waypoints.append(
            Waypoint(
                point=place(params[4], params[5]),
                height=Height(metres=height_m, datum=datum),
                speed_m_s=self.speed_m_s,
                hold_s=max(0.0, number(params[0] or 0.0)),
                gimbal_pitch_deg=self.pitch_deg,
                camera_bearing_true_deg=self.bearing_true_deg,
            )
        )

    def _camera(self, command: int, params: list[Any]) -> None:
        pitch, yaw = params[0], params[1] if command == GIMBAL else params[2]
        if pitch is not None:
            self.pitch_deg = number(pitch)
        is_to_north = command == GIMBAL and bool(_whole(params[4] or 0) & YAW_LOCK)
        if yaw is None or is_to_north:
            self.bearing_true_deg = None if yaw is None else number(yaw) % 360.0
        elif number(yaw) != 0.0:
            self.unknown.setdefault(0, []).append(len(self.waypoints) + 1)

    def _land(self, one: int, params: list[Any]) -> None:
        self.is_over = True
        is_there = params[4] is not None and params[5] is not None and bool(params[4] or params[5])
        there = place(params[4], params[5]) if is_there else None
        if there is None or self.home is None or distance_m(self.home, there) > _SAME_PLACE_M:
            self.findings.append(
                stop(
                    "file.lands_elsewhere",
                    f"item {one} lands away from the launch point: a patrol comes home; make it a "
                    "rally point, or end with a return",
                    f"第{one}项在起飞点以外降落：巡查须返航；请改为备降点，或以返航结束",
                )
            )

    def _told(self) -> Iterator[Finding]:
        """One finding a command that has no like here, and one for heights that were reckoned."""
        if self.amsl_count:
            yield warn(
                "file.height_amsl",
                f"{self.amsl_count} heights above sea level were reckoned from the file's launch "
                f"point, {self.home_elevation_amsl_m:.1f} m above the sea: look at that figure",
                f"{self.amsl_count}个海拔高度已按文件所记起飞点海拔"
                f"{self.home_elevation_amsl_m:.1f}米换算：请核对",
            )
        for command, items in self.unknown.items():
            yield _not_taken(command, items)


def flattened(items: Sequence[Any], findings: list[Finding]) -> Iterator[dict[str, Any]]:
    """Simple items, and those that a survey or a corridor is made of."""
    for one, item in enumerate(items, 1):
        if not isinstance(item, dict):
            raise NoPlace(f"item {one} is no item", f"第{one}项不是任务项")
        if item.get("type") != "ComplexItem":
            yield item
            continue
        kind = item.get("complexItemType")
        parts = item.get("TransectStyleComplexItem")
        inner = parts.get("Items") if isinstance(parts, dict) else None
        if kind in _TRANSECTS and isinstance(inner, list) and inner:
            yield from flattened(inner, findings)
            continue
        findings.append(
            stop(
                "file.complex_item",
                f"item {one} is a {kind}, which carries no waypoints: take it apart in "
                "QGroundControl and save again",
                f"第{one}项为{kind}，文件中没有其航点：请在QGroundControl中拆解后重新保存",
            )
        )


def _not_taken(command: int, items: Sequence[int]) -> Finding:
    listed = ", ".join(map(str, items[:8])) + ("…" if len(items) > 8 else "")
    if command == -1:
        return warn(
            "file.after_return", f"what stands behind the return is not flown (items {listed})",
            f"返航之后的任务项不执行（第{listed}项）",
        )  # fmt: skip
    if command == 0:
        return note(
            "file.camera_turned",
            f"the camera is turned with the aircraft before waypoints {listed}: its direction is "
            "not taken over",
            f"第{listed}航点前的云台方向随机身而定，未沿用",
        )
    if command < _LAST_NAV or command in _MOVES_ALL_THE_SAME:
        return stop(
            "file.command_moves",
            f"command {command} (items {listed}) moves the aircraft in a way that is not flown "
            "here: the route would be another one; replace it with waypoints",
            f"指令{command}（第{listed}项）所要求的飞行方式本站不支持，航线将与文件不同：请改为航点",
        )
    return warn(
        "file.command_left_out", f"command {command} (items {listed}) is not taken over",
        f"指令{command}（第{listed}项）未沿用",
    )  # fmt: skip


def _no_frame(one: int, frame: int) -> Finding:
    return stop(
        "file.frame",
        f"item {one} is in frame {frame}, which is neither above home, above the sea nor above the "
        "ground: save it with one of these",
        f"第{one}项的坐标系为{frame}，既非相对起飞点、海拔，也非相对地面：请改后重新保存",
    )


def _whole(value: object) -> int:
    found = number(value)
    if not found.is_integer():
        raise NoPlace(f"{found:g} is no whole number", f"{found:g}不是整数")
    return int(found)
