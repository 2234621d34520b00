"""One station a data folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from ground_station.data_lock import data_lock, free_data_dir
from patrol.errors import ConfigError


def test_a_second_station_is_refused_the_folder_and_told_what_to_do(tmp_path: Path) -> None:
    with data_lock(tmp_path), pytest.raises(ConfigError, match="--data"), data_lock(tmp_path):
        pass


def test_the_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    with data_lock(tmp_path):
        pass
    with data_lock(tmp_path):
        pass


def test_demos_side_by_side_get_folders_of_their_own(tmp_path: Path) -> None:
    default = tmp_path / "gridpatrol"
    with data_lock(default):
        assert free_data_dir(None, default) == tmp_path / "gridpatrol-2"
    assert free_data_dir(None, default) == default


def test_a_named_folder_in_use_is_not_replaced_by_another(tmp_path: Path) -> None:
    with data_lock(tmp_path), pytest.raises(ConfigError):
        free_data_dir(tmp_path, tmp_path / "default")


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be used"), data_lock(tmp_path / "file" / "x"):
        pass
