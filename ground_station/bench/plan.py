"""`gridpatrol bench plan`: the whole sample district planned, shared among six aircraft, called to.

`routes_s` is every route with its findings; `allocation_s` is the whole day from nothing: routes,
shares, orders, times. Whether a leg leaves its fence or its grid is looked at here anew, not taken
from the planner's own findings.
"""

from __future__ import annotations

import math
import os
import random
import resource
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from shapely import affinity
from shapely.geometry import LineString, Polygon

from missions.allocation import Allocation, allocate
from missions.allocation_model import Terms
from missions.areas import terrain_of
from missions.dispatch import Call, Standing, dispatch
from missions.flat import to_metres, to_position
from missions.fleet import Aircraft
from missions.grid import Grid
from missions.jobs import Job, Planner, Setting, Work, jobs_of, site_jobs
from missions.register import Register, load_register
from missions.request import PlanRequest, Task
from missions.spacing import spacing_of
from patrol.camera import CameraLens
from patrol.geo import GeoPoint, LocalFrame
from patrol.pattern import Pattern
from patrol.plan import MissionPlan

_AIRCRAFT = 6
_SLACK_M = 0.05  # places are kept in seven decimals
_TILES = ((0, 0), (1, 0), (0, 1), (1, 1))
_LENS = CameraLens(width_px=1280, height_px=720, hfov_deg=40.0)
_SEED = 440512
_PATTERNS = (Pattern.BOUNDARY, Pattern.SWEEP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    """How much is measured."""

    calls: int  # to places, one after the other
    repeats: int  # of the routes; the middle one counts
    has_growth: bool = True  # to about a thousand grids, too
    terms: Terms = Terms()


FULL = Spans(calls=1000, repeats=3)
QUICK = Spans(calls=200, repeats=1, has_growth=False)


async def measure_plan(spans: Spans, register: Register | None = None) -> dict[str, Any]:
    """The JSON object of the benchmark; by default of the whole sample district."""
    register = register or load_register()
    jobs = [*jobs_of(register.grids, (), patterns=_PATTERNS), *site_jobs(register)]
    fleet = _fleet(register.grids)
    setting = Setting(
        register_version=register.version, created_utc=datetime.now(UTC), is_exercise=True
    )
    began_cpu_s = time.process_time()
    routes_s, works = _routes(jobs, fleet[0], setting, spans.repeats)
    routes_cpu_s = (time.process_time() - began_cpu_s) / spans.repeats
    began_s = time.perf_counter()
    made = allocate(fleet, jobs, setting, spans.terms)
    allocation_s = time.perf_counter() - began_s
    peak_mb = _peak_mb()
    grids = len(register.grids) + len({site.overlay for site in register.sites})
    return {
        "load_1min": os.getloadavg()[0],
        "grids": grids,
        "sorties": len(made.flights),
        "routes_s": routes_s,
        "routes_cpu_s": routes_cpu_s,
        "allocation_s": allocation_s,
        **_day(made),
        "legs_outside": sum(_legs_outside(job, work) for job, work in works),
        "path_over_boundary": _path_over_boundary(works),
        "sweep_over_ideal": _sweep_over_ideal(works, setting),
        "peak_mb": peak_mb,
        "dispatch_p95_s": _calls_s(register, fleet, setting, spans.calls),
        **(
            _growth(register, setting, spans, routes_s / len(jobs))
            if spans.has_growth
            else {"growth_reason": "how it grows with the district: only without --quick"}
        ),
    }


def _routes(
    jobs: Sequence[Job], aircraft: Aircraft, setting: Setting, repeats: int
) -> tuple[float, list[tuple[Job, Work]]]:
    """Seconds for every route with its findings, and those that may be flown."""
    took_s = []
    for _ in range(repeats):
        began_s = time.perf_counter()
        planner = Planner(setting)
        found = [(job, planner.work(job, aircraft)) for job in jobs]
        took_s.append(time.perf_counter() - began_s)
    works = [(job, work) for job, work in found if isinstance(work, Work)]
    return sorted(took_s)[len(took_s) // 2], works


def _day(made: Allocation) -> dict[str, Any]:
    return {
        "longest_over_bound": made.over_bound,
        "last_landing_s": made.last_landing_s,
        "bound_s": made.bound_s,
        "longest_sortie_s": made.longest_sortie_s,
        "sortie_bound_s": made.sortie_bound_s,
        "uncovered": len(made.uncovered),
        "uncovered_codes": sorted({r.code for one in made.uncovered for r in one.reasons}),
    }


def _legs_outside(job: Job, work: Work) -> int:
    """Legs that leave the fence (the way out and home too), or between waypoints the grid."""
    count = 0
    for plan in work.plans:
        frame = LocalFrame(origin=plan.home)
        places = [plan.home, *(waypoint.point for waypoint in plan.waypoints), plan.home]
        points = [to_position(place, frame).coords[0] for place in places]
        fence = Polygon([to_position(place, frame).coords[0] for place in plan.fence])
        grid = to_metres(job.grid.shape, frame)
        for number, leg in enumerate(zip(points, points[1:], strict=False)):
            is_way = number in (0, len(points) - 2)
            areas = (fence,) if is_way or job.place is not None else (fence, grid)
            line = LineString(leg)
            count += any(not area.buffer(_SLACK_M).covers(line) for area in areas)
    return count


def _path_over_boundary(works: Sequence[tuple[Job, Work]]) -> float:
    """All boundary loops over all those boundaries; near 1 where little is cut off."""
    flown_m, around_m = 0.0, 0.0
    for job, work in works:
        if job.pattern is not Pattern.BOUNDARY:
            continue
        frame = LocalFrame(origin=work.launch)
        around_m += float(to_metres(job.grid.shape, frame).length)
        flown_m += sum(_between_waypoints_m(plan, frame) for plan in work.plans)
    return flown_m / around_m if around_m else 0.0


def _between_waypoints_m(plan: MissionPlan, frame: LocalFrame) -> float:
    points = [to_position(waypoint.point, frame) for waypoint in plan.waypoints]
    return math.fsum(a.distance(b) for a, b in zip(points, points[1:], strict=False))


def _sweep_over_ideal(works: Sequence[tuple[Job, Work]], setting: Setting) -> float:
    """All sweeps, turns and all, over the grids' rooms divided by the lanes' spacing."""
    flown_m, ideal_m = 0.0, 0.0
    for job, work in works:
        if job.pattern is not Pattern.SWEEP:
            continue
        request = PlanRequest(
            grid=job.grid, register_version=setting.register_version, home=work.launch,
            home_elevation_amsl_m=0.0, lens=_LENS, created_utc=setting.created_utc,
            task=Task(pattern=job.pattern),
        )  # fmt: skip
        terrain, (spacing_m, _) = terrain_of(request), spacing_of(request)
        rooms_m2 = sum(room.area for area in terrain.areas for room in area.rooms)
        ideal_m += rooms_m2 / spacing_m
        flown_m += sum(_between_waypoints_m(plan, terrain.frame) for plan in work.plans)
    return flown_m / ideal_m if ideal_m else 0.0


def _calls_s(register: Register, fleet: Sequence[Aircraft], setting: Setting, calls: int) -> float:
    """Seconds until everybody has answered a call, p95."""
    chooser = random.Random(_SEED)  # noqa: S311  # the same places again, nothing secret
    took_s = []
    for _ in range(calls):
        grid = chooser.choice(register.grids)
        inside = grid.shape.representative_point()
        standing = [
            Standing(aircraft=one, charge_pct=chooser.uniform(30.0, 100.0)) for one in fleet
        ]
        began_s = time.perf_counter()
        point = GeoPoint(lat_deg=inside.y, lon_deg=inside.x)
        code = register.grid_at(point)
        call = Call(
            point=point, grid=register.areas[code] if code else None,
            register_version=setting.register_version, created_utc=setting.created_utc,
            is_exercise=True,
        )  # fmt: skip
        dispatch(call, standing)
        took_s.append(time.perf_counter() - began_s)
    return sorted(took_s)[min(calls - 1, int(0.95 * calls))]


def _growth(register: Register, setting: Setting, spans: Spans, one_s: float) -> dict[str, Any]:
    """The same for about a thousand grids: the sample's, laid four times side by side."""
    grids = list(_tiled(register.grids))
    jobs, fleet = jobs_of(grids, (), patterns=_PATTERNS), _fleet(grids)
    routes_s, _ = _routes(jobs, fleet[0], setting, 1)
    began_s = time.perf_counter()
    made = allocate(fleet, jobs, setting, spans.terms)
    return {
        "grids_1000": len(grids),
        "routes_1000_s": routes_s,
        "allocation_1000_s": time.perf_counter() - began_s,
        "longest_over_bound_1000": made.over_bound,
        "routes_growth": routes_s / len(jobs) / one_s,  # of one route; 1: linear
    }


def _tiled(grids: Sequence[Grid]) -> Iterator[Grid]:
    """Copies of the district to its east and north, under district codes of their own."""
    bounds = np.array([grid.shape.bounds for grid in grids])
    wide = bounds[:, 2].max() - bounds[:, 0].min()
    high = bounds[:, 3].max() - bounds[:, 1].min()
    for number, (east, north) in enumerate(_TILES):
        for grid in grids:
            shape = affinity.translate(grid.shape, east * wide, north * high)
            yield replace(grid, code=f"{int(grid.code[:6]) + number}{grid.code[6:]}", shape=shape)


def _fleet(grids: Sequence[Grid]) -> list[Aircraft]:
    """Crews with cars, spread over the district."""
    return [
        Aircraft(name=f"GP-{number + 1}", place=place, endurance_s=1500.0, lens=_LENS,
                 drive_m_s=8.0)
        for number, place in enumerate(_spread(grids, _AIRCRAFT))
    ]  # fmt: skip


def _spread(grids: Sequence[Grid], count: int) -> list[GeoPoint]:
    """Places among the grids that are far from one another (Lloyd's rounds on their middles)."""
    middles = [grid.shape.representative_point() for grid in grids]
    points: NDArray[np.float64] = np.array([(middle.y, middle.x) for middle in middles])
    centres = points[np.argsort(points[:, 1], kind="stable")][:: len(points) // count][:count]
    for _ in range(20):
        near = ((points[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
        centres = np.array([
            points[near == k].mean(axis=0) if (near == k).any() else centres[k]
            for k in range(count)
        ])  # fmt: skip
    return [GeoPoint(lat_deg=float(lat), lon_deg=float(lon)) for lat, lon in centres]


def _peak_mb() -> float:
    """The most that this process has ever held (Linux counts in kilobytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
