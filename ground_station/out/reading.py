"""Reads the pages of sorties and of days from the records; writes nothing."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, select

from ground_station.alerts import CrowdAlert
from ground_station.announcements import Announcement
from ground_station.casework.case import Case
from ground_station.out.book import DayBook, SortiePages, TrackPoint, visits_of
from ground_station.people.scopes import covered_by
from ground_station.sorties import EffectRecord, SortieRecord
from ground_station.store import tables
from ground_station.store.codec import decode
from ground_station.store.engine import Store
from ground_station.store.pages import WHOLE_DISTRICT, Scopes, in_scope
from ground_station.store.rows import bodies
from ground_station.store.telemetry import TelemetryLog
from missions.codes import is_county
from patrol.clock import SHANGHAI, parse_utc, utc_text
from patrol.geo import GeoPoint
from patrol.plan import plan_from_dict
from patrol.sighting import Sighting

_WHOLE_TRACKS, _FEWEST_POINTS = 20, 50  # a day of 200 sorties must not fill the memory
_TRACK = ("t_utc", "lat_deg", "lon_deg", "height_above_home_m")
TRACK_POINTS = 2000  # finer than a reader of maps can see; the whole is in the tlog


async def read_sortie(
    store: Store, telemetry: TelemetryLog, sortie_id: str, *, is_exercise: bool
) -> SortiePages:
    """The pages of one sortie; LookupError when there is none in this space."""
    found = await store.read(lambda connection: _pages(connection, [sortie_id]))
    if not found or found[0].record.is_exercise != is_exercise:
        raise LookupError(f"there is no sortie {sortie_id}")
    return await _with_track(found[0], telemetry, TRACK_POINTS)


def within(pages: SortiePages, scopes: Scopes) -> SortiePages:
    """A sortie as far as a part of the district goes: a crowd next door is the neighbour's."""
    if "" in scopes:
        return pages

    return replace(
        pages,
        sightings=tuple(one for one in pages.sightings if covered_by(scopes, one.grid_code)),
        alerts=tuple(one for one in pages.alerts if covered_by(scopes, one.grid_code)),
        announcements=tuple(
            one for one in pages.announcements if covered_by(scopes, one.grid_code)
        ),
        effects=tuple(one for one in pages.effects if covered_by(scopes, one.grid_code)),
        cases=tuple(one for one in pages.cases if covered_by(scopes, one.grid_code)),
    )


async def read_day(
    store: Store,
    telemetry: TelemetryLog,
    *,
    day: date,
    scope: str,
    grids: Mapping[str, str],
    register_version: str,
    is_exercise: bool,
    has_tracks: bool = True,
) -> DayBook:
    """The sorties that were launched on a day (Shanghai) in a scope, and the cases of that day.

    A table that shows no track need not wait for any.
    """
    start, end = day_utc(day)

    def work(connection: Connection) -> tuple[list[SortiePages], list[Case]]:
        where = _within(tables.sorties, start, end, scope, is_exercise)
        ids = _ids(connection, tables.sorties, where)
        found = _pages(connection, ids)
        where = _within(tables.cases, start, end, scope, is_exercise)
        filed = bodies(connection, tables.cases, where)
        return found, [decode(Case, body) for body in filed]

    found, cases = await store.read(work)
    scopes = WHOLE_DISTRICT if is_county(scope) else (scope,)
    bare = [within(pages, scopes) for pages in found]
    each = max(_FEWEST_POINTS, TRACK_POINTS * _WHOLE_TRACKS // max(1, len(bare)))
    points = min(TRACK_POINTS, each)
    if has_tracks:
        bare = [await _with_track(pages, telemetry, points) for pages in bare]
    sorties = tuple(bare)
    return DayBook(
        day=day,
        scope=scope,
        register_version=register_version,
        sorties=sorties,
        cases=tuple(cases),
        visits=visits_of(sorties, grids, scope),
        is_exercise=is_exercise,
    )


def day_utc(day: date) -> tuple[datetime, datetime]:
    """First moment of a day in Shanghai, and of the next, in UTC."""
    start = datetime.combine(day, time(), tzinfo=SHANGHAI).astimezone(UTC)
    return start, start + timedelta(days=1)


async def _with_track(pages: SortiePages, telemetry: TelemetryLog, limit: int) -> SortiePages:
    rows = await telemetry.track(pages.record.sortie_id, limit, _TRACK)
    heights = [row["height_above_home_m"] for row in rows if row["height_above_home_m"] is not None]
    track = tuple(
        TrackPoint(
            time_utc=parse_utc(row["t_utc"]),
            point=GeoPoint(lat_deg=row["lat_deg"], lon_deg=row["lon_deg"]),
            height_above_home_m=row["height_above_home_m"],
        )
        for row in rows
        if row["lat_deg"] is not None and row["lon_deg"] is not None
    )
    return replace(pages, track=track, max_height_above_home_m=max(heights, default=None))


def _pages(connection: Connection, sortie_ids: Sequence[str]) -> list[SortiePages]:
    """The pages of those that there are, in this order; a day takes no more statements than one."""
    sorties, plans = tables.sorties.c, tables.plans
    kept = {
        body["sortie_id"]: decode(SortieRecord, body)
        for body in bodies(connection, tables.sorties, sorties.id.in_(sortie_ids))
    }
    plan_ids = {record.plan_id for record in kept.values()}
    found = {
        body["plan_id"]: plan_from_dict(body)
        for body in bodies(connection, plans, plans.c.id.in_(plan_ids))
    }
    of = partial(_of_sorties, connection, sortie_ids)
    sightings, cases = of(tables.sightings), of(tables.cases)
    alerts, said, effects = of(tables.alerts), of(tables.announcements), of(tables.effects)
    return [
        SortiePages(
            record=kept[name],
            plan=found.get(kept[name].plan_id),
            track=(),
            sightings=tuple(decode(Sighting, item["sighting"]) for item in sightings[name]),
            alerts=tuple(decode(CrowdAlert, item) for item in alerts[name]),
            announcements=tuple(decode(Announcement, item) for item in said[name]),
            effects=tuple(decode(EffectRecord, item) for item in effects[name]),
            cases=tuple(decode(Case, item) for item in cases[name]),
        )
        for name in sortie_ids
        if name in kept
    ]


def _of_sorties(
    connection: Connection, sortie_ids: Sequence[str], table: Table
) -> defaultdict[str, list[dict[str, Any]]]:
    """Records by sortie, oldest first."""
    c = table.c
    query = select(c.sortie, c.body_json).where(c.sortie.in_(sortie_ids))
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for sortie_id, text in connection.execute(query.order_by(c.t_utc, c.id)):
        found[sortie_id].append(json.loads(text))
    return found


def _ids(connection: Connection, table: Table, where: ColumnElement[bool]) -> list[str]:
    query = select(table.c.id).where(where).order_by(table.c.t_utc)
    return list(connection.execute(query).scalars())


def _within(
    table: Table, start: datetime, end: datetime, scope: str, is_exercise: bool
) -> ColumnElement[bool]:
    in_space = table.c.is_exercise == is_exercise
    in_time = (table.c.t_utc >= utc_text(start)) & (table.c.t_utc < utc_text(end))
    # The district answers also for what lies outside every grid.
    in_place = in_scope(table.c.grid_code, WHOLE_DISTRICT if is_county(scope) else (scope,))
    return in_space & in_time & in_place
