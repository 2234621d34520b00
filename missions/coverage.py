"""How much of a grid a sweep shows: the strips under its lanes. Flat ground."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

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
    strips = [strip for plan in plans for strip in _strips(plan, terrain, width_m)]
    seen = unary_union(strips)
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


def _strips(plan: MissionPlan, terrain: Terrain, width_m: float) -> Iterator[BaseGeometry]:
    """What is seen from each leg on which people are counted."""
    legs = legs_between(to_positions([one.point for one in plan.waypoints], terrain.frame))
    is_counting = np.array([not one.is_transit for one in plan.waypoints[1:]], dtype=bool)
    yield from shapely.buffer(legs[is_counting], width_m / 2.0, quad_segs=2)
