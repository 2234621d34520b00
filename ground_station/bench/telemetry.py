"""Telemetry of many simulated aircraft: what one costs this process, and how old samples get.

The aircraft fly in a process of their own. This process does what the station does with them:
one fleet, samples at 10 Hz, the recorder's database, the raw log of every link.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import anyio.abc

from drone.link_settings import LinkSettings
from drone.mavsdk_fleet import Fleet, prepare_executor
from drone.mavsdk_vehicle import MavsdkVehicle
from ground_station.bench.grpc_peer import Theirs, measure_grpc, prepare_grpc
from ground_station.children import running
from ground_station.memory import kept_for_good
from ground_station.store.telemetry import TelemetryLog
from patrol.bus import Bus
from patrol.clock import SystemClock
from patrol.errors import LinkLost
from patrol.telemetry import TelemetrySample

_RATE_HZ = 10.0
_ALL_HEARD_S = 20.0  # wall
_BOOT_WRAP_MS = 1 << 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    """How many aircraft, and how long each part takes, in wall seconds."""

    settle_s: float
    window_s: float
    peer_made_s: float | None  # the other side is left out when it takes longer to install
    aircraft: int = 50
    few: int = 10  # so many for the other side


FULL = Spans(settle_s=6.0, window_s=20.0, peer_made_s=None)
QUICK = Spans(settle_s=3.0, window_s=6.0, peer_made_s=19.0)


class _TimedLog(TelemetryLog):
    """The recorder; it also notes how old each sample is when it has it."""

    zero_s = 0.0  # of the aircraft's clocks
    ages_s: list[float]

    def add(self, sample: TelemetrySample) -> None:
        super().add(sample)
        if sample.boot_ms is not None:
            sent_s = self.zero_s + sample.boot_ms / 1000.0
            self.ages_s.append(SystemClock().monotonic_s() - sent_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    """What a number of aircraft cost while it was measured."""

    cpu_s_per_aircraft_s: float
    rss_mb: float
    ages_s: list[float]
    samples_hz: float


async def measure_telemetry(spans: Spans) -> dict[str, Any]:
    """Measure both sides; the JSON object of the benchmark."""
    prepare_executor()
    python = await prepare_grpc(spans.peer_made_s)
    with tempfile.TemporaryDirectory(prefix="gridpatrol-bench-") as name:
        folder, theirs = Path(name), Theirs()

        async def measure_theirs() -> None:
            nonlocal theirs
            theirs = await measure_grpc(
                python, folder, aircraft=spans.few, settle_s=spans.settle_s,
                window_s=spans.window_s,
            )  # fmt: skip

        async with anyio.create_task_group() as group:
            # At the same time as ours with as few: other programs then slow both alike.
            group.start_soon(measure_theirs)
            few, all_of_them = await _measure_ours(folder, spans)
    ages = sorted(all_of_them.ages_s)
    ratio = None
    if theirs.cpu_s_per_aircraft_s is not None:
        ratio = theirs.cpu_s_per_aircraft_s / few.cpu_s_per_aircraft_s
    return {
        "aircraft": spans.aircraft,
        "cpu_s_per_aircraft_s": all_of_them.cpu_s_per_aircraft_s,
        "rss_mb_per_aircraft": (all_of_them.rss_mb - few.rss_mb) / (spans.aircraft - spans.few),
        "p50_age_s": _share(ages, 0.50),
        "p95_age_s": _share(ages, 0.95),
        "p99_age_s": _share(ages, 0.99),
        "cpu_ratio_to_grpc": ratio,
        "samples_hz": all_of_them.samples_hz,
        "samples": len(ages),
        "rss_mb": all_of_them.rss_mb,
        "few_aircraft": spans.few,
        "few_cpu_s_per_aircraft_s": few.cpu_s_per_aircraft_s,
        "grpc_cpu_s_per_aircraft_s": theirs.cpu_s_per_aircraft_s,
        "grpc_samples_hz": theirs.samples_hz,
        "grpc_version": theirs.version,
        "grpc_reason": theirs.reason,
    }


async def _measure_ours(folder: Path, spans: Spans) -> tuple[_Window, _Window]:
    bus, clock = Bus(), SystemClock()
    fleet = Fleet(bus=bus, world=clock, wall=clock)
    async with (
        running("aircraft", simulated(spans.aircraft), log_dir=folder) as simulator,
        _recorder(folder) as log,
        anyio.create_task_group() as group,
    ):
        log.zero_s = simulator.ready["clock_zero_s"]
        group.start_soon(log.run, bus)
        group.start_soon(fleet.run)
        vehicles = [
            MavsdkVehicle(
                LinkSettings(
                    name=f"GP-{one['system_id']}", url=one["mavlink"], system_id=one["system_id"],
                    rate_hz=_RATE_HZ, log_folder=folder / "tlog",
                ),
                bus=bus, world=clock, wall=clock, fleet=fleet,
            )
            for one in simulator.ready["aircraft"]
        ]  # fmt: skip
        few = await _window(vehicles[: spans.few], vehicles[: spans.few], log, spans, group)
        whole = await _window(vehicles[spans.few :], vehicles, log, spans, group)
        group.cancel_scope.cancel()
    return few, whole


def simulated(count: int) -> list[str]:
    """The command of so many aircraft."""
    return ["-m", "sim.bench_fleet", "--aircraft", str(count)]


async def _window(
    joining: list[MavsdkVehicle], flying: list[MavsdkVehicle], log: _TimedLog, spans: Spans,
    group: anyio.abc.TaskGroup,
) -> _Window:  # fmt: skip
    for vehicle in joining:
        group.start_soon(vehicle.run)
    clock = SystemClock()
    give_up_s = clock.monotonic_s() + _ALL_HEARD_S
    while any(vehicle.latest() is None for vehicle in flying):
        if clock.monotonic_s() > give_up_s:
            raise LinkLost(f"not all {len(flying)} simulated aircraft were heard")
        await anyio.sleep(0.1)
    with kept_for_good():  # before settling: it makes samples wait once
        await anyio.sleep(spans.settle_s)
        log.ages_s.clear()
        cpu_s, at_s = _cpu_s(), clock.monotonic_s()
        await anyio.sleep(spans.window_s)
    took_s, ages_s = clock.monotonic_s() - at_s, list(log.ages_s)
    return _Window(
        cpu_s_per_aircraft_s=(_cpu_s() - cpu_s) / took_s / len(flying),
        rss_mb=_rss_mb(),
        ages_s=ages_s,
        samples_hz=len(ages_s) / took_s / len(flying),
    )


@asynccontextmanager
async def _recorder(folder: Path) -> AsyncIterator[_TimedLog]:
    log = await _TimedLog.open(folder / "data", is_exercise=True)
    assert isinstance(log, _TimedLog)  # noqa: S101  # `open` makes what it is called on
    log.ages_s = []
    try:
        yield log
    finally:
        await log.close()


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _rss_mb() -> float:
    """Memory now where the system tells it, else the highest so far."""
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * resource.getpagesize() / 1e6
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return highest / (1e6 if sys.platform == "darwin" else 1e3)


def _share(ages_s: list[float], share: float) -> float | None:
    return ages_s[min(len(ages_s) - 1, int(share * len(ages_s)))] if ages_s else None
