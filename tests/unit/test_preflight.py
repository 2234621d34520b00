"""Every reason not to take off is found at once, and what is missing is never a pass."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import pytest

from drone.preflight import CHECKS, may_heal, preflight
from patrol.declaration import Declaration
from patrol.energy import energy_need_pct
from patrol.geo import offset
from patrol.plan import Finding, Level, LookHold, MissionPlan, WayHome, stops
from patrol.telemetry import Ages, Battery, Fix, Gnss, TelemetrySample, Wind
from patrol.vehicle import Facts
from tests.fakes import GOOD_FACTS, GOOD_PARAMETERS, HOME, START, a_sample
from tests.unit.test_plan_words import a_plan

SAID = Declaration(
    by="Zheng", at_utc=START, remote_id_ok=True, weather="clear, 3 m/s", terrain="flat"
)
LIVE = replace(a_plan(), is_exercise=False)


def codes(sample: TelemetrySample | None = None, facts: Facts = GOOD_FACTS) -> set[str]:
    """Codes of the findings that forbid."""
    return {finding.code for finding in stops(findings(a_plan(), sample, facts))}


def findings(
    plan: MissionPlan,
    sample: TelemetrySample | None = None,
    facts: Facts = GOOD_FACTS,
    said: Declaration | None = SAID,
) -> list[Finding]:
    return preflight(
        facts, sample or a_sample(), plan, speaker_ok=True, camera_ok=True, now_wall_s=1.0,
        declaration=said,
    )  # fmt: skip


def levels(found: list[Finding]) -> dict[str, Level]:
    return {finding.code: finding.level for finding in found}


def test_a_fit_aircraft_may_take_off_and_who_declared_the_weather_is_told() -> None:
    found = findings(LIVE)
    assert levels(found) == {"terrain.declared": Level.WARN, "declare.by": Level.NOTE}
    assert all("Zheng" in finding.text for finding in found)
    assert "clear, 3 m/s" in found[1].text_zh


def test_what_nobody_declared_forbids_a_live_flight_and_warns_in_an_exercise() -> None:
    for said, code in (
        (None, "declare.missing"),
        (replace(SAID, by=" "), "declare.missing"),
        (replace(SAID, at_utc=START - timedelta(hours=3)), "declare.old"),
        (replace(SAID, at_utc=START + timedelta(hours=3)), "declare.old"),
        (replace(SAID, remote_id_ok=False), "declare.remote_id"),
        (replace(SAID, weather=""), "declare.weather"),
    ):
        assert levels(findings(LIVE, said=said))[code] is Level.STOP
        assert levels(findings(a_plan(), said=said))[code] is Level.WARN


def test_an_automatic_operator_declares_an_exercise_only() -> None:
    automatic = replace(SAID, is_automatic=True)
    assert levels(findings(LIVE, said=automatic))["declare.automatic"] is Level.STOP
    assert not stops(findings(a_plan(), said=automatic))


@pytest.mark.parametrize(
    ("off_s", "live", "exercise"),
    [
        (None, Level.WARN, Level.WARN),
        (-10.0, Level.WARN, Level.WARN),
        (3600.0, Level.STOP, Level.WARN),
        (-86_400.0, Level.STOP, Level.WARN),
        (1.0, None, None),
    ],
)
def test_a_clock_that_is_off_is_told_and_a_wrong_one_forbids_a_live_flight(
    off_s: float | None, live: Level | None, exercise: Level | None
) -> None:
    facts = replace(GOOD_FACTS, clock_off_s=off_s)
    code = "clock.unknown" if off_s is None else "clock.off"
    assert levels(findings(LIVE, facts=facts)).get(code) is live
    assert levels(findings(a_plan(), facts=facts)).get(code) is exercise


def test_an_unknown_firmware_forbids_a_live_flight() -> None:
    facts = replace(GOOD_FACTS, autopilot=None)
    assert levels(findings(LIVE, facts=facts))["firmware.unknown"] is Level.STOP
    assert levels(findings(a_plan(), facts=facts))["firmware.unknown"] is Level.WARN


@pytest.mark.parametrize(
    ("way_home", "fitting"),
    [(WayHome.STRAIGHT, {0, 1, 3}), (WayHome.RALLY, {0, 3}), (WayHome.ROUTE, {2, 4})],
)
def test_of_all_return_types_only_those_of_the_plans_way_home_let_it_fly(
    way_home: WayHome, fitting: set[int]
) -> None:
    plan = replace(a_plan(), way_home=way_home)
    for value in range(-1, 6):
        facts = replace(GOOD_FACTS, parameters=GOOD_PARAMETERS | {"RTL_TYPE": float(value)})
        forbidding = {finding.code for finding in stops(findings(plan, facts=facts))}
        assert forbidding == (set() if value in fitting else {"return_type.other"}), value


def test_the_battery_has_to_last_for_the_look_at_a_crowd_and_a_short_one_is_told() -> None:
    plan = replace(a_plan(), battery_need_pct=66.0)
    assert not stops(findings(plan))
    low = findings(plan, a_sample(battery=Battery(charge_pct=95.0)))
    assert "11 minutes at a crowd" in next(f.text for f in low if f.code == "battery.low")
    assert not stops(findings(plan, a_sample(battery=Battery(charge_pct=96.0))))
    beyond = replace(plan, battery_need_pct=75.0)
    assert "battery.low" in levels(findings(beyond)), "a full battery does not last for it"
    short = replace(plan, look_hold=LookHold(longest_s=300.0))
    assert levels(findings(short))["battery.short_look"] is Level.WARN


def test_what_was_told_once_and_never_again_is_not_known() -> None:
    old = a_sample(ages=Ages(gnss_s=60.0, battery_s=60.0))
    assert codes(old) == {"gnss.unknown", "battery.unknown"}


def test_ground_that_is_not_known_or_not_the_plans_is_told() -> None:
    nobody_looked = replace(SAID, terrain=" ")
    for height_agl_m in (None, 0.2):  # of the place where it stands: that clears no route
        sample = a_sample(height_agl_m=height_agl_m)
        assert levels(findings(LIVE, sample, said=nobody_looked))["terrain.unknown"] is Level.STOP
        told = levels(findings(a_plan(), sample, said=nobody_looked))
        assert told["terrain.unknown"] is Level.WARN
    higher, lower = (a_sample(home_altitude_amsl_m=height_m) for height_m in (60.0, -20.0))
    assert levels(findings(LIVE, higher))["home.higher"] is Level.WARN
    assert levels(findings(LIVE, lower))["home.lower"] is Level.STOP
    assert levels(findings(a_plan(), lower))["home.lower"] is Level.WARN
    assert "home.height_unknown" in codes(a_sample(home_altitude_amsl_m=None))


def test_the_rows_come_in_the_order_a_pilot_thinks() -> None:
    found = preflight(
        replace(Facts(), parameters={}), a_sample(heard_at_s=-10.0, battery=None, gnss=None,
        home=None), LIVE, speaker_ok=None, camera_ok=None, now_wall_s=1.0,
    )  # fmt: skip
    topics = list(dict.fromkeys(finding.code.split(".")[0] for finding in found))
    assert topics == [
        "link", "gnss", "home", "battery", "failsafe", "return_type", "return", "mission", "fence",
        "armable", "terrain", "speaker", "camera", "clock", "firmware", "declare",
    ]  # fmt: skip
    assert len(CHECKS) == 11


def test_only_what_may_come_right_by_itself_is_waited_for() -> None:
    assert may_heal(findings(LIVE, a_sample(gnss=None)))
    assert not may_heal(findings(a_plan(), said=None)), "nobody declares while we wait"
    assert not may_heal(findings(LIVE, a_sample(gnss=None), said=None)), "refused anyhow"


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


@pytest.mark.parametrize("value", [None, math.nan])
@pytest.mark.parametrize("name", sorted(GOOD_PARAMETERS))
def test_a_fail_safe_that_cannot_be_read_back_keeps_it_on_the_ground(
    name: str, value: float | None
) -> None:
    facts = replace(GOOD_FACTS, parameters=GOOD_PARAMETERS | {name: value})
    assert codes(facts=facts) & {"failsafe.unknown", "return.unknown", "return_type.unknown"}


def test_an_autopilot_that_does_nothing_on_link_loss_is_refused() -> None:
    facts = replace(GOOD_FACTS, parameters=GOOD_PARAMETERS | {"NAV_DLL_ACT": 0.0})
    assert codes(facts=facts) == {"failsafe.off"}


@pytest.mark.parametrize(
    ("name", "accepted"),
    [("NAV_DLL_ACT", {2}), ("COM_LOW_BAT_ACT", {3}), ("GF_ACTION", {3})],
)
def test_of_all_values_of_a_fail_safe_only_those_that_act_as_planned_let_it_fly(
    name: str, accepted: set[int]
) -> None:
    for value in range(-1, 10):
        facts = replace(GOOD_FACTS, parameters=GOOD_PARAMETERS | {name: float(value)})
        assert (codes(facts=facts) == set()) is (value in accepted), (name, value)
        assert codes(facts=facts) <= {"failsafe.off", "failsafe.other"}


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("GF_ACTION", 2.0, "stay where it left the fence"),
        ("GF_ACTION", 5.0, "land outside the fence"),
        ("COM_LOW_BAT_ACT", 2.0, "land where it is"),
        ("NAV_DLL_ACT", 6.0, "stop its motors"),
    ],
)
def test_a_fail_safe_that_does_not_bring_it_home_is_refused_with_the_reason(
    name: str, value: float, why: str
) -> None:
    facts = replace(GOOD_FACTS, parameters=GOOD_PARAMETERS | {name: value})
    (refused,) = stops(findings(a_plan(), facts=facts))
    assert why in refused.text
    assert "（" in refused.text_zh


def test_a_link_loss_that_is_noticed_late_is_told() -> None:
    for after_s, level in ((10.0, None), (31.0, Level.WARN)):
        facts = replace(GOOD_FACTS, parameters=GOOD_PARAMETERS | {"COM_DL_LOSS_T": after_s})
        assert levels(findings(LIVE, facts=facts)).get("failsafe.late") is level


def test_a_plan_that_understates_its_battery_is_refused_by_our_own_reckoning() -> None:
    reckoned_pct = energy_need_pct(a_plan())
    for off_pct, expected in ((-2.0, {"battery.understated"}), (-0.5, set()), (5.0, set())):
        plan = replace(a_plan(), battery_need_pct=reckoned_pct + off_pct)
        assert {finding.code for finding in stops(findings(plan))} == expected, off_pct
    liar = replace(a_plan(), battery_need_pct=1.0)
    found = findings(liar, a_sample(battery=Battery(charge_pct=60.0)))
    assert {"battery.understated", "battery.low"} <= {finding.code for finding in stops(found)}


def test_a_wind_takes_of_the_reserve_but_not_of_what_it_comes_home_with() -> None:
    def found(speed_m_s: float | None, charge_pct: float = 100.0) -> dict[str, Level]:
        wind = None if speed_m_s is None else Wind(speed_m_s=speed_m_s, from_deg_true=45.0)
        plan = replace(a_plan(), battery_need_pct=70.0)
        battery = Battery(charge_pct=charge_pct)
        return levels(findings(plan, a_sample(wind=wind, battery=battery)))

    assert "battery.windy" not in found(9.0)
    assert found(13.5)["battery.windy"] is Level.STOP, "at that wind it does not get round"
    assert found(40.0)["battery.windy"] is Level.STOP
    assert found(None)["wind.unknown"] is Level.WARN
    old = a_sample(ages=Ages(wind_s=60.0))
    assert levels(findings(a_plan(), old))["wind.unknown"] is Level.WARN


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
        "return.unknown", "return_type.unknown",
    }  # fmt: skip


def test_a_silent_loudspeaker_and_a_dark_camera_are_told_but_do_not_forbid() -> None:
    found = preflight(
        GOOD_FACTS, a_sample(), a_plan(), speaker_ok=None, camera_ok=None, now_wall_s=1.0
    )
    warned = {finding.code for finding in found if finding.level is Level.WARN}
    assert warned == {"speaker.silent", "camera.dark", "terrain.unknown", "declare.missing"}


def test_every_finding_speaks_chinese_too() -> None:
    found = preflight(
        Facts(), a_sample(battery=None, gnss=None, home=None), a_plan(), speaker_ok=None,
        camera_ok=None, now_wall_s=100.0,
    )  # fmt: skip
    assert all(finding.text_zh for finding in found)
    assert preflight(Facts(), None, a_plan(), speaker_ok=None, camera_ok=None, now_wall_s=0.0)
