"""A TCP cable that a test can pull."""

from __future__ import annotations

import socket
import socketserver
import threading
from contextlib import suppress
from typing import Any


class Cable(socketserver.ThreadingTCPServer):
    """A TCP port before the camera: a cable that can be pulled."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, camera_url: str, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), socketserver.BaseRequestHandler)
        self._camera = int(camera_url.removeprefix("rtsp://127.0.0.1:").partition("/")[0])
        self._ends: list[socket.socket] = []
        self.port = int(self.server_address[1])
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def finish_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        with socket.create_connection(("127.0.0.1", self._camera)) as far:
            self._ends += [request, far]
            threading.Thread(target=_pump, args=(far, request), daemon=True).start()
            _pump(request, far)

    def cut(self) -> None:
        self.shutdown()
        self.server_close()
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
