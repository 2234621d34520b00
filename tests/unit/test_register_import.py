"""A file of borders becomes a register: codes, names, levels, parents, sites and versions."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from missions.codes import GridLevel
from missions.datums import StatedDatum
from missions.grid import NoiseClass
from missions.import_fields import FieldNames
from missions.register import Register, load_register, sample_path
from missions.register_body import text_of
from patrol.errors import ConfigError
from patrol.plan import Level
from tests.districts import (
    body,
    feature,
    found,
    four,
    grid_code,
    imported,
    kinds,
    loaded,
    sample_areas,
    square,
    written,
)

COMMUNITY = "440512001001"


def point(code: str, east: float, north: float, **more: object) -> dict[str, Any]:
    ring = square(east, north)
    place = {"type": "Point", "coordinates": ring[0]}
    return {"type": "Feature", "properties": {"code": code, **more}, "geometry": place}


def test_the_shipped_sample_goes_through_unchanged_but_for_its_version() -> None:
    result = imported(sample_path())
    assert result.findings == ()
    assert result.body is not None
    ours = {f["properties"]["code"]: f for f in result.body["features"]}
    for one in json.loads(sample_path().read_text(encoding="utf-8"))["features"]:
        same = ours[one["properties"]["code"]]["properties"]
        assert one["properties"].items() <= same.items()
    assert loaded(result).is_synthetic
    assert "SYNTHETIC" in result.body["note"]


def test_codes_of_the_national_form_tell_level_parent_and_spoken_name(tmp_path: Path) -> None:
    areas = [one for one in sample_areas() if one["properties"]["code"].startswith("440512001")]
    register = loaded(imported(written(tmp_path, areas)))
    grid = register.get("440512001002003")
    assert grid.name_spoken == "达濠街道达濠社区第三网格"
    assert grid.parent_code == "440512001002"
    assert register.form.district == "440512"
    assert register.get("440512 001 002 003") is grid


def test_the_codes_of_another_county_keep_their_form(tmp_path: Path) -> None:
    def moved_to(code: str) -> str:
        return code.replace("440512", "610113")

    features = [
        one | {"properties": one["properties"] | {"code": moved_to(one["properties"]["code"])}}
        for one in four()
    ]
    result = imported(written(tmp_path, features))
    register = loaded(result)
    assert register.form.district == "610113"
    assert len(register.grids) == 4
    assert register.get("610113 001 001 002").level is GridLevel.GRID


def test_codes_of_no_known_form_get_their_tree_from_the_stated_parents(tmp_path: Path) -> None:
    features = [
        feature("QX", square(0, 0, 2.0), up=None, name="区"),
        feature("SQ-7", [*square(0, 0, 2.0)], up="QX", name="社区"),
        *(feature(f"JC-{n}", square(n % 2, n // 2), up="SQ-7", name=f"网格{n}") for n in range(4)),
    ]
    register = loaded(imported(written(tmp_path, features), names=FieldNames(parent="up")))
    assert [grid.code for grid in register.grids] == ["JC-0", "JC-1", "JC-2", "JC-3"]
    assert register.areas["SQ-7"].level is GridLevel.COMMUNITY
    assert [area.code for area in register.areas_up("JC-2")] == ["JC-2", "SQ-7", "QX"]
    assert register.get("JC-2").name_spoken == "区社区网格2"


def test_a_parent_as_datav_has_it_and_whole_numbers_are_codes(tmp_path: Path) -> None:
    features = [
        feature(1, square(0, 0), parent={"adcode": 440500}, adcode=440512),
        feature(2, square(1, 0), parent={"adcode": 440500}, adcode=440511),
    ]
    names = FieldNames(code="adcode", parent="parent")
    result = imported(written(tmp_path, features), names=names)
    register = loaded(result)
    assert sorted(grid.code for grid in register.grids) == ["440511", "440512"]
    (orphan,) = found(result, "parent.missing")
    assert "440500" in orphan.text
    assert "440500" in orphan.text_zh


def test_a_file_that_ends_above_the_grids_can_be_planned_all_the_same(tmp_path: Path) -> None:
    streets = [one for one in sample_areas() if len(one["properties"]["code"]) in (6, 9)]
    result = imported(written(tmp_path, streets))
    assert "level.lowest_as_grids" in kinds(result)
    register = loaded(result)
    assert len(register.grids) == 7
    assert register.get("440512001").parent_code == "440512"


def test_fields_are_found_whatever_their_case_and_a_wrong_one_is_told(tmp_path: Path) -> None:
    features = [
        one | {"properties": {"BM": one["properties"]["code"], "Mc": "x"}} for one in four()
    ]
    path = written(tmp_path, features)
    assert len(loaded(imported(path, names=FieldNames(code="bm", name="mc"))).grids) == 4
    with pytest.raises(ConfigError, match="--code which it is. It has: BM, Mc") as said:
        imported(path)
    assert "现有属性：BM, Mc" in said.value.text_zh
    with pytest.raises(ConfigError, match="--parent which it is"):
        imported(path, names=FieldNames(code="bm", parent="up"))


def test_a_code_that_stands_twice_is_told_and_its_second_border_left_out(tmp_path: Path) -> None:
    twice = [*four(), feature(grid_code(1), square(0.5, 0.5), name="another")]
    result = imported(written(tmp_path, twice))
    (told,) = found(result, "code.twice")
    assert told.level is Level.STOP
    assert told.place is not None
    assert told.area_m2 is not None
    assert "出现两次" in told.text_zh
    assert len(loaded(result).grids) == 4


def test_two_rows_of_one_code_and_name_that_lie_apart_are_parts_of_one_area(tmp_path: Path) -> None:
    island = feature(grid_code(1), square(5, 5))
    result = imported(written(tmp_path, [*four()[1:], island]))
    (told,) = found(result, "code.twice")
    assert told.level is Level.WARN
    assert len(loaded(result).get(grid_code(1)).shape.geoms) == 2


def test_an_orphan_is_told_with_its_place_and_kept(tmp_path: Path) -> None:
    orphan = feature(grid_code(1, "009"), square(4, 4))
    result = imported(written(tmp_path, [*four(), orphan]))
    (told,) = [f for f in found(result, "parent.missing") if f.level is Level.WARN]
    assert told.areas == (grid_code(1, "009"),)
    assert "440512001009" in told.text
    assert "不在文件中" in told.text_zh
    assert told.place is not None
    assert len(loaded(result).grids) == 5


def test_areas_that_lie_in_each_other_lose_their_parent(tmp_path: Path) -> None:
    circle = [
        feature("A", square(0, 0), up="B"), feature("B", square(1, 0), up="A"),
        feature("C", square(2, 0), up="C"), feature("D", square(3, 0)),
    ]  # fmt: skip
    result = imported(written(tmp_path, circle), names=FieldNames(parent="up"))
    assert "parent.circle" in kinds(result)
    assert loaded(result).grids


def test_names_that_stand_twice_are_told(tmp_path: Path) -> None:
    features = [feature("A", square(0, 0), name="北"), feature("B", square(1, 0), name="北")]
    (told,) = found(imported(written(tmp_path, features)), "name.twice")
    assert told.areas == ("A", "B")


def test_a_site_gets_the_one_grid_it_lies_in_and_its_overlay(tmp_path: Path) -> None:
    sites = [
        point("440512T30001", 0.5, 0.5, special_type="SCHOOL", name="一小", rules=["16:30"]),
        point("440512T20001", 1.5, 0.5, special_type="SITE", grid_code=grid_code(1)),
        point("440512T20002", 9.0, 9.0, special_type="SITE"),
        point("440512T20003", 1.0, 0.5, special_type="SITE"),
        point("440512T30001", 1.5, 1.5, special_type="SCHOOL"),
        point("440512T90001", 1.5, 1.5, special_type="PARK"),
    ]
    result = imported(written(tmp_path, [*four(), *sites]))
    register = loaded(result)
    assert {site.code: site.grid_code for site in register.sites} == {
        "440512T30001": grid_code(1), "440512T20001": grid_code(2), "440512T20003": grid_code(1),
    }  # fmt: skip
    assert {overlay.code for overlay in register.overlays} == {"440512T3", "440512T2"}
    assert register.sites[0].rules == ("16:30",)
    told = {finding.code: finding for finding in result.findings}
    assert {"site.nowhere", "site.several", "site.elsewhere", "site.twice"} <= set(told)
    assert all(told[kind].place for kind in ("site.nowhere", "site.several", "site.elsewhere"))
    assert "feature.unreadable" in told


def test_a_checkpoint_is_kept_in_the_grid_it_lies_in(tmp_path: Path) -> None:
    points = [
        point("440512001001K1", 1.5, 0.5, level="checkpoint", serves=COMMUNITY, name="检测点"),
        point("440512009K1", 1.5, 0.5, level="checkpoint", serves=COMMUNITY),
        point("440512001001K2", 9.5, 0.5, level="checkpoint", serves=COMMUNITY),
        point("440512001001K3", 0.5, 0.5, level="checkpoint"),
    ]
    result = imported(written(tmp_path, [*four(), *points]))
    (kept,) = loaded(result).checkpoints
    assert (kept.code, kept.grid_code, kept.serves) == ("440512001001K1", grid_code(2), COMMUNITY)
    assert len(found(result, "feature.unreadable")) == 2
    assert "checkpoint" in found(result, "site.nowhere")[0].text


def test_what_an_office_says_of_an_area_is_kept_and_what_is_wrong_is_told(tmp_path: Path) -> None:
    features = four()
    features[0]["properties"] |= {
        "noise_class": "2", "responsible": "王某、李某", "aliases": "马窖,马滘",
        "valid_from": "2026-01-01", "tier": "MIDDLE",
    }  # fmt: skip
    features[1]["properties"] |= {"noise_class": "9"}
    result = imported(written(tmp_path, features))
    register = loaded(result)
    facts = register.facts_of(grid_code(2))
    assert facts.noise_class is NoiseClass.MIXED  # of the community, for the grid says nothing
    assert [person.name for person in facts.responsible] == ["王某", "李某"]
    assert facts.tier == "SMALL"
    assert register.get("马窖").code == COMMUNITY
    (told,) = found(result, "area.facts")
    assert told.areas == (grid_code(1),)


def test_a_file_that_says_another_datum_than_was_stated_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.geojson"
    path.write_text(json.dumps(body(four(), datum="GCJ-02")), encoding="utf-8")
    with pytest.raises(ConfigError, match="says that its datum is GCJ-02"):
        imported(path)
    assert loaded(imported(path, StatedDatum.GCJ_02)).grids


def test_two_contents_never_bear_one_version_and_one_content_bears_one(tmp_path: Path) -> None:
    first = loaded(imported(written(tmp_path, four())))
    again = loaded(imported(written(tmp_path, four())))
    other = loaded(imported(written(tmp_path, four()[:4])))
    assert first.version == again.version
    assert first.version != other.version
    assert first.version.startswith("2026-11-26-")
    named = imported(
        written(tmp_path, four()), version="2027.1", valid_from=date(2027, 1, 1),
        valid_to=date(2027, 12, 31),
    )  # fmt: skip
    register = loaded(named)
    assert (register.version, register.valid_to) == ("2027.1", date(2027, 12, 31))
    assert not register.is_in_force(date(2026, 12, 31))
    assert register.is_in_force(date(2027, 12, 31))
    assert not register.is_in_force(date(2028, 1, 1))
    assert "date.not_in_force" in kinds(named)


def test_dates_the_wrong_way_round_are_told(tmp_path: Path) -> None:
    result = imported(
        written(tmp_path, four()), valid_from=date(2027, 1, 1), valid_to=date(2026, 1, 1)
    )
    (told,) = found(result, "date.reversed")
    assert "失效日期" in told.text_zh


def test_what_is_written_is_read_again_as_the_same_register(tmp_path: Path) -> None:
    result = imported(written(tmp_path, four()))
    assert result.body is not None
    path = tmp_path / "register.geojson"
    path.write_text(text_of(result.body), encoding="utf-8")
    again = load_register(path)
    assert again.areas == Register(json.loads(json.dumps(result.body)), path).areas
    assert kinds(imported(path)) == kinds(result)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert sum(line.startswith('{"type":"Feature"') for line in lines) == 5
