"""The link before a flight: its port, what it hears, and the aircraft that is none of ours."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest
from pymavlink.dialects.v20 import common as mavlink

from drone.addresses import require_free
from drone.link_settings import LinkSettings
from drone.mavsdk_vehicle import MavsdkVehicle, prepare_executor
from patrol.bus import Bus
from patrol.clock import SystemClock
from patrol.errors import CommandDenied, ConfigError
from patrol.telemetry import VehicleSaid
from patrol.vehicle import Arm, TakeOff, Upload
from tests.wire.test_fly_command import fly, written
from tests.wire.test_serve_command import NOBODY, config, is_told, refused
from tests.wire.test_sim_aircraft import a_loop, flying_here

LENGTHS = (12, 49, 50, 99, 100, 120)  # around the 50 characters of one message
_COPTER, _ARDUPILOT, _ACTIVE = 2, 3, 4


@contextmanager
def taken(kind: socket.SocketKind) -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.socket(socket.AF_INET, kind) as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as MAVSDK's own does
        holder.bind(("127.0.0.1", 0))
        if kind is socket.SOCK_STREAM:
            holder.listen()
        yield holder.getsockname()[1]


@pytest.mark.parametrize(
    ("scheme", "kind"),
    [
        ("udpin://127.0.0.1", socket.SOCK_DGRAM),
        ("udpin://0.0.0.0", socket.SOCK_DGRAM),
        ("udp://", socket.SOCK_DGRAM),
        ("tcpin://127.0.0.1", socket.SOCK_STREAM),
    ],
)
def test_a_port_that_another_listens_on_is_refused_and_a_free_one_is_not(
    scheme: str, kind: socket.SocketKind
) -> None:
    with taken(kind) as port, pytest.raises(ConfigError, match=f"port {port} is in use"):
        require_free(f"{scheme}:{port}")
    require_free(f"{scheme}:{port}")


@pytest.mark.parametrize("scheme", ["udpout", "udp", "tcpout", "tcp"])
def test_an_address_that_is_called_and_not_listened_on_needs_no_free_port(scheme: str) -> None:
    with taken(socket.SOCK_DGRAM) as port:
        require_free(f"{scheme}://127.0.0.1:{port}")
    require_free("serial:///dev/ttyACM0:57600")


@pytest.mark.parametrize(
    "rest", ["127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:0", ":99999"]
)
def test_an_address_without_a_port_to_listen_on_is_told(rest: str) -> None:
    with pytest.raises(ConfigError, match="not an address to listen on"):
        require_free(f"udpin://{rest}")


def test_fly_and_serve_end_with_a_sentence_when_the_port_is_taken(tmp_path: Path) -> None:
    with taken(socket.SOCK_DGRAM) as port:
        url = f"udpin://127.0.0.1:{port}"
        flown = fly(written(tmp_path, a_loop()), url)
        assert (flown.code, flown.is_one_sentence) == (2, True), flown.err
        assert f"port {port} is in use" in flown.err
        served = refused(config(tmp_path, NOBODY | {"aircraft": url}))
        assert is_told(served), served.stderr
        assert f"port {port} is in use" in served.stderr


@pytest.mark.anyio
async def test_an_ardupilot_is_told_plainly_that_it_is_not_supported() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as autopilot:
        with taken(socket.SOCK_DGRAM) as port:
            pass
        prepare_executor()
        bus, clock = Bus(), SystemClock()
        url = f"udpin://127.0.0.1:{port}"
        settings = LinkSettings(name="GP-1", url=url)
        vehicle = MavsdkVehicle(settings, bus=bus, world=clock, wall=clock)
        out = mavlink.MAVLink(None, srcSystem=1, srcComponent=1)
        beat = mavlink.MAVLink_heartbeat_message(_COPTER, _ARDUPILOT, 81, 0, _ACTIVE, 3)
        async with anyio.create_task_group() as group:
            group.start_soon(vehicle.run)
            with anyio.fail_after(8.0):
                while vehicle._system is None:
                    autopilot.sendto(beat.pack(out), ("127.0.0.1", port))
                    await anyio.sleep(0.1)
            plan = a_loop().approved("Zheng", datetime.now(UTC))
            for command in (Upload(plan=plan), Arm(), TakeOff(height_above_home_m=12.0)):
                with pytest.raises(CommandDenied, match="ArduPilot, which is not supported"):
                    await vehicle.do(command)
            group.cancel_scope.cancel()


@pytest.mark.anyio
async def test_texts_of_every_length_arrive_whole_and_one_by_one() -> None:
    texts = [letter * length for letter, length in zip("abcdef", LENGTHS, strict=True)]
    async with flying_here() as (aircraft, url):
        bus, clock = Bus(), SystemClock()
        settings = LinkSettings(name="GP-1", url=url)
        vehicle = MavsdkVehicle(settings, bus=bus, world=clock, wall=clock)
        with bus.subscribe(VehicleSaid) as said:
            async with anyio.create_task_group() as group:
                group.start_soon(vehicle.run)
                with anyio.fail_after(8.0):
                    while vehicle.latest() is None:
                        await anyio.sleep(0.02)
                    for text in texts:
                        aircraft.autopilot.say(3, text)
                    heard: list[str] = []
                    while len(heard) < len(texts):
                        heard += [one.text for one in said.take_all()]
                        await anyio.sleep(0.02)
                group.cancel_scope.cancel()
    assert heard == texts
