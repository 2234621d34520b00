"""Makes a plan of ours of what another program's file says: checked and approved as any other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon

from missions.areas import polygons, shape_findings
from missions.assembly import fence_around, over, with_climbs
from missions.checks import check_plan
from missions.counting import COUNTING_SPEED_MAX_M_S
from missions.findings import note, stop, warn
from missions.flat import legs_between, to_metres, to_positions
from missions.grid import Grid
from missions.plan_files.taken import Taken
from missions.planner import Patrol, Sortie
from missions.register import Register
from missions.relief import above_home_m
from missions.request import PlanRequest, centre_of, stopping_m
from patrol.errors import ConfigError
from patrol.geo import Datum, GeoPoint, Height, LocalFrame, bearing_true_deg
from patrol.plan import Finding, MissionPlan, WayHome, Waypoint

PATTERN = "imported"  # of a plan whose route was drawn elsewhere
_LOWEST_M, _FASTEST_M_S = 5.0, 15.0  # as `gridpatrol plan` takes them
_FENCE_BEYOND_M = 100.0  # that a fence may reach past its grid without a word


def grid_of(taken: Taken, register: Register, named: str | None) -> Grid:
    """The grid that is named, or that most of the route lies in; ConfigError where it is in none.

    Where the same numbers the other way round do lie in the register, they are swapped.
    """
    if named is not None:
        return register.get(named)
    points = [waypoint.point for waypoint in taken.waypoints]
    found = Counter(code for point in points if (code := register.grid_at(point)) is not None)
    if found:
        return register.areas[max(found, key=lambda code: (found[code], code))]
    if any(register.grid_at(_swapped(point)) for point in points if abs(point.lon_deg) <= 90.0):
        raise ConfigError(
            "latitude and longitude of the file are swapped: the other way round its route lies in "
            "the register",
            text_zh="文件经纬度次序颠倒：对调后航线位于网格名册范围内",
        )
    raise ConfigError(
        f"no waypoint of the file lies in a grid of the register {register.version}: name the "
        "grid, or give the right register",
        text_zh=f"文件中没有航点位于网格名册（版本{register.version}）内：请指定网格或正确的名册",
    )


def adopt(taken: Taken, request: PlanRequest) -> Patrol:
    """The plan, with what the file could not give and what every check of ours says to it."""
    findings = [*shape_findings(request.grid), *taken.findings]
    if not taken.waypoints:
        findings.append(
            stop("file.no_route", "the file has no waypoints to fly", "文件中没有可飞的航点")
        )
        return Patrol(findings=tuple(findings))
    if any(waypoint.speed_m_s <= 0.0 for waypoint in taken.waypoints):
        findings.append(stop("speed.none", "a speed of 0 flies nowhere", "速度为0无法飞行"))
        return Patrol(findings=tuple(findings))
    findings += _reckoned(taken, request)
    waypoints = tuple(_placed(taken, request))
    highest_m = max(one.height_above_home_m or one.height.metres for one in waypoints)
    around = replace(request.around, kept_out=(*request.around.kept_out, *taken.kept_out))
    request = replace(
        request, height_agl_m=max(highest_m, _LOWEST_M), around=around,
        speed_m_s=min(one.speed_m_s for one in waypoints),
    )  # fmt: skip
    fence = taken.fence or _own_fence(request, waypoints)
    plan = replace(over(request, waypoints, fence), pattern=PATTERN)
    if taken.rally_points:
        plan = replace(plan, rally_points=taken.rally_points, way_home=WayHome.RALLY)
        plan = with_climbs(request, plan)
    findings += _of_route(plan)
    findings += _of_fence(plan, taken, request.grid)
    checked = check_plan(plan, request.grid, request.lens, request.around)
    return Patrol(
        sorties=(Sortie(plan=plan, findings=tuple(checked)),),
        findings=(_said(taken, request.grid), *findings),
    )


def _placed(taken: Taken, request: PlanRequest) -> Iterator[Waypoint]:
    """Each with the ground under it where that is known; no count is valid on a fast leg.

    Heights and camera that the file does not tell at all are those of the request.
    """
    elevation, at = request.around.elevation_amsl_m, request.home
    for one in taken.waypoints:
        height, ground_m = one.height, one.ground_above_home_m
        if not taken.has_heights:
            datum = Datum.HOME if elevation is None else Datum.GROUND
            height = Height(metres=request.height_agl_m, datum=datum)
        if height.datum is Datum.GROUND and elevation is not None:
            found_m = above_home_m(one.point, request.home, elevation)
            ground_m = None if found_m is None else round(found_m, 1)
        is_fast = one.speed_m_s > COUNTING_SPEED_MAX_M_S
        placed = replace(
            one, height=height, ground_above_home_m=ground_m, is_transit=one.is_transit or is_fast
        )
        if _has_no_camera(taken):
            placed = replace(
                placed, gimbal_pitch_deg=request.gimbal_pitch_deg,
                camera_bearing_true_deg=round(bearing_true_deg(at, one.point), 1) % 360.0,
            )  # fmt: skip
        yield placed
        at = one.point


def _has_no_camera(taken: Taken) -> bool:
    return all(
        one.gimbal_pitch_deg is None and one.camera_bearing_true_deg is None
        for one in taken.waypoints
    )


def _reckoned(taken: Taken, request: PlanRequest) -> Iterator[Finding]:
    """What the file does not tell at all."""
    if not taken.has_heights:
        yield warn(
            "file.no_heights",
            f"the file has no heights: all of it is planned at {request.height_agl_m:.0f} m",
            f"文件没有高度：全程按{request.height_agl_m:.0f}米规划",
        )
    if _has_no_camera(taken):
        yield warn(
            "file.camera_ahead",
            f"the file does not say where the camera looks: it looks ahead, tilted "
            f"{request.gimbal_pitch_deg:g} degrees",
            f"文件未写明云台角度：按朝前、俯仰{request.gimbal_pitch_deg:g}度规划",
        )


def _own_fence(request: PlanRequest, waypoints: Sequence[Waypoint]) -> tuple[GeoPoint, ...]:
    """Around the part of the grid that most of the route lies in, home and the way between."""
    frame = LocalFrame(origin=centre_of(request.grid))
    places = to_positions([one.point for one in waypoints], frame)
    parts = polygons(to_metres(request.grid.shape, frame))
    dots = shapely.points(places)
    outline = max(parts, key=lambda part: int(shapely.covers(part, dots).sum()))
    start = (float(places[0][0]), float(places[0][1]))
    return fence_around(request, outline, start, frame)


def _of_route(plan: MissionPlan) -> Iterator[Finding]:
    lowest_m = min(one.height.metres for one in plan.waypoints)
    if lowest_m < _LOWEST_M:
        yield stop(
            "file.too_low",
            f"the lowest waypoint is at {lowest_m:.1f} m, no lower than {_LOWEST_M:.0f} m is flown",
            f"最低航点高度{lowest_m:.1f}米，不得低于{_LOWEST_M:.0f}米",
        )
    fastest_m_s = max(one.speed_m_s for one in plan.waypoints)
    if fastest_m_s > _FASTEST_M_S:
        yield stop(
            "file.too_fast",
            f"{fastest_m_s:g} m/s is faster than the {_FASTEST_M_S:g} m/s that are flown here",
            f"速度{fastest_m_s:g}米/秒超过本站上限{_FASTEST_M_S:g}米/秒",
        )
    fast = [i for i, one in enumerate(plan.waypoints, 1) if one.is_transit]
    if fast:
        yield note(
            "file.transit",
            f"on {len(fast)} legs of {len(plan.waypoints)} nobody is counted",
            f"{len(plan.waypoints)}个航段中有{len(fast)}个不计数",
        )
    if any(one.gimbal_pitch_deg is None for one in plan.waypoints):
        yield warn(
            "file.no_camera",
            "the file does not say where the camera looks on every leg: no count is valid there",
            "文件未写明每个航段的云台角度：这些航段计数无效",
        )


def _of_fence(plan: MissionPlan, taken: Taken, grid: Grid) -> Iterator[Finding]:
    frame = LocalFrame(origin=plan.home)
    ring = Polygon(to_positions(plan.fence, frame))
    legs = legs_between(to_positions([plan.home, *(w.point for w in plan.waypoints)], frame))
    if not taken.fence:
        yield note(
            "file.no_fence", "the file has no fence: it is drawn around the grid",
            "文件没有围栏：已按网格边界绘制",
        )  # fmt: skip
    elif not ring.is_valid:
        yield stop("file.fence_crossed", "the fence of the file crosses itself", "文件的围栏自交")
        return
    elif (
        not shapely.union_all([to_metres(grid.shape, frame), legs[0]])
        .buffer(_FENCE_BEYOND_M)
        .covers(ring)
    ):
        yield warn(
            "file.fence_wide",
            f"the fence of the file reaches more than {_FENCE_BEYOND_M:.0f} m beyond the grid",
            f"文件的围栏超出网格{_FENCE_BEYOND_M:.0f}米以上",
        )
    yield from _near_fence(plan, shapely.distance(legs, ring.exterior))
    yield from _kept_out(taken, frame, legs)


def _near_fence(plan: MissionPlan, rooms_m: Sequence[float]) -> Iterator[Finding]:
    tight = [
        number for number, (room_m, one) in enumerate(zip(rooms_m, plan.waypoints, strict=True))
        if room_m < stopping_m(one.speed_m_s)
    ]  # fmt: skip
    if tight:
        yield warn(
            "file.fence_near",
            f"{len(tight)} legs come nearer to the fence than the aircraft needs to stop",
            f"{len(tight)}个航段与围栏的距离小于刹停距离",
            leg=tight[0],
        )


def _kept_out(taken: Taken, frame: LocalFrame, legs: NDArray[np.object_]) -> Iterator[Finding]:
    for one in taken.kept_out:
        crossed = shapely.intersects(legs, Polygon(to_positions(one, frame)).buffer(0.0))
        for number in crossed.nonzero()[0][:1]:
            yield stop(
                "file.kept_out",
                f"the leg to waypoint {number + 1} enters a place that the file keeps out of",
                f"飞往第{number + 1}航点的航段进入文件中的禁入区域",
                leg=int(number),
            )
    if taken.kept_out:
        yield warn(
            "file.kept_out_unsent",
            f"{len(taken.kept_out)} places to keep out of are looked at here and not sent to the "
            "aircraft, which takes one fence",
            f"{len(taken.kept_out)}个禁入区域已在本站核对；飞行器只接受一个围栏，不会收到这些区域",
        )


def _said(taken: Taken, grid: Grid) -> Finding:
    return note(
        "file.taken",
        f"{len(taken.waypoints)} waypoints taken over from {taken.form} into {grid.name_spoken}: "
        "times, battery and the look at a crowd were reckoned anew",
        f"已从{taken.form}沿用{len(taken.waypoints)}个航点，归入{grid.name_spoken}；"
        "时长、电量与停留观察时间已重新核算",
    )


def _swapped(point: GeoPoint) -> GeoPoint:
    return GeoPoint(lat_deg=point.lon_deg, lon_deg=point.lat_deg)
