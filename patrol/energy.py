"""How much of a battery a plan and its safe way home take, with wind and height. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from patrol.geo import Enu, GeoPoint, LocalFrame
from patrol.plan import MissionPlan
from patrol.way_home import way_back

_SLOW_BELOW_M = 10.0  # PX4 MPC_LAND_ALT1: from there down it lands slowly
_LAND_M_S = 0.7  # PX4 MPC_LAND_SPEED
_STRAIGHT_COS = math.cos(math.radians(5.0))
_SLOWEST_M_S = 0.5  # slower over ground is not coming home


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """What an aircraft spends; our defaults [P], to be replaced by its own flights' figures."""

    endurance_s: float = 1500.0  # in a hover, or at the speed of a patrol, from 100 % to 0
    air_speed_max_m_s: float = 14.0
    drag_share: float = 0.8  # that this air speed costs on top of the patrol's
    climb_m_s: float = 2.0
    climb_share: float = 0.5  # on top of a hover
    descent_m_s: float = 1.5  # PX4 MPC_Z_V_AUTO_DN
    wind_unknown_m_s: float = 8.0  # taken as a headwind all the way
    turn_s: float = 3.0
    decision_s: float = 5.0  # PX4 holds so long before a fail-safe returns


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wind:
    speed_m_s: float | None
    from_true_deg: float | None


def energy_home_pct(
    position: GeoPoint,
    plan: MissionPlan,
    *,
    height_above_home_m: float | None,
    wind_m_s: float | None = None,
    wind_from_true_deg: float | None = None,
    look_s: float = 0.0,
    power: Power | None = None,
) -> float:
    """Charge needed to land by the plan's way home; infinite where the wind is too strong for it.

    `look_s` is a stay at `position` first (an observation takes 11 minutes). What is not known
    counts as the worst: the plan's ceiling for the height, a headwind on every leg for the wind.
    """
    power = power or Power()
    wind = _Wind(speed_m_s=wind_m_s, from_true_deg=wind_from_true_deg)
    ways = (position, *way_back(position, plan))
    cruise_m_s = min(waypoint.speed_m_s for waypoint in plan.waypoints)
    bends = sum(is_turn(*three) for three in zip(ways, ways[1:], ways[2:], strict=False))
    spent_s = look_s + power.decision_s + power.turn_s * (1 + bends)
    for start, end in zip(ways, ways[1:], strict=False):
        spent_s += _leg_s(LocalFrame(origin=start).to_enu(end), cruise_m_s, wind, power)
    height_m = plan.ceiling_agl_m if height_above_home_m is None else max(0.0, height_above_home_m)
    spent_s += _height_s(height_m, plan.return_height.metres, power)
    return spent_s / power.endurance_s * 100.0


def energy_need_pct(
    plan: MissionPlan,
    *,
    wind_m_s: float | None = None,
    wind_from_true_deg: float | None = None,
    power: Power | None = None,
) -> float:
    """Charge for the whole plan: climb, route, the longest look it allows, the worst way home.

    In calm air where nothing is known of the wind, for no aircraft tells it on the ground: whoever
    asks has to say so. Infinite where the wind is too strong for a leg.
    """
    power = power or Power()
    wind = _Wind(speed_m_s=wind_m_s, from_true_deg=wind_from_true_deg)
    if wind_m_s is None:
        wind = _Wind(speed_m_s=0.0, from_true_deg=0.0)
    look_s = plan.look_hold.longest_s if plan.look_hold else 0.0
    waypoints, at = plan.waypoints, plan.home
    spent_s = _climb_s(plan.climb_height_m, power)
    worst_s, height_m = 0.0, plan.climb_height_m
    for number, waypoint in enumerate(waypoints, 1):
        leg = LocalFrame(origin=at).to_enu(waypoint.point)
        spent_s += _leg_s(leg, waypoint.speed_m_s, wind, power) + waypoint.hold_s
        beyond = waypoints[number].point if number < len(waypoints) else plan.home
        if waypoint.hold_s or is_turn(at, waypoint.point, beyond):
            spent_s += power.turn_s
        at = waypoint.point
        there_m = waypoint.height_above_home_m
        if there_m is not None:
            spent_s += _climb_s(there_m - height_m, power)
            height_m = there_m
        home_pct = energy_home_pct(
            at, plan, height_above_home_m=there_m, wind_m_s=wind.speed_m_s,
            wind_from_true_deg=wind.from_true_deg, look_s=look_s,
            power=replace(power, decision_s=0.0),
        )  # fmt: skip
        worst_s = max(worst_s, spent_s + home_pct / 100.0 * power.endurance_s)
    return worst_s / power.endurance_s * 100.0


def is_turn(before: GeoPoint, at: GeoPoint, after: GeoPoint) -> bool:
    """Whether a route bends there; an autopilot flies on over a place on a straight line."""
    first, second = LocalFrame(origin=before).to_enu(at), LocalFrame(origin=at).to_enu(after)
    lengths = math.hypot(first.east_m, first.north_m) * math.hypot(second.east_m, second.north_m)
    along = first.east_m * second.east_m + first.north_m * second.north_m
    return along < _STRAIGHT_COS * lengths or lengths == 0.0


def _climb_s(height_m: float, power: Power) -> float:
    return max(0.0, height_m) / power.climb_m_s * (1.0 + power.climb_share)


def _leg_s(leg: Enu, cruise_m_s: float, wind: _Wind, power: Power) -> float:
    """Seconds of hovering that cost as much as the leg; the air speed beyond a cruise is paid."""
    length_m = math.hypot(leg.east_m, leg.north_m)
    if length_m == 0.0:
        return 0.0
    against_m_s, across_m_s = _wind_on(leg, wind, power)
    fastest_m_s = max(power.air_speed_max_m_s, cruise_m_s)
    spare = fastest_m_s**2 - across_m_s**2
    ground_m_s = min(cruise_m_s, math.sqrt(spare) - against_m_s) if spare > 0.0 else 0.0
    if ground_m_s <= 0.0 or ground_m_s < min(_SLOWEST_M_S, cruise_m_s):
        return math.inf
    air_m_s = math.hypot(ground_m_s + against_m_s, across_m_s)
    # Drag's power goes with the cube of the air speed; a tail wind is given no credit.
    extra = max(0.0, air_m_s**3 - cruise_m_s**3) / fastest_m_s**3
    return length_m / ground_m_s * (1.0 + power.drag_share * extra)


def _wind_on(leg: Enu, wind: _Wind, power: Power) -> tuple[float, float]:
    """The wind against the leg and across it."""
    if wind.speed_m_s is None or wind.from_true_deg is None:
        return max(power.wind_unknown_m_s, wind.speed_m_s or 0.0), 0.0
    off_rad = math.radians(wind.from_true_deg) - math.atan2(leg.east_m, leg.north_m)
    return wind.speed_m_s * math.cos(off_rad), wind.speed_m_s * math.sin(off_rad)


def _height_s(height_m: float, return_m: float, power: Power) -> float:
    climb_m = max(0.0, return_m - height_m)
    top_m = height_m + climb_m
    slow_m = min(top_m, _SLOW_BELOW_M)
    climb_s = climb_m / power.climb_m_s * (1.0 + power.climb_share)
    return climb_s + (top_m - slow_m) / power.descent_m_s + slow_m / _LAND_M_S
