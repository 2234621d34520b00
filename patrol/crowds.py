"""Where crowds were last seen, for whoever has to keep away from them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from patrol.geo import GeoPoint, distance_m, is_inside
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

    def see(self, seen: SeenCrowds) -> None:
        """Take a look."""
        oldest_utc = seen.time_utc - _KEPT_FOR
        kept = [
            (at_utc, crowd)
            for at_utc, crowd in self._known
            if at_utc > oldest_utc and not is_inside(crowd.centre, seen.footprint)
        ]
        self._known = [*kept, *((seen.time_utc, crowd) for crowd in seen.crowds)]

    def nearest(self, position: GeoPoint) -> PlacedPerson | None:
        """Who may be nearest, placing error taken off; None when no crowd is known."""
        people = (person for _, crowd in self._known for person in crowd.people)
        return min(people, key=lambda person: away_m(position, person), default=None)

    def clearance_m(self, way: Sequence[GeoPoint]) -> float:
        """The least room that the corners of a way leave to anybody; infinite without a crowd."""
        people = [person for _, crowd in self._known for person in crowd.people]
        return min((away_m(place, p) for place in way for p in people), default=math.inf)


def away_m(position: GeoPoint, person: PlacedPerson) -> float:
    """The least that the person may be away, horizontally."""
    return distance_m(position, person.point) - person.error_m
