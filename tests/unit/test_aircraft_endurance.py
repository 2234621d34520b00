"""What an aircraft's battery gives is its own: plans, pre-flight and guardian reckon with it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import ValidationError

from drone.guard_drain import Drain
from drone.preflight_battery import check_battery
from drone.preflight_limits import Limits
from ground_station.settings import AircraftSettings
from missions.planner import plan_patrol
from missions.request import PlanRequest
from patrol.energy import Power
from patrol.plan import MissionPlan
from patrol.telemetry import Battery
from tests.fakes import a_sample
from tests.unit.test_boundary import CENTRE, a_grid, a_request, a_shape, square

SHORT = Power(endurance_s=1000.0)
GRID = a_grid(a_shape(square(300.0)))
BODY = {
    "connect": "udpin://0.0.0.0:14540", "camera": {"url": "rtsp://x"}, "speaker": {"url": "http://x"}
}  # fmt: skip


def planned(power: Power) -> MissionPlan:
    request: PlanRequest = replace(a_request(GRID, CENTRE), endurance_s=power.endurance_s)
    return plan_patrol(request).sorties[0].plan


def test_a_plan_of_a_battery_that_gives_less_needs_more_of_it_or_looks_for_shorter() -> None:
    long, short = planned(Power()), planned(SHORT)
    assert long.look_hold is not None
    look_s = short.look_hold.longest_s if short.look_hold is not None else 0.0
    assert look_s < long.look_hold.longest_s
    assert short.battery_need_pct <= 70.0


def test_pre_flight_reckons_with_what_this_aircrafts_battery_gives() -> None:
    plan = planned(Power())
    sample = replace(a_sample(), battery=Battery(charge_pct=100.0))
    ready = {one.code for one in check_battery(sample, plan, Limits())}
    weak = {one.code for one in check_battery(sample, plan, Limits(power=SHORT))}
    assert "battery.understated" not in ready
    assert weak >= {"battery.understated", "battery.low"}


def test_the_guardian_begins_with_what_the_battery_is_said_to_give() -> None:
    assert Drain().power(SHORT) == SHORT
    assert Drain().power() == Power()


def test_the_setting_has_a_default_and_no_figure_that_nobody_reckons_with() -> None:
    assert AircraftSettings.model_validate(BODY).endurance_s == Power().endurance_s
    assert AircraftSettings.model_validate(BODY | {"endurance_s": 900.0}).endurance_s == 900.0
    for wrong in (0.0, -1.0, 100_000.0, float("nan")):
        with pytest.raises(ValidationError):
            AircraftSettings.model_validate(BODY | {"endurance_s": wrong})
