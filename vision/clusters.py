"""People linked by distance into clusters, in metres on the ground."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from patrol.geo import Enu, GeoPoint, LocalFrame
from patrol.sighting import Cluster, Look, PlacedPerson, poisson_count
from vision.crowd_rules import CrowdRules

Metres = NDArray[np.float64]  # N x 2: east, north


def clusters(look: Look, rules: CrowdRules) -> list[Cluster]:
    """Clusters of countable people in one valid look, largest first; none in an invalid one."""
    people = [person for person in look.people if person.is_countable]
    if not look.is_valid or not people:
        return []
    frame = LocalFrame(origin=people[0].point)
    spots = np.array(
        [(enu.east_m, enu.north_m) for enu in (frame.to_enu(person.point) for person in people)]
    )
    errors_m = np.array([person.relative_error_m for person in people])
    found = [
        _cluster([people[i] for i in members], spots[members], frame)
        for members in linked(spots, errors_m, rules.link_distance_m)
    ]
    return sorted(found, key=lambda cluster: -cluster.count.estimate)


def linked(spots: Metres, errors_m: NDArray[np.float64], distance_m: float) -> list[list[int]]:
    """Indexes of spots joined by steps of at most that distance (DBSCAN with one neighbour).

    Two are linked where they may stand that near within 95 % of both placing errors (one sigma
    each): a bound taken hard would tear a crowd apart wherever one of it is placed a little off.
    """
    apart_m = np.linalg.norm(spots[:, None, :] - spots[None, :, :], axis=-1)
    gaps = apart_m <= distance_m + 1.96 * np.hypot(errors_m[:, None], errors_m[None, :])
    left, groups = set(range(len(spots))), []
    while left:
        group, edge = [], [left.pop()]
        while edge:
            at = edge.pop()
            group.append(at)
            near = [int(i) for i in np.flatnonzero(gaps[at]) if int(i) in left]
            left.difference_update(near)
            edge.extend(near)
        groups.append(sorted(group))
    return groups


def _cluster(people: list[PlacedPerson], spots: Metres, frame: LocalFrame) -> Cluster:
    middle = spots.mean(axis=0)
    reach_m = float(np.linalg.norm(spots - middle, axis=1).max())
    errors = [person.error_m for person in people]
    return Cluster(
        centre=_place(middle, frame),
        radius_m=reach_m,
        # Attitude and position errors are common to all of one look: they do not average out.
        error_m=sum(errors) / len(errors),
        count=poisson_count(len(people)),
        area_m2=math.pi * reach_m**2 if len(people) > 2 else None,
        people=tuple(people),
    )


def _place(spot: Metres, frame: LocalFrame) -> GeoPoint:
    return frame.to_geo(Enu(east_m=float(spot[0]), north_m=float(spot[1])))
