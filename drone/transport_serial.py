"""A serial line, held by this process: when it hangs, the line falls silent as any other."""

from __future__ import annotations

import asyncio
import os
import sys

import anyio
import anyio.to_thread

from drone.mavlink_frames import Splitter
from drone.transport import Address, Heard
from drone.transport_udp import cannot_open
from patrol.errors import ConfigError

_OPEN_AGAIN_S = 1.0  # wall; a plug that was pulled comes back
_READ_BYTES = 4096
_UNSENT_BYTES = 4096  # 0.7 s at 57600 baud: what is older is an order of long ago


class Serial:
    """One device; who is at its other end has no address, so the device is it."""

    def __init__(self, url: str, address: Address, heard: Heard) -> None:
        self.url = url
        self._address = address
        self._heard = heard
        self._splitter = Splitter()
        self._line: int | None = None
        self._unsent = bytearray()
        self._closed, self._hung_up = anyio.Event(), anyio.Event()

    @property
    def everybody(self) -> Address | None:
        """Whoever is at the other end."""
        return self._address

    async def open(self) -> None:
        """Take the device for us alone."""
        try:
            line = await anyio.to_thread.run_sync(opened, *self._address)
        except OSError as error:
            raise cannot_open(self.url, error) from error
        self._take(line)

    def _take(self, line: int) -> None:
        if self._closed.is_set():
            os.close(line)
            return
        self._line, self._hung_up = line, anyio.Event()
        asyncio.get_running_loop().add_reader(line, self._read)

    async def run(self) -> None:
        """Open it again when the plug was pulled, until it is closed."""
        while not self._closed.is_set():
            await self._hung_up.wait()
            with anyio.move_on_after(_OPEN_AGAIN_S):
                await self._closed.wait()
            if not self._closed.is_set():
                await self._try_again()

    async def _try_again(self) -> None:
        try:
            line = await anyio.to_thread.run_sync(opened, *self._address)
        except OSError:
            return  # still not there; the age of the data says it
        self._take(line)

    def close(self) -> None:
        """Give the device back."""
        self._closed.set()
        self._hang_up()

    def send(self, data: bytes, address: Address) -> None:
        """Whole frames only: what does not fit is lost, never cut."""
        del address
        if self._line is None or len(self._unsent) + len(data) > _UNSENT_BYTES:
            return
        is_first = not self._unsent
        self._unsent += data
        if is_first:
            self._write()

    def _read(self) -> None:
        assert self._line is not None  # noqa: S101  # only while it is open
        try:
            data = os.read(self._line, _READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:  # the plug was pulled
            self._hang_up()
        elif frames := self._splitter.feed(data):
            self._heard(self, self._address, frames)

    def _write(self) -> None:
        assert self._line is not None  # noqa: S101
        loop = asyncio.get_running_loop()
        try:
            del self._unsent[: os.write(self._line, self._unsent)]
        except BlockingIOError:
            pass  # its buffer is full
        except OSError:
            self._hang_up()
            return
        if self._unsent:
            loop.add_writer(self._line, self._write)
        else:
            loop.remove_writer(self._line)

    def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            loop = asyncio.get_running_loop()
            loop.remove_reader(line)
            loop.remove_writer(line)
            os.close(line)
        self._unsent.clear()
        self._splitter = Splitter()
        self._hung_up.set()


def check_serial(url: str, speed_baud: int) -> None:
    """ConfigError for a speed that no line has, and where there are no such lines."""
    if sys.platform == "win32":
        raise ConfigError(
            f"{url}: serial lines are held on Linux and macOS; on Windows put a MAVLink router "
            "between and connect with udpin:// or tcpout://",
            text_zh=f"{url}：串口仅支持Linux和macOS；Windows请经MAVLink路由用udpin://或tcpout://连接",
        )
    if speed_baud not in _speeds():
        known = ", ".join(str(speed) for speed in sorted(_speeds()) if speed >= 9600)
        raise ConfigError(
            f"{url}: no serial speed is {speed_baud}: there is {known}",
            text_zh=f"{url}：串口没有速率{speed_baud}；可用：{known}",
        )


def _speeds() -> dict[int, int]:
    """The system's number of each speed."""
    import termios  # Windows has none

    return {
        int(name[1:]): int(getattr(termios, name))
        for name in dir(termios)
        if name[0] == "B" and name[1:].isdecimal() and name != "B0"
    }


def opened(device: str, speed_baud: int) -> int:
    """The device as a raw line of 8 bits without flow control, not waited for; OSError."""
    import fcntl
    import termios
    import tty

    line = os.open(device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        tty.setraw(line, termios.TCSANOW)
        settings = termios.tcgetattr(line)
        settings[2] |= termios.CLOCAL | termios.CREAD
        settings[2] &= ~(termios.CRTSCTS | termios.CSTOPB)
        settings[4] = settings[5] = _speeds()[speed_baud]
        termios.tcsetattr(line, termios.TCSANOW, settings)
        fcntl.ioctl(line, termios.TIOCEXCL)  # nobody else reads a part of it
    except termios.error as error:
        os.close(line)
        raise OSError(error.args[0], f"{device} is no serial line") from error
    return line
