"""The table of powers: no role outside it does a verb, and the desks' own tables agree with it."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground_station import alerts, announcements
from ground_station.alerts import AlertEvent, AlertState
from ground_station.announcements import AnnouncementEvent, AnnouncementState
from ground_station.people.door import Caller, Door, is_able
from ground_station.people.persons import ANYWHERE, HOLDABLE, Grant, Person, active_grants, holds
from ground_station.people.powers import ROLES_FOR, VETOES, Verb, may, power_of
from ground_station.people.scopes import DISTRICT, covers
from ground_station.sorties import SIGNERS
from patrol.cause import Cause, Role
from patrol.errors import NotPermitted

roles = st.sampled_from(list(Role))
verbs = st.sampled_from(list(Verb))
grant_sets = st.frozensets(
    st.builds(
        Grant,
        role=st.sampled_from(HOLDABLE),
        scope=st.sampled_from(
            [DISTRICT, "440512001", "440512001003", "440512002", "440512D01", "440512D02"]
        ),
    ),
    max_size=4,
)
WU = Person(login="wu", name="Wu")


@given(roles, verbs)
def test_a_role_outside_the_table_may_nothing(role: Role, verb: Verb) -> None:
    assert may(role, verb) == (role in ROLES_FOR[verb])
    if role in (Role.SYSTEM, Role.NONE):
        assert not may(role, verb)


@given(grant_sets, roles, verbs, st.booleans())
def test_what_nobody_was_granted_nobody_does(
    grants: frozenset[Grant], role: Role, verb: Verb, is_exercise: bool
) -> None:
    active = active_grants(tuple(grants), is_exercise=is_exercise)
    caller = Caller(person=WU, grants=active)
    held = {grant.role for grant in grants if grant.has_its_kind_of_scope}
    if Role.TESTER not in held:
        assert {grant.role for grant in active} == held
        assert caller.may(verb) == any(one in ROLES_FOR[verb] for one in held)
        assert not holds(active, role, ANYWHERE) or role in held


class Rows:
    """A journal that only remembers what was noted."""

    is_exercise = False

    def __init__(self) -> None:
        self.actions: list[str] = []

    async def note(self, action: str, *_: object) -> None:
        self.actions.append(action)


PLACES = [None, ANYWHERE, DISTRICT, "440512001", "440512001003004", "440512002001001"]


@given(grant_sets, st.none() | roles, verbs, st.sampled_from(PLACES))
def test_the_door_gives_a_cause_exactly_to_a_role_of_the_table_held_where_it_is_asked(
    grants: frozenset[Grant], role: Role | None, verb: Verb, place: str | None
) -> None:
    journal: Any = Rows()
    nothing: Any = None
    door = Door(store=nothing, journal=journal, sessions=nothing, now=nothing, now_s=nothing)
    caller = Caller(person=WU, grants=tuple(grants))
    able = {
        grant.role for grant in grants
        if grant.role in ROLES_FOR[verb] and grant.has_its_kind_of_scope
        and (place == ANYWHERE or covers(grant.scope, place))
        and role in (None, grant.role)
    }  # fmt: skip

    async def ask() -> Cause | None:
        try:
            return await door.allow(caller, power_of(verb), role, place, "r-1")
        except NotPermitted:
            return None

    cause = anyio.run(ask)
    assert (cause is not None) == bool(able)
    if cause is not None:
        assert cause.role in able
        assert (cause.actor, cause.request_id, cause.is_automatic) == ("Wu", "r-1", False)
        assert Grant(role=cause.role, scope=cause.held_for) in grants
    assert journal.actions == ([] if able else ["verb.refused"])


def test_a_tester_stands_in_for_the_squad_in_an_exercise_and_for_nobody_live() -> None:
    grants = (Grant(role=Role.TESTER),)
    assert active_grants(grants, is_exercise=False) == ()
    squad = {grant.role for grant in active_grants(grants, is_exercise=True)}
    assert Role.PILOT in squad
    assert Role.DISPATCHER not in squad


def test_each_veto_is_the_pilots() -> None:
    assert {verb for verb in VETOES if Role.PILOT not in ROLES_FOR[verb]} == set()


MACHINES = [
    (Verb.ACKNOWLEDGE, alerts.ALERT_MACHINE, AlertState.RAISED, AlertEvent.ACKNOWLEDGE),
    (Verb.DISMISS, alerts.ALERT_MACHINE, AlertState.RAISED, AlertEvent.DISMISS),
    (Verb.ESCALATE, alerts.ALERT_MACHINE, AlertState.ACKNOWLEDGED, AlertEvent.ESCALATE),
    (Verb.ANNOUNCE, alerts.ALERT_MACHINE, AlertState.ACKNOWLEDGED, AlertEvent.ANNOUNCE),
    (
        Verb.STOP_SPEAKING, announcements.ANNOUNCEMENT_MACHINE, AnnouncementState.PLAYING,
        AnnouncementEvent.CANCEL,
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", MACHINES, ids=lambda row: row[0].value)
@pytest.mark.parametrize("role", HOLDABLE)
def test_the_table_says_what_the_state_machines_say(row: tuple, role: Role) -> None:  # type: ignore[type-arg]
    verb, machine, state, event = row
    cause = Cause(actor="Wu", role=role)
    ask = {"record_id": "A-1", "state": state, "event": event, "is_exercise": False}
    if may(role, verb):
        machine.step(**ask, cause=cause, reason="seen")
    else:
        with pytest.raises(NotPermitted):
            machine.step(**ask, cause=cause, reason="seen")


def test_the_log_is_signed_by_those_whom_the_log_asks_for() -> None:
    assert set(ROLES_FOR[Verb.SIGN_LOG]) == set(SIGNERS)


def test_who_only_looks_or_names_a_role_outside_the_table_is_able_to_nothing() -> None:
    caller = Caller(person=WU, grants=(Grant(role=Role.AUDITOR),))
    looking = Caller(person=WU, grants=(Grant(role=Role.PILOT),), is_looking_only=True)
    for one, role in ((caller, Role.AUDITOR), (looking, Role.PILOT), (looking, None)):
        assert not is_able(one, power_of(Verb.LAUNCH), role)
    assert is_able(caller, power_of(Verb.LAUNCH), Role.PILOT), (
        "whether it is held is asked where it is asked"
    )
