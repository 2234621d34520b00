"""Routes that follow the ground: where a leg needs a further waypoint, and how high each flies.

The autopilot flies straight lines between heights above home; the ground between is not straight.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from missions.findings import stop, warn
from missions.heights import Elevation, grounds_m
from missions.stops import Position, Stop
from patrol.geo import Datum, GeoPoint, LocalFrame, distance_m
from patrol.plan import Finding, MissionPlan

STEP_M = 10.0  # between looks at the ground
CLEARANCE_M = 15.0  # above the ground, [P]; of a lower patrol half its height
_OFF_M = 4.0  # that a leg may be higher or lower above the ground than it is planned
_SHORTEST_M = 20.0  # between waypoints that are put in for the ground
_ART_19 = "《无人驾驶航空器飞行管理暂行条例》第十九条"


def above_home_m(place: GeoPoint, home: GeoPoint, elevation: Elevation) -> float | None:
    """How much higher the ground is than at home; None where either is not known."""
    there_m, here_m = elevation(place), elevation(home)
    return None if there_m is None or here_m is None else there_m - here_m


def following(
    stops: Sequence[Stop], home: Position, frame: LocalFrame, elevation: Elevation
) -> list[Stop]:
    """The same route with a stop wherever the ground bends away from a leg."""
    whole: list[Stop] = []
    at = home
    for number, one in enumerate(stops):
        bends = [
            replace(one, position=place, hold_s=0.0)
            for place in _bends(at, one.position, frame, elevation)
        ]
        if bends and not number:
            # On the way out nobody is counted, nor on the leg that it ends with.
            bends = [replace(bend, is_transit=True, turn_left_deg=0.0) for bend in bends]
            whole += [*bends, replace(one, is_transit=True)]
        else:
            whole += [*bends, one]
        at = one.position
    return whole


def _bends(
    start: Position, end: Position, frame: LocalFrame, elevation: Elevation
) -> Iterator[Position]:
    """Places on a leg between which the ground is straight enough (Douglas and Peucker)."""
    count = max(1, math.ceil(math.dist(start, end) / STEP_M))
    shares = np.linspace(0.0, 1.0, count + 1)
    line = np.array(start) + shares[:, None] * (np.array(end) - np.array(start))
    ground_m = grounds_m(elevation, frame, line)
    if np.isnan(ground_m).any():
        return  # the checks tell; nobody flies it
    length_m = math.dist(start, end)
    for index in sorted(_bent(ground_m, shares * length_m, 0, count)):
        yield float(line[index][0]), float(line[index][1])


def _bent(ground_m: np.ndarray, along_m: np.ndarray, first: int, last: int) -> Iterator[int]:
    if last - first < 2:
        return
    part = slice(first, last + 1)
    straight = np.interp(along_m[part], along_m[[first, last]], ground_m[[first, last]])
    off_m = np.abs(ground_m[part] - straight)
    worst = first + int(np.argmax(off_m))
    room_m = min(along_m[worst] - along_m[first], along_m[last] - along_m[worst])
    if off_m[worst - first] <= _OFF_M or room_m < _SHORTEST_M / 2.0:
        return
    yield worst
    yield from _bent(ground_m, along_m, first, worst)
    yield from _bent(ground_m, along_m, worst, last)


def return_height_m(plan: MissionPlan, elevation: Elevation) -> float:
    """High enough for the straight way home from every waypoint, and for none to climb to it."""
    highest_m = max(waypoint.height_above_home_m or 0.0 for waypoint in plan.waypoints)
    for waypoint in plan.waypoints:
        grounds = _grounds(waypoint.point, plan.home, plan.home, elevation)
        known = grounds[np.isfinite(grounds)]
        highest_m = max(highest_m, float(known.max(initial=-math.inf)) + CLEARANCE_M)
    return float(math.ceil(highest_m))


def relief_findings(plan: MissionPlan, elevation: Elevation) -> Iterator[Finding]:
    """Each leg against the ground: known at all, not too near, not above the ceiling."""
    if elevation(plan.home) is None:
        yield stop(
            "terrain.not_covered",
            "the elevation data does not cover the launch point: give data that does",
            "高程数据未覆盖起飞点：请提供覆盖该处的数据",
            article=_ART_19,
        )
        return
    at: GeoPoint = plan.home
    height_m: float | None = plan.climb_height_m
    for number, waypoint in enumerate(plan.waypoints):
        there_m = waypoint.height_above_home_m
        if there_m is None or height_m is None:
            yield _not_covered(number)
        else:
            yield from _leg(plan, number, (at, height_m), (waypoint.point, there_m), elevation)
        at, height_m = waypoint.point, there_m


def _leg(
    plan: MissionPlan,
    number: int,
    start: tuple[GeoPoint, float],
    end: tuple[GeoPoint, float],
    elevation: Elevation,
) -> Iterator[Finding]:
    grounds = _grounds(start[0], end[0], plan.home, elevation)
    if np.isnan(grounds).any():
        yield _not_covered(number)
        return
    true_m = np.linspace(start[1], end[1], len(grounds)) - grounds
    if plan.waypoints[number].height.datum is not Datum.GROUND:
        planned_m = CLEARANCE_M * 2.0
    else:
        planned_m = plan.waypoints[number].height.metres
    least_m, highest_m = float(true_m.min()), float(true_m.max())
    if least_m < min(CLEARANCE_M, planned_m / 2.0):
        yield stop(
            "terrain.too_low",
            f"the leg to waypoint {number + 1} is {least_m:.0f} m above the ground at its lowest",
            f"飞往第{number + 1}航点的航段离地最低仅{least_m:.0f}米",
            leg=number,
        )
    if highest_m > plan.ceiling_agl_m:
        yield stop(
            "height.above_ceiling",
            f"the leg to waypoint {number + 1} is {highest_m:.0f} m above the ground at its "
            f"highest, above the ceiling of {plan.ceiling_agl_m:.0f} m",
            f"飞往第{number + 1}航点的航段真高最高{highest_m:.0f}米，"
            f"超过上限{plan.ceiling_agl_m:.0f}米",
            leg=number,
            article=_ART_19,
        )


def _not_covered(number: int) -> Finding:
    return stop(
        "terrain.not_covered",
        f"the elevation data does not cover the leg to waypoint {number + 1}: give data that does",
        f"高程数据未覆盖飞往第{number + 1}航点的航段：请提供覆盖该处的数据",
        leg=number,
        article=_ART_19,
    )


def from_plan_findings(plan: MissionPlan) -> Iterator[Finding]:
    """Without the data that a plan was made with its heights can only be believed."""
    if any(waypoint.height_above_home_m is None for waypoint in plan.waypoints):
        yield _not_covered(
            next(i for i, one in enumerate(plan.waypoints) if one.height_above_home_m is None)
        )
        return
    yield warn(
        "terrain.from_plan",
        "heights follow the elevation data that the plan was made with; no mast, crane or wire is "
        "in it",
        "航线高度依据规划时的高程数据；其中不含塔架、吊车和电线",
        article=_ART_19,
    )


def _grounds(
    start: GeoPoint, end: GeoPoint, home: GeoPoint, elevation: Elevation
) -> NDArray[np.float64]:
    """The ground above home's along a line; NaN where it is not known."""
    frame = LocalFrame(origin=start)
    leg, count = frame.to_enu(end), max(1, math.ceil(distance_m(start, end) / STEP_M))
    shares = np.linspace(0.0, 1.0, count + 1)
    line = shares[:, None] * np.array([[leg.east_m, leg.north_m]])
    home_m = elevation(home)
    found = grounds_m(elevation, frame, line)
    return found - (math.nan if home_m is None else home_m)
