"""`gridpatrol bench store`: how long a console waits for its lists when the records are large."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import anyio.to_thread

from ground_station.alerts import CrowdAlert
from ground_station.bench.store_fill import NOW, Size, fill, sortie_id
from ground_station.owners import Tier
from ground_station.store.codec import decode
from ground_station.store.engine import Store
from ground_station.store.pages import Ask, Page
from ground_station.store.queries import (
    AuditFilter,
    CaseFilter,
    audit_log,
    case_queue,
    case_thread,
    coverage,
    live_alerts,
    newest_cases,
)
from ground_station.store.records import Records
from ground_station.store.telemetry import TelemetryLog
from patrol.cause import by_system
from patrol.clock import SystemClock
from patrol.telemetry import TelemetrySample

_STREET, _COMMUNITY = "440512003", "440512003004"
_SHIFT = timedelta(hours=8)
_DEEP = 20  # pages
_CAUSE = by_system("bench")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    """How much, and how often each list is asked for."""

    size: Size
    repeats: int  # of each list
    saves_hz: float = 10.0  # what the station writes meanwhile
    samples_hz: float = 50.0


FULL = Spans(
    size=Size(cases=100_000, telemetry_rows=1_000_000, telemetry_sorties=40, sorties=20_000),
    repeats=600,
)
QUICK = Spans(
    size=Size(cases=20_000, telemetry_rows=200_000, telemetry_sorties=8, sorties=4_000), repeats=60
)
Query = Callable[[int], Awaitable[object]]


async def measure_store(spans: Spans) -> dict[str, Any]:
    """Fill a fresh folder, ask while the station writes; the JSON object of the benchmark."""
    clock = SystemClock()
    with tempfile.TemporaryDirectory(prefix="gridpatrol-bench-") as name:
        folder = Path(name)
        began_s = clock.monotonic_s()
        for part in (await Store.open(folder), await TelemetryLog.open(folder, is_exercise=True)):
            await part.close()
        await anyio.to_thread.run_sync(fill, folder, spans.size)
        filled_s = clock.monotonic_s() - began_s
        store = await Store.open(folder)
        log = await TelemetryLog.open(folder, is_exercise=True)
        saves_s: list[float] = []
        async with anyio.create_task_group() as group:
            group.start_soon(store.run)
            group.start_soon(_save_on, store, spans, saves_s)
            group.start_soon(_record_on, log, spans)
            asked_s = await _ask_all(await _queries(store, log, spans), spans.repeats)
            group.cancel_scope.cancel()
        await log.close()
        await store.close()
    return _result(spans, filled_s, asked_s, saves_s)


def _result(
    spans: Spans, filled_s: float, asked_s: dict[str, list[float]], saves_s: list[float]
) -> dict[str, Any]:
    p95_s = {name: _share(times, 0.95) for name, times in asked_s.items()}
    return {
        "cases": spans.size.cases,
        "telemetry_rows": spans.size.telemetry_rows,
        "filled_s": filled_s,
        **{f"p95_{name}_s": value for name, value in p95_s.items()},
        **{f"p50_{name}_s": _share(times, 0.5) for name, times in asked_s.items()},
        "worst_p95_s": max(p95_s.values()),
        "p95_save_s": _share(sorted(saves_s), 0.95) if saves_s else None,
        "saves": len(saves_s),
    }


async def _queries(store: Store, log: TelemetryLog, spans: Spans) -> dict[str, Query]:
    """What a console asks for, each time a little different."""
    size, tiers = spans.size, list(Tier)
    numbers = [case["case_no"] for case in (await store.read(newest_cases)).items]
    deep = await _cursor(lambda ask: store.read(lambda c: case_queue(c, None, ask)))
    street = CaseFilter(scopes=(_STREET,))

    def shift(n: int) -> AuditFilter:
        began = NOW - timedelta(days=n + 1)
        return AuditFilter(from_utc=began, until_utc=began + _SHIFT)

    return {
        "live_alerts": lambda n: store.read(live_alerts),
        "live_alerts_street": lambda n: store.read(lambda c: live_alerts(c, scopes=(_STREET,))),
        "queue": lambda n: store.read(case_queue),
        "queue_deep": lambda n: store.read(lambda c: case_queue(c, None, Ask(cursor=deep))),
        "queue_tier": lambda n: store.read(
            lambda c: case_queue(c, replace(street, tiers=(tiers[n % len(tiers)],)))
        ),
        "queue_unit": lambda n: store.read(
            lambda c: case_queue(c, CaseFilter(owner_unit=f"unit-{n % 60 + 1}"))
        ),
        "queue_community": lambda n: store.read(
            lambda c: case_queue(c, CaseFilter(scopes=(_COMMUNITY,)))
        ),
        "closed_cases": lambda n: store.read(
            lambda c: newest_cases(c, CaseFilter(is_open=False, scopes=(_STREET,)))
        ),
        "thread": lambda n: store.read(lambda c: case_thread(c, numbers[n % len(numbers)])),
        "track": lambda n: log.track(sortie_id(n % size.telemetry_sorties)),
        "shift_log": lambda n: store.read(lambda c: audit_log(c, shift(n), Ask(limit=100))),
        "rows_of_case": lambda n: store.read(
            lambda c: audit_log(c, AuditFilter(object_id=numbers[n % len(numbers)]))
        ),
        "coverage_day": lambda n: store.read(
            lambda c: coverage(c, NOW - timedelta(days=n + 1), NOW - timedelta(days=n))
        ),
        "coverage_month": lambda n: store.read(
            lambda c: coverage(c, NOW - timedelta(days=30), NOW)
        ),
    }


async def _cursor(page: Callable[[Ask], Awaitable[Page]]) -> str:
    cursor = ""
    for _ in range(_DEEP):
        cursor = (await page(Ask(cursor=cursor))).next_cursor or cursor
    return cursor


async def _ask_all(queries: dict[str, Query], repeats: int) -> dict[str, list[float]]:
    clock = SystemClock()
    times: dict[str, list[float]] = {name: [] for name in queries}
    for n in range(repeats):
        for name, ask in queries.items():
            began_s = clock.monotonic_s()
            await ask(n)
            times[name].append(clock.monotonic_s() - began_s)
    return {name: sorted(values) for name, values in times.items()}


async def _save_on(store: Store, spans: Spans, saves_s: list[float]) -> None:
    """What the desks write meanwhile: an alert that moves on."""
    clock, records = SystemClock(), Records(store)
    body = (await store.read(live_alerts)).items[0]
    alert = decode(CrowdAlert, body)
    while True:
        began_s = clock.monotonic_s()
        await records.save_alert(alert, cause=_CAUSE, at_utc=NOW, action="alert.bench")
        saves_s.append(clock.monotonic_s() - began_s)
        await anyio.sleep(1.0 / spans.saves_hz)


async def _record_on(log: TelemetryLog, spans: Spans) -> None:
    """What the recorder writes meanwhile."""
    log.begin("GP-1", "M-20261124-01-S01")
    sample = TelemetrySample(vehicle_id="GP-1", time_utc=NOW, heard_at_s=0.0)
    while True:
        await anyio.sleep(1.0)
        for _ in range(round(spans.samples_hz)):
            log.add(sample)
        await log.flush()


def _share(times_s: list[float], share: float) -> float:
    return times_s[min(len(times_s) - 1, int(share * len(times_s)))]
