"""The printed bound is a true one: no order of the jobs, looked for by hand, lands earlier."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from missions.allocation_balance import balanced, extras_s
from missions.allocation_bound import lower_bound_s, shares
from missions.allocation_model import Model, Terms
from missions.allocation_search import search

TERMS = Terms(search_s=0.02)


@st.composite
def models(draw: st.DrawFn, jobs_max: int = 5) -> Model:
    """Up to three aircraft and a few jobs; some aircraft cannot fly some jobs."""
    aircraft, jobs = draw(st.integers(1, 3)), draw(st.integers(1, jobs_max))
    seconds = st.floats(1.0, 2000.0)

    def table(rows: int, columns: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        cells = draw(st.lists(seconds, min_size=rows * columns, max_size=rows * columns))
        return np.array(cells).reshape(rows, columns)

    service_s = table(aircraft, jobs)
    for job in range(jobs):
        can = draw(st.lists(st.booleans(), min_size=aircraft, max_size=aircraft))
        can[draw(st.integers(0, aircraft - 1))] = True
        service_s[~np.array(can), job] = np.inf
    return Model(
        service_s=service_s,
        start_s=table(aircraft, jobs) - 1.0,
        between_s=tuple(table(jobs, jobs) for _ in range(aircraft)),
        windows_s=np.tile([0.0, np.inf], (jobs, 1)),
        is_alert=np.zeros(jobs, dtype=np.bool_),
        terms=TERMS,
    )


def best_of_all_s(model: Model) -> float:
    """Every share of the jobs, each in its best order."""
    aircraft, jobs = model.shape
    best_s = np.inf
    for owners in itertools.product(range(aircraft), repeat=jobs):
        ends_s = [
            min(
                model.end_s(a, order)
                for order in itertools.permutations(j for j in range(jobs) if owners[j] == a)
            )
            for a in range(aircraft)
        ]
        best_s = min(best_s, max(ends_s))
    return float(best_s)


@settings(max_examples=150, deadline=None)
@given(models(jobs_max=4))
def test_no_day_ends_before_the_bound(model: Model) -> None:
    assert lower_bound_s(model) <= best_of_all_s(model) + 1e-6


@settings(max_examples=60, deadline=None)
@given(models())
def test_a_search_flies_every_job_once_by_somebody_who_can(model: Model) -> None:
    orders = search(model)
    assert sorted(itertools.chain(*orders)) == list(range(model.shape[1]))
    for aircraft, order in enumerate(orders):
        assert np.isfinite(model.service_s[aircraft, order]).all()
    assert (
        lower_bound_s(model) <= max(model.end_s(a, order) for a, order in enumerate(orders)) + 1e-6
    )


@settings(max_examples=60, deadline=None)
@given(models(jobs_max=6))
def test_balancing_never_makes_the_last_landing_later(model: Model) -> None:
    found = shares(model).argmax(axis=0)
    orders = [[j for j in range(model.shape[1]) if found[j] == a] for a in range(model.shape[0])]
    before = [model.end_s(a, order) for a, order in enumerate(orders)]
    after = [model.end_s(a, order) for a, order in enumerate(balanced(model, orders, 0.0))]
    assert sum(end**2 for end in after) <= sum(end**2 for end in before) + 1e-3
    assert max(after) <= max(before) + 1e-6


@given(models(), st.data())
def test_what_an_insertion_costs_is_what_the_round_gets_longer(
    model: Model, data: st.DataObject
) -> None:
    aircraft = data.draw(st.integers(0, model.shape[0] - 1))
    able = np.flatnonzero(np.isfinite(model.service_s[aircraft])).tolist()
    if not able:
        return
    job = data.draw(st.sampled_from(able))
    order = [one for one in able if one != job]
    for place, added_s in enumerate(extras_s(model, aircraft, order, job)):
        tried = [*order[:place], job, *order[place:]]
        longer_s = model.end_s(aircraft, tried) - model.end_s(aircraft, order)
        assert added_s == pytest.approx(longer_s, abs=1e-6)


def test_three_like_jobs_and_two_aircraft_have_a_bound_of_one_and_a_half() -> None:
    model = Model(
        service_s=np.full((2, 3), 100.0),
        start_s=np.zeros((2, 3)),
        between_s=(np.full((3, 3), 10.0),) * 2,
        windows_s=np.tile([0.0, np.inf], (3, 1)),
        is_alert=np.zeros(3, dtype=np.bool_),
        terms=TERMS,
    )
    assert lower_bound_s(model) == pytest.approx((3 * 100.0 + 10.0) / 2)
