"""Our plan as MAVLink items and back: frames, 1e7 degrees, and what a read-back must agree in."""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mavsdk.plugins.mission_raw import MissionItem
from mavsdk.plugins.telemetry import FlightMode as MavsdkMode

from drone.mavsdk_convert import (
    differences,
    fence_items,
    flight_mode,
    known,
    mission_items,
    place,
    rally_items,
    signed,
    waypoints_before,
)
from patrol.errors import CommandDenied
from patrol.geo import Datum, GeoPoint, Height
from patrol.plan import MissionPlan, RallyPoint, WayHome
from patrol.telemetry import FlightMode
from tests.unit.test_formats import plans
from tests.unit.test_plan_words import a_plan

WAYPOINT, CHANGE_SPEED, GIMBAL, FENCE_VERTEX, RALLY_POINT = 16, 178, 1000, 5001, 5100
GLOBAL, MISSION_FRAME, RELATIVE = 0, 2, 3
PX4_READ_BACK = {RELATIVE: 6, GLOBAL: 5}

flyable_plans = plans.map(
    lambda plan: replace(
        plan,
        waypoints=tuple(
            replace(w, height=Height(metres=w.height.metres, datum=Datum.HOME))
            for w in plan.waypoints
        ),
    )
)


def read_back(items: list[MissionItem]) -> list[MissionItem]:
    """What PX4 gives back: the INT form of every frame, single precision, its own marks."""
    back = copy.deepcopy(items)
    for item in back:
        item.frame = PX4_READ_BACK.get(item.frame, item.frame)
        item.z = round(item.z, 4)
        item.current = 0
    return back


@settings(max_examples=80, deadline=None)
@given(flyable_plans)
def test_every_waypoint_is_an_item_above_home_in_whole_1e7_degrees(plan: MissionPlan) -> None:
    flown = [item for item in mission_items(plan) if item.command == WAYPOINT]
    assert len(flown) == len(plan.waypoints)
    for item, waypoint in zip(flown, plan.waypoints, strict=True):
        assert item.frame == RELATIVE
        assert (type(item.x), type(item.y)) == (int, int)
        assert item.x / 1e7 == pytest.approx(waypoint.point.lat_deg, abs=5e-8)
        assert item.y / 1e7 == pytest.approx(waypoint.point.lon_deg, abs=5e-8)
        assert item.z == waypoint.height.metres
        assert item.param1 == waypoint.hold_s
        assert math.isnan(item.param4)


@settings(max_examples=80, deadline=None)
@given(flyable_plans)
def test_items_are_numbered_in_order_and_only_the_first_is_current(plan: MissionPlan) -> None:
    items = mission_items(plan)
    assert [item.seq for item in items] == list(range(len(items)))
    assert [item.current for item in items] == [1] + [0] * (len(items) - 1)
    assert {item.mission_type for item in items} == {0}
    assert items[-1].command == WAYPOINT


@settings(max_examples=80, deadline=None)
@given(flyable_plans)
def test_speed_is_ordered_before_the_waypoint_at_which_it_changes(plan: MissionPlan) -> None:
    speed_m_s, flown = None, []
    for item in mission_items(plan):
        if item.command == CHANGE_SPEED:
            assert (item.frame, item.param1, item.param3) == (MISSION_FRAME, 1.0, -1.0)
            assert item.param2 != speed_m_s
            speed_m_s = item.param2
        elif item.command == WAYPOINT:
            flown.append(speed_m_s)
    assert flown == [waypoint.speed_m_s for waypoint in plan.waypoints]


@settings(max_examples=80, deadline=None)
@given(flyable_plans)
def test_the_camera_is_aimed_from_north_before_each_waypoint_that_asks_for_it(
    plan: MissionPlan,
) -> None:
    items = mission_items(plan)
    aimed = [before for before, item in pairwise(items) if before.command == GIMBAL]
    asked = [w for w in plan.waypoints if w.gimbal_pitch_deg is not None]
    assert len(aimed) == len(asked)
    for item, waypoint in zip(aimed, asked, strict=True):
        assert (item.frame, item.x, item.param1) == (MISSION_FRAME, 16, waypoint.gimbal_pitch_deg)
        assert math.isnan(item.param3)
        assert math.isnan(item.param4)
        bearing_deg = waypoint.camera_bearing_true_deg
        if bearing_deg is None:
            assert math.isnan(item.param2)
        else:
            assert -180.0 <= item.param2 <= 180.0
            off_deg = (item.param2 - bearing_deg + 180.0) % 360.0 - 180.0
            assert off_deg == pytest.approx(0.0, abs=1e-9)


def test_a_plan_without_a_gimbal_orders_none() -> None:
    plan = a_plan()
    fixed = tuple(replace(waypoint, gimbal_pitch_deg=None) for waypoint in plan.waypoints)
    commands = [item.command for item in mission_items(replace(plan, waypoints=fixed))]
    assert commands == [CHANGE_SPEED, WAYPOINT, WAYPOINT, WAYPOINT]


@pytest.mark.parametrize("datum", [Datum.AMSL, Datum.GROUND])
def test_a_height_that_the_autopilot_cannot_be_told_is_refused(datum: Datum) -> None:
    plan = a_plan()
    odd = replace(plan.waypoints[1], height=Height(metres=30.0, datum=datum))
    with pytest.raises(CommandDenied, match=f"above {datum.value} cannot be flown"):
        mission_items(replace(plan, waypoints=(plan.waypoints[0], odd)))


@settings(max_examples=50, deadline=None)
@given(flyable_plans)
def test_the_fence_is_one_inclusion_polygon_that_every_vertex_counts(plan: MissionPlan) -> None:
    items = fence_items(plan)
    assert [item.seq for item in items] == list(range(len(plan.fence)))
    for item, point in zip(items, plan.fence, strict=True):
        assert (item.command, item.frame, item.mission_type) == (FENCE_VERTEX, GLOBAL, 1)
        assert item.param1 == len(plan.fence)
        assert item.x == round(point.lat_deg * 1e7)
        assert item.y == round(point.lon_deg * 1e7)


@settings(max_examples=50, deadline=None)
@given(flyable_plans)
def test_rally_points_are_uploaded_for_a_plan_that_lands_at_them_and_cleared_for_others(
    plan: MissionPlan,
) -> None:
    items = rally_items(plan)
    if plan.way_home is not WayHome.RALLY:
        assert items == []
        return
    assert [item.seq for item in items] == list(range(len(plan.rally_points)))
    for item, rally in zip(items, plan.rally_points, strict=True):
        assert (item.command, item.frame, item.mission_type) == (RALLY_POINT, RELATIVE, 2)
        assert (item.x, item.y) == (
            round(rally.point.lat_deg * 1e7), round(rally.point.lon_deg * 1e7)
        )  # fmt: skip
        assert item.z == rally.ground_above_home_m
    assert differences(items, read_back(items)) == []


def test_a_rally_points_height_is_its_ground_and_not_the_return_height() -> None:
    rally = RallyPoint(point=a_plan().home, ground_above_home_m=-3.5)
    plan = replace(a_plan(), way_home=WayHome.RALLY, rally_points=(rally,))
    assert [item.z for item in rally_items(plan)] == [-3.5]


@settings(max_examples=80, deadline=None)
@given(flyable_plans)
def test_waypoints_are_counted_by_the_item_that_is_carried_out(plan: MissionPlan) -> None:
    items = mission_items(plan)
    counts = [waypoints_before(plan, number) for number in range(len(items) + 1)]
    assert counts[0] == 0
    assert counts[-1] == len(plan.waypoints)
    for item, before, after in zip(items, counts, counts[1:], strict=False):
        assert after - before == (item.command == WAYPOINT)


@settings(max_examples=60, deadline=None)
@given(flyable_plans)
def test_what_px4_gives_back_of_a_plan_is_no_difference(plan: MissionPlan) -> None:
    for items in (mission_items(plan), fence_items(plan)):
        assert differences(items, items) == []
        assert differences(items, read_back(items)) == []


@settings(max_examples=60, deadline=None)
@given(flyable_plans, st.data())
def test_one_changed_item_of_the_mission_is_found_and_named(
    plan: MissionPlan, data: st.DataObject
) -> None:
    sent = mission_items(plan)
    back = read_back(sent)
    number = data.draw(st.integers(0, len(sent) - 1))
    change(back[number], data.draw(st.sampled_from(["x", "y", "z", "command", "frame", "param1"])))
    found = differences(sent, back)
    assert len(found) == 1
    assert found[0][0].startswith(f"item {number}: ")


@settings(max_examples=60, deadline=None)
@given(flyable_plans, st.data())
def test_one_moved_corner_of_the_fence_is_found_and_named(
    plan: MissionPlan, data: st.DataObject
) -> None:
    sent = fence_items(plan)
    back = read_back(sent)
    number = data.draw(st.integers(0, len(sent) - 1))
    change(back[number], data.draw(st.sampled_from(["x", "y"])))
    assert differences(sent, back) == [(f"item {number}: another place", f"第{number}项：位置不同")]


def change(item: MissionItem, name: str) -> None:
    """The least that counts."""
    value = getattr(item, name)
    if name in ("x", "y", "command"):
        setattr(item, name, value + 1)
    elif name == "frame":
        item.frame = 10  # above the terrain
    else:
        setattr(item, name, value + 0.5)


@pytest.mark.parametrize("change_speed_to", [2.0, 4.9, 12.0])
def test_a_changed_speed_is_found(change_speed_to: float) -> None:
    sent = mission_items(a_plan())
    back = read_back(sent)
    back[0].param2 = change_speed_to
    assert differences(sent, back) == [("item 0: another value", "第0项：数值不同")]


def test_a_camera_bearing_that_became_unknown_is_found() -> None:
    sent = mission_items(a_plan())
    back = read_back(sent)
    back[1].param2 = math.nan
    assert differences(sent, back) == [("item 1: another value", "第1项：数值不同")]


@given(st.integers(0, 7))
def test_a_missing_item_is_told_by_the_count(kept: int) -> None:
    sent = mission_items(a_plan())
    found = differences(sent, read_back(sent)[:kept])
    told = [words for words, _ in found]
    assert told == ([] if kept == len(sent) else [f"{kept} items came back of {len(sent)}"])


def test_two_items_that_changed_places_are_found() -> None:
    sent = mission_items(a_plan())
    back = read_back(sent)
    back[2].x, back[4].x = back[4].x, back[2].x
    back[2].y, back[4].y = back[4].y, back[2].y
    assert [words.split(":")[0] for words, _ in differences(sent, back)] == ["item 2", "item 4"]


@given(st.floats(-720.0, 720.0))
def test_a_signed_bearing_is_the_same_direction(bearing_deg: float) -> None:
    assert -180.0 <= signed(bearing_deg) <= 180.0
    turns = (signed(bearing_deg) - bearing_deg) / 360.0
    assert turns == pytest.approx(round(turns), abs=1e-9)


def test_a_position_that_is_not_known_yet_is_none() -> None:
    assert place(math.nan, 116.7) is None
    assert place(23.2, math.nan) is None
    assert place(23.2, 116.7) == GeoPoint(lat_deg=23.2, lon_deg=116.7)
    assert known(math.nan) is None
    assert known(0.0) == 0.0


@pytest.mark.parametrize("mode", list(MavsdkMode))
def test_every_mode_of_an_autopilot_has_a_word(mode: MavsdkMode) -> None:
    assert isinstance(flight_mode(mode), FlightMode)


@pytest.mark.parametrize("mode", [MavsdkMode.ALTCTL, MavsdkMode.POSCTL, MavsdkMode.ACRO])
def test_every_mode_in_which_the_sticks_fly_is_manual(mode: MavsdkMode) -> None:
    assert flight_mode(mode) is FlightMode.MANUAL


def test_a_mode_that_nobody_knows_is_unknown_and_not_a_guess() -> None:
    assert flight_mode(MavsdkMode.FOLLOW_ME) is FlightMode.UNKNOWN
