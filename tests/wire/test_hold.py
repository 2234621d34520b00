"""A candidate stops the patrol at stand-off only, and the patrol goes on only past nobody."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import anyio
import pytest

from ground_station.sortie_watch import SortieWatch
from patrol.crowds import SeenCrowds
from patrol.geo import GeoPoint, offset
from patrol.plan import MissionPlan
from patrol.sighting import Sighting, Stage
from patrol.telemetry import FlightMode
from patrol.vehicle import Command, Hold, ReturnHome, StartMission
from tests.ground_core import a_sighting
from tests.unit.test_effect import a_look
from tests.wire.test_desks import flying_with_an_alert
from tests.wire.test_web_api import ALERT, House, house

__all__ = ["house"]  # a fixture

pytestmark = pytest.mark.anyio


async def patrolling(house: House) -> SortieWatch:
    """In the air on its patrol, with nothing seen yet."""
    await flying_with_an_alert(house)
    watch = house.crowd.watch
    assert watch is not None
    watch.alerts.clear()
    watch.alert_id = None
    return watch


def a_candidate(place: GeoPoint, nearest_m: float | None, need_m: float | None) -> Sighting:
    return replace(
        a_sighting(), stage=Stage.CANDIDATE, place=place, nearest_person_m=nearest_m,
        standoff_need_m=need_m,
    )  # fmt: skip


def middle_of_a_leg(plan: MissionPlan) -> GeoPoint:
    a, b = plan.waypoints[1].point, plan.waypoints[2].point
    return GeoPoint(lat_deg=(a.lat_deg + b.lat_deg) / 2, lon_deg=(a.lon_deg + b.lon_deg) / 2)


async def asked(house: House, kind: type[Command]) -> None:
    await house.until(lambda: isinstance(house.vehicle.commands[-1], kind))


@pytest.mark.parametrize(("nearest_m", "need_m"), [(20.0, 30.0), (None, 30.0), (70.0, None)])
async def test_too_near_or_not_known_the_patrol_goes_home_and_says_why(
    house: House, nearest_m: float | None, need_m: float | None
) -> None:
    watch = await patrolling(house)
    place = offset(watch.plan.home, east_m=500.0, north_m=0.0)
    await house.crowd._hold.candidate(watch, a_candidate(place, nearest_m, need_m))
    await house.until(lambda: "standoff" in house.told())
    await asked(house, ReturnHome)
    assert not [c for c in house.vehicle.commands if isinstance(c, Hold)]
    assert watch.held_place is None
    await house.until(lambda: "sighting" in house.told())


async def test_people_who_come_nearer_while_it_holds_are_not_waited_for(house: House) -> None:
    watch = await patrolling(house)
    await house.crowd._hold.candidate(watch, a_candidate(watch.plan.home, 60.0, 30.0))
    await house.until(lambda: FlightMode.HOLD is house.vehicle._sample.mode)
    crowd = [(float(i % 5), float(i // 5)) for i in range(30)]
    for number in range(3):
        seen = a_look(float(number), crowd, is_valid=True, is_in_view=True)
        watch.held_place = seen.people[12].point
        house.crowd._hold.keep_away(
            watch,
            replace(
                seen, aircraft=offset(watch.held_place, east_m=25.0, north_m=0.0),
                aircraft_height_agl_m=30.0,
            ),
        )  # fmt: skip
    await house.until(lambda: "standoff" in house.told())
    assert watch.held_place is None


async def test_it_does_not_go_on_over_a_crowd_that_is_still_there(house: House) -> None:
    watch = await patrolling(house)
    place = middle_of_a_leg(watch.plan)
    await house.crowd._hold.candidate(watch, a_candidate(place, 60.0, 30.0))
    await house.until(lambda: FlightMode.HOLD is house.vehicle._sample.mode)
    house.crowd.resume_patrol()
    await asked(house, ReturnHome)
    await house.until(lambda: "standoff" in house.told())


async def test_with_the_way_home_no_better_it_holds_and_the_pilot_is_told(house: House) -> None:
    watch = await patrolling(house)
    await house.crowd._hold.candidate(watch, a_candidate(watch.plan.home, 60.0, 30.0))
    await house.until(lambda: FlightMode.HOLD is house.vehicle._sample.mode)
    house.crowd.resume_patrol()
    await house.until(lambda: "standoff" in house.told())
    (told,) = [e for e in house.board.state()["story"] if e["event"] == "standoff"]
    assert told["way"] == "hold"
    assert "pilot decides" in told["reason"]
    assert house.vehicle._sample.mode is FlightMode.HOLD


async def test_when_they_have_gone_it_goes_on_and_forgets_the_alert(house: House) -> None:
    watch = await patrolling(house)
    place = middle_of_a_leg(watch.plan)
    await house.crowd._hold.candidate(watch, a_candidate(place, 60.0, 30.0))
    await house.until(lambda: FlightMode.HOLD is house.vehicle._sample.mode)
    around = tuple(
        offset(place, east_m=east, north_m=north)
        for east, north in ((-60, -60), (60, -60), (60, 60), (-60, 60))
    )
    empty = replace(a_look(1.0, [], is_valid=True, is_in_view=True), footprint=around)
    watch.looks, watch.alert_id = deque([empty]), ALERT
    house.crowd.resume_patrol()
    await asked(house, StartMission)
    assert watch.alert_id is None


async def test_another_crowd_that_clears_does_not_end_the_hold(house: House) -> None:
    watch = await patrolling(house)
    await house.crowd._hold.candidate(watch, a_candidate(watch.plan.home, 60.0, 30.0))
    elsewhere = offset(watch.plan.home, east_m=90.0, north_m=0.0)
    house.crowd._hold.cleared(watch, replace(a_sighting(), place=elsewhere))
    assert watch.held_place is not None
    house.crowd._hold.cleared(watch, replace(a_sighting(), place=watch.plan.home))
    assert watch.held_place is None


async def test_every_valid_look_tells_the_guardian_where_crowds_are_by_the_upper_bound(
    house: House,
) -> None:
    crowd = [(float(i % 5), float(i // 5)) for i in range(30)]
    few = [(40.0 + i, 0.0) for i in range(5)]  # up to 9.4 of them: no crowd
    some = [(80.0 + i, 0.0) for i in range(6)]  # up to 10.8
    with house.bus.subscribe(SeenCrowds) as seen:
        house.bus.publish(a_look(0.0, [*crowd, *few, *some], is_valid=True, is_in_view=True))
        with anyio.fail_after(5.0):
            look = await seen.get()
        assert sorted(len(one.people) for one in look.crowds) == [6, 30]
        assert look.footprint
        house.bus.publish(a_look(1.0, crowd, is_valid=False, is_in_view=True))
        house.bus.publish(a_look(2.0, [], is_valid=True, is_in_view=True))
        with anyio.fail_after(5.0):
            assert (await seen.get()).crowds == (), "what could not look says nothing"
