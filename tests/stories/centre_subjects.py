"""The centre's records with a table of states, and what must hold of them whoever does what."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from ground_station.case_numbers import CaseSource
from ground_station.casework import citizens, dispatches, notices, steps, whistles
from ground_station.casework.case import Case
from ground_station.casework.citizens import (
    REPORT_MACHINE,
    CitizenReport,
    ReportEvent,
    ReportState,
)
from ground_station.casework.dispatches import (
    DISPATCH_MACHINE,
    Dispatch,
    DispatchEvent,
    DispatchState,
)
from ground_station.casework.notices import (
    NOTICE_MACHINE,
    Notice,
    NoticeAudience,
    NoticeEvent,
    NoticeState,
)
from ground_station.casework.states import CASE_MACHINE, CaseEvent, CaseState
from ground_station.casework.whistles import (
    WHISTLE_MACHINE,
    Whistle,
    WhistleEvent,
    WhistleState,
)
from ground_station.owners import Tier
from patrol.cause import Cause, Role
from tests.ground_core import DISPATCHER, GRID, MORNING, PLACE
from tests.stories.walks import PEOPLE, Subject
from tests.unit.test_case_states import a_case, generous, owner_at

_CASE_NO = "HJ20261124X001000012"


def _case(is_exercise: bool) -> Case:
    source = CaseSource.EXERCISE if is_exercise else CaseSource.CITIZEN
    return replace(a_case(), state=CaseState.REPORTED, source=source, is_exercise=is_exercise)


def _move_case(case: Case, event: CaseEvent, cause: Cause, at: datetime, words: str) -> Case:
    checker = PEOPLE[at.second % 4] if words else ""
    given = replace(generous(case, at, checker), reason=words)
    if event in (CaseEvent.FILE, CaseEvent.DISPATCH):
        given = replace(given, owner=owner_at(Tier.MIDDLE))
    return steps.advance(case, event, cause, at, given)


def _case_holds(before: Case, after: Case, event: CaseEvent, cause: Cause) -> None:
    assert after.owner.unit  # I11
    assert after.owner.person
    assert not after.is_open or after.due_utc
    assert after.case_no == before.case_no
    assert set(before.handlers) <= set(after.handlers), "who handled it is never forgotten"
    if event in (CaseEvent.CLOSE, CaseEvent.REWORK):  # I7
        assert cause.actor not in before.handlers
        assert cause.role is Role.SUPERVISOR
    if after.state is CaseState.CLOSED and event is CaseEvent.CLOSE:
        assert not after.reporter or after.reporter_told_utc is not None
    if event is CaseEvent.SUSPEND:
        assert cause.actor != before.suspension_asked_by


CASE = Subject(
    events=tuple(CaseEvent), machine=CASE_MACHINE, start=_case, move=_move_case, holds=_case_holds
)


def _dispatch(is_exercise: bool) -> Dispatch:
    return Dispatch(
        dispatch_id="D-1", case_no=_CASE_NO, grid_code=GRID, unit=owner_at(Tier.LARGE),
        task="请核实", due_utc=MORNING + timedelta(hours=24), state=DispatchState.SENT,
        sent_by=DISPATCHER.actor, sent_utc=MORNING, is_exercise=is_exercise,
    )  # fmt: skip


def _move_dispatch(
    one: Dispatch, event: DispatchEvent, cause: Cause, at: datetime, words: str
) -> Dispatch:
    return dispatches.answer(one, event, cause, at, reply=words)


def _dispatch_holds(before: Dispatch, after: Dispatch, event: DispatchEvent, cause: Cause) -> None:
    assert before.is_open, "what was answered stays answered"
    assert after.unit == before.unit
    assert after.answered_by == cause.actor
    if after.state in (DispatchState.DONE, DispatchState.RETURNED):
        assert after.reply, "each department says what it found, or why it sent it back"


DISPATCH = Subject(
    events=tuple(DispatchEvent), machine=DISPATCH_MACHINE, start=_dispatch, move=_move_dispatch,
    holds=_dispatch_holds,
)  # fmt: skip


def _report(is_exercise: bool) -> CitizenReport:
    return CitizenReport(
        report_id="C-1", channel="随手拍", kind="GATHERING", text="很多人", place=PLACE,
        grid_code=GRID, grid_name="第四网格", received_utc=MORNING, state=ReportState.RECEIVED,
        is_exercise=is_exercise, contact="13800001234",
    )  # fmt: skip


def _move_report(
    one: CitizenReport, event: ReportEvent, cause: Cause, at: datetime, words: str
) -> CitizenReport:
    number = _CASE_NO if words else ""
    return citizens.advance(one, event, cause, at, text=words, case_no=number)


def _report_holds(
    before: CitizenReport, after: CitizenReport, event: ReportEvent, cause: Cause
) -> None:
    assert not before.answer or after.answer, "what was answered is never taken back"
    assert after.text == before.text
    if after.state is ReportState.ANSWERED:
        assert (after.answered_by, bool(after.answer)) == (cause.actor, True)
        assert after.case_no or after.reason, "it was linked, or it was said why not"
    assert "0000" not in after.masked_contact


REPORT = Subject(
    events=tuple(ReportEvent), machine=REPORT_MACHINE, start=_report, move=_move_report,
    holds=_report_holds,
)  # fmt: skip


def _whistle(is_exercise: bool) -> Whistle:
    return whistles.blow(
        whistle_id="W-1", grid_code=GRID, grid_name="第四网格", need="人多", cause=DISPATCHER,
        at_utc=MORNING, is_exercise=is_exercise,
    )  # fmt: skip


def _move_whistle(
    one: Whistle, event: WhistleEvent, cause: Cause, at: datetime, words: str
) -> Whistle:
    sortie = "M-1-S01" if words else ""
    return whistles.answer(one, event, cause, at, reason=words, sortie=sortie)


def _whistle_holds(before: Whistle, after: Whistle, event: WhistleEvent, cause: Cause) -> None:
    assert before.state in (WhistleState.RAISED, WhistleState.CHECKED_IN)
    assert bool(after.sortie) == (after.state is WhistleState.FLOWN)
    if after.state is WhistleState.CHECKED_IN:
        assert after.checked_in_by == cause.actor
        assert not after.is_overdue(MORNING + timedelta(days=1))


WHISTLE = Subject(
    events=tuple(WhistleEvent), machine=WHISTLE_MACHINE, start=_whistle, move=_move_whistle,
    holds=_whistle_holds,
)  # fmt: skip


def _notice(is_exercise: bool) -> Notice:
    return Notice(
        notice_id="N-1", case_nos=(_CASE_NO,), audience=NoticeAudience.PUBLIC, text_zh="通报",
        text_en="Notice", state=NoticeState.DRAFT, drafted_by="Guo", drafted_utc=MORNING,
        grid_code=GRID, is_exercise=is_exercise,
    )  # fmt: skip


def _move_notice(one: Notice, event: NoticeEvent, cause: Cause, at: datetime, words: str) -> Notice:
    return notices.advance(one, event, cause, at, reason=words, text_zh=words, text_en=words)


def _notice_holds(before: Notice, after: Notice, event: NoticeEvent, cause: Cause) -> None:
    assert after.case_nos == before.case_nos, "its cases stay cited"
    if event is NoticeEvent.REVIEW:  # R2, on the person
        assert cause.actor not in (before.drafted_by, *before.authors)
    if after.state is NoticeState.PUBLISHED:
        assert after.reviewed_by
        assert not after.is_exercise  # I6: an exercise's public notice is never published
    if before.state is not NoticeState.DRAFT:
        assert after.text_zh == before.text_zh, "what was read is what is published"


NOTICE = Subject(
    events=tuple(NoticeEvent), machine=NOTICE_MACHINE, start=_notice, move=_move_notice,
    holds=_notice_holds,
)  # fmt: skip
