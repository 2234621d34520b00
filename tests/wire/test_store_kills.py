"""A station that is killed between any two writes: the chain verifies, nothing told is missing."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from ground_station.store.backup import check_backup, closed_fault, fault_in
from ground_station.store.chain import verify
from ground_station.store.schema import DATABASE_NAME, migrate_file
from tests.store_kills import SCENARIOS, bring_back, make_backup, thin

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]


def killed(scenario: str, root: Path) -> list[Path]:
    """The folders that processes killed at each boundary left behind."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.store_kills", scenario, str(root)],
        capture_output=True, text=True, timeout=50, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    boundaries, kills = map(int, ran.stdout.split())
    folders = sorted(root.glob("killed-*[0-9]"))
    # All but a boundary or two at the very end, which a faster writer may already have passed.
    assert len(folders) - 2 <= kills <= len(folders)
    assert boundaries >= 20
    assert len(folders) == -(-boundaries // SCENARIOS[scenario].stride)
    return folders


def announced(folder: Path) -> list[list[str]]:
    return [line.split() for line in (folder / "announced").read_text().splitlines()]


def ids(folder: Path, table: str) -> set[str]:
    column = "case_no" if table == "case_history" else "id"
    with closing(sqlite3.connect(folder / DATABASE_NAME)) as connection:
        query = f"SELECT {column} FROM {table}"  # noqa: S608
        return {row[0] for row in connection.execute(query)}


def test_killed_at_any_statement_nothing_that_was_announced_is_missing(tmp_path: Path) -> None:
    lengths = set()
    for folder in killed("records", tmp_path):
        verdict = verify(folder / DATABASE_NAME)
        assert verdict.is_intact, (folder.name, verdict)
        lengths.add(verdict.row_count)
        told = {table: {row[1] for row in announced(folder) if row[0] == table} for table in (
            "sorties", "alerts", "cases", "case_history")}  # fmt: skip
        for table, wanted in told.items():
            assert wanted <= ids(folder, table), folder.name
        for _, rows, head in (row for row in announced(folder) if row[0] == "rows"):
            assert verify(folder / DATABASE_NAME, int(rows), head).is_intact
        # A record and the row that tells of it are there together or not at all.
        with closing(sqlite3.connect(folder / DATABASE_NAME)) as connection:
            bodies = connection.execute(
                "SELECT object FROM audit WHERE body_json LIKE '%\"table\":%'"
            )
            told_of = {row[0] for row in bodies}
        kept = ids(folder, "sorties") | ids(folder, "alerts") | ids(folder, "cases")
        assert kept == told_of, folder.name
    assert lengths >= {0, 1, 2, 3, 4, 5}  # the kills did fall between the writes


def test_killed_at_any_step_of_a_matter_what_was_announced_stands_and_its_halves_fit(
    tmp_path: Path,
) -> None:
    lengths = set()
    for folder in killed("casework", tmp_path):
        verdict = verify(folder / DATABASE_NAME)
        assert verdict.is_intact, (folder.name, verdict)
        lengths.add(verdict.row_count)
        with closing(sqlite3.connect(folder / DATABASE_NAME)) as connection:
            states, tables = _states(connection), _states_in_chain(connection)
            reports = connection.execute("SELECT case_no FROM citizen_reports").fetchall()
            steps = connection.execute(
                "SELECT case_no, from_state, to_state FROM case_history ORDER BY seq"
            ).fetchall()
        # A record and the row that tells of its newest state are one write.
        assert states == tables, folder.name
        # A case and the report that it was opened for are one write too.
        cases = {name: state for (table, name), state in states.items() if table == "cases"}
        assert {number for (number,) in reports} - {""} == set(cases), folder.name
        at: dict[str, str] = {}
        for number, came_from, went_to in steps:
            assert at.get(number, came_from) == came_from, folder.name
            at[number] = went_to
        assert at == cases, folder.name
        # What somebody was told has not gone back: it is there, in that state or a later one.
        told = announced(folder)
        assert {(table, name) for table, name, _ in told} <= set(states), folder.name
        ends = {(table, name): state for table, name, state in told if state in _LAST}
        assert all(states[of] == state for of, state in ends.items()), folder.name
    assert len(lengths) > 15  # the kills did fall between the writes


_LAST = ("CLOSED", "DONE", "ANSWERED", "PUBLISHED", "CHECKED_IN", "APPROVED")
_MOVED = (
    "cases", "citizen_reports", "dispatches", "notices", "whistles", "shifts", "template_versions",
)  # fmt: skip


def _states(connection: sqlite3.Connection) -> dict[tuple[str, str], str]:
    return {
        (table, name): state
        for table in _MOVED
        for name, state in connection.execute(f"SELECT id, state FROM {table}")  # noqa: S608
    }


def _states_in_chain(connection: sqlite3.Connection) -> dict[tuple[str, str], str]:
    """The newest that the chain tells of each record."""
    table, state = (f"json_extract(body_json, '$.{path}')" for path in ("table", "record.state"))
    rows = connection.execute(
        f"SELECT {table}, object, {state} FROM audit WHERE {table} IS NOT NULL ORDER BY seq"  # noqa: S608
    )
    return {(of, name): at for of, name, at in rows}


def test_killed_in_its_first_start_a_station_starts_again(tmp_path: Path) -> None:
    for folder in killed("migration", tmp_path):
        path = folder / DATABASE_NAME
        if path.is_file():
            with closing(sqlite3.connect(path)) as connection:
                names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
            # All of it or nothing: a half-made schema is what no later start could mend.
            assert not names or {"audit", "legal_holds", "alembic_version"} <= names, folder.name
        migrate_file(path)
        assert verify(path).is_intact


async def test_killed_while_thinning_the_next_run_finishes_it(tmp_path: Path) -> None:
    folders = killed("retention", tmp_path)
    thinned = count(tmp_path / "whole" / "telemetry.db", "SELECT count(*) FROM telemetry")
    assert 0 < thinned < 100
    half_way = []
    for folder in folders:
        assert closed_fault(folder / DATABASE_NAME) == "", folder.name
        there = count(folder / "telemetry.db", "SELECT count(*) FROM telemetry")
        assert there in (100, thinned)  # as it was or as the policy wants it, nothing in between
        if there == 100 and count(folder / DATABASE_NAME, _TOLD):
            half_way.append(folder)
    # Told to the audit log, and killed before the rows were deleted.
    await thin(half_way[0], lambda _: None)
    assert fault_in(half_way[0])[1] == ""
    assert count(half_way[0] / "telemetry.db", "SELECT count(*) FROM telemetry") == thinned
    assert count(half_way[0] / DATABASE_NAME, _TOLD) == 1


_TOLD = "SELECT count(*) FROM audit WHERE action = 'telemetry.thinned'"


def count(path: Path, query: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute(query).fetchone()[0])


async def test_killed_while_backing_up_there_is_a_whole_backup_or_none(tmp_path: Path) -> None:
    for folder in killed("backup", tmp_path):
        target = folder.with_name(folder.name + "-backup")
        if target.exists():
            assert check_backup(target).rows > 0
        else:
            assert not announced(folder)
            await make_backup(folder, lambda _: None)
            assert check_backup(target).rows > 0
        assert verify(folder / DATABASE_NAME).is_intact


async def test_killed_while_restoring_no_half_restored_records_are_taken_for_whole(
    tmp_path: Path,
) -> None:
    for folder in killed("restore", tmp_path):
        new = folder / "new"
        if (new / DATABASE_NAME).is_file():
            assert fault_in(new)[1] == ""
            continue
        assert not announced(folder)
        for path in new.glob("*"):  # what the next try asks the person to clear away
            path.unlink()
        await bring_back(folder, lambda _: None)
        assert fault_in(new)[1] == ""
