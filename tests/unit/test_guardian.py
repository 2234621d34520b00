"""The gravest rule wins, a missing value is a finding, and the pilot's sticks silence it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone.guard_rules import applying
from drone.guard_seen import Seen
from drone.guardian import Guardian, decide
from patrol.bus import Bus
from patrol.crowds import KnownCrowds, SeenCrowd, SeenCrowds
from patrol.energy import energy_home_pct
from patrol.geo import GeoPoint, offset
from patrol.in_command import InCommand
from patrol.plan import WayHome
from patrol.sighting import PlacedPerson
from patrol.story import StoryEvent
from patrol.telemetry import (
    Ages,
    Battery,
    Fix,
    FlightMode,
    Gnss,
    TelemetrySample,
    VelocityNed,
    Wind,
)
from patrol.vehicle import Hold, Land, ReturnHome
from tests.fakes import HOME, FakeVehicle, ManualClock, a_sample
from tests.unit.test_plan_words import a_plan

OUTSIDE = offset(HOME, east_m=-200, north_m=-200)


@pytest.mark.parametrize(
    ("sample", "rule"),
    [
        (a_sample(height_agl_m=30.0), None),
        (a_sample(), "terrain.unknown"),
        (a_sample(height_agl_m=120.0), "ceiling.breached"),
        (a_sample(height_agl_m=40.0, height_above_home_m=120.0), None),
        (a_sample(height_agl_m=40.0, height_above_home_m=120.0, ages=Ages(terrain_s=60.0)),
         "ceiling.breached"),
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
        (a_sample(wind=None, height_agl_m=30.0), "wind.unknown"),
        (a_sample(wind=Wind(speed_m_s=9.0, from_deg_true=0.0)), "wind.fresh"),
        (a_sample(wind=Wind(speed_m_s=13.0, from_deg_true=0.0)), "wind.strong"),
        (a_sample(gnss=Gnss(fix=Fix.THREE_D, satellites=5)), "gnss.weak"),
    ],
)  # fmt: skip
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
    sample: TelemetrySample,
    *,
    has_plan: bool = True,
    in_command: InCommand | None = None,
    before: Sequence[object] = (),
) -> tuple[FakeVehicle, list[str]]:
    """Let the guardian see one sample three times; the vehicle and the rules it acted on."""
    bus, clock = Bus(), StandingClock()
    vehicle = FakeVehicle(clock, bus)
    vehicle._sample = sample
    guardian = Guardian(
        vehicle=vehicle, bus=bus, world=clock, wall=clock,
        plan=lambda: a_plan() if has_plan else None, in_command=lambda: in_command,
    )  # fmt: skip
    told: list[str] = []
    with bus.subscribe(StoryEvent) as events:
        async with anyio.create_task_group() as group:
            group.start_soon(guardian.run)
            await anyio.wait_all_tasks_blocked()
            for fact in before:
                bus.publish(fact)
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
    await guard(a_sample(gnss=None, mode=FlightMode.MISSION), in_command=ours)
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


# --- crowds, other aircraft, energy


def a_crowd(east_m: float, error_m: float = 2.0, *, number: int = 0) -> SeenCrowds:
    """A dozen people so far east of home, in the look of that number."""
    centre = offset(HOME, east_m=east_m, north_m=0)
    person = PlacedPerson(
        point=centre, error_m=error_m, relative_error_m=0.5, score=0.9, box_px=(0, 0, 1, 1)
    )
    return SeenCrowds(
        time_utc=a_sample().time_utc + timedelta(seconds=number),
        crowds=(SeenCrowd(centre=centre, people=(person,) * 12),), footprint=around(centre),
    )  # fmt: skip


def around(centre: GeoPoint) -> tuple[GeoPoint, ...]:
    corners = [(-20, -20), (20, -20), (20, 20), (-20, 20)]
    return tuple(offset(centre, east_m=e, north_m=n) for e, n in corners)


def on_patrol(east_m: float, *, flies_east_m_s: float = 0.0, **changes: object) -> TelemetrySample:
    return a_sample(
        position=offset(HOME, east_m=east_m, north_m=0), mode=FlightMode.MISSION, height_agl_m=30.0,
        velocity=VelocityNed(north_m_s=0, east_m_s=flies_east_m_s, down_m_s=0), **changes,
    )  # fmt: skip


def seen(sample: TelemetrySample, crowd: SeenCrowds | None = None, near_looks: int = 9) -> Seen:
    crowds = KnownCrowds()
    if crowd is not None:
        crowds.see(crowd)
    return Seen(sample=sample, plan=a_plan(), crowds=crowds, near_looks=near_looks)


def rules(looked_at: Seen) -> list[str]:
    return [row.rule for row in applying(looked_at)]


def test_a_crowd_nearer_than_the_stand_off_is_left_by_the_way_that_leads_from_it() -> None:
    assert rules(seen(on_patrol(40.0), a_crowd(60.0))) == ["standoff.breached"]
    assert rules(seen(on_patrol(40.0), a_crowd(80.0))) == [], "far enough"
    assert rules(seen(on_patrol(40.0), a_crowd(20.0))) == ["standoff.pinned"], "it is on the way"
    assert rules(seen(on_patrol(40.0), a_crowd(60.0), near_looks=3)) == [], "the desk comes first"
    leaving = on_patrol(40.0, flies_east_m_s=-2.0)
    assert rules(seen(leaving, a_crowd(60.0))) == [], "it moves away already"


def test_the_stand_off_counts_the_placing_error_and_grows_with_the_height() -> None:
    assert rules(seen(on_patrol(40.0), a_crowd(75.0, error_m=10.0))) == ["standoff.breached"]
    high = replace(on_patrol(40.0), height_agl_m=60.0)
    assert rules(seen(high, a_crowd(90.0))) == ["standoff.breached"]


@given(st.floats(-300, 300), st.floats(0, 20), st.floats(5, 100))
def test_nobody_of_a_crowd_is_near_without_a_rule_that_says_so(
    east_m: float, error_m: float, height_m: float
) -> None:
    sample = replace(on_patrol(0.0), height_agl_m=height_m)
    found = rules(seen(sample, a_crowd(east_m, error_m)))
    is_near = abs(east_m) - error_m < max(30.0, height_m) - 3.0
    if abs(abs(east_m) - error_m - max(30.0, height_m) + 3.0) > 0.1:
        assert any(rule.startswith("standoff.") for rule in found) is is_near


def test_a_look_replaces_what_it_had_in_view_and_keeps_the_rest() -> None:
    known, at_utc = KnownCrowds(), a_sample().time_utc
    known.see(a_crowd(60.0))
    elsewhere = around(offset(HOME, east_m=500, north_m=0))
    known.see(SeenCrowds(time_utc=at_utc, crowds=(), footprint=elsewhere))
    assert known.nearest(HOME) is not None
    there = around(offset(HOME, east_m=60, north_m=0))
    known.see(SeenCrowds(time_utc=at_utc, crowds=(), footprint=there))
    assert known.nearest(HOME) is None
    known.see(a_crowd(60.0))
    later = at_utc + timedelta(minutes=11)
    known.see(SeenCrowds(time_utc=later, crowds=(), footprint=elsewhere))
    assert known.nearest(HOME) is None


def test_two_of_our_aircraft_within_thirty_metres_stop_unless_they_part() -> None:
    near = on_patrol(60.0)
    for other, changes, is_lost in (
        (near, {}, True),
        (near, {"velocity": VelocityNed(north_m_s=0, east_m_s=-3, down_m_s=0)}, False),
        (replace(near, altitude_amsl_m=92.0), {}, False),
        (replace(near, altitude_amsl_m=None), {}, True),
        (on_patrol(75.0), {}, False),
    ):
        looked_at = replace(seen(replace(on_patrol(40.0), **changes)), others=(other,))  # type: ignore[arg-type]  # names are this test's
        assert (rules(looked_at) == ["separation.lost"]) is is_lost


def test_two_of_our_aircraft_stop_while_there_is_room_and_pass_each_other_when_apart() -> None:
    east = VelocityNed(north_m_s=0, east_m_s=4.8, down_m_s=0)
    west = VelocityNed(north_m_s=0, east_m_s=-4.8, down_m_s=0)
    mine = on_patrol(0.0, flies_east_m_s=4.8)
    for east_m, north_m, velocity, is_lost in (
        (48.0, 0.0, west, True),
        (40.0, 0.0, None, True),  # its own way to a stop alone
        (60.0, 0.0, west, False),
        (45.0, 40.0, west, False),  # on a way of its own, 40 m beside
        (60.0, 0.0, east, False),
    ):
        there = offset(HOME, east_m=east_m, north_m=north_m)
        other = replace(on_patrol(0.0), position=there, velocity=velocity)
        found = rules(replace(seen(mine), others=(other,)))
        assert ("separation.lost" in found) is is_lost, (east_m, north_m)


def test_the_charge_has_to_last_for_the_plans_way_home_with_a_reserve() -> None:
    plan = replace(a_plan(), way_home=WayHome.ROUTE)
    far = plan.waypoints[-1].point
    need_pct = energy_home_pct(
        far, plan, height_above_home_m=30.0, wind_m_s=11.0, wind_from_true_deg=90.0
    )
    wind = Wind(speed_m_s=11.0, from_deg_true=90.0)
    limit_pct = max(20.0, need_pct + 10.0)
    for charge_pct, is_low in ((limit_pct - 0.5, True), (limit_pct + 0.5, False)):
        sample = on_patrol(0.0, battery=Battery(charge_pct=charge_pct), wind=wind)
        found = rules(Seen(sample=replace(sample, position=far), plan=plan))
        assert ("battery.low" in found) is is_low
    storm = on_patrol(0.0, wind=Wind(speed_m_s=20.0, from_deg_true=90.0))
    away = replace(storm, position=far)
    assert "battery.low" in rules(Seen(sample=away, plan=plan)), "no charge gets it home"


@pytest.mark.anyio
async def test_it_moves_away_from_a_crowd_once_the_desk_has_had_its_time() -> None:
    looks = [a_crowd(60.0, number=number) for number in range(6)]
    vehicle, told = await guard(on_patrol(40.0), before=looks)
    assert ([type(c) for c in vehicle.commands], told) == ([ReturnHome], ["standoff.breached"])
    vehicle, _ = await guard(on_patrol(40.0), before=looks[:5])
    assert not vehicle.commands


@pytest.mark.anyio
async def test_it_holds_before_another_of_our_aircraft_and_acts_on_no_other_than_its_own() -> None:
    other = replace(on_patrol(60.0), vehicle_id="GP-2")
    vehicle, told = await guard(on_patrol(40.0), before=[other])
    assert ([type(c) for c in vehicle.commands], told) == ([Hold], ["separation.lost"])
    outside = replace(a_sample(position=OUTSIDE), vehicle_id="GP-2")
    vehicle, _ = await guard(on_patrol(40.0), before=[outside, outside])
    assert not vehicle.commands


@pytest.mark.anyio
async def test_a_hold_that_is_in_effect_hides_no_empty_battery() -> None:
    other = replace(on_patrol(60.0), vehicle_id="GP-2")
    low = replace(on_patrol(40.0), mode=FlightMode.HOLD, battery=Battery(charge_pct=15.0))
    vehicle, told = await guard(low, before=[other])
    assert ([type(c) for c in vehicle.commands], told) == ([ReturnHome], ["battery.low"])


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("looked", "acted"),
    [("GP-1", ["standoff.breached"]), ("GP-2", []), (None, ["standoff.breached"])],
)
async def test_only_looks_of_its_own_camera_count_though_it_keeps_away_from_what_others_see(
    looked: str | None, acted: list[str]
) -> None:
    sample = replace(on_patrol(60.0), home=HOME)
    looks = [replace(a_crowd(75.0, number=number), vehicle_id=looked) for number in range(8)]
    _, told = await guard(sample, before=looks)
    assert told == acted


@pytest.mark.anyio
async def test_what_it_does_is_told_with_the_name_of_its_aircraft() -> None:
    bus, clock = Bus(), StandingClock()
    vehicle = FakeVehicle(clock, bus)
    guardian = Guardian(vehicle=vehicle, bus=bus, world=clock, wall=clock, plan=a_plan)
    with bus.subscribe(StoryEvent) as events:
        async with anyio.create_task_group() as group:
            group.start_soon(guardian.run)
            await anyio.wait_all_tasks_blocked()
            vehicle._sample = a_sample(position=OUTSIDE)
            bus.publish(vehicle._sample)
            with anyio.fail_after(5.0):
                event = await events.get()
            group.cancel_scope.cancel()
    assert (event.aircraft, event.grid) == ("GP-1", a_plan().grid_code)


@pytest.mark.anyio
async def test_what_it_can_only_warn_of_is_told_once_and_not_at_the_first_look() -> None:
    bus, clock = Bus(), StandingClock()
    vehicle = FakeVehicle(clock, bus)
    guardian = Guardian(vehicle=vehicle, bus=bus, world=clock, wall=clock, plan=a_plan)
    with bus.subscribe(StoryEvent) as events:
        async with anyio.create_task_group() as group:
            group.start_soon(guardian.run)
            for at_s in (0.0, 4.0, 6.0, 8.0, 30.0):
                await anyio.wait_all_tasks_blocked()
                clock.now_s = at_s
                vehicle._sample = on_patrol(0.0, battery=None)
                bus.publish(vehicle._sample)
                await anyio.wait_all_tasks_blocked()
                told = [
                    (event.fields["rule"], event.fields["action"]) for event in events.take_all()
                ]
                assert told == ([("battery.unknown", "warn")] if at_s == 6.0 else [])
            group.cancel_scope.cancel()
    assert not vehicle.commands
