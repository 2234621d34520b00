"""A district's years of records for `gridpatrol bench store`: made up, chained, marked exercise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Connection, Table, insert

from ground_station.alert_levels import AlertLevel
from ground_station.alerts import AlertState, CrowdAlert
from ground_station.case_numbers import CaseSource, make_case_number
from ground_station.casework.case import Case
from ground_station.casework.states import CaseState, Severity
from ground_station.owners import Owner, Tier
from ground_station.sorties import SortieRecord, SortieState
from ground_station.store import audit, tables
from ground_station.store.audit import GENESIS, ChainHead
from ground_station.store.codec import canonical_json, encode
from ground_station.store.copying import file_engine
from ground_station.store.rows import Saved, alert_row, case_row, row_values, sortie_row
from ground_station.store.schema import DATABASE_NAME
from ground_station.store.telemetry import TELEMETRY_NAME, samples_table
from patrol.cause import Cause, Role, by_system
from patrol.clock import utc_text
from patrol.geo import GeoPoint
from patrol.sighting import SightingKind, poisson_count

NOW = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)
DAYS = 365
_AT_ONCE = 2000
_BY_RULE = by_system("bench")
_BY_DISPATCHER = Cause(actor="Xu", role=Role.DISPATCHER)
_GRIDS = [
    f"440512{s:03d}{c:03d}{g:03d}" for s in range(1, 8) for c in range(1, 9) for g in range(1, 6)
]
_SAMPLES_HZ = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much there is."""

    cases: int
    telemetry_rows: int
    telemetry_sorties: int
    sorties: int
    open_share: float = 0.05  # of the cases
    live_alerts: int = 40


def fill(folder: Path, size: Size) -> None:
    """Fill the two files of a folder whose tables are there; takes a minute or two when large."""
    random = Random(1)  # noqa: S311  # the same district every time
    engine = file_engine(folder / DATABASE_NAME)
    with engine.begin() as connection:
        writer = _Writer(connection)
        for number in range(size.sorties):
            writer.save(sortie_row(_sortie(number, size)), "sortie.landed", _BY_RULE)
        for number in range(size.cases):
            case, alert = _case(number, size, random)
            writer.save(alert_row(alert), "alert.raised", _BY_RULE)
            writer.save(case_row(case), "case.filed", _BY_RULE)
            for event, state in (("file", "FILED"), ("dispatch", case.state.value)):
                writer.step(case, event, state)
        writer.flush()
    engine.dispose()
    engine = file_engine(folder / TELEMETRY_NAME)
    with engine.begin() as connection:
        for rows in _telemetry(size):
            connection.execute(insert(samples_table), rows)
    engine.dispose()


class _Writer:
    """Rows in batches; the audit chain goes on from row to row."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._head = ChainHead(row_count=0, hash=GENESIS)
        self._steps = 0
        self._rows: dict[Table, list[dict[str, Any]]] = {}

    def save(self, row: Saved, action: str, cause: Cause) -> None:
        values = row_values(row)
        self._add(row.table, values)
        chained = audit.next_row(
            self._head, action=action, object_id=row.id,
            body={"table": row.table.name, "record": row.body}, cause=cause,
            time_utc=row.t_utc, is_exercise=True, scope=row.grid_code or "",
        )  # fmt: skip
        self._head = ChainHead(row_count=chained["seq"], hash=chained["hash"])
        self._add(tables.audit, chained)

    def step(self, case: Case, event: str, state: str) -> None:
        self._steps += 1
        self._add(
            tables.case_history,
            {
                "seq": self._steps, "t_utc": utc_text(case.filed_utc), "actor": "Xu",
                "role": "DISP", "case_no": case.case_no, "sortie": case.sortie, "event": event,
                "from_state": "FILED", "to_state": state, "is_exercise": True,
                "body_json": canonical_json(encode(case)),
            },
        )  # fmt: skip

    def flush(self) -> None:
        for table, rows in self._rows.items():
            if rows:
                self._connection.execute(insert(table), rows)
        self._rows = {}

    def _add(self, table: Table, values: dict[str, Any]) -> None:
        rows = self._rows.setdefault(table, [])
        rows.append(values)
        if len(rows) >= _AT_ONCE:
            self._connection.execute(insert(table), rows)
            rows.clear()


def sortie_id(number: int) -> str:
    """The name of the sortie of that number, as in the records and in the telemetry."""
    return f"M-20260101-{number:05d}-S01"


def _when(number: int, count: int) -> datetime:
    return NOW - timedelta(days=DAYS) * (1.0 - (number + 1) / count)


def _sortie(number: int, size: Size) -> SortieRecord:
    grid = _GRIDS[number % len(_GRIDS)]
    return SortieRecord(
        sortie_id=sortie_id(number), plan_id=f"P-{number}", plan_digest="0" * 64,
        vehicle_id="GP-1", grid_code=grid, grid_name=f"第{number % 9 + 1}网格",
        register_version="bench", state=SortieState.LANDED,
        created_utc=_when(number, size.sorties), is_exercise=True, waypoint_total=12,
        waypoint_index=12,
    )  # fmt: skip


def _case(number: int, size: Size, random: Random) -> tuple[Case, CrowdAlert]:
    filed, grid = _when(number, size.cases), random.choice(_GRIDS)
    case_no = str(
        make_case_number(
            at_utc=filed, source=CaseSource.EXERCISE, grid_code=grid, sequence=number % 90_000 + 1
        )
    )
    place, count = GeoPoint(lat_deg=23.28, lon_deg=116.73), poisson_count(random.randint(5, 80))
    is_open = number >= size.cases * (1.0 - size.open_share)
    is_live = number >= size.cases - size.live_alerts
    tier = random.choice(list(Tier))
    due = filed + timedelta(hours=random.choice((2, 4, 24)))
    alert_id = f"A-{number:08d}"
    case = Case(
        case_no=case_no, kind="GATHERING", source=CaseSource.EXERCISE,
        severity=Severity.ORDINARY, tier=tier,
        state=CaseState.HANDLING if is_open else CaseState.CLOSED,
        owner=Owner(unit=f"unit-{random.randint(1, 60)}", person="Chen", code=grid, tier=tier),
        grid_code=grid, grid_name="第四网格", register_version="bench", place=place, count=count,
        description="a gathering that stayed after two announcements",
        description_zh="两次喊话后仍有人员聚集", filed_utc=filed,
        accept_due_utc=filed + timedelta(minutes=30), due_utc=due, alert_id=alert_id,
        sortie=sortie_id(number % size.sorties), is_record_only=False, is_exercise=True,
    )  # fmt: skip
    alert = CrowdAlert(
        alert_id=alert_id, kind=SightingKind.GATHERING, rule="HJ-CROWD-1/gathering",
        level=AlertLevel.AMBER, state=AlertState.OBSERVING if is_live else AlertState.CLOSED,
        sighting_ids=(f"S-{number}",), sortie=case.sortie, grid_code=grid, grid_name="第四网格",
        register_version="bench", place=place, error_m=2.0, radius_m=4.0, count=count,
        raised_utc=filed - timedelta(minutes=10), legal_basis_id="bench", is_exercise=True,
        case_no=case_no,
    )  # fmt: skip
    return case, alert


def _telemetry(size: Size) -> Iterator[list[dict[str, Any]]]:
    """Two aircraft at a time: the rows of two sorties lie mixed, as they do in a district."""
    each = size.telemetry_rows // size.telemetry_sorties
    columns: dict[str, Callable[[int], Any]] = {
        "lat_deg": lambda n: 23.28 + n * 1e-6, "lon_deg": lambda n: 116.73 + n * 1e-6,
        "altitude_amsl_m": lambda n: 42.0, "height_above_home_m": lambda n: 30.0 + n % 7,
        "north_m_s": lambda n: 4.8, "east_m_s": lambda n: 0.1, "down_m_s": lambda n: 0.0,
        "battery_pct": lambda n: 100.0 - n / each * 60.0, "battery_v": lambda n: 15.2,
        "mission_item": lambda n: n * 12 // each,
    }  # fmt: skip
    rows: list[dict[str, Any]] = []
    for first in range(0, size.telemetry_sorties, 2):
        begun = NOW - timedelta(days=size.telemetry_sorties - first)
        for n in range(each):
            for number in range(first, min(first + 2, size.telemetry_sorties)):
                row = {name: value(n) for name, value in columns.items()}
                rows.append(
                    row | {
                        "sortie": sortie_id(number), "vehicle_id": f"GP-{number % 2 + 1}",
                        "t_utc": utc_text(begun + timedelta(seconds=n / _SAMPLES_HZ)),
                        "mode": "mission", "fix": 3, "satellites": 14, "is_armed": 1,
                        "is_in_air": 1, "is_exercise": 1,
                    }
                )  # fmt: skip
            if len(rows) >= _AT_ONCE:
                yield rows
                rows = []
    if rows:
        yield rows
