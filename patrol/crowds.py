"""Where crowds were last seen, for whoever has to keep away from them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from patrol.geo import GeoPoint, LocalFrame, distance_m, is_inside
from patrol.sighting import PlacedPerson

_KEPT_FOR = timedelta(minutes=10)  # not having looked again is not an empty place


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenCrowd:
    """People who may be a crowd by the upper bound of their count."""

    centre: GeoPoint
    people: tuple[PlacedPerson, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenCrowds:
    """The crowds of one valid look, and the ground that it had in view."""

    time_utc: datetime  # world time of the look
    crowds: tuple[SeenCrowd, ...]
    footprint: tuple[GeoPoint, ...]
    vehicle_id: str | None = None  # whose camera looked; None: not told


class KnownCrowds:
    """The newest word on every place: a look replaces what it had in view, the rest is kept."""

    def __init__(self) -> None:
        self._known: list[tuple[datetime, SeenCrowd]] = []
        self._discs: list[tuple[GeoPoint, float]] = []  # around each crowd, everybody in it

    def see(self, seen: SeenCrowds) -> None:
        """Take a look."""
        oldest_utc = seen.time_utc - _KEPT_FOR
        kept = [
            (at_utc, crowd)
            for at_utc, crowd in self._known
            if at_utc > oldest_utc and not is_inside(crowd.centre, seen.footprint)
        ]
        self._known = [*kept, *((seen.time_utc, crowd) for crowd in seen.crowds)]
        self._discs = [(crowd.centre, _reach_m(crowd)) for _, crowd in self._known]

    def nearest(self, position: GeoPoint) -> PlacedPerson | None:
        """Who may be nearest, placing error taken off; None when no crowd is known."""
        people = (person for _, crowd in self._known for person in crowd.people)
        return min(people, key=lambda person: away_m(position, person), default=None)

    def clearance_m(self, way: Sequence[GeoPoint]) -> float:
        """The least room that the corners of a way leave to anybody; infinite without a crowd."""
        people = [person for _, crowd in self._known for person in crowd.people]
        return min((away_m(place, p) for place in way for p in people), default=math.inf)

    def is_passed(self, way: Sequence[GeoPoint], within_m: float) -> bool:
        """Whether a way of straight lines may lead past anybody nearer than that."""
        return any(
            _to_line_m(centre, start, end) - reach_m < within_m
            for centre, reach_m in self._discs
            for start, end in zip(way, way[1:], strict=False)
        )


def _reach_m(crowd: SeenCrowd) -> float:
    return max((distance_m(crowd.centre, p.point) + p.error_m for p in crowd.people), default=0.0)


def _to_line_m(place: GeoPoint, start: GeoPoint, end: GeoPoint) -> float:
    """From a place to the nearest point of a straight line."""
    frame = LocalFrame(origin=place)
    a, b = frame.to_enu(start), frame.to_enu(end)
    east_m, north_m = b.east_m - a.east_m, b.north_m - a.north_m
    length_sq = east_m**2 + north_m**2 or 1.0
    share = min(1.0, max(0.0, -(a.east_m * east_m + a.north_m * north_m) / length_sq))
    return math.hypot(a.east_m + share * east_m, a.north_m + share * north_m)


def away_m(position: GeoPoint, person: PlacedPerson) -> float:
    """The least that the person may be away, horizontally."""
    return distance_m(position, person.point) - person.error_m
