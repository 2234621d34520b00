"""What may happen to an alert, and what may not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ground_station.alarms import (
    GatheringEvent,
    displaced_from,
    raise_alert,
    relapsed_from,
    same_crowd,
)
from ground_station.alert_levels import AlertLevel
from ground_station.alerts import (
    ALERT_MACHINE,
    AlertEvent,
    AlertState,
    CrowdAlert,
    Outcome,
    advance,
    renotify_due,
)
from ground_station.legal import EXERCISE_LEGAL_BASIS_FILE, LegalBook, read_legal_bases
from patrol.cause import Cause, Role
from patrol.errors import NotPermitted, Refused
from patrol.geo import offset
from tests.ground_core import (
    ANNOUNCER,
    LEADER,
    OPERATOR,
    PLACE,
    REGISTRAR,
    SYSTEM,
    a_sighting,
    an_alert,
    an_observed_alert,
    later,
)
from vision.crowd_rules import CrowdRules

E, S = AlertEvent, AlertState


def test_a_gathering_without_an_order_is_an_event_and_not_an_alarm() -> None:
    raised = raise_alert(
        a_sighting(), alert_id="A-1", legal=LegalBook(), rules=CrowdRules(), grid_name="",
        register_version="1", is_exercise=True,
    )  # fmt: skip
    assert isinstance(raised, GatheringEvent)
    assert raised.level is AlertLevel.ADVISORY


def test_an_exercise_order_raises_no_live_alarm() -> None:
    raised = raise_alert(
        a_sighting(), alert_id="A-1", legal=read_legal_bases(EXERCISE_LEGAL_BASIS_FILE),
        rules=CrowdRules(), grid_name="", register_version="1", is_exercise=False,
    )  # fmt: skip
    assert isinstance(raised, GatheringEvent)


def test_an_invalid_count_raises_nothing() -> None:
    with pytest.raises(Refused, match="fog"):
        raise_alert(
            a_sighting(is_valid=False), alert_id="A-1",
            legal=read_legal_bases(EXERCISE_LEGAL_BASIS_FILE), rules=CrowdRules(), grid_name="",
            register_version="1", is_exercise=True,
        )  # fmt: skip


def test_an_alert_carries_the_order_it_rests_on_and_its_register() -> None:
    alert = an_alert()
    assert (alert.legal_basis_id, alert.register_version) == ("LB-EX-1", "sample-1")
    assert alert.count.low <= alert.count.estimate <= alert.count.high


def test_the_story_goes_from_raised_to_closed() -> None:
    alert = an_observed_alert(E.DISPERSE)
    assert alert.outcome is Outcome.DISPERSED
    filed = advance(alert, E.FILE, SYSTEM, later(101), case_no="HJ20261124X001000011")
    assert filed.state is S.DISPERSED
    closed = advance(filed, E.CLOSE, REGISTRAR, later(120))
    assert closed.state is S.CLOSED
    assert closed.acknowledged_by == "Wu"
    assert closed.case_no


def test_a_persisting_crowd_is_escalated_by_the_rule() -> None:
    alert = an_observed_alert(E.PERSIST)
    escalated = advance(alert, E.ESCALATE, SYSTEM, later(700), case_no="HJ20261124X001000011")
    assert escalated.state is S.ESCALATED
    assert escalated.outcome is Outcome.PERSISTING


def test_the_second_play_is_observed_again() -> None:
    alert = advance(an_alert(), E.ACKNOWLEDGE, OPERATOR, later(5))
    for play in (1, 2):
        alert = advance(alert, E.ANNOUNCE, ANNOUNCER, later(play), announcement_id=f"B-{play}")
        alert = advance(alert, E.PLAY_ENDED, SYSTEM, later(play))
    assert alert.state is S.OBSERVING
    assert alert.announcement_ids == ("B-1", "B-2")
    assert alert.played_count == 2


def test_a_failed_first_play_leaves_the_alert_acknowledged() -> None:
    alert = advance(an_alert(), E.ACKNOWLEDGE, OPERATOR, later(5))
    alert = advance(alert, E.ANNOUNCE, ANNOUNCER, later(6), announcement_id="B-1")
    failed = advance(alert, E.PLAY_FAILED, SYSTEM, later(7), reason="speaker away")
    assert failed.state is S.ACKNOWLEDGED


def test_a_failed_second_play_leaves_the_first_ones_observation() -> None:
    alert = replace(an_alert(), state=S.ANNOUNCING, played_count=1)
    failed = advance(alert, E.PLAY_FAILED, SYSTEM, later(7), reason="speaker away")
    assert failed.state is S.OBSERVING


def test_a_refusal_says_the_state_and_what_is_possible() -> None:
    with pytest.raises(Refused, match=r"is RAISED: announce .*possible here: acknowledge"):
        advance(an_alert(), E.ANNOUNCE, ANNOUNCER, later(1), announcement_id="B-1")


def test_the_wrong_role_is_told_which_is_needed() -> None:
    with pytest.raises(NotPermitted, match="OPER or REG or LEAD"):
        advance(an_alert(), E.ACKNOWLEDGE, ANNOUNCER, later(1))


def test_a_dismissal_needs_a_reason() -> None:
    with pytest.raises(Refused, match="reason"):
        advance(an_alert(), E.DISMISS, REGISTRAR, later(1))
    dismissed = advance(an_alert(), E.DISMISS, REGISTRAR, later(1), reason="scooters")
    assert dismissed.dismissed_reason == "scooters"


def test_an_automatic_operator_acts_in_an_exercise_only() -> None:
    robot = Cause(actor="auto-operator", role=Role.OPERATOR, is_automatic=True)
    assert advance(an_alert(), E.ACKNOWLEDGE, robot, later(1)).acknowledged_by == "auto-operator"
    with pytest.raises(Refused, match="only in an exercise"):
        advance(an_alert(is_exercise=False), E.ACKNOWLEDGE, robot, later(1))


def test_nobody_in_particular_cannot_acknowledge() -> None:
    with pytest.raises(Refused, match="name of the person"):
        advance(an_alert(), E.ACKNOWLEDGE, Cause(actor=" ", role=Role.OPERATOR), later(1))


def test_the_system_escalates_by_itself_only_what_is_critical() -> None:
    with pytest.raises(NotPermitted):
        advance(an_alert(), E.ESCALATE, SYSTEM, later(1), case_no="HJ1")
    critical = replace(an_alert(), level=AlertLevel.CRITICAL)
    assert advance(critical, E.ESCALATE, SYSTEM, later(1), case_no="HJ1").state is S.ESCALATED


def test_an_escalation_needs_its_case() -> None:
    with pytest.raises(Refused, match="case number"):
        advance(an_alert(), E.ESCALATE, LEADER, later(1))


def test_the_leader_and_then_the_centre_are_told_when_nobody_acknowledges() -> None:
    alert = an_alert()
    assert not renotify_due(alert, later(59))
    assert renotify_due(alert, later(60))
    alert = advance(alert, E.RENOTIFY, SYSTEM, later(60))
    assert not renotify_due(alert, later(179))
    assert renotify_due(alert, later(180))
    assert not renotify_due(advance(alert, E.RENOTIFY, SYSTEM, later(180)), later(9999))


def test_the_same_crowd_is_not_raised_twice() -> None:
    alert, sighting = an_alert(), a_sighting()
    assert same_crowd([alert], sighting) is alert
    assert same_crowd([alert], replace(sighting, time_utc=later(900))) is alert
    dismissed = advance(alert, E.DISMISS, OPERATOR, later(10), reason="scooters")
    assert same_crowd([dismissed], replace(sighting, time_utc=later(299))) is dismissed
    assert same_crowd([dismissed], replace(sighting, time_utc=later(301))) is None
    # An hour before it was raised: the clock was set back, and the alert is as old as it was.
    assert same_crowd([dismissed], replace(sighting, time_utc=later(-3600))) is None
    assert same_crowd([dismissed], replace(sighting, time_utc=later(-20))) is dismissed
    elsewhere = replace(sighting, place=offset(sighting.place, east_m=60.0, north_m=0.0))
    assert same_crowd([alert], elsewhere) is None


def test_a_crowd_that_is_back_within_half_an_hour_is_a_relapse() -> None:
    alert = an_observed_alert(E.DISPERSE)
    assert relapsed_from([alert], replace(a_sighting(), time_utc=later(1000))) is alert
    assert relapsed_from([alert], replace(a_sighting(), time_utc=later(2000))) is None


def test_a_closed_alert_goes_nowhere() -> None:
    assert ALERT_MACHINE.possible(S.CLOSED) == ()


def test_an_alert_is_never_changed_in_place() -> None:
    alert: CrowdAlert = an_alert()
    advance(alert, E.ACKNOWLEDGE, OPERATOR, later(1))
    assert alert.state is S.RAISED


@given(st.floats(0.0, 200.0), st.floats(0.0, 4000.0))
def test_a_new_crowd_is_the_old_one_back_or_moved_on_or_neither_and_never_both(
    apart_m: float, after_s: float
) -> None:
    assume(all(abs(apart_m - edge_m) > 0.5 for edge_m in (20.0, 100.0)))
    gone = an_observed_alert(AlertEvent.DISPERSE)  # at later(100)
    seen = replace(
        a_sighting(), time_utc=later(100 + after_s),
        place=offset(PLACE, east_m=0.0, north_m=apart_m),
    )  # fmt: skip
    is_soon = after_s <= 1800.0
    assert (relapsed_from([gone], seen) is not None) == (is_soon and apart_m < 20.0)
    assert (displaced_from([gone], seen) is not None) == (is_soon and 20.0 < apart_m < 100.0)
    stayed = an_observed_alert(AlertEvent.PERSIST)
    assert displaced_from([stayed], seen) is None
    assert relapsed_from([stayed], seen) is None


def test_the_half_hour_runs_from_the_verdict_whatever_is_done_with_the_alert_later() -> None:
    gone = advance(an_observed_alert(AlertEvent.DISPERSE), AlertEvent.CLOSE, REGISTRAR, later(1700))
    for after_s, is_back in ((1800.0, True), (1801.0, False)):
        seen = replace(a_sighting(), time_utc=later(100 + after_s), place=PLACE)
        assert (relapsed_from([gone], seen) is not None) == is_back
