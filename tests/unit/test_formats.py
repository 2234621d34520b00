"""A plan's files: ours comes back as it was, QGroundControl's and GeoJSON are what others read."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from missions.formats import read_plan, write_json
from missions.plan_files.geojson import to_feature_collection
from missions.plan_files.qgc_write import to_qgc
from patrol.errors import ConfigError, Refused
from patrol.geo import Datum, GeoPoint, Height, from_geojson
from patrol.plan import LookHold, MissionPlan, RallyPoint, WayHome, Waypoint, plan_from_dict
from tests.unit.test_plan_words import HOME, NOW, a_plan

# What `to_geojson` keeps: seven decimals, about a centimetre.
places = st.builds(
    GeoPoint,
    lat_deg=st.integers(-900_000_000, 900_000_000).map(lambda e7: round(e7 / 1e7, 7)),
    lon_deg=st.integers(-1_800_000_000, 1_800_000_000).map(lambda e7: round(e7 / 1e7, 7)),
)
heights = st.builds(Height, metres=st.floats(0.0, 120.0), datum=st.sampled_from(Datum))
waypoints = st.builds(
    Waypoint, point=places, height=heights, speed_m_s=st.floats(0.1, 15.0),
    hold_s=st.floats(0.0, 60.0), gimbal_pitch_deg=st.none() | st.floats(-90.0, 20.0),
    camera_bearing_true_deg=st.none() | st.floats(0.0, 360.0),
)  # fmt: skip
plans = st.builds(
    replace, st.builds(a_plan), waypoints=st.lists(waypoints, min_size=1, max_size=5).map(tuple),
    fence=st.lists(places, min_size=3, max_size=6).map(tuple), home=places,
    look_hold=st.none() | st.builds(LookHold, longest_s=st.floats(0.0, 900.0)),
    is_exercise=st.booleans(), grid_name=st.text(max_size=10), way_home=st.sampled_from(WayHome),
    rally_points=st.lists(
        st.builds(RallyPoint, point=places, ground_above_home_m=st.floats(-50.0, 200.0)), max_size=3
    ).map(tuple),
)  # fmt: skip
TAKE_OFF, WAYPOINT, RETURN, CHANGE_SPEED, GIMBAL = 22, 16, 20, 178, 1000


def items_of(plan: MissionPlan) -> list[dict[str, Any]]:
    items = to_qgc(plan)["mission"]["items"]
    assert isinstance(items, list)
    return items


@settings(max_examples=60, deadline=None)
@given(plans)
def test_a_plan_comes_back_from_its_file_with_the_same_digest(plan: MissionPlan) -> None:
    back = read_back(plan)
    assert back == plan
    assert back.digest == plan.digest


def read_back(plan: MissionPlan) -> MissionPlan:
    return plan_from_dict(json.loads(json.dumps(plan.to_dict())))


def test_an_approved_plan_comes_back_from_disk_with_its_name_and_its_chinese(
    tmp_path: Path,
) -> None:
    plan, path = a_plan().approved("李队", NOW), tmp_path / "plan.json"
    write_json(path, plan.to_dict())
    assert read_plan(path) == replace(plan, home=from_geojson([116.72, 23.28]), **rounded(plan))
    assert read_plan(path).digest == plan.digest
    assert "达濠街道" in path.read_text(encoding="utf-8")


def rounded(plan: MissionPlan) -> dict[str, Any]:
    """What seven decimals leave of the places."""
    body = plan.to_dict()
    return {
        "fence": tuple(from_geojson(position) for position in body["fence"]),
        "waypoints": tuple(
            replace(waypoint, point=from_geojson(written["point"]))
            for waypoint, written in zip(plan.waypoints, body["waypoints"], strict=True)
        ),
    }


def edited(folder: Path, plan: MissionPlan, **changes: object) -> Path:
    """The plan's file after somebody's hand was in it."""
    path = folder / "plan.json"
    body = plan.to_dict() | changes
    write_json(path, {key: value for key, value in body.items() if value is not None})
    return path


@pytest.mark.parametrize("approver", ["", "李队"])
@pytest.mark.parametrize("change", [{"ceiling_agl_m": 119.0}, {"digest": "ab" * 32}])
def test_a_plan_that_was_changed_after_it_was_written_is_refused(
    tmp_path: Path, approver: str, change: dict[str, object]
) -> None:
    plan = a_plan().approved(approver, NOW)
    with pytest.raises(Refused, match="changed after it was written"):
        read_plan(edited(tmp_path, plan, **change))


def test_an_approval_of_nothing_that_can_be_compared_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="carries no digest"):
        read_plan(edited(tmp_path, a_plan().approved("李队", NOW), digest=None))


def test_nothing_is_left_beside_a_written_file_and_an_old_one_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    write_json(path, {"a": 1})
    write_json(path, {"a": 2})
    assert json.loads(path.read_text(encoding="utf-8")) == {"a": 2}
    assert [entry.name for entry in tmp_path.iterdir()] == ["plan.json"]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot write .*plan.json: No such file"):
        write_json(tmp_path / "away" / "plan.json", {})


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"7", b'"plan"', b"\xff", b'{"format": "other/1"}']
)
def test_another_file_is_not_taken_for_a_plan(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="not a plan of `gridpatrol plan`"):
        read_plan(path)


def test_a_missing_plan_is_told_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: .*plan.json"):
        read_plan(tmp_path / "plan.json")


LEFT_OUT_BY_OLDER_FILES = {"digest", "approved_by", "approved_utc", "way_home", "rally_points"}
FIELDS = sorted(set(a_plan().to_dict()) - LEFT_OUT_BY_OLDER_FILES)


@pytest.mark.parametrize("field", FIELDS)
def test_a_plan_without_one_of_its_fields_is_refused(tmp_path: Path, field: str) -> None:
    body = a_plan().to_dict()
    del body[field]
    path = tmp_path / "plan.json"
    write_json(path, body)
    with pytest.raises(ConfigError, match=field):
        read_plan(path)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("home", [116.7]), ("home", [23.28, 116.72]), ("home", None), ("waypoints", [{}]),
        ("waypoints", 5), ("fence", [[1]]), ("created_utc", "yesterday"),
        ("created_utc", "2026-11-24T01:30:00"), ("return_height", {"metres": 1, "datum": "sea"}),
        ("ceiling_agl_m", "high"), ("look_hold", []), ("approved_utc", "x"),
    ],
)  # fmt: skip
def test_a_plan_with_a_wrong_value_is_refused(tmp_path: Path, field: str, value: object) -> None:
    path = tmp_path / "plan.json"
    write_json(path, a_plan().to_dict() | {field: value})
    with pytest.raises(ConfigError, match="not a plan"):
        read_plan(path)


@settings(max_examples=60, deadline=None)
@given(plans)
def test_qgroundcontrol_reads_take_off_every_waypoint_and_return(plan: MissionPlan) -> None:
    items = items_of(plan)
    commands = [item["command"] for item in items]
    assert commands[0] == TAKE_OFF
    assert commands[-1] == RETURN
    assert [item["doJumpId"] for item in items] == list(range(1, len(items) + 1))
    assert all(len(item["params"]) == 7 and item["type"] == "SimpleItem" for item in items)
    flown = [item["params"] for item in items if item["command"] == WAYPOINT]
    assert [(lat, lon, up) for *_, lat, lon, up in flown] == [
        (w.point.lat_deg, w.point.lon_deg, w.height.metres) for w in plan.waypoints
    ]
    json.dumps(to_qgc(plan), allow_nan=False)


def test_a_qgc_file_has_the_members_that_qgroundcontrol_asks_for() -> None:
    body = to_qgc(a_plan())
    assert (body["fileType"], body["version"]) == ("Plan", 1)
    assert set(body) == {
        "fileType", "version", "groundStation", "geoFence", "rallyPoints", "mission",
    }  # fmt: skip
    mission = body["mission"]
    assert (mission["version"], mission["firmwareType"], mission["vehicleType"]) == (2, 12, 2)
    assert mission["plannedHomePosition"] == [23.28, 116.72, 12.0]
    assert body["rallyPoints"] == {"version": 2, "points": []}


def test_a_qgc_fence_is_one_inclusion_polygon_with_latitude_first() -> None:
    fence = to_qgc(a_plan())["geoFence"]
    assert (fence["version"], fence["circles"]) == (2, [])
    (polygon,) = fence["polygons"]
    assert polygon["inclusion"] is True
    assert polygon["version"] == 1
    assert polygon["polygon"] == [
        [round(p.lat_deg, 7), round(p.lon_deg, 7)] for p in a_plan().fence
    ]


def test_in_a_qgc_file_speed_is_set_once_and_the_camera_is_locked_to_north() -> None:
    plan = a_plan()
    west = replace(plan.waypoints[1], camera_bearing_true_deg=270.0)
    items = items_of(replace(plan, waypoints=(plan.waypoints[0], west, plan.waypoints[2])))
    speeds = [item["params"][1] for item in items if item["command"] == CHANGE_SPEED]
    gimbals = [item["params"] for item in items if item["command"] == GIMBAL]
    assert speeds == [4.8]
    assert [params[:2] for params in gimbals] == [[-27.0, 20.0], [-27.0, -90.0], [-27.0, 20.0]]
    assert {params[4] for params in gimbals} == {16}
    frames = {item["command"]: item["frame"] for item in items}
    assert (frames[WAYPOINT], frames[TAKE_OFF]) == (3, 3)
    assert (frames[CHANGE_SPEED], frames[GIMBAL], frames[RETURN]) == (2, 2, 2)


@settings(max_examples=60, deadline=None)
@given(plans)
def test_geojson_has_longitude_first_everywhere(plan: MissionPlan) -> None:
    features = to_feature_collection(plan)["features"]
    kinds = [feature["properties"]["kind"] for feature in features]
    places = [*["waypoint"] * len(plan.waypoints), *["rally"] * len(plan.rally_points)]
    assert kinds == ["route", "fence", "home", *places]
    route, fence, home, *points = (feature["geometry"] for feature in features)
    assert home["coordinates"] == [plan.home.lon_deg, plan.home.lat_deg]
    assert [point["coordinates"] for point in points] == [
        *([w.point.lon_deg, w.point.lat_deg] for w in plan.waypoints),
        *([r.point.lon_deg, r.point.lat_deg] for r in plan.rally_points),
    ]
    assert route["coordinates"][0] == route["coordinates"][-1] == home["coordinates"]
    assert len(route["coordinates"]) == len(plan.waypoints) + 2
    (ring,) = fence["coordinates"]
    assert ring[0] == ring[-1]
    assert ring[:-1] == [[p.lon_deg, p.lat_deg] for p in plan.fence]


def test_geojson_says_of_every_feature_whose_it_is_and_that_it_is_an_exercise() -> None:
    body = to_feature_collection(a_plan())
    assert body["type"] == "FeatureCollection"
    for feature in body["features"]:
        assert feature["type"] == "Feature"
        assert feature["properties"]["plan_id"] == "M-1"
        assert feature["properties"]["grid_code"] == "440512001003003"
        assert feature["properties"]["exercise"] is True
    assert body["features"][3]["properties"]["height_m"] == 30.0
    assert body["features"][3]["geometry"]["coordinates"][0] == pytest.approx(HOME.lon_deg)


@pytest.mark.parametrize(
    ("field", "value"),
    [("waypoints", []), ("fence", []), ("ceiling_agl_m", math.nan), ("is_exercise", "false")],
)
def test_a_plan_that_cannot_be_flown_is_refused(tmp_path: Path, field: str, value: object) -> None:
    path = tmp_path / "plan.json"
    write_json(path, a_plan().to_dict() | {field: value})
    with pytest.raises(ConfigError):
        read_plan(path)
