"""Casework over a real store: from a citizen's words to an answer, and what the clocks do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from ground_station.casework.citizens import CitizenReport, ReportState
from ground_station.casework.dispatches import DispatchEvent
from ground_station.casework.notices import NoticeAudience, NoticeEvent, NoticeState
from ground_station.casework.states import CaseEvent, CaseState, Severity
from ground_station.casework.steps import Given
from ground_station.casework.thread import read_thread
from ground_station.casework.whistles import Whistle, WhistleEvent, WhistleState
from ground_station.owners import Tier
from ground_station.sorties import SortieState
from ground_station.store.chain import verify
from ground_station.store.pages import Ask
from patrol.cause import Role
from patrol.errors import Refused
from tests.casework_house import CaseworkHouse, casework_house, told
from tests.ground_core import DISPATCHER, LEADER, a_sortie, holding, later

pytestmark = pytest.mark.anyio

E = CaseEvent
COMMUNITY = holding("Guo", Role.COMMUNITY)
DEPARTMENT = holding("Deng", Role.DEPARTMENT)
SUPERVISOR = holding("Ma", Role.SUPERVISOR)
REVIEWER = holding("Song", Role.REVIEWER)
WORKER = holding("Mei", Role.GRID_WORKER)


async def opened(house: CaseworkHouse) -> tuple[str, str]:
    """A report, and the case that was opened for it and filed."""
    report, _ = await house.intake.take(told(), DISPATCHER)
    case = await house.intake.open_case(report.report_id, DISPATCHER)
    await house.desk.act(case.case_no, E.VERIFY, DISPATCHER)
    await house.desk.act(case.case_no, E.FILE, DISPATCHER)
    return report.report_id, case.case_no


async def handled(house: CaseworkHouse, case_no: str) -> None:
    await house.desk.act(case_no, E.ACCEPT, COMMUNITY)
    await house.desk.act(case_no, E.FEED_BACK, COMMUNITY, Given(reason="散了", found="约20人"))
    await house.desk.act(case_no, E.CHECK, DISPATCHER, Given(checker="Ma"))


async def test_a_citizens_words_become_a_case_that_is_answered_before_it_closes(
    tmp_path: Path,
) -> None:
    async with casework_house(tmp_path) as house:
        report_id, case_no = await opened(house)
        filed = await house.desk.find(case_no)
        # Severity, tier, owner and clocks were looked up; nobody typed them.
        assert (filed.state, filed.severity, filed.tier) == (
            CaseState.DISPATCHED, Severity.ORDINARY, Tier.MIDDLE,
        )  # fmt: skip
        assert filed.owner.unit.endswith("（演练）")
        sent = await house.desk.dispatch(case_no, "440512D01", "请核实", DISPATCHER)
        await house.desk.act(case_no, E.ACCEPT, COMMUNITY)
        with pytest.raises(Refused, match="has not replied"):
            await house.desk.act(case_no, E.FEED_BACK, COMMUNITY, Given(reason="散了"))
        await house.desk.answer_dispatch(
            sent.dispatch_id, DispatchEvent.REPLY, "已协调", DEPARTMENT
        )
        await house.desk.act(case_no, E.FEED_BACK, COMMUNITY, Given(reason="散了", found="20人"))
        await house.desk.act(case_no, E.CHECK, DISPATCHER, Given(checker="Ma"))
        with pytest.raises(Refused, match="tell the reporter"):
            await house.desk.act(case_no, E.CLOSE, SUPERVISOR)
        await house.intake.answer(report_id, "已到场劝导，人群已散开", DISPATCHER)
        done = await house.desk.act(case_no, E.CLOSE, SUPERVISOR)
        assert done.state is CaseState.CLOSED
        thread = await read_thread(house.parts, done)
        assert [step["event"] for step in thread.steps] == [
            "report", "verify", "file", "dispatch", "accept", "feed_back", "check",
            "answer_reporter", "close",
        ]  # fmt: skip
        assert [one.reply for one in thread.dispatches] == ["已协调"]
        assert [one.state for one in thread.reports] == [ReportState.ANSWERED]
    assert verify(tmp_path / "gridpatrol.db").is_intact


async def test_the_same_words_twice_are_seen_as_such_and_share_a_case(tmp_path: Path) -> None:
    async with casework_house(tmp_path) as house:
        first, case_no = await opened(house)
        second, found = await house.intake.take(told(text="码头有人聚集"), DISPATCHER)
        assert {(match.kind, match.object_id) for match in found} == {
            ("case", case_no), ("report", first),
        }  # fmt: skip
        await house.intake.link(second.report_id, case_no, DISPATCHER)
        with pytest.raises(Refused, match="belongs to case"):
            await house.intake.open_case(second.report_id, DISPATCHER)
        await handled(house, case_no)
        await house.intake.answer(first, "已处置", DISPATCHER)
        with pytest.raises(Refused, match="tell the reporter"):
            await house.desk.act(case_no, E.CLOSE, SUPERVISOR)  # the second one waits still
        await house.intake.answer(second.report_id, "已处置", DISPATCHER)
        assert (await house.desk.act(case_no, E.CLOSE, SUPERVISOR)).closed_by == "Ma"


async def test_what_nobody_accepts_goes_one_tier_up_with_a_new_owner_and_clock(
    tmp_path: Path,
) -> None:
    async with casework_house(tmp_path) as house:
        _, case_no = await opened(house)
        before = await house.desk.find(case_no)
        house.clock.now_s += 31 * 60
        await house.minder.look()
        after = await house.desk.find(case_no)
        assert (before.tier, after.tier) == (Tier.MIDDLE, Tier.LARGE)
        assert after.state is CaseState.DISPATCHED
        assert after.owner != before.owner
        assert after.accept_due_utc > house.clock.now_utc()
        for _ in range(3):
            house.clock.now_s += 6 * 60
            await house.minder.look()
        top = await house.desk.find(case_no)
        assert top.tier is Tier.DISTRICT  # there is nobody above: it is told, once
        await house.parts.chronicle.settled()
        assert house.told().count("case.overdue") == 1
        assert house.told().count("case.escalate") == 2


async def test_of_two_who_accept_at_once_one_is_told_what_it_is_now(tmp_path: Path) -> None:
    async with casework_house(tmp_path) as house:
        _, case_no = await opened(house)
        refused: list[str] = []

        async def accept(person: str) -> None:
            try:
                await house.desk.act(case_no, E.ACCEPT, holding(person, Role.COMMUNITY))
            except Refused as error:
                refused.append(str(error))

        async with anyio.create_task_group() as group:
            group.start_soon(accept, "Guo")
            group.start_soon(accept, "Tan")
        assert len(refused) == 1
        assert "is HANDLING" in refused[0]
        assert len((await house.desk.find(case_no)).handlers) == 1


async def test_a_whistle_is_answered_by_a_patrol_and_until_then_seen(tmp_path: Path) -> None:
    async with casework_house(tmp_path) as house:
        report, _ = await house.intake.take(told(), DISPATCHER)
        grid = house.parts.register.grids[0].code
        blown = await house.intake.blow(grid, "请空中查看", DISPATCHER, report.report_id)
        asked = await house.parts.files.get(CitizenReport, report.report_id)
        assert asked.whistle_id == blown.whistle_id
        house.clock.now_s += 16 * 60
        await house.minder.look()
        await house.minder.look()
        await house.parts.chronicle.settled()
        assert house.told().count("whistle.unanswered") == 1
        await house.intake.answer_whistle(blown.whistle_id, WhistleEvent.CHECK_IN, COMMUNITY)
        with pytest.raises(Refused, match="no sortie"):  # a whistle is not blown away by a name
            await house.intake.answer_whistle(
                blown.whistle_id, WhistleEvent.FLY, LEADER, sortie="M-20261124-01-S01"
            )
        flown = replace(a_sortie(SortieState.LANDED), grid_code=grid, takeoff_utc=later(1))
        await house.parts.records.save_sortie(flown, cause=LEADER, at_utc=later(2), action="x")
        await house.intake.answer_whistle(
            blown.whistle_id, WhistleEvent.FLY, LEADER, sortie="M-20261124-01-S01"
        )
        kept = await house.parts.files.get(Whistle, blown.whistle_id)
        assert kept.state is WhistleState.FLOWN


async def test_a_case_merges_into_an_open_one_only(tmp_path: Path) -> None:
    async with casework_house(tmp_path) as house:
        _, first = await opened(house)
        report, _ = await house.intake.take(told(), DISPATCHER)
        second = (await house.intake.open_case(report.report_id, DISPATCHER)).case_no
        with pytest.raises(LookupError, match="no case HJ0"):
            await house.desk.act(
                second, E.MERGE, DISPATCHER, Given(reason="same", other_case="HJ0")
            )
        merged = await house.desk.act(
            second, E.MERGE, DISPATCHER, Given(reason="same", other_case=first)
        )
        assert merged.merged_into == first
        third, _ = await house.intake.take(told(), DISPATCHER)
        other = (await house.intake.open_case(third.report_id, DISPATCHER)).case_no
        with pytest.raises(Refused, match="nothing merges into it"):
            await house.desk.act(
                other, E.MERGE, DISPATCHER, Given(reason="same", other_case=second)
            )


async def test_from_a_closed_case_a_notice_is_drafted_read_and_published(tmp_path: Path) -> None:
    async with casework_house(tmp_path) as house:
        report_id, case_no = await opened(house)
        await handled(house, case_no)
        await house.intake.answer(report_id, "已处置", DISPATCHER)
        await house.desk.act(case_no, E.CLOSE, SUPERVISOR)
        similar, following = await house.notices.similar(case_no, Ask())
        assert ([one.case_no for one in similar], following) == ([case_no], "")
        draft = await house.notices.draft([case_no], NoticeAudience.INTERNAL, REVIEWER)
        assert case_no in draft.text_zh
        await house.notices.move(draft.notice_id, NoticeEvent.REVIEW, LEADER)
        done = await house.notices.move(draft.notice_id, NoticeEvent.PUBLISH, DISPATCHER)
        assert done.state is NoticeState.PUBLISHED


async def test_the_card_of_a_case_names_the_team_and_the_words_to_paste(tmp_path: Path) -> None:
    async with casework_house(tmp_path) as house:
        _, case_no = await opened(house)
        card, text_zh, text_en = await house.desk.card(case_no)
        assert [entry.kind.zh for entry in card.team] == ["网格员", "民警", "医生"]
        assert case_no in text_zh
        assert case_no in text_en


async def test_an_unknown_unit_or_record_is_said(tmp_path: Path) -> None:
    async with casework_house(tmp_path) as house:
        _, case_no = await opened(house)
        with pytest.raises(Refused, match="no unit has the code"):
            await house.desk.dispatch(case_no, "440512D99", "x", DISPATCHER)
        with pytest.raises(LookupError, match="no report C-0"):
            await house.intake.matches("C-0")
        with pytest.raises(LookupError, match="no case"):
            await house.desk.act("HJ0", E.VERIFY, DISPATCHER)


async def test_a_report_whose_case_was_rejected_is_answered_all_the_same(tmp_path: Path) -> None:
    async with casework_house(tmp_path) as house:
        report, _ = await house.intake.take(told(), DISPATCHER)
        case = await house.intake.open_case(report.report_id, DISPATCHER)
        await house.desk.act(case.case_no, E.REJECT, DISPATCHER, Given(reason="not ours"))
        answered = await house.intake.answer(report.report_id, "请联系市政热线", DISPATCHER)
        assert answered.state is ReportState.ANSWERED
        assert (await house.desk.find(case.case_no)).state is CaseState.REJECTED
