"""`gridpatrol plan` and the plan desk in every pattern, from outside."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from missions.formats import read_plan
from missions.register import load_register
from patrol.clock import utc_text
from patrol.geo import Datum, GeoPoint, distance_m
from tests.unit.test_airspace import a_feature, a_file
from tests.unit.test_boundary import CENTRE
from tests.wire.test_plan_command import GRID, a_register, is_one_sentence, run

HERE = f"{CENTRE.lat_deg},{CENTRE.lon_deg}"


def test_a_grid_longer_than_a_battery_is_written_as_several_sorties(tmp_path: Path) -> None:
    grid = max(load_register().grids, key=lambda one: one.shape.area)
    out, qgc = tmp_path / "plan.json", tmp_path / "flight.plan"
    ended = run("plan", grid.code, "--pattern", "sweep", "--out", out, "--qgc", qgc, "--json")
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    count = len(told["sorties"])
    assert count > 1
    assert told["plan"] == told["sorties"][0]["plan"]
    plans = [read_plan(tmp_path / f"plan-{number}.json") for number in range(1, count + 1)]
    assert [plan.sortie_number for plan in plans] == list(range(1, count + 1))
    assert len({plan.plan_id for plan in plans}) == count
    assert [plan.digest for plan in plans] == [one["digest"] for one in told["sorties"]]
    assert len(list(tmp_path.glob("flight-*.plan"))) == count
    assert len(told["written"]) == 2 * count
    codes = {finding["code"] for finding in told["findings"]}
    assert {"sortie.split", "coverage.share"} <= codes


@pytest.mark.parametrize(
    ("more", "pattern"),
    [(("--pattern", "points", "--at", HERE), "points"),
     (("--pattern", "hold", "--at", HERE, "--hold", "60"), "hold"),
     (("--pattern", "orbit", "--at", HERE, "--radius", "50"), "orbit"),
     (("--pattern", "corridor", "--at", HERE, "--at", "23.2809,116.7205"), "corridor")],
)  # fmt: skip
def test_every_pattern_is_planned_from_the_command_line(
    tmp_path: Path, more: tuple[str, ...], pattern: str
) -> None:
    out = tmp_path / "plan.json"
    own = ("--register", a_register(tmp_path, side_m=400.0), "--out", out)
    ended = run("plan", GRID, *more, *own)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert read_plan(out).pattern == pattern
    assert f"({GRID}) {pattern}" in ended.stdout


def test_points_without_a_place_are_the_special_sites_of_the_grid(tmp_path: Path) -> None:
    register = load_register()
    site = register.sites[0]
    out = tmp_path / "plan.json"
    ended = run("plan", site.grid_code, "--pattern", "points", "--out", out)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    stands: list[GeoPoint] = [one.point for one in read_plan(out).waypoints if one.hold_s]
    assert any(distance_m(stand, site.point) < 32.0 for stand in stands)


@pytest.mark.parametrize(
    "more",
    [(), (GRID, "--grid", GRID), (GRID, "--at", "here"), (GRID, "--lens", "4K"),
     (GRID, "--lens", "3840x2160@400"), (GRID, "--elevation", "none.tif"),
     (GRID, "--airspace", "none.geojson"), (GRID, "--at", HERE),
     (GRID, "--pattern", "sweep", "--width", "20"), (GRID, "--pattern", "hold", "--radius", "50")],
)  # fmt: skip
def test_what_cannot_be_read_is_told_in_one_sentence(tmp_path: Path, more: tuple[str, ...]) -> None:
    ended = run("plan", *more, "--out", tmp_path / "plan.json")
    assert ended.returncode == 2
    assert is_one_sentence(ended)


def test_a_spacing_that_would_explode_is_refused_at_once(tmp_path: Path) -> None:
    out = tmp_path / "plan.json"
    ended = run("plan", GRID, "--pattern", "sweep", "--spacing", "0.01", "--out", out)
    assert ended.returncode == 1
    assert "km of flight: at least" in ended.stdout
    assert not out.exists()


def test_heights_follow_the_ground_that_is_given(tmp_path: Path) -> None:
    out = tmp_path / "plan.json"
    ended = run("plan", GRID, "--elevation", "sample", "--out", out)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "no elevation data" not in ended.stdout
    plan = read_plan(out)
    assert {waypoint.height.datum for waypoint in plan.waypoints} == {Datum.GROUND}
    assert plan.home_elevation_amsl_m > 0.0


def test_invented_hills_are_no_ground_for_a_true_register(tmp_path: Path) -> None:
    own = ("--register", a_register(tmp_path), "--out", tmp_path / "plan.json")
    ended = run("plan", GRID, "--elevation", "sample", *own)
    assert ended.returncode == 2
    assert is_one_sentence(ended)
    assert "invented" in ended.stderr


def test_a_closed_grid_is_refused_with_the_zone_its_source_and_article(tmp_path: Path) -> None:
    circle = a_feature("Point", [CENTRE.lon_deg, CENTRE.lat_deg], radius_m=2000.0)
    zones = a_file(tmp_path, [circle], fetched_at=utc_text(datetime.now(UTC)))
    own = ("--register", a_register(tmp_path), "--out", tmp_path / "plan.json")
    ended = run("plan", GRID, "--airspace", zones, *own)
    assert ended.returncode == 1
    assert "100.0 % of the grid lie in 马拉松 (汕头市公告)" in ended.stdout
    assert "第二十条" in ended.stdout
    assert not (tmp_path / "plan.json").exists()
