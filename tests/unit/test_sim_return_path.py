"""The simulated autopilot comes home by the way that planning and guarding count on."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from patrol.geo import GeoPoint, LocalFrame, distance_m, offset
from patrol.plan import RallyPoint, WayHome
from patrol.way_home import way_back
from sim.mission import WAYPOINT, Item, MissionState
from sim.return_path import DIRECT, MISSION_PATH, ReturnPath, return_path
from tests.unit.test_plan_words import HOME, a_plan

FRAME = LocalFrame(origin=HOME)
places = st.builds(
    lambda east_m, north_m: offset(HOME, east_m=east_m, north_m=north_m),
    st.integers(-200, 200),
    st.integers(-200, 200),
)


def aboard(points: list[GeoPoint]) -> MissionState:
    items = [
        Item(command=WAYPOINT, params=(0.0, 0.0, 0.0, 0.0), point=point, up_m=30.0)
        for point in points
    ]
    return MissionState(items=items, current=len(items) - 1)


def way(path: ReturnPath) -> list[tuple[int, int]]:
    return [(round(place.east_m), round(place.north_m)) for place in (*path.over, path.landing)]


def metres(points: tuple[GeoPoint, ...]) -> list[tuple[int, int]]:
    flat = [FRAME.to_enu(point) for point in points]
    return [(round(place.east_m), round(place.north_m)) for place in flat]


@given(places, st.lists(places, min_size=1, max_size=6, unique=True))
def test_out_of_a_hold_it_follows_the_route_back_from_the_nearest_waypoint(
    here: GeoPoint, route: list[GeoPoint]
) -> None:
    plan = a_plan()
    waypoints = tuple(replace(plan.waypoints[0], point=point) for point in route)
    plan = replace(plan, waypoints=waypoints, way_home=WayHome.ROUTE)
    path = return_path(
        MISSION_PATH, here=FRAME.to_enu(here), frame=FRAME, mission=aboard(route), rally=(),
        is_on_mission=False,
    )  # fmt: skip
    assert way(path) == metres(way_back(here, plan))


def test_on_its_mission_it_turns_back_to_the_waypoint_it_came_from() -> None:
    route = [offset(HOME, east_m=east_m, north_m=0) for east_m in (50, 100, 150)]
    here = FRAME.to_enu(offset(HOME, east_m=140, north_m=0))
    path = return_path(
        MISSION_PATH, here=here, frame=FRAME, mission=aboard(route), rally=(), is_on_mission=True
    )
    assert way(path) == [(100, 0), (50, 0), (0, 0)]


@given(places, st.lists(places, max_size=4, unique=True))
def test_it_lands_where_the_plan_expects_it_but_for_two_metres_of_choice(
    here: GeoPoint, rally: list[GeoPoint]
) -> None:
    plan = replace(
        a_plan(),
        way_home=WayHome.RALLY,
        rally_points=tuple(RallyPoint(point=point) for point in rally),
    )
    path = return_path(
        DIRECT, here=FRAME.to_enu(here), frame=FRAME, mission=MissionState(), rally=rally,
        is_on_mission=False,
    )  # fmt: skip
    chosen, expected = FRAME.to_geo(path.landing), way_back(here, plan)[-1]
    # One choice passes over up to two metres, and each of the later ones may do so again.
    slack_m = 2.0 * (len(rally) + 1)
    assert distance_m(here, chosen) <= distance_m(here, expected) + slack_m
    assert path.landing.east_m == 0.0 or distance_m(chosen, HOME) > 10.0


def test_a_rally_point_beside_home_is_left_out_and_one_hardly_nearer_is_not_taken() -> None:
    def landing(east_m: float, *rally_east_m: float) -> float:
        path = return_path(
            DIRECT, here=FRAME.to_enu(offset(HOME, east_m=east_m, north_m=0)), frame=FRAME,
            mission=MissionState(), is_on_mission=False,
            rally=[offset(HOME, east_m=place_m, north_m=0) for place_m in rally_east_m],
        )  # fmt: skip
        return round(path.landing.east_m)

    assert landing(30, 9) == 0
    assert landing(30, 40) == 40
    assert landing(21, 40) == 0, "two metres nearer is not enough"
    assert landing(22, 40) == 40
