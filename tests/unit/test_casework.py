"""Reports, whistles, dispatches, notices and contact cards: their rules, without a store."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground_station.casework import citizens, notices, whistles
from ground_station.casework.case import Case
from ground_station.casework.citizens import CitizenReport, ReportEvent, ReportState, masked
from ground_station.casework.contacts import (
    EXERCISE_CONTACTS_FILE,
    MemberKind,
    contacts_for,
    paste_ready,
    read_contacts,
)
from ground_station.casework.dispatches import (
    Dispatch,
    DispatchEvent,
    DispatchState,
    answer,
    require_all_answered,
    send,
)
from ground_station.casework.items import read_items
from ground_station.casework.notices import Notice, NoticeAudience, NoticeEvent, NoticeState
from ground_station.casework.states import CaseState
from ground_station.casework.whistles import WhistleEvent
from ground_station.owners import read_responsibility
from patrol.cause import Cause, Role
from patrol.errors import ConfigError, NotPermitted, Refused
from patrol.geo import offset
from tests.ground_core import (
    DISPATCHER,
    GRID,
    LEADER,
    MORNING,
    PLACE,
    a_sighting,
    holding,
    later,
)
from tests.unit.test_case_states import a_case, at_work

TABLE, ITEMS, BOOK = read_responsibility(), read_items(), read_contacts()
DEPARTMENT = holding("Deng", Role.DEPARTMENT)
WORKER = holding("Mei", Role.GRID_WORKER)
HEAD = holding("Guo", Role.COMMUNITY)
REVIEWER = holding("Song", Role.REVIEWER)


def a_report(**changes: object) -> CitizenReport:
    report = CitizenReport(
        report_id="C-20261124-0001", channel="随手拍", kind="GATHERING", text="很多人聚在这里",
        place=PLACE, grid_code=GRID, grid_name="第四网格", received_utc=MORNING,
        state=ReportState.RECEIVED, is_exercise=True, contact="13800001234",
    )  # fmt: skip
    return replace(report, **changes)  # type: ignore[arg-type]


def a_dispatch(case: Case | None = None) -> Dispatch:
    return send(
        case or at_work(), dispatch_id="D-1", unit=TABLE.named["440512D01"], task="核实并协调",
        due_utc=later(9000), cause=DISPATCHER, at_utc=later(800), table=TABLE,
    )  # fmt: skip


def closed(number: int, day: int = 0, **changes: object) -> Case:
    case = replace(
        a_case(), case_no=f"HJ2026112{day}X00100{number:04d}", kind="SCHOOL_GATE",
        state=CaseState.CLOSED, closed_utc=MORNING + timedelta(days=day), feedback="加派人员",
    )  # fmt: skip
    return replace(case, **changes)  # type: ignore[arg-type]


def a_notice(audience: NoticeAudience = NoticeAudience.INTERNAL) -> Notice:
    cases = [closed(1), closed(2, 1), closed(3, 2)]
    return notices.draft(
        cases, notice_id="N-1", audience=audience, items=ITEMS, cause=REVIEWER, at_utc=MORNING
    )


# Reports


def test_what_is_near_in_place_and_time_is_offered_best_first() -> None:
    near = replace(a_sighting(), sighting_id="S-near", place=offset(PLACE, east_m=20, north_m=0))
    farther = replace(a_sighting(), sighting_id="S-far", place=offset(PLACE, east_m=140, north_m=0))
    away = replace(a_sighting(), sighting_id="S-away", place=offset(PLACE, east_m=160, north_m=0))
    old = replace(a_sighting(), sighting_id="S-old", time_utc=MORNING - timedelta(hours=3))
    found = citizens.matches(a_report(), sightings=[farther, near, away, old])
    assert [match.object_id for match in found] == ["S-near", "S-far"]


def test_a_closed_case_and_the_report_itself_are_no_match() -> None:
    done = replace(a_case(), state=CaseState.CLOSED, place=PLACE, filed_utc=MORNING)
    assert citizens.matches(a_report(), cases=[done], reports=[a_report()]) == []
    twin = a_report(report_id="C-20261124-0002")
    assert [m.kind for m in citizens.matches(a_report(), reports=[twin])] == ["report"]


@given(st.text(max_size=30))
def test_a_contact_is_masked_for_all_but_those_who_answer(contact: str) -> None:
    shown = masked(contact)
    if len(contact.strip()) > 5:
        assert contact.strip() not in shown
    assert (shown == "") == (contact.strip() == "")


def test_a_report_that_is_rejected_is_answered_too() -> None:
    with pytest.raises(Refused, match="reason"):
        citizens.advance(a_report(), ReportEvent.REJECT, DISPATCHER, later(5))
    rejected = citizens.advance(
        a_report(), ReportEvent.REJECT, DISPATCHER, later(5), text="not ours"
    )
    answered = citizens.advance(
        rejected, ReportEvent.ANSWER, DISPATCHER, later(6), text="the city handles this"
    )
    assert (answered.state, answered.answered_by) == (ReportState.ANSWERED, "Xu")
    with pytest.raises(Refused, match="case number"):
        citizens.advance(a_report(), ReportEvent.LINK, DISPATCHER, later(5))


# Dispatches


def test_a_case_is_fed_back_only_when_every_unit_has_replied() -> None:
    sent = a_dispatch()
    with pytest.raises(Refused, match="区工信局（演练） has not replied"):
        require_all_answered(at_work(), [sent])
    with pytest.raises(Refused, match="reason"):
        answer(sent, DispatchEvent.REPLY, DEPARTMENT, later(900))
    accepted = answer(sent, DispatchEvent.ACCEPT, DEPARTMENT, later(850))
    done = answer(accepted, DispatchEvent.REPLY, DEPARTMENT, later(900), reply="talked to both")
    assert (done.state, done.reply) == (DispatchState.DONE, "talked to both")
    require_all_answered(at_work(), [done])


def test_nothing_of_an_exercise_is_dispatched_to_a_real_unit() -> None:
    live = replace(TABLE, is_exercise=False)
    with pytest.raises(Refused, match="演练"):
        send(
            at_work(), dispatch_id="D-1", unit=live.district, task="x", due_utc=later(9000),
            cause=DISPATCHER, at_utc=later(800), table=live,
        )  # fmt: skip


def test_only_the_dispatcher_sends_and_only_while_it_is_handled() -> None:
    with pytest.raises(NotPermitted, match="DISP"):
        send(
            at_work(), dispatch_id="D-1", unit=TABLE.district, task="x", due_utc=later(9000),
            cause=HEAD, at_utc=later(800), table=TABLE,
        )  # fmt: skip
    with pytest.raises(Refused, match="while it is being handled"):
        a_dispatch(a_case())


# Whistles


def test_a_whistle_nobody_checks_in_to_stays_overdue_until_somebody_does() -> None:
    blown = whistles.blow(
        whistle_id="W-1", grid_code=GRID, grid_name="第四网格", need="人多，请巡查",
        cause=WORKER, at_utc=MORNING, is_exercise=True,
    )  # fmt: skip
    assert not blown.is_overdue(later(900))
    assert blown.is_overdue(later(901))
    there = whistles.answer(blown, WhistleEvent.CHECK_IN, HEAD, later(950))
    assert not there.is_overdue(later(2000))
    with pytest.raises(Refused, match="name the sortie"):
        whistles.answer(there, WhistleEvent.FLY, LEADER, later(1000))
    flown = whistles.answer(there, WhistleEvent.FLY, LEADER, later(1000), sortie="M-1-S01")
    assert (flown.checked_in_by, flown.sortie) == ("Guo", "M-1-S01")


def test_a_whistle_needs_words_and_a_role() -> None:
    for cause, need, error in ((WORKER, "  ", Refused), (DEPARTMENT, "x", NotPermitted)):
        with pytest.raises(error):
            whistles.blow(
                whistle_id="W-1", grid_code=GRID, grid_name="x", need=need, cause=cause,
                at_utc=MORNING, is_exercise=True,
            )  # fmt: skip


# Notices


def test_a_draft_cites_its_cases_and_another_person_reads_it() -> None:
    draft = a_notice()
    assert all(case_no in draft.text_zh for case_no in draft.case_nos)
    assert draft.text_zh.startswith("【演练】")
    author = Cause(actor=REVIEWER.actor, role=Role.LEADER)
    with pytest.raises(Refused, match="another person"):
        notices.advance(draft, NoticeEvent.REVIEW, author, later(5))
    reviewed = notices.advance(draft, NoticeEvent.REVIEW, LEADER, later(5))
    published = notices.advance(reviewed, NoticeEvent.PUBLISH, DISPATCHER, later(6))
    assert (published.state, published.reviewed_by) == (NoticeState.PUBLISHED, "Zheng")


def test_whoever_edits_a_draft_is_its_author_from_then_on() -> None:
    editor = Cause(actor="Zheng", role=Role.REVIEWER)
    edited = notices.advance(
        a_notice(), NoticeEvent.EDIT, editor, later(4), text_zh="新文", text_en="new words"
    )
    with pytest.raises(Refused, match="another person"):
        notices.advance(edited, NoticeEvent.REVIEW, LEADER, later(5))


def test_an_exercise_is_never_published_and_a_public_notice_cites_no_case() -> None:
    draft = a_notice(NoticeAudience.PUBLIC)
    assert "HJ2026" not in draft.text_zh + draft.text_en
    reviewed = notices.advance(draft, NoticeEvent.REVIEW, LEADER, later(5))
    with pytest.raises(Refused, match="演练"):
        notices.advance(reviewed, NoticeEvent.PUBLISH, DISPATCHER, later(6))


def test_a_notice_is_handed_out_once_another_has_read_it_and_an_exercise_says_so() -> None:
    draft = a_notice(NoticeAudience.INTERNAL)
    assert draft.is_exercise
    with pytest.raises(Refused, match="another person has read it"):
        notices.words_to_hand_out(draft, "zh")
    unmarked = notices.advance(
        draft, NoticeEvent.EDIT, REVIEWER, later(4), text_zh="请自查", text_en="Please check"
    )
    reviewed = notices.advance(unmarked, NoticeEvent.REVIEW, LEADER, later(5))
    assert notices.words_to_hand_out(reviewed, "zh") == "【演练】请自查"
    assert notices.words_to_hand_out(reviewed, "en") == "[Exercise] Please check"
    withdrawn = notices.advance(reviewed, NoticeEvent.WITHDRAW, LEADER, later(6), reason="wrong")
    with pytest.raises(Refused, match="WITHDRAWN"):
        notices.words_to_hand_out(withdrawn, "zh")
    public = notices.advance(a_notice(NoticeAudience.PUBLIC), NoticeEvent.REVIEW, LEADER, later(5))
    with pytest.raises(Refused, match="演练"):
        notices.words_to_hand_out(public, "zh")


def test_a_notice_is_about_closed_cases_of_one_kind() -> None:
    for cases, words in (
        ([], "one case at least"),
        ([a_case()], "not closed yet"),
        ([closed(1), closed(2, kind="QUEUE")], "one kind"),
    ):
        with pytest.raises(Refused, match=words):
            notices.draft(
                cases, notice_id="N", audience=NoticeAudience.INTERNAL, items=ITEMS,
                cause=REVIEWER, at_utc=MORNING,
            )  # fmt: skip


@pytest.mark.parametrize(
    ("grids", "wanted"),
    [
        (("44051200100300301", "44051200100300302"), "440512001003003"),
        (("44051200100300301", "440512001003004"), "440512001003"),
        (("44051200100300301", "440512001004001"), "440512001"),
        (("44051200100300301", "440512002001001"), "440512"),
        (("440512001003003", "440512001003003"), "440512001003003"),
        (("440512001003003", None), None),
        ((None, "440512001003003"), None),
    ],
)
def test_a_notice_lies_in_the_nearest_level_that_holds_all_its_cases(
    grids: tuple[str | None, ...], wanted: str | None
) -> None:
    draft = notices.draft(
        [closed(number, grid_code=code) for number, code in enumerate(grids)],
        notice_id="N", audience=NoticeAudience.INTERNAL, items=ITEMS, cause=REVIEWER,
        at_utc=MORNING,
    )  # fmt: skip
    assert draft.grid_code == wanted


# Contacts and items


def test_a_card_takes_each_kind_of_member_from_the_nearest_level_that_names_one() -> None:
    card = BOOK.card("440512001002006")
    workers = [entry.person for entry in card.entries if entry.kind is MemberKind.GRID_WORKER]
    assert workers == ["演练网格员达濠社区"]
    assert [entry.kind for entry in card.team] == [
        MemberKind.GRID_WORKER, MemberKind.POLICE, MemberKind.DOCTOR,
    ]  # fmt: skip
    assert [group.code for group in card.groups] == ["440512001002", "440512001", "440512"]


def test_who_is_named_nowhere_is_shown_as_lacking() -> None:
    bare = replace(BOOK, entries={})
    assert bare.card(GRID).lacking == (
        MemberKind.GRID_WORKER, MemberKind.POLICE, MemberKind.DOCTOR,
    )  # fmt: skip


def test_words_for_the_group_name_no_person_and_no_number_that_was_not_counted() -> None:
    case = at_work()
    text_zh, text_en = paste_ready(case, BOOK.card(GRID), ITEMS)
    assert case.case_no in text_zh
    assert case.case_no in text_en
    assert case.owner.person not in text_zh
    assert "约28人" in text_zh
    blind = replace(case, count=replace(case.count, is_valid=False, reason="fog"))
    assert "人，请" not in paste_ready(blind, BOOK.card(GRID), ITEMS)[0]


def test_an_exercise_with_the_districts_own_cards_shows_nobody_who_could_be_rung_up(
    tmp_path: Path,
) -> None:
    body = json.loads(EXERCISE_CONTACTS_FILE.read_text(encoding="utf-8"))
    path = tmp_path / "contacts.json"
    path.write_text(json.dumps(body | {"is_exercise": False}), encoding="utf-8")
    real = contacts_for(path, is_exercise=False).card(GRID)
    played = contacts_for(path, is_exercise=True).card(GRID)
    assert [one.kind for one in played.entries] == [one.kind for one in real.entries]
    assert {one.phone or one.backup for one in played.entries} == {""}
    assert all(one.phone for one in real.entries)
    assert {one.person for one in played.entries}.isdisjoint(one.person for one in real.entries)
    text_zh, _ = paste_ready(a_case(), played, ITEMS)
    assert f"@{real.groups[0].name}（演练）" in text_zh
    assert contacts_for(None, is_exercise=True) == BOOK  # the sample's persons are invented


@pytest.mark.parametrize("read", [read_items, read_contacts])
def test_a_file_that_is_not_one_is_told_in_a_sentence(read: object, tmp_path: Path) -> None:
    assert callable(read)
    with pytest.raises(ConfigError, match="cannot be read"):
        read(tmp_path / "none.json")
    wrong = tmp_path / "wrong.json"
    for body in ("[]", "{}", "not json", '{"version": 1, "items": [{}]}'):
        wrong.write_text(body, "utf-8")
        with pytest.raises(ConfigError, match="not a"):
            read(wrong)


def test_an_item_that_is_not_listed_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="GATHERING"):
        ITEMS.get("NOISE")
    row = {"code": "A", "zh": "甲", "en": "a", "severity": "MINOR"}
    twice = tmp_path / "twice.json"
    twice.write_text(json.dumps({"version": "1", "approver": "x", "items": [row, row]}), "utf-8")
    with pytest.raises(ConfigError, match="twice"):
        read_items(twice)
