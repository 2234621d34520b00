"""`gridpatrol export`: the files of a sortie and of a day, as a person asks for them."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from ground_station.store.records import Records
from tests.ground_core import SORTIE, running_store
from tests.ground_story import fly_the_story, land_and_sign

pytestmark = pytest.mark.anyio


def export(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ground_station", "export", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603


@pytest.fixture
async def data(tmp_path: Path) -> Path:
    async with running_store(tmp_path / "data") as store:
        records = Records(store)
        await fly_the_story(records)
        await land_and_sign(records)
    return tmp_path / "data"


def actions(data: Path) -> list[str]:
    with closing(sqlite3.connect(data / "gridpatrol.db")) as connection:
        rows = connection.execute("SELECT body_json FROM audit WHERE action = 'export'").fetchall()
    return [json.loads(row[0])["file"] for row in rows]


@pytest.mark.timeout(90)
async def test_a_sorties_files_are_written_and_each_is_in_the_audit_log(
    data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = export("sortie", SORTIE, "--data", str(data), "--out", str(out), "--purpose", "review")
    assert done.returncode == 0, done.stderr
    names = {path.name for path in out.iterdir()}
    assert names == {
        f"{SORTIE}.{end}" for end in ("report.pdf", "report.html", "geojson", "plan")
    }  # no link log was kept of this one, and that is said
    assert "no raw log of the link" in done.stderr
    assert sorted(actions(data)) == ["geojson", "plan", "report.html", "report.pdf"]
    plan = json.loads((out / f"{SORTIE}.plan").read_text("utf-8"))
    assert plan["fileType"] == "Plan"


@pytest.mark.timeout(90)
async def test_a_days_public_files_leave_out_the_crew(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = export(
        "day", "2026-11-24", "--public", "--data", str(data), "--out", str(out), "--purpose", "map"
    )
    assert done.returncode == 0, done.stderr
    names = {path.name.removeprefix("2026-11-24-440512.") for path in out.iterdir()}
    assert names == {"report.pdf", "report.html", "geojson", "cases.csv", "coverage.csv"}
    for path in out.iterdir():
        if path.suffix != ".pdf":
            assert "Huang" not in path.read_text("utf-8")
            assert "Chen" not in path.read_text("utf-8")


async def test_wrong_input_is_one_sentence(data: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    for arguments, code, words in (
        (("sortie", "NOPE", "--data", str(data), "--out", out), 1, "there is no sortie NOPE"),
        (("sortie", SORTIE, "--data", str(tmp_path), "--out", out), 2, "no station has worked"),
        (("day", "0001-01-01", "--data", str(data), "--out", out), 2, "a day is written as"),
        (("day", "yesterday", "--data", str(data), "--out", out), 2, "a day is written as"),
    ):
        done = export(*arguments, "--purpose", "review")
        assert done.returncode == code
        assert words in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1


def test_nothing_leaves_the_house_without_a_word_on_what_it_is_for(tmp_path: Path) -> None:
    for purpose in ((), ("--purpose", " ")):
        done = export("day", "2026-11-24", "--out", str(tmp_path), *purpose)
        assert done.returncode == 2
        assert "--purpose" in done.stderr
