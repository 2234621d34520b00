"""Heights follow the ground that is given: never too near to it, never above the ceiling."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from drone.mavsdk_convert import mission_items
from missions.checks import check_flight
from missions.open_air import Surroundings
from missions.plan_files.qgc_write import to_qgc
from missions.planner import Patrol, plan_patrol
from missions.relief import above_home_m
from missions.request import PlanRequest, Task
from patrol.energy import energy_need_pct
from patrol.geo import Datum, GeoPoint, LocalFrame, distance_m, offset
from patrol.pattern import Pattern
from patrol.plan import MissionPlan, plan_from_dict, stops
from tests.unit.test_boundary import CENTRE, FRAME, a_grid, a_request, a_shape, square

HOME_M = 12.0
Metres = NDArray[np.float64]


class Ground:
    """East and north of the middle in, metres above home's ground out; NaN: not known."""

    def __init__(self, shape: Callable[[Metres, Metres], Metres]) -> None:
        self._shape = shape

    def __call__(self, place: GeoPoint, /) -> float | None:
        found_m = float(self.many(np.array([place.lat_deg]), np.array([place.lon_deg]))[0])
        return None if math.isnan(found_m) else found_m

    def many(self, lat_deg: Metres, lon_deg: Metres) -> Metres:
        per_lat_m, per_lon_m = FRAME.metres_per_degree()
        east_m = (lon_deg - CENTRE.lon_deg) * per_lon_m
        north_m = (lat_deg - CENTRE.lat_deg) * per_lat_m
        return HOME_M + self._shape(east_m, north_m)


def a_hill(top_m: float, reach_m: float, at_east_m: float = 0.0) -> Ground:
    def shape(east_m: Metres, north_m: Metres) -> Metres:
        return np.asarray(top_m * np.exp(-((east_m - at_east_m) ** 2 + north_m**2) / reach_m**2))

    return Ground(shape)


def asked(ground: Ground, pattern: Pattern = Pattern.SWEEP, **more: object) -> PlanRequest:
    grid = a_grid(a_shape(square(500.0)))
    request = a_request(grid, offset(CENTRE, east_m=-200.0, north_m=-200.0))
    return replace(
        request,
        task=Task(pattern=pattern),
        around=Surroundings(elevation_amsl_m=ground),
        **more,  # type: ignore[arg-type]  # fields of PlanRequest
    )


def codes(patrol: Patrol) -> set[str]:
    return {finding.code for finding in patrol.all_findings}


def true_heights_m(plan: MissionPlan, ground: Ground) -> list[float]:
    """Every 3 m of every leg, above the ground."""
    heights, at, height_m = [], plan.home, plan.climb_height_m
    for waypoint in plan.waypoints:
        there_m = waypoint.height_above_home_m
        assert there_m is not None
        assert height_m is not None
        leg = LocalFrame(origin=at).to_enu(waypoint.point)
        count = max(1, math.ceil(distance_m(at, waypoint.point) / 3.0))
        for number in range(count + 1):
            share = number / count
            place = offset(at, east_m=leg.east_m * share, north_m=leg.north_m * share)
            below_m = above_home_m(place, plan.home, ground)
            assert below_m is not None
            heights.append(height_m + (there_m - height_m) * share - below_m)
        at, height_m = waypoint.point, there_m
    return heights


@settings(max_examples=15, deadline=None)
@given(
    st.floats(-60.0, 90.0), st.floats(80.0, 400.0), st.floats(-200.0, 200.0),
    st.sampled_from([Pattern.BOUNDARY, Pattern.SWEEP]),
)  # fmt: skip
def test_over_any_hill_every_leg_keeps_its_height_or_a_finding_says_not(
    top_m: float, reach_m: float, east_m: float, pattern: Pattern
) -> None:
    ground = a_hill(top_m, reach_m, east_m)
    patrol = plan_patrol(asked(ground, pattern))
    assert patrol.sorties
    for sortie in patrol.sorties:
        if stops(sortie.findings):
            continue
        heights = true_heights_m(sortie.plan, ground)
        assert min(heights) >= 14.5
        assert max(heights) <= 110.5


def test_a_leg_over_a_hill_is_given_waypoints_that_follow_it() -> None:
    ground = a_hill(60.0, 120.0)
    over = plan_patrol(asked(ground)).sorties[0].plan
    plain = plan_patrol(asked(a_hill(0.0, 100.0))).sorties[0].plan
    assert len(over.waypoints) > len(plain.waypoints)
    assert {waypoint.height.datum for waypoint in over.waypoints} == {Datum.GROUND}
    assert max(one.ground_above_home_m or 0.0 for one in over.waypoints) > 40.0
    heights = true_heights_m(over, ground)
    assert min(heights) >= 24.0
    assert max(heights) <= 36.0


def test_what_is_flown_counts_from_home_and_the_plan_comes_back_from_its_file() -> None:
    plan = plan_patrol(asked(a_hill(60.0, 120.0))).sorties[0].plan
    flown = [item.z for item in mission_items(plan) if item.command == 16]
    assert flown == [waypoint.height_above_home_m for waypoint in plan.waypoints]
    assert max(flown) > 70.0
    items = to_qgc(plan)["mission"]["items"]
    assert [item["params"][6] for item in items if item["command"] == 16] == flown
    read = plan_from_dict(plan.to_dict())
    assert read.digest == plan.digest
    assert [item.z for item in mission_items(read) if item.command == 16] == flown
    assert "terrain.from_plan" in {finding.code for finding in check_flight(plan)}


def test_it_comes_home_above_the_hill_that_lies_between() -> None:
    ground = a_hill(70.0, 90.0)
    plan = plan_patrol(asked(ground, Pattern.BOUNDARY)).sorties[0].plan
    assert plan.return_height.datum is Datum.HOME
    assert plan.return_height.metres >= 70.0


def test_a_hill_costs_of_the_battery() -> None:
    plan = plan_patrol(asked(a_hill(60.0, 120.0))).sorties[0].plan
    flat = tuple(replace(one, ground_above_home_m=0.0) for one in plan.waypoints)
    assert energy_need_pct(plan) > energy_need_pct(replace(plan, waypoints=flat)) + 1.0
    assert plan.battery_need_pct >= energy_need_pct(plan) - 1.0


def test_over_a_valley_the_ceiling_counts_from_its_ground() -> None:
    gorge = a_hill(-120.0, 60.0)
    patrol = plan_patrol(asked(gorge, Pattern.BOUNDARY))
    assert "way_home.above_ceiling" in codes(patrol) or not stops(patrol.all_findings)
    high = plan_patrol(asked(a_hill(0.0, 100.0), Pattern.BOUNDARY, height_agl_m=111.0))
    assert "height.above_ceiling" in codes(high)


@pytest.mark.parametrize("pattern", [Pattern.BOUNDARY, Pattern.SWEEP])
def test_data_that_does_not_cover_the_route_is_a_finding_that_forbids(pattern: Pattern) -> None:
    half = Ground(lambda east_m, _: np.where(east_m < 0.0, 0.0, np.nan))
    patrol = plan_patrol(asked(half, pattern))
    missing = [one for one in stops(patrol.all_findings) if one.code == "terrain.not_covered"]
    assert missing
    assert all("waypoint" in finding.text for finding in missing)
    nowhere = plan_patrol(asked(Ground(lambda east_m, _: east_m * np.nan), pattern))
    texts = [one.text for one in stops(nowhere.all_findings) if one.code == "terrain.not_covered"]
    assert any("launch point" in text for text in texts)


def test_with_data_nobody_is_told_that_the_ground_is_not_known() -> None:
    assert "terrain.unknown" not in codes(plan_patrol(asked(a_hill(20.0, 200.0))))
