"""`gridpatrol sim` from outside: strangers fly it, cameras and agents answer, and it ends."""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import httpx
import pytest
from pymavlink.dialects.v20 import common as mavlink

pytestmark = pytest.mark.timeout(60)
ENDS_WITHIN_S = 5.0
MISSION = """QGC WPL 110
0	1	0	16	0	0	0	0	23.2820	116.7250	12	1
1	0	3	22	0	0	0	0	23.2820	116.7250	10	1
2	0	3	16	0	2	0	0	23.2822	116.7250	10	1
3	0	3	16	0	2	0	0	23.2822	116.7252	10	1
4	0	3	21	0	0	0	0	23.2822	116.7252	0	1
"""


def free_port(count: int = 1) -> int:
    """The first of so many ports that nobody listens on just now."""
    for port in range(23_000, 30_000, 16):
        sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
        try:
            for number, one in enumerate(sockets):
                one.bind(("127.0.0.1", port + number))
            return port
        except OSError:
            continue
        finally:
            for one in sockets:
                one.close()
    raise AssertionError("no free port")


@contextmanager
def simulated(count: int, *options: str) -> Iterator[tuple[Any, list[dict[str, Any]]]]:
    """The command as a process that is certainly gone afterwards, and its lines."""
    command = [sys.executable, "-m", "ground_station", "sim", "--aircraft", str(count), *options]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            lines = [json.loads(process.stdout.readline()) for _ in range(count)]
            yield process, lines
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(timeout=10)


def refused(*options: str) -> tuple[int, str]:
    ended = subprocess.run(
        [sys.executable, "-m", "ground_station", "sim", *options],
        capture_output=True, check=False, stdin=subprocess.DEVNULL, text=True, timeout=18,
    )  # fmt: skip
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    return ended.returncode, ended.stderr.strip()


class Told:
    """What a process says, line by line, as it comes."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.lines: list[str] = []
        self._queue: queue.Queue[str] = queue.Queue()
        assert process.stdout is not None
        stream = process.stdout

        def read() -> None:
            for line in stream:
                self._queue.put(line)

        self._reader = threading.Thread(target=read, daemon=True)
        self._reader.start()

    def end(self) -> None:
        """Its process is ended: read what is left, before the pipe is closed."""
        self._reader.join(timeout=10.0)

    def until(self, pattern: str, within_s: float = 10.0) -> None:
        """Read on to a line in which this is found."""
        give_up_s = time.monotonic() + within_s
        while True:
            try:
                line = self._queue.get(timeout=max(0.01, give_up_s - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no {pattern!r} in {''.join(self.lines)}") from None
            self.lines.append(line)
            if re.search(pattern, line):
                return


# --- a stranger's ground station


def test_mavproxy_connects_loads_a_mission_arms_and_flies_it_to_its_landing(
    tmp_path: Path,
) -> None:
    mission = tmp_path / "mission.txt"
    mission.write_text(MISSION, encoding="utf-8")
    port = free_port()
    command = [
        sys.executable, "-u", "-m", "MAVProxy.mavproxy", f"--master=udpin:127.0.0.1:{port}",
        f"--state-basedir={tmp_path}", "--streamrate=-1", "--default-modules=arm,wp,cmdlong",
    ]  # fmt: skip
    with simulated(1, "--port", str(port), "--speed", "10", "--bare") as (_, (line,)):
        assert line["mavlink"] == f"udpin://127.0.0.1:{port}"
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, cwd=tmp_path, env={**os.environ, "HOME": str(tmp_path)},
        ) as mavproxy:  # fmt: skip
            told = Told(mavproxy)
            try:
                fly_by_mavproxy(mavproxy, told, mission)
            finally:
                mavproxy.kill()
                told.end()


def fly_by_mavproxy(mavproxy: subprocess.Popen[str], told: Told, mission: Path) -> None:
    assert mavproxy.stdin is not None

    def say(text: str) -> None:
        assert mavproxy.stdin is not None
        mavproxy.stdin.write(text + "\n")
        mavproxy.stdin.flush()

    told.until("online system 1", 15.0)
    say(f"wp load {mission}")
    told.until("MISSION_ACK: TYPE_MISSION: ACCEPTED")
    say("arm throttle")
    told.until("Armed by external command")
    say("long MISSION_START 0 0 0 0 0 0 0")
    told.until("Takeoff detected")
    told.until("Landing detected", 15.0)
    told.until("Disarmed by landing")


# --- what it prints, and that it is there


def test_two_aircraft_send_unasked_have_cameras_and_agents_and_end_together() -> None:
    port = free_port(2)
    listeners = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    for number, listener in enumerate(listeners):
        listener.bind(("127.0.0.1", port + number))
        listener.settimeout(5.0)
    with simulated(2, "--port", str(port), "--wind", "6,045") as (process, lines):
        assert [list(line) for line in lines] == [
            ["name", "system_id", "mavlink", "rtsp", "payload"]
        ] * 2
        assert [(line["name"], line["system_id"]) for line in lines] == [("GP-1", 1), ("GP-2", 2)]
        for number, listener in enumerate(listeners):
            assert heard_systems(listener, 1) == {number + 1}
            listener.close()
        assert picture_size(lines[1]["rtsp"]) == (1280, 720)
        for line in lines:
            health = httpx.get(f"{line['payload']}/health").json()
            assert health["state"] == "ready"
        started_s = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.wait(timeout=ENDS_WITHIN_S)
        assert process.returncode == 0
        assert time.monotonic() - started_s < ENDS_WITHIN_S
        assert process.stderr is not None
        (door,) = process.stderr.read().splitlines()
        assert door.startswith("to break and mend: PUT http://127.0.0.1:")
    with pytest.raises(httpx.ConnectError):
        httpx.get(lines[0]["payload"])


def picture_size(url: str) -> tuple[int, int]:
    """Of the first picture; the reader is told not to study the stream for seconds."""
    options = {"analyzeduration": "100000", "probesize": "100000"}
    with av.open(url, timeout=(10, 10), options=options) as stream:
        picture = next(stream.decode(video=0))
        return picture.width, picture.height


def heard_systems(listener: socket.socket, count: int) -> set[int]:
    """The system ids of what comes to this port, once there are so many."""
    parser, seen = mavlink.MAVLink(None), set[int]()
    for _ in range(400):
        for message in parser.parse_buffer(listener.recv(2048)) or []:
            seen.add(message.get_srcSystem())
        if len(seen) >= count:
            return seen
    raise AssertionError(f"only {seen}")


def test_all_may_send_to_one_port_and_a_command_reaches_only_the_one_it_names() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(5.0)
        port = listener.getsockname()[1]
        faults = ("--fault", "BATTERY_LOW")
        with simulated(3, "--port", str(port), "--one-port", "--bare", *faults) as (_, lines):
            assert {line["mavlink"] for line in lines} == {f"udpin://127.0.0.1:{port}"}
            assert [line["rtsp"] for line in lines] == [None] * 3
            assert heard_systems(listener, 3) == {1, 2, 3}
            assert armed_by_order(listener, 2) == {2}
            assert charge_of(listener) <= 12  # the fault that was ordered has come


def armed_by_order(listener: socket.socket, system_id: int) -> set[int]:
    """Order one to arm at the addresses of all; which of them then say that they are armed."""
    out = mavlink.MAVLink(None, srcSystem=255, srcComponent=190)
    order = mavlink.MAVLink_command_long_message(system_id, 1, 400, 0, 1, 0, 0, 0, 0, 0, 0)
    parser = mavlink.MAVLink(None)
    armed: dict[int, bool] = {}
    addresses = set()
    while len(armed) < 3 or not any(armed.values()):
        data, address = listener.recvfrom(2048)
        if address not in addresses:
            addresses.add(address)
            listener.sendto(order.pack(out), address)
        for message in parser.parse_buffer(data) or []:
            if message.get_type() == "HEARTBEAT":
                armed[message.get_srcSystem()] = bool(message.base_mode & 128)
    return {number for number, is_armed in armed.items() if is_armed}


def charge_of(listener: socket.socket) -> int:
    """The first battery level that is told from now on."""
    parser = mavlink.MAVLink(None)
    while True:
        for message in parser.parse_buffer(listener.recv(2048)) or []:
            if message.get_type() == "BATTERY_STATUS":
                return int(message.battery_remaining)


# --- a PX4 of the user's; a stand-in here, for none is built where the tests run

STAND_IN = """#!{python}
import math, os, socket, sys, time
from pymavlink.dialects.v20 import common as mavlink

assert os.environ["PX4_SIM_MODEL"] == "sihsim_quadx", "no model"
number = int(sys.argv[sys.argv.index("-i") + 1])
lat, lon = (int(1e7 * float(os.environ[f"PX4_HOME_{axis}"])) for axis in ("LAT", "LON"))
open(sys.argv[0] + ".pid", "w").write(str(os.getpid()))
shown, out = socket.socket(type=socket.SOCK_DGRAM), mavlink.MAVLink(None, srcSystem=number + 1)
shown.connect(("127.0.0.1", 19410 + number))
east = [math.cos(math.pi / 4), 0.0, 0.0, math.sin(math.pi / 4)]
while True:
    for message in (
        mavlink.MAVLink_heartbeat_message(2, 12, 29, 0, 3, 3),
        mavlink.MAVLink_hil_state_quaternion_message(
            0, east, 0, 0, 0, lat, lon + 2000, 42000, 0, 0, 0, 0, 0, 0, 0, 0
        ),
        mavlink.MAVLink_global_position_int_message(0, lat, lon, 0, 0, 0, 0, 0, 0),
    ):
        shown.send(message.pack(out))
    time.sleep(0.1)
"""


def a_px4(folder: Path, text: str = STAND_IN) -> Path:
    (folder / "etc").mkdir()
    (folder / "bin").mkdir()
    program = folder / "bin" / "px4"
    program.write_text(text.replace("{python}", sys.executable), encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return folder


def test_a_px4_is_started_waited_for_carries_our_camera_and_is_stopped(tmp_path: Path) -> None:
    with simulated(1, "--px4", str(a_px4(tmp_path))) as (process, (line,)):
        assert (line["system_id"], line["mavlink"]) == (1, "udpin://127.0.0.1:14540")
        assert picture_size(line["rtsp"]) == (1280, 720)
        pid = int((tmp_path / "bin" / "px4.pid").read_text())
        os.kill(pid, 0)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=ENDS_WITHIN_S)
        assert process.returncode == 0
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_px4_that_ends_at_once_is_told_with_its_last_words(tmp_path: Path) -> None:
    text = "#!/bin/sh\necho ERROR: no such airframe\nexit 3\n"
    code, said = refused("--px4", str(a_px4(tmp_path, text)))
    assert code == 1
    assert "a PX4 ended by itself (code 3): ERROR: no such airframe" in said


def test_a_px4_that_may_not_be_run_is_told_in_one_sentence(tmp_path: Path) -> None:
    folder = a_px4(tmp_path)
    (folder / "bin" / "px4").chmod(0o644)
    code, said = refused("--px4", str(folder))
    assert code == 2
    assert "may not be run" in said
