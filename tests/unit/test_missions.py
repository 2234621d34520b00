"""A mission walks the table of DOMAIN 5.3 and no other way, whoever asks for what."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ground_station.mission_following import followed
from ground_station.patrol_missions import (
    MISSION_MACHINE,
    OPEN,
    MissionEvent,
    MissionState,
    Origin,
    PatrolMission,
    advance,
    day_of,
    open_mission,
)
from ground_station.sorties import Signature, SortieRecord, SortieState
from ground_station.store.codec import decode, encode
from patrol.cause import Cause, Role
from patrol.errors import NotPermitted, Refused
from tests.ground_core import (
    LEADER,
    MORNING,
    OPERATOR,
    PILOT,
    REGISTRAR,
    SYSTEM,
    a_plan,
    a_sortie,
    later,
)

ENDS = (SortieState.LANDED, SortieState.ABORTED)
FINAL = (MissionState.CLOSED, MissionState.CANCELLED)
causes = st.builds(
    Cause,
    actor=st.sampled_from(("Huang", "Zheng", "Chen")),
    role=st.sampled_from([role for role in Role if role is not Role.NONE]),
)


def drafted() -> PatrolMission:
    return open_mission(a_plan(), aircraft="GP-1", findings=(), cause=LEADER, origin=Origin())


def planned() -> PatrolMission:
    return advance(drafted(), MissionEvent.PLAN, LEADER, later(1))


def cleared() -> PatrolMission:
    return advance(planned(), MissionEvent.CLEAR, LEADER, later(2))


def record(
    state: SortieState, *, number: int = 1, is_flown: bool = True, index: int = 4
) -> SortieRecord:
    return replace(
        a_sortie(state), sortie_id=f"P-1-S{number:02d}", waypoint_index=index, waypoint_total=4,
        takeoff_utc=later(10) if is_flown else None,
    )  # fmt: skip


def signed(sortie: SortieRecord) -> SortieRecord:
    names = tuple(
        Signature(person=cause.actor, role=cause.role, signed_utc=later(900))
        for cause in (PILOT, REGISTRAR)
    )
    return replace(sortie, signatures=names)


def active() -> PatrolMission:
    launched = followed(
        cleared(), record(SortieState.PREFLIGHT, is_flown=False), PILOT, later(5),
        is_every_log_closed=False,
    )  # fmt: skip
    return followed(
        launched, record(SortieState.AIRBORNE), SYSTEM, later(9), is_every_log_closed=False
    )


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(list(MissionEvent)), causes, st.booleans()), max_size=14))
def test_whatever_is_asked_of_it_a_mission_keeps_to_its_table(
    asked: list[tuple[MissionEvent, Cause, bool]],
) -> None:
    mission = drafted()
    for event, cause, has_reason in asked:
        before = mission
        try:
            mission = advance(mission, event, cause, later(9), "because" if has_reason else " ")
        except Refused:
            assert mission is before
            continue
        assert before.state not in FINAL, "what is over stays as it is"
        assert cause.role in MISSION_MACHINE.roles(event)
        assert mission.steps[:-1] == before.steps, "steps are only added"
        assert mission.steps[-1].by == cause.actor
        if mission.state in (MissionState.CANCELLED, MissionState.ABORTED):
            assert mission.steps[-1].reason or before.state is mission.state
        assert decode(PatrolMission, encode(mission)) == mission


class Sorties(RuleBasedStateMachine):
    """Several launches of one mission, each its own way to its end."""

    def __init__(self) -> None:
        super().__init__()
        self.mission, self.records = cleared(), dict[str, SortieRecord]()

    @property
    def latest(self) -> SortieRecord | None:
        return next(reversed(self.records.values()), None)

    def save(self, sortie: SortieRecord, cause: Cause) -> None:
        known = self.records | {sortie.sortie_id: sortie}
        is_every_log_closed = all(one.state is SortieState.CLOSED for one in known.values())
        self.mission = followed(
            self.mission, sortie, cause, later(20), is_every_log_closed=is_every_log_closed
        )
        self.records = known

    @rule()
    def launch(self) -> None:
        if self.latest is not None and self.latest.state is SortieState.PREFLIGHT:
            return  # the aircraft has one sortie in hand
        sortie = record(
            SortieState.PREFLIGHT, number=len(self.records) + 1, is_flown=False, index=0
        )
        was, count = self.mission.state, len(self.mission.sorties)
        try:
            self.save(sortie, PILOT)
        except Refused:
            assert was is not MissionState.CLEARED
            return
        assert was is MissionState.CLEARED
        assert len(self.mission.sorties) == count + 1

    @precondition(lambda self: self.latest and self.latest.state is SortieState.PREFLIGHT)
    @rule(is_flown=st.booleans(), index=st.integers(0, 4))
    def end(self, *, is_flown: bool, index: int) -> None:
        assert self.latest is not None
        state = SortieState.LANDED if is_flown else SortieState.ABORTED
        takeoff_utc = later(10) if is_flown else None
        ended = replace(self.latest, state=state, takeoff_utc=takeoff_utc, waypoint_index=index)
        self.save(ended, SYSTEM)
        if is_flown:
            assert self.mission.state is MissionState.LANDED
            assert (self.mission.break_point is None) == (index == 4)
        else:
            assert self.mission.state is MissionState.CLEARED, "it may be launched again"

    @precondition(lambda self: any(one.state in ENDS for one in self.records.values()))
    @rule()
    def sign(self) -> None:
        sortie = next(one for one in self.records.values() if one.state in ENDS)
        self.save(signed(replace(sortie, state=SortieState.CLOSED)), REGISTRAR)

    @invariant()
    def is_closed_only_with_every_log(self) -> None:
        if self.mission.state is MissionState.CLOSED:
            assert all(one.state is SortieState.CLOSED for one in self.records.values())
        if any(one.takeoff_utc for one in self.records.values()):
            assert self.mission.state in (MissionState.LANDED, MissionState.CLOSED)


TestSorties = Sorties.TestCase
TestSorties.settings = settings(max_examples=40, stateful_step_count=12)


def test_a_plan_that_something_stops_is_a_draft_until_it_is_approved() -> None:
    assert drafted().state is MissionState.DRAFT
    with pytest.raises(Refused, match="clear is not possible"):
        advance(drafted(), MissionEvent.CLEAR, LEADER, later(1))
    assert cleared().state is MissionState.CLEARED
    assert [step.event.value for step in cleared().steps] == ["plan", "clear"]


def test_it_is_under_way_from_take_off_by_the_name_of_whoever_launched_it() -> None:
    mission = active()
    assert mission.state is MissionState.ACTIVE
    last = mission.steps[-1]
    assert (last.event, last.by, last.role) == (MissionEvent.TAKE_OFF, "Huang", Role.PILOT)


def test_an_abort_is_the_pilots_and_a_leader_asks_for_it_with_a_reason() -> None:
    asked = advance(active(), MissionEvent.ASK_ABORT, LEADER, later(30), "a fair")
    assert asked.state is MissionState.ACTIVE
    assert asked.abort_asked is not None
    assert (asked.abort_asked.by, asked.abort_asked.reason) == ("Zheng", "a fair")
    with pytest.raises(NotPermitted):
        advance(asked, MissionEvent.ABORT, LEADER, later(31), "a fair")
    with pytest.raises(Refused, match="needs a reason"):
        advance(asked, MissionEvent.ABORT, PILOT, later(31), " ")
    aborted = advance(asked, MissionEvent.ABORT, PILOT, later(31), "a fair")
    landed = followed(
        aborted, record(SortieState.LANDED, index=2), SYSTEM, later(90), is_every_log_closed=False
    )
    assert landed.state is MissionState.ABORTED, "that it landed does not undo it"
    assert landed.break_point is not None
    closed = followed(
        landed, signed(record(SortieState.CLOSED, index=2)), REGISTRAR, later(99),
        is_every_log_closed=True,
    )  # fmt: skip
    assert closed.state is MissionState.CLOSED


def test_what_is_flown_or_over_is_not_cancelled_and_nobody_else_may() -> None:
    with pytest.raises(Refused, match="cancel is not possible"):
        advance(active(), MissionEvent.CANCEL, LEADER, later(9), "rain")
    with pytest.raises(NotPermitted):
        advance(planned(), MissionEvent.CANCEL, OPERATOR, later(9), "rain")
    gone = advance(planned(), MissionEvent.CANCEL, PILOT, later(9), "rain")
    assert gone.state is MissionState.CANCELLED
    assert gone.state not in OPEN


def test_what_was_launched_is_not_given_up_before_its_launch_has_ended() -> None:
    launched = followed(
        cleared(), record(SortieState.PREFLIGHT, is_flown=False), PILOT, later(5),
        is_every_log_closed=False,
    )  # fmt: skip
    for event, cause in ((MissionEvent.CANCEL, LEADER), (MissionEvent.EXPIRE, SYSTEM)):
        with pytest.raises(Refused, match="call the aircraft home instead"):
            advance(launched, event, cause, later(9), "rain")
    ended = followed(
        launched, record(SortieState.ABORTED, is_flown=False), SYSTEM, later(9),
        is_every_log_closed=False,
    )  # fmt: skip
    assert advance(ended, MissionEvent.CANCEL, LEADER, later(9), "rain").state in FINAL


def test_a_day_is_a_day_in_shanghai() -> None:
    assert day_of(datetime(2026, 11, 24, 15, 59, tzinfo=UTC)) == "2026-11-24"
    assert day_of(datetime(2026, 11, 24, 16, 0, tzinfo=UTC)) == "2026-11-25"
    assert drafted().day == day_of(MORNING)
