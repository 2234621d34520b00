"""Every command is done when the state shows it, is sent once, and gives way to what is graver."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest
from pymavlink import mavutil

from drone.link_settings import LinkSettings
from drone.mavsdk_fleet import prepare_executor
from drone.mavsdk_vehicle import MavsdkVehicle
from patrol.bus import Bus
from patrol.clock import SystemClock
from patrol.errors import CommandDenied
from patrol.geo import bearing_true_deg, distance_m, offset
from patrol.telemetry import FlightMode, TelemetrySample
from patrol.vehicle import (
    Arm,
    ArmKill,
    ChangeHeight,
    ChangeSpeed,
    GoTo,
    Hold,
    Kill,
    Land,
    Orbit,
    PointCamera,
    StandOff,
    TakeOff,
)
from sim.aircraft import SimAircraft
from sim.clock import SimClock
from tests.unit.test_plan_words import HOME
from tests.wire.test_sim_aircraft import is_known

pytestmark = pytest.mark.anyio
CENTRE = offset(HOME, east_m=60.0, north_m=0.0)
CENTRE_AMSL_M = 12.0
ARM, TAKE_OFF, LAND, REPOSITION = 400, 22, 21, 192


@asynccontextmanager
async def a_vehicle(folder: Path) -> AsyncIterator[tuple[MavsdkVehicle, SimAircraft]]:
    """An aircraft that lives ten times as fast, with the raw log of its link in `folder`."""
    prepare_executor()
    bus, clock = Bus(), SystemClock()
    aircraft = SimAircraft(
        home=HOME, home_elevation_amsl_m=CENTRE_AMSL_M, clock=SimClock(datetime.now(UTC), 10.0)
    )
    async with anyio.create_task_group() as group:
        port = await group.start(aircraft.run)
        settings = LinkSettings(
            name="GP-1", url=f"udpout://127.0.0.1:{port}", rate_hz=10.0, log_folder=folder
        )
        vehicle = MavsdkVehicle(settings, bus=bus, world=clock, wall=clock)
        async with anyio.create_task_group() as link:
            link.start_soon(vehicle.run)
            with anyio.fail_after(10.0):
                while (sample := vehicle.latest()) is None or not is_known(sample):
                    await anyio.sleep(0.02)
            yield vehicle, aircraft
            link.cancel_scope.cancel()
        group.cancel_scope.cancel()


def now(vehicle: MavsdkVehicle) -> TelemetrySample:
    sample = vehicle.latest()
    assert sample is not None
    return sample


def away_m(sample: TelemetrySample, east_m: float) -> float:
    """From a place so far east of home."""
    assert sample.position is not None
    return distance_m(sample.position, offset(HOME, east_m=east_m, north_m=0.0))


def sent(folder: Path) -> Counter[int]:
    """How often each command left, as pymavlink reads it in the raw log."""
    (path,) = folder.glob("*.tlog")
    reader = mavutil.mavlink_connection(str(path), dialect="common")
    commands: Counter[int] = Counter()
    while (message := reader.recv_match(type=["COMMAND_LONG", "COMMAND_INT"])) is not None:
        commands[message.command] += 1
    reader.close()
    return commands


async def it_stands_off(vehicle: MavsdkVehicle) -> None:
    """Between home and the place, not beyond it, and it looks there."""
    await vehicle.do(
        StandOff(
            centre=CENTRE, altitude_amsl_m=CENTRE_AMSL_M, distance_m=30.0, height_above_home_m=20.0
        )
    )
    sample = now(vehicle)
    assert away_m(sample, 30.0) < 4.0
    assert sample.position is not None
    assert sample.camera is not None
    wanted_deg = bearing_true_deg(sample.position, CENTRE)
    assert sample.camera.bearing_true_deg == pytest.approx(wanted_deg, abs=6.0)


def heard(folder: Path, kind: str) -> int:
    """How many messages of a kind are in the raw log."""
    (path,) = folder.glob("*.tlog")
    reader = mavutil.mavlink_connection(str(path), dialect="common")
    count = 0
    while reader.recv_match(type=[kind]) is not None:
        count += 1
    reader.close()
    return count


async def test_each_command_is_done_when_the_state_shows_it_and_repeats_send_nothing(
    tmp_path: Path,
) -> None:
    async with a_vehicle(tmp_path) as (vehicle, _):
        for command in (Arm(), TakeOff(height_above_home_m=20.0)) * 2:
            await vehicle.do(command)
        # PX4 loses a mission that it is asked for while its climb ends.
        assert now(vehicle).mode is FlightMode.HOLD, "the climb is over by its own word"
        there = GoTo(point=offset(HOME, east_m=20.0, north_m=0.0), height_above_home_m=20.0)
        for again in (there, there):
            await vehicle.do(again)
            assert away_m(now(vehicle), 20.0) < 3.5
        await vehicle.do(ChangeHeight(height_above_home_m=15.0))
        assert now(vehicle).height_above_home_m == pytest.approx(15.0, abs=1.2)
        await vehicle.do(PointCamera(pitch_deg=-30.0, bearing_true_deg=200.0))
        camera = now(vehicle).camera
        assert camera is not None
        assert camera.bearing_true_deg == pytest.approx(200.0, abs=3.0)
        assert camera.pitch_deg == pytest.approx(-30.0, abs=3.0)
        await it_stands_off(vehicle)
        await vehicle.do(
            Orbit(centre=CENTRE, radius_m=30.0, speed_m_s=4.0, height_above_home_m=20.0)
        )
        assert now(vehicle).mode is FlightMode.ORBIT
        await vehicle.do(ChangeSpeed(speed_m_s=2.0))
        await vehicle.do(Hold())
        with pytest.raises(CommandDenied, match="it stands|stands"):
            await vehicle.do(ChangeSpeed(speed_m_s=3.0))
        with pytest.raises(CommandDenied, match="the radius must be"):
            await vehicle.do(
                Orbit(centre=CENTRE, radius_m=1.0, speed_m_s=4.0, height_above_home_m=20.0)
            )
        with pytest.raises(CommandDenied, match="only on the ground"):
            await vehicle.download_log(tmp_path, lambda _share: None)
        await vehicle.do(Land())
        await vehicle.do(Land())
    commands = sent(tmp_path)
    assert (commands[ARM], commands[TAKE_OFF], commands[LAND]) == (1, 1, 1)
    assert commands[REPOSITION] == 3


async def it_is_killed_in_two_steps(vehicle: MavsdkVehicle) -> None:
    mine, other = "mine", "another's"
    with pytest.raises(CommandDenied, match="it was not prepared"):
        await vehicle.do(Kill(token=mine))
    await vehicle.do(ArmKill(token=mine))
    with pytest.raises(CommandDenied, match="by somebody else"):
        await vehicle.do(Kill(token=other))
    assert now(vehicle).is_armed
    await vehicle.do(Kill(token=mine))
    assert now(vehicle).is_armed is False


async def test_hold_breaks_off_a_flight_to_a_place_and_a_kill_needs_two_steps(
    tmp_path: Path,
) -> None:
    far = GoTo(point=offset(HOME, east_m=400.0, north_m=0.0), height_above_home_m=10.0)
    reasons: list[str] = []

    async def go_far(vehicle: MavsdkVehicle) -> None:
        try:
            await vehicle.do(far)
        except CommandDenied as error:
            reasons.append(error.reason)

    async with a_vehicle(tmp_path) as (vehicle, aircraft):
        with pytest.raises(CommandDenied, match="not in the air"):
            await vehicle.do(far)
        await vehicle.do(Arm())
        await vehicle.do(TakeOff(height_above_home_m=10.0))
        async with anyio.create_task_group() as group:
            group.start_soon(go_far, vehicle)
            with anyio.fail_after(10.0):
                while away_m(now(vehicle), 0.0) < 20.0:
                    await anyio.sleep(0.02)
            await vehicle.do(Hold())
        assert "broken off" in reasons[0]
        velocity = now(vehicle).velocity
        assert velocity is not None
        assert math.hypot(velocity.north_m_s, velocity.east_m_s) < 1.0
        assert away_m(now(vehicle), 0.0) < 300.0
        await it_is_killed_in_two_steps(vehicle)
        shares: list[float] = []
        path = await vehicle.download_log(tmp_path / "logs", shares.append)
        assert path.read_bytes() == aircraft.log.stored[-1].body
        assert shares[-1] == 1.0
        assert [file.name for file in (tmp_path / "logs").iterdir()] == [path.name]
    assert not heard(tmp_path, "LOG_DATA"), "it has a file of its own"
    assert heard(tmp_path, "LOG_ENTRY")
