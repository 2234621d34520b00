"""The few figures that a centre shows (DOMAIN 8.1), as far as the records carry them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ground_station.measuring.effects import Share, Treatment, share
from ground_station.measuring.reading import Answers, Counted, Watched
from ground_station.measuring.responses import Responses, responses_by, share_of
from ground_station.measuring.watching import observed


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


def kpis_of(counted: Counted, watched: Watched, answers: Answers, grids: Iterable[str]) -> Kpis:
    """All of them at once; `grids` are the codes of the part that is looked at."""
    seen = observed(watched)
    gone = [one for one in seen if one.dispersed_after_s is not None]
    answered = [one for one in answers.alerts if one.is_acknowledged or one.is_dismissed]
    return Kpis(
        coverage=_coverage(counted, frozenset(grids)),
        sorties=counted.sorties,
        sorties_abnormal=counted.sorties_abnormal,
        alerts=len(answers.alerts),
        precision=share_of(not one.is_dismissed for one in answered),
        dispersed={
            kind.value: share_of(
                one.dispersed_after_s is not None for one in seen if one.treatment is kind
            )
            for kind in Treatment
        },
        relapsed=share_of(one.relapsed for one in gone),
        displaced=share_of(one.displaced for one in gone),
        unwatched=len(answers.alerts) - len(seen),
        valid_looks=share(counted.valid_looks, counted.looks),
        nearest_person_m=counted.nearest_m,
        standoff_broken=counted.too_near,
        announcements_by_grid=dict(counted.played_by_grid or {}),
        announcements_at_night=counted.played_at_night,
        responses=tuple(responses_by(answers, 0)),
    )


def _coverage(counted: Counted, grids: frozenset[str]) -> tuple[DayCoverage, ...]:
    visited: dict[str, set[str]] = {}
    for day, code, is_whole in counted.visits:
        visited.setdefault(day, set()).update({code} & grids if is_whole else set())
    return tuple(
        DayCoverage(day=day, visited=len(codes), grids=len(grids))
        for day, codes in sorted(visited.items())
    )
