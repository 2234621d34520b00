"""The table of rules: what is missing stops, what is a yes wants a permit that fits it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from missions.airspace import Airspace
from missions.clearance import Answer, Clearance, clear
from missions.clearance_facts import ClearanceFacts, class_of
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
from patrol.geo import Datum, Height
from patrol.plan import Level, LookHold
from tests.ground_core import MORNING, a_plan

LAW = load_law()
LIVE = replace(a_plan(), is_exercise=False)
FAR_OFF = date(2099, 12, 31)
CREW = {Role.PILOT: "Hong", Role.ANNOUNCER: "Lin", Role.REGISTRAR: "Chen"}
DRONE = AircraftPapers(
    name="GP-1", registration_no="UAS1", product_id="P1", empty_mass_kg=2.6, payload_mass_kg=0.9,
    max_takeoff_kg=4.0, max_speed_km_h=54.0, max_height_m=120.0, has_lights=True,
    remote_id=RemoteId.BUILT_IN, link=Link.RADIO, drops_or_dangerous_goods=False,
    from_moving_vehicle=False, distributed_or_swarm=False,
)  # fmt: skip
UNIT = Organisation(
    name="小分队", contact="郑 0754", certificate_no="C1", certificate_until=FAR_OFF,
    is_commercial=False, notice="公告栏",
)  # fmt: skip
PERMIT = Permit(
    permit_id="P-1", kind=PermitKind.SINGLE, reasons=("31.2.1",), grids=("440512",),
    from_utc=MORNING - timedelta(hours=1), to_utc=MORNING + timedelta(hours=2),
    max_height_agl_m=60.0, decided_utc=MORNING - timedelta(hours=12), report_ref="R-1",
)  # fmt: skip
SKY = Airspace(zones=(), source="tests", fetched_utc=MORNING - timedelta(hours=1))
QUESTIONS = ("relay", "dropping", "crowd", "vehicle", "swarm")


def drone(**changes: Any) -> AircraftPapers:
    return replace(DRONE, **changes)


def papers(
    aircraft: AircraftPapers = DRONE,
    unit: Organisation = UNIT,
    permits: tuple[Permit, ...] = (),
    pilots: tuple[PilotPapers, ...] = (),
) -> Papers:
    return Papers(
        sha256="ab", is_exercise=False, organisation=unit, aircraft={aircraft.name: aircraft},
        pilots={one.person: one for one in pilots}, permits=permits,
    )  # fmt: skip


def facts(given: Papers | None = None, **changes: Any) -> ClearanceFacts:
    made = ClearanceFacts(
        plan=LIVE, aircraft_name="GP-1", papers=given or papers(), airspace=SKY,
        takeoff_utc=MORNING, asked_utc=MORNING, crew=CREW,
    )  # fmt: skip
    return with_airspace(replace(made, **changes))


def cleared(given: Papers | None = None, **changes: Any) -> Clearance:
    return clear(facts(given, **changes), LAW)


def answer(made: Clearance, rule_id: str) -> Answer:
    return next(one for one in made.answers if one.rule_id == rule_id)


def stopping(made: Clearance) -> list[str]:
    return [one.code.removeprefix("clearance.") for one in made.findings if one.level is Level.STOP]


def test_a_light_drone_with_its_papers_flies_by_radio_in_free_airspace_without_a_permit() -> None:
    made = cleared()
    assert made.is_cleared
    assert not made.is_permit_needed
    assert made.aircraft_class is AircraftClass.LIGHT
    assert [answer(made, f"art31.{name}").is_yes for name in QUESTIONS] == [False] * 5
    assert made.law_version == LAW.version
    assert made.papers_sha256 == "ab"


def test_every_answer_says_where_it_comes_from_in_both_languages() -> None:
    for one in cleared().answers:
        if one.outcome is not Outcome.NOT_NEEDED:
            assert one.source, one.rule_id
            assert one.source_zh, one.rule_id


@pytest.mark.parametrize(
    ("member", "rule"),
    [
        ("link", "art31.relay"), ("drops_or_dangerous_goods", "art31.dropping"),
        ("from_moving_vehicle", "art31.vehicle"), ("distributed_or_swarm", "art31.swarm"),
        ("registration_no", "registration"), ("has_lights", "lights"), ("remote_id", "remote_id"),
        ("product_id", "remote_id"),
    ],
)  # fmt: skip
def test_what_the_papers_of_the_aircraft_do_not_say_stops_the_flight(
    member: str, rule: str
) -> None:
    made = cleared(papers(drone(**{member: None})))
    assert stopping(made) == [rule]
    assert answer(made, rule).is_yes is None


@pytest.mark.parametrize(
    "member", ["empty_mass_kg", "payload_mass_kg", "max_takeoff_kg", "max_speed_km_h"]
)
def test_without_a_figure_of_its_class_every_rule_of_every_class_holds(member: str) -> None:
    made = cleared(papers(drone(**{member: None})))
    assert made.aircraft_class is None
    assert {"class", "insurance", "licence"} <= set(stopping(made))
    assert member in answer(made, "class").text


@pytest.mark.parametrize(
    ("member", "rule"),
    [("certificate_no", "certificate"), ("certificate_until", "certificate"),
     ("notice", "notice"), ("name", "papers"), ("contact", "papers")],
)  # fmt: skip
def test_what_the_unit_does_not_say_stops_the_flight(member: str, rule: str) -> None:
    assert stopping(cleared(papers(unit=replace(UNIT, **{member: None})))) == [rule]


def test_no_papers_stop_a_live_flight_and_only_warn_in_an_exercise() -> None:
    live = clear(replace(facts(), papers=None), LAW)
    assert {"papers", "art31.relay", "class", "registration"} <= set(stopping(live))
    exercise = clear(replace(facts(), papers=None, plan=a_plan()), LAW)
    assert exercise.is_cleared
    warned = {one.code for one in exercise.findings if one.level is Level.WARN}
    assert {f"clearance.{rule}" for rule in stopping(live)} <= warned


def test_invented_papers_clear_no_live_flight() -> None:
    assert stopping(cleared(replace(papers(), is_exercise=True))) == ["papers"]
    exercise = cleared(replace(papers(), is_exercise=True), plan=a_plan())
    assert exercise.is_cleared


def test_an_exercise_with_papers_is_held_to_them() -> None:
    net = papers(replace(DRONE, link=Link.PUBLIC_NETWORK))
    assert stopping(cleared(net, plan=a_plan())) == ["art31.relay"]


def test_papers_are_valid_to_the_end_of_their_last_day_in_beijing() -> None:
    day = date(2026, 11, 24)  # on which it flies
    for until, stops in ((day, []), (day - timedelta(days=1), ["certificate"])):
        unit = replace(UNIT, certificate_until=until)
        assert stopping(cleared(papers(unit=unit))) == stops


def test_with_a_payload_beyond_7_kg_a_light_drone_becomes_small_and_needs_more_papers() -> None:
    """Art. 62 by the mass of this sortie; Art. 12 and 16 then ask for insurance and a licence."""
    heavy = replace(DRONE, empty_mass_kg=3.9, payload_mass_kg=3.2, max_takeoff_kg=7.5)
    made = cleared(papers(heavy))
    assert made.aircraft_class is AircraftClass.SMALL
    assert made.takeoff_mass_kg == pytest.approx(7.1)
    assert stopping(made) == ["insurance", "licence"]
    pilot = PilotPapers(
        person="Hong", licence_no="L1", licence_classes=(AircraftClass.SMALL,),
        licence_until=FAR_OFF,
    )  # fmt: skip
    insured = replace(heavy, insurance_no="I1", insurance_until=FAR_OFF)
    assert cleared(papers(insured, pilots=(pilot,)), pilot="Hong").is_cleared
    assert stopping(cleared(papers(insured, pilots=(pilot,)), pilot="Guo")) == ["licence"]


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"empty_mass_kg": 0.24, "payload_mass_kg": 0.0, "max_takeoff_kg": 0.3,
          "max_height_m": 50.0, "max_speed_km_h": 40.0, "micro_power_radio": True},
         AircraftClass.MICRO),
        ({"empty_mass_kg": 0.25, "payload_mass_kg": 0.0, "max_takeoff_kg": 0.3,
          "max_height_m": 50.0, "max_speed_km_h": 40.0, "micro_power_radio": True},
         AircraftClass.LIGHT),
        ({"empty_mass_kg": 4.0, "payload_mass_kg": 3.0, "max_takeoff_kg": 7.0},
         AircraftClass.LIGHT),
        ({"empty_mass_kg": 4.01}, AircraftClass.SMALL),
        ({"max_takeoff_kg": 7.01}, AircraftClass.SMALL),
        ({"max_speed_km_h": 100.5}, AircraftClass.SMALL),
        ({"max_takeoff_kg": 25.5}, AircraftClass.MEDIUM),
        ({"empty_mass_kg": 15.5}, AircraftClass.MEDIUM),
        ({"max_takeoff_kg": 150.5}, AircraftClass.LARGE),
    ],
)  # fmt: skip
def test_the_class_is_that_of_article_62(changes: dict[str, Any], kind: AircraftClass) -> None:
    assert class_of(replace(DRONE, **changes), LAW) is kind


def test_a_medium_aircraft_needs_an_approval_whatever_the_five_answers_are() -> None:
    big = replace(DRONE, max_takeoff_kg=100.0)
    assert "application" in stopping(cleared(papers(big)))
    permit = replace(PERMIT, reasons=("26",))
    assert answer(cleared(papers(big, permits=(permit,))), "application").outcome is Outcome.OK


def test_more_than_it_may_weigh_at_take_off_is_refused() -> None:
    assert stopping(cleared(papers(replace(DRONE, payload_mass_kg=1.5)))) == ["class"]


def test_the_refusal_of_a_public_network_is_the_sentence_of_the_law() -> None:
    made = cleared(papers(replace(DRONE, link=Link.PUBLIC_NETWORK)))
    (finding,) = [one for one in made.findings if one.level is Level.STOP]
    assert finding.text_zh == "条例第31条第2款(一)：需飞行活动申请，截止前一日12:00"
    assert finding.article == "《无人驾驶航空器飞行管理暂行条例》第三十一条第二款第一项"
    assert made.is_permit_needed


def test_a_look_nearer_than_one_to_one_counts_as_flying_over_people() -> None:
    near = replace(LIVE, look_hold=LookHold(standoff_min_m=29.0))
    made = cleared(plan=near)
    assert stopping(made) == ["art31.crowd"]
    assert answer(made, "art31.crowd").is_yes
    high = replace(LIVE.waypoints[0], height=Height(metres=40.0, datum=Datum.HOME))
    assert stopping(cleared(plan=replace(LIVE, waypoints=(high,)))) == ["art31.crowd"]


def test_of_a_plan_without_a_stop_it_is_not_said_that_it_stops_before_people() -> None:
    """Its battery leaves no look: only the guardian turns it back."""
    said = answer(cleared(plan=replace(LIVE, look_hold=None)), "art31.crowd")
    assert (said.outcome, said.is_yes) == (Outcome.WARN, False)
    assert "停住" not in said.text_zh
    assert "30米" in said.text_zh
    assert "home" in said.text


@pytest.mark.parametrize(
    ("fetched", "rule"),
    [(MORNING - timedelta(hours=25), "airspace_data"), (MORNING + timedelta(hours=1),
     "airspace_data"), (MORNING - timedelta(hours=23), "")],
)  # fmt: skip
def test_airspace_data_is_of_the_last_24_hours(fetched: datetime, rule: str) -> None:
    sky = replace(SKY, fetched_utc=fetched)
    for plan in (LIVE, a_plan()):  # old data says nothing in an exercise either
        assert stopping(cleared(airspace=sky, plan=plan)) == ([rule] if rule else [])


def test_without_airspace_data_a_live_flight_is_stopped() -> None:
    assert stopping(cleared(airspace=None)) == ["airspace_data"]
    assert cleared(airspace=None, plan=a_plan()).is_cleared


def test_above_120_m_the_flight_is_in_controlled_airspace() -> None:
    high = replace(LIVE, return_height=Height(metres=121.0, datum=Datum.HOME))
    assert stopping(cleared(plan=high)) == ["training", "ceiling"]
    permit = replace(PERMIT, reasons=("19",), max_height_agl_m=150.0)
    pilot = PilotPapers(person="Hong", training_no="T1", training_until=FAR_OFF)
    assert cleared(papers(permits=(permit,), pilots=(pilot,)), plan=high).is_cleared


NIGHT = datetime(2026, 11, 24, 11, 30, tzinfo=UTC)  # 19:30 in Shanghai


def test_at_night_there_are_lights_or_no_flight() -> None:
    dark = replace(DRONE, has_lights=False)
    at: dict[str, Any] = {
        "takeoff_utc": NIGHT,
        "asked_utc": NIGHT,
        "airspace": replace(SKY, fetched_utc=NIGHT),
    }
    assert stopping(cleared(papers(dark), **at)) == ["lights"]
    assert cleared(**at).is_cleared
    by_day = cleared(papers(dark))
    assert by_day.is_cleared
    assert answer(by_day, "lights").outcome is Outcome.NOTE


def test_quiet_hours_are_told_and_never_forbid_the_flight() -> None:
    late = datetime(2026, 11, 24, 13, 50, tzinfo=UTC)  # 21:50, and it lands after 22:00
    sky = replace(SKY, fetched_utc=late)
    made = cleared(takeoff_utc=late, asked_utc=late, airspace=sky)
    assert made.is_cleared
    assert answer(made, "noise").outcome is Outcome.WARN
    assert answer(cleared(noise_basis="通告"), "noise").outcome is Outcome.OK


@pytest.mark.parametrize(
    ("day", "permits", "stops"),
    [
        (datetime(2026, 10, 31, 1, 30, tzinfo=UTC), (), ["remote_id"]),
        (datetime(2026, 10, 31, 1, 30, tzinfo=UTC), ("61",), []),
        (datetime(2026, 11, 1, 1, 30, tzinfo=UTC), ("61",), ["remote_id"]),
    ],
)
def test_what_cannot_identify_itself_flies_by_permit_until_the_retrofit_and_then_never(
    day: datetime, permits: tuple[str, ...], stops: list[str]
) -> None:
    mute = replace(DRONE, remote_id=RemoteId.NONE)
    given = tuple(
        replace(
            PERMIT, reasons=(reason,), from_utc=day - timedelta(hours=1),
            to_utc=day + timedelta(hours=1), decided_utc=day - timedelta(hours=9),
        )
        for reason in permits
    )  # fmt: skip
    sky = replace(SKY, fetched_utc=day)
    made = cleared(papers(mute, permits=given), takeoff_utc=day, asked_utc=day, airspace=sky)
    assert stopping(made) == stops


def test_a_role_that_nobody_holds_stops_a_live_flight_and_is_noted_in_an_exercise() -> None:
    lacking = {Role.PILOT: "Hong", Role.ANNOUNCER: "Hong"}
    made = cleared(crew=lacking)
    assert stopping(made) == ["crew"]
    assert "登记员" in answer(made, "crew").text_zh
    assert cleared(crew={**lacking, Role.REGISTRAR: "Hong"}).is_cleared, "one may hold several"
    assert answer(cleared(crew=None, plan=a_plan()), "crew").outcome is Outcome.NOTE


def test_a_commercial_flight_is_insured_in_every_class() -> None:
    assert stopping(cleared(papers(unit=replace(UNIT, is_commercial=True)))) == ["insurance"]
    assert stopping(cleared(papers(unit=replace(UNIT, is_commercial=None)))) == ["insurance"]


def test_every_refusal_names_its_article() -> None:
    """Whatever goes wrong, in all of it at once."""
    bare = Papers(sha256="", is_exercise=False, organisation=Organisation())
    wrong: list[Callable[[], Clearance]] = [
        lambda: cleared(bare, airspace=None, crew=None, is_launch=True),
        lambda: clear(replace(facts(), papers=None), LAW),
    ]
    for make in wrong:
        found = [one for one in make().findings if one.level is Level.STOP]
        assert found
        for one in found:
            assert one.article, one.code
            assert one.text_zh, one.code
