"""What the documents and the repository promise about themselves."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
LONGEST_LINES = 400
ROOMS = ("patrol", "drone", "missions", "vision", "ground_station", "sim", "tests", "docs")


def own_files() -> list[Path]:
    """Every file that the repository holds; in an unpacked archive, every file of its rooms."""
    git = shutil.which("git")
    if git is not None and (ROOT / ".git").exists():
        listed = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
        names = listed.stdout.decode().split("\0")
    else:
        names = [str(path) for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def promised() -> list[tuple[str, str]]:
    return NAMED.findall((ROOT / "docs" / "requirements.md").read_text(encoding="utf-8"))


@cache
def functions_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {
        node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_the_document_names_tests() -> None:
    assert len(promised()) > 50


@pytest.mark.parametrize(("path", "name"), sorted(set(promised())))
def test_every_test_that_is_named_exists(path: str, name: str) -> None:
    names = functions_in(path)  # of a file that is there
    assert not name or name in names


def test_no_pin_says_where_its_package_comes_from() -> None:
    assert "://" not in (ROOT / "constraints.txt").read_text(encoding="utf-8")
    console = ROOT / "ground_station" / "console"
    assert '"resolved"' not in (console / "package-lock.json").read_text(encoding="utf-8")
    assert "://" not in (console / ".npmrc").read_text(encoding="utf-8")


def test_no_source_file_is_longer_than_400_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): count for path in own_files()
        if path.suffix in (".py", ".ts", ".vue", ".css")
        and (count := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_LINES
    }  # fmt: skip
    assert long == {}
