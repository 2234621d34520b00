"""A million bytes of garbage each way; the link works on, and nothing is taken for a message."""

from __future__ import annotations

import random
import socket
from collections.abc import AsyncIterator, Iterator

import anyio
import anyio.lowlevel
import pytest
from pymavlink.dialects.v20 import common as mavlink
from pymavlink.generator.mavcrc import x25crc

from patrol.geo import distance_m
from patrol.telemetry import TelemetrySample
from tests.unit.test_plan_words import HOME
from tests.wire.test_faults_mission import INTACT, a_short
from tests.wire.test_sim_aircraft import is_known
from tests.wire.twins import Twin, a_twin

pytestmark = pytest.mark.anyio
BYTES = 1_000_000
AT_ONCE = 120  # datagrams; more than that a socket may drop
AIRCRAFT, STATION = (1, 1), (252, 190)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def twin() -> AsyncIterator[Twin]:
    async with a_twin() as twin:
        yield twin


def garbage(sender: tuple[int, int], seed: int) -> Iterator[bytes]:
    """Noise, frames cut short, frames with turned bits, and whole frames that say nonsense."""
    dice, size = random.Random(seed), 0
    # MAVSDK believes for ever what an AUTOPILOT_VERSION says that the autopilot cannot do.
    kinds = sorted(set(mavlink.mavlink_map) - {mavlink.MAVLINK_MSG_ID_AUTOPILOT_VERSION})
    while size < BYTES:
        data = dice.randbytes(dice.randint(1, 900))
        shape = dice.randrange(4)
        if shape:
            frame = nonsense(dice, dice.choice(kinds), sender)
            if shape == 1:
                data = frame[: dice.randint(1, len(frame) - 1)]
            elif shape == 2:
                torn = bytearray(frame)
                torn[dice.randrange(len(torn))] ^= 1 << dice.randrange(8)
                data = bytes(torn) + data
            else:
                data = frame
        size += len(data)
        yield data


def nonsense(dice: random.Random, kind: int, sender: tuple[int, int]) -> bytes:
    """A frame of that kind with a right check sum and a body of dice."""
    message = mavlink.mavlink_map[kind]
    body = dice.randbytes(message.unpacker.size)
    head = bytes((0xFD, len(body), 0, 0, dice.randrange(256), *sender))
    head += kind.to_bytes(3, "little")
    checked = x25crc(head[1:] + body)
    checked.accumulate(bytes((message.crc_extra,)))
    return bytes(head + body + checked.crc.to_bytes(2, "little"))


async def test_a_million_bytes_of_garbage_do_not_end_the_aircrafts_side_of_the_link(
    twin: Twin,
) -> None:
    uplink, count = twin.aircraft._uplink, 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.connect(("127.0.0.1", twin.port))
        for data in garbage(STATION, seed=1):
            line.send(data)
            count += 1
            if count % AT_ONCE == 0:
                before = uplink._number
                with anyio.fail_after(5.0):
                    while uplink._number < before + AT_ONCE:
                        await anyio.lowlevel.checkpoint()
    await the_link_works(twin)


async def test_a_million_bytes_of_garbage_do_not_end_the_stations_side_of_the_link(
    twin: Twin,
) -> None:
    downlink = twin.aircraft._downlink
    for number, data in enumerate(garbage(AIRCRAFT, seed=2)):
        downlink.put(data, 0.0)
        if number % AT_ONCE == 0:
            with anyio.fail_after(5.0):
                while downlink._waiting:
                    await anyio.sleep(0.001)
    await the_link_works(twin)


async def the_link_works(twin: Twin) -> None:
    heard_s = twin.link.sample.heard_at_s

    def is_true(sample: TelemetrySample) -> bool:  # the last nonsense may still be on its way
        return (
            sample.heard_at_s > heard_s
            and is_known(sample)
            and sample.position is not None
            and distance_m(sample.position, HOME) < 3.0
        )

    await twin.link.until(is_true)
    plan = a_short(5.0)
    assert await twin.uploaded(plan) == INTACT
    assert twin.holds(plan)
