"""At the station a patrol of any pattern is planned, each of its sorties a plan of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ground_station.planning_data import PlanningData
from missions.formats import read_plan
from patrol.clock import utc_text
from tests.ground_core import GRID
from tests.unit.test_airspace import a_feature, a_file
from tests.wire.test_sortie_failures import at_grid
from tests.wire.test_web_api import House, house

__all__ = ["house"]  # a fixture

pytestmark = pytest.mark.anyio


async def test_a_sweep_of_several_sorties_is_several_plans_to_approve(house: House) -> None:
    at_grid(house)
    made = (
        await house.post("/plans", "LEAD", grid_code=GRID, pattern="sweep", spacing_m=12)
    ).json()
    sorties = made["sorties"]
    assert len(sorties) > 1
    assert (made["plan"], made["digest"]) == (sorties[0]["plan"], sorties[0]["digest"])
    assert len({one["plan"]["plan_id"] for one in sorties}) == len(sorties)
    for number, one in enumerate(sorties, 1):
        assert (one["plan"]["pattern"], one["plan"]["sortie_number"]) == ("sweep", number)
        kept = read_plan(house.folder / "routes" / f"{one['plan']['plan_id']}.json")
        assert kept.digest == one["digest"]
    last = sorties[-1]
    path = f"/plans/{last['plan']['plan_id']}/approve"
    assert (await house.post(path, "LEAD", digest=last["digest"])).status_code == 200


async def test_what_cannot_be_planned_is_refused_with_its_findings(house: House) -> None:
    at_grid(house)
    far = [{"lat_deg": 24.0, "lon_deg": 117.0}]
    refused = await house.post("/plans", "LEAD", grid_code=GRID, pattern="orbit", places=far)
    assert refused.status_code == 409
    assert [one["code"] for one in refused.json()["findings"]] == ["points.out_of_reach"]
    narrow = await house.post("/plans", "LEAD", grid_code=GRID, pattern="sweep", spacing_m=0.001)
    assert [one["code"] for one in narrow.json()["findings"]] == ["spacing.explodes"]


def zones(house: House, folder: Path, age: timedelta, *features: dict[str, Any]) -> None:
    """The station is given airspace data of that age."""
    fetched_utc = house.plans._parts.world.now_utc() - age
    path = a_file(folder, list(features), fetched_at=utc_text(fetched_utc))
    data = PlanningData(airspace_file=path)
    gate = house.plans.gate
    gate._parts = replace(gate._parts, data=data)  # a station has one and the same for both
    house.plans._parts = replace(house.plans._parts, data=data)


async def test_the_age_of_the_airspace_data_is_shown_and_old_data_gets_no_name(
    house: House, tmp_path: Path
) -> None:
    at_grid(house)
    zones(house, tmp_path, timedelta(hours=3))
    made = (await house.post("/plans", "LEAD", grid_code=GRID)).json()
    levels = {one["code"]: one["level"] for one in made["findings"]}
    assert levels["airspace.age"] == "note"
    assert "airspace.unknown" not in levels
    zones(house, tmp_path, timedelta(hours=25))  # nobody fetched it again before it was approved
    path = f"/plans/{made['plan']['plan_id']}/approve"
    refused = await house.post(path, "LEAD", digest=made["digest"])
    assert refused.status_code == 409
    assert [one["code"] for one in refused.json()["findings"]] == ["airspace.stale"]


async def test_a_zone_that_is_told_after_the_plan_was_made_is_seen_at_its_approval(
    house: House, tmp_path: Path
) -> None:
    at_grid(house)
    zones(house, tmp_path, timedelta(hours=1))
    made = (await house.post("/plans", "LEAD", grid_code=GRID)).json()
    zones(house, tmp_path, timedelta(), a_feature("Point", made["plan"]["home"], radius_m=900.0))
    path = f"/plans/{made['plan']['plan_id']}/approve"
    refused = await house.post(path, "LEAD", digest=made["digest"])
    assert refused.status_code == 409
    assert {one["code"] for one in refused.json()["findings"]} == {"airspace.zone"}


async def test_airspace_data_that_cannot_be_read_is_a_refusal_in_both_languages(
    house: House, tmp_path: Path
) -> None:
    at_grid(house)
    zones(house, tmp_path, timedelta())
    (tmp_path / "zones.geojson").write_text("?", encoding="utf-8")
    refused = await house.post("/plans", "LEAD", grid_code=GRID)
    assert refused.status_code == 409
    assert "空域数据无法使用" in refused.json()["error_zh"]
