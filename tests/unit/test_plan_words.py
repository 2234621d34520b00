"""A plan is approved by its digest: what a person signs is what is flown."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from patrol.geo import Datum, GeoPoint, Height, offset
from patrol.plan import LookHold, MissionPlan, RallyPoint, WayHome, Waypoint, plan_from_dict

HOME = GeoPoint(lat_deg=23.28, lon_deg=116.72)
NOW = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)
DIGEST_BEFORE = "82d4b015338980ca1b28aa83ed27d8b95748532cf506005dc81881c7d410ce48"


def a_plan() -> MissionPlan:
    height = Height(metres=30.0, datum=Datum.HOME)
    waypoints = tuple(
        Waypoint(
            point=offset(HOME, east_m=e, north_m=n),
            height=height,
            speed_m_s=4.8,
            gimbal_pitch_deg=-27.0,
            camera_bearing_true_deg=20.0,
        )
        for e, n in [(0, 100), (100, 100), (100, 0)]
    )
    fence = tuple(offset(HOME, east_m=e, north_m=n) for e, n in [(-50, -50), (150, -50), (50, 150)])
    return MissionPlan(
        plan_id="M-1",
        grid_code="440512001003003",
        grid_name="达濠街道达濠社区第三网格",
        register_version="2026.1",
        pattern="boundary",
        home=HOME,
        home_elevation_amsl_m=12.0,
        waypoints=waypoints,
        fence=fence,
        ceiling_agl_m=110.0,
        return_height=height,
        look_hold=LookHold(),
        length_m=300.0,
        duration_s=90.0,
        battery_need_pct=60.0,
        created_utc=NOW,
        is_exercise=True,
    )


def test_a_plan_comes_back_from_its_file_as_it_was() -> None:
    plan = a_plan()
    back = plan_from_dict(plan.to_dict())
    assert back.to_dict() == plan.to_dict()
    assert back.digest == plan.digest


def test_an_approval_does_not_change_the_digest_and_a_moved_waypoint_does() -> None:
    plan = a_plan()
    assert plan.approved("李队", NOW).digest == plan.digest
    moved = replace(
        plan.waypoints[0], point=offset(plan.waypoints[0].point, east_m=1.0, north_m=0.0)
    )
    assert replace(plan, waypoints=(moved, *plan.waypoints[1:])).digest != plan.digest


def test_a_file_from_before_there_was_a_choice_of_the_way_home_keeps_its_digest() -> None:
    plan = replace(a_plan(), battery_need_pct=20.0)
    body = plan.to_dict()
    del body["way_home"], body["rally_points"]
    older = plan_from_dict(body)
    assert (older.way_home, older.rally_points) == (WayHome.STRAIGHT, ())
    # The digest of this very plan as it was computed then.
    assert older.digest == plan.digest == DIGEST_BEFORE


def test_the_way_home_and_its_places_are_approved_with_the_plan() -> None:
    plan = a_plan()
    rally = RallyPoint(point=offset(HOME, east_m=30.0, north_m=40.0))
    higher = replace(rally, ground_above_home_m=5.0)
    others = [
        replace(plan, way_home=WayHome.ROUTE),
        replace(plan, way_home=WayHome.RALLY, rally_points=(rally,)),
        replace(plan, way_home=WayHome.RALLY, rally_points=(higher,)),
        replace(plan, way_home=WayHome.STRAIGHT, rally_points=(rally,)),
    ]
    assert len({plan.digest, *(other.digest for other in others)}) == 5


def test_another_file_is_not_taken_for_a_plan() -> None:
    with pytest.raises(ValueError, match="gridpatrol-plan/1"):
        plan_from_dict({"format": "something"})
