"""When each sortie takes off, so that no two are in the air at once nearer than allowed. Pure.

Routes that keep their distance may be flown together; of two that do not, one waits on the ground.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from missions.allocation_model import Model, Orders
from missions.jobs import Work
from patrol.geo import LocalFrame
from patrol.plan import MissionPlan

_LOOK_AHEAD = 6  # jobs that may go before one that would have to wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One sortie in time; seconds from the day's beginning."""

    aircraft: int
    job: int
    part: int  # of the job's sorties, from 0
    begin_s: float
    end_s: float
    wait_s: float  # on the ground, for another to be out of the way


def near_pairs(plans: Sequence[MissionPlan], separation_m: float) -> list[set[int]]:
    """For each plan those whose route comes nearer to its own than the separation."""
    if not plans:
        return []
    paths = _paths(plans)
    tree = shapely.STRtree(paths)
    near: list[set[int]] = [set() for _ in plans]
    for one, other in tree.query(paths, predicate="dwithin", distance=separation_m).T.tolist():
        if one != other:
            near[one].add(other)
    return near


def _paths(plans: Sequence[MissionPlan]) -> NDArray[np.object_]:
    """Where each sortie flies, from home to home, in metres of one frame, all made at once."""
    per_lat_m, per_lon_m = LocalFrame(origin=plans[0].home).metres_per_degree()
    places = [[plan.home, *(one.point for one in plan.waypoints), plan.home] for plan in plans]
    owners = np.repeat(np.arange(len(plans)), [len(path) for path in places])
    metres = [
        (place.lon_deg * per_lon_m, place.lat_deg * per_lat_m) for path in places for place in path
    ]
    return np.asarray(shapely.linestrings(np.array(metres), indices=owners))


class Timetable:
    """Gives the jobs of each aircraft their times, the earliest aircraft first."""

    def __init__(
        self, model: Model, works: Sequence[Sequence[Work | None]], orders: Orders
    ) -> None:
        self._model, self._orders = model, orders
        self._plans: list[MissionPlan] = []
        self._of_job: dict[tuple[int, int], list[int]] = {}
        for aircraft, order in enumerate(orders):
            for job in order:
                work = works[aircraft][job]
                plans = work.plans if work is not None else ()
                first = len(self._plans)
                self._of_job[aircraft, job] = list(range(first, first + len(plans)))
                self._plans += plans
        self._near = near_pairs(self._plans, model.terms.separation_m)
        self._queues = [list(order) for order in orders]
        self._taken: dict[int, Slot] = {}  # by the plan's number
        self._ready_s = [0.0] * len(orders)
        self._last: list[int | None] = [None] * len(orders)

    def slots(self) -> tuple[list[Slot], list[int]]:
        """Every sortie in its time, and the jobs whose hours or day the waiting has used up."""
        missed: list[int] = []
        while any(self._queues):
            flying = [a for a, queue in enumerate(self._queues) if queue]
            aircraft = min(flying, key=lambda a: (self._ready_s[a], a))
            job, slots = self._next(aircraft)
            self._queues[aircraft].remove(job)
            if self._is_missed(job, slots):
                missed.append(job)
                continue
            for number, slot in zip(self._of_job[aircraft, job], slots, strict=True):
                self._taken[number] = slot
            self._ready_s[aircraft], self._last[aircraft] = slots[-1].end_s, job
        return sorted(self._taken.values(), key=lambda s: (s.aircraft, s.begin_s)), missed

    def _next(self, aircraft: int) -> tuple[int, list[Slot]]:
        """The next job; one of those after it where its round then ends sooner than by waiting."""
        queue = self._queues[aircraft]
        best, chosen = queue[0], self._slots(aircraft, queue[0])
        if self._is_fixed(best) or sum(slot.wait_s for slot in chosen) <= 0.0:
            return best, chosen
        best_s = chosen[-1].end_s + self._rest_s(aircraft, queue)
        for job in queue[1 : 1 + _LOOK_AHEAD]:
            if self._is_fixed(job):
                continue
            slots = self._slots(aircraft, job)
            end_s = slots[-1].end_s + self._rest_s(
                aircraft, [job, *(one for one in queue if one != job)]
            )
            if end_s < best_s:
                best, chosen, best_s = job, slots, end_s
        return best, chosen

    def _rest_s(self, aircraft: int, order: Sequence[int]) -> float:
        """From the end of the first job to the end of the last, without waiting."""
        between_s = self._model.between_s[aircraft][list(order[:-1]), list(order[1:])]
        service_s = self._model.service_s[aircraft, list(order[1:])]
        return float(between_s.sum() + service_s.sum())

    def _is_fixed(self, job: int) -> bool:
        has_hours = bool(self._model.windows_s[job, 1] < float("inf"))
        return has_hours or bool(self._model.is_alert[job])

    def _is_missed(self, job: int, slots: Sequence[Slot]) -> bool:
        day_s = self._model.terms.day_s
        is_late = day_s is not None and slots[-1].end_s > day_s
        return is_late or slots[0].begin_s > self._model.windows_s[job, 1]

    def _slots(self, aircraft: int, job: int) -> list[Slot]:
        """All sorties of a job, each as early as it may."""
        model, last = self._model, self._last[aircraft]
        way_s = model.start_s[aircraft, job]
        if last is not None:
            way_s = model.between_s[aircraft][last, job]
        at_s = max(self._ready_s[aircraft] + float(way_s), float(model.windows_s[job, 0]))
        slots: list[Slot] = []
        for part, number in enumerate(self._of_job[aircraft, job]):
            flight_s = self._plans[number].duration_s
            begin_s = self._free_s(aircraft, number, at_s, flight_s)
            slots.append(
                Slot(
                    aircraft=aircraft, job=job, part=part, begin_s=begin_s,
                    end_s=begin_s + flight_s, wait_s=begin_s - at_s,
                )
            )  # fmt: skip
            at_s = begin_s + flight_s + model.terms.change_s
        return slots

    def _free_s(self, aircraft: int, number: int, at_s: float, flight_s: float) -> float:
        """The earliest time from `at_s` on at which nobody is in the air near its route."""
        busy = sorted(
            (slot.begin_s, slot.end_s) for near in self._near[number]
            if (slot := self._taken.get(near)) is not None and slot.aircraft != aircraft
        )  # fmt: skip
        for begin_s, end_s in busy:
            if begin_s < at_s + flight_s and at_s < end_s:
                at_s = end_s
        return at_s
