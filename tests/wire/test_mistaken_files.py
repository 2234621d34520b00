"""A command that is given the wrong file says so in a sentence, and takes nothing away."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from ground_station.commands.export import _write
from tests.wire.test_serve_command import is_told

pytestmark = pytest.mark.timeout(60)
GRID = "440512001002006"
SMALL_DISK = """
import resource, runpy
resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))
runpy.run_module("ground_station", run_name="__main__")
"""
Ran = subprocess.CompletedProcess[str]


def run(*words: str) -> Ran:
    command = [sys.executable, "-m", "ground_station", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)


def plan(*words: str) -> Ran:
    return run("plan", "--grid", GRID, *words)


def test_two_outputs_of_one_name_are_refused_before_one_overwrites_the_other(
    tmp_path: Path,
) -> None:
    one = tmp_path / "plan.json"
    one.write_text("mine", encoding="utf-8")
    for option in ("--qgc", "--geojson"):
        ran = plan("--out", str(one), option, str(tmp_path / "." / "plan.json"))
        assert is_told(ran)
        assert "different files" in ran.stderr
        assert one.read_text(encoding="utf-8") == "mine"


def test_a_plan_that_does_not_fit_on_the_disk_leaves_the_old_one_and_no_half_of_the_new(
    tmp_path: Path,
) -> None:
    file = tmp_path / "plan.json"
    file.write_text("mine", encoding="utf-8")
    command = [sys.executable, "-B", "-c", SMALL_DISK, "plan", "--grid", GRID, "--out", str(file)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert is_told(ran), ran
    assert "cannot write" in ran.stderr
    assert {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()} == {
        "plan.json": "mine"
    }


def test_a_certificate_that_does_not_fit_on_the_disk_is_told_with_its_folder(
    tmp_path: Path,
) -> None:
    words = ("tls", "--name", "gridpatrol.lan", "--out", str(tmp_path))
    command = [sys.executable, "-B", "-c", SMALL_DISK, *words]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert is_told(ran), ran
    assert f"cannot be written: {tmp_path}" in ran.stderr


def test_an_export_that_cannot_be_put_in_its_place_leaves_no_half(tmp_path: Path) -> None:
    async def made() -> bytes:
        return b"the report"

    taken = tmp_path / "report.pdf"
    taken.mkdir()
    with pytest.raises(OSError, match="directory"):
        anyio.run(_write, taken, made)
    assert list(tmp_path.iterdir()) == [taken]


def test_a_pipe_is_not_replaced_by_a_plan(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    ran = plan("--out", str(pipe))
    assert is_told(ran)
    assert "not a file" in ran.stderr
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert list(tmp_path.iterdir()) == [pipe]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (bytes(range(256)) * 40, "byte 128 is not UTF-8"),
        (b"{}", "'format' is missing"),
        (b"[1, 2]", "not a plan"),
        (b"", "not a plan"),
    ],
)
def test_what_is_no_plan_is_told_in_one_short_line(
    tmp_path: Path, content: bytes, words: str
) -> None:
    file = tmp_path / "plan.json"
    file.write_bytes(content)
    ran = run("fly", str(file), "--connect", "udpin://127.0.0.1:14999")
    assert is_told(ran)
    assert words in ran.stderr
    assert len(ran.stderr) < 300


def test_a_folder_that_is_mistyped_is_not_made(tmp_path: Path) -> None:
    typed = tmp_path / "recrods" / "here"
    ran = run("users", "list", "--data", str(typed))
    assert is_told(ran)
    assert "there is no folder" in ran.stderr
    assert list(tmp_path.iterdir()) == []
