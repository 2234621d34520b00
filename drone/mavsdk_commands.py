"""Carries out commands. An acknowledgement is never proof: done is what the state shows.

Each is idempotent: where the state shows already what is asked, nothing is sent.
"""

from __future__ import annotations

import hmac
import math
from typing import assert_never

from mavsdk.asyncio.plugins.action import ActionAsync
from mavsdk.asyncio.plugins.mission_raw import MissionRawAsync
from mavsdk.autopilot import Autopilot

from drone.mavsdk_calls import CONFIRM_S, Means, is_in
from drone.mavsdk_camera import Camera
from drone.mavsdk_moves import Moves
from drone.mavsdk_upload import Uploads
from drone.newest import Newest
from patrol.errors import CommandDenied
from patrol.telemetry import FlightMode
from patrol.vehicle import (
    Arm,
    ArmKill,
    ChangeHeight,
    ChangeSpeed,
    Command,
    GoTo,
    Hold,
    Kill,
    Land,
    LookAt,
    Orbit,
    PointCamera,
    Recognise,
    ReturnHome,
    StandOff,
    StartMission,
    TakeOff,
    Upload,
)

_NAVIGATOR_LEARNS_S = 0.3  # wall
_KILL_WITHIN_S = 10.0  # wall
_CLIMB_M_S_MIN = 0.5  # slower is not done in time
_AT_HEIGHT_M = 1.0

_NAMES: dict[type[Command], str] = {
    Upload: "upload", Arm: "arm", TakeOff: "take off", StartMission: "start mission",
}  # fmt: skip
_NO_ARDUPILOT = (
    "this is an ArduPilot, which is not supported: the checks before take-off rest on the "
    "fail-safe settings of PX4"
)
_NO_ARDUPILOT_ZH = "该飞控为ArduPilot，不受支持：起飞前检查依据PX4的失效保护参数"


class Commands:
    """The deeds of one aircraft; the vehicle sees to it that there is one at a time."""

    def __init__(self, means: Means, uploads: Uploads) -> None:
        self._means = means
        self._uploads = uploads
        self._kill_token = ""
        self._kill_armed_at_s = -math.inf
        self.camera = Camera(means)
        self._moves = Moves(means, uploads, self.camera)

    async def carry_out(self, command: Command) -> None:
        """Send what is needed and wait until the state shows it; CommandDenied in words."""
        await self._refuse_ardupilot(command)
        match command:
            case Upload():
                await self._uploads.send(command.plan)
            case Recognise():
                await self._uploads.recognise(command.plan)
            case Arm():
                await self._means.calls.once(
                    "arm", lambda: self._action.arm(), lambda n: n.is_armed is True
                )
            case TakeOff():
                await self._take_off(command.height_above_home_m)
            case StartMission():
                await self._start_mission()
            case Hold():
                await self._moves.hold()
            case GoTo() | StandOff() | ChangeHeight() | Orbit() | ChangeSpeed():
                await self._moves.move(command)
            case LookAt():
                await self._moves.look_at(command.point, command.altitude_amsl_m)
            case PointCamera():
                await self.camera.point(command.pitch_deg, command.bearing_true_deg)
            case ReturnHome():
                await self._return_home()
            case Land():
                await self._means.calls.once("land", lambda: self._action.land(), _is_landing)
            case ArmKill():
                self.arm_kill(command)
            case Kill():
                await self._kill(command)
            case _:
                assert_never(command)

    async def _refuse_ardupilot(self, command: Command) -> None:
        if type(command) not in _NAMES:
            return
        if await self._means.system().autopilot_type() == Autopilot.ARDUPILOT:
            raise CommandDenied(_NAMES[type(command)], _NO_ARDUPILOT, _NO_ARDUPILOT_ZH)

    @property
    def _action(self) -> ActionAsync:
        return ActionAsync(self._means.system())

    async def _take_off(self, height_m: float) -> None:
        newest, action = self._means.newest, self._action

        def is_there(now: Newest) -> bool:
            # Not before its own word: PX4 ends a climb with a hold, and a mission that it is asked
            # for at that moment is acknowledged and then lost to that hold.
            is_high = (now.height_above_home_m or 0.0) > height_m - _AT_HEIGHT_M
            return is_high and now.mode is not FlightMode.TAKE_OFF

        if newest.is_in_air:
            if is_there(newest):
                return
            if newest.mode is not FlightMode.TAKE_OFF:
                raise CommandDenied(
                    "take off", "it is in the air: change its height instead",
                    "飞行器已在空中：请改用改变高度",
                )  # fmt: skip
        else:
            await self._means.calls.tried(
                "take-off height", lambda: action.set_takeoff_altitude(height_m)
            )
            set_m = await self._means.calls.tried("take-off height", action.get_takeoff_altitude)
            if abs(set_m - height_m) > 0.1:  # a take-off at once could still use the old value
                raise CommandDenied(
                    "take off", f"the height stayed at {set_m:.1f} m",
                    f"起飞高度仍为{set_m:.1f}米",
                )  # fmt: skip
            # PX4 reads back the new value before its navigator has it: one took off to 2.5 m.
            await self._means.wall.sleep(_NAVIGATOR_LEARNS_S)
            await self._means.calls.confirmed(
                "take off", action.takeoff, lambda n: n.is_in_air is True
            )
        await self._means.calls.until(
            "take off", is_there, within_s=CONFIRM_S + height_m / _CLIMB_M_S_MIN
        )

    async def _return_home(self) -> None:
        # One that lands where it is, is not on its way home: only the mode return is done already.
        if not self._means.calls.is_shown(is_in(FlightMode.RETURN)):
            home = is_in(FlightMode.RETURN, FlightMode.LAND)
            if self._means.newest.mode is FlightMode.LAND:
                home = is_in(FlightMode.RETURN)  # the landing under way proves nothing
            await self._means.calls.confirmed("return", self._action.return_to_launch, home)

    async def _start_mission(self) -> None:
        mission = MissionRawAsync(self._means.system())
        await self._means.calls.once(
            "start mission", mission.start_mission, is_in(FlightMode.MISSION)
        )
        item, plan = self._means.newest.mission_item, self._uploads.plan
        if plan is None or item is None:
            return
        try:
            await self.camera.aim_as_planned(plan, item)
        except CommandDenied as error:
            # The mission flies: to refuse it now would tell the opposite of what is so.
            fields = {"text": str(error), "text_zh": error.text_zh}
            self._means.tell("camera.not_aimed", fields)

    def arm_kill(self, command: ArmKill) -> None:
        """First of two steps; waits for nothing, and nothing is sent."""
        if not command.token:
            raise CommandDenied("kill", "the first step needs a token", "第一步需要口令")
        self._kill_token, self._kill_armed_at_s = command.token, self._means.wall.monotonic_s()
        self._means.tell("kill.armed", {"within_s": _KILL_WITHIN_S})

    async def _kill(self, command: Kill) -> None:
        age_s = self._means.wall.monotonic_s() - self._kill_armed_at_s
        if not self._kill_token or age_s > _KILL_WITHIN_S:
            raise CommandDenied(
                "kill", f"it was not prepared in the last {_KILL_WITHIN_S:.0f} s",
                f"未在{_KILL_WITHIN_S:.0f}秒内先行准备",
            )  # fmt: skip
        if not hmac.compare_digest(self._kill_token.encode(), command.token.encode()):
            raise CommandDenied("kill", "it was prepared by somebody else", "由他人准备")
        self._means.tell("kill.sent", {})
        await self._means.calls.once(
            "kill", lambda: self._action.kill(), lambda n: n.is_armed is False
        )
        self._kill_token = ""


def _is_landing(newest: Newest) -> bool:
    is_down = newest.is_in_air is False and newest.is_armed is False
    return is_down or newest.mode is FlightMode.LAND
