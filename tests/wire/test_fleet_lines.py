"""What happens on the fleet's lines when they cannot be had, break, or hold somebody else."""

from __future__ import annotations

import socket

import anyio
import pytest

from patrol.errors import CommandDenied, LinkLost
from patrol.story import StoryEvent
from patrol.vehicle import Arm
from tests.relays import HOST, free_port, udp_caller
from tests.wire.test_aircraft_link import taken
from tests.wire.test_fleet import a_squad, the_event, until

pytestmark = pytest.mark.anyio
STATION = 245


async def test_two_that_share_a_port_which_another_holds_are_both_told_so() -> None:
    lost: list[str] = []
    async with a_squad() as squad:
        with taken(socket.SOCK_DGRAM) as port:

            async def join(number: int) -> None:
                with pytest.raises(LinkLost, match="cannot be opened") as caught:
                    await squad.vehicle(f"GP-{number}", f"udpin://127.0.0.1:{port}", number).run()
                lost.append(caught.value.text_zh)

            async with anyio.create_task_group() as group:
                for number in (1, 2):
                    group.start_soon(join, number)
    assert len(lost) == 2
    assert all("无法打开" in words for words in lost)


async def test_a_wrong_system_id_tells_the_pilot_which_ones_are_heard_there() -> None:
    async with a_squad() as squad:
        (_, one), (_, other), port = *[await squad.aircraft(n) for n in (7, 9)], free_port()
        vehicle = squad.vehicle("GP-1", f"udpin://{HOST}:{port}", 3)
        with squad.bus.subscribe(StoryEvent) as events:
            async with udp_caller(one, port), udp_caller(other, port):
                with pytest.raises(LinkLost) as caught:
                    await vehicle.run()
            told = await the_event(events, "link.none", vehicle="GP-1")
    assert "it is to have system id 3; heard there: " in str(caught.value)
    assert {"7", "9"} <= set(str(caught.value).rpartition(": ")[2].split(", "))
    assert told.fields["text"] == str(caught.value)
    assert told.fields["text_zh"] == caught.value.text_zh
    assert "应为系统编号3" in caught.value.text_zh


async def test_a_line_that_ends_by_itself_ends_the_station_and_leaves_nobody_waiting() -> None:
    async def break_a_line() -> None:
        async with a_squad() as squad:
            _, port = await squad.aircraft(1)
            vehicle = squad.vehicle("GP-1", f"udpout://{HOST}:{port}", 1)
            squad.group.start_soon(vehicle.run)
            await until(vehicle, lambda sample: sample.position is not None)
            (carrier,) = squad.fleet._carriers.values()
            carrier.transport._socket.abort()  # type: ignore[attr-defined]
            await anyio.sleep_forever()

    with anyio.fail_after(8.0), pytest.raises(BaseExceptionGroup) as caught:
        await break_a_line()
    assert caught.group_contains(RuntimeError, match="ended by itself")


async def test_after_coming_back_nothing_that_was_read_back_before_is_believed() -> None:
    async with a_squad() as squad:
        (_, aircraft), port = await squad.aircraft(1), free_port()
        vehicle = squad.vehicle("GP-1", f"udpin://{HOST}:{port}", 1)
        async with udp_caller(aircraft, port):
            async with squad.joined(vehicle):
                vehicle._uploads.is_confirmed = True  # as after an upload
                last = await until(vehicle, lambda sample: True)
            with pytest.raises(CommandDenied, match="not connected"):
                await vehicle.do(Arm())
            async with squad.joined(vehicle):  # its port is free again
                await until(vehicle, lambda sample: sample.heard_at_s > last.heard_at_s)
                assert (await vehicle.ask()).is_mission_confirmed is False
