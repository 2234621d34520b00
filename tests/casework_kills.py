"""One matter through every desk of the centre, each step announced as soon as it is answered."""

from __future__ import annotations

from collections.abc import Callable

from ground_station.casework.dispatches import DispatchEvent
from ground_station.casework.notices import NoticeAudience, NoticeEvent
from ground_station.casework.states import CaseEvent
from ground_station.casework.steps import Given
from ground_station.casework.whistles import WhistleEvent
from ground_station.shifts.desk import ShiftDesk
from ground_station.store.clearances import ClearanceShelf
from ground_station.store.engine import Store
from ground_station.store.shelves import Shelves
from ground_station.templates import load_templates
from ground_station.words.versions import VersionEvent
from ground_station.words.wording_desk import WordingDesk
from patrol.cause import Cause, Role
from tests.casework_house import CaseworkHouse, casework_of, told
from tests.ground_core import ANNOUNCER, DISPATCHER, GRID, LEADER, PILOT, REGISTRAR, holding

E = CaseEvent
COMMUNITY = holding("Guo", Role.COMMUNITY)
DEPARTMENT = holding("Deng", Role.DEPARTMENT)
SUPERVISOR = holding("Ma", Role.SUPERVISOR)
REVIEWER = Cause(actor="Fang", role=Role.REVIEWER)
Announce = Callable[[str], None]  # "table id state"


async def work_a_matter(store: Store, announce: Announce) -> None:
    """Report, case, task, answer, close, notice; a whistle, a shift, a wording."""
    async with casework_of(store) as house:
        case_no = await _case(house, announce)
        await _notice(house, case_no, announce)
        await _whistle(house, announce)
        await _shift(house, store, announce)
        await _wording(house, store, announce)


async def _case(house: CaseworkHouse, announce: Announce) -> str:
    report, _ = await house.intake.take(told(), DISPATCHER)
    announce(f"citizen_reports {report.report_id} RECEIVED")
    case = await house.intake.open_case(report.report_id, DISPATCHER)
    announce(f"citizen_reports {report.report_id} LINKED")
    for event in (E.VERIFY, E.FILE):
        case = await house.desk.act(case.case_no, event, DISPATCHER)
        announce(f"cases {case.case_no} {case.state.value}")
    sent = await house.desk.dispatch(case.case_no, "440512D01", "请核实", DISPATCHER)
    announce(f"dispatches {sent.dispatch_id} SENT")
    await house.desk.answer_dispatch(sent.dispatch_id, DispatchEvent.REPLY, "已协调", DEPARTMENT)
    announce(f"dispatches {sent.dispatch_id} DONE")
    for event, cause, given in (
        (E.ACCEPT, COMMUNITY, Given()),
        (E.FEED_BACK, COMMUNITY, Given(reason="散了", found="20人")),
        (E.CHECK, DISPATCHER, Given(checker="Ma")),
    ):
        case = await house.desk.act(case.case_no, event, cause, given)
        announce(f"cases {case.case_no} {case.state.value}")
    await house.intake.answer(report.report_id, "已散开", DISPATCHER)
    announce(f"citizen_reports {report.report_id} ANSWERED")
    await house.desk.act(case.case_no, E.CLOSE, SUPERVISOR)
    announce(f"cases {case.case_no} CLOSED")
    return case.case_no


async def _notice(house: CaseworkHouse, case_no: str, announce: Announce) -> None:
    draft = await house.notices.draft([case_no], NoticeAudience.INTERNAL, REVIEWER)
    announce(f"notices {draft.notice_id} DRAFT")
    for event, cause in ((NoticeEvent.REVIEW, LEADER), (NoticeEvent.PUBLISH, DISPATCHER)):
        moved = await house.notices.move(draft.notice_id, event, cause)
        announce(f"notices {draft.notice_id} {moved.state.value}")


async def _whistle(house: CaseworkHouse, announce: Announce) -> None:
    blown = await house.intake.blow(GRID, "人多", COMMUNITY)
    announce(f"whistles {blown.whistle_id} RAISED")
    await house.intake.answer_whistle(blown.whistle_id, WhistleEvent.CHECK_IN, COMMUNITY)
    announce(f"whistles {blown.whistle_id} CHECKED_IN")


async def _shift(house: CaseworkHouse, store: Store, announce: Announce) -> None:
    desk = ShiftDesk(
        records=house.parts.records, shelves=Shelves(store), register=house.parts.register,
        world=house.clock, is_exercise=True, is_flying=lambda: False,
        clearances=ClearanceShelf(store),
    )  # fmt: skip
    shift = await desk.open("一队", PILOT)
    announce(f"shifts {shift.shift_id} OPEN")
    await desk.sign_in(shift.shift_id, REGISTRAR)
    for cause in (PILOT, REGISTRAR):
        await desk.sign(shift.shift_id, cause)
    await desk.close(shift.shift_id, REGISTRAR)
    announce(f"shifts {shift.shift_id} CLOSED")


async def _wording(house: CaseworkHouse, store: Store, announce: Announce) -> None:
    desk = WordingDesk(
        shipped=load_templates(), shelves=Shelves(store), world=house.clock, is_exercise=True
    )
    written = await desk.write("T12", "巡查结束。", "The patrol has ended.", ANNOUNCER)
    announce(f"template_versions {written.version_id} DRAFT")
    await desk.move(written.version_id, VersionEvent.APPROVE, LEADER, reason="")
    announce(f"template_versions {written.version_id} APPROVED")
