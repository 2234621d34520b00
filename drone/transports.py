"""Ways to an aircraft that this process holds itself: UDP that listens, UDP that calls, TCP.

They carry bytes and say from whom they came. Everything else (serial lines) is MAVSDK's own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol
from urllib.parse import urlsplit

import anyio

from drone.mavlink_frames import Frame, Splitter
from patrol.errors import ConfigError, LinkLost

_DIAL_AGAIN_S = 1.0  # wall
_UNSENT_BYTES = 1 << 16  # a TCP peer that takes nothing loses what is newer
_ADVICE = "(such as udpin://0.0.0.0:14540, udpout://, tcpout:// or serial:///dev/ttyACM0:57600)"
_HELD_HERE = {
    "udpin": "udpin", "udp": "udpin", "udpout": "udpout", "tcpout": "tcpout", "tcp": "tcpout",
}  # fmt: skip
_ANYWHERE = ("", "0.0.0.0", "::")  # noqa: S104  # `udp://` listens there and calls anyone else
_MAVSDK_OWN = ("serial", "tcpin")

Address = tuple[str, int]
Heard = Callable[["Transport", Address, list[Frame]], None]


class Transport(Protocol):
    """One way in and out, perhaps to several aircraft."""

    @property
    def url(self) -> str:
        """As it was configured."""
        ...

    @property
    def everybody(self) -> Address | None:
        """Where a heartbeat may go before anybody was heard; None: nowhere."""
        ...

    async def open(self) -> None:
        """LinkLost in words when it cannot be had."""
        ...

    async def run(self) -> None:
        """Keep it up until it is closed."""
        ...

    def close(self) -> None:
        """Give it back."""
        ...

    def send(self, data: bytes, address: Address) -> None:
        """Without waiting; what cannot go now is lost, as on the air."""
        ...


def check_url(url: str) -> None:
    """ConfigError in words for what is no aircraft's address."""
    scheme = urlsplit(url).scheme
    if scheme not in _HELD_HERE and scheme not in _MAVSDK_OWN:
        raise ConfigError(f"not an aircraft's address: {url!r} {_ADVICE}")
    if scheme in _HELD_HERE:
        _address(url)


def make_transport(url: str, heard: Heard) -> Transport | None:
    """None where MAVSDK holds the line itself. ConfigError for what is no address."""
    check_url(url)
    parts = urlsplit(url)
    kind = _HELD_HERE.get(parts.scheme)
    if kind is None:
        return None
    if parts.scheme == "udp" and (parts.hostname or "") not in _ANYWHERE:
        kind = "udpout"
    if kind == "tcpout":
        return Tcp(url, _address(url), heard)
    return Udp(url, _address(url), heard, is_listening=kind == "udpin")


def _address(url: str) -> Address:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"not a port: {url!r} {_ADVICE}") from error
    if not port:
        raise ConfigError(f"an aircraft's address needs a port: {url!r} {_ADVICE}")
    return parts.hostname or "0.0.0.0", port  # noqa: S104  # a station listens for its aircraft


class Udp(asyncio.DatagramProtocol):
    """A bound port that hears everybody, or a peer that is called."""

    def __init__(self, url: str, address: Address, heard: Heard, *, is_listening: bool) -> None:
        self.url = url
        self._address = address
        self._heard = heard
        self._is_listening = is_listening
        self._splitter = Splitter()
        self._socket: asyncio.DatagramTransport | None = None
        self._ended = anyio.Event()
        self._is_closed = False
        self._reason: Exception | None = None

    @property
    def everybody(self) -> Address | None:
        """The peer that is called."""
        return None if self._is_listening else self._address

    async def open(self) -> None:
        """Bind (nobody else has the port then) or call."""
        local = self._address if self._is_listening else None
        remote = None if self._is_listening else self._address
        try:
            self._socket, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: self, local_addr=local, remote_addr=remote
            )
        except OSError as error:
            raise LinkLost(f"{self.url} cannot be opened: {error.strerror or error}") from error

    async def run(self) -> None:
        """A datagram socket needs no care; one that ends by itself is a bug, and is told as one."""
        await self._ended.wait()
        if not self._is_closed:
            raise RuntimeError(f"the socket of {self.url} ended by itself") from self._reason

    def close(self) -> None:
        """Give the port back."""
        self._is_closed = True
        if self._socket is not None:
            self._socket.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Asyncio closes a socket whose reader raised."""
        self._reason = exc
        self._ended.set()

    def send(self, data: bytes, address: Address) -> None:
        """One datagram."""
        if self._socket is not None and not self._socket.is_closing():
            self._socket.sendto(data, address if self._is_listening else None)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """What asyncio read."""
        frames = self._splitter.feed(data)
        self._splitter.end()
        if frames:
            self._heard(self, addr[:2] if self._is_listening else self._address, frames)

    def error_received(self, exc: Exception) -> None:
        """A port that nobody holds (yet) answers so: silence says the same, and has an age."""


class Tcp(asyncio.Protocol):
    """A peer that is dialled, and dialled again."""

    def __init__(self, url: str, address: Address, heard: Heard) -> None:
        self.url = url
        self._address = address
        self._heard = heard
        self._stream: asyncio.Transport | None = None
        self._hung_up = anyio.Event()
        self._splitter = Splitter()
        self._is_closed = False

    @property
    def everybody(self) -> Address | None:
        """The peer."""
        return self._address

    async def open(self) -> None:
        """Nothing yet: an aircraft that is not there comes without a restart."""

    async def run(self) -> None:
        """Dial, and dial again, until it is closed."""
        loop = asyncio.get_running_loop()
        while not self._is_closed:
            self._hung_up, self._splitter = anyio.Event(), Splitter()
            try:
                self._stream, _ = await loop.create_connection(lambda: self, *self._address)
                await self._hung_up.wait()
            except OSError:
                self._stream = None  # the age of the data says that nobody is there
            if not self._is_closed:
                await anyio.sleep(_DIAL_AGAIN_S)

    def close(self) -> None:
        """Hang up."""
        self._is_closed = True
        self._hung_up.set()
        if self._stream is not None:
            self._stream.abort()

    def send(self, data: bytes, address: Address) -> None:
        """Into the stream."""
        del address
        stream = self._stream
        if stream is None or stream.is_closing():
            return
        if stream.get_write_buffer_size() < _UNSENT_BYTES:
            stream.write(data)

    def data_received(self, data: bytes) -> None:
        """What asyncio read."""
        if frames := self._splitter.feed(data):
            self._heard(self, self._address, frames)

    def connection_lost(self, exc: Exception | None) -> None:
        """Dial again."""
        self._stream = None
        self._hung_up.set()
