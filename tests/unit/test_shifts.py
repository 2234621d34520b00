"""A shift: who has which role, hand-overs in flight, two signatures, closed for good."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground_station.shifts import shift as shifts
from ground_station.shifts.shift import CREW, Shift, ShiftEvent, ShiftState
from patrol.cause import Cause, Role
from patrol.errors import NotPermitted, Refused
from tests.ground_core import ANNOUNCER, LEADER, MORNING, OPERATOR, PILOT, REGISTRAR, SYSTEM, later

GRIDS = ("440512001001001", "440512001001002")


def opened() -> Shift:
    return shifts.open_shift(
        shift_id="SH-20261124-0001", squad="一队", cause=PILOT, at_utc=MORNING, is_exercise=True
    )


def crewed() -> Shift:
    shift = shifts.sign_in(opened(), ANNOUNCER, later(5))
    return shifts.sign_in(shift, REGISTRAR, later(6))


def test_whoever_opens_a_shift_has_the_role_and_the_others_are_shown_as_lacking() -> None:
    assert opened().on_duty(Role.PILOT) == "Huang"
    assert opened().lacking == (Role.ANNOUNCER, Role.REGISTRAR)
    assert crewed().lacking == ()
    with pytest.raises(Refused, match="not of the squad"):
        shifts.open_shift(shift_id="x", squad="x", cause=OPERATOR, at_utc=MORNING, is_exercise=True)


def test_a_role_that_is_taken_is_handed_over_and_not_taken() -> None:
    other = replace(PILOT, actor="Tan")
    with pytest.raises(Refused, match="let Huang hand it over"):
        shifts.sign_in(crewed(), other, later(10))
    handed = shifts.hand_over(crewed(), "Tan", PILOT, later(10))
    assert handed.on_duty(Role.PILOT) == "Tan"
    ended = next(d for d in handed.duties if d.person == "Huang" and d.role is Role.PILOT)
    assert ended.to_utc == later(10)  # there was no moment without a pilot
    with pytest.raises(Refused, match="not on duty"):
        shifts.hand_over(handed, "Wu", PILOT, later(11))


def test_the_pilot_of_an_aircraft_in_the_air_hands_over_and_does_not_leave() -> None:
    with pytest.raises(Refused, match="hand the pilot's role over"):
        shifts.sign_out(crewed(), PILOT, later(10), is_flying=True)
    assert shifts.sign_out(crewed(), ANNOUNCER, later(10), is_flying=True).lacking == (
        Role.ANNOUNCER,
    )


def test_one_person_may_have_several_roles_each_under_its_own_name() -> None:
    both = shifts.sign_in(opened(), replace(REGISTRAR, actor="Huang"), later(5))
    assert both.on_duty(Role.PILOT) == both.on_duty(Role.REGISTRAR) == "Huang"


def test_a_shift_closes_with_both_names_and_no_open_sortie_and_then_never_changes() -> None:
    shift = shifts.plan_grids(crewed(), (*GRIDS, GRIDS[0]), LEADER)
    assert shift.planned_grids == GRIDS
    shift = shifts.remark(shift, ShiftEvent.WEATHER, "晴，东风3级", PILOT, later(20))
    shift = shifts.sign(shift, PILOT, later(900))
    with pytest.raises(Refused, match="REG"):
        shifts.close(shift, REGISTRAR, later(901), ())
    with pytest.raises(Refused, match="already signed"):
        shifts.sign(shift, PILOT, later(901))
    shift = shifts.sign(shift, REGISTRAR, later(902))
    with pytest.raises(Refused, match="M-1-S01"):
        shifts.close(shift, REGISTRAR, later(903), ("M-1-S01",))
    closed = shifts.close(shift, REGISTRAR, later(904), ())
    assert all(duty.to_utc for duty in closed.duties)
    changes: tuple[Callable[[], Shift], ...] = (
        lambda: shifts.sign_in(closed, ANNOUNCER, later(905)),
        lambda: shifts.remark(closed, ShiftEvent.NOTE, "x", PILOT, later(905)),
        lambda: shifts.sign(closed, PILOT, later(905)),
        lambda: shifts.close(closed, REGISTRAR, later(905), ()),
    )
    for change in changes:
        with pytest.raises(Refused, match="CLOSED"):
            change()


def test_who_had_no_duty_does_not_sign() -> None:
    with pytest.raises(Refused, match="had no duty"):
        shifts.sign(crewed(), replace(REGISTRAR, actor="Stranger"), later(9))


def test_a_remark_has_words() -> None:
    with pytest.raises(Refused, match="words"):
        shifts.remark(crewed(), ShiftEvent.NOTE, "  ", PILOT, later(9))


PEOPLE = ("Huang", "Lin", "Tan")
moves = st.tuples(
    st.sampled_from(("in", "over", "out")), st.sampled_from(PEOPLE), st.sampled_from(list(Role)),
    st.sampled_from(PEOPLE), st.booleans(),
)  # fmt: skip


@given(st.lists(moves, max_size=30))
def test_whatever_people_do_a_role_has_one_holder_and_a_flying_pilot_never_vanishes(
    steps: list[tuple[str, str, Role, str, bool]],
) -> None:
    shift = opened()
    for number, (verb, person, role, to, is_flying) in enumerate(steps):
        cause, now, before = Cause(actor=person, role=role), later(10.0 + number), shift
        try:
            if verb == "in":
                shift = shifts.sign_in(shift, cause, now)
            elif verb == "over":
                shift = shifts.hand_over(shift, to, cause, now)
            else:
                shift = shifts.sign_out(shift, cause, now, is_flying=is_flying)
        except (Refused, NotPermitted):
            assert shift is before
        for one in CREW:
            held = [d for d in shift.duties if d.role is one and d.to_utc is None]
            assert len(held) <= 1
        if is_flying and before.on_duty(Role.PILOT):
            assert shift.on_duty(Role.PILOT)
        assert all(d.to_utc is None or d.to_utc >= d.from_utc for d in shift.duties)


def test_the_system_opens_no_shift() -> None:
    with pytest.raises(Refused):
        shifts.open_shift(shift_id="x", squad="x", cause=SYSTEM, at_utc=MORNING, is_exercise=True)
    assert ShiftState.OPEN.zh != ShiftState.CLOSED.zh


def test_nobodys_name_stands_under_what_was_written_after_it() -> None:
    signed = shifts.sign(crewed(), PILOT, later(900))
    for changed in (
        shifts.remark(signed, ShiftEvent.NOTE, "起飞点改变", PILOT, later(901)),
        shifts.plan_grids(signed, GRIDS, LEADER),
        shifts.with_sorties(signed, ("M-1-S01",)),
    ):
        assert changed.signatures == ()
        assert shifts.sign(changed, PILOT, later(902)).signatures
    assert shifts.with_sorties(signed, signed.sortie_ids).signatures == signed.signatures
