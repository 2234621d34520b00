"""Lines that this process holds itself: they come back, they are ours alone, nothing is cut."""

from __future__ import annotations

import asyncio
import os
import socket
import tty
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import anyio
import anyio.abc
import anyio.lowlevel
import pytest
from pymavlink.dialects.v20 import common as mavlink

from drone.mavlink_frames import Frame
from drone.transport import Address, Transport
from drone.transport_serial import Serial
from drone.transport_tcp import Tcp
from drone.transports import check_url, make_transport
from patrol.errors import ConfigError, LinkLost
from tests.relays import HOST
from tests.unit.test_mavlink_frames import packed

pytestmark = pytest.mark.anyio
BEAT = packed(mavlink.MAVLink_heartbeat_message(2, 12, 157, 0x04040000, 4, 3))[0]
TEXT = packed(mavlink.MAVLink_statustext_message(4, b"Arming denied\t"))[0]


class Ear:
    """What was heard, and from whom."""

    def __init__(self) -> None:
        self.raws: list[bytes] = []
        self.addresses: list[Address] = []

    def __call__(self, _transport: Transport, address: Address, frames: list[Frame]) -> None:
        self.raws += [frame.raw for frame in frames]
        self.addresses += [address] * len(frames)

    async def until(self, *raws: bytes) -> None:
        await until(lambda: self.raws == list(raws))


async def until(is_so: Callable[[], bool]) -> None:
    with anyio.fail_after(5.0):
        while not is_so():
            await anyio.sleep(0.005)


@asynccontextmanager
async def opened(transport: Transport) -> AsyncIterator[None]:
    await transport.open()
    async with anyio.create_task_group() as group:
        group.start_soon(transport.run)
        yield
        transport.close()
        with anyio.fail_after(2.0):  # `run` returns by itself
            while group._tasks:  # type: ignore[attr-defined]
                await anyio.sleep(0.005)


class Plug:
    """The aircraft's end of a serial line, behind a name that stays when it is pulled."""

    def __init__(self, folder: Path) -> None:
        self.device = folder / "ttyACM0"
        self._ours = -1

    @property
    def url(self) -> str:
        return f"serial://{self.device}:57600"

    def put_in(self) -> None:
        self._ours, theirs = os.openpty()
        tty.setraw(theirs)
        os.set_blocking(self._ours, False)
        self.device.symlink_to(os.ttyname(theirs))
        os.close(theirs)

    def pull(self) -> None:
        self.device.unlink()
        os.close(self._ours)

    def say(self, data: bytes) -> None:
        os.write(self._ours, data)

    def heard(self) -> bytes:
        try:
            return os.read(self._ours, 1 << 20)
        except (BlockingIOError, OSError):
            return b""


@contextmanager
def a_plug(folder: Path) -> Iterator[Plug]:
    plug = Plug(folder)
    plug.put_in()
    yield plug
    plug.pull()


async def test_a_serial_line_brings_frames_both_ways_however_they_are_cut(tmp_path: Path) -> None:
    ear = Ear()
    with a_plug(tmp_path) as plug:
        line = make_transport(plug.url, ear)
        async with opened(line):
            both = b"noise" + BEAT + TEXT
            for place in range(0, len(both), 7):
                plug.say(both[place : place + 7])
                await anyio.lowlevel.checkpoint()
            await ear.until(BEAT, TEXT)
            assert ear.addresses[0] == line.everybody == (str(plug.device), 57600)
            line.send(TEXT, ear.addresses[0])
            heard = bytearray()
            await until(lambda: bytes(heard.__iadd__(plug.heard())) == TEXT)


async def test_a_plug_that_was_pulled_and_put_in_again_needs_no_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drone.transport_serial._OPEN_AGAIN_S", 0.02)
    ear, plug = Ear(), Plug(tmp_path)
    plug.put_in()
    line = make_transport(plug.url, ear)
    assert isinstance(line, Serial)
    async with opened(line):
        plug.say(BEAT)
        await ear.until(BEAT)
        plug.say(TEXT[:-3])  # torn: it must not stick to what comes later
        plug.pull()
        await until(lambda: line._line is None)
        line.send(BEAT, ("", 0))  # nobody is there: lost, as on the air
        plug.put_in()
        await until(lambda: line._line is not None)
        plug.say(TEXT)
        await ear.until(BEAT, TEXT)
        assert plug.heard() == b""
    plug.pull()


async def test_a_serial_line_that_takes_nothing_loses_whole_frames_and_cuts_none(
    tmp_path: Path,
) -> None:
    with a_plug(tmp_path) as plug:
        line = make_transport(plug.url, Ear())
        async with opened(line):
            for _ in range(2000):
                line.send(TEXT, ("", 0))
            heard = bytearray(plug.heard())
            await until(lambda: not heard.__iadd__(plug.heard()) or len(heard) % len(TEXT) == 0)
            assert heard == TEXT * (len(heard) // len(TEXT))
            assert 0 < len(heard) < 2000 * len(TEXT)


async def test_a_device_that_is_not_there_or_is_no_line_is_told_in_both_languages(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("no line")
    for name in ("nothing", "file"):
        url = f"serial://{tmp_path / name}:57600"
        with pytest.raises(LinkLost, match="cannot be opened") as caught:
            await make_transport(url, Ear()).open()
        assert "无法打开" in caught.value.text_zh


@pytest.mark.parametrize(
    "url", ["serial://:57600", "serial:///dev/ttyACM0:fast", "serial:///dev/ttyACM0:57601",
            "tcpin://0.0.0.0", "radio://x:1"],
)  # fmt: skip
def test_an_address_that_no_line_can_have_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_url(url)
    assert caught.value.text_zh != str(caught.value)
    check_url("serial:///dev/ttyACM0")  # 57600 is usual


async def test_a_tcp_peer_that_fell_silent_without_hanging_up_is_dialled_again() -> None:
    ear, calls = Ear(), list[asyncio.StreamWriter]()

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        calls.append(writer)  # as one that lost its power: never closed from there
        writer.write(BEAT)

    server = await asyncio.start_server(answer, HOST, 0)
    port = server.sockets[0].getsockname()[1]
    line = Tcp(f"tcpout://{HOST}:{port}", (HOST, port), ear, silent_s=0.1)
    try:
        async with opened(line):
            await ear.until(BEAT, BEAT)
            assert len(calls) == 2
    finally:
        for call in calls:
            call.close()
        server.close()


async def test_an_aircraft_that_calls_a_tcp_port_is_heard_and_answered_at_its_own_address() -> None:
    ear = Ear()
    with socket.create_server((HOST, 0)) as probe:
        port = probe.getsockname()[1]
    line = make_transport(f"tcpin://{HOST}:{port}", ear)
    async with opened(line):
        with pytest.raises(LinkLost, match="cannot be opened"):
            await make_transport(f"tcpin://{HOST}:{port}", ear).open()
        assert line.everybody is None
        first, second = [await asyncio.open_connection(HOST, port) for _ in range(2)]
        first[1].write(BEAT)
        await ear.until(BEAT)
        second[1].write(TEXT)
        await ear.until(BEAT, TEXT)
        assert ear.addresses[0] != ear.addresses[1]
        line.send(TEXT, ear.addresses[0])
        with anyio.fail_after(5.0):
            assert await first[0].readexactly(len(TEXT)) == TEXT
        for _, writer in (first, second):
            writer.close()
