"""Whatever the papers say, every rule ends in a sentence, and what is missing never passes."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from missions.application import application_sheet
from missions.clearance import clear
from missions.clearance_facts import ClearanceFacts
from missions.law import AircraftClass, Outcome, load_law
from missions.papers import (
    AircraftPapers,
    Link,
    Organisation,
    Papers,
    Permit,
    PermitKind,
    PilotPapers,
    RemoteId,
)
from missions.permits import with_airspace
from patrol.cause import Role
from patrol.plan import Level
from tests.ground_core import MORNING, a_plan
from tests.unit.test_clearance import CREW, DRONE, LIVE, SKY, UNIT, cleared, papers, stopping

LAW = load_law()
words = st.sampled_from((None, "", "甲", "A-1"))
figures = st.one_of(st.none(), st.floats(0.0, 200.0))
truths = st.sampled_from((None, True, False))
days = st.one_of(st.none(), st.dates(date(2026, 11, 1), date(2026, 12, 31)))
KINDS: dict[str, st.SearchStrategy[Any]] = {
    "str | None": words, "float | None": figures, "bool | None": truths, "date | None": days,
    "Link | None": st.sampled_from((None, *Link)),
    "RemoteId | None": st.sampled_from((None, *RemoteId)),
    "tuple[AircraftClass, ...]": st.sampled_from(((), tuple(AircraftClass))),
}  # fmt: skip
# Without these nobody knows whether a light aircraft may fly; the rest is for the sheet alone.
NEEDED = (
    "registration_no", "product_id", "empty_mass_kg", "payload_mass_kg", "max_takeoff_kg",
    "max_speed_km_h", "has_lights", "remote_id", "link", "drops_or_dangerous_goods",
    "from_moving_vehicle", "distributed_or_swarm",
)  # fmt: skip


def some(kind: type[Any], **fixed: Any) -> st.SearchStrategy[Any]:
    """Papers of a kind with anything in them, or nothing."""
    drawn = {
        one.name: KINDS[str(one.type)] for one in fields(kind) if one.name not in fixed
    }  # fmt: skip
    return st.builds(kind, **drawn, **{name: st.just(value) for name, value in fixed.items()})


permits = st.builds(
    Permit,
    permit_id=st.sampled_from(("P-1", "P-2")), kind=st.sampled_from(PermitKind),
    reasons=st.lists(st.sampled_from(("31.2.1", "31.2.3", "19", "26", "61"))).map(tuple),
    from_utc=st.just(MORNING - timedelta(hours=1)), to_utc=st.just(MORNING + timedelta(hours=2)),
    max_height_agl_m=st.floats(0.0, 150.0), grids=st.sampled_from(((), ("440512",))),
    decided_utc=st.sampled_from((None, MORNING)), report_ref=words,
    report_day=days,
)  # fmt: skip
units = st.builds(
    Papers,
    sha256=st.just("ab"), is_exercise=st.booleans(), organisation=some(Organisation),
    aircraft=some(AircraftPapers, name="GP-1").map(lambda one: {one.name: one}),
    pilots=some(PilotPapers, person="Hong").map(lambda one: {one.person: one}),
    permits=st.lists(permits, max_size=2).map(tuple),
)  # fmt: skip
asked = st.builds(
    ClearanceFacts,
    plan=st.sampled_from((LIVE, a_plan())), aircraft_name=st.sampled_from(("GP-1", "GP-9")),
    papers=st.one_of(st.none(), units), airspace=st.sampled_from((None, SKY)),
    takeoff_utc=st.integers(-48, 48).map(lambda hours: MORNING + timedelta(hours=hours)),
    asked_utc=st.just(MORNING), pilot=st.sampled_from(("", "Hong", "Guo")),
    crew=st.sampled_from((None, {}, {Role.PILOT: "Hong"}, CREW)), is_launch=st.booleans(),
)  # fmt: skip


@settings(deadline=None)
@given(asked)
def test_every_rule_ends_in_a_whole_sentence_and_every_stop_is_a_finding(
    facts: ClearanceFacts,
) -> None:
    facts = with_airspace(facts)
    made = clear(facts, LAW)
    assert [one.rule_id for one in made.answers] == [rule.rule_id for rule in LAW.rules]
    for one in made.answers:
        assert one.text, one.rule_id
        assert not {"{", "}"} & set(one.text + one.text_zh), one
        assert "None" not in one.text + one.text_zh, one
    stops = [one.rule_id for one in made.answers if one.outcome is Outcome.STOP]
    assert stops == stopping(made)
    assert made.is_cleared is not bool(stops)
    assert all(one.article for one in made.findings)
    assert len(application_sheet(facts, made, LAW)) == len(LAW.sheet)


@given(st.sets(st.sampled_from(NEEDED), min_size=1))
def test_whatever_is_missing_a_live_flight_is_stopped(lacking: set[str]) -> None:
    given_nothing: dict[str, Any] = dict.fromkeys(lacking)
    made = cleared(papers(replace(DRONE, **given_nothing)))
    assert not made.is_cleared
    # More papers never make it worse: what stops with all of them would stop with these, too.
    assert set(stopping(cleared(papers(DRONE, UNIT)))) <= set(stopping(made))
    assert all(one.level is not Level.STOP or one.text_zh for one in made.findings)
