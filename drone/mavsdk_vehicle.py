"""One aircraft through MAVSDK: `run` keeps the link and publishes, `do` commands and confirms.

An acknowledgement is never proof: each command is done when the state shows it.
"""

from __future__ import annotations

import asyncio
import math
from pathlib import Path
from typing import Any

import anyio
import structlog
from mavsdk.asyncio import System
from mavsdk.asyncio.plugins.info import InfoAsync
from mavsdk.asyncio.plugins.param import ParamAsync

from drone.failsafes import FAILSAFE_PARAMETERS
from drone.flight_log import FlightLog, log_path
from drone.link_settings import LinkSettings
from drone.mavlink_frames import Frame
from drone.mavlink_streams import POSITION, read
from drone.mavsdk_calls import INTERRUPTIBLE, Calls, Means
from drone.mavsdk_commands import Commands
from drone.mavsdk_fleet import Fleet
from drone.mavsdk_fleet import prepare_executor as prepare_executor
from drone.mavsdk_logs import Progress, download_newest_log
from drone.mavsdk_rates import Rates
from drone.mavsdk_streams import Streams
from drone.mavsdk_upload import Uploads
from drone.newest import Newest, Part
from drone.overheard import Overheard
from drone.roster import AircraftLink
from drone.transports import check_url
from patrol.bus import Bus
from patrol.clock import WallClock, WorldClock
from patrol.errors import CommandDenied, LinkLost
from patrol.groups import one_error
from patrol.story import StoryEvent
from patrol.telemetry import TelemetrySample, VehicleSaid
from patrol.vehicle import (
    Arm,
    ArmKill,
    Command,
    Facts,
    Hold,
    Kill,
    Land,
    LookAt,
    ReturnHome,
    StartMission,
    TakeOff,
    Upload,
)

_LINK_AGE_S = 3.0  # wall
_CONTESTED_S = 5.0  # wall
_HEALTH_AGE_S = 5.0  # wall
_REST_COMES_S = 0.01  # wall; attitude and camera come in the same breath as the position
# The graver breaks off what is less: a flight to a place ends when the aircraft is to hold, the
# way up does not.
_GRAVITY: dict[type[Command], int] = {
    Upload: 1, Arm: 1, TakeOff: 1, StartMission: 1, LookAt: 1, Hold: 1, ReturnHome: 2, Land: 3,
    Kill: 4,
}  # fmt: skip
_TRIED_IN_SILENCE = (Hold, ReturnHome, Land, Kill)
_PX4_INT = frozenset({"NAV_DLL_ACT", "COM_DL_LOSS_T", "COM_LOW_BAT_ACT", "GF_ACTION", "RTL_TYPE"})
_log = structlog.get_logger(__name__)


class MavsdkVehicle:
    """Fulfils `patrol.vehicle.Vehicle`."""

    def __init__(
        self,
        settings: LinkSettings,
        *,
        bus: Bus,
        world: WorldClock,
        wall: WallClock,
        fleet: Fleet | None = None,
    ) -> None:
        """Without a fleet it is alone. ConfigError for what is no address."""
        check_url(settings.url)
        self._settings = settings
        self._vehicle_id = settings.name
        self._bus = bus
        self._world = world
        self._wall = wall
        self._period_s = 1.0 / settings.rate_hz
        self._fleet = fleet
        self._newest = Newest()
        self._calls = Calls(self._newest, wall)
        means = Means(
            system=self._require_system, calls=self._calls, newest=self._newest, wall=wall,
            tell=self._tell,
        )  # fmt: skip
        self._uploads = Uploads(means)
        self._commands = Commands(means, self._uploads)
        self._overheard = Overheard(self._newest, self._tell, self._uploads.forget)
        self._sample: TelemetrySample | None = None
        self._due_s = self._published_at_s = -math.inf  # wall
        self._system: System | None = None
        self._link: AircraftLink | None = None
        self._own_id = 0
        self._told_absent = ""

    @property
    def vehicle_id(self) -> str:
        """Its configured name."""
        return self._vehicle_id

    def latest(self) -> TelemetrySample | None:
        """The newest sample; None until the first."""
        return self._sample

    async def run(self) -> None:
        """Join the fleet, then publish until cancelled; LinkLost when nobody answers at first."""
        with one_error():
            async with anyio.create_task_group() as group:
                fleet = self._fleet
                if fleet is None:
                    fleet = Fleet(bus=self._bus, world=self._world, wall=self._wall)
                    group.start_soon(fleet.run)
                try:
                    await self._live(fleet)
                except LinkLost as error:
                    if str(error) != self._told_absent:  # not at every try again
                        self._told_absent = str(error)
                        fields = {"text": str(error), "text_zh": error.text_zh}
                        self._tell("link.none", fields)
                    raise

    async def _live(self, fleet: Fleet) -> None:
        self._link = link = AircraftLink(
            name=self._vehicle_id, url=self._settings.url, wanted_id=self._settings.system_id,
            newest=self._newest, on_frame=self._heard_frame, on_sent=self._overheard.sent,
            log=self._flight_log(),
        )  # fmt: skip
        self._uploads.forget()  # who knows what was put on board while we were away
        async with fleet.joined(link) as system:
            streams = Streams(system, self._newest, self._wall, self._heard_text)
            rates = Rates(system, link, self._wall, rate_hz=1.0 / self._period_s, tell=self._tell)
            self._commands.camera.connect(streams.gimbal)
            self._told_absent = ""
            self._system, self._own_id = system, fleet.own_id
            self._uploads.contact_s = self._wall.monotonic_s()
            try:
                async with anyio.create_task_group() as group:
                    group.start_soon(streams.run)
                    group.start_soon(rates.run)
                    if link.log is not None:
                        group.start_soon(link.log.run)
                    await self._publish()
            finally:
                with anyio.CancelScope(shield=True):
                    # A command that is under way ends by itself within 2 s; closing under it hangs.
                    async with self._calls.turn():
                        self._system = None
                        self._commands.camera.connect(None)

    async def do(self, command: Command) -> None:
        """Carry out and confirm, one at a time; the graver breaks off what is under way.

        LinkLost when it is silent; what brings it down safely is tried all the same.
        """
        if isinstance(command, ArmKill):
            self._commands.arm_kill(command)
            return
        if not isinstance(command, _TRIED_IN_SILENCE):
            self._check_link(command)
        async with self._calls.turn(_GRAVITY.get(type(command), 0)):
            self._require_system()
            await self._commands.carry_out(command)
            self._refresh()  # who asks for the newest sample now sees what was done

    def _check_link(self, command: Command) -> None:
        link, now_s = self._link, self._wall.monotonic_s()
        if link is None or self._system is None:
            return  # not connected, and told so
        if link.contested_at_s is not None and now_s - link.contested_at_s < _CONTESTED_S:
            raise CommandDenied(
                "command",
                f"another aircraft with system id {link.system_id} is heard: give each its own",
                f"收到另一架系统编号同为{link.system_id}的飞行器：请分别设置",
            )
        age_s = self._newest.age_s(Part.LINK, now_s)
        if age_s is None:
            raise LinkLost(
                f"{self._vehicle_id} has not been heard yet", text_zh=f"尚未收到{self._vehicle_id}"
            )
        if age_s > _LINK_AGE_S:
            raise LinkLost(
                f"{self._vehicle_id} was last heard {age_s:.0f} s ago",
                text_zh=f"{self._vehicle_id}已失联{age_s:.0f}秒",
            )

    async def ask(self) -> Facts:
        """Read what pre-flight needs; None where the autopilot does not answer."""
        async with self._calls.turn():
            system = self._require_system()
            reader, info = ParamAsync(system), InfoAsync(system)
            parameters = {name: await self._parameter(reader, name) for name in FAILSAFE_PARAMETERS}
            version = await self._calls.read(info.get_version)
        health_s = self._newest.age_s(Part.HEALTH, self._wall.monotonic_s())
        is_stale = health_s is None or health_s > _HEALTH_AGE_S
        autopilot = None
        if version is not None:
            numbers = (version.flight_sw_major, version.flight_sw_minor, version.flight_sw_patch)
            autopilot = ".".join(str(number) for number in numbers)
        return Facts(
            autopilot=autopilot,
            is_armable=None if is_stale else self._newest.is_armable,
            parameters=parameters,
            is_fence_confirmed=self._uploads.is_confirmed,
            is_mission_confirmed=self._uploads.is_confirmed,
            clock_off_s=self._clock_off_s(),
        )

    def _clock_off_s(self) -> float | None:
        told_s = self._newest.clock_utc_s
        age_s = self._newest.age_s(Part.CLOCK, self._wall.monotonic_s())
        if told_s is None or age_s is None or age_s > _LINK_AGE_S:
            return None
        return told_s + age_s * self._world.speed - self._world.now_utc().timestamp()

    async def download_log(self, folder: Path, progress: Progress) -> Path:
        """The autopilot's own newest log; CommandDenied in words, and while it is armed."""
        if self._newest.is_armed is not False:
            raise CommandDenied(
                "download log", "only on the ground, disarmed", "仅可在地面上锁后下载"
            )
        async with self._calls.turn(INTERRUPTIBLE):
            system = self._require_system()
            return await download_newest_log(system, self._calls, folder, progress)

    async def _publish(self) -> None:
        """Samples come as positions do; here is what there is to say when none comes."""
        is_lost = False
        while True:
            await self._wall.sleep(self._period_s)
            now_s = self._wall.monotonic_s()
            if now_s - self._published_at_s > 1.5 * self._period_s:
                self._publish_sample()
            age_s = self._newest.age_s(Part.LINK, now_s) or 0.0
            if (age_s > _LINK_AGE_S) != is_lost:
                is_lost = not is_lost
                name = "link.lost" if is_lost else "link.back"
                _log.warning(name, vehicle=self._vehicle_id, age_s=round(age_s, 1))
                self._tell(name, {"age_s": round(age_s, 1)})

    def _heard_frame(self, frame: Frame, now_s: float) -> None:
        read(frame, self._newest, now_s)
        self._overheard.hear(frame, self._own_id, now_s)
        if frame.message_id != POSITION or now_s < self._due_s:
            return
        # A little early is in time: positions come at this rate themselves, and not on the dot.
        self._due_s = max(self._due_s + self._period_s, now_s + 0.5 * self._period_s)
        loop = asyncio.get_running_loop()
        loop.call_later(_REST_COMES_S, self._publish_sample)

    def _publish_sample(self) -> None:
        if self._newest.position is None or self._system is None:
            return
        self._published_at_s = self._wall.monotonic_s()
        if self._refresh() and self._sample is not None:
            self._bus.publish(self._sample)

    def _refresh(self) -> bool:
        """Make the newest sample; whether its position is news.

        An old position gets no new time and is not published: tracks and poses are made of it.
        What else is told (mode, satellites) is still there for who asks.
        """
        now_s, newest = self._wall.monotonic_s(), self._newest
        is_news = now_s - newest.heard_at_s <= _LINK_AGE_S
        now_utc = self._world.now_utc()
        if not is_news and self._sample is not None:
            now_utc = self._sample.time_utc
        if is_news or self._sample is not None:
            self._sample = newest.sample(self._vehicle_id, now_utc, self._waypoint, now_s)
        return is_news

    def _flight_log(self) -> FlightLog | None:
        folder = self._settings.log_folder
        if folder is None:
            return None
        path = log_path(folder, self._vehicle_id, self._world.now_utc())
        return FlightLog(path, world=self._world, wall=self._wall, tell=self._tell)

    def _tell(self, name: str, fields: dict[str, Any]) -> None:
        fields = {"vehicle": self._vehicle_id, **fields}
        event = StoryEvent(
            name=name, time_utc=self._world.now_utc(), aircraft=self._vehicle_id, fields=fields
        )
        self._bus.publish(event)

    def _waypoint(self, item: int) -> int:
        counts = self._uploads.waypoint_counts
        return counts[min(item, len(counts) - 1)] if counts else 0

    def _heard_text(self, text: Any) -> None:  # noqa: ANN401  # MAVSDK's types are untyped
        words = text.text.strip()
        self._newest.texts.append((self._wall.monotonic_s(), words))
        said = VehicleSaid(
            vehicle_id=self._vehicle_id, time_utc=self._world.now_utc(), severity=text.type.name,
            text=words,
        )  # fmt: skip
        self._bus.publish(said)
        self._tell("vehicle.said", {"severity": said.severity, "text": words})

    async def _parameter(self, reader: ParamAsync, name: str) -> float | None:
        read = reader.get_param_int if name in _PX4_INT else reader.get_param_float
        value = await self._calls.read(lambda: read(name))
        return None if value is None else float(value)

    def _require_system(self) -> System:
        if self._system is None:
            raise CommandDenied("command", "the aircraft is not connected", "飞行器未连接")
        return self._system
