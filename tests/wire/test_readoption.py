"""A station killed at any instant of a flight and started again finds its aircraft and goes on."""

from __future__ import annotations

import io
import json
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pymavlink.dialects.v20 import common as mavlink

from tests.persons import token_in
from tests.wire.test_serve_command import (
    GRID,
    NOBODY,
    SCENARIO,
    SMALL,
    Station,
    config,
    has_home,
    unit_of,
)

pytestmark = pytest.mark.timeout(120)
RECORDED_WITHIN_S = 5.0


@dataclass(slots=True, kw_only=True)
class Killed:
    """A station process, for as long as it lives."""

    process: subprocess.Popen[str]
    station: Station
    log: Path

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10.0)


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    path = tmp_path_factory.mktemp("sim") / "scenario.json"
    path.write_text(json.dumps(SCENARIO.body | {"camera": SMALL, "passers_by": 0}), "utf-8")
    with subprocess.Popen(
        [sys.executable, "-m", "sim", "--scenario", str(path), "--speed", "10"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            be_patient(told["mavlink_url"])
            yield told
        finally:
            process.kill()


def be_patient(url: str) -> None:
    """A loaded machine starts Python slowly: for that alone the aircraft shall not come home."""
    address = url.removeprefix("udpout://").split(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.connect((address[0], int(address[1])))
        set_patience(out)


def set_patience(out: socket.socket, system_id: int = 1) -> None:
    """Set the time until link loss to a minute and a half, on a socket that reaches it."""
    sender = mavlink.MAVLink(io.BytesIO(), srcSystem=245, srcComponent=190)
    seconds = struct.unpack("<f", struct.pack("<i", 90))[0]
    message = sender.param_set_encode(system_id, 1, b"COM_DL_LOSS_T", seconds, 6)
    out.settimeout(10.0)
    answer = mavlink.MAVLink(io.BytesIO())
    while True:
        out.send(message.pack(sender))
        for heard in answer.parse_buffer(out.recv(2048)) or []:
            if heard.get_type() == "PARAM_VALUE" and heard.param_id == "COM_DL_LOSS_T":
                return


@contextmanager
def living(path: Path, *words: str) -> Iterator[Killed]:
    """`python -m ground_station.station` or what is named, ready, and certainly gone afterwards."""
    log = path.with_suffix(f".{time.monotonic_ns()}.log")
    token = token_in(path.parent / "records", "Huang")
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            [sys.executable, "-m", *(words or ["ground_station.station"]), "--config", str(path)],
            text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
        ) as process,
    ):  # fmt: skip
        try:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            station = Station(process=process, token=token, url=ready["url"])
            yield Killed(process=process, station=station, log=log)
        finally:
            process.kill()


def launched(station: Station) -> str:
    station.until(lambda now: has_home(now) and now["aircraft"][0]["is_in_air"] is not None)
    made = station.post("/plans", "LEAD", grid_code=GRID).json()
    plan_id = made["plan"]["plan_id"]
    station.post(f"/plans/{plan_id}/approve", "LEAD", digest=made["digest"])
    answer = station.post("/sorties", "PILOT", plan_id=plan_id)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["sortie"])


def names(state: dict[str, Any]) -> list[str]:
    return [event["event"] for event in state["story"]]


def sortie_of(state: dict[str, Any]) -> dict[str, Any]:
    return unit_of(state)["sortie"] or {}


def shows(state: str) -> Callable[[dict[str, Any]], bool]:
    return lambda now: bool(sortie_of(now) and sortie_of(now)["state"] == state)


def rows(folder: Path, sortie: str) -> int:
    path = folder / "records" / "telemetry.db"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        query = "SELECT count(*) FROM telemetry WHERE sortie = ? AND is_in_air = 1"
        return int(database.execute(query, (sortie,)).fetchone()[0])


def it_goes_on_recording(folder: Path, sortie: str, before: int) -> None:
    deadline_s = time.monotonic() + RECORDED_WITHIN_S
    while rows(folder, sortie) <= before:  # written once a second
        assert time.monotonic() < deadline_s, "it does not go on recording"
        time.sleep(0.05)


def it_is_brought_home_and_signed(station: Station, sortie: str) -> None:
    assert station.post("/sortie/return", "PILOT").status_code == 200
    landed = station.until(shows("LANDED"), within_s=60.0)
    assert sortie_of(landed)["id"] == sortie
    for role in ("PILOT", "REG"):
        answer = station.post(f"/sorties/{sortie}/sign", role)
        assert answer.status_code == 200, answer.text
    station.until(lambda now: names(now)[-1] == "log.closed")


def test_a_station_killed_in_flight_takes_its_aircraft_over_again_and_follows_it_to_a_closed_log(
    sim: dict[str, Any], tmp_path: Path
) -> None:
    addresses = NOBODY | {"aircraft": sim["mavlink_url"]}
    clock = f'clock_url = "{sim["clock_url"]}"'
    path = config(tmp_path, addresses, clock, "ready_within_s = 3.0")
    with living(path) as first:
        sortie = launched(first.station)
        flying = first.station.until(
            lambda now: shows("AIRBORNE")(now) and sortie_of(now)["waypoint_index"] >= 1,
            within_s=60.0,
        )
        first.kill()
    before = rows(tmp_path, sortie)
    assert before > 0
    with living(path, "ground_station", "serve") as second:
        station = second.station
        early = station.post("/sorties", "PILOT", plan_id=sortie.removesuffix("-S01"))
        assert early.status_code in (404, 409), "nothing flies a second time"
        found = station.until(lambda now: "sortie.adopted" in names(now))
        told = next(event for event in found["story"] if event["event"] == "sortie.adopted")
        assert (told["sortie"], told["mode"]) == (sortie, "mission")
        assert told["waypoint"] >= sortie_of(flying)["waypoint_index"]
        assert (sortie_of(found)["id"], sortie_of(found)["state"]) == (sortie, "AIRBORNE")
        assert "hold" not in names(found), "it commands nothing that nobody asked for"
        it_goes_on_recording(tmp_path, sortie, before)
        assert station.post("/sortie/hold", "PILOT").status_code == 200
        station.until(shows("HOLDING"))
        second.process.send_signal(signal.SIGINT)
        assert second.process.wait(10.0) == 0
    assert "left in the air" in second.log.read_text("utf-8")
    with living(path) as third:
        station = third.station
        found = station.until(lambda now: "sortie.adopted" in names(now))
        assert (sortie_of(found)["id"], sortie_of(found)["state"]) == (sortie, "HOLDING")
        assert found["aircraft"][0]["mode"] == "hold", "only the pilot sends it on"
        assert station.post("/sortie/resume", "PILOT").status_code == 200
        station.until(lambda now: now["aircraft"][0]["mode"] == "mission")
        it_is_brought_home_and_signed(station, sortie)
