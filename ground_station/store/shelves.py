"""The centre's own records: casework, shifts, wordings. A save and its audit row are one write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Table

from ground_station.casework.citizens import CitizenReport
from ground_station.casework.dispatches import Dispatch
from ground_station.casework.notices import Notice
from ground_station.casework.whistles import Whistle
from ground_station.shifts.shift import Shift
from ground_station.store import tables
from ground_station.store.codec import decode, encode
from ground_station.store.engine import Store
from ground_station.store.numbers import next_record_id
from ground_station.store.rows import Saved, bodies, body_of, save
from ground_station.words.versions import TemplateVersion
from patrol.cause import Cause

T = TypeVar("T", Dispatch, CitizenReport, Whistle, Notice, Shift, TemplateVersion)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shelf(Generic[T]):
    """Where one kind of record is kept, and which columns it fills."""

    kind: type[T]
    table: Table
    letter: str  # of its ids, "D-20261124-0001"
    row: Callable[[T], tuple[str, str | None, str, datetime, dict[str, str]]]


_DISPATCHES: _Shelf[Dispatch] = _Shelf(
    kind=Dispatch, table=tables.dispatches, letter="D",
    row=lambda d: (
        d.dispatch_id, d.grid_code, d.state.value, d.sent_utc,
        {"case_no": d.case_no, "unit_code": d.unit.code},
    ),
)  # fmt: skip
_REPORTS: _Shelf[CitizenReport] = _Shelf(
    kind=CitizenReport, table=tables.citizen_reports, letter="C",
    row=lambda r: (
        r.report_id, r.grid_code, r.state.value, r.received_utc, {"case_no": r.case_no},
    ),
)  # fmt: skip
_WHISTLES: _Shelf[Whistle] = _Shelf(
    kind=Whistle, table=tables.whistles, letter="W",
    row=lambda w: (
        w.whistle_id, w.grid_code, w.state.value, w.raised_utc, {"report_id": w.report_id},
    ),
)  # fmt: skip
_NOTICES: _Shelf[Notice] = _Shelf(
    kind=Notice, table=tables.notices, letter="N",
    row=lambda n: (
        n.notice_id, n.grid_code, n.state.value, n.drafted_utc, {"audience": n.audience.value},
    ),
)  # fmt: skip
_SHIFTS: _Shelf[Shift] = _Shelf(
    kind=Shift, table=tables.shifts, letter="SH",
    row=lambda s: (s.shift_id, None, s.state.value, s.opened_utc, {"day": s.day}),
)  # fmt: skip
_WORDINGS: _Shelf[TemplateVersion] = _Shelf(
    kind=TemplateVersion, table=tables.template_versions, letter="T",
    row=lambda v: (
        v.version_id, None, v.state.value, v.written_utc, {"template_id": v.template.template_id},
    ),
)  # fmt: skip
_SHELVES: dict[type[Any], _Shelf[Any]] = {
    shelf.kind: shelf for shelf in (_DISPATCHES, _REPORTS, _WHISTLES, _NOTICES, _SHIFTS, _WORDINGS)
}

_NOUNS: dict[type[Any], str] = {
    Dispatch: "dispatch", CitizenReport: "report", Whistle: "whistle", Notice: "notice",
    Shift: "shift", TemplateVersion: "template version",
}  # fmt: skip


class Shelves:
    """Typed saves and loads. What a save returns from is on the disk."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def next_id(self, kind: type[T], at_utc: datetime) -> str:
        """A new id, given once; its day is the day in Shanghai."""
        letter = _SHELVES[kind].letter
        return await self._store.write(lambda c: next_record_id(c, letter, at_utc))

    async def save(self, record: T, *, action: str, cause: Cause, at_utc: datetime) -> None:
        """Keep a record as it is now."""
        shelf = _SHELVES[type(record)]
        record_id, grid_code, state, made_utc, extra = shelf.row(record)
        row = Saved(
            table=shelf.table, id=record_id, sortie="", grid_code=grid_code, state=state,
            t_utc=made_utc, is_exercise=record.is_exercise, body=encode(record), extra=extra,
        )  # fmt: skip
        await self._store.write(lambda connection: save(connection, row, action, cause, at_utc))

    async def get(self, kind: type[T], record_id: str) -> T:
        """A kept record; LookupError when there is none."""
        record = await self.find(kind, record_id)
        if record is None:
            raise LookupError(f"there is no {_NOUNS[kind]} {record_id}")
        return record

    async def find(self, kind: type[T], record_id: str) -> T | None:
        """A kept record, or None."""
        body = await self._store.read(lambda c: body_of(c, _SHELVES[kind].table, record_id))
        return None if body is None else decode(kind, body)

    async def dispatches(self, case_no: str) -> list[Dispatch]:
        """A case's tasks, oldest first."""
        return await self._find(Dispatch, tables.dispatches.c.case_no == case_no)

    async def reports_of(self, case_no: str) -> list[CitizenReport]:
        """The reports that were linked to a case, oldest first."""
        return await self._find(CitizenReport, tables.citizen_reports.c.case_no == case_no)

    async def newest(self, kind: type[T], *, state: str = "", limit: int = 200) -> list[T]:
        """The newest records of a kind, in one state or in any, newest first."""
        table = _SHELVES[kind].table
        where = table.c.state == state if state else None
        found = await self._store.read(
            lambda c: bodies(c, table, where, limit=limit, is_newest_first=True)
        )
        return [decode(kind, body) for body in found]

    async def _find(self, kind: type[T], where: ColumnElement[bool]) -> list[T]:
        found = await self._store.read(lambda c: bodies(c, _SHELVES[kind].table, where))
        return [decode(kind, body) for body in found]
