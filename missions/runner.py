"""Flies one approved plan from upload to landing. It commands the vehicle port and nothing else."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import anyio

from missions.arming import arm_patiently
from missions.launch_call import LaunchCall
from missions.report import SortieReport, taken_words
from patrol.bus import Bus
from patrol.cause import Cause, Role
from patrol.clock import WallClock, WorldClock
from patrol.command_words import command_zh
from patrol.errors import CommandDenied, LinkLost, PreflightFailed, Refused
from patrol.geo import GeoPoint, to_geojson
from patrol.in_command import FOLLOWED, InCommand
from patrol.mode_words import mode_zh
from patrol.plan import Finding, MissionPlan, stops
from patrol.story import StoryEvent
from patrol.telemetry import FlightMode, TelemetrySample
from patrol.vehicle import Command, Hold, LookAt, ReturnHome, StartMission, TakeOff, Upload, Vehicle

_EARLIER_RUN = Cause(actor="an earlier run of the station", role=Role.PILOT)
_LOOK_EVERY_S = 0.1  # wall
_SILENT_FOR_S = 30.0  # wall; by then the autopilot's own fail-safe flies
_STALE_S = 3.0  # wall; older than this, "on the ground" is no knowledge
_HOME_AGAIN_S = 3.0  # wall
_LOOKS_FOR_MODE = 15  # samples; one is up to 0.2 s behind what confirmed a command


class SortieRunner:
    """One take-off to landing. The sticks win: an unasked mode silences it until resumed."""

    def __init__(
        self,
        *,
        plan: MissionPlan,
        vehicle: Vehicle,
        bus: Bus,
        world: WorldClock,
        wall: WallClock,
        sortie_id: str,
        preflight: Callable[[], Awaitable[list[Finding]]],
    ) -> None:
        self._plan = plan
        self._vehicle = vehicle
        self._bus = bus
        self._world = world
        self._wall = wall
        self._sortie_id = sortie_id
        self._preflight = preflight
        self.in_command = InCommand()
        self._launch = LaunchCall()
        self._sent_utc: datetime | None = None  # when take-off was sent
        self._takeoff_utc: datetime | None = None  # when it was confirmed
        self._waypoint = 0
        self._is_patrolling = False
        self._returning_for = ""  # while a return is being sent
        self._going_home_because = ""
        self._home_again_at_s = -math.inf  # wall
        self._abnormal: list[str] = []
        self._one_at_a_time = anyio.Lock()

    async def run(self) -> SortieReport:
        """The whole sortie; PreflightFailed or CommandDenied before it is in the air."""
        if not self._plan.approved_by:
            raise Refused(
                f"plan {self._plan.plan_id} is not approved",
                text_zh=f"计划{self._plan.plan_id}尚未批准",
            )
        with self._launch as launch:
            await self._vehicle.do(Upload(plan=self._plan))
            self._tell(
                "mission.uploaded", plan=self._plan.plan_id, items=len(self._plan.waypoints),
                digest=self._plan.digest, read_back=True,
            )  # fmt: skip
            findings = await launch.checked(self._preflight)
            self._tell("preflight", findings=[finding.to_dict() for finding in findings])
            if stopping := stops(findings):
                raise PreflightFailed(
                    "the aircraft is not ready", stopping, text_zh="飞行器尚未就绪"
                )
            await arm_patiently(self._vehicle, self._wall, self._tell, launch)
        try:
            await self._patrol()
        except CommandDenied:
            if not await self._is_brought_home():
                raise
        await self._follow_home()
        return self._report()

    async def take_over(self, takeoff_utc: datetime | None) -> SortieReport:
        """Go on with a sortie in the air that an earlier run of the station began.

        Its plan was recognised on board. A mission goes on and a return is followed; out of a hold
        only the pilot sends it on.
        """
        self._sent_utc = self._takeoff_utc = takeoff_utc or self._world.now_utc()
        sample = self._vehicle.latest()
        if sample is None:
            raise CommandDenied("take over", "the aircraft has told nothing", "未收到飞行器数据")
        total, mode = len(self._plan.waypoints), sample.mode
        self._waypoint = min(sample.mission_item or 0, total)
        self.in_command.found(mode, _EARLIER_RUN)
        self._abnormal.append("the station was started again in flight")
        self._tell(
            "sortie.adopted", mode=mode.value, waypoint=self._waypoint, total=total,
            held=self.in_command.held_by is not None, pilot=self.in_command.is_pilot_flying,
        )  # fmt: skip
        self._is_patrolling = True
        await self._follow_route()
        await self._follow_home()
        return self._report()

    @property
    def has_taken_off(self) -> bool:
        """Whether it has been in the air on this sortie, or may be: not known counts as yes."""
        if self._takeoff_utc is not None or self._sent_utc is None:
            return self._takeoff_utc is not None
        sample = self._vehicle.latest()
        if sample is None or self._wall.monotonic_s() - sample.heard_at_s > _STALE_S:
            return True
        return sample.is_in_air is not False

    async def follow_down(self, because: str) -> SortieReport:
        """After a failure in the air: others fly it now; follow until it is on the ground."""
        if because not in self._abnormal:
            self._abnormal.append(because)
        self._is_patrolling = False
        self._going_home_because = self._going_home_because or because
        await self._follow_home()
        return self._report()

    async def hold(self, cause: Cause) -> None:
        """The pilot stops the patrol here."""
        await self._stop_here(
            cause, {"reason": f"asked by {cause.actor}", "reason_zh": f"{cause.actor}下令"}
        )

    async def look_hold(self, place: GeoPoint, reason: str, cause: Cause) -> None:
        """Stop and look at a place, as the approved plan allows; Refused when it does not."""
        if self._plan.look_hold is None:
            raise Refused(
                "the approved plan allows no stop to look", text_zh="所批准的计划不允许停留观察"
            )
        await self._stop_here(cause, {"reason": reason, "place": to_geojson(place)})
        self.in_command.require(cause, self._vehicle.latest())
        ground_amsl_m = self._plan.home_elevation_amsl_m  # flat ground until elevation is given
        await self._vehicle.do(LookAt(point=place, altitude_amsl_m=ground_amsl_m))

    async def resume(self, cause: Cause) -> None:
        """Go on at the break point; by the pilot it also hands back what the sticks took."""
        async with self._one_at_a_time:
            self._require_airborne("resume")
            if self._going_home_because or self._returning_for:
                raise Refused("the aircraft is on its way home", text_zh="飞行器正在返航")
            sample = self._vehicle.latest()
            if sample is not None and sample.mode in FOLLOWED:
                raise Refused("the aircraft is on its way home", text_zh="飞行器正在返航")
            self.in_command.require(cause, sample)
            if cause.role is Role.SYSTEM and self.in_command.held_by is None:
                raise Refused(
                    "the system holds nothing that it could end",
                    text_zh="系统未使飞行器停留，无可结束",
                )
            await self._command(StartMission(), FlightMode.MISSION)
            self.in_command.resumed()
            self._tell("resumed", by=cause.actor, waypoint=self._waypoint)

    async def bring_home(self, cause: Cause, reason: str, reason_zh: str = "") -> None:
        """Break off and return, at once: what is under way is given up, the climb included.

        Before it arms, a launch that waits is called off.
        """
        if self._launch.is_open:
            self._launch.call_off(reason, reason_zh or reason)
            return
        if self._sent_utc is None:
            raise Refused(
                "return: the aircraft is not in the air yet", text_zh="返航：飞行器尚未升空"
            )
        self.in_command.require(cause, self._vehicle.latest())
        self._abnormal.append(reason)
        await self._go_home(reason, reason_zh)

    async def _patrol(self) -> None:
        """Climb, start and fly the route, until something sends the aircraft home."""
        height_m = self._plan.climb_height_m
        self._sent_utc = self._world.now_utc()  # before it is sent: from here on it may fly
        climb = TakeOff(height_above_home_m=height_m)
        await self._command(climb, FlightMode.TAKE_OFF, FlightMode.HOLD)
        self._takeoff_utc = self._world.now_utc()
        self._tell("airborne", height_above_home_m=height_m)
        sample = self._vehicle.latest()
        mode = sample.mode if sample is not None else FlightMode.UNKNOWN
        if mode not in FOLLOWED and self.in_command.is_ours(mode):
            try:
                await self._command(StartMission(), FlightMode.MISSION)
            except CommandDenied as error:
                await self._give_up_start(error)
                return
        # Else the sticks took it in the climb: the pilot's "resume" starts the patrol.
        self._is_patrolling = True
        await self._follow_route()

    async def _give_up_start(self, error: CommandDenied) -> None:
        """In the air without a mission nobody would ever end its hover: home, unless it is taken.

        CommandDenied where something else has ended it already.
        """
        sample = self._vehicle.latest()
        mode = sample.mode if sample is not None else FlightMode.UNKNOWN
        is_going = self._returning_for or self._going_home_because or mode in FOLLOWED
        if is_going or self.in_command.is_pilot_flying or not self.in_command.is_ours(mode):
            raise error
        reason = f"the mission was not started: {error}"
        self._abnormal.append(reason)
        await self._go_home(reason, f"航线未能开始：{error.text_zh}")

    async def _stop_here(self, cause: Cause, fields: dict[str, Any]) -> None:
        async with self._one_at_a_time:
            self._require_airborne("hold")
            if not self._is_patrolling or self._going_home_because or self._returning_for:
                raise Refused(
                    "the aircraft is not on its patrol: nothing to stop",
                    text_zh="飞行器不在巡查中，无可停留",
                )
            self.in_command.require(cause, self._vehicle.latest())
            await self._command(Hold(), FlightMode.HOLD)
            self.in_command.held_by = cause
            sample = self._vehicle.latest()
            if sample is not None and sample.position is not None:
                fields = fields | {"at": to_geojson(sample.position)}
            self._tell("hold", by=cause.actor, **fields)

    async def _command(self, command: Command, *modes: FlightMode) -> None:
        """Send it, and wait until the samples show one of the modes that it ends in."""
        with self.in_command.asking(*modes):
            await self._vehicle.do(command)
            for _ in range(_LOOKS_FOR_MODE):
                sample = self._vehicle.latest()
                if sample is not None and sample.mode in modes:
                    return
                await anyio.sleep(_LOOK_EVERY_S)

    def _require_airborne(self, verb: str) -> None:
        if self._takeoff_utc is None:
            raise Refused(
                f"{verb}: the aircraft is not in the air yet",
                text_zh=f"{command_zh(verb)}：飞行器尚未升空",
            )

    async def _go_home(self, reason: str, reason_zh: str) -> None:
        self._returning_for = reason
        try:
            await self._command(ReturnHome(), *FOLLOWED)
            self._going_home_because = reason
        finally:
            self._returning_for = ""
        self._tell("returning", reason=reason, reason_zh=reason_zh)

    async def _is_brought_home(self) -> bool:
        """Whether a person's return is what broke off the command that was under way."""
        while self._returning_for:
            await anyio.sleep(_LOOK_EVERY_S)
        return bool(self._going_home_because)

    async def _follow_route(self) -> None:
        """Until every waypoint is flown, or somebody or something sends the aircraft home."""
        total = len(self._plan.waypoints)
        while not self._going_home_because:
            sample = await self._sample()
            is_flown = self._note_progress(sample, total)
            if self._returning_for or self._going_home_because:
                continue
            if is_flown and self._is_end_ours(sample):
                if self._wall.monotonic_s() >= self._home_again_at_s:
                    await self._end_route(total)
            elif sample.mode in FOLLOWED or sample.is_in_air is False:
                # Not ours: the autopilot's fail-safe, the guardian or the pilot's sticks.
                self._going_home_because = f"the aircraft went to {sample.mode.value} by itself"
                self._abnormal.append(self._going_home_because)
                self._tell(
                    "returning",
                    reason=self._going_home_because,
                    reason_zh=f"飞行器自行转为{mode_zh(sample.mode)}",
                )

    def _is_end_ours(self, sample: TelemetrySample) -> bool:
        """At its last item the autopilot holds by itself, which is no pilot's doing."""
        if self.in_command.is_pilot_flying:
            return False
        return sample.mode is FlightMode.HOLD or self.in_command.is_ours(sample.mode)

    async def _end_route(self, total: int) -> None:
        async with self._one_at_a_time:
            if self.in_command.held_by or self._returning_for or self._going_home_because:
                return  # somebody was quicker
            if self._is_patrolling:
                self._tell("mission.flown", waypoints=total)
            self._is_patrolling = False
            try:
                await self._go_home("the patrol is flown", "巡查已飞完")
            except CommandDenied as error:
                # Nobody else would call it home before its battery does.
                self._home_again_at_s = self._wall.monotonic_s() + _HOME_AGAIN_S
                if str(error) not in self._abnormal:
                    self._abnormal.append(str(error))
                    self._tell(
                        "return.refused",
                        reason=str(error),
                        reason_zh=error.text_zh,
                        again_s=_HOME_AGAIN_S,
                    )

    def _note_progress(self, sample: TelemetrySample, total: int) -> bool:
        """Tell each waypoint once; True when the last is reached."""
        item = sample.mission_item
        if item is None:
            return False
        while self._waypoint < min(item, total):
            self._waypoint += 1
            self._tell("waypoint", index=self._waypoint, total=total)
        return self._waypoint >= total and self.in_command.held_by is None

    async def _follow_home(self) -> None:
        while True:
            sample = await self._sample()
            if sample.is_in_air is False and sample.is_armed is False:
                break
        battery = sample.battery.charge_pct if sample.battery else None
        now = self._world.now_utc()
        self._takeoff_utc = self._takeoff_utc or self._sent_utc or now
        self._tell(
            "landed", battery_pct=None if battery is None else round(battery, 1),
            duration_s=round((now - self._takeoff_utc).total_seconds(), 1),
            waypoints=self._waypoint, reason=self._going_home_because,
        )  # fmt: skip

    async def _sample(self) -> TelemetrySample:
        """A fresh sample; LinkLost when the aircraft has been silent for long."""
        await anyio.sleep(_LOOK_EVERY_S)
        sample = self._vehicle.latest()
        if sample is None:
            raise CommandDenied("fly", "the aircraft has told nothing", "未收到飞行器数据")
        silent_s = self._wall.monotonic_s() - sample.heard_at_s
        if silent_s > _SILENT_FOR_S:
            raise LinkLost(
                f"nothing heard for {silent_s:.0f} s; its own fail-safe flies now",
                text_zh=f"已{silent_s:.0f}秒未收到任何数据，由飞控失联保护接管",
            )
        if self.in_command.has_been_taken(sample):
            mode = sample.mode.value
            self._abnormal.append(f"the pilot's sticks took the aircraft (mode {mode})")
            self._tell("pilot.has_it", mode=mode, **taken_words(sample.mode))
        return sample

    def _report(self) -> SortieReport:
        is_whole = self._waypoint >= len(self._plan.waypoints)
        return SortieReport(
            reason="flown" if is_whole else self._going_home_because,
            takeoff_utc=self._takeoff_utc,
            waypoints_flown=self._waypoint,
            abnormal=tuple(self._abnormal),
        )

    def _tell(self, name: str, **fields: Any) -> None:  # noqa: ANN401  # JSON values
        self._bus.publish(
            StoryEvent(
                name=name,
                time_utc=self._world.now_utc(),
                sortie=self._sortie_id,
                grid=self._plan.grid_code,
                aircraft=self._vehicle.vehicle_id,
                fields=fields,
            )
        )
