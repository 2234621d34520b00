"""Each shift serves a part of the district: whose it is joins it, all others know of none."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from ground_station.api.shifts import seen_log, seen_shift, shift_view
from ground_station.people.door import Caller
from ground_station.people.persons import Grant, Person
from ground_station.people.scopes import covers
from ground_station.shifts import shift as shifts
from ground_station.shifts.shift import Shift
from ground_station.store import tables
from ground_station.store.codec import decode, encode
from missions.register import load_register
from patrol.cause import Role
from patrol.errors import Refused
from tests.ground_core import GRID, LEADER, MORNING, PILOT, SORTIE, a_sortie
from tests.wire.test_centre_api import ok
from tests.wire.test_sign_in import told
from tests.wire.test_web_api import House, house

__all__ = ["house"]  # a fixture

pytestmark = pytest.mark.anyio
OURS, THEIRS = GRID[:9], "440512002"
THEIR_GRID = next(g.code for g in load_register().grids if g.code.startswith(THEIRS))
CREW = (Role.LEADER, Role.PILOT, Role.ANNOUNCER, Role.REGISTRAR)
CHANGES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("sign-in", {"role": "PILOT"}), ("hand-over", {"role": "PILOT", "to": "Li"}),
    ("sign-out", {"role": "PILOT"}), ("weather", {"text": "晴"}), ("note", {"text": "到位"}),
    ("sign", {"role": "PILOT"}), ("close", {"role": "LEAD"}), ("plan", {"grids": []}),
)  # fmt: skip


async def crew(house: House, name: str, scope: str) -> Any:  # noqa: ANN401
    return house.client(await house.let_in(name, roles=CREW, scope=scope))


async def test_another_streets_crew_neither_sees_nor_joins_nor_closes_a_shift(
    house: House,
) -> None:
    ours, theirs = await crew(house, "An", OURS), await crew(house, "Li", THEIRS)
    opened = await ok(await ours.post("/api/shift", json={"role": "PILOT"}), 201)
    assert opened["scope"] == OURS  # of whoever opened it
    shift_id = opened["shift_id"]
    none = (await theirs.get("/api/shift/none/log")).status_code
    for answer in (
        await theirs.get("/api/shift"),
        await theirs.get("/api/shift", params={"shift": shift_id}),
        await theirs.get(f"/api/shifts/{shift_id}/log"),
        *[await theirs.post(f"/api/shift/{verb}", json=body) for verb, body in CHANGES],
        *[
            await theirs.post(f"/api/shift/{verb}", params={"shift": shift_id}, json=body)
            for verb, body in CHANGES
        ],
    ):
        assert answer.status_code == none == 404, answer.text
    refused = await told(house, "scope.refused")
    assert refused == [("scope.refused", "Li", OURS)] * (3 + 2 * len(CHANGES))
    assert (await ok(await theirs.get("/api/shifts")))["items"] == []
    kept = await ok(await ours.get("/api/shift"))
    assert (kept["state"], kept["remarks"], len(kept["duties"])) == ("OPEN", [], 1)


async def test_a_shift_that_is_not_theirs_is_as_unknown_as_one_that_there_is_not(
    house: House,
) -> None:
    ours, theirs = await crew(house, "An", OURS), await crew(house, "Li", THEIRS)
    before = await theirs.post("/api/shift/note", json={"text": "x"})
    opened = await ok(await ours.post("/api/shift", json={"role": "LEAD"}), 201)
    hidden = await theirs.post("/api/shift/note", json={"text": "x"})
    assert before.json()["error"] == hidden.json()["error"] == "no shift is open"
    for path in ("/api/shift/note?shift={}", "/api/shifts/{}/log"):
        said = []
        for name in (opened["shift_id"], "SH-0"):
            url = path.format(name)
            answer = await (
                theirs.get(url) if "log" in path else theirs.post(url, json={"text": "x"})
            )
            said.append((answer.status_code, answer.json()["error"].replace(name, "ID")))
        assert said[0] == said[1]


async def test_two_streets_have_a_shift_each_and_the_centre_names_the_one_it_means(
    house: House,
) -> None:
    ours, theirs = await crew(house, "An", OURS), await crew(house, "Li", THEIRS)
    first = await ok(await ours.post("/api/shift", json={"role": "PILOT"}), 201)
    second = await ok(await theirs.post("/api/shift", json={"role": "PILOT"}), 201)
    for part in ({}, {"scope": OURS}, {"scope": GRID}):
        over = await house.post("/shift", "LEAD", **part)
        assert over.status_code == 409, "one is open there"
    several = await house.post("/shift/note", "LEAD", text="x")
    assert several.status_code == 409
    assert f"{first['shift_id']}, {second['shift_id']}" in several.json()["error"]
    noted = await house.http.post(
        "/api/shift/note", params={"shift": second["shift_id"]}, json={"role": "LEAD", "text": "x"}
    )
    assert len((await ok(noted))["remarks"]) == 1
    assert (await ok(await ours.get("/api/shift")))["remarks"] == []
    assert len((await ok(await house.http.get("/api/shifts")))["items"]) == 2
    assert len((await ok(await theirs.get("/api/shifts")))["items"]) == 1


async def test_a_part_of_ones_own_is_named_when_a_shift_is_opened_and_no_other(
    house: House,
) -> None:
    ours = await crew(house, "An", OURS)
    for scope, status in ((THEIRS, 404), ("440512", 404), ("440512D01", 422), (GRID[:12], 201)):
        opened = await ours.post("/api/shift", json={"role": "LEAD", "scope": scope})
        assert opened.status_code == status, scope
    assert opened.json()["scope"] == GRID[:12]
    outside = await house.post("/shift/plan", "LEAD", grids=[THEIR_GRID])
    assert outside.status_code == 409
    assert "lies outside it" in outside.json()["error"]


async def test_a_role_is_handed_over_to_somebody_who_holds_it_there(house: House) -> None:
    ours = await crew(house, "An", OURS)
    await crew(house, "Li", THEIRS)
    await crew(house, "Bo", "440512")
    await ok(await ours.post("/api/shift", json={"role": "PILOT"}), 201)
    far = await ours.post("/api/shift/hand-over", json={"role": "PILOT", "to": "Li"})
    assert f"does not hold the role PILOT in {OURS}" in far.json()["error"]
    await ok(await ours.post("/api/shift/hand-over", json={"role": "PILOT", "to": "Bo"}))


async def test_being_on_duty_once_opens_no_log_of_a_part_that_is_not_ones_own(
    house: House,
) -> None:
    await ok(await house.post("/shift", "PILOT"), 201)
    await crew(house, "An", "440512")
    await ok(await house.post("/shift/hand-over", "PILOT", to="An"))
    await ok(await house.post("/shift/plan", "LEAD", grids=[GRID, THEIR_GRID]))
    await house.book.set_scope("an", OURS)
    an = await crew(house, "An", OURS)
    read = await ok(await an.get("/api/shift"))
    assert (read["planned_grids"], read["log"]["is_whole"]) == ([GRID], False)
    assert (await an.post("/api/shift/sign", json={"role": "PILOT"})).status_code == 404


async def test_a_street_shift_counts_the_sorties_over_its_own_street(house: House) -> None:
    ours = await crew(house, "An", OURS)
    await ok(await ours.post("/api/shift", json={"role": "LEAD"}), 201)
    for name, grid in ((SORTIE, GRID), ("M-20261124-02-S01", THEIR_GRID)):
        sortie = replace(
            a_sortie(), sortie_id=name, grid_code=grid, created_utc=house.clock.now_utc()
        )
        await house.records.save_sortie(sortie, cause=PILOT, at_utc=MORNING, action="x")
    log = (await ok(await ours.get("/api/shift")))["log"]
    assert [one["id"] for one in log["sorties"]] == [SORTIE]


async def test_a_shift_of_before_served_the_whole_district(house: House) -> None:
    await ok(await house.post("/shift", "LEAD"), 201)
    log = (await ok(await house.http.get("/api/shift")))["log"]

    def as_it_was(connection: Any) -> None:  # noqa: ANN401
        row = connection.execute(tables.shifts.select()).one()
        body = json.loads(row.body_json)
        assert body.pop("scope") == "440512"
        connection.execute(update(tables.shifts).values(body_json=json.dumps(body), grid_code=None))

    await house.records._store.write(as_it_was)
    read = await ok(await house.http.get("/api/shift"))
    assert (read["scope"], read["log"]["sha256"]) == ("440512", log["sha256"])
    ours = await crew(house, "An", OURS)
    assert len((await ok(await ours.get("/api/shifts")))["items"]) == 1, "at its own level"
    assert (await ours.post("/api/shift/note", json={"text": "x"})).status_code == 404


parts = st.sampled_from(["440512", OURS, GRID[:12], GRID, THEIRS, THEIR_GRID])


@given(parts, st.frozensets(parts, max_size=3))
def test_a_log_is_whole_for_those_alone_who_answer_for_all_of_its_part(
    scope: str, held: frozenset[str]
) -> None:
    shift = shifts.open_shift(
        shift_id="SH-1", squad="一队", cause=LEADER, at_utc=MORNING, is_exercise=True, scope=scope
    )
    assert decode(Shift, encode(shift)) == shift
    grids = tuple(grid for grid in (GRID, THEIR_GRID) if covers(scope, grid))
    shift = shifts.plan_grids(shift, grids, LEADER)
    if scope != "440512":
        with pytest.raises(Refused, match="lies outside it"):
            shifts.plan_grids(shift, (*grids, "440512007001001"), LEADER)
    caller = Caller(
        person=Person(login="an", name="An"),
        grants=tuple(Grant(role=Role.PILOT, scope=one) for one in sorted(held)),
    )
    seen: Any = seen_shift(shift_view(shift), caller)
    is_whole = any(covers(one, scope) for one in held)
    assert set(seen["planned_grids"]) == {
        grid for grid in grids if is_whole or any(covers(one, grid) for one in held)
    }
    lists = {name: [] for name in ("visited_grids", "unvisited_grids", "sorties")}  # type: ignore[var-annotated]
    assert seen_log(shift_view(shift) | lists, caller)["is_whole"] == is_whole
