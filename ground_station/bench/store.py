"""`gridpatrol bench store`: how long a console waits for its lists when the records are large.

The real station's web application is asked in this process, with its door, its audit rows and its
routes, while the station writes; only the wire is left out.
"""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import httpx
from fastapi import FastAPI

from ground_station.alerts import AlertState, CrowdAlert
from ground_station.bench.district import DEPARTMENT, NOW, Size
from ground_station.bench.loop_station import BenchStation
from ground_station.bench.store_asks import CLOCKS, Asked, Known, asks, community, street
from ground_station.bench.store_fill import fill
from ground_station.commands.users import open_book
from ground_station.memory import kept_for_good
from ground_station.people.passwords import Cost
from ground_station.people.persons import Grant
from ground_station.people.scopes import DISTRICT
from ground_station.settings import AircraftSettings, CameraSettings, SpeakerSettings
from ground_station.settings import StationSettings as Settings
from ground_station.store import tables
from ground_station.store.codec import decode
from ground_station.store.engine import Store
from ground_station.store.queries import newest
from ground_station.store.records import Records
from ground_station.store.telemetry import TelemetryLog
from ground_station.web_server import bind
from patrol.cause import Role, by_system
from patrol.clock import SystemClock
from patrol.errors import Refused
from patrol.telemetry import TelemetrySample

_DEEP = 20  # pages
_CAUSE = by_system("bench")
_ROLES = (Role.DISPATCHER, Role.SUPERVISOR, Role.REVIEWER, Role.AUDITOR, Role.LEADER)
_ANSWER_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    """How much, and how often each list is asked for."""

    size: Size
    repeats: int  # of each list
    saves_hz: float = 10.0  # what the station writes meanwhile
    samples_hz: float = 50.0


FULL = Spans(
    size=Size(cases=100_000, telemetry_rows=1_000_000, telemetry_sorties=40, sorties=20_000),
    repeats=200,
)
QUICK = Spans(
    size=Size(cases=20_000, telemetry_rows=200_000, telemetry_sorties=8, sorties=4_000), repeats=40
)
Ask = Callable[[int], Awaitable[object]]
Clients = dict[str, httpx.AsyncClient]


class _Clock(SystemClock):
    """The machine's clock, put to the end of the district's year."""

    def __init__(self) -> None:
        self._ahead = NOW - super().now_utc()

    def now_utc(self) -> datetime:
        """World time."""
        return super().now_utc() + self._ahead


class _Station(BenchStation):
    """The real desks and the real application; no aircraft, no eye and no port."""

    def app(self) -> FastAPI:
        """What a web server would serve."""
        return self._make_app()

    async def look_at_clocks(self) -> None:
        """What the station does by itself every ten seconds."""
        await self._centre.minder.look()

    async def run(self) -> None:
        """As much as the lists need."""
        with kept_for_good():
            async with anyio.create_task_group() as group:
                group.start_soon(self._store.run)
                group.start_soon(self._chronicle.run)


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
        tokens = await _tokens(folder)
        store = await Store.open(folder)
        log = await TelemetryLog.open(folder, is_exercise=True)
        saves_s: list[float] = []
        with bind("127.0.0.1", 0) as listener:
            station = _station(folder, store, log, listener)
            async with anyio.create_task_group() as group, _clients(station, tokens) as clients:
                group.start_soon(station.run)
                group.start_soon(_save_on, store, spans, saves_s)
                group.start_soon(_record_on, log, spans)
                asked_s = await _ask_all(await _queries(station, clients, spans), spans.repeats)
                group.cancel_scope.cancel()
        await log.close()
        await store.close()
    return _result(spans, filled_s, asked_s, saves_s)


async def openapi_paths(folder: Path) -> set[str]:
    """What the station can be asked for with GET, by its own description of itself."""
    store = await Store.open(folder)
    log = await TelemetryLog.open(folder, is_exercise=True)
    with bind("127.0.0.1", 0) as listener:
        paths = _station(folder, store, log, listener).app().openapi()["paths"]
    await log.close()
    await store.close()
    return {path for path, roads in paths.items() if "get" in roads}


def _result(
    spans: Spans, filled_s: float, asked_s: dict[str, list[float]], saves_s: list[float]
) -> dict[str, Any]:
    p95_s = {name: _share(times, 0.95) for name, times in asked_s.items()}
    return {
        "cases": spans.size.cases,
        "telemetry_rows": spans.size.telemetry_rows,
        "load_1min": os.getloadavg()[0],
        "filled_s": filled_s,
        **{f"p95_{name}_s": value for name, value in p95_s.items()},
        **{f"p50_{name}_s": _share(times, 0.5) for name, times in asked_s.items()},
        "worst_p95_s": max(p95_s.values()),
        "p95_save_s": _share(sorted(saves_s), 0.95) if saves_s else None,
        "saves": len(saves_s),
    }


def _station(folder: Path, store: Store, log: TelemetryLog, listener: socket.socket) -> _Station:
    aircraft = AircraftSettings(
        connect="udpout://127.0.0.1:9", camera=CameraSettings(url="rtsp://127.0.0.1/none"),
        speaker=SpeakerSettings(url="http://127.0.0.1:9"),
    )  # fmt: skip
    settings = Settings(data_dir=folder, is_exercise=True, port=0, aircraft=(aircraft,))
    return _Station(settings, store=store, telemetry=log, world=_Clock(), listener=listener)


async def _tokens(folder: Path) -> dict[str, str]:
    """A key for each part of the district."""
    keys = {}
    async with open_book(folder, is_exercise=True, cost=Cost()) as book:
        parts = {"district": DISTRICT, "street": street(), "community": community()}
        grants = {
            login: [Grant(role=role, scope=scope) for role in _ROLES]
            for login, scope in parts.items()
        } | {"department": [Grant(role=Role.DEPARTMENT, scope=DEPARTMENT)]}
        for login, held in grants.items():
            await book.add(login, login, held, has_password=False)
            _, keys[login] = await book.make_token(
                login, purpose="bench", roles=[one.role for one in held], lasts=timedelta(hours=6)
            )
    return keys


@asynccontextmanager
async def _clients(station: _Station, tokens: dict[str, str]) -> AsyncIterator[Clients]:
    transport = httpx.ASGITransport(app=station.app())
    clients = {
        who: httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1", timeout=_ANSWER_WITHIN_S,
            headers={"Authorization": f"Bearer {token}"},
        )
        for who, token in tokens.items()
    }  # fmt: skip
    try:
        yield clients
    finally:
        for client in clients.values():
            await client.aclose()


async def _queries(station: _Station, clients: Clients, spans: Spans) -> dict[str, Ask]:
    """Every list, with what of it the station has told of itself."""
    district = clients["district"]

    async def told(path: str) -> dict[str, Any]:
        found: dict[str, Any] = (await _get(district, path)).json()
        return found

    deep = ""
    for _ in range(_DEEP):
        deep = (await told(f"/api/cases?cursor={deep}"))["next"] or deep
    known = Known(
        open_cases=_each(await told("/api/cases?limit=200"), "case_no"),
        closed_cases=_each(await told("/api/cases?limit=200&is_open=false"), "case_no"),
        reports=_each(await told("/api/reports?limit=200"), "report_id"), deep=deep,
    )  # fmt: skip
    queries: dict[str, Ask] = {
        key: _asking(clients[one.who], one) for key, one in asks(known, spans.size).items()
    }
    return queries | {CLOCKS: lambda _: station.look_at_clocks()}


def _each(page: dict[str, Any], field: str) -> tuple[str, ...]:
    return tuple(item[field] for item in page["items"])


def _asking(client: httpx.AsyncClient, asked: Asked) -> Ask:
    return lambda n: _get(client, asked.path(n))


async def _get(client: httpx.AsyncClient, path: str) -> httpx.Response:
    answer = await client.get(path)
    if not answer.is_success:
        raise Refused(f"{path}: {answer.status_code} {answer.text[:200]}")
    return answer


async def _ask_all(queries: dict[str, Ask], repeats: int) -> dict[str, list[float]]:
    clock = SystemClock()
    times: dict[str, list[float]] = {name: [] for name in queries}
    for ask in queries.values():
        await ask(0)  # the first of all loads what has not been loaded yet
    for n in range(repeats):
        for name, ask in queries.items():
            began_s = clock.monotonic_s()
            await ask(n)
            times[name].append(clock.monotonic_s() - began_s)
    return {name: sorted(values) for name, values in times.items()}


async def _save_on(store: Store, spans: Spans, saves_s: list[float]) -> None:
    """What the desks write meanwhile: an alert that moves on."""
    clock, records = SystemClock(), Records(store)
    observing = AlertState.OBSERVING.value
    page = await store.read(lambda c: newest(c, tables.alerts, state=observing))
    alert = decode(CrowdAlert, page.items[0])
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
