"""TCP: a peer that is dialled, and dialled again, or a port that aircraft call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import anyio
import anyio.abc

from drone.mavlink_frames import Frame, Splitter
from drone.transport import UNSENT_BYTES, Address, Heard
from drone.transport_udp import cannot_open

_DIAL_AGAIN_S = 1.0  # wall
_ANSWERED_WITHIN_S = 5.0  # wall; a peer that is out of reach does not even refuse
# A peer that lost its power never hangs up: without this the way stays open to nobody for as long
# as the system tries again (a quarter of an hour), and the aircraft that is back waits.
_SILENT_S = 10.0  # wall; an autopilot says something every second


class Tcp:
    """A peer that is dialled."""

    def __init__(
        self, url: str, address: Address, heard: Heard, *, silent_s: float = _SILENT_S
    ) -> None:
        self.url = url
        self._address = address
        self._heard = heard
        self._silent_s = silent_s
        self._call: _Call | None = None
        self._closed = anyio.Event()

    @property
    def everybody(self) -> Address | None:
        """The peer."""
        return self._address

    async def open(self) -> None:
        """Nothing yet: an aircraft that is not there comes without a restart."""

    async def run(self) -> None:
        """Dial, and dial again, until it is closed."""
        while not self._closed.is_set():
            await self._one_call()
            with anyio.move_on_after(_DIAL_AGAIN_S):
                await self._closed.wait()

    async def _one_call(self) -> None:
        loop, host, port = asyncio.get_running_loop(), *self._address
        call = self._call = _Call(self._take)
        try:
            with anyio.fail_after(_ANSWERED_WITHIN_S):
                await loop.create_connection(lambda: call, host, port)
        except OSError:  # a time-out is one too: the age of the data says that nobody is there
            call.hang_up()
            return
        heard_count = -1
        while not call.is_over and call.heard_count != heard_count:
            heard_count = call.heard_count
            with anyio.move_on_after(self._silent_s):
                await call.over.wait()
        call.hang_up()

    def close(self) -> None:
        """Hang up."""
        self._closed.set()
        if self._call is not None:
            self._call.hang_up()

    def send(self, data: bytes, address: Address) -> None:
        """Into the stream."""
        del address
        if self._call is not None:
            self._call.send(data)

    def _take(self, call: _Call, frames: list[Frame]) -> None:
        del call
        self._heard(self, self._address, frames)


class TcpServer:
    """A port that aircraft call; each caller has an address of its own."""

    def __init__(self, url: str, address: Address, heard: Heard) -> None:
        self.url = url
        self._address = address
        self._heard = heard
        self._calls: dict[Address, _Call] = {}
        self._server: asyncio.Server | None = None
        self._closed = anyio.Event()

    @property
    def everybody(self) -> Address | None:
        """Nobody is known before he calls."""
        return None

    async def open(self) -> None:
        """Listen; nobody else has the port then."""
        try:
            self._server = await asyncio.get_running_loop().create_server(
                lambda: _Call(self._take), *self._address
            )
        except OSError as error:
            raise cannot_open(self.url, error) from error

    async def run(self) -> None:
        """Asyncio takes the calls."""
        await self._closed.wait()

    def close(self) -> None:
        """Hang up on everybody."""
        if self._server is not None:
            self._server.close()
        for call in list(self._calls.values()):
            call.hang_up()
        self._closed.set()

    def send(self, data: bytes, address: Address) -> None:
        """To that caller, while he is there."""
        call = self._calls.get(address)
        if call is not None:
            call.send(data)

    def _take(self, call: _Call, frames: list[Frame]) -> None:
        if call.peer is None:
            return
        self._calls = {peer: one for peer, one in self._calls.items() if not one.is_over}
        self._calls[call.peer] = call
        self._heard(self, call.peer, frames)


class _Call(asyncio.Protocol):
    """One connection."""

    def __init__(self, take: Callable[[_Call, list[Frame]], None]) -> None:
        self.over = anyio.Event()
        self.peer: Address | None = None
        self.heard_count = 0
        self._take = take
        self._splitter = Splitter()
        self._stream: asyncio.Transport | None = None

    @property
    def is_over(self) -> bool:
        return self.over.is_set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # asyncio's promise
        if self.is_over:  # given up while it was dialled
            transport.abort()
            return
        self._stream = transport
        self.peer = transport.get_extra_info("peername")[:2]

    def data_received(self, data: bytes) -> None:
        self.heard_count += 1
        if frames := self._splitter.feed(data):
            self._take(self, frames)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc  # the age of the data says it
        self.over.set()

    def send(self, data: bytes) -> None:
        stream = self._stream
        if stream is None or stream.is_closing():
            return
        if stream.get_write_buffer_size() < UNSENT_BYTES:
            stream.write(data)

    def hang_up(self) -> None:
        """What was not sent by now is never sent: it would be an order of long ago."""
        self.over.set()
        if self._stream is not None:
            self._stream.abort()
