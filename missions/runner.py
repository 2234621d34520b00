"""Flies one approved plan from upload to landing. It commands the vehicle port and nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import anyio

from patrol.bus import Bus
from patrol.cause import Cause
from patrol.clock import WallClock, WorldClock
from patrol.errors import CommandDenied, LinkLost, PreflightFailed, Refused
from patrol.geo import GeoPoint, to_geojson
from patrol.plan import Finding, MissionPlan, stops
from patrol.story import StoryEvent
from patrol.telemetry import FlightMode, TelemetrySample
from patrol.vehicle import (
    Arm,
    Hold,
    LookAt,
    ReturnHome,
    StartMission,
    TakeOff,
    Upload,
    Vehicle,
)

_LOOK_EVERY_S = 0.1  # wall
_SILENT_FOR_S = 30.0  # wall; by then the autopilot's own fail-safe flies
_GOING_HOME = frozenset({FlightMode.RETURN, FlightMode.LAND})


@dataclass(frozen=True, slots=True, kw_only=True)
class SortieReport:
    """What was flown."""

    reason: str  # "flown" or why it ended otherwise
    takeoff_utc: datetime | None
    waypoints_flown: int
    abnormal: tuple[str, ...] = ()


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
        self._takeoff_utc: datetime | None = None
        self._waypoint = 0
        self._is_held = False
        self._is_patrolling = False
        self._going_home_because = ""
        self._abnormal: list[str] = []
        self._one_at_a_time = anyio.Lock()

    async def run(self) -> SortieReport:
        """The whole sortie; PreflightFailed or CommandDenied before it is in the air."""
        if not self._plan.approved_by:
            raise Refused(f"plan {self._plan.plan_id} is not approved")
        await self._vehicle.do(Upload(plan=self._plan))
        self._tell(
            "mission.uploaded", plan=self._plan.plan_id, items=len(self._plan.waypoints),
            digest=self._plan.digest, read_back=True,
        )  # fmt: skip
        findings = await self._preflight()
        self._tell("preflight", findings=[finding.to_dict() for finding in findings])
        if stopping := stops(findings):
            raise PreflightFailed("the aircraft is not ready", stopping)
        await self._vehicle.do(Arm())
        height_m = self._plan.waypoints[0].height.metres
        await self._vehicle.do(TakeOff(height_above_home_m=height_m))
        self._takeoff_utc = self._world.now_utc()
        self._tell("airborne", height_above_home_m=height_m)
        await self._vehicle.do(StartMission())
        self._is_patrolling = True
        await self._follow_route()
        await self._follow_home()
        return self._report()

    @property
    def has_taken_off(self) -> bool:
        """Whether it has been in the air on this sortie."""
        return self._takeoff_utc is not None

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
        await self._stop_here({"reason": f"asked by {cause.actor}"})

    async def look_hold(self, place: GeoPoint, reason: str, cause: Cause) -> None:
        """Stop and look at a place, as the approved plan allows; Refused when it does not."""
        if self._plan.look_hold is None:
            raise Refused("the approved plan allows no stop to look")
        await self._stop_here({"reason": reason, "place": to_geojson(place), "by": cause.actor})
        ground_amsl_m = self._plan.home_elevation_amsl_m  # flat ground until elevation is given
        await self._vehicle.do(LookAt(point=place, altitude_amsl_m=ground_amsl_m))

    async def resume(self, cause: Cause) -> None:
        """Go on at the break point."""
        async with self._one_at_a_time:
            self._require_airborne("resume")
            if self._going_home_because:
                raise Refused("the aircraft is on its way home")
            await self._vehicle.do(StartMission())
            self._is_held = False
            self._tell("resumed", by=cause.actor, waypoint=self._waypoint)

    async def bring_home(self, cause: Cause, reason: str) -> None:
        """Break off and return."""
        async with self._one_at_a_time:
            self._require_airborne("return")
            self._abnormal.append(reason)
            await self._go_home(reason)

    async def _stop_here(self, fields: dict[str, Any]) -> None:
        async with self._one_at_a_time:
            self._require_airborne("hold")
            if not self._is_patrolling or self._going_home_because:
                raise Refused("the aircraft is not on its patrol: nothing to stop")
            await self._vehicle.do(Hold())
            self._is_held = True
            sample = self._vehicle.latest()
            if sample is not None and sample.position is not None:
                fields = fields | {"at": to_geojson(sample.position)}
            self._tell("hold", **fields)

    def _require_airborne(self, verb: str) -> None:
        if self._takeoff_utc is None:
            raise Refused(f"{verb}: the aircraft is not in the air yet")

    async def _go_home(self, reason: str) -> None:
        self._going_home_because = reason
        await self._vehicle.do(ReturnHome())
        self._tell("returning", reason=reason)

    async def _follow_route(self) -> None:
        """Until every waypoint is flown, or somebody or something sends the aircraft home."""
        total = len(self._plan.waypoints)
        while True:
            sample = await self._sample()
            if self._note_progress(sample, total) and not self._going_home_because:
                async with self._one_at_a_time:
                    self._is_patrolling = False
                    self._tell("mission.flown", waypoints=total)
                    await self._go_home("the patrol is flown")
                return
            if self._going_home_because:
                return
            if sample.mode in _GOING_HOME or sample.is_in_air is False:
                # Not ours: the autopilot's fail-safe, the guardian or the pilot's sticks.
                self._going_home_because = f"the aircraft went to {sample.mode.value} by itself"
                self._abnormal.append(self._going_home_because)
                self._tell("returning", reason=self._going_home_because)
                return

    def _note_progress(self, sample: TelemetrySample, total: int) -> bool:
        """Tell each waypoint once; True when the last is reached."""
        item = sample.mission_item
        if item is None:
            return False
        while self._waypoint < min(item, total):
            self._waypoint += 1
            self._tell("waypoint", index=self._waypoint, total=total)
        return self._waypoint >= total and not self._is_held

    async def _follow_home(self) -> None:
        while True:
            sample = await self._sample()
            if sample.is_in_air is False and sample.is_armed is False:
                break
        battery = sample.battery.charge_pct if sample.battery else None
        takeoff_utc = self._takeoff_utc or self._world.now_utc()
        self._tell(
            "landed", battery_pct=None if battery is None else round(battery, 1),
            duration_s=round((self._world.now_utc() - takeoff_utc).total_seconds(), 1),
            waypoints=self._waypoint, reason=self._going_home_because,
        )  # fmt: skip

    async def _sample(self) -> TelemetrySample:
        """A fresh sample; LinkLost when the aircraft has been silent for long."""
        await anyio.sleep(_LOOK_EVERY_S)
        sample = self._vehicle.latest()
        if sample is None:
            raise CommandDenied("fly", "the aircraft has told nothing")
        silent_s = self._wall.monotonic_s() - sample.heard_at_s
        if silent_s > _SILENT_FOR_S:
            raise LinkLost(f"nothing heard for {silent_s:.0f} s; its own fail-safe flies now")
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
                fields=fields,
            )  # fmt: skip
        )
