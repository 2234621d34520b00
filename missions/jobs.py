"""What there is to fly today, how pressing each of it is, and what it takes of each aircraft.

A job is one grid in one pattern, or one place to look at; one aircraft flies all its sorties, one
after the other, with a battery change between. `routes_of` is the only place that plans them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from missions.assembly import RESERVE_PCT
from missions.coverage_debt import Debt
from missions.findings import stop
from missions.fleet import Aircraft
from missions.grid import Grid
from missions.open_air import Surroundings
from missions.planner import plan_patrol
from missions.register import Register
from missions.request import PlanRequest, Task, default_home
from patrol.geo import GeoPoint, distance_m
from patrol.pattern import Pattern
from patrol.plan import Finding, MissionPlan, stops


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Special hours: a job's first sortie takes off within them. Seconds from the day's beginning.

    `until_s` before `from_s` is a finding of the allocation, not an error here.
    """

    from_s: float
    until_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One thing to fly."""

    grid: Grid
    pattern: Pattern = Pattern.BOUNDARY
    place: GeoPoint | None = None  # to look at; the pattern is then one of places
    key: str = ""  # of a place: its own code
    name: str = ""
    is_alert: bool = False
    debt: Debt | None = None
    window: Window | None = None

    @property
    def code(self) -> str:
        """What it is listed under: the place's code, else the grid's and the pattern."""
        return self.key or f"{self.grid.code}:{self.pattern.value}"

    @property
    def title(self) -> str:
        """What a person calls it."""
        return self.name or self.grid.name_spoken

    @property
    def rank(self) -> tuple[object, ...]:
        """Sorts the most pressing first: alerts, special hours, overdue, the longest unseen."""
        is_due = self.debt is None or self.debt.is_overdue
        debt = self.debt.rank if self.debt else (True, 0.0, self.grid.code)
        return not self.is_alert, self.window is None, not is_due, *debt, self.code


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a job takes of one aircraft."""

    launch: GeoPoint
    plans: tuple[MissionPlan, ...]
    findings: tuple[Finding, ...] = ()

    def duration_s(self, change_s: float) -> float:
        """From the first take-off to the last landing, with the battery changes between."""
        return sum(plan.duration_s for plan in self.plans) + change_s * (len(self.plans) - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What all plans of a day have in common."""

    register_version: str
    created_utc: datetime
    is_exercise: bool
    around: Surroundings = field(default_factory=Surroundings)


Unable = Sequence[Finding]
Key = tuple[object, ...]


class Planner:
    """Plans each job once for all aircraft that would fly it the same way."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._made: dict[Key, Work | tuple[Finding, ...]] = {}
        self._homes: dict[Key, GeoPoint] = {}

    def work(self, job: Job, aircraft: Aircraft) -> Work | tuple[Finding, ...]:
        """What it takes of the aircraft, or why that aircraft cannot fly it."""
        launch = self._launch(job, aircraft)
        key = (
            job.code, launch, aircraft.planned_endurance_s, aircraft.speed_m_s, aircraft.lens,
            aircraft.height_agl_m,
        )  # fmt: skip
        if key not in self._made:
            self._made[key] = self._plan(job, aircraft, launch)
        return self._made[key]

    def _launch(self, job: Job, aircraft: Aircraft) -> GeoPoint:
        """A driven aircraft takes off in the job's own grid."""
        if aircraft.drive_m_s is None:
            return aircraft.place
        key = (job.grid.code, aircraft.speed_m_s)
        if key not in self._homes:
            self._homes[key] = default_home(job.grid, aircraft.speed_m_s)
        return self._homes[key]

    def _plan(self, job: Job, aircraft: Aircraft, launch: GeoPoint) -> Work | tuple[Finding, ...]:
        reach_m = aircraft.planned_endurance_s * (1 - RESERVE_PCT / 100) * aircraft.speed_m_s / 2
        if nearest_m(job, launch) > reach_m:
            return (_too_far(job, aircraft, nearest_m(job, launch), reach_m),)
        plans, findings = routes_of(job, aircraft, launch, self._setting)
        if against := stops(findings):
            return tuple(against)
        return Work(launch=launch, plans=tuple(plans), findings=tuple(findings))


def routes_of(
    job: Job, aircraft: Aircraft, launch: GeoPoint, setting: Setting
) -> tuple[list[MissionPlan], list[Finding]]:
    """The job's sorties from a launch point, each within a battery; no plan where a STOP is."""
    elevation = setting.around.elevation_amsl_m
    patrol = plan_patrol(
        PlanRequest(
            grid=job.grid, register_version=setting.register_version, home=launch,
            # The autopilot tells the true one; heights are above home.
            home_elevation_amsl_m=(elevation(launch) if elevation else None) or 0.0,
            lens=aircraft.lens, created_utc=setting.created_utc,
            is_exercise=setting.is_exercise, height_agl_m=aircraft.height_agl_m,
            speed_m_s=aircraft.speed_m_s, endurance_s=aircraft.planned_endurance_s,
            around=setting.around,
            task=Task(pattern=job.pattern, places=(job.place,) if job.place else ()),
        )
    )  # fmt: skip
    return [sortie.plan for sortie in patrol.sorties], patrol.all_findings


def nearest_m(job: Job, launch: GeoPoint) -> float:
    """No more than the true distance from a launch point to what the job flies over."""
    if job.place is not None:
        return distance_m(launch, job.place)
    west, south, east, north = job.grid.shape.bounds
    # To the box around the grid: what lies beyond it is farther still.
    near = GeoPoint(
        lat_deg=min(max(launch.lat_deg, south), north), lon_deg=min(max(launch.lon_deg, west), east)
    )
    return distance_m(launch, near)


def jobs_of(
    grids: Iterable[Grid],
    debts: Iterable[Debt],
    alerts: Iterable[str] = (),
    patterns: Sequence[Pattern] = (Pattern.BOUNDARY,),
) -> list[Job]:
    """Each grid in each of the patterns, with its debt; those of `alerts` (codes) go first."""
    by_code, urgent = {debt.grid_code: debt for debt in debts}, set(alerts)
    return [
        Job(
            grid=grid, pattern=pattern, debt=by_code.get(grid.code), is_alert=grid.code in urgent
        )
        for grid in grids for pattern in patterns
    ]  # fmt: skip


def site_jobs(register: Register) -> list[Job]:
    """A look at every site of the special grids, from the grid that it lies in."""
    return [
        Job(
            grid=register.areas[site.grid_code], place=site.point, key=site.code,
            name=site.name_zh, pattern=Pattern.POINTS,
        )
        for site in register.sites if site.grid_code in register.areas
    ]  # fmt: skip


def _too_far(job: Job, aircraft: Aircraft, away_m: float, reach_m: float) -> Finding:
    return stop(
        "allocate.too_far",
        f"{job.title} is {away_m / 1000:.1f} km from {aircraft.name}: with the reserve of "
        f"{RESERVE_PCT:.0f} % a battery reaches {reach_m / 1000:.1f} km and back; move it nearer, "
        "or let its crew drive (drive_m_s)",
        f"{job.title}距{aircraft.name}{away_m / 1000:.1f}公里："
        f"保留{RESERVE_PCT:.0f}%电量后单程最远{reach_m / 1000:.1f}公里；"
        "请前移起飞点，或由车辆转场",
    )


def is_finite_window(window: Window) -> bool:
    """Whether it says hours at all."""
    return math.isfinite(window.from_s) and math.isfinite(window.until_s)
