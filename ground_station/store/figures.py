"""What figures are made of: one narrow row beside each record, written in the record's own write.

A month of alerts is then read without a single JSON body. A row follows from the records alone:
`make_all` makes every one of them again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select

from ground_station.alerts import AlertState, CrowdAlert, Outcome
from ground_station.announcements import Announcement, AnnouncementState
from ground_station.casework.case import Case
from ground_station.casework.dispatches import Dispatch
from ground_station.casework.states import CaseState
from ground_station.sorties import EffectRecord, SortieRecord
from ground_station.store import tables
from ground_station.store.codec import decode
from patrol.clock import SHANGHAI, utc_text
from patrol.sighting import Sighting

NIGHT_FROM, NIGHT_UNTIL = 22, 6  # hours in Shanghai
_DONE = frozenset({CaseState.CLOSED, CaseState.EVALUATED})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
_AT_ONCE = 500
Values = dict[str, Any]


def us_of(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - _EPOCH) // _US


def alert_figures(
    alert: CrowdAlert, said: Sequence[Announcement], effects: Sequence[EffectRecord]
) -> Values:
    """Of an alert, what was announced for it and what was measured of it, both oldest first."""
    words_utc = next((one.started_utc for one in said if one.started_utc is not None), None)
    return {
        "id": alert.alert_id,
        "t_utc": utc_text(alert.raised_utc),
        "grid_code": alert.grid_code,
        "is_exercise": alert.is_exercise,
        "rule": alert.rule,
        "hour": _hour(alert.raised_utc),
        "raised_us": us_of(alert.raised_utc),
        "is_unanswered": alert.is_unanswered,
        "is_acknowledged": bool(alert.acknowledged_by),
        # Closing it afterwards changes nothing: a person said that it was none.
        "is_dismissed": bool(alert.dismissed_reason) or alert.state is AlertState.DISMISSED,
        "dismissed_reason": alert.dismissed_reason,
        "acknowledged_after_us": _between(alert.raised_utc, alert.acknowledged_utc),
        "words_after_us": _between(alert.acknowledged_utc, words_utc),
        "relapse_of": alert.relapse_of,
        "lat_deg": alert.place.lat_deg,
        "lon_deg": alert.place.lon_deg,
        **_observed(alert, said, effects),
    }


def _observed(
    alert: CrowdAlert, said: Sequence[Announcement], effects: Sequence[EffectRecord]
) -> Values:
    looks = [
        effect.observing_since_utc + timedelta(seconds=sample.dt_s)
        for effect in effects
        for sample in effect.samples
        if sample.count.is_valid
    ]
    played = [one for one in said if one.state is AnnouncementState.PLAYED and one.started_utc]
    # The clock of the curve starts when the first words were said, whatever was said later.
    began = min((one.finished_utc or one.created_utc for one in played), default=alert.raised_utc)
    verdict = alert.outcome or (effects[-1].verdict if effects else None)
    gone_utc = _gone_utc(effects) if looks and verdict is Outcome.DISPERSED else None
    return {
        "is_watched": bool(looks),
        "is_spoken": bool(played),
        "template_id": played[0].template_id if played else "",
        "began_us": us_of(began),
        "verdict": verdict.value if verdict else "",
        "gone_us": None if gone_utc is None else us_of(gone_utc),
        "dispersed_after_us": None if gone_utc is None else max(0, (gone_utc - began) // _US),
        "watched_us": max(0, (max(looks) - began) // _US) if looks else None,
        "is_relapsed": any(one.relapse_alert_id for one in effects),
    }


def _gone_utc(effects: Sequence[EffectRecord]) -> datetime | None:
    """When the crowd had dispersed; a record without the moment gives its last look instead."""
    for effect in reversed(effects):
        if effect.verdict is Outcome.DISPERSED:
            last_s = max((s.dt_s for s in effect.samples if s.count.is_valid), default=0.0)
            after_s = effect.dispersed_after_s
            after_s = last_s if after_s is None else after_s
            return effect.observing_since_utc + timedelta(seconds=after_s)
    return None


def case_figures(case: Case) -> Values:
    """Of a case: how fast it was handled, and when its clocks run out."""
    done_utc = case.fed_back_utc or case.closed_utc
    first, handle = case.clocks
    return {
        "id": case.case_no,
        "t_utc": utc_text(case.filed_utc),
        "grid_code": case.grid_code,
        "is_exercise": case.is_exercise,
        "kind": case.kind,
        "state": case.state.value,
        "tier": case.tier.value,
        "is_open": case.is_open,
        "is_record_only": case.is_record_only,
        "is_done": case.state in _DONE,
        # In time is who had fed back, or was closed, before the clock ran out.
        "is_on_time": done_utc is not None and done_utc <= case.due_utc,
        "is_dispatched": case.dispatched_utc is not None,
        "accepted_after_us": _between(case.dispatched_utc, case.accepted_utc),
        "closed_after_us": _between(case.filed_utc, case.closed_utc),
        "closed_utc": "" if case.closed_utc is None else utc_text(case.closed_utc),
        "due_us": us_of(case.due_utc),
        "clock": first.name if first else "",
        "clock_us": us_of(first.due_utc) if first else None,
        "handle_us": us_of(handle.due_utc) if handle else None,
    }


def dispatch_figures(task: Dispatch) -> Values:
    """Of a task: who owes a reply, and until when."""
    return {
        "id": task.dispatch_id,
        "t_utc": utc_text(task.sent_utc),
        "grid_code": task.grid_code,
        "is_exercise": task.is_exercise,
        "case_no": task.case_no,
        "unit": task.unit.unit,
        "is_open": task.is_open,
        "due_us": us_of(task.due_utc),
    }


def announcement_figures(said: Announcement) -> Values:
    """Of an announcement."""
    hour = (said.started_utc or said.created_utc).astimezone(SHANGHAI).hour
    return {
        "id": said.announcement_id,
        "t_utc": utc_text(said.created_utc),
        "grid_code": said.grid_code,
        "is_exercise": said.is_exercise,
        "is_played": said.state is AnnouncementState.PLAYED,
        "is_at_night": hour >= NIGHT_FROM or hour < NIGHT_UNTIL,
    }


def effect_figures(effect: EffectRecord) -> Values:
    """Of a measured effect."""
    return {
        "id": effect.effect_id,
        "t_utc": utc_text(effect.observing_since_utc),
        "grid_code": effect.grid_code,
        "is_exercise": effect.is_exercise,
        "looks": len(effect.samples),
        "valid_looks": sum(sample.count.is_valid for sample in effect.samples),
    }


def sighting_figures(sighting: Sighting, *, is_exercise: bool) -> Values:
    """Of a sighting: how near anybody was, and whether that was nearer than the rule asks for."""
    near_m, need_m = sighting.nearest_person_m, sighting.standoff_need_m
    return {
        "id": sighting.sighting_id,
        "t_utc": utc_text(sighting.time_utc),
        "grid_code": sighting.grid_code,
        "is_exercise": is_exercise,
        "nearest_m": near_m,
        "is_too_near": near_m is not None and need_m is not None and near_m < need_m,
    }


def sortie_figures(sortie: SortieRecord) -> Values:
    """Of a sortie."""
    took_off = sortie.takeoff_utc
    return {
        "id": sortie.sortie_id,
        "t_utc": utc_text(sortie.created_utc),
        "grid_code": sortie.grid_code,
        "is_exercise": sortie.is_exercise,
        "day": took_off.astimezone(SHANGHAI).date().isoformat() if took_off else "",
        "is_whole": sortie.is_flown_to_its_end,
        "is_abnormal": bool(sortie.abnormal),
    }


def _between(since: datetime | None, until: datetime | None) -> int | None:
    return None if since is None or until is None else (until - since) // _US


def _hour(moment: datetime) -> str:
    return f"{moment.astimezone(SHANGHAI):%H}"


def refresh(connection: Connection, table: Table, body: Values) -> None:
    """Write what follows from a record that was just saved; other kinds have no figures."""
    single = _SINGLE.get(table.name)
    if single is not None:
        target, values_of = single
        _put(connection, target, values_of(body))
    if table is tables.alerts:
        _put_alert(connection, body)
    elif table in (tables.announcements, tables.effects):
        query = select(tables.alerts.c.body_json).where(tables.alerts.c.id == body["alert_id"])
        text = connection.execute(query).scalar()
        if text is not None:  # or the alert, when it is saved, finds what was said of it
            _put_alert(connection, json.loads(text))


_SINGLE: dict[str, tuple[Table, Callable[[Values], Values]]] = {
    "cases": (tables.case_figures, lambda b: case_figures(decode(Case, b))),
    "dispatches": (tables.dispatch_figures, lambda b: dispatch_figures(decode(Dispatch, b))),
    "announcements": (
        tables.announcement_figures, lambda b: announcement_figures(decode(Announcement, b)),
    ),
    "effects": (tables.effect_figures, lambda b: effect_figures(decode(EffectRecord, b))),
    "sightings": (
        tables.sighting_figures,
        lambda b: sighting_figures(
            decode(Sighting, b["sighting"]), is_exercise=bool(b["is_exercise"])
        ),
    ),
    "sorties": (tables.sortie_figures, lambda b: sortie_figures(decode(SortieRecord, b))),
}  # fmt: skip


def _put(connection: Connection, table: Table, values: Values) -> None:
    connection.execute(delete(table).where(table.c.id == values["id"]))
    connection.execute(insert(table).values(values))


def _put_alert(connection: Connection, body: Values) -> None:
    name = body["alert_id"]
    said = _by_alert(connection, tables.announcements, [name]).get(name, [])
    effects = _by_alert(connection, tables.effects, [name]).get(name, [])
    _put(connection, tables.alert_figures, _of_alert(body, said, effects))


def _of_alert(body: Values, said: list[Values], effects: list[Values]) -> Values:
    return alert_figures(
        decode(CrowdAlert, body),
        [decode(Announcement, one) for one in said],
        [decode(EffectRecord, one) for one in effects],
    )


def make_all(connection: Connection) -> None:
    """Fill the empty tables of figures from all the records there are."""
    for name, (target, values_of) in _SINGLE.items():
        for some in _bodies(connection, tables.metadata.tables[name]):
            connection.execute(insert(target), [values_of(body) for body in some])
    for some in _bodies(connection, tables.alerts):
        ids = [body["alert_id"] for body in some]
        said = _by_alert(connection, tables.announcements, ids)
        effects = _by_alert(connection, tables.effects, ids)
        rows = [
            _of_alert(body, said.get(name, []), effects.get(name, []))
            for name, body in zip(ids, some, strict=True)
        ]
        connection.execute(insert(tables.alert_figures), rows)


def _bodies(connection: Connection, table: Table) -> Iterator[list[Values]]:
    c, last = table.c, ""
    while True:
        query = select(c.id, c.body_json).where(c.id > last).order_by(c.id).limit(_AT_ONCE)
        rows = connection.execute(query).all()
        if not rows:
            return
        yield [json.loads(row.body_json) for row in rows]
        last = rows[-1].id


def _by_alert(
    connection: Connection, table: Table, alert_ids: list[str]
) -> dict[str, list[Values]]:
    """Oldest first."""
    c = table.c
    query = select(c.body_json).where(c.alert_id.in_(alert_ids)).order_by(c.t_utc, c.id)
    found: dict[str, list[Values]] = {}
    for text in connection.execute(query).scalars():
        body = json.loads(text)
        found.setdefault(body["alert_id"], []).append(body)
    return found
