"""The gravest rule wins, a missing value is a finding, and the pilot's sticks silence it."""

from __future__ import annotations

import anyio
import pytest

from drone.guardian import Guardian, decide
from patrol.bus import Bus
from patrol.geo import offset
from patrol.in_command import InCommand
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
        (a_sample(height_above_home_m=None), "height.unknown"),
        (a_sample(is_in_air=None), "airborne.unknown"),
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


class StandingClock(ManualClock):
    """Nothing ticks: what the guardian does, it does for the samples that it is shown."""

    async def sleep(self, duration_s: float) -> None:
        await anyio.sleep_forever()


async def guard(
    sample: TelemetrySample, *, has_plan: bool = True, in_command: InCommand | None = None
) -> tuple[FakeVehicle, list[str]]:
    """Let the guardian see one sample three times; the vehicle and the rules it acted on."""
    bus, clock = Bus(), StandingClock()
    vehicle = FakeVehicle(clock, bus)
    guardian = Guardian(
        vehicle=vehicle, bus=bus, world=clock, wall=clock,
        plan=lambda: a_plan() if has_plan else None, in_command=lambda: in_command,
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


@pytest.mark.anyio
async def test_an_aircraft_that_does_not_say_whether_it_flies_is_guarded_all_the_same() -> None:
    vehicle, told = await guard(a_sample(position=OUTSIDE, is_in_air=None))
    assert [type(command) for command in vehicle.commands] == [ReturnHome]
    assert told == ["fence.breached"]


@pytest.mark.anyio
async def test_what_the_sticks_took_it_leaves_alone_in_every_mode_until_handed_back() -> None:
    taken = InCommand()
    with taken.asking(FlightMode.MISSION):
        pass
    for _ in range(5):
        taken.has_been_taken(a_sample(mode=FlightMode.MANUAL))
    vehicle, _ = await guard(a_sample(position=OUTSIDE), in_command=taken)
    assert not vehicle.commands
    taken.resumed()
    vehicle, _ = await guard(a_sample(position=OUTSIDE), in_command=taken)
    assert vehicle.commands


@pytest.mark.anyio
async def test_its_own_hold_is_not_taken_for_the_pilots() -> None:
    ours = InCommand()
    with ours.asking(FlightMode.MISSION):
        pass
    await guard(a_sample(gnss=None), in_command=ours)
    assert ours.is_ours(FlightMode.HOLD)


@pytest.mark.anyio
async def test_an_aircraft_that_fell_silent_on_its_way_is_called_home() -> None:
    bus, clock = Bus(), ManualClock()
    vehicle = FakeVehicle(clock, bus)
    silent = a_sample(mode=FlightMode.MISSION, heard_at_s=0.0)
    vehicle.latest = lambda: silent  # type: ignore[method-assign]
    guardian = Guardian(vehicle=vehicle, bus=bus, world=clock, wall=clock, plan=a_plan)
    with bus.subscribe(StoryEvent) as events, anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(guardian.run)
            async for event in events:
                assert event.fields["rule"] == "link.stale"
                break
            group.cancel_scope.cancel()
    assert [type(command) for command in vehicle.commands] == [ReturnHome]
    assert clock.now_s > 5.0
