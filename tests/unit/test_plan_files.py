"""Plans in GeoJSON and KML: written, read again, and opened by a stranger."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pymavlink import mavwp
from pymavlink.dialects.v20 import common as mavlink

from missions.formats import read_plan
from missions.plan_files.adopt import PATTERN, adopt
from missions.plan_files.files import PlanForm, form_of, plan_text, read_taken, write_plan
from missions.plan_files.geojson import to_feature_collection
from missions.plan_files.kml import to_kml
from missions.plan_files.qgc_write import to_qgc
from missions.plan_files.taken import Taken
from missions.planner import plan_patrol
from missions.request import PlanRequest, Task
from patrol.errors import ConfigError
from patrol.geo import Datum, GeoPoint, Height
from patrol.pattern import Pattern
from patrol.plan import Finding, Level, MissionPlan, RallyPoint, stops
from tests.unit.test_boundary import CENTRE, a_grid, a_request, a_shape, codes, square
from tests.unit.test_formats import plans
from tests.unit.test_plan_words import a_plan

GRID = a_grid(a_shape(square(500.0)))
SMALL = a_grid(a_shape(square(300.0)))
FORMS = [PlanForm.QGC, PlanForm.GEOJSON, PlanForm.KML]
OWN_FORMS = [PlanForm.GEOJSON, PlanForm.KML]
KML = '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{}</Document></kml>'


def written(plan: MissionPlan, form: PlanForm, folder: Path) -> Taken:
    path = folder / f"drawn.{form.value}"
    write_plan(
        path, plan, [Finding(code="a.b", level=Level.WARN, text="<&>", text_zh="提示", leg=0)]
    )
    return read_taken(path)


def a_route(pattern: Pattern = Pattern.SWEEP) -> tuple[PlanRequest, MissionPlan]:
    request = replace(a_request(SMALL), task=Task(pattern=pattern))
    (sortie,) = plan_patrol(request).sorties
    return request, sortie.plan


@pytest.mark.parametrize("form", OWN_FORMS)
@settings(max_examples=50, deadline=None)
@given(plan=plans)
def test_a_map_file_brings_back_every_waypoint_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, form: PlanForm, plan: MissionPlan
) -> None:
    assume(plan.fence[0] != plan.fence[-1])
    back = written(plan, form, tmp_path_factory.getbasetemp())
    assert back.findings == ()
    assert (back.home, back.fence, back.rally_points) == (plan.home, plan.fence, plan.rally_points)
    assert back.home_elevation_amsl_m == plan.home_elevation_amsl_m
    assert back.waypoints == plan.waypoints


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("pattern", [Pattern.BOUNDARY, Pattern.SWEEP, Pattern.POINTS])
def test_a_plan_of_ours_that_comes_back_is_the_same_flight_and_found_as_good(
    tmp_path: Path, form: PlanForm, pattern: Pattern
) -> None:
    request, plan = a_route(pattern)
    patrol = adopt(written(plan, form, tmp_path), request)
    (sortie,) = patrol.sorties
    assert stops(patrol.all_findings) == []
    assert sortie.plan.pattern == PATTERN
    assert [w.point for w in sortie.plan.waypoints] == [
        GeoPoint(lat_deg=round(w.point.lat_deg, 7), lon_deg=round(w.point.lon_deg, 7))
        for w in plan.waypoints
    ]
    assert sortie.plan.length_m == pytest.approx(plan.length_m, abs=0.5)
    assert sortie.plan.duration_s == pytest.approx(plan.duration_s, abs=1.0)
    assert sortie.plan.battery_need_pct == pytest.approx(plan.battery_need_pct, abs=0.5)
    assert "file.taken" in codes(patrol.findings)


def test_a_geographer_s_program_opens_the_kml_with_heights_above_the_ground(tmp_path: Path) -> None:
    plan = replace(a_plan(), rally_points=(RallyPoint(point=CENTRE, ground_above_home_m=2.0),))
    path = tmp_path / "plan.kml"
    path.write_text(to_kml(plan, []), encoding="utf-8")
    shapes = [shapely.from_wkb(shape) for shape in pyogrio.raw.read(path)[2]]
    route, fence, home, *points = shapes
    assert [shape.geom_type for shape in shapes] == [
        "LineString", "Polygon", *["Point"] * (2 + len(plan.waypoints))
    ]  # fmt: skip
    assert list(route.coords)[1:-1] == [
        (round(w.point.lon_deg, 7), round(w.point.lat_deg, 7), 30.0) for w in plan.waypoints
    ]
    assert list(fence.exterior.coords)[0][:2] == pytest.approx(
        (plan.fence[0].lon_deg, plan.fence[0].lat_deg)
    )
    assert (home.x, home.y) == pytest.approx((plan.home.lon_deg, plan.home.lat_deg))
    assert [point.z for point in points[:-1]] == [30.0] * len(plan.waypoints)
    text = path.read_text("utf-8")
    assert "<altitudeMode>relativeToGround</altitudeMode>" in text
    assert "达濠街道达濠社区第三网格" in text


def test_every_leg_and_the_whole_say_what_they_are_and_findings_stand_beside_them() -> None:
    finding = Finding(code="x.y", level=Level.WARN, text="look", text_zh="注意", leg=1)
    body = to_feature_collection(a_plan(), [finding])
    route, first, second = (body["features"][i]["properties"] for i in (0, 3, 4))
    assert (route["length_m"], route["duration_s"], route["battery_need_pct"]) == (
        300.0,
        90.0,
        60.0,
    )
    assert (first["leg_length_m"], first["leg_bearing_true_deg"]) == (100.0, 0.0)
    assert (first["findings"], second["findings"]) == ([], ["x.y"])
    assert body["findings"] == [finding.to_dict()]
    assert "注意 look" in to_kml(a_plan(), [finding])


@settings(max_examples=60, deadline=None)
@given(name=st.text(max_size=30), said=st.text(max_size=30))
def test_whatever_a_grid_is_called_the_kml_is_whole(
    tmp_path_factory: pytest.TempPathFactory, name: str, said: str
) -> None:
    plan = replace(a_plan(), grid_name=name)
    finding = Finding(code="a.b", level=Level.NOTE, text=said, text_zh=said)
    path = tmp_path_factory.getbasetemp() / "named.kml"
    path.write_text(to_kml(plan, [finding]), encoding="utf-8")
    assert len(read_taken(path).waypoints) == len(plan.waypoints)


def test_a_line_that_somebody_drew_is_a_route_and_its_heights_are_asked_about(
    tmp_path: Path,
) -> None:
    path = tmp_path / "line.kml"
    line = "<coordinates>116.719,23.280,40 116.720,23.281,40</coordinates>"
    path.write_text(
        KML.format(
            "<Placemark><name>线路</name><LineString><altitudeMode>relativeToGround</altitudeMode>"
            f"{line}</LineString></Placemark><Placemark><name>树</name><Point>"
            "<coordinates>116.7,23.2</coordinates></Point></Placemark>"
        ),
        encoding="utf-8",
    )
    found = read_taken(path)
    assert [one.height for one in found.waypoints] == [Height(metres=40.0, datum=Datum.GROUND)] * 2
    assert (found.home, found.fence) == (None, ())
    assert codes(found.findings) == {"file.marks_left_out"}
    path = tmp_path / "line.geojson"
    drawn = {"type": "LineString", "coordinates": [[116.719, 23.28, 40], [116.72, 23.281, 40]]}
    feature = {"type": "Feature", "properties": None, "geometry": drawn}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    found = read_taken(path)
    assert [one.height.datum for one in found.waypoints] == [Datum.HOME] * 2
    assert codes(found.findings) == {"file.height_assumed"}
    assert found.datum is None


METRES = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4547"}}
LAUGHS = '<!DOCTYPE kml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>' + KML.format("<name>&b;</name>")
POINT = "<Placemark><Point><coordinates>{}</coordinates></Point></Placemark>"


def features(*geometries: dict[str, Any] | None) -> str:
    listed = [{"type": "Feature", "properties": {}, "geometry": one} for one in geometries]
    return json.dumps({"type": "FeatureCollection", "features": listed})


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.kml", "", "is empty"),
        ("a.kml", "not XML", "not a plan in the form of KML"),
        ("a.kml", LAUGHS, "a document type, which is not read"),
        ("a.kml", "<gpx/>", "outermost element is gpx"),
        ("a.kml", KML.format(""), "0 lines where one route should be"),
        ("a.kml", KML.format(POINT.format("23.28,116.72")), "are swapped"),
        ("a.kml", KML.format(POINT.format("nan,1")), "NaN or without end"),
        ("a.kml", KML.format(POINT.format("x,1")), "is no number"),
        ("a.kml", KML.format(POINT.format("")), "has no coordinates"),
        ("a.kml", "<a>" * 100_000, "nested too deep"),
        ("a.geojson", "{", "it is no JSON"),
        ("a.geojson", '{"type": "Feature"}', "no FeatureCollection"),
        ("a.geojson", features({"type": "Point", "coordinates": [23.28, 116.72]}), "are swapped"),
        ("a.geojson", features({"type": "MultiPoint", "coordinates": []}), "is a MultiPoint"),
        ("a.geojson", features(None), "not a plan"),
        ("a.geojson", features({"type": "LineString", "coordinates": [[1, 2, 9], [1, 3]]}),
         "some of the route has heights and some has none"),
        ("a.geojson", json.dumps({"type": "FeatureCollection", "features": [], "crs": METRES}),
         "its reference system is urn:ogc:def:crs:EPSG::4547"),
        ("a.geojson", features(*[{"type": "LineString", "coordinates": [[1, 2, 3]]}] * 2),
         "2 lines where one route should be"),
        ("a.geojson", features(*[{"type": "Point", "coordinates": [1, 2]}] * 20_001),
         "20001 places"),
        ("a.gpx", "<gpx/>", "ends in .json, .plan, .geojson, .kml or .waypoints"),
    ],
)  # fmt: skip
def test_a_bad_map_file_is_told_in_one_sentence(
    tmp_path: Path, name: str, content: str, said: str
) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=said) as caught:
        read_taken(path)
    assert "\n" not in str(caught.value)
    assert caught.value.text_zh != str(caught.value)


def test_the_ending_chooses_the_form_and_our_own_comes_back_approved(tmp_path: Path) -> None:
    assert [form_of(Path(name)) for name in ("a.json", "a", "A.PLAN", "a.kml")] == [
        PlanForm.OURS, PlanForm.OURS, PlanForm.QGC, PlanForm.KML
    ]  # fmt: skip
    plan = a_plan().approved("李队", a_plan().created_utc)
    write_plan(tmp_path / "a.json", plan)
    assert read_plan(tmp_path / "a.json").digest == plan.digest
    assert json.loads(plan_text(plan, PlanForm.QGC))["fileType"] == "Plan"


@given(plans)
@settings(max_examples=30)
def test_mavproxy_s_own_reader_opens_the_list_of_waypoints(plan: MissionPlan) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "route.waypoints"
        write_plan(path, plan)
        read = mavwp.MAVWPLoader()  # what MAVProxy's `wp load` opens a file by
        assert read.load(str(path)) == len(to_qgc(plan)["mission"]["items"]) + 1
    home, *items = [read.wp(number) for number in range(read.count())]
    assert (home.x, home.y) == pytest.approx((plan.home.lat_deg, plan.home.lon_deg), abs=1e-7)
    places = [(one.x, one.y) for one in items if one.command == mavlink.MAV_CMD_NAV_WAYPOINT]
    wanted = [(one.point.lat_deg, one.point.lon_deg) for one in plan.waypoints]
    assert np.allclose(places, wanted, rtol=0.0, atol=1e-7)
    assert [items[0].command, items[-1].command] == [
        mavlink.MAV_CMD_NAV_TAKEOFF, mavlink.MAV_CMD_NAV_RETURN_TO_LAUNCH,
    ]  # fmt: skip


def test_a_list_of_waypoints_is_not_taken_for_a_plan(tmp_path: Path) -> None:
    path = tmp_path / "route.waypoints"
    write_plan(path, a_plan())
    with pytest.raises(ConfigError, match="neither fence nor rally points"):
        read_taken(path)
