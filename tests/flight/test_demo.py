"""The whole story, flown by the command that people use, and its records checked afterwards."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.flight, pytest.mark.timeout(300)]

Event = dict[str, Any]


def command(data: Path, *options: str) -> list[str]:
    """`gridpatrol demo`, headless, on a port of the system's choice."""
    fixed = ["demo", "--headless", "--json", "--port", "0", "--data", str(data)]
    return [sys.executable, "-m", "ground_station", *fixed, *options]


def demo(tmp_path: Path, *options: str) -> tuple[int, list[Event], str]:
    """Run `gridpatrol demo` headless; exit code, events, standard error."""
    done = subprocess.run(
        command(tmp_path, *options),
        capture_output=True,
        text=True,
        timeout=290,
        check=False,
    )
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, events, done.stderr


def verify(tmp_path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run `gridpatrol log verify`."""
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "ground_station",
            "log",
            "verify",
            "--data",
            str(tmp_path),
            *options,
        ],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def one(events: list[Event], name: str) -> Event:
    """The only event of that name."""
    found = [event for event in events if event["event"] == name]
    assert len(found) == 1, f"{name}: {len(found)} times in {[e['event'] for e in events]}"
    return found[0]


def test_a_crowd_is_seen_spoken_to_measured_and_filed_and_the_patrol_is_flown_whole(
    tmp_path: Path,
) -> None:
    code, events, errors = demo(tmp_path, "--seed", "1", "--speed", "5", "--until", "landed")
    assert code == 0, errors
    names = [event["event"] for event in events]
    order = [
        "mission.uploaded",
        "airborne",
        "sighting",
        "hold",
        "alert.raised",
        "alert.acknowledged",
        "announcement.released",
        "announcement.played",
        "effect",
        "case.filed",
        "resumed",
        "mission.flown",
        "landed",
        "log.closed",
    ]
    assert [name for name in names if name in order] == order

    sighting, effect = one(events, "sighting"), one(events, "effect")
    assert sighting["count"]["low"] >= 10
    assert sighting["in_grid"] == sighting["grid"]
    assert sighting["nearest_person_m"] > sighting["standoff_need_m"]
    assert effect["verdict"] == "dispersed"
    assert effect["after"]["high"] <= max(6, 0.5 * effect["before"]["estimate"])
    assert "演练" in one(events, "case.filed")["description_zh"]
    assert one(events, "case.filed")["case_no"][10] == "X"

    closed = one(events, "log.closed")
    checked = verify(tmp_path, "--rows", str(closed["rows"]), "--head", closed["head"])
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".jpg", ".png", ".mp4")]


def test_nobody_hears_a_muted_loudspeaker_and_the_verdict_is_persisting(tmp_path: Path) -> None:
    code, events, errors = demo(
        tmp_path, "--seed", "3", "--speed", "10", "--muted", "--until", "filed"
    )
    assert code == 0, errors
    assert one(events, "effect")["verdict"] == "persisting"


def test_side_by_side_one_world_is_empty_and_raises_nothing_and_one_demo_says_it_is_late(
    tmp_path: Path,
) -> None:
    late = subprocess.Popen(
        command(tmp_path / "late", "--seed", "1", "--until", "landed", "--within", "8"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with late:
        code, events, errors = demo(
            tmp_path / "empty",
            "--seed", "1", "--speed", "10", "--scenario", "empty", "--until", "landed",
        )  # fmt: skip
        _, late_errors = late.communicate(timeout=120)
    assert code == 0, errors
    names = {event["event"] for event in events}
    assert not names & {"sighting", "hold", "alert.raised", "announcement.played", "case.filed"}
    assert {"mission.flown", "landed", "log.closed"} <= names
    assert late.returncode == 1
    assert "landed was not reached" in late_errors
