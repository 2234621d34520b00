"""The guardian on a real link: an aircraft on its way to a known crowd is turned back."""

from __future__ import annotations

import anyio
import pytest

from drone.guard_seen import GuardLimits
from drone.guardian import Guardian
from patrol.clock import SystemClock
from patrol.crowds import SeenCrowd, SeenCrowds
from patrol.errors import CommandDenied
from patrol.geo import GeoPoint, distance_m, offset
from patrol.sighting import PlacedPerson
from patrol.telemetry import FlightMode
from patrol.vehicle import GoTo, Upload
from tests.unit.test_plan_words import HOME
from tests.wire.test_sim_aircraft import a_loop
from tests.wire.twins import Twin, a_twin

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]
EAST_M = 70.0
BLIND = GuardLimits(standoff_blind_s=0.2)  # of the wall: five times as long in the air


def a_crowd(clock: SystemClock) -> tuple[SeenCrowds, GeoPoint]:
    """Before the aircraft, as one look found it; nothing has looked there since."""
    place = offset(HOME, east_m=EAST_M, north_m=0.0)
    person = PlacedPerson(
        point=place, error_m=2.0, relative_error_m=0.5, score=0.9, box_px=(0.0, 0.0, 1.0, 1.0)
    )
    crowd = SeenCrowd(centre=place, people=(person,) * 12)
    return SeenCrowds(time_utc=clock.now_utc(), crowds=(crowd,), footprint=()), place


async def nearest_m(twin: Twin, place: GeoPoint, into: list[float]) -> None:
    while True:
        position = twin.link.sample.position
        if position is not None:
            into.append(distance_m(position, place))
        await anyio.sleep(0.02)


async def test_an_aircraft_that_is_sent_towards_a_crowd_nobody_looks_at_is_called_home() -> None:
    clock, ways_m = SystemClock(), list[float]()
    crowd, place = a_crowd(clock)
    async with a_twin(speed=5.0) as twin, anyio.create_task_group() as group:
        vehicle, plan = twin.link.vehicle, a_loop()
        guardian = Guardian(
            vehicle=vehicle, bus=vehicle._bus, world=clock, wall=clock, plan=lambda: plan
        )  # fmt: skip
        guardian.limits = BLIND
        await vehicle.do(Upload(plan=plan))
        await twin.link.in_the_air(10.0)
        group.start_soon(guardian.run)
        group.start_soon(nearest_m, twin, place, ways_m)
        await anyio.wait_all_tasks_blocked()
        vehicle._bus.publish(crowd)
        twin.told.clear()
        with pytest.raises(CommandDenied, match="broken off"):
            await vehicle.do(
                GoTo(point=offset(HOME, east_m=EAST_M - 5.0, north_m=0.0), height_above_home_m=10.0)
            )
        acted = await twin.heard("guardian", action="return")
        assert (acted.fields["rule"], acted.fields["outcome"]) == ("standoff.breached", "done")
        await twin.link.until(lambda sample: sample.mode is FlightMode.RETURN)
        turned_m = min(ways_m)
        assert turned_m > 25.0, "it turned back before the stand-off was gone"
        away = await twin.link.until(
            lambda s: s.position is not None and distance_m(s.position, place) > 50.0
        )
        assert away.mode is FlightMode.RETURN
        group.cancel_scope.cancel()
