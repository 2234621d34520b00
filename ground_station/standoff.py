"""How far the aircraft keeps from a crowd: may it stop here, and which way leads past it?

A crowd is never stood over nor flown over (DOMAIN 4.3: the greater of 30 m and the height above
ground, from the nearest placed person plus error). What is not known speaks against, never for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ground_station.alerts import CrowdAlert, Outcome
from patrol.crowds import SeenCrowd, SeenCrowds
from patrol.geo import Enu, GeoPoint, LocalFrame, distance_m, is_inside
from patrol.plan import Finding, Level, MissionPlan
from patrol.sighting import Cluster, Look, PlacedPerson, Sighting
from vision.clusters import clusters
from vision.crowd_rules import CrowdRules

_RULE = "无人驾驶航空器飞行管理暂行条例 Art. 31 ¶2(三)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Ground where somebody of the crowd may be: this far around the point."""

    point: GeoPoint
    error_m: float


Crowd = Sequence[Spot]


def hold_objection(sighting: Sighting, plan: MissionPlan) -> Finding | None:
    """Why the aircraft must not stop here to look; None when it may."""
    nearest_m, need_m = sighting.nearest_person_m, sighting.standoff_need_m
    if nearest_m is None:
        return _finding(
            "standoff.range_unknown",
            "the distance to the nearest person is not known",
            "与最近人员的距离未知",
        )
    if need_m is None:
        return _finding(
            "standoff.height_unknown",
            "the height above ground is not known, so neither is the stand-off needed",
            "离地高度未知，无法确定所需的安全距离",
        )
    return _near(nearest_m, max(need_m, _least_m(plan)))


def near_objection(
    here: GeoPoint, height_agl_m: float | None, crowd: Crowd, plan: MissionPlan
) -> Finding | None:
    """The same while it holds, from one look; without its height, for the plan's greatest."""
    need_m = max(_heights_m(plan)) if height_agl_m is None else height_agl_m
    return _near(clearance_m([here], crowd), max(need_m, _least_m(plan)))


def way_objection(way: Sequence[GeoPoint], crowd: Crowd, need_m: float) -> Finding | None:
    """Why this way must not be flown while the crowd is there; None when it may."""
    clear_m = clearance_m(way, crowd)
    if clear_m >= need_m:
        return None
    return _finding(
        "standoff.way",
        f"the way passes the crowd at {max(clear_m, 0.0):.0f} m; {need_m:.0f} m are needed",
        f"航线距人群仅{max(clear_m, 0.0):.0f}米，至少需{need_m:.0f}米",
    )


def clearance_m(way: Sequence[GeoPoint], crowd: Crowd) -> float:
    """From the way to the nearest ground where somebody may be; negative when it leads over it."""
    return min(
        (distance_to_way_m(spot.point, way) - spot.error_m for spot in crowd), default=math.inf
    )


def distance_to_way_m(point: GeoPoint, way: Sequence[GeoPoint]) -> float:
    """From a place to the nearest point of a way with one corner or more."""
    frame = LocalFrame(origin=point)
    corners = [frame.to_enu(corner) for corner in way]
    if len(corners) == 1:
        return distance_m(point, way[0])
    return min(_to_origin_m(start, end) for start, end in zip(corners, corners[1:], strict=False))


def crowd_at(place: GeoPoint, looks: Iterable[Look], rules: CrowdRules, *, reach_m: float) -> Crowd:
    """Who may still be there, by the newest look that had the place in view; empty for nobody.

    Ten or more by the upper bound are a crowd (DOMAIN 4.3). With no such look the circle in which
    they were last seen stands for them: not having looked is not an empty place.
    """
    for look in reversed(list(looks)):
        seen = crowd_seen(place, look, rules)
        if seen is not None:
            return seen
    return [Spot(point=place, error_m=reach_m)]


def crowd_seen(place: GeoPoint, look: Look, rules: CrowdRules) -> Crowd | None:
    """Who of a crowd this look shows at the place; None when it did not have it in view."""
    if not look.is_valid or not is_inside(place, look.footprint):
        return None
    return [
        Spot(point=person.point, error_m=person.error_m)
        for cluster in clusters(look, rules)
        if cluster.count.high >= rules.n_raise
        and distance_m(cluster.centre, place) < rules.same_place_m
        for person in cluster.people
    ]


def seen_crowds(
    look: Look, found: Iterable[Cluster], rules: CrowdRules, vehicle_id: str
) -> SeenCrowds:
    """What the guardian is to keep away from: ten or more by the upper bound."""
    return SeenCrowds(
        time_utc=look.captured_utc,
        crowds=tuple(
            SeenCrowd(centre=cluster.centre, people=cluster.people)
            for cluster in found
            if cluster.count.high >= rules.n_raise
        ),
        footprint=look.footprint,
        vehicle_id=vehicle_id,
    )


def remembered_crowds(alerts: Iterable[CrowdAlert], now_utc: datetime) -> SeenCrowds:
    """The crowds of a sortie's alerts that were not seen to leave, as if they had just been seen.

    For a station that starts again: where they stand now nobody knows, and the guardian keeps away
    until a look finds the place empty.
    """
    return SeenCrowds(
        time_utc=now_utc,
        crowds=tuple(
            SeenCrowd(
                centre=alert.place,
                people=(
                    PlacedPerson(
                        point=alert.place, error_m=alert.radius_m + alert.error_m,
                        relative_error_m=alert.radius_m, score=1.0, box_px=(0.0, 0.0, 0.0, 0.0),
                    ),
                ),
            )
            for alert in alerts
            if alert.outcome is not Outcome.DISPERSED
        ),
        footprint=(),
    )  # fmt: skip


def route_left(
    plan: MissionPlan, here: GeoPoint | None, next_waypoint: int | None
) -> list[GeoPoint]:
    """The way from here over the waypoints to come and home; the whole plan where unknown."""
    points = [waypoint.point for waypoint in plan.waypoints]
    if here is None or next_waypoint is None:
        return [plan.home, *points, plan.home]
    return [here, *points[next_waypoint:], plan.home]


def route_need_m(plan: MissionPlan, rules: CrowdRules) -> float:
    """The stand-off at the plan's greatest height, the way home included."""
    return max(rules.standoff_min_m, _least_m(plan), *_heights_m(plan))


def _heights_m(plan: MissionPlan) -> list[float]:
    # Above home: the ground is flat until elevation is given.
    return [plan.return_height.metres, *(waypoint.height.metres for waypoint in plan.waypoints)]


def _least_m(plan: MissionPlan) -> float:
    return plan.look_hold.standoff_min_m if plan.look_hold else 0.0


def _near(nearest_m: float, need_m: float) -> Finding | None:
    if nearest_m >= need_m:
        return None
    return _finding(
        "standoff.near",
        f"the nearest person is {max(nearest_m, 0.0):.0f} m away; {need_m:.0f} m are needed",
        f"距最近人员仅{max(nearest_m, 0.0):.0f}米，至少需{need_m:.0f}米",
    )


def _finding(code: str, text: str, text_zh: str) -> Finding:
    return Finding(code=code, level=Level.STOP, text=text, text_zh=text_zh, article=_RULE)


def _to_origin_m(start: Enu, end: Enu) -> float:
    """From the frame's origin to a straight leg."""
    east_m, north_m = end.east_m - start.east_m, end.north_m - start.north_m
    length_sq = east_m**2 + north_m**2
    share = 0.0
    if length_sq > 0.0:
        share = -(start.east_m * east_m + start.north_m * north_m) / length_sq
        share = min(1.0, max(0.0, share))
    return math.hypot(start.east_m + share * east_m, start.north_m + share * north_m)
