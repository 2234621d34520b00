"""Moves jobs from longer rounds to shorter ones: one given away, or two exchanged. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from missions.allocation_model import Figures, Model, Orders

_MOVES_PER_JOB = 4
_LEAST_GAIN_S2 = 100.0
_EVEN_ENOUGH = 1.002  # times the mean: no more than that is to be won by evening out
_LOOKED_AT = 12  # of the pairs that might be exchanged
Move = dict[int, list[int]]  # new orders by aircraft


def balanced(model: Model, orders: Orders, good_enough_s: float) -> Orders:
    """The orders with the sum of the squares of their ends as small as single moves make it.

    Squares, so that a job may wander over a neighbour to whoever has the time; but no move lands
    the later of its two any later. Jobs with hours and
    alerts stay where they are. It stops early when the last landing is good enough.
    """
    orders = [list(order) for order in orders]
    ends_s = [model.end_s(a, order) for a, order in enumerate(orders)]
    for _ in range(_MOVES_PER_JOB * sum(map(len, orders))):
        move = None
        even_s = sum(ends_s) / len(ends_s)
        if max(ends_s) > max(good_enough_s, even_s * _EVEN_ENOUGH):
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
    freed_s = _freed_s(model, giver, orders[giver]).tolist() if orders[giver] else []
    for job, less_s in zip(orders[giver], freed_s, strict=True):
        if not is_free(model, job):
            continue
        rest_s = ends_s[giver] - less_s
        for other in others:
            added_s = extras_s(model, other, orders[other], job)
            after_s = ends_s[other] + float(added_s.min())
            gain_s2 = rest_s**2 + after_s**2 - ends_s[giver] ** 2 - ends_s[other] ** 2
            if gain_s2 < best_s2 and after_s <= ends_s[giver]:
                place = int(added_s.argmin())
                best_s2 = gain_s2
                theirs = [*orders[other][:place], job, *orders[other][place:]]
                best = {giver: [one for one in orders[giver] if one != job], other: theirs}
    # Where something waits for its hours, a job less saves less than was reckoned.
    if best is not None and _gain_s2(model, best, ends_s) > _LEAST_GAIN_S2:
        return best
    found = (_best_exchange(model, orders, ends_s, giver, other) for other in others)
    return next((one for one in found if one is not None), None)


def _best_exchange(
    model: Model, orders: Orders, ends_s: Sequence[float], giver: int, other: int
) -> Move | None:
    """One job for another, each where it fits best, if the two rounds are the better for it.

    All pairs are reckoned as if the two did not touch; the most promising are then looked at.
    """
    mine, theirs = orders[giver], orders[other]
    if not mine or not theirs:
        return None
    mine_s = ends_s[giver] - _freed_s(model, giver, mine)[:, None]
    mine_s = mine_s + _added_s(model, giver, mine, theirs)[None, :]
    theirs_s = ends_s[other] - _freed_s(model, other, theirs)[None, :]
    theirs_s = theirs_s + _added_s(model, other, theirs, mine)[:, None]
    was_s2 = ends_s[giver] ** 2 + ends_s[other] ** 2
    sums_s2 = mine_s**2 + theirs_s**2
    sums_s2[[not is_free(model, job) for job in mine], :] = np.inf
    sums_s2[:, [not is_free(model, job) for job in theirs]] = np.inf
    for flat in np.argsort(sums_s2, axis=None)[:_LOOKED_AT].tolist():
        i, k = divmod(flat, len(theirs))
        if not sums_s2[i, k] < was_s2:
            return None
        move = {
            giver: _inserted(model, giver, [*mine[:i], *mine[i + 1 :]], theirs[k]),
            other: _inserted(model, other, [*theirs[:k], *theirs[k + 1 :]], mine[i]),
        }
        if _gain_s2(model, move, ends_s) > _LEAST_GAIN_S2:
            return move
    return None


def _inserted(model: Model, aircraft: int, order: Sequence[int], job: int) -> list[int]:
    place = int(extras_s(model, aircraft, order, job).argmin())
    return [*order[:place], job, *order[place:]]


def _added_s(model: Model, aircraft: int, order: Sequence[int], jobs: Sequence[int]) -> Figures:
    """By how much the round gets longer with each of the jobs at its best place."""
    return np.array([float(extras_s(model, aircraft, order, job).min()) for job in jobs])


def _freed_s(model: Model, aircraft: int, order: Sequence[int]) -> Figures:
    """By how much the round gets shorter without each of its jobs."""
    own, between = list(order), model.between_s[aircraft]
    to_s = _ways_s(model, aircraft, order)
    on_s = np.append(to_s[1:], 0.0)
    past_s = np.append(
        np.append(model.start_s[aircraft, own[1:2]], between[own[:-2], own[2:]]), 0.0
    )
    return np.asarray(to_s + on_s - past_s[: len(own)] + model.service_s[aircraft, own])


def _gain_s2(model: Model, move: Move, ends_s: Sequence[float]) -> float:
    """By how much the sum of squares gets smaller; 0 where hours are missed or it lands later."""
    now_s = {aircraft: model.end_s(aircraft, order) for aircraft, order in move.items()}
    if max(now_s.values()) > max(ends_s[aircraft] for aircraft in move):
        return 0.0
    return sum(ends_s[aircraft] ** 2 - end_s**2 for aircraft, end_s in now_s.items())
