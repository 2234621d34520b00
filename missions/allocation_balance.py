"""Moves jobs from longer rounds to shorter ones: one given away, or two exchanged. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from missions.allocation_model import Figures, Model, Orders

_MOVES_PER_JOB = 4
_LEAST_GAIN_S2 = 100.0
Move = dict[int, list[int]]  # new orders by aircraft


def balanced(model: Model, orders: Orders, good_enough_s: float) -> Orders:
    """The orders with the sum of the squares of their ends as small as single moves make it.

    Squares, so that a job may wander over a neighbour to whoever has the time. Jobs with hours and
    alerts stay where they are. It stops early when the last landing is good enough.
    """
    orders = [list(order) for order in orders]
    ends_s = [model.end_s(a, order) for a, order in enumerate(orders)]
    for _ in range(_MOVES_PER_JOB * sum(map(len, orders))):
        move = None
        if max(ends_s) > good_enough_s:
            longest_first = sorted(range(len(orders)), key=lambda a: -ends_s[a])
            found = (_best_move(model, orders, ends_s, a) for a in longest_first)
            move = next((one for one in found if one is not None), None)
        if move is None:
            break
        for aircraft, order in move.items():
            orders[aircraft], ends_s[aircraft] = order, model.end_s(aircraft, order)
    return orders


def extras_s(model: Model, aircraft: int, order: Sequence[int], job: int) -> Figures:
    """By how much the round gets longer with the job at each place of the order."""
    service_s, between = float(model.service_s[aircraft, job]), model.between_s[aircraft]
    if not order:
        return np.array([float(model.start_s[aircraft, job]) + service_s])
    there = np.concatenate([[model.start_s[aircraft, job]], between[list(order), job]])
    on = np.concatenate([between[job, list(order)], [0.0]])
    added_s = there + on - np.append(_ways_s(model, aircraft, order), 0.0) + service_s
    alerts = np.flatnonzero(model.is_alert[list(order)])
    if len(alerts) and not model.is_alert[job]:
        added_s[: int(alerts[-1]) + 1] = np.inf  # nothing goes before an alert
    return np.asarray(added_s)


def is_free(model: Model, job: int) -> bool:
    """What has hours, or is pressing, stays where it was put."""
    return not model.is_alert[job] and not math.isfinite(model.windows_s[job, 1])


def _ways_s(model: Model, aircraft: int, order: Sequence[int]) -> Figures:
    """The way to each job of the order."""
    steps = model.between_s[aircraft][list(order[:-1]), list(order[1:])]
    return np.concatenate([[model.start_s[aircraft, order[0]]], steps])


def _best_move(model: Model, orders: Orders, ends_s: Sequence[float], giver: int) -> Move | None:
    """The best job to give away; where none helps, the best exchange."""
    others = [a for a in range(len(orders)) if ends_s[a] < ends_s[giver]]
    best, best_s2 = None, -_LEAST_GAIN_S2
    for job in filter(lambda one: is_free(model, one), orders[giver]):
        rest = [one for one in orders[giver] if one != job]
        rest_s = model.end_s(giver, rest)
        for other in others:
            added_s = extras_s(model, other, orders[other], job)
            after_s = ends_s[other] + float(added_s.min())
            gain_s2 = rest_s**2 + after_s**2 - ends_s[giver] ** 2 - ends_s[other] ** 2
            if gain_s2 < best_s2:
                place = int(added_s.argmin())
                best_s2 = gain_s2
                theirs = [*orders[other][:place], job, *orders[other][place:]]
                best = {giver: rest, other: theirs}
    if best is not None and _is_kept(model, best):
        return best
    found = (_best_exchange(model, orders, ends_s, giver, other) for other in others)
    return next((one for one in found if one is not None), None)


def _best_exchange(
    model: Model, orders: Orders, ends_s: Sequence[float], giver: int, other: int
) -> Move | None:
    """Two jobs in each other's place, where the two rounds are the better for it."""
    mine, theirs = orders[giver], orders[other]
    if not mine or not theirs:
        return None
    mine_s = ends_s[giver] + _replaced_s(model, giver, mine, theirs)
    theirs_s = ends_s[other] + _replaced_s(model, other, theirs, mine).T
    gains_s2 = mine_s**2 + theirs_s**2 - ends_s[giver] ** 2 - ends_s[other] ** 2
    held = [[not is_free(model, job) for job in order] for order in (mine, theirs)]
    gains_s2[held[0], :] = np.inf
    gains_s2[:, held[1]] = np.inf
    i, k = np.unravel_index(int(gains_s2.argmin()), gains_s2.shape)
    if not gains_s2[i, k] < -_LEAST_GAIN_S2:
        return None
    move = {
        giver: [*mine[:i], theirs[k], *mine[i + 1 :]],
        other: [*theirs[:k], mine[i], *theirs[k + 1 :]],
    }
    return move if _is_kept(model, move) else None


def _replaced_s(
    model: Model, aircraft: int, order: Sequence[int], others: Sequence[int]
) -> Figures:
    """By how much the round gets longer with another job in the place of each; orders x others."""
    between, own = model.between_s[aircraft], list(order)
    new = list(others)
    to_new = np.vstack([model.start_s[aircraft, new], between[np.ix_(own[:-1], new)]])
    from_new = np.vstack([between[np.ix_(new, own[1:])].T, np.zeros(len(new))])
    to_own = _ways_s(model, aircraft, order)
    from_own = np.append(to_own[1:], 0.0)
    ways_s = to_new + from_new - (to_own + from_own)[:, None]
    service_s = model.service_s[aircraft]
    return np.asarray(ways_s + service_s[new][None, :] - service_s[own][:, None])


def _is_kept(model: Model, move: Move) -> bool:
    """Whether all hours are kept; infinite figures are not."""
    return all(math.isfinite(model.end_s(aircraft, order)) for aircraft, order in move.items())
