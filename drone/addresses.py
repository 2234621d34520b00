"""Aircraft addresses: two ground stations may not listen on one port."""

from __future__ import annotations

import errno
import socket

from patrol.errors import ConfigError

# The forms under which a port is held; told before anything else is started.
_LISTENING = {
    "udpin": socket.SOCK_DGRAM, "udp": socket.SOCK_DGRAM, "tcpin": socket.SOCK_STREAM
}  # fmt: skip
_ANYWHERE = ("", "0.0.0.0", "::")  # noqa: S104  # what `udp://` listens with; not bound by it


def require_free(url: str) -> None:
    """ConfigError when the address is one to listen on and somebody has its port already."""
    scheme, _, rest = url.partition("://")
    host, _, port = rest.rpartition(":")
    host = host.strip("[]")
    kind = _LISTENING.get(scheme)
    if kind is None or (scheme == "udp" and host not in _ANYWHERE):
        return
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise ConfigError(
            f"not an address to listen on: {url} (such as udpin://0.0.0.0:14540)",
            text_zh=f"不是可监听的地址：{url}（如 udpin://0.0.0.0:14540）",
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if kind is socket.SOCK_STREAM:  # a connection that has just ended does not count
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise ConfigError(
                    f"port {port} is in use: another program listens for an aircraft at {url}",
                    text_zh=f"端口{port}已被占用：另一程序正在{url}监听飞行器",
                ) from error
            raise ConfigError(
                f"cannot listen at {url}: {error.strerror}",
                text_zh=f"无法在{url}监听：{error.strerror}",
            ) from error
