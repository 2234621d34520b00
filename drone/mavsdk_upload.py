"""Puts a plan on board: sends mission and fence, reads both back, believes only what came back."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from mavsdk.asyncio import System
from mavsdk.asyncio.plugins.action import ActionAsync
from mavsdk.asyncio.plugins.mission_raw import MissionRawAsync
from mavsdk.asyncio.plugins.param import ParamAsync
from mavsdk.exceptions import MavsdkError
from mavsdk.plugins.mission_raw import MissionItem, MissionRawResult

from drone import mavsdk_convert as convert
from drone.failsafes import LINK_LOSS_ACTION
from drone.mavsdk_calls import TRY_AGAIN_S, Calls, result_name, shielded
from drone.mavsdk_way_home import put_rally, set_return_type
from drone.newest import Newest
from patrol.clock import WallClock
from patrol.errors import CommandDenied
from patrol.geo import is_inside
from patrol.plan import MissionPlan

_ROUNDS = 4  # at 5 % loss each way one in some thousand rounds fails
_CORNERS_MIN = 3
_SAME_M = 0.1
_HEARTBEAT_S = 1.0  # wall
_HEARD_AFTER_S = 2.0  # wall; two heartbeats of ours
_RETURN_ON_LINK_LOSS = 2  # PX4: hold, then return
# Nobody said no: the list may have arrived all the same, and only reading it back can tell.
_NO_ANSWER = frozenset({MissionRawResult.TIMEOUT, MissionRawResult.TRANSFER_CANCELLED})
_REASONS = {
    MissionRawResult.TIMEOUT: "no answer",
    MissionRawResult.BUSY: "the link is busy with another transfer",
    MissionRawResult.TOO_MANY_MISSION_ITEMS: "more items than the autopilot can hold",
    MissionRawResult.PROTOCOL_ERROR: "the autopilot answered with an error",
    MissionRawResult.DENIED: "the autopilot refused it",
    MissionRawResult.UNSUPPORTED: "the autopilot does not know one of its items",
    MissionRawResult.INT_MESSAGES_NOT_SUPPORTED: "the autopilot says that it takes no such items",
    MissionRawResult.INVALID_SEQUENCE: "the items came in another order",
}

Put = Callable[[Sequence[MissionItem]], Awaitable[None]]
Get = Callable[[], Awaitable[Sequence[MissionItem]]]


class Uploads:
    """What is on board of one aircraft, as far as it was read back."""

    def __init__(
        self,
        system: Callable[[], System],
        calls: Calls,
        newest: Newest,
        wall: WallClock,
        tell: Callable[[str, dict[str, Any]], None],
    ) -> None:
        """`system` raises CommandDenied while there is no link; `tell` publishes a story event."""
        self._system = system
        self._calls = calls
        self._newest = newest
        self._wall = wall
        self._tell = tell
        self.contact_s = -math.inf  # wall, first contact
        self.plan: MissionPlan | None = None  # the newest that was confirmed
        self.is_confirmed = False
        self.rounds = _ROUNDS
        self._has_changed = False

    def forget(self) -> None:
        """Somebody else changed what is on board, or the autopilot restarted."""
        self.is_confirmed, self._has_changed = False, True

    async def send(self, plan: MissionPlan) -> None:
        """The plan on board with its way home, or CommandDenied in words; nothing in between."""
        self.is_confirmed = self._has_changed = False
        _require_something_to_fly(plan)
        mission = MissionRawAsync(self._system())
        items, fence = convert.mission_items(plan), convert.fence_items(plan)
        since_s = self._wall.monotonic_s()
        await self._transfer("fence", mission.upload_geofence, mission.download_geofence, fence)
        await self._transfer("mission", mission.upload_mission, mission.download_mission, items)
        # Also when there are none: it would come home to those of an older plan.
        put_points = partial(put_rally, self._system())
        rally = convert.rally_items(plan)
        await self._transfer("rally points", put_points, mission.download_rallypoints, rally)
        words = self._newest.texts_since(since_s)
        if faults := [text for text in words if "geofence" in text.lower()]:
            raise CommandDenied("upload", "; ".join(faults))
        _require_inside_its_fence(plan)
        await self._set_return_height(plan.return_height.metres)
        await set_return_type(self._system(), self._calls, plan, self._tell)
        await self._arm_link_loss(plan)
        if self._has_changed:
            raise CommandDenied("upload", "what is on board was changed by another meanwhile")
        self.plan = plan
        self.is_confirmed = True

    async def recognise(self, plan: MissionPlan) -> None:
        """What is on board is this plan, or CommandDenied says where it is not."""
        mission = MissionRawAsync(self._system())
        self.is_confirmed = self._has_changed = False
        for name, get, items in (
            ("mission", mission.download_mission, convert.mission_items(plan)),
            ("fence", mission.download_geofence, convert.fence_items(plan)),
            ("rally points", mission.download_rallypoints, convert.rally_items(plan)),
        ):
            got = await self._calls.tried(f"read {name}", get)
            if wrong := convert.differences(items, got):
                raise CommandDenied(f"recognise {name}", "; ".join(wrong[:3]))
        self.plan, self.is_confirmed = plan, not self._has_changed

    async def _transfer(self, name: str, put: Put, get: Get, items: list[MissionItem]) -> None:
        """Send until the same comes back. Neither a yes nor a missing yes is proof."""
        reason = ""
        for attempt in range(self.rounds):
            self._calls.check(f"upload {name}")
            if attempt:
                await self._wall.sleep(TRY_AGAIN_S)
            refusal, is_answered = await self._put(put, items)
            if refusal and is_answered:
                reason = refusal
                continue
            self._calls.check(f"read {name}")
            try:
                got = await shielded(get)
            except MavsdkError as error:
                reason = f"it could not be read back: {_reason(error)}"
                continue
            wrong = convert.differences(items, got)
            if not wrong:
                return
            reason = "; ".join(filter(None, (refusal, "something else is on board", *wrong[:3])))
        raise CommandDenied(f"upload {name}", reason)

    async def _put(self, put: Put, items: list[MissionItem]) -> tuple[str, bool]:
        """Why it was not taken, empty when it was; and whether anybody answered."""
        since_s = self._wall.monotonic_s()
        try:
            await shielded(lambda: put(items))
        except MavsdkError as error:
            words = "; ".join(self._newest.texts_since(since_s))
            return words or _reason(error), getattr(error, "result", None) not in _NO_ANSWER
        return "", True

    async def _set_return_height(self, height_m: float) -> None:
        """Done when it reads back so."""
        action, reason = ActionAsync(self._system()), ""
        for attempt in range(self.rounds):
            self._calls.check("return height")
            if attempt:  # before its first heartbeat MAVSDK takes no autopilot to have one
                await self._wall.sleep(_HEARTBEAT_S)
            try:
                await shielded(lambda: action.set_return_to_launch_altitude(height_m))
                got_m = await shielded(action.get_return_to_launch_altitude)
            except MavsdkError as error:
                reason = _reason(error)
                continue
            if abs(got_m - height_m) < _SAME_M:
                return
            reason = f"it stayed at {got_m:.0f} m"
        raise CommandDenied("return height", reason)

    async def _arm_link_loss(self, plan: MissionPlan) -> None:
        """PX4 does nothing on link loss until told to: set what the approved plan says, and tell.

        An autopilot that does not know the parameter is left alone; pre-flight finds it missing.
        """
        parameters = ParamAsync(self._system())
        before = await self._calls.read(lambda: parameters.get_param_int(LINK_LOSS_ACTION))
        if before != 0 or plan.on_link_loss != "return":
            return
        # PX4 that has not yet heard our heartbeats would take the link for lost at once.
        await self._wall.sleep(self.contact_s + _HEARD_AFTER_S - self._wall.monotonic_s())
        await self._calls.tried(
            LINK_LOSS_ACTION,
            lambda: parameters.set_param_int(LINK_LOSS_ACTION, _RETURN_ON_LINK_LOSS),
        )
        fields = {
            "parameter": LINK_LOSS_ACTION, "before": before, "value": _RETURN_ON_LINK_LOSS,
            "reason": "the plan returns on link loss",
        }  # fmt: skip
        self._tell("parameter.set", fields)


def _reason(error: MavsdkError) -> str:
    return _REASONS.get(getattr(error, "result", None)) or result_name(error)


def _require_something_to_fly(plan: MissionPlan) -> None:
    if not plan.waypoints:
        raise CommandDenied("upload mission", "the plan has no waypoint: there is nothing to fly")
    if len(plan.fence) < _CORNERS_MIN:
        raise CommandDenied("upload fence", "the plan's fence has fewer than three corners")


def _require_inside_its_fence(plan: MissionPlan) -> None:
    """The autopilot says so itself, but its words can get lost on the way."""
    if not is_inside(plan.home, plan.fence):
        raise CommandDenied("upload", "the plan's fence leaves its home outside")
    for number, waypoint in enumerate(plan.waypoints, start=1):
        if not is_inside(waypoint.point, plan.fence):
            raise CommandDenied("upload", f"waypoint {number} is outside the plan's fence")
