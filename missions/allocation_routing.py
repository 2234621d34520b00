"""OR-tools' routing over the jobs of some aircraft: a better order, and a better share of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from missions.allocation_model import Model, Orders

if TYPE_CHECKING:
    from ortools.constraint_solver import pywrapcp

_TICKS_PER_S = 10  # the routing library counts in whole numbers
_LAST_LANDING, _PER_TICK = 100, 1  # a second of the last landing weighs so much more than any other
_ALERT_WAITS = 1000
_LEFT_OUT = 10**10  # a job whose hours cannot be kept
_LONGEST_S = 10.0 * 24 * 3600


def improve(model: Model, orders: Orders, *, within_s: float, stop_at_s: float = 0.0) -> Orders:
    """Better orders of the jobs in `orders`, shared anew if several aircraft have any.

    With one aircraft it descends until nothing helps or the time is up; with several it looks on
    all the time, or until the last landing is at `stop_at_s`. Jobs whose hours nobody can keep are
    left out. No order is given back that is worth less than the one before.
    """
    flying = [a for a, order in enumerate(orders) if order]
    if sum(map(len, orders)) > 1 and len(flying) > 1:
        flying = list(range(len(orders)))
    jobs = sorted(job for order in orders for job in order)
    if len(jobs) < 2 and not any(math.isfinite(model.windows_s[job, 1]) for job in jobs):
        return [list(order) for order in orders]
    routing = _Routing(model, flying, jobs)
    found = routing.solve([orders[a] for a in flying], within_s, stop_at_s)
    if found is None:
        return [list(order) for order in orders]
    better = [list(order) for order in orders]
    for aircraft, order in zip(flying, found, strict=True):
        better[aircraft] = order
    return better if model.worth(better) <= model.worth(orders) else list(map(list, orders))


class _Routing:
    """One model of the routing library: jobs, then each aircraft's place, then a common end."""

    def __init__(self, model: Model, flying: Sequence[int], jobs: Sequence[int]) -> None:
        # It takes a while to load, and most that allocate jobs can do without: one job, or none.
        from ortools.constraint_solver import pywrapcp

        self._model, self._flying, self._jobs = model, flying, jobs
        count = len(jobs)
        starts = list(range(count, count + len(flying)))
        end = count + len(flying)
        self._manager = pywrapcp.RoutingIndexManager(
            end + 1, len(flying), starts, [end] * len(flying)
        )
        self._routing = pywrapcp.RoutingModel(self._manager)
        self._add_time()
        self._add_jobs()

    def solve(self, orders: Orders, within_s: float, stop_at_s: float) -> Orders | None:
        """From the given orders on; None where not even a first one was found."""
        from ortools.constraint_solver import pywrapcp, routing_enums_pb2

        wanted = pywrapcp.DefaultRoutingSearchParameters()
        wanted.first_solution_strategy = (
            routing_enums_pb2.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
        )
        wanted.time_limit.FromMilliseconds(max(1, round(within_s * 1000.0)))
        if len(self._flying) > 1:
            wanted.local_search_metaheuristic = (
                routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
            )
        routing = self._routing
        routing.CloseModelWithParameters(wanted)
        self._stop_at(stop_at_s)
        node = {job: number for number, job in enumerate(self._jobs)}
        begin = routing.ReadAssignmentFromRoutes(
            [[node[j] for j in order] for order in orders], True
        )
        solution = (
            routing.SolveFromAssignmentWithParameters(begin, wanted)
            if begin is not None
            else routing.SolveWithParameters(wanted)
        )
        return None if solution is None else [self._order(solution, v) for v in self._vehicles()]

    def _vehicles(self) -> range:
        return range(len(self._flying))

    def _add_time(self) -> None:
        routing, evaluators = self._routing, dict[tuple[int, bytes], int]()
        callbacks = []
        for aircraft in self._flying:
            # Aircraft that drive and fly alike share one table; their places are nodes of it.
            key = (id(self._model.between_s[aircraft]), self._model.service_s[aircraft].tobytes())
            if key not in evaluators:
                evaluators[key] = routing.RegisterTransitMatrix(self._ticks(aircraft).tolist())
            callbacks.append(evaluators[key])
        for vehicle, callback in enumerate(callbacks):
            routing.SetArcCostEvaluatorOfVehicle(callback, vehicle)
        longest = round(_LONGEST_S * _TICKS_PER_S)
        has_hours = bool(np.isfinite(self._model.windows_s[list(self._jobs), 1]).any())
        routing.AddDimensionWithVehicleTransits(
            callbacks, longest if has_hours else 0, longest, True, "time"
        )
        self._time = routing.GetDimensionOrDie("time")
        self._time.SetGlobalSpanCostCoefficient(_LAST_LANDING)

    def _ticks(self, aircraft: int) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
        """From the take-off at one node to the take-off at the next."""
        model, jobs, count = self._model, list(self._jobs), len(self._jobs)
        size = count + len(self._flying) + 1
        service_s = np.nan_to_num(model.service_s[aircraft, jobs], posinf=0.0)  # never its own
        whole_s = np.zeros((size, size))
        whole_s[:count, :count] = service_s[:, None] + model.between_s[aircraft][np.ix_(jobs, jobs)]
        whole_s[:count, -1] = service_s
        for vehicle, other in enumerate(self._flying):
            whole_s[count + vehicle, :count] = model.start_s[other, jobs]
        return np.asarray(np.round(whole_s * _TICKS_PER_S), dtype=np.int64)

    def _add_jobs(self) -> None:
        for number, job in enumerate(self._jobs):
            index = self._manager.NodeToIndex(number)
            for vehicle, aircraft in enumerate(self._flying):
                if not np.isfinite(self._model.service_s[aircraft, job]):
                    self._routing.VehicleVar(index).RemoveValue(vehicle)
            from_s, until_s = self._model.windows_s[job]
            if math.isfinite(until_s):
                # Rounded outwards: an order that misses its hours by a tick is found out after.
                from_ticks = math.floor(min(max(from_s, 0.0), _LONGEST_S) * _TICKS_PER_S)
                until_ticks = math.ceil(min(max(until_s, 0.0), _LONGEST_S) * _TICKS_PER_S)
                self._time.CumulVar(index).SetRange(from_ticks, until_ticks)
                self._routing.AddDisjunction([index], _LEFT_OUT)
            if self._model.is_alert[job]:
                self._time.SetCumulVarSoftUpperBound(index, 0, _ALERT_WAITS)

    def _stop_at(self, stop_at_s: float) -> None:
        ends = [self._time.CumulVar(self._routing.End(v)) for v in self._vehicles()]

        def look() -> None:
            if max(end.Min() for end in ends) <= stop_at_s * _TICKS_PER_S:
                self._routing.solver().FinishCurrentSearch()

        if stop_at_s > 0.0:
            self._routing.AddAtSolutionCallback(look)

    def _order(self, solution: pywrapcp.Assignment, vehicle: int) -> list[int]:
        order, index = list[int](), self._routing.Start(vehicle)
        while True:
            index = solution.Value(self._routing.NextVar(index))
            if self._routing.IsEnd(index):
                return order
            order.append(self._jobs[self._manager.IndexToNode(index)])
