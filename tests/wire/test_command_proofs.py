"""An answer is not believed: what was asked shows in the state, and what is graver never waits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from mavsdk.plugins.gimbal import GimbalError, GimbalResult

from patrol.errors import CommandDenied
from patrol.geo import bearing_true_deg, distance_m, offset
from patrol.telemetry import FlightMode
from patrol.vehicle import (
    Arm,
    Land,
    LookAt,
    Orbit,
    PointCamera,
    ReturnHome,
    StartMission,
    TakeOff,
    Upload,
)
from sim.faults import Fault
from tests.unit.test_plan_words import HOME
from tests.wire.test_commands import a_vehicle, now
from tests.wire.test_faults_mission import INTACT, a_long, a_short
from tests.wire.test_sim_aircraft import HurriedClock
from tests.wire.twins import a_twin

pytestmark = pytest.mark.anyio
HEALTH = 1  # SYS_STATUS


class DeafGimbal:
    """Answers no to everything, as one that another station controls."""

    def __init__(self) -> None:
        self.asked_for_control = 0

    async def take_control(self, *_: object) -> None:
        self.asked_for_control += 1
        raise GimbalError(GimbalResult.ERROR, "gimbal")

    async def set_angles(self, *_: object) -> None:
        raise GimbalError(GimbalResult.ERROR, "gimbal")


async def test_the_mode_of_before_proves_no_return_no_second_orbit_and_no_turn(
    tmp_path: Path,
) -> None:
    here, there = (offset(HOME, east_m=east_m, north_m=0.0) for east_m in (30.0, -50.0))
    async with a_vehicle(tmp_path) as (vehicle, _):
        await vehicle.do(Arm())
        await vehicle.do(TakeOff(height_above_home_m=20.0))
        vehicle._newest.gimbal_id = None  # its camera is fixed: the nose looks
        await vehicle.do(LookAt(point=there, altitude_amsl_m=12.0))
        attitude, position = now(vehicle).attitude, now(vehicle).position
        assert attitude is not None
        assert position is not None
        off_deg = attitude.yaw_deg - bearing_true_deg(position, there)
        assert abs((off_deg + 180.0) % 360.0 - 180.0) < 8.0
        for centre in (here, there):
            await vehicle.do(
                Orbit(centre=centre, radius_m=20.0, speed_m_s=5.0, height_above_home_m=20.0)
            )
        position = now(vehicle).position
        assert position is not None
        assert distance_m(position, there) == pytest.approx(20.0, abs=5.0)
        await vehicle.do(Land())
        await vehicle.do(ReturnHome())
        assert now(vehicle).mode is FlightMode.RETURN


async def test_a_mission_that_flies_is_not_refused_for_a_camera_that_does_not_turn() -> None:
    async with a_twin() as twin:
        vehicle, deaf = twin.link.vehicle, DeafGimbal()
        assert await twin.uploaded(a_short(4.0)) == INTACT
        await twin.link.in_the_air(20.0)
        camera = vehicle._commands.camera
        camera.gimbal = deaf
        camera._has_control = True
        await vehicle.do(StartMission())
        assert twin.link.sample.mode is FlightMode.MISSION
        told = await twin.heard("camera.not_aimed")
        assert "云台" in told.fields["text_zh"]
        with pytest.raises(CommandDenied, match="gimbal"):
            await vehicle.do(PointCamera(pitch_deg=-10.0, bearing_true_deg=10.0))
        assert deaf.asked_for_control > 0  # what was another's is asked for again


async def test_a_long_transfer_gives_way_to_what_is_graver_and_to_whoever_stops_waiting() -> None:
    async with a_twin() as twin:
        vehicle, refusals = twin.link.vehicle, list[str]()
        assert await twin.uploaded(a_short(4.0)) == INTACT
        twin.aircraft.inject(Fault.DELAY, 60.0)  # two thousand items take minutes

        async def upload() -> None:
            refusals.append(await twin.uploaded(a_long()))

        async def until_under_way() -> None:
            with anyio.fail_after(10.0):
                while twin.aircraft._missions.upload is None:
                    await anyio.sleep(0.02)

        async with anyio.create_task_group() as group:
            group.start_soon(upload)
            await until_under_way()
            with anyio.fail_after(8.0):
                await vehicle.do(Land())  # it stands: done, once it is its turn
        assert "broken off" in refusals[0]
        with anyio.fail_after(8.0):
            async with anyio.create_task_group() as group:
                group.start_soon(upload)
                await until_under_way()
                group.cancel_scope.cancel()
        twin.aircraft.clear(Fault.DELAY)
        assert await twin.uploaded(a_short(5.0)) == INTACT
        assert twin.holds(a_short(5.0))


async def test_a_log_that_comes_down_gives_way_to_a_command_and_leaves_nothing_torn(
    tmp_path: Path,
) -> None:
    async with a_vehicle(tmp_path / "tlog") as (vehicle, aircraft):
        await vehicle.do(Arm())
        await vehicle.do(TakeOff(height_above_home_m=3.0))
        await vehicle.do(Land())
        with anyio.fail_after(10.0):
            while now(vehicle).is_armed or not aircraft.log.stored:
                await anyio.sleep(0.02)
        stored = aircraft.log.stored[-1]
        aircraft.log.stored[-1] = replace(stored, body=bytes(40_000_000))
        refusals, began = list[str](), anyio.Event()

        async def download() -> None:
            with pytest.raises(CommandDenied) as caught:
                await vehicle.download_log(tmp_path, lambda _share: began.set())
            refusals.append(caught.value.text_zh)

        async with anyio.create_task_group() as group:
            group.start_soon(download)
            with anyio.fail_after(10.0):
                await began.wait()
                await vehicle.do(Land())
        assert refusals == ["下载飞控日志：已中断：有更紧急的指令"]
    assert names_in(tmp_path) == ["tlog"]


def names_in(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


async def test_that_it_may_be_armed_is_not_known_any_more_when_nothing_was_heard_of_it() -> None:
    async with a_twin(wall=HurriedClock()) as twin:
        vehicle = twin.link.vehicle
        assert (await vehicle.ask()).is_armable
        twin.aircraft.inject(Fault.STREAM_SILENT, HEALTH)
        with anyio.fail_after(10.0):
            while (await vehicle.ask()).is_armable is not None:
                await anyio.sleep(0.1)


async def test_two_uploads_at_once_are_done_one_after_the_other_and_each_whole() -> None:
    async with a_twin() as twin:
        plans, refusals = [a_short(4.0), a_short(5.0)], list[str]()

        async def upload(number: int) -> None:
            await twin.link.vehicle.do(Upload(plan=plans[number]))
            refusals.append("")

        async with anyio.create_task_group() as group:
            for number in (0, 1):
                group.start_soon(upload, number)
        assert refusals == ["", ""]  # one after the other, each whole
        assert twin.holds(plans[1])
