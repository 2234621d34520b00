"""What comes in between: battery, link, satellites, a crowd ahead. It ends on the ground, whole."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import anyio
import pytest

from patrol.bus import Bus
from patrol.crowds import SeenCrowd, SeenCrowds
from patrol.geo import GeoPoint, distance_m, offset
from patrol.plan import MissionPlan
from patrol.sighting import PlacedPerson
from tests.flight.patrol import UNHURRIED, on_patrol
from tests.flight.sortie import a_loop, a_route
from tests.unit.test_plan_words import HOME

if TYPE_CHECKING:
    from tests.flight.conftest import Ledger
    from tests.flight.twin import Twins

pytestmark = [pytest.mark.anyio, pytest.mark.flight, pytest.mark.timeout(300)]

DRIFT_M = 20.0  # two seconds at 5 m/s until it is known, 7 m to a stand, a blind descent
HOLD, LAND, RETURN = (4, 3), (4, 6), (4, 5)  # PX4's main and sub modes
_LOOK_EVERY_S = 0.1  # wall

wide_loop = partial(a_loop, side_m=80.0)


@asynccontextmanager
async def looking_at(crowd: GeoPoint, bus: Bus) -> AsyncIterator[None]:
    """As the eye tells it, look after look: a dozen people, placed to a metre."""
    person = PlacedPerson(
        point=crowd, error_m=1.0, relative_error_m=0.5, score=0.9, box_px=(0, 0, 1, 1)
    )
    corners = [(-20, -20), (20, -20), (20, 20), (-20, 20)]
    seen = SeenCrowd(centre=crowd, people=(person,) * 12)
    footprint = tuple(offset(crowd, east_m=e, north_m=n) for e, n in corners)

    async def look() -> None:
        while True:
            now = datetime.now(UTC)
            bus.publish(SeenCrowds(time_utc=now, crowds=(seen,), footprint=footprint))
            await anyio.sleep(_LOOK_EVERY_S)

    async with anyio.create_task_group() as group:
        group.start_soon(look)
        yield
        group.cancel_scope.cancel()


async def test_a_low_battery_brings_it_home_with_charge_to_spare(
    twins: Twins, minima: Ledger
) -> None:
    async with on_patrol(twins, minima("low battery"), wide_loop) as patrol:
        await patrol.twin.drain(18.0)
        told = await patrol.sortie.heard("guardian", rule="battery.low")
        assert (told.fields["action"], told.fields["outcome"]) == ("return", "done")
        report = await patrol.lands_at_home()
        assert report.waypoints_flown < len(patrol.sortie.plan.waypoints)


async def test_an_aircraft_that_hears_nobody_comes_home_by_itself(
    twins: Twins, minima: Ledger
) -> None:
    async with on_patrol(twins, minima("link loss"), wide_loop) as patrol:
        await patrol.twin.lose_link_after(2)
        patrol.radio.is_cut = True
        await patrol.sortie.heard("link.lost")
        await patrol.radio.until(lambda heard: heard.mode == RETURN)
        patrol.radio.is_cut = False
        report = await patrol.lands_at_home()
        assert patrol.sortie.all_told("link.back")
        assert report.abnormal
        assert report.waypoints_flown < len(patrol.sortie.plan.waypoints)


async def test_without_satellites_it_is_held_and_comes_down_where_it_is(
    twins: Twins, minima: Ledger
) -> None:
    async with on_patrol(twins, minima("GNSS loss"), wide_loop) as patrol:
        patrol.twin.pace(UNHURRIED / 2.0)
        await patrol.twin.satellites(are_seen=False)
        lost_at = patrol.radio.place
        await patrol.radio.until(lambda heard: heard.mode == HOLD)
        await patrol.radio.until(lambda heard: heard.mode == LAND)
        patrol.twin.pace(patrol.twin.speed)
        held = await patrol.sortie.heard("guardian", rule="gnss.lost")
        assert held.fields["action"] == "hold"
        # The autopilot gives it five seconds; what it had no time for is told.
        assert re.search("^done$|broken off: the mode is land", held.fields["outcome"])
        report = await patrol.sortie.landed()
        patrol.least.landed(patrol.radio)
        assert "by itself" in report.reason
        assert distance_m(patrol.radio.place, lost_at) < DRIFT_M
        assert report.waypoints_flown < len(patrol.sortie.plan.waypoints)


async def test_flown_towards_a_known_crowd_it_is_brought_home_before_the_stand_off(
    twins: Twins, minima: Ledger
) -> None:
    crowd = offset(HOME, east_m=0.0, north_m=110.0)

    def north(home: GeoPoint) -> MissionPlan:
        return a_route(home, (0.0, 20.0), (0.0, 140.0), fence_m=160.0)

    async with on_patrol(twins, minima("stand-off", crowd=crowd), north) as patrol:
        patrol.twin.pace(UNHURRIED)
        async with looking_at(crowd, patrol.sortie.bus):
            back = await patrol.sortie.heard("guardian", rule="standoff.breached")
            assert (back.fields["action"], back.fields["outcome"]) == ("return", "done")
            patrol.twin.pace(patrol.twin.speed)
            report = await patrol.lands_at_home()
        assert report.waypoints_flown == 1
        assert patrol.least.standoff.value is not None
        assert patrol.least.standoff.value < 60.0, "it was on its way there"
