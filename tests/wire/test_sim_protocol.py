"""Corners of MAVLink's protocols, where a ground station expects what PX4 v1.16 does."""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import anyio
import pytest
from pymavlink.dialects.v20 import common as mavlink

from patrol.geo import offset
from sim.faults import Fault
from sim.fence import CIRCLE_OUT, POLYGON_IN
from sim.mission_items import FENCE, MISSION, RALLY
from sim.modes import Mode
from tests.wire.test_sim_mavlink import (
    ACCEPTED,
    DENIED,
    HOME,
    HOME_AMSL_M,
    REJECTED,
    UNSUPPORTED,
    Station,
    station,
)

pytestmark = pytest.mark.anyio
OK, ERROR, WRONG_FRAME, WRONG_COMMAND, NO_SPACE, INVALID, NO_PLACE = 0, 1, 2, 3, 4, 5, 10
WAYPOINT, RETURN = 16, 20
THERE = offset(HOME, east_m=40.0, north_m=0.0)
LAT, LON = round(THERE.lat_deg * 1e7), round(THERE.lon_deg * 1e7)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def one() -> AsyncIterator[Station]:
    async with station() as one:
        yield one


@pytest.fixture(autouse=True)
def nothing_heard(one: Station) -> None:
    one.heard.clear()
    one.aircraft._missions.forget_upload()


def an_item(
    number: int, command: int = WAYPOINT, *, frame: int = 6, mission_type: int = MISSION,
    x: int = LAT, param1: float = 0.0,
) -> Any:  # fmt: skip
    return mavlink.MAVLink_mission_item_int_message(
        1, 1, number, frame, command, 0, 1, param1, 0, 0, math.nan, x, LON, 30.0, mission_type
    )


async def result_of(one: Station, *items: Any) -> int:
    """What the upload of these comes to."""
    mission_type = items[0].mission_type
    await one.send(mavlink.MAVLink_mission_count_message(1, 1, len(items), mission_type))
    for number, item in enumerate(items):
        await one.hear("MISSION_REQUEST_INT", partial(_asks_for, number))
        await one.send(item)
    ack = await one.hear("MISSION_ACK")
    assert ack.mission_type == mission_type
    return int(ack.type)


def _asks_for(number: int, message: Any) -> bool:
    return bool(message.seq == number)


# --- commands


async def test_numbers_that_are_none_end_nothing_and_are_answered(one: Station) -> None:
    for value in (math.nan, math.inf, -math.inf, 3e38):
        for number in (176, 400, 510, 511, 512, 1000, 1001, 192, 22, 300, 246):
            await one.command(number, *[value] * 7)
    assert await one.command(512, 148.0) == ACCEPTED


async def test_a_command_that_names_nobody_or_another_part_is_not_for_the_autopilot(
    one: Station,
) -> None:
    for target in ((0, 0), (0, 1), (1, 100), (2, 1)):
        await one.send(mavlink.MAVLink_command_long_message(*target, 400, 0, 1, 0, 0, 0, 0, 0, 0))
    assert await one.command(512, 148.0) == ACCEPTED  # the next ACK is of the next command
    assert not one.heard["COMMAND_ACK"]
    assert not one.aircraft.autopilot.is_armed
    # Whoever looks for autopilots asks nobody by name.
    await one.send(mavlink.MAVLink_command_long_message(0, 0, 520, 0, 1, 0, 0, 0, 0, 0, 0))
    await one.hear("AUTOPILOT_VERSION")


@pytest.mark.parametrize("command", [16, 93, 179, 252, 521, 2000, 2500, 4501, 31000, 65535])
async def test_what_it_does_not_know_is_unsupported(one: Station, command: int) -> None:
    assert await one.command(command) == UNSUPPORTED
    await one.send(mavlink.MAVLink_command_int_message(1, 1, 3, command, 0, 0, 0, 0, 0, 0, 0, 0, 0))
    ack = await one.hear("COMMAND_ACK", lambda m: m.command == command)
    assert ack.result == UNSUPPORTED


async def test_modes_are_px4s_and_others_are_refused(one: Station) -> None:
    assert await one.command(176, 1.0, 4.0, 8.0) == REJECTED
    await one.said("Unsupported auto mode")
    assert await one.command(176, 1.0, 6.0) == REJECTED  # offboard: nobody sends it set points
    assert await one.command(176, 1.0, 2.0) == ACCEPTED
    by_sticks = await one.hear("HEARTBEAT", lambda m: m.custom_mode == Mode.ALTITUDE.value)
    assert by_sticks.base_mode == 81  # custom, stabilised, by hand
    assert await one.command(176, 1.0, 4.0, 3.0) == ACCEPTED
    await one.mode(Mode.HOLD)


async def test_a_mission_start_without_a_mission_is_denied_and_with_one_arms_and_flies() -> None:
    async with station() as one:
        assert await one.command(300) == DENIED
        await one.said("Mission start denied! No valid mission")
        assert await one.command(400, 1.0) == ACCEPTED
        assert await one.command(176, 1.0, 4.0, 4.0) == REJECTED
        await one.said("Switching to Mission is currently not available")
        assert await one.command(400, 0.0) == ACCEPTED
        assert await result_of(one, an_item(0), an_item(1)) == OK
        assert await one.command(300, 2.0) == DENIED  # there are two
        assert await one.command(300, 0.0, 0.0) == ACCEPTED
        await one.mode(Mode.MISSION)
        assert one.aircraft.autopilot.is_armed
        await one.hear("MISSION_CURRENT", lambda m: m.seq == 1)
        await one.send(mavlink.MAVLink_mission_set_current_message(1, 1, 0))
        await one.hear("MISSION_CURRENT", lambda m: m.seq == 0)
        await one.send(mavlink.MAVLink_mission_set_current_message(1, 1, 2))
        await one.said("WPM: WP CURR CMD: Not in list")
        assert await one.command(224, 1.0) == ACCEPTED
        assert await one.command(224, 2.0) == DENIED
        assert one.aircraft.autopilot.current == 1
        assert await one.command(178, 1.0, 99.0) == ACCEPTED
        assert one.aircraft.autopilot.cruise_m_s == 12.0  # MPC_XY_VEL_MAX
        assert await one.command(178, 1.0, -1.0) == ACCEPTED
        assert one.aircraft.autopilot.cruise_m_s == 5.0  # MPC_XY_CRUISE
        assert await one.command(246, 1.0) == DENIED  # no restart in the air


async def test_a_reposition_that_asks_for_no_mode_is_unsupported(one: Station) -> None:
    there = (THERE.lat_deg, THERE.lon_deg, HOME_AMSL_M + 20.0)
    assert await one.command(192, 5.0, 0.0, 0.0, math.nan, *there) == UNSUPPORTED
    assert await one.command(192, 5.0, 1.0, 0.0, math.nan, *there) == ACCEPTED  # and does nothing


async def test_the_gimbal_obeys_whoever_has_taken_it_until_it_is_given_up(one: Station) -> None:
    down = (1000, -400.0, math.nan, math.nan, math.nan, 0.0)
    model = one.aircraft.autopilot.model
    assert await one.command(*down) == DENIED
    for asked, controller in (((255.0, 190.0), (255, 190)), ((-1.0, -1.0), (255, 190)),
                              ((-3.0, -3.0), (0, 0)), ((-2.0, -2.0), (1, 1)),
                              ((-3.0, -3.0), (1, 1))):  # fmt: skip
        assert await one.command(1001, *asked) == ACCEPTED
        told = await one.hear("GIMBAL_MANAGER_STATUS")
        assert (told.primary_control_sysid, told.primary_control_compid) == controller
    turn = mavlink.MAVLink_gimbal_manager_set_pitchyaw_message(1, 1, 0, 0, -0.5, 0.0, 0.0, 0.0)
    await one.send(turn)
    assert await one.command(*down) == DENIED
    assert model.wanted_pitch_deg == 0.0
    assert await one.command(1001, 255.0, 190.0) == ACCEPTED
    assert await one.command(*down) == ACCEPTED
    assert model.wanted_pitch_deg == -90.0  # as far as it goes
    await one.send(turn)
    assert await one.command(512, 148.0) == ACCEPTED
    assert model.wanted_pitch_deg == pytest.approx(math.degrees(-0.5), abs=0.01)


async def test_while_it_restarts_it_is_deaf_and_dumb_and_forgets_what_it_was_asked_for() -> None:
    async with station() as one:
        assert await one.command(511, 30.0, 200_000.0) == ACCEPTED
        one.aircraft.inject(Fault.REBOOT, 0.6)
        with anyio.fail_after(3.0):
            while not one.aircraft._effects.is_off(time.monotonic()):
                await anyio.sleep(0.01)
        one.heard.clear()
        await one.send(mavlink.MAVLink_command_long_message(1, 1, 400, 0, 1, 0, 0, 0, 0, 0, 0))
        await one.hear("HEARTBEAT")
        assert not one.aircraft.autopilot.is_armed, "it has heard what was said while it was off"
        await one.send(mavlink.MAVLink_command_long_message(1, 1, 512, 0, 244, 30, 0, 0, 0, 0, 0))
        assert (await one.hear("MESSAGE_INTERVAL")).interval_us == 50_000
        assert await one.command(246, 1.0) == ACCEPTED  # a station may ask for it on the ground
        with anyio.fail_after(3.0):
            while not one.aircraft._effects.is_off(time.monotonic()):
                await anyio.sleep(0.01)


# --- missions


@pytest.mark.parametrize(
    ("item", "result"),
    [
        (an_item(0), OK),
        (an_item(0, RETURN, frame=2), OK),
        (an_item(0, frame=1), WRONG_FRAME),
        (an_item(0, 177, frame=2), WRONG_COMMAND),
        (an_item(0, 31000), WRONG_COMMAND),
        (an_item(0, x=2_000_000_000), NO_PLACE),
        (an_item(0, POLYGON_IN, mission_type=FENCE, param1=2.0), ERROR),
        (an_item(0, CIRCLE_OUT, mission_type=FENCE, param1=10.0), OK),
        (an_item(0, WAYPOINT, mission_type=RALLY), ERROR),
    ],
)
async def test_an_item_that_it_cannot_fly_ends_the_upload_with_the_reason(
    one: Station, item: Any, result: int
) -> None:
    assert await result_of(one, item) == result
    if result != OK:
        await one.said("IGN MISSION_ITEM: Invalid item")


@pytest.mark.parametrize(
    ("count", "mission_type", "result"),
    [(65, FENCE, NO_SPACE), (33, RALLY, NO_SPACE), (10_001, MISSION, NO_SPACE), (1, 7, INVALID)],
)
async def test_a_list_that_has_no_room_or_no_kind_is_not_begun(
    one: Station, count: int, mission_type: int, result: int
) -> None:
    await one.send(mavlink.MAVLink_mission_count_message(1, 1, count, mission_type))
    assert (await one.hear("MISSION_ACK")).type == result
    assert one.aircraft._missions.upload is None


async def test_clearing_one_kind_leaves_the_others_and_an_unknown_one_clears_none(
    one: Station,
) -> None:
    rally = an_item(0, 5100, mission_type=RALLY)
    assert await result_of(one, an_item(0)) == OK
    assert await result_of(one, rally) == OK
    pilot = one.aircraft.autopilot
    for mission_type, left in ((7, (1, 1)), (FENCE, (1, 1)), (MISSION, (0, 1)), (255, (0, 0))):
        await one.send(mavlink.MAVLink_mission_clear_all_message(1, 1, mission_type))
        assert (await one.hear("MISSION_ACK")).mission_type == mission_type
        assert (len(pilot.mission), len(pilot.rally)) == left


async def test_an_old_station_uploads_and_reads_in_degrees(one: Station) -> None:
    old = mavlink.MAVLink_mission_item_message(
        1, 1, 0, 3, WAYPOINT, 0, 1, 0, 0, 0, math.nan, THERE.lat_deg, THERE.lon_deg, 30.0, MISSION
    )
    assert await result_of(one, old) == OK
    (flown,) = one.aircraft.autopilot.mission
    assert flown.point is not None
    assert flown.point.lat_deg == pytest.approx(THERE.lat_deg, abs=1e-5)  # a float has no more
    await one.send(mavlink.MAVLink_mission_request_message(1, 1, 0, MISSION))
    told = await one.hear("MISSION_ITEM")
    assert (told.x, told.frame) == (pytest.approx(THERE.lat_deg, abs=1e-5), 3)
    await one.send(mavlink.MAVLink_mission_request_int_message(1, 1, 0, MISSION))
    assert (await one.hear("MISSION_ITEM_INT")).frame == 6


async def test_an_upload_of_one_station_takes_nothing_from_another(one: Station) -> None:
    other = mavlink.MAVLink(None, srcSystem=252, srcComponent=190)
    await one.send(mavlink.MAVLink_mission_count_message(1, 1, 2, MISSION))
    await one.hear("MISSION_REQUEST_INT")
    count = mavlink.MAVLink_mission_count_message(1, 1, 1, MISSION)
    await one.send(count, other)
    refused = await one.hear("MISSION_ACK")
    assert (refused.target_system, refused.type) == (252, ERROR)
    await one.send(an_item(0), other)
    await one.said("REJ. MIS ITEM: partner id mismatch")
    await one.send(mavlink.MAVLink_mission_clear_all_message(1, 1, MISSION))
    await one.said("WPM: IGN CLEAR CMD: Busy")
    await one.send(an_item(0))
    await one.hear("MISSION_REQUEST_INT", lambda m: m.seq == 1)
    await one.send(mavlink.MAVLink_mission_ack_message(1, 1, 15, MISSION))  # given up
    await one.send(an_item(1))
    await one.said("IGN MISSION_ITEM: No transfer")
    assert (await one.hear("MISSION_ACK")).type == ERROR


async def test_a_mission_message_that_names_nobody_is_passed_over(one: Station) -> None:
    for target in ((0, 1), (1, 100), (2, 1)):
        await one.send(mavlink.MAVLink_mission_request_list_message(*target, MISSION))
    await one.send(mavlink.MAVLink_mission_request_list_message(1, 190, RALLY))
    assert (await one.hear("MISSION_COUNT")).mission_type == RALLY


async def test_an_item_beyond_the_list_is_answered_with_an_error(one: Station) -> None:
    await one.send(mavlink.MAVLink_mission_request_int_message(1, 1, 500, MISSION))
    assert (await one.hear("MISSION_ACK")).type == ERROR
    await one.said("WPM: REJ. CMD: Req. WP was unexpected")
