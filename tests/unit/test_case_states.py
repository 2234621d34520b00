"""The table of a case's states under whatever people do: random walks keep what must hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given as with_
from hypothesis import strategies as st

from ground_station.alerts import AlertEvent
from ground_station.case_rules import case_from_alert, read_case_rules
from ground_station.casework.case import Case
from ground_station.casework.states import CASE_MACHINE, FINAL, CaseEvent, CaseState, Severity
from ground_station.casework.steps import Given, advance
from ground_station.owners import Owner, Tier, read_responsibility
from patrol.cause import Cause, Role
from patrol.errors import Refused
from patrol.sighting import poisson_count
from tests.ground_core import DISPATCHER, LEADER, SYSTEM, an_observed_alert, holding, later

E, S = CaseEvent, CaseState
RULES, TABLE = read_case_rules(), read_responsibility()
HEAD = holding("Guo", Role.COMMUNITY)
SUPERVISOR = Cause(actor="Ma", role=Role.SUPERVISOR)
PEOPLE = ("Guo", "Ma", "Xu", "Lin")


def a_case() -> Case:
    alert = an_observed_alert(AlertEvent.PERSIST)
    case = case_from_alert(
        alert, at_utc=later(700), latest=poisson_count(28.0), rules=RULES, table=TABLE
    )
    return replace(case, case_no="HJ20261124X001000012")


def owner_at(tier: Tier) -> Owner:
    return TABLE.owner(grid_code="440512001003004", tier=tier, for_exercise=True)


def at_work() -> Case:
    case = advance(a_case(), E.DISPATCH, SYSTEM, later(701))
    return advance(case, E.ACCEPT, HEAD, later(710))


def generous(case: Case, now: datetime, person: str) -> Given:
    """Everything a step could want, so that only the table and the rules refuse."""
    above = case.tier.above or case.tier
    return Given(
        reason="because", found="a fact", owner=owner_at(above), severity=Severity.ORDINARY,
        accept_due_utc=now + timedelta(minutes=30), due_utc=now + timedelta(hours=24),
        review_utc=now + timedelta(days=3), other_case="HJ20261124X001000020", checker=person,
        reporter="report C-1", is_reporter_told=True,
    )  # fmt: skip


moves = st.tuples(
    st.sampled_from(list(CaseEvent)),
    st.sampled_from([role for role in Role if role is not Role.SYSTEM]),
    st.sampled_from(PEOPLE),
    st.integers(min_value=1, max_value=7200),
)


@with_(st.lists(moves, max_size=40), st.booleans())
def test_whatever_people_do_a_case_keeps_an_owner_clocks_and_an_independent_check(
    steps: list[tuple[CaseEvent, Role, str, int]], is_reported: bool
) -> None:
    case = replace(a_case(), state=S.REPORTED) if is_reported else a_case()
    now = later(700)
    for event, role, person, seconds in steps:
        now += timedelta(seconds=seconds)
        before = case
        try:
            case = advance(case, event, holding(person, role), now, generous(case, now, person))
        except Refused:
            assert case is before
            continue
        assert any(row is case.state for row in _targets(before.state, event)), (
            before.state,
            event,
            case.state,
        )
        assert case.owner.unit
        assert case.owner.person
        assert case.due_utc
        if case.state is S.CLOSED and before.state is S.CHECKING:
            assert case.closed_by not in case.handlers
            assert case.closed_by == person
        if before.state in FINAL:
            assert event in (E.EVALUATE, E.REOPEN)


def _targets(state: CaseState, event: CaseEvent) -> list[CaseState]:
    return [
        row.target for row in CASE_MACHINE._steps if row.event is event and state in row.sources
    ]


def test_every_state_can_be_reached_and_only_final_ones_are_dead_ends() -> None:
    reached, waiting = {S.REPORTED, S.FILED}, [S.REPORTED, S.FILED]
    while waiting:
        state = waiting.pop()
        for event in CASE_MACHINE.possible(state):
            for target in _targets(state, event):
                if target not in reached:
                    reached.add(target)
                    waiting.append(target)
    assert reached == set(S)
    for state in S:
        leads_on = {t for e in CASE_MACHINE.possible(state) for t in _targets(state, e)} - {state}
        assert bool(leads_on) == (state not in {S.REJECTED, S.MERGED, S.VOIDED})


def test_a_task_is_sent_back_within_the_hour_and_not_later() -> None:
    case = advance(a_case(), E.DISPATCH, SYSTEM, later(701))
    assert advance(case, E.RETURN, HEAD, later(4000), Given(reason="not ours")).state is S.RETURNED
    with pytest.raises(Refused, match="more than an hour ago"):
        advance(case, E.RETURN, HEAD, later(4400), Given(reason="not ours"))


def test_more_time_is_asked_for_by_the_owner_and_granted_by_the_dispatcher() -> None:
    later_due = Given(reason="waits for parts", due_utc=later(90_000))
    with pytest.raises(Refused, match="has not asked"):
        advance(at_work(), E.DEFER, DISPATCHER, later(800), later_due)
    asked = advance(at_work(), E.ASK_DEFERRAL, HEAD, later(800), Given(reason="waits for parts"))
    assert asked.state is S.HANDLING
    granted = advance(asked, E.DEFER, DISPATCHER, later(810), later_due)
    assert (granted.state, granted.due_utc) == (S.DEFERRED, later(90_000))
    with pytest.raises(Refused, match="due time to come"):
        advance(asked, E.DEFER, DISPATCHER, later(810), Given(reason="x", due_utc=later(5)))


def test_suspending_takes_two_persons_and_a_day_of_review() -> None:
    with pytest.raises(Refused, match="has not asked"):
        advance(at_work(), E.SUSPEND, LEADER, later(800))
    with pytest.raises(Refused, match="reviewed"):
        advance(at_work(), E.ASK_SUSPENSION, DISPATCHER, later(800), Given(reason="no crane"))
    review = Given(reason="no crane", review_utc=later(900_000))
    asked = advance(at_work(), E.ASK_SUSPENSION, DISPATCHER, later(800), review)
    same = Cause(actor=DISPATCHER.actor, role=Role.LEADER)
    with pytest.raises(Refused, match="another person decides"):
        advance(asked, E.SUSPEND, same, later(801))
    suspended = advance(asked, E.SUSPEND, LEADER, later(801))
    assert suspended.overdue(later(890_000)) == ""  # its handling clock stands still
    assert suspended.overdue(later(900_001)) == "review"
    resumed = advance(suspended, E.RESUME, DISPATCHER, later(900_100), Given(due_utc=later(1e6)))
    assert (resumed.state, resumed.review_utc) == (S.HANDLING, None)


def test_the_check_is_done_by_the_one_to_whom_it_was_given_and_never_by_a_handler() -> None:
    done = advance(
        at_work(), E.FEED_BACK, HEAD, later(900), Given(reason="gone", found="40 people")
    )
    assert (done.found, done.feedback) == ("40 people", "gone")
    with pytest.raises(Refused, match="another person checks"):
        advance(done, E.CHECK, DISPATCHER, later(901), Given(checker="Guo"))
    given = advance(done, E.CHECK, DISPATCHER, later(901), Given(checker="Ma"))
    other = Cause(actor="Tan", role=Role.SUPERVISOR)
    with pytest.raises(Refused, match="given to Ma"):
        advance(given, E.CLOSE, other, later(902), Given(is_reporter_told=True))
    assert advance(given, E.CLOSE, SUPERVISOR, later(902), Given(is_reporter_told=True)).closed_utc


def test_who_reported_it_is_told_before_it_closes_whatever_the_checker_says() -> None:
    linked = advance(at_work(), E.LINK_REPORT, DISPATCHER, later(720), Given(reporter="report C-1"))
    fed = advance(linked, E.FEED_BACK, HEAD, later(900), Given(reason="gone"))
    checking = advance(fed, E.CHECK, DISPATCHER, later(901))
    with pytest.raises(Refused, match="tell the reporter"):
        advance(checking, E.CLOSE, SUPERVISOR, later(902), Given(is_reporter_told=True))
    told = advance(checking, E.ANSWER_REPORTER, DISPATCHER, later(903), Given(reason="they left"))
    assert advance(told, E.CLOSE, SUPERVISOR, later(904)).state is S.CLOSED


def test_a_case_merges_into_another_and_not_into_itself() -> None:
    reported = replace(a_case(), state=S.REPORTED)
    with pytest.raises(Refused, match="another case"):
        advance(
            reported, E.MERGE, DISPATCHER, later(701),
            Given(reason="same crowd", other_case=reported.case_no),
        )  # fmt: skip
    merged = advance(
        reported, E.MERGE, DISPATCHER, later(701),
        Given(reason="same crowd", other_case="HJ20261124X001000020"),
    )  # fmt: skip
    assert (merged.state, merged.merged_into) == (S.MERGED, "HJ20261124X001000020")


def test_a_new_owner_never_inherits_an_old_deadline() -> None:
    reported = replace(a_case(), state=S.VERIFYING)
    with pytest.raises(Refused, match="both clocks"):
        advance(
            reported, E.FILE, DISPATCHER, later(701),
            Given(severity=Severity.MAJOR, owner=owner_at(Tier.LARGE)),
        )  # fmt: skip
