"""The command line's help, and what it says to wrong use: a sentence and exit code 2."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import pytest

COMMANDS = {
    "": [
        "demo",
        "serve",
        "watch",
        "plan",
        "fly",
        "sim",
        "say",
        "payload",
        "bench",
        "grids",
        "log",
        "users",
        "tls",
        "export",
        "retention",
        "backup",
        "restore",
        "Exit codes",
    ],
    "demo": ["--headless", "--seed", "--speed", "--scenario", "--until", "--within", "--json"],
    "serve": ["--config"],
    "watch": ["source", "--out", "--every", "--model", "--json"],
    "plan": ["--grid", "--out", "--register", "--home", "--qgc", "--geojson"],
    "fly": ["plan_file", "--connect", "--approve", "--declare", "--logs", "--json"],
    "sim": [
        "--aircraft",
        "--scenario",
        "--port",
        "--one-port",
        "--speed",
        "--seed",
        "--wind",
        "--fault",
        "--bare",
        "--px4",
        "mavproxy.py",
    ],
    "say": ["text", "--out", "--lang", "--json"],
    "payload": ["--output", "--clips", "--token-file", "--tls-cert", "--tls-key"],
    "bench": ["name", "--quick", "--json"],
    "grids": ["list"],
    "grids list": ["--register", "--json"],
    "users": [
        "add",
        "list",
        "roles",
        "scope",
        "disable",
        "enable",
        "reset",
        "token",
        "tokens",
        "link",
    ],
    "users add": ["login", "--name", "--role", "--scope", "--config", "--data", "--exercise"],
    "tls": ["--name", "--out", "docs/field-laptop.md"],
    "log": ["verify", "export"],
    "log verify": ["file", "--data", "--rows", "--head", "--json"],
    "log export": ["file", "--reason", "--by", "--data", "--config", "--json"],
    "export": ["sortie", "day"],
    "export sortie": ["sortie_id", "--out", "--data", "--lang", "--public", "--purpose"],
    "export day": ["date", "--out", "--scope", "--data", "--lang", "--public", "--purpose"],
    "backup": ["folder", "--by", "--data", "--config", "--json"],
    "restore": ["folder", "--head", "--by", "--data", "--config", "--json"],
    "retention": ["approve", "hold", "holds", "--dry-run", "--policy", "--clock-is-right"],
}
WRONG = [
    "--nonsense", "nonsense", "demo --nonsense", "serve --nonsense", "watch --nonsense",
    "plan --nonsense", "fly --nonsense", "sim --nonsense",
    "grids list --nonsense", "log verify --nonsense",
    "say words --out x.wav --lang de",
    "log nonsense", "serve", "fly plan.json", "demo --speed 11", "demo --scenario riot",
    "bench nonsense", "users add", "tls",
]  # fmt: skip
# The first of them waits for all the interpreters.
pytestmark = pytest.mark.timeout(120)
WIDE = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}


@cache
def run(arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ground_station", *arguments.split()],
        capture_output=True, check=False, env=WIDE, stdin=subprocess.DEVNULL, text=True, timeout=60,
    )  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _all_at_once() -> None:
    """Two at a time, each in an interpreter of its own."""
    asked = [f"{command} --help".strip() for command in COMMANDS] + WRONG
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(run, asked))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_and_its_options(command: str) -> None:
    ended = run(f"{command} --help".strip())
    assert ended.returncode == 0, ended.stderr
    assert "Usage: " in ended.stdout
    told = ended.stdout.lower()
    assert [word for word in COMMANDS[command] if word.lower() not in told] == []
    assert ended.stderr == ""


@pytest.mark.parametrize("arguments", WRONG)
def test_wrong_use_is_told_on_standard_error_with_exit_code_2_and_no_traceback(
    arguments: str,
) -> None:
    ended = run(arguments)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert "Usage: " in ended.stderr
    assert "Traceback" not in ended.stderr
    words = {"--nonsense": "--nonsense", "nonsense": "nonsense"}.get(arguments.split()[-1], "")
    assert words in ended.stderr


def test_without_a_command_the_help_is_shown_and_nothing_is_started() -> None:
    ended = run("")
    assert ended.returncode == 2
    assert "demo" in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_help_says_what_the_exit_codes_mean_and_what_counting_does_not_do() -> None:
    told = " ".join(run("--help").stdout.split())
    assert "0 done" in told
    assert "1 refused or not reached" in told
    assert "2 wrong use or configuration" in told
    assert "It identifies nobody" in run("watch --help").stdout
