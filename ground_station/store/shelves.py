"""The centre's own records: casework, shifts, wordings. A save and its audit row are one write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, exists, false, or_, select, true

from ground_station.casework.case import Case, Ticking
from ground_station.casework.citizens import CitizenReport, ReportState
from ground_station.casework.dispatches import Dispatch, LateTask
from ground_station.casework.notices import Notice
from ground_station.casework.states import CaseState
from ground_station.casework.whistles import Whistle
from ground_station.owners import Tier
from ground_station.shifts.shift import Shift
from ground_station.sorties import SortieRecord
from ground_station.store import queries, tables
from ground_station.store.codec import decode, encode
from ground_station.store.engine import Store
from ground_station.store.figures import us_of
from ground_station.store.numbers import next_record_id
from ground_station.store.pages import WHOLE_DISTRICT, Ask, Scopes
from ground_station.store.rows import Saved, bodies, body_of, save
from ground_station.words.versions import TemplateVersion
from patrol.cause import Cause
from patrol.clock import utc_text
from patrol.sighting import Sighting

T = TypeVar("T", Dispatch, CitizenReport, Whistle, Notice, Shift, TemplateVersion)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shelf(Generic[T]):
    """Where one kind of record is kept, and which columns it fills."""

    kind: type[T]
    table: Table
    letter: str  # of its ids, "D-20261124-0001"
    row: Callable[[T], tuple[str, str | None, str, datetime, dict[str, str]]]
    private: frozenset[str] = frozenset()  # fields that no audit row holds


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
    private=frozenset({"contact", "text", "photo_ref"}),
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
    row=lambda s: (s.shift_id, s.scope, s.state.value, s.opened_utc, {"day": s.day}),
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

# The tier rule passes these on, whatever their clocks say.
_HALF_WAY = (CaseState.FILED.value, CaseState.ESCALATED.value)


def _window(
    table: Table, since_utc: datetime, until_utc: datetime, is_exercise: bool
) -> ColumnElement[bool]:
    c = table.c
    return and_(
        c.is_exercise == is_exercise,
        c.t_utc >= utc_text(since_utc),
        c.t_utc <= utc_text(until_utc),
    )


def _ticking(row: Row[*tuple[Any, ...]], now_us: int) -> Ticking:
    is_first = row.clock_us is not None and row.clock_us < now_us
    is_late = is_first or (row.handle_us is not None and row.handle_us < now_us)
    return Ticking(
        case_no=row.id, grid_code=row.grid_code, state=CaseState(row.state), tier=Tier(row.tier),
        due_us=row.due_us, overdue=row.clock if is_first else "handle" if is_late else "",
        owner_code=row.owner_code,
    )  # fmt: skip


def shelf_row(record: T) -> Saved:
    """One of the centre's own records."""
    shelf = _SHELVES[type(record)]
    record_id, grid_code, state, made_utc, extra = shelf.row(record)
    return Saved(
        table=shelf.table, id=record_id, sortie="", grid_code=grid_code, state=state,
        t_utc=made_utc, is_exercise=record.is_exercise, body=encode(record), extra=extra,
        private=shelf.private,
    )  # fmt: skip


class Shelves:
    """Typed saves and loads. What a save returns from is on the disk."""

    def __init__(self, store: Store, *, is_exercise: bool | None = None) -> None:
        self._store = store
        self._space = is_exercise  # records of the other space do not exist; None: both do

    async def next_id(self, kind: type[T], at_utc: datetime) -> str:
        """A new id, given once; its day is the day in Shanghai."""
        letter = _SHELVES[kind].letter
        return await self._store.write(lambda c: next_record_id(c, letter, at_utc))

    async def save(self, record: T, *, action: str, cause: Cause, at_utc: datetime) -> None:
        """Keep a record as it is now."""
        await self._store.write(lambda c: self.save_in(c, record, action, cause, at_utc))

    def save_in(
        self, connection: Connection, record: T, action: str, cause: Cause, at_utc: datetime
    ) -> None:
        """The same in a transaction that is open already."""
        save(connection, shelf_row(record), action, cause, at_utc)

    async def get(self, kind: type[T], record_id: str) -> T:
        """A kept record; LookupError when there is none."""
        record = await self.find(kind, record_id)
        if record is None:
            raise LookupError(f"there is no {_NOUNS[kind]} {record_id}")
        return record

    async def find(self, kind: type[T], record_id: str) -> T | None:
        """A kept record, or None."""
        body = await self._store.read(lambda c: body_of(c, _SHELVES[kind].table, record_id))
        record = None if body is None else decode(kind, body)
        is_foreign = record is not None and self._space not in (None, record.is_exercise)
        return None if is_foreign else record

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

    async def page(
        self, kind: type[T], ask: Ask, *, is_exercise: bool, state: str = "",
        scopes: Scopes = WHOLE_DISTRICT, units: Sequence[str] = (),
    ) -> tuple[list[T], str]:  # fmt: skip
        """A page of the newest records of a kind in a part of the district, and the next cursor.

        `units`: of tasks also those of these units, wherever they lie.
        """
        table = _SHELVES[kind].table
        page = await self._store.read(
            lambda c: queries.newest(
                c, table, ask, state=state, scopes=scopes, is_exercise=is_exercise, units=units
            )
        )
        return [decode(kind, body) for body in page.items], page.next_cursor

    async def in_states(
        self, kind: type[T], states: Sequence[str], *, is_exercise: bool
    ) -> list[T]:
        """Every record of a kind in one of these states, oldest first: for the clocks."""
        c = _SHELVES[kind].table.c
        return await self._find(kind, and_(c.state.in_(states), c.is_exercise == is_exercise))

    async def ticking_cases(self, at_utc: datetime, *, is_exercise: bool) -> list[Ticking]:
        """Every open case of which a clock has run out, and those that are passed on half-way.

        A record of a crowd that went has no clock.
        """
        c, now_us = tables.case_figures.c, us_of(at_utc)
        is_late = or_(c.clock_us < now_us, c.handle_us < now_us)
        query = (
            select(
                c.id,
                c.grid_code,
                c.state,
                c.tier,
                c.due_us,
                c.clock,
                c.clock_us,
                c.handle_us,
                tables.cases.c.owner_code,
            )
            .join_from(tables.case_figures, tables.cases, c.id == tables.cases.c.id)
            .where(c.is_exercise == is_exercise, c.is_open == true())
            .where(c.is_record_only == false(), or_(is_late, c.state.in_(_HALF_WAY)))
            .order_by(c.due_us, c.id)
        )
        rows = await self._store.read(lambda k: k.execute(query).all())
        return [_ticking(row, now_us) for row in rows]

    async def late_tasks(self, at_utc: datetime, *, is_exercise: bool) -> list[LateTask]:
        """Tasks to which no unit has replied in time, oldest first."""
        c = tables.dispatch_figures.c
        query = (
            select(c.id, c.case_no, c.grid_code, c.unit, tables.dispatches.c.unit_code)
            .join_from(tables.dispatch_figures, tables.dispatches, c.id == tables.dispatches.c.id)
            .where(c.is_exercise == is_exercise, c.is_open == true(), c.due_us < us_of(at_utc))
            .order_by(c.t_utc, c.id)
        )
        rows = await self._store.read(lambda k: k.execute(query).all())
        return [
            LateTask(dispatch_id=row.id, case_no=row.case_no, grid_code=row.grid_code,
                     unit=row.unit, unit_code=row.unit_code)
            for row in rows
        ]  # fmt: skip

    async def cases_between(
        self, since_utc: datetime, until_utc: datetime, *, is_exercise: bool
    ) -> list[Case]:
        """Open cases that were filed in a window, oldest first."""
        window = _window(tables.cases, since_utc, until_utc, is_exercise)
        where = and_(tables.cases.c.is_open == true(), window)
        found = await self._store.read(lambda c: bodies(c, tables.cases, where))
        return [decode(Case, body) for body in found]

    async def closed_alike(
        self, case: Case, within: timedelta, ask: Ask,
        *, scopes: Scopes, departments: Sequence[str] = (),
    ) -> tuple[list[Case], str]:  # fmt: skip
        """A page of the cases of its kind that were closed so long before it, oldest first."""
        page = await self._store.read(
            lambda c: queries.closed_alike(
                c, case, within, ask, scopes=scopes, departments=departments
            )
        )
        return [decode(Case, body) for body in page.items], page.next_cursor

    async def reports_between(
        self, since_utc: datetime, until_utc: datetime, *, is_exercise: bool
    ) -> list[CitizenReport]:
        """Reports that came in in a window, oldest first."""
        return await self._find(
            CitizenReport, _window(tables.citizen_reports, since_utc, until_utc, is_exercise)
        )

    async def reports_left_behind(self, *, is_exercise: bool) -> list[CitizenReport]:
        """Reports whose case has ended, rejected or voided, while they were not answered."""
        c, cases = tables.citizen_reports.c, tables.cases.c
        # Asked case by case: the ended ones are nearly all there are.
        ended = exists().where(cases.id == c.case_no, cases.is_open == false())
        linked = c.state == ReportState.LINKED.value
        where = and_(linked, c.is_exercise == is_exercise, ended)
        return await self._find(CitizenReport, where)

    async def sightings_between(
        self, since_utc: datetime, until_utc: datetime, *, is_exercise: bool
    ) -> list[Sighting]:
        """What was seen in a window by every sortie, oldest first."""
        where = _window(tables.sightings, since_utc, until_utc, is_exercise)
        found = await self._store.read(lambda c: bodies(c, tables.sightings, where))
        return [decode(Sighting, body["sighting"]) for body in found]

    async def sighting_grids(
        self, ids: Sequence[str], *, is_exercise: bool
    ) -> dict[str, str | None]:
        """In which grid each of these lies that there are."""
        c = tables.sightings.c
        query = select(c.id, c.grid_code).where(c.id.in_(ids), c.is_exercise == is_exercise)
        rows = await self._store.read(lambda k: k.execute(query).all())
        return {row.id: row.grid_code for row in rows}

    async def sorties_between(
        self, since_utc: datetime, until_utc: datetime, *, is_exercise: bool
    ) -> list[SortieRecord]:
        """Sorties that were launched in a window, oldest first."""
        where = _window(tables.sorties, since_utc, until_utc, is_exercise)
        found = await self._store.read(lambda c: bodies(c, tables.sorties, where))
        return [decode(SortieRecord, body) for body in found]

    async def _find(self, kind: type[T], where: ColumnElement[bool]) -> list[T]:
        found = await self._store.read(lambda c: bodies(c, _SHELVES[kind].table, where))
        return [decode(kind, body) for body in found]
