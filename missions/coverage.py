"""How much of a grid a patrol shows: the strips under a sweep's lanes, the picture of others.

Flat ground.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from missions.areas import Terrain
from missions.counting import leg_views
from missions.findings import note, warn
from missions.flat import legs_between, to_metres, to_positions
from missions.grid import Grid
from missions.request import PlanRequest, centre_of
from missions.spacing import swath_m
from patrol.camera import CameraLens
from patrol.geo import LocalFrame
from patrol.pattern import Pattern
from patrol.plan import Finding, MissionPlan

_ENOUGH_PCT = 80.0


def coverage_findings(
    request: PlanRequest, terrain: Terrain, plans: Sequence[MissionPlan]
) -> list[Finding]:
    """What share of the grid a sweep sees; nothing of other patterns."""
    width_m = swath_m(request)
    if request.task.pattern is not Pattern.SWEEP or not math.isfinite(width_m):
        return []
    share_pct = lanes_share_pct(plans, request.grid, terrain.frame, width_m)
    text = f"the sweep shows {share_pct:.0f} % of the grid"
    text_zh = f"全覆盖航线可看到网格的{share_pct:.0f}%"
    if share_pct >= _ENOUGH_PCT:
        return [note("coverage.share", text, text_zh)]
    return [
        warn(
            "coverage.share",
            f"{text}: its lanes lie too far apart, or its edge is too near to fly along",
            f"{text_zh}：航线间距过大，或边缘过窄无法飞入",
        )
    ]


def lanes_share_pct(
    plans: Sequence[MissionPlan], grid: Grid, frame: LocalFrame, width_m: float
) -> float:
    """What share of the grid lies in strips of this width along the legs that are counted on."""
    lanes = [lane for plan in plans for lane in _lanes(plan, frame)]
    # Chains of lanes are widened in a quarter of the time that their strips take to be joined.
    chains = shapely.line_merge(shapely.union_all(lanes))
    return _share_pct(shapely.buffer(chains, width_m / 2.0, quad_segs=2), grid, frame)


def seen_share_pct(plans: Sequence[MissionPlan], grid: Grid, lens: CameraLens) -> float:
    """What share of the grid is in the picture from the legs that are counted on.

    As far as a person is tall enough to be counted; a sweep along its lanes.
    """
    frame = LocalFrame(origin=centre_of(grid))
    if plans and plans[0].pattern == Pattern.SWEEP.value:
        one = plans[0].waypoints[-1]
        seen = lens.footprint(
            height_agl_m=max(one.height.metres, 1.0), pitch_deg=one.gimbal_pitch_deg or 0.0
        )
        if math.isfinite(seen.axis_width_m):
            return lanes_share_pct(plans, grid, frame, seen.axis_width_m)
    looks = [look for plan in plans for look in _looks(plan, lens, frame)]
    return _share_pct(shapely.union_all(looks), grid, frame)


def _share_pct(seen: BaseGeometry, grid: Grid, frame: LocalFrame) -> float:
    whole = to_metres(grid.shape, frame)
    return float(seen.intersection(whole).area / whole.area * 100.0) if whole.area else 0.0


def _looks(plan: MissionPlan, lens: CameraLens, frame: LocalFrame) -> Iterator[BaseGeometry]:
    """What the picture passes over on each leg, or shows from a place that is stopped at."""
    places = to_positions([plan.home, *(one.point for one in plan.waypoints)], frame)
    for view, one, start, end in zip(
        leg_views(plan, lens), plan.waypoints, places[:-1], places[1:], strict=True
    ):
        bearing_deg = one.camera_bearing_true_deg
        if not view.is_counting or view.valid_m is None or bearing_deg is None:
            continue
        near_m = max(0.0, view.footprint.near_m, view.valid_m[0])
        far_m = min(view.footprint.far_m, view.valid_m[1])
        if far_m <= near_m:
            continue
        half_deg, heading = lens.hfov_deg / 2.0, math.radians(bearing_deg)
        corners = [
            (
                at[0] + reach_m * math.sin(heading + math.radians(side_deg)),
                at[1] + reach_m * math.cos(heading + math.radians(side_deg)),
            )
            for at in ([end] if one.is_transit else [start, end])
            for reach_m in (near_m, far_m)
            for side_deg in (-half_deg, 0.0, half_deg)
        ]
        yield shapely.convex_hull(shapely.multipoints(corners))


def _lanes(plan: MissionPlan, frame: LocalFrame) -> Iterator[BaseGeometry]:
    """The legs on which people are counted."""
    legs = legs_between(to_positions([one.point for one in plan.waypoints], frame))
    is_counting = np.array([not one.is_transit for one in plan.waypoints[1:]], dtype=bool)
    yield from legs[is_counting]
