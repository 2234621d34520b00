"""Carries out commands. An acknowledgement is never proof: done is what the state shows.

Each is idempotent: where the state shows already what is asked, nothing is sent.
"""

from __future__ import annotations

import hmac
import math
from collections.abc import Callable
from typing import Any, assert_never

from mavsdk.asyncio import System
from mavsdk.asyncio.plugins.action import ActionAsync
from mavsdk.asyncio.plugins.mission_raw import MissionRawAsync
from mavsdk.autopilot import Autopilot
from mavsdk.plugins.action import OrbitYawBehavior

from drone.mavsdk_calls import CONFIRM_S, Calls
from drone.mavsdk_camera import Camera
from drone.mavsdk_upload import Uploads
from drone.newest import Newest, Part
from patrol.clock import WallClock
from patrol.errors import CommandDenied
from patrol.geo import GeoPoint, bearing_true_deg, distance_m, is_inside, offset
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

_FRESH_S = 2.0  # wall; an older mode proves nothing about now
_KILL_WITHIN_S = 10.0  # wall
_CLIMB_M_S_MIN, _CRUISE_M_S_MIN = 0.5, 1.0  # slower than these is not done in time
_THERE_M, _AT_HEIGHT_M, _STANDS_M_S = 3.0, 1.0, 0.5
_BRAKES_M_S2 = 1.75
_ORBIT_RADIUS_M = (5.0, 1000.0)

_PX4_ONLY = (Upload, Arm, TakeOff, StartMission)
_NO_ARDUPILOT = (
    "this is an ArduPilot, which is not supported: the checks before take-off rest on the "
    "fail-safe settings of PX4"
)

State = Callable[[Newest], bool]


class Commands:
    """The deeds of one aircraft; the vehicle sees to it that there is one at a time."""

    def __init__(
        self,
        system: Callable[[], System],
        calls: Calls,
        newest: Newest,
        wall: WallClock,
        uploads: Uploads,
        tell: Callable[[str, dict[str, Any]], None],
    ) -> None:
        self._system = system
        self._calls = calls
        self._newest = newest
        self._wall = wall
        self._uploads = uploads
        self._tell = tell
        self._kill_token = ""
        self._kill_armed_at_s = -math.inf
        self.camera = Camera(calls, newest)

    async def carry_out(self, command: Command) -> None:
        """Send what is needed and wait until the state shows it; CommandDenied in words."""
        await self._refuse_ardupilot(command)
        match command:
            case Upload():
                await self._uploads.send(command.plan)
            case Recognise():
                await self._uploads.recognise(command.plan)
            case Arm():
                await self._once("arm", self._action.arm, lambda n: n.is_armed is True)
            case TakeOff():
                await self._take_off(command.height_above_home_m)
            case StartMission():
                await self._start_mission()
            case Hold():
                await self._hold()
            case GoTo() | StandOff() | ChangeHeight() | Orbit() | ChangeSpeed():
                await self._move(command)
            case LookAt():
                await self._look_at(command.point, command.altitude_amsl_m)
            case PointCamera():
                await self.camera.point(command.pitch_deg, command.bearing_true_deg)
            case ReturnHome():
                home = _is_in(FlightMode.RETURN, FlightMode.LAND)
                await self._once("return", self._action.return_to_launch, home)
            case Land():
                await self._once("land", self._action.land, _is_landing)
            case ArmKill() | Kill():
                await self._kill(command)
            case _:
                assert_never(command)

    async def _refuse_ardupilot(self, command: Command) -> None:
        if not isinstance(command, _PX4_ONLY):
            return
        if await self._system().autopilot_type() == Autopilot.ARDUPILOT:
            raise CommandDenied(type(command).__name__.lower(), _NO_ARDUPILOT)

    @property
    def _action(self) -> ActionAsync:
        return ActionAsync(self._system())

    async def _once(self, name: str, call: Callable[[], Any], is_done: State) -> None:
        """Nothing is sent where a fresh heartbeat shows it done."""
        age_s = self._newest.age_s(Part.MODE, self._wall.monotonic_s())
        if age_s is not None and age_s < _FRESH_S and is_done(self._newest):
            self._system()  # not connected is told all the same
            return
        await self._calls.confirmed(name, call, is_done)

    async def _take_off(self, height_m: float) -> None:
        newest, action = self._newest, self._action

        def is_there(now: Newest) -> bool:
            return (now.height_above_home_m or 0.0) > height_m - _AT_HEIGHT_M

        if newest.is_in_air:
            if is_there(newest):
                return
            if newest.mode is not FlightMode.TAKE_OFF:
                raise CommandDenied("take off", "it is in the air: change its height instead")
        else:
            await self._calls.tried(
                "take-off height", lambda: action.set_takeoff_altitude(height_m)
            )
            set_m = await self._calls.tried("take-off height", action.get_takeoff_altitude)
            if abs(set_m - height_m) > 0.1:  # a take-off at once could still use the old value
                raise CommandDenied("take off", f"the height stayed at {set_m:.1f} m")
            await self._calls.confirmed("take off", action.takeoff, lambda n: n.is_in_air is True)
        await self._calls.until(
            "take off", is_there, within_s=CONFIRM_S + height_m / _CLIMB_M_S_MIN
        )

    async def _start_mission(self) -> None:
        mission = MissionRawAsync(self._system())
        await self._once("start mission", mission.start_mission, _is_in(FlightMode.MISSION))
        item, plan = self._newest.mission_item, self._uploads.plan
        if plan is not None and item is not None:
            await self.camera.aim_as_planned(plan, item)

    async def _hold(self) -> None:
        if self._newest.mode is FlightMode.HOLD and not _stands_still(self._newest):
            # It is on its way to a place that it was sent to: only another place stops that.
            await self._reposition("hold", self._stopping_point(), None)
        else:
            await self._once("hold", self._action.hold, _is_in(FlightMode.HOLD))
        await self._calls.until("hold", _stands_still)

    async def _move(self, command: GoTo | StandOff | ChangeHeight | Orbit | ChangeSpeed) -> None:
        name = _MOVES[type(command)]
        if not self._newest.is_in_air:
            raise CommandDenied(name, "the aircraft is not in the air")
        match command:
            case GoTo():
                await self._go(name, command.point, command.height_above_home_m)
            case ChangeHeight():
                await self._go(name, self._here(name), command.height_above_home_m)
            case StandOff():
                here = self._here(name)
                bearing_deg = bearing_true_deg(command.centre, here)
                spot = _from(command.centre, command.distance_m, bearing_deg)
                await self._go(name, spot, command.height_above_home_m)
                await self._look_at(command.centre, command.altitude_amsl_m)
            case Orbit():
                await self._orbit(command)
            case ChangeSpeed():
                await self._change_speed(command.speed_m_s)

    async def _go(self, name: str, point: GeoPoint, height_m: float) -> None:
        def is_there(now: Newest) -> bool:
            return (
                now.mode is FlightMode.HOLD
                and now.position is not None
                and now.height_above_home_m is not None
                and distance_m(now.position, point) < _THERE_M
                and abs(now.height_above_home_m - height_m) < _AT_HEIGHT_M
                and _stands_still(now)
            )

        if is_there(self._newest):
            return
        self._check_inside(name, [point], height_m)
        way_m = distance_m(self._here(name), point)
        climb_m = abs((self._newest.height_above_home_m or 0.0) - height_m)
        await self._reposition(name, point, height_m)
        await self._calls.until(
            name, is_there,
            within_s=CONFIRM_S + way_m / _CRUISE_M_S_MIN + climb_m / _CLIMB_M_S_MIN,
        )  # fmt: skip

    def _check_inside(self, name: str, points: list[GeoPoint], height_m: float) -> None:
        """Nobody is sent where the approved plan on board does not reach."""
        plan = self._uploads.plan
        if plan is None:
            return  # nothing on board to leave; the autopilot's own fence still answers
        if not all(is_inside(point, plan.fence) for point in points):
            raise CommandDenied(name, "that is outside the plan's fence")
        if height_m > plan.ceiling_agl_m:
            raise CommandDenied(name, f"that is above the ceiling of {plan.ceiling_agl_m:.0f} m")

    async def _reposition(self, name: str, point: GeoPoint, height_m: float | None) -> None:
        altitude_m = self._amsl(name, height_m)
        await self._calls.confirmed(
            name,
            lambda: self._action.goto_location(point.lat_deg, point.lon_deg, altitude_m, math.nan),
            _is_in(FlightMode.HOLD),
        )

    async def _orbit(self, command: Orbit) -> None:
        low_m, high_m = _ORBIT_RADIUS_M
        if not low_m <= abs(command.radius_m) <= high_m:
            raise CommandDenied("orbit", f"the radius must be {low_m:g} to {high_m:g} m")
        circle = [_from(command.centre, abs(command.radius_m), 10.0 * n) for n in range(36)]
        self._check_inside("orbit", circle, command.height_above_home_m)
        altitude_m = self._amsl("orbit", command.height_above_home_m)
        # Not `_once`: a second orbit may be another circle; the same one again changes nothing.
        await self._calls.confirmed(
            "orbit",
            lambda: self._action.do_orbit(
                command.radius_m, command.speed_m_s,
                OrbitYawBehavior.HOLD_FRONT_TO_CIRCLE_CENTER,
                command.centre.lat_deg, command.centre.lon_deg, altitude_m,
            ),
            _is_in(FlightMode.ORBIT),
        )  # fmt: skip

    async def _change_speed(self, speed_m_s: float) -> None:
        def is_so_fast(now: Newest) -> bool:
            return abs(_speed_m_s(now) - speed_m_s) < max(0.5, 0.1 * speed_m_s)

        if self._newest.mode is FlightMode.HOLD and _stands_still(self._newest):
            raise CommandDenied("change speed", "the aircraft stands; its speed would not show")
        await self._calls.tried("change speed", lambda: self._action.set_current_speed(speed_m_s))
        try:
            await self._calls.until("change speed", is_so_fast)
        except CommandDenied as error:
            told = f"{error.reason}; it flies {_speed_m_s(self._newest):.1f} m/s"
            raise CommandDenied("change speed", told) from error

    async def _look_at(self, point: GeoPoint, altitude_m: float) -> None:
        here = self._here("look at")
        above_m = self._newest.altitude_amsl_m
        if above_m is None:
            raise CommandDenied("look at", "the aircraft's own altitude is not known")
        if self._newest.gimbal_id is None:  # without a gimbal the nose looks
            bearing_deg = bearing_true_deg(here, point)
            await self._calls.tried(
                "turn",
                lambda: self._action.goto_location(
                    here.lat_deg, here.lon_deg, above_m, bearing_deg
                ),
            )
            return
        await self.camera.look_at(here, above_m, point, altitude_m)

    async def _kill(self, command: ArmKill | Kill) -> None:
        now_s = self._wall.monotonic_s()
        if isinstance(command, ArmKill):
            if not command.token:
                raise CommandDenied("kill", "the first step needs a token")
            self._kill_token, self._kill_armed_at_s = command.token, now_s
            self._tell("kill.armed", {"within_s": _KILL_WITHIN_S})
            return
        if not self._kill_token or now_s - self._kill_armed_at_s > _KILL_WITHIN_S:
            raise CommandDenied("kill", f"it was not prepared in the last {_KILL_WITHIN_S:.0f} s")
        if not hmac.compare_digest(self._kill_token.encode(), command.token.encode()):
            raise CommandDenied("kill", "it was prepared by somebody else")
        self._tell("kill.sent", {})
        await self._once("kill", self._action.kill, lambda n: n.is_armed is False)
        self._kill_token = ""

    def _here(self, name: str) -> GeoPoint:
        if self._newest.position is None:
            raise CommandDenied(name, "the aircraft's own position is not known")
        return self._newest.position

    def _amsl(self, name: str, height_m: float | None) -> float:
        """Of a height above home; of where it is, for None."""
        newest = self._newest
        if newest.altitude_amsl_m is None or newest.height_above_home_m is None:
            raise CommandDenied(name, "the aircraft's own height is not known")
        if height_m is None:
            return newest.altitude_amsl_m
        return newest.altitude_amsl_m - newest.height_above_home_m + height_m

    def _stopping_point(self) -> GeoPoint:
        here, velocity = self._here("hold"), self._newest.velocity
        if velocity is None:
            return here
        stop_s = _speed_m_s(self._newest) / (2.0 * _BRAKES_M_S2)
        return offset(here, east_m=velocity.east_m_s * stop_s, north_m=velocity.north_m_s * stop_s)


_MOVES: dict[type[Command], str] = {
    GoTo: "go to", StandOff: "stand off", ChangeHeight: "change height", Orbit: "orbit",
    ChangeSpeed: "change speed",
}  # fmt: skip


def _is_in(*modes: FlightMode) -> State:
    return lambda newest: newest.mode in modes


def _is_landing(newest: Newest) -> bool:
    is_down = newest.is_in_air is False and newest.is_armed is False
    return is_down or newest.mode is FlightMode.LAND


def _speed_m_s(newest: Newest) -> float:
    velocity = newest.velocity
    return math.inf if velocity is None else math.hypot(velocity.north_m_s, velocity.east_m_s)


def _stands_still(newest: Newest) -> bool:
    return _speed_m_s(newest) < _STANDS_M_S


def _from(centre: GeoPoint, distance: float, bearing_deg: float) -> GeoPoint:
    bearing = math.radians(bearing_deg)
    return offset(centre, east_m=distance * math.sin(bearing), north_m=distance * math.cos(bearing))
