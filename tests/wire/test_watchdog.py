"""A station that hangs is ended so that link loss can act; one that works or ends is let be."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from ground_station.watchdog import GOODBYE, watch
from ground_station.watchdog_port import WatchdogPort
from patrol.bus import Bus, Subscription
from patrol.clock import SystemClock
from patrol.story import StoryEvent
from tests.wire.test_serve_command import NOBODY, config, serving

# A station in small: its loop beats, then it does as it is told.
STATION = """
import sys, time
from pathlib import Path
import anyio
from ground_station.watchdog_port import WatchdogPort
from patrol.bus import Bus
from patrol.clock import SystemClock

async def main():
    clock = SystemClock()
    port = WatchdogPort(
        Path(sys.argv[1]), silent_after_s=1.0, bus=Bus(), world=clock, wall=clock
    )
    async with anyio.create_task_group() as group:
        group.start_soon(port.run)
        await anyio.sleep(1.5)  # longer than it may be silent
        print("alive", flush=True)
        if sys.argv[2] == "hang":
            time.sleep(600.0)  # the loop hangs; native threads would not
        group.cancel_scope.cancel()

anyio.run(main)
"""


def note_in(folder: Path) -> Path:
    return folder / "watchdog.jsonl"


def ran(folder: Path, what: str) -> subprocess.CompletedProcess[str]:
    """The little station's end; its pipes end only with its watchdog."""
    return subprocess.run(
        [sys.executable, "-c", STATION, str(folder), what], capture_output=True, check=False,
        stdin=subprocess.DEVNULL, text=True, timeout=18,
    )  # fmt: skip


def until(condition: Callable[[], object], within_s: float = 10.0) -> None:
    deadline_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def is_alive(process_id: int) -> bool:
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def children_of(process_id: int, module: str) -> list[int]:
    """Its children that run this module."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            words = (entry / "cmdline").read_bytes().decode().split("\0")
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while it was looked at
        if parent == process_id and module in words:
            found.append(int(entry.name))
    return found


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    inlet, outlet = os.pipe()
    yield inlet, outlet
    os.close(outlet)  # the reader's thread ends with it, and only then may its end be closed


def test_silence_is_counted_and_a_goodbye_or_the_end_of_the_pipe_is_none(
    pipe: tuple[int, int],
) -> None:
    inlet, outlet = pipe
    os.write(outlet, b".")
    assert watch(inlet, 0.5) == 0.5
    os.write(outlet, b"." + GOODBYE)
    for beats in (b"", b".", b"..." + GOODBYE):
        other, end = os.pipe()
        os.write(end, beats)
        os.close(end)
        assert watch(other, 60.0) is None
        os.close(other)


def test_a_loop_blocked_in_python_is_ended_and_one_that_ends_is_not_remarked_upon(
    tmp_path: Path,
) -> None:
    results: dict[str, subprocess.CompletedProcess[str]] = {}
    folders = {"hang": tmp_path / "hang", "end": tmp_path / "end"}
    threads = []
    for what, folder in folders.items():
        folder.mkdir()
        threads.append(
            threading.Thread(
                target=lambda what=what, folder=folder: results.update({what: ran(folder, what)})
            )
        )
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results["hang"].returncode == -signal.SIGKILL
    assert results["hang"].stdout == "alive\n"  # not before it hung
    (line,) = note_in(folders["hang"]).read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["silent_s"] == 1.0
    assert line in results["hang"].stderr
    ended = results["end"]
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "alive\n", "")
    assert not note_in(folders["end"]).exists()


class Hasty(SystemClock):
    """Waits, but not for long."""

    async def sleep(self, duration_s: float) -> None:
        await anyio.sleep(duration_s / 20.0)


def a_port(folder: Path, bus: Bus) -> WatchdogPort:
    # Long enough that a slow test run is never taken for a hang.
    return WatchdogPort(folder, silent_after_s=60.0, bus=bus, world=SystemClock(), wall=Hasty())


async def watchdog_of_this(known: set[int]) -> int:
    """The process id of a watchdog that is not one of these."""
    with anyio.fail_after(10.0):
        while True:
            new = set(children_of(os.getpid(), "ground_station.watchdog")) - known
            if new:
                return new.pop()
            await anyio.sleep(0.02)


@pytest.mark.anyio
async def test_a_watchdog_that_dies_is_told_once_and_started_again(tmp_path: Path) -> None:
    bus = Bus()
    known: set[int] = set()
    with bus.subscribe(StoryEvent) as events:
        async with anyio.create_task_group() as group:
            group.start_soon(a_port(tmp_path, bus).run)
            for _ in range(2):
                known.add(watchdog := await watchdog_of_this(known))
                os.kill(watchdog, signal.SIGKILL)
            known.add(await watchdog_of_this(known))
            group.cancel_scope.cancel()
        assert told(events) == [("watchdog.lost", {"code": -signal.SIGKILL})]
    assert not any(is_alive(process_id) for process_id in known)


def told(events: Subscription[StoryEvent]) -> list[tuple[str, dict[str, Any]]]:
    return [(event.name, event.fields) for event in events.take_all()]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("line", "fields"),
    [
        (
            '{"t_utc": "2026-11-24T01:30:00.000Z", "silent_s": 5.0, "pid": 7}',
            {"ended_utc": "2026-11-24T01:30:00.000Z", "silent_s": 5.0},
        ),
        ('{"t_utc": "2026-', {"ended_utc": None, "silent_s": None}),
    ],
)
async def test_what_the_last_watchdog_did_is_told_once_even_of_a_torn_note(
    tmp_path: Path, line: str, fields: dict[str, Any]
) -> None:
    note_in(tmp_path).write_text(line + "\n", encoding="utf-8")
    bus = Bus()
    with bus.subscribe(StoryEvent) as events:
        for expected in ([("station.was_ended", fields)], []):
            async with anyio.create_task_group() as group:
                group.start_soon(a_port(tmp_path, bus).run)
                await watchdog_of_this(set())
                group.cancel_scope.cancel()
            assert told(events) == expected


@pytest.mark.timeout(60)  # two stations come up, each with a store and an eye
def test_a_station_that_hangs_is_ended_with_its_eye_and_the_next_one_says_so(
    tmp_path: Path,
) -> None:
    path = config(tmp_path, NOBODY, "watchdog_s = 1.0")
    with serving(path) as station:
        children: list[int] = []

        def has_children() -> bool:
            children[:] = [
                child
                for module in ("vision.eye", "ground_station.watchdog")
                for child in children_of(station.process.pid, module)
            ]
            return len(children) == 2

        until(has_children)
        station.process.send_signal(signal.SIGSTOP)
        assert station.process.wait(15.0) == -signal.SIGKILL
        until(lambda: not any(is_alive(child) for child in children))
    assert any("the station hangs" in line for line in station.log)
    with serving(path) as again:
        again.until(lambda state: any(e["event"] == "station.was_ended" for e in state["story"]))
        until(lambda: any("the last station hung" in line for line in again.log))
    assert not note_in(tmp_path / "records").exists()
