"""One aircraft through MAVSDK: `run` keeps the link and publishes, `do` commands and confirms.

An acknowledgement is never proof: each command is done when the state shows it.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, assert_never

import anyio
import structlog
from mavsdk.asyncio import Configuration, Mavsdk, System
from mavsdk.asyncio.plugins.action import ActionAsync
from mavsdk.asyncio.plugins.info import InfoAsync
from mavsdk.asyncio.plugins.mission_raw import MissionRawAsync
from mavsdk.asyncio.plugins.param import ParamAsync
from mavsdk.autopilot import Autopilot
from mavsdk.component_type import ComponentType
from mavsdk.exceptions import MavsdkError
from mavsdk.plugins.gimbal import ControlMode, GimbalMode, SendMode

from drone import mavsdk_convert as convert
from drone.mavsdk_calls import CONFIRM_S, Calls
from drone.mavsdk_streams import Newest, Streams
from drone.preflight import FAILSAFE_PARAMETERS, LINK_LOSS_ACTION
from patrol.bus import Bus
from patrol.clock import WallClock, WorldClock
from patrol.errors import CommandDenied, ConfigError, LinkLost
from patrol.geo import GeoPoint, bearing_true_deg, distance_m
from patrol.plan import MissionPlan
from patrol.story import StoryEvent
from patrol.telemetry import FlightMode, TelemetrySample, VehicleSaid
from patrol.vehicle import (
    Arm,
    Command,
    Facts,
    Hold,
    Land,
    LookAt,
    ReturnHome,
    StartMission,
    TakeOff,
    Upload,
)

_FIRST_CONTACT_S = 8.0  # wall; a person is told within 10
_CLIMB_M_S_MIN = 0.5
_LINK_AGE_S = 3.0  # wall
_EXECUTOR_THREADS = 32  # MAVSDK blocks one a call; the default six starve other calls
_GRAVITY: dict[type[Command], int] = {ReturnHome: 1, Land: 2}  # these break off what is less
_PX4_INT = frozenset({"NAV_DLL_ACT", "COM_LOW_BAT_ACT", "GF_ACTION"})
_HEARD_AFTER_S = 2.0  # wall; two heartbeats of ours
_RETURN_ON_LINK_LOSS = 2  # PX4: hold, then return
_PX4_ONLY = (Upload, Arm, TakeOff, StartMission)
_NO_ARDUPILOT = (
    "this is an ArduPilot, which is not supported: the checks before take-off rest on the "
    "fail-safe settings of PX4"
)
_SCHEMES = ("udpin://", "udpout://", "udp://", "tcpin://", "tcpout://", "tcp://", "serial://")
_log = structlog.get_logger(__name__)


def prepare_executor() -> None:
    """Give MAVSDK's blocking calls threads enough; call once in the running loop."""
    executor = ThreadPoolExecutor(_EXECUTOR_THREADS, thread_name_prefix="mavsdk")
    asyncio.get_running_loop().set_default_executor(executor)


class MavsdkVehicle:
    """Fulfils `patrol.vehicle.Vehicle`."""

    def __init__(
        self,
        vehicle_id: str,
        url: str,
        *,
        bus: Bus,
        world: WorldClock,
        wall: WallClock,
        rate_hz: float = 5.0,
    ) -> None:
        if not url.startswith(_SCHEMES):
            raise ConfigError(f"not an aircraft's address: {url!r} (such as udpin://0.0.0.0:14540)")
        self._vehicle_id = vehicle_id
        self._url = url
        self._bus = bus
        self._world = world
        self._wall = wall
        self._period_s = 1.0 / rate_hz
        self._newest = Newest()
        self._calls = Calls(self._newest, wall)
        self._sample: TelemetrySample | None = None
        self._system: System | None = None
        self._contact_s = 0.0
        self._streams: Streams | None = None
        self._plan: MissionPlan | None = None
        self._is_mission_confirmed = self._is_fence_confirmed = False
        self._has_gimbal_control = False

    @property
    def vehicle_id(self) -> str:
        """Its configured name."""
        return self._vehicle_id

    def latest(self) -> TelemetrySample | None:
        """The newest sample; None until the first."""
        return self._sample

    async def run(self) -> None:
        """Connect, then publish samples until cancelled; LinkLost when nobody answers at first."""
        mavsdk = Mavsdk(Configuration.create_with_component_type(ComponentType.GROUND_STATION))
        try:
            try:
                await mavsdk.add_any_connection(self._url)
            except MavsdkError as error:
                raise LinkLost(f"{self._url} cannot be opened: {error}") from error
            system = await mavsdk.first_autopilot(_FIRST_CONTACT_S)
            if system is None:
                raise LinkLost(
                    f"no autopilot was heard at {self._url} within {_FIRST_CONTACT_S:.0f} s"
                )
            self._system, self._contact_s = system, self._wall.monotonic_s()
            self._streams = Streams(system, self._newest, self._wall, self._heard_text)
            async with anyio.create_task_group() as group:
                group.start_soon(self._streams.run)
                await self._publish()
        finally:
            with anyio.CancelScope(shield=True):
                # A command that is under way ends by itself within 2 s; closing under it hangs.
                async with self._calls.turn():
                    self._system = None
                    mavsdk.destroy()

    async def do(self, command: Command) -> None:
        """Carry out and confirm, one at a time; return and land break off what is under way."""
        async with self._calls.turn(_GRAVITY.get(type(command), 0)):
            await self._do(command)

    async def ask(self) -> Facts:
        """Read what pre-flight needs; None where the autopilot does not answer."""
        async with self._calls.turn():
            system = self._require_system()
            reader, info = ParamAsync(system), InfoAsync(system)
            parameters = {name: await self._parameter(reader, name) for name in FAILSAFE_PARAMETERS}
            version = await self._calls.read(info.get_version)
        autopilot = None
        if version is not None:
            numbers = (version.flight_sw_major, version.flight_sw_minor, version.flight_sw_patch)
            autopilot = ".".join(str(number) for number in numbers)
        return Facts(
            autopilot=autopilot,
            is_armable=self._newest.is_armable,
            parameters=parameters,
            is_fence_confirmed=self._is_fence_confirmed,
            is_mission_confirmed=self._is_mission_confirmed,
        )

    async def _publish(self) -> None:
        is_lost = False
        while True:
            await self._wall.sleep(self._period_s)
            if self._newest.position is None:
                continue
            now_utc, age_s = (
                self._world.now_utc(),
                self._wall.monotonic_s() - self._newest.heard_at_s,
            )
            if age_s > _LINK_AGE_S and self._sample is not None:
                now_utc = self._sample.time_utc  # an old position gets no new time
            self._sample = self._newest.sample(self._vehicle_id, now_utc, self._waypoint)
            if age_s <= _LINK_AGE_S:  # tracks and poses are made of what is published
                self._bus.publish(self._sample)
            if (age_s > _LINK_AGE_S) != is_lost:
                is_lost = not is_lost
                name = "link.lost" if is_lost else "link.back"
                _log.warning(name, vehicle=self._vehicle_id, age_s=round(age_s, 1))
                self._bus.publish(
                    StoryEvent(
                        name=name,
                        time_utc=self._world.now_utc(),
                        fields={"vehicle": self._vehicle_id, "age_s": round(age_s, 1)},
                    )  # fmt: skip
                )

    def _waypoint(self, item: int) -> int:
        if self._plan is None:
            return 0
        return convert.waypoints_before(self._plan, item)

    def _heard_text(self, text: Any) -> None:  # noqa: ANN401  # MAVSDK's types are untyped
        words = text.text.strip()
        self._newest.texts.append((self._wall.monotonic_s(), words))
        said = VehicleSaid(
            vehicle_id=self._vehicle_id, time_utc=self._world.now_utc(), severity=text.type.name,
            text=words,
        )  # fmt: skip
        self._bus.publish(said)
        fields = {"vehicle": self._vehicle_id, "severity": said.severity, "text": words}
        self._bus.publish(StoryEvent(name="vehicle.said", time_utc=said.time_utc, fields=fields))

    async def _do(self, command: Command) -> None:
        system = self._require_system()
        if isinstance(command, _PX4_ONLY) and await system.autopilot_type() == Autopilot.ARDUPILOT:
            raise CommandDenied(type(command).__name__.lower(), _NO_ARDUPILOT)
        action = ActionAsync(system)
        match command:
            case Upload():
                await self._upload(command.plan)
            case Arm():
                await self._calls.confirmed("arm", action.arm, lambda n: n.is_armed is True)
            case TakeOff():
                await self._take_off(action, command.height_above_home_m)
            case StartMission():
                await self._start_mission()
            case Hold():
                await self._calls.confirmed("hold", action.hold, _is_in(FlightMode.HOLD))
                await self._calls.until("hold", _stands_still)
            case LookAt():
                await self._look_at(command)
            case ReturnHome():
                home = _is_in(FlightMode.RETURN, FlightMode.LAND)
                await self._calls.confirmed("return", action.return_to_launch, home)
            case Land():
                await self._calls.confirmed("land", action.land, _is_in(FlightMode.LAND))
            case _:
                assert_never(command)

    async def _upload(self, plan: MissionPlan) -> None:
        mission = MissionRawAsync(self._require_system())
        items, fence = convert.mission_items(plan), convert.fence_items(plan)
        self._is_mission_confirmed = self._is_fence_confirmed = False
        since_s = self._wall.monotonic_s()
        await self._calls.tried("upload fence", lambda: mission.upload_geofence(fence))
        await self._calls.tried("upload mission", lambda: mission.upload_mission(items))
        got_fence = await self._calls.tried("read fence", mission.download_geofence)
        got_items = await self._calls.tried("read mission", mission.download_mission)
        for name, sent, got in (("fence", fence, got_fence), ("mission", items, got_items)):
            if wrong := convert.differences(sent, got):
                raise CommandDenied(f"upload {name}", "read back: " + "; ".join(wrong[:3]))
        words = self._newest.texts_since(since_s)
        if faults := [text for text in words if "geofence" in text.lower()]:
            raise CommandDenied("upload", "; ".join(faults))
        await self._calls.tried(
            "return height",
            lambda: ActionAsync(self._require_system()).set_return_to_launch_altitude(
                plan.return_height.metres
            ),
        )
        await self._arm_link_loss(plan)
        self._plan = plan
        self._is_mission_confirmed = self._is_fence_confirmed = True

    async def _arm_link_loss(self, plan: MissionPlan) -> None:
        """PX4 does nothing on link loss until told to: set what the approved plan says, and tell.

        An autopilot that does not know the parameter is left alone; pre-flight finds it missing.
        """
        parameters = ParamAsync(self._require_system())
        before = await self._parameter(parameters, LINK_LOSS_ACTION)
        if before != 0 or plan.on_link_loss != "return":
            return
        # PX4 that has not yet heard our heartbeats would take the link for lost at once.
        await self._wall.sleep(self._contact_s + _HEARD_AFTER_S - self._wall.monotonic_s())
        await self._calls.tried(
            LINK_LOSS_ACTION,
            lambda: parameters.set_param_int(LINK_LOSS_ACTION, _RETURN_ON_LINK_LOSS),
        )
        fields = {
            "vehicle": self._vehicle_id, "parameter": LINK_LOSS_ACTION, "before": before,
            "value": _RETURN_ON_LINK_LOSS, "reason": "the plan returns on link loss",
        }  # fmt: skip
        self._bus.publish(
            StoryEvent(name="parameter.set", time_utc=self._world.now_utc(), fields=fields)
        )

    async def _take_off(self, action: ActionAsync, height_m: float) -> None:
        await self._calls.tried("take-off height", lambda: action.set_takeoff_altitude(height_m))
        set_m = await self._calls.tried("take-off height", action.get_takeoff_altitude)
        if abs(set_m - height_m) > 0.1:  # a take-off at once could still use the old value
            raise CommandDenied("take off", f"the height stayed at {set_m:.1f} m")
        await self._calls.confirmed("take off", action.takeoff, lambda n: n.is_in_air is True)
        await self._calls.until(
            "take off",
            lambda n: (n.height_above_home_m or 0.0) > height_m - 1.0,
            within_s=CONFIRM_S + height_m / _CLIMB_M_S_MIN,
        )

    async def _start_mission(self) -> None:
        mission = MissionRawAsync(self._require_system())
        await self._calls.confirmed(
            "start mission", mission.start_mission, _is_in(FlightMode.MISSION)
        )
        await self._aim_as_planned()

    async def _aim_as_planned(self) -> None:
        """After a look-hold the autopilot does not turn the camera back by itself."""
        item, plan = self._newest.mission_item, self._plan
        if plan is None or item is None:
            return
        number = min(self._waypoint(item), len(plan.waypoints) - 1)
        waypoint = plan.waypoints[number]
        if waypoint.gimbal_pitch_deg is not None and waypoint.camera_bearing_true_deg is not None:
            await self._aim(waypoint.gimbal_pitch_deg, waypoint.camera_bearing_true_deg)

    async def _look_at(self, command: LookAt) -> None:
        position, altitude_m = self._newest.position, self._newest.altitude_amsl_m
        if position is None or altitude_m is None:
            raise CommandDenied("look at", "the aircraft's own position is not known")
        if self._newest.gimbal_id is None:
            await self._turn_nose(command.point, altitude_m)
            return
        below_m = altitude_m - command.altitude_amsl_m
        pitch_deg = -math.degrees(math.atan2(below_m, distance_m(position, command.point)))
        bearing_deg = bearing_true_deg(position, command.point)
        await self._aim(pitch_deg, bearing_deg)
        await self._calls.until("look at", lambda n: _points(n, pitch_deg, bearing_deg))

    async def _turn_nose(self, point: GeoPoint, altitude_m: float) -> None:
        """Without a gimbal the nose looks."""
        position = self._newest.position
        if position is None:
            return
        action = ActionAsync(self._require_system())
        bearing_deg = bearing_true_deg(position, point)
        await self._calls.tried(
            "turn",
            lambda: action.goto_location(
                position.lat_deg, position.lon_deg, altitude_m, bearing_deg
            ),
        )

    async def _aim(self, pitch_deg: float, bearing_deg: float) -> None:
        gimbal_id = self._newest.gimbal_id
        if gimbal_id is None or self._streams is None:
            return  # an aircraft without a gimbal flies its plan with a fixed camera
        gimbal = self._streams.gimbal
        if not self._has_gimbal_control:
            await self._calls.tried(
                "gimbal", lambda: gimbal.take_control(gimbal_id, ControlMode.PRIMARY)
            )
            self._has_gimbal_control = True
        yaw_deg = convert.signed(bearing_deg)
        await self._calls.tried(
            "gimbal",
            lambda: gimbal.set_angles(
                gimbal_id, 0.0, pitch_deg, yaw_deg, GimbalMode.YAW_LOCK, SendMode.ONCE
            ),
        )

    async def _parameter(self, reader: ParamAsync, name: str) -> float | None:
        read = reader.get_param_int if name in _PX4_INT else reader.get_param_float
        value = await self._calls.read(lambda: read(name))
        return None if value is None else float(value)

    def _require_system(self) -> System:
        if self._system is None:
            raise CommandDenied("command", "the aircraft is not connected")
        return self._system


def _is_in(*modes: FlightMode) -> Callable[[Newest], bool]:
    return lambda newest: newest.mode in modes


def _stands_still(newest: Newest) -> bool:
    velocity = newest.velocity
    return velocity is not None and math.hypot(velocity.north_m_s, velocity.east_m_s) < 0.5


def _points(newest: Newest, pitch_deg: float, bearing_deg: float) -> bool:
    camera = newest.camera
    if camera is None:
        return False
    off_deg = abs(convert.signed(camera.bearing_true_deg - bearing_deg))
    return off_deg < 2.0 and abs(camera.pitch_deg - pitch_deg) < 2.0
