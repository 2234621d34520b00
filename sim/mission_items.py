"""Which mission, fence and rally items PX4 v1.16 takes, and how they read; it keeps none."""

from __future__ import annotations

import math
from typing import Any

from pymavlink.dialects.v20 import common as mavlink

from patrol.geo import GeoPoint
from sim.fence import is_fence_item
from sim.mission import GIMBAL, Item

MISSION, FENCE, RALLY = 0, 1, 2  # MAV_MISSION_TYPE
MOST = {MISSION: 10_000, FENCE: 64, RALLY: 32}  # PX4's simulation
ACCEPTED, ERROR, UNSUPPORTED_FRAME, UNSUPPORTED, NO_SPACE, INVALID, WRONG_LAT = 0, 1, 2, 3, 4, 5, 10
CANCELLED = 15
_GLOBAL_RELATIVE = (3, 6)  # MAV_FRAME_GLOBAL_RELATIVE_ALT and its _INT form
_GLOBAL = (0, 5, *_GLOBAL_RELATIVE)
_NO_FRAME = 2  # MAV_FRAME_MISSION: an item without a place
_READ_BACK_FRAME = {3: 6, 0: 5}  # what PX4 gives back for what it was sent
_RALLY_POINT = 5100
# What PX4 takes with a place and without one (mavlink_mission.cpp, parse_mavlink_mission_item),
# less what is not simulated: jumps, gates, loiters to a height, another home, fixed wings.
_PLACED = frozenset({16, 17, 19, 21, 22, 195})
_FLOWN_UNPLACED = frozenset({20, 93, 178, 197, 1000, 1001})
_CAMERA = frozenset({200, 203, 205, 206, 214, 530, 534, 2000, 2001, 2500, 2501})


def in_whole_numbers(item: Any) -> Any:  # noqa: ANN401  # pymavlink's messages
    """A MISSION_ITEM (degrees as floats) as the MISSION_ITEM_INT that says the same."""
    if item.get_type() == "MISSION_ITEM_INT":
        return item
    has_place = item.frame in _GLOBAL
    x, y = (_whole(part * 1e7 if has_place else part) for part in (item.x, item.y))
    return mavlink.MAVLink_mission_item_int_message(
        item.target_system, item.target_component, item.seq, item.frame, item.command,
        item.current, item.autocontinue, item.param1, item.param2, item.param3, item.param4,
        x, y, item.z, item.mission_type,
    )  # fmt: skip


def refusal(item: Any) -> int:  # noqa: ANN401
    """MAV_MISSION_RESULT for one item of an upload."""
    if item.frame not in (*_GLOBAL, _NO_FRAME):
        return UNSUPPORTED_FRAME
    if item.frame in _GLOBAL and not (abs(item.x) <= 90e7 and abs(item.y) <= 180e7):
        return WRONG_LAT
    if item.frame in _GLOBAL and not math.isfinite(item.z):
        return INVALID
    if item.mission_type == FENCE:
        return ACCEPTED if item.frame in _GLOBAL and is_fence_item(item) else ERROR
    if item.mission_type == RALLY:
        return ACCEPTED if item.frame in _GLOBAL and item.command == _RALLY_POINT else ERROR
    known = _PLACED if item.frame in _GLOBAL else _FLOWN_UNPLACED | _CAMERA
    return ACCEPTED if item.command in known else UNSUPPORTED


def read(item: Any, home_amsl_m: float) -> Item:  # noqa: ANN401
    """The item as it is flown."""
    params = (item.param1, item.param2, item.param3, item.param4)
    if item.command == GIMBAL:
        return Item(command=GIMBAL, params=params, point=None, up_m=float(item.x))
    is_placed = item.frame in _GLOBAL
    is_relative = item.frame in _GLOBAL_RELATIVE
    up_m = item.z if is_relative or not is_placed else item.z - home_amsl_m
    point = place(item) if is_placed else None
    return Item(command=item.command, params=params, point=point, up_m=up_m)


def place(item: Any) -> GeoPoint:  # noqa: ANN401
    """Where it is."""
    return GeoPoint(lat_deg=item.x / 1e7, lon_deg=item.y / 1e7)


def read_back(item: Any, who: tuple[int, int], *, is_current: bool, is_old_form: bool) -> Any:  # noqa: ANN401
    """What is sent when it is asked for: MISSION_ITEM to MISSION_REQUEST, else MISSION_ITEM_INT."""
    params = (item.param1, item.param2, item.param3, item.param4)
    if is_old_form:
        has_place = item.frame in _GLOBAL
        x, y = (part / 1e7 if has_place else float(part) for part in (item.x, item.y))
        return mavlink.MAVLink_mission_item_message(
            *who, item.seq, item.frame, item.command, int(is_current), item.autocontinue, *params,
            x, y, item.z, item.mission_type,
        )  # fmt: skip
    return mavlink.MAVLink_mission_item_int_message(
        *who, item.seq, _READ_BACK_FRAME.get(item.frame, item.frame), item.command,
        int(is_current), item.autocontinue, *params, item.x, item.y, item.z, item.mission_type,
    )  # fmt: skip


def _whole(value: float) -> int:
    """As an int32; what fits none is no place, and is refused as such."""
    return round(value) if abs(value) < 2**31 - 1 else 2**31 - 1
