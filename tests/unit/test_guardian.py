"""The gravest rule wins, a missing value is a finding, and the pilot's sticks silence it."""

from __future__ import annotations

import anyio
import pytest

from drone.guardian import Guardian, decide
from patrol.bus import Bus
from patrol.geo import offset
from patrol.story import StoryEvent
from patrol.telemetry import Battery, Fix, FlightMode, Gnss, TelemetrySample
from patrol.vehicle import Hold, Land, ReturnHome
from tests.fakes import HOME, FakeVehicle, ManualClock, a_sample
from tests.unit.test_plan_words import a_plan

OUTSIDE = offset(HOME, east_m=-200, north_m=-200)


@pytest.mark.parametrize(
    ("sample", "rule"),
    [
        (a_sample(), None),
        (a_sample(position=OUTSIDE), "fence.breached"),
        (a_sample(height_above_home_m=120.0), "ceiling.breached"),
        (a_sample(battery=Battery(charge_pct=15.0)), "battery.low"),
        (a_sample(battery=Battery(charge_pct=5.0), position=OUTSIDE), "battery.critical"),
        (a_sample(gnss=Gnss(fix=Fix.NO_FIX, satellites=0)), "gnss.lost"),
        (a_sample(gnss=None), "gnss.lost"),
        (a_sample(position=None), "position.unknown"),
        (a_sample(battery=None), "battery.unknown"),
    ],
)
def test_the_gravest_rule_that_applies_wins(sample: TelemetrySample, rule: str | None) -> None:
    row = decide(sample, a_plan())
    assert (row.rule if row else None) == rule


def test_the_actions_are_those_a_pilot_would_take() -> None:
    actions = {
        rule: type(row.action)
        for rule, sample in (
            ("battery.critical", a_sample(battery=Battery(charge_pct=5.0))),
            ("fence.breached", a_sample(position=OUTSIDE)),
            ("gnss.lost", a_sample(gnss=None)),
        )
        if (row := decide(sample, a_plan()))
    }
    assert actions == {"battery.critical": Land, "fence.breached": ReturnHome, "gnss.lost": Hold}


async def guard(sample: TelemetrySample, *, has_plan: bool = True) -> tuple[FakeVehicle, list[str]]:
    """Let the guardian see one sample three times; the vehicle and the rules it acted on."""
    bus, clock = Bus(), ManualClock()
    vehicle = FakeVehicle(clock, bus)
    guardian = Guardian(
        vehicle=vehicle, bus=bus, world=clock, wall=clock,
        plan=lambda: a_plan() if has_plan else None,
    )  # fmt: skip
    told: list[str] = []
    with bus.subscribe(StoryEvent) as events:
        async with anyio.create_task_group() as group:
            group.start_soon(guardian.run)
            await anyio.wait_all_tasks_blocked()
            for _ in range(3):
                bus.publish(sample)
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()
        with anyio.move_on_after(0.01):
            async for event in events:
                told.append(event.fields["rule"])
    return vehicle, told


@pytest.mark.anyio
async def test_it_acts_once_and_says_which_rule_it_was() -> None:
    vehicle, told = await guard(a_sample(position=OUTSIDE))
    assert [type(command) for command in vehicle.commands] == [ReturnHome]
    assert told == ["fence.breached"]


@pytest.mark.anyio
@pytest.mark.parametrize("mode", [FlightMode.MANUAL, FlightMode.RETURN, FlightMode.UNKNOWN])
async def test_it_is_silent_when_somebody_else_has_the_aircraft(mode: FlightMode) -> None:
    vehicle, told = await guard(a_sample(position=OUTSIDE, mode=mode))
    assert not vehicle.commands
    assert not told


@pytest.mark.anyio
async def test_it_leaves_an_aircraft_alone_that_flies_no_plan_of_ours() -> None:
    vehicle, _ = await guard(a_sample(position=OUTSIDE), has_plan=False)
    assert not vehicle.commands
