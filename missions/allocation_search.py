"""Who flies what in which order: shares rounded, orders and balance improved by OR-tools. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from missions.allocation_balance import balanced, extras_s, is_free
from missions.allocation_bound import Shares, quick_bound_s, shares
from missions.allocation_model import Model, Orders
from missions.allocation_routing import improve

_WHOLE_MAX = 60  # jobs up to which all aircraft are improved together
_GOOD_ENOUGH = 1.002  # times the bound: nothing is gained by looking on


def search(model: Model) -> Orders:
    """Orders that land the last aircraft early.

    Jobs that the day or their hours leave no room for are in no order. The jobs of the model stand
    in the order of their rank, and what is left out is taken from its end.
    """
    jobs = model.shape[1]
    count = _most_that_fit(model)
    chosen = model.only(range(count))
    found = shares(chosen)
    near = [_nearest_first(chosen, a, order) for a, order in enumerate(_rounded(chosen, found))]
    orders = _ordered(chosen, near)
    orders = balanced(model, orders, found.bound_s * _GOOD_ENOUGH)
    if count <= _WHOLE_MAX:
        good_enough_s = found.bound_s * _GOOD_ENOUGH
        orders = improve(model, orders, within_s=model.terms.search_s, stop_at_s=good_enough_s)
    else:
        orders = balanced(model, _ordered(model, orders), found.bound_s * _GOOD_ENOUGH)
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


def _rounded(model: Model, found: Shares) -> Orders:
    """Each job to whoever has the greatest share of it; at most A - 1 of them are cut at all."""
    orders: Orders = [[] for _ in range(model.shape[0])]
    for job, aircraft in enumerate(found.share.argmax(axis=0)):
        orders[int(aircraft)].append(job)
    return orders


def _ordered(model: Model, orders: Orders) -> Orders:
    """Each aircraft's own jobs in a better order; jobs whose hours cannot be kept are left out."""
    found: Orders = []
    for aircraft, order in enumerate(orders):
        alone: Orders = [[] for _ in orders]
        alone[aircraft] = order
        within_s = model.terms.search_s / (2 * len(orders))
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
