"""At the station a patrol of any pattern is planned, each of its sorties a plan of its own."""

from __future__ import annotations

import pytest

from missions.formats import read_plan
from tests.ground_core import GRID
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
