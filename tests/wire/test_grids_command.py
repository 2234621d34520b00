"""`gridpatrol grids import` and `grids check` from outside: files, exit codes, words, pictures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from missions.gcj02 import to_gcj02
from missions.register import load_register
from tests.districts import (
    feature,
    four,
    grid_code,
    moved,
    sample_areas,
    square,
    through_gdal,
    written,
)
from tests.wire.test_plan_command import is_one_sentence, run


def told(*arguments: str | Path) -> tuple[int, dict[str, Any]]:
    ended = run("grids", *arguments, "--json")
    assert "Traceback" not in ended.stderr, ended.stderr
    return ended.returncode, json.loads(ended.stdout)


def faulty() -> list[dict[str, Any]]:
    """Something of everything that can be wrong and still be read."""
    features = four()
    wide = [[x - (0.001 if x < 116.715 else 0.0), y] for x, y in square(1, 0)]
    features[2] = feature(grid_code(2), wide)  # overlaps the first
    features[4] = feature(grid_code(4), square(1.1, 1.0))  # a gap, and out of its community
    eight = [square(3, 0)[i] for i in (0, 2, 1, 3, 0)]
    return [*features, feature(grid_code(5), eight), feature(grid_code(1), square(0, 0))]


def test_what_import_writes_plan_reads(tmp_path: Path) -> None:
    source = through_gdal(tmp_path / "grids.gpkg", sample_areas(), "GPKG")
    out, plan = tmp_path / "register.geojson", tmp_path / "plan.json"
    ended = run("grids", "import", source, "--datum", "CGCS2000", "--code", "bm", "--name", "mc",
                "--out", out)  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "254 grids" in ended.stdout
    assert "written 已写入" in ended.stdout
    planned = run("plan", "--register", out, "--grid", "达濠街道达濠社区第三网格", "--out", plan)
    assert planned.returncode == 0, planned.stdout + planned.stderr
    version = json.loads(plan.read_text(encoding="utf-8"))["register_version"]
    assert version == load_register(out).version


def test_a_file_without_a_stated_datum_is_refused_in_both_languages(tmp_path: Path) -> None:
    path = written(tmp_path, four())
    ended = run("grids", "import", path, "--out", tmp_path / "out.geojson")
    assert ended.returncode == 2
    assert is_one_sentence(ended)
    assert "--datum" in ended.stderr
    assert "GCJ-02 (Amap" in ended.stderr
    assert "请用 --datum 说明" in ended.stderr
    assert not (tmp_path / "out.geojson").exists()
    assert run("grids", "import", path, "--datum", "BD-09").returncode == 2


def test_a_register_is_never_written_over(tmp_path: Path) -> None:
    path, out = written(tmp_path, four()), tmp_path / "out.geojson"
    out.write_text("an old register", encoding="utf-8")
    ended = run("grids", "import", path, "--datum", "WGS-84", "--out", out)
    assert ended.returncode == 2
    assert is_one_sentence(ended)
    assert "不予覆盖" in ended.stderr
    assert out.read_text(encoding="utf-8") == "an old register"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["borders.geojson", "out.geojson"]


def test_a_folder_that_is_not_there_is_told_in_both_languages(tmp_path: Path) -> None:
    path = written(tmp_path, four())
    for option in ("--out", "--map"):
        away = tmp_path / "away" / ("map.svg" if option == "--map" else "out.geojson")
        ended = run("grids", "import", path, "--datum", "WGS-84", option, away)
        assert ended.returncode == 2
        assert is_one_sentence(ended)
        assert "无法写入" in ended.stderr


def test_what_is_wrong_is_told_with_place_and_size_and_the_rest_is_written(tmp_path: Path) -> None:
    out = tmp_path / "out.geojson"
    code, body = told("import", written(tmp_path, faulty()), "--datum", "WGS-84", "--out", out)
    assert code == 1
    kinds = {finding["code"] for finding in body["findings"]}
    assert {"border.crosses_itself", "code.twice", "area.overlap", "area.gap", "area.outside"} <= (
        kinds
    )
    for finding in body["findings"]:
        assert finding["text_zh"] != finding["text"]
        if finding["code"].startswith(("border.", "area.", "code.")):
            assert 23.2 < finding["lat"] < 23.3
            assert 116.6 < finding["lon"] < 116.8
            assert finding["area_m2"] > 0
            assert f"{finding['lat']:.6f}, {finding['lon']:.6f}" in finding["text"]
            assert f"{finding['lat']:.6f}, {finding['lon']:.6f}" in finding["text_zh"]
    assert [grid.code for grid in load_register(out).grids] == [grid_code(n) for n in (1, 2, 3, 4)]
    code, checked = told("check", out)
    assert code == 1
    assert {finding["code"] for finding in checked["findings"]} >= {"area.overlap", "area.gap"}


def test_check_finds_nothing_wrong_with_the_sample() -> None:
    code, body = told("check")
    assert (code, body["findings"], body["grids"]) == (0, [], 254)
    assert body["register"] == load_register().version


def test_check_tells_everything_of_a_register_that_no_command_would_load(tmp_path: Path) -> None:
    features = faulty()
    for one in features:
        level = "community" if len(one["properties"]["code"]) == 12 else "grid"
        one["properties"] |= {"level": level, "name_zh": one["properties"]["name"]}
    path = tmp_path / "register.geojson"
    head = {"type": "FeatureCollection", "datum": "WGS-84", "version": "v1", "features": features}
    path.write_text(json.dumps(head), encoding="utf-8")
    assert run("grids", "list", "--register", path).returncode == 2
    ended = run("grids", "check", path)
    assert ended.returncode == 1
    for words in ("crosses", "stands twice", "overlap", "自相交", "出现两次", "重叠", "空缺"):
        assert words in ended.stdout


@pytest.mark.parametrize("name", ["map.png", "map.html", "map.svg"])
def test_the_map_shows_grids_and_findings(tmp_path: Path, name: str) -> None:
    picture = tmp_path / name
    code, body = told("import", written(tmp_path, faulty()), "--datum", "WGS-84", "--map", picture)
    assert code == 1
    assert str(picture) in body["written"]
    if name.endswith(".png"):
        drawn = cv2.imdecode(np.frombuffer(picture.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
        assert drawn is not None
        assert drawn.shape[1] == 1400
        assert len(np.unique(drawn.reshape(-1, 3), axis=0)) > 50
        return
    text = picture.read_text(encoding="utf-8")
    assert "重叠" in text
    assert grid_code(2) in text
    assert text.count("<path") >= 5


def test_another_kind_of_picture_is_refused(tmp_path: Path) -> None:
    ended = run("grids", "check", "--map", tmp_path / "map.gif")
    assert ended.returncode == 2
    assert is_one_sentence(ended)


def test_a_file_that_is_wrong_from_end_to_end_is_told_in_few_lines(tmp_path: Path) -> None:
    swapped = moved(sample_areas(), lambda at: at[:, ::-1])
    out = tmp_path / "out.geojson"
    ended = run("grids", "import", written(tmp_path, swapped), "--datum", "WGS-84", "--out", out)
    assert ended.returncode == 1
    assert "longitude and latitude are swapped" in ended.stdout
    assert "经纬度写反" in ended.stdout
    assert "302 more" in ended.stdout
    assert "nothing could be read" in ended.stdout
    assert not out.exists()


def test_a_false_wgs_84_is_warned_of_and_written(tmp_path: Path) -> None:
    out = tmp_path / "out.geojson"
    shifted = moved(sample_areas(), to_gcj02)
    ended = run("grids", "import", written(tmp_path, shifted), "--datum", "WGS-84", "--out", out)
    assert ended.returncode == 1
    assert "与现有边界整体偏移约545米(东465/北−290)，疑似GCJ-02" in ended.stdout
    assert len(load_register(out).grids) == 254


def test_other_commands_do_not_load_what_reads_borders() -> None:
    asked = "import sys, ground_station.cli; print({'pyogrio', 'pyproj'} & set(sys.modules))"
    ended = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, check=True, text=True, timeout=18
    )
    assert ended.stdout.strip() == "set()"
