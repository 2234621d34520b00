"""For which unit a person acts: that of the grant's own code, asked at the door and at the desk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground_station.casework.case import Case
from ground_station.casework.states import CaseEvent, CaseState
from ground_station.casework.steps import advance, require_unit, roles_of
from ground_station.owners import Owner, Tier, is_department, read_responsibility
from ground_station.people.door import Caller, Door
from ground_station.people.persons import HOLDABLE, Grant, Person, active_grants
from ground_station.people.powers import Power
from ground_station.people.scopes import covers
from ground_station.people.seen import audience_of, seen_state, sees_event
from patrol.cause import Cause, Role
from patrol.errors import NotPermitted
from tests.ground_core import GRID, holding, later
from tests.unit.test_case_states import a_case, generous

TABLE = read_responsibility()
WU = Person(login="wu", name="Wu")
OTHER = "440512001004001"  # a grid of the next community in the same street
PARTS = ("440512", GRID[:9], GRID[:12], GRID, OTHER[:12], OTHER, "440512002")
DEPARTMENTS = ("440512D01", "440512D02")
UNIT_ROLES = (
    Role.GRID_WORKER, Role.GRID_HEAD, Role.COMMUNITY, Role.STREET, Role.DEPARTMENT,
    Role.DISPATCHER,
)  # fmt: skip
OWNERS_EVENTS = {
    CaseEvent.ACCEPT: CaseState.DISPATCHED, CaseEvent.RETURN: CaseState.DISPATCHED,
    CaseEvent.FEED_BACK: CaseState.HANDLING, CaseEvent.ASK_DEFERRAL: CaseState.HANDLING,
}  # fmt: skip
grants = st.frozensets(
    st.builds(Grant, role=st.sampled_from(HOLDABLE), scope=st.sampled_from(PARTS + DEPARTMENTS)),
    max_size=4,
)


def unit_of(code: str) -> Owner:
    found = TABLE.owner_of(code, for_exercise=True)
    assert found is not None
    return found


def acts(held: Sequence[Grant], role: Role, place: str, owner: Owner) -> Cause | None:
    """The door's cause for this place and owner, if it gives one."""
    nothing: Any = None
    door = Door(store=nothing, journal=_Deaf(), sessions=nothing, now=nothing, now_s=nothing)  # type: ignore[arg-type]
    caller = Caller(person=WU, grants=active_grants(tuple(held), is_exercise=True))
    power = Power(name="case.accept", roles=UNIT_ROLES)

    async def ask() -> Cause | None:
        try:
            return await door.allow(caller, power, role, place, "r-1", (owner.code,))
        except NotPermitted:
            return None

    return anyio.run(ask)


def is_permitted(owner: Owner, cause: Cause) -> bool:
    try:
        require_unit(owner, cause)
    except NotPermitted:
        return False
    return True


class _Deaf:
    """A journal of nothing."""

    is_exercise = True

    async def note(self, *_: object) -> None:
        return None


@given(grants, st.sampled_from(UNIT_ROLES), st.sampled_from((GRID, OTHER)), st.data())
def test_one_acts_for_a_unit_exactly_with_its_role_held_over_its_code(
    held: frozenset[Grant], role: Role, place: str, data: st.DataObject
) -> None:
    above = [code for code in PARTS if place.startswith(code)]
    owner = unit_of(data.draw(st.sampled_from([*above, *DEPARTMENTS])))
    cause = acts(tuple(held), role, place, owner)
    is_let = cause is not None and is_permitted(owner, cause)
    if is_department(owner.code):
        wanted = Grant(role=Role.DEPARTMENT, scope=owner.code) in held
        assert is_let == (wanted and role is Role.DEPARTMENT)
    else:
        wanted = any(
            one.role is role and not is_department(one.scope) and covers(one.scope, owner.code)
            for one in held
        )
        assert is_let == (wanted and role in roles_of(owner))


def owned_by(code: str, state: CaseState) -> Case:
    owner = unit_of(code)
    return replace(a_case(), owner=owner, tier=owner.tier, state=state)


@pytest.mark.parametrize("event", OWNERS_EVENTS, ids=lambda event: event.value)
@pytest.mark.parametrize(
    ("code", "role", "held_for", "is_its_own"),
    [
        ("440512D01", Role.DEPARTMENT, "440512D01", True),
        ("440512D01", Role.DEPARTMENT, "440512D02", False),
        ("440512D01", Role.DEPARTMENT, "440512", False),  # as they were given once
        ("440512D01", Role.DISPATCHER, "440512", False),
        (GRID[:12], Role.COMMUNITY, GRID[:12], True),
        (GRID[:12], Role.COMMUNITY, "440512", True),
        (GRID[:12], Role.COMMUNITY, GRID, False),  # of a grid in it, not of the community
        (GRID[:12], Role.COMMUNITY, OTHER[:12], False),
        (GRID[:12], Role.STREET, GRID[:9], False),
        (GRID[:9], Role.STREET, GRID[:9], True),
        (GRID[:9], Role.STREET, GRID[:12], False),
        (GRID, Role.GRID_WORKER, GRID, True),
        (GRID, Role.GRID_HEAD, GRID[:12], True),
        (GRID, Role.GRID_WORKER, OTHER, False),
        (GRID, Role.GRID_WORKER, "", False),  # for nobody
        ("440512", Role.DISPATCHER, "440512", True),
        ("440512", Role.DISPATCHER, GRID[:9], False),
    ],
)
def test_what_the_owner_does_only_who_holds_its_role_over_its_code_does(
    event: CaseEvent, code: str, role: Role, held_for: str, is_its_own: bool
) -> None:
    case, now = owned_by(code, OWNERS_EVENTS[event]), later(720)
    cause = Cause(actor="Mei", role=role, held_for=held_for)
    if is_its_own:
        advance(case, event, cause, now, generous(case, now, "Ma"))
        return
    with pytest.raises(NotPermitted, match=case.owner.unit) as refused:
        advance(case, event, cause, now, generous(case, now, "Ma"))
    assert case.owner.unit in refused.value.text_zh


def test_a_street_hands_on_only_what_its_own_code_owns() -> None:
    case, now = owned_by(GRID[:9], CaseState.DISPATCHED), later(720)
    given_ = replace(generous(case, now, "Ma"), owner=unit_of(GRID[:12]))
    with pytest.raises(NotPermitted):
        advance(
            case, CaseEvent.REASSIGN,
            Cause(actor="Su", role=Role.STREET, held_for="440512002"), now, given_,
        )  # fmt: skip
    moved = advance(case, CaseEvent.REASSIGN, holding("Su", Role.STREET), now, given_)
    assert moved.tier is Tier.MIDDLE


def who(*held: Grant) -> Caller:
    return Caller(person=WU, grants=held)


def test_a_department_sees_of_the_board_what_it_owns_or_has_a_task_of() -> None:
    deng = who(Grant(role=Role.DEPARTMENT, scope="440512D01"))
    once = who(Grant(role=Role.DEPARTMENT))  # of no department
    mixed = who(
        Grant(role=Role.DEPARTMENT, scope="440512D02"), Grant(role=Role.COMMUNITY, scope=OTHER[:12])
    )
    cases = [
        {"case_no": "owned", "grid_code": GRID, "owner_code": "440512D01", "tasked": []},
        {"case_no": "tasked", "grid_code": GRID, "owner_code": GRID[:12], "tasked": ["440512D01"]},
        {"case_no": "other", "grid_code": GRID, "owner_code": "440512D02"},
        {"case_no": "there", "grid_code": OTHER, "owner_code": OTHER[:12]},
    ]
    state = {
        "cases": cases, "aircraft": [], "units": {"GP-1": {"alerts": [{"grid_code": GRID}]}},
        "story": [
            {"event": "dispatch.sent", "grid": GRID, "unit_code": "440512D01"},
            {"event": "case.accept", "grid": GRID, "owner_code": "440512D02"},
            {"event": "landed", "grid": GRID},
        ],
    }  # fmt: skip
    shown = {
        name: ([c["case_no"] for c in seen["cases"]], [e["event"] for e in seen["story"]])
        for name, seen in (
            ("deng", seen_state(deng, state)), ("once", seen_state(once, state)),
            ("mixed", seen_state(mixed, state)),
        )
    }  # fmt: skip
    assert shown == {
        "deng": (["owned", "tasked"], ["dispatch.sent"]), "once": ([], []),
        "mixed": (["other", "there"], ["case.accept"]),
    }  # fmt: skip
    assert seen_state(deng, state)["units"]["GP-1"]["alerts"] == []
    assert (deng.sees(GRID), deng.scopes, once.scopes, once.departments) == (False, (), (), ())
    assert not sees_event(deng, {"event": "report.received", "grid": GRID})
    assert len({audience_of(one) for one in (deng, once, mixed)}) == 3, "no two share a message"
