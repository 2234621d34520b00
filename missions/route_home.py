"""The way back along the route: waypoints so near to one another that the nearest is always one of
the leg that is flown, and never one across a bay.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import replace

import numpy as np

from missions.flat import to_place
from missions.open_air import FORBIDDING, OpenAir, Surroundings
from missions.way_home import STEP_M, route_samples, troubles
from patrol.energy import is_turn
from patrol.plan import MissionPlan, WayHome, Waypoint
from patrol.way_home import way_back_m

# Metres between waypoints: first only where it is needed, then everywhere. Around a sharp corner
# and beside a narrow bay, half of it has to be less than to the leg beyond, and all of it more.
_WHERE_NEEDED_M = 60.0
_EVERYWHERE_M = (28.0, 36.0, 32.0)
_ROUNDS = 3  # of halving what is left


def along_route(plan: MissionPlan, around: Surroundings) -> MissionPlan | None:
    """The plan with a return along its route; None where that is not safe either.

    A leg from which the nearest waypoint lies across a bay gets further ones.
    """
    air = OpenAir(plan, around)
    other = replace(plan, way_home=WayHome.ROUTE, rally_points=())
    if _is_closed(other, air):
        return None
    needed = _troubled(other, air)
    if not needed:
        return other
    everywhere = range(len(other.waypoints))
    for legs, apart_m in ((needed, _WHERE_NEEDED_M), *((everywhere, m) for m in _EVERYWHERE_M)):
        nearer = _with_more(other, air, legs, apart_m)
        for _ in range(_ROUNDS):
            left = _troubled(nearer, air)
            if not left:
                return nearer
            nearer = _with_more(nearer, air, left, apart_m / 2.0)
    return None


def longest_out_and_back_m(plan: MissionPlan) -> tuple[float, int]:
    """The farthest that is flown when called home at the worst place, and the turns it takes."""
    air = OpenAir(plan, Surroundings())
    samples = route_samples(plan, air, 10.0 * STEP_M)
    turned = np.cumsum(_turns(plan))
    worst_m, turns = 0.0, 0
    for position, leg, flown_m in zip(
        samples.positions, samples.legs, samples.flown_m, strict=True
    ):
        whole_m = float(flown_m) + way_back_m(to_place(position, air.frame), plan)
        if whole_m > worst_m:
            worst_m, turns = whole_m, 2 * int(turned[leg])
    return worst_m, turns


def _turns(plan: MissionPlan) -> list[bool]:
    """Of each waypoint whether it is more than a place on a straight line."""
    places = [plan.home, *(waypoint.point for waypoint in plan.waypoints), plan.home]
    return [is_turn(*three) for three in zip(places, places[1:], places[2:], strict=False)]


def _is_closed(plan: MissionPlan, air: OpenAir) -> bool:
    """Whether the route itself is no way back, wherever it begins."""
    places = np.array([air.position(waypoint.point) for waypoint in plan.waypoints])
    found = air.troubles(places, np.vstack([[air.home], places[:-1]]))
    return any(found[reason].any() for reason in FORBIDDING if reason in found)


def _troubled(plan: MissionPlan, air: OpenAir) -> set[int]:
    """The legs from somewhere on which the nearest waypoint is not reached safely."""
    samples = route_samples(plan, air)
    found = troubles(plan, air, samples)
    flags = [found[reason] for reason in FORBIDDING if reason in found]
    return {int(leg) for leg in samples.legs[np.logical_or.reduce(flags)]}


def _with_more(
    plan: MissionPlan, air: OpenAir, legs: Collection[int], apart_m: float
) -> MissionPlan:
    """The plan with further waypoints on those legs."""
    return replace(plan, waypoints=tuple(_more(plan, air, legs, apart_m)))


def _more(
    plan: MissionPlan, air: OpenAir, legs: Collection[int], apart_m: float
) -> Iterator[Waypoint]:
    at, ground_m = air.home, 0.0
    for leg, waypoint in enumerate(plan.waypoints):
        end, end_ground_m = air.position(waypoint.point), waypoint.ground_above_home_m
        count = max(1, round(math.dist(at, end) / apart_m)) if leg in legs else 1
        for number in range(1, count):
            share = number / count
            place = (at[0] + (end[0] - at[0]) * share, at[1] + (end[1] - at[1]) * share)
            here_m = None
            if end_ground_m is not None:
                here_m = round(ground_m + (end_ground_m - ground_m) * share, 1)
            yield replace(
                waypoint, point=to_place(place, air.frame), hold_s=0.0,
                ground_above_home_m=here_m, is_transit=waypoint.is_transit or leg == 0,
            )  # fmt: skip
        # On the way out nobody is counted, nor on the leg that it ends with.
        yield replace(waypoint, is_transit=True) if leg == 0 and count > 1 else waypoint
        at, ground_m = end, end_ground_m or 0.0
