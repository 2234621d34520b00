"""The gathering rule over time: candidate, raised, cleared. It decides nothing else."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from patrol.geo import GeoPoint, distance_m, is_inside
from patrol.locate import GridLocator
from patrol.sighting import Cluster, Count, Look, Sighting, SightingKind, Stage, poisson_count
from vision.clusters import clusters
from vision.crowd_rules import CrowdRules

__all__ = ["CrowdRules", "GatheringWatch", "clusters"]

_RECENT_LOOKS = 5  # a candidate needs three of these
_FORGOTTEN_AFTER = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    time_utc: datetime
    cluster: Cluster | None  # None: the place was in view and no cluster was there


@dataclass(slots=True, kw_only=True)
class _Track:
    """One crowd by its place."""

    place: GeoPoint
    since_utc: datetime
    history: list[_Seen] = field(default_factory=list)
    is_candidate: bool = False
    is_raised: bool = False
    candidate_utc: datetime | None = None
    raised_utc: datetime | None = None
    below_since_utc: datetime | None = None
    last_seen_utc: datetime | None = None
    judged_from_utc: datetime | None = None  # until then it is followed, and nothing is said


class GatheringWatch:
    """Follows the crowds of one sortie."""

    def __init__(self, *, rules: CrowdRules, locator: GridLocator, sortie: str) -> None:
        self._rules = rules
        self._locator = locator
        self._sortie = sortie
        self._tracks: list[_Track] = []
        self._made_count = 0

    def see(self, look: Look) -> list[Sighting]:
        """What this look changes. An invalid look changes nothing: it neither raises nor clears."""
        if not look.is_valid:
            return []
        found = [c for c in clusters(look, self._rules) if c.radius_m <= self._rules.radius_m]
        self._match(found, look)
        sightings = []
        for track in self._tracks:
            sightings.extend(self._judge(track, look))
        self._tracks = [
            track for track in self._tracks
            if look.captured_utc - (track.last_seen_utc or track.since_utc) < _FORGOTTEN_AFTER
        ]  # fmt: skip
        return sightings

    def judge_anew(self, place: GeoPoint, from_utc: datetime) -> None:
        """What stands here is a candidate again from then on, if it is a crowd; until then not."""
        for track in self._tracks:
            if distance_m(track.place, place) < self._rules.same_place_m:
                track.is_candidate = track.is_raised = False
                track.below_since_utc, track.judged_from_utc = None, from_utc

    def _match(self, found: list[Cluster], look: Look) -> None:
        """Each track takes the largest cluster near it; large ones without a track begin one."""
        left = list(found)
        for track in self._tracks:
            near = [
                cluster for cluster in left
                if distance_m(cluster.centre, track.place) < self._rules.same_place_m
            ]  # fmt: skip
            if near:
                chosen = near[0]
                # Small groups beside the largest one belong to the same place.
                left = [cluster for cluster in left if cluster not in near]
                track.place = chosen.centre
                track.last_seen_utc = look.captured_utc
                self._remember(track, _Seen(time_utc=look.captured_utc, cluster=chosen))
            elif _is_in_view(track.place, look):
                self._remember(track, _Seen(time_utc=look.captured_utc, cluster=None))
        for cluster in left:
            if cluster.count.estimate >= self._rules.n_clear:
                track = _Track(place=cluster.centre, since_utc=look.captured_utc)
                track.last_seen_utc = look.captured_utc
                self._remember(track, _Seen(time_utc=look.captured_utc, cluster=cluster))
                self._tracks.append(track)

    def _remember(self, track: _Track, seen: _Seen) -> None:
        track.history.append(seen)
        oldest = seen.time_utc - timedelta(seconds=2 * self._rules.on_delay_s)
        while track.history[0].time_utc < oldest and len(track.history) > _RECENT_LOOKS:
            track.history.pop(0)

    def _judge(self, track: _Track, look: Look) -> list[Sighting]:
        if not track.history or track.history[-1].time_utc != look.captured_utc:
            return []  # not in view of this look
        if track.judged_from_utc is not None and look.captured_utc <= track.judged_from_utc:
            return []
        if track.is_raised or track.is_candidate:
            cleared = self._clearing(track, look)
            if cleared:
                return [cleared]
        if not track.is_candidate and self._reached_in(track.history[-_RECENT_LOOKS:]) >= (
            self._rules.candidate_looks
        ):
            track.is_candidate, track.candidate_utc = True, look.captured_utc
            return [self._sighting(track, look, Stage.CANDIDATE)]
        if track.is_candidate and not track.is_raised and self._is_sustained(track, look):
            if self._is_silent(track, look):
                return []
            track.is_raised, track.raised_utc = True, look.captured_utc
            return [self._sighting(track, look, Stage.RAISED)]
        return []

    def _reached_in(self, history: list[_Seen]) -> int:
        return sum(
            1 for seen in history if seen.cluster and seen.cluster.count.low >= self._rules.n_raise
        )

    def _is_sustained(self, track: _Track, look: Look) -> bool:
        """The bound held over the whole on-delay: in 70 % of its valid looks, at least three.

        The delay runs from the candidate on: that is when the aircraft stops for a still picture.
        """
        start = look.captured_utc - timedelta(seconds=self._rules.on_delay_s)
        if track.candidate_utc is None or track.candidate_utc > start:
            return False
        recent = [seen for seen in track.history if seen.time_utc >= start]
        reached = self._reached_in(recent)
        return (
            reached >= self._rules.candidate_looks
            and reached >= self._rules.on_delay_share * len(recent)
        )

    def _is_silent(self, track: _Track, look: Look) -> bool:
        """At most one raise a crowd in the re-alarm time."""
        since = track.raised_utc
        return since is not None and look.captured_utc - since < timedelta(
            seconds=self._rules.re_alarm_s
        )

    def _clearing(self, track: _Track, look: Look) -> Sighting | None:
        newest = track.history[-1].cluster
        if newest is not None and newest.count.estimate > self._rules.n_clear:
            track.below_since_utc = None
            return None
        track.below_since_utc = track.below_since_utc or look.captured_utc
        below_s = (look.captured_utc - track.below_since_utc).total_seconds()
        if below_s < self._rules.off_delay_s:
            return None
        track.is_candidate = track.is_raised = False
        track.below_since_utc = None
        return self._sighting(track, look, Stage.CLEARED)

    def _sighting(self, track: _Track, look: Look, stage: Stage) -> Sighting:
        count, newest = self._count(track, look, stage)
        people = newest.people if newest else ()
        nearest_m = None
        if look.aircraft is not None and people:
            aircraft = look.aircraft
            nearest_m = min(
                distance_m(aircraft, person.point) - person.error_m for person in people
            )
        self._made_count += 1
        return Sighting(
            sighting_id=f"{self._sortie}-V{self._made_count:03d}",
            kind=SightingKind.GATHERING,
            stage=stage,
            time_utc=look.captured_utc,
            place=track.place,
            error_m=newest.error_m if newest else 0.0,
            radius_m=newest.radius_m if newest else 0.0,
            count=count,
            area_m2=newest.area_m2 if newest else None,
            grid_code=self._locator.grid_at(track.place),
            sortie=self._sortie,
            rule=self._rules.gathering,
            nearest_person_m=nearest_m,
            standoff_need_m=None
            if look.aircraft_height_agl_m is None
            else max(self._rules.standoff_min_m, look.aircraft_height_agl_m),
        )

    def _count(self, track: _Track, look: Look, stage: Stage) -> tuple[Count, Cluster | None]:
        """The median of the looks that the stage rests on, and the newest cluster among them."""
        window_s = self._rules.on_delay_s if stage is Stage.RAISED else 0.0
        start = look.captured_utc - timedelta(seconds=window_s)
        used = [seen for seen in track.history if seen.time_utc >= start]
        if stage is Stage.CANDIDATE:
            used = [
                seen for seen in track.history[-_RECENT_LOOKS:]
                if seen.cluster and seen.cluster.count.low >= self._rules.n_raise
            ]  # fmt: skip
        sizes = [seen.cluster.count.estimate if seen.cluster else 0.0 for seen in used]
        newest = next((seen.cluster for seen in reversed(used) if seen.cluster), None)
        return poisson_count(statistics.median(sizes) if sizes else 0.0), newest


def _is_in_view(place: GeoPoint, look: Look) -> bool:
    return bool(look.footprint) and is_inside(place, look.footprint)
