"""Faults of the link and of the aircraft: what the operator sees, and that nothing was lost."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import pytest
from pymavlink.dialects.v20 import common as mavlink

from drone.guardian import decide
from drone.preflight import preflight
from patrol.errors import CommandDenied
from patrol.geo import distance_m, offset
from patrol.telemetry import FlightMode, TelemetrySample
from patrol.vehicle import Arm
from sim.faults import Fault
from tests.fakes import GOOD_FACTS
from tests.unit.test_plan_words import HOME
from tests.wire.test_faults_mission import INTACT, a_short
from tests.wire.test_sim_aircraft import HurriedClock, a_loop, forbidding
from tests.wire.twins import Twin, a_twin, second_station

pytestmark = pytest.mark.anyio
LINK_FAULTS = [
    (Fault.DELAY, 30.0),
    (Fault.DUPLICATION, 100.0),
    (Fault.REORDERING, 30.0),
    (Fault.CORRUPTION, 5.0),
]
HOLD_COMMAND = 176  # MAV_CMD_DO_SET_MODE


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def standing() -> AsyncIterator[Twin]:
    """On the ground; three seconds of silence pass in less than one."""
    async with a_twin(wall=HurriedClock()) as twin:
        yield twin


async def test_a_link_that_delays_doubles_swaps_or_damages_still_brings_plan_and_telemetry() -> (
    None
):
    found: dict[Fault, tuple[str, bool, bool]] = {}

    async def upload(fault: Fault, value: float) -> None:
        async with a_twin(seed=7) as twin:
            twin.aircraft.inject(fault, value)
            plan = a_short(6.0)
            told = await twin.uploaded(plan)
            heard_s = twin.link.sample.heard_at_s
            later = await twin.link.until(lambda sample: sample.heard_at_s > heard_s)
            is_near = later.position is not None and distance_m(later.position, HOME) < 3.0
            found[fault] = (told, twin.holds(plan), is_near)

    async with anyio.create_task_group() as group:
        for fault, value in LINK_FAULTS:
            group.start_soon(upload, fault, value)
    assert found == {fault: (INTACT, True, True) for fault, _ in LINK_FAULTS}


async def test_radio_silence_is_told_as_a_lost_link_and_the_end_of_it_too(standing: Twin) -> None:
    standing.told.clear()
    standing.aircraft.inject(Fault.SILENT)
    lost = await standing.heard("link.lost")
    assert lost.fields["age_s"] >= 3.0
    assert "link.stale" in stale_findings(standing)
    assert is_at(standing.link.sample, HOME)  # the last one is kept
    standing.aircraft.clear(Fault.SILENT)
    await standing.heard("link.back")


async def test_at_half_of_everything_lost_samples_come_and_the_link_is_not_called_lost(
    standing: Twin,
) -> None:
    standing.told.clear()
    standing.aircraft.inject(Fault.PACKET_LOSS, 50.0)
    for _ in range(6):
        await standing.link.until(newer_than(standing.link.sample))
    standing.aircraft.clear(Fault.PACKET_LOSS)
    assert "link.lost" not in {event.name for event in standing.told}


def newer_than(last: TelemetrySample) -> Callable[[TelemetrySample], bool]:
    return lambda sample: sample.heard_at_s > last.heard_at_s


def stale_findings(twin: Twin) -> set[str]:
    findings = preflight(
        GOOD_FACTS, twin.link.sample, a_loop(), speaker_ok=True, camera_ok=True,
        now_wall_s=HurriedClock().monotonic_s(),
    )  # fmt: skip
    return {finding.code for finding in findings}


async def test_one_stream_that_stops_is_told_and_the_link_is_not_lost(standing: Twin) -> None:
    standing.told.clear()
    standing.aircraft.inject(Fault.STREAM_SILENT, 33.0)  # GLOBAL_POSITION_INT
    await standing.heard("stream.stopped", stream="position")
    with anyio.fail_after(5.0):
        while "link.stale" not in stale_findings(standing):
            await anyio.sleep(0.05)
    standing.aircraft.clear(Fault.STREAM_SILENT)
    await standing.heard("stream.back", stream="position")
    assert "link.lost" not in {event.name for event in standing.told}


async def test_a_wrong_compass_forbids_arming_and_says_why(standing: Twin) -> None:
    assert await standing.uploaded(a_loop()) == INTACT
    standing.aircraft.inject(Fault.COMPASS_ERROR, 60.0)
    await standing.link.until(
        lambda sample: 55.0 < ((sample.heading_true_deg or 0.0) % 360.0) < 65.0
    )
    with anyio.fail_after(5.0):
        while "armable.no" not in await forbidding(standing.link, a_loop()):
            await anyio.sleep(0.1)
    with pytest.raises(CommandDenied, match="Compass 0 inconsistent"):
        await standing.link.vehicle.do(Arm())
    standing.aircraft.clear(Fault.COMPASS_ERROR)


async def test_a_jump_of_its_position_is_seen_as_a_breach_of_the_fence(standing: Twin) -> None:
    standing.aircraft.inject(Fault.GNSS_JUMP, 400.0)
    there = offset(HOME, east_m=400.0, north_m=0.0)
    jumped = await standing.link.until(lambda sample: is_at(sample, there))
    row = decide(jumped, a_loop())
    assert row is not None
    assert row.rule == "fence.breached"
    standing.aircraft.clear(Fault.GNSS_JUMP)
    back = await standing.link.until(lambda sample: is_at(sample, HOME))
    assert decide(back, a_loop()) is None


def is_at(sample: TelemetrySample, place: Any) -> bool:  # noqa: ANN401
    return sample.position is not None and distance_m(sample.position, place) < 5.0


async def test_a_clock_that_jumps_on_board_moves_no_record_of_ours(standing: Twin) -> None:
    before = standing.link.sample
    standing.aircraft.inject(Fault.CLOCK_JUMP, -86_400.0)
    after = await standing.link.until(lambda sample: sample.time_utc > before.time_utc)
    assert (after.time_utc - before.time_utc).total_seconds() < 60.0
    standing.aircraft.clear(Fault.CLOCK_JUMP)


async def test_a_second_ground_station_that_commands_or_uploads_is_told(standing: Twin) -> None:
    assert await standing.uploaded(a_loop()) == INTACT
    assert await standing.is_confirmed()
    standing.told.clear()
    with second_station(standing.port) as send:
        send(mavlink.MAVLink_heartbeat_message(6, 8, 0, 0, 4, 3))
        send(mavlink.MAVLink_command_long_message(1, 1, HOLD_COMMAND, 0, 1, 4, 3, 0, 0, 0, 0))
        told = await standing.heard("station.other_command")
        assert (told.fields["system_id"], told.fields["command"]) == (252, HOLD_COMMAND)
        assert await standing.is_confirmed()
        send(mavlink.MAVLink_mission_clear_all_message(1, 1, 0))
        told = await standing.heard("station.other_upload")
        assert told.fields["system_id"] == 252
    assert not await standing.is_confirmed()
    assert "mission.unconfirmed" in await forbidding(standing.link, a_loop())


async def test_in_the_air_wind_battery_thrust_and_a_restart_are_seen_for_what_they_are(
    standing: Twin,
) -> None:
    twin = standing
    assert await twin.uploaded(a_loop()) == INTACT
    await twin.link.in_the_air(30.0)
    await blinded_and_seeing_again(twin)
    await pushed_out_of_the_fence(twin)
    twin.aircraft.inject(Fault.BATTERY_COLLAPSE, 5.0)
    await twin.said("battery")
    low = await twin.link.until(lambda sample: charge_pct(sample) < 18.0)
    assert (row := decide(low, a_loop())) is not None
    assert row.rule.startswith(("battery.", "fence."))
    twin.aircraft.clear(Fault.BATTERY_COLLAPSE)
    twin.aircraft.autopilot.battery_pct = 90.0
    twin.aircraft.inject(Fault.THRUST_LOSS, 60.0)
    await twin.said("Motor failure detected")
    await twin.said("Attitude failure")
    await twin.link.until(lambda sample: sinks_m_s(sample) > 2.5)
    twin.aircraft.clear(Fault.THRUST_LOSS)
    twin.told.clear()
    twin.aircraft.inject(Fault.REBOOT, 1.0)
    await twin.heard("vehicle.restarted")
    down = await twin.link.until(lambda sample: sample.is_armed is False)
    assert down.mode is not FlightMode.MISSION
    assert not await twin.is_confirmed()
    assert await twin.uploaded(a_loop()) == INTACT


async def blinded_and_seeing_again(twin: Twin) -> None:
    """Without satellites it says so, sinks by itself, and nobody is told a place it is not at."""
    twin.told.clear()
    twin.aircraft.inject(Fault.GNSS_LOST)
    await twin.said("GNSS data fusion stopped")
    await twin.said("Failsafe activated")
    blind = await twin.link.until(
        lambda sample: (
            sample.mode is FlightMode.LAND
            and sample.gnss is not None
            and sample.gnss.satellites == 0
        )
    )
    row = decide(blind, a_loop())
    assert row is not None
    assert row.rule == "gnss.lost"
    twin.aircraft.clear(Fault.GNSS_LOST)
    await twin.said("GNSS data fusion started")
    seeing = await twin.link.until(lambda sample: sample.mode is FlightMode.HOLD)
    assert seeing.is_in_air
    assert is_at(await twin.link.until(newer_than(seeing)), HOME)


async def pushed_out_of_the_fence(twin: Twin) -> None:
    twin.told.clear()
    twin.aircraft.inject(Fault.WIND_GUST, 40.0)
    await twin.said("Geofence")
    out = await twin.link.until(lambda s: (row := decide(s, a_loop())) is not None and
                                row.rule == "fence.breached")  # fmt: skip
    assert out.is_in_air
    twin.aircraft.clear(Fault.WIND_GUST)


def charge_pct(sample: TelemetrySample) -> float:
    return sample.battery.charge_pct if sample.battery else 100.0


def sinks_m_s(sample: TelemetrySample) -> float:
    return sample.velocity.down_m_s if sample.velocity else 0.0
