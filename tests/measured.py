"""Records put into a database as the station saves them, and what figures read out of it again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import StaticPool

from ground_station.measuring.counting import Counted, read_counted
from ground_station.measuring.effects import Observed
from ground_station.measuring.kpis import Kpis, kpis_of
from ground_station.measuring.reading import (
    Answers,
    Watched,
    Window,
    read_answers,
    read_watched,
)
from ground_station.measuring.watching import observed
from ground_station.store import tables
from ground_station.store.pages import WHOLE_DISTRICT, Scopes
from ground_station.store.rows import (
    Saved,
    alert_row,
    announcement_row,
    append_history,
    case_row,
    effect_row,
    save,
    sighting_row,
    sortie_row,
)
from patrol.clock import utc_text
from tests.ground_core import MORNING, SYSTEM, later
from tests.straight_measures import Everything


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What figures are made of, as the station reads it."""

    counted: Counted
    watched: Watched
    answers: Answers

    def observed(self) -> list[Observed]:
        """One for each alert that was watched."""
        return observed(self.watched)

    def kpis(self, grids: list[str]) -> Kpis:
        """The figures of the wall."""
        return kpis_of(self.counted, grids)


@contextmanager
def kept(everything: Everything) -> Iterator[Connection]:
    """A database with all of it and nothing else, each record under a number of its own."""
    connection = _database()
    try:
        for row in _rows(everything):
            save(connection, row, "test", SYSTEM, MORNING)
        for case in everything.cases:
            if case.case_no in everything.reworked:
                append_history(connection, case, "rework", "", SYSTEM, later(1))
        yield connection
    finally:
        connection.rollback()


@cache
def _database() -> Connection:
    """Made once: its tables take longer than what is put into them and taken back."""
    connection = create_engine("sqlite://", poolclass=StaticPool).connect()
    tables.metadata.create_all(connection)
    connection.commit()
    return connection


def read_back(everything: Everything) -> Read:
    """All of it through a database; the window ends after the newest alert."""
    ends = [utc_text(alert.raised_utc) for alert in everything.alerts]
    until = datetime.fromisoformat(max(ends, default=utc_text(MORNING)))
    until += timedelta(days=0 if everything.alerts else 1, milliseconds=1)
    with kept(everything) as connection:
        return read(connection, MORNING - timedelta(days=1), until)


def read(
    connection: Connection, since: datetime, until: datetime, scopes: Scopes = WHOLE_DISTRICT
) -> Read:
    """A window of it."""
    window = Window(from_utc=since, until_utc=until, is_exercise=True, scopes=scopes)
    return Read(
        counted=read_counted(connection, window), watched=read_watched(connection, window),
        answers=read_answers(connection, window),
    )  # fmt: skip


def _rows(everything: Everything) -> list[Saved]:
    alerts = {one.alert_id: one for one in (*everything.followers, *everything.alerts)}
    rows = [
        effect_row(replace(e, effect_id=f"F-{n:03d}")) for n, e in enumerate(everything.effects)
    ]
    rows += [alert_row(one) for one in alerts.values()]
    for n, said in enumerate(everything.announcements):
        rows.append(announcement_row(replace(said, announcement_id=f"B-{n:03d}")))
    rows += [case_row(one) for one in everything.cases]
    for n, sortie in enumerate(everything.sorties):
        rows.append(sortie_row(replace(sortie, sortie_id=f"M-{n:03d}")))
    for n, seen in enumerate(everything.sightings):
        seen = replace(seen, sighting_id=f"S-{n:03d}")
        rows.append(sighting_row(seen, "sample-1", is_exercise=True))
    return rows
