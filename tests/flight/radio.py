"""The radio between an aircraft and its station, with a black box that hears every message.

What the black box says of a flight comes from the wire, not from the station under test; it goes on
listening while the station is deaf or dead. Where the aircraft is, it learns from the simulation
and not from the aircraft, which may be wrong about that; a station never gets to see it.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import anyio
from pymavlink.dialects.v20 import common as mavlink

from patrol.geo import GeoPoint

HOST = "127.0.0.1"
_V2, _V2_HEAD, _V2_FRAME = 0xFD, 10, 12
_HEARTBEAT, _PARAM_VALUE, _TRUTH, _BATTERY, _LANDED = 0, 22, 115, 147, 245
_HEARD = frozenset({_HEARTBEAT, _PARAM_VALUE, _TRUTH, _BATTERY, _LANDED})
_TRUTH_EVERY_US = 40_000.0  # world
_SET_MESSAGE_INTERVAL = 511
_ON_GROUND, _IN_AIR = 1, 2  # MAV_LANDED_STATE
_ARMED = 0x80
_INTEGER = 6  # MAV_PARAM_TYPE_INT32
_STICKS_EVERY_S = 0.03  # wall
# PX4's main and sub modes: mission, hold, orbit, and those that the sticks fly.
_AT_WORK = frozenset({(4, 4), (4, 3), (3, 1), (3, 0)})
_RETURNING = (4, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an aircraft truly is, by its simulation."""

    point: GeoPoint
    altitude_amsl_m: float


@dataclass(slots=True)
class Heard:
    """What an aircraft said last."""

    charge_pct: float | None = None
    charge_flying_pct: float | None = None  # on disarm a simulated battery is full again
    mode: tuple[int, int] = (0, 0)
    heartbeats: int = 0
    is_armed: bool = False
    landed: int = 0

    @property
    def is_flying(self) -> bool:
        """Off the ground, by its own word."""
        return self.is_armed and self.landed not in (0, _ON_GROUND)

    @property
    def is_at_work(self) -> bool:
        """Neither climbing away from home nor coming down to it."""
        return self.is_flying and self.landed == _IN_AIR and self.mode in _AT_WORK

    @property
    def is_returning(self) -> bool:
        """Flying home, or coming down there."""
        return self.is_flying and self.landed == _IN_AIR and self.mode == _RETURNING


class Radio(asyncio.DatagramProtocol):
    """One aircraft sends here; its station listens at `url`."""

    def __init__(self, station_port: int) -> None:
        self.url = f"udpin://{HOST}:{station_port}"
        self.system_id = 1
        self.heard = Heard()
        self.port = 0
        self.is_cut = False
        self.truth: Callable[[], Place | None] = lambda: self._told_truth
        self.on_heard: Callable[[], None] = lambda: None
        self.parameters: dict[str, float] = {}
        self._told_truth: Place | None = None
        self._station_port = station_port
        self._aircraft: tuple[str, int] | None = None
        self._here: asyncio.DatagramTransport | None = None
        self._there: asyncio.DatagramTransport | None = None
        self._decoder = mavlink.MAVLink(None)
        self._out = mavlink.MAVLink(None, srcSystem=1, srcComponent=191)  # a companion computer

    @property
    def place(self) -> GeoPoint:
        """Where the aircraft truly is."""
        truth = self.truth()
        assert truth is not None
        return truth.point

    async def open(self, port: int) -> None:
        """Listen for the aircraft (0: at any port)."""
        loop = asyncio.get_running_loop()
        self._here, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(HOST, port))
        self.port = int(self._here.get_extra_info("sockname")[1])
        self._there, _ = await loop.create_datagram_endpoint(
            lambda: _Station(self), remote_addr=(HOST, self._station_port)
        )

    def close(self) -> None:
        """Give both ports back."""
        for transport in (self._here, self._there):
            if transport is not None:
                transport.close()

    def datagram_received(self, data: bytes, addr: Any) -> None:  # noqa: ANN401
        self._aircraft = addr
        frames = list(_frames(data))
        if any(number == _TRUTH for number, _ in frames):
            data = b"".join(frame for number, frame in frames if number != _TRUTH)
        if data and not self.is_cut and self._there is not None:
            self._there.sendto(data)
        for number, frame in frames:
            if number in _HEARD:
                self._hear(self._decoder.decode(bytearray(frame)))
        self.on_heard()

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there at this moment."""

    def from_station(self, data: bytes) -> None:
        """Pass it up, unless the radio is cut."""
        if not self.is_cut:
            self._send(data)

    async def set(self, **values: float) -> None:
        """Set parameters of the aircraft and see it say so; a whole number is an integer there."""
        for name, value in values.items():
            self.parameters.pop(name, None)
            is_whole = isinstance(value, int)
            carried = struct.unpack("<f", struct.pack("<i", value))[0] if is_whole else value
            order = mavlink.MAVLink_param_set_message(
                self.system_id, 1, name.encode(), carried, _INTEGER if is_whole else 9
            )
            with anyio.fail_after(10.0):
                while self.parameters.get(name) != value:
                    self._send(order.pack(self._out))
                    await anyio.sleep(0.1)

    async def ask_for_truth(self) -> None:
        """Have PX4's simulation say where the aircraft is; it answers nobody else's question."""
        order = mavlink.MAVLink_command_long_message(
            self.system_id, 1, _SET_MESSAGE_INTERVAL, 0, _TRUTH, _TRUTH_EVERY_US, 0, 0, 0, 0, 0
        )
        with anyio.fail_after(20.0):
            while self._told_truth is None:
                self._send(order.pack(self._out))
                await anyio.sleep(0.2)

    @asynccontextmanager
    async def sticks(self) -> AsyncIterator[Sticks]:
        """A pilot's transmitter, on for the length of the block; centred until moved."""
        sticks = Sticks()

        async def send() -> None:
            while True:
                order = mavlink.MAVLink_manual_control_message(
                    self.system_id, int(1000 * sticks.forward), int(1000 * sticks.right), 500, 0, 0
                )
                self._send(order.pack(self._out))
                await anyio.sleep(_STICKS_EVERY_S)

        async with anyio.create_task_group() as group:
            group.start_soon(send)
            yield sticks
            group.cancel_scope.cancel()

    async def until(self, so: Callable[[Heard], bool], within_s: float = 60.0) -> Heard:
        """Wait until the aircraft says so, with a deadline."""
        with anyio.fail_after(within_s):
            while not so(self.heard):
                await anyio.sleep(0.02)
        return self.heard

    def _send(self, data: bytes) -> None:
        if self._here is not None and self._aircraft is not None:
            self._here.sendto(data, self._aircraft)

    def _hear(self, message: Any) -> None:  # noqa: ANN401  # pymavlink's messages
        heard = self.heard
        match message.get_msgId():
            case 0 if message.get_srcComponent() == 1:
                self.system_id = message.get_srcSystem()
                heard.heartbeats += 1
                mode = message.custom_mode
                heard.mode = ((mode >> 16) & 0xFF, (mode >> 24) & 0xFF)
                heard.is_armed = bool(message.base_mode & _ARMED)
            case 22:
                raw = message.param_value
                is_whole = message.param_type == _INTEGER
                value = struct.unpack("<i", struct.pack("<f", raw))[0] if is_whole else raw
                self.parameters[message.param_id] = value
            case 115:
                self._told_truth = Place(
                    point=GeoPoint(lat_deg=message.lat / 1e7, lon_deg=message.lon / 1e7),
                    altitude_amsl_m=message.alt / 1000.0,
                )
            case 147 if message.battery_remaining >= 0:
                heard.charge_pct = float(message.battery_remaining)
                if heard.is_flying:
                    heard.charge_flying_pct = heard.charge_pct
            case 245:
                heard.landed = message.landed_state


@dataclass(slots=True)
class Sticks:
    """From -1 to 1, along the nose and to its right."""

    forward: float = 0.0
    right: float = 0.0


class _Station(asyncio.DatagramProtocol):
    def __init__(self, radio: Radio) -> None:
        self._radio = radio

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._radio.from_station(data)

    def error_received(self, exc: Exception) -> None:
        """The station is not there yet, or not any more."""


def _frames(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The MAVLink 2 messages of a datagram, by number."""
    at = 0
    while at + _V2_FRAME <= len(data) and data[at] == _V2:
        end = at + _V2_FRAME + data[at + 1]
        yield int.from_bytes(data[at + 7 : at + _V2_HEAD], "little"), data[at:end]
        at = end


@contextlib.contextmanager
def closing(radios: list[Radio]) -> Iterator[list[Radio]]:
    """Give every port back at the end."""
    try:
        yield radios
    finally:
        for radio in radios:
            radio.close()
