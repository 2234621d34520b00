"""Which aircraft is sent to a place that somebody called it to, and its plan. Pure; milliseconds.

Whoever is there first goes, if the battery that it has now brings it back with the reserve. Why
each of the others does not go is told beside it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from missions.findings import stop
from missions.fleet import Aircraft, fit_aircraft
from missions.grid import Grid
from missions.open_air import Surroundings
from missions.point_visit import VisitRequest, plan_visit, standoff_m, time_there_s
from patrol.geo import GeoPoint, distance_m
from patrol.plan import Finding, MissionPlan, stops


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Where somebody wants eyes, and what all plans there have in common."""

    point: GeoPoint
    grid: Grid | None  # in which it lies; None: in none of the register
    register_version: str
    created_utc: datetime
    is_exercise: bool
    wind_m_s: float | None = None
    wind_from_true_deg: float | None = None
    around: Surroundings = field(default_factory=Surroundings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An aircraft on the ground, or why it cannot be asked."""

    aircraft: Aircraft  # its place is where it stands now
    charge_pct: float | None  # None: not told
    home_elevation_amsl_m: float = 0.0
    busy: Finding | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One aircraft's answer."""

    aircraft: str
    there_s: float  # from the order to the first look
    plan: MissionPlan | None
    findings: tuple[Finding, ...]

    @property
    def can_go(self) -> bool:
        """Whether it has a plan that nothing forbids."""
        return self.plan is not None and not stops(self.findings)

    def to_dict(self) -> dict[str, Any]:
        """JSON form, the plan left out."""
        need = None if self.plan is None else self.plan.battery_need_pct
        return {
            "aircraft": self.aircraft, "can_go": self.can_go,
            "there_s": round(self.there_s, 1) if math.isfinite(self.there_s) else None,
            "battery_need_pct": need if need is not None and math.isfinite(need) else None,
            "findings": [finding.to_dict() for finding in self.findings],
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """The answers, those that can go first and the quickest of them before the others."""

    options: tuple[Option, ...]
    findings: tuple[Finding, ...] = ()  # about the call and the fleet

    @property
    def best(self) -> Option | None:
        """Who goes; None where nobody can."""
        return next((option for option in self.options if option.can_go), None)


def dispatch(call: Call, fleet: Sequence[Standing]) -> Dispatch:
    """Everybody's answer; whatever is wrong with the call or an aircraft is a finding."""
    if call.grid is None:
        return Dispatch(options=(), findings=(_nowhere(call.point),))
    fit, findings = fit_aircraft([standing.aircraft for standing in fleet])
    names = {aircraft.name for aircraft in fit}
    options = [
        _option(call, call.grid, standing) for standing in fleet if standing.aircraft.name in names
    ]
    options.sort(key=lambda option: (not option.can_go, option.there_s, option.aircraft))
    return Dispatch(options=tuple(options), findings=tuple(findings))


def _option(call: Call, grid: Grid, standing: Standing) -> Option:
    aircraft, charge_pct = standing.aircraft, standing.charge_pct
    if charge_pct is None or not math.isfinite(charge_pct):
        return _cannot(aircraft, _no_charge(aircraft.name))
    if standing.busy is not None:
        return _cannot(aircraft, standing.busy)
    request = VisitRequest(
        point=call.point, grid=grid, register_version=call.register_version,
        home=aircraft.place, home_elevation_amsl_m=standing.home_elevation_amsl_m,
        lens=aircraft.lens, created_utc=call.created_utc,
        endurance_s=aircraft.planned_endurance_s, is_exercise=call.is_exercise,
        height_agl_m=aircraft.height_agl_m, speed_m_s=aircraft.dash_m_s, charge_pct=charge_pct,
        wind_m_s=call.wind_m_s, wind_from_true_deg=call.wind_from_true_deg, around=call.around,
    )  # fmt: skip
    away_m = distance_m(aircraft.place, call.point)
    flown_m = abs(away_m - standoff_m(aircraft.height_agl_m))
    plan, findings = plan_visit(request)
    return Option(
        aircraft=aircraft.name,
        there_s=time_there_s(flown_m, request),
        plan=plan,
        findings=tuple(findings),
    )


def _cannot(aircraft: Aircraft, why: Finding) -> Option:
    return Option(aircraft=aircraft.name, there_s=math.inf, plan=None, findings=(why,))


def _no_charge(name: str) -> Finding:
    return stop(
        "battery.unknown",
        f"{name} has not told its battery's charge",
        f"{name}未报告电量",
    )


def _nowhere(point: GeoPoint) -> Finding:
    return stop(
        "dispatch.outside",
        f"{point.lat_deg:.6f}, {point.lon_deg:.6f} lies in no grid of the register",
        f"{point.lat_deg:.6f}，{point.lon_deg:.6f}不在任何网格内",
        hint="are latitude and longitude the wrong way round?",
    )
