"""Reads what is measured: a part of the district, a window of time, one space.

What figures need stands in narrow rows beside the records (store/figures.py): a month of a whole
district is read without a single JSON body, in one snapshot, by statements that every server takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, case, func, select

from ground_station.store import tables
from ground_station.store.pages import WHOLE_DISTRICT, Scopes, in_scope
from patrol.clock import utc_text
from patrol.errors import Refused

AFTERWARDS = timedelta(minutes=30)  # relapse and displacement are looked for so long
MOST_ROWS = 250_000  # narrow ones: a second or two of a thread, and a tenth of a gigabyte
_LONGEST_WATCH = timedelta(hours=1)
_ZH = {"alert_figures": "告警", "case_figures": "案件"}
_NAMES = {"alert_figures": "alerts", "case_figures": "cases"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What is measured."""

    from_utc: datetime
    until_utc: datetime
    is_exercise: bool
    scopes: Scopes = WHOLE_DISTRICT


class AnsweredAlert(NamedTuple):
    """One alert and how it was answered; times are microseconds after the step before."""

    grid_code: str | None
    rule: str
    hour: str  # in Shanghai
    is_unanswered: bool
    is_acknowledged: bool
    is_dismissed: bool
    dismissed_reason: str
    acknowledged_after_us: int | None
    words_after_us: int | None


class HandledCase(NamedTuple):
    """One case and how it was handled; times are microseconds after the step before."""

    case_no: str
    grid_code: str | None
    is_record_only: bool
    is_done: bool
    is_on_time: bool
    is_dispatched: bool
    accepted_after_us: int | None
    closed_after_us: int | None


class WatchedAlert(NamedTuple):
    """One alert that somebody watched; `_us` are microseconds since 1970 or after the words."""

    alert_id: str
    grid_code: str | None
    lat_deg: float
    lon_deg: float
    is_spoken: bool
    template_id: str
    began_us: int
    verdict: str
    gone_us: int | None
    dispersed_after_us: int | None
    watched_us: int
    is_relapsed: bool


class RaisedAlert(NamedTuple):
    """Where and when an alert was raised, in whatever grid."""

    alert_id: str
    relapse_of: str
    raised_us: int
    lat_deg: float
    lon_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What was watched, oldest first, and whatever was raised until a while afterwards."""

    alerts: tuple[WatchedAlert, ...] = ()
    followers: tuple[RaisedAlert, ...] = ()  # of any grid: a crowd that moved may be next door


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Alerts and cases with their answers, oldest first."""

    alerts: tuple[AnsweredAlert, ...] = ()
    cases: tuple[HandledCase, ...] = ()
    reworked: frozenset[str] = frozenset()  # case numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What the database has counted by itself."""

    sorties: int = 0
    sorties_abnormal: int = 0
    visits: tuple[tuple[str, str, bool], ...] = ()  # day, grid, whether to its end
    looks: int = 0
    valid_looks: int = 0
    nearest_m: float | None = None
    too_near: int = 0
    played_by_grid: Mapping[str, int] | None = None
    played_at_night: int = 0


def read_alert_count(connection: Connection, window: Window) -> int:
    """How many alerts were raised."""
    return _require_few(connection, window, tables.alert_figures)


def read_answered(connection: Connection, window: Window) -> tuple[AnsweredAlert, ...]:
    """Every alert with its answer."""
    _require_few(connection, window, tables.alert_figures)
    c = tables.alert_figures.c
    rows = _rows(
        connection,
        _within(
            select(*(c[name] for name in AnsweredAlert._fields)), tables.alert_figures, window
        ).order_by(c.t_utc, c.id),
    )
    return tuple(map(AnsweredAlert._make, rows))


def read_answers(connection: Connection, window: Window) -> Answers:
    """Alerts and cases with what was done about each."""
    alerts = read_answered(connection, window)
    _require_few(connection, window, tables.case_figures)
    c, history = tables.case_figures.c, tables.case_history.c
    columns = (c.id, *(c[name] for name in HandledCase._fields[1:]))
    rows = _rows(
        connection, _within(select(*columns), tables.case_figures, window).order_by(c.t_utc, c.id)
    )
    cases = tuple(map(HandledCase._make, rows))
    reworked = select(history.case_no).where(
        history.event == "rework", history.t_utc >= utc_text(window.from_utc)
    )
    return Answers(
        alerts=alerts, cases=cases, reworked=frozenset(connection.execute(reworked).scalars())
    )


def read_watched(connection: Connection, window: Window) -> Watched:
    """What was watched to any look, and whatever may be its relapse or its crowd gone next door."""
    _require_few(connection, window, tables.alert_figures)
    c = tables.alert_figures.c
    columns = (c.id, *(c[name] for name in WatchedAlert._fields[1:]))
    rows = _rows(
        connection,
        _within(select(*columns), tables.alert_figures, window)
        .where(c.is_watched)
        .order_by(c.t_utc, c.id),
    )
    alerts = tuple(map(WatchedAlert._make, rows))
    anywhere = replace(window, scopes=WHOLE_DISTRICT, until_utc=_after(window))
    columns = (c.id, *(c[name] for name in RaisedAlert._fields[1:]))
    rows = _rows(
        connection,
        _within(select(*columns), tables.alert_figures, anywhere).order_by(c.t_utc, c.id),
    )
    return Watched(alerts=alerts, followers=tuple(map(RaisedAlert._make, rows)))


def read_counted(connection: Connection, window: Window) -> Counted:
    """What needs no single record."""
    told: dict[str, Any] = {}
    for part in (_flown(window), _looked(window), _seen(window)):
        told |= connection.execute(part).mappings().one()
    sorties, said = tables.sortie_figures, tables.announcement_figures
    c = sorties.c
    visits = connection.execute(
        _within(select(c.day, c.grid_code, c.is_whole), sorties, window)
        .where(c.day != "")
        .distinct()
    )
    played = connection.execute(
        _within(
            select(said.c.grid_code, func.count(), _number(said.c.is_at_night)), said,
            replace(window, until_utc=_after(window)),
        )
        .where(said.c.is_played)
        .group_by(said.c.grid_code)
    ).all()  # fmt: skip
    return Counted(
        **told,
        visits=tuple((day, code, bool(is_whole)) for day, code, is_whole in visits),
        played_by_grid={code or "": count for code, count, _ in played},
        played_at_night=sum(at_night for *_, at_night in played),
    )


def _flown(window: Window) -> Select[Any]:
    c = tables.sortie_figures.c
    query = select(
        _number(c.day != "").label("sorties"), _number(c.is_abnormal).label("sorties_abnormal")
    )
    return _within(query, tables.sortie_figures, window)


def _looked(window: Window) -> Select[Any]:
    c = tables.effect_figures.c
    query = select(
        func.coalesce(func.sum(c.looks), 0).label("looks"),
        func.coalesce(func.sum(c.valid_looks), 0).label("valid_looks"),
    )
    return _within(query, tables.effect_figures, replace(window, until_utc=_after(window)))


def _seen(window: Window) -> Select[Any]:
    c = tables.sighting_figures.c
    query = select(
        func.min(c.nearest_m).label("nearest_m"), _number(c.is_too_near).label("too_near")
    )
    return _within(query, tables.sighting_figures, window)


def _number(truth: ColumnElement[bool]) -> ColumnElement[int]:
    """How many rows it is true of; of no rows nought."""
    return func.coalesce(func.sum(case((truth, 1), else_=0)), 0)


def _rows(
    connection: Connection, query: Select[*tuple[Any, ...]]
) -> Sequence[Row[*tuple[Any, ...]]]:
    """All at once: one by one each of them would be a call into the driver."""
    return connection.execute(query).all()


def _after(window: Window) -> datetime:
    return window.until_utc + AFTERWARDS + _LONGEST_WATCH


def _within(
    query: Select[*tuple[Any, ...]], table: Table, window: Window
) -> Select[*tuple[Any, ...]]:
    c = table.c
    return query.where(
        c.is_exercise == window.is_exercise,
        c.t_utc >= utc_text(window.from_utc),
        c.t_utc < utc_text(window.until_utc),
        in_scope(c.grid_code, window.scopes),
    )


def _require_few(connection: Connection, window: Window, table: Table) -> int:
    query = _within(select(func.count()).select_from(table), table, window)
    count = int(connection.execute(query).scalar_one())
    if count > MOST_ROWS:
        raise Refused(
            f"{count} {_NAMES[table.name]} in this window, {MOST_ROWS} can be measured at once: "
            "ask for a shorter one or a smaller part of the district",
            text_zh=f"该时段内有{count}条{_ZH[table.name]}，一次最多统计{MOST_ROWS}条："
            "请缩短时段或缩小区域",
        )
    return count
