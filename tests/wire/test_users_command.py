"""`gridpatrol users`: persons of a folder, beside a running station or before its first start."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import anyio
import httpx
import pytest
from typer.testing import CliRunner

from ground_station.cli import app
from ground_station.commands.demo import run_demo
from ground_station.main import opened
from ground_station.options import DemoOptions, ScenarioName, Until
from ground_station.settings import read_settings
from ground_station.store.chain import verify
from ground_station.web_server import bind
from missions.register import sample_path
from patrol.errors import ConfigError, PatrolError
from tests.wire.test_serve_command import NOBODY, config

pytestmark = pytest.mark.timeout(60)
CHEAP = "[sign_in]\nargon2_memory_kib = 64\nargon2_rounds = 1\n"


def users(*words: str) -> str:
    """Run `gridpatrol users`; what it printed. Its refusals are raised."""
    ended = CliRunner().invoke(app, ["users", *words], catch_exceptions=True)
    if isinstance(ended.exception, PatrolError):
        raise ended.exception
    assert ended.exit_code == 0, ended.output
    return ended.stdout


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = config(tmp_path, NOBODY)
    path.write_text(path.read_text(encoding="utf-8") + "\n" + CHEAP, encoding="utf-8")
    return path


def test_persons_are_made_listed_changed_and_shut_out(file: Path) -> None:
    at = ("--config", str(file))
    printed = users("add", "huang", "--name", "黄志强", "--role", "PILOT",
                    "--role", "reg@440512001", *at)  # fmt: skip
    assert re.search(r"first password: [a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}\b", printed)
    (huang,) = json.loads(users("list", "--json", *at))
    assert (huang["name"], huang["must_change"], huang["has_pin"]) == ("黄志强", True, False)
    assert {"role": "REG", "scope": "440512001"} in huang["grants"]
    users("roles", "huang", "--role", "LEAD", *at)
    users("scope", "huang", "440512002", *at)
    users("disable", "huang", *at)
    (huang,) = json.loads(users("list", "--json", *at))
    assert huang["grants"] == [{"role": "LEAD", "scope": "440512002"}]
    assert huang["is_disabled"] is True
    users("enable", "huang", *at)
    assert "first password" in users("reset", "huang", *at)
    key = users("token", "huang", "--for", "a big screen", *at).strip()
    assert key.startswith("gp_")
    shown = users("tokens", "huang", *at)
    assert "a big screen" in shown
    assert key not in shown
    link = users("link", "huang", "--url", "http://127.0.0.1:8001/", *at).strip()
    assert link.startswith("http://127.0.0.1:8001/#link=")
    users("tokens", "huang", "--revoke", shown.split()[0], *at)
    assert users("tokens", "huang", *at) == ""
    verdict = verify(file.parent / "records" / "gridpatrol.db")
    assert (verdict.is_intact, verdict.row_count) == (True, 9)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("add", "xu", "--name", "Xu", "--role", "KING"), "roles are PILOT"),
        (("add", "xu", "--name", "Xu", "--role", "SYS"), "nobody can hold"),
        (("add", "xu", "--name", "Xu", "--role", "REG@440513"), "not a scope"),
        (("add", "xu", "--name", "Xu", "--role", "REG@440512D01"), "not a scope"),
        (("add", "xu", "--name", "Xu", "--role", "DEPT"), "not a department's code"),
        (("add", "xu", "--name", "Xu", "--role", "DEPT@440512001"), "not a department's code"),
        (("add", "xu", "--name", "Xu", "--role", "DEPT@440512D77"), "it has: 440512D01 区工信局"),
        (("add", "X U", "--name", "Xu", "--role", "REG"), "a login is"),
        (("disable", "nobody"), "nobody has the login"),
        (("token", "nobody", "--for", "x"), "nobody has the login"),
    ],
)
def test_what_cannot_be_is_refused_in_words(file: Path, words: tuple[str, ...], told: str) -> None:
    with pytest.raises(PatrolError, match=told):
        users(*words, "--config", str(file))


def test_a_departments_role_is_that_of_one_department(file: Path) -> None:
    at = ("--config", str(file))
    users("add", "deng", "--name", "Deng", "--role", "dept@440512d01", *at)
    users("scope", "deng", "440512D02", *at)
    assert "DEPT@440512D02" in users("list", *at)
    with pytest.raises(PatrolError, match="names no department 440512D99"):
        users("scope", "deng", "440512D99", *at)
    with pytest.raises(PatrolError, match="every other for a part of the district"):
        users("scope", "deng", "440512001", *at)
    users("roles", "deng", "--role", "DEPT@440512D03", "--role", "GW@440512001", *at)
    with pytest.raises(PatrolError, match="the role DEPT is held for a department"):
        users("scope", "deng", "440512D01", *at)  # a grid worker of a department there is none
    users("token", "deng", "--for", "its own system", "--role", "DEPT", "--scope", "440512D03", *at)
    assert "DEPT@440512D03" in users("tokens", "deng", *at)
    with closing(sqlite3.connect(file.parent / "records" / "gridpatrol.db")) as before:
        before.execute("UPDATE grants SET scope = '440512' WHERE role = 'DEPT'")
        before.commit()
    assert "[DEPT of no department]" in users("list", *at)  # given before roles named one


def test_a_folder_is_an_exercises_or_live_for_good(
    tmp_path: Path, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "records"
    users("add", "huang", "--name", "Huang", "--role", "PILOT", "--data", str(folder))

    async def start() -> None:
        with bind("127.0.0.1", 0) as listener:
            async with opened(read_settings(file), listener):
                pass

    with pytest.raises(PatrolError, match="only in an exercise"):
        users("link", "huang", "--data", str(folder))
    with pytest.raises(ConfigError, match="this data folder is a live station's"):
        anyio.run(start)
    options = DemoOptions(
        headless=True, scenario=ScenarioName.EMPTY, until=Until.LANDED, within=1.0, port=0,
        data=folder, muted=True,
    )  # fmt: skip
    assert run_demo(options) == 2
    assert "cannot be used for an exercise" in capsys.readouterr().err
    with pytest.raises(ConfigError, match="whose persons"):
        users("list")


def test_an_empty_folder_says_how_the_first_person_is_made(file: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "ground_station", "serve", "--config", str(file)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as station:  # fmt: skip
        try:
            assert station.stdout is not None
            assert station.stderr is not None
            url = json.loads(station.stdout.readline())["url"]
            door = httpx.get(f"{url}/api/session/door", trust_env=False).json()
            assert door["has_persons"] is False
            password = users(
                "add", "huang", "--name", "Huang", "--role", "LEAD", "--config", str(file)
            ).split()[-1]
            answer = httpx.post(
                f"{url}/api/session", json={"login": "huang", "password": password},
                headers={"X-GridPatrol": "console"}, trust_env=False,
            )  # fmt: skip
            assert (answer.status_code, answer.json()["must_change"]) == (200, True)
        finally:
            station.terminate()
            _, said = station.communicate(timeout=15)
    assert "gridpatrol users add" in said
    with pytest.raises(ConfigError, match="no database"):
        verify(file.parent / "nowhere.db")
    assert verify(file.parent / "records" / "gridpatrol.db").is_intact


def test_in_another_district_roles_are_held_in_its_own_codes(file: Path) -> None:
    register = file.parent / "longhu.geojson"
    sample = sample_path().read_text(encoding="utf-8")
    register.write_text(sample.replace("440512", "440507"), encoding="utf-8")
    words = f"register_file = '{register}'\n" + file.read_text(encoding="utf-8")
    file.write_text(words, encoding="utf-8")
    at = ("--config", str(file))
    users("add", "lin", "--name", "Lin", "--role", "LEAD", "--role", "REG@440507001", *at)
    (lin,) = json.loads(users("list", "--json", *at))
    assert lin["grants"] == [
        {"role": "LEAD", "scope": "440507"}, {"role": "REG", "scope": "440507001"},
    ]  # fmt: skip
    with pytest.raises(PatrolError, match="not a scope.*440507, or a street"):
        users("scope", "lin", "440512001", *at)
