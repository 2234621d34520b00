"""`gridpatrol plan --from`, `--out` in every form and `--map` from outside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from missions.formats import read_plan
from missions.plan_files.adopt import adopt
from missions.plan_files.files import read_taken, write_plan
from patrol.plan import stops
from tests.unit.test_adopted_plans import GRID as HERE
from tests.unit.test_adopted_plans import drawn
from tests.unit.test_boundary import CENTRE, a_request
from tests.wire.test_allocate_command import FLEET
from tests.wire.test_plan_command import GRID, NAME, is_one_sentence, run
from tests.wire.twins import a_twin

REQUEST = a_request(HERE, CENTRE)
pytestmark = pytest.mark.timeout(60)


def test_a_plan_goes_through_every_form_and_comes_back_to_be_flown(tmp_path: Path) -> None:
    first = run("plan", GRID, "--out", tmp_path / "a.plan")
    assert first.returncode == 0, first.stderr
    for before, after in (("a.plan", "b.kml"), ("b.kml", "c.geojson"), ("c.geojson", "d.json")):
        ended = run("plan", "--from", tmp_path / before, "--out", tmp_path / after)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert f"{NAME} ({GRID}) imported" in ended.stdout
        assert "taken over from" in ended.stdout
        assert "没有地形高程数据" in ended.stdout
    plan = read_plan(tmp_path / "d.json")
    assert (plan.grid_code, plan.pattern, plan.approved_by) == (GRID, "imported", "")
    again = run("plan", "--from", tmp_path / "d.json", "--out", tmp_path / "e.json", "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["digest"] == plan.digest


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "a.txt", "--out", "x.json"), "ends in .json, .plan, .geojson, .kml or"),
        (("--from", "none.plan", "--out", "x.json"), "cannot be read"),
        (("--from", "no_home.kml", "--out", "x.json"), "give --datum WGS-84"),
        (("--from", "no_home.kml", "--datum", "WGS-84", "--out", "x.json"),
         "no launch point: give one with --home"),
        ((GRID, "--datum", "WGS-84", "--out", "x.json"), "--datum is about the file of --from"),
        (("--from", "no_home.kml", "--out", "x.json", "--spacing", "20"), "brings its own route"),
        ((GRID, "--out", "x.docx"), "ends in .json, .plan, .geojson, .kml or .waypoints"),
        ((GRID, "--out", "x.json", "--map", "x.jpg"), "--map writes .png"),
        ((GRID, "--out", "x.json", "--map", "x.json"), "different files"),
        (("--out", "x.json"), "name one grid"),
        ((GRID,), "say where to write the plan"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_told_in_one_sentence_and_nothing_is_written(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    line = "<coordinates>116.6252,23.2600,30 116.6253,23.2605,30</coordinates>"
    (tmp_path / "no_home.kml").write_text(
        f"<kml><Placemark><LineString><altitudeMode>relativeToGround</altitudeMode>"
        f"{line}</LineString></Placemark></kml>",
        encoding="utf-8",
    )
    there = [tmp_path / word if "." in word and word[0] != "-" else word for word in words]
    ended = run("plan", *there)
    assert ended.returncode == 2
    assert is_one_sentence(ended), ended.stderr
    assert said in ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["no_home.kml"]


def test_a_route_that_leaves_its_grid_is_drawn_on_the_map_and_not_written(tmp_path: Path) -> None:
    run("plan", GRID, "--out", tmp_path / "a.plan")
    body = json.loads((tmp_path / "a.plan").read_text("utf-8"))
    far = next(one for one in body["mission"]["items"][::-1] if one["command"] == 16)
    far["params"][5] += 0.01
    (tmp_path / "a.plan").write_text(json.dumps(body), encoding="utf-8")
    ended = run(
        "plan", "--from", tmp_path / "a.plan", "--out", tmp_path / "b.json",
        "--map", tmp_path / "b.html",
    )  # fmt: skip
    assert ended.returncode == 1
    assert "leaves the grid" in ended.stdout
    assert not (tmp_path / "b.json").exists()
    assert "越出网格" in (tmp_path / "b.html").read_text("utf-8")


def test_a_plan_that_is_there_is_only_drawn(tmp_path: Path) -> None:
    run("plan", GRID, "--out", tmp_path / "a.json")
    ended = run("plan", "--from", tmp_path / "a.json", "--map", tmp_path / "a.svg")
    assert ended.returncode == 0, ended.stderr
    assert "written:" not in ended.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "a.svg"]


@pytest.mark.anyio
async def test_a_route_from_elsewhere_is_taken_aboard_and_read_back(tmp_path: Path) -> None:
    (sortie,) = adopt(drawn([(60.0, 60.0), (-60.0, 60.0), (-60.0, -40.0)]), REQUEST).sorties
    write_plan(tmp_path / "a.plan", sortie.plan)
    patrol = adopt(read_taken(tmp_path / "a.plan"), REQUEST)
    assert stops(patrol.all_findings) == []
    async with a_twin() as twin:
        assert await twin.uploaded(patrol.sorties[0].plan) == ""
        assert twin.holds(patrol.sorties[0].plan)


def test_a_day_is_drawn_in_a_picture(tmp_path: Path) -> None:
    ended = run(
        "allocate", "--fleet", FLEET, "--grid", "440512001002", "--map", tmp_path / "day.png"
    )
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "day.png").read_bytes().startswith(b"\x89PNG")
