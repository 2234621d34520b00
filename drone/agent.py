"""The payload agent on the aircraft (`gridpatrol payload`, `python -m drone.agent`)."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ipaddress
import json
import os
import signal
import socket
import ssl
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import anyio.abc
import uvicorn
from starlette.applications import Starlette

from drone.agent_app import Agent
from drone.clip_shelf import ClipShelf
from drone.impatient_http import ImpatientHttp
from drone.play_events import EventLog
from drone.plays import Player
from drone.sound_outputs import SoundOutput, output_of
from drone.tokens import read_token
from patrol.errors import ConfigError
from patrol.groups import one_error

_CONNECTIONS_MAX = 128  # two stations need ten; more are refused before they cost memory


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentOptions:
    """Where it listens, who may speak to it, and how it ends."""

    host: str
    port: int
    token: str  # empty: anyone on this machine
    tls_cert: Path | None
    tls_key: Path | None
    clips_dir: Path | None  # none: a folder that ends with the agent
    ends_with_parent: bool  # at the end of its standard input


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the agent's own: uvicorn would raise them again and skip the clean-up."""
        yield


async def serve(output: SoundOutput, options: AgentOptions) -> None:
    """Serve until a signal or the parent's end; ConfigError when it cannot."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(_listener(options.host, options.port))
        kept = options.clips_dir or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="gridpatrol-clips-"))
        )
        shelf, log = ClipShelf(kept), EventLog()
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async with anyio.create_task_group() as group:
                player = Player(output, group, log, steady_utc())
                agent = Agent(
                    shelf=shelf, player=player, log=log, output_name=output.name,
                    token=options.token,
                )  # fmt: skip
                server = _Server(_server_config(agent.app(), options))

                def end() -> None:
                    log.close()  # an open event stream would keep the server waiting
                    server.should_exit = True

                async def end_on_signal() -> None:
                    async for _ in signals:
                        end()

                group.start_soon(end_on_signal)
                if options.ends_with_parent:
                    _at_end_of_input(end)
                _say_ready(listener, has_tls=options.tls_cert is not None)
                await server.serve(sockets=[listener])
                group.cancel_scope.cancel()  # a clip that is being played ends here


def steady_utc() -> Callable[[], datetime]:
    """A clock that starts with the machine's and never steps.

    An aircraft's computer without a battery clock may get its date from GNSS in the middle of an
    order; stations ask for this clock's time before they name an expiry.
    """
    started_utc, started_s = datetime.now(UTC), time.monotonic()
    return lambda: started_utc + timedelta(seconds=time.monotonic() - started_s)


def _at_end_of_input(end: Callable[[], None]) -> None:
    """Call `end` on this loop when the parent is gone.

    A daemon thread, because a reading worker thread of anyio keeps a stopped process alive.
    """
    loop = asyncio.get_running_loop()

    def read() -> None:
        while os.read(0, 1024):
            pass
        with contextlib.suppress(RuntimeError):  # the loop has ended by itself
            loop.call_soon_threadsafe(end)

    threading.Thread(target=read, daemon=True).start()


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP: asyncio switches Nagle's delay (40 ms an answer) off only then.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(16)  # ready means that a connection is taken
    except OSError as error:
        listener.close()
        raise ConfigError(f"port {port} on {host} cannot be used: {error.strerror}") from error
    return listener


def _server_config(app: Starlette, options: AgentOptions) -> uvicorn.Config:
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=1,
        limit_concurrency=_CONNECTIONS_MAX, http=ImpatientHttp, ws="none", server_header=False,
        ssl_certfile=options.tls_cert, ssl_keyfile=options.tls_key,
    )  # fmt: skip
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"certificate and key cannot be used: {error}") from error
    return config


def _say_ready(listener: socket.socket, *, has_tls: bool) -> None:
    host, port = listener.getsockname()[:2]
    url = f"http{'s' if has_tls else ''}://{f'[{host}]' if ':' in host else host}:{port}"
    sys.stdout.write(json.dumps({"event": "ready", "url": url}) + "\n")
    sys.stdout.flush()


def _require_locks(arguments: argparse.Namespace) -> None:
    """Whoever reaches the port can speak to a crowd: off this machine it needs both locks."""
    if (arguments.tls_cert is None) != (arguments.tls_key is None):
        raise ConfigError("--tls-cert and --tls-key belong together")
    try:
        if ipaddress.ip_address(arguments.host).is_loopback:
            return
    except ValueError as error:
        raise ConfigError(f"--host wants an address, not {arguments.host!r}") from error
    if arguments.token_file is None:
        raise ConfigError(f"on {arguments.host} it needs --token-file: anyone could speak")
    if arguments.tls_cert is None and not arguments.allow_plain:
        raise ConfigError(
            f"on {arguments.host} it needs --tls-cert and --tls-key: the token would travel in "
            "clear (--allow-plain if the radio link itself is encrypted)"
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gridpatrol payload",
        description="The payload agent on the aircraft: keeps clips, plays one at a time.",
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on")
    add("--port", type=int, default=8090, help="0: any free one")
    add("--output", default="device", help="device, alsa:NAME, air:URL, file:FOLDER or null")
    add("--clips", type=Path, help="folder that keeps clips over a restart")
    add("--token-file", type=Path, help="file with the token that a station has to show")
    add("--tls-cert", type=Path, help="certificate chain (PEM)")
    add("--tls-key", type=Path, help="its key (PEM)")
    add("--allow-plain", action="store_true", help="no TLS: the radio link is encrypted")
    add("--stay", action="store_true", help="go on when standard input ends")
    return parser


def main() -> int:
    """Exit code 0 when ended, 2 for a wrong option."""
    arguments = _parser().parse_args()
    try:
        if not 0 <= arguments.port <= 65535:
            raise ConfigError(f"no such port: {arguments.port}")
        _require_locks(arguments)
        options = AgentOptions(
            host=arguments.host, port=arguments.port, clips_dir=arguments.clips,
            token=read_token(arguments.token_file) if arguments.token_file else "",
            tls_cert=arguments.tls_cert, tls_key=arguments.tls_key,
            ends_with_parent=not arguments.stay,
        )  # fmt: skip
        with one_error():
            anyio.run(serve, output_of(arguments.output), options)
    except ConfigError as error:
        sys.stderr.write(f"gridpatrol payload: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
