"""The demo's world comes from its seed; the station is told addresses and its own files alone."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import anyio
import pytest
from shapely.geometry import LineString, Point

from ground_station.commands.demo import _parts
from ground_station.demo_scenario import DemoScenario, make_scenario
from ground_station.options import DemoOptions
from ground_station.papers_file import EXERCISE_PAPERS_FILE
from ground_station.settings import StationSettings
from missions.boundary import plan_boundary
from missions.codes import GridLevel
from missions.flat import to_position
from missions.register import load_register
from missions.request import PlanRequest
from patrol.camera import CameraLens
from patrol.clock import SHANGHAI, parse_utc
from patrol.geo import LocalFrame, distance_m, from_geojson
from patrol.plan import MissionPlan, stops
from sim.scenario import load_scenario, scenario_from_dict

SEEDS = range(8)
LOOP_M = (600.0, 1200.0)
PEOPLE = (28, 40)
FIRST_M = 300.0
STANDOFF_M = 30.0


@cache
def scenario_of(seed: int, name: str = "disperses") -> DemoScenario:
    return make_scenario(seed=seed, scenario=name)


def planned(scenario: DemoScenario) -> MissionPlan:
    """The patrol as the station will plan it from where the aircraft stands."""
    register = load_register()
    plan, findings = plan_boundary(
        PlanRequest(
            grid=register.get(scenario.grid_code), register_version=register.version,
            home=scenario.home, home_elevation_amsl_m=12.0,
            lens=CameraLens(width_px=1280, height_px=720, hfov_deg=40.0),
            created_utc=datetime(2026, 11, 24, 1, 30, tzinfo=UTC), is_exercise=True,
        )
    )  # fmt: skip
    assert plan is not None
    assert not stops(findings)
    return plan


def line_of(plan: MissionPlan, *, has_way_home: bool) -> LineString:
    """Metres east and north of the launch point."""
    frame = LocalFrame(origin=plan.home)
    points = [waypoint.point for waypoint in plan.waypoints]
    if has_way_home:
        points = [plan.home, *points, plan.home]
    return LineString([to_position(point, frame) for point in points])


def gathering_at(scenario: DemoScenario) -> Point:
    place = from_geojson(scenario.body["gathering"]["place"])
    return Point(to_position(place, LocalFrame(origin=scenario.home)))


def leaves(value: Any) -> Iterator[Any]:
    """Every value in a settings file."""
    if isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    else:
        yield value


@pytest.mark.parametrize("name", ["disperses", "stubborn", "empty"])
def test_the_same_seed_makes_the_same_world(name: str) -> None:
    assert make_scenario(seed=7, scenario=name) == make_scenario(seed=7, scenario=name)


def test_other_seeds_make_other_worlds() -> None:
    worlds = [scenario_of(seed) for seed in SEEDS]
    assert len({world.grid_code for world in worlds}) > len(SEEDS) / 3
    places = {tuple(world.body["gathering"]["place"]) for world in worlds}
    assert len(places) > len(SEEDS) / 2


def test_what_the_people_do_changes_neither_grid_nor_place_nor_number() -> None:
    disperses, stubborn = scenario_of(4), scenario_of(4, "stubborn")
    assert disperses.grid_code == stubborn.grid_code
    changed = disperses.body["gathering"] | {"response": "stubborn"}
    assert stubborn.body == disperses.body | {"gathering": changed}


def test_an_empty_world_is_the_same_grid_with_nobody_gathered() -> None:
    empty, full = scenario_of(4, "empty"), scenario_of(4)
    assert empty.body == full.body | {"gathering": None}
    assert empty.grid_code == full.grid_code


@pytest.mark.parametrize("seed", SEEDS)
def test_the_grid_is_an_ordinary_one_with_a_loop_that_a_demo_has_time_for(seed: int) -> None:
    scenario, register = scenario_of(seed), load_register()
    grid = register.get(scenario.grid_code)
    assert grid.level is GridLevel.GRID
    assert grid in register.grids
    assert LOOP_M[0] <= line_of(planned(scenario), has_way_home=False).length <= LOOP_M[1]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_people_gather_within_the_first_three_hundred_metres(seed: int) -> None:
    scenario = scenario_of(seed)
    loop, people = line_of(planned(scenario), has_way_home=False), gathering_at(scenario)
    assert loop.project(people) <= FIRST_M
    assert scenario.body["gathering"]["people"] in range(PEOPLE[0], PEOPLE[1] + 1)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_whole_way_keeps_the_lawful_distance_from_the_people(seed: int) -> None:
    scenario = scenario_of(seed)
    way = line_of(planned(scenario), has_way_home=True)
    assert way.distance(gathering_at(scenario)) >= STANDOFF_M
    code = load_register().grid_at(from_geojson(scenario.body["gathering"]["place"]))
    assert code == scenario.grid_code


def test_the_world_begins_at_half_past_nine_in_shanghai_when_loudspeakers_are_allowed() -> None:
    start = parse_utc(scenario_of(1).body["start_utc"])
    assert start.astimezone(SHANGHAI).strftime("%H:%M:%S") == "09:30:00"
    assert abs(start - datetime.now(UTC)) < timedelta(days=1)


@pytest.mark.parametrize("name", ["disperses", "stubborn", "empty"])
def test_the_simulator_reads_what_is_written_for_it(name: str) -> None:
    read = scenario_from_dict(scenario_of(3, name).body)
    assert distance_m(read.home, scenario_of(3, name).home) < 0.02  # seven decimals
    assert (read.gathering is None) == (name == "empty")


@pytest.mark.timeout(60)
@pytest.mark.anyio
async def test_the_station_is_told_addresses_and_its_own_files_and_nothing_of_the_world(
    tmp_path: Path,
) -> None:
    scenario, data, work = scenario_of(5), tmp_path / "data", tmp_path / "work"
    data.mkdir()
    work.mkdir()
    options = DemoOptions(
        headless=True, seed=5, speed=2.0, within=60.0, port=0, data=data, muted=True, as_json=True
    )  # fmt: skip
    with anyio.fail_after(45.0):
        async with _parts(options, data, work, scenario.body) as (sim, agent, station):
            started = station.process._process._transport.get_extra_info(  # type: ignore[attr-defined]
                "subprocess"
            )
            settings_file = data / "demo-station.toml"
            assert list(started.args[1:]) == [
                "-m", "ground_station.station", "--config", str(settings_file),
            ]  # fmt: skip
            settings = tomllib.loads(settings_file.read_text(encoding="utf-8"))
            addresses = {key: sim.ready[key] for key in ("mavlink_url", "camera_url", "clock_url")}
            values = list(leaves(settings))
            texts = {value for value in values if isinstance(value, str)}
            sky = data / "demo-airspace.geojson"
            assert texts == {
                *addresses.values(), agent.ready["url"], str(data), "GP-1", settings["name"],
                str(EXERCISE_PAPERS_FILE), str(sky),
            }  # fmt: skip
            assert json.loads(sky.read_text(encoding="utf-8"))["features"] == []
            numbers = {value for value in values if not isinstance(value, str)}
            assert numbers == {1280, 720, 40.0, 0, True}  # the lens, the port, an exercise
            assert load_scenario(work / "scenario.json").gathering is not None
            assert work not in data.parents
    StationSettings.model_validate(settings)
