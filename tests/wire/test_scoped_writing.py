"""Nobody writes about another's part of the district: what is linked, and what a shift plans."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ground_station.casework.citizens import CitizenReport
from ground_station.store.shelves import Shelves
from missions.register import load_register
from patrol.cause import Role
from tests.ground_core import GRID, SYSTEM, a_sighting, later
from tests.wire.test_centre_api import WORDS, a_filed_case, ok
from tests.wire.test_sign_in import told
from tests.wire.test_web_api import House, house

__all__ = ["house"]  # a fixture

pytestmark = pytest.mark.anyio
OURS, THEIRS = GRID[:9], "440512002"
THEIR_GRID = next(g.code for g in load_register().grids if g.code.startswith(THEIRS))


async def seen_in_both_streets(house: House, grid: str) -> None:
    """S-1 in this grid, S-2 in another street."""
    ours = a_sighting(grid=grid)
    for sighting in (ours, replace(ours, sighting_id="S-2", grid_code=THEIR_GRID)):
        await house.records.save_sighting(
            sighting, register_version="sample-1", is_exercise=True, cause=SYSTEM, at_utc=later(2)
        )


async def test_a_sighting_of_another_street_is_linked_to_no_report(house: House) -> None:
    _, case_no = await a_filed_case(house)
    report = await ok(await house.post("/reports", "DISP", **WORDS), 201)
    await seen_in_both_streets(house, report["grid_code"])
    scope = report["grid_code"][:9]
    ours = house.client(await house.let_in("Li", roles=(Role.DISPATCHER,), scope=scope))
    path = f"/api/reports/{report['report_id']}/link"

    async def link(*ids: str) -> Any:  # noqa: ANN401
        return await ours.post(path, json={"case_no": case_no, "sighting_ids": list(ids)})

    hidden, unknown = await link("S-2", "S-9"), await link("S-8", "S-9")
    assert (hidden.status_code, unknown.status_code) == (404, 404)
    words = hidden.json()["error"]
    assert words == "there is no sighting S-2"
    assert words.replace("S-2", "S-8") == unknown.json()["error"]
    assert await told(house, "scope.refused") == [("scope.refused", "Li", THEIR_GRID)]
    shelves = Shelves(house.records._store)
    kept = await shelves.get(CitizenReport, report["report_id"])
    assert (kept.case_no, kept.sighting_ids) == ("", ())
    linked = await ok(await link("S-1"))
    assert linked["sighting_ids"] == ["S-1"]
