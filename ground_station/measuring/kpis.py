"""The few figures that a centre shows (DOMAIN 8.1), as far as the records carry them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ground_station.measuring.counting import Counted
from ground_station.measuring.effects import Share, Treatment
from ground_station.measuring.responses import Responses


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


def kpis_of(counted: Counted, grids: Iterable[str]) -> Kpis:
    """All of them at once; `grids` are the codes of the part that is looked at."""
    return Kpis(
        coverage=_coverage(counted, frozenset(grids)),
        sorties=counted.sorties,
        sorties_abnormal=counted.sorties_abnormal,
        alerts=counted.alerts,
        precision=counted.precision,
        dispersed={
            Treatment.SPOKEN.value: counted.spoken,
            Treatment.NOT_SPOKEN.value: counted.not_spoken,
        },
        relapsed=counted.relapsed,
        displaced=counted.displaced,
        unwatched=counted.alerts - counted.watched,
        valid_looks=counted.valid_looks,
        nearest_person_m=counted.nearest_m,
        standoff_broken=counted.too_near,
        announcements_by_grid=counted.played_by_grid,
        announcements_at_night=counted.played_at_night,
        responses=counted.responses,
    )


def _coverage(counted: Counted, grids: frozenset[str]) -> tuple[DayCoverage, ...]:
    visited: dict[str, set[str]] = {}
    for day, code, is_whole in counted.visits:
        visited.setdefault(day, set()).update({code} & grids if is_whole else set())
    return tuple(
        DayCoverage(day=day, visited=len(codes), grids=len(grids))
        for day, codes in sorted(visited.items())
    )
