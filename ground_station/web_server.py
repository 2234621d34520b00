"""uvicorn inside the station's own task group: the station owns the signals and the port."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING

import anyio.to_thread

from patrol.errors import ConfigError

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

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


class WebServer:
    """Serves the app on a socket that is already bound; who comes earlier waits in its queue."""

    def __init__(self, make: Callable[[], FastAPI], listener: socket.socket) -> None:
        self._make = make
        self._listener = listener
        self._server: uvicorn.Server | None = None
        self._is_stopped = False

    @property
    def url(self) -> str:
        """Where the console is."""
        host, port = self._listener.getsockname()[:2]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def stop(self) -> None:
        """Ask it to end; `run` then returns."""
        self._is_stopped = True
        if self._server is not None:
            self._server.should_exit = True

    async def run(self) -> None:
        """Make the app and serve it until stopped."""
        for name in _SLOW:
            await anyio.to_thread.run_sync(import_module, name)
        self._server = _server(self._make())
        self._server.should_exit = self._is_stopped
        await self._server.serve(sockets=[self._listener])


def _server(app: FastAPI) -> uvicorn.Server:
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
        )
    )
