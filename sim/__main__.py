"""`python -m sim`: an aircraft, its world, camera, loudspeaker and clock, in one process."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import anyio
import cv2

from patrol.errors import ConfigError
from patrol.geo import LocalFrame
from sim.aircraft import SimAircraft
from sim.clock import SimClock
from sim.clock_http import clock_routes
from sim.equipment import CAMERA_PATH, Equipment, Surroundings
from sim.fault_http import fault_routes
from sim.faults import ORDER_FORM, Fault, FaultOrder, fault_order, follow
from sim.http import HttpServer
from sim.life import cancel_when_asked_to_stop
from sim.scenario import Scenario, load_scenario
from sim.site import Site, scenario_wind
from sim.truth import TruthBook, truth_book
from sim.world import make_world

_SPEED_RANGE = (0.1, 10.0)
_KNOWN = ", ".join(fault.name for fault in Fault)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line, exit code 2."""
        self.exit(2, f"{self.prog}: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m sim",
        description="A simulated aircraft (MAVLink over UDP) over a simulated district, "
        "its camera (RTSP) and loudspeaker (HTTP). Prints one JSON line with its addresses.",
    )
    parser.add_argument("--scenario", type=Path, required=True, help="JSON file of the world")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same world (default 1)")
    parser.add_argument("--speed", type=_speed, default=1.0,
                        help="world seconds in a wall second, 0.1 to 10; a ceiling")  # fmt: skip
    parser.add_argument("--mute", action="store_true", help="nobody hears the loudspeaker")
    parser.add_argument("--fault", type=_fault, action="append", default=[],
                        metavar=ORDER_FORM, help="break something, T world seconds after "
                        "the start, mend it at END: " + _KNOWN)  # fmt: skip
    parser.add_argument("--truth", type=Path, metavar="PATH",
                        help="a new file that tells a test who truly is where")  # fmt: skip
    parser.add_argument("--no-people", action="store_true", help="the same world, nobody in it")
    return parser


def _speed(text: str) -> float:
    low, high = _SPEED_RANGE
    try:
        speed = float(text)
    except ValueError:
        speed = -1.0
    if not low <= speed <= high:
        raise argparse.ArgumentTypeError(f"a number from {low:g} to {high:g}, not {text!r}")
    return speed


def _fault(text: str) -> FaultOrder:
    try:
        order = fault_order(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if order.aircraft not in (None, 1):
        raise argparse.ArgumentTypeError(f"there is only one aircraft, no {order.aircraft}")
    return order


async def simulate(
    scenario: Scenario, *, seed: int, speed: float, is_muted: bool,
    faults: Sequence[FaultOrder] = (), truth: TruthBook | None = None,
) -> None:  # fmt: skip
    """Run the whole world until asked to stop."""
    clock = SimClock(scenario.start_utc, speed)
    aircraft = SimAircraft(
        home=scenario.home, home_elevation_amsl_m=scenario.home_elevation_amsl_m, clock=clock,
        seed=seed, wind=scenario_wind(scenario.weather, seed),
    )  # fmt: skip
    world = make_world(scenario, seed)
    site = Site(scenario, world, [aircraft])
    around = Surroundings(
        scenario=scenario, world=world, clock=clock, seed=seed,
        is_muted=is_muted, truth=truth,
    )  # fmt: skip
    carried = Equipment("1", around, aircraft.pose, aircraft.faults)
    async with anyio.create_task_group() as tasks:
        await tasks.start(cancel_when_asked_to_stop, tasks.cancel_scope)
        mavlink_port = await tasks.start(aircraft.run)
        camera_port = await tasks.start(carried.serve_camera)
        routes = {
            **clock_routes(clock), **carried.air("/air"), **fault_routes(aircraft.faults),
            **site.routes(),
        }  # fmt: skip
        http_port = await tasks.start(HttpServer(routes).run)
        tasks.start_soon(follow, faults, aircraft.faults, clock)
        tasks.start_soon(carried.film.run)
        await carried.stream.parameter_sets()  # ready means that a client gets pictures
        _say_ready(mavlink_port, camera_port, http_port)


def _say_ready(mavlink_port: int, camera_port: int, http_port: int) -> None:
    line = {
        "event": "ready",
        "mavlink_url": f"udpout://127.0.0.1:{mavlink_port}",
        "camera_url": f"rtsp://127.0.0.1:{camera_port}{CAMERA_PATH}",
        "clock_url": f"http://127.0.0.1:{http_port}/clock",
        "air_url": f"http://127.0.0.1:{http_port}/air",
    }
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main() -> int:
    """Exit code 0 after a stop, 2 for a wrong argument or scenario."""
    parser = _parser()
    options = parser.parse_args()
    try:
        scenario = load_scenario(options.scenario)
    except ConfigError as error:
        parser.error(str(error))
    if options.no_people:
        scenario = scenario.without_people()
    cv2.setNumThreads(1)  # pictures cost 15 ms; more threads only wake more cores
    try:
        with truth_book(options.truth, LocalFrame(origin=scenario.home)) as truth:
            anyio.run(lambda: simulate(
                scenario, seed=options.seed, speed=options.speed, is_muted=options.mute,
                faults=options.fault, truth=truth,
            ))  # fmt: skip
    except ConfigError as error:
        parser.error(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
