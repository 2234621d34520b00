"""The flights that a change has to pass: on the built-in aircraft always, on a PX4 with `--px4`."""

from __future__ import annotations

import math
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest

from missions.formats import write_json
from patrol.bus import Bus
from patrol.errors import CommandDenied
from patrol.geo import bearing_true_deg, distance_m, offset
from patrol.in_command import FOLLOWED
from patrol.telemetry import FlightMode, TelemetrySample
from patrol.vehicle import GoTo, Orbit, Recognise
from sim.wind import Wind
from tests.flight.minima import MISSED_M
from tests.flight.patrol import UNHURRIED, lands_at_home
from tests.flight.sortie import HEIGHT_M, PILOT, Sortie, a_loop, a_route, a_sortie

if TYPE_CHECKING:
    from tests.flight.conftest import Ledger
    from tests.flight.twin import Twins

pytestmark = [pytest.mark.anyio, pytest.mark.flight, pytest.mark.timeout(300)]

# At the fence on purpose: the autopilot learns of it when it is over, and has to turn round.
OVERSHOOT_M = 25.0
FENCE_M = 50.0
CIRCLE_M = 36.0


def stands(sample: TelemetrySample) -> bool:
    velocity = sample.velocity
    return velocity is not None and math.hypot(velocity.north_m_s, velocity.east_m_s) < 0.5


def turn_deg(before_deg: float, after_deg: float) -> float:
    return (after_deg - before_deg + 180.0) % 360.0 - 180.0


def waypoints(sortie: Sortie) -> list[int]:
    return [event.fields["index"] for event in sortie.all_told("waypoint")]


async def test_a_patrol_holds_circles_a_crowd_resumes_where_it_broke_off_and_lands(
    twins: Twins, minima: Ledger
) -> None:
    async with twins.fly() as twin, anyio.create_task_group() as group:
        home, radio = twin.homes[0], twin.radios[0]
        plan = a_loop(home, 30.0, fence_m=120.0)
        crowd = offset(home, east_m=60.0, north_m=0.0)
        least = minima("patrol, hold, orbit, resume", crowd=crowd)
        least.watch(radio, plan)
        async with a_sortie(radio.url, plan) as sortie:
            await sortie.start(group)
            await sortie.until(lambda sample: (sample.mission_item or 0) >= 1)
            await sortie.runner.hold(PILOT)
            held = (await sortie.until(lambda s: s.mode is FlightMode.HOLD)).mission_item
            circle = Orbit(
                centre=crowd, radius_m=CIRCLE_M, speed_m_s=5.0, height_above_home_m=HEIGHT_M
            )
            with sortie.runner.in_command.asking(FlightMode.ORBIT):
                await sortie.vehicle.do(circle)
            await radio.until(lambda _: distance_m(radio.place, crowd) < CIRCLE_M + 2.0)
            began_deg = bearing_true_deg(crowd, radio.place)
            await radio.until(
                lambda _: abs(turn_deg(began_deg, bearing_true_deg(crowd, radio.place))) > 45.0
            )
            assert abs(distance_m(radio.place, crowd) - CIRCLE_M) < 3.0
            assert len(waypoints(sortie)) == held
            await sortie.runner.resume(PILOT)
            assert (await sortie.heard("resumed")).fields["waypoint"] == held
            report = await lands_at_home(sortie, radio, least)
        assert (report.reason, report.waypoints_flown) == ("flown", 4)
        assert waypoints(sortie) == [1, 2, 3, 4], "each once, and none left out"
        assert least.missed_m(radio) < MISSED_M
        assert not sortie.all_told("guardian", action="return")
    assert least.holds, str(least)


async def test_sticks_win_are_handed_back_and_pushed_over_the_fence_the_autopilot_comes_home(
    twins: Twins, minima: Ledger
) -> None:
    async with twins.fly() as twin, anyio.create_task_group() as group:
        radio = twin.radios[0]
        plan = a_loop(twin.homes[0], 40.0, fence_m=FENCE_M)
        least = minima("sticks, fence", fence_m=-OVERSHOOT_M)
        least.watch(radio, plan)
        await radio.set(COM_RC_IN_MODE=1, COM_RC_OVERRIDE=1, COM_RC_LOSS_T=20.0)
        async with radio.sticks() as sticks, a_sortie(radio.url, plan) as sortie:
            await sortie.start(group)
            await sortie.until(lambda sample: (sample.mission_item or 0) >= 1)
            outside = offset(twin.homes[0], east_m=FENCE_M + 10.0, north_m=0.0)
            with pytest.raises(CommandDenied, match="outside the plan's fence"):
                await sortie.vehicle.do(GoTo(point=outside, height_above_home_m=HEIGHT_M))
            sticks.right = -0.8
            await sortie.until(lambda sample: sample.mode is FlightMode.MANUAL)
            sticks.right = 0.0
            await sortie.heard("pilot.has_it", mode="manual")
            await sortie.until(stands)
            await sortie.runner.resume(PILOT)
            resumed = len(waypoints(sortie))
            await sortie.until(lambda sample: (sample.mission_item or 0) > resumed)
            assert sortie.runner.in_command.is_pilot_flying is False
            sticks.forward = 0.6
            await sortie.until(lambda sample: sample.mode is FlightMode.MANUAL)
            await sortie.until(lambda sample: sample.mode is not FlightMode.MANUAL)
            sticks.forward = 0.0
            await sortie.until(lambda sample: sample.mode in FOLLOWED)
            report = await lands_at_home(sortie, radio, least)
        assert len(sortie.all_told("pilot.has_it")) == 2
        assert "by itself" in report.reason
        commands = [e for e in sortie.all_told("guardian") if e.fields["action"] != "warn"]
        assert commands == [], "the guardian is silent while the sticks fly"
        assert least.fence.value is not None
        assert least.fence.value < 0.0, "it was over the fence"
    assert least.holds, str(least)


async def test_a_patrol_along_the_fence_stays_inside_it_in_a_fresh_wind(
    twins: Twins, minima: Ledger
) -> None:
    wind = Wind.blowing(7.0, 270.0, gust_m_s=1.5, seed=3)
    async with twins.fly(wind=wind) as twin, anyio.create_task_group() as group:
        radio = twin.radios[0]
        edge_m = FENCE_M - 8.0
        plan = a_route(twin.homes[0], (edge_m, 0.0), (edge_m, 30.0), fence_m=FENCE_M)
        least = minima("wind along the fence")
        least.watch(radio, plan)
        async with a_sortie(radio.url, plan) as sortie:
            await sortie.start(group)
            report = await lands_at_home(sortie, radio, least)
        assert (report.reason, report.abnormal) == ("flown", ())
        assert least.missed_m(radio) < MISSED_M
    assert least.holds, str(least)


async def test_two_aircraft_whose_ways_cross_are_stopped_apart_and_both_come_home(
    twins: Twins, minima: Ledger
) -> None:
    async with twins.fly(aircraft=2) as twin, anyio.create_task_group() as group:
        (home, other_home), (radio, other_radio) = twin.homes, twin.radios
        north = a_route(home, (0.0, 20.0), (0.0, 100.0), fence_m=120.0)
        east = a_route(other_home, (-60.0, 60.0), (60.0, 60.0), fence_m=120.0)
        least, bus = minima("two aircraft crossing"), Bus()
        least.watch(radio, north)
        least.watch(other_radio, east)
        async with (
            a_sortie(radio.url, north, name="GP-1", bus=bus) as first,
            a_sortie(other_radio.url, east, name="GP-2", bus=bus) as second,
        ):
            await second.start(group)
            await second.until(lambda sample: (sample.mission_item or 0) >= 1)
            await second.runner.hold(PILOT)
            await first.start(group)
            await first.until(lambda sample: sample.mode is FlightMode.MISSION)
            twin.pace(UNHURRIED)
            await second.runner.resume(PILOT)
            await first.heard("guardian", rule="separation.lost", action="hold", outcome="done")
            await first.until(lambda sample: sample.mode is FlightMode.HOLD)
            await second.until(lambda sample: sample.mode is FlightMode.HOLD)
            twin.pace(twin.speed)
            await first.runner.bring_home(PILOT, "the other goes first")
            await lands_at_home(first, radio, least)
            await second.runner.resume(PILOT)
            report = await lands_at_home(second, other_radio, least)
            assert report.waypoints_flown == 2
            assert least.missed_m(other_radio) < MISSED_M
    assert least.holds, str(least)


async def test_a_ground_station_killed_in_flight_is_replaced_and_the_patrol_is_flown_whole(
    twins: Twins, minima: Ledger, tmp_path: Path
) -> None:
    async with twins.fly() as twin, anyio.create_task_group() as group:
        radio = twin.radios[0]
        plan = a_loop(twin.homes[0], 60.0)
        path = tmp_path / "plan.json"
        write_json(path, plan.to_dict())
        least = minima("ground station killed")
        least.watch(radio, plan)
        command = [sys.executable, "-m", "ground_station", "fly", str(path), "--connect", radio.url]
        async with await anyio.open_process(command, stderr=subprocess.DEVNULL) as station:
            assert station.stdout is not None
            told = b""
            with anyio.fail_after(60.0):
                while b"waypoint 1" not in told:
                    told += await station.stdout.receive()
            station.send_signal(signal.SIGKILL)
        assert radio.heard.mode == (4, 4)
        async with a_sortie(radio.url, plan) as sortie:
            with anyio.fail_after(5.0):
                await sortie.until(lambda sample: sample.is_in_air is True)
                await sortie.vehicle.do(Recognise(plan=plan))
                known_s = sortie.sample.heard_at_s
                await sortie.until(lambda s: s.heard_at_s > known_s and bool(s.mission_item))
            await sortie.start(group, found_utc=datetime.now(UTC))
            adopted = await sortie.heard("sortie.adopted")
            assert adopted.fields["mode"] == "mission"
            assert not adopted.fields["held"]
            report = await lands_at_home(sortie, radio, least)
        assert (report.reason, report.waypoints_flown) == ("flown", 4)
        assert least.missed_m(radio) < MISSED_M
        assert report.abnormal == ("the station was started again in flight",)
    assert least.holds, str(least)
