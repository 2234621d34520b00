"""A route that was drawn elsewhere becomes a plan with every check of ours, or is told why not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from shapely.geometry import Polygon

from missions.datums import StatedDatum
from missions.gcj02 import from_wgs84
from missions.open_air import Surroundings
from missions.plan_files.adopt import adopt, grid_of
from missions.plan_files.files import read_taken, write_plan
from missions.plan_files.placed import in_wgs84
from missions.plan_files.taken import Taken
from missions.planner import Patrol
from missions.register import load_register
from missions.request import default_home
from patrol.errors import ConfigError
from patrol.geo import Datum, GeoPoint, Height, distance_m, offset
from patrol.plan import RallyPoint, WayHome, Waypoint, stops
from tests.unit.test_airspace import a_zone, an_airspace
from tests.unit.test_boundary import CENTRE, a_grid, a_request, a_shape, codes, square
from tests.unit.test_plan_words import a_plan

GRID = a_grid(a_shape(square(500.0)))


def drawn(points: Sequence[tuple[float, float]], **changes: Any) -> Taken:
    """A route in metres around the middle of the grid."""
    waypoints = tuple(
        Waypoint(
            point=offset(CENTRE, east_m=e, north_m=n), speed_m_s=4.0, gimbal_pitch_deg=-27.0,
            height=Height(metres=30.0, datum=Datum.HOME), camera_bearing_true_deg=0.0,
        )
        for e, n in points
    )  # fmt: skip
    return replace(Taken(form="a test", waypoints=waypoints, home=CENTRE), **changes)


def taken_over(taken: Taken, around: Surroundings | None = None) -> Patrol:
    return adopt(taken, replace(a_request(GRID, CENTRE), around=around or Surroundings()))


INSIDE = [(100.0, 100.0), (-100.0, 100.0)]


def test_a_route_without_a_fence_is_given_the_grid_s() -> None:
    patrol = taken_over(drawn(INSIDE))
    (sortie,) = patrol.sorties
    assert stops(patrol.all_findings) == []
    assert {"file.no_fence", "file.taken"} <= codes(patrol.findings)
    fence = Polygon([(p.lon_deg, p.lat_deg) for p in sortie.plan.fence])
    assert fence.symmetric_difference(GRID.shape).area < 0.01 * GRID.shape.area


def a_ring(side_m: float) -> tuple[GeoPoint, ...]:
    return tuple(offset(CENTRE, east_m=e, north_m=n) for e, n in square(side_m))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"waypoints": ()}, "file.no_route"),
        ({"fence": a_ring(150.0)}, "fence.leg_outside"),
        ({"home": offset(CENTRE, east_m=0.0, north_m=400.0), "fence": a_ring(480.0)},
         "fence.home_outside"),
        ({"kept_out": (a_ring(40.0),)}, "file.kept_out"),
        ({"fence": (a_ring(400.0)[0], a_ring(400.0)[2], a_ring(400.0)[1], a_ring(400.0)[3])},
         "file.fence_crossed"),
    ],
)  # fmt: skip
def test_every_check_of_ours_is_made_of_a_foreign_route(change: dict[str, Any], code: str) -> None:
    taken = drawn(INSIDE, **change)
    patrol = adopt(taken, a_request(GRID, taken.home))
    assert code in codes(stops(patrol.all_findings))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"height": Height(metres=130.0, datum=Datum.HOME)}, "height.above_ceiling"),
        ({"height": Height(metres=2.0, datum=Datum.HOME)}, "file.too_low"),
        ({"height": Height(metres=30.0, datum=Datum.GROUND)}, "terrain.not_covered"),
        ({"speed_m_s": 25.0}, "file.too_fast"),
        ({"speed_m_s": 0.0}, "speed.none"),
        ({"hold_s": 2000.0}, "battery.reserve"),
        ({"point": offset(CENTRE, east_m=900.0, north_m=0.0)}, "route.leg_outside_grid"),
    ],
)  # fmt: skip
def test_a_leg_that_may_not_be_flown_forbids(change: dict[str, Any], code: str) -> None:
    taken = drawn(INSIDE)
    second = replace(taken.waypoints[1], **change)
    patrol = taken_over(replace(taken, waypoints=(taken.waypoints[0], second)))
    assert code in codes(stops(patrol.all_findings))


def test_a_foreign_route_through_closed_airspace_is_forbidden() -> None:
    around = Surroundings(airspace=an_airspace(a_zone()))
    patrol = taken_over(drawn([(-150.0, 0.0), (150.0, 0.0)]), around)
    assert "airspace.zone" in codes(stops(patrol.all_findings))


def test_what_makes_no_count_or_a_tight_fence_is_told_and_forbids_nothing() -> None:
    taken = drawn([(100.0, 100.0), (-100.0, 100.0), (-100.0, -100.0)], fence=a_ring(210.0))
    waypoints = (
        replace(taken.waypoints[0], gimbal_pitch_deg=None),
        replace(taken.waypoints[1], speed_m_s=9.0),
        taken.waypoints[2],
    )
    patrol = taken_over(replace(taken, waypoints=waypoints))
    told = codes(patrol.all_findings)
    assert {"file.no_camera", "file.transit", "file.fence_near"} <= told
    assert [one.is_transit for one in patrol.sorties[0].plan.waypoints] == [False, True, False]
    wide = taken_over(drawn(INSIDE, fence=a_ring(900.0)))
    assert "file.fence_wide" in codes(wide.findings)


def test_heights_above_the_ground_are_flown_over_ground_that_is_known() -> None:
    taken = drawn(INSIDE)
    low = tuple(
        replace(one, height=Height(metres=30.0, datum=Datum.GROUND)) for one in taken.waypoints
    )
    hills = Surroundings(elevation_amsl_m=lambda point: 5.0 + 1000.0 * (point.lat_deg - 23.28))
    patrol = taken_over(replace(taken, waypoints=low), hills)
    assert stops(patrol.all_findings) == []
    assert [one.ground_above_home_m for one in patrol.sorties[0].plan.waypoints] == [0.9, 0.9]


def test_a_line_without_heights_or_camera_is_planned_as_it_was_asked_for(tmp_path: Path) -> None:
    corners = [(p.lon_deg, p.lat_deg) for p in (one.point for one in drawn(INSIDE).waypoints)]
    path = tmp_path / "flat.geojson"
    line = {"type": "LineString", "coordinates": corners}
    feature = {"type": "Feature", "properties": {}, "geometry": line}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    taken = replace(read_taken(path), home=CENTRE)
    patrol = taken_over(taken)
    assert {"file.no_heights", "file.camera_ahead"} <= codes(patrol.findings)
    assert stops(patrol.all_findings) == []
    plan = patrol.sorties[0].plan
    assert [one.height for one in plan.waypoints] == [Height(metres=30.0, datum=Datum.HOME)] * 2
    assert [one.gimbal_pitch_deg for one in plan.waypoints] == [-27.0] * 2
    assert [one.camera_bearing_true_deg for one in plan.waypoints] == [45.0, 270.0]
    hills = Surroundings(elevation_amsl_m=lambda point: 5.0)
    over = taken_over(taken, hills).sorties[0].plan
    assert {one.height.datum for one in over.waypoints} == {Datum.GROUND}


def test_a_map_file_says_its_datum_or_whoever_reads_it_does(tmp_path: Path) -> None:
    taken = drawn(INSIDE, fence=a_ring(400.0), rally_points=(RallyPoint(point=CENTRE),))
    with pytest.raises(ConfigError, match="give --datum") as caught:
        in_wgs84(taken, None)
    assert "高德" in caught.value.text_zh
    assert in_wgs84(taken, StatedDatum.WGS_84) == taken
    write_plan(tmp_path / "own.kml", a_plan())
    own = read_taken(tmp_path / "own.kml")
    assert in_wgs84(own, None) == own
    with pytest.raises(ConfigError, match="leave --datum out"):
        in_wgs84(own, StatedDatum.GCJ_02)


def test_a_route_that_was_drawn_on_a_web_map_is_flown_where_it_truly_lies() -> None:
    def on_amap(place: GeoPoint) -> GeoPoint:
        shown = from_wgs84(place)
        return GeoPoint(lat_deg=shown.lat_deg, lon_deg=shown.lon_deg)

    true = drawn(INSIDE, fence=a_ring(400.0), kept_out=(a_ring(20.0),))
    shifted = replace(
        true,
        home=on_amap(CENTRE),
        waypoints=tuple(replace(one, point=on_amap(one.point)) for one in true.waypoints),
        fence=tuple(on_amap(corner) for corner in true.fence),
        kept_out=(tuple(on_amap(corner) for corner in true.kept_out[0]),),
    )
    back = in_wgs84(shifted, StatedDatum.GCJ_02)
    assert codes(back.findings) == {"file.gcj02"}
    assert back.home is not None
    for mine, theirs in (
        (back.home, CENTRE), *zip(back.fence, true.fence, strict=True),
        *zip(back.kept_out[0], true.kept_out[0], strict=True),
        *((a.point, b.point) for a, b in zip(back.waypoints, true.waypoints, strict=True)),
    ):  # fmt: skip
        assert distance_m(mine, theirs) < 0.001


def test_rally_points_of_the_file_are_the_way_home() -> None:
    rally = RallyPoint(point=offset(CENTRE, east_m=-60.0, north_m=60.0))
    (sortie,) = taken_over(drawn(INSIDE, rally_points=(rally,))).sorties
    assert (sortie.plan.way_home, sortie.plan.rally_points) == (WayHome.RALLY, (rally,))
    assert sortie.plan.digest != taken_over(drawn(INSIDE)).sorties[0].plan.digest


def test_the_grid_is_the_one_that_most_of_the_route_lies_in_and_swapped_places_are_told() -> None:
    register = load_register()
    grid = register.grids[40]
    home = default_home(grid)
    waypoints = (replace(a_plan().waypoints[0], point=home),)
    assert grid_of(Taken(form="x", waypoints=waypoints), register, None) == grid
    assert grid_of(Taken(form="x", waypoints=waypoints), register, grid.code) == grid
    far = (replace(waypoints[0], point=GeoPoint(lat_deg=1.0, lon_deg=2.0)),)
    with pytest.raises(ConfigError, match="no waypoint of the file lies in a grid"):
        grid_of(Taken(form="x", waypoints=far), register, None)


def test_where_the_numbers_the_other_way_round_lie_in_the_register_they_are_swapped(
    tmp_path: Path,
) -> None:
    ring = [[8.0, 47.0], [8.01, 47.0], [8.01, 47.01], [8.0, 47.01], [8.0, 47.0]]
    feature = {
        "type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {"code": "440512001002003", "level": "grid", "name_zh": "第三网格"},
    }  # fmt: skip
    body = {"type": "FeatureCollection", "datum": "WGS-84", "features": [feature]}
    path = tmp_path / "alps.geojson"
    path.write_text(json.dumps(body), encoding="utf-8")
    there = replace(a_plan().waypoints[0], point=GeoPoint(lat_deg=8.005, lon_deg=47.005))
    with pytest.raises(ConfigError, match="latitude and longitude of the file are swapped"):
        grid_of(Taken(form="x", waypoints=(there,)), load_register(path), None)
