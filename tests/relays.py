"""Roads from a simulated aircraft's UDP port to a station: UDP in, TCP, a serial line."""

from __future__ import annotations

import asyncio
import os
import socket
import tty
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

HOST = "127.0.0.1"


class Relay(asyncio.DatagramProtocol):
    """One aircraft behind it; counts what the station sends."""

    def __init__(self) -> None:
        self.sent_by_station = 0
        self.to_station: Callable[[bytes], object] = lambda _data: None
        self._aircraft: asyncio.DatagramTransport | None = None

    async def open(self, aircraft_port: int) -> None:
        """Towards the aircraft."""
        loop = asyncio.get_running_loop()
        self._aircraft, _ = await loop.create_datagram_endpoint(
            lambda: self, remote_addr=(HOST, aircraft_port)
        )
        self._aircraft.sendto(b"\0")  # the aircraft answers whoever has spoken

    def close(self) -> None:
        """Give the port back."""
        if self._aircraft is not None:
            self._aircraft.close()

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.to_station(data)

    def error_received(self, exc: Exception) -> None:
        """The station's port is not open yet, or not any more."""

    def to_aircraft(self, data: bytes) -> None:
        """What the station sent."""
        self.sent_by_station += 1
        if self._aircraft is not None:
            self._aircraft.sendto(data)


class _Calling(asyncio.DatagramProtocol):
    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._relay.to_aircraft(data)

    def error_received(self, exc: Exception) -> None:
        """The station's port is not open."""


class _Served(asyncio.Protocol):
    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._relay.to_station = transport.write

    def connection_lost(self, exc: Exception | None) -> None:
        self._relay.to_station = lambda _data: None

    def data_received(self, data: bytes) -> None:
        self._relay.to_aircraft(data)


@asynccontextmanager
async def udp_caller(aircraft_port: int, station_port: int) -> AsyncIterator[Relay]:
    """An aircraft that sends to a port on which the station listens."""
    relay = Relay()
    caller, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Calling(relay), remote_addr=(HOST, station_port)
    )
    relay.to_station = caller.sendto
    await relay.open(aircraft_port)
    try:
        yield relay
    finally:
        relay.close()
        caller.close()


@asynccontextmanager
async def tcp_server(aircraft_port: int) -> AsyncIterator[str]:
    """The address of an aircraft that is dialled."""
    relay = Relay()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Served(relay), HOST, 0)
    await relay.open(aircraft_port)
    try:
        yield f"tcpout://{HOST}:{server.sockets[0].getsockname()[1]}"
    finally:
        relay.close()
        server.close()


@asynccontextmanager
async def serial_line(aircraft_port: int) -> AsyncIterator[str]:
    """The address of an aircraft on a line of its own (a pseudo-terminal)."""
    relay = Relay()
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    os.set_blocking(ours, False)
    loop = asyncio.get_running_loop()
    relay.to_station = lambda data: os.write(ours, data)
    loop.add_reader(ours, lambda: relay.to_aircraft(os.read(ours, 4096)))
    await relay.open(aircraft_port)
    try:
        yield f"serial://{os.ttyname(theirs)}:57600"
    finally:
        loop.remove_reader(ours)
        relay.close()
        os.close(ours)
        os.close(theirs)


@contextmanager
def on_serial() -> Iterator[tuple[str, Callable[[], bytes], Callable[[bytes], object]]]:
    """An aircraft's address, what the station has sent to it, and how it speaks."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    os.set_blocking(ours, False)
    try:
        yield (
            f"serial://{os.ttyname(theirs)}:57600",
            lambda: os.read(ours, 1 << 16),
            lambda data: os.write(ours, data),
        )
    finally:
        os.close(ours)
        os.close(theirs)


@contextmanager
def on_udp() -> Iterator[tuple[str, Callable[[], bytes], Callable[[bytes], object]]]:
    """The same by radio."""
    stations: list[tuple[str, int]] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as aircraft:
        aircraft.bind((HOST, 0))
        aircraft.setblocking(False)

        def read() -> bytes:
            data, station = aircraft.recvfrom(2048)
            stations[:] = [station]
            return data

        def say(data: bytes) -> None:
            for station in stations:
                aircraft.sendto(data, station)

        yield f"udpout://{HOST}:{aircraft.getsockname()[1]}", read, say


def free_port() -> int:
    """A UDP port that nobody holds."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
