"""Reads what is measured from the records: a part of the district, a window of time, one space.

Rows are fetched in one snapshot and decoded in a thread: a year of alerts must not stop a flight.
"""

from __future__ import annotations

import bisect
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

import anyio.to_thread
from sqlalchemy import ColumnElement, Connection, Table, func, select

from ground_station.alerts import SAME_CROWD_M, CrowdAlert, Outcome
from ground_station.announcements import Announcement, AnnouncementState
from ground_station.casework.case import Case
from ground_station.measuring.effects import Observed, Treatment
from ground_station.sorties import EffectRecord, SortieRecord
from ground_station.store import tables
from ground_station.store.codec import decode
from ground_station.store.engine import Store
from ground_station.store.pages import WHOLE_DISTRICT, Scopes, in_scope
from patrol.clock import utc_text
from patrol.errors import Refused
from patrol.geo import distance_m
from patrol.sighting import Sighting

DISPLACED_M = 100.0
AFTERWARDS = timedelta(minutes=30)  # relapse and displacement are looked for so long
MOST_ROWS = 5000  # some seconds of a thread, and a quarter of a gigabyte
_LONGEST_WATCH = timedelta(hours=1)
_ZH = {"alerts": "告警", "cases": "案件", "sightings": "发现"}
R = TypeVar("R", Announcement, EffectRecord)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What is measured."""

    from_utc: datetime
    until_utc: datetime
    is_exercise: bool
    scopes: Scopes = WHOLE_DISTRICT


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Everything that figures are made of, oldest first."""

    alerts: tuple[CrowdAlert, ...]
    followers: tuple[CrowdAlert, ...]  # of any grid: a crowd that moved may be next door
    announcements: tuple[Announcement, ...]
    effects: tuple[EffectRecord, ...]
    cases: tuple[Case, ...]
    reworked: frozenset[str]  # case numbers
    sorties: tuple[SortieRecord, ...]
    sightings: tuple[Sighting, ...]


async def read_measured(store: Store, window: Window) -> Measured:
    """The records of a window."""
    after = window.until_utc + AFTERWARDS + _LONGEST_WATCH

    def work(connection: Connection) -> tuple[list[list[str]], frozenset[str]]:
        _require_few(connection, window)
        wanted = (
            (tables.alerts, after, WHOLE_DISTRICT),
            (tables.announcements, after, window.scopes),
            (tables.effects, after, window.scopes),
            (tables.cases, window.until_utc, window.scopes),
            (tables.sorties, window.until_utc, window.scopes),
            (tables.sightings, window.until_utc, window.scopes),
        )
        texts = [_texts(connection, table, window, end, part) for table, end, part in wanted]
        history = tables.case_history.c
        query = select(history.case_no).where(
            history.event == "rework", history.t_utc >= utc_text(window.from_utc)
        )
        return texts, frozenset(connection.execute(query).scalars())

    texts, reworked = await store.read(work)
    return await anyio.to_thread.run_sync(_decoded, texts, reworked, window)


def _require_few(connection: Connection, window: Window) -> None:
    for table in (tables.alerts, tables.cases, tables.sightings):
        query = (
            select(func.count()).select_from(table).where(*_terms(table, window, window.until_utc))
        )
        count = connection.execute(query).scalar_one()
        if count > MOST_ROWS:
            raise Refused(
                f"{count} {table.name} in this window, {MOST_ROWS} can be measured at once: "
                "ask for a shorter one or a smaller part of the district",
                text_zh=f"该时段内有{count}条{_ZH[table.name]}，一次最多统计{MOST_ROWS}条："
                "请缩短时段或缩小区域",
            )


def _texts(
    connection: Connection, table: Table, window: Window, end: datetime, scopes: Scopes
) -> list[str]:
    c = table.c
    where = _terms(table, replace(window, scopes=scopes), end)
    query = select(c.body_json).where(*where).order_by(c.t_utc, c.id)
    return list(connection.execute(query).scalars())


def _terms(table: Table, window: Window, end: datetime) -> list[ColumnElement[bool]]:
    c = table.c
    return [
        c.t_utc >= utc_text(window.from_utc),
        c.t_utc < utc_text(end),
        c.is_exercise == window.is_exercise,
        in_scope(c.grid_code, window.scopes),
    ]


def _decoded(texts: list[list[str]], reworked: frozenset[str], window: Window) -> Measured:
    followers, said, effects, cases, sorties, sightings = (
        [json.loads(text) for text in some] for some in texts
    )
    alerts = tuple(decode(CrowdAlert, body) for body in followers)
    return Measured(
        alerts=tuple(
            one
            for one in alerts
            if one.raised_utc < window.until_utc and _is_within(one.grid_code, window.scopes)
        ),
        followers=alerts,
        announcements=tuple(decode(Announcement, body) for body in said),
        effects=tuple(decode(EffectRecord, body) for body in effects),
        cases=tuple(decode(Case, body) for body in cases),
        reworked=reworked,
        sorties=tuple(decode(SortieRecord, body) for body in sorties),
        sightings=tuple(decode(Sighting, body["sighting"]) for body in sightings),
    )


def _is_within(code: str | None, scopes: Scopes) -> bool:
    return "" in scopes or any((code or "").startswith(scope) for scope in scopes)


def observed(measured: Measured) -> list[Observed]:
    """One for each alert that was watched; what nobody watched says nothing about its end."""
    said = _by_alert(measured.announcements)
    effects = _by_alert(measured.effects)
    followers = _Followers(measured.followers)
    found = (
        _observed(alert, said.get(alert.alert_id, []), effects.get(alert.alert_id, []), followers)
        for alert in measured.alerts
    )
    return [one for one in found if one is not None]


class _Followers:
    """Alerts by the time at which they were raised, and by the one that they are a relapse of."""

    def __init__(self, alerts: Sequence[CrowdAlert]) -> None:
        self._alerts = sorted(alerts, key=lambda alert: alert.raised_utc)
        self._times = [alert.raised_utc for alert in self._alerts]
        self._relapses = {alert.relapse_of for alert in alerts if alert.relapse_of}

    def has_relapsed(self, alert: CrowdAlert) -> bool:
        """Whether the crowd came back."""
        return alert.alert_id in self._relapses

    def was_displaced(self, alert: CrowdAlert, gone_utc: datetime) -> bool:
        """Whether a new crowd stood next to the place soon after the old one had gone."""
        first = bisect.bisect_right(self._times, gone_utc)
        last = bisect.bisect_right(self._times, gone_utc + AFTERWARDS)
        return any(
            SAME_CROWD_M <= distance_m(alert.place, other.place) <= DISPLACED_M
            for other in self._alerts[first:last]
            if other.alert_id != alert.alert_id and other.relapse_of != alert.alert_id
        )


def _observed(
    alert: CrowdAlert,
    said: list[Announcement],
    effects: list[EffectRecord],
    followers: _Followers,
) -> Observed | None:
    looks = [
        (effect.observing_since_utc + timedelta(seconds=sample.dt_s))
        for effect in effects
        for sample in effect.samples
        if sample.count.is_valid
    ]
    if not looks:
        return None
    played = [one for one in said if one.state is AnnouncementState.PLAYED and one.started_utc]
    # The clock of the curve starts when the first words were said, whatever was said later.
    began = min((one.finished_utc or one.created_utc for one in played), default=None)
    if began is None:
        began = alert.raised_utc
    verdict = alert.outcome or effects[-1].verdict
    gone_utc = _gone_utc(effects) if verdict is Outcome.DISPERSED else None
    return Observed(
        alert_id=alert.alert_id,
        treatment=Treatment.SPOKEN if played else Treatment.NOT_SPOKEN,
        template_id=played[0].template_id if played else "",
        grid_code=alert.grid_code or "",
        began_utc=began,
        verdict=verdict,
        dispersed_after_s=None if gone_utc is None else max(0.0, _seconds(began, gone_utc)),
        watched_s=max(0.0, _seconds(began, max(looks))),
        relapsed=followers.has_relapsed(alert) or any(one.relapse_alert_id for one in effects),
        displaced=gone_utc is not None and followers.was_displaced(alert, gone_utc),
    )


def _gone_utc(effects: list[EffectRecord]) -> datetime | None:
    """When the crowd had dispersed; a record without the moment gives its last look instead."""
    for effect in reversed(effects):
        if effect.verdict is Outcome.DISPERSED:
            last_s = max((s.dt_s for s in effect.samples if s.count.is_valid), default=0.0)
            after_s = effect.dispersed_after_s
            after_s = last_s if after_s is None else after_s
            return effect.observing_since_utc + timedelta(seconds=after_s)
    return None


def _seconds(since: datetime, until: datetime) -> float:
    return (until - since).total_seconds()


def _by_alert(records: Iterable[R]) -> dict[str, list[R]]:
    found: dict[str, list[R]] = {}
    for record in records:
        found.setdefault(record.alert_id, []).append(record)
    return found
