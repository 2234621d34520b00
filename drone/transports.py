"""Ways to an aircraft by their addresses: UDP and TCP, called or listened for, and serial lines."""

from __future__ import annotations

from urllib.parse import urlsplit

from drone.transport import Address, Heard, Transport
from drone.transport_serial import Serial, check_serial
from drone.transport_tcp import Tcp, TcpServer
from drone.transport_udp import Udp
from patrol.errors import ConfigError

_ADVICE = "(such as udpin://0.0.0.0:14540, udpout://, tcpout:// or serial:///dev/ttyACM0:57600)"
_KINDS = {
    "udpin": "udpin", "udp": "udpin", "udpout": "udpout", "tcpout": "tcpout", "tcp": "tcpout",
    "tcpin": "tcpin", "serial": "serial",
}  # fmt: skip
_ANYWHERE = ("", "0.0.0.0", "::")  # noqa: S104  # `udp://` listens there and calls anyone else
_SPEED_BAUD = 57600  # what a line has that does not tell


def check_url(url: str) -> None:
    """ConfigError in words for what is no aircraft's address."""
    if _kind(url) == "serial":
        check_serial(url, _device(url)[1])
    else:
        _address(url)


def make_transport(url: str, heard: Heard) -> Transport:
    """ConfigError for what is no address."""
    check_url(url)
    match _kind(url):
        case "serial":
            return Serial(url, _device(url), heard)
        case "tcpin":
            return TcpServer(url, _address(url), heard)
        case "tcpout":
            return Tcp(url, _address(url), heard)
        case kind:
            return Udp(url, _address(url), heard, is_listening=kind == "udpin")


def _kind(url: str) -> str:
    parts = urlsplit(url)
    kind = _KINDS.get(parts.scheme)
    if kind is None:
        raise ConfigError(
            f"not an aircraft's address: {url!r} {_ADVICE}",
            text_zh=f"不是飞行器地址：{url!r}（如 udpin://0.0.0.0:14540）",
        )
    if parts.scheme == "udp" and (parts.hostname or "") not in _ANYWHERE:
        return "udpout"
    return kind


def _address(url: str) -> Address:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"not a port: {url!r} {_ADVICE}", text_zh=f"不是端口：{url!r}") from error
    if not port:
        raise ConfigError(
            f"an aircraft's address needs a port: {url!r} {_ADVICE}",
            text_zh=f"飞行器地址缺少端口：{url!r}",
        )
    return parts.hostname or "0.0.0.0", port  # noqa: S104  # a station listens for its aircraft


def _device(url: str) -> Address:
    device, colon, speed = url.partition("://")[2].rpartition(":")
    if not colon:
        device, speed = speed, str(_SPEED_BAUD)
    if not device or not speed.isdecimal():
        raise ConfigError(f"not a serial line: {url!r} {_ADVICE}", text_zh=f"不是串口地址：{url!r}")
    return device, int(speed)
