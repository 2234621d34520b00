"""A new version of the register never changes what an old log or an old day's report says."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from ground_station.folders import registers_of
from ground_station.store.records import Records
from missions.register import Register, load_register, sample_path
from missions.register_body import text_of
from tests.ground_core import GRID, MORNING, running_store
from tests.ground_story import fly_the_story, land_and_sign
from tests.wire.test_export_command import export

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(90)]
OLD_NAME = load_register().get(GRID).name_spoken


@pytest.fixture
async def data(tmp_path: Path) -> Path:
    """The folder of a station that flew with the sample."""
    async with running_store(tmp_path / "data") as store:
        records = Records(store)
        await fly_the_story(records)
        await land_and_sign(records)
    registers_of(tmp_path / "data").keep(load_register(), MORNING - timedelta(hours=1))
    return tmp_path / "data"


def redrawn(tmp_path: Path) -> Path:
    """The next version: the grid has another name, and half the grids are gone."""
    body = json.loads(sample_path().read_text(encoding="utf-8"))
    body["version"] = "sample-2099.1"
    for one in body["features"]:
        if one["properties"]["code"] == GRID:
            one["properties"]["name_spoken"] = "改名后的网格"
    body["features"] = [
        one for one in body["features"]
        if one["properties"]["level"] != "grid" or int(one["properties"]["code"][-1]) > 2
    ]  # fmt: skip
    path = tmp_path / "new.geojson"
    path.write_text(text_of(body), encoding="utf-8")
    return path


def report_of_the_day(data: Path, out: Path, register: Path | None = None) -> dict[str, str]:
    more = ("--register", str(register)) if register else ()
    done = export("day", "2026-11-24", "--data", str(data), "--out", str(out), "--purpose", "look",
                  *more)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return {
        path.name: path.read_text(encoding="utf-8")
        for path in out.iterdir()
        if path.suffix in (".csv", ".geojson")
    }


async def test_an_old_days_files_are_the_same_under_a_new_register(
    data: Path, tmp_path: Path
) -> None:
    before = report_of_the_day(data, tmp_path / "before")
    path = redrawn(tmp_path)
    new = Register(json.loads(path.read_text(encoding="utf-8")), path)
    registers_of(data).keep(new, MORNING + timedelta(days=30))
    after = report_of_the_day(data, tmp_path / "after", path)
    assert after == before
    told = "".join(after.values())
    assert OLD_NAME in told
    assert load_register().version in told
    assert "改名后的网格" not in told
    assert "sample-2099.1" not in told


async def test_a_station_that_never_kept_a_register_shows_the_one_it_is_given(
    data: Path, tmp_path: Path
) -> None:
    for file in (data / "registers").iterdir():
        file.unlink()
    told = "".join(report_of_the_day(data, tmp_path / "out", redrawn(tmp_path)).values())
    assert "改名后的网格" in told
