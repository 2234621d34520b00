"""Two of ours come home to places five metres apart: one waits, both land, they stay apart."""

from __future__ import annotations

import math
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace

import anyio
import pytest

from drone.guardian import Guardian
from patrol.bus import Bus
from patrol.geo import GeoPoint, LocalFrame, distance_m, offset
from patrol.in_command import FOLLOWED, InCommand
from patrol.telemetry import Ages, Battery, FlightMode, TelemetrySample, VelocityNed
from patrol.vehicle import Command, Hold, ReturnHome
from tests.fakes import HOME, FakeVehicle, a_sample
from tests.unit.test_guardian import StandingClock
from tests.unit.test_plan_words import a_plan

pytestmark = pytest.mark.anyio
SPEED_M_S, BRAKES_M_S2, SINKS_M_S = 10.0, 1.75, 1.5


class Homing(FakeVehicle):
    """Flies straight home at the return height and sinks there; a hold takes it time to stand."""

    def __init__(
        self, name: str, home: GeoPoint, at: GeoPoint, clock: StandingClock, charge_pct: float
    ) -> None:
        super().__init__(clock, Bus())
        self.vehicle_id, self.speed_m_s = name, SPEED_M_S
        self._sample = a_sample(
            vehicle_id=name, home=home, position=at, mode=FlightMode.RETURN, height_agl_m=30.0,
            battery=Battery(charge_pct=charge_pct),
        )  # fmt: skip

    def latest(self) -> TelemetrySample:
        return self._sample

    def step(self, dt_s: float) -> None:
        sample = self._sample
        assert sample.position is not None
        assert sample.home is not None
        to = LocalFrame(origin=sample.position).to_enu(sample.home)
        away_m, height_m = math.hypot(to.east_m, to.north_m), sample.height_above_home_m or 0.0
        is_held = sample.mode is FlightMode.HOLD
        change = -BRAKES_M_S2 * dt_s if is_held else 3.0 * dt_s
        self.speed_m_s = min(SPEED_M_S, max(0.0, self.speed_m_s + change))
        if away_m < 1.0:
            height_m -= 0.0 if is_held else SINKS_M_S * dt_s
            self.speed_m_s = 0.0
        way_m = min(away_m, self.speed_m_s * dt_s)
        east, north = (to.east_m, to.north_m) if away_m else (0.0, 0.0)
        share = way_m / (away_m or 1.0)
        rate = self.speed_m_s / (away_m or 1.0)
        self._sample = replace(
            sample, position=offset(sample.position, east_m=east * share, north_m=north * share),
            velocity=VelocityNed(north_m_s=north * rate, east_m_s=east * rate, down_m_s=0.0),
            height_above_home_m=height_m, height_agl_m=height_m, altitude_amsl_m=12.0 + height_m,
            is_in_air=height_m > 0.1, is_armed=height_m > 0.1, heard_at_s=self.clock.now_s,
            time_utc=self.clock.now_utc(),
        )  # fmt: skip


@dataclass(slots=True)
class Two:
    """Both with their guardians; `least_m` is the nearest that they came while both flew."""

    east_m: tuple[float, float]
    north_m: tuple[float, float] = (0.0, 0.0)
    least_m: float = math.inf
    is_asked: bool = True
    charge_pct: float = 60.0
    ages: Ages = Ages()
    clock: StandingClock = field(default_factory=StandingClock)
    both: list[Homing] = field(default_factory=list)

    async def fly(self, for_s: float = 240.0) -> list[list[type[Command]]]:
        bus = Bus()
        homes = (HOME, offset(HOME, east_m=5.0, north_m=0.0))
        places = zip(self.east_m, self.north_m, strict=True)
        starts = [offset(HOME, east_m=east, north_m=north) for east, north in places]
        for number in (0, 1):
            one = Homing(
                f"GP-{number + 1}", homes[number], starts[number], self.clock, self.charge_pct
            )
            one._sample = replace(one.latest(), ages=self.ages)
            self.both.append(one)
        async with AsyncExitStack() as stack:
            group = await stack.enter_async_context(anyio.create_task_group())
            for one in self.both:
                group.start_soon(self._guardian(one, bus).run)
            await anyio.wait_all_tasks_blocked()
            while self.clock.now_s < for_s and any(one.latest().is_in_air for one in self.both):
                self.clock.now_s += 0.2
                for one in self.both:
                    one.step(0.2)
                    bus.publish(one.latest())
                await anyio.wait_all_tasks_blocked()
                self._measure()
            group.cancel_scope.cancel()
        return [[type(command) for command in one.commands] for one in self.both]

    def _guardian(self, one: Homing, bus: Bus) -> Guardian:
        ours = InCommand()
        with ours.asking(*(FOLLOWED if self.is_asked else (FlightMode.MISSION,))):
            pass
        return Guardian(
            vehicle=one, bus=bus, world=self.clock, wall=self.clock, plan=a_plan,
            in_command=lambda: ours,
        )  # fmt: skip

    def _measure(self) -> None:
        one, other = (one.latest() for one in self.both)
        if one.is_in_air and other.is_in_air and one.position and other.position:
            up_m = (one.altitude_amsl_m or 0.0) - (other.altitude_amsl_m or 0.0)
            apart_m = math.hypot(distance_m(one.position, other.position), up_m)
            self.least_m = min(self.least_m, apart_m)

    @property
    def are_down(self) -> bool:
        return not any(one.latest().is_in_air for one in self.both)


@pytest.mark.parametrize(
    ("east_m", "north_m"),
    [
        ((-150.0, 160.0), (0.0, 0.0)),
        ((150.0, 190.0), (0.0, 5.0)),
        ((-120.0, 0.0), (0.0, 130.0)),
        ((-150.0, 155.0), (0.0, 0.0)),
    ],
    ids=["from both sides", "one behind the other", "at a right angle", "equally far"],
)
async def test_the_farther_waits_until_the_nearer_is_down_and_then_comes_home(
    east_m: tuple[float, float], north_m: tuple[float, float]
) -> None:
    two = Two(east_m=east_m, north_m=north_m)
    commands = await two.fly()
    assert [] in commands
    assert [Hold, ReturnHome] in commands
    assert two.least_m >= 30.0
    assert two.are_down


async def test_a_way_home_that_the_autopilot_chose_itself_is_not_held_up() -> None:
    two = Two(east_m=(-150.0, 160.0), is_asked=False)
    assert await two.fly() == [[], []]


async def test_a_battery_that_would_not_reach_waits_for_nobody() -> None:
    two = Two(east_m=(-150.0, 160.0), charge_pct=10.0)
    assert await two.fly() == [[], []]


async def test_a_battery_that_is_told_of_no_more_waits_for_nobody() -> None:
    two = Two(east_m=(-150.0, 160.0), ages=Ages(battery_s=60.0))
    assert await two.fly() == [[], []]
