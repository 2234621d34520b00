"""Effects and precision over many: intervals, curves, and silence where too little was seen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground_station.alerts import Outcome
from ground_station.measuring.effects import (
    Observed,
    Treatment,
    by_grid,
    by_hour,
    by_template,
    survival,
    wilson,
)
from ground_station.measuring.precision import precision_by_grid
from ground_station.measuring.reading import AnsweredAlert
from ground_station.store.figures import us_of
from tests.ground_core import GRID, MORNING


def seen(
    after_s: float | None, *, watched_s: float = 600.0, template: str = "T01", **changes: Any
) -> Observed:
    one = Observed(
        alert_id="A", treatment=Treatment.SPOKEN, template_id=template, grid_code=GRID,
        began_us=us_of(MORNING), dispersed_after_s=after_s, watched_s=watched_s,
        verdict=Outcome.PERSISTING if after_s is None else Outcome.DISPERSED,
    )  # fmt: skip
    return one._replace(**changes)


@given(st.integers(0, 60), st.integers(0, 60))
def test_an_interval_holds_its_share_and_stays_within_nothing_and_all(k: int, more: int) -> None:
    n = k + more
    low, high = wilson(k, n)
    assert 0.0 <= low <= high <= 1.0
    if n:
        assert low - 1e-9 <= k / n <= high + 1e-9


def test_the_interval_is_wilsons() -> None:
    # Newcombe 1998, table I: 81 of 263, score method without correction.
    low, high = wilson(81, 263)
    assert low == pytest.approx(0.2553, abs=2e-4)
    assert high == pytest.approx(0.3662, abs=2e-4)


def test_too_few_make_no_share_and_never_a_success() -> None:
    group = by_template([seen(60.0)])[0]
    assert group.dispersed.share is None
    assert (group.dispersed.k, group.dispersed.n) == (1, 1)
    assert group.dispersed.low < 0.3
    assert by_template([seen(60.0)] * 5)[0].dispersed.share == 1.0


def test_what_nobody_spoke_to_stands_beside_as_natural_decay() -> None:
    control = seen(400.0, treatment=Treatment.NOT_SPOKEN, template="")
    groups = by_template([seen(60.0), seen(None), control])
    assert [(g.key, g.treatment, g.dispersed.k, g.dispersed.n) for g in groups] == [
        ("", Treatment.NOT_SPOKEN, 1, 1), ("T01", Treatment.SPOKEN, 1, 2),
    ]  # fmt: skip


def test_hours_are_those_of_shanghai_and_an_open_observation_says_nothing() -> None:
    late = seen(60.0, began_us=us_of(MORNING + timedelta(hours=13)))
    assert [group.key for group in by_hour([seen(60.0), late])] == ["09", "22"]
    assert by_grid([seen(None, verdict=None)]) == []


def test_the_curve_counts_those_no_longer_watched_as_far_as_they_were_seen() -> None:
    # By hand: 4 at risk at 60 s (1 goes), 2 at risk at 120 s (1 goes; one was lost at 90 s).
    curve = survival([seen(60.0), seen(None, watched_s=90.0), seen(120.0), seen(None)])
    assert [(point.seconds, point.at_risk) for point in curve] == [(60.0, 4), (120.0, 2)]
    assert curve[0].still_there == pytest.approx(0.75)
    assert curve[1].still_there == pytest.approx(0.375)
    assert all(point.low <= point.still_there <= point.high for point in curve)


@given(st.lists(st.tuples(st.booleans(), st.floats(1, 600)), max_size=30))
def test_a_curve_only_falls_and_its_bounds_hold_it(cases: list[tuple[bool, float]]) -> None:
    group = [seen(at_s) if is_gone else seen(None, watched_s=at_s) for is_gone, at_s in cases]
    shares = [1.0]
    for point in survival(group):
        assert point.low - 1e-9 <= point.still_there <= point.high + 1e-9
        shares.append(point.still_there)
    assert shares == sorted(shares, reverse=True)


def test_relapse_and_displacement_are_shares_of_those_that_dispersed() -> None:
    group = by_template(
        [seen(60.0, relapsed=True), seen(60.0, displaced=True), seen(None), seen(60.0)]
    )[0]
    assert (group.relapsed.k, group.relapsed.n) == (1, 3)
    assert (group.displaced.k, group.displaced.n) == (1, 3)


# Precision


ANSWERED = AnsweredAlert(
    grid_code=GRID, rule="r", hour="09", is_unanswered=False, is_acknowledged=True,
    is_dismissed=False, dismissed_reason="", acknowledged_after_us=5, words_after_us=None,
)  # fmt: skip


def test_dismissals_count_against_the_grids_precision_with_their_reasons() -> None:
    wrong = ANSWERED._replace(is_dismissed=True, dismissed_reason="scooters in a row")
    waiting = ANSWERED._replace(is_acknowledged=False, is_unanswered=True)
    found = precision_by_grid([wrong, *([ANSWERED] * 4), waiting])
    assert [(one.grid_code, one.right.k, one.right.n) for one in found] == [(GRID, 4, 5)]
    assert found[0].right.share == pytest.approx(0.8)
    assert found[0].reasons == (("scooters in a row", 1),)


def test_an_alert_that_nobody_has_answered_is_neither_right_nor_wrong() -> None:
    assert precision_by_grid([ANSWERED._replace(is_acknowledged=False)]) == []
