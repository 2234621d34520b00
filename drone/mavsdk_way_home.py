"""Tells the autopilot how to come home as the plan says: rally points and return type."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from mavsdk.asyncio import System
from mavsdk.asyncio.plugins.mavlink_direct import MavlinkDirectAsync, MavlinkMessage
from mavsdk.asyncio.plugins.mission_raw import MissionRawAsync
from mavsdk.asyncio.plugins.param import ParamAsync
from mavsdk.plugins.mission_raw import MissionItem

from drone.mavsdk_calls import Calls
from drone.return_type import RETURN_TYPE, check_return_type, return_type
from patrol.plan import MissionPlan, WayHome

_RALLY_LIST = 2  # MAV_MISSION_TYPE_RALLY
_REASONS = {
    WayHome.STRAIGHT: "the plan comes home straight",
    WayHome.RALLY: "the plan comes home to the nearest landing place",
    WayHome.ROUTE: "the plan comes home along its route",
}
_AUTOPILOT = 1  # MAV_COMP_ID_AUTOPILOT1


async def put_rally(system: System, items: Sequence[MissionItem]) -> None:
    """Send rally points, or clear those on board; only reading them back tells whether it is so.

    MAVSDK refuses an empty list (NO_MISSION_AVAILABLE), so the clearing is sent by its own message.
    """
    if items:
        await MissionRawAsync(system).upload_rally_points(list(items))
        return
    target = await system.get_system_id()
    fields = {
        "target_system": target, "target_component": _AUTOPILOT, "mission_type": _RALLY_LIST,
    }  # fmt: skip
    await MavlinkDirectAsync(system).send_message(
        MavlinkMessage(
            message_name="MISSION_CLEAR_ALL",
            target_system_id=target,
            target_component_id=_AUTOPILOT,
            fields_json=json.dumps(fields),
        )  # fmt: skip
    )


async def set_return_type(
    system: System, calls: Calls, plan: MissionPlan, tell: Callable[[str, dict[str, Any]], None]
) -> None:
    """Set the return type where it would not come home by the plan's way, and tell.

    A type that the autopilot does not know is left alone; pre-flight finds it missing.
    """
    parameters = ParamAsync(system)
    before = await calls.read(lambda: parameters.get_param_int(RETURN_TYPE))
    if before is None or check_return_type(float(before), plan) is None:
        return
    value = return_type(plan)
    await calls.tried(RETURN_TYPE, lambda: parameters.set_param_int(RETURN_TYPE, value))
    fields = {
        "parameter": RETURN_TYPE, "before": before, "value": value,
        "reason": _REASONS[plan.way_home],
    }  # fmt: skip
    tell("parameter.set", fields)
