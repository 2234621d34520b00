"""`gridpatrol sim --aircraft 2` and a station: two sorties at once, and both after a kill."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.two_aircraft import GRIDS, NAMES
from tests.wire.test_readoption import living, set_patience
from tests.wire.test_serve_command import SCENARIO, Station, unit_of
from tests.wire.test_sim_command import simulated

pytestmark = pytest.mark.timeout(120)
SPEED = "10"


def settings(folder: Path, ports: list[int]) -> Path:
    """Two aircraft on their lines; nobody is at the addresses of cameras and loudspeakers."""
    path = folder / "station.toml"
    aircraft = "".join(
        f"""
[[aircraft]]
name = "{name}"
connect = "udpin://127.0.0.1:{port}"
system_id = {number}
[aircraft.camera]
camera_id = "cam-{number}"
url = "rtsp://127.0.0.1:9/{number}"
[aircraft.speaker]
url = "http://127.0.0.{number}:9"
"""
        for number, (name, port) in enumerate(zip(NAMES, ports, strict=True), start=1)
    )
    own = f"port = 0\ndata_dir = {json.dumps(str(folder / 'records'))}\nis_exercise = true\n"
    path.write_text(own + "ready_within_s = 1.0\n" + aircraft, encoding="utf-8")
    return path


def free_ports() -> list[int]:
    """Two in a row, looked for elsewhere by each test process."""
    for port in range(30_000 + os.getpid() % 1000, 32_700, 2):
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
        ):
            try:
                one.bind(("127.0.0.1", port))
                other.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return [port, port + 1]
    raise AssertionError("no two free ports")


def be_patient(port: int, system_id: int) -> None:
    """Answer where it sends to, as the station will, before the station has the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", port))
        line.settimeout(10.0)
        line.connect(line.recvfrom(2048)[1])
        set_patience(line, system_id)


def is_ready(state: dict[str, Any]) -> bool:
    """Both say where home is and that they stand there."""
    ready = [one for one in state["aircraft"] if one["home"] and one["is_in_air"] is False]
    return len(ready) == len(NAMES)


def shows(state: str) -> Callable[[dict[str, Any]], bool]:
    """Whether the board shows every aircraft's sortie so."""
    return lambda now: all(
        (unit_of(now, name)["sortie"] or {}).get("state") == state for name in NAMES
    )


def launched(station: Station) -> list[str]:
    """A plan for each, and then both launches at once."""
    station.until(is_ready)
    plan_ids = []
    for name, grid in zip(NAMES, GRIDS, strict=True):
        made = station.post("/plans", "LEAD", grid_code=grid, aircraft=name)
        assert made.status_code == 201, made.text
        plan_ids.append(made.json()["plan"]["plan_id"])
        path = f"/plans/{plan_ids[-1]}/approve"
        approved = station.post(path, "LEAD", digest=made.json()["digest"])
        assert approved.status_code == 200, approved.text
    with ThreadPoolExecutor(2) as threads:
        answers = list(
            threads.map(lambda one: station.post("/sorties", "PILOT", plan_id=one), plan_ids)
        )
    assert [answer.status_code for answer in answers] == [202, 202]
    return [str(answer.json()["sortie"]) for answer in answers]


def hold_the_first(station: Station, sortie: str) -> None:
    """The pilot holds one; the other flies on past a waypoint."""
    held = station.post("/sortie/hold", "PILOT", aircraft="GP-1")
    assert held.is_success, held.text
    assert held.json()["sortie"] == sortie
    now = station.until(
        lambda now: unit_of(now, "GP-2")["sortie"]["waypoint_index"] >= 1, within_s=40.0
    )
    assert unit_of(now, "GP-1")["sortie"]["state"] == "HOLDING"
    assert unit_of(now, "GP-2")["sortie"]["state"] == "AIRBORNE"


def recorded(folder: Path) -> set[tuple[str, str]]:
    """Which aircraft's samples stand under which sortie."""
    path = folder / "records" / "telemetry.db"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        query = "SELECT DISTINCT vehicle_id, sortie FROM telemetry WHERE is_in_air = 1"
        return {(str(name), str(sortie)) for name, sortie in database.execute(query)}


def test_two_fly_at_once_and_both_are_taken_over_by_the_station_that_comes_after_a_killed_one(
    tmp_path: Path,
) -> None:
    scenario = tmp_path / "scenario.json"
    scenario.write_text(json.dumps(SCENARIO.body | {"passers_by": 0}), encoding="utf-8")
    ports = free_ports()
    path = settings(tmp_path, ports)
    options = ("--port", str(ports[0]), "--speed", SPEED, "--bare", "--scenario", str(scenario))
    with simulated(2, *options):
        for number, port in enumerate(ports, start=1):
            be_patient(port, number)
        with living(path) as first:
            sorties = launched(first.station)
            first.station.until(shows("AIRBORNE"), within_s=40.0)
            hold_the_first(first.station, sorties[0])
            first.kill()
        assert recorded(tmp_path) == set(zip(NAMES, sorties, strict=True))
        with living(path) as second:
            adopted = second.station.until(
                lambda now: all(unit_of(now, name)["sortie"] for name in NAMES), within_s=30.0
            )
            found = [unit_of(adopted, name)["sortie"]["id"] for name in NAMES]
            assert found == sorties
            second.station.until(
                lambda now: (
                    unit_of(now, "GP-1")["sortie"]["state"] == "HOLDING"
                    and unit_of(now, "GP-2")["sortie"]["state"] == "AIRBORNE"
                )
            )
            for name in NAMES:
                answer = second.station.post("/sortie/return", "PILOT", aircraft=name)
                assert answer.status_code == 200, answer.text
            second.station.until(shows("RETURNING"))
    own = set(zip(NAMES, sorties, strict=True))
    assert own <= recorded(tmp_path) <= own | {(name, "") for name in NAMES}
