"""A PX4 that the user has built, flown by its own simulator (SIH), with our camera on it.

Its API link goes to the ground station. We listen on the link by which its simulation can be shown,
and take the camera's pose from the truth there: fixed on the nose, looking obliquely down.
https://docs.px4.io/main/en/sim_sih/
"""

from __future__ import annotations

import math
import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
from pymavlink.dialects.v20 import common as mavlink

from patrol.errors import ConfigError, PatrolError
from patrol.geo import GeoPoint
from patrol.telemetry import CameraPointing
from sim.clock import SimClock
from sim.net import HOST
from sim.pose import AircraftPose

PX4_MAX = 10  # beyond ten instances PX4's own ports collide
_MODEL = "sihsim_quadx"
_SHOWN_PORT = 19410  # where instance 0 sends what its simulation shows, 25 times a second
_READY_WITHIN_S = 25.0  # wall
_END_WITHIN_S = 1.5  # then it is killed
# GLOBAL_POSITION_INT, sent once PX4 knows its place; and 200 HIL_ACTUATOR_CONTROLS a second, off.
_STREAMS_US = {33: 200_000.0, 93: -1.0}
_ASK_AGAIN_S = 2.0
_PITCH_DEG = -30.0
_TAIL_LINES = 4
# PX4's own start-up takes these over. Its simulated battery is half empty after a minute and then
# stands, and its fence acts on nothing: neither is what a squad's aircraft does.
_PARAMETERS = {"GF_ACTION": "3", "SIM_BAT_DRAIN": "1500", "SIM_BAT_MIN_PCT": "0"}


def px4_program(folder: Path) -> Path:
    """The program of a built PX4; ConfigError when there is none that can run."""
    program = folder / "bin" / "px4"
    if not program.is_file():
        raise ConfigError(
            f"--px4: there is no {program}; give the folder of a built PX4, such as "
            "build/px4_sitl_default after `make px4_sitl`"
        )
    if not os.access(program, os.X_OK):
        raise ConfigError(f"--px4: {program} is there but may not be run")
    if not (folder / "etc").is_dir():
        raise ConfigError(f"--px4: {folder / 'etc'} is missing; PX4 finds its start-up there")
    return program


class Px4Failed(PatrolError):
    """A PX4 did not start or ended by itself."""


class Px4Aircraft:
    """One instance in a folder of its own, which goes when it ends."""

    def __init__(
        self, program: Path, number: int, *, home: GeoPoint, home_amsl_m: float, clock: SimClock
    ) -> None:
        self._program = program.resolve()
        self._number = number
        self._home = home
        self._home_amsl_m = home_amsl_m
        self._clock = clock
        self._point, self._up_m, self._heading_deg = home, 0.0, 0.0
        self._parser = mavlink.MAVLink(None)
        self._parser.robust_parsing = True
        self._out = mavlink.MAVLink(None, srcSystem=number + 1, srcComponent=191)  # a companion
        self._asked_s = 0.0
        self.system_id = number + 1

    def pose(self) -> AircraftPose:
        """As it was heard last."""
        return AircraftPose(
            point=self._point, height_agl_m=self._up_m,
            camera=CameraPointing(bearing_true_deg=self._heading_deg, pitch_deg=_PITCH_DEG),
            time_s=self._clock.monotonic_s(), is_in_air=self._up_m > 0.5,
            heading_true_deg=self._heading_deg,
        )  # fmt: skip

    async def run(
        self, *, task_status: anyio.abc.TaskStatus[int] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        """Start it, wait until it knows where it is, listen, and end it when cancelled."""
        port = _SHOWN_PORT + self._number
        with tempfile.TemporaryDirectory(prefix=f"gridpatrol-px4-{self._number}-") as name:
            folder = Path(name)
            async with (
                await _bound(port) as link,
                await self._started(folder) as process,
                anyio.create_task_group() as tasks,
            ):
                tasks.start_soon(_watch, process, folder)
                try:
                    with anyio.move_on_after(_READY_WITHIN_S) as waiting:
                        await self._listen(link, until_placed=True)
                    if waiting.cancelled_caught:
                        lacks = "told no position" if self._asked_s else "gave no heartbeat"
                        raise Px4Failed(
                            f"PX4 {self._number + 1} {lacks} in {_READY_WITHIN_S:.0f} s"
                        )
                    task_status.started(port)
                    await self._listen(link)
                finally:
                    with anyio.CancelScope(shield=True):
                        await _end(process)

    async def _started(self, folder: Path) -> anyio.abc.Process:
        environment = {
            **{f"PX4_PARAM_{name}": value for name, value in _PARAMETERS.items()},
            **os.environ, "PX4_SIM_MODEL": _MODEL, "PX4_SIMULATOR": "sihsim",
            "PX4_SIM_SPEED_FACTOR": f"{self._clock.speed:g}",
            "PX4_HOME_LAT": f"{self._home.lat_deg:.7f}",
            "PX4_HOME_LON": f"{self._home.lon_deg:.7f}", "PX4_HOME_ALT": f"{self._home_amsl_m:.2f}",
        }  # fmt: skip
        start_up = self._program.parent.parent / "etc"
        command = [str(self._program), "-i", str(self._number), "-d", str(start_up)]
        with (folder / "px4.log").open("wb") as log:
            try:
                return await anyio.open_process(
                    command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log,
                    stderr=log, start_new_session=True,
                )  # fmt: skip
            except OSError as error:
                raise Px4Failed(f"{self._program} cannot be run: {error.strerror}") from error

    async def _listen(self, link: anyio.abc.UDPSocket, *, until_placed: bool = False) -> None:
        async for data, (host, port) in link:
            for message in self._parser.parse_buffer(data) or []:
                if message.get_type() == "HEARTBEAT":
                    self.system_id = message.get_srcSystem()
                    await self._ask(link, host, port)
                elif self._take(message) and until_placed:
                    return

    async def _ask(self, link: anyio.abc.UDPSocket, host: str, port: int) -> None:
        """For the streams that are wanted beside the truth."""
        now_s = time.monotonic()
        if now_s - self._asked_s < _ASK_AGAIN_S:
            return
        self._asked_s = now_s
        for number, interval_us in _STREAMS_US.items():
            order = mavlink.MAVLink_command_long_message(
                self.system_id, 1, 511, 0, number, interval_us, 0, 0, 0, 0, 0
            )
            await link.sendto(order.pack(self._out), host, port)

    def _take(self, message: Any) -> bool:  # noqa: ANN401  # pymavlink's messages
        """Whether it shows that PX4 knows where it is."""
        if message.get_type() == "HIL_STATE_QUATERNION":
            self._point = GeoPoint(lat_deg=message.lat / 1e7, lon_deg=message.lon / 1e7)
            self._up_m = max(0.0, message.alt / 1000.0 - self._home_amsl_m)
            self._heading_deg = _heading_deg(*message.attitude_quaternion)
        return bool(message.get_type() == "GLOBAL_POSITION_INT")


def _heading_deg(w: float, x: float, y: float, z: float) -> float:
    """Of the nose, clockwise from north: the yaw of a rotation from north-east-down to the body."""
    yaw_rad = math.atan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z))
    return math.degrees(yaw_rad) % 360.0


async def _bound(port: int) -> anyio.abc.UDPSocket:
    try:
        return await anyio.create_udp_socket(
            family=socket.AF_INET, local_host=HOST, local_port=port
        )
    except OSError as error:
        raise Px4Failed(f"UDP port {port} is taken; does another PX4 run?") from error


async def _watch(process: anyio.abc.Process, folder: Path) -> None:
    """Its end is the end of all: nobody should fly a fleet of which one has gone unseen."""
    code = await process.wait()
    log = (folder / "px4.log").read_text(encoding="utf-8", errors="replace")
    told = " / ".join(log.strip().splitlines()[-_TAIL_LINES:]) or "it said nothing"
    raise Px4Failed(f"a PX4 ended by itself (code {code}): {told}")


async def _end(process: anyio.abc.Process) -> None:
    """All that it started is in its own session, and goes with it."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.returncode is not None:
            return
        os.killpg(process.pid, number)
        with anyio.move_on_after(_END_WITHIN_S):
            await process.wait()
