"""Story 1, fast start: three people sign in, the leader picks a grid, and it is flown.

A real station flies the built-in aircraft over MAVLink. The unit's papers and the airspace data are
valid, so the clearance answers Art. 31 by itself.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from shapely.geometry import Point

from missions.flat import to_metres, to_position
from missions.law import load_law
from missions.register import load_register
from missions.request import default_home, inset_m
from patrol.clock import parse_utc
from patrol.geo import LocalFrame, from_geojson, to_geojson
from tests.papers import open_sky, write_papers
from tests.stories.consoles import Console, at_of, keys_in
from tests.wire.test_readoption import be_patient
from tests.wire.test_serve_command import NOBODY, SCENARIO, SMALL, Station, config, serving

pytestmark = [pytest.mark.flight, pytest.mark.timeout(150)]
SPEED = "10"
REGISTER = load_register()
THIRD_GRID = REGISTER.get("达濠街道达濠社区第三网格")
SQUAD = ("Zheng", "Hong", "Lin", "Chen")
SPEED_M_S = 4.8  # at which a boundary is patrolled
NEAR_M = 10.0  # to each corner
QUESTIONS = [f"art31.{name}" for name in ("relay", "dropping", "crowd", "vehicle", "swarm")]
ROUGHLY_M = 2.0  # a corner is flown round, and a place has its error


def test_within_three_minutes_the_third_grid_is_flown_inside_its_inset_and_the_log_knows_it_all(
    tmp_path: Path,
) -> None:
    with aircraft(tmp_path) as told, station_with(tmp_path, told) as (station, squad):
        station.until(lambda now: now["aircraft"] and now["aircraft"][0]["home"])
        # Given the squad signs in as pilot, announcer and registrar at 达濠社区
        squad["Hong"].post("/shift", role="PILOT", squad="达濠社区小分队")
        for name, role in (("Lin", "ANNC"), ("Chen", "REG")):
            shift = squad[name].post("/shift/sign-in", role=role)
        assert shift["lacking"] == []

        # When the leader picks "第三网格" and presses plan, clear, start
        made = squad["Zheng"].post("/plans", grid_code=THIRD_GRID.name_spoken)
        plan = made["plan"]
        squad["Zheng"].post(f"/plans/{plan['plan_id']}/approve", digest=made["digest"])
        sortie = squad["Hong"].post("/sorties", plan_id=plan["plan_id"])["sortie"]

        # Then within 3 minutes the mission is uploaded
        state = station.until(lambda now: at_of(now, "airborne"), within_s=30.0)
        pressed, uploaded = at_of(state, "plan.made"), at_of(state, "mission.uploaded")
        assert uploaded is not None
        assert pressed is not None
        assert (uploaded - pressed).total_seconds() < 180.0

        # and the drone flies the boundary inside the grid inset
        state = station.until(lambda now: at_of(now, "landed"), within_s=90.0)
        assert at_of(state, "mission.flown")
        track = squad["Zheng"].get(f"/sorties/{sortie}/files/geojson", purpose="the story")
        flies_inside(track)

        # and the log already holds grid, version, crew, weather, permit answers without typing
        log = squad["Chen"].get("/shift")["log"]
        assert {duty["role"]: duty["person"] for duty in log["duties"]} == {
            "PILOT": "Hong", "ANNC": "Lin", "REG": "Chen",
        }  # fmt: skip
        (entry,) = log["sorties"]
        assert (entry["id"], entry["grid"]) == (sortie, THIRD_GRID.code)
        assert entry["register_version"] == REGISTER.version
        assert entry["wind"]["samples"] > 0
        assert 0.0 <= entry["wind"]["mean_m_s"] <= entry["wind"]["max_m_s"] < 20.0
        assert log["visited_grids"] == [THIRD_GRID.code]
        assert log["remarks"] == [], "nobody has typed anything"
        cleared = entry["clearance"]
        answers = {one["rule_id"]: one for one in cleared["answers"]}
        assert [answers[name]["is_yes"] for name in QUESTIONS] == [False] * 5
        assert all(answers[name]["source_zh"] for name in QUESTIONS)
        forbids = {name for name, one in answers.items() if one["outcome"] in ("stop", "warn")}
        assert not forbids
        assert (cleared["by"], cleared["aircraft_class"]) == ("Hong", "LIGHT")
        assert (cleared["law_version"], cleared["permit_ids"]) == (load_law().version, [])


def flies_inside(track: dict[str, Any]) -> None:
    """Every place of the track keeps the inset, but on the way from home and back to it."""
    lines = {one["properties"]["kind"]: one["geometry"] for one in track["features"]}
    frame = LocalFrame(origin=default_home(THIRD_GRID))
    outline = to_metres(THIRD_GRID.shape, frame)
    flown = [to_position(from_geojson(at), frame) for at in lines["track"]["coordinates"]]
    route = [to_position(from_geojson(at), frame) for at in lines["route"]["coordinates"]]
    assert all(outline.contains(place) for place in flown)
    corners = route[1:-1]  # without home
    inset = inset_m(SPEED_M_S) - ROUGHLY_M
    assert all(corner.distance(outline.exterior) > inset - ROUGHLY_M for corner in corners)
    assert all(nearest_m(corner, flown) < NEAR_M for corner in corners)
    assert min(place.distance(outline.exterior) for place in flown) > inset - 2 * ROUGHLY_M


@contextmanager
def aircraft(folder: Path) -> Iterator[dict[str, str]]:
    """The built-in one, standing in the third grid; where it is reached."""
    scenario = folder / "scenario.json"
    body = SCENARIO.body | {
        "home": to_geojson(default_home(THIRD_GRID)), "camera": SMALL, "passers_by": 0,
    }  # fmt: skip
    scenario.write_text(json.dumps(body), encoding="utf-8")
    command = [sys.executable, "-m", "sim", "--scenario", str(scenario), "--speed", SPEED]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            be_patient(told["mavlink_url"])
            yield told
        finally:
            process.kill()


@contextmanager
def station_with(
    folder: Path, aircraft: dict[str, str]
) -> Iterator[tuple[Station, dict[str, Console]]]:
    """A station that flies it, and the squad at its consoles."""
    keys = anyio.run(keys_in, folder / "records", SQUAD)
    addresses = NOBODY | {"aircraft": aircraft["mavlink_url"]}
    clock = f'clock_url = "{aircraft["clock_url"]}"'
    papers = write_papers(folder / "papers.toml", names=("GP-1",))
    sky = open_sky(folder / "airspace.geojson", fetched_utc=parse_utc(SCENARIO.body["start_utc"]))
    known = [f"papers_file = {json.dumps(str(papers))}", f"airspace_file = {json.dumps(str(sky))}"]
    with serving(config(folder, addresses, clock, "ready_within_s = 5.0", *known)) as station:
        yield station, {name: Console(station.url, key) for name, key in keys.items()}


def nearest_m(corner: Point, flown: list[Point]) -> float:
    """How near the track came to a corner of the route."""
    return float(min(corner.distance(place) for place in flown))
