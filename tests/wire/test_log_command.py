"""`gridpatrol log verify` as an auditor uses it: exit codes and words."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import anyio
import pytest

from ground_station.commands.log import log_export, log_verify
from ground_station.commands.records_at import Place
from ground_station.sorties import SortieState, sign
from ground_station.store.closing import ClosedLog
from ground_station.store.queries import audit_log
from ground_station.store.records import Records
from patrol.errors import ConfigError, Refused
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


async def exported(folder: Path) -> Path:
    """The audit log of a closed patrol as a file."""
    await closed_patrol(folder / "data")
    path = folder / "audit.jsonl"
    place = Place(folder=folder / "data")
    await anyio.to_thread.run_sync(
        lambda: log_export(place, path, reason="yearly audit", by="Zhou", as_json=False)
    )
    return path


def edited(path: Path, edit: Callable[[list[str]], list[str]]) -> Path:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(edit(lines)), encoding="utf-8")
    return path


async def test_an_export_tells_of_itself_and_verifies_far_from_its_database(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = await exported(tmp_path)
    alone = tmp_path / "elsewhere" / "audit.jsonl"
    alone.parent.mkdir()
    path.rename(alone)
    assert log_verify(alone) == 0
    assert "the audit chain is intact: 5 rows" in capsys.readouterr().out
    first, *rows = alone.read_text(encoding="utf-8").splitlines()
    assert json.loads(first)["exported_by"] == "Zhou"
    assert json.loads(first)["mark"] == "演练 EXERCISE"
    last = json.loads(rows[-1])
    assert (last["action"], last["object"]) == ("export", "audit-log/audit.jsonl")
    assert json.loads(last["body_json"])["reason"] == "yearly audit"
    # The database as a file of its own is checked the same way.
    assert log_verify(tmp_path / "data" / "gridpatrol.db") == 0


EDITS: list[tuple[str, Callable[[list[str]], list[str]], int, str]] = [
    ("changed", lambda r: [*r[:2], r[2].replace('"role":"', '"role":"X'), *r[3:]], 2, "changed"),
    ("missing", lambda r: [*r[:2], *r[3:]], 2, "missing"),
    ("reordered", lambda r: [*r[:2], r[3], r[2], *r[4:]], 2, "missing: the next row"),
    ("twice", lambda r: [*r[:3], r[2], *r[3:]], 3, "missing: the next row"),
    ("cut off", lambda r: r[:4], 4, "the export says 5 rows, 3 are there"),
    ("no line", lambda r: [*r[:2], "{not json\n", *r[3:]], 2, "it has no seq"),
    ("nested", lambda r: [*r[:2], "[" * 99_999 + "\n", *r[3:]], 2, "it has no seq"),
    ("put in", lambda r: [*r[:2], '{"note":"x",' + r[2][1:], *r[3:]], 2, "no hash covers note"),
    ("told twice", lambda r: [*r[:2], '{"actor":"X",' + r[2][1:], *r[3:]], 2, "changed"),
    ("another head", lambda r: [r[0].replace('"head":"', '"head":"0'), *r[1:]], 6, "first line"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("edit", "row", "words"), [pytest.param(*rest, id=name) for name, *rest in EDITS]
)
async def test_an_edited_export_is_found_and_its_row_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str],
    edit: Callable[[list[str]], list[str]], row: int, words: str,
) -> None:  # fmt: skip
    path = edited(await exported(tmp_path), edit)
    capsys.readouterr()
    assert log_verify(path) == 1
    told = capsys.readouterr().out
    assert f"row {row} does not fit" in told
    assert words in told


async def test_what_is_no_export_is_wrong_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "letter.txt"
    for text in (
        "",
        "a letter\n",
        '{"format":"other"}\n',
        "[" * 99_999,
        '{"format":"gridpatrol-audit-export/1"}',
    ):
        path.write_text(text)
        assert log_verify(path) == 2
    assert "neither a database nor an export" in capsys.readouterr().err
    path = await exported(tmp_path)
    before, data = path.read_bytes(), tmp_path / "data"

    async def export(folder: Path, file: Path, reason: str) -> None:
        place = Place(folder=folder)
        await anyio.to_thread.run_sync(
            lambda: log_export(place, file, reason=reason, by="Zhou", as_json=False)
        )

    with pytest.raises(ConfigError, match="exists already"):
        await export(data, path, "again")
    with pytest.raises(Refused, match="the register keeps the reason"):
        await export(data, tmp_path / "new.jsonl", " ")
    with pytest.raises(ConfigError, match="there are no records in"):
        await export(tmp_path, tmp_path / "new.jsonl", "again")
    assert path.read_bytes() == before
    async with running_store(tmp_path / "data") as store:
        assert len((await store.read(audit_log)).items) == 5  # what was refused left no row


async def test_a_scope_that_was_changed_by_hand_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await closed_patrol(tmp_path)
    tamper(tmp_path, "UPDATE audit SET scope = '440512' WHERE seq = 2")
    assert log_verify(tmp_path) == 1
    assert "row 2 does not fit: changed: its scope" in capsys.readouterr().out
