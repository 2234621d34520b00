"""`gridpatrol fly` from outside, on a real `python -m sim`: steps, refusals, and the way home."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import pytest

from missions.formats import write_json
from missions.tested import record_path
from patrol.geo import Datum, Height, distance_m, offset
from patrol.plan import MissionPlan
from patrol.telemetry import FlightMode
from sim.aircraft import SimAircraft
from sim.clock import SimClock
from sim.faults import Fault
from tests.papers import open_sky, write_papers
from tests.unit.test_plan_words import HOME
from tests.unit.test_tested import a_record
from tests.wire.test_sim_aircraft import ELEVATION_M, SPEED, a_fence, a_loop, linked, simulator

pytestmark = pytest.mark.timeout(60)  # a flight takes its time
ENDS_WITHIN_S = 5.0
NOBODY = "udpout://127.0.0.1:9"
BESIDE = ("vehicle.said", "plan.finding")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How the command ended."""

    code: int
    out: str
    err: str
    took_s: float

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def is_one_sentence(self) -> bool:
        """A mistake is told in one line, and by no traceback. MAVSDK's own lines come in colour."""
        heads = (
            "plan M-1, digest ", "looking for an autopilot", "\x1b[",
            "waiting for the aircraft to be ready: ",  # where the machine is slow
        )  # fmt: skip
        lines = [line for line in self.err.splitlines() if not line.startswith(heads)]
        return len(lines) == 1 and lines[0].startswith("gridpatrol: ")


def command(plan: Path, url: str, *options: str) -> list[str]:
    return [sys.executable, "-m", "ground_station", "fly", str(plan), "--connect", url, *options]


@contextmanager
def flying(plan: Path, url: str, *options: str) -> Iterator[subprocess.Popen[str]]:
    """The command as a process that is certainly gone afterwards."""
    with subprocess.Popen(
        command(plan, url, *options), env={**os.environ, "NO_COLOR": "1"}, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def fly(plan: Path, url: str, *options: str, within_s: float = 18.0) -> Ended:
    started_s = time.monotonic()
    with flying(plan, url, *options) as process:
        out, err = process.communicate(timeout=within_s)
    took_s = time.monotonic() - started_s
    return Ended(code=process.returncode, out=out, err=err, took_s=took_s)


def interrupt(process: subprocess.Popen[str]) -> Ended:
    """Ctrl-C, and how it ended."""
    started_s = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=ENDS_WITHIN_S)
    took_s = time.monotonic() - started_s
    return Ended(code=process.returncode, out=out, err=err, took_s=took_s)


def a_low_loop(side_m: float = 30.0) -> MissionPlan:
    """Twelve metres up, so that little time goes into climbing."""
    plan, height = a_loop(side_m), Height(metres=12.0, datum=Datum.HOME)
    waypoints = tuple(replace(waypoint, height=height) for waypoint in plan.waypoints)
    return replace(plan, waypoints=waypoints, return_height=height)


def written(folder: Path, plan: MissionPlan, *, is_approved: bool = True) -> Path:
    path = folder / "plan.json"
    if is_approved:
        plan = plan.approved("Zheng", datetime.now(UTC))
    write_json(path, plan.to_dict())
    return path


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One simulator for the flights that never leave the ground."""
    with simulator(tmp_path_factory.mktemp("sim")) as address:
        yield address


def test_a_plan_is_flown_with_each_step_told_and_the_aircraft_lands(tmp_path: Path) -> None:
    plan = a_low_loop()
    with simulator(tmp_path) as own:
        flown = fly(
            written(tmp_path, plan), own, "--json", "--logs", str(tmp_path / "logs"), within_s=50.0
        )
    assert flown.code == 0, flown.err
    kept = sorted(file.suffix for file in (tmp_path / "logs").iterdir())
    assert kept == [".tlog", ".ulg"], flown.err
    ours = [event for event in flown.events if event["event"] not in BESIDE]
    assert [event["event"] for event in ours] == [
        "mission.uploaded", "preflight", "airborne", "waypoint", "waypoint", "waypoint", "waypoint",
        "mission.flown", "returning", "landed",
    ]  # fmt: skip
    assert all(list(event)[:4] == ["t_utc", "event", "sortie", "grid"] for event in flown.events)
    assert {(event["sortie"], event["grid"]) for event in ours} == {("M-1-S01", plan.grid_code)}
    assert "Traceback" not in flown.err


def test_ctrl_c_in_mid_flight_sends_the_aircraft_home_and_says_so(tmp_path: Path) -> None:
    plan = written(tmp_path, a_low_loop(80.0))
    with simulator(tmp_path) as own:
        with flying(plan, own) as process:
            assert process.stdout is not None
            told: list[str] = []
            while not any("waypoint 1" in line for line in told):
                line = process.stdout.readline()
                assert line, told
                told.append(line)
            ended = interrupt(process)
        assert ended.code == 1
        assert ended.took_s < ENDS_WITHIN_S
        assert "the aircraft was told to come home and is on its way" in ended.err
        assert "Traceback" not in ended.err
        assert "returning home" not in "".join(told)
        anyio.run(see_it_home, own)


async def see_it_home(url: str) -> None:
    """Another ground station sees that it really comes home."""
    async with linked(url) as link:
        assert link.sample.mode in (FlightMode.RETURN, FlightMode.LAND, FlightMode.HOLD)
        down = await link.until(lambda s: s.is_in_air is False and not s.is_armed, within_s=25.0)
        assert down.position is not None
        assert distance_m(down.position, HOME) < 3.0


def test_nobody_at_the_address_is_told_in_one_sentence_within_ten_seconds(tmp_path: Path) -> None:
    ended = fly(written(tmp_path, a_loop()), NOBODY)
    assert ended.code == 1
    assert ended.took_s < 10.0
    assert ended.is_one_sentence, ended.err
    assert NOBODY in ended.err
    assert "mission uploaded" not in ended.out


def test_a_live_flight_untested_or_declared_by_nobody_stays_down_and_a_declared_one_is_checked(
    tmp_path: Path, url: str
) -> None:
    live = written(tmp_path, replace(a_loop(), is_exercise=False))
    law = cleared_by(tmp_path)
    untested = fly(live, url, *law)
    assert untested.code == 1
    assert "the route is a DRAFT" in untested.err
    write_json(record_path(live), a_record(a_loop()).to_dict())
    ended = fly(live, url, *law)
    assert ended.code == 1
    assert "the route is TESTED: flown whole on PX4" in ended.out
    assert "nobody has declared that remote identification sends" in ended.out + ended.err
    declared = fly(live, url, *law, "--declare", "Huang", "--json")
    found = next(event for event in declared.events if event["event"] == "preflight")["findings"]
    codes = {finding["code"]: finding["level"] for finding in found}
    # The simulator's exercise is days away from the machine's clock.
    assert codes["clock.off"] == "stop"
    assert not {code for code in codes if code.startswith("declare.")} - {"declare.by"}


def test_a_live_flight_is_cleared_by_the_law_before_any_aircraft_is_looked_for(
    tmp_path: Path,
) -> None:
    live = written(tmp_path, replace(a_loop(), is_exercise=False))
    write_json(record_path(live), a_record(a_loop()).to_dict())
    bare = fly(live, NOBODY)
    assert (bare.code, "held against the law first" in bare.err) == (1, True)
    relayed = fly(live, NOBODY, *cleared_by(tmp_path, link="public-network"))
    assert relayed.code == 1
    assert "条例第31条第2款(一)：需飞行活动申请，截止前一日12:00" in relayed.out
    assert "looking for an autopilot" not in bare.err + relayed.err


def cleared_by(folder: Path, **aircraft: str) -> list[str]:
    """The options of a unit that may fly by day and night."""
    papers = write_papers(folder / "papers.toml", names=("GP-1",), aircraft=aircraft)
    sky = open_sky(folder / "sky.geojson", datetime.now(UTC))
    return ["--papers", str(papers), "--airspace", str(sky)]


def test_whoever_starts_it_answers_for_it_by_name_and_can_stop_it_before_any_contact(
    tmp_path: Path,
) -> None:
    plan = written(tmp_path, a_loop(), is_approved=False)
    with flying(plan, NOBODY, "--approve", "Zheng") as process:
        assert process.stderr is not None
        name, looking = process.stderr.readline(), process.stderr.readline()
        assert a_loop().digest[:12] in name
        assert "approved by Zheng" in name
        assert looking == f"looking for an autopilot at {NOBODY}\n"
        ended = interrupt(process)
    assert ended.code == 1
    assert "no aircraft had been reached" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "the plan cannot be read"),
        ("", "not a plan of `gridpatrol plan`"),
        ("[]", "not a plan of `gridpatrol plan`"),
        ('{"plan_id": "M-1"}', "not a plan of `gridpatrol plan`"),
        ("\0\1", "not a plan of `gridpatrol plan`"),
    ],
)
def test_a_plan_that_cannot_be_read_is_told_and_no_aircraft_is_looked_for(
    tmp_path: Path, content: str | None, words: str
) -> None:
    path = tmp_path / "plan.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    ended = fly(path, NOBODY)
    assert ended.code == 2
    assert ended.is_one_sentence, ended.err
    assert words in ended.err
    assert str(path) in ended.err
    assert "looking for" not in ended.err


def test_an_address_that_is_none_is_wrong_use(tmp_path: Path) -> None:
    ended = fly(written(tmp_path, a_loop()), "14540")
    assert ended.code == 2
    assert ended.is_one_sentence, ended.err
    assert "udpin://0.0.0.0:14540" in ended.err


def test_an_autopilot_that_refuses_the_plan_is_heard_in_its_own_words(
    tmp_path: Path, url: str
) -> None:
    ended = fly(written(tmp_path, moved(a_loop(), east_m=500.0)), url)
    assert ended.code == 1
    assert ended.is_one_sentence, ended.err
    assert "doesn't contain Home position" in ended.err
    assert "airborne" not in ended.out


def moved(plan: MissionPlan, east_m: float) -> MissionPlan:
    """A sound plan for another place."""
    home = offset(plan.home, east_m=east_m, north_m=0.0)
    waypoints = tuple(
        replace(one, point=offset(one.point, east_m=east_m, north_m=0.0)) for one in plan.waypoints
    )
    return replace(plan, home=home, waypoints=waypoints, fence=a_fence(home))


def test_a_plan_that_breaks_a_rule_is_refused_with_every_finding_before_any_contact(
    tmp_path: Path,
) -> None:
    away = a_fence(offset(HOME, east_m=500.0, north_m=0.0))
    ended = fly(written(tmp_path, replace(a_loop(), fence=away, ceiling_agl_m=150.0)), NOBODY)
    assert ended.code == 1
    assert ended.is_one_sentence, ended.err
    for told in (ended.err, ended.out):
        assert "the launch point lies outside the fence" in told
        assert "above the ceiling" in told
    assert "looking for" not in ended.err


def test_a_plan_that_was_edited_after_its_approval_is_refused_in_a_sentence(
    tmp_path: Path,
) -> None:
    path = written(tmp_path, a_loop())
    body = json.loads(path.read_text(encoding="utf-8"))
    write_json(path, body | {"battery_need_pct": 1.0})
    ended = fly(path, NOBODY)
    assert ended.code == 1
    assert ended.is_one_sentence, ended.err
    assert "changed after it was written" in ended.err


@pytest.mark.anyio
async def test_an_autopilot_that_does_not_arm_is_heard_in_its_own_words(tmp_path: Path) -> None:
    aircraft = SimAircraft(
        home=HOME, home_elevation_amsl_m=ELEVATION_M, clock=SimClock(datetime.now(UTC), SPEED),
        faults={Fault.ARM_DENIED},
    )  # fmt: skip
    plan = written(tmp_path, a_loop())
    async with anyio.create_task_group() as group:
        port = await group.start(aircraft.run)
        ended = await anyio.to_thread.run_sync(
            lambda: fly(plan, f"udpout://127.0.0.1:{port}", within_s=35.0)
        )
        group.cancel_scope.cancel()
    assert ended.code == 1
    assert ended.is_one_sentence, ended.err
    assert "Resolve system health failures first" in ended.err
    assert "mission uploaded and read back" in ended.out
    assert "airborne" not in ended.out
    assert aircraft.takeoff_count == 0
