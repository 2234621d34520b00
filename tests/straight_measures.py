"""Figures computed straight from whole records, slow and plain: what the narrow rows must say."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any, TypeVar

from ground_station.alert_levels import AlertLevel
from ground_station.alerts import SAME_CROWD_M, AlertState, CrowdAlert, Outcome
from ground_station.announcements import Announcement, AnnouncementState
from ground_station.casework.case import Case
from ground_station.casework.states import CaseState
from ground_station.measuring.effects import Observed, Share, Treatment, wilson
from ground_station.measuring.reading import AFTERWARDS
from ground_station.sorties import EffectRecord, SortieRecord
from ground_station.store.figures import us_of
from patrol.clock import SHANGHAI
from patrol.geo import distance_m
from patrol.sighting import Sighting

DISPLACED_M = 100.0
R = TypeVar("R", Announcement, EffectRecord)


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    """The records of a window, oldest first."""

    alerts: tuple[CrowdAlert, ...] = ()
    followers: tuple[CrowdAlert, ...] = ()  # of any grid, until a while after the window
    announcements: tuple[Announcement, ...] = ()
    effects: tuple[EffectRecord, ...] = ()
    cases: tuple[Case, ...] = ()
    reworked: frozenset[str] = frozenset()  # case numbers
    sorties: tuple[SortieRecord, ...] = ()
    sightings: tuple[Sighting, ...] = ()


def observed(measured: Everything) -> list[Observed]:
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
        began_us=us_of(began),
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


def precision(
    alerts: Iterable[CrowdAlert], key: Callable[[CrowdAlert], str]
) -> list[tuple[str, int, int, tuple[tuple[str, int], ...]]]:
    """Key, right, answered, and why the others were dismissed."""
    groups: dict[str, list[CrowdAlert]] = {}
    for alert in alerts:
        if alert.dismissed_reason or alert.acknowledged_by:
            groups.setdefault(key(alert), []).append(alert)
    found = []
    for name in sorted(groups):
        wrong = [one for one in groups[name] if _is_dismissed(one)]
        reasons = tuple(Counter(one.dismissed_reason for one in wrong).most_common())
        found.append((name, len(groups[name]) - len(wrong), len(groups[name]), reasons))
    return found


def _is_dismissed(alert: CrowdAlert) -> bool:
    return bool(alert.dismissed_reason) or alert.state is AlertState.DISMISSED


def responses(everything: Everything, digits: int) -> dict[str, dict[str, Any]]:
    """By key: the sorted times and who waits, and both shares."""
    codes = [one.grid_code for one in everything.alerts]
    codes += [one.grid_code for one in everything.cases]
    return {key: _responses(key, everything, digits) for key in {_key(c, digits) for c in codes}}


def _responses(key: str, everything: Everything, digits: int) -> dict[str, Any]:
    alerts = [one for one in everything.alerts if _key(one.grid_code, digits) == key]
    first: dict[str, datetime] = {}
    for said in everything.announcements:
        if said.started_utc is not None:
            first.setdefault(said.alert_id, said.started_utc)
    cases = [
        one
        for one in everything.cases
        if _key(one.grid_code, digits) == key and not one.is_record_only
    ]
    closed = [one for one in cases if one.state in (CaseState.CLOSED, CaseState.EVALUATED)]
    return {
        "raised_to_acknowledged": _spread(
            (one.raised_utc, one.acknowledged_utc)
            for one in alerts
            if one.acknowledged_utc is not None or _is_waiting(one)
        ),
        "acknowledged_to_words": _spread(
            (one.acknowledged_utc, first[one.alert_id]) for one in alerts if one.alert_id in first
        ),
        "dispatched_to_accepted": _spread((one.dispatched_utc, one.accepted_utc) for one in cases),
        "filed_to_closed": _spread((one.filed_utc, one.closed_utc) for one in cases),
        "closed_on_time": _share(_is_on_time(one) for one in closed),
        "reworked": _share(one.case_no in everything.reworked for one in closed),
    }


def _spread(
    pairs: Iterable[tuple[datetime | None, datetime | None]],
) -> tuple[int, float | None, float | None, int]:
    """How many, the middle and the longest of them in seconds, and how many wait."""
    begun = [(since, until) for since, until in pairs if since is not None]
    times = sorted((until - since).total_seconds() for since, until in begun if until is not None)
    middle_s = median(times) if times else None
    return len(times), middle_s, times[-1] if times else None, len(begun) - len(times)


def _is_on_time(case: Case) -> bool:
    done_utc = case.fed_back_utc or case.closed_utc
    return done_utc is not None and done_utc <= case.due_utc


def kpis(everything: Everything, grids: frozenset[str]) -> dict[str, Any]:
    """The figures of the wall but for the responses."""
    seen = observed(everything)
    gone = [one for one in seen if one.dispersed_after_s is not None]
    answered = [one for one in everything.alerts if one.acknowledged_by or _is_dismissed(one)]
    played = [a for a in everything.announcements if a.state is AnnouncementState.PLAYED]
    near = [s for s in everything.sightings if s.nearest_person_m is not None]
    return {
        "coverage": _coverage(everything, grids),
        "sorties": sum(one.takeoff_utc is not None for one in everything.sorties),
        "sorties_abnormal": sum(bool(one.abnormal) for one in everything.sorties),
        "alerts": len(everything.alerts),
        "precision": _share(not _is_dismissed(one) for one in answered),
        "dispersed": {
            kind.value: _share(
                one.dispersed_after_s is not None for one in seen if one.treatment is kind
            )
            for kind in Treatment
        },
        "relapsed": _share(one.relapsed for one in gone),
        "displaced": _share(one.displaced for one in gone),
        "unwatched": len(everything.alerts) - len(seen),
        "valid_looks": _share(s.count.is_valid for e in everything.effects for s in e.samples),
        "nearest_person_m": min((s.nearest_person_m or 0.0 for s in near), default=None),
        "standoff_broken": sum(
            s.standoff_need_m is not None and (s.nearest_person_m or 0.0) < s.standoff_need_m
            for s in near
        ),
        "announcements_by_grid": dict(Counter(a.grid_code or "" for a in played)),
        "announcements_at_night": sum(_is_night(a.started_utc or a.created_utc) for a in played),
    }


def _coverage(everything: Everything, grids: frozenset[str]) -> list[tuple[str, int, int]]:
    visited: dict[str, set[str]] = {}
    for one in everything.sorties:
        if one.takeoff_utc is None:
            continue
        day = one.takeoff_utc.astimezone(SHANGHAI).date().isoformat()
        whole = 0 < one.waypoint_total <= one.waypoint_index
        visited.setdefault(day, set()).update({one.grid_code} & grids if whole else set())
    return [(day, len(codes), len(grids)) for day, codes in sorted(visited.items())]


def _is_night(moment: datetime) -> bool:
    hour = moment.astimezone(SHANGHAI).hour
    return hour >= 22 or hour < 6


def _share(flags: Iterable[bool]) -> dict[str, Any]:
    known = list(flags)
    low, high = wilson(sum(known), len(known))
    return asdict(Share(k=sum(known), n=len(known), low=low, high=high))


def _key(code: str | None, digits: int) -> str:
    return (code or "")[:digits]


def _is_waiting(alert: CrowdAlert) -> bool:
    """For somebody of the squad; a critical crowd is the centre's and still waits."""
    if alert.state is AlertState.ESCALATED:
        return alert.level is AlertLevel.CRITICAL and not alert.acknowledged_by
    return alert.state is AlertState.RAISED
