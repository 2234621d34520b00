"""Two of ours that come home to neighbouring places: the farther waits until the nearer is down."""

from __future__ import annotations

from drone.guard_seen import Seen
from patrol.geo import distance_m
from patrol.telemetry import FlightMode, TelemetrySample

# One that waits itself holds, and comes home when it is free to.
_COMING_HOME = frozenset({FlightMode.RETURN, FlightMode.LAND, FlightMode.HOLD})
_OVER_HOME_M = 10.0  # who is there lands
_WAITS_WITHIN_M = 150.0  # farther off nothing is in the way; it stopped well within that


def must_give_way(seen: Seen) -> bool:
    """Whether to wait on the way home, for another that is nearer to its own and comes close.

    Never for so long that the battery would not reach, nor unheard. Of any two only one waits: the
    farther from its home, or by name.
    """
    own = seen.sample
    if (
        not (seen.may_give_way and seen.others)
        or seen.age_s > seen.limits.link_age_s
        or own.position is None
    ):
        return False
    home_m = distance_m(own.position, own.home or seen.plan.home)
    return home_m >= _OVER_HOME_M and _can_wait(seen) and any(
        other.mode in _COMING_HOME and _is_nearer(other, own.vehicle_id, home_m)
        and _is_in_the_way(seen, other)
        for other in seen.others
    )  # fmt: skip


def is_free_again(seen: Seen) -> bool:
    """Whether what it has waited for is over."""
    return seen.is_waiting and seen.sample.mode is FlightMode.HOLD and not must_give_way(seen)


def _can_wait(seen: Seen) -> bool:
    """What is left at home would still be more than the charge at which it lands where it is."""
    need_pct = seen.energy_home_pct
    if need_pct is None or not seen.is_battery_known:
        return False
    return seen.charge_pct - need_pct > seen.limits.land_pct


def _is_nearer(other: TelemetrySample, name: str, home_m: float) -> bool:
    if other.position is None or other.home is None:
        return False
    return (distance_m(other.position, other.home), other.vehicle_id) < (home_m, name)


def _is_in_the_way(seen: Seen, other: TelemetrySample) -> bool:
    own, limits = seen.sample, seen.limits
    if own.position is None or other.home is None:
        return False
    to_its_home_m = distance_m(own.position, other.home)
    if own.mode is FlightMode.HOLD:  # it waits already
        return to_its_home_m < _WAITS_WITHIN_M
    limit_m = limits.separation_m + limits.separation_slack_m
    closing_m_s = max(0.0, -seen.opening_m_s(other.home))
    stops_m = closing_m_s * seen.stopping_s(own)
    return to_its_home_m - stops_m < limit_m or seen.apart_m(other) < limit_m
