"""Random walks over the tables of reports, tasks, whistles, notices, sightings and shifts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ground_station.casework import citizens, notices, whistles
from ground_station.casework.citizens import ReportEvent, ReportState
from ground_station.casework.dispatches import (
    Dispatch,
    DispatchEvent,
    DispatchState,
    answer,
)
from ground_station.casework.notices import NoticeEvent, NoticeState
from ground_station.casework.sightings import Given, Seen, SightingEvent, SightingState, review
from ground_station.casework.steps import require_unit
from ground_station.casework.whistles import Whistle, WhistleEvent, WhistleState
from ground_station.shifts import shift as shifts
from ground_station.shifts.shift import SIGNERS, Shift, ShiftEvent, ShiftState
from ground_station.store.codec import decode, encode
from patrol.cause import Cause, Role
from patrol.errors import Refused
from patrol.sighting import poisson_count
from tests.ground_core import (
    A_DEPARTMENT,
    DISTRICT,
    GRID,
    MORNING,
    PILOT,
    a_sighting,
    an_alert,
    holding,
    later,
)
from tests.unit.test_casework import a_dispatch, a_notice, a_report

PEOPLE = ("Guo", "Ma", "Xu", "Song")
causes = st.builds(
    Cause,
    actor=st.sampled_from(PEOPLE),
    role=st.sampled_from([role for role in Role if role not in (Role.NONE, Role.SYSTEM)]),
    held_for=st.sampled_from((A_DEPARTMENT, "440512D02", DISTRICT, GRID[:9], "")),
)
seconds = st.integers(0, 900)


@given(st.lists(st.tuples(st.sampled_from(list(ReportEvent)), causes), max_size=12))
def test_a_report_is_answered_in_words_by_a_person_and_never_forgets_its_case(
    steps: list[tuple[ReportEvent, Cause]],
) -> None:
    report = a_report()
    for event, cause in steps:
        before = report
        try:
            report = citizens.advance(
                report, event, cause, later(9), text="because", case_no="HJ20261124X001000012"
            )
        except Refused:
            assert report is before
            continue
        assert bool(report.case_no) >= bool(before.case_no)
        if report.state is ReportState.ANSWERED:
            assert report.answer
            assert report.answered_by
        if before.state is ReportState.ANSWERED:
            assert report.state is ReportState.ANSWERED  # it may be answered again, not undone


@given(st.lists(st.tuples(st.sampled_from(list(DispatchEvent)), causes), max_size=8))
def test_a_task_ends_once_by_its_own_units_word(
    steps: list[tuple[DispatchEvent, Cause]],
) -> None:
    task = a_dispatch()
    for event, cause in steps:
        before = task
        try:
            require_unit(task.unit, cause)
            task = answer(task, event, cause, later(900), reply="done")
        except Refused:
            assert task is before
            continue
        assert before.is_open
        assert (cause.role, cause.held_for) == (Role.DEPARTMENT, A_DEPARTMENT)
        assert {*before.handlers, cause.actor} == {*task.handlers}
        if task.state in (DispatchState.DONE, DispatchState.RETURNED):
            assert task.reply
            assert task.answered_by == cause.actor
            assert not task.is_overdue(task.due_utc + timedelta(days=9))


def test_a_task_recorded_before_handlers_were_kept_still_names_who_took_its_last_step() -> None:
    first, second = (holding(one, Role.DEPARTMENT) for one in PEOPLE[:2])
    body = encode(answer(a_dispatch(), DispatchEvent.ACCEPT, first, later(850)))
    assert body.pop("handlers") == [first.actor]
    old = decode(Dispatch, body)
    assert (old.handlers, old.was_handled_by(first.actor)) == ((), True)
    assert not a_dispatch().was_handled_by("")
    done = answer(old, DispatchEvent.REPLY, second, later(900), reply="done")
    assert done.handlers == (first.actor, second.actor)


@given(st.lists(st.tuples(st.sampled_from(list(WhistleEvent)), causes, st.booleans()), max_size=8))
def test_a_whistle_stays_in_sight_until_a_patrol_flew_or_somebody_said_why_not(
    steps: list[tuple[WhistleEvent, Cause, bool]],
) -> None:
    whistle: Whistle = whistles.blow(
        whistle_id="W-1", grid_code=GRID, grid_name="x", need="看", is_exercise=True,
        cause=Cause(actor="Mei", role=Role.GRID_WORKER), at_utc=MORNING,
    )  # fmt: skip
    for event, cause, has_words in steps:
        before = whistle
        try:
            whistle = whistles.answer(
                whistle, event, cause, later(5), reason="why" if has_words else "",
                sortie="M-1-S01" if has_words else "",
            )  # fmt: skip
        except Refused:
            assert whistle is before
            continue
        assert before.state in (WhistleState.RAISED, WhistleState.CHECKED_IN)
        assert whistle.state is not WhistleState.FLOWN or whistle.sortie
        assert whistle.state is not WhistleState.WITHDRAWN or whistle.reason


@given(st.lists(st.tuples(st.sampled_from(list(NoticeEvent)), causes), max_size=12))
def test_no_notice_is_published_that_only_its_authors_have_read(
    steps: list[tuple[NoticeEvent, Cause]],
) -> None:
    notice, authors = a_notice(), {"Song"}
    for event, cause in steps:
        before = notice
        try:
            notice = notices.advance(
                notice, event, cause, later(5), reason="r", text_zh="字", text_en="w"
            )
        except Refused:
            assert notice is before
            continue
        if event is NoticeEvent.EDIT:
            authors.add(cause.actor)
        if notice.state in (NoticeState.REVIEWED, NoticeState.PUBLISHED):
            assert notice.reviewed_by not in authors
        assert before.state is not NoticeState.WITHDRAWN


@given(
    st.lists(st.tuples(st.sampled_from(list(SightingEvent)), causes, seconds), max_size=8),
    st.booleans(),
    st.booleans(),
)
def test_a_sighting_has_one_word_of_a_registrar_and_an_invalid_one_none(
    steps: list[tuple[SightingEvent, Cause, int]], is_valid: bool, has_alert: bool
) -> None:
    sighting = replace(a_sighting(), count=poisson_count(12.0, is_valid=is_valid, reason="fog"))
    seen = Seen(
        sighting=sighting, review=None, alert=an_alert() if has_alert else None, is_exercise=True
    )
    now = MORNING
    for event, cause, wait_s in steps:
        now += timedelta(seconds=wait_s)
        before = seen.state_at(now)
        try:
            word = review(seen, event, cause, now, Given(people=9, note="因为"))
        except Refused:
            continue
        assert cause.role is Role.REGISTRAR
        assert is_valid
        assert before not in (SightingState.INVALID, SightingState.EXPIRED, SightingState.DISMISSED)
        assert word.count.low <= word.count.estimate <= word.count.high
        assert word.state is not SightingState.LINKED or word.alert_id
        seen = replace(seen, review=word)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(list(ShiftEvent)),
            st.sampled_from(PEOPLE),
            st.sampled_from([Role.PILOT, Role.ANNOUNCER, Role.REGISTRAR, Role.LEADER]),
        ),
        max_size=25,
    )
)
def test_a_shift_closes_under_both_names_and_is_then_as_it_was(
    steps: list[tuple[ShiftEvent, str, Role]],
) -> None:
    shift = shifts.open_shift(
        shift_id="SH-1", squad="一队", cause=PILOT, at_utc=MORNING, is_exercise=True
    )
    for number, (event, person, role) in enumerate(steps, 1):
        before = shift
        try:
            shift = _moved(shift, event, Cause(actor=person, role=role), later(number))
        except Refused:
            assert shift is before
            continue
        assert before.state is ShiftState.OPEN
        open_ends = [duty.role for duty in shift.duties if duty.to_utc is None]
        assert len(open_ends) == len(set(open_ends))  # one holder a role
        if shift.state is ShiftState.CLOSED:
            assert {one.role for one in shift.signatures} == set(SIGNERS)
            assert open_ends == []
            # Nothing that the log tells was written after the names.
            signed = min(one.signed_utc for one in shift.signatures)
            assert all(line.at_utc <= signed for line in shift.remarks)


def _moved(shift: Shift, event: ShiftEvent, cause: Cause, now: datetime) -> Shift:
    match event:
        case ShiftEvent.SIGN_IN:
            return shifts.sign_in(shift, cause, now)
        case ShiftEvent.HAND_OVER:
            return shifts.hand_over(shift, "Tan", cause, now)
        case ShiftEvent.SIGN_OUT:
            return shifts.sign_out(shift, cause, now, is_flying=True)
        case ShiftEvent.PLAN:
            return shifts.plan_grids(shift, (GRID,), cause)
        case ShiftEvent.SIGN:
            return shifts.sign(shift, cause, now)
        case ShiftEvent.CLOSE:
            return shifts.close(shift, cause, now, ())
        case _:
            return shifts.remark(shift, event, "字", cause, now)
