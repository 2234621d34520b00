"""Every command of docs/api.md is run as it stands there."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path

import anyio
import pytest

from ground_station.commands.bench import BENCHES
from patrol.cause import Role
from tests.wire.test_centre_api import a_filed_case
from tests.wire.test_web_api import ALERT, House, house

__all__ = ["house"]  # a fixture

pytestmark = pytest.mark.anyio
PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


async def run(command: list[str], cwd: Path, **more: str) -> str:
    root = str(Path(__file__).parents[2])
    env = {**os.environ, "PYTHONPATH": root, "PYTHONIOENCODING": "utf-8", **more}
    with anyio.fail_after(20.0):
        done = await anyio.run_process(command, check=False, cwd=cwd, env=env)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return done.stdout.decode()


async def test_the_examples_make_a_token_read_and_take_an_alert(
    house: House, tmp_path: Path
) -> None:
    config = f"""data_dir = "{house.folder}"
is_exercise = true
aircraft = [{{connect = "udpin://127.0.0.1:14540", camera.url = "rtsp://x", speaker.url = "http://x"}}]
"""
    (tmp_path / "station.toml").write_text(config, encoding="utf-8")
    people, benches = blocks("sh")
    for line in people.splitlines():
        program, *arguments = shlex.split(line)
        assert program == "gridpatrol"
        told = await run([sys.executable, "-m", "ground_station", *arguments], tmp_path)
    found = re.search(r"gp_\S+", told)
    assert found is not None
    where = {"GRIDPATROL_URL": house.web.url, "GRIDPATROL_TOKEN": found.group()}
    _, case_no = await a_filed_case(house)
    await house.has_alert()
    assert house.crowd.watch is not None
    house.crowd.show_alerts(house.crowd.watch)
    reading, taking = blocks("python")
    assert f"{case_no} DISPATCHED" in await run([sys.executable, "-c", reading], tmp_path, **where)
    assert f"taken: {ALERT} 陈梅" in await run([sys.executable, "-c", taking], tmp_path, **where)
    assert shlex.split(benches)[:3] == ["gridpatrol", "bench", "loop"]
    assert "loop" in BENCHES


def test_both_languages_tell_the_same_topics() -> None:
    chinese, english = PAGE.split("## English")
    rows = [len(re.findall(r"^\| ", part, re.MULTILINE)) for part in (chinese, english)]
    assert rows[0] == rows[1] > 5
    assert Role.OPERATOR.value in PAGE
