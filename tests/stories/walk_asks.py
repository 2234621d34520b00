"""What people may press at the centre as things stand: asks that the tables of states allow.

Each is chosen by numbers alone, so that the same numbers in the same house press the same.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from ground_station.casework.case import Case
from ground_station.casework.citizens import REPORT_MACHINE, ReportState
from ground_station.casework.dispatches import DISPATCH_MACHINE, Dispatch, DispatchState
from ground_station.casework.notices import NOTICE_MACHINE, NoticeState
from ground_station.casework.states import CASE_MACHINE, CaseEvent, CaseState
from ground_station.casework.steps import roles_of
from ground_station.casework.whistles import WHISTLE_MACHINE, WhistleState
from ground_station.store.codec import decode
from ground_station.transitions import Machine
from patrol.cause import Role
from patrol.clock import utc_text
from patrol.geo import offset
from tests.stories.street import GRID
from tests.stories.walk_house import PEOPLE, STRANGER, Ask, Kept, WalkHouse

T = TypeVar("T")
_FEW = 4  # of a kind: else most of a walk begins things and ends none
# What the unit that owns a case does with it.
_BY_OWNER = {CaseEvent.ACCEPT, CaseEvent.RETURN, CaseEvent.FEED_BACK, CaseEvent.ASK_DEFERRAL}
_MAIN_ROAD = {  # to the end; the rest leads aside
    CaseState.REPORTED: CaseEvent.VERIFY, CaseState.VERIFYING: CaseEvent.FILE,
    CaseState.DISPATCHED: CaseEvent.ACCEPT, CaseState.HANDLING: CaseEvent.FEED_BACK,
    CaseState.REWORK: CaseEvent.FEED_BACK, CaseState.DEFERRED: CaseEvent.FEED_BACK,
    CaseState.FEEDBACK: CaseEvent.CHECK, CaseState.CHECKING: CaseEvent.CLOSE,
    CaseState.SUSPENDED: CaseEvent.RESUME, CaseState.REOPENED: CaseEvent.VERIFY,
    CaseState.RETURNED: CaseEvent.DISPATCH, CaseState.CLOSED: CaseEvent.EVALUATE,
}  # fmt: skip


class Dice:
    """Numbers that were thrown beforehand; each choice takes the next one."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self._numbers, self._next = numbers, 0

    def of(self, things: Sequence[T]) -> T:
        """One of them."""
        number = self._numbers[self._next % len(self._numbers)] + self._next // len(self._numbers)
        self._next += 1
        return things[number % len(things)]

    def is_one_in(self, many: int) -> bool:
        """True so seldom."""
        return self.of(range(many)) == many - 1


def who_may(roles: Sequence[Role], dice: Dice) -> str:
    """Somebody here who holds one of the roles."""
    able = [
        name for name, (held, _) in PEOPLE.items() if name != STRANGER and set(held) & set(roles)
    ]
    return dice.of(able or sorted(PEOPLE))


def _event(machine: Machine[Any, Any], state: enum.Enum, dice: Dice) -> Any:  # noqa: ANN401
    return dice.of(machine.possible(state) or [row.event for row in machine._steps])


def _place(house: WalkHouse, dice: Dice) -> dict[str, float]:
    at = offset(house.street.crowd_at, east_m=dice.of((0.0, 40.0, 300.0)), north_m=0.0)
    return {"lat_deg": at.lat_deg, "lon_deg": at.lon_deg}


def report(house: WalkHouse, kept: Kept, dice: Dice) -> Ask:
    """A citizen's report comes in, becomes a case, is linked, rejected or answered."""
    reports = kept.bodies("citizen_reports")
    if len(reports) < _FEW and not (reports and dice.is_one_in(3)):
        told = {"text": "校门口很多人", "kind": "SCHOOL_GATE", "place": _place(house, dice)}
        return Ask(person="Xu", path="/reports", body=told | {"contact": "13800001234"})
    one = dice.of(reports)
    path = f"/reports/{one['report_id']}"
    state = ReportState(one["state"])
    if state is ReportState.RECEIVED and not dice.is_one_in(3):
        return Ask(person="Xu", path=f"{path}/case", body={})
    event = _event(REPORT_MACHINE, state, dice)
    person = who_may(REPORT_MACHINE.roles(event), dice)
    cases = [case["case_no"] for case in kept.bodies("cases")]
    body = {"case_no": dice.of(cases or ["HJ0"])} if event.value == "link" else {"text": "已答复"}
    return Ask(person=person, path=f"{path}/{event.value}", body=body)


def case(house: WalkHouse, kept: Kept, dice: Dice) -> Ask:
    """A case is brought, or one goes a step on: mostly on its main road."""
    cases = kept.bodies("cases")
    if not cases or (len(cases) < _FEW and dice.is_one_in(4)):
        body = {"text": "路边堆物", "kind": "OTHER", "place": _place(house, dice), "people": 12}
        person = who_may((Role.COMMUNITY, Role.DEPARTMENT, Role.GRID_WORKER), dice)
        return Ask(person=person, path="/cases", body=body)
    one = decode(Case, dice.of(cases))
    main = _MAIN_ROAD.get(one.state)
    if main is not None and not dice.is_one_in(4):
        event = main
    else:
        event = _event(CASE_MACHINE, one.state, dice)
    roles = CASE_MACHINE.roles(event)
    person = who_may(roles_of(one.owner) if event in _BY_OWNER else roles, dice)
    if event is CaseEvent.CLOSE and one.checker and not dice.is_one_in(3):
        person = one.checker
    body = _step_body(house, [other["case_no"] for other in cases], dice)
    return Ask(person=person, path=f"/cases/{one.case_no}/steps/{event.value}", body=body)


def _step_body(house: WalkHouse, others: list[str], dice: Dice) -> dict[str, Any]:
    """Everything that any step wants; each takes its own."""
    body: dict[str, Any] = {
        "reason": "已处置", "found": "约二十人", "checker": dice.of(("Ma", "He")),
        "due_utc": utc_text(house.now_utc + timedelta(hours=30)),
        "review_utc": utc_text(house.now_utc + timedelta(days=3)), "is_reporter_told": True,
        "other_case": dice.of(others),
    }  # fmt: skip
    if dice.is_one_in(3):
        body["unit_code"] = dice.of(("440512D01", GRID, GRID[:12], GRID[:9]))
    return body


def dispatch(house: WalkHouse, kept: Kept, dice: Dice) -> Ask:
    """A unit is given a task, accepts it, returns it or replies."""
    waiting = [
        decode(Dispatch, one) for one in kept.in_states("dispatches", "SENT", "ACCEPTED")
    ]  # fmt: skip
    cases = kept.in_states("cases", "DISPATCHED", "HANDLING", "REWORK") or kept.bodies("cases")
    if cases and (not waiting or dice.is_one_in(3)):
        unit = dice.of(("440512D01", GRID[:12], GRID[:9]))
        path = f"/cases/{dice.of(cases)['case_no']}/dispatches"
        return Ask(person="Xu", path=path, body={"unit_code": unit, "task": "请核实"})
    if not waiting:
        return report(house, kept, dice)
    one = dice.of(waiting)
    event = _event(DISPATCH_MACHINE, DispatchState(one.state), dice)
    path = f"/dispatches/{one.dispatch_id}/steps/{event.value}"
    return Ask(person=who_may(roles_of(one.unit), dice), path=path, body={"reply": "已核实"})


def whistle(house: WalkHouse, kept: Kept, dice: Dice) -> Ask:
    """Somebody asks for a patrol, the community checks in, it is flown or withdrawn."""
    whistles = kept.bodies("whistles")
    if len(whistles) < _FEW and not (whistles and dice.is_one_in(2)):
        body = {"grid_code": GRID, "need": "人多"}
        return Ask(person=who_may((Role.COMMUNITY, Role.GRID_WORKER), dice), path="/whistles",
                   body=body)  # fmt: skip
    one = dice.of(whistles)
    event = _event(WHISTLE_MACHINE, WhistleState(one["state"]), dice)
    person = who_may(WHISTLE_MACHINE.roles(event), dice)
    sorties = [sortie["sortie_id"] for sortie in kept.bodies("sorties")]
    body = {"reason": "已不需要", "sortie": dice.of(sorties or [""])}
    path = f"/whistles/{one['whistle_id']}/steps/{event.value}"
    return Ask(person=person, path=path, body=body)


def notice(house: WalkHouse, kept: Kept, dice: Dice) -> Ask:
    """Closed cases teach the others: drafted, edited, reviewed, published, withdrawn."""
    notices = kept.bodies("notices")
    closed = kept.in_states("cases", "CLOSED", "EVALUATED")
    if closed and (not notices or dice.is_one_in(4)):
        body = {"case_nos": [dice.of(closed)["case_no"]], "audience": dice.of(
            ("INTERNAL", "INTERNAL", "PUBLIC"))}  # fmt: skip
        return Ask(person=who_may((Role.REVIEWER,), dice), path="/notices", body=body)
    if not notices:
        return case(house, kept, dice)
    one = dice.of(notices)
    event = _event(NOTICE_MACHINE, NoticeState(one["state"]), dice)
    body = {"reason": "有误", "text_zh": "通报内容", "text_en": "the words"}
    path = f"/notices/{one['notice_id']}/steps/{event.value}"
    return Ask(person=who_may(NOTICE_MACHINE.roles(event), dice), path=path, body=body)


AT_THE_CENTRE: tuple[Callable[[WalkHouse, Kept, Dice], Ask], ...] = (
    report, case, case, case, dispatch, whistle, notice,
)  # fmt: skip
