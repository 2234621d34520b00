"""Routes keep out of closed airspace, leg by leg; old or wrong data forbids."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point

from missions.airspace import Airspace, AirspaceZone, ZoneKind
from missions.airspace_file import read_airspace
from missions.boundary import plan_boundary
from missions.checks import check_plan
from missions.flat import to_metres
from missions.open_air import Surroundings
from missions.planner import Patrol, plan_patrol
from missions.request import PlanRequest, Task
from missions.zones import ABOUT_AIRSPACE, airspace_findings, around_zones
from patrol.clock import utc_text
from patrol.errors import ConfigError
from patrol.geo import offset
from patrol.pattern import Pattern
from patrol.plan import Finding, Level, stops
from tests.unit.test_boundary import CENTRE, FRAME, LENS, a_grid, a_request, a_shape, square
from tests.unit.test_plan_words import NOW
from tests.unit.test_routes import places

HOUR = timedelta(hours=1)
GRID = a_grid(a_shape(square(500.0)))
CLOSING = [ZoneKind.CONTROLLED, ZoneKind.TEMP, ZoneKind.CATEGORY_BAN]


def ring_at(east_m: float, north_m: float, side_m: float) -> list[tuple[float, float]]:
    return [(east_m + x, north_m + y) for x, y in square(side_m)]


def a_zone(
    kind: ZoneKind = ZoneKind.CONTROLLED, ring: list[tuple[float, float]] | None = None,
    **more: Any,
) -> AirspaceZone:  # fmt: skip
    zone = AirspaceZone(
        zone_id="Z1", kind=kind, name="变电站", source="UOM", fetched_utc=NOW - HOUR,
        shape=a_shape(ring or ring_at(0.0, 0.0, 100.0)),
    )  # fmt: skip
    return replace(zone, **more)


def an_airspace(*zones: AirspaceZone, age: timedelta = HOUR) -> Airspace:
    return Airspace(zones=zones, source="UOM", fetched_utc=NOW - age)


def asked(
    *zones: AirspaceZone, pattern: Pattern = Pattern.SWEEP, east_m: float = -200.0
) -> PlanRequest:
    return replace(
        a_request(GRID, offset(CENTRE, east_m=east_m, north_m=-200.0)),
        task=Task(pattern=pattern),
        around=Surroundings(airspace=an_airspace(*zones)),
    )


def codes(patrol: Patrol) -> set[str]:
    return {finding.code for finding in patrol.all_findings}


def straight_on(*zones: AirspaceZone, airspace: Airspace | None = None) -> list[Finding]:
    """What is said of a boundary that was planned without knowing the zones."""
    plan, _ = plan_boundary(a_request(GRID, CENTRE))
    assert plan is not None
    return list(airspace_findings(plan, airspace or an_airspace(*zones), NOW))


@settings(max_examples=15, deadline=None)
@given(
    st.floats(-220.0, 220.0), st.floats(-220.0, 220.0), st.floats(20.0, 200.0),
    st.sampled_from(CLOSING), st.sampled_from([Pattern.BOUNDARY, Pattern.SWEEP]),
)  # fmt: skip
def test_no_leg_nor_the_way_out_or_home_meets_a_closed_zone_or_it_is_said(
    east_m: float, north_m: float, side_m: float, kind: ZoneKind, pattern: Pattern
) -> None:
    zone = a_zone(kind, ring_at(east_m, north_m, side_m))
    area = to_metres(zone.shape, FRAME)
    patrol = plan_patrol(asked(zone, pattern=pattern))
    assert patrol.sorties or stops(patrol.findings)
    for sortie in patrol.sorties:
        if stops(sortie.findings):
            continue
        home = (-200.0, -200.0)
        route = LineString([home, *places(sortie.plan)])
        assert route.distance(area) >= 4.9
        if sortie.plan.way_home.value == "straight":
            assert LineString([places(sortie.plan)[-1], home]).distance(area) >= 4.9


def test_a_sweep_goes_around_a_closed_zone_and_says_what_is_left_out() -> None:
    patrol = plan_patrol(asked(a_zone()))
    assert patrol.sorties
    assert not stops(patrol.all_findings)
    cut = next(finding for finding in patrol.findings if finding.code == "airspace.cut")
    assert "4.0 % of the grid" in cut.text


@pytest.mark.parametrize("pattern", [Pattern.BOUNDARY, Pattern.SWEEP])
def test_a_grid_that_is_closed_whole_or_but_for_a_corner_is_told_so(pattern: Pattern) -> None:
    whole = plan_patrol(asked(a_zone(ring=ring_at(0.0, 0.0, 2000.0)), pattern=pattern))
    assert [one.code for one in stops(whole.all_findings)] == ["route.all_closed"]
    assert not whole.sorties
    most = plan_patrol(asked(a_zone(ring=ring_at(-25.0, -25.0, 500.0)), pattern=pattern))
    told = stops(most.all_findings)
    assert [one.code for one in told] == ["route.too_small"]
    assert "what is open of the grid is too small" in told[0].text


@pytest.mark.parametrize("kind", CLOSING)
def test_a_leg_through_a_zone_forbids_though_no_waypoint_lies_in_it(kind: ZoneKind) -> None:
    across = a_zone(kind, ring_at(0.0, -235.0, 60.0))
    found = [one for one in straight_on(across) if one.code == "airspace.zone"]
    assert len(found) == 1
    assert found[0].level is Level.STOP
    assert "变电站" in found[0].text
    assert found[0].article
    assert found[0].leg is not None


def test_the_way_out_and_home_are_held_against_zones_too() -> None:
    plan, _ = plan_boundary(a_request(GRID, CENTRE))
    assert plan is not None
    first = plan.waypoints[0].point
    enu = FRAME.to_enu(first)
    between = a_zone(ring=ring_at(enu.east_m / 2, enu.north_m / 2, 40.0))
    texts = [one.text for one in straight_on(between) if one.code == "airspace.zone"]
    assert any("the leg to waypoint 1 " in text for text in texts)
    assert any(text.startswith("a way home") for text in texts)


def test_a_zone_above_or_at_another_time_is_no_zone_for_this_flight() -> None:
    across = ring_at(0.0, -235.0, 60.0)
    assert not [f for f in straight_on(a_zone(ring=across, floor_agl_m=120.0)) if f.leg]
    over = a_zone(ZoneKind.TEMP, across, from_utc=NOW - 5 * HOUR, to_utc=NOW - HOUR)
    assert {one.code for one in straight_on(over)} == {"airspace.age"}
    later = a_zone(ZoneKind.TEMP, across, from_utc=NOW + 3 * HOUR, to_utc=NOW + 5 * HOUR)
    assert {one.code for one in straight_on(later)} == {"airspace.age", "airspace.later"}
    soon = a_zone(ZoneKind.TEMP, across, from_utc=NOW + HOUR / 6, to_utc=NOW + 5 * HOUR)
    assert "airspace.zone" in {one.code for one in straight_on(soon)}


def test_over_a_quiet_area_it_is_said_and_flown() -> None:
    quiet = a_zone(ZoneKind.NOISE_QUIET, ring_at(0.0, -235.0, 60.0))
    found = next(one for one in straight_on(quiet) if one.code == "airspace.quiet")
    assert found.level is Level.WARN
    assert "airspace.cut" not in codes(plan_patrol(asked(quiet)))


def test_what_may_not_be_filmed_is_not_flown_over_nor_shown() -> None:
    north = a_zone(ZoneKind.NO_SHOOT, ring_at(0.0, 290.0, 20.0))
    east = a_zone(ZoneKind.NO_SHOOT, ring_at(290.0, 0.0, 20.0))
    patrol = plan_patrol(asked(north, east))  # the camera looks along the lanes
    filmed = [one for one in patrol.all_findings if one.code == "airspace.filmed"]
    assert filmed
    assert all(one.level is Level.STOP and "第三十四条" in one.article for one in filmed)
    far = a_zone(ZoneKind.NO_SHOOT, ring_at(0.0, 900.0, 20.0))
    assert "airspace.filmed" not in codes(plan_patrol(asked(far)))


@pytest.mark.parametrize(
    ("age", "code", "level"),
    [(HOUR, "airspace.age", Level.NOTE), (24 * HOUR, "airspace.age", Level.NOTE),
     (25 * HOUR, "airspace.stale", Level.STOP), (-HOUR, "airspace.from_future", Level.STOP)],
)  # fmt: skip
def test_the_age_of_the_data_is_shown_and_old_data_forbids(
    age: timedelta, code: str, level: Level
) -> None:
    found = straight_on(airspace=an_airspace(age=age))
    assert [(one.code, one.level) for one in found] == [(code, level)]
    assert "UOM" in found[0].text
    old = an_airspace(a_zone(ring=ring_at(5000.0, 0.0, 9.0), fetched_utc=NOW - 30 * HOUR))
    assert "airspace.stale" in {one.code for one in straight_on(airspace=old)}


def test_without_any_data_it_is_said_and_never_passed_over() -> None:
    plan, found = plan_boundary(a_request(GRID, CENTRE))
    assert "airspace.unknown" in {one.code for one in found if one.level is Level.WARN}
    assert plan is not None
    told = {one.code for one in check_plan(plan, GRID, LENS)}
    assert "airspace.unknown" in told & ABOUT_AIRSPACE


def a_file(folder: Path, features: list[dict[str, Any]], **changes: Any) -> Path:
    body: dict[str, Any] = {
        "type": "FeatureCollection", "datum": "WGS-84", "source": "汕头市公告",
        "fetched_at": utc_text(NOW), "features": features,
    }  # fmt: skip
    path = folder / "zones.geojson"
    kept = {key: value for key, value in (body | changes).items() if value is not None}
    path.write_text(json.dumps(kept), encoding="utf-8")
    return path


def a_feature(drawn: str, coordinates: Any, **given: Any) -> dict[str, Any]:
    return {
        "type": "Feature", "geometry": {"type": drawn, "coordinates": coordinates},
        "properties": {"kind": "TEMP", "name": "马拉松"} | given,
    }  # fmt: skip


LON, LAT = CENTRE.lon_deg, CENTRE.lat_deg
TRIANGLE = [[[LON, LAT], [LON + 0.01, LAT], [LON, LAT + 0.01], [LON, LAT]]]


def test_circles_and_corridors_are_as_wide_as_the_notice_says(tmp_path: Path) -> None:
    course = [[LON, LAT], [LON + 0.02, LAT]]
    zones = read_airspace(
        a_file(
            tmp_path,
            [
                a_feature("Point", [LON, LAT], radius_m=1000.0),
                a_feature("LineString", course, half_width_m=500.0),
                a_feature("Polygon", TRIANGLE, kind="NO_SHOOT", floor_m=10, ceiling_m=120),
            ],
        )
    ).zones
    circle, corridor = (to_metres(zone.shape, FRAME) for zone in zones[:2])
    for turn in range(0, 360, 7):
        rim = Point(999.5 * math.cos(math.radians(turn)), 999.5 * math.sin(math.radians(turn)))
        assert circle.covers(rim)
    assert circle.area == pytest.approx(math.pi * 1000.0**2, rel=0.02)
    assert corridor.covers(Point(1000.0, 499.0))
    assert not corridor.covers(Point(1000.0, 520.0))
    assert (zones[2].kind, zones[2].floor_agl_m, zones[2].ceiling_agl_m) == (
        ZoneKind.NO_SHOOT, 10.0, 120.0,
    )  # fmt: skip


def test_reversed_times_and_heights_are_findings_and_the_zone_holds(tmp_path: Path) -> None:
    begin, end = utc_text(NOW + HOUR), utc_text(NOW - HOUR)
    wide = a_feature("Point", [LON, LAT], radius_m=3000.0, **{"from": begin, "to": end})
    airspace = read_airspace(a_file(tmp_path, [wide]))
    found = {one.code: one.level for one in straight_on(airspace=airspace)}
    assert found["airspace.times_reversed"] is Level.STOP
    assert found["airspace.zone"] is Level.STOP
    upside = a_feature("Point", [LON, LAT], radius_m=30.0, floor_m=100.0, ceiling_m=20.0)
    airspace = read_airspace(a_file(tmp_path, [upside]))
    assert [one.code for one in airspace.problems] == ["airspace.heights_reversed"]


@pytest.mark.parametrize(
    ("features", "changes", "why"),
    [([], {"datum": None}, "WGS-84"), ([], {"datum": "GCJ-02"}, "WGS-84"),
     ([], {"source": None}, "source"), ([], {"fetched_at": None}, "fetched"),
     ([], {"fetched_at": "yesterday"}, "no time"),
     ([a_feature("Polygon", TRIANGLE, kind="PARK")], {}, "CONTROLLED"),
     ([a_feature("Point", [LON, LAT])], {}, "radius_m"),
     ([a_feature("Point", [LON, LAT], radius_m=-5)], {}, "reach"),
     ([a_feature("Point", [LAT, LON], radius_m=50)], {}, "swapped"),
     ([a_feature("Polygon", TRIANGLE, floor_m="NaN")], {}, "not a number"),
     ([a_feature("Polygon", TRIANGLE, **{"from": "8 o'clock"})], {}, "feature 1: from"),
     ([{"type": "Feature"}], {}, "feature 1")],
)  # fmt: skip
def test_data_that_cannot_be_trusted_is_refused_in_a_sentence(
    tmp_path: Path, features: list[dict[str, Any]], changes: dict[str, Any], why: str
) -> None:
    with pytest.raises(ConfigError, match=why) as told:
        read_airspace(a_file(tmp_path, features, **changes))
    assert "空域数据无法使用" in told.value.text_zh


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        read_airspace(tmp_path / "none.geojson")
    (tmp_path / "words.geojson").write_text("zones", encoding="utf-8")
    with pytest.raises(ConfigError, match="no GeoJSON"):
        read_airspace(tmp_path / "words.geojson")


def test_only_zones_that_the_flight_could_meet_are_kept_out() -> None:
    over = a_zone(ZoneKind.TEMP, to_utc=NOW - HOUR)
    high = a_zone(floor_agl_m=200.0)
    quiet = a_zone(ZoneKind.NOISE_QUIET)
    assert around_zones(asked(over, high, quiet)).around.kept_out == ()
    assert len(around_zones(asked(a_zone())).around.kept_out) == 1


def test_a_launch_point_in_a_closed_zone_forbids() -> None:
    home = a_zone(ring=ring_at(-200.0, -200.0, 60.0))
    assert stops(plan_patrol(asked(home)).all_findings)
