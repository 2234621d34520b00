"""The places over which the autopilot comes home from somewhere, as PX4 v1.16 chooses them."""

from __future__ import annotations

from patrol.geo import GeoPoint, distance_m
from patrol.plan import MissionPlan, WayHome

# PX4 v1.16 (rtl.cpp, MAX_DIST_FROM_HOME_FOR_LAND_APPROACHES) leaves nearer rally points out.
RALLY_FROM_HOME_MIN_M = 10.0


def landing_places(plan: MissionPlan) -> tuple[GeoPoint, ...]:
    """Home first, then the rally points that the autopilot would take."""
    if plan.way_home is not WayHome.RALLY:
        return (plan.home,)
    far = (
        rally.point
        for rally in plan.rally_points
        if distance_m(rally.point, plan.home) > RALLY_FROM_HOME_MIN_M
    )
    return (plan.home, *far)


def way_back(position: GeoPoint, plan: MissionPlan) -> tuple[GeoPoint, ...]:
    """Where it flies to from a place, in order; the last is where it lands.

    Along the route it begins at the nearest waypoint, the first of several: what PX4 does out of a
    hold, and before every return on link loss there is one.
    """
    if plan.way_home is WayHome.ROUTE:
        points = [waypoint.point for waypoint in plan.waypoints]
        nearest = min(range(len(points)), key=lambda i: distance_m(position, points[i]))
        return (*reversed(points[: nearest + 1]), plan.home)
    return (min(landing_places(plan), key=lambda place: distance_m(position, place)),)


def way_back_m(position: GeoPoint, plan: MissionPlan) -> float:
    """How far that is."""
    places = (position, *way_back(position, plan))
    return sum(distance_m(a, b) for a, b in zip(places, places[1:], strict=False))
