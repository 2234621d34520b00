"""Many aircraft through one MAVSDK object, over real sockets and a real serial line."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import anyio
import anyio.abc
import anyio.lowlevel
import pytest
from mavsdk.asyncio.plugins.action import ActionAsync
from mavsdk.exceptions import MavsdkError
from pymavlink import mavutil
from pymavlink.dialects.v20 import common as mavlink

from drone.link_settings import LinkSettings
from drone.mavlink_frames import Splitter
from drone.mavlink_streams import POSITION
from drone.mavsdk_fleet import Fleet, prepare_executor
from drone.mavsdk_vehicle import MavsdkVehicle
from drone.roster import HEARTBEAT
from patrol.bus import Bus, Subscription
from patrol.clock import SystemClock
from patrol.errors import CommandDenied, ConfigError, LinkLost
from patrol.geo import distance_m, offset
from patrol.story import StoryEvent
from patrol.telemetry import FlightMode, TelemetrySample
from patrol.vehicle import Arm, Hold
from sim.aircraft import SimAircraft
from sim.clock import SimClock
from sim.faults import Fault
from tests.relays import (
    HOST,
    free_port,
    on_serial,
    on_udp,
    serial_line,
    tcp_server,
    udp_caller,
)
from tests.unit.test_mavlink_frames import packed
from tests.unit.test_plan_words import HOME
from tests.wire.test_sim_aircraft import HurriedClock

pytestmark = pytest.mark.anyio
LOCAL_POSITION, STATION = 32, 245


class Squad:
    """Simulated aircraft, and a fleet that they may join."""

    def __init__(
        self, group: anyio.abc.TaskGroup, clock: SystemClock, first_contact_s: float
    ) -> None:
        self.bus, self.clock = Bus(), clock
        self.fleet = Fleet(
            bus=self.bus, world=self.clock, wall=self.clock, first_contact_s=first_contact_s
        )  # fmt: skip
        self.group = group

    async def aircraft(self, system_id: int) -> tuple[SimAircraft, int]:
        """A fresh one and its UDP port; its home tells it from the others."""
        home = offset(HOME, east_m=1000.0 * system_id, north_m=0.0)
        aircraft = SimAircraft(
            home=home, home_elevation_amsl_m=12.0, clock=SimClock(datetime.now(UTC)),
            system_id=system_id,
        )  # fmt: skip
        return aircraft, await self.group.start(aircraft.run)

    def vehicle(
        self, name: str, url: str, system_id: int | None = None, log_folder: Path | None = None
    ) -> MavsdkVehicle:
        """One of ours, which has not joined yet."""
        settings = LinkSettings(
            name=name, url=url, system_id=system_id, rate_hz=10.0, log_folder=log_folder
        )
        return MavsdkVehicle(
            settings, bus=self.bus, world=self.clock, wall=self.clock, fleet=self.fleet
        )

    @asynccontextmanager
    async def joined(self, *vehicles: MavsdkVehicle) -> AsyncIterator[None]:
        """With the fleet, and heard, until the block is left."""
        async with anyio.create_task_group() as group:
            for vehicle in vehicles:
                group.start_soon(vehicle.run)
            for vehicle in vehicles:
                await until(vehicle, lambda s: s.mode is not FlightMode.UNKNOWN)
            yield
            group.cancel_scope.cancel()


@asynccontextmanager
async def a_squad(
    clock: SystemClock | None = None, first_contact_s: float = 3.0
) -> AsyncIterator[Squad]:
    prepare_executor()
    async with anyio.create_task_group() as group:
        squad = Squad(group, clock or SystemClock(), first_contact_s)
        group.start_soon(squad.fleet.run)
        yield squad
        group.cancel_scope.cancel()


async def until(
    vehicle: MavsdkVehicle, condition: Callable[[TelemetrySample], bool]
) -> TelemetrySample:
    with anyio.fail_after(10.0):
        while (sample := vehicle.latest()) is None or not condition(sample):
            await anyio.sleep(0.02)
    return sample


async def the_event(events: Subscription[StoryEvent], name: str, **fields: object) -> StoryEvent:
    with anyio.fail_after(10.0):
        async for event in events:
            if event.name == name and fields.items() <= event.fields.items():
                return event
    raise AssertionError(name)


async def test_one_fleet_holds_aircraft_on_udp_tcp_and_a_serial_line_and_logs_each(
    tmp_path: Path,
) -> None:
    async with a_squad() as squad, AsyncExitStack() as roads:
        listening = free_port()
        ports = [(await squad.aircraft(number))[1] for number in (1, 2, 3, 4)]
        await roads.enter_async_context(udp_caller(ports[0], listening))
        urls = [
            f"udpin://{HOST}:{listening}",
            f"udpout://{HOST}:{ports[1]}",
            await roads.enter_async_context(tcp_server(ports[2])),
            await roads.enter_async_context(serial_line(ports[3])),
        ]
        vehicles = [
            squad.vehicle(f"GP-{number}", url, number, tmp_path / "tlog")
            for number, url in enumerate(urls, start=1)
        ]
        async with squad.joined(*vehicles):
            for number, vehicle in enumerate(vehicles, start=1):
                await vehicle.do(Arm())
                sample = await until(vehicle, lambda s: s.is_armed is True)
                assert sample.position is not None
                home = offset(HOME, east_m=1000.0 * number, north_m=0.0)
                assert distance_m(sample.position, home) < 5.0
                assert sample.ages.position_s is not None
                assert sample.ages.attitude_s is not None
            samples = [vehicle.latest() for vehicle in vehicles]
            assert all(sample is not None and sample.is_armed for sample in samples)
    for number in (1, 2, 3, 4):
        assert {"HEARTBEAT", "GLOBAL_POSITION_INT", "COMMAND_ACK", "COMMAND_LONG"} <= kinds_in(
            tmp_path / "tlog", f"GP-{number}"
        )


def kinds_in(folder: Path, name: str) -> set[str]:
    """The kinds of messages in an aircraft's raw log, as pymavlink reads it."""
    (path,) = folder.glob(f"{name}-*.tlog")
    reader = mavutil.mavlink_connection(str(path), dialect="common")
    kinds = set()
    while (message := reader.recv_match()) is not None:
        kinds.add(message.get_type())
    reader.close()
    return kinds


async def test_the_time_outs_of_a_silent_aircraft_delay_none_of_nine_others() -> None:
    async with a_squad() as squad:
        flying = [await squad.aircraft(number) for number in range(1, 11)]
        vehicles = [
            squad.vehicle(f"GP-{number}", f"udpout://{HOST}:{port}", number)
            for number, (_, port) in enumerate(flying, start=1)
        ]
        answered, timed_out = list[str](), list[int]()

        async def time_out(call: Callable[[], Awaitable[object]]) -> None:
            while len(answered) < len(vehicles) - 1:
                with pytest.raises(MavsdkError):
                    await call()
                timed_out.append(len(answered))

        async def ask(vehicle: MavsdkVehicle) -> None:
            facts = await vehicle.ask()
            assert (facts.parameters or {}).get("NAV_DLL_ACT") is not None
            answered.append(vehicle.vehicle_id)

        async with squad.joined(*vehicles):
            flying[0][0].inject(Fault.SILENT)
            action = ActionAsync(vehicles[0]._require_system())
            with anyio.fail_after(15.0):
                async with anyio.create_task_group() as asking:
                    for call in (action.arm, action.disarm, action.takeoff, action.land,
                                 action.hold, action.return_to_launch, action.reboot,
                                 action.shutdown):  # fmt: skip
                        asking.start_soon(time_out, call)  # all threads that it may have
                    await anyio.lowlevel.checkpoint()
                    for vehicle in vehicles[1:]:
                        asking.start_soon(ask, vehicle)
        # With too few threads nobody is answered for three rounds of its eight time-outs.
        assert timed_out.count(0) < 8
        assert set(answered) == {vehicle.vehicle_id for vehicle in vehicles[1:]}


async def test_a_stranger_on_our_port_is_shown_and_never_sent_a_byte() -> None:
    async with a_squad() as squad:
        listening = free_port()
        (_, ours), (_, strange) = await squad.aircraft(1), await squad.aircraft(77)
        vehicle = squad.vehicle("GP-1", f"udpin://{HOST}:{listening}", 1)
        with squad.bus.subscribe(StoryEvent) as events:
            async with (
                udp_caller(ours, listening) as road,
                udp_caller(strange, listening) as strange_road,
                squad.joined(vehicle),
            ):
                event = await the_event(events, "fleet.stranger")
                await vehicle.do(Arm())
        assert event.fields["system_id"] == 77
        assert [who.system_id for who in squad.fleet.shown()] == [77]
        assert strange_road.sent_by_station == 0
        assert road.sent_by_station > 0


async def test_a_second_aircraft_with_a_system_id_that_is_taken_is_refused_in_words() -> None:
    async with a_squad() as squad:
        listening = free_port()
        (_, first), (second, other) = await squad.aircraft(1), await squad.aircraft(1)
        vehicle = squad.vehicle("GP-1", f"udpin://{HOST}:{listening}", 1)
        with squad.bus.subscribe(StoryEvent) as events:
            async with (
                udp_caller(first, listening),
                squad.joined(vehicle),
                udp_caller(other, listening) as other_road,
            ):
                event = await the_event(events, "fleet.same_id")
                assert (event.fields["system_id"], event.fields["vehicle"]) == (1, "GP-1")
                assert other_road.sent_by_station == 0
                with pytest.raises(ConfigError, match="GP-2 and GP-1 have the same system id 1"):
                    await squad.vehicle("GP-2", f"udpout://{HOST}:{other}", 1).run()
                with pytest.raises(CommandDenied, match="another aircraft with system id 1"):
                    await vehicle.do(Arm())
                await vehicle.do(Hold())  # what makes it safe is done all the same
                with pytest.raises(LinkLost, match=r"heard there: 1 \(GP-1\)"):
                    await squad.vehicle("GP-3", f"udpout://{HOST}:{other}").run()
        assert not second.autopilot.is_armed


async def test_an_aircraft_leaves_comes_back_and_is_lost_and_found_without_a_restart() -> None:
    async with a_squad(HurriedClock(), first_contact_s=20.0) as squad:
        aircraft, port = await squad.aircraft(1)
        url = f"udpout://{HOST}:{port}"
        async with squad.joined(squad.vehicle("GP-1", url)):
            pass
        vehicle = squad.vehicle("GP-1", url, 1)
        with squad.bus.subscribe(StoryEvent) as events:
            async with squad.joined(vehicle):
                aircraft.inject(Fault.SILENT)
                lost = await the_event(events, "link.lost")
                assert lost.fields["age_s"] >= 3.0
                with pytest.raises(LinkLost, match="GP-1 was last heard"):
                    await vehicle.do(Arm())
                last = vehicle.latest()
                assert last is not None
                aircraft.clear(Fault.SILENT)
                await the_event(events, "link.back")
                await vehicle.do(Arm())
                assert (await until(vehicle, lambda s: s.is_armed is True)) is not last


async def test_a_stream_that_stops_is_asked_for_again_and_an_unread_one_is_stopped() -> None:
    async with a_squad(HurriedClock(), first_contact_s=20.0) as squad:
        aircraft, port = await squad.aircraft(1)
        vehicle = squad.vehicle("GP-1", f"udpout://{HOST}:{port}", 1)

        async def until_sent_every(number: int, interval_us: int) -> None:
            with anyio.fail_after(10.0):
                while aircraft._streams.interval_us(number) != interval_us:
                    await anyio.sleep(0.02)

        async with squad.joined(vehicle):
            await until_sent_every(LOCAL_POSITION, -1)
            await until_sent_every(POSITION, 100_000)
            aircraft._streams.set(POSITION, -1.0)
            await until_sent_every(POSITION, 100_000)
            last = vehicle.latest()
            assert last is not None
            await until(vehicle, lambda s: s.heard_at_s > last.heard_at_s)


@pytest.mark.parametrize("rate_hz", [None, 10.0])
async def test_samples_come_at_the_rate_that_is_configured_and_five_a_second_without_one(
    rate_hz: float | None,
) -> None:
    period_s = 1.0 / (rate_hz or 5.0)
    async with a_squad() as squad:
        aircraft, port = await squad.aircraft(1)
        settings = LinkSettings(name="GP-1", url=f"udpout://{HOST}:{port}", system_id=1)
        if rate_hz is not None:
            settings = replace(settings, rate_hz=rate_hz)
        vehicle = MavsdkVehicle(
            settings, bus=squad.bus, world=squad.clock, wall=squad.clock, fleet=squad.fleet
        )
        async with squad.joined(vehicle):
            with anyio.fail_after(10.0):
                while aircraft._streams.interval_us(POSITION) != round(1e6 * period_s):
                    await anyio.sleep(0.02)
            with squad.bus.subscribe(TelemetrySample) as samples, anyio.fail_after(10.0):
                heard_s = [(await samples.get()).heard_at_s for _ in range(7)]
    assert heard_s == sorted(set(heard_s))
    # A slow machine makes it later, never sooner than what is due.
    assert heard_s[-1] - heard_s[1] > 4.0 * period_s


def beats(read: Callable[[], bytes]) -> int:
    """How many heartbeats of the station have come since the last look."""
    count, splitter = 0, Splitter()
    while True:
        try:
            frames = splitter.feed(read())
        except BlockingIOError:
            return count
        count += sum(f.message_id == HEARTBEAT and f.system_id == STATION for f in frames)


async def test_when_this_process_hangs_its_heartbeats_stop_so_that_the_fail_safe_can_work() -> None:
    beat = mavlink.MAVLink_heartbeat_message(2, 12, 29, 0x03040000, 3, 3)
    with on_udp() as (radio_url, radio, say_by_radio), on_serial() as (wire_url, wire, say_by_wire):
        async with a_squad() as squad:
            vehicles = [squad.vehicle("GP-1", radio_url, 1), squad.vehicle("GP-2", wire_url, 2)]
            for vehicle in vehicles:
                squad.group.start_soon(vehicle.run)
            with anyio.fail_after(5.0):
                while any(vehicle._system is None for vehicle in vehicles):
                    beats(radio)  # finds out who calls
                    for number, say in enumerate((say_by_radio, say_by_wire), start=1):
                        say(packed(beat, system_id=number)[0])
                    await anyio.sleep(0.05)
                while not (beats(radio) and beats(wire)):
                    await anyio.sleep(1.1)
            threading.Event().wait(2.2)  # hangs the event loop for two heartbeats
            assert (beats(radio), beats(wire)) == (0, 0)
            heard = [0, 0]
            with anyio.fail_after(5.0):
                while not all(heard):
                    heard = [heard[0] + beats(radio), heard[1] + beats(wire)]
                    await anyio.sleep(0.02)
