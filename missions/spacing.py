"""How far apart a sweep's lanes lie: what the lens shows of the ground, less an overlap."""

from __future__ import annotations

import math
from collections.abc import Sequence

from shapely.geometry import Polygon

from missions.findings import stop
from missions.request import PlanRequest
from missions.sweep import lane_count
from patrol.plan import Finding

_LANES_MAX = 1500.0
_LENGTH_MAX_M = 200_000.0  # some fifty batteries


def spacing_of(request: PlanRequest) -> tuple[float, list[Finding]]:
    """Metres between lanes; with a finding that forbids, where there is no such figure."""
    if request.task.spacing_m is not None:
        if math.isfinite(request.task.spacing_m) and request.task.spacing_m > 0.0:
            return request.task.spacing_m, []
        return math.inf, [
            stop(
                "spacing.wrong",
                f"lanes {request.task.spacing_m:g} m apart cannot be flown: give more than 0 m",
                f"航线间距{request.task.spacing_m:g}米无法飞行：须大于0米",
            )
        ]
    width_m = swath_m(request)
    if math.isfinite(width_m) and width_m > 0.0:
        return width_m * (1.0 - request.task.overlap_share), []
    return math.inf, [
        stop(
            "spacing.horizon",
            f"a camera tilted {request.gimbal_pitch_deg:g} degrees looks at or above the horizon: "
            "tilt it down or give the spacing of the lanes",
            f"云台俯仰{request.gimbal_pitch_deg:g}度看不到地面：请下压云台或指定航线间距",
        )
    ]


def swath_m(request: PlanRequest) -> float:
    """How wide the picture is on the ground where the lens points; infinite at the horizon."""
    seen = request.lens.footprint(
        height_agl_m=request.height_agl_m, pitch_deg=request.gimbal_pitch_deg
    )
    return seen.axis_width_m


def explosion(rooms: Sequence[Polygon], spacing_m: float, *, is_own: bool = False) -> list[Finding]:
    """Whether so narrow a spacing makes a route that nobody flies, with one that would do.

    `is_own`: it is what the picture shows, so that a wider one would leave gaps between lanes.
    """
    area_m2 = sum(room.area for room in rooms)
    lanes, length_m = lane_count(rooms, spacing_m), area_m2 / spacing_m
    share = max(lanes / _LANES_MAX, length_m / _LENGTH_MAX_M)
    if share <= 1.0:
        return []
    enough_m = math.ceil(spacing_m * share * 10.0) / 10.0
    wider, wider_zh = f"at least {enough_m:g} m here, or ", f"此网格间距至少{enough_m:g}米，或"
    if is_own:
        wider, wider_zh = "", ""
    return [
        stop(
            "spacing.explodes",
            f"lanes {spacing_m:.4g} m apart would be {lanes:.0f} lanes and "
            f"{length_m / 1000:.0f} km of flight: {wider}plan a smaller grid",
            f"航线间距{spacing_m:.4g}米将产生{lanes:.0f}条航线、{length_m / 1000:.0f}公里航程："
            f"{wider_zh}改为更小的网格",
        )
    ]
