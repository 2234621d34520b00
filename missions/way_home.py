"""Whether the way home is safe from every part of a patrol, and which way it is to be.

It follows what PX4 v1.16 does: straight to the nearest landing place, or to the nearest waypoint
and back along the route. Pure geometry in ENU metres; what is flown is `patrol.way_home`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString

from missions.flat import to_place, to_positions
from missions.open_air import FORBIDDING, TERRAIN_UNKNOWN, Flags, OpenAir, Positions, Surroundings
from missions.rally import find_rally
from patrol.plan import Finding, Level, MissionPlan, RallyPoint, WayHome
from patrol.way_home import landing_places

STEP_M = 4.0  # between sampled points of a leg
# Between two samples, and by PX4's threshold of 2 m, another place may be the nearest.
CHOICE_M = STEP_M + 4.0
_WORDS = {
    "leaves_fence": ("leaves the fence", "越出电子围栏"),
    "kept_out": ("crosses a place that is kept out", "穿越禁飞区域"),
    "crowd": ("passes too near to a known crowd", "过于接近已知聚集人群"),
    "terrain": ("is too low above the ground", "离地高度不足"),
    "above_ceiling": ("is above the ceiling over low ground", "在低洼处真高超过上限"),
    "terrain_unknown": ("crosses ground whose elevation is not known", "经过高程未知的地面"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Points along the route: where, on which leg, and how far it was flown to there."""

    positions: Positions
    legs: NDArray[np.int64]
    flown_m: NDArray[np.float64]


def route_samples(plan: MissionPlan, air: OpenAir, step_m: float = STEP_M) -> Samples:
    """Every few metres of every leg, and where the patrol would stop before a known crowd."""
    corners = [air.home, *(air.position(waypoint.point) for waypoint in plan.waypoints)]
    positions, legs, flown = [], [], []
    passed_m = 0.0
    for leg, (start, end) in enumerate(zip(corners, corners[1:], strict=False)):
        length_m = math.dist(start, end)
        count = max(1, math.ceil(length_m / step_m))
        shares = np.linspace(0.0, 1.0, count + 1)
        if length_m and air.crowds:
            stops_m = list(_stops(LineString([start, end]), air))
            shares = np.union1d(shares, np.array(stops_m) / length_m)
        positions.append(np.array(start) + shares[:, None] * (np.array(end) - np.array(start)))
        legs.append(np.full(len(shares), leg))
        flown.append(passed_m + shares * length_m)
        passed_m += length_m
    return Samples(
        positions=np.concatenate(positions), legs=np.concatenate(legs),
        flown_m=np.concatenate(flown),
    )  # fmt: skip


def _stops(line: LineString, air: OpenAir) -> Iterator[float]:
    """How far along a leg the stand-off from a known crowd is reached, and left."""
    for centre, radius_m in air.crowds:
        met = centre.buffer(radius_m, quad_segs=32).exterior.intersection(line)
        for point in shapely.get_parts(met):
            yield float(line.project(point))


def troubles(plan: MissionPlan, air: OpenAir, samples: Samples) -> dict[str, Flags]:
    """For each reason, from which samples the plan's way home is not as it should be."""
    if plan.way_home is WayHome.ROUTE:
        places = np.array([air.position(waypoint.point) for waypoint in plan.waypoints])
        back = air.troubles(places, np.vstack([[air.home], places[:-1]]))
        # From the n-th waypoint every leg before it is flown back.
        beyond = {reason: np.logical_or.accumulate(flags) for reason, flags in back.items()}
    else:
        places = np.array([air.position(place) for place in landing_places(plan)])
        beyond = {}
    return _by_nearest(air, samples.positions, places, beyond)


def _by_nearest(
    air: OpenAir, starts: Positions, places: Positions, beyond: dict[str, Flags]
) -> dict[str, Flags]:
    """The straight lines to every place that may be the nearest, and what comes after it."""
    away_m = np.linalg.norm(starts[:, None, :] - places[None, :, :], axis=2)
    from_, to = np.nonzero(away_m <= away_m.min(axis=1, keepdims=True) + CHOICE_M)
    found: dict[str, Flags] = {}
    for reason, flags in air.troubles(starts[from_], places[to]).items():
        whole = flags | beyond[reason][to] if beyond else flags
        found[reason] = np.zeros(len(starts), dtype=bool)
        found[reason][from_[whole]] = True
    return found


def is_safe(plan: MissionPlan, around: Surroundings) -> bool:
    """Whether nothing forbids the plan's way home from anywhere on its route."""
    air = OpenAir(plan, around)
    if _is_plainly_safe(plan, air):
        return True
    found = troubles(plan, air, route_samples(plan, air))
    return not any(found[reason].any() for reason in FORBIDDING if reason in found)


def _is_plainly_safe(plan: MissionPlan, air: OpenAir) -> bool:
    """Whether every line between any two places of the route is open: true of most grids."""
    points = [plan.home, *(waypoint.point for waypoint in plan.waypoints)]
    places = to_positions(points, air.frame).tolist()
    return plan.way_home is WayHome.STRAIGHT and air.is_all_open(places)


def with_rally(plan: MissionPlan, around: Surroundings) -> MissionPlan | None:
    """The plan with as few rally points as make every way home safe; None where none do."""
    air = OpenAir(plan, around)
    coarse = route_samples(plan, air, 5.0 * STEP_M).positions
    for spots in find_rally(air, coarse, CHOICE_M):
        rally = tuple(
            RallyPoint(
                point=to_place(spot, air.frame),
                ground_above_home_m=round(air.ground_above_home_m(spot) or 0.0, 1),
            )
            for spot in spots
        )
        other = replace(plan, way_home=WayHome.RALLY, rally_points=rally)
        if is_safe(other, around):
            return other
    return None


def way_home_findings(plan: MissionPlan, around: Surroundings) -> Iterator[Finding]:
    """For each leg what speaks against the plan's way home from it, and what the way asks for."""
    air = OpenAir(plan, around)
    if _is_plainly_safe(plan, air):
        return
    samples = route_samples(plan, air)
    for reason, flags in troubles(plan, air, samples).items():
        is_stop = reason in FORBIDDING
        for leg in np.unique(samples.legs[flags]):
            yield _trouble(reason, int(leg), is_stop=is_stop)
    if plan.way_home is WayHome.ROUTE:
        yield Finding(
            code="way_home.route",
            level=Level.NOTE,
            text="the straight line home is not safe from every leg: the aircraft returns along "
            "its route, which takes longer",
            text_zh="部分航段直线返航不安全：飞行器将沿原航线返回，用时更长",
            hint="PX4 v1.16: RTL_TYPE 2",
        )
    if plan.way_home is WayHome.RALLY:
        yield Finding(
            code="way_home.rally",
            level=Level.WARN,
            text="the straight line home is not safe from every leg: the aircraft may land at "
            f"{len(plan.rally_points)} other places; a person must have looked at each of them",
            text_zh="部分航段直线返航不安全：飞行器可能降落在"
            f"{len(plan.rally_points)}个备降点；须有人实地查看每一处",
            hint="PX4 v1.16: RTL_TYPE 0 and the rally points uploaded",
        )


def _trouble(reason: str, leg: int, *, is_stop: bool) -> Finding:
    text, text_zh = _WORDS[reason]
    remedy, remedy_zh = ("; choose another launch point", "；请另选起飞点") if is_stop else ("", "")
    return Finding(
        code=f"way_home.{reason}",
        level=Level.STOP if is_stop else Level.WARN,
        text=f"the way home from the leg to waypoint {leg + 1} {text}{remedy}",
        text_zh=f"飞往第{leg + 1}航点航段的返航路线{text_zh}{remedy_zh}",
        leg=leg,
        hint="" if reason != TERRAIN_UNKNOWN else "the elevation data has a gap there",
    )
