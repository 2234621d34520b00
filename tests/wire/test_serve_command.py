"""`gridpatrol serve` from outside: it starts, flies a real `python -m sim`, refuses, and ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from ground_station.demo_scenario import make_scenario
from ground_station.store.chain import verify
from patrol.clock import parse_utc
from tests.contract import Contract
from tests.persons import token_in
from tests.plain_http import NO_TLS

pytestmark = pytest.mark.timeout(60)  # three processes come up, each with a model or a store
ENDS_WITHIN_S = 5.0
SCENARIO = make_scenario(seed=1, scenario="empty")
GRID = SCENARIO.grid_code
SMALL = {"width_px": 320, "height_px": 180, "hfov_deg": 40.0, "frames_per_s": 1}
NOBODY = {
    "aircraft": "udpout://127.0.0.1:9", "camera": "rtsp://127.0.0.1:9/camera",
    "speaker": "http://127.0.0.1:9",
}  # fmt: skip
STATE_KEYS = {"station", "clock", "register", "aircraft", "units", "cases", "missions", "story"}
UNIT_KEYS = {
    "sortie", "alert", "alerts", "announcement", "effect", "crowd", "people", "look", "camera",
}  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Station:
    """A station as a process; `log` is what it writes to standard error."""

    process: subprocess.Popen[str]
    token: str
    url: str = ""
    log: list[str] = field(default_factory=list)

    def state(self) -> dict[str, Any]:
        body: dict[str, Any] = httpx.get(
            f"{self.url}/api/state", headers=self.headers, trust_env=False, verify=NO_TLS
        ).json()
        return body

    @property
    def headers(self) -> dict[str, str]:
        """What Huang's program shows."""
        return {"Authorization": f"Bearer {self.token}"}

    def connect(self, path: str) -> ClientConnection:
        """A socket of Huang's."""
        return connect(self.url.replace("http", "ws") + path, additional_headers=self.headers)

    def post(self, path: str, role: str, **body: Any) -> httpx.Response:
        return httpx.post(
            f"{self.url}/api{path}", json={"role": role, **body},
            headers=self.headers, timeout=30.0, trust_env=False, verify=NO_TLS,
        )  # fmt: skip

    def until(
        self, condition: Callable[[dict[str, Any]], object], within_s: float = 15.0
    ) -> dict[str, Any]:
        """The state once it is so, with a deadline."""
        deadline_s = time.monotonic() + within_s
        while not condition(state := self.state()):
            assert time.monotonic() < deadline_s, state
            time.sleep(0.05)
        return state

    def interrupt(self) -> tuple[int, float]:
        """Ctrl-C in a terminal, which all of its processes get; exit code and how long it took."""
        started_s = time.monotonic()
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(3 * ENDS_WITHIN_S), time.monotonic() - started_s


def config(folder: Path, addresses: dict[str, str], *lines: str) -> Path:
    """A settings file for a station on any free port."""
    path = folder / "station.toml"
    parts = "\n".join(
        f'[{part}]\n{"connect" if part == "aircraft" else "url"} = "{address}"'
        for part, address in addresses.items()
    )
    own = f"port = 0\ndata_dir = {json.dumps(str(folder / 'records'))}\nis_exercise = true\n"
    path.write_text(own + "".join(f"{line}\n" for line in lines) + parts, encoding="utf-8")
    return path


def command(path: Path) -> list[str]:
    return [sys.executable, "-m", "ground_station", "serve", "--config", str(path)]


@contextmanager
def serving(path: Path) -> Iterator[Station]:
    """A station that said it is ready, and is gone afterwards with all its children."""
    token = token_in(path.parent / "records", "Huang")
    with subprocess.Popen(
        command(path), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        station = Station(process=process, token=token)
        reader = threading.Thread(target=station.log.extend, args=(process.stderr,))
        reader.start()
        try:
            line = process.stdout.readline()
            assert line, "".join(station.log)
            station.url = json.loads(line)["url"]
            yield station
        finally:
            process.terminate()  # so that it ends its own child, too
            try:
                process.wait(2 * ENDS_WITHIN_S)
            finally:
                process.kill()
                reader.join()


def has_home(state: dict[str, Any]) -> bool:
    aircraft = next(iter(state["aircraft"]), None)
    return bool(aircraft and aircraft["home"] and aircraft["is_in_air"] is False)


def unit_of(state: dict[str, Any], aircraft: str = "GP-1") -> dict[str, Any]:
    """What the board has of one aircraft."""
    unit: dict[str, Any] = state["units"][aircraft]
    return unit


def refused(path: Path) -> subprocess.CompletedProcess[str]:
    """What a station says that cannot start."""
    return subprocess.run(
        command(path), capture_output=True, check=False, stdin=subprocess.DEVNULL, text=True,
        timeout=18,
    )  # fmt: skip


def is_told(ended: subprocess.CompletedProcess[str]) -> bool:
    """In words, on standard error, with the exit code of wrong use."""
    is_words = ended.stderr.startswith("gridpatrol: ") and "Traceback" not in ended.stderr
    return ended.returncode == 2 and ended.stdout == "" and is_words


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    path = tmp_path_factory.mktemp("sim") / "scenario.json"
    body = SCENARIO.body | {"camera": SMALL, "passers_by": 0}
    path.write_text(json.dumps(body), encoding="utf-8")
    arguments = ["-m", "sim", "--scenario", str(path), "--speed", "10"]
    with subprocess.Popen(
        [sys.executable, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.kill()


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    """A station whose aircraft, camera and loudspeaker are all away."""
    with serving(config(tmp_path_factory.mktemp("alone"), NOBODY)) as station:
        yield station


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("station")


@pytest.fixture(scope="module")
def station(alone: Station, sim: dict[str, str], records: Path) -> Iterator[Station]:
    """A station that reaches the simulated aircraft; it comes up while the other one waits.

    It has no camera: with a slow eye it would slow its exercise down.
    """
    assert alone.url
    addresses = NOBODY | {"aircraft": sim["mavlink_url"]}
    clock = f'clock_url = "{sim["clock_url"]}"'
    with serving(config(records, addresses, clock, "ready_within_s = 5.0")) as started:
        yield started


@pytest.fixture(scope="module")
def sortie(station: Station) -> str:
    """A launched sortie. Its pre-flight waits five seconds for the camera and the loudspeaker."""
    station.until(has_home)
    made = station.post("/plans", "LEAD", grid_code=GRID).json()
    path = f"/plans/{made['plan']['plan_id']}/approve"
    approved = station.post(path, "LEAD", digest=made["digest"])
    assert approved.status_code == 200, approved.text
    launched = station.post("/sorties", "PILOT", plan_id=made["plan"]["plan_id"])
    assert launched.status_code == 202, launched.text
    return str(launched.json()["sortie"])


def test_it_serves_the_console_and_the_whole_state(station: Station) -> None:
    page = httpx.get(station.url, trust_env=False)
    assert page.status_code == 200
    assert "<html" in page.text
    state = station.state()
    assert set(state) == STATE_KEYS
    assert state["station"]["is_exercise"] is True
    assert state["register"]["is_synthetic"] is True
    assert state["cases"] == []
    (unit,) = state["units"].values()
    assert set(unit) == UNIT_KEYS
    assert (unit["camera"]["id"], unit["sortie"], unit["alert"]) == ("cam-1", None, None)


def test_the_aircraft_is_shown_with_its_home_as_it_told_it(station: Station) -> None:
    """Before the first test that launches it: from then on it is armed when it pleases."""
    aircraft = station.until(
        lambda state: has_home(state) and state["aircraft"][0]["is_armed"] is not None
    )["aircraft"][0]
    assert aircraft["home"] == pytest.approx(SCENARIO.body["home"], abs=1e-5)
    assert (aircraft["id"], aircraft["is_armed"], aircraft["is_in_air"]) == ("GP-1", False, False)
    assert aircraft["link_age_s"] < 3.0


def test_state_and_live_messages_are_as_the_running_station_describes_them(
    station: Station, sortie: str
) -> None:
    described = httpx.get(f"{station.url}/api/openapi.json", trust_env=False).json()
    contract, kinds = Contract(described), set[str]()
    contract.check_body({"$ref": "#/components/schemas/State"}, station.until(has_home))
    with station.connect("/ws/live") as live:
        assert station.post("/shift", "LEAD").status_code == 201
        while kinds != {"state", "patch", "event"}:
            message = json.loads(live.recv(timeout=15.0))
            contract.check_message(message)
            kinds.add(message["type"])
    assert unit_of(station.state())["sortie"]["id"] == sortie


def test_world_time_is_the_exercises(station: Station, sim: dict[str, str]) -> None:
    shown = parse_utc(station.until(lambda state: state["clock"]["speed"] == 10.0)["clock"]["utc"])
    theirs = parse_utc(httpx.get(sim["clock_url"], trust_env=False).json()["world_utc"])
    assert abs((theirs - shown).total_seconds()) < 10.0  # a second of the wall


def test_a_plan_needs_a_known_grid_a_home_and_the_digest_that_was_looked_at(
    station: Station, alone: Station
) -> None:
    unknown = station.post("/plans", "LEAD", grid_code=GRID[:-1] + "9")
    assert 400 <= unknown.status_code < 500
    assert "did you mean" in unknown.json()["error"]
    homeless = alone.post("/plans", "LEAD", grid_code=GRID)
    assert homeless.status_code == 409
    assert homeless.json()["error"] == "the aircraft has not told its home position yet"
    station.until(has_home)
    made = station.post("/plans", "PILOT", grid_code=GRID)
    assert made.status_code == 201
    path = f"/plans/{made.json()['plan']['plan_id']}/approve"
    wrong = station.post(path, "LEAD", digest="0" * 64)
    assert wrong.status_code == 409
    assert "the digest differs" in wrong.json()["error"]
    flown = station.post("/sorties", "PILOT", plan_id=made.json()["plan"]["plan_id"])
    assert flown.status_code == 409
    assert "is not approved" in flown.json()["error"]


def test_a_launched_sortie_is_not_launched_again_and_not_signed_before_it_has_landed(
    station: Station, sortie: str
) -> None:
    plan_id = sortie.removesuffix("-S01")
    again = station.post("/sorties", "PILOT", plan_id=plan_id)
    assert (again.status_code, again.json()["error"]) == (409, f"sortie {sortie} is not closed yet")
    early = station.post(f"/sorties/{sortie}/sign", "REG")
    assert early.status_code == 409
    assert "after landing" in early.json()["error"]


def test_an_aircraft_and_a_camera_that_are_away_are_told_once_and_the_station_serves_on(
    alone: Station,
) -> None:
    deadline_s = time.monotonic() + 15.0
    while not {"aircraft", "camera"} <= set(lost(alone.log)):
        assert time.monotonic() < deadline_s, alone.log
        time.sleep(0.05)
    assert "no autopilot was heard at udpout://127.0.0.1:9" in lost(alone.log)["aircraft"]
    state = alone.until(lambda state: unit_of(state)["camera"]["state"] == "lost")
    unit = unit_of(state)
    assert "no camera answers" in unit["camera"]["text"]
    assert (state["aircraft"], unit["look"], unit["people"]) == ([], None, [])
    assert alone.process.poll() is None


def lost(log: list[str]) -> dict[str, str]:
    """What the station's log says is away, and why."""
    told: dict[str, str] = {}
    for line in log:
        if not line.startswith("{"):
            continue  # MAVSDK's own lines
        entry = json.loads(line)
        if entry["event"] == "aircraft lost":
            assert "aircraft" not in told
            told["aircraft"] = entry["reason"]
        elif entry["event"] == "camera" and entry["state"] == "lost":
            told["camera"] = entry["text"]
    return told


def test_ctrl_c_ends_it_within_five_seconds_with_open_clients_and_exit_code_0(
    tmp_path: Path,
) -> None:
    with serving(config(tmp_path, NOBODY)) as station:
        with (
            station.connect("/api/live") as live,
            httpx.stream(
                "GET", f"{station.url}/api/events", headers=station.headers, trust_env=False,
                timeout=10.0,
            ),
        ):  # fmt: skip
            assert json.loads(live.recv(5.0))["type"] == "state"
            code, took_s = station.interrupt()
    assert code == 0, station.log
    assert took_s < ENDS_WITHIN_S


def test_a_port_that_is_taken_and_a_folder_of_another_station_are_told(
    tmp_path: Path, alone: Station
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        path = config(tmp_path, NOBODY)
        path.write_text(path.read_text().replace("port = 0", f"port = {port}"))
        ended = refused(path)
    assert is_told(ended), ended.stderr
    assert f"port {port} on 127.0.0.1 is in use" in ended.stderr
    folder = Path(alone.process.args[-1]).parent  # type: ignore[index, arg-type]
    second = refused(folder / "station.toml")
    assert is_told(second), second.stderr
    assert f"another station works in {folder / 'records'}" in second.stderr


def test_settings_that_are_wrong_are_told_by_name_with_exit_code_2(tmp_path: Path) -> None:
    def changed(name: str, old: str, new: str, *lines: str) -> Path:
        (tmp_path / name).mkdir()
        path = config(tmp_path / name, NOBODY, *lines)
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
        return path

    wrong = {
        "cannot be read": tmp_path / "missing.toml",
        "password": changed("more", "port = 0", 'port = 0\npassword = "x"'),
        "not an aircraft's address": changed("kite", "udpout://", "kite://"),
        "no exercise clock": changed("clock", "", "", 'clock_url = "http://127.0.0.1:9/clock"'),
    }
    with ThreadPoolExecutor(2) as threads:
        answers = dict(zip(wrong, threads.map(refused, wrong.values()), strict=True))
    for words, ended in answers.items():
        assert is_told(ended), f"{words}: {ended.returncode} {ended.stderr}"
        assert words in ended.stderr


def test_a_sortie_is_held_resumed_brought_home_signed_and_its_log_closed(
    station: Station, sortie: str, records: Path
) -> None:
    def is_shown(shown: str) -> Callable[[dict[str, Any]], bool]:
        return lambda state: bool(unit_of(state)["sortie"]["state"] == shown)

    station.until(is_shown("AIRBORNE"), within_s=40.0)
    station.until(lambda state: state["aircraft"][0]["mode"] == "mission")
    for verb, shown in (("hold", "HOLDING"), ("resume", "AIRBORNE"), ("return", "RETURNING")):
        answer = station.post(f"/sortie/{verb}", "PILOT")
        assert answer.status_code == 200, answer.text
        station.until(is_shown(shown))
    station.until(is_shown("LANDED"), within_s=30.0)
    for role in ("PILOT", "REG"):
        assert station.post(f"/sorties/{sortie}/sign", role).status_code == 200
    state = station.until(lambda state: state["story"][-1]["event"] == "log.closed")
    assert unit_of(state)["sortie"]["state"] == "CLOSED"
    url = f"{station.url}/api/missions?state=CLOSED"
    answer = httpx.get(url, headers=station.headers, timeout=30.0, trust_env=False)
    (mission,) = answer.json()["items"]
    steps = ["plan", "clear", "launch", "take_off", "land", "sign"]
    assert [step["event"] for step in mission["steps"]] == steps
    closed, names = state["story"][-1], [event["event"] for event in state["story"]]
    assert [names.count(name) for name in ("hold", "resumed", "returning", "landed")] == [1] * 4
    path = records / "records" / "gridpatrol.db"
    assert verify(path, closed["rows"], closed["head"]).is_intact
