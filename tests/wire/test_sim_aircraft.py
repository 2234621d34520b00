"""The real MavsdkVehicle against a real `python -m sim` over UDP, and against a broken aircraft."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest

from drone.link_settings import LinkSettings
from drone.mavsdk_vehicle import MavsdkVehicle, prepare_executor
from drone.preflight import preflight
from patrol.bus import Bus, Subscription
from patrol.clock import SystemClock
from patrol.errors import CommandDenied, LinkLost
from patrol.geo import GeoPoint, distance_m, offset
from patrol.plan import MissionPlan, stops
from patrol.telemetry import FlightMode, TelemetrySample, VehicleSaid
from patrol.vehicle import (
    Arm,
    Hold,
    Land,
    LookAt,
    ReturnHome,
    StartMission,
    TakeOff,
    Upload,
)
from sim.aircraft import SimAircraft
from sim.clock import SimClock
from sim.faults import Fault
from tests.fakes import GOOD_FACTS
from tests.samples import newest, until_sample
from tests.unit.test_plan_words import HOME, a_plan

pytestmark = pytest.mark.anyio
ELEVATION_M = 12.0
SPEED = 10.0
SCENARIO = {
    "home": [HOME.lon_deg, HOME.lat_deg], "home_elevation_amsl_m": ELEVATION_M,
    "start_utc": "2026-11-24T01:30:00Z", "gathering": None, "passers_by": 0,
    "camera": {"width_px": 320, "height_px": 180, "hfov_deg": 40.0, "frames_per_s": 1},
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A connected vehicle and what it says."""

    vehicle: MavsdkVehicle
    said: Subscription[VehicleSaid]
    samples: Subscription[TelemetrySample]

    @property
    def sample(self) -> TelemetrySample:
        return newest(self.vehicle)

    async def until(
        self, condition: Callable[[TelemetrySample], bool], within_s: float = 12.0
    ) -> TelemetrySample:
        """Wait until the newest sample is so, with a deadline."""
        return await until_sample(self.vehicle, condition, within_s)

    async def in_the_air(self, height_m: float = 30.0) -> None:
        await self.vehicle.do(Arm())
        await self.vehicle.do(TakeOff(height_above_home_m=height_m))


class HurriedClock(SystemClock):
    """A wall clock that runs four times as fast: long deadlines come soon."""

    _hurry = 4.0

    def monotonic_s(self) -> float:
        return super().monotonic_s() * self._hurry

    async def sleep(self, duration_s: float) -> None:
        await super().sleep(duration_s / self._hurry)


@asynccontextmanager
async def linked(url: str, wall: SystemClock | None = None) -> AsyncIterator[Link]:
    """A vehicle that has told everything that a flight hangs on."""
    prepare_executor()
    bus, clock = Bus(), wall or SystemClock()
    settings = LinkSettings(name="GP-1", url=url)
    vehicle = MavsdkVehicle(settings, bus=bus, world=clock, wall=clock)
    with bus.subscribe(VehicleSaid) as said, bus.subscribe(TelemetrySample) as samples:
        async with anyio.create_task_group() as group:
            group.start_soon(vehicle.run)
            link = Link(vehicle=vehicle, said=said, samples=samples)
            try:
                await link.until(is_known)
                yield link
            finally:
                group.cancel_scope.cancel()


def is_known(sample: TelemetrySample) -> bool:
    told = (sample.position, sample.battery, sample.gnss, sample.home, sample.camera)
    return None not in told and sample.is_armed is not None and sample.is_in_air is not None


@contextmanager
def simulator(folder: Path) -> Iterator[str]:
    """The address of a fresh aircraft in a process of its own."""
    path = folder / "scenario.json"
    path.write_text(json.dumps(SCENARIO), encoding="utf-8")
    command = [sys.executable, "-m", "sim", "--scenario", str(path), "--speed", str(SPEED)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())["mavlink_url"]
        finally:
            process.kill()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One simulator for the tests that stay on the ground."""
    with simulator(tmp_path_factory.mktemp("sim")) as address:
        yield address


@asynccontextmanager
async def broken(
    *faults: Fault, wall: SystemClock | None = None
) -> AsyncIterator[tuple[Link, SimAircraft]]:
    """The same aircraft in this process, where things can be broken; the wire is real."""
    async with flying_here(*faults) as (aircraft, url):
        async with linked(url, wall) as link:
            yield link, aircraft


@asynccontextmanager
async def flying_here(*faults: Fault) -> AsyncIterator[tuple[SimAircraft, str]]:
    """An aircraft in this process and its address."""
    clock = SimClock(datetime.now(UTC), SPEED)
    aircraft = SimAircraft(
        home=HOME, home_elevation_amsl_m=ELEVATION_M, clock=clock, faults=set(faults)
    )
    prepare_executor()
    async with anyio.create_task_group() as group:
        port = await group.start(aircraft.run)
        yield aircraft, f"udpout://127.0.0.1:{port}"
        group.cancel_scope.cancel()


async def forbidding(link: Link, plan: MissionPlan) -> set[str]:
    """What forbids take-off just now."""
    findings = preflight(
        await link.vehicle.ask(), link.vehicle.latest(), plan, speaker_ok=True, camera_ok=True,
        now_wall_s=SystemClock().monotonic_s(),
    )  # fmt: skip
    return {finding.code for finding in stops(findings)}


def a_loop(side_m: float = 30.0) -> MissionPlan:
    """A small patrol around home inside a fence of 200 m."""
    plan = a_plan()
    half = side_m / 2
    corners = [(half, -half), (half, half), (-half, half), (-half, -half)]
    waypoints = tuple(
        replace(plan.waypoints[0], point=offset(HOME, east_m=e, north_m=n)) for e, n in corners
    )
    return replace(plan, waypoints=waypoints, fence=a_fence(HOME))


def a_fence(middle: GeoPoint) -> tuple[GeoPoint, ...]:
    ring = [(-100, -100), (100, -100), (100, 100), (-100, 100)]
    return tuple(offset(middle, east_m=e, north_m=n) for e, n in ring)


# --- a whole simulator in a process of its own


async def test_a_connected_aircraft_tells_where_it_stands_and_how_it_is(url: str) -> None:
    async with linked(url) as link:
        sample = await link.until(lambda s: s.mode is not FlightMode.UNKNOWN)
        assert sample.vehicle_id == "GP-1"
        assert sample.position is not None
        assert distance_m(sample.position, HOME) < 2.0
        assert sample.home is not None
        assert distance_m(sample.home, HOME) < 0.1
        assert sample.altitude_amsl_m == pytest.approx(ELEVATION_M, abs=0.5)
        assert sample.height_above_home_m == pytest.approx(0.0, abs=0.5)
        assert sample.battery is not None
        assert sample.battery.charge_pct == pytest.approx(100.0, abs=1.0)
        assert sample.gnss is not None
        assert sample.gnss.satellites == 14
        assert (sample.is_armed, sample.is_in_air) == (False, False)


async def test_an_uploaded_plan_is_read_back_and_the_aircraft_is_ready(url: str) -> None:
    plan = a_loop()
    async with linked(url) as link:
        before = await link.vehicle.ask()
        assert (before.is_mission_confirmed, before.is_fence_confirmed) == (False, False)
        await link.vehicle.do(Upload(plan=plan))
        facts = await link.vehicle.ask()
        assert (facts.is_mission_confirmed, facts.is_fence_confirmed) == (True, True)
        assert facts.autopilot is not None
        assert "1.16.1" in facts.autopilot
        assert facts.parameters is not None
        assert facts.parameters["GF_ACTION"] == 3.0
        assert facts.parameters["RTL_RETURN_ALT"] == 30.0
        assert await forbidding(link, plan) == set()


async def test_it_takes_off_patrols_holds_looks_goes_on_and_comes_home(tmp_path: Path) -> None:
    plan = a_loop()
    with simulator(tmp_path) as url:
        await patrol(url, plan)


async def patrol(url: str, plan: MissionPlan) -> None:
    async with linked(url) as link:
        await link.vehicle.do(Upload(plan=plan))
        await link.in_the_air()
        assert link.sample.is_armed
        await link.until(lambda s: abs((s.height_above_home_m or 0.0) - 30.0) < 1.0)
        await link.vehicle.do(StartMission())
        assert (await link.until(lambda s: s.mode is FlightMode.MISSION)).is_in_air
        at_first = await link.until(lambda s: (s.mission_item or 0) >= 1)
        await link.vehicle.do(Hold())
        held = await link.until(lambda s: s.mode is FlightMode.HOLD and stands(s))
        assert held.position is not None
        place = offset(held.position, east_m=-40.0, north_m=0.0)
        await link.vehicle.do(LookAt(point=place, altitude_amsl_m=ELEVATION_M))
        await link.until(lambda s: looks(s, bearing_deg=270.0, pitch_deg=-36.9))
        assert held.mission_item is not None
        assert held.mission_item >= (at_first.mission_item or 0)
        await link.vehicle.do(StartMission())
        await link.until(lambda s: (s.mission_item or 0) > (held.mission_item or 0))
        await link.vehicle.do(ReturnHome())
        down = await link.until(lambda s: not s.is_armed and s.is_in_air is False, within_s=15.0)
        assert down.position is not None
        assert distance_m(down.position, HOME) < 3.0
        words = [said.text for said in link.said.take_all()]
        assert "Landing detected" in words


def stands(sample: TelemetrySample) -> bool:
    velocity = sample.velocity
    return velocity is not None and math.hypot(velocity.north_m_s, velocity.east_m_s) < 0.3


def looks(sample: TelemetrySample, *, bearing_deg: float, pitch_deg: float) -> bool:
    camera = sample.camera
    if camera is None:
        return False
    off_deg = abs((camera.bearing_true_deg - bearing_deg + 180.0) % 360.0 - 180.0)
    return off_deg < 4.0 and abs(camera.pitch_deg - pitch_deg) < 4.0


async def test_a_plan_whose_fence_leaves_out_home_or_a_waypoint_is_refused_in_its_words(
    url: str,
) -> None:
    away = replace(a_loop(), fence=a_fence(offset(HOME, east_m=500.0, north_m=0.0)))
    async with linked(url) as link:
        with pytest.raises(CommandDenied, match="doesn't contain Home position"):
            await link.vehicle.do(Upload(plan=away))
        facts = await link.vehicle.ask()
        assert (facts.is_mission_confirmed, facts.is_fence_confirmed) == (False, False)
        assert {"mission.unconfirmed", "fence.unconfirmed"} <= await forbidding(link, away)
        plan = a_loop()
        far = replace(plan.waypoints[1], point=offset(HOME, east_m=150.0, north_m=0.0))
        plan = replace(plan, waypoints=(plan.waypoints[0], far, *plan.waypoints[2:]))
        with pytest.raises(CommandDenied, match="Geofence violation for waypoint"):
            await link.vehicle.do(Upload(plan=plan))
        await link.vehicle.do(Upload(plan=a_loop()))
        assert (await link.vehicle.ask()).is_fence_confirmed


async def test_an_aircraft_that_nobody_answers_for_is_lost_within_ten_seconds() -> None:
    bus, clock = Bus(), SystemClock()
    settings = LinkSettings(name="GP-1", url="udpout://127.0.0.1:9")
    vehicle = MavsdkVehicle(settings, bus=bus, world=clock, wall=clock)
    with anyio.fail_after(10.0), pytest.raises(LinkLost, match="udpout://127.0.0.1:9"):
        await vehicle.run()
    assert vehicle.latest() is None


# --- one thing broken at a time


async def test_a_refused_arm_is_told_in_its_words_and_once_mended_it_flies_and_lands() -> None:
    async with broken(Fault.ARM_DENIED) as (link, aircraft):
        with pytest.raises(CommandDenied, match="Resolve system health failures first"):
            await link.vehicle.do(Arm())
        assert not link.sample.is_armed
        aircraft.clear(Fault.ARM_DENIED)
        await link.in_the_air(10.0)
        await link.vehicle.do(Land())
        down = await link.until(lambda s: not s.is_armed and s.is_in_air is False)
        assert down.position is not None
        assert distance_m(down.position, HOME) < 3.0


async def test_a_take_off_that_is_acknowledged_and_not_done_is_not_taken_for_done() -> None:
    async with broken(Fault.TAKEOFF_ACKED_NOT_DONE, wall=HurriedClock()) as (link, aircraft):
        await link.vehicle.do(Arm())
        with pytest.raises(CommandDenied, match="take off"):
            await link.vehicle.do(TakeOff(height_above_home_m=30.0))
        assert aircraft.autopilot.model.is_on_ground


async def test_a_low_battery_and_lost_satellites_forbid_take_off() -> None:
    async with broken() as (link, aircraft):
        await link.vehicle.do(Upload(plan=a_loop()))
        assert await forbidding(link, a_loop()) == set()
        aircraft.inject(Fault.BATTERY_LOW)
        await link.until(lambda s: s.battery is not None and s.battery.charge_pct < 13.0)
        assert await forbidding(link, a_loop()) == {"battery.low"}
        aircraft.inject(Fault.GNSS_LOST)
        await link.until(lambda s: s.gnss is not None and s.gnss.satellites == 0)
        with anyio.fail_after(8.0):
            while (await link.vehicle.ask()).is_armable:
                await anyio.sleep(0.05)
        assert {"gnss.weak", "armable.no"} <= await forbidding(link, a_loop())
        with pytest.raises(CommandDenied, match="No valid global position"):
            await link.vehicle.do(Arm())


async def test_a_silent_aircraft_grows_stale_and_nothing_old_is_published_as_new() -> None:
    wall = HurriedClock()
    async with broken(wall=wall) as (link, aircraft):
        aircraft.inject(Fault.SILENT)
        with anyio.fail_after(8.0):
            while wall.monotonic_s() - link.sample.heard_at_s < 3.5:
                await anyio.sleep(0.05)
        findings = preflight(
            GOOD_FACTS, link.sample, a_loop(), speaker_ok=True, camera_ok=True,
            now_wall_s=wall.monotonic_s(),
        )  # fmt: skip
        assert "link.stale" in {finding.code for finding in stops(findings)}
        last = link.sample
        link.samples.take_all()
        with anyio.fail_after(8.0):
            while link.sample is last:  # it is looked at again
                await anyio.sleep(0.02)
        assert (link.sample.time_utc, link.sample.heard_at_s) == (last.time_utc, last.heard_at_s)
        assert link.samples.take_all() == []
        aircraft.clear(Fault.SILENT)
        back = await link.until(lambda s: s.time_utc > last.time_utc)
        assert back.heard_at_s > last.heard_at_s
        assert back in link.samples.take_all()


async def test_an_autopilot_that_would_do_nothing_on_link_loss_is_told_what_the_plan_says() -> None:
    async with broken() as (link, aircraft):
        parameters = aircraft.autopilot.parameters
        parameters.set_wire("NAV_DLL_ACT", 0.0)
        await link.vehicle.do(Upload(plan=a_loop()))
        assert parameters["NAV_DLL_ACT"] == 2
        assert await forbidding(link, a_loop()) == set()
