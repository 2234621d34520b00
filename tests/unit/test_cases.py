"""Cases: tier, owner and clocks from the verdict, and the closed loop's rules."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ground_station.alert_levels import AlertLevel
from ground_station.alerts import AlertEvent, CrowdAlert
from ground_station.case_numbers import CaseSource
from ground_station.case_rules import CASE_RULES_FILE, case_from_alert, read_case_rules
from ground_station.casework.case import Case
from ground_station.casework.items import read_items
from ground_station.casework.states import CaseEvent, CaseState, Severity
from ground_station.casework.steps import Given, advance
from ground_station.owners import Tier, read_responsibility
from patrol.cause import Cause, Role
from patrol.errors import ConfigError, NotPermitted, Refused
from patrol.sighting import Count, SightingKind, poisson_count
from tests.ground_core import (
    DISPATCHER,
    GRID,
    REGISTRAR,
    SYSTEM,
    an_alert,
    an_observed_alert,
    holding,
    later,
)

E, S = CaseEvent, CaseState
RULES = read_case_rules()
TABLE = read_responsibility()
HEAD = holding("Guo", Role.COMMUNITY)
SUPERVISOR = Cause(actor="Ma", role=Role.SUPERVISOR)
NAMES = {"440512001003": "达埠社区", GRID: "第四网格"}


def filed(alert: CrowdAlert, latest: Count) -> Case:
    case = case_from_alert(
        alert, at_utc=later(700), latest=latest, rules=RULES, table=TABLE, names=NAMES
    )
    return replace(case, case_no="HJ20261124X001000011")


def persisting(people: float = 28.0) -> Case:
    return filed(an_observed_alert(AlertEvent.PERSIST, people), poisson_count(people))


def at_work() -> Case:
    return advance(
        advance(persisting(), E.DISPATCH, SYSTEM, later(701)), E.ACCEPT, HEAD, later(800)
    )


def test_a_dispersed_gathering_is_a_minor_record_in_the_small_grid() -> None:
    case = filed(an_observed_alert(AlertEvent.DISPERSE), poisson_count(4.0))
    assert (case.severity, case.tier) == (Severity.MINOR, Tier.SMALL)
    assert case.accept_due_utc - case.filed_utc == timedelta(minutes=15)
    assert case.due_utc - case.filed_utc == timedelta(hours=2)
    assert case.is_record_only
    assert case.description.startswith("Exercise. Gathering in 第四网格: 28 (18-38) people")
    closed = advance(case, E.CLOSE_RECORD, REGISTRAR, later(800))
    assert (closed.state, closed.closed_by) == (S.CLOSED, "Chen")


def test_a_persisting_one_goes_to_the_community_with_its_clock() -> None:
    case = persisting()
    assert (case.severity, case.tier) == (Severity.ORDINARY, Tier.MIDDLE)
    assert case.owner.unit == "达埠社区居委会（演练）"
    assert case.owner.person
    assert case.owner.code == "440512001003"
    assert case.accept_due_utc - case.filed_utc == timedelta(minutes=30)
    assert case.due_utc - case.filed_utc == timedelta(hours=24)
    assert case.source is CaseSource.EXERCISE


@pytest.mark.parametrize(("people", "tier"), [(49.0, Tier.MIDDLE), (50.0, Tier.LARGE)])
def test_fifty_people_are_a_street_matter(people: float, tier: Tier) -> None:
    assert persisting(people).tier is tier


def test_a_red_alert_is_a_street_matter() -> None:
    red = replace(an_observed_alert(AlertEvent.PERSIST), level=AlertLevel.RED)
    case = filed(red, poisson_count(20.0))
    assert (case.severity, case.tier) == (Severity.MAJOR, Tier.LARGE)
    assert case.owner.unit == "达濠街道办事处（演练）"


@pytest.mark.parametrize(
    ("level", "severity", "tier"),
    [
        (AlertLevel.AMBER, Severity.MINOR, Tier.SMALL),
        (AlertLevel.RED, Severity.MAJOR, Tier.LARGE),
        (AlertLevel.CRITICAL, Severity.CRITICAL, Tier.DISTRICT),
    ],
)
def test_the_level_weighs_more_than_that_it_eased_in_the_end(
    level: AlertLevel, severity: Severity, tier: Tier
) -> None:
    eased = replace(an_observed_alert(AlertEvent.DISPERSE), level=level)
    case = filed(eased, poisson_count(2.0))
    assert (case.severity, case.tier, case.is_record_only) == (
        severity, tier, severity is Severity.MINOR
    )  # fmt: skip


@pytest.mark.parametrize("kind", list(SightingKind))
def test_a_case_says_of_what_kind_its_crowd_was(kind: SightingKind) -> None:
    seen = replace(an_observed_alert(AlertEvent.PERSIST), kind=kind, density_high_per_m2=3.64)
    case = filed(seen, poisson_count(28.0))
    assert case.kind == kind.value
    assert read_items().get(case.kind).zh[:2] in case.description_zh
    assert "up to 3.6 a square metre" in case.description


def test_outside_every_grid_the_district_answers() -> None:
    lost = replace(an_observed_alert(AlertEvent.PERSIST), grid_code=None)
    case = filed(lost, poisson_count(20.0))
    assert case.tier is Tier.DISTRICT
    assert case.owner.person


def test_an_invalid_last_look_does_not_become_zero_people() -> None:
    blind = Count(low=0.0, estimate=0.0, high=5.0, is_valid=False, reason="fog")
    case = filed(an_observed_alert(AlertEvent.PERSIST), blind)
    assert (case.count.estimate, case.count.is_valid) == (28.0, False)
    assert case.severity is Severity.ORDINARY
    assert "not observed at the end; 28 (18-38) when raised" in case.description
    assert "结束时未观察到，告警时28" in case.description_zh


def test_at_a_special_site_it_is_a_street_matter() -> None:
    case = case_from_alert(
        an_observed_alert(AlertEvent.PERSIST), at_utc=later(700), latest=poisson_count(20.0),
        rules=RULES, table=TABLE, is_special_site=True,
    )  # fmt: skip
    assert (case.severity, case.tier) == (Severity.MAJOR, Tier.LARGE)


def test_nobody_who_had_the_case_in_hand_checks_it() -> None:
    first = replace(HEAD, actor="Ma")
    case = advance(persisting(), E.DISPATCH, SYSTEM, later(701))
    case = advance(case, E.ACCEPT, first, later(800))
    case = advance(case, E.FEED_BACK, HEAD, later(900), Given(reason="they have left"))
    case = advance(case, E.CHECK, DISPATCHER, later(901))
    assert case.handlers == ("Ma", "Guo")
    for handler in ("Ma", "Guo"):
        with pytest.raises(Refused, match="another person checks"):
            advance(
                case,
                E.CLOSE,
                replace(SUPERVISOR, actor=handler),
                later(902),
                Given(is_reporter_told=True),
            )


def test_an_exercise_table_owns_no_live_case() -> None:
    live = replace(an_observed_alert(AlertEvent.PERSIST), is_exercise=False)
    with pytest.raises(Refused, match="exercise"):
        filed(live, poisson_count(20.0))


def test_an_exercise_case_cannot_carry_a_live_letter() -> None:
    with pytest.raises(ValueError, match="letter X"):
        replace(persisting(), source=CaseSource.UAV)


def test_a_case_without_an_owner_cannot_be() -> None:
    case = persisting()
    with pytest.raises(ValueError, match="owner"):
        replace(case, owner=replace(case.owner, person=" "))


def test_a_dismissed_alert_files_nothing() -> None:
    from ground_station.alerts import advance as advance_alert

    dismissed = advance_alert(an_alert(), AlertEvent.DISMISS, REGISTRAR, later(5), reason="queue")
    with pytest.raises(Refused, match="nothing to file"):
        filed(dismissed, poisson_count(20.0))


def test_the_loop_closes_by_another_person_after_the_reporter_was_told() -> None:
    case = advance(at_work(), E.FEED_BACK, HEAD, later(900), Given(reason="all went home"))
    case = advance(case, E.CHECK, DISPATCHER, later(910))
    with pytest.raises(NotPermitted):
        advance(case, E.CLOSE, HEAD, later(920), Given(is_reporter_told=True))
    same_person = Cause(actor="Guo", role=Role.SUPERVISOR)
    with pytest.raises(Refused, match="another person"):
        advance(case, E.CLOSE, same_person, later(920), Given(is_reporter_told=True))
    with pytest.raises(Refused, match="reporter"):
        advance(case, E.CLOSE, SUPERVISOR, later(920))
    closed = advance(case, E.CLOSE, SUPERVISOR, later(920), Given(is_reporter_told=True))
    assert (closed.state.zh, closed.feedback) == ("结案", "all went home")
    assert not closed.is_open


def test_an_escalated_case_has_the_next_tiers_owner_and_clock() -> None:
    case, at = at_work(), later(90_000)
    street = TABLE.owner(grid_code=GRID, tier=Tier.LARGE, for_exercise=True)
    with pytest.raises(Refused, match="LARGE"):
        advance(case, E.ESCALATE, SYSTEM, at, Given(reason="overdue"))
    accept_due_utc, due_utc = RULES.due(Tier.LARGE, at)
    up = advance(
        case, E.ESCALATE, SYSTEM, at,
        Given(
            reason="overdue", owner=street, accept_due_utc=accept_due_utc, due_utc=due_utc
        ),
    )  # fmt: skip
    assert (up.state, up.tier, up.owner) == (S.ESCALATED, Tier.LARGE, street)
    assert up.accept_due_utc - at == timedelta(minutes=5)
    again = advance(up, E.DISPATCH, SYSTEM, at)
    assert (again.state, again.owner.unit) == (S.DISPATCHED, "达濠街道办事处（演练）")


def test_overdue_is_told_in_world_time() -> None:
    case = advance(persisting(), E.DISPATCH, SYSTEM, later(701))
    assert case.overdue(case.accept_due_utc) == ""
    assert case.overdue(case.accept_due_utc + timedelta(seconds=1)) == "accept"
    accepted = advance(case, E.ACCEPT, HEAD, later(800))
    assert accepted.overdue(case.accept_due_utc + timedelta(seconds=1)) == ""
    assert accepted.overdue(case.due_utc + timedelta(seconds=1)) == "handle"


def test_a_real_matter_is_not_closed_as_a_record() -> None:
    with pytest.raises(Refused, match="has to be handled"):
        advance(persisting(), E.CLOSE_RECORD, REGISTRAR, later(800))


def test_a_wrong_dispatch_comes_back_with_a_reason_and_keeps_an_owner() -> None:
    case = advance(persisting(), E.DISPATCH, SYSTEM, later(701))
    with pytest.raises(Refused, match="reason"):
        advance(case, E.RETURN, HEAD, later(710))
    returned = advance(case, E.RETURN, HEAD, later(710), Given(reason="not our grid"))
    assert returned.owner.person
    assert advance(returned, E.DISPATCH, DISPATCHER, later(711)).state is S.DISPATCHED


def test_a_closed_case_reopens_for_seven_days() -> None:
    record = filed(an_observed_alert(AlertEvent.DISPERSE), poisson_count(4.0))
    closed = advance(record, E.CLOSE_RECORD, REGISTRAR, later(800))
    again = advance(closed, E.REOPEN, SUPERVISOR, later(900), Given(reason="they are back"))
    assert again.is_open
    late = later(800 + 8 * 86_400)
    with pytest.raises(Refused, match="7 days"):
        advance(closed, E.REOPEN, SUPERVISOR, late, Given(reason="they are back"))


@pytest.mark.parametrize("tier", list(Tier))
@pytest.mark.parametrize("code", [GRID, "44051200100300401", "440512099", "440512T3", "", None])
def test_every_place_has_an_owner_at_every_tier(code: str | None, tier: Tier) -> None:
    owner = TABLE.owner(grid_code=code, tier=tier, for_exercise=True)
    assert owner.unit
    assert owner.person
    assert "演练" in owner.unit


def test_wrong_rules_are_told_at_the_start(tmp_path: Path) -> None:
    body = json.loads(CASE_RULES_FILE.read_text(encoding="utf-8"))
    del body["clocks"]["LARGE"]
    path = tmp_path / "rules.json"
    path.write_text(json.dumps(body), encoding="utf-8")
    with pytest.raises(ConfigError, match="LARGE"):
        read_case_rules(path)
