"""uvicorn inside the station's own task group: the station owns the signals and the port."""

from __future__ import annotations

import contextlib
import errno
import socket
import ssl
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any

import anyio.to_thread

from ground_station.settings import TlsSettings
from patrol.errors import ConfigError

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

_PING_EVERY_S = 30.0  # proxies keep the line open, and one that is dead is known in a minute
# Slow to load, and the aircraft does not wait for a page: they are loaded when it is known.
_SLOW = ("uvicorn", "ground_station.web")


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
    """Serves the app on a socket that is already bound; who comes earlier waits in its queue."""

    def __init__(
        self,
        make: Callable[[], FastAPI],
        listener: socket.socket,
        tls: TlsSettings | None = None,
    ) -> None:
        self._make = make
        self._listener = listener
        self._encryption = {} if tls is None else _encrypted(tls)
        self._server: uvicorn.Server | None = None
        self._is_stopped = False

    @property
    def url(self) -> str:
        """Where the console is."""
        host, port = self._listener.getsockname()[:2]
        scheme = "https" if self._encryption else "http"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"

    def stop(self) -> None:
        """Ask it to end; `run` then returns."""
        self._is_stopped = True
        if self._server is not None:
            self._server.should_exit = True

    async def run(self) -> None:
        """Make the app and serve it until stopped; the port is free again then."""
        with self._listener:  # uvicorn closes it only where it has begun to serve
            for name in _SLOW:
                await anyio.to_thread.run_sync(import_module, name)
            self._server = _server(self._make(), self._encryption)
            self._server.should_exit = self._is_stopped
            await self._server.serve(sockets=[self._listener])


def _server(app: FastAPI, encryption: dict[str, Any]) -> uvicorn.Server:
    import uvicorn

    class Server(uvicorn.Server):
        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            """Leave signals to the station: uvicorn would raise them and skip our clean-up."""
            yield

    return Server(
        uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            ws="websockets-sansio",
            timeout_graceful_shutdown=1,
            lifespan="off",
            ws_max_size=1 << 16,
            ws_ping_interval=_PING_EVERY_S,
            ws_ping_timeout=_PING_EVERY_S,
            server_header=False,
            proxy_headers=False,  # the address at the other end, not one that it claims
            **encryption,
        )
    )
