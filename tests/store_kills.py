"""Kills a real process at every step of its writing: `python -m tests.store_kills SCENARIO FOLDER`.

Forks a child for each boundary (a statement, a commit, a file opened, renamed or removed); the
child ends itself there by SIGKILL. What it announced until then is in `announced` of its folder.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
from sqlalchemy import event
from sqlalchemy.engine import Engine

from ground_station.alerts import AlertEvent
from ground_station.casework.states import CaseEvent
from ground_station.casework.steps import advance as advance_case
from ground_station.store.backup import (
    begin_backup,
    check_backup,
    copy_databases,
    end_backup,
    restore_files,
)
from ground_station.store.dialects import sqlite_engine
from ground_station.store.engine import Store
from ground_station.store.policies import approve_policy, read_policy
from ground_station.store.records import Records
from ground_station.store.retention import Retention
from ground_station.store.schema import DATABASE_NAME, migrate_file
from ground_station.store.telemetry import TelemetryLog
from tests.casework_kills import work_a_matter
from tests.ground_core import (
    LEADER,
    REGISTRAR,
    SORTIE,
    SYSTEM,
    a_sortie,
    an_alert,
    an_observed_alert,
    later,
    running_store,
)
from tests.ground_story import a_case, fly_the_story, land_and_sign
from tests.store_samples import a_track, record_as

LONG_AFTER = later(40 * 86_400)
Announce = Callable[[str], None]
_FILE_STEPS = ("os.rename", "os.remove", "os.mkdir", "shutil.copyfile", "sqlite3.connect", "open")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What is there before, what the child does, and how many boundaries lie between two kills."""

    prepare: Callable[[Path], Awaitable[None]]
    act: Callable[[Path, Announce], Awaitable[None]]
    has_files: bool = False  # boundaries are file steps instead of statements
    stride: int = 1


async def _write_records(folder: Path, announce: Announce) -> None:
    """Each kind of write that the desks do, announced as soon as it returns."""
    # The folder was migrated before; opening it like this leaves only the writes to be killed.
    store = Store(await anyio.to_thread.run_sync(sqlite_engine, folder / DATABASE_NAME), folder)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(store.run)
        records = Records(store)
        await records.save_sortie(a_sortie(), cause=LEADER, at_utc=later(1), action="s")
        announce(f"sorties {SORTIE}")
        alert = an_alert()
        await records.save_alert(alert, cause=SYSTEM, at_utc=later(2), action="alert.raised")
        announce(f"alerts {alert.alert_id}")
        observed = an_observed_alert(AlertEvent.PERSIST)
        await records.save_alert(observed, cause=SYSTEM, at_utc=later(3), action="alert.x")
        case = await records.file_case(a_case(observed), cause=SYSTEM, at_utc=later(4))
        announce(f"cases {case.case_no}")
        sent = advance_case(case, CaseEvent.DISPATCH, SYSTEM, later(5))
        await records.save_case(sent, event=CaseEvent.DISPATCH, cause=SYSTEM, at_utc=later(5))
        announce(f"case_history {case.case_no}")
        head = await records.note(
            "n", "o", {}, cause=SYSTEM, at_utc=later(6), is_exercise=True, scope="440512"
        )
        announce(f"rows {head.row_count} {head.hash}")
        tasks.cancel_scope.cancel()
    await store.close()


async def _nothing(folder: Path) -> None:
    await anyio.Path(folder).mkdir()


async def _migrated(folder: Path) -> None:
    await anyio.Path(folder).mkdir()
    await anyio.to_thread.run_sync(migrate_file, folder / DATABASE_NAME)


async def _migrate(folder: Path, announce: Announce) -> None:
    migrate_file(folder / DATABASE_NAME)
    announce("migrated")


async def _flown(folder: Path) -> None:
    """A closed log with its telemetry, and a policy in force."""
    async with running_store(folder) as store:
        records, log = Records(store), await TelemetryLog.open(folder, is_exercise=True)
        await fly_the_story(records)
        await land_and_sign(records)
        record_as(log, SORTIE)
        for sample in a_track(count=100, hz=5.0):
            log.add(sample)
        summary = await log.summary(SORTIE)
        await log.close()
        await records.close_log(
            SORTIE, cause=REGISTRAR, at_utc=later(910), telemetry_summary=summary.to_dict()
        )
        await store.write(
            lambda c: approve_policy(c, read_policy(), LEADER, later(920), is_exercise=True)
        )


async def thin(folder: Path, announce: Announce) -> None:
    """The retention job, forty days later."""
    store = Store(await anyio.to_thread.run_sync(sqlite_engine, folder / DATABASE_NAME), folder)
    log = await TelemetryLog.open(folder, is_exercise=True)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(store.run)
        job = Retention(store=store, telemetry=log, folder=folder, is_exercise=True)
        done = await job.carry_out(read_policy(), LONG_AFTER, is_clock_right=True)
        announce(f"thinned {len(done)}")
        tasks.cancel_scope.cancel()
    await log.close()
    await store.close()


async def make_backup(folder: Path, announce: Announce) -> None:
    """As the command does it."""
    target = folder.with_name(folder.name + "-backup")
    partial = begin_backup(target)
    copy_databases(folder, partial)
    manifest = end_backup(folder, partial, target, LONG_AFTER)
    announce(f"backup {manifest.rows}")


async def _backed_up(folder: Path) -> None:
    await _flown(folder)
    target = folder / "backup"
    partial = begin_backup(target)
    copy_databases(folder, partial)
    end_backup(folder, partial, target, LONG_AFTER)


async def bring_back(folder: Path, announce: Announce) -> None:
    """As the command does it."""
    source = folder / "backup"
    restore_files(source, folder / "new", check_backup(source))
    announce("restored")


async def _work_a_matter(folder: Path, announce: Announce) -> None:
    """From a citizen's words to a notice, and a shift to its close, by the desks themselves."""
    store = Store(await anyio.to_thread.run_sync(sqlite_engine, folder / DATABASE_NAME), folder)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(store.run)
        await work_a_matter(store, announce)
        tasks.cancel_scope.cancel()
    await store.close()


SCENARIOS = {
    "records": Scenario(prepare=_migrated, act=_write_records),
    "casework": Scenario(prepare=_migrated, act=_work_a_matter, stride=7),
    "migration": Scenario(prepare=_nothing, act=_migrate, stride=12),
    "retention": Scenario(prepare=_flown, act=thin, stride=2),
    "backup": Scenario(prepare=_flown, act=make_backup, has_files=True, stride=3),
    "restore": Scenario(prepare=_backed_up, act=bring_back, has_files=True, stride=3),
}


class _Boundaries:
    """Counts boundaries and kills this process at one of them."""

    def __init__(self, kill_at: int | None) -> None:
        self.count = 0
        self._kill_at = kill_at

    def step(self, *_: Any) -> None:
        if self.count == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        self.count += 1

    def watch_statements(self) -> None:
        event.listen(Engine, "before_cursor_execute", self.step)
        event.listen(Engine, "commit", self.step)

    def watch_files(self, folder: Path) -> None:
        def hook(name: str, arguments: tuple[Any, ...]) -> None:
            if name in _FILE_STEPS and str(folder) in str(arguments):
                self.step()

        sys.addaudithook(hook)


def _child(scenario: Scenario, folder: Path, kill_at: int | None) -> int:
    """How many boundaries there were; never returns when it is killed."""
    told = os.open(folder / "announced", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    boundaries = _Boundaries(kill_at)
    if scenario.has_files:
        boundaries.watch_files(folder)
    else:
        boundaries.watch_statements()

    async def act() -> None:
        await scenario.act(folder, lambda line: _say(told, line))

    anyio.run(act)
    return boundaries.count


def _say(told: int, line: str) -> None:
    os.write(told, (line + "\n").encode())


def _forked(work: Callable[[], int]) -> tuple[int, int]:
    """Run `work` in a child: its number and the signal that ended it."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os.write(writer, str(work()).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise SystemExit("a child failed")
    return int(answer or b"0"), os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def _prepare(scenario: Scenario, folder: Path) -> int:
    anyio.run(scenario.prepare, folder)
    return 0


def main(name: str, root: Path) -> None:
    """Leave a folder for each kill: the number of the boundary is its name."""
    scenario, template = SCENARIOS[name], root / "template"
    # In a child too: this process stays without threads, so that it can be forked.
    _forked(lambda: _prepare(scenario, template))
    whole = root / "whole"
    shutil.copytree(template, whole)
    count, _ = _forked(lambda: _child(scenario, whole, None))
    killed = 0
    for kill_at in range(0, count, scenario.stride):
        folder = root / f"killed-{kill_at:03d}"
        shutil.copytree(template, folder)
        _, ended_by = _forked(lambda f=folder, n=kill_at: _child(scenario, f, n))  # type: ignore[misc]
        killed += ended_by == signal.SIGKILL
    sys.stdout.write(f"{count} {killed}\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
