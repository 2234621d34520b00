"""Files of borders in every form, as offices and programs write them, whole and broken."""

from __future__ import annotations

import functools
import json
import random
import re
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from missions.datums import StatedDatum
from missions.geo_files import open_source
from missions.import_fields import FieldNames
from missions.register import Register, load_register
from patrol.errors import ConfigError
from patrol.plan import Level
from tests.districts import (
    body,
    feature,
    found,
    four,
    imported,
    kinds,
    loaded,
    moved,
    sample_areas,
    square,
    through_gdal,
    written,
)

NAMES = FieldNames(code="bm", name="mc")
FORMS = [
    ("borders.gpkg", "GPKG", None, "GeoPackage"),
    ("borders.shp", "ESRI Shapefile", "UTF-8", "Shapefile"),
    ("borders.kml", "KML", None, "KML"),
]


@pytest.mark.parametrize(("name", "driver", "encoding", "kind"), FORMS)
def test_the_sample_is_the_same_through_every_form_of_file(
    tmp_path: Path, name: str, driver: str, encoding: str | None, kind: str
) -> None:
    path = through_gdal(tmp_path / name, sample_areas(), driver, encoding=encoding)
    assert open_source(path).kind == kind
    result = imported(path, names=NAMES)
    assert [f.sentence for f in result.findings if f.level is not Level.NOTE] == []
    sample = load_register()
    register = loaded(result)
    assert set(register.areas) == set(sample.areas)
    for code, area in register.areas.items():
        assert area.name_zh == sample.areas[code].name_zh
        assert area.name_spoken == sample.areas[code].name_spoken
        assert area.shape.symmetric_difference(sample.areas[code].shape).area < 1e-11


def test_a_shapefile_in_chinese_that_does_not_say_its_code_page_is_read(tmp_path: Path) -> None:
    path = through_gdal(tmp_path / "b.shp", sample_areas(), "ESRI Shapefile", encoding="GBK")
    (tmp_path / "b.cpg").unlink()
    assert loaded(imported(path, names=NAMES)).get("440512003").name_zh == "礐石街道"


def test_metres_of_a_survey_become_degrees(tmp_path: Path) -> None:
    to_metres = Transformer.from_crs(4490, 4547, always_xy=True)
    metres = moved(
        sample_areas()[:20], lambda at: np.stack(to_metres.transform(at[:, 0], at[:, 1]), axis=1)
    )
    path = through_gdal(tmp_path / "m.gpkg", metres, "GPKG", crs="EPSG:4547")
    result = imported(path, StatedDatum.CGCS2000, names=NAMES)
    assert {"file.projected", "datum.taken_as_equal"} <= kinds(result)
    for code, area in loaded(result).areas.items():
        same = load_register().areas[code].shape
        assert area.shape.hausdorff_distance(same) < 2e-7


def test_another_datum_is_refused_by_its_name(tmp_path: Path) -> None:
    path = through_gdal(tmp_path / "x.gpkg", sample_areas()[:3], "GPKG", crs="EPSG:4610")
    with pytest.raises(ConfigError, match="Xian 1980") as said:
        open_source(path)
    assert "请先转换" in said.value.text_zh
    old = body(four(), crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4214"}})
    path = tmp_path / "old.geojson"
    path.write_text(json.dumps(old), encoding="utf-8")
    with pytest.raises(ConfigError, match="Beijing 1954"):
        open_source(path)


def test_every_layer_of_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "two.kml"
    text = through_gdal(tmp_path / "one.kml", four()[1:], "KML", fields=("code", "name")).read_text(
        encoding="utf-8"
    )
    folder = re.search(r"<Folder>.*</Folder>", text, re.DOTALL)
    assert folder is not None
    second = folder[0].replace("4405120010010", "4405120010020").replace("<name>one", "<name>two")
    path.write_text(text.replace(folder[0], folder[0] + second), encoding="utf-8")
    assert len(loaded(imported(path)).grids) == 8


@pytest.mark.parametrize(
    ("content", "name", "words", "words_zh"),
    [
        (b"", "a.geojson", "is empty", "文件为空"),
        (b" \n ", "a.kml", "is empty", "文件为空"),
        (b"{", "a.geojson", "no whole GeoJSON", "不是完整的"),
        (b"[]", "a.geojson", "no GeoJSON FeatureCollection", "不是 GeoJSON"),
        (b'{"features":[]}', "a.geojson", "no areas in it", "没有任何区域"),
        (b'{"a":' * 100_000, "deep.geojson", "no whole GeoJSON", "不是完整的"),
        (b"<kml>", "a.kml", "KML cannot be read", "无法读取 KML"),
        (b"<kml></kml>", "a.kml", "KML cannot be read|no areas in it", "：/"),
        (b"SQLite format 3\x00" + b"x" * 200, "a.gpkg", "GeoPackage cannot be read", "无法读取"),
        (b"\x00\x00\x27\x0a" + b"\x00" * 96, "a.shp", "Shapefile cannot be read", "无法读取"),
        (b"PK\x03\x04rest", "a.kmz", "unpack it", "解压"),
        (b"\x03rest", "a.dbf", "name the .shp", ".shp"),
        (b"<OGRVRTDataSource></OGRVRTDataSource>", "a.vrt", "neither GeoJSON", "不是 GeoJSON"),
        (b"\xff\xfe\x00", "a.bin", "neither GeoJSON", "不是 GeoJSON"),
    ],
)  # fmt: skip
def test_what_is_no_file_of_borders_is_refused_in_both_languages(
    tmp_path: Path, content: bytes, name: str, words: str, words_zh: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=words) as said:
        imported(path)
    assert words_zh in said.value.text_zh
    assert name in str(said.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "away.geojson", tmp_path):
        with pytest.raises(ConfigError, match="cannot be read"):
            imported(path)


def test_a_coordinate_typed_as_minutes_is_told_in_geojson_and_in_kml(tmp_path: Path) -> None:
    ring = [["116°61′", "23°20′"], *square(0, 0)[1:]]
    result = imported(written(tmp_path, [feature("A", ring), feature("B", square(1, 0))]))
    (told,) = found(result, "feature.unreadable")
    assert "116°61′" in told.text
    assert "decimal degrees mistyped, probably 116.61" in told.text
    assert "十进制度误写" in told.text_zh
    assert [grid.code for grid in loaded(result).grids] == ["B"]
    kml = through_gdal(tmp_path / "a.kml", four()[1:], "KML", fields=("code", "name"))
    text = kml.read_text(encoding="utf-8")
    kml.write_text(text.replace("116.7,23.25", "116°61′,23°20′", 1), encoding="utf-8")
    (told,) = found(imported(kml), "coordinates.mistyped")
    assert "probably 116.61" in told.text
    assert "十进制度误写" in told.text_zh


def test_nan_and_too_few_corners_spoil_one_area_and_are_told(tmp_path: Path) -> None:
    nan = [[float("nan"), 23.25], *square(0, 0)[1:]]
    spoilt = [
        feature("A", nan), feature("B", [[116.7, 23.2], [116.8, 23]]), feature("C", square(2, 0)),
        feature("D", [[None, 1], [2, 3], [4, 5], [6, 7]]), feature("E", [[1], [2], [3], [4]]),
        {"type": "Feature", "properties": {"code": "F"}, "geometry": None}, "nothing", None,
        feature("G", [[10**400, 1], [2, 3], [4, 5], [6, 7]]),
        {"type": "Feature", "properties": {"code": "H"}, "geometry": {"type": "Circle"}},
    ]  # fmt: skip
    result = imported(written(tmp_path, spoilt))
    assert [grid.code for grid in loaded(result).grids] == ["C"]
    told = found(result, "feature.unreadable")
    assert len(told) == 9
    assert "NaN" in told[0].text
    assert told[0].place is not None
    assert all(finding.text != finding.text_zh for finding in told)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
    | st.sampled_from(["Polygon", "MultiPolygon", "Feature", "116°61′", "site", "440512T1"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["type", "coordinates", "geometries", "code", "name", "parent_code", "level",
                 "special_type", "overlay", "aliases", "noise_class", "crs", "district", "x"]
            ),
            inner, max_size=4,
        )
    ),
    max_leaves=12,
)  # fmt: skip
places = st.sampled_from(
    [
        ("features",), ("features", 0), ("features", 1, "properties"), ("features", 1, "geometry"),
        ("features", 1, "geometry", "type"), ("features", 1, "geometry", "coordinates"),
        ("features", 1, "geometry", "coordinates", 0), ("district",), ("crs",), ("codes",),
        ("features", 1, "geometry", "coordinates", 0, 0), ("name",), ("valid_from",), ("note",),
        *(
            ("features", 1, "properties", key)
            for key in ("code", "name", "level", "parent_code", "aliases", "noise_class", "tier",
                        "responsible", "special_type", "valid_from", "name_spoken")
        ),
    ]
)  # fmt: skip


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(places, json_values)
def test_anything_anywhere_in_a_geojson_gives_a_register_or_a_finding_or_a_refusal(
    where: tuple[str | int, ...], value: object
) -> None:
    whole = json.loads(json.dumps(body(four())))
    inner = whole
    for step in where[:-1]:
        inner = inner[step]
    inner[where[-1]] = value
    path = scratch() / "anything.geojson"
    path.write_text(json.dumps(whole), encoding="utf-8")
    is_read_or_refused(path)


def is_read_or_refused(path: Path) -> None:
    try:
        result = imported(path, present=sample())
    except ConfigError as error:
        said = error.text_zh
    else:
        said = "".join(finding.text_zh for finding in result.findings)
        assert result.body is None or loaded(result).grids
        said = said if result.body is None else "read"
    assert said


@functools.cache  # hypothesis and a fixture do not go together
def sample() -> Register:
    return load_register()


@functools.cache
def scratch() -> Path:
    return Path(tempfile.mkdtemp())


@pytest.mark.parametrize(
    ("name", "driver"), [("a.geojson", ""), *((name, driver) for name, driver, _, _ in FORMS)]
)
def test_a_file_with_any_bytes_changed_never_crashes_the_reader(
    tmp_path: Path, name: str, driver: str
) -> None:
    path = tmp_path / name
    if driver:
        through_gdal(path, four(), driver, fields=("code", "name"))
    else:
        written(tmp_path, four(), name)
    whole = path.read_bytes()
    chooser = random.Random(440512)
    for _ in range(60):
        spoilt = bytearray(whole)
        for _ in range(chooser.randrange(1, 30)):
            spoilt[chooser.randrange(len(spoilt))] = chooser.randrange(256)
        path.write_bytes(bytes(spoilt[: chooser.randrange(1, len(spoilt) + 1)]))
        is_read_or_refused(path)
