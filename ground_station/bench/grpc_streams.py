"""The telemetry benchmark's other side: the same streams through `mavsdk-grpc`.

Run as a file by the Python of an environment that has `mavsdk-grpc` and nothing of ours. Its
servers are processes of their own: their time counts too.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path

from mavsdk_grpc import System

_CONNECT_WITHIN_S = 20.0
_PERIOD_S = 0.1
_FIRST_PORT = 50151
_STREAMS = (
    "position", "velocity_ned", "attitude_euler", "battery", "gps_info", "raw_gps", "home",
    "flight_mode", "armed", "in_air", "health", "status_text",
)  # fmt: skip


class Aircraft:
    """Its newest values, and a sample of them ten times a second."""

    def __init__(self, url: str, port: int) -> None:
        self._url = url
        self._system = System(port=port)
        self._newest: dict[str, object] = {}
        self.sample_count = 0

    async def connect(self) -> None:
        """Until it is heard."""
        await self._system.connect(system_address=self._url)
        async for state in self._system.core.connection_state():
            if state.is_connected:
                return

    def close(self) -> None:
        """End its server: it would outlive us."""
        self._system._stop_mavsdk_server()  # noqa: SLF001  # the package has no other way

    async def ask_for_rates(self) -> None:
        """As any careful user would: no stream that is read faster than it is sampled."""
        telemetry = self._system.telemetry
        for ask in (
            telemetry.set_rate_position, telemetry.set_rate_velocity_ned,
            telemetry.set_rate_attitude_euler,
        ):  # fmt: skip
            await ask(1.0 / _PERIOD_S)

    async def run(self) -> None:
        """Read and sample until cancelled."""
        telemetry = self._system.telemetry
        async with asyncio.TaskGroup() as group:
            for name in _STREAMS:
                group.create_task(self._read(name, getattr(telemetry, name)()))
            group.create_task(self._read("camera", self._system.gimbal.attitude()))
            while True:
                await asyncio.sleep(_PERIOD_S)
                sample = dict(self._newest)
                self.sample_count += "position" in sample

    async def _read(self, name: str, stream: object) -> None:
        async for value in stream:  # type: ignore[attr-defined]
            self._newest[name] = value


def _cpu_s() -> float:
    """User and system seconds of this process and its servers so far (Linux)."""
    ticks = os.sysconf("SC_CLK_TCK")
    total = 0
    own = str(os.getpid())
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended while we looked
        if stat.parent.name == own or fields[1] == own:
            total += int(fields[11]) + int(fields[12])
    return total / ticks


async def measure(urls: list[str], settle_s: float, window_s: float) -> dict[str, float]:
    """Connect all, then measure."""
    fleet = [Aircraft(url, _FIRST_PORT + number) for number, url in enumerate(urls)]
    async with asyncio.timeout(_CONNECT_WITHIN_S), asyncio.TaskGroup() as group:
        for aircraft in fleet:
            group.create_task(aircraft.connect())
    for aircraft in fleet:
        await aircraft.ask_for_rates()
    result: dict[str, float] = {}
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(aircraft.run()) for aircraft in fleet]
        await asyncio.sleep(settle_s)
        count, cpu_s, at_s = _samples(fleet), _cpu_s(), time.monotonic()
        await asyncio.sleep(window_s)
        took_s = time.monotonic() - at_s
        result["cpu_s_per_aircraft_s"] = (_cpu_s() - cpu_s) / took_s / len(fleet)
        result["samples_hz"] = (_samples(fleet) - count) / took_s / len(fleet)
        for task in tasks:
            task.cancel()
        for aircraft in fleet:
            aircraft.close()
    return result


def _samples(fleet: list[Aircraft]) -> int:
    return sum(aircraft.sample_count for aircraft in fleet)


def main() -> None:
    """Settle seconds, window seconds, addresses; prints one JSON line."""
    settle_s, window_s, *urls = sys.argv[1:]
    result = asyncio.run(measure(urls, float(settle_s), float(window_s)))
    sys.stdout.write(json.dumps(result) + "\n")
    sys.stdout.flush()
    os._exit(0)  # its log threads would hold the process until every server has ended


if __name__ == "__main__":
    main()
