"""A file that lies where its stated datum cannot be is told, and one that lies right is not."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from missions.datums import StatedDatum
from missions.gcj02 import to_gcj02
from missions.register import Register, load_register
from patrol.plan import Level
from tests.districts import (
    SOUTH,
    WEST,
    feature,
    found,
    imported,
    kinds,
    loaded,
    moved,
    sample_areas,
    square,
    written,
)

LIKE_GCJ = "与现有边界整体偏移约545米(东465/北−290)，疑似GCJ-02"


@functools.cache
def present() -> Register:
    return load_register()


def grids() -> list[dict[str, Any]]:
    return [one for one in sample_areas() if len(one["properties"]["code"]) == 15]


def test_borders_of_amap_called_wgs_84_are_told_with_how_far_they_are_off(tmp_path: Path) -> None:
    path = written(tmp_path, moved(sample_areas(), to_gcj02))
    result = imported(path, present=present())
    (told,) = found(result, "datum.looks_gcj02")
    assert told.level is Level.WARN
    assert told.text_zh.startswith(LIKE_GCJ)
    assert "322 of 322 areas lie about 545 m" in told.text
    assert "east 465, north -290" in told.text
    assert told.length_m is not None
    assert 538.0 < told.length_m < 550.0
    assert loaded(result).grids  # what could be read is there all the same


@pytest.mark.parametrize("length_m", [538.0, 544.0, 550.0])
def test_any_shift_of_538_to_550_m_in_that_direction_is_told(
    tmp_path: Path, length_m: float
) -> None:
    east_m, north_m = 465.0 * length_m / 548.0, -290.0 * length_m / 548.0
    by = np.array([east_m / 102_250.0, north_m / 110_760.0])
    path = written(tmp_path, moved(grids(), lambda at: at + by))
    (told,) = found(imported(path, present=present()), "datum.looks_gcj02")
    assert told.text_zh.startswith(LIKE_GCJ)


def test_a_fifth_of_the_borders_is_enough(tmp_path: Path) -> None:
    areas = grids()
    drawn = [*moved(areas[:60], to_gcj02), *areas[60:]]
    (told,) = found(imported(written(tmp_path, drawn), present=present()), "datum.looks_gcj02")
    assert len(told.areas) == 60
    few = [*moved(areas[:20], to_gcj02), *areas[20:]]
    assert "datum.looks_gcj02" not in kinds(imported(written(tmp_path, few), present=present()))


def test_with_other_codes_the_lines_themselves_are_compared(tmp_path: Path) -> None:
    for number, one in enumerate(areas := moved(grids(), to_gcj02)):
        one["properties"] = {"code": f"JC-{number}", "name": "x"}
    assert "datum.looks_gcj02" in kinds(imported(written(tmp_path, areas), present=present()))
    for number, one in enumerate(areas := grids()):
        one["properties"] = {"code": f"JC-{number}", "name": "x"}
    assert "datum.looks_gcj02" not in kinds(imported(written(tmp_path, areas), present=present()))


@pytest.mark.parametrize("datum", [StatedDatum.WGS_84, StatedDatum.CGCS2000])
def test_borders_that_lie_right_are_not_doubted(tmp_path: Path, datum: StatedDatum) -> None:
    result = imported(written(tmp_path, sample_areas()), datum, present=present())
    assert {kind for kind in kinds(result) if kind.startswith("datum.")} <= {"datum.taken_as_equal"}


@pytest.mark.parametrize(("east_m", "north_m"), [(-465.0, 290.0), (0.0, 548.0), (200.0, -125.0)])
def test_a_shift_another_way_has_another_cause(
    tmp_path: Path, east_m: float, north_m: float
) -> None:
    by = np.array([east_m / 102_250.0, north_m / 110_760.0])
    path = written(tmp_path, moved(grids(), lambda at: at + by))
    assert "datum.looks_gcj02" not in kinds(imported(path, present=present()))


def test_gcj_02_that_is_stated_lies_right_to_a_centimetre(tmp_path: Path) -> None:
    path = written(tmp_path, moved(sample_areas(), to_gcj02))
    result = imported(path, StatedDatum.GCJ_02, present=present())
    assert kinds(result) == {"datum.converted"}
    for code, area in loaded(result).areas.items():
        assert area.shape.hausdorff_distance(present().areas[code].shape) < 2e-7


def test_wgs_84_that_is_called_gcj_02_is_told_the_other_way_round(tmp_path: Path) -> None:
    result = imported(written(tmp_path, grids()), StatedDatum.GCJ_02, present=present())
    (told,) = found(result, "datum.converted_twice")
    assert "东−465/北290" in told.text_zh
    assert "疑似本为WGS-84" in told.text_zh


def test_a_file_of_another_place_says_that_nothing_could_be_compared(tmp_path: Path) -> None:
    far = [feature("A", [[x - 10.0, y + 5.0] for x, y in square(0, 0)])]
    result = imported(written(tmp_path, far), present=present())
    assert kinds(result) == {"datum.not_compared"}


def test_swapped_axes_are_told_though_both_could_be_degrees(tmp_path: Path) -> None:
    here = [feature(f"A-{n}", [[x - 106.0, y + 25.0] for x, y in square(n, 0)]) for n in range(5)]
    ring = here[0]["geometry"]["coordinates"][0]
    here[0]["geometry"]["coordinates"] = [[[y, x] for x, y in ring][::-1]]
    result = imported(written(tmp_path, here), present=present())
    (told,) = found(result, "coordinates.swapped")
    assert told.areas == ("A-0",)
    assert "经纬度写反" in told.text_zh
    assert len(loaded(result).grids) == 4


@pytest.mark.parametrize(
    ("kind", "factor"),
    [("coordinates.decimals_as_minutes", 1 / 0.6), ("coordinates.minutes_as_decimals", 0.6)],
)
def test_minutes_and_decimals_taken_for_each_other_are_told(
    tmp_path: Path, kind: str, factor: float
) -> None:
    drawn = moved(grids(), lambda at: np.floor(at) + (at - np.floor(at)) * factor)
    result = imported(written(tmp_path, drawn), present=present())
    assert result.body is None
    told = found(result, kind)
    assert len(told) == 254
    assert all(finding.level is Level.STOP and finding.place for finding in told)


def test_a_neighbour_that_lies_where_a_wrong_minute_would_is_only_doubted(tmp_path: Path) -> None:
    drawn = moved(grids()[:3], lambda at: np.floor(at) + (at - np.floor(at)) * 0.6)
    for number, one in enumerate(drawn):
        one["properties"] = {"code": f"N-{number}", "name": "x"}
    result = imported(written(tmp_path, drawn), present=present())
    assert {f.level for f in found(result, "coordinates.minutes_as_decimals")} == {Level.WARN}
    assert len(loaded(result).grids) == 3


@pytest.mark.parametrize("number", [2, None])
def test_what_lies_apart_from_the_rest_of_its_file_is_told_with_how_far(
    tmp_path: Path, number: int | None
) -> None:
    near = [feature(f"N-{n}", square(n, 0)) for n in range(4)]
    apart = [[x + 1.0, y + 0.01] for x, y in square(0, 0)]
    code = "N-9" if number is None else grids()[number]["properties"]["code"]
    result = imported(written(tmp_path, [*near, feature(code, apart)]), present=present())
    (told,) = found(result, "coordinates.far")
    assert (told.areas, told.level) == ((code,), Level.WARN)
    assert re.search(r"lies \d+ km or more", told.text)
    assert "核对坐标" in told.text_zh
    assert len(loaded(result).grids) == 5


def test_a_file_of_two_places_is_not_doubted(tmp_path: Path) -> None:
    near = [feature(f"N-{n}", square(n, 0)) for n in range(3)]
    there = [feature(f"T-{n}", [[x + 0.5, y] for x, y in square(n, 0)]) for n in range(3)]
    result = imported(written(tmp_path, [*near, *there]), present=present())
    assert not found(result, "coordinates.far")


def test_a_county_beside_its_neighbours_is_not_doubted_for_its_distance(tmp_path: Path) -> None:
    def wide(x: float) -> list[list[float]]:
        return [[x + (lon - WEST) * 25.0, 23.1 + (lat - SOUTH) * 25.0] for lon, lat in square(0, 0)]

    counties = [feature(f"C-{n}", wide(116.6 + 0.02 * n)) for n in range(3)]
    island = feature("C-9", wide(117.0))
    result = imported(written(tmp_path, [*counties, island]), present=present())
    assert not [f for f in result.findings if f.code.startswith("coordinates")]
