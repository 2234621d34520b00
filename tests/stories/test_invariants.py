"""DOMAIN 5.5: what holds whatever people do, tried by random walks through every table of states.

Here: I5 (a person releases approved words; stored is played), I6 (what is an exercise stays one),
I7 (handler is not checker, on the person), I8 (invalid is not nobody), I9 (what is closed does not
change), I11 (an open case has an owner and a time), I13 (bounds in order), I14 (one raise a crowd
in the re-alarm time).

Through the API, all at once: `test_walk_of_the_api.py`; routes: `test_route_walks.py`.
Elsewhere: I1, I2, I3 `tests/unit/test_register.py`, `tests/unit/test_exports.py`; I4
`test_gate_stops_an_illegal_flight.py`, `tests/unit/test_preflight.py`; I6 also
`test_test_before_fly.py`; I9 also `tests/wire/test_closed_logs.py` and
`tests/unit/test_audit_chain.py`; I10 `test_learn_from_one_case_and_audit.py`; I12
`tests/unit/test_standoff.py`, `tests/wire/test_hold.py`; I15 `test_no_form_twice.py`,
`tests/unit/test_exports.py`.
"""

from __future__ import annotations

import enum
import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ground_station.alerts import AlertState
from ground_station.announcements import AnnouncementState
from ground_station.casework.citizens import ReportState
from ground_station.casework.dispatches import DispatchState
from ground_station.casework.notices import NoticeState
from ground_station.casework.states import CaseState
from ground_station.casework.whistles import WhistleState
from ground_station.shifts.shift import ShiftState
from ground_station.words.versions import VersionState
from missions.register import load_register
from patrol.sighting import Sighting, Stage
from tests.stories.centre_subjects import CASE, DISPATCH, NOTICE, REPORT, WHISTLE
from tests.stories.sighting_subjects import ALERTED_SIGHTING, SIGHTING
from tests.stories.subjects import ALERT, ANNOUNCEMENT, SHIFT, SORTIE_SIGNATURES, VERSION
from tests.stories.walks import Subject, Try, drawn, tries, walk
from tests.unit.test_effect import a_look
from vision.crowd import CrowdRules, GatheringWatch

SUBJECTS: dict[str, Subject[Any]] = {
    "alert": ALERT, "announcement": ANNOUNCEMENT, "case": CASE, "dispatch": DISPATCH,
    "citizen report": REPORT, "whistle": WHISTLE, "notice": NOTICE, "shift": SHIFT,
    "template version": VERSION, "sortie signatures": SORTIE_SIGNATURES,
    "sighting": SIGHTING, "sighting with an alert": ALERTED_SIGHTING,
}  # fmt: skip
STATES: dict[str, type[enum.Enum]] = {
    "alert": AlertState, "announcement": AnnouncementState, "case": CaseState,
    "dispatch": DispatchState, "citizen report": ReportState, "whistle": WhistleState,
    "notice": NoticeState, "shift": ShiftState, "template version": VersionState,
}  # fmt: skip
WALKS, STEPS = 300, 80
REGISTER, RULES = load_register(), CrowdRules()
CROWD = [(1.2 * (number % 6), 1.2 * (number // 6)) for number in range(36)]
looks = st.tuples(
    st.integers(min_value=0, max_value=36), st.integers(min_value=1, max_value=40), st.booleans()
)


@pytest.mark.parametrize("name", SUBJECTS)
@settings(max_examples=60)
@given(steps=st.lists(tries, max_size=60), is_exercise=st.booleans())
def test_whoever_tries_what_at_any_time_what_must_hold_holds(
    name: str, steps: list[Try], is_exercise: bool
) -> None:
    walk(SUBJECTS[name], steps, is_exercise=is_exercise)


@pytest.mark.parametrize("name", sorted(STATES))
def test_lawful_walks_reach_every_state_that_there_is(name: str) -> None:
    """Else what must hold would hold because nothing ever happens."""
    chooser = random.Random(1)  # noqa: S311  # the same walks again, nothing secret
    reached: set[object] = set()
    for _ in range(WALKS):
        steps = [drawn(chooser) for _ in range(STEPS)]
        forms = walk(SUBJECTS[name], steps, is_exercise=False)
        reached |= {form.state for form in forms}
    assert reached == set(STATES[name]), set(STATES[name]) - reached


@given(st.lists(looks, max_size=120))
def test_a_crowd_is_raised_once_in_the_re_alarm_time_and_never_of_looks_that_are_not_valid(
    seen: list[tuple[int, int, bool]],
) -> None:
    watch = GatheringWatch(rules=RULES, locator=REGISTER, sortie="M-1-S01")
    at_s, raised = 0.0, list[Sighting]()
    for people, after_s, is_valid in seen:
        at_s += after_s
        look = a_look(at_s, CROWD[:people], is_valid=is_valid, is_in_view=True)
        found = watch.see(look)
        assert is_valid or found == []  # I8: it neither raises nor clears
        for one in found:
            assert one.count.low <= one.count.estimate <= one.count.high  # I13
        raised += [one for one in found if one.stage is Stage.RAISED]
    times = [one.time_utc for one in raised]
    again = timedelta(seconds=RULES.re_alarm_s)
    assert all(later - earlier >= again for earlier, later in zip(times, times[1:], strict=False))
    assert all(one.count.low >= RULES.n_raise for one in raised)


@given(people=st.integers(min_value=0, max_value=36))
def test_a_look_that_is_not_valid_is_not_an_empty_place(people: int) -> None:
    watch = GatheringWatch(rules=RULES, locator=REGISTER, sortie="M-1-S01")
    for second in range(0, 40, 2):
        watch.see(a_look(float(second), CROWD, is_valid=True, is_in_view=True))
    blind = a_look(41.0, CROWD[:people], is_valid=False, is_in_view=True)
    for after_s in (0, 99):
        at_utc = blind.captured_utc + timedelta(seconds=after_s)
        assert watch.see(replace(blind, captured_utc=at_utc)) == []
