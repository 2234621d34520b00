"""Who flies what today, in which order and in how many sorties; what nobody flies, and why. Pure.

A *round* is what one aircraft flies in a day: sorties with battery changes, and drives where its
crew has a car. The last landing of the longest round is made as early as possible, then the ways
between. `bound_s` is a time that no other allocation of these routes can beat
(missions/allocation_bound.py says why); `sortie_bound_s` is the same for one sortie: the longest
one of the job whose longest sortie is the longest even with the aircraft that flies it the
shortest. Every job that was asked for is in a round or in `uncovered`, never in neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from missions.allocation_bound import lower_bound_s
from missions.allocation_model import Terms, make_model
from missions.allocation_search import search
from missions.findings import stop, warn
from missions.fleet import NOBODY, Aircraft, fit_aircraft
from missions.jobs import Job, Planner, Setting, Work, is_finite_window
from missions.separation import Slot, Timetable
from patrol.clock import utc_text
from patrol.geo import to_geojson
from patrol.plan import Finding, MissionPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Flight:
    """One sortie of the day; seconds from its beginning."""

    job: Job
    aircraft: str
    number: int  # of the aircraft's sorties, from 1
    part: int  # of the job's sorties, from 1
    parts: int
    begin_s: float
    end_s: float
    wait_s: float  # on the ground, until another aircraft is out of the way
    plan: MissionPlan

    def to_dict(self) -> dict[str, Any]:
        """JSON form, without the route: that is in the plan."""
        return {
            "aircraft": self.aircraft, "sortie": self.number, "job": self.job.code,
            "grid_code": self.job.grid.code, "name": self.job.title,
            "pattern": self.job.pattern.value,
            "part": self.part, "parts": self.parts, "begin_s": round(self.begin_s, 1),
            "end_s": round(self.end_s, 1), "wait_s": round(self.wait_s, 1),
            "launch": to_geojson(self.plan.home), "length_m": self.plan.length_m,
            "battery_need_pct": self.plan.battery_need_pct, "plan_id": self.plan.plan_id,
            "is_alert": self.job.is_alert, **_debt(self.job),
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncovered:
    """A job that nobody flies today, and every reason for it."""

    job: Job
    reasons: tuple[Finding, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "job": self.job.code, "grid_code": self.job.grid.code, "name": self.job.title,
            "pattern": self.job.pattern.value, "is_alert": self.job.is_alert, **_debt(self.job),
            "reasons": [reason.to_dict() for reason in self.reasons],
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """The day."""

    flights: tuple[Flight, ...]  # by aircraft, then time
    uncovered: tuple[Uncovered, ...]  # the most pressing first
    findings: tuple[Finding, ...]  # about the fleet
    bound_s: float
    sortie_bound_s: float

    @property
    def last_landing_s(self) -> float:
        """When the longest round ends."""
        return max((flight.end_s for flight in self.flights), default=0.0)

    @property
    def longest_sortie_s(self) -> float:
        """From take-off to landing."""
        return max((flight.end_s - flight.begin_s for flight in self.flights), default=0.0)

    @property
    def over_bound(self) -> float:
        """The worse of both lengths over its bound; 1 where nothing is flown."""
        pairs = (
            (self.last_landing_s, self.bound_s), (self.longest_sortie_s, self.sortie_bound_s)
        )  # fmt: skip
        return max((long_s / least_s for long_s, least_s in pairs if least_s > 0.0), default=1.0)

    def rounds(self) -> dict[str, list[Flight]]:
        """The flights of each aircraft that flies."""
        found: dict[str, list[Flight]] = {}
        for flight in self.flights:
            found.setdefault(flight.aircraft, []).append(flight)
        return found

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "last_landing_s": round(self.last_landing_s, 1), "bound_s": round(self.bound_s, 1),
            "longest_sortie_s": round(self.longest_sortie_s, 1),
            "sortie_bound_s": round(self.sortie_bound_s, 1),
            "longest_over_bound": round(self.over_bound, 4),
            "flights": [flight.to_dict() for flight in self.flights],
            "uncovered": [one.to_dict() for one in self.uncovered],
            "findings": [finding.to_dict() for finding in self.findings],
        }  # fmt: skip


def allocate(
    fleet: Sequence[Aircraft], jobs: Sequence[Job], setting: Setting, terms: Terms | None = None
) -> Allocation:
    """The day's rounds; whatever is wrong with fleet or jobs is a finding, never an error."""
    terms = terms or Terms()
    fit, findings = fit_aircraft(fleet)
    ranked = sorted(_once(jobs), key=lambda job: job.rank)
    planner = Planner(setting)
    able, works, uncovered = _able(planner, fit, ranked)
    model = make_model(fit, able, works, terms)
    slots, missed = Timetable(model, works, search(model)).slots() if able else ([], [])
    flown = {slot.job for slot in slots}
    for number, job in enumerate(able):
        if number not in flown:
            uncovered.append(Uncovered(job=job, reasons=(_why_not(job, number in missed),)))
    return Allocation(
        flights=tuple(_flights(fit, able, works, slots)),
        uncovered=tuple(sorted(uncovered, key=lambda one: one.job.rank)),
        findings=tuple(findings),
        bound_s=lower_bound_s(model.only(sorted(flown))),
        sortie_bound_s=max((_least_longest_s(works, job) for job in flown), default=0.0),
    )


def _once(jobs: Sequence[Job]) -> list[Job]:
    """The same thing asked for twice is flown once, as the more pressing of both."""
    found: dict[str, Job] = {}
    for job in sorted(jobs, key=lambda one: one.rank):
        found.setdefault(job.code, job)
    return list(found.values())


def _able(
    planner: Planner, fleet: Sequence[Aircraft], jobs: Sequence[Job]
) -> tuple[list[Job], list[list[Work | None]], list[Uncovered]]:
    """The jobs that somebody can fly, what each takes of each aircraft, and the others."""
    able, columns, uncovered = list[Job](), list[list[Work | None]](), list[Uncovered]()
    for job in jobs:
        if job.window is not None and not _is_window(job):
            uncovered.append(Uncovered(job=job, reasons=(_no_hours(job),)))
            continue
        found = [planner.work(job, aircraft) for aircraft in fleet]
        column = [work if isinstance(work, Work) else None for work in found]
        if any(work is not None for work in column):
            able.append(job)
            columns.append(column)
            continue
        reasons = {
            (reason.code, reason.text): reason
            for against in found if not isinstance(against, Work) for reason in against
        }  # fmt: skip
        uncovered.append(Uncovered(job=job, reasons=tuple(reasons.values()) or (NOBODY,)))
    works = [[column[a] for column in columns] for a in range(len(fleet))]
    return able, works, uncovered


def _flights(
    fleet: Sequence[Aircraft],
    jobs: Sequence[Job],
    works: Sequence[Sequence[Work | None]],
    slots: Sequence[Slot],
) -> list[Flight]:
    flights, numbers = list[Flight](), [0] * len(fleet)
    for slot in slots:
        work = works[slot.aircraft][slot.job]
        if work is None:
            raise ValueError("a job went to an aircraft that cannot fly it")
        numbers[slot.aircraft] += 1
        flights.append(
            Flight(
                job=jobs[slot.job], aircraft=fleet[slot.aircraft].name,
                number=numbers[slot.aircraft], part=slot.part + 1, parts=len(work.plans),
                begin_s=slot.begin_s, end_s=slot.end_s, wait_s=slot.wait_s,
                plan=work.plans[slot.part],
            )
        )  # fmt: skip
    return flights


def _least_longest_s(works: Sequence[Sequence[Work | None]], job: int) -> float:
    """The job's longest sortie, with the aircraft of which it is the shortest."""
    return min(
        max(plan.duration_s for plan in work.plans)
        for row in works if (work := row[job]) is not None
    )  # fmt: skip


def _is_window(job: Job) -> bool:
    window = job.window
    return window is not None and is_finite_window(window) and window.from_s <= window.until_s


def _debt(job: Job) -> dict[str, Any]:
    debt = job.debt
    if debt is None:
        return {"last_look_utc": None, "unseen_s": None, "is_overdue": None}
    last = debt.last_look_utc
    return {
        "last_look_utc": utc_text(last) if last else None,
        "unseen_s": None if debt.unseen_s is None else round(debt.unseen_s, 1),
        "is_overdue": debt.is_overdue,
    }


def _why_not(job: Job, is_missed: bool) -> Finding:
    if job.window is not None:
        return warn(
            "allocate.hours_missed",
            f"{job.title}: nobody can take off within its hours",
            f"{job.title}：无飞行器能在指定时段内起飞",
        )
    because, because_zh = (
        (
            "it would have to wait for another aircraft to be out of the way",
            "须等待其他飞行器让开空域",
        )
        if is_missed
        else ("more pressing grids take up the day", "当日时间已排满更紧迫的网格")
    )
    return warn(
        "allocate.no_time",
        f"{job.title} is not covered today: {because}",
        f"{job.title}今日未安排：{because_zh}",
    )


def _no_hours(job: Job) -> Finding:
    return stop(
        "allocate.hours_reversed",
        f"{job.title}: its hours end before they begin, or are no hours",
        f"{job.title}：时段的结束早于开始，或时段无效",
    )
