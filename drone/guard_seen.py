"""What an in-flight rule looks at: one aircraft, its plan, known crowds and our other aircraft."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from patrol.crowds import KnownCrowds, away_m
from patrol.energy import Power, energy_home_pct
from patrol.geo import GeoPoint, LocalFrame, is_inside
from patrol.plan import MissionPlan
from patrol.telemetry import Fix, FlightMode, TelemetrySample
from patrol.way_home import way_back


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardLimits:
    """Our defaults [P]."""

    fence_slack_m: float = 3.0
    ceiling_slack_m: float = 3.0
    land_pct: float = 8.0
    return_pct: float = 20.0  # never less is left to come home with
    reserve_pct: float = 10.0  # above the energy that the way home takes
    link_age_s: float = 5.0  # wall
    value_age_s: float = 10.0  # wall; what was told longer ago is not known
    standoff_m: float = 30.0  # DOMAIN 4.3: or the height above ground, if that is more
    standoff_slack_m: float = 3.0
    standoff_looks: int = 6  # in a row; after three the crowd desk moves away by itself
    standoff_blind_s: float = 5.0  # world; no look has come, and what is known is too near
    separation_m: float = 30.0
    separation_slack_m: float = 4.0  # two positions, each off by a metre or two
    opening_m_s: float = 0.5  # who moves away so fast is let go on
    reaction_s: float = 1.0  # from a sample to an aircraft that brakes
    brakes_m_s2: float = 1.75
    standoff_ahead_s: float = 10.0  # so early do looks at a crowd that is flown towards count
    wind_return_m_s: float = 12.0
    wind_warn_m_s: float = 8.0
    satellites_min: int = 6
    ground_m: float = 8.0  # a mission so near the ground has met ground that nobody knew of


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a rule looks at."""

    sample: TelemetrySample
    plan: MissionPlan
    limits: GuardLimits = field(default_factory=GuardLimits)
    age_s: float = 0.0  # wall, since the position was heard
    crowds: KnownCrowds = field(default_factory=KnownCrowds)
    near_looks: int = 0  # looks in a row with somebody of a crowd too near
    near_blind_s: float = 0.0  # world, that somebody has been too near and no look has come
    others: tuple[TelemetrySample, ...] = ()  # our own aircraft in the air, as last heard
    silent_others: tuple[str, ...] = ()  # our own in the air that have not been heard for a while
    may_give_way: bool = False  # on a way home that one of us asked for, or waiting on it
    is_waiting: bool = False  # because it gave way
    power: Power = field(default_factory=Power)

    @property
    def charge_pct(self) -> float:
        """The battery's charge; full where it is not known, which is a row of its own."""
        return self.sample.battery.charge_pct if self.sample.battery else 100.0

    @property
    def is_battery_known(self) -> bool:
        """Whether its charge was told of late."""
        return self.sample.battery is not None and self._is_fresh(self.sample.ages.battery_s)

    @property
    def is_wind_known(self) -> bool:
        """Whether the wind was told of late."""
        return self.sample.wind is not None and self._is_fresh(self.sample.ages.wind_s)

    @property
    def is_ground_known(self) -> bool:
        """Whether its height above ground was told of late."""
        return self.sample.height_agl_m is not None and self._is_fresh(self.sample.ages.terrain_s)

    @property
    def is_gnss_told(self) -> bool:
        """Whether the satellite position's quality was told of late."""
        return self._is_fresh(self.sample.ages.gnss_s)

    @property
    def is_mode_known(self) -> bool:
        """Whether it says what it does; a mode told long ago may be the sticks' by now."""
        is_told = self.sample.mode is not FlightMode.UNKNOWN
        return is_told and self._is_fresh(self.sample.ages.mode_s)

    @property
    def is_outside(self) -> bool:
        """Beyond the fence and its slack; no where there is no position: a row of its own."""
        position, fence = self.sample.position, self.plan.fence
        if position is None or is_inside(position, fence):
            return False
        return _to_ring_m(position, fence) > self.limits.fence_slack_m

    @property
    def height_m(self) -> float | None:
        """Above ground where the aircraft tells it, else above home; None where neither."""
        return self.sample.height_agl_m if self.is_ground_known else self.sample.height_above_home_m

    @property
    def is_too_high(self) -> bool:
        """Above the plan's ceiling and its slack; no where there is no height: a row of its own."""
        limit_m = self.plan.ceiling_agl_m + self.limits.ceiling_slack_m
        return self.height_m is not None and self.height_m > limit_m

    @property
    def is_ground_near(self) -> bool:
        """Whether the mission leads into rising ground, where the aircraft tells how near it is."""
        is_low = self.sample.mode is FlightMode.MISSION and self.is_ground_known
        lowest_m = min(waypoint.height.metres for waypoint in self.plan.waypoints)
        return is_low and (self.height_m or 0.0) < min(self.limits.ground_m, lowest_m / 2.0)

    @property
    def standoff_need_m(self) -> float:
        """The greater of 30 m, the plan's own and the height above ground; its ceiling if unknown.

        DOMAIN 4.3, overflight guard.
        """
        height_m = self.plan.ceiling_agl_m if self.height_m is None else self.height_m
        own_m = self.plan.look_hold.standoff_min_m if self.plan.look_hold else 0.0
        return max(self.limits.standoff_m, own_m, height_m)

    @property
    def is_near_crowd(self) -> bool:
        """Whether somebody of a crowd is nearer than the stand-off, or will be before it stops.

        By the upper bound: the nearest that anybody may be.
        """
        return self._comes_near(self.stopping_s(self.sample))

    @property
    def is_crowd_ahead(self) -> bool:
        """Whether somebody of a crowd is nearer than the stand-off, or soon will be."""
        return self._comes_near(self.limits.standoff_ahead_s)

    @property
    def is_standoff_breached(self) -> bool:
        """Near for several looks, or for a while without any, and not moving away."""
        position, limits = self.sample.position, self.limits
        is_long = (
            self.near_looks >= limits.standoff_looks or self.near_blind_s >= limits.standoff_blind_s
        )
        if position is None or not is_long or not self.is_near_crowd:
            return False
        person = self.crowds.nearest(position)
        return person is not None and self.opening_m_s(person.point) < limits.opening_m_s

    @property
    def is_home_away_from_crowd(self) -> bool:
        """Whether no corner of the way home is nearer to a crowd than the aircraft is now."""
        position = self.sample.position
        if position is None:
            return False
        here_m = self.crowds.clearance_m([position])
        steps = _steps((position, *way_back(position, self.plan)))
        return self.crowds.clearance_m(steps) >= here_m - 1.0

    @property
    def is_way_home_crowded(self) -> bool:
        """Whether the way home from here would pass a known crowd nearer than the stand-off."""
        position = self.sample.position
        if position is None:
            return False
        way = (position, *way_back(position, self.plan))
        need_m = max(self.standoff_need_m, self.plan.return_height.metres)
        return self.crowds.is_passed(way, need_m - self.limits.standoff_slack_m)

    @property
    def is_near_another(self) -> bool:
        """Whether one of our own is nearer than the separation, and this one not moving away.

        Or would be before both could have stopped: a hold takes its time and its way.
        """
        limit_m = self.limits.separation_m + self.limits.separation_slack_m
        return any(
            self.apart_m(other) < limit_m
            and other.position is not None
            and self.opening_m_s(other.position) < self.limits.opening_m_s
            for other in self.others
        )

    @property
    def is_energy_low(self) -> bool:
        """Less charge than the plan's way home takes from here, with a reserve."""
        home_pct, limits = self.energy_home_pct, self.limits
        if self.sample.battery is None or home_pct is None:
            return False  # rows of their own
        return self.charge_pct < max(limits.return_pct, home_pct + limits.reserve_pct)

    @property
    def energy_home_pct(self) -> float | None:
        """The charge that the plan's way home takes from here; None without a position."""
        sample = self.sample
        if sample.position is None:
            return None
        wind = sample.wind if self.is_wind_known else None
        return energy_home_pct(
            sample.position, self.plan, height_above_home_m=sample.height_above_home_m,
            wind_m_s=wind.speed_m_s if wind else None,
            wind_from_true_deg=wind.from_deg_true if wind else None, power=self.power,
        )  # fmt: skip

    @property
    def has_no_fix(self) -> bool:
        """No satellite position, or none told."""
        return self.sample.gnss is None or self.sample.gnss.fix < Fix.THREE_D

    @property
    def has_few_satellites(self) -> bool:
        """A position that may soon be lost."""
        gnss = self.sample.gnss
        return gnss is not None and gnss.satellites < self.limits.satellites_min

    @property
    def is_flying(self) -> bool:
        """In the air for certain; some things are told only there."""
        return self.sample.is_in_air is True

    def is_wind_above(self, limit_m_s: float) -> bool:
        """Whether the autopilot says so; a wind that is not known is a row of its own."""
        return self.sample.wind is not None and self.sample.wind.speed_m_s > limit_m_s

    def _is_fresh(self, age_s: float | None) -> bool:
        return age_s is None or age_s <= self.limits.value_age_s

    def opening_m_s(self, point: GeoPoint) -> float:
        """How fast the aircraft moves away from a place; not at all where nobody knows."""
        velocity, position = self.sample.velocity, self.sample.position
        if velocity is None or position is None:
            return 0.0
        towards = LocalFrame(origin=position).to_enu(point)
        length_m = max(1.0, math.hypot(towards.east_m, towards.north_m))
        along = velocity.east_m_s * towards.east_m + velocity.north_m_s * towards.north_m
        return -along / length_m

    def _comes_near(self, ahead_s: float) -> bool:
        """Whether the stand-off is broken, or would be after so long at this speed.

        Who closes in has no slack: that is for the wander of one who holds just outside.
        """
        position = self.sample.position
        person = self.crowds.nearest(position) if position is not None else None
        if position is None or person is None:
            return False
        now_m, closing_m_s = away_m(position, person), -self.opening_m_s(person.point)
        if now_m < self.standoff_need_m - self.limits.standoff_slack_m:
            return True
        is_closing = closing_m_s > self.limits.opening_m_s
        return is_closing and now_m - closing_m_s * ahead_s < self.standoff_need_m

    def stopping_s(self, *samples: TelemetrySample) -> float:
        """At full speed for so long is as far as the fastest of them gets before it stands."""
        fastest_m_s = max(math.hypot(*_velocity(sample)) for sample in samples)
        return self.limits.reaction_s + fastest_m_s / (2.0 * self.limits.brakes_m_s2)

    def apart_m(self, other: TelemetrySample) -> float:
        """The least distance in space until both could stand; infinite without a position.

        Heights that are not known count as the same, velocities that are not known as none. The
        other has flown on since it was heard.
        """
        here, there = self.sample, other
        if here.position is None or there.position is None:
            return math.inf
        up_m = 0.0
        if here.altitude_amsl_m is not None and there.altitude_amsl_m is not None:
            up_m = there.altitude_amsl_m - here.altitude_amsl_m
        enu = LocalFrame(origin=here.position).to_enu(there.position)
        mine, theirs = _velocity(here), _velocity(there)
        since_s = max(0.0, here.heard_at_s - there.heard_at_s)
        heard = (enu.east_m, enu.north_m, up_m)
        place = tuple(p + v * since_s for p, v in zip(heard, theirs, strict=True))
        drift = tuple(b - a for a, b in zip(mine, theirs, strict=True))
        drift_sq = sum(part * part for part in drift) or 1.0
        nearest_s = -sum(p * d for p, d in zip(place, drift, strict=True)) / drift_sq
        at_s = min(self.stopping_s(here, there), max(0.0, nearest_s))
        return math.hypot(*(p + d * at_s for p, d in zip(place, drift, strict=True)))


def _velocity(sample: TelemetrySample) -> tuple[float, float, float]:
    """East, north, up."""
    velocity = sample.velocity
    if velocity is None:
        return (0.0, 0.0, 0.0)
    return (velocity.east_m_s, velocity.north_m_s, -velocity.down_m_s)


def _to_ring_m(position: GeoPoint, ring: tuple[GeoPoint, ...]) -> float:
    """To the nearest edge."""
    frame = LocalFrame(origin=position)
    corners = [frame.to_enu(corner) for corner in ring]
    nearest_m = math.inf
    for start, end in zip(corners, (*corners[1:], corners[0]), strict=True):
        east_m, north_m = end.east_m - start.east_m, end.north_m - start.north_m
        length_sq = east_m**2 + north_m**2 or 1.0
        share = -(start.east_m * east_m + start.north_m * north_m) / length_sq
        share = min(1.0, max(0.0, share))
        nearest_m = min(
            nearest_m, math.hypot(start.east_m + share * east_m, start.north_m + share * north_m)
        )
    return nearest_m


def _steps(way: tuple[GeoPoint, ...], step_m: float = 5.0) -> list[GeoPoint]:
    """Places along a way, close enough that nothing is passed between two of them."""
    places = [way[0]]
    for start, end in zip(way, way[1:], strict=False):
        frame = LocalFrame(origin=start)
        whole = frame.to_enu(end)
        count = max(1, math.ceil(math.hypot(whole.east_m, whole.north_m) / step_m))
        places += [
            GeoPoint(
                lat_deg=start.lat_deg + (end.lat_deg - start.lat_deg) * number / count,
                lon_deg=start.lon_deg + (end.lon_deg - start.lon_deg) * number / count,
            )
            for number in range(1, count + 1)
        ]
    return places
