"""Nobody writes about another's part of the district: what is linked, and what a shift plans."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ground_station.casework.citizens import CitizenReport
from ground_station.people.persons import Grant
from ground_station.store.shelves import Shelves
from missions.register import load_register
from patrol.cause import Role
from tests.ground_core import GRID, SORTIE, SYSTEM, a_sighting, later
from tests.ground_story import fly_the_story
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


async def a_planned_shift(house: House) -> None:
    """Wu, who has the whole district, is on duty and plans a grid of each street."""
    await ok(await house.post("/shift", "PILOT", squad="一队"), 201)
    await ok(await house.post("/shift/plan", "LEAD", grids=[GRID, THEIR_GRID]))
    await ok(await house.post("/shift/note", "REG", text="起飞点移到码头"))


async def test_a_change_of_the_shift_answers_no_more_than_may_be_read(house: House) -> None:
    await a_planned_shift(house)
    theirs = house.client(await house.let_in("Li", roles=(Role.LEADER,), scope=THEIRS))
    read = await ok(await theirs.get("/api/shift"))
    shown = ("planned_grids", "sortie_ids", "remarks")
    assert [read[name] for name in shown] == [[THEIR_GRID], [], []]
    answer = await ok(await theirs.post("/api/shift/plan", json={"grids": [THEIR_GRID]}))
    assert answer == {name: answer[name] for name in read if name != "log"}
    assert [answer[name] for name in shown] == [[THEIR_GRID], [], []]
    await ok(await house.post("/shift/sign-in", "REG"))
    for role in ("PILOT", "REG"):
        await ok(await house.post("/shift/sign", role))
    closed = await ok(await house.post("/shift/close", "LEAD"))
    log = await ok(await theirs.get(f"/api/shifts/{closed['shift_id']}/log"))
    assert (closed["log"]["is_whole"], closed["log"]["sha256"]) == (True, log["sha256"])
    assert (log["is_whole"], log["unvisited_grids"], log["remarks"]) == (False, [THEIR_GRID], [])
    assert [log[name] for name in shown] == [[THEIR_GRID], [], []]


async def test_nobody_plans_another_streets_grids_nor_takes_them_out(house: House) -> None:
    await a_planned_shift(house)
    theirs = house.client(await house.let_in("Li", roles=(Role.LEADER,), scope=THEIRS))
    for grids in ([GRID], [THEIR_GRID, GRID]):
        denied = await theirs.post("/api/shift/plan", json={"grids": grids})
        assert denied.status_code == 404
        assert denied.json()["error"] == f"no grid {GRID!r} in the register"
    assert await told(house, "scope.refused") == [("scope.refused", "Li", GRID)] * 2
    await ok(await theirs.post("/api/shift/plan", json={"grids": []}))
    kept = await ok(await house.http.get("/api/shift"))
    assert kept["planned_grids"] == [GRID]
    await ok(await house.post("/shift/plan", "LEAD", grids=[]))
    assert (await ok(await house.http.get("/api/shift")))["planned_grids"] == []


async def test_who_leads_in_another_part_alone_plans_no_grid_that_they_only_see(
    house: House,
) -> None:
    await a_planned_shift(house)
    leads, sees = Grant(role=Role.LEADER, scope=THEIRS), Grant(role=Role.COMMUNITY, scope=OURS)
    await house.book.add("li", "Li", [leads, sees])
    both = house.client(await house.let_in("Li", roles=(Role.LEADER, Role.COMMUNITY)))
    for grids in ([GRID], [THEIR_GRID, GRID]):
        refused = await both.post("/api/shift/plan", json={"grids": grids})
        assert refused.status_code == 403
    assert await told(house, "verb.refused") == [("verb.refused", "Li", "shift.plan")] * 2
    planned = await ok(await both.post("/api/shift/plan", json={"grids": [THEIR_GRID]}))
    assert planned["planned_grids"] == [GRID, THEIR_GRID]  # nor do they take it out


async def test_a_sortie_is_handed_out_as_far_as_the_role_that_hands_it_out_goes(
    house: House,
) -> None:
    await fly_the_story(house.records)
    next_door = replace(a_sighting(), sighting_id="S-2", grid_code=THEIR_GRID)
    await house.records.save_sighting(
        next_door, register_version="sample-1", is_exercise=True, cause=SYSTEM, at_utc=later(2)
    )
    leads, looks = Grant(role=Role.LEADER, scope=OURS), Grant(role=Role.OPERATOR)
    await house.book.add("li", "Li", [leads, looks])
    both = house.client(await house.let_in("Li", roles=(Role.LEADER, Role.OPERATOR)))
    path = f"/api/sorties/{SORTIE}/files/geojson"
    handed = await both.get(path, params={"purpose": "review"})
    assert handed.status_code == 200
    assert (GRID in handed.text, THEIR_GRID in handed.text) == (True, False)
    whole = await house.http.get(path, params={"purpose": "review"})
    assert THEIR_GRID in whole.text
