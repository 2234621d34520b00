"""What register and orders say of a place: yes, no, or nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ground_station.templates import Need
from ground_station.words.grounds import CHECKPOINT_M, SCHOOL_GATE_M, grounds, schools_of
from missions.register import Register, load_register
from patrol.geo import GeoPoint, offset
from tests.ground_core import LEGAL, MORNING

REGISTER = load_register()
SCHOOL = schools_of(REGISTER)[0].point


def known(place: GeoPoint | None, register: Register = REGISTER) -> dict[Need, bool]:
    code = None if place is None else register.grid_at(place)
    return grounds(
        register, LEGAL, grid_code=code, place=place, at_utc=MORNING, is_exercise=True
    )  # fmt: skip


def bare() -> Register:
    """The sample without sites, checkpoints and flags."""
    body: dict[str, Any] = REGISTER._body | {"features": []}
    for feature in REGISTER._body["features"]:
        if feature["properties"]["level"] not in ("site", "checkpoint"):
            properties = dict(feature["properties"])
            properties.pop("sensitive_flags", None)
            body["features"].append(feature | {"properties": properties})
    return Register(body, Path("(bare)"))


@pytest.mark.parametrize(
    ("need", "point", "reach_m"),
    [
        (Need.CHECKPOINT, REGISTER.checkpoints[0].point, CHECKPOINT_M),
        (Need.SCHOOL_GATE, SCHOOL, SCHOOL_GATE_M),
    ],
)
def test_a_checkpoint_and_a_school_gate_reach_so_far_and_no_farther(
    need: Need, point: GeoPoint, reach_m: float
) -> None:
    assert known(offset(point, east_m=reach_m - 1.0, north_m=0.0))[need] is True
    assert known(offset(point, east_m=reach_m + 1.0, north_m=0.0))[need] is False


def test_a_grid_is_coast_where_the_register_says_so() -> None:
    for grid in REGISTER.grids:
        inside = grid.shape.representative_point()
        place = GeoPoint(lat_deg=inside.y, lon_deg=inside.x)
        assert known(place)[Need.COAST] is bool(grid.sensitive_flags), grid.code


def test_what_the_register_says_nothing_of_is_not_known() -> None:
    assert known(SCHOOL, bare()) == {Need.EMERGENCY_DECLARED: False}
    assert known(None) == {Need.EMERGENCY_DECLARED: False}


def test_outside_every_grid_nobody_knows_whether_it_is_the_coast() -> None:
    at_sea = offset(REGISTER.checkpoints[0].point, east_m=200_000.0, north_m=0.0)
    assert Need.COAST not in known(at_sea)


def test_the_schools_of_another_district_are_known_too() -> None:
    other = Register(json.loads(REGISTER.text.replace("440512", "440507")), Path("longhu"))
    assert [site.code[:6] for site in schools_of(other)] == ["440507"] * len(schools_of(REGISTER))
    assert known(SCHOOL, other)[Need.SCHOOL_GATE] is True
