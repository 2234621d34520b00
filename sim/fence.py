"""The geofence as PX4 holds it: any number of polygons and circles, to stay in or to keep out of.

https://mavlink.io/en/services/mission.html#geo-fences: every area has to be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from patrol.geo import GeoPoint, distance_m, is_inside

POLYGON_IN, POLYGON_OUT, CIRCLE_IN, CIRCLE_OUT = 5001, 5002, 5003, 5004  # MAV_CMD_NAV_FENCE_*
RETURN_POINT = 5000
_POLYGONS = (POLYGON_IN, POLYGON_OUT)
_CIRCLES = (CIRCLE_IN, CIRCLE_OUT)
_INCLUSIONS = (POLYGON_IN, CIRCLE_IN)
_CORNERS_MIN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A polygon, or a circle round its only corner."""

    corners: tuple[GeoPoint, ...]
    radius_m: float | None = None
    is_inclusion: bool = True

    def allows(self, point: GeoPoint) -> bool:
        """Whether it may be flown there as far as this area says."""
        if self.radius_m is not None:
            is_in = distance_m(self.corners[0], point) < self.radius_m
        else:
            is_in = is_inside(point, self.corners)
        return is_in is self.is_inclusion


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """All areas; empty where there is no fence."""

    areas: tuple[Area, ...] = ()

    def allows(self, point: GeoPoint) -> bool:
        """Whether every area allows it."""
        return all(area.allows(point) for area in self.areas)

    def keeping(self, is_kept: Callable[[Area], bool]) -> Fence:
        """Those areas alone."""
        return Fence(areas=tuple(area for area in self.areas if is_kept(area)))


def is_fence_item(item: Any) -> bool:  # noqa: ANN401  # pymavlink's messages
    """Whether PX4 takes such an item; a polygon of fewer than three corners it does not."""
    if item.command in _POLYGONS:
        return _corner_count(item) >= _CORNERS_MIN
    return item.command in (*_CIRCLES, RETURN_POINT)


def fence_from(items: Sequence[Any]) -> Fence:
    """The areas that a list of MISSION_ITEM_INT tells; each polygon's items tell its length."""
    areas = []
    at = 0
    while at < len(items):
        item = items[at]
        if item.command in _POLYGONS:
            corners = items[at : at + _corner_count(item)]
            at += len(corners)
            areas.append(_polygon(item, corners))
            continue
        if item.command in _CIRCLES:
            areas.append(_circle(item))
        at += 1
    return Fence(areas=tuple(areas))


def polygon(corners: Sequence[GeoPoint], *, is_inclusion: bool = True) -> Fence:
    """A fence of one polygon."""
    return Fence(areas=(Area(corners=tuple(corners), is_inclusion=is_inclusion),))


def _polygon(first: Any, corners: Sequence[Any]) -> Area:  # noqa: ANN401
    points = tuple(_point(corner) for corner in corners)
    return Area(corners=points, is_inclusion=first.command in _INCLUSIONS)


def _circle(item: Any) -> Area:  # noqa: ANN401
    return Area(
        corners=(_point(item),), radius_m=item.param1, is_inclusion=item.command in _INCLUSIONS
    )


def _corner_count(item: Any) -> int:  # noqa: ANN401
    """What an item says of its polygon's length; 0 for a number that is none."""
    return round(item.param1) if 0.0 <= item.param1 < 1e6 else 0


def _point(item: Any) -> GeoPoint:  # noqa: ANN401
    return GeoPoint(lat_deg=item.x / 1e7, lon_deg=item.y / 1e7)
