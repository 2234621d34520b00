"""What goes aboard with a plan, so that the autopilot comes home by its way and by no older one."""

from __future__ import annotations

from dataclasses import replace

import anyio
import pytest

from patrol.errors import CommandDenied
from patrol.geo import distance_m, offset
from patrol.plan import RallyPoint, WayHome
from patrol.vehicle import Recognise
from sim.faults import Fault
from tests.unit.test_plan_words import HOME
from tests.wire.test_sim_aircraft import a_loop, forbidding
from tests.wire.twins import a_twin

pytestmark = pytest.mark.anyio
SPOT = offset(HOME, east_m=40.0, north_m=0.0)


async def test_rally_points_and_return_type_go_aboard_with_the_plan_and_old_ones_are_cleared() -> (
    None
):
    loop = a_loop()
    rally = replace(loop, way_home=WayHome.RALLY, rally_points=(RallyPoint(point=SPOT),))
    async with a_twin() as twin:
        pilot = twin.aircraft.autopilot
        assert await twin.uploaded(rally) == ""
        assert [distance_m(point, SPOT) < 0.1 for point in pilot.rally] == [True]
        assert await forbidding(twin.link, rally) == set()
        assert await twin.uploaded(replace(loop, way_home=WayHome.ROUTE)) == ""
        assert pilot.rally == [], "those of an older plan would be flown to"
        assert pilot.parameters.whole("RTL_TYPE") == 2
        told = await twin.heard("parameter.set", parameter="RTL_TYPE")
        assert (told.fields["before"], told.fields["value"]) == (0, 2)
        assert await forbidding(twin.link, loop) == {"return_type.other"}


async def test_what_is_on_board_is_recognised_item_by_item_and_left_as_it_is() -> None:
    plan = a_loop()
    moved = replace(plan.waypoints[1], point=offset(HOME, east_m=16.0, north_m=14.0))
    async with a_twin() as twin:
        assert await twin.uploaded(plan) == ""
        vehicle = twin.link.vehicle
        for other, words in (
            (replace(plan, waypoints=(plan.waypoints[0], moved)), "recognise mission"),
            (replace(plan, fence=plan.fence[:3]), "recognise fence"),
            (
                replace(plan, way_home=WayHome.RALLY, rally_points=(RallyPoint(point=SPOT),)),
                "recognise rally points",
            ),
        ):
            with pytest.raises(CommandDenied, match=words):
                await vehicle.do(Recognise(plan=other))
            assert not await twin.is_confirmed()
        await vehicle.do(Recognise(plan=plan))
        assert await twin.is_confirmed()
        assert twin.holds(plan)


async def test_the_clock_of_the_autopilot_is_held_against_ours() -> None:
    async with a_twin(speed=1.0) as twin:
        with anyio.fail_after(5.0):
            while (off_s := (await twin.link.vehicle.ask()).clock_off_s) is None:
                await anyio.sleep(0.1)
        assert abs(off_s) < 5.0
        twin.aircraft.inject(Fault.CLOCK_JUMP, 3600.0)
        with anyio.fail_after(5.0):
            while not 3500.0 < ((await twin.link.vehicle.ask()).clock_off_s or 0.0) < 3700.0:
                await anyio.sleep(0.1)
