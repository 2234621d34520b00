"""Puts the made-up district of `gridpatrol bench store` on the disk: chained, with its figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, insert

from ground_station.bench.district import (
    DAYS,
    NOW,
    SHIFTS_A_DAY,
    District,
    Episode,
    Size,
    sortie_id,
)
from ground_station.casework.case import Case
from ground_station.store import audit, figures, tables
from ground_station.store.audit import GENESIS, ChainHead
from ground_station.store.codec import canonical_json, encode
from ground_station.store.copying import file_engine
from ground_station.store.missions import mission_row
from ground_station.store.rows import (
    Saved,
    alert_row,
    announcement_row,
    case_row,
    effect_row,
    row_values,
    sighting_row,
    sortie_row,
)
from ground_station.store.schema import DATABASE_NAME
from ground_station.store.shelves import shelf_row
from ground_station.store.telemetry import TELEMETRY_NAME, samples_table
from patrol.cause import Cause, Role, by_system
from patrol.clock import utc_text

_AT_ONCE = 2000
_SAMPLES_HZ = 5.0
_WHISTLE_EVERY, _NOTICE_EVERY = 50, 200  # cases
_BY_RULE = by_system("bench")
_BY_DISPATCHER = Cause(actor="Xu", role=Role.DISPATCHER)


def fill(folder: Path, size: Size) -> None:
    """Fill the two files of a folder whose tables are there; takes some minutes when large."""
    engine = file_engine(folder / DATABASE_NAME)
    with engine.begin() as connection:
        _fill_records(_Writer(connection), District(size))
    engine.dispose()
    engine = file_engine(folder / TELEMETRY_NAME)
    with engine.begin() as connection:
        for rows in _telemetry(size):
            connection.execute(insert(samples_table), rows)
    engine.dispose()


def _fill_records(writer: _Writer, district: District) -> None:
    size = district.size
    for number in range(size.sorties):
        sortie = district.sortie(number)
        writer.save(sortie_row(sortie), "sortie.landed", _BY_RULE)
        writer.save(mission_row(district.mission(sortie)), "mission.land", _BY_RULE)
        writer.add(tables.sortie_figures, figures.sortie_figures(sortie))
    for number in range(size.cases):
        _save_episode(writer, district.episode(number))
    whistles, notices = size.cases // _WHISTLE_EVERY, size.cases // _NOTICE_EVERY
    for number in range(whistles):
        writer.save(shelf_row(district.whistle(number, whistles)), "whistle.raised", _BY_DISPATCHER)
    for number in range(notices):
        writer.save(shelf_row(district.notice(number, notices)), "notice.published", _BY_DISPATCHER)
    for number in range(DAYS * SHIFTS_A_DAY):
        writer.save(shelf_row(district.shift(number)), "shift.closed", _BY_DISPATCHER)
    writer.flush()


def _save_episode(writer: _Writer, one: Episode) -> None:
    said, effect, case = one.announcement, one.effect, one.case
    seen = sighting_row(one.sighting, "bench", is_exercise=True)
    writer.save(seen, "sighting", _BY_RULE)
    writer.save(alert_row(one.alert), "alert.raised", _BY_RULE)
    writer.save(announcement_row(said), "announcement.finished", _BY_DISPATCHER)
    writer.save(effect_row(effect), "effect", _BY_RULE)
    writer.save(case_row(case), "case.filed", _BY_RULE)
    writer.add(tables.sighting_figures, figures.sighting_figures(one.sighting, is_exercise=True))
    writer.add(tables.alert_figures, figures.alert_figures(one.alert, [said], [effect]))
    writer.add(tables.announcement_figures, figures.announcement_figures(said))
    writer.add(tables.effect_figures, figures.effect_figures(effect))
    writer.add(tables.case_figures, figures.case_figures(case))
    for event, state in (("file", "FILED"), ("dispatch", case.state.value)):
        writer.step(case, event, state)
    if one.dispatch is not None:
        writer.save(shelf_row(one.dispatch), "dispatch.sent", _BY_DISPATCHER)
        writer.add(tables.dispatch_figures, figures.dispatch_figures(one.dispatch))
    if one.report is not None:
        writer.save(shelf_row(one.report), "report.received", _BY_DISPATCHER)


class _Writer:
    """Rows in batches; the audit chain goes on from row to row."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._head = ChainHead(row_count=0, hash=GENESIS)
        self._steps = 0
        self._rows: dict[Table, list[dict[str, Any]]] = {}

    def save(self, row: Saved, action: str, cause: Cause) -> None:
        """A record and its audit row."""
        self.add(row.table, row_values(row))
        chained = audit.next_row(
            self._head, action=action, object_id=row.id,
            body={"table": row.table.name, "record": row.body}, cause=cause,
            time_utc=row.t_utc, is_exercise=True, scope=row.grid_code or "",
        )  # fmt: skip
        self._head = ChainHead(row_count=chained["seq"], hash=chained["hash"])
        self.add(tables.audit, chained)

    def step(self, case: Case, event: str, state: str) -> None:
        """A step of a case's history."""
        self._steps += 1
        self.add(
            tables.case_history,
            {
                "seq": self._steps, "t_utc": utc_text(case.filed_utc), "actor": "Xu",
                "role": "DISP", "case_no": case.case_no, "sortie": case.sortie, "event": event,
                "from_state": "FILED", "to_state": state, "is_exercise": True,
                "body_json": canonical_json(encode(case)),
            },
        )  # fmt: skip

    def flush(self) -> None:
        """What has not been written yet."""
        for table, rows in self._rows.items():
            if rows:
                self._connection.execute(insert(table), rows)
        self._rows = {}

    def add(self, table: Table, values: dict[str, Any]) -> None:
        """One row."""
        rows = self._rows.setdefault(table, [])
        rows.append(values)
        if len(rows) >= _AT_ONCE:
            self._connection.execute(insert(table), rows)
            rows.clear()


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
