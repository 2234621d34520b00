"""Where the packets of a session go: to UDP ports, or inside the RTSP connection."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

import anyio
import anyio.abc

from sim.live import LiveStream
from sim.net import local_port
from sim.rtp import RtpSender
from sim.rtsp_message import Transport

_REPORT_EVERY_S = 5.0  # the least that RFC 3550 6.2 allows
_BURST_PACKETS = 24  # then a breath, or a key frame overruns the receiver's socket buffer
_BREATH_S = 0.001
_PORT_TRIES = 50


class Outlet(Protocol):
    """One way to the client."""

    @property
    def transport_header(self) -> str:
        """What the reply to SETUP says."""
        ...

    async def send(self, packets: Sequence[bytes]) -> None:
        """RTP packets of one access unit, in order."""
        ...

    async def send_control(self, packet: bytes) -> None:
        """One RTCP packet."""
        ...


class TcpOutlet:
    """RTP between the replies of the RTSP connection (RFC 2326 10.12)."""

    def __init__(
        self, transport: Transport, ssrc: int, write: Callable[[bytes], Awaitable[None]]
    ) -> None:
        self._transport = transport
        self._ssrc = ssrc
        self._write = write

    @property
    def transport_header(self) -> str:
        """Channels and source."""
        pair = f"{self._transport.first}-{self._transport.second}"
        return f"RTP/AVP/TCP;unicast;interleaved={pair};ssrc={self._ssrc:08X};mode=play"

    async def send(self, packets: Sequence[bytes]) -> None:
        """A whole access unit at once, so that no other writer comes between."""
        await self._write(b"".join(_framed(self._transport.first, packet) for packet in packets))

    async def send_control(self, packet: bytes) -> None:
        """On the second channel."""
        await self._write(_framed(self._transport.second, packet))


def _framed(channel: int, packet: bytes) -> bytes:
    return b"$" + bytes((channel,)) + len(packet).to_bytes(2, "big") + packet


class UdpOutlet:
    """RTP and RTCP from a pair of ports of ours to the pair the client named."""

    def __init__(
        self, transport: Transport, ssrc: int, host: str,
        sockets: tuple[anyio.abc.UDPSocket, anyio.abc.UDPSocket],
    ) -> None:  # fmt: skip
        self._transport = transport
        self._ssrc = ssrc
        self._host = host  # of the RTSP connection: a `destination` could aim us at a stranger
        self._media, self._control = sockets

    @property
    def transport_header(self) -> str:
        """Both pairs of ports and the source."""
        ours = [local_port(one) for one in (self._media, self._control)]
        return (
            f"RTP/AVP;unicast;client_port={self._transport.first}-{self._transport.second};"
            f"server_port={ours[0]}-{ours[1]};ssrc={self._ssrc:08X};mode=play"
        )

    async def send(self, packets: Sequence[bytes]) -> None:
        """In bursts that a receiver's buffer can take."""
        for start in range(0, len(packets), _BURST_PACKETS):
            if start:
                await anyio.sleep(_BREATH_S)
            for packet in packets[start : start + _BURST_PACKETS]:
                await self._media.sendto(packet, self._host, self._transport.first)

    async def send_control(self, packet: bytes) -> None:
        """To the second port."""
        await self._control.sendto(packet, self._host, self._transport.second)

    async def listen(self, on_heard: Callable[[], None]) -> None:
        """Tell of every receiver report: it keeps the session alive."""
        async for _, (host, _port) in self._control:
            if host == self._host:
                on_heard()


@asynccontextmanager
async def port_pair(host: str) -> AsyncIterator[tuple[anyio.abc.UDPSocket, anyio.abc.UDPSocket]]:
    """Two UDP sockets on an even port and the next one (RFC 3550 section 11)."""
    for _ in range(_PORT_TRIES):
        first = await anyio.create_udp_socket(local_host=host)
        async with first:
            port = local_port(first)
            if port % 2:
                continue
            try:
                second = await anyio.create_udp_socket(local_host=host, local_port=port + 1)
            except OSError:
                continue
            async with second:
                yield first, second
                return
    raise OSError(f"no pair of UDP ports is free on {host}")


async def play(
    stream: LiveStream, sender: RtpSender, outlet: Outlet, monotonic_s: Callable[[], float]
) -> None:
    """Send the live stream from the next key frame on, with reports, until cancelled."""
    report_due_s = monotonic_s()
    with stream.reading() as reader:
        while True:
            unit = await reader.next()
            now_s = monotonic_s()
            if now_s >= report_due_s:
                await outlet.send_control(sender.report(wall_s=now_s, unix_s=time.time()))
                report_due_s = now_s + _REPORT_EVERY_S
            await outlet.send(list(sender.packets(unit.nals, unit.captured_at_s)))
