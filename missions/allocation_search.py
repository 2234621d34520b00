"""Who flies what in which order: shares rounded, orders and balance improved by OR-tools. Pure."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from missions.allocation_balance import balanced, extras_s, is_free
from missions.allocation_bound import loads_s, quick_bound_s, shares
from missions.allocation_model import Figures, Model, Orders
from missions.allocation_routing import improve

_WHOLE_MAX = 60  # jobs up to which all aircraft are improved together
_GOOD_ENOUGH = 1.005  # times the bound: nothing worth the time is gained by looking on
_ROUNDS = 2
_WHOLE = 0.999  # a share of so much is all of a job
_WAYS_MAX = 4096  # in which the jobs that are cut may be given away


def search(model: Model) -> Orders:
    """Orders that land the last aircraft early.

    Jobs that the day or their hours leave no room for are in no order. The jobs of the model stand
    in the order of their rank, and what is left out is taken from its end.
    """
    jobs = model.shape[1]
    count = _most_that_fit(model)
    chosen = model.only(range(count))
    good_enough_s = quick_bound_s(chosen) * _GOOD_ENOUGH
    orders = _shared(chosen, good_enough_s)
    if count <= _WHOLE_MAX:
        orders = improve(model, orders, within_s=model.terms.search_s, stop_at_s=good_enough_s)
    orders = [_within_day(model, a, _on_time(model, a, order)) for a, order in enumerate(orders)]
    flown = {job for order in orders for job in order}
    return _filled(model, orders, [job for job in range(jobs) if job not in flown])


def _most_that_fit(model: Model) -> int:
    """So many of the most pressing jobs that their bound leaves them a chance within the day."""
    day_s, jobs = model.terms.day_s, model.shape[1]
    if day_s is None or quick_bound_s(model) <= day_s:
        return jobs
    fits, too_many = 0, jobs
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        if quick_bound_s(model.only(range(middle))) <= day_s:
            fits = middle
        else:
            too_many = middle
    return fits


def _shared(model: Model, good_enough_s: float) -> Orders:
    """The best of some rounds: shares, orders, and what the orders take beyond the shares."""
    best: Orders = [[] for _ in range(model.shape[0])]
    longer_s = np.zeros(model.shape[0])
    for number in range(_ROUNDS if model.shape[1] else 0):
        own = _rounded(model, shares(model, longer_s), longer_s)
        orders = _ordered(model, [_nearest_first(model, a, own[a]) for a in range(len(own))])
        ends_s = np.array([model.end_s(a, order) for a, order in enumerate(orders)])
        longer_s = np.maximum(0.0, ends_s - loads_s(model, orders))
        orders = balanced(model, orders, good_enough_s)
        if not number or _worth(model, orders) < _worth(model, best):
            best = orders
        if max(model.end_s(a, order) for a, order in enumerate(best)) <= good_enough_s:
            break
    return best


def _worth(model: Model, orders: Orders) -> tuple[int, tuple[float, float]]:
    """The smaller the better; first of all as many jobs as there are."""
    return -sum(map(len, orders)), model.worth(orders)


def _rounded(model: Model, share: Figures, longer_s: Figures) -> Orders:
    """Each job to one of those that share it; at most A - 1 jobs are cut at all.

    Of the ways to give those away, the one that leaves the longest round the shortest.
    """
    orders: Orders = [[] for _ in range(model.shape[0])]
    for job in np.flatnonzero(share.max(axis=0) > _WHOLE).tolist():
        orders[int(share[:, job].argmax())].append(job)
    cut = np.flatnonzero(share.max(axis=0) <= _WHOLE).tolist()
    sharers = [np.flatnonzero(share[:, job] > 1.0 - _WHOLE).tolist() for job in cut]
    begun_s = loads_s(model, orders) + longer_s
    best, best_s = tuple(int(share[:, job].argmax()) for job in cut), math.inf
    for owners in itertools.islice(itertools.product(*sharers), _WAYS_MAX):
        load_s = begun_s.copy()
        for job, owner in zip(cut, owners, strict=True):
            load_s[owner] += model.service_s[owner, job]
        if float(load_s.max()) < best_s:
            best, best_s = owners, float(load_s.max())
    for job, owner in zip(cut, best, strict=True):
        orders[owner].append(job)
    return orders


def _ordered(model: Model, orders: Orders) -> Orders:
    """Each aircraft's own jobs in a better order; jobs whose hours cannot be kept are left out."""
    found: Orders = []
    for aircraft, order in enumerate(orders):
        alone: Orders = [[] for _ in orders]
        alone[aircraft] = order
        within_s = model.terms.search_s / (_ROUNDS * len(orders))
        better = improve(model, alone, within_s=within_s)[aircraft]
        found.append(_on_time(model, aircraft, better))
    return found


def _on_time(model: Model, aircraft: int, order: list[int]) -> list[int]:
    """The order without the jobs that come too late for their hours."""
    if math.isfinite(model.end_s(aircraft, order)):
        return order
    kept: list[int] = []
    for job in order:
        if math.isfinite(model.end_s(aircraft, [*kept, job])):
            kept.append(job)
    return kept


def _nearest_first(model: Model, aircraft: int, order: Sequence[int]) -> list[int]:
    """Alerts, then what has hours, then always the nearest."""
    left, found = list(order), list[int]()

    def way(job: int) -> tuple[bool, float, float, int]:
        between = model.between_s[aircraft]
        way_s = between[found[-1], job] if found else model.start_s[aircraft, job]
        return not model.is_alert[job], float(model.windows_s[job, 1]), float(way_s), job

    while left:
        found.append(min(left, key=way))
        left.remove(found[-1])
    return found


def _within_day(model: Model, aircraft: int, order: list[int]) -> list[int]:
    """Without the least pressing jobs that the day has no room for."""
    limit_s = math.inf if model.terms.day_s is None else model.terms.day_s
    kept = list(order)
    while kept and not _fits(model, aircraft, kept, limit_s):
        kept.remove(max(kept))
    return kept


def _filled(model: Model, orders: Orders, left: Sequence[int]) -> Orders:
    """The most pressing of what is left over, wherever it lands the earliest."""
    limit_s = math.inf if model.terms.day_s is None else model.terms.day_s
    for job in left:
        best, best_s = None, limit_s
        for aircraft, order in enumerate(orders):
            if not np.isfinite(model.service_s[aircraft, job]):
                continue
            for place in _places(model, aircraft, order, job):
                tried = [*order[:place], job, *order[place:]]
                end_s = model.end_s(aircraft, tried)
                if math.isfinite(end_s) and end_s <= best_s:
                    best, best_s = (aircraft, tried), end_s
        if best is not None:
            orders[best[0]] = best[1]
    return orders


def _places(model: Model, aircraft: int, order: Sequence[int], job: int) -> Sequence[int]:
    """Where it costs the least; what has hours may go anywhere."""
    if math.isfinite(model.windows_s[job, 1]) or any(not is_free(model, one) for one in order):
        return range(len(order) + 1)
    return [int(extras_s(model, aircraft, order, job).argmin())]


def _fits(model: Model, aircraft: int, order: Sequence[int], limit_s: float) -> bool:
    end_s = model.end_s(aircraft, order)
    return math.isfinite(end_s) and end_s <= limit_s
