"""Whether borders fit: each gap, overlap and sliver is found with its place and its size."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point

from missions.register import Register, load_register
from missions.register_findings import RegisterFinding
from missions.register_topology import topology_findings
from patrol.geo import GeoPoint, LocalFrame
from tests.districts import (
    SOUTH,
    STEP,
    WEST,
    Ring,
    feature,
    four,
    grid_code,
    imported,
    kinds,
    loaded,
    square,
    written,
)

STEP_EAST_M = LocalFrame(origin=GeoPoint(lat_deg=SOUTH, lon_deg=WEST)).to_enu(
    GeoPoint(lat_deg=SOUTH, lon_deg=WEST + STEP)
).east_m  # fmt: skip
STEP_NORTH_M = STEP * 110_760.0


def findings_of(tmp_path: Path, changes: dict[int, object]) -> list[RegisterFinding]:
    """Of the four grids and their community, with some of them drawn otherwise."""
    features = four()
    for number, ring in changes.items():
        code = grid_code(number) if number else "440512001001"
        features[number] = feature(code, ring)
    register = loaded(imported(written(tmp_path, features)))
    return topology_findings(register.areas, register.grids)


def shifted(number: int, east: float) -> Ring:
    ring = square(*[(0, 0), (1, 0), (0, 1), (1, 1)][number - 1])
    return [[x + east * STEP, y] for x, y in ring]


def test_grids_that_fit_have_no_findings(tmp_path: Path) -> None:
    assert findings_of(tmp_path, {}) == []


def test_an_overlap_is_told_with_both_grids_its_place_and_its_size(tmp_path: Path) -> None:
    wide = [[x - (0.1 * STEP if x < WEST + 1.5 * STEP else 0), y] for x, y in square(1, 0)]
    told = findings_of(tmp_path, {2: wide})
    (overlap,) = [finding for finding in told if finding.code == "area.overlap"]
    assert overlap.areas == (grid_code(1), grid_code(2))
    assert overlap.area_m2 == pytest.approx(0.1 * STEP_EAST_M * STEP_NORTH_M, rel=0.01)
    assert overlap.place is not None
    assert overlap.place.lon_deg == pytest.approx(WEST + 0.95 * STEP, abs=0.06 * STEP)
    assert "overlap" in overlap.sentence
    assert "重叠" in overlap.sentence_zh


def test_a_gap_is_told_once_with_its_place_and_its_size(tmp_path: Path) -> None:
    narrow = [[x + (0.1 * STEP if x < WEST + 1.5 * STEP else 0), y] for x, y in square(1, 0)]
    (gap,) = findings_of(tmp_path, {2: narrow})
    assert gap.code == "area.gap"
    assert gap.area_m2 == pytest.approx(0.1 * STEP_EAST_M * STEP_NORTH_M, rel=0.01)
    assert gap.areas == ("440512001001",)
    assert "空缺" in gap.sentence_zh
    assert "公顷" in gap.sentence_zh


@pytest.mark.parametrize("gap_m", [0.2, 2.0])
def test_a_strip_between_neighbours_is_a_sliver_even_where_nothing_lies_above(
    tmp_path: Path, gap_m: float
) -> None:
    off = gap_m / STEP_EAST_M * STEP
    east = [[x + off, y] for x, y in square(1, 0)]
    path = written(tmp_path, [feature("A-1", square(0, 0)), feature("A-2", east)])
    (gap,) = loaded_findings(path)
    assert gap.code == "area.gap_sliver"
    assert gap.areas == ("A-1", "A-2")
    assert gap.area_m2 == pytest.approx(gap_m * STEP_NORTH_M, rel=0.1)


def test_a_strip_as_narrow_as_rounding_is_not_told(tmp_path: Path) -> None:
    east = [[x + 2e-7, y] for x, y in square(1, 0)]
    path = written(tmp_path, [feature("A-1", square(0, 0)), feature("A-2", east)])
    assert loaded_findings(path) == []


def test_a_narrow_bay_of_one_grids_own_coast_is_no_gap(tmp_path: Path) -> None:
    bay = 1.0 / STEP_EAST_M * STEP
    ring = square(0, 0)
    ring[2:2] = [
        [WEST + STEP, SOUTH + STEP / 2], [WEST + STEP / 2, SOUTH + STEP / 2],
        [WEST + STEP / 2, SOUTH + STEP / 2 + bay], [WEST + STEP, SOUTH + STEP / 2 + bay],
    ]  # fmt: skip
    assert loaded_findings(written(tmp_path, [feature("A-1", ring)])) == []


def test_a_place_that_grids_enclose_is_a_gap(tmp_path: Path) -> None:
    ring = [
        feature(f"A-{number}", square(east, north))
        for number, (east, north) in enumerate(
            [(0, 0), (1, 0), (2, 0), (0, 1), (2, 1), (0, 2), (1, 2), (2, 2)]
        )
    ]
    (gap,) = loaded_findings(written(tmp_path, ring))
    assert gap.code == "area.gap"
    assert gap.area_m2 == pytest.approx(STEP_EAST_M * STEP_NORTH_M, rel=0.01)


def test_a_grid_across_the_districts_edge_is_told_with_what_lies_outside(tmp_path: Path) -> None:
    far = [[x + (0.5 * STEP if x > WEST + 1.5 * STEP else 0), y] for x, y in square(1, 0)]
    (outside,) = findings_of(tmp_path, {2: far})
    assert outside.code == "area.outside"
    assert outside.areas == (grid_code(2), "440512001001")
    assert outside.area_m2 == pytest.approx(0.5 * STEP_EAST_M * STEP_NORTH_M, rel=0.01)
    assert "超出" in outside.sentence_zh


def test_two_grids_with_one_border_and_a_sliver_of_a_grid_are_told(tmp_path: Path) -> None:
    thin = [[x, SOUTH + (y - SOUTH) * 0.002] for x, y in square(3, 0)]
    path = written(
        tmp_path,
        [feature("A", square(0, 0)), feature("B", square(0, 0)), feature("C", thin)],
    )
    told = {finding.code: finding for finding in loaded_findings(path)}
    assert set(told) == {"area.same_border", "area.sliver"}
    assert told["area.same_border"].areas == ("A", "B")
    assert told["area.sliver"].areas == ("C",)


def test_a_hole_that_another_grid_fills_is_no_gap(tmp_path: Path) -> None:
    holed = feature("A", [square(0, 0), square(0.4, 0.4, 0.2)])
    path = written(tmp_path, [holed, feature("B", square(0.4, 0.4, 0.2))])
    assert loaded_findings(path) == []
    assert "border.hole" in kinds(imported(path))
    alone = written(tmp_path, [holed], "alone.geojson")
    assert [finding.code for finding in loaded_findings(alone)] == ["area.gap"]


def loaded_findings(path: Path) -> list[RegisterFinding]:
    register = loaded(imported(path))
    return topology_findings(register.areas, register.grids)


def test_the_sample_fits() -> None:
    register = load_register()
    assert topology_findings(register.areas, register.grids) == []


@functools.cache
def sample() -> tuple[Register, shapely.STRtree]:
    register = load_register()
    return register, shapely.STRtree([grid.shape for grid in register.grids])


@settings(max_examples=500)
@given(st.floats(116.6105, 116.8190), st.floats(23.2013, 23.3469))
def test_every_point_of_the_district_falls_in_exactly_one_grid(lon: float, lat: float) -> None:
    register, tree = sample()
    place = Point(lon, lat)
    inside = [register.grids[i] for i in tree.query(place, predicate="within")]
    district = register.get("440512").shape
    near_an_edge = any(grid.shape.boundary.distance(place) < 1e-7 for grid in register.grids)
    if district.contains(place) and not near_an_edge:
        assert len(inside) == 1
    if not district.intersects(place) and not near_an_edge:
        assert inside == []
    found = register.grid_at(GeoPoint(lat_deg=lat, lon_deg=lon))
    assert (found is not None) == district.intersects(place) or near_an_edge


cuts = st.lists(st.floats(0.02, 0.98), min_size=1, max_size=5, unique=True)


@settings(max_examples=40, deadline=None)
@given(cuts, cuts, st.floats(0.0, 6.28))
def test_however_a_district_is_cut_every_point_of_it_has_one_grid_and_nothing_is_told(
    across: list[float], along: list[float], turn_rad: float
) -> None:
    xs, ys = [0.0, *sorted(across), 1.0], [0.0, *sorted(along), 1.0]
    cells = [
        shapely.affinity.rotate(
            shapely.box(WEST + w * STEP, SOUTH + s * STEP, WEST + e * STEP, SOUTH + n * STEP),
            turn_rad, origin=(WEST, SOUTH), use_radians=True,
        )
        for w, e in zip(xs, xs[1:], strict=False) for s, n in zip(ys, ys[1:], strict=False)
    ]  # fmt: skip
    if min(cell.area for cell in cells) < 1e-10:
        return
    features = [
        feature(f"A-{number}", [list(place) for place in cell.exterior.coords])
        for number, cell in enumerate(cells)
    ]
    register = Register(body_of(features), Path("cut"))
    told = topology_findings(register.areas, register.grids)
    assert [finding.sentence for finding in told if "sliver" not in finding.code] == []
    for grid in register.grids:
        middle = grid.shape.centroid
        assert register.grid_at(GeoPoint(lat_deg=middle.y, lon_deg=middle.x)) == grid.code
        for lon, lat in shapely.get_coordinates(grid.shape):
            meet = [one.code for one in register.grids if one.shape.intersects(Point(lon, lat))]
            assert register.grid_at(GeoPoint(lat_deg=lat, lon_deg=lon)) == min(meet)


def body_of(features: list[dict[str, object]]) -> dict[str, object]:
    """As a register has it, every area beside the others."""
    for one in features:
        properties = one["properties"]
        assert isinstance(properties, dict)
        properties |= {"level": "grid", "parent_code": None, "name_zh": properties["name"]}
    return {"type": "FeatureCollection", "datum": "WGS-84", "features": features}
