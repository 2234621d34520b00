"""Wind and ground of all aircraft of a process, from its scenario, and changed while they fly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from patrol.errors import ConfigError
from sim.aircraft import SimAircraft
from sim.fields import Fields
from sim.http import Handler, HttpAnswer, HttpRequest, Routes, json_body, refuse
from sim.scenario import Scenario
from sim.terrain import Hill, hills_from, hilly
from sim.weather import Weather, wind_from
from sim.wind import Wind
from sim.world import World


def scenario_wind(weather: Weather, seed: int) -> Wind:
    """What blows at an aircraft; its gusts are its own."""
    return Wind.blowing(
        weather.wind_m_s, weather.wind_from_true_deg, gust_m_s=weather.gust_m_s, seed=seed
    )


class Site:
    """The door to both. What it changes, people hear and aircraft feel at once."""

    def __init__(self, scenario: Scenario, world: World, aircraft: Sequence[SimAircraft]) -> None:
        """Put the aircraft on the scenario's ground."""
        self._world = world
        self._aircraft = aircraft
        self._hills: tuple[Hill, ...] = ()
        if scenario.hills:
            self._set_hills(scenario.hills)

    def routes(self) -> Routes:
        """GET and PUT /wind and /hills, in a scenario's words."""
        return {
            ("GET", "/wind"): _telling(self._wind), ("GET", "/hills"): _telling(self._ground),
            ("PUT", "/wind"): _taking(self._put_wind, self._wind),
            ("PUT", "/hills"): _taking(self._put_hills, self._ground),
        }  # fmt: skip

    def _wind(self) -> dict[str, Any]:
        weather = self._world.weather
        return {
            "wind_m_s": weather.wind_m_s, "wind_from_true_deg": weather.wind_from_true_deg,
            "gust_m_s": weather.gust_m_s,
        }  # fmt: skip

    def _ground(self) -> dict[str, Any]:
        return {
            "hills": [
                {"place": [hill.place.lon_deg, hill.place.lat_deg], "height_m": hill.height_m,
                 "width_m": hill.width_m}
                for hill in self._hills
            ]
        }  # fmt: skip

    def _put_wind(self, body: object) -> None:
        fields = Fields(body, where="wind")
        speed_m_s, from_deg, gust_m_s = wind_from(fields)
        fields.refuse_the_rest()
        self._world.weather = replace(
            self._world.weather, wind_m_s=speed_m_s, wind_from_true_deg=from_deg, gust_m_s=gust_m_s
        )
        for one in self._aircraft:
            one.autopilot.model.wind.set(speed_m_s, from_deg, gust_m_s)

    def _put_hills(self, body: object) -> None:
        fields = Fields(body, where="the ground")
        hills = fields.read("hills", hills_from)
        fields.refuse_the_rest()
        self._set_hills(hills)

    def _set_hills(self, hills: tuple[Hill, ...]) -> None:
        self._hills = hills
        for one in self._aircraft:
            one.stand_on(hilly(hills, one.autopilot.home))


def _telling(tell: Callable[[], dict[str, Any]]) -> Handler:
    async def handle(request: HttpRequest) -> HttpAnswer:
        del request
        return HttpAnswer(body=tell())

    return handle


def _taking(take: Callable[[object], None], tell: Callable[[], dict[str, Any]]) -> Handler:
    async def handle(request: HttpRequest) -> HttpAnswer:
        try:
            take(json_body(request))
        except (ValueError, ConfigError) as error:
            return refuse(400, str(error))
        return HttpAnswer(body=tell())

    return handle
