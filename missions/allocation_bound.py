"""A time that no allocation can beat, and the shares from which one is made. Pure.

The bound is on when the last aircraft can have landed, for the routes as they are planned. It is
the greatest of three, each of which leaves conditions away and so can only be too small:

1. **One job.** Some aircraft flies the longest job: its way there, the wait for the job's hours,
   and the job itself.
2. **Shares.** Jobs may be cut at will and shared (a linear program, GLOP). Before each job stands
   at least the shortest way or battery change that leads to it; before an aircraft's first job
   it is perhaps less, which is given back once an aircraft, or always more, which every aircraft
   that flies at all has to pay.
3. **Ways.** All aircraft together fly every job, and the ways between the jobs of A aircraft join
   them into at most A chains: no cheaper than the cheapest forest of A trees, with a price on
   branches that chains do not have. All of that over A.

Other hours, separation and waiting only lengthen a day, so it holds with them too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from missions.allocation_model import Figures, Model, Orders

if TYPE_CHECKING:
    from ortools.linear_solver import pywraplp

_SLACK = 1.002  # shares that lie near the aircraft may make the day so much longer
_PRICE_ROUNDS, _PRICE_CALMS = 40, 0.92


def lower_bound_s(model: Model) -> float:
    """The least seconds until the last landing; 0 without jobs."""
    return max(quick_bound_s(model), _ways_s(model)) if model.shape[1] else 0.0


def quick_bound_s(model: Model) -> float:
    """The same without its third part, which takes the longest to reckon."""
    return max(_one_job_s(model), _shared_s(model)) if model.shape[1] else 0.0


def shares(model: Model, longer_s: Figures | None = None) -> Figures:
    """How much of each job each aircraft would fly for the shortest day, A x J.

    Every job is near the aircraft that flies it. `longer_s` (A) is what an aircraft's round takes
    beyond what the shares know of, as its last order showed.
    """
    if not model.shape[1]:
        return np.zeros(model.shape)
    longer_s = np.zeros(model.shape[0]) if longer_s is None else longer_s
    least_s, _ = _solve(model, None, longer_s)
    return _solve(model, max(0.0, least_s) * _SLACK + 1.0, longer_s)[1]


def loads_s(model: Model, orders: Orders) -> Figures:
    """What the shares know of each aircraft's round: its jobs, and the least before each of them.

    A; what a round really takes beyond that is its `longer_s`.
    """
    each_s = model.service_s + _before_s(model)
    return np.array([float(each_s[a, order].sum()) for a, order in enumerate(orders)])


def _one_job_s(model: Model) -> float:
    """Straight there, or by way of another job where that should be the shorter way."""
    first_s = np.where(np.isfinite(model.service_s), model.start_s, np.inf).min(axis=1)
    via_s = np.array([
        (model.service_s[a][:, None] + model.between_s[a]).min(axis=0)
        for a in range(model.shape[0])
    ])  # fmt: skip
    there_s = np.minimum(model.start_s, first_s[:, None] + via_s)
    there_s = np.maximum(there_s, model.windows_s[:, 0])
    return float((there_s + model.service_s).min(axis=0).max())


def _shared_s(model: Model) -> float:
    return max(0.0, _solve(model, None, np.zeros(model.shape[0]))[0])


def _new_solver() -> pywraplp.Solver:
    # The library takes longer to load than a mistake on the command line is told in.
    from ortools.linear_solver import pywraplp

    return pywraplp.Solver.CreateSolver("GLOP")


def _solve(model: Model, limit_s: float | None, longer_s: Figures) -> tuple[float, Figures]:
    """The shortest day of shares; within a limit, the shares with the shortest ways."""
    aircraft, jobs = model.shape
    before_s = _before_s(model)
    given_back_s = _given_back_s(model, before_s)
    is_paying = given_back_s < 0.0
    solver = _new_solver()
    day = solver.NumVar(-solver.infinity(), solver.infinity(), "day")
    loads = []
    for a in range(aircraft):
        most_s = max(0.0, float(given_back_s[a])) - float(longer_s[a])
        load = solver.Constraint(-solver.infinity(), most_s)
        load.SetCoefficient(day, -1.0)
        loads.append(load)
    flies = [solver.NumVar(0.0, 1.0, "") for _ in range(aircraft)]
    for a in np.flatnonzero(is_paying).tolist():
        loads[a].SetCoefficient(flies[a], -float(given_back_s[a]))
    objective = solver.Objective()
    objective.SetMinimization()
    objective.SetCoefficient(day, 1.0 if limit_s is None else 0.0)
    if limit_s is not None:
        day.SetUb(limit_s)
    cells: dict[tuple[int, int], pywraplp.Variable] = {}
    for j in range(jobs):
        whole = solver.Constraint(1.0, 1.0)
        for a in np.flatnonzero(np.isfinite(model.service_s[:, j])).tolist():
            cell = solver.NumVar(0.0, 1.0, "")
            cells[a, j] = cell
            whole.SetCoefficient(cell, 1.0)
            loads[a].SetCoefficient(cell, float(model.service_s[a, j] + before_s[a, j]))
            if is_paying[a]:
                solver.Add(cell <= flies[a])
            if limit_s is not None:
                objective.SetCoefficient(cell, float(model.start_s[a, j] + model.service_s[a, j]))
    if solver.Solve() != solver.OPTIMAL:
        raise ValueError("a job that no aircraft can fly is in the model")
    share = np.zeros(model.shape)
    for place, cell in cells.items():
        share[place] = cell.solution_value()
    return float(day.solution_value()), share


def _before_s(model: Model) -> Figures:
    """The shortest way or change that leads to each job from another, A x J."""
    jobs = model.shape[1]
    if jobs == 1:
        return np.zeros(model.shape)
    apart = np.where(np.eye(jobs, dtype=np.bool_), np.inf, 0.0)
    least = {id(b): (b + apart).min(axis=0) for b in model.between_s}
    return np.array([least[id(b)] for b in model.between_s])


def _given_back_s(model: Model, before_s: Figures) -> Figures:
    """By how much an aircraft's first job may be reached sooner than from another job; A.

    Below 0: even its nearest first job is farther than that from another.
    """
    sooner_s = np.where(np.isfinite(model.service_s), before_s - model.start_s, -np.inf)
    return np.where(np.isfinite(model.service_s).any(axis=1), sooner_s.max(axis=1), 0.0)


def _ways_s(model: Model) -> float:
    aircraft, jobs = model.shape
    flown_s = float(model.service_s.min(axis=0).sum())
    nearest_s = model.between_s[0]
    for other in model.between_s[1:]:
        if other is not model.between_s[0]:
            nearest_s = np.minimum(nearest_s, other)
    ways_s = _chains_s(np.minimum(nearest_s, nearest_s.T), max(0, jobs - aircraft))
    return (flown_s + ways_s) / aircraft


def _chains_s(apart_s: Figures, edges: int) -> float:
    """No more than the least that so many edges cost if they form chains.

    A forest may branch and chains may not: whatever price is put on a job's edges, chains pay it
    at most twice a job. The prices are raised where the cheapest forest branches (Held and Karp
    1971), and the best of all rounds is taken: each of them is a bound.
    """
    price_s, best_s = np.zeros(len(apart_s)), 0.0
    step_s = 0.2 * float(np.median(apart_s)) if edges else 0.0
    for _ in range(_PRICE_ROUNDS if edges else 0):
        ends, cost_s = _forest(apart_s + price_s[:, None] + price_s[None, :], edges)
        best_s = max(best_s, cost_s - 2.0 * float(price_s.sum()))
        branches = np.bincount(ends.ravel(), minlength=len(apart_s)) - 2
        price_s = np.maximum(0.0, price_s + step_s * branches)
        step_s *= _PRICE_CALMS
    return best_s


def _forest(apart_s: Figures, edges: int) -> tuple[NDArray[np.intp], float]:
    """The cheapest forest of so many edges: both ends of each, and its cost (Prim's tree's)."""
    jobs = len(apart_s)
    outside_s = apart_s[0].copy()  # of each job to the nearest inside; infinite for those inside
    nearest = np.zeros(jobs, dtype=np.intp)
    outside_s[0] = np.inf
    is_in = np.zeros(jobs, dtype=np.bool_)
    is_in[0] = True
    ends, costs_s = np.empty((jobs - 1, 2), dtype=np.intp), np.empty(jobs - 1)
    for number in range(jobs - 1):
        job = int(outside_s.argmin())
        ends[number], costs_s[number] = (nearest[job], job), outside_s[job]
        is_in[job] = True
        is_nearer = (apart_s[job] < outside_s) & ~is_in
        outside_s[is_nearer], nearest[is_nearer] = apart_s[job][is_nearer], job
        outside_s[job] = np.inf
    kept = np.argsort(costs_s, kind="stable")[:edges]
    return ends[kept], float(costs_s[kept].sum())
