"""Figures from records: what was watched with words and without, and how fast people answered."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from ground_station.alert_levels import AlertLevel
from ground_station.alerts import AlertEvent, AlertState, CrowdAlert, Outcome, advance
from ground_station.announcements import Announcement, AnnouncementState
from ground_station.casework.case import Case
from ground_station.casework.states import CaseState
from ground_station.measuring.effects import Treatment, by_place, by_template
from ground_station.measuring.precision import precision_by
from ground_station.measuring.reading import AnsweredAlert
from ground_station.measuring.responses import responses_by, spread
from ground_station.sorties import EffectRecord, EffectSample, SortieState
from patrol.geo import offset
from patrol.sighting import poisson_count
from tests.ground_core import (
    GRID,
    OPERATOR,
    PLACE,
    REGISTRAR,
    a_sighting,
    a_sortie,
    an_alert,
    an_observed_alert,
    later,
)
from tests.ground_story import a_case, an_announcement, an_effect
from tests.measured import read_back
from tests.straight_measures import Everything

NOTHING = Everything()


def spoken(
    number: int = 1, event: AlertEvent = AlertEvent.DISPERSE, **changes: object
) -> Everything:
    """One alert with its words from 11 s to 15 s and its looks at 75 s and later."""
    alert = replace(an_observed_alert(event), alert_id=f"A-{number}", **changes)  # type: ignore[arg-type]
    said = replace(
        an_announcement(), alert_id=alert.alert_id, state=AnnouncementState.PLAYED,
        started_utc=later(11), finished_utc=later(15),
    )  # fmt: skip
    return of(alert, said, replace(an_effect(), alert_id=alert.alert_id))


def of(alert: CrowdAlert, said: Announcement | None, effect: EffectRecord | None) -> Everything:
    return replace(
        NOTHING, alerts=(alert,), followers=(alert,), announcements=(said,) if said else (),
        effects=(effect,) if effect else (),
    )  # fmt: skip


def joined(*parts: Everything) -> Everything:
    return replace(
        NOTHING,
        alerts=tuple(x for one in parts for x in one.alerts),
        followers=tuple(x for one in parts for x in one.followers),
        announcements=tuple(x for one in parts for x in one.announcements),
        effects=tuple(x for one in parts for x in one.effects),
    )


def test_words_and_looks_become_one_observation_on_one_clock() -> None:
    (one,) = read_back(spoken()).observed()
    assert (one.treatment, one.template_id, one.verdict) == (
        Treatment.SPOKEN, "T01", Outcome.DISPERSED,
    )  # fmt: skip
    assert (one.dispersed_after_s, one.watched_s) == (60.0, 60.0)  # the valid look at 75 s
    assert not one.relapsed
    assert not one.displaced


def test_after_a_second_play_time_still_runs_from_the_first_words() -> None:
    first = spoken()
    again = replace(
        first.announcements[0], announcement_id="B-2", template_id="T02",
        started_utc=later(300), finished_utc=later(305),
    )  # fmt: skip
    kept = replace(first.effects[0], verdict=Outcome.PERSISTING)
    gone = replace(
        first.effects[0], observing_since_utc=later(305), dispersed_after_s=40.0,
        samples=(EffectSample(dt_s=60.0, count=poisson_count(2.0)),),
    )  # fmt: skip
    both = replace(first, announcements=(first.announcements[0], again), effects=(kept, gone))
    (one,) = read_back(both).observed()
    assert (one.template_id, one.dispersed_after_s) == ("T01", 330.0)


def test_an_alert_that_nobody_watched_to_any_look_says_nothing() -> None:
    assert read_back(of(an_alert(), None, None)).observed() == []
    blind = replace(
        an_effect(), samples=(EffectSample(dt_s=60.0, count=poisson_count(0.0, is_valid=False)),)
    )
    watched_blind = of(an_observed_alert(AlertEvent.PERSIST), None, blind)
    assert read_back(watched_blind).observed() == []


def test_what_was_watched_without_words_is_the_control_group() -> None:
    alert = replace(an_alert(), alert_id="A-9")
    looked = replace(
        an_effect(), alert_id="A-9", announcement_ids=(), observing_since_utc=alert.raised_utc
    )
    unplayed = replace(an_announcement(), alert_id="A-9", state=AnnouncementState.BLOCKED)
    (one,) = read_back(of(alert, unplayed, looked)).observed()
    assert (one.treatment, one.template_id, one.dispersed_after_s) == (
        Treatment.NOT_SPOKEN, "", 60.0,
    )  # fmt: skip
    groups = by_template(read_back(joined(spoken(), of(alert, unplayed, looked))).observed())
    assert [group.treatment for group in groups] == [Treatment.NOT_SPOKEN, Treatment.SPOKEN]


def test_a_relapse_is_the_one_that_says_so_and_a_displaced_crowd_is_a_new_one_next_door() -> None:
    base = spoken()

    def follower(east_m: float, at_s: float, **changes: object) -> CrowdAlert:
        place = offset(PLACE, east_m=east_m, north_m=0.0)
        made = replace(an_alert(), alert_id="A-7", place=place, raised_utc=later(at_s))
        return replace(made, grid_code="440512001003005", **changes)  # type: ignore[arg-type]

    for new, wanted in (
        (follower(50, 200), (False, True)),
        (follower(99, 75 + 1799), (False, True)),
        (follower(99, 75 + 1801), (False, False)),  # half an hour later
        (follower(101, 200), (False, False)),
        (follower(5, 200, relapse_of="A-1"), (True, False)),
        (follower(50, 30), (False, False)),  # it stood there before the other had gone
    ):
        (one,) = read_back(replace(base, followers=(*base.followers, new))).observed()
        assert (one.relapsed, one.displaced) == wanted, new


def _area(digits: int, alert: AnsweredAlert) -> str:
    return str(alert.grid_code)[:digits]


@settings(max_examples=25, deadline=None)  # each fills a database
@given(st.lists(st.sampled_from(["440512001003004", "440512001003005", "440512001004001",
                                 "440512002001001"]), min_size=1, max_size=12))  # fmt: skip
def test_the_totals_are_the_same_at_every_level(codes: list[str]) -> None:
    everything = joined(*(spoken(n, grid_code=code) for n, code in enumerate(codes)))
    read = read_back(everything)
    seen = read.observed()
    for digits in (6, 9, 12, 17):
        groups = by_place(seen, digits)
        assert sum(one.dispersed.n for one in groups) == len(codes)
        right = precision_by(read.answers.alerts, partial(_area, digits))
        assert sum(one.right.n for one in right) == len(codes)
        answered = responses_by(read.answers, digits)
        assert sum(one.raised_to_acknowledged.n for one in answered) == len(codes)


def test_who_waits_for_an_answer_is_counted_and_never_a_zero() -> None:
    acknowledged = advance(an_alert(), AlertEvent.ACKNOWLEDGE, OPERATOR, later(40))
    waiting = replace(an_alert(), alert_id="A-2")
    gone = advance(
        replace(an_alert(), alert_id="A-3"), AlertEvent.DISMISS, REGISTRAR, later(9), reason="x"
    )
    # Critical, so the system has handed it on; of the squad nobody has answered.
    with_the_centre = replace(
        waiting, alert_id="A-4", level=AlertLevel.CRITICAL, state=AlertState.ESCALATED
    )
    (whole,) = responses_by(
        read_back(replace(NOTHING, alerts=(acknowledged, waiting, gone, with_the_centre))).answers,
        6,
    )
    told = whole.raised_to_acknowledged
    assert (told.n, told.median_s, told.waiting) == (1, 40.0, 2)
    assert whole.acknowledged_to_words.median_s is None
    even = spread([10_000_000, 30_000_000, None, 20_000_000, 100_000_000])
    assert (even.median_s, even.p90_s, even.longest_s) == (25.0, 100.0, 100.0)


def closed(number: int, done_s: float, **changes: object) -> Case:
    case = replace(
        a_case(an_observed_alert(AlertEvent.PERSIST)), case_no=f"HJ-{number}",
        state=CaseState.CLOSED, closed_utc=later(done_s), fed_back_utc=later(done_s),
    )  # fmt: skip
    return replace(case, **changes)  # type: ignore[arg-type]


def test_on_time_is_the_owners_feedback_and_rework_is_counted_once() -> None:
    due_s = 700 + 24 * 3600
    late = closed(2, due_s + 60)
    late_check = closed(3, due_s - 60, closed_utc=later(due_s + 600))
    cases = (closed(1, 800), late, late_check)
    (whole,) = responses_by(
        read_back(replace(NOTHING, cases=cases, reworked=frozenset({"HJ-1"}))).answers, 6
    )
    assert (whole.closed_on_time.k, whole.closed_on_time.n) == (2, 3)
    assert (whole.reworked.k, whole.reworked.n) == (1, 3)
    assert whole.closed_on_time.share is None  # of three no share is named


def test_the_figures_of_the_wall_say_what_was_not_seen() -> None:
    sortie = replace(
        a_sortie(SortieState.LANDED), takeoff_utc=later(1), waypoint_index=4, waypoint_total=4,
        abnormal=("wind",),
    )  # fmt: skip
    near = replace(a_sighting(), nearest_person_m=12.0)
    unwatched = of(replace(an_alert(), alert_id="A-5"), None, None)
    found = read_back(
        replace(
            joined(spoken(), unwatched),
            sorties=(sortie, replace(sortie, grid_code="else")),
            sightings=(a_sighting(), near),
        )
    ).kpis([GRID, "440512001003005"])
    assert [(day.visited, day.grids) for day in found.coverage] == [(1, 2)]
    assert (found.alerts, found.unwatched) == (2, 1)
    assert (found.valid_looks.k, found.valid_looks.n) == (1, 2)
    assert (found.nearest_person_m, found.standoff_broken) == (12.0, 1)
    assert (found.sorties, found.sorties_abnormal) == (2, 2)
    assert found.announcements_by_grid == {GRID: 1}
    assert found.announcements_at_night == 0
    night = replace(spoken().announcements[0], started_utc=later(0) + timedelta(hours=13))
    assert read_back(replace(NOTHING, announcements=(night,))).kpis([]).announcements_at_night == 1
