"""What the database counts by itself for the figures of the wall: no record is read for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, not_, or_, select

from ground_station.measuring.effects import Share, share
from ground_station.measuring.reading import Window, after, read_followed, require_few, within
from ground_station.measuring.responses import Responses, spread
from ground_station.store import tables
from patrol.clock import utc_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Counts of a window."""

    alerts: int
    watched: int
    precision: Share
    spoken: Share  # of those that were watched and spoken to, the dispersed ones
    not_spoken: Share
    relapsed: Share  # of those that dispersed
    displaced: Share
    sorties: int
    sorties_abnormal: int
    visits: tuple[tuple[str, str, bool], ...]  # day, grid, whether to its end
    valid_looks: Share
    nearest_m: float | None
    too_near: int
    played_by_grid: Mapping[str, int]
    played_at_night: int
    responses: tuple[Responses, ...]  # of the whole


def read_counted(connection: Connection, window: Window) -> Counted:
    """All of it, in one snapshot."""
    for table in (tables.alert_figures, tables.case_figures):
        require_few(connection, window, table)
    alerts = connection.execute(_of_alerts(window)).mappings().one()
    flown = connection.execute(_flown(window)).mappings().one()
    looks, valid = connection.execute(_looked(window)).one()
    nearest_m, too_near = connection.execute(_seen(window)).one()
    played = connection.execute(_played(window)).all()
    relapsed, displaced = _followed(connection, window)
    return Counted(
        alerts=alerts["n"],
        watched=alerts["watched"],
        precision=share(alerts["right"], alerts["answered"]),
        spoken=share(alerts["spoken_gone"], alerts["spoken"]),
        not_spoken=share(alerts["silent_gone"], alerts["silent"]),
        relapsed=relapsed,
        displaced=displaced,
        sorties=flown["sorties"],
        sorties_abnormal=flown["abnormal"],
        visits=_visits(connection, window),
        valid_looks=share(valid, looks),
        nearest_m=nearest_m,
        too_near=too_near,
        played_by_grid={code or "": count for code, count, _ in played},
        played_at_night=sum(at_night for *_, at_night in played),
        responses=_responses(connection, window, alerts["n"], alerts["waiting"]),
    )


def _of_alerts(window: Window) -> Select[*tuple[Any, ...]]:
    c = tables.alert_figures.c
    answered = or_(c.is_acknowledged, c.is_dismissed)
    spoken = and_(c.is_watched, c.is_spoken)
    silent = and_(c.is_watched, not_(c.is_spoken))
    is_gone = c.dispersed_after_us.is_not(None)
    query = select(
        func.count().label("n"),
        _number(c.is_watched).label("watched"),
        _number(answered).label("answered"),
        _number(and_(answered, not_(c.is_dismissed))).label("right"),
        _number(spoken).label("spoken"),
        _number(and_(spoken, is_gone)).label("spoken_gone"),
        _number(silent).label("silent"),
        _number(and_(silent, is_gone)).label("silent_gone"),
        _number(and_(c.is_unanswered, c.acknowledged_after_us.is_(None))).label("waiting"),
    )
    return within(query, tables.alert_figures, window)


def _followed(connection: Connection, window: Window) -> tuple[Share, Share]:
    """Of the crowds that dispersed, those that came back, and those that went next door."""
    c = tables.alert_figures.c
    gone = connection.execute(
        within(select(c.id, c.is_relapsed), tables.alert_figures, window).where(
            c.is_watched, c.dispersed_after_us.is_not(None)
        )
    ).all()
    followed = read_followed(connection, window)
    relapsed = sum(is_relapsed or name in followed.relapsed for name, is_relapsed in gone)
    displaced = sum(name in followed.displaced for name, _ in gone)
    return share(relapsed, len(gone)), share(displaced, len(gone))


def _responses(
    connection: Connection, window: Window, alerts: int, waiting: int
) -> tuple[Responses, ...]:
    """How fast all of it was answered; of nothing nothing is told."""
    told = connection.execute(_of_cases(window)).mappings().one()
    if not alerts and not told["n"]:
        return ()
    a, c = tables.alert_figures.c, tables.case_figures.c
    alert_times = within(
        select(a.acknowledged_after_us, a.words_after_us), tables.alert_figures, window
    )
    case_times = within(select(c.accepted_after_us, c.closed_after_us), tables.case_figures, window)
    answered = connection.execute(alert_times).all()
    handled = connection.execute(case_times.where(not_(c.is_record_only))).all()
    return (
        Responses(
            key="",
            raised_to_acknowledged=spread((one for one, _ in answered), waiting=waiting),
            acknowledged_to_words=spread(one for _, one in answered),
            dispatched_to_accepted=spread((one for one, _ in handled), waiting=told["unaccepted"]),
            filed_to_closed=spread((one for _, one in handled), waiting=told["unclosed"]),
            closed_on_time=share(told["on_time"], told["done"]),
            reworked=share(told["reworked"], told["done"]),
        ),
    )


def _of_cases(window: Window) -> Select[*tuple[Any, ...]]:
    c, history = tables.case_figures.c, tables.case_history.c
    # A record of a crowd that went has nobody who must do anything.
    owed = not_(c.is_record_only)
    done = and_(owed, c.is_done)
    again = select(history.case_no).where(
        history.event == "rework", history.t_utc >= utc_text(window.from_utc)
    )
    query = select(
        func.count().label("n"),
        _number(and_(owed, c.is_dispatched, c.accepted_after_us.is_(None))).label("unaccepted"),
        _number(and_(owed, c.closed_after_us.is_(None))).label("unclosed"),
        _number(done).label("done"),
        _number(and_(done, c.is_on_time)).label("on_time"),
        _number(and_(done, c.id.in_(again))).label("reworked"),
    )
    return within(query, tables.case_figures, window)


def _flown(window: Window) -> Select[*tuple[Any, ...]]:
    c = tables.sortie_figures.c
    query = select(_number(c.day != "").label("sorties"), _number(c.is_abnormal).label("abnormal"))
    return within(query, tables.sortie_figures, window)


def _visits(connection: Connection, window: Window) -> tuple[tuple[str, str, bool], ...]:
    c = tables.sortie_figures.c
    query = within(select(c.day, c.grid_code, c.is_whole), tables.sortie_figures, window)
    rows = connection.execute(query.where(c.day != "").distinct())
    return tuple((day, code, bool(is_whole)) for day, code, is_whole in rows)


def _looked(window: Window) -> Select[*tuple[Any, ...]]:
    c = tables.effect_figures.c
    query = select(func.coalesce(func.sum(c.looks), 0), func.coalesce(func.sum(c.valid_looks), 0))
    return within(query, tables.effect_figures, replace(window, until_utc=after(window)))


def _seen(window: Window) -> Select[*tuple[Any, ...]]:
    c = tables.sighting_figures.c
    query = select(func.min(c.nearest_m), _number(c.is_too_near))
    return within(query, tables.sighting_figures, window)


def _played(window: Window) -> Select[*tuple[Any, ...]]:
    c = tables.announcement_figures.c
    query = select(c.grid_code, func.count(), _number(c.is_at_night))
    wide = replace(window, until_utc=after(window))
    return within(query, tables.announcement_figures, wide).where(c.is_played).group_by(c.grid_code)


def _number(truth: ColumnElement[bool]) -> ColumnElement[int]:
    """How many rows it is true of; of no rows nought."""
    return func.coalesce(func.sum(case((truth, 1), else_=0)), 0)
