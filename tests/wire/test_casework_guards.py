"""Casework where two act at once, where a clock must not be lost, and where R1 could be evaded."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import anyio
import pytest

from ground_station.casework.citizens import CitizenReport, ReportState
from ground_station.casework.dispatches import Dispatch, DispatchEvent
from ground_station.casework.opening import Matter
from ground_station.casework.states import CaseEvent, CaseState
from ground_station.casework.steps import Given
from ground_station.owners import Tier
from ground_station.store.shelves import Shelves
from patrol.cause import Cause, Role
from patrol.errors import NotPermitted, Refused
from tests.casework_house import CaseworkHouse, casework_house, told
from tests.ground_core import DISPATCHER, LEADER, PLACE, holding
from tests.wire.test_casework_desks import COMMUNITY, DEPARTMENT, SUPERVISOR, WORKER, opened

pytestmark = pytest.mark.anyio
E = CaseEvent


async def test_of_two_who_open_a_case_for_one_report_only_one_does(tmp_path: Path) -> None:
    async with casework_house(tmp_path) as house:
        report, _ = await house.intake.take(told(), DISPATCHER)
        refused: list[str] = []

        async def open_it() -> None:
            try:
                await house.intake.open_case(report.report_id, DISPATCHER)
            except Refused as error:
                refused.append(str(error))

        async with anyio.create_task_group() as group:
            group.start_soon(open_it)
            group.start_soon(open_it)
        assert len(refused) == 1
        assert len(await house.parts.records.cases()) == 1


async def test_a_report_that_cannot_be_linked_leaves_no_case_behind(tmp_path: Path) -> None:
    async with casework_house(tmp_path) as house:
        report, _ = await house.intake.take(told(), DISPATCHER)
        await house.intake.reject(report.report_id, "not ours", DISPATCHER)
        with pytest.raises(Refused, match="REJECTED"):
            await house.intake.open_case(report.report_id, DISPATCHER)
        assert await house.parts.records.cases() == []
        second, _ = await house.intake.take(told(), DISPATCHER)
        case = await house.intake.open_case(second.report_id, DISPATCHER)
        assert case.case_no[14:19] == "00001"  # nor is a number lost


async def test_a_look_that_is_asked_for_while_a_report_is_linked_takes_nothing_back(
    tmp_path: Path,
) -> None:
    async with casework_house(tmp_path) as house:
        report, _ = await house.intake.take(told(), DISPATCHER)
        grid = house.parts.register.grids[0].code
        async with anyio.create_task_group() as group:
            group.start_soon(house.intake.open_case, report.report_id, DISPATCHER)
            group.start_soon(house.intake.blow, grid, "查看", DISPATCHER, report.report_id)
        kept = await house.parts.files.get(CitizenReport, report.report_id)
        assert kept.state is ReportState.LINKED
        assert kept.case_no
        assert kept.whistle_id


async def test_a_step_from_a_case_that_has_changed_meanwhile_is_refused(tmp_path: Path) -> None:
    """Another desk, or another process, writes past this desk's lock."""
    async with casework_house(tmp_path) as house:
        _, case_no = await opened(house)
        was = await house.desk.find(case_no)
        await house.desk.act(case_no, E.ACCEPT, COMMUNITY)
        with pytest.raises(Refused, match="HANDLING by now: somebody else was quicker"):
            await house.parts.records.save_case(
                replace(was, state=CaseState.RETURNED), event=E.RETURN, cause=COMMUNITY,
                at_utc=house.clock.now_utc(), was=was,
            )  # fmt: skip


async def test_a_clock_of_microseconds_is_nobody_who_was_quicker(tmp_path: Path) -> None:
    async with casework_house(tmp_path) as house:
        house.clock.now_s = 0.123456  # the records keep 0.123
        _, case_no = await opened(house)
        assert (await house.desk.find(case_no)).state is CaseState.DISPATCHED


async def test_reports_of_a_merged_case_are_owed_their_answer_by_the_one_that_goes_on(
    tmp_path: Path,
) -> None:
    async with casework_house(tmp_path) as house:
        _, first = await opened(house)
        second, _ = await house.intake.take(told(), DISPATCHER)
        case = await house.intake.open_case(second.report_id, DISPATCHER)
        given = Given(reason="same crowd", other_case=first)
        await house.intake.merge(case.case_no, DISPATCHER, given)
        moved = await house.parts.files.get(CitizenReport, second.report_id)
        assert moved.case_no == first
        assert second.report_id in (await house.desk.find(first)).reporter


async def test_one_word_into_the_case_answers_no_report(tmp_path: Path) -> None:
    async with casework_house(tmp_path) as house:
        report_id, case_no = await opened(house)
        with pytest.raises(Refused, match=f"answer {report_id}"):
            await house.desk.act(case_no, E.ANSWER_REPORTER, DISPATCHER, Given(reason="done"))


async def test_a_reporter_is_told_again_when_the_case_was_opened_again(tmp_path: Path) -> None:
    async with casework_house(tmp_path) as house:
        report_id, case_no = await closed(house)
        house.clock.now_s += 3600.0
        opened_again = await house.desk.act(case_no, E.REOPEN, SUPERVISOR, Given(reason="back"))
        # Its clocks begin again: it is not overdue in the moment in which it is opened.
        assert opened_again.overdue(house.clock.now_utc()) == ""
        assert opened_again.reporter_told_utc is None
        again = await house.intake.answer(report_id, "再次处置", DISPATCHER)
        assert again.answer == "再次处置"
        assert (await house.desk.find(case_no)).reporter_told_utc is not None


async def closed(house: CaseworkHouse) -> tuple[str, str]:
    report_id, case_no = await opened(house)
    await house.desk.act(case_no, E.ACCEPT, COMMUNITY)
    await house.desk.act(case_no, E.FEED_BACK, COMMUNITY, Given(reason="散了"))
    await house.desk.act(case_no, E.CHECK, DISPATCHER)
    await house.intake.answer(report_id, "已处置", DISPATCHER)
    await house.desk.act(case_no, E.CLOSE, SUPERVISOR)
    return report_id, case_no


async def test_a_tier_that_nobody_is_named_for_is_passed_over_and_stops_no_clock(
    tmp_path: Path,
) -> None:
    async with casework_house(tmp_path) as house:
        numbers = [(await opened(house))[1] for _ in range(2)]
        table = house.parts.table
        no_streets = replace(table, pattern={Tier.MIDDLE: table.pattern[Tier.MIDDLE]}, named={})
        desk = type(house.desk)(replace(house.parts, table=no_streets))
        minder = type(house.minder)(parts=house.parts, desk=desk)
        house.clock.now_s += 31 * 60
        await minder.look()
        for case_no in numbers:
            case = await house.desk.find(case_no)
            assert (case.tier, case.owner) == (Tier.DISTRICT, table.district)


async def test_one_case_that_is_refused_stops_no_other_cases_clock(tmp_path: Path) -> None:
    async with casework_house(tmp_path) as house:
        numbers = [(await opened(house))[1] for _ in range(2)]

        class Stubborn(type(house.desk)):  # type: ignore[misc]
            """A desk that cannot move the first case."""

            async def escalate_overdue(self, case_no: str, *rest: object) -> object:
                if case_no == numbers[0]:
                    raise Refused("nobody can own it")
                return await super().escalate_overdue(case_no, *rest)

        minder = type(house.minder)(parts=house.parts, desk=Stubborn(house.parts))
        house.clock.now_s += 31 * 60
        await minder.look()
        await house.parts.chronicle.settled()
        assert (await house.desk.find(numbers[1])).tier is Tier.LARGE
        assert house.told().count("case.overdue") == 1


async def test_no_case_is_too_many_for_the_clocks(tmp_path: Path) -> None:
    async with casework_house(tmp_path) as house:
        _, oldest = await opened(house)
        shelves: Shelves = house.parts.files
        template = await house.desk.find(oldest)
        for number in range(8):
            later = template.filed_utc + timedelta(seconds=number + 1)
            await house.parts.records.file_case(
                replace(template, filed_utc=later), cause=DISPATCHER, at_utc=later
            )
        assert await shelves.ticking_cases(house.clock.now_utc(), is_exercise=True) == []
        house.clock.now_s += 31 * 60
        ticking = await shelves.ticking_cases(house.clock.now_utc(), is_exercise=True)
        assert [one.overdue for one in ticking] == ["accept"] * 9
        assert await shelves.ticking_cases(house.clock.now_utc(), is_exercise=False) == []


async def test_what_a_stopped_station_had_filed_is_dispatched_when_it_runs_again(
    tmp_path: Path,
) -> None:
    async with casework_house(tmp_path) as house:
        _, case_no = await opened(house)
        case = await house.desk.find(case_no)
        await house.parts.records.save_case(
            replace(case, state=CaseState.FILED), event=E.FILE, cause=DISPATCHER,
            at_utc=house.clock.now_utc(),
        )  # fmt: skip
        await house.minder.look()
        assert (await house.desk.find(case_no)).state is CaseState.DISPATCHED


async def test_a_task_and_a_report_that_nobody_answers_are_told_once(tmp_path: Path) -> None:
    async with casework_house(tmp_path) as house:
        _, case_no = await opened(house)
        await house.desk.act(case_no, E.ACCEPT, COMMUNITY)
        due = house.clock.now_utc() + timedelta(hours=1)
        await house.desk.dispatch(case_no, "440512D01", "核实", DISPATCHER, due)
        await house.intake.take(told(), DISPATCHER)
        house.clock.now_s += 3 * 3600
        await house.minder.look()
        await house.minder.look()
        await house.parts.chronicle.settled()
        assert house.told().count("dispatch.overdue") == 1
        assert house.told().count("report.unanswered") == 1


async def test_a_report_whose_case_was_rejected_is_not_forgotten(tmp_path: Path) -> None:
    async with casework_house(tmp_path) as house:
        report, _ = await house.intake.take(told(), DISPATCHER)
        case = await house.intake.open_case(report.report_id, DISPATCHER)
        house.clock.now_s += 3 * 3600
        await house.minder.look()
        await house.desk.act(case.case_no, E.REJECT, DISPATCHER, Given(reason="not ours"))
        await house.minder.look()
        await house.parts.chronicle.settled()
        assert house.told().count("report.unanswered") == 1  # the open case had its own clock


async def test_who_replied_for_a_department_does_not_check_the_case(tmp_path: Path) -> None:
    async with casework_house(tmp_path) as house:
        report_id, case_no = await opened(house)
        sent = await house.desk.dispatch(case_no, "440512D01", "核实", DISPATCHER)
        await house.desk.answer_dispatch(sent.dispatch_id, DispatchEvent.REPLY, "好", DEPARTMENT)
        await house.desk.act(case_no, E.ACCEPT, COMMUNITY)
        await house.desk.act(case_no, E.FEED_BACK, COMMUNITY, Given(reason="散了"))
        with pytest.raises(Refused, match="handled a task of a unit"):
            await house.desk.act(case_no, E.CHECK, DISPATCHER, Given(checker="Deng"))
        await house.desk.act(case_no, E.CHECK, DISPATCHER)
        await house.intake.answer(report_id, "已处置", DISPATCHER)
        same = Cause(actor="Deng", role=Role.SUPERVISOR)
        for event in (E.CLOSE, E.REWORK):
            with pytest.raises(Refused, match="handled a task of a unit"):
                await house.desk.act(case_no, event, same, Given(reason="x"))


async def test_who_accepted_a_departments_task_does_not_check_though_another_replied(
    tmp_path: Path,
) -> None:
    async with casework_house(tmp_path) as house:
        report_id, case_no = await opened(house)
        sent = await house.desk.dispatch(case_no, "440512D01", "核实", DISPATCHER)
        other = replace(DEPARTMENT, actor="Cy")
        await house.desk.answer_dispatch(sent.dispatch_id, DispatchEvent.ACCEPT, "", DEPARTMENT)
        moved = await house.desk.answer_dispatch(sent.dispatch_id, DispatchEvent.REPLY, "好", other)
        assert (moved.answered_by, moved.handlers) == ("Cy", ("Deng", "Cy"))
        await house.desk.act(case_no, E.ACCEPT, COMMUNITY)
        await house.desk.act(case_no, E.FEED_BACK, COMMUNITY, Given(reason="散了"))
        for person in moved.handlers:
            with pytest.raises(Refused, match=f"{person} handled a task of a unit"):
                await house.desk.act(case_no, E.CHECK, DISPATCHER, Given(checker=person))
        await house.desk.act(case_no, E.CHECK, DISPATCHER)
        await house.intake.answer(report_id, "已处置", DISPATCHER)
        for person in moved.handlers:
            same = Cause(actor=person, role=Role.SUPERVISOR)
            for event in (E.CLOSE, E.REWORK):
                with pytest.raises(Refused, match=f"{person} handled a task of a unit"):
                    await house.desk.act(case_no, event, same, Given(reason="x"))


async def test_only_the_unit_that_owns_a_case_or_task_takes_it(tmp_path: Path) -> None:
    async with casework_house(tmp_path) as house:
        _, case_no = await opened(house)
        for stranger in (WORKER, DEPARTMENT):
            with pytest.raises(NotPermitted, match="COMM"):
                await house.desk.act(case_no, E.ACCEPT, stranger)
        sent = await house.desk.dispatch(case_no, "440512D01", "核实", DISPATCHER)
        with pytest.raises(NotPermitted, match="DEPT"):
            await house.desk.answer_dispatch(sent.dispatch_id, DispatchEvent.REPLY, "x", COMMUNITY)
        kept = await house.parts.files.get(Dispatch, sent.dispatch_id)
        assert kept.is_open


async def test_no_case_is_given_to_a_unit_that_could_not_see_it(tmp_path: Path) -> None:
    async with casework_house(tmp_path) as house:
        _, case_no = await opened(house)
        elsewhere = next(
            code for code in house.parts.register.areas
            if len(code) == 12 and not code.startswith("440512001")
        )  # fmt: skip
        with pytest.raises(Refused, match="does not lie in the part"):
            await house.desk.dispatch(case_no, elsewhere, "核实", DISPATCHER)


async def test_a_community_hands_a_case_on_within_its_own_part_only(tmp_path: Path) -> None:
    async with casework_house(tmp_path) as house:
        _, case_no = await opened(house)
        case = await house.desk.find(case_no)
        grid = house.desk.unit(str(case.grid_code))
        moved = await house.desk.act(
            case_no, E.REASSIGN, COMMUNITY, Given(reason="小网格处理", owner=grid)
        )
        assert (moved.tier, moved.owner, moved.state) == (Tier.SMALL, grid, CaseState.DISPATCHED)
        street = house.desk.unit(case.owner.code[:9])
        with pytest.raises(Refused):  # upwards is escalating, and the grid's own people may not
            await house.desk.act(case_no, E.REASSIGN, COMMUNITY, Given(reason="x", owner=street))
        head = holding("Mei", Role.GRID_WORKER)
        assert (await house.desk.act(case_no, E.ACCEPT, head)).handled_by == "Mei"


async def test_a_case_that_is_sent_out_again_has_fresh_clocks(tmp_path: Path) -> None:
    async with casework_house(tmp_path) as house:
        _, case_no = await opened(house)
        house.clock.now_s += 29 * 60
        await house.desk.act(case_no, E.RETURN, COMMUNITY, Given(reason="不属于本社区"))
        house.clock.now_s += 2 * 60
        again = await house.desk.act(case_no, E.DISPATCH, DISPATCHER)
        assert again.overdue(house.clock.now_utc()) == ""


async def test_the_owner_who_has_fed_back_in_time_is_not_the_one_who_is_late(
    tmp_path: Path,
) -> None:
    async with casework_house(tmp_path) as house:
        _, case_no = await opened(house)
        await house.desk.act(case_no, E.ACCEPT, COMMUNITY)
        house.clock.now_s += 20 * 3600
        await house.desk.act(case_no, E.FEED_BACK, COMMUNITY, Given(reason="散了"))
        house.clock.now_s += 5 * 3600  # past the handling clock, within the check's
        case = await house.desk.find(case_no)
        assert case.overdue(house.clock.now_utc()) == ""
        house.clock.now_s += 20 * 3600
        assert case.overdue(house.clock.now_utc()) == "check"
        await house.desk.act(case_no, E.CHECK, DISPATCHER, Given(checker="Nobody"))
        moved = await house.desk.act(case_no, E.CHECK, DISPATCHER, Given(checker="Ma"))
        assert moved.checker == "Ma"  # a check that was given to nobody can be given again
        back = await house.desk.act(case_no, E.REWORK, SUPERVISOR, Given(reason="还有人"))
        assert back.overdue(house.clock.now_utc()) == ""  # time to work, not escalated at once


async def test_what_was_asked_for_ends_with_the_work_it_was_asked_for(tmp_path: Path) -> None:
    async with casework_house(tmp_path) as house:
        _, case_no = await opened(house)
        await house.desk.act(case_no, E.ACCEPT, COMMUNITY)
        await house.desk.act(case_no, E.ASK_DEFERRAL, COMMUNITY, Given(reason="等设备"))
        review = house.clock.now_utc() + timedelta(hours=1)
        given = Given(reason="x", review_utc=review)
        await house.desk.act(case_no, E.ASK_SUSPENSION, DISPATCHER, given)
        house.clock.now_s += 2 * 3600
        with pytest.raises(Refused, match="review is over"):
            await house.desk.act(case_no, E.SUSPEND, LEADER)
        up = await house.desk.act(case_no, E.ESCALATE, DISPATCHER, Given(reason="too slow"))
        assert (up.deferral_asked, up.suspension_asked_by, up.review_utc) == ("", "", None)


async def test_a_live_case_does_not_exist_in_an_exercise(tmp_path: Path) -> None:
    async with casework_house(tmp_path) as house:
        _, case_no = await opened(house)
        live = replace(house.parts, is_exercise=False)
        desk = type(house.desk)(live)
        with pytest.raises(LookupError, match="no case"):
            await desk.act(case_no, E.ACCEPT, COMMUNITY)


async def test_grid_workers_and_departments_bring_cases_without_a_report(tmp_path: Path) -> None:
    async with casework_house(tmp_path) as house:
        matter = Matter(kind="GATHERING", text="码头聚集", place=PLACE, people=25)
        case = await house.intake.bring(matter, WORKER)
        assert (case.state, case.count.estimate, case.reporter) == (CaseState.REPORTED, 25.0, "")
        assert case.case_no[10] == "X"  # an exercise keeps its own letter
        live = type(house.intake)(replace(house.parts, is_exercise=False), house.desk)
        numbers = [(await live.bring(matter, who)).case_no for who in (WORKER, DEPARTMENT)]
        assert [number[10] for number in numbers] == ["W", "D"]
        with pytest.raises(NotPermitted):
            await house.intake.bring(matter, DISPATCHER)
        with pytest.raises(Refused, match="item list"):
            await house.intake.bring(replace(matter, kind="NOISE"), WORKER)


async def test_a_case_that_is_over_leaves_the_consoles_list(tmp_path: Path) -> None:
    async with casework_house(tmp_path) as house:
        _, case_no = await closed(house)
        _, other = await opened(house)
        assert [one["case_no"] for one in house.parts.board.get("cases")] == [other]
        assert (await house.desk.find(case_no)).state is CaseState.CLOSED
