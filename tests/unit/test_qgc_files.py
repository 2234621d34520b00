"""QGroundControl's `.plan`: a stranger reads what we write; what strangers write is taken over."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mavsdk import ComponentType, Configuration, Mavsdk
from mavsdk.plugins.mission_raw import MissionRaw
from pymavlink.dialects.v20 import common as mavlink

from missions.formats import write_json
from missions.plan_files.qgc_read import read_qgc
from missions.plan_files.qgc_write import to_qgc
from missions.plan_files.taken import PLACES_MAX, Taken
from patrol.errors import ConfigError
from patrol.geo import Datum, Height
from patrol.plan import Level, MissionPlan
from tests.unit.test_formats import plans
from tests.unit.test_plan_words import HOME, a_plan

WAYPOINT, LOITER_TIME, RETURN, LAND, SPEED, MOUNT, DELAY = 16, 19, 20, 21, 178, 205, 93
Items = list[dict[str, Any]]


def item(command: int, params: list[object], frame: int = 3) -> dict[str, Any]:
    return {
        "type": "SimpleItem", "command": command, "frame": frame, "params": params,
        "autoContinue": True, "doJumpId": 1,
    }  # fmt: skip


def at(east_m: float = 0.0, height_m: float = 30.0, hold_s: float = 0.0) -> list[object]:
    return [hold_s, 0, 0, None, HOME.lat_deg + 0.001, HOME.lon_deg + east_m / 1e5, height_m]


def drawn(*items: dict[str, Any], **changes: object) -> dict[str, Any]:
    """A file as QGroundControl writes it, with these items."""
    body = to_qgc(a_plan())
    body["mission"]["items"] = list(items)
    body["mission"] |= changes
    return body


def taken(body: object, folder: Path) -> Taken:
    path = folder / "drawn.plan"
    path.write_text(json.dumps(body), encoding="utf-8")
    return read_qgc(path)


def taken_or_refused(body: object, folder: Path) -> tuple[Taken | None, str]:
    try:
        return taken(body, folder), ""
    except ConfigError as error:
        return None, str(error)


def codes(found: Taken) -> dict[str, Level]:
    return {finding.code: finding.level for finding in found.findings}


@pytest.fixture(scope="module")
def stranger() -> Iterator[MissionRaw]:
    """MAVSDK's own reader of such files; it wants an autopilot's heartbeat first."""
    mavsdk = Mavsdk(Configuration.create_with_component_type(ComponentType.GROUND_STATION))
    mavsdk.add_any_connection("raw://")
    autopilot = mavlink.MAVLink(None, srcSystem=1, srcComponent=1)
    mavsdk.pass_received_raw_bytes(
        mavlink.MAVLink_heartbeat_message(2, 12, 0, 0, 3, 3).pack(autopilot)
    )
    yield MissionRaw(mavsdk.first_autopilot(10.0))
    mavsdk.destroy()


@settings(max_examples=40, deadline=None)
@given(plan=plans)
def test_a_stranger_reads_every_place_fence_corner_and_rally_point_of_ours(
    stranger: MissionRaw, plan: MissionPlan
) -> None:
    read = stranger.import_qgroundcontrol_mission_from_string(json.dumps(to_qgc(plan)))
    flown = [one for one in read.mission_items if one.command == WAYPOINT]
    for one, waypoint in zip(flown, plan.waypoints, strict=True):
        assert abs(one.x / 1e7 - waypoint.point.lat_deg) < 1e-7
        assert abs(one.y / 1e7 - waypoint.point.lon_deg) < 1e-7
        assert one.z == pytest.approx(waypoint.height.metres, abs=1e-4)
        assert one.param1 == pytest.approx(waypoint.hold_s, abs=1e-4)
    assert [(one.x, one.y) for one in read.geofence_items] == [
        (round(p.lat_deg * 1e7), round(p.lon_deg * 1e7)) for p in plan.fence
    ]
    assert len(read.rally_items) == len(plan.rally_points)
    assert [one.command for one in read.mission_items][-1] == RETURN


@settings(max_examples=80, deadline=None)
@given(plan=plans)
def test_a_route_that_is_written_and_read_again_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, plan: MissionPlan
) -> None:
    assume(plan.fence[0] != plan.fence[-1] and (plan.home.lat_deg or plan.home.lon_deg))
    path = tmp_path_factory.getbasetemp() / "round.plan"
    write_json(path, to_qgc(plan))
    back = read_qgc(path)
    assert not any(finding.level is Level.STOP for finding in back.findings)
    assert back.home == plan.home
    assert back.home_elevation_amsl_m == plan.home_elevation_amsl_m
    assert back.fence == plan.fence
    assert back.rally_points == plan.rally_points
    looking = math.nan
    for read, written in zip(back.waypoints, plan.waypoints, strict=True):
        assert abs(read.point.lat_deg - written.point.lat_deg) < 1e-7
        assert abs(read.point.lon_deg - written.point.lon_deg) < 1e-7
        assert (read.speed_m_s, read.hold_s) == (written.speed_m_s, written.hold_s)
        above_m = written.height.metres
        if written.height.datum is Datum.AMSL:
            above_m -= plan.home_elevation_amsl_m
        assert read.height.metres == pytest.approx(above_m)
        assert (read.height.datum is Datum.GROUND) == (written.height.datum is Datum.GROUND)
        # The camera stays as it is until the file says otherwise.
        looking = looking if written.gimbal_pitch_deg is None else written.gimbal_pitch_deg
        assert (read.gimbal_pitch_deg or math.nan) == pytest.approx(
            looking or math.nan, nan_ok=True
        )


def test_our_own_reader_and_the_stranger_take_the_same_from_a_survey(
    stranger: MissionRaw, tmp_path: Path
) -> None:
    survey = {
        "type": "ComplexItem", "complexItemType": "survey", "version": 5,
        "TransectStyleComplexItem": {
            "version": 2, "Items": [item(WAYPOINT, at(10.0)), item(WAYPOINT, at(20.0, hold_s=3.0))]
        },
    }  # fmt: skip
    body = drawn(item(WAYPOINT, at()), survey, item(RETURN, [0] * 7, 2))
    theirs = stranger.import_qgroundcontrol_mission_from_string(json.dumps(body)).mission_items
    ours = taken(body, tmp_path).waypoints
    assert [(one.x, one.y, one.z, one.param1) for one in theirs if one.command == WAYPOINT] == [
        (
            round(w.point.lat_deg * 1e7), round(w.point.lon_deg * 1e7), w.height.metres, w.hold_s,
        )
        for w in ours
    ]  # fmt: skip
    assert len(ours) == 3


def test_speed_camera_holds_and_delays_are_taken_over(tmp_path: Path) -> None:
    found = taken(
        drawn(
            item(22, [0, 0, 0, None, HOME.lat_deg, HOME.lon_deg, 30]),
            item(WAYPOINT, at()),
            item(SPEED, [1, 3.0, -1, 0, 0, 0, 0], 2),
            item(MOUNT, [-40, 0, 0, 0, 0, 0, 2], 2),
            item(LOITER_TIME, at(10.0, hold_s=20.0)),
            item(DELAY, [5, -1, -1, -1, 0, 0, 0], 2),
            item(1000, [-30, -90, None, None, 16, 0, 0], 2),
            item(WAYPOINT, at(20.0)),
            item(RETURN, [0] * 7, 2),
            hoverSpeed=4.5,
        ),
        tmp_path,
    )
    assert codes(found) == {}
    assert [
        (w.speed_m_s, w.hold_s, w.gimbal_pitch_deg, w.camera_bearing_true_deg)
        for w in found.waypoints
    ] == [(4.5, 0.0, None, None), (3.0, 25.0, -40.0, None), (3.0, 0.0, -30.0, 270.0)]


def test_heights_above_the_sea_are_reckoned_from_home_and_told(tmp_path: Path) -> None:
    found = taken(drawn(item(WAYPOINT, at(height_m=42.0), 0)), tmp_path)
    assert found.waypoints[0].height == Height(metres=30.0, datum=Datum.HOME)
    assert codes(found) == {"file.height_amsl": Level.WARN}


@pytest.mark.parametrize(
    ("odd", "code", "level"),
    [
        (item(18, at()), "file.command_moves", Level.STOP),
        (item(82, at()), "file.command_moves", Level.STOP),
        (item(177, [1, 5, 0, 0, 0, 0, 0], 2), "file.command_moves", Level.STOP),
        (item(2000, [0] * 7, 2), "file.command_left_out", Level.WARN),
        (item(31000, at()), "file.command_left_out", Level.WARN),
        (item(WAYPOINT, at(), 1), "file.frame", Level.STOP),
        (item(LAND, at(500.0)), "file.lands_elsewhere", Level.STOP),
        (item(22, at(900.0)), "file.take_off_elsewhere", Level.WARN),
        (item(1000, [-20, 45, None, None, 0, 0, 0], 2), "file.camera_turned", Level.NOTE),
        ({"type": "ComplexItem", "complexItemType": "StructureScan"}, "file.complex_item",
         Level.STOP),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_over_is_told_and_forbids_where_it_moves_the_aircraft(
    tmp_path: Path, odd: dict[str, Any], code: str, level: Level
) -> None:
    found = taken(drawn(item(WAYPOINT, at()), odd), tmp_path)
    assert codes(found) == {code: level}
    assert all(finding.text and finding.text_zh for finding in found.findings)


def test_what_stands_behind_the_return_is_told(tmp_path: Path) -> None:
    found = taken(drawn(item(RETURN, [0] * 7, 2), item(WAYPOINT, at())), tmp_path)
    assert (found.waypoints, codes(found)) == ((), {"file.after_return": Level.WARN})


def test_fences_to_stay_out_of_are_kept_and_of_several_to_stay_in_none_is_silently_chosen(
    tmp_path: Path,
) -> None:
    ring = to_qgc(a_plan())["geoFence"]["polygons"][0]
    circle = {"circle": {"center": [HOME.lat_deg, HOME.lon_deg], "radius": 80.0}}
    body = drawn(item(WAYPOINT, at()))
    body["geoFence"] = {
        "version": 2, "polygons": [ring | {"inclusion": False}],
        "circles": [circle | {"inclusion": True}],
    }  # fmt: skip
    found = taken(body, tmp_path)
    assert (len(found.kept_out), len(found.fence)) == (1, 48)
    assert codes(found) == {"file.fence_circle": Level.NOTE}
    body["geoFence"]["polygons"] = [ring]
    assert codes(taken(body, tmp_path))["file.fences"] is Level.STOP


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    body = drawn(item(WAYPOINT, at()))
    change(body)
    return body


def swapped() -> list[object]:
    return [0, 0, 0, None, HOME.lon_deg, HOME.lat_deg, 30]


@pytest.mark.parametrize(
    ("content", "said", "said_zh"),
    [
        (b"", "is empty", "文件为空"),
        (b"QGC WPL 110\n", "it is no JSON", "不是 JSON"),
        (b"[" * 100_000, "nested too deep|no JSON", "嵌套过深|不是 JSON"),
        (b"7", "no object", "不是对象"),
        (b'{"a": NaN}', "NaN is no number", "NaN不是数值"),
        (changed(lambda b: b.update(fileType="Fence")), "fileType is not Plan", "fileType"),
        (changed(lambda b: b.update(version=2)), "version of the file is 2", "文件版本为2"),
        (changed(lambda b: b["mission"].update(version=1)), "version of the mission", "任务版本"),
        (changed(lambda b: b.pop("mission")), "'mission' is missing", "缺少'mission'"),
        (drawn(item(WAYPOINT, swapped())), "are swapped", "次序颠倒"),
        (drawn(item(WAYPOINT, [0, 0, 0, None, "north", 1, 2])), "no number", "不是数值"),
        (drawn(item(WAYPOINT, [0, 0])), "has no 7 params", "params"),
        (drawn(*[item(WAYPOINT, at())] * (PLACES_MAX + 1)), "20001 places", "含20001个点"),
        (changed(lambda b: b["mission"].update(items=7)), "has no items", "没有items"),
        (changed(lambda b: b["geoFence"]["polygons"][0].update(polygon=[[1, 2]])), "corners",
         "角点"),
    ],
)  # fmt: skip
def test_a_bad_file_is_told_in_one_sentence(
    tmp_path: Path, content: object, said: str, said_zh: str
) -> None:
    path = tmp_path / "bad.plan"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    with pytest.raises(ConfigError, match=said) as caught:
        read_qgc(path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400
    assert any(part in caught.value.text_zh for part in said_zh.split("|"))


def test_a_launch_point_that_nobody_has_set_is_none(tmp_path: Path) -> None:
    for unset in ([0, 0, 0], None):
        found = taken(drawn(item(WAYPOINT, at()), plannedHomePosition=unset), tmp_path)
        assert (found.home, found.home_elevation_amsl_m) == (None, None)


def test_a_file_that_is_larger_than_any_plan_is_not_even_read(tmp_path: Path) -> None:
    path = tmp_path / "large.plan"
    with path.open("wb") as file:
        file.truncate(64_000_000)
    with pytest.raises(ConfigError, match="larger than 32 MB"):
        read_qgc(path)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=20,
)
PLACES_IN_A_FILE = (
    ("mission",), ("mission", "items"), ("mission", "items", 0), ("mission", "plannedHomePosition"),
    ("mission", "items", 0, "params"), ("mission", "items", 0, "command"), ("geoFence",),
    ("geoFence", "polygons"), ("geoFence", "circles"), ("rallyPoints",), ("mission", "hoverSpeed"),
    ("rallyPoints", "points"), ("mission", "items", 0, "frame"),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(where=st.sampled_from(PLACES_IN_A_FILE), value=anything)
def test_anything_anywhere_in_a_file_is_taken_over_or_refused_in_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, where: tuple[str | int, ...], value: object
) -> None:
    body: Any = drawn(item(WAYPOINT, at()))
    inner = body
    for key in where[:-1]:
        inner = inner[key]
    inner[where[-1]] = value
    found, said = taken_or_refused(body, tmp_path_factory.getbasetemp())
    assert "\n" not in said
    for waypoint in found.waypoints if found else ():
        assert math.isfinite(waypoint.height.metres + waypoint.speed_m_s + waypoint.hold_s)


def test_a_plan_with_heights_over_known_ground_is_written_by_what_the_autopilot_flies() -> None:
    plan = a_plan()
    over = replace(
        plan.waypoints[0], height=Height(metres=30.0, datum=Datum.GROUND), ground_above_home_m=7.5
    )
    items = to_qgc(replace(plan, waypoints=(over,)))["mission"]["items"]
    flown = next(one for one in items if one["command"] == WAYPOINT)
    assert (flown["frame"], flown["params"][6]) == (3, 37.5)
