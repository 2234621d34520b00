"""Where an exercise's director may let people gather, so that a patrol sees them lawfully."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime

from shapely.geometry import LineString, Point, Polygon

from missions.boundary import plan_boundary
from missions.flat import to_metres, to_place, to_position
from missions.grid import Grid
from missions.register import Register
from missions.request import PlanRequest, default_home
from patrol.camera import CameraLens
from patrol.geo import GeoPoint, LocalFrame
from patrol.plan import MissionPlan, WayHome

_ALONG_M = (100.0, 250.0)  # from the patrol's first waypoint
_SIDEWAYS_M = 41.0
_CLEAR_M = 40.0  # of every leg, out and home too: 30 m, the crowd's radius of 6, errors of 4
_GRID_EDGE_M = 12.0
_SEEN_FOR_M = 24.0  # of flight along one leg
_SEEN_RANGE_M = (40.0, 80.0)
_STEP_M = 5.0
_LENS = CameraLens(width_px=1280, height_px=720, hfov_deg=40.0)
_LOOP_M = (600.0, 1200.0)


def gathering_spot(plan: MissionPlan, grid: Grid, seed: int) -> GeoPoint | None:
    """One of the possible places, chosen by the seed; None when there is none."""
    frame = LocalFrame(origin=plan.home)
    corners = [to_position(waypoint.point, frame).coords[0] for waypoint in plan.waypoints]
    outline = to_metres(grid.shape, frame).buffer(-_GRID_EDGE_M)
    home = to_position(plan.home, frame).coords[0]
    route = LineString([home, *corners, home])
    spots = []
    passed_m = 0.0
    for start, end in zip(corners, corners[1:], strict=False):
        leg_m = math.dist(start, end)
        for along_m in _steps(leg_m, passed_m):
            spot = _sideways(start, end, along_m)
            if not outline.contains(Point(spot)) or route.distance(Point(spot)) < _CLEAR_M:
                continue
            if _seen_m(spot, start, end, leg_m) >= _SEEN_FOR_M:
                spots.append(spot)
        passed_m += leg_m
    if not spots:
        return None
    chosen = random.Random(seed).choice(spots)  # noqa: S311  # the same place again
    return to_place(chosen, frame)


def demo_grids(register: Register) -> list[Grid]:
    """Ordinary grids with a loop of 600 m to 1.2 km and a place where people can gather."""
    return [grid for grid in register.grids if _is_fit(grid, register.version)]


def _is_fit(grid: Grid, version: str) -> bool:
    # A rough look first: planning all grids of a district takes seconds.
    frame = LocalFrame(
        origin=GeoPoint(lat_deg=grid.shape.centroid.y, lon_deg=grid.shape.centroid.x)
    )
    outline = to_metres(grid.shape, frame)
    if not isinstance(outline, Polygon) or outline.length > 1.5 * _LOOP_M[1]:
        return False
    plan, findings = plan_boundary(
        PlanRequest(
            grid=grid, register_version=version, home=default_home(grid),
            home_elevation_amsl_m=0.0, lens=_LENS,
            created_utc=datetime(2026, 1, 1, 2, tzinfo=UTC), is_exercise=True,
        )
    )  # fmt: skip
    if plan is None or any(finding.level.value == "stop" for finding in findings):
        return False
    if plan.way_home is not WayHome.STRAIGHT:
        return False  # people are placed clear of the route and of a straight way home
    corners = [to_position(waypoint.point, frame) for waypoint in plan.waypoints]
    loop_m = LineString(corners).length
    return _LOOP_M[0] <= loop_m <= _LOOP_M[1] and gathering_spot(plan, grid, 0) is not None


def _steps(leg_m: float, passed_m: float) -> list[float]:
    count = int(leg_m // _STEP_M)
    positions = [_STEP_M * number for number in range(count + 1)]
    return [at for at in positions if _ALONG_M[0] <= passed_m + at <= _ALONG_M[1]]


def _sideways(
    start: tuple[float, ...], end: tuple[float, ...], along_m: float
) -> tuple[float, float]:
    """So far along the leg and to its left, where the grid's inside is."""
    leg_m = math.dist(start, end)
    forward = ((end[0] - start[0]) / leg_m, (end[1] - start[1]) / leg_m)
    return (
        start[0] + forward[0] * along_m - forward[1] * _SIDEWAYS_M,
        start[1] + forward[1] * along_m + forward[0] * _SIDEWAYS_M,
    )


def _seen_m(
    spot: tuple[float, float], start: tuple[float, ...], end: tuple[float, ...], leg_m: float
) -> float:
    """Metres of the leg from which the spot is well inside the picture and the valid range."""
    track_rad = math.atan2(end[0] - start[0], end[1] - start[1])
    seen = 0
    for number in range(int(leg_m) + 1):
        share = number / leg_m if leg_m else 0.0
        here = (start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share)
        range_m = math.dist(here, spot)
        bearing_rad = math.atan2(spot[0] - here[0], spot[1] - here[1])
        off_deg = math.degrees((track_rad - bearing_rad + math.pi) % math.tau - math.pi)
        # The camera looks 33 degrees to the left, 20 to both sides; 5 are for the crowd's width.
        if _SEEN_RANGE_M[0] <= range_m <= _SEEN_RANGE_M[1] and 18.0 <= off_deg <= 48.0:
            seen += 1
    return float(seen)
