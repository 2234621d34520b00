"""The simulated aircraft as any MAVLink ground station meets it: plain messages over UDP."""

from __future__ import annotations

import math
import struct
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import anyio
import anyio.abc
import pytest
from pymavlink.dialects.v20 import common as mavlink

from patrol.geo import GeoPoint, distance_m, offset
from sim.aircraft import SimAircraft
from sim.clock import SimClock
from sim.faults import Fault
from sim.modes import Mode
from sim.terrain import Terrain, flat, hill
from sim.wind import Wind

pytestmark = pytest.mark.anyio
HOME = GeoPoint(lat_deg=23.28, lon_deg=116.72)
HOME_AMSL_M = 12.0
SPEED = 40.0
ACCEPTED, REJECTED, DENIED, UNSUPPORTED = 0, 1, 2, 3


class Station:
    """One end of the link: sends as a ground station, remembers what came."""

    def __init__(self, link: anyio.abc.ConnectedUDPSocket, aircraft: SimAircraft) -> None:
        self.aircraft = aircraft
        self.heard: defaultdict[str, deque[Any]] = defaultdict(deque)
        self.is_beating = True
        self._link = link
        self._parser = mavlink.MAVLink(None)
        self._out = mavlink.MAVLink(None, srcSystem=255, srcComponent=190)
        self._one_writer = anyio.Lock()

    async def listen(self) -> None:
        async for data in self._link:
            for message in self._parser.parse_buffer(data) or []:
                self.heard[message.get_type()].append(message)

    async def beat(self) -> None:
        while True:
            if self.is_beating:
                await self.send(mavlink.MAVLink_heartbeat_message(6, 8, 0, 0, 4, 3))
            await anyio.sleep(0.2)

    async def send(self, message: Any, sender: Any = None) -> None:
        async with self._one_writer:
            await self._link.send(message.pack(sender or self._out))

    async def hear(
        self, kind: str, condition: Callable[[Any], bool] = lambda _: True, within_s: float = 6.0
    ) -> Any:
        """The next message of that kind for which it is so; others wait to be heard."""
        with anyio.fail_after(within_s):
            while True:
                while self.heard[kind]:
                    message = self.heard[kind].popleft()
                    if condition(message):
                        return message
                await anyio.sleep(0.01)

    async def command(self, number: int, *params: float, target: int = 1) -> int:
        """COMMAND_LONG, and the result of its ACK."""
        seven = [*params, *[0.0] * (7 - len(params))]
        await self.send(mavlink.MAVLink_command_long_message(target, 1, number, 0, *seven))
        ack = await self.hear("COMMAND_ACK", lambda message: message.command == number)
        return int(ack.result)

    async def said(self, text: str) -> None:
        await self.hear("STATUSTEXT", lambda message: message.text.startswith(text))

    async def put(self, name: str, value: float, *, is_whole: bool = True) -> None:
        """PARAM_SET, and wait until it is told back."""
        carried = struct.unpack("<f", struct.pack("<i", int(value)))[0] if is_whole else value
        kind = 6 if is_whole else 9
        await self.send(mavlink.MAVLink_param_set_message(1, 1, name.encode(), carried, kind))
        await self.hear("PARAM_VALUE", lambda m: m.param_id == name and m.param_value == carried)

    async def mode(self, *wanted: Mode) -> None:
        """Until the heartbeat tells these modes, one after the other."""
        left = list(wanted)
        while left:
            beat = await self.hear("HEARTBEAT")
            if beat.custom_mode == left[0].value:
                left.pop(0)

    async def take_off(self, height_m: float = 20.0) -> None:
        await self.put("MIS_TAKEOFF_ALT", height_m, is_whole=False)
        assert await self.command(400, 1.0) == ACCEPTED
        assert await self.command(22, *[math.nan] * 7) == ACCEPTED
        await self.mode(Mode.TAKE_OFF, Mode.HOLD)


@asynccontextmanager
async def station(
    *, wind: Wind | None = None, terrain: Terrain = flat, system_id: int = 1
) -> AsyncIterator[Station]:
    clock = SimClock(datetime(2026, 11, 24, 1, 30, tzinfo=UTC), SPEED)
    aircraft = SimAircraft(
        home=HOME, home_elevation_amsl_m=HOME_AMSL_M, clock=clock, wind=wind, system_id=system_id
    )
    aircraft.stand_on(terrain)
    async with anyio.create_task_group() as group:
        port = await group.start(aircraft.run)
        async with await anyio.create_connected_udp_socket("127.0.0.1", port) as link:
            one = Station(link, aircraft)
            group.start_soon(one.listen)
            group.start_soon(one.beat)
            await one.hear("ATTITUDE")
            yield one
            group.cancel_scope.cancel()


# --- fail-safes, with PX4's texts


async def test_a_station_that_falls_silent_is_said_held_for_and_returned_from() -> None:
    async with station() as one:
        await one.put("COM_DL_LOSS_T", 1)
        await one.take_off()
        one.is_beating = False
        await one.said("Connection to ground station lost")
        await one.said("Failsafe activated: entering Hold for 5 seconds")
        critical = await one.hear("HEARTBEAT", lambda m: m.custom_mode == Mode.RETURN.value)
        assert critical.system_status == 5
        one.is_beating = True
        await one.said("GCS connection regained")
        await one.said("Landing detected")
        await one.said("Disarmed by landing")


async def test_a_battery_that_empties_is_warned_of_held_for_returned_with_and_landed() -> None:
    async with station() as one:
        await one.take_off()
        one.aircraft.autopilot.battery_pct = 14.0
        await one.said("Low battery")
        one.aircraft.autopilot.battery_pct = 6.5
        await one.said("Critical battery")
        await one.said("Failsafe activated: entering Hold for 5 seconds")
        await one.mode(Mode.RETURN)
        one.aircraft.autopilot.battery_pct = 4.5
        await one.said("Emergency battery level")
        await one.mode(Mode.LAND)
        battery = await one.hear("BATTERY_STATUS", lambda m: m.charge_state == 4)
        assert battery.battery_remaining <= 5
        assert battery.voltages[0] < 3500


async def test_a_fence_that_the_wind_breaks_is_said_and_returned_from() -> None:
    async with station(wind=Wind.blowing(25.0, 270.0)) as one:
        await one.put("GF_MAX_HOR_DIST", 60.0, is_whole=False)
        await one.put("GF_ACTION", 3)
        await one.take_off(10.0)
        await one.said("Geofence: exceeding maximum distance to Home")
        await one.said("Failsafe activated: entering Hold for 5 seconds")
        await one.mode(Mode.RETURN)
        wind = await one.hear("WIND_COV", lambda m: m.wind_y > 15.0)
        assert abs(wind.wind_x) < 3.0


async def test_lost_satellites_land_it_and_a_new_fix_lets_it_go_on() -> None:
    async with station() as one:
        await one.take_off()
        place = offset(HOME, east_m=2000.0, north_m=0.0)
        assert await one.command(
            192, 5.0, 1.0, 0.0, math.nan, place.lat_deg, place.lon_deg, HOME_AMSL_M + 60.0
        ) == ACCEPTED  # fmt: skip
        await one.hear("GLOBAL_POSITION_INT", lambda m: m.relative_alt > 50_000)
        one.aircraft.inject(Fault.GNSS_LOST)
        await one.hear("GPS_RAW_INT", lambda m: m.fix_type == 0)
        await one.said("Failsafe activated")
        await one.mode(Mode.LAND)
        one.aircraft.clear(Fault.GNSS_LOST)
        await one.mode(Mode.HOLD)


# --- commands


async def test_a_disarm_in_the_air_is_denied_and_a_forced_one_stops_the_motors() -> None:
    async with station() as one:
        await one.take_off()
        assert await one.command(400, 0.0) == REJECTED
        await one.said("Disarming denied: not landed")
        assert await one.command(400, 0.0, 21196.0) == ACCEPTED
        fallen = await one.hear("EXTENDED_SYS_STATE", lambda m: m.landed_state == 1)
        assert fallen is not None
        assert not one.aircraft.autopilot.is_armed


async def test_it_goes_where_it_is_sent_circles_changes_height_and_speed() -> None:
    async with station() as one:
        await one.take_off()
        place = offset(HOME, east_m=40.0, north_m=0.0)
        there = (place.lat_deg, place.lon_deg)
        sent = (192, 8.0, 1.0, 0.0, math.nan, *there, HOME_AMSL_M + 25.0)
        assert await one.command(*sent) == ACCEPTED
        await one.hear("LOCAL_POSITION_NED", lambda m: m.y > 38.0 and m.z < -24.0)
        assert await one.command(34, -20.0, 4.0, 0.0, math.nan, *there, math.nan) == ACCEPTED
        await one.mode(Mode.ORBIT)
        await one.hear("LOCAL_POSITION_NED", lambda m: math.hypot(m.x, m.y - 40.0) > 18.0)
        assert await one.command(178, 1.0, 2.0) == ACCEPTED
        await one.hear("VFR_HUD", lambda m: 1.5 < m.groundspeed < 2.5)
        assert await one.command(186, HOME_AMSL_M + 35.0) == ACCEPTED
        await one.hear("ALTITUDE", lambda m: m.altitude_relative > 34.0)
        assert await one.command(31999) == UNSUPPORTED


async def test_a_stream_comes_as_often_as_it_was_asked_for_and_says_so() -> None:
    async with station() as one:
        assert await one.command(511, 30.0, 200_000.0) == ACCEPTED
        assert await one.command(511, 33.0, -1.0) == ACCEPTED
        assert await one.command(512, 244.0, 30.0) == ACCEPTED
        assert await one.command(512, 244.0, 33.0) == ACCEPTED
        assert await one.command(511, 9000.0, 1e6) == DENIED
        one.heard.clear()
        times = [(await one.hear("ATTITUDE")).time_boot_ms for _ in range(4)]
        assert (times[-1] - times[0]) / 3 / SPEED == pytest.approx(200.0, rel=0.4)  # wall ms
        one.heard.clear()
        assert await one.command(510, 30.0) == ACCEPTED
        await one.command(512, 33.0)
        assert len(one.heard["GLOBAL_POSITION_INT"]) <= 1
        await one.command(511, 33.0, 0.0)
        await one.hear("GLOBAL_POSITION_INT")


async def test_the_interval_that_is_told_is_the_one_that_is_kept() -> None:
    async with station() as one:
        await one.command(511, 30.0, 1000.0)  # a thousand a second: more than it can
        await one.send(mavlink.MAVLink_command_long_message(1, 1, 512, 0, 244, 30, 0, 0, 0, 0, 0))
        told = await one.hear("MESSAGE_INTERVAL")
        assert (told.message_id, told.interval_us) == (30, 50_000)
        await one.command(511, 33.0, -1.0)
        await one.send(mavlink.MAVLink_command_long_message(1, 1, 512, 0, 244, 33, 0, 0, 0, 0, 0))
        assert (await one.hear("MESSAGE_INTERVAL")).interval_us == -1


async def test_what_is_meant_for_another_aircraft_is_not_done() -> None:
    async with station(system_id=7) as one:
        await one.send(mavlink.MAVLink_command_long_message(1, 1, 400, 0, 1, 0, 0, 0, 0, 0, 0))
        assert await one.command(512, 148.0, target=7) == ACCEPTED
        assert not one.aircraft.autopilot.is_armed
        assert await one.command(400, 1.0, target=7) == ACCEPTED


async def test_parameters_are_listed_with_a_hash_and_an_unknown_name_is_not_answered() -> None:
    async with station() as one:
        await one.send(mavlink.MAVLink_param_request_list_message(1, 1))
        first = await one.hear("PARAM_VALUE")
        assert (first.param_id, first.param_index) == ("_HASH_CHECK", 65535)
        names = [(await one.hear("PARAM_VALUE")).param_id for _ in range(first.param_count)]
        assert names == sorted(names)
        assert {"RTL_TYPE", "COM_DL_LOSS_T", "GF_MAX_HOR_DIST", "COM_OBL_RC_ACT"} <= set(names)
        await one.send(mavlink.MAVLink_param_request_read_message(1, 1, b"NO_SUCH_NAME", -1))
        await one.send(mavlink.MAVLink_param_request_read_message(1, 1, b"RTL_TYPE", -1))
        assert (await one.hear("PARAM_VALUE")).param_id == "RTL_TYPE"


# --- sticks, ground, logs


async def test_a_pilots_sticks_over_mavlink_take_over_and_their_silence_brings_it_home() -> None:
    async with station() as one:
        await one.take_off()
        await one.put("COM_RC_LOSS_T", 1.0, is_whole=False)  # a busy machine is no silent pilot
        stop = anyio.Event()

        async def push() -> None:
            while not stop.is_set():
                await one.send(mavlink.MAVLink_manual_control_message(1, 1000, 0, 500, 0, 0))
                await anyio.sleep(0.05)

        async with anyio.create_task_group() as group:
            group.start_soon(push)
            await one.said("Pilot took over using sticks")
            await one.mode(Mode.POSITION)
            await one.hear("LOCAL_POSITION_NED", lambda m: m.vx > 5.0)
            assert await one.command(176, 29.0, 4.0, 3.0) == ACCEPTED
            stop.set()
        await one.mode(Mode.RETURN)


async def test_sticks_in_the_same_process_stay_where_they_are_put() -> None:
    async with station() as one:
        await one.take_off()
        one.aircraft.sticks(roll=1.0)
        await one.mode(Mode.POSITION)
        await one.hear("LOCAL_POSITION_NED", lambda m: m.vy > 5.0)
        one.aircraft.switch_off_sticks()
        await one.mode(Mode.RETURN)


async def test_over_a_hill_it_tells_its_height_above_the_ground_there() -> None:
    async with station(terrain=hill(east_m=60.0, north_m=0.0, height_m=15.0, width_m=20.0)) as one:
        await one.take_off()
        place = offset(HOME, east_m=60.0, north_m=0.0)
        await one.command(192, 5.0, 1.0, 0.0, math.nan, place.lat_deg, place.lon_deg, 32.0)
        told = await one.hear("ALTITUDE", lambda m: m.bottom_clearance < 6.0)
        assert told.altitude_terrain == pytest.approx(HOME_AMSL_M + 15.0, abs=1.0)
        measured = await one.hear("DISTANCE_SENSOR", lambda m: m.current_distance < 600)
        assert measured.orientation == 25


async def test_after_landing_its_log_can_be_taken_and_tells_the_flight() -> None:
    async with station() as one:
        await one.send(mavlink.MAVLink_log_request_list_message(1, 1, 0, 0xFFFF))
        assert (await one.hear("LOG_ENTRY")).num_logs == 0
        await one.take_off()
        assert await one.command(21) == ACCEPTED
        await one.hear("EXTENDED_SYS_STATE", lambda m: m.landed_state == 4)  # it is landing
        await one.said("Disarmed by landing")
        await one.send(mavlink.MAVLink_log_request_list_message(1, 1, 0, 0xFFFF))
        entry = await one.hear("LOG_ENTRY")
        assert (entry.num_logs, entry.last_log_num) == (1, 0)
        await one.send(mavlink.MAVLink_log_request_data_message(1, 1, entry.id, 0, 0xFFFFFFFF))
        body = b""
        while len(body) < entry.size:
            part = await one.hear("LOG_DATA")
            assert part.ofs == len(body)
            body += bytes(part.data[: part.count])
        assert body == one.aircraft.log.stored[0].body
        read = read_ulog(body)
        assert b"Takeoff detected" in b"".join(read["L"])
        heights = [-values[2] for values in positions(read)]
        assert max(heights) == pytest.approx(20.0, abs=1.0)
        assert heights[-1] < 1.0
        await one.send(mavlink.MAVLink_log_erase_message(1, 1))
        await one.send(mavlink.MAVLink_log_request_list_message(1, 1, 0, 0xFFFF))
        assert (await one.hear("LOG_ENTRY")).num_logs == 0


def read_ulog(body: bytes) -> dict[str, list[bytes]]:
    """The messages of a ULog by kind, as its specification lays them out."""
    assert body[:8] == b"ULog\x01\x12\x35\x01"
    found: dict[str, list[bytes]] = {}
    at = 16
    while at < len(body):
        size, kind = struct.unpack_from("<Hc", body, at)
        found.setdefault(kind.decode(), []).append(body[at + 3 : at + 3 + size])
        at += 3 + size
    assert at == len(body)
    return found


def positions(read: dict[str, list[bytes]]) -> list[tuple[float, ...]]:
    """North, east and down of every sample of vehicle_local_position."""
    names = {raw[3:]: struct.unpack_from("<H", raw, 1)[0] for raw in read["A"]}
    number = names[b"vehicle_local_position"]
    samples = [raw for raw in read["D"] if struct.unpack_from("<H", raw)[0] == number]
    return [struct.unpack_from("<3f", raw, 10) for raw in samples]


async def test_rally_points_are_kept_and_returned_to() -> None:
    async with station() as one:
        place = offset(HOME, east_m=0.0, north_m=30.0)
        await one.send(mavlink.MAVLink_mission_count_message(1, 1, 1, 2))
        await one.hear("MISSION_REQUEST_INT", lambda m: m.mission_type == 2)
        await one.send(
            mavlink.MAVLink_mission_item_int_message(
                1, 1, 0, 3, 5100, 0, 1, 0, 0, 0, 0, round(place.lat_deg * 1e7),
                round(place.lon_deg * 1e7), 0.0, 2,
            )
        )  # fmt: skip
        assert (await one.hear("MISSION_ACK")).type == 0
        await one.take_off()
        near = offset(HOME, east_m=0.0, north_m=25.0)
        await one.command(192, 5.0, 1.0, 0.0, math.nan, near.lat_deg, near.lon_deg, 32.0)
        await one.hear("LOCAL_POSITION_NED", lambda m: m.x > 20.0)
        assert await one.command(20) == ACCEPTED
        await one.said("Disarmed by landing")
        assert distance_m(one.aircraft.autopilot.position, place) < 2.0
