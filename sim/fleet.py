"""`python -m sim.fleet`: several aircraft with cameras and loudspeakers, for any ground station.

Like PX4 they send to the ground station's port unasked. Prints one JSON line when all are ready.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn, Protocol

import anyio
import anyio.abc
import cv2

from patrol.errors import ConfigError, PatrolError
from patrol.geo import GeoPoint, offset
from patrol.groups import one_error
from sim.aircraft import SimAircraft
from sim.clock import SimClock
from sim.clock_http import clock_routes
from sim.equipment import CAMERA_PATH, Equipment, Surroundings
from sim.fault_http import fault_routes
from sim.faults import (
    ORDER_FORM,
    Fault,
    FaultOrder,
    Faults,
    UnknownFault,
    fault_order,
    follow,
    orders_for,
)
from sim.http import HttpAnswer, HttpRequest, HttpServer, Routes
from sim.life import cancel_when_asked_to_stop
from sim.net import HOST
from sim.pose import AircraftPose
from sim.px4 import PX4_MAX, Px4Aircraft, px4_program
from sim.scenario import Scenario, load_scenario
from sim.site import Site, scenario_wind
from sim.terrain import rise_m
from sim.weather import GUST_SHARE
from sim.wind import Wind
from sim.world import make_world

API_PORT = 14540  # where PX4's first instance sends
AIRCRAFT_MAX = 50
_APART_M = 5.0
_SPEED_RANGE = (0.1, 20.0)
_HOME = GeoPoint(lat_deg=23.2820, lon_deg=116.7250)
_HOME_AMSL_M = 12.0


class Aircraft(Protocol):
    """One that can be flown from outside, ours or a PX4."""

    system_id: int

    def pose(self) -> AircraftPose:
        """Where it is and where its camera looks."""
        ...

    async def run(self, *, task_status: anyio.abc.TaskStatus[int]) -> None:
        """Fly until cancelled; started once it talks."""
        ...


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line, exit code 2."""
        self.exit(2, f"{message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m sim.fleet", description=__doc__)
    parser.add_argument("--aircraft", type=int, default=1)
    parser.add_argument("--scenario", type=Path, help="JSON file of the world")
    parser.add_argument("--port", type=int, default=API_PORT)
    parser.add_argument("--one-port", action="store_true", help="all send to that port")
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--wind", help="SPEED,FROM: metres a second and degrees it comes from")
    parser.add_argument("--fault", action="append", default=[], metavar=ORDER_FORM)
    parser.add_argument("--bare", action="store_true", help="no cameras and no loudspeakers")
    parser.add_argument("--px4", type=Path, help="folder of a built PX4, flown instead of ours")
    return parser


def _wind(text: str, seed: int) -> Wind:
    speed, comma, bearing = text.partition(",")
    try:
        speed_m_s, from_deg = float(speed), float(bearing)
    except ValueError:
        comma = ""
        speed_m_s = from_deg = 0.0
    if not comma or not (0.0 <= speed_m_s <= 40.0 and 0.0 <= from_deg <= 360.0):
        raise ConfigError(f"--wind wants SPEED,FROM such as 6,045 (up to 40 m/s), not {text!r}")
    return Wind.blowing(speed_m_s, from_deg, gust_m_s=GUST_SHARE * speed_m_s, seed=seed)


def _checked(options: argparse.Namespace) -> None:
    low, high = _SPEED_RANGE
    if not low <= options.speed <= high:
        raise ConfigError(f"--speed is from {low:g} to {high:g}, not {options.speed:g}")
    most = AIRCRAFT_MAX if options.px4 is None else PX4_MAX
    if not 1 <= options.aircraft <= most:
        whose = "" if options.px4 is None else " with --px4 (its ports collide beyond that)"
        raise ConfigError(f"--aircraft is from 1 to {most}{whose}, not {options.aircraft}")
    last_port = options.port + (0 if options.one_port else options.aircraft - 1)
    if options.port < 1024:
        raise ConfigError(f"--port is from 1024 on, not {options.port}")
    if last_port > 65535:
        raise ConfigError(f"--port: there is no port {last_port}, where the last aircraft sends")
    if options.px4 is None:
        return
    if options.port != API_PORT or options.one_port:
        raise ConfigError(f"a PX4 sends to {API_PORT} and the ports above it: leave out --port")
    if options.fault or options.wind:
        raise ConfigError("--fault and --wind are for the built-in aircraft, not for a PX4")


def _scenario(path: Path | None) -> Scenario:
    if path is not None:
        return load_scenario(path)
    return Scenario(home=_HOME, home_elevation_amsl_m=_HOME_AMSL_M, start_utc=datetime.now(UTC))


def _orders(texts: list[str], aircraft_count: int) -> list[FaultOrder]:
    try:
        orders = [fault_order(text) for text in texts]
    except UnknownFault as error:
        known = ", ".join(fault.name for fault in Fault)
        raise ConfigError(f"--fault: {error} (there are: {known})") from error
    except ValueError as error:
        raise ConfigError(f"--fault: {error}") from error
    for order in orders:
        if order.aircraft is not None and not 1 <= order.aircraft <= aircraft_count:
            raise ConfigError(f"--fault: there is no aircraft {order.aircraft} in this fleet")
    return orders


class Fleet:
    """All of one process."""

    def __init__(self, options: argparse.Namespace) -> None:
        """Everything is read here; ConfigError says in one line what is wrong."""
        _checked(options)
        self._options = options
        self._orders = _orders(options.fault, options.aircraft)
        scenario = _scenario(options.scenario)
        self._clock = SimClock(scenario.start_utc, options.speed)
        self._around = Surroundings(
            scenario=scenario, world=make_world(scenario, options.seed), clock=self._clock,
            seed=options.seed,
        )  # fmt: skip
        numbers = range(options.aircraft)
        self._faults = [Faults() for _ in numbers]
        make = self._ours if options.px4 is None else self._px4(px4_program(options.px4))
        self._aircraft = [make(number) for number in numbers]
        ours = [one for one in self._aircraft if isinstance(one, SimAircraft)]
        self._site = Site(scenario, self._around.world, ours)

    def _ours(self, number: int) -> Aircraft:
        scenario, options = self._around.scenario, self._options
        home, seed = offset(scenario.home, east_m=_APART_M * number, north_m=0.0), options.seed
        rise = rise_m(scenario.hills, scenario.home, home)
        if options.wind is not None:
            wind = _wind(options.wind, seed + number)
        else:
            wind = scenario_wind(scenario.weather, seed + number)
        ours = SimAircraft(
            home=home, home_elevation_amsl_m=scenario.home_elevation_amsl_m + rise,
            clock=self._clock, seed=seed + number, faults=self._faults[number],
            system_id=number + 1, wind=wind,
        )  # fmt: skip
        ours.tell_unasked((HOST, self._port(number)))
        return ours

    def _px4(self, program: Path) -> Callable[[int], Aircraft]:
        scenario = self._around.scenario
        return lambda number: Px4Aircraft(
            program, number, home=offset(scenario.home, east_m=_APART_M * number, north_m=0.0),
            home_amsl_m=scenario.home_elevation_amsl_m, clock=self._clock,
        )  # fmt: skip

    def _port(self, number: int) -> int:
        return int(self._options.port) + (0 if self._options.one_port else number)

    async def run(self) -> None:
        """Fly them all until asked to stop."""
        async with anyio.create_task_group() as tasks:
            await tasks.start(cancel_when_asked_to_stop, tasks.cancel_scope)
            async with anyio.create_task_group() as starting:
                for aircraft in self._aircraft:
                    starting.start_soon(tasks.start, aircraft.run)
            lines = [
                await self._equip(number, aircraft, tasks)
                for number, aircraft in enumerate(self._aircraft)
            ]
            routes: dict[Any, Any] = {**clock_routes(self._clock), **self._site.routes()}
            routes["GET", "/faults"] = self._all_faults
            for line in lines:
                routes.update(line.pop("routes"))
            http_port = await tasks.start(HttpServer(routes).run)
            for number, faults in enumerate(self._faults, 1):
                mine = orders_for(number, self._orders)
                tasks.start_soon(follow, mine, faults, self._clock)
            self._say_ready(lines, f"http://{HOST}:{http_port}")

    async def _equip(
        self, number: int, aircraft: Aircraft, tasks: anyio.abc.TaskGroup
    ) -> dict[str, Any]:
        name, faults = _name(number), self._faults[number]
        line: dict[str, Any] = {
            "name": name, "system_id": aircraft.system_id,
            "mavlink": f"udpin://{HOST}:{self._port(number)}", "rtsp": None,
            "routes": _under(f"/{name}", fault_routes(faults)),
        }  # fmt: skip
        if self._options.bare:
            return line
        carried = Equipment(name, self._around, aircraft.pose, faults)
        port = await tasks.start(carried.serve_camera)
        tasks.start_soon(carried.film_while_watched)
        line["rtsp"] = f"rtsp://{HOST}:{port}{CAMERA_PATH}"
        line["routes"] |= carried.air(f"/{name}/air")
        return line

    async def _all_faults(self, request: HttpRequest) -> HttpAnswer:
        """What is at work on each aircraft, by name."""
        del request
        return HttpAnswer(
            body={
                _name(number): sorted(fault.name for fault in faults)
                for number, faults in enumerate(self._faults)
            }
        )

    def _say_ready(self, lines: list[dict[str, Any]], url: str) -> None:
        for line in lines:
            line["air_url"] = None if self._options.bare else f"{url}/{line['name']}/air"
            line["fault_url"] = f"{url}/{line['name']}/faults"
        ready = {
            "event": "ready", "clock_url": f"{url}/clock", "door_url": url, "aircraft": lines,
        }  # fmt: skip
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()


def _name(number: int) -> str:
    return f"GP-{number + 1}"


def _under(prefix: str, routes: Routes) -> dict[Any, Any]:
    return {(method, prefix + path): handler for (method, path), handler in routes.items()}


def main() -> int:
    """Exit code 0 after a stop, 1 when an aircraft could not fly, 2 for wrong use."""
    parser = _parser()
    options = parser.parse_args()
    try:
        fleet = Fleet(options)
    except ConfigError as error:
        parser.error(str(error))
    cv2.setNumThreads(1)  # pictures cost 15 ms; more threads only wake more cores
    try:
        with one_error():
            anyio.run(fleet.run)
    except PatrolError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
