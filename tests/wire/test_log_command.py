"""`gridpatrol log verify` as an auditor uses it: exit codes and words."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ground_station.commands.log import log_verify
from ground_station.sorties import SortieState, sign
from ground_station.store.closing import ClosedLog
from ground_station.store.records import Records
from tests.ground_core import (
    LEADER,
    MORNING,
    PILOT,
    REGISTRAR,
    SORTIE,
    a_plan,
    a_sortie,
    later,
    running_store,
)

pytestmark = pytest.mark.anyio

DROP_GUARDS = "SELECT 'DROP TRIGGER ' || name FROM sqlite_master WHERE type = 'trigger'"


async def closed_patrol(folder: Path) -> ClosedLog:
    async with running_store(folder) as store:
        records = Records(store)
        await records.save_plan(a_plan(), cause=LEADER, at_utc=MORNING)
        sortie = a_sortie(SortieState.LANDED)
        for cause in (PILOT, REGISTRAR):
            sortie = sign(sortie, cause, later(900))
        await records.save_sortie(sortie, cause=PILOT, at_utc=later(900), action="landed")
        return await records.close_log(SORTIE, cause=REGISTRAR, at_utc=later(910))


def tamper(folder: Path, statement: str) -> None:
    """What somebody with the file and a database program can do."""
    with closing(sqlite3.connect(folder / "gridpatrol.db")) as connection:
        for (drop,) in connection.execute(DROP_GUARDS).fetchall():
            connection.execute(drop)
        connection.execute(statement)
        connection.commit()


async def test_an_intact_log_prints_its_rows_and_head(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    closed = await closed_patrol(tmp_path)
    assert log_verify(tmp_path, rows=closed.row_count, head=closed.head_hash) == 0
    printed = capsys.readouterr().out
    assert f"{closed.row_count} rows" in printed
    assert closed.head_hash in printed


async def test_it_can_be_checked_while_the_station_writes(tmp_path: Path) -> None:
    async with running_store(tmp_path) as store:
        records = Records(store)
        await records.note("n", "o", {}, cause=LEADER, at_utc=MORNING, is_exercise=True)
        assert log_verify(tmp_path, rows=1) == 0


async def test_a_changed_row_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    await closed_patrol(tmp_path)
    tamper(tmp_path, "UPDATE audit SET actor = 'Else' WHERE seq = 2")
    assert log_verify(tmp_path) == 1
    assert "row 2 does not fit: changed" in capsys.readouterr().out


async def test_a_cut_tail_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    closed = await closed_patrol(tmp_path)
    tamper(tmp_path, f"DELETE FROM audit WHERE seq = {closed.row_count}")  # noqa: S608
    tamper(tmp_path, "DELETE FROM patrol_logs")
    assert log_verify(tmp_path) == 0
    assert log_verify(tmp_path, rows=closed.row_count, head=closed.head_hash, as_json=True) == 1
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (answer["intact"], answer["row"]) == (False, closed.row_count)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE sorties SET state = 'ABORTED'", "sorties M-20261124-01-S01 was changed"),
        ("DELETE FROM plans", "plans P-1 is missing"),
        ("DELETE FROM patrol_logs", "is missing"),
        ("UPDATE patrol_logs SET covers_json = '[]'", "lists other records"),
        ("UPDATE patrol_logs SET body_json = '{}'", "audit row"),
        ("DROP TABLE patrol_logs", "cannot be read"),
    ],
)
async def test_a_changed_record_of_a_closed_log_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], statement: str, words: str
) -> None:
    await closed_patrol(tmp_path)
    tamper(tmp_path, statement)
    assert log_verify(tmp_path) == 1
    assert words in capsys.readouterr().out


def test_a_folder_without_a_database_is_wrong_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert log_verify(tmp_path) == 2
    assert "there is no database" in capsys.readouterr().err
    (tmp_path / "gridpatrol.db").write_bytes(b"")
    assert log_verify(tmp_path) == 2
    assert "no audit log" in capsys.readouterr().err
