"""uvicorn inside the station's own task group: the station owns the signals and the port."""

from __future__ import annotations

import contextlib
import errno
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import uvicorn
from fastapi import FastAPI

from ground_station.settings import TlsSettings
from patrol.errors import ConfigError


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the station: uvicorn would raise them again and skip our clean-up."""
        yield


def bind(host: str, port: int) -> socket.socket:
    """Take the port before anything else starts; ConfigError when somebody has it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP: asyncio switches Nagle's delay (40 ms an answer) off only then.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(
                f"port {port} on {host} is in use; choose another with --port (0: any free one)"
            ) from error
        raise ConfigError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    return listener


def _encrypted(tls: TlsSettings) -> dict[str, Any]:
    """uvicorn's settings for TLS; ConfigError when certificate and key cannot be used."""
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls.cert_file, tls.key_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"the certificate {tls.cert_file} with the key {tls.key_file} cannot be used: {error}"
        ) from error
    return {"ssl_certfile": tls.cert_file, "ssl_keyfile": tls.key_file}


class WebServer:
    """Serves the app on a socket that is already bound."""

    def __init__(
        self, app: FastAPI, listener: socket.socket, tls: TlsSettings | None = None
    ) -> None:
        self._listener = listener
        self._scheme = "https" if tls is not None else "http"
        self._server = _Server(
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                ws="websockets-sansio",
                timeout_graceful_shutdown=1,
                lifespan="off",
                ws_max_size=1 << 16,
                server_header=False,
                proxy_headers=False,  # the address at the other end, not one that it claims
                **({} if tls is None else _encrypted(tls)),
            )
        )

    @property
    def url(self) -> str:
        """Where the console is."""
        host, port = self._listener.getsockname()[:2]
        return f"{self._scheme}://{f'[{host}]' if ':' in host else host}:{port}"

    def stop(self) -> None:
        """Ask it to end; `run` then returns."""
        self._server.should_exit = True

    async def run(self) -> None:
        """Serve until stopped."""
        await self._server.serve(sockets=[self._listener])
