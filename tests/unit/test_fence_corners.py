"""A fence has no more corners than an autopilot keeps, and never reaches further out for it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, Polygon

from missions.boundary import plan_boundary
from missions.checks import check_flight
from missions.fence_corners import FENCE_CORNERS_MAX, fewer_corners
from missions.flat import to_position
from missions.planner import plan_patrol
from missions.request import Task
from patrol.pattern import Pattern
from patrol.plan import MissionPlan, stops
from sim.mission_items import FENCE, MOST
from tests.unit.test_boundary import CENTRE, FRAME, Metres, a_grid, a_request, a_shape, flat

ROOM_M = 5.6


def coast(corners: int, radius_m: float, rough_m: float, waves: int = 37) -> Metres:
    """A round island with a ragged shore."""
    turns = [math.tau * i / corners for i in range(corners)]
    radii = [radius_m + rough_m * math.sin(waves * turn) * math.cos(11 * turn) for turn in turns]
    return [(r * math.cos(t), r * math.sin(t)) for r, t in zip(radii, turns, strict=True)]


def fence(plan: MissionPlan) -> Polygon:
    return Polygon([to_position(corner, FRAME).coords[0] for corner in plan.fence])


@settings(max_examples=40, deadline=None)
@given(
    st.integers(80, 400), st.floats(150.0, 900.0), st.floats(0.5, 25.0), st.integers(3, 60),
    st.floats(16.0, 40.0),
)  # fmt: skip
def test_what_is_drawn_with_fewer_corners_lies_inside_and_leaves_the_route_its_room(
    corners: int, radius_m: float, rough_m: float, waves: int, inset_m: float
) -> None:
    whole = Polygon(coast(corners, radius_m, rough_m, waves)).buffer(0)
    route = LineString(whole.buffer(-inset_m).simplify(5.0).exterior.coords)
    drawn = fewer_corners(whole, route, ROOM_M)
    if rough_m < 5.0:
        assert drawn is not None
    if drawn is None:
        return
    assert drawn.is_valid
    assert len(drawn.exterior.coords) - 1 <= FENCE_CORNERS_MAX
    assert whole.buffer(0.05).covers(drawn)
    assert drawn.buffer(0.05).covers(route.buffer(ROOM_M))


@pytest.mark.parametrize("pattern", [Pattern.BOUNDARY, Pattern.SWEEP])
def test_a_ragged_coast_is_flown_in_a_fence_that_the_autopilot_keeps(pattern: Pattern) -> None:
    shape = a_shape(coast(400, 300.0, 12.0))
    patrol = plan_patrol(replace(a_request(a_grid(shape)), task=Task(pattern=pattern)))
    assert patrol.sorties
    assert not stops(patrol.all_findings)
    for sortie in patrol.sorties:
        assert 3 <= len(sortie.plan.fence) <= FENCE_CORNERS_MAX < MOST[FENCE]
        assert flat(a_grid(shape)).buffer(0.6).covers(fence(sortie.plan))
        home = to_position(sortie.plan.home, FRAME)
        places = [to_position(one.point, FRAME) for one in sortie.plan.waypoints]
        way = LineString([home, *places])
        assert fence(sortie.plan).exterior.distance(way) >= 5.0


def test_a_single_loop_keeps_to_it_too() -> None:
    plan, findings = plan_boundary(a_request(a_grid(a_shape(coast(300, 200.0, 9.0)))))
    assert plan is not None
    assert len(plan.fence) <= FENCE_CORNERS_MAX
    assert not stops(findings)


def test_a_fence_of_more_corners_than_are_kept_forbids_the_plan() -> None:
    plan, _ = plan_boundary(a_request(a_grid(a_shape(coast(40, 200.0, 0.0)))))
    assert plan is not None
    ring = Point(to_position(plan.home, FRAME)).buffer(600.0, quad_segs=16).exterior.coords[:-1]
    frame_corners = tuple(
        replace(CENTRE, lat_deg=corner.y, lon_deg=corner.x)
        for corner in (Point(c) for c in a_shape(ring).exterior.coords[:-1])
    )
    for count, expected in ((64, {"fence.corners"}), (63, set())):
        found = check_flight(replace(plan, fence=frame_corners[:count]))
        assert {one.code for one in stops(found)} == expected
