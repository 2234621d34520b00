"""How often the same ears, a grid and a night hear words, those of safety too."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground_station.alert_levels import AlertLevel
from ground_station.announcements import Announcement
from ground_station.release_rules import ReleaseLimits, may_release
from patrol.clock import SHANGHAI
from patrol.plan import stops
from tests.ground_core import later
from tests.unit.test_announcements import T, at_shanghai, codes, context, played


def of_template(name: str, at_s: float, *, alert: str = "A-1", repeats: int = 1) -> Announcement:
    return replace(played(f"B-{at_s}", at_s), template_id=name, alert_id=alert, repeats=repeats)


def test_even_approved_safety_words_are_played_twice_and_then_a_leader_answers_for_more() -> None:
    for earlier in (
        [of_template("T03", 0, repeats=2)],
        [of_template("T03", 0), of_template("T03", 200)],
    ):
        found = stops(may_release(T["T03"], context(at_utc=later(900), earlier=earlier)))
        assert codes(found) == ["release.repeats"]
    once = context(at_utc=later(900), earlier=[of_template("T03", 0)])
    assert stops(may_release(T["T03"], once)) == []
    assert codes(stops(may_release(T["T03"], replace(once, repeat=2)))) == ["release.repeats"]
    assert codes(stops(may_release(T["T03"], replace(context(), repeat=3)))) == ["release.repeats"]
    critical = replace(context(at_utc=later(900), earlier=[of_template("T03", 0, repeats=2)]),
                       alert_level=AlertLevel.CRITICAL)  # fmt: skip
    graver = may_release(T["T04"], critical)
    assert (codes(graver), stops(graver)) == (["release.repeats"], []), "other words are left"


@pytest.mark.parametrize(("at_s", "is_stopped"), [(299, True), (301, False)])
def test_a_crowd_that_is_raised_anew_at_its_place_has_the_same_ears(
    at_s: int, *, is_stopped: bool
) -> None:
    said = of_template("T03", 0, alert="A-0", repeats=2)
    asked = context(at_utc=later(at_s), earlier=[said])
    here = replace(asked, same_place=frozenset({"A-0"}))
    assert ("release.repeats" in codes(stops(may_release(T["T03"], here)))) == is_stopped
    assert stops(may_release(T["T03"], asked)) == [], "another crowd in another place"


def test_a_night_has_its_own_budget_in_a_grid_for_safety_words_too() -> None:
    midnight = at_shanghai(23, 59)
    tonight = [
        replace(
            of_template("T03", 0, alert=f"A-{n}"), started_utc=midnight - timedelta(hours=n / 4)
        )
        for n in range(2, 8)
    ]
    over_midnight = context(at_utc=midnight + timedelta(hours=2), earlier=tonight)
    assert codes(stops(may_release(T["T03"], over_midnight))) == ["release.night_budget"]
    five = replace(over_midnight, earlier=tonight[1:])
    assert stops(may_release(T["T03"], five)) == []
    elsewhere = replace(over_midnight, grid_code="440512001003005")
    assert stops(may_release(T["T03"], elsewhere)) == []
    by_day = replace(over_midnight, at_utc=midnight + timedelta(hours=7))
    assert stops(may_release(T["T03"], by_day)) == []


@given(st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001
def test_what_counts_reaches_back_to_the_beginning_of_the_night_and_half_an_hour_at_least(
    at_utc: datetime,
) -> None:
    since, began = ReleaseLimits().looks_back_to(at_utc), ReleaseLimits().night_began(at_utc)
    assert timedelta(minutes=30) <= at_utc - since <= timedelta(hours=8)
    if began is not None:
        assert since <= began <= at_utc
        assert began.astimezone(SHANGHAI).time() == time(22)


@pytest.mark.parametrize("back_s", [20, 700])
def test_a_clock_that_is_set_back_makes_nobody_unhear_what_was_said(back_s: int) -> None:
    said = [of_template("T03", 900), of_template("T03", 1000)]
    before_it = context(at_utc=later(1000 - back_s), earlier=said)
    assert "release.repeats" in codes(stops(may_release(T["T03"], before_it)))
    others = [of_template("T01", 900 + n, alert=f"A-{n}") for n in (2, 3, 4)]
    in_the_grid = context(at_utc=later(1000 - back_s), earlier=others)
    assert "release.grid_budget" in codes(stops(may_release(T["T01"], in_the_grid)))
    year_off = context(at_utc=later(1000 - 365 * 86_400), earlier=others)
    assert "release.grid_budget" not in codes(may_release(T["T01"], year_off)), "nor for ever"
