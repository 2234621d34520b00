"""Makes the files that leave the house, and writes down who took which of them and why."""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import anyio.to_thread

from ground_station.out.book import Audience, DayBook, Language, SortiePages
from ground_station.out.geojson import day_collection, sortie_collection
from ground_station.out.ledgers import case_ledger_csv, coverage_csv, patrol_log_csv
from ground_station.out.reading import day_utc, read_day, read_sortie, within
from ground_station.out.report import Report, day_report, sortie_report
from ground_station.out.report_html import to_html
from ground_station.out.report_pdf import to_pdf
from ground_station.out.tlog import sortie_tlog
from ground_station.store.engine import Store
from ground_station.store.pages import WHOLE_DISTRICT, Scopes
from ground_station.store.records import Records
from ground_station.store.telemetry import TelemetryLog
from missions.plan_files.files import PlanForm, plan_text
from missions.plan_files.qgc_write import to_qgc
from missions.register import Register
from missions.register_shelf import RegisterShelf
from patrol.cause import Cause
from patrol.clock import WorldClock
from patrol.errors import Refused
from patrol.geo import GeoPoint, from_geojson
from patrol.plan import Finding, MissionPlan

_BEFORE_TAKE_OFF = timedelta(minutes=5)  # arming and upload belong to a sortie's log
_AFTER_LANDING = timedelta(minutes=1)


class SortieFile(enum.StrEnum):
    """What can be had of a sortie; the value ends the file's name."""

    REPORT_PDF = "report.pdf"
    REPORT_HTML = "report.html"
    GEOJSON = "geojson"
    PLAN = "plan"
    TLOG = "tlog"


class PlanFile(enum.StrEnum):
    """What can be had of a plan, flown or not; the value ends the file's name."""

    PLAN = "plan"
    GEOJSON = "geojson"
    KML = "kml"


class DayFile(enum.StrEnum):
    """What can be had of a day; the value ends the file's name."""

    REPORT_PDF = "report.pdf"
    REPORT_HTML = "report.html"
    GEOJSON = "geojson"
    PATROL_LOG = "patrols.csv"  # 巡查日志
    CASE_LEDGER = "cases.csv"  # 台账
    COVERAGE = "coverage.csv"


# These name the crew or show where the aircraft was at every moment.
NEVER_PUBLIC = frozenset({SortieFile.PLAN, SortieFile.TLOG, DayFile.PATROL_LOG})

_WITHOUT_TRACKS = frozenset({DayFile.CASE_LEDGER, DayFile.COVERAGE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """For whom, in which language, and what for: every export is written down with its purpose."""

    audience: Audience = Audience.INTERNAL
    language: Language = Language.ZH
    purpose: str = ""


class _Made(NamedTuple):
    """A file that is about to be handed out."""

    object_id: str
    scope: str
    kind: enum.StrEnum
    content: bytes


class ExportDesk:
    """Reads, renders and records. Nothing is handed out before the audit row is on the disk."""

    def __init__(
        self,
        *,
        store: Store,
        telemetry: TelemetryLog,
        register: Register,
        world: WorldClock,
        tlog_folder: Path,
        is_exercise: bool,
        registers: RegisterShelf | None = None,
    ) -> None:
        self._store, self._telemetry = store, telemetry
        self._records = Records(store)
        self._register, self._world = register, world
        self._tlog_folder = tlog_folder
        self._registers = registers
        self._is_exercise = is_exercise

    async def sortie(
        self,
        sortie_id: str,
        kind: SortieFile,
        wanted: Wanted,
        cause: Cause,
        scopes: Scopes = WHOLE_DISTRICT,
    ) -> bytes:
        """One file of a sortie; LookupError without such a sortie, Refused when it has none.

        Nothing of it that lies outside `scopes` is told.
        """
        _require_allowed(kind, wanted)
        pages = await read_sortie(
            self._store, self._telemetry, sortie_id, is_exercise=self._is_exercise
        )
        content = await self._sortie_content(within(pages, scopes), kind, wanted)
        grid_code = pages.record.grid_code
        await self._note(_Made(sortie_id, grid_code, kind, content), wanted, cause)
        return content

    async def plan(
        self,
        plan: MissionPlan,
        findings: Sequence[Finding],
        kind: PlanFile,
        wanted: Wanted,
        cause: Cause,
    ) -> bytes:
        """A plan in a form of other programs."""
        form = PlanForm(kind.value)
        content = (await anyio.to_thread.run_sync(plan_text, plan, form, findings)).encode()
        await self._note(_Made(plan.plan_id, plan.grid_code, kind, content), wanted, cause)
        return content

    async def day(
        self, day: date, scope: str, kind: DayFile, wanted: Wanted, cause: Cause
    ) -> bytes:
        """One file of a day within a scope of the grid tree; an empty day has empty tables."""
        _require_allowed(kind, wanted)
        _, end_utc = day_utc(day)
        register = self._registers.in_use(end_utc) if self._registers else None
        register = register or self._register
        book = await read_day(
            self._store,
            self._telemetry,
            day=day,
            scope=scope,
            grids={grid.code: grid.name_spoken for grid in register.grids},
            register_version=register.version,
            is_exercise=self._is_exercise,
            has_tracks=kind not in _WITHOUT_TRACKS,
        )
        # A day of many sorties takes seconds to draw: not on the thread that flies.
        content = await anyio.to_thread.run_sync(self._day_content, book, kind, wanted)
        object_id = f"{day.isoformat()}/{scope}"
        await self._note(_Made(object_id, scope, kind, content), wanted, cause)
        return content

    async def _sortie_content(self, pages: SortiePages, kind: SortieFile, wanted: Wanted) -> bytes:
        match kind:
            case SortieFile.REPORT_PDF | SortieFile.REPORT_HTML:
                made = sortie_report(
                    pages,
                    outlines=self._outlines(pages.record.register_version),
                    language=wanted.language,
                    audience=wanted.audience,
                    made_utc=self._world.now_utc(),
                )
                is_pdf = kind is SortieFile.REPORT_PDF
                return await anyio.to_thread.run_sync(_rendered, made, is_pdf)
            case SortieFile.GEOJSON:
                shapes = self._geometries(pages.record.register_version)
                return await anyio.to_thread.run_sync(
                    lambda: _compact(sortie_collection(pages, wanted.audience, shapes))
                )
            case SortieFile.PLAN:
                if pages.plan is None:
                    raise Refused(
                        f"the plan of sortie {pages.record.sortie_id} was not kept",
                        text_zh=f"架次{pages.record.sortie_id}的航线计划未留存",
                    )
                return _json(to_qgc(pages.plan))
            case SortieFile.TLOG:
                return await self._tlog(pages)

    def _day_content(self, book: DayBook, kind: DayFile, wanted: Wanted) -> bytes:
        match kind:
            case DayFile.REPORT_PDF | DayFile.REPORT_HTML:
                made = day_report(
                    book,
                    outlines=self._outlines(book.register_version),
                    language=wanted.language,
                    audience=wanted.audience,
                    made_utc=self._world.now_utc(),
                )
                return _rendered(made, kind is DayFile.REPORT_PDF)
            case DayFile.GEOJSON:
                borders = self._geometries(book.register_version)
                return _compact(day_collection(book, borders, wanted.audience))
            case DayFile.PATROL_LOG:
                return patrol_log_csv(book)
            case DayFile.CASE_LEDGER:
                return case_ledger_csv(book.cases, wanted.audience)
            case DayFile.COVERAGE:
                return coverage_csv(book)

    async def _tlog(self, pages: SortiePages) -> bytes:
        record = pages.record
        start = (record.takeoff_utc or record.created_utc) - _BEFORE_TAKE_OFF
        end = (record.landed_utc or self._world.now_utc()) + _AFTER_LANDING
        content = await anyio.to_thread.run_sync(
            lambda: sortie_tlog(self._tlog_folder, record.vehicle_id, start, end)
        )
        if not content:
            raise Refused(
                f"no raw log of the link was kept for sortie {record.sortie_id}",
                text_zh=f"架次{record.sortie_id}的链路原始日志未留存",
            )
        return content

    async def _note(self, made: _Made, wanted: Wanted, cause: Cause) -> None:
        """What exactly went out: a leaked copy is known again by its hash."""
        body = {
            "file": made.kind.value,
            "audience": wanted.audience.value,
            "language": wanted.language.value,
            "purpose": wanted.purpose,
            "bytes": len(made.content),
            "sha256": hashlib.sha256(made.content).hexdigest(),
        }
        await self._records.note(
            "export",
            made.object_id,
            body,
            cause=cause,
            at_utc=self._world.now_utc(),
            is_exercise=self._is_exercise,
            scope=made.scope,
        )

    def _geometries(self, version: str) -> Mapping[str, Any]:
        """Polygons by code of the version that a record names, as long as the station has it; the
        sites of special grids are points and belong to one of them.
        """
        kept = self._registers.of(version) if self._registers else None
        features = (kept or self._register).to_geojson()["features"]
        return {
            str(item["properties"]["code"]): item["geometry"]
            for item in features
            if item["geometry"]["type"] in ("Polygon", "MultiPolygon")
        }

    def _outlines(self, version: str) -> dict[str, list[GeoPoint]]:
        return {code: _outer(geometry) for code, geometry in self._geometries(version).items()}


def _outer(geometry: Mapping[str, Any]) -> list[GeoPoint]:
    """The outer ring of the largest part, by its number of corners: enough to draw a grid by."""
    parts = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else None
    rings = [part[0] for part in parts] if parts else [geometry["coordinates"][0]]
    return [from_geojson(position) for position in max(rings, key=len)]


def _require_allowed(kind: enum.StrEnum, wanted: Wanted) -> None:
    if wanted.audience is Audience.PUBLIC and kind in NEVER_PUBLIC:
        raise Refused(
            f"{kind.value} names the crew or the aircraft's every place: it is not for the public",
            text_zh=f"{kind.value}含有机组姓名或飞行器的全部位置，不得对外公开",
        )


def _rendered(report: Report, is_pdf: bool) -> bytes:
    return to_pdf(report) if is_pdf else to_html(report).encode()


def _compact(body: Mapping[str, Any]) -> bytes:
    """For map programs: a track of 2000 points, indented, takes ten times as long to write."""
    return (json.dumps(body, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def _json(body: Mapping[str, Any]) -> bytes:
    return (json.dumps(body, ensure_ascii=False, indent=1) + "\n").encode()
