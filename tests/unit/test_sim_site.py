"""Wind and ground from a scenario and from the tests' door: aircraft feel what people hear."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patrol.geo import GeoPoint, offset
from sim.aircraft import SimAircraft
from sim.clock import SimClock
from sim.fleet import Fleet, _parser
from sim.flight_model import FlightModel
from sim.gnss import Gnss
from sim.http import HttpAnswer, HttpRequest
from sim.scenario import Scenario, scenario_from_dict
from sim.site import Site, scenario_wind
from sim.terrain import Hill, hilly, rise_m
from sim.wind import Wind
from sim.world import make_world

HOME = GeoPoint(lat_deg=23.28, lon_deg=116.72)
TOP = offset(HOME, east_m=100.0, north_m=0.0)
START = datetime(2026, 11, 24, tzinfo=UTC)
BODY: dict[str, Any] = {
    "home": [116.72, 23.28], "home_elevation_amsl_m": 12.0, "start_utc": "2026-11-24T01:30:00Z",
    "weather": {"wind_m_s": 6.0, "wind_from_true_deg": 270.0},
    "hills": [{"place": [TOP.lon_deg, TOP.lat_deg], "height_m": 30.0, "width_m": 40.0}],
}  # fmt: skip


def an_aircraft(scenario: Scenario) -> SimAircraft:
    return SimAircraft(
        home=scenario.home, home_elevation_amsl_m=12.0, clock=SimClock(START),
        wind=scenario_wind(scenario.weather, 1),
    )  # fmt: skip


async def ask(site: Site, method: str, path: str, body: object = None) -> HttpAnswer:
    raw = b"" if body is None else json.dumps(body).encode()
    handler = site.routes()[(method, path)]
    return await handler(HttpRequest(method=method, path=path, headers={}, body=raw))


def test_a_scenarios_wind_blows_at_the_aircraft_and_its_hills_lie_below_it() -> None:
    scenario = scenario_from_dict(BODY)
    one = an_aircraft(scenario)
    Site(scenario, make_world(scenario, 1), [one])
    model = one.autopilot.model
    assert model.wind.mean_east_m_s == pytest.approx(6.0)
    assert model.wind.gust_m_s == pytest.approx(1.2)
    assert model.terrain(0.0, 0.0) == 0.0
    assert model.terrain(100.0, 0.0) == pytest.approx(30.0, abs=0.1)
    assert rise_m(scenario.hills, HOME, TOP) == pytest.approx(30.0, abs=0.1)


@pytest.mark.anyio
async def test_the_door_changes_both_in_flight_and_what_people_hear_with_them() -> None:
    scenario = scenario_from_dict(BODY)
    one, world = an_aircraft(scenario), make_world(scenario, 1)
    site = Site(scenario, world, [one])
    model = one.autopilot.model
    model.wind.pushed_east_m_s = 25.0  # a fault is at work
    wind = {"wind_m_s": 10.0, "wind_from_true_deg": 180.0, "gust_m_s": 0.0}
    answer = await ask(site, "PUT", "/wind", wind)
    assert (answer.status, answer.body) == (200, wind)
    assert (await ask(site, "GET", "/wind")).body == wind
    model.wind.step(1.0)
    assert (model.wind.east_m_s, model.wind.north_m_s) == pytest.approx((25.0, 10.0))
    assert world.weather.wind_m_s == 10.0
    assert world.weather.ambient_dba == scenario.weather.ambient_dba
    model.up_m = 5.0
    moved = {"hills": [BODY["hills"][0] | {"place": [116.72, 23.2801], "height_m": 50.0}]}
    assert (await ask(site, "PUT", "/hills", moved)).body == (await ask(site, "GET", "/hills")).body
    assert model.terrain(0.0, 11.0) > model.terrain(0.0, 0.0) == 0.0
    assert (await ask(site, "PUT", "/hills", {"hills": []})).body == {"hills": []}
    assert model.terrain(100.0, 0.0) == 0.0


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/wind", {"wind_m_s": 99}, "wind.wind_m_s: 99 is not between"),
        ("/wind", {"speed": 9}, "wind.speed is not a field"),
        ("/wind", [], "wind is not a JSON object"),
        ("/hills", {}, "the ground.hills is missing"),
        ("/hills", {"hills": [{"place": [0, 0], "height_m": 9}]}, "hills[0].width_m is missing"),
        ("/hills", {"hills": [{}] * 101}, "a list of up to 100 hills"),
    ],
)
async def test_the_door_refuses_in_words(path: str, body: object, words: str) -> None:
    scenario = scenario_from_dict(BODY)
    one = an_aircraft(scenario)
    answer = await ask(Site(scenario, make_world(scenario, 1), [one]), "PUT", path, body)
    assert answer.status == 400
    assert words in answer.body["error"]
    assert one.autopilot.model.wind.mean_east_m_s == pytest.approx(6.0)


@given(st.floats(-80.0, 80.0), st.floats(-80.0, 80.0), st.floats(-30.0, 60.0))
def test_two_aircraft_stand_on_the_same_hill(east_m: float, north_m: float, high_m: float) -> None:
    hills = [Hill(place=offset(HOME, east_m=9.0, north_m=-20.0), height_m=high_m, width_m=35.0)]
    second = offset(HOME, east_m=25.0, north_m=10.0)
    up_m = rise_m(hills, HOME, second)
    from_first = hilly(hills, HOME)(east_m + 25.0, north_m + 10.0)
    assert hilly(hills, second)(east_m, north_m) + up_m == pytest.approx(from_first, abs=0.01)


@given(st.lists(st.floats(0.001, 3.0), min_size=1, max_size=30))
def test_gusts_and_the_wander_of_a_position_are_the_same_however_time_is_cut(
    steps_s: list[float],
) -> None:
    whole_s = sum(steps_s)
    cut, even = (Wind.blowing(5.0, 0.0, gust_m_s=2.0, seed=3) for _ in range(2))
    models = FlightModel(), FlightModel()
    wanders = [Gnss(model, 3) for model in models]
    for step_s in steps_s:
        cut.step(step_s)
        wanders[0].step(step_s)
        wanders[0].scatter_m()  # a fix is told: that changes nothing
    for _ in range(10):
        even.step(whole_s / 10.0)
        wanders[1].step(whole_s / 10.0)
    if abs(whole_s / 0.1 - round(whole_s / 0.1)) > 1e-3:  # not just when one is due
        assert cut.north_m_s == even.north_m_s
        assert models[0].error_east_m == pytest.approx(models[1].error_east_m, abs=1e-9)


def test_a_fault_of_a_fleet_may_be_one_aircrafts() -> None:
    orders = ["PACKET_LOSS=5", "SILENT@10..20:GP-2", "GNSS_LOST:2", "ARM_DENIED:3"]
    options = [word for order in orders for word in ("--fault", order)]
    fleet = Fleet(_parser().parse_args(["--aircraft", "3", *options]))
    assert [order.aircraft for order in fleet._orders] == [None, 2, 2, 3]
