"""Puts a plan on board: sends mission and fence, reads both back, believes only what came back."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from mavsdk.asyncio.plugins.action import ActionAsync
from mavsdk.asyncio.plugins.mission_raw import MissionRawAsync
from mavsdk.asyncio.plugins.param import ParamAsync
from mavsdk.exceptions import MavsdkError
from mavsdk.plugins.mission_raw import MissionItem, MissionRawResult

from drone import mavsdk_convert as convert
from drone.failsafes import LINK_LOSS_ACTION
from drone.mavsdk_calls import TRY_AGAIN_S, Means, result_name, said_zh, shielded
from drone.mavsdk_way_home import put_rally, set_return_type
from patrol.errors import CommandDenied
from patrol.geo import is_inside
from patrol.plan import MissionPlan

_ROUNDS = 4  # at 5 % loss each way one in some thousand rounds fails
_CORNERS_MIN = 3
_SAME_M = 0.1
_DIFFERENCES_TOLD = 3
_HEARTBEAT_S = 1.0  # wall
_HEARD_AFTER_S = 2.0  # wall; two heartbeats of ours
_RETURN_ON_LINK_LOSS = 2  # PX4: hold, then return
# Nobody said no: the list may have arrived all the same, and only reading it back can tell.
_NO_ANSWER = frozenset({MissionRawResult.TIMEOUT, MissionRawResult.TRANSFER_CANCELLED})
Reason = tuple[str, str]  # in English and in Chinese
_NOTHING: Reason = ("", "")
_REASONS: dict[object, Reason] = {
    MissionRawResult.TIMEOUT: ("no answer", "无应答"),
    MissionRawResult.BUSY: ("the link is busy with another transfer", "链路正在进行另一传输"),
    MissionRawResult.TOO_MANY_MISSION_ITEMS: (
        "more items than the autopilot can hold", "项数超过飞控容量"
    ),
    MissionRawResult.PROTOCOL_ERROR: ("the autopilot answered with an error", "飞控返回错误"),
    MissionRawResult.DENIED: ("the autopilot refused it", "飞控拒绝"),
    MissionRawResult.UNSUPPORTED: (
        "the autopilot does not know one of its items", "飞控不支持其中某项"
    ),
    MissionRawResult.INT_MESSAGES_NOT_SUPPORTED: (
        "the autopilot says that it takes no such items", "飞控表示不接受此类项"
    ),
    MissionRawResult.INVALID_SEQUENCE: ("the items came in another order", "各项顺序错乱"),
}  # fmt: skip

Put = Callable[[Sequence[MissionItem]], Awaitable[None]]
Get = Callable[[], Awaitable[Sequence[MissionItem]]]


class Uploads:
    """What is on board of one aircraft, as far as it was read back."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self.contact_s = -math.inf  # wall, first contact
        self.plan: MissionPlan | None = None  # the newest that was confirmed
        self.waypoint_counts: list[int] = []  # of it: how many waypoints lie before each item
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
        mission = MissionRawAsync(self._means.system())
        items, fence = convert.mission_items(plan), convert.fence_items(plan)
        since_s = self._means.wall.monotonic_s()
        await self._transfer("fence", mission.upload_geofence, mission.download_geofence, fence)
        await self._transfer("mission", mission.upload_mission, mission.download_mission, items)
        # Also when there are none: it would come home to those of an older plan.
        put_points = partial(put_rally, self._means.system())
        rally = convert.rally_items(plan)
        await self._transfer("rally points", put_points, mission.download_rallypoints, rally)
        words = self._means.newest.texts_since(since_s)
        if faults := [text for text in words if "geofence" in text.lower()]:
            told = "; ".join(faults)
            raise CommandDenied("upload", told, said_zh(told))
        _require_inside_its_fence(plan)
        await self._set_return_height(plan.return_height.metres)
        await set_return_type(self._means.system(), self._means.calls, plan, self._means.tell)
        await self._arm_link_loss(plan)
        if self._has_changed:
            raise CommandDenied(
                "upload", "what is on board was changed by another meanwhile",
                "上传期间机上内容被他方更改",
            )  # fmt: skip
        self._keep(plan)
        self.is_confirmed = True

    async def recognise(self, plan: MissionPlan) -> None:
        """What is on board is this plan, or CommandDenied says where it is not."""
        mission = MissionRawAsync(self._means.system())
        self.is_confirmed = self._has_changed = False
        for name, get, items in (
            ("mission", mission.download_mission, convert.mission_items(plan)),
            ("fence", mission.download_geofence, convert.fence_items(plan)),
            ("rally points", mission.download_rallypoints, convert.rally_items(plan)),
        ):
            got = await self._got(f"read {name}", get)
            if wrong := convert.differences(items, got):
                raise CommandDenied(f"recognise {name}", *_told(wrong))
        self._keep(plan)
        self.is_confirmed = not self._has_changed

    def _keep(self, plan: MissionPlan) -> None:
        self.plan = plan
        self.waypoint_counts = convert.waypoint_counts(plan)

    async def _got(self, name: str, get: Get) -> Sequence[MissionItem]:
        """What is on board, asked for again where the answer was lost."""
        return await self._means.calls.tried(
            name, lambda: self._means.calls.transfer(name, get, self._stop_download)
        )

    async def _stop_download(self) -> None:
        await MissionRawAsync(self._means.system()).cancel_mission_download()

    async def _stop_upload(self) -> None:
        await MissionRawAsync(self._means.system()).cancel_mission_upload()

    async def _transfer(self, name: str, put: Put, get: Get, items: list[MissionItem]) -> None:
        """Send until the same comes back. Neither a yes nor a missing yes is proof."""
        calls, reasons = self._means.calls, [_NOTHING]
        for attempt in range(self.rounds):
            calls.check(f"upload {name}")
            if attempt:
                await self._means.wall.sleep(TRY_AGAIN_S)
            refusal, is_answered = await self._put(f"upload {name}", put, items)
            reasons = [refusal]
            if refusal != _NOTHING and is_answered:
                continue
            try:
                got = await calls.transfer(f"read {name}", get, self._stop_download)
            except MavsdkError as error:
                why, why_zh = _reason(error)
                reasons = [(f"it could not be read back: {why}", f"无法读回：{why_zh}")]
                continue
            wrong = convert.differences(items, got)
            if not wrong:
                return
            reasons = [refusal, ("something else is on board", "机上内容不一致"), _told(wrong)]
        raise CommandDenied(
            f"upload {name}",
            "; ".join(en for en, _ in reasons if en), "；".join(zh for _, zh in reasons if zh),
        )  # fmt: skip

    async def _put(self, name: str, put: Put, items: list[MissionItem]) -> tuple[Reason, bool]:
        """Why it was not taken, nothing when it was; and whether anybody answered."""
        since_s = self._means.wall.monotonic_s()
        try:
            await self._means.calls.transfer(name, lambda: put(items), self._stop_upload)
        except MavsdkError as error:
            words = "; ".join(self._means.newest.texts_since(since_s))
            reason = (words, said_zh(words)) if words else _reason(error)
            return reason, getattr(error, "result", None) not in _NO_ANSWER
        return _NOTHING, True

    async def _set_return_height(self, height_m: float) -> None:
        """Done when it reads back so."""
        action, reason = ActionAsync(self._means.system()), _NOTHING
        for attempt in range(self.rounds):
            self._means.calls.check("return height")
            if attempt:  # before its first heartbeat MAVSDK takes no autopilot to have one
                await self._means.wall.sleep(_HEARTBEAT_S)
            try:
                await shielded(lambda: action.set_return_to_launch_altitude(height_m))
                got_m = await shielded(action.get_return_to_launch_altitude)
            except MavsdkError as error:
                reason = _reason(error)
                continue
            if abs(got_m - height_m) < _SAME_M:
                return
            reason = (f"it stayed at {got_m:.0f} m", f"仍为{got_m:.0f}米")
        raise CommandDenied("return height", *reason)

    async def _arm_link_loss(self, plan: MissionPlan) -> None:
        """PX4 does nothing on link loss until told to: set what the approved plan says, and tell.

        An autopilot that does not know the parameter is left alone; pre-flight finds it missing.
        """
        parameters = ParamAsync(self._means.system())
        before = await self._means.calls.read(lambda: parameters.get_param_int(LINK_LOSS_ACTION))
        if before != 0 or plan.on_link_loss != "return":
            return
        # PX4 that has not yet heard our heartbeats would take the link for lost at once.
        await self._means.wall.sleep(
            self.contact_s + _HEARD_AFTER_S - self._means.wall.monotonic_s()
        )
        await self._means.calls.tried(
            LINK_LOSS_ACTION,
            lambda: parameters.set_param_int(LINK_LOSS_ACTION, _RETURN_ON_LINK_LOSS),
        )
        fields = {
            "parameter": LINK_LOSS_ACTION, "before": before, "value": _RETURN_ON_LINK_LOSS,
            "reason": "the plan returns on link loss",
        }  # fmt: skip
        self._means.tell("parameter.set", fields)


def _reason(error: MavsdkError) -> Reason:
    name = result_name(error)
    return _REASONS.get(getattr(error, "result", None), (name, said_zh(name)))


def _told(wrong: Sequence[Reason]) -> Reason:
    """The first few differences."""
    few = wrong[:_DIFFERENCES_TOLD]
    return "; ".join(en for en, _ in few), "；".join(zh for _, zh in few)


def _require_something_to_fly(plan: MissionPlan) -> None:
    if not plan.waypoints:
        raise CommandDenied(
            "upload mission", "the plan has no waypoint: there is nothing to fly",
            "计划没有航点，无可飞行",
        )  # fmt: skip
    if len(plan.fence) < _CORNERS_MIN:
        raise CommandDenied(
            "upload fence", "the plan's fence has fewer than three corners", "计划围栏少于三个顶点"
        )


def _require_inside_its_fence(plan: MissionPlan) -> None:
    """The autopilot says so itself, but its words can get lost on the way."""
    if not is_inside(plan.home, plan.fence):
        raise CommandDenied(
            "upload", "the plan's fence leaves its home outside", "返航点在计划围栏之外"
        )
    for number, waypoint in enumerate(plan.waypoints, start=1):
        if not is_inside(waypoint.point, plan.fence):
            raise CommandDenied(
                "upload", f"waypoint {number} is outside the plan's fence",
                f"第{number}个航点在计划围栏之外",
            )  # fmt: skip
