"""Reads what is measured: a part of the district, a window of time, one space.

What figures need stands in narrow rows beside the records (store/figures.py): a month of a whole
district is read without a single JSON body, in one snapshot, by statements that every server takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, Table, func, select

from ground_station.alerts import DISPLACED_M, SAME_CROWD_M
from ground_station.store import tables
from ground_station.store.figures import us_of
from ground_station.store.pages import WHOLE_DISTRICT, Scopes, in_scope
from patrol.clock import utc_text
from patrol.errors import Refused
from patrol.geo import GeoPoint, distance_m

AFTERWARDS = timedelta(minutes=30)  # relapse and displacement are looked for so long
MOST_ROWS = 250_000  # narrow ones: a second or two of a thread, and a tenth of a gigabyte
_LONGEST_WATCH = timedelta(hours=1)
_US = timedelta(microseconds=1)
# More degrees of latitude than `DISPLACED_M` ever are: what lies farther is not measured at all.
_FAR_DEG = DISPLACED_M / 100_000.0
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
    is_spoken: bool
    template_id: str
    began_us: int
    verdict: str
    dispersed_after_us: int | None
    watched_us: int
    is_relapsed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """By id the alerts after which something came; of whatever grid, it may be next door."""

    relapsed: frozenset[str] = frozenset()  # the crowd came back
    displaced: frozenset[str] = frozenset()  # a new crowd stood near by soon after it had gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What was watched, oldest first, and what came after."""

    alerts: tuple[WatchedAlert, ...] = ()
    followed: Followed = Followed()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Alerts and cases with their answers, oldest first."""

    alerts: tuple[AnsweredAlert, ...] = ()
    cases: tuple[HandledCase, ...] = ()
    reworked: frozenset[str] = frozenset()  # case numbers


def read_alert_count(connection: Connection, window: Window) -> int:
    """How many alerts were raised."""
    return require_few(connection, window, tables.alert_figures)


def read_answered(connection: Connection, window: Window) -> tuple[AnsweredAlert, ...]:
    """Every alert with its answer."""
    require_few(connection, window, tables.alert_figures)
    c = tables.alert_figures.c
    rows = _rows(
        connection,
        within(
            select(*(c[name] for name in AnsweredAlert._fields)), tables.alert_figures, window
        ).order_by(c.t_utc, c.id),
    )
    return tuple(map(AnsweredAlert._make, rows))


def read_answers(connection: Connection, window: Window) -> Answers:
    """Alerts and cases with what was done about each."""
    alerts = read_answered(connection, window)
    require_few(connection, window, tables.case_figures)
    c, history = tables.case_figures.c, tables.case_history.c
    columns = (c.id, *(c[name] for name in HandledCase._fields[1:]))
    rows = _rows(
        connection, within(select(*columns), tables.case_figures, window).order_by(c.t_utc, c.id)
    )
    cases = tuple(map(HandledCase._make, rows))
    reworked = select(history.case_no).where(
        history.event == "rework", history.t_utc >= utc_text(window.from_utc)
    )
    return Answers(
        alerts=alerts, cases=cases, reworked=frozenset(connection.execute(reworked).scalars())
    )


def read_watched(connection: Connection, window: Window) -> Watched:
    """What was watched to any look, and what came after it."""
    require_few(connection, window, tables.alert_figures)
    c = tables.alert_figures.c
    columns = (c.id, *(c[name] for name in WatchedAlert._fields[1:]))
    rows = _rows(
        connection,
        within(select(*columns), tables.alert_figures, window)
        .where(c.is_watched)
        .order_by(c.t_utc, c.id),
    )
    alerts = tuple(map(WatchedAlert._make, rows))
    return Watched(alerts=alerts, followed=read_followed(connection, window))


def read_followed(connection: Connection, window: Window) -> Followed:
    """Of the window's alerts those that had a relapse or whose crowd went next door."""
    if not window.scopes:  # a department has no alerts of its own to follow
        return Followed(relapsed=frozenset(), displaced=frozenset())
    c = tables.alert_figures.c
    anywhere = replace(window, scopes=WHOLE_DISTRICT, until_utc=after(window))
    relapses = within(select(c.relapse_of), tables.alert_figures, anywhere)
    relapsed = connection.execute(relapses.where(c.relapse_of != "")).scalars()
    near = (
        row.id
        for row in _rows(connection, _next_door(window))
        if SAME_CROWD_M <= _apart_m(row) <= DISPLACED_M
    )
    return Followed(relapsed=frozenset(relapsed), displaced=frozenset(near))


def _next_door(window: Window) -> Select[*tuple[Any, ...]]:
    """Each crowd that went with each that was raised soon after about as far north."""
    gone, other = tables.alert_figures, tables.alert_figures.alias("other")
    g, o = gone.c, other.c
    query = select(
        g.id, g.lat_deg, g.lon_deg, o.lat_deg.label("other_lat"), o.lon_deg.label("other_lon")
    )
    return within(query, gone, window).where(
        g.is_watched,
        g.gone_us.is_not(None),
        o.is_exercise == window.is_exercise,
        o.raised_us > g.gone_us,
        o.raised_us <= g.gone_us + AFTERWARDS // _US,
        o.raised_us < us_of(after(window)),
        o.lat_deg.between(g.lat_deg - _FAR_DEG, g.lat_deg + _FAR_DEG),
        o.id != g.id,
        o.relapse_of != g.id,
    )


def _apart_m(row: Row[*tuple[Any, ...]]) -> float:
    return distance_m(
        GeoPoint(lat_deg=row.lat_deg, lon_deg=row.lon_deg),
        GeoPoint(lat_deg=row.other_lat, lon_deg=row.other_lon),
    )


def _rows(
    connection: Connection, query: Select[*tuple[Any, ...]]
) -> Sequence[Row[*tuple[Any, ...]]]:
    """All at once: one by one each of them would be a call into the driver."""
    return connection.execute(query).all()


def after(window: Window) -> datetime:
    """Until when something may have followed what was in the window."""
    return window.until_utc + AFTERWARDS + _LONGEST_WATCH


def within(
    query: Select[*tuple[Any, ...]], table: Table, window: Window
) -> Select[*tuple[Any, ...]]:
    """The rows of a window."""
    c = table.c
    return query.where(
        c.is_exercise == window.is_exercise,
        c.t_utc >= utc_text(window.from_utc),
        c.t_utc < utc_text(window.until_utc),
        in_scope(c.grid_code, window.scopes),
    )


def require_few(connection: Connection, window: Window, table: Table) -> int:
    """How many rows there are; Refused when they are too many to be read at once."""
    query = within(select(func.count()).select_from(table), table, window)
    count = int(connection.execute(query).scalar_one())
    if count > MOST_ROWS:
        raise Refused(
            f"{count} {_NAMES[table.name]} in this window, {MOST_ROWS} can be measured at once: "
            "ask for a shorter one or a smaller part of the district",
            text_zh=f"该时段内有{count}条{_ZH[table.name]}，一次最多统计{MOST_ROWS}条："
            "请缩短时段或缩小区域",
        )
    return count
