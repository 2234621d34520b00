"""The way home that RTL_TYPE asks for: places to pass, and the one to land at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from patrol.geo import Enu, GeoPoint, LocalFrame
from sim.mission import TAKE_OFF, WAYPOINT, Item, MissionState

DIRECT, NOT_HOME, MISSION_PATH, CLOSEST, SHORTER_PATH = range(5)  # RTL_TYPE
_NEAR_M = 10.0  # RTL_MIN_DIST: nearer than that it need not climb as high
# PX4 v1.16, rtl.cpp: rally points so near home do not count; others only if so much nearer.
_RALLY_FROM_HOME_MIN_M, _NEARER_BY_M = 10.0, 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnPath:
    """`over` is flown at the heights it holds; empty for the straight line."""

    over: tuple[Enu, ...]
    landing: Enu


def return_path(
    return_type: int,
    *,
    here: Enu,
    frame: LocalFrame,
    mission: MissionState,
    rally: Sequence[GeoPoint],
    is_on_mission: bool,
) -> ReturnPath:
    """Choose as PX4 v1.16 does. Home is the frame's origin.

    Along the mission it goes from the item being flown; out of any other mode, a hold most of all,
    from the nearest waypoint.
    """
    home = Enu(east_m=0.0, north_m=0.0)
    landing = mission.landing()
    at_landing = frame.to_enu(landing.point) if landing and landing.point else None
    if return_type in (MISSION_PATH, SHORTER_PATH):
        split = mission.current if is_on_mission else _after_nearest(here, frame, mission)
        ahead = _places(frame, mission.items[split:])
        behind = _places(frame, mission.items[:split])[::-1]
        is_all = return_type == MISSION_PATH or len(ahead) < len(behind)
        if at_landing is not None and is_all:
            return ReturnPath(over=ahead, landing=at_landing)
        return ReturnPath(over=behind, landing=home)
    places = [frame.to_enu(point) for point in rally]
    places = [place for place in places if place.distance_m(home) > _RALLY_FROM_HOME_MIN_M]
    if return_type in (NOT_HOME, CLOSEST) and at_landing is not None:
        places.append(at_landing)
    if return_type == NOT_HOME and places:
        return ReturnPath(over=(), landing=min(places, key=here.distance_m))
    return ReturnPath(over=(), landing=_nearest(here, home, places))


def _nearest(here: Enu, home: Enu, places: Sequence[Enu]) -> Enu:
    """The first stays chosen until another is nearer by a margin."""
    chosen = home
    for place in places:
        if here.distance_m(place) < here.distance_m(chosen) - _NEARER_BY_M:
            chosen = place
    return chosen


def _after_nearest(here: Enu, frame: LocalFrame, mission: MissionState) -> int:
    """The index behind the nearest waypoint, the first of several; 0 where there is none."""
    away = [
        (here.distance_m(frame.to_enu(item.point)), index)
        for index, item in enumerate(mission.items)
        if item.command in (WAYPOINT, TAKE_OFF) and item.point is not None
    ]
    return min(away)[1] + 1 if away else 0


def _places(frame: LocalFrame, items: Sequence[Item]) -> tuple[Enu, ...]:
    return tuple(
        frame.to_enu(item.point, up_m=item.up_m) for item in items
        if item.command in (WAYPOINT, TAKE_OFF) and item.point is not None
    )  # fmt: skip


def return_up_m(
    *, up_m: float, away_m: float, return_m: float, descend_m: float, cone_deg: float
) -> float:
    """How high to fly home: RTL_RETURN_ALT, or what RTL_CONE_ANG allows; never lower than now."""
    if cone_deg <= 0.0:
        wanted_m = return_m
    elif cone_deg >= 90.0 or away_m < _NEAR_M:
        wanted_m = min(descend_m, return_m)
    else:
        cone_m = away_m / math.tan(math.radians(cone_deg))
        wanted_m = min(return_m, max(descend_m, cone_m))
    return max(up_m, wanted_m)
