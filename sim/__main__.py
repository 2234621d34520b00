"""`python -m sim`: an aircraft, its world, camera, loudspeaker and clock, in one process."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import anyio
import cv2

from patrol.clock import SystemClock
from patrol.errors import ConfigError
from patrol.geo import Enu, LocalFrame
from sim.aircraft import SimAircraft
from sim.clock import SimClock
from sim.clock_http import clock_answer, clock_put
from sim.ears import Ears
from sim.encoder import Encoder
from sim.fault_http import fault_routes, unless
from sim.fault_video import FaultyStream, serve_while_alive
from sim.faults import Fault, FaultOrder, fault_order, follow
from sim.film import Film
from sim.http import HttpAnswer, HttpRequest, HttpServer, Routes, refuse
from sim.life import cancel_when_asked_to_stop
from sim.rtsp import RtspServer
from sim.scenario import Scenario, load_scenario
from sim.world import make_world

_SPEED_RANGE = (0.1, 10.0)
_CAMERA_PATH = "/camera"


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
                        metavar="NAME[=VALUE][@T]", help="break something, T world seconds after "
                        "the start: " + ", ".join(fault.name for fault in Fault))  # fmt: skip
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
        return fault_order(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _clock_routes(clock: SimClock) -> Routes:
    async def get(request: HttpRequest) -> HttpAnswer:
        del request
        return HttpAnswer(body=clock_answer(clock))

    async def put(request: HttpRequest) -> HttpAnswer:
        try:
            body: Any = json.loads(request.body)
            if not isinstance(body, dict):
                return refuse(400, "a JSON object is wanted")
            return HttpAnswer(body=clock_put(clock, body))
        except ValueError as error:
            return refuse(400, str(error))

    return {("GET", "/clock"): get, ("PUT", "/clock"): put}


async def simulate(
    scenario: Scenario, *, seed: int, speed: float, is_muted: bool,
    faults: Sequence[FaultOrder] = (),
) -> None:  # fmt: skip
    """Run the whole world until asked to stop."""
    clock = SimClock(scenario.start_utc, speed)
    world = make_world(scenario, seed)
    aircraft = SimAircraft(
        home=scenario.home,
        home_elevation_amsl_m=scenario.home_elevation_amsl_m,
        clock=clock,
        seed=seed,
    )
    frame, lens, rate = (
        LocalFrame(origin=scenario.home), scenario.camera.lens, scenario.camera.frames_per_s,
    )  # fmt: skip
    stream = FaultyStream(
        aircraft.faults,
        lambda: Encoder(width_px=lens.width_px, height_px=lens.height_px, frames_per_s=rate),
        seed=seed,
    )

    def speaker_at() -> Enu:
        pose = aircraft.pose()
        return frame.to_enu(pose.point, up_m=pose.height_agl_m)

    film = Film(
        scenario=scenario, seed=seed, world=world, clock=clock, pose=aircraft.pose, stream=stream
    )
    ears = Ears(world=world, clock=clock, speaker_at=speaker_at, is_muted=is_muted)
    camera_server = RtspServer(
        stream=stream, path=_CAMERA_PATH, frames_per_s=rate, clock=SystemClock()
    )
    play = unless(
        Fault.LOUDSPEAKER_DEAD, aircraft.faults, ears.play, "the loudspeaker takes no clip"
    )
    air: Routes = {("POST", "/air"): play, ("DELETE", "/air"): ears.stop}
    async with anyio.create_task_group() as tasks:
        await tasks.start(cancel_when_asked_to_stop, tasks.cancel_scope)
        mavlink_port = await tasks.start(aircraft.run)
        camera_port = await tasks.start(serve_while_alive, camera_server, aircraft.faults)
        routes = {**_clock_routes(clock), **air, **fault_routes(aircraft.faults)}
        http_port = await tasks.start(HttpServer(routes).run)
        tasks.start_soon(follow, faults, aircraft.faults, clock)
        tasks.start_soon(film.run)
        await stream.parameter_sets()  # ready means that a client gets pictures
        _say_ready(mavlink_port, camera_port, http_port)


def _say_ready(mavlink_port: int, camera_port: int, http_port: int) -> None:
    line = {
        "event": "ready",
        "mavlink_url": f"udpout://127.0.0.1:{mavlink_port}",
        "camera_url": f"rtsp://127.0.0.1:{camera_port}{_CAMERA_PATH}",
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
    anyio.run(
        lambda: simulate(
            scenario,
            seed=options.seed,
            speed=options.speed,
            is_muted=options.mute,
            faults=options.fault,
        )  # fmt: skip
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
