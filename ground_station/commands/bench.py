"""`gridpatrol bench NAME`: measure on this machine; a table for a person, JSON for a program."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import anyio
import structlog
from rich.console import Console
from rich.table import Table

from ground_station.bench import loop, plan, store, store_asks, telemetry, uploads
from patrol.errors import ConfigError
from patrol.groups import one_error


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table: a JSON key, what it is, how it is written, and the goal."""

    key: str
    name: str
    write: Callable[[float], str]
    goal: str = ""
    is_met: Callable[[float], bool] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """One benchmark: how it is measured (quickly or not) and how it is shown."""

    measure: Callable[[bool], Awaitable[dict[str, Any]]]
    rows: tuple[Row, ...]


def _percent(value: float) -> str:
    return f"{100.0 * value:.2f} % of a core"


def _ms(value: float) -> str:
    return f"{1000.0 * value:.0f} ms"


def _ms_fine(value: float) -> str:
    return f"{1000.0 * value:.1f} ms"


def _s(value: float) -> str:
    return f"{value:.1f} s"


def _h(value: float) -> str:
    return f"{value / 3600.0:.2f} h"


def _count(value: float) -> str:
    return f"{value:.0f}"


BENCHES = {
    "loop": Bench(
        measure=lambda is_quick: loop.measure_loop(loop.QUICK if is_quick else loop.FULL),
        rows=(
            Row(key="load_1min", name="load of the machine", write=lambda v: f"{v:.1f}"),
            Row(key="alerts", name="alerts", write=lambda v: f"{v:.0f}"),
            Row(key="p50_alert_s", name="alert to another client's socket, p50", write=_ms),
            Row(
                key="p95_alert_s", name="alert to another client's socket, p95", write=_ms,
                goal="under 300 ms", is_met=lambda v: v < 0.3,
            ),
            Row(key="p50_prepared_s", name="release to first sound, clip at hand, p50", write=_ms),
            Row(
                key="p95_prepared_s", name="release to first sound, clip at hand, p95", write=_ms,
                goal="under 500 ms", is_met=lambda v: v < 0.5,
            ),
            Row(key="p50_fresh_s", name="release to first sound, fresh Mandarin, p50", write=_ms),
            Row(
                key="p95_fresh_s", name="release to first sound, fresh Mandarin, p95", write=_ms,
                goal="under 1000 ms", is_met=lambda v: v < 1.0,
            ),
            Row(key="sockets", name="live sockets of one process", write=lambda v: f"{v:.0f}"),
            Row(key="p50_sockets_s", name="event to each of them, p50", write=_ms),
            Row(
                key="p95_sockets_s", name="event to each of them, p95", write=_ms,
                goal="under 150 ms", is_met=lambda v: v < 0.15,
            ),
            Row(
                key="p95_patch_s", name="patch to each of them, p95 (with its beat of 200 ms)",
                write=_ms,
            ),
            Row(key="p50_token_get_s", name="a GET by token, p50", write=_ms_fine),
            Row(key="p50_plain_get_s", name="a GET without sign-in, p50", write=_ms_fine),
        ),
    ),
    "plan": Bench(
        measure=lambda is_quick: plan.measure_plan(plan.QUICK if is_quick else plan.FULL),
        rows=(
            Row(key="load_1min", name="load of the machine", write=lambda v: f"{v:.1f}"),
            Row(key="grids", name="grids", write=_count),
            Row(key="sorties", name="sorties", write=_count),
            Row(
                key="routes_s", name="every route with its findings", write=_s,
                goal="under 3 s", is_met=lambda v: v < 3.0,
            ),
            Row(key="routes_cpu_s", name="of that on the processor", write=_s),
            Row(
                key="allocation_s", name="the whole day, routes and all", write=_s,
                goal="under 10 s", is_met=lambda v: v < 10.0,
            ),
            Row(key="last_landing_s", name="the last aircraft lands after", write=_h),
            Row(key="bound_s", name="no less than (lower bound)", write=_h),
            Row(key="longest_sortie_s", name="the longest sortie", write=_s),
            Row(key="sortie_bound_s", name="no less than (lower bound)", write=_s),
            Row(
                key="longest_over_bound", name="the worse of both over its bound",
                write=lambda v: f"{v:.3f}", goal="1.05 or less", is_met=lambda v: v <= 1.05,
            ),
            Row(key="uncovered", name="not covered, each with its reason", write=_count),
            Row(
                key="legs_outside", name="legs outside fence or grid", write=_count,
                goal="0", is_met=lambda v: v == 0,
            ),
            Row(key="path_over_boundary", name="loops over boundaries", write=lambda v: f"{v:.3f}"),
            Row(key="sweep_over_ideal", name="sweeps over ideal", write=lambda v: f"{v:.3f}"),
            Row(
                key="peak_mb", name="memory at its most", write=lambda v: f"{v:.0f} MB",
                goal="under 500 MB", is_met=lambda v: v < 500.0,
            ),
            Row(
                key="dispatch_p95_s", name="who goes to a place, p95", write=_ms_fine,
                goal="under 100 ms", is_met=lambda v: v < 0.1,
            ),
            Row(key="grids_1000", name="grids of a larger district", write=_count),
            Row(key="routes_1000_s", name="its routes", write=_s),
            Row(key="allocation_1000_s", name="its whole day", write=_s),
            Row(
                key="longest_over_bound_1000", name="its longest over the bound",
                write=lambda v: f"{v:.3f}",
            ),
            Row(
                key="routes_growth", name="one route there takes times as long",
                write=lambda v: f"{v:.2f}",
            ),
        ),
    ),
    "store": Bench(
        measure=lambda is_quick: store.measure_store(store.QUICK if is_quick else store.FULL),
        rows=(
            Row(key="cases", name="cases", write=lambda v: f"{v:.0f}"),
            Row(key="telemetry_rows", name="telemetry rows", write=lambda v: f"{v:.0f}"),
            Row(key="load_1min", name="load of the machine", write=lambda v: f"{v:.1f}"),
            Row(key="filled_s", name="making them took", write=lambda v: f"{v:.0f} s"),
            *(
                Row(
                    key=f"p95_{key}_s", name=f"{name}, p95", write=_ms_fine,
                    goal="under 100 ms", is_met=lambda v: v < 0.1,
                )
                for key, name in store_asks.names().items()
            ),
            Row(
                key="worst_p95_s", name="the slowest of them, p95", write=_ms_fine,
                goal="under 100 ms", is_met=lambda v: v < 0.1,
            ),
            Row(key="p95_save_s", name="a save meanwhile, p95", write=_ms_fine),
        ),
    ),
    "telemetry": Bench(
        measure=lambda is_quick: telemetry.measure_telemetry(
            telemetry.QUICK if is_quick else telemetry.FULL
        ),
        rows=(
            Row(key="aircraft", name="aircraft", write=lambda v: f"{v:.0f}"),
            Row(key="samples_hz", name="samples of one aircraft", write=lambda v: f"{v:.1f} Hz"),
            Row(
                key="cpu_s_per_aircraft_s", name="CPU of one aircraft", write=_percent,
                goal="under 1 %", is_met=lambda v: v < 0.01,
            ),
            Row(
                key="rss_mb_per_aircraft", name="memory of one more aircraft",
                write=lambda v: f"{v:.2f} MB", goal="under 3 MB", is_met=lambda v: v < 3.0,
            ),
            Row(key="p50_age_s", name="age at the recorder, p50", write=_ms),
            Row(key="p95_age_s", name="age at the recorder, p95", write=_ms),
            Row(
                key="p99_age_s", name="age at the recorder, p99", write=_ms,
                goal="under 100 ms", is_met=lambda v: v < 0.1,
            ),
            Row(key="few_cpu_s_per_aircraft_s", name="CPU of one of 10", write=_percent),
            Row(
                key="grpc_cpu_s_per_aircraft_s", name="CPU of one of 10, mavsdk-grpc",
                write=_percent,
            ),
            Row(
                key="cpu_ratio_to_grpc", name="times less than mavsdk-grpc",
                write=lambda v: f"{v:.1f}", goal="2.5 or more", is_met=lambda v: v >= 2.5,
            ),
        ),
    ),
    "uploads": Bench(
        measure=lambda is_quick: uploads.measure_uploads(
            uploads.QUICK if is_quick else uploads.FULL
        ),
        rows=(
            Row(key="aircraft", name="aircraft", write=lambda v: f"{v:.0f}"),
            Row(key="uploads", name="uploads at 5 % loss each way", write=lambda v: f"{v:.0f}"),
            Row(
                key="refused", name="of them not intact", write=lambda v: f"{v:.0f}",
                goal="0", is_met=lambda v: v == 0,
            ),
            Row(key="p50_upload_s", name="one upload, p50", write=_ms),
            Row(key="p95_upload_s", name="one upload, p95", write=_ms),
            Row(key="bad_uploads", name="uploads at 30 % loss", write=lambda v: f"{v:.0f}"),
            Row(key="bad_intact", name="of them intact", write=lambda v: f"{v:.0f}"),
            Row(key="bad_refused", name="of them refused in words", write=lambda v: f"{v:.0f}"),
        ),
    ),
}  # fmt: skip


def bench(name: str, *, is_quick: bool, as_json: bool) -> int:
    """Exit code 0 when it was measured, whatever the figures say."""
    chosen = BENCHES.get(name)
    if chosen is None:
        raise ConfigError(f"no benchmark is called {name!r}: there is {', '.join(BENCHES)}")
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
    with one_error():
        result = anyio.run(chosen.measure, is_quick)
    if as_json:
        print(json.dumps(result))
    else:
        _show(chosen.rows, result)
    return 0


def _show(rows: tuple[Row, ...], result: dict[str, Any]) -> None:
    table = Table("measured", "value", "goal", "")
    for row in rows:
        value = result.get(row.key)
        verdict = ""
        if value is not None and row.is_met is not None:
            verdict = "met" if row.is_met(value) else "NOT MET"
        table.add_row(row.name, "–" if value is None else row.write(value), row.goal, verdict)
    console = Console(highlight=False)
    console.print(table)
    for key, reason in result.items():
        if key.endswith("_reason") and reason:
            console.print(f"not measured: {reason}")
