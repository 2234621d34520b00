"""Places are looked at from stand-off, held at, flown around; a corridor follows its line."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from shapely.geometry import LineString, Point

from missions.flat import to_position
from missions.planner import Patrol, plan_patrol
from patrol.pattern import Pattern
from patrol.plan import MissionPlan, Waypoint, stops
from tests.unit.test_boundary import FRAME, a_grid, a_request, a_shape, square
from tests.unit.test_routes import a_task, at, codes, counting_legs


def hovering(plan: MissionPlan) -> list[Waypoint]:
    return [waypoint for waypoint in plan.waypoints if waypoint.hold_s]


def chosen(pattern: Pattern, *where: tuple[float, float], **more: object) -> Patrol:
    grid = a_grid(a_shape(square(600.0)))
    task = a_task(pattern, places=tuple(at(*one) for one in where), **more)
    return plan_patrol(replace(a_request(grid), task=task))


def test_each_place_is_looked_at_from_the_stand_off_by_a_camera_that_points_there() -> None:
    targets = [(-200.0, 200.0), (200.0, 200.0), (0.0, -150.0)]
    plan = chosen(Pattern.POINTS, *targets).sorties[0].plan
    stands = hovering(plan)
    assert len(stands) == 3
    for stand in stands:
        here = to_position(stand.point, FRAME)
        target = min(targets, key=lambda one: math.dist(one, (here.x, here.y)))
        assert math.dist(target, (here.x, here.y)) == pytest.approx(31.0, abs=0.1)
        bearing_deg = math.degrees(math.atan2(target[0] - here.x, target[1] - here.y)) % 360.0
        assert stand.camera_bearing_true_deg == pytest.approx(bearing_deg, abs=0.2)
        assert stand.gimbal_pitch_deg == pytest.approx(-math.degrees(math.atan2(30, 31)), abs=0.1)


def test_a_hold_stays_five_minutes_unless_it_is_told_how_long() -> None:
    assert hovering(chosen(Pattern.HOLD, (0.0, 0.0)).sorties[0].plan)[0].hold_s == 300.0
    short = chosen(Pattern.HOLD, (0.0, 0.0), hold_s=45.0)
    assert hovering(short.sorties[0].plan)[0].hold_s == 45.0
    assert codes(chosen(Pattern.HOLD, (0.0, 0.0), hold_s=1e5)) == {"sortie.too_far"}
    assert codes(chosen(Pattern.HOLD, (0.0, 0.0), hold_s=math.nan)) == {"hold.wrong"}


@pytest.mark.parametrize("radius_m", [None, 10.0, 60.0])
def test_an_orbit_never_comes_nearer_than_the_stand_off(radius_m: float | None) -> None:
    patrol = chosen(Pattern.ORBIT, (50.0, -20.0), radius_m=radius_m)
    circle = counting_legs(patrol.sorties[0].plan)
    centre = Point(50.0, -20.0)
    assert len(circle) == 24
    assert min(leg.distance(centre) for leg in circle) >= max(30.0, radius_m or 0.0)
    assert circle[0].coords[0] == pytest.approx(circle[-1].coords[-1])


def test_a_circle_that_is_not_flown_as_asked_says_its_true_radius() -> None:
    near = chosen(Pattern.ORBIT, (50.0, -20.0), radius_m=10.0)
    told = next(one for one in near.all_findings if one.code == "orbit.widened")
    assert "10 m is nearer than the stand-off: 30 m are flown" in told.text
    assert "10米" in told.text_zh
    assert "orbit.widened" not in codes(chosen(Pattern.ORBIT, (50.0, -20.0), radius_m=50.0))
    wide = chosen(Pattern.ORBIT, (50.0, -20.0), radius_m=5000.0)
    assert [one.text for one in stops(wide.all_findings)] == [
        "place 1 cannot be circled inside the grid, 5000 m away: it is left out"
    ]


def test_an_orbit_near_the_edge_is_flown_as_far_as_the_grid_goes_and_that_is_told() -> None:
    patrol = chosen(Pattern.ORBIT, (270.0, 0.0))
    assert "orbit.partial" in codes(patrol)
    assert 0 < len(counting_legs(patrol.sorties[0].plan)) < 24
    assert codes(chosen(Pattern.ORBIT, (900.0, 0.0))) == {"points.out_of_reach"}


def test_a_place_outside_the_grid_is_left_out_and_that_is_told() -> None:
    patrol = chosen(Pattern.POINTS, (0.0, 0.0), (2000.0, 0.0))
    assert len(hovering(patrol.sorties[0].plan)) == 1
    assert "points.out_of_reach" in codes(patrol)
    assert not chosen(Pattern.POINTS, (2000.0, 0.0)).sorties
    assert codes(chosen(Pattern.POINTS, *[(0.0, 0.0)] * 201)) == {"points.many"}


def test_a_corridor_follows_its_line_and_says_what_it_leaves_out() -> None:
    patrol = chosen(Pattern.CORRIDOR, (-500.0, 0.0), (0.0, 0.0), (0.0, 200.0))
    plan = patrol.sorties[0].plan
    line = LineString([(-500.0, 0.0), (0.0, 0.0), (0.0, 200.0)])
    assert all(line.buffer(0.5).covers(leg) for leg in counting_legs(plan))
    assert sum(leg.length for leg in counting_legs(plan)) == pytest.approx(485.0, abs=2.0)
    cut = next(finding for finding in patrol.findings if finding.code == "corridor.cut")
    assert "215 m of the line" in cut.text
    assert codes(chosen(Pattern.CORRIDOR, (0.0, 0.0))) == {"corridor.no_line"}
    assert codes(chosen(Pattern.CORRIDOR, (900.0, 0.0), (900.0, 50.0))) == {"corridor.outside"}


def test_a_wide_corridor_is_flown_in_lanes() -> None:
    patrol = chosen(Pattern.CORRIDOR, (-200.0, 0.0), (200.0, 0.0), width_m=100.0)
    lanes = [leg for leg in counting_legs(patrol.sorties[0].plan) if leg.length > 300.0]
    norths = sorted(round(leg.coords[0][1]) for leg in lanes)
    assert norths == [-33, 0, 33]
