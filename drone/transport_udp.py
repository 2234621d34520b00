"""UDP: a bound port that hears everybody, or a peer that is called."""

from __future__ import annotations

import asyncio

import anyio

from drone.mavlink_frames import Splitter
from drone.transport import Address, Heard
from patrol.errors import LinkLost


class Udp(asyncio.DatagramProtocol):
    """One socket."""

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
            raise cannot_open(self.url, error) from error

    async def run(self) -> None:
        """A datagram socket needs no care; one that ends by itself is a bug, and is told as one."""
        await self._ended.wait()
        if not self._is_closed:
            raise RuntimeError(f"the socket of {self.url} ended by itself") from self._reason

    def close(self) -> None:
        """Give the port back; it is free once `run` has returned."""
        self._is_closed = True
        if self._socket is not None:
            self._socket.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Asyncio has closed the socket."""
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


def cannot_open(url: str, error: OSError) -> LinkLost:
    """The system's words for why a way cannot be had."""
    words = error.strerror or str(error)
    return LinkLost(f"{url} cannot be opened: {words}", text_zh=f"无法打开{url}：{words}")
