"""The allocation as numbers: what each job takes of each aircraft, and the ways between. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from missions.fleet import Aircraft
from missions.jobs import Job, Work
from patrol.geo import GeoPoint, LocalFrame

Figures = NDArray[np.float64]
Orders = list[list[int]]  # of each aircraft, jobs of the model in the order of flight


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the squad's day allows; our defaults [P], each district sets its own."""

    day_s: float | None = None  # the last landing by then; None: as long as it takes
    change_s: float = 180.0  # a battery out, another in, and the checks before take-off
    detour: float = 1.4  # a road is so many times longer than the straight line
    separation_m: float = 100.0  # between the routes of two aircraft that are in the air at once
    search_s: float = 3.0  # about the longest that orders are improved for


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A aircraft, J jobs in the order of their rank; seconds. Infinite: it cannot fly that job."""

    service_s: Figures  # A x J: first take-off to last landing
    start_s: Figures  # A x J: from where the aircraft is in the morning to the first take-off
    # Of each aircraft J x J: from the last landing of one job to the first take-off of the next,
    # the battery changed and the crew driven there. Aircraft that drive alike share one array.
    between_s: tuple[Figures, ...]
    windows_s: Figures  # J x 2: the earliest and the latest first take-off
    is_alert: NDArray[np.bool_]  # J
    terms: Terms

    @property
    def shape(self) -> tuple[int, int]:
        """How many aircraft and how many jobs."""
        aircraft, jobs = self.service_s.shape
        return aircraft, jobs

    def only(self, jobs: Sequence[int]) -> Model:
        """The same with these jobs alone."""
        chosen = np.asarray(jobs, dtype=np.intp)
        shared: dict[int, Figures] = {}
        for between_s in self.between_s:
            if id(between_s) not in shared:
                shared[id(between_s)] = between_s[np.ix_(chosen, chosen)]
        return Model(
            service_s=self.service_s[:, chosen],
            start_s=self.start_s[:, chosen],
            between_s=tuple(shared[id(between_s)] for between_s in self.between_s),
            windows_s=self.windows_s[chosen],
            is_alert=self.is_alert[chosen],
            terms=self.terms,
        )

    def begins_s(self, aircraft: int, order: Sequence[int]) -> list[float] | None:
        """When each job of the order takes off first; None where hours cannot be kept."""
        begins_s, at_s, before = list[float](), 0.0, None
        for job in order:
            way_s = self.start_s[aircraft, job]
            if before is not None:
                way_s = self.between_s[aircraft][before, job]
            at_s = max(at_s + float(way_s), float(self.windows_s[job, 0]))
            if at_s > self.windows_s[job, 1]:
                return None
            begins_s.append(at_s)
            at_s, before = at_s + float(self.service_s[aircraft, job]), job
        return begins_s

    def end_s(self, aircraft: int, order: Sequence[int]) -> float:
        """When it lands for good; infinite where hours cannot be kept."""
        begins_s = self.begins_s(aircraft, order)
        if begins_s is None:
            return float("inf")
        return begins_s[-1] + float(self.service_s[aircraft, order[-1]]) if begins_s else 0.0

    def worth(self, orders: Sequence[Sequence[int]]) -> tuple[float, float]:
        """The smaller the better: how long alerts wait, then when the last aircraft lands."""
        wait_s, end_s = 0.0, 0.0
        for aircraft, order in enumerate(orders):
            begins_s = self.begins_s(aircraft, order)
            if begins_s is None:
                return float("inf"), float("inf")
            wait_s += sum(at for at, job in zip(begins_s, order, strict=True) if self.is_alert[job])
            end_s = max(end_s, self.end_s(aircraft, order))
        return round(wait_s, 1), end_s


def make_model(
    fleet: Sequence[Aircraft],
    jobs: Sequence[Job],
    works: Sequence[Sequence[Work | None]],
    terms: Terms,
) -> Model:
    """`works[aircraft][job]`; None: it cannot. Where nobody can is for the caller to leave out."""
    shape = (len(fleet), len(jobs))
    service_s, start_s = np.full(shape, np.inf), np.zeros(shape)
    shared: dict[object, Figures] = {}
    between_s = []
    for a, aircraft in enumerate(fleet):
        mine = works[a]
        for j, work in enumerate(mine):
            if work is not None:
                service_s[a, j] = work.duration_s(terms.change_s)
        if aircraft.drive_m_s is None or not len(jobs):
            still = np.full((len(jobs), len(jobs)), terms.change_s)
            between_s.append(shared.setdefault(None, still))
            continue
        launches = [aircraft.place if work is None else work.launch for work in mine]
        places_m = _positions_m([aircraft.place, *launches])
        pace_s_m = terms.detour / aircraft.drive_m_s
        start_s[a] = np.hypot(*(places_m[1:] - places_m[0]).T) * pace_s_m
        key = (pace_s_m, tuple(launches))
        if key not in shared:
            ways_m = np.hypot(*(places_m[1:, None] - places_m[None, 1:]).transpose(2, 0, 1))
            shared[key] = np.maximum(terms.change_s, ways_m * pace_s_m)
        between_s.append(shared[key])
    windows_s = [
        (0.0, np.inf) if job.window is None else (job.window.from_s, job.window.until_s)
        for job in jobs
    ]
    return Model(
        service_s=service_s,
        start_s=start_s,
        between_s=tuple(between_s),
        windows_s=np.array(windows_s, dtype=np.float64).reshape(len(jobs), 2),
        is_alert=np.array([job.is_alert for job in jobs], dtype=np.bool_),
        terms=terms,
    )


def _positions_m(places: Sequence[GeoPoint]) -> Figures:
    """East, north of the first; a district is small enough for one flat frame."""
    frame = LocalFrame(origin=places[0])
    return np.array([(enu.east_m, enu.north_m) for enu in map(frame.to_enu, places)])
