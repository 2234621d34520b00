"""How much of a grid a sweep shows: the strips under its lanes. Flat ground."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from missions.areas import Terrain
from missions.findings import note, warn
from missions.flat import legs_between, to_metres, to_positions
from missions.request import PlanRequest
from missions.spacing import swath_m
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
    lanes = [lane for plan in plans for lane in _lanes(plan, terrain)]
    # Chains of lanes are widened in a quarter of the time that their strips take to be joined.
    chains = shapely.line_merge(shapely.union_all(lanes))
    seen = shapely.buffer(chains, width_m / 2.0, quad_segs=2)
    grid = to_metres(request.grid.shape, terrain.frame)
    share_pct = seen.intersection(grid).area / grid.area * 100.0
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


def _lanes(plan: MissionPlan, terrain: Terrain) -> Iterator[BaseGeometry]:
    """The legs on which people are counted."""
    legs = legs_between(to_positions([one.point for one in plan.waypoints], terrain.frame))
    is_counting = np.array([not one.is_transit for one in plan.waypoints[1:]], dtype=bool)
    yield from legs[is_counting]
