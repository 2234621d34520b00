"""Whose cases they are: a live station never files by the exercise's invented persons."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ground_station.owners import EXERCISE_RESPONSIBILITY_FILE, responsibility_for
from patrol.errors import ConfigError


def test_an_exercise_has_its_sample_table() -> None:
    assert responsibility_for(None, is_exercise=True).is_exercise


def test_a_live_station_without_a_table_does_not_start() -> None:
    with pytest.raises(ConfigError, match="responsibility_file is missing"):
        responsibility_for(None, is_exercise=False)


def test_a_live_station_takes_its_own_table_and_not_an_exercises(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="an exercise's"):
        responsibility_for(EXERCISE_RESPONSIBILITY_FILE, is_exercise=False)
    body = json.loads(EXERCISE_RESPONSIBILITY_FILE.read_text(encoding="utf-8"))
    own = tmp_path / "owners.json"
    own.write_text(json.dumps(body | {"is_exercise": False}), encoding="utf-8")
    assert not responsibility_for(own, is_exercise=False).is_exercise
