"""Story 2, a gate stops an illegal flight: red means refused, with the way out, and nothing arms.

The clearance after Art. 31 (link over public 4G, permit, application sheet) comes with the
airspace. Until then the gates that there are stand for it, by the product's own road: the plan's
checks before the leader's name, the pre-flight before the motors, the roles before both.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from patrol.geo import offset
from patrol.vehicle import Arm, TakeOff
from tests.fakes import GOOD_FACTS, GOOD_PARAMETERS
from tests.stories.conftest import Stage
from tests.stories.street import AIRCRAFT, GRID

pytestmark = pytest.mark.anyio


async def test_a_plan_that_may_not_be_flown_is_refused_its_name_and_nothing_can_arm(
    stage: Stage,
) -> None:
    street, cast = stage.street, stage.cast
    # Given a flight that may not be: the aircraft stands so far off that its battery cannot last
    far = offset(street.home, east_m=4000.0, north_m=0.0)
    street.vehicle._sample = replace(street.vehicle._sample, home=far, position=far)

    # When the leader presses clear
    made = await cast["Zheng"].does("/plans", grid_code=GRID, aircraft=AIRCRAFT)
    plan_id = made["plan"]["plan_id"]
    refused = await cast["Zheng"].tries(f"/plans/{plan_id}/approve", digest=made["digest"])

    # Then it is refused with the reason in both languages
    assert refused.status_code == 409
    stopping = refused.json()["findings"]
    assert stopping
    assert all(one["level"] == "stop" and one["text"] and one["text_zh"] for one in stopping)

    # and nothing can arm
    for name in ("Hong", "Zheng", "Lin", "Chen"):
        launch = await cast[name].tries("/sorties", plan_id=plan_id)
        assert launch.status_code in (403, 409), name
    assert not armed(stage)


async def test_a_red_gate_at_the_aircraft_stops_a_plan_that_was_approved(stage: Stage) -> None:
    street, cast = stage.street, stage.cast
    # Given an aircraft that would do nothing when its link is lost
    street.vehicle.facts = replace(GOOD_FACTS, parameters=GOOD_PARAMETERS | {"NAV_DLL_ACT": 0.0})
    made = await cast["Zheng"].does("/plans", grid_code=GRID, aircraft=AIRCRAFT)
    plan_id = made["plan"]["plan_id"]
    await cast["Zheng"].does(f"/plans/{plan_id}/approve", digest=made["digest"])

    # When the pilot starts, once and once more
    for times in (1, 2):
        await cast["Hong"].does("/sorties", plan_id=plan_id)
        await street.until(lambda times=times: len(street.told("sortie.aborted")) == times)  # type: ignore[misc]

    # Then it is refused each time with the gate, and what to do about it is offered
    for told in street.told("sortie.aborted"):
        red = [one for one in told["findings"] if one["level"] == "stop"]
        assert [one["code"] for one in red] == ["failsafe.off"]
        assert red[0]["text_zh"]
        assert red[0]["hint"]

    # and nothing armed
    assert not armed(stage)


def armed(stage: Stage) -> bool:
    """Whether the aircraft was ever asked to."""
    return any(isinstance(one, Arm | TakeOff) for one in stage.street.vehicle.commands)
