"""A sortie as `gridpatrol fly` flies it: the real vehicle, runner and guardian on one bus."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import anyio
import anyio.abc

from drone.guardian import Guardian
from drone.link_settings import LinkSettings
from drone.mavsdk_vehicle import MavsdkVehicle, prepare_executor
from drone.preflight import preflight
from missions.report import SortieReport
from missions.runner import SortieRunner
from patrol.bus import Bus
from patrol.cause import Cause, Role
from patrol.clock import SystemClock
from patrol.geo import Datum, GeoPoint, Height, offset
from patrol.plan import Finding, MissionPlan, stops
from patrol.story import StoryEvent
from patrol.telemetry import FlightMode, TelemetrySample
from tests.samples import newest, until_sample
from tests.unit.test_plan_words import a_plan

PILOT = Cause(actor="Huang", role=Role.PILOT)
HEIGHT_M = 12.0
_READY_WITHIN_S = 30.0  # wall
_RATE_HZ = 10.0  # the twins live faster than the wall clock


def a_route(home: GeoPoint, *corners: tuple[float, float], fence_m: float = 70.0) -> MissionPlan:
    """An approved low patrol over these places (east, north); the fence is so far from home."""
    height = Height(metres=HEIGHT_M, datum=Datum.HOME)
    plan = a_plan()
    return replace(
        plan,
        home=home,
        waypoints=tuple(
            replace(plan.waypoints[0], point=offset(home, east_m=e, north_m=n), height=height)
            for e, n in corners
        ),
        fence=tuple(
            offset(home, east_m=e * fence_m, north_m=n * fence_m)
            for e, n in ((-1, -1), (1, -1), (1, 1), (-1, 1))
        ),
        return_height=height,
    ).approved("Zheng", datetime.now(UTC))


def a_loop(home: GeoPoint, side_m: float, fence_m: float = 70.0) -> MissionPlan:
    """Four corners around home."""
    half = side_m / 2.0
    corners = ((half, -half), (half, half), (-half, half), (-half, -half))
    return a_route(home, *corners, fence_m=fence_m)


@dataclass(slots=True, kw_only=True)
class Sortie:
    """One aircraft, its runner and its guardian, and all that they told."""

    plan: MissionPlan
    vehicle: MavsdkVehicle
    runner: SortieRunner
    bus: Bus
    told: list[StoryEvent] = field(default_factory=list)
    report: SortieReport | None = None

    @property
    def sample(self) -> TelemetrySample:
        return newest(self.vehicle)

    async def until(
        self, so: Callable[[TelemetrySample], bool], within_s: float = 60.0
    ) -> TelemetrySample:
        """Wait until the newest sample is so, with a deadline."""
        return await until_sample(self.vehicle, so, within_s)

    async def heard(self, name: str, within_s: float = 60.0, **fields: object) -> StoryEvent:
        """The first story event like that."""
        with anyio.fail_after(within_s):
            while True:
                if found := self.all_told(name, **fields):
                    return found[0]
                await anyio.sleep(0.02)

    def all_told(self, name: str, **fields: object) -> list[StoryEvent]:
        """Every story event like that so far."""
        return [e for e in self.told if e.name == name and fields.items() <= e.fields.items()]

    async def start(self, group: anyio.abc.TaskGroup, *, found_utc: datetime | None = None) -> None:
        """Fly it whole in that group; `found_utc`: it is in the air since then."""

        async def fly() -> None:
            if found_utc is None:
                self.report = await self.runner.run()
            else:
                self.report = await self.runner.take_over(found_utc)

        await self.until(lambda s: s.is_in_air is not None and s.mode is not FlightMode.UNKNOWN)
        group.start_soon(fly)

    async def landed(self, within_s: float = 120.0) -> SortieReport:
        """Its report, once it stands disarmed on the ground."""
        with anyio.fail_after(within_s):
            while self.report is None:
                await anyio.sleep(0.02)
        return self.report


@asynccontextmanager
async def a_sortie(
    url: str, plan: MissionPlan, *, name: str = "GP-1", bus: Bus | None = None
) -> AsyncIterator[Sortie]:
    """Connected and guarded, not yet sent anywhere."""
    prepare_executor()
    bus, clock = bus or Bus(), SystemClock()
    settings = LinkSettings(name=name, url=url, rate_hz=_RATE_HZ)
    vehicle = MavsdkVehicle(settings, bus=bus, world=clock, wall=clock)

    async def ready() -> list[Finding]:
        give_up_s = clock.monotonic_s() + _READY_WITHIN_S
        while True:
            findings = preflight(
                await vehicle.ask(), vehicle.latest(), plan, speaker_ok=True, camera_ok=True,
                now_wall_s=clock.monotonic_s(),
            )  # fmt: skip
            if not stops(findings) or clock.monotonic_s() > give_up_s:
                return findings
            await anyio.sleep(0.1)

    runner = SortieRunner(
        plan=plan, vehicle=vehicle, bus=bus, world=clock, wall=clock, sortie_id=f"{name}-S01",
        preflight=ready,
    )  # fmt: skip
    guardian = Guardian(
        vehicle=vehicle, bus=bus, world=clock, wall=clock,
        plan=lambda: plan if runner.has_taken_off else None, in_command=lambda: runner.in_command,
    )  # fmt: skip
    sortie = Sortie(plan=plan, vehicle=vehicle, runner=runner, bus=bus)

    async def listen() -> None:
        with bus.subscribe(StoryEvent) as events:
            async for event in events:
                if not event.sortie or event.sortie == f"{name}-S01":
                    sortie.told.append(event)

    async with anyio.create_task_group() as group:
        for part in (listen, vehicle.run, guardian.run):
            group.start_soon(part)
        yield sortie
        group.cancel_scope.cancel()
