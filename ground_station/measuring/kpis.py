"""The few figures that a centre shows (DOMAIN 8.1), as far as the records carry them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ground_station.announcements import AnnouncementState
from ground_station.measuring.effects import Share, Treatment, wilson
from ground_station.measuring.precision import is_dismissed
from ground_station.measuring.reading import Measured, observed
from ground_station.measuring.responses import Responses, responses_by
from patrol.clock import SHANGHAI

NIGHT_FROM, NIGHT_UNTIL = 22, 6  # hours in Shanghai


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCoverage:
    """Grids with a sortie flown to its end, of all grids, on one day in Shanghai."""

    day: str
    visited: int
    grids: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpis:
    """Each with its n; a share of few is told as k of n only."""

    coverage: tuple[DayCoverage, ...]
    sorties: int
    sorties_abnormal: int
    alerts: int
    precision: Share
    dispersed: Mapping[str, Share]  # "spoken" and "not spoken"
    relapsed: Share
    displaced: Share
    unwatched: int  # alerts of which nobody saw the end
    valid_looks: Share
    nearest_person_m: float | None
    standoff_broken: int  # sightings nearer than the rule asks for
    announcements_by_grid: Mapping[str, int]
    announcements_at_night: int
    responses: tuple[Responses, ...]  # of the whole


def kpis_of(measured: Measured, grids: Iterable[str]) -> Kpis:
    """All of them at once; `grids` are the codes of the part that is looked at."""
    seen = observed(measured)
    gone = [one for one in seen if one.dispersed_after_s is not None]
    answered = [one for one in measured.alerts if one.acknowledged_by or is_dismissed(one)]
    played = [a for a in measured.announcements if a.state is AnnouncementState.PLAYED]
    looks = [s.count.is_valid for effect in measured.effects for s in effect.samples]
    near = [s for s in measured.sightings if s.nearest_person_m is not None]
    return Kpis(
        coverage=_coverage(measured, frozenset(grids)),
        sorties=sum(one.takeoff_utc is not None for one in measured.sorties),
        sorties_abnormal=sum(bool(one.abnormal) for one in measured.sorties),
        alerts=len(measured.alerts),
        precision=_share(not is_dismissed(one) for one in answered),
        dispersed={
            kind.value: _share(
                one.dispersed_after_s is not None for one in seen if one.treatment is kind
            )
            for kind in Treatment
        },
        relapsed=_share(one.relapsed for one in gone),
        displaced=_share(one.displaced for one in gone),
        unwatched=len(measured.alerts) - len(seen),
        valid_looks=_share(looks),
        nearest_person_m=min((s.nearest_person_m or 0.0 for s in near), default=None),
        standoff_broken=sum(
            s.standoff_need_m is not None and (s.nearest_person_m or 0.0) < s.standoff_need_m
            for s in near
        ),
        announcements_by_grid=dict(Counter(a.grid_code or "" for a in played)),
        announcements_at_night=sum(_is_night(a.started_utc or a.created_utc) for a in played),
        responses=tuple(responses_by(measured, 0)),
    )


def _coverage(measured: Measured, grids: frozenset[str]) -> tuple[DayCoverage, ...]:
    visited: dict[str, set[str]] = {}
    for one in measured.sorties:
        if one.takeoff_utc is None:
            continue
        day = one.takeoff_utc.astimezone(SHANGHAI).date().isoformat()
        whole = 0 < one.waypoint_total <= one.waypoint_index
        visited.setdefault(day, set()).update({one.grid_code} & grids if whole else set())
    return tuple(
        DayCoverage(day=day, visited=len(codes), grids=len(grids))
        for day, codes in sorted(visited.items())
    )


def _is_night(moment: datetime) -> bool:
    hour = moment.astimezone(SHANGHAI).hour
    return hour >= NIGHT_FROM or hour < NIGHT_UNTIL


def _share(flags: Iterable[bool]) -> Share:
    known = list(flags)
    k, n = sum(known), len(known)
    low, high = wilson(k, n)
    return Share(k=k, n=n, low=low, high=high)
