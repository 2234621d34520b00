"""The station as a process: for `gridpatrol serve`, and by itself as the demo's child."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
from pathlib import Path

import anyio
import structlog

from drone.addresses import require_free
from ground_station.data_lock import data_lock
from ground_station.main import opened, say_ready
from ground_station.settings import StationSettings, read_settings
from ground_station.web_server import bind
from patrol.errors import ConfigError, PatrolError
from patrol.groups import one_error

_ENDS_WITHIN_S = 2.5  # wall; open consoles are told first, Ctrl-C ends everything within 5 s


def run_station(settings: StationSettings, *, has_parent: bool) -> None:
    """Serve until a signal, or until the parent is gone; ConfigError when it cannot start."""
    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
    for line in {aircraft.connect for aircraft in settings.aircraft}:
        require_free(line)
    listener = bind(settings.host, settings.port)
    with data_lock(settings.data_dir), one_error():
        anyio.run(_serve, settings, listener, has_parent)


async def _serve(settings: StationSettings, listener: object, has_parent: bool) -> None:
    async with opened(settings, listener) as station:  # type: ignore[arg-type]
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async with anyio.create_task_group() as group:

                async def end_on_signal() -> None:
                    async for _ in signals:
                        station.say_what_is_left()
                        if not has_parent:  # which has closed its own connections by then
                            station.stop()
                            await anyio.sleep(_ENDS_WITHIN_S)
                        group.cancel_scope.cancel()
                        return

                group.start_soon(end_on_signal)
                if has_parent:
                    group.start_soon(_cancel_at_end_of_input, group.cancel_scope)
                say_ready(station.url)
                await station.run()
                group.cancel_scope.cancel()


async def _cancel_at_end_of_input(scope: anyio.CancelScope) -> None:
    """The parent is gone. No thread reads: a reading thread keeps a stopped process alive."""
    descriptor = sys.stdin.fileno()
    while True:
        # A file or /dev/null cannot be waited for, and is always ready.
        with contextlib.suppress(PermissionError):
            await anyio.wait_readable(descriptor)
        if not os.read(descriptor, 1024):
            scope.cancel()
            return


def main() -> int:
    """Exit code 0, 1 (refused) or 2 (configuration)."""
    parser = argparse.ArgumentParser(prog="python -m ground_station.station")
    parser.add_argument("--config", type=Path, required=True)
    arguments = parser.parse_args()
    try:
        run_station(read_settings(arguments.config), has_parent=True)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except PatrolError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
