"""`gridpatrol allocate` and `dispatch` from outside: tables, files, exit codes and words."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import pytest

from ground_station.sorties import SortieState
from ground_station.store.records import Records
from missions.formats import read_plan
from tests.ground_core import PILOT, a_sortie, running_store
from tests.wire.test_plan_command import is_one_sentence, run

FLEET = Path(__file__).parents[2] / "config" / "fleet.example.toml"
COMMUNITY = "440512001002"


def a_fleet(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "fleet.toml"
    path.write_text(text, encoding="utf-8")
    return path


def allocated(*arguments: str | Path) -> dict[str, Any]:
    ended = run("allocate", "--grid", COMMUNITY, *arguments, "--json")
    assert ended.returncode == 0, ended.stderr
    body: dict[str, Any] = json.loads(ended.stdout)
    return body


def test_a_community_is_shared_and_every_grid_is_flown_or_listed(tmp_path: Path) -> None:
    made = allocated("--fleet", FLEET, "--day", "0", "--out", tmp_path)
    flown = [flight["grid_code"] for flight in made["flights"]]
    assert len(flown) == len(set(flown)) == 6
    assert made["uncovered"] == []
    assert made["last_landing_s"] >= made["bound_s"] > 0.0
    assert all(flight["last_look_utc"] is None for flight in made["flights"])
    first = made["flights"][0]
    plan = read_plan(tmp_path / f"{first['aircraft']}-{first['sortie']:03d}.json")
    assert plan.grid_code == first["grid_code"]
    assert (tmp_path / "allocation.json").exists()


def test_the_plans_of_one_day_are_not_mixed_with_those_of_another(tmp_path: Path) -> None:
    grid = ("--fleet", FLEET, "--grid", f"{COMMUNITY}001", "--day", "0")
    ended = run("allocate", *grid, "--out", tmp_path / "day")
    assert ended.returncode == 0, ended.stderr
    assert f"written 已写入: {tmp_path / 'day'}" in ended.stdout
    before = {path: path.read_bytes() for path in (tmp_path / "day").iterdir()}
    again = run("allocate", *grid, "--out", tmp_path / "day")
    assert again.returncode == 2
    assert is_one_sentence(again), again.stderr
    assert "has the plans of a day already" in again.stderr
    assert {path: path.read_bytes() for path in (tmp_path / "day").iterdir()} == before


def test_the_table_has_the_aircraft_the_bound_and_what_nobody_flies(tmp_path: Path) -> None:
    one = a_fleet(
        tmp_path,
        '[[aircraft]]\nname = "GP-1"\nlat_deg = 23.28\nlon_deg = 116.72\ndrive_m_s = 8.0\n',
    )
    ended = run("allocate", "--fleet", one, "--grid", COMMUNITY, "--day", "1")
    assert ended.returncode == 0, ended.stderr
    assert "GP-1: " in ended.stdout
    assert "lower bound 下界" in ended.stdout
    assert "not covered today 今日未覆盖: " in ended.stdout
    assert "今日未安排" in ended.stdout


def test_alerts_go_first_and_special_hours_are_kept() -> None:
    alert, school = f"{COMMUNITY}003", f"{COMMUNITY}001"
    made = allocated(
        "--fleet", FLEET, "--alert", alert, "--hours", f"{school}=11:30-12:00", "--begin", "08:00"
    )
    flights = {flight["grid_code"]: flight for flight in made["flights"]}
    assert flights[alert]["is_alert"]
    assert flights[alert]["sortie"] == 1
    assert 3.5 * 3600 <= flights[school]["begin_s"] <= 4.0 * 3600


async def look_at(folder: Path, grids: list[str]) -> None:
    """These were flown around just now."""
    async with running_store(folder) as store:
        records, now = Records(store), datetime.now(UTC)
        for number, grid in enumerate(grids):
            flown = replace(
                a_sortie(SortieState.LANDED), sortie_id=f"M-{number}-S01", grid_code=grid,
                created_utc=now, takeoff_utc=now, landed_utc=now, waypoint_index=4,
                waypoint_total=4,
            )  # fmt: skip
            await records.save_sortie(flown, cause=PILOT, at_utc=now, action="sortie.landed")


def test_only_what_is_due_today_is_shared_when_that_is_asked_for(tmp_path: Path) -> None:
    grids = [f"{COMMUNITY}{number:03d}" for number in range(1, 7)]
    anyio.run(look_at, tmp_path, grids[:4])
    made = allocated("--fleet", FLEET, "--due", "--day", "0", "--data", tmp_path)
    assert {flight["grid_code"] for flight in made["flights"]} == set(grids[4:])
    with_alert = allocated("--fleet", FLEET, "--due", "--data", tmp_path, "--alert", grids[0])
    alarmed = {flight["grid_code"]: flight["is_alert"] for flight in with_alert["flights"]}
    assert alarmed == {grids[0]: True, grids[4]: False, grids[5]: False}
    anyio.run(look_at, tmp_path, grids)
    nothing = allocated("--fleet", FLEET, "--due", "--data", tmp_path)
    assert (nothing["flights"], nothing["uncovered"]) == ([], []), "and it ends with 0"


def test_wrong_aircraft_are_told_in_both_languages_and_nothing_is_hidden(tmp_path: Path) -> None:
    wrong = a_fleet(
        tmp_path,
        '[[aircraft]]\nname = "A"\nlat_deg = 23.28\nlon_deg = 116.72\nendurance_s = nan\n'
        '[[aircraft]]\nname = "B"\nlat_deg = 116.72\nlon_deg = 23.28\n'
        '[[aircraft]]\nname = "C"\nlat_deg = 23.0\nlon_deg = 117.5\n',
    )
    ended = run("allocate", "--fleet", wrong, "--grid", COMMUNITY, "--json")
    assert ended.returncode == 1
    made = json.loads(ended.stdout)
    told = {finding["hint"]: finding for finding in made["findings"]}
    assert set(told) == {"A", "B"}
    assert "经纬度颠倒" in told["B"]["text_zh"]
    assert len(made["uncovered"]) == 6
    codes = {reason["code"] for one in made["uncovered"] for reason in one["reasons"]}
    assert codes == {"allocate.too_far"}


def test_no_aircraft_at_all_is_a_finding(tmp_path: Path) -> None:
    ended = run("allocate", "--fleet", a_fleet(tmp_path, ""), "--grid", COMMUNITY, "--json")
    assert ended.returncode == 1
    assert [one["code"] for one in json.loads(ended.stdout)["findings"]] == ["fleet.none"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--hours", "440512001002001=25:00-26:00"), ("--hours", "440512001002001"),
        ("--hours", "440512002001001=08:00-09:00"), ("--alert", "nowhere"), ("--begin", "8 am"),
        ("--alert", "440512002001001"),
        ("--pattern", "hold"), ("--data", "/nowhere/at/all"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_sentence(arguments: tuple[str, ...]) -> None:
    ended = run("allocate", "--fleet", FLEET, "--grid", COMMUNITY, *arguments)
    assert ended.returncode == 2
    assert is_one_sentence(ended), ended.stderr


@pytest.mark.parametrize(
    "text",
    ["[[aircraft]\n", '[[aircraft]]\nname = "A"\n', "aircraft = [1]\n", '[[planes]]\nname = "A"\n'],
)
def test_a_file_that_is_no_fleet_is_one_sentence(tmp_path: Path, text: str) -> None:
    ended = run("allocate", "--fleet", a_fleet(tmp_path, text), "--grid", COMMUNITY)
    assert ended.returncode == 2
    assert is_one_sentence(ended), ended.stderr


def test_whoever_is_there_first_is_named_and_its_plan_written(tmp_path: Path) -> None:
    out = tmp_path / "plan.json"
    ended = run(
        "dispatch", "23.2990,116.7080", "--fleet", FLEET, "--charge", "GP-5=31", "--out", out,
        "--json",
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    made = json.loads(ended.stdout)
    assert made["best"] != "GP-5"
    stays = next(option for option in made["options"] if option["aircraft"] == "GP-5")
    assert "battery.charge" in {finding["code"] for finding in stays["findings"]}
    assert read_plan(out).digest == made["plan"]["digest"]


def test_a_place_is_told_by_its_own_name_and_every_reason_is_whole() -> None:
    swapped = run("dispatch", "116.7080,23.2990", "--fleet", FLEET)
    assert swapped.returncode == 2
    assert "the place wants LAT,LON" in swapped.stderr
    assert "longitude and latitude are swapped" in swapped.stderr
    assert "经纬度写反" in swapped.stderr
    ended = run("dispatch", "23.2990,116.7080", "--fleet", FLEET, "--charge", "GP-5=31")
    assert "…" not in ended.stdout
    assert "须保留30%" in "".join(ended.stdout.split())


def test_a_place_that_nobody_reaches_ends_with_1_and_every_reason() -> None:
    ended = run("dispatch", "23.2990,118.7080", "--fleet", FLEET)
    assert ended.returncode == 1
    assert "不在任何网格内" in ended.stdout
    wrong = run("dispatch", "23.2990,116.7080", "--fleet", FLEET, "--charge", "GP-9=50")
    assert wrong.returncode == 2
    assert is_one_sentence(wrong)
