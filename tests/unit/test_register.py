"""The register: what a file must say, what the sample holds, which grid a place lies in."""

from __future__ import annotations

import functools
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import STRtree
from shapely.geometry import Point
from shapely.ops import unary_union

from missions.codes import GridLevel
from missions.grid import COAST
from missions.near_names import near_names
from missions.register import Register, UnknownGrid, load_register, sample_path
from missions.register_file import read_body
from missions.sample_register import make_register
from patrol.errors import ConfigError
from patrol.geo import GeoPoint

CODE = "440512001003003"
SQUARE = [[116.70, 23.25], [116.71, 23.25], [116.71, 23.26], [116.70, 23.26], [116.70, 23.25]]


@pytest.fixture(scope="module")
def sample() -> Register:
    return load_register()


def a_feature(
    code: str = CODE, level: str = "grid", ring: list[list[float]] | None = None, **more: object
) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"code": code, "level": level, "name_zh": "第三网格", **more},
        "geometry": {"type": "Polygon", "coordinates": [ring or SQUARE]},
    }


def a_body(*features: object, **changes: object) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": "FeatureCollection", "datum": "WGS-84", "version": "v1",
        "features": list(features) or [a_feature()],
    }  # fmt: skip
    return body | changes


def load(tmp_path: Path, body: object) -> Register:
    path = tmp_path / "register.geojson"
    path.write_text(json.dumps(body), encoding="utf-8")
    return load_register(path)


def test_the_sample_holds_the_districts_true_totals(sample: Register) -> None:
    levels = Counter(area.level for area in sample.areas.values())
    assert levels[GridLevel.DISTRICT] == 1
    assert levels[GridLevel.STREET] == 7
    assert levels[GridLevel.COMMUNITY] == 60
    assert levels[GridLevel.GRID] == len(sample.grids) == 254
    assert len({site.overlay for site in sample.sites}) == len(sample.overlays) == 4
    assert len(sample.grids) + len(sample.overlays) == 258
    assert sample.is_synthetic


def test_the_sample_has_the_checkpoints_of_streets_and_communities_each_in_its_grid(
    sample: Register,
) -> None:
    served = Counter(sample.areas[one.serves].level for one in sample.checkpoints)
    assert served == {GridLevel.STREET: 7, GridLevel.COMMUNITY: 60}
    for one in sample.checkpoints:
        assert sample.grid_at(one.point) == one.grid_code
        assert one.grid_code.startswith(one.serves)


def test_the_grids_of_the_sample_say_whether_they_reach_the_sea(sample: Register) -> None:
    shore = sample.get("440512").shape.boundary.buffer(1e-6)
    for grid in sample.grids:
        is_coast = grid.shape.boundary.intersection(shore).length > 1e-5
        assert grid.sensitive_flags == frozenset({COAST} if is_coast else ()), grid.code
    assert 0 < sum(bool(grid.sensitive_flags) for grid in sample.grids) < 254


def test_a_register_that_says_nothing_of_the_coast_is_not_read_as_no(tmp_path: Path) -> None:
    silent = load(tmp_path, a_body())
    assert (silent.get(CODE).sensitive_flags, silent.checkpoints) == (None, [])
    says_no = load(tmp_path, a_body(a_feature(sensitive_flags=[]))).get(CODE)
    assert says_no.sensitive_flags == frozenset()


def test_the_sample_says_that_its_borders_are_invented(sample: Register) -> None:
    features = sample.to_geojson()["features"]
    assert all(feature["properties"]["is_synthetic"] for feature in features)


def test_the_grids_of_the_sample_neither_overlap_nor_leave_a_gap(sample: Register) -> None:
    shapes = [grid.shape for grid in sample.grids]
    district = sample.get("440512").shape
    assert sum(shape.area for shape in shapes) == pytest.approx(district.area, rel=1e-9)
    assert unary_union(shapes).symmetric_difference(district).area < 1e-12
    tree = STRtree(shapes)
    for left, right in tree.query(shapes, predicate="intersects").T:
        if left < right:
            # Square degrees: under a hundredth of a square metre.
            assert shapes[left].intersection(shapes[right]).area < 1e-12


def test_the_union_of_the_sample_has_no_hole_and_is_one_piece(sample: Register) -> None:
    land = unary_union([grid.shape for grid in sample.grids])
    assert land.geom_type == "Polygon"
    assert not land.interiors


def test_every_area_of_the_sample_is_the_union_of_the_areas_below_it(sample: Register) -> None:
    for code, area in sample.areas.items():
        below = [grid.shape for grid in sample.grids if grid.code.startswith(code)]
        assert unary_union(below).symmetric_difference(area.shape).area < 1e-11, code


def test_a_grids_name_is_spoken_from_the_street_down(sample: Register) -> None:
    grid = sample.get("440512001002003")
    assert grid.name_spoken == "达濠街道达濠社区第三网格"
    assert sample.path_names(grid.code) == ["达濠街道", "达濠社区", "第三网格"]
    assert list(sample.names_up(grid.code)) == [
        "440512001002003", "440512001002", "440512001",
    ]  # fmt: skip
    assert "".join(sample.path_names(grid.code)) == grid.name_spoken


def test_every_spoken_name_of_the_sample_is_another_one(sample: Register) -> None:
    names = Counter(area.name_spoken for area in sample.areas.values())
    assert max(names.values()) == 1


def test_the_same_seed_makes_the_file_that_is_shipped(sample: Register) -> None:
    assert make_register()["features"] == sample._body["features"]


def test_an_area_is_found_by_code_printed_code_spoken_name_and_alias(sample: Register) -> None:
    grid = sample.get(CODE)
    assert sample.get("440512 001 003 003") is grid
    assert sample.get(f" {grid.name_spoken} ") is grid
    assert sample.get("马窖").code == "440512002"


def test_an_unknown_grid_is_refused_with_the_nearest_ones(sample: Register) -> None:
    with pytest.raises(UnknownGrid, match="did you mean 44051200100") as caught:
        sample.get("440512001003099")
    assert "sample-2026.2" in str(caught.value)
    with pytest.raises(UnknownGrid, match="达濠街道达濠社区第三网格"):
        sample.get("达濠街道达濠社区第三網格")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("达濠3", ["达濠街道达濠社区第三网格"]), ("达濠 3", ["达濠街道达濠社区第三网格"]),
        ("达濠社区", ["达濠街道达濠社区"]), ("濠滨 12", []),
    ],
)  # fmt: skip
def test_what_people_call_a_grid_suggests_its_name(
    sample: Register, typed: str, meant: list[str]
) -> None:
    with pytest.raises(UnknownGrid) as caught:
        sample.get(typed)
    assert near_names(typed, list(sample.areas.values()))[: len(meant) or 1] == meant
    assert all(name in str(caught.value) and name in caught.value.text_zh for name in meant)


def test_a_name_like_no_other_is_refused_without_a_guess(sample: Register) -> None:
    with pytest.raises(UnknownGrid) as caught:
        sample.get("Paris")
    assert "did you mean" not in str(caught.value)


@settings(max_examples=60)
@given(st.integers(0, 253), st.floats(0.02, 0.98), st.floats(0.02, 0.98))
def test_a_place_lies_in_the_grid_that_covers_it(number: int, x: float, y: float) -> None:
    grid = load_cached().grids[number]
    west, south, east, north = grid.shape.bounds
    place = Point(west + x * (east - west), south + y * (north - south))
    found = load_cached().grid_at(GeoPoint(lat_deg=place.y, lon_deg=place.x))
    covering = {g.code for g in load_cached().grids if g.shape.intersects(place)}
    assert found == min(covering, default=None)
    if grid.shape.contains(place):
        assert found == grid.code


@functools.cache  # hypothesis and a fixture do not go together
def load_cached() -> Register:
    return load_register()


def test_a_place_on_a_shared_edge_lies_in_the_lower_code(tmp_path: Path) -> None:
    east = [[round(x + 0.01, 2), y] for x, y in SQUARE]
    register = load(tmp_path, a_body(a_feature(ring=east), a_feature("440512001003002")))
    assert register.grid_at(GeoPoint(lat_deg=23.255, lon_deg=116.71)) == "440512001003002"
    assert register.grid_at(GeoPoint(lat_deg=23.255, lon_deg=116.7101)) == CODE


def test_a_place_outside_every_grid_lies_in_none(sample: Register) -> None:
    assert sample.grid_at(GeoPoint(lat_deg=31.2, lon_deg=121.5)) is None


def test_every_site_of_a_special_grid_lies_in_the_grid_it_names(sample: Register) -> None:
    assert sample.sites
    for site in sample.sites:
        assert sample.grid_at(site.point) == site.grid_code
        assert site.code.startswith(site.overlay)


def test_a_grid_that_is_split_is_no_leaf_and_its_parts_are(tmp_path: Path) -> None:
    west = [[x if x < 116.705 else 116.705, y] for x, y in SQUARE]
    east = [[x if x > 116.705 else 116.705, y] for x, y in SQUARE]
    register = load(
        tmp_path,
        a_body(
            a_feature(), a_feature(CODE + "01", "subgrid", west),
            a_feature(CODE + "02", "subgrid", east),
        ),
    )  # fmt: skip
    assert [grid.code for grid in register.grids] == [CODE + "01", CODE + "02"]
    assert register.grid_at(GeoPoint(lat_deg=23.255, lon_deg=116.702)) == CODE + "01"


@pytest.mark.parametrize("datum", ["WGS-84", "WGS84", "CGCS2000"])
def test_a_datum_that_is_equal_here_is_taken(tmp_path: Path, datum: str) -> None:
    assert load(tmp_path, a_body(datum=datum)).get(CODE).code == CODE


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({k: v for k, v in a_body().items() if k != "datum"}, "does not say its datum"),
        (a_body(datum="GCJ-02"), "is in GCJ-02, about 545 m off"),
        (a_body(datum="BD09"), "is in BD09"),
        (a_body(datum="Beijing54"), "unknown datum: 'Beijing54'"),
        (a_body(datum=4326), "unknown datum: 4326"),
        ([], "not a GeoJSON FeatureCollection"),
        ({"type": "Feature", "datum": "WGS-84"}, "not a GeoJSON FeatureCollection"),
        (a_body(features=[]), "no grid in it"),
        (a_body(a_feature("440512001", "street")), "no grid in it"),
        (a_body(a_feature(), a_feature()), f"has the code {CODE} twice"),
        (a_body(a_feature(), "nothing"), "feature 1 .* is no grid"),
        (a_body(a_feature(code="440511001003003")), "feature 0 .*not a grid code"),
        (a_body(a_feature(level="block")), "feature 0 .* is no grid"),
        (a_body({"type": "Feature", "properties": None}), "feature 0 .* is no grid"),
        (a_body(a_feature() | {"geometry": None}), "feature 0 .* is no grid"),
        (
            a_body(a_feature() | {"geometry": {"type": "Point", "coordinates": [116.7, 23.2]}}),
            "a Point where a polygon should be",
        ),
        (a_body(a_feature(ring=[[1, 2], [3, 4]])), "feature 0 .* is no grid"),
        (
            a_body(a_feature(ring=[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]])),
            "empty or crosses itself",
        ),
        (
            a_body(a_feature(ring=[[x * 1e5, y * 1e5] for x, y in SQUARE])),
            "not longitude and latitude in degrees",
        ),
        (
            a_body(a_feature(), {"properties": {"level": "site"}, "geometry": None}),
            "feature 1 .* is no site",
        ),
    ],
)  # fmt: skip
def test_a_wrong_register_is_refused_in_one_sentence_that_names_the_file(
    tmp_path: Path, body: object, words: str
) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        load(tmp_path, body)
    assert "register.geojson" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_latitude_first_is_found_out_by_its_degrees(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not longitude and latitude"):
        load(tmp_path, a_body(a_feature(ring=[[y, x] for x, y in SQUARE])))


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"PK\x03\x04"])
def test_a_file_that_is_no_json_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "register.geojson"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="not a GeoJSON file"):
        load_register(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "away.geojson", tmp_path):
        with pytest.raises(ConfigError, match="cannot be read"):
            load_register(path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-200, 200) | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=2)
    ),
    max_leaves=5,
)
places = st.sampled_from(
    [
        ("version",), ("features", 0), ("features", 0, "properties"),
        ("features", 0, "geometry"), ("features", 0, "geometry", "type"),
        *(("features", 0, "properties", key) for key in ("code", "level", "name_zh", "aliases")),
    ]
)  # fmt: skip


@settings(max_examples=300)
@given(places, json_values)
def test_a_register_with_anything_anywhere_is_read_or_refused(
    where: tuple[str | int, ...], value: object
) -> None:
    body: Any = json.loads(json.dumps(a_body(a_feature(aliases=["x"]))))
    inner = body
    for step in where[:-1]:
        inner = inner[step]
    inner[where[-1]] = value
    try:
        register = Register(body, Path("register.geojson"))
    except ConfigError:
        return
    assert register.grids
    assert register.grid_at(GeoPoint(lat_deg=23.255, lon_deg=116.705)) in (None, *register.areas)


def test_the_shipped_file_is_written_one_feature_a_line() -> None:
    path = sample_path()
    lines = path.read_text(encoding="utf-8").splitlines()
    assert sum(line.startswith('{"type":"Feature"') for line in lines) == len(
        read_body(path)["features"]
    )


@pytest.mark.parametrize(
    "body",
    [
        a_body(features=None), a_body(features=5), a_body(datum=["WGS-84"]),
        a_body(a_feature("440512T1")), a_body(a_feature("440512T10001")),
        a_body(a_feature("440512001")),
        a_body(a_feature() | {"geometry": {"type": "Polygon", "coordinates": ""}}),
        a_body(
            a_feature(),
            {
                "properties": {"level": "site", "code": "440512T10001", "overlay": "440512T1",
                               "name_zh": "x", "grid_code": CODE},
                "geometry": {"type": "Point", "coordinates": [116.7]},
            },
        ),
        a_body(a_feature(sensitive_flags="COAST")),
        a_body(
            a_feature(),
            {
                "properties": {"level": "checkpoint", "code": "K1", "name_zh": "x",
                               "grid_code": CODE, "serves": CODE[:12]},
                "geometry": {"type": "Point", "coordinates": [116.705, 23.255]},
            },
        ),
    ],
)  # fmt: skip
def test_a_malformed_register_is_refused(tmp_path: Path, body: object) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, body)
    assert "Error(" not in str(caught.value) + caught.value.text_zh


def test_an_empty_register_is_told_so(tmp_path: Path) -> None:
    empty = tmp_path / "empty.geojson"
    empty.write_text(" \n", encoding="utf-8")
    with pytest.raises(ConfigError, match="it is empty") as caught:
        load_register(empty)
    assert "空文件" in caught.value.text_zh


def test_a_name_without_its_street_suggests_the_whole_name(sample: Register) -> None:
    with pytest.raises(UnknownGrid, match="达濠街道达濠社区第三网格"):
        sample.get("达濠社区第三网格")
