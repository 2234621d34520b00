"""A new version of the register never changes what an old log says."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from missions.register import Register, load_register
from missions.register_shelf import RegisterShelf
from patrol.errors import ConfigError
from tests.districts import feature, grid_code, square

FIRST_USED = datetime(2026, 1, 1, tzinfo=UTC)
MOVED_IN = FIRST_USED + timedelta(days=30)


def a_register(version: str, name: str = "第一网格", east: float = 0.0, **more: Any) -> Register:  # noqa: ANN401
    one = feature(grid_code(1), square(east, 0))
    one["properties"] = {"code": grid_code(1), "level": "grid", "name_zh": name, **more}
    body = {"type": "FeatureCollection", "datum": "WGS-84", "version": version, "features": [one]}
    return Register(body, Path(version))


def test_each_moment_has_the_register_that_was_in_use_and_each_version_its_borders(
    tmp_path: Path,
) -> None:
    old, new = a_register("2026.1"), a_register("2026.2", "新一网格", east=1.0)
    shelf = RegisterShelf(tmp_path / "registers")
    assert shelf.in_use(MOVED_IN) is None
    shelf.keep(old, FIRST_USED)
    shelf.keep(new, MOVED_IN)
    again = RegisterShelf(tmp_path / "registers")  # after a restart
    for version, name, moment in (
        ("2026.1", "第一网格", MOVED_IN - timedelta(seconds=1)),
        ("2026.2", "新一网格", MOVED_IN),
    ):
        found, by_version = again.in_use(moment), again.of(version)
        assert found is by_version
        assert found is not None
        assert (found.version, found.get(grid_code(1)).name_zh) == (version, name)
    assert again.in_use(FIRST_USED - timedelta(seconds=1)) is None
    assert again.of("2025.9") is None
    west = again.of("2026.1")
    assert west is not None
    assert west.areas[grid_code(1)].shape.equals(old.areas[grid_code(1)].shape)


@pytest.mark.parametrize("other", [a_register("v1", east=1.0), a_register("v1", "别的网格")])
def test_no_other_borders_or_names_may_bear_a_version_that_logs_were_filed_under(
    tmp_path: Path, other: Register
) -> None:
    shelf = RegisterShelf(tmp_path)
    shelf.keep(a_register("v1"), FIRST_USED)
    with pytest.raises(ConfigError, match="a version of its own") as said:
        shelf.keep(other, MOVED_IN)
    assert "另定版本号" in said.value.text_zh
    found = shelf.in_use(MOVED_IN)
    assert found is not None
    assert found.get(grid_code(1)).name_zh == "第一网格"


def test_the_same_register_is_kept_once_and_what_is_no_border_may_change(tmp_path: Path) -> None:
    shelf = RegisterShelf(tmp_path)
    for days in range(3):
        shelf.keep(a_register("v1"), FIRST_USED + timedelta(days=days))
    shelf.keep(a_register("v1", noise_class="2"), MOVED_IN)
    lines = (tmp_path / "used.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1
    assert len(list(tmp_path.glob("*.geojson"))) == 1


def test_going_back_to_an_old_version_is_noted(tmp_path: Path) -> None:
    shelf = RegisterShelf(tmp_path)
    for hours, version in enumerate(("v1", "v2", "v1")):
        east = float(version == "v2")
        shelf.keep(a_register(version, east=east), FIRST_USED + timedelta(hours=hours))
    used = [shelf.in_use(FIRST_USED + timedelta(hours=hours)) for hours in range(3)]
    assert [one.version for one in used if one] == ["v1", "v2", "v1"]


def test_a_line_that_was_cut_off_in_writing_never_was(tmp_path: Path) -> None:
    shelf = RegisterShelf(tmp_path)
    shelf.keep(a_register("v1"), FIRST_USED)
    with (tmp_path / "used.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"version": "v2", "dig')
    again = RegisterShelf(tmp_path)
    assert again.of("v2") is None
    again.keep(a_register("v2", east=1.0), MOVED_IN)
    assert again.of("v1") is not None
    assert again.of("v2") is not None


def test_a_list_that_cannot_be_read_and_a_folder_that_is_a_file_are_told(tmp_path: Path) -> None:
    (tmp_path / "used.jsonl").write_text('{"version": 1}\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot be read"):
        RegisterShelf(tmp_path).keep(a_register("v1"), FIRST_USED)
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot be kept|cannot be read"):
        RegisterShelf(tmp_path / "file").keep(a_register("v1"), FIRST_USED)


def test_the_sample_is_kept_and_read_back_as_it_is(tmp_path: Path) -> None:
    shelf, sample = RegisterShelf(tmp_path), load_register()
    shelf.keep(sample, FIRST_USED)
    found = shelf.of(sample.version)
    assert found is not None
    assert found.areas == sample.areas
    assert json.loads(found.text) == json.loads(sample.text)
