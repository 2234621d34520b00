"""At the station, too, a route is a DRAFT until the record of its test flight is there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from missions.formats import read_plan, write_json
from missions.tested import record_path
from tests.ground_core import GRID
from tests.unit.test_tested import a_record
from tests.wire.test_sortie_failures import at_grid
from tests.wire.test_web_api import House, house

__all__ = ["house"]  # a fixture

pytestmark = pytest.mark.anyio


async def test_a_live_route_is_approved_once_its_test_flight_is_on_record(house: House) -> None:
    house.plans._parts = replace(house.plans._parts, is_exercise=False)
    at_grid(house)
    made = (await house.post("/plans", "LEAD", grid_code=GRID)).json()
    levels = {finding["code"]: finding["level"] for finding in made["findings"]}
    assert levels["route.untested"] == "stop"
    path, plan_id = f"/plans/{made['plan']['plan_id']}/approve", made["plan"]["plan_id"]
    refused = await house.post(path, "LEAD", digest=made["digest"])
    assert refused.status_code == 409
    assert [f["code"] for f in refused.json()["findings"]] == ["route.untested"]

    plan_file = house.folder / "routes" / f"{plan_id}.json"
    write_json(record_path(plan_file), a_record(read_plan(plan_file)).to_dict())
    done = await house.post(path, "LEAD", digest=made["digest"])
    assert done.status_code == 200, done.text
    assert "route.tested" in {finding["code"] for finding in done.json()["findings"]}


async def test_an_exercise_is_told_that_its_route_is_a_draft_and_may_fly_it(house: House) -> None:
    at_grid(house)
    made = (await house.post("/plans", "LEAD", grid_code=GRID)).json()
    levels = {finding["code"]: finding["level"] for finding in made["findings"]}
    assert levels["route.untested"] == "warn"
    path = f"/plans/{made['plan']['plan_id']}/approve"
    assert (await house.post(path, "LEAD", digest=made["digest"])).status_code == 200
