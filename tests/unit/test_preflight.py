"""Every reason not to take off is found at once, and what is missing is never a pass."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drone.preflight import preflight
from patrol.geo import offset
from patrol.plan import Level, stops
from patrol.telemetry import Battery, Fix, Gnss, TelemetrySample
from patrol.vehicle import Facts
from tests.fakes import GOOD_FACTS, GOOD_PARAMETERS, HOME, a_sample
from tests.unit.test_plan_words import a_plan


def codes(sample: TelemetrySample | None = None, facts: Facts = GOOD_FACTS) -> set[str]:
    """Codes of the findings that forbid."""
    found = preflight(
        facts, sample or a_sample(), a_plan(), speaker_ok=True, camera_ok=True, now_wall_s=1.0
    )
    return {finding.code for finding in stops(found)}


def test_a_fit_aircraft_may_take_off_and_the_pilot_is_reminded_of_what_only_he_can_check() -> None:
    found = preflight(
        GOOD_FACTS, a_sample(), a_plan(), speaker_ok=True, camera_ok=True, now_wall_s=1.0
    )
    assert not stops(found)
    assert "declare.remote_id" in {finding.code for finding in found}


@pytest.mark.parametrize(
    ("sample", "code"),
    [
        (a_sample(heard_at_s=-10.0), "link.stale"),
        (a_sample(gnss=None), "gnss.unknown"),
        (a_sample(gnss=Gnss(fix=Fix.TWO_D, satellites=14)), "gnss.weak"),
        (a_sample(gnss=Gnss(fix=Fix.THREE_D, satellites=5)), "gnss.weak"),
        (a_sample(gnss=Gnss(fix=Fix.THREE_D, satellites=14, hdop=4.0)), "gnss.hdop"),
        (a_sample(gnss=Gnss(fix=Fix.THREE_D, satellites=14)), "gnss.hdop_unknown"),
        (a_sample(home=None), "home.unknown"),
        (a_sample(home=offset(HOME, east_m=80, north_m=0)), "home.elsewhere"),
        (a_sample(battery=None), "battery.unknown"),
        (a_sample(battery=Battery(charge_pct=45.0)), "battery.low"),
    ],
)
def test_a_weak_or_silent_aircraft_stays_on_the_ground(sample: TelemetrySample, code: str) -> None:
    assert code in codes(sample)


@pytest.mark.parametrize("name", sorted(GOOD_PARAMETERS))
def test_a_fail_safe_that_cannot_be_read_back_keeps_it_on_the_ground(name: str) -> None:
    facts = replace(GOOD_FACTS, parameters=GOOD_PARAMETERS | {name: None})
    assert codes(facts=facts) & {"failsafe.unknown", "return.unknown"}


def test_an_autopilot_that_does_nothing_on_link_loss_is_refused() -> None:
    facts = replace(GOOD_FACTS, parameters=GOOD_PARAMETERS | {"NAV_DLL_ACT": 0.0})
    assert codes(facts=facts) == {"failsafe.off"}


@pytest.mark.parametrize(
    ("name", "accepted"),
    [("NAV_DLL_ACT", {2}), ("COM_LOW_BAT_ACT", {2, 3}), ("GF_ACTION", {2, 3, 5})],
)
def test_of_all_values_of_a_fail_safe_only_those_that_act_as_planned_let_it_fly(
    name: str, accepted: set[int]
) -> None:
    for value in range(-1, 10):
        facts = replace(GOOD_FACTS, parameters=GOOD_PARAMETERS | {name: float(value)})
        assert (codes(facts=facts) == set()) is (value in accepted), (name, value)
        assert codes(facts=facts) <= {"failsafe.off", "failsafe.other"}


def test_a_fence_that_only_warns_is_no_fence() -> None:
    facts = replace(GOOD_FACTS, parameters=GOOD_PARAMETERS | {"GF_ACTION": 1.0})
    assert codes(facts=facts) == {"failsafe.off"}


def test_the_link_loss_action_has_to_be_the_plans_and_a_plan_of_no_known_one_never_flies() -> None:
    for on_link_loss, value in (("return", 1.0), ("hold", 2.0), ("carry on", 2.0)):
        facts = replace(GOOD_FACTS, parameters=GOOD_PARAMETERS | {"NAV_DLL_ACT": value})
        found = preflight(
            facts, a_sample(), replace(a_plan(), on_link_loss=on_link_loss), speaker_ok=True,
            camera_ok=True, now_wall_s=1.0,
        )  # fmt: skip
        assert {finding.code for finding in stops(found)} == {"failsafe.other"}


@pytest.mark.parametrize(("height_m", "code"), [(20.0, "return.low"), (115.0, "return.high")])
def test_the_return_height_has_to_fit_the_plan(height_m: float, code: str) -> None:
    facts = replace(GOOD_FACTS, parameters=GOOD_PARAMETERS | {"RTL_RETURN_ALT": height_m})
    assert codes(facts=facts) == {code}


def test_an_autopilot_that_answers_nothing_is_refused_for_everything_it_did_not_say() -> None:
    assert codes(facts=Facts()) == {
        "armable.unknown", "mission.unconfirmed", "fence.unconfirmed", "failsafe.unknown",
        "return.unknown",
    }  # fmt: skip


def test_a_silent_loudspeaker_and_a_dark_camera_are_told_but_do_not_forbid() -> None:
    found = preflight(
        GOOD_FACTS, a_sample(), a_plan(), speaker_ok=None, camera_ok=None, now_wall_s=1.0
    )
    warned = {finding.code for finding in found if finding.level is Level.WARN}
    assert warned == {"speaker.silent", "camera.dark"}


def test_every_finding_speaks_chinese_too() -> None:
    found = preflight(
        Facts(), a_sample(battery=None, gnss=None, home=None), a_plan(), speaker_ok=None,
        camera_ok=None, now_wall_s=100.0,
    )  # fmt: skip
    assert all(finding.text_zh for finding in found)
    assert preflight(Facts(), None, a_plan(), speaker_ok=None, camera_ok=None, now_wall_s=0.0)
