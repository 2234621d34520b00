"""`gridpatrol plan` and `grids list` from outside: files, exit codes and words."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from missions.formats import read_plan
from missions.register import load_register
from patrol.geo import GeoPoint, distance_m
from tests.unit.test_boundary import a_shape, square

GRID = "440512001002003"
NAME = "达濠街道达濠社区第三网格"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ground_station", *map(str, arguments)],
        capture_output=True, check=False, stdin=subprocess.DEVNULL, text=True, timeout=18,
    )  # fmt: skip


def is_one_sentence(ended: subprocess.CompletedProcess[str]) -> bool:
    """A mistake is told in one line, and by no traceback."""
    is_one_line = ended.stderr.startswith("gridpatrol: ") and ended.stderr.count("\n") == 1
    return is_one_line and "Traceback" not in ended.stderr + ended.stdout


def a_register(tmp_path: Path, side_m: float = 300.0, **changes: object) -> Path:
    ring = [[x, y] for x, y in a_shape(square(side_m)).exterior.coords]
    body: dict[str, Any] = {
        "type": "FeatureCollection", "datum": "WGS-84", "version": "own-1",
        "features": [
            {
                "type": "Feature",
                "properties": {"code": GRID, "level": "grid", "name_zh": "第三网格"},
                "geometry": {"type": "Polygon", "coordinates": [ring]},
            }
        ],
    }  # fmt: skip
    path = tmp_path / "own.geojson"
    kept = {key: value for key, value in (body | changes).items() if value is not None}
    path.write_text(json.dumps(kept), encoding="utf-8")
    return path


def test_a_grid_is_planned_into_three_files_and_told_in_words(tmp_path: Path) -> None:
    out, qgc, geojson = (tmp_path / name for name in ("plan.json", "p.plan", "p.geojson"))
    ended = run("plan", "--grid", GRID, "--out", out, "--qgc", qgc, "--geojson", geojson)
    assert ended.returncode == 0, ended.stderr
    plan = read_plan(out)
    assert (plan.grid_code, plan.grid_name) == (GRID, NAME)
    assert plan.is_exercise
    assert not plan.approved_by
    assert f"{NAME} ({GRID})" in ended.stdout
    assert "no elevation data" in ended.stdout
    assert "《无人驾驶航空器飞行管理暂行条例》" in ended.stdout
    assert plan.digest[:12] in ended.stdout
    flown = json.loads(qgc.read_text(encoding="utf-8"))
    assert flown["fileType"] == "Plan"
    assert flown["mission"]["plannedHomePosition"][:2] == pytest.approx(
        [plan.home.lat_deg, plan.home.lon_deg], abs=1e-7
    )
    drawn = json.loads(geojson.read_text(encoding="utf-8"))
    lon_deg, lat_deg = drawn["features"][2]["geometry"]["coordinates"]
    assert (lon_deg, lat_deg) == (plan.home.lon_deg, plan.home.lat_deg)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p.geojson", "p.plan", "plan.json"]


@pytest.mark.parametrize("grid", [NAME, "440512 001 002 003"])
def test_a_grid_is_known_by_its_spoken_name_and_its_printed_code(tmp_path: Path, grid: str) -> None:
    ended = run("plan", "--grid", grid, "--out", tmp_path / "plan.json", "--json")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["plan"]["grid_code"] == GRID


def test_as_json_it_prints_one_line_with_plan_digest_findings_and_files(tmp_path: Path) -> None:
    out = tmp_path / "plan.json"
    ended = run("plan", "--grid", GRID, "--out", out, "--json")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("\n") == 1
    told = json.loads(ended.stdout)
    assert set(told) == {"plan", "digest", "findings", "written"}
    assert told["digest"] == read_plan(out).digest
    assert told["plan"] == json.loads(out.read_text(encoding="utf-8"))
    assert told["written"] == [str(out)]
    assert {finding["level"] for finding in told["findings"]} <= {"note", "warn"}


def test_the_launch_point_is_latitude_first_on_the_command_line(tmp_path: Path) -> None:
    register = a_register(tmp_path)
    out = tmp_path / "plan.json"
    ended = run(
        "plan", "--grid", GRID, "--out", out, "--register", register, "--home", "23.2803,116.7195"
    )
    assert ended.returncode == 0, ended.stderr
    home = read_plan(out).home
    assert distance_m(home, GeoPoint(lat_deg=23.2803, lon_deg=116.7195)) < 0.02
    assert not read_plan(out).is_exercise


@pytest.mark.parametrize("home", ["116.72,23.28", "23.28,116.72,30", "here", "nan,nan"])
def test_a_launch_point_that_is_none_is_refused_with_an_example(tmp_path: Path, home: str) -> None:
    out = tmp_path / "plan.json"
    ended = run("plan", "--grid", GRID, "--out", out, "--home", home)
    assert ended.returncode == 2
    assert is_one_sentence(ended)
    assert "--home wants LAT,LON" in ended.stderr
    assert not out.exists()


def test_a_launch_point_far_away_is_refused_with_its_findings_and_nothing_is_written(
    tmp_path: Path,
) -> None:
    out, qgc = tmp_path / "plan.json", tmp_path / "p.plan"
    ended = run("plan", "--grid", GRID, "--out", out, "--qgc", qgc, "--home", "23.40,116.72")
    assert ended.returncode == 1
    assert "stop: " in ended.stdout
    assert "battery" in ended.stdout
    assert "nothing was written" in ended.stdout
    assert not list(tmp_path.iterdir())


def test_a_grid_too_small_to_fly_is_refused_as_json_too(tmp_path: Path) -> None:
    register, out = a_register(tmp_path, side_m=20.0), tmp_path / "plan.json"
    ended = run("plan", "--grid", GRID, "--out", out, "--register", register, "--json")
    assert ended.returncode == 1
    told = json.loads(ended.stdout)
    assert (told["plan"], told["digest"], told["written"]) == (None, None, [])
    assert [finding["code"] for finding in told["findings"]] == ["route.too_small"]
    assert not out.exists()


@pytest.mark.parametrize(
    ("grid", "words"),
    [
        ("440512001002099", f"did you mean {GRID[:-1]}"),
        ("达濠街道达濠社区第三網格", NAME),
        ("somewhere", "no grid 'somewhere' in the register sample-2026.2"),
        ("", "no grid ''"),
    ],
)
def test_an_unknown_grid_is_told_in_one_sentence(tmp_path: Path, grid: str, words: str) -> None:
    out = tmp_path / "plan.json"
    ended = run("plan", "--grid", grid, "--out", out)
    assert ended.returncode == 2
    assert is_one_sentence(ended)
    assert words in ended.stderr
    assert "没有网格" in ended.stderr
    assert not out.exists()


def test_a_route_that_was_brought_is_not_overwritten_nor_planned_in_a_pattern(
    tmp_path: Path,
) -> None:
    brought = tmp_path / "route.plan"
    assert run("plan", "--grid", GRID, "--out", brought).returncode == 0
    before = brought.read_bytes()
    for wrong in (
        ("--out", brought), ("--out", tmp_path / "plan.json", "--geojson", brought),
        ("--out", tmp_path / "plan.json", "--pattern", "sweep"),
        ("--out", tmp_path / "plan.json", "--width", "20"),
    ):  # fmt: skip
        ended = run("plan", "--from", brought, *wrong)
        assert ended.returncode == 2, wrong
        assert is_one_sentence(ended), ended.stderr
    assert brought.read_bytes() == before
    assert not (tmp_path / "plan.json").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"datum": None}, "does not say its datum"),
        ({"datum": "GCJ-02"}, "convert it to WGS-84 first"),
        ({"features": []}, "has no grid in it"),
    ],
)
def test_a_register_that_cannot_be_trusted_is_refused_by_both_commands(
    tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    register = a_register(tmp_path)
    body = json.loads(register.read_text(encoding="utf-8")) | changes
    register.write_text(json.dumps({k: v for k, v in body.items() if v is not None}))
    out = tmp_path / "plan.json"
    for ended in (
        run("plan", "--grid", GRID, "--out", out, "--register", register),
        run("grids", "list", "--register", register),
    ):
        assert ended.returncode == 2
        assert is_one_sentence(ended)
        assert words in ended.stderr
        assert ended.stdout == ""
    assert not out.exists()


def test_a_missing_register_and_a_missing_folder_are_told(tmp_path: Path) -> None:
    away = tmp_path / "away"
    for ended, words in (
        (run("grids", "list", "--register", away / "r.geojson"), "the register cannot be read"),
        (run("plan", "--grid", GRID, "--out", away / "plan.json"), "cannot write"),
    ):
        assert ended.returncode == 2
        assert is_one_sentence(ended)
        assert words in ended.stderr


def test_the_grids_of_the_sample_are_listed_with_their_totals() -> None:
    ended = run("grids", "list")
    assert ended.returncode == 0, ended.stderr
    assert "440512 001 002 003" in ended.stdout
    words = " ".join(ended.stdout.split())
    assert "7 streets, 60 communities, 254 grids, 4 special grids with 20 sites" in words
    assert "SYNTHETIC" in words


def test_as_json_the_grids_are_listed_one_a_line() -> None:
    ended = run("grids", "list", "--json")
    assert ended.returncode == 0, ended.stderr
    rows = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [row["code"] for row in rows] == [grid.code for grid in load_register().grids]
    assert all(row["area_ha"] > 0 and row["boundary_m"] > 0 for row in rows)
    assert {row["is_synthetic"] for row in rows} == {True}


def test_an_own_register_is_listed_with_its_true_size(tmp_path: Path) -> None:
    ended = run("grids", "list", "--json", "--register", a_register(tmp_path))
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == {
        "code": GRID, "name": "第三网格", "area_ha": pytest.approx(9.0, abs=0.01),
        "boundary_m": pytest.approx(1200.0, abs=1.0), "register": "own-1", "is_synthetic": False,
    }  # fmt: skip
