"""Whose cases they are: a live station never files by the exercise's invented persons."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground_station.owners import (
    EXERCISE_RESPONSIBILITY_FILE,
    Tier,
    read_responsibility,
    responsibility_for,
)
from patrol.errors import ConfigError
from tests.ground_core import GRID


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


codes = st.sampled_from([None, "440512", "440512001", "440512001003", GRID, f"{GRID}01"])


@given(codes, st.sampled_from(list(Tier)))
def test_an_exercise_with_the_districts_own_table_names_none_of_its_real_units(
    code: str | None, tier: Tier
) -> None:
    sample = read_responsibility()
    real = replace(sample, is_exercise=False)
    for live, played in (
        (real.owner(grid_code=code, tier=tier, for_exercise=False),
         real.owner(grid_code=code, tier=tier, for_exercise=True)),
        (real.owner_of(code or "440512D01", for_exercise=False),
         real.owner_of(code or "440512D01", for_exercise=True)),
    ):  # fmt: skip
        assert live is not None
        assert played is not None
        assert (played.code, played.tier) == (live.code, live.tier)
        assert played.unit == f"{live.unit}（演练）"
        assert played.person
        assert (played.person == live.person, played.phone) == (False, "")
    # Its own sample names stand-ins as they are.
    own = sample.owner(grid_code=code, tier=tier, for_exercise=True)
    assert own == sample.owner(grid_code=code, tier=tier, for_exercise=False)


def test_a_unit_whose_role_nobody_could_be_given_is_refused(tmp_path: Path) -> None:
    body = json.loads(EXERCISE_RESPONSIBILITY_FILE.read_text(encoding="utf-8"))
    for code in ("440512X01", "440512D1", "44051200", "440512T3"):
        body["named"][-1]["code"] = code
        path = tmp_path / "owners.json"
        path.write_text(json.dumps(body), encoding="utf-8")
        with pytest.raises(ConfigError, match="not a responsibility table"):
            read_responsibility(path)
    assert list(read_responsibility().departments) == [f"440512D0{n}" for n in (1, 2, 3, 4)]
