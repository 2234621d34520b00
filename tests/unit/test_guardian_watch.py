"""The guardian goes on watching: while a deed is under way, on a way home, where it is blind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import anyio
import pytest

from drone.guard_drain import Drain
from drone.guard_seen import Seen
from drone.guardian import Guardian
from patrol.bus import Bus, Subscription
from patrol.energy import Power, energy_home_pct
from patrol.geo import offset
from patrol.in_command import InCommand
from patrol.story import StoryEvent
from patrol.telemetry import Ages, Battery, FlightMode, TelemetrySample, Wind
from patrol.vehicle import Command, Hold, Land, ReturnHome
from tests.fakes import HOME, FakeVehicle, a_sample
from tests.unit.test_guardian import (
    OUTSIDE,
    StandingClock,
    a_crowd,
    on_patrol,
    rules,
    seen,
)
from tests.unit.test_plan_words import a_plan

pytestmark = pytest.mark.anyio


@dataclass(slots=True)
class Watched:
    """A guardian at work and the aircraft that it watches."""

    vehicle: FakeVehicle
    clock: StandingClock
    bus: Bus
    story: Subscription[StoryEvent]

    async def show(self, sample: TelemetrySample) -> list[type[Command]]:
        """The aircraft is like that now; every command so far."""
        self.vehicle._sample = sample
        self.bus.publish(sample)
        await anyio.wait_all_tasks_blocked()
        return [type(command) for command in self.vehicle.commands]

    async def show_for(self, sample: TelemetrySample, duration_s: int) -> list[type[Command]]:
        """Once a second."""
        for second in range(duration_s + 1):
            self.clock.now_s = float(second)
            at_utc = a_sample().time_utc + timedelta(seconds=second)
            commands = await self.show(replace(sample, time_utc=at_utc, heard_at_s=float(second)))
        return commands

    def told(self) -> set[tuple[str, str]]:
        return {(e.fields["rule"], e.fields["action"]) for e in self.story.take_all()}


@asynccontextmanager
async def watched(
    vehicle: FakeVehicle | None = None,
    in_command: InCommand | None = None,
    silent_others: tuple[str, ...] = (),
) -> AsyncIterator[Watched]:
    bus, clock = Bus(), StandingClock()
    vehicle = vehicle or Aloft(clock, bus)
    vehicle.clock, vehicle.bus, vehicle.is_frozen = clock, bus, True
    guardian = Guardian(
        vehicle=vehicle, bus=bus, world=clock, wall=clock, plan=a_plan,
        in_command=lambda: in_command, silent_others=lambda: silent_others,
    )  # fmt: skip
    with bus.subscribe(StoryEvent) as story:
        async with anyio.create_task_group() as group:
            group.start_soon(guardian.run)
            await anyio.wait_all_tasks_blocked()
            yield Watched(vehicle=vehicle, clock=clock, bus=bus, story=story)
            group.cancel_scope.cancel()


class Aloft(FakeVehicle):
    """It stays as the test shows it, on a way home too."""

    def latest(self) -> TelemetrySample | None:
        return self._sample


class Slow(FakeVehicle):
    """A hold of its takes until it is told otherwise."""

    def __init__(self) -> None:
        super().__init__(StandingClock(), Bus())
        self.stands = anyio.Event()

    async def do(self, command: Command) -> None:
        self.commands.append(command)
        if isinstance(command, Hold):
            await self.stands.wait()


async def test_what_is_graver_is_done_while_something_less_grave_is_under_way() -> None:
    slow = Slow()
    no_fix = on_patrol(40.0, gnss=None)
    async with watched(slow) as it:
        assert await it.show(no_fix) == [Hold]
        assert await it.show(no_fix) == [Hold], "the same deed is not begun twice"
        empty = replace(no_fix, battery=Battery(charge_pct=5.0))
        assert await it.show(empty) == [Hold, Land]
        slow.stands.set()


async def test_what_waited_in_the_queue_is_not_held_against_a_pilot_who_has_it_by_now() -> None:
    async with watched() as it:
        it.vehicle._sample = a_sample(position=OUTSIDE, mode=FlightMode.MANUAL)
        it.bus.publish(a_sample(position=OUTSIDE, mode=FlightMode.MISSION))
        await anyio.wait_all_tasks_blocked()
        assert not it.vehicle.commands


async def test_towards_a_crowd_that_the_camera_no_longer_sees_it_does_not_drift_on() -> None:
    async with watched() as it:
        it.bus.publish(a_crowd(60.0))
        await anyio.wait_all_tasks_blocked()
        assert await it.show_for(on_patrol(40.0), 4) == [], "one look may have been wrong"
        assert await it.show_for(on_patrol(40.0), 6) == [ReturnHome]
        assert ("standoff.breached", "return") in it.told()


async def test_a_look_that_finds_the_crowd_gone_ends_the_blindness() -> None:
    async with watched() as it:
        it.bus.publish(a_crowd(60.0))
        await it.show_for(on_patrol(40.0), 4)
        it.bus.publish(replace(a_crowd(60.0), crowds=()))
        await anyio.wait_all_tasks_blocked()
        assert await it.show_for(on_patrol(40.0), 8) == []


@pytest.mark.parametrize(
    ("ages", "rule"),
    [
        (Ages(battery_s=11.0), "battery.unknown"),
        (Ages(wind_s=11.0), "wind.unknown"),
        (Ages(gnss_s=11.0), "gnss.unknown"),
        (Ages(terrain_s=11.0), "terrain.unknown"),
        (Ages(mode_s=11.0), "mode.unknown"),
    ],
)
def test_what_was_told_long_ago_is_not_known(ages: Ages, rule: str) -> None:
    assert rules(seen(replace(on_patrol(0.0), ages=ages))) == [rule]


def test_a_wind_told_long_ago_makes_the_way_home_no_cheaper() -> None:
    far = offset(HOME, east_m=0, north_m=1500)
    calm_pct = energy_home_pct(
        far, a_plan(), height_above_home_m=30.0, wind_m_s=2.0, wind_from_true_deg=0.0
    )
    sample = on_patrol(0.0, battery=Battery(charge_pct=calm_pct + 11.0))
    plan = replace(a_plan(), fence=(*a_plan().fence[:2], offset(HOME, east_m=0, north_m=5000)))
    for ages, is_low in ((Ages(wind_s=1.0), False), (Ages(wind_s=60.0), True)):
        looked_at = Seen(sample=replace(sample, position=far, ages=ages), plan=plan)
        assert ("battery.low" in rules(looked_at)) is is_low


@pytest.mark.parametrize("mode", [FlightMode.RETURN, FlightMode.LAND, FlightMode.UNKNOWN])
async def test_on_a_way_home_and_in_a_mode_that_is_not_known_it_tells_and_commands_nothing(
    mode: FlightMode,
) -> None:
    ours = InCommand()
    with ours.asking(FlightMode.RETURN, FlightMode.LAND):
        pass
    other = replace(on_patrol(10.0), vehicle_id="GP-2", heard_at_s=6.0)
    async with watched(in_command=ours) as it:
        it.bus.publish(other)
        assert await it.show_for(replace(on_patrol(0.0), mode=mode), 6) == []
        assert ("separation.lost", "warn") in it.told()


async def test_an_orbit_that_one_of_us_asked_for_is_guarded_and_a_strangers_is_not() -> None:
    for asked, commands in ((FlightMode.ORBIT, [ReturnHome]), (FlightMode.MISSION, [])):
        ours = InCommand()
        with ours.asking(asked):
            pass
        async with watched(in_command=ours) as it:
            outside = a_sample(position=OUTSIDE, mode=FlightMode.ORBIT)
            assert await it.show(outside) == commands


async def test_a_word_from_before_the_take_off_does_not_put_an_armed_aircraft_on_the_ground(
) -> None:  # fmt: skip
    old = a_sample(position=OUTSIDE, is_in_air=False, ages=Ages(in_air_s=60.0))
    async with watched() as it:
        assert await it.show(replace(old, is_armed=False)) == []
        assert await it.show(old) == [ReturnHome]


async def test_one_that_tells_neither_whether_it_flies_nor_whether_it_is_armed_is_guarded() -> None:
    async with watched() as it:
        silent = a_sample(position=OUTSIDE, is_in_air=None, is_armed=None)
        assert await it.show(silent) == [ReturnHome]


async def test_another_of_ours_that_falls_silent_in_the_air_is_told_and_not_forgotten() -> None:
    async with watched() as it:
        it.bus.publish(replace(on_patrol(500.0), vehicle_id="GP-2"))
        await it.show_for(on_patrol(0.0), 12)
        assert ("separation.unknown", "warn") in it.told()
        down = replace(on_patrol(500.0), vehicle_id="GP-2", is_in_air=False, heard_at_s=12.0)
        it.bus.publish(down)
        await anyio.wait_all_tasks_blocked()
        it.clock.now_s = 400.0
        await it.show(on_patrol(0.0, heard_at_s=400.0))
        assert ("separation.unknown", "warn") not in it.told()


async def test_another_of_an_earlier_run_that_was_never_heard_is_told() -> None:
    async with watched(silent_others=("GP-2",)) as it:
        await it.show_for(on_patrol(0.0), 12)
        assert ("separation.unknown", "warn") in it.told()


def test_a_way_home_that_leads_past_a_known_crowd_is_told_before_it_is_flown() -> None:
    beyond = on_patrol(100.0)
    assert rules(seen(beyond, a_crowd(50.0))) == ["standoff.on_way_home"]
    assert rules(seen(beyond, a_crowd(200.0))) == []
    beside = replace(beyond, position=offset(HOME, east_m=100, north_m=-40))
    assert rules(seen(beside, a_crowd(50.0))) == ["standoff.on_way_home"]


def test_an_empty_battery_is_not_landed_upon_a_crowd_that_the_way_home_leads_away_from() -> None:
    empty = replace(on_patrol(40.0), battery=Battery(charge_pct=6.0))
    for crowd, rule in (
        (a_crowd(55.0), "battery.critical_near_crowd"),
        (a_crowd(20.0), "battery.critical"),  # the way home leads over them
        (None, "battery.critical"),
    ):
        assert rules(seen(empty, crowd))[0] == rule


async def test_a_gust_ends_no_patrol_and_a_strong_wind_does() -> None:
    calm, strong = (on_patrol(0.0, wind=Wind(speed_m_s=s, from_deg_true=0.0)) for s in (2.0, 13.0))
    async with watched() as it:
        for at_s, sample, commands in (
            (0.0, strong, []), (4.0, strong, []), (5.0, calm, []), (6.0, strong, []),
            (10.0, strong, []), (11.5, strong, [ReturnHome]),
        ):  # fmt: skip
            it.clock.now_s = at_s
            assert await it.show(replace(sample, heard_at_s=at_s)) == commands, at_s


def test_a_mission_that_leads_into_rising_ground_is_told_where_the_aircraft_tells_its_height() -> (
    None
):
    def found(height_agl_m: float | None, **changes: object) -> list[str]:
        sample = replace(on_patrol(0.0), height_agl_m=height_agl_m, **changes)  # type: ignore[arg-type]  # names are this test's
        return rules(seen(sample))

    assert found(7.0) == ["ground.near"]
    assert found(9.0) == []
    assert found(7.0, mode=FlightMode.TAKE_OFF) == []
    assert found(7.0, ages=Ages(terrain_s=60.0)) == ["terrain.unknown"], "told, not guessed"
    assert found(None) == ["terrain.unknown"]


def test_a_battery_that_gives_less_than_ours_do_is_reckoned_by_its_own_flight() -> None:
    drain, start = Drain(), a_sample()
    for minute in range(6):
        drain.see(
            replace(
                start, time_utc=start.time_utc + timedelta(minutes=minute),
                battery=Battery(charge_pct=100.0 - 10.0 * minute),
            )
        )  # fmt: skip
    assert drain.power().endurance_s == pytest.approx(600.0)
    far = on_patrol(0.0, battery=Battery(charge_pct=30.0))
    looked_at = Seen(
        sample=replace(far, position=offset(HOME, east_m=0, north_m=700)), plan=a_plan()
    )
    assert "battery.low" not in rules(looked_at)
    assert "battery.low" in rules(replace(looked_at, power=drain.power()))
    drain.see(replace(start, is_in_air=False))
    assert drain.power() == Power()


@pytest.mark.parametrize(("spent_pct", "minutes"), [(30.0, 1), (3.0, 10), (5.0, 10)])
def test_a_gauge_that_jumps_and_a_better_battery_change_nothing(
    spent_pct: float, minutes: int
) -> None:
    drain, start = Drain(), a_sample()
    drain.see(start)
    later = start.time_utc + timedelta(minutes=minutes)
    drain.see(replace(start, time_utc=later, battery=Battery(charge_pct=100.0 - spent_pct)))
    assert drain.power() == Power()
