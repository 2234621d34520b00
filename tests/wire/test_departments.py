"""A department over HTTP: it answers for what is its own, and there is nothing else for it."""

from __future__ import annotations

from typing import Any

import pytest
from websockets.asyncio.client import connect

from ground_station.people.persons import Grant
from patrol.cause import Role
from tests.persons import DAY
from tests.two_aircraft import REGISTER
from tests.wire.test_centre_api import AT, WORDS, a_filed_case, ok
from tests.wire.test_sign_in import told
from tests.wire.test_web_api import House, house, received

__all__ = ["house"]  # a fixture

pytestmark = pytest.mark.anyio
OWN, OTHER = "440512D01", "440512D02"
DEPT = (Role.DEPARTMENT,)


async def of(house: House, name: str, department: str) -> Any:  # noqa: ANN401
    """A browser of somebody of a department."""
    return house.client(await house.let_in(name, roles=DEPT, scope=department))


async def a_departments_case(house: House) -> str:
    """Reassigned to the first department by the centre, for whom nobody has accepted it yet."""
    _, case_no = await a_filed_case(house)
    given = {"reason": "属工信局职责", "unit_code": OWN}
    await ok(await house.post(f"/cases/{case_no}/steps/reassign", "DISP", **given))
    return case_no


async def a_task(house: House, case_no: str, department: str = OWN) -> str:
    task = {"unit_code": department, "task": "请核实"}
    sent = await ok(await house.post(f"/cases/{case_no}/dispatches", "DISP", **task), 201)
    return str(sent["dispatch_id"])


async def test_a_case_of_a_department_is_taken_by_that_department_alone(house: House) -> None:
    case_no = await a_departments_case(house)
    deng, hu = await of(house, "Deng", OWN), await of(house, "Hu", OTHER)
    accept = f"/api/cases/{case_no}/steps/accept"
    strange, unknown = (
        await hu.post(accept, json={}),
        await hu.post("/api/cases/HJ0/steps/accept", json={}),
    )
    assert (strange.status_code, unknown.status_code) == (404, 404)
    assert strange.json()["error"].replace(case_no, "HJ0") == unknown.json()["error"]
    assert [row[1] for row in await told(house, "scope.refused")] == ["Hu"]
    for role in ("COMM", "STREET", "GW", "DISP"):
        refused = await house.post(f"/cases/{case_no}/steps/accept", role)
        assert refused.status_code == 403, role
        assert "区工信局" in refused.json()["error"]
    await ok(await deng.post(accept, json={}))
    step = f"/api/cases/{case_no}/steps"
    await ok(await deng.post(f"{step}/ask_deferral", json={"reason": "待检测结果"}))
    fed = await ok(await deng.post(f"{step}/feed_back", json={"reason": "已协调"}))
    assert (fed["state"], fed["handled_by"]) == ("FEEDBACK", "Deng")


async def test_a_task_is_answered_by_the_department_that_it_was_sent_to(house: House) -> None:
    _, case_no = await a_filed_case(house)
    own, other = await a_task(house, case_no), await a_task(house, case_no, OTHER)
    deng = await of(house, "Deng", OWN)
    for event, body in (("accept", {}), ("return", {"reply": "x"}), ("reply", {"reply": "x"})):
        strange = await deng.post(f"/api/dispatches/{other}/steps/{event}", json=body)
        unknown = await deng.post(f"/api/dispatches/D-0/steps/{event}", json=body)
        assert (strange.status_code, unknown.status_code) == (404, 404), event
        assert strange.json()["error"].replace(other, "D-0") == unknown.json()["error"]
    done = await ok(await deng.post(f"/api/dispatches/{own}/steps/reply", json={"reply": "已协调"}))
    assert (done["state"], done["answered_by"]) == ("DONE", "Deng")
    # It has a task of the case, and is not its owner.
    refused = await deng.post(f"/api/cases/{case_no}/steps/accept", json={})
    assert refused.status_code == 403
    assert "COMM of " in refused.json()["error"]


async def test_a_departments_lists_hold_what_it_owns_or_has_a_task_of(house: House) -> None:
    owned, tasked = await a_departments_case(house), (await a_filed_case(house))[1]
    task, others = await a_task(house, tasked), await a_task(house, tasked, OTHER)
    hidden = (await a_filed_case(house))[1]
    deng = await of(house, "Deng", OWN)
    first = await ok(await deng.get("/api/cases", params={"limit": 1}))
    rest = await ok(await deng.get("/api/cases", params={"limit": 1, "cursor": first["next"]}))
    found = [one["case_no"] for one in (*first["items"], *rest["items"])]
    assert (sorted(found), rest["next"]) == (sorted((owned, tasked)), None)
    assert (await deng.get(f"/api/cases/{hidden}")).status_code == 404
    thread = await ok(await deng.get(f"/api/cases/{tasked}"))
    assert [one["dispatch_id"] for one in thread["dispatches"]] == [task]
    assert thread["reports"][0]["contact"] == "138****34"
    listed = await ok(await deng.get("/api/dispatches"))
    assert [one["dispatch_id"] for one in listed["items"]] == [task]
    whole = await ok(await house.http.get("/api/dispatches", params={"state": "SENT"}))
    assert [one["dispatch_id"] for one in whole["items"]] == [others, task]
    assert (await ok(await deng.get(f"/api/cases/{owned}/card")))["grid_code"]


async def test_a_department_reads_nothing_of_what_is_not_its_own(house: House) -> None:
    report_id, case_no = await a_filed_case(house)
    grid = str(REGISTER.grids[0].code)
    await ok(await house.post("/whistles", "GW", grid_code=grid, need="看"), 201)
    await ok(await house.post("/shift", "PILOT"), 201)
    await house.has_alert()
    deng = await of(house, "Deng", OWN)
    for name in ("reports", "whistles", "alerts", "sorties", "sightings", "notices", "shifts"):
        assert (await ok(await deng.get(f"/api/{name}")))["items"] == [], name
    for name in ("effects", "precision", "responses"):
        assert (await ok(await deng.get(f"/api/measures/{name}")))["items"] == [], name
    for path in (
        f"/api/reports/{report_id}/matches", f"/api/cases/{case_no}", f"/api/contacts/{grid}",
        f"/api/grids/{grid}/recently", "/api/shift",
    ):  # fmt: skip
        assert (await deng.get(path)).status_code == 404, path
    assert (await ok(await deng.get("/api/grids.geojson")))["features"] == []
    file = await deng.get("/api/days/2026-11-24/files/cases.csv", params={"purpose": "x"})
    assert file.status_code == 404


async def test_the_live_socket_of_a_department_shows_a_task_as_it_is_sent(house: House) -> None:
    _, case_no = await a_filed_case(house)
    headers = await house.let_in("Deng", roles=DEPT, scope=OWN)
    async with connect(house.live_url, additional_headers=headers) as socket:
        assert (await received(socket))["state"]["cases"] == []
        await a_task(house, case_no, OTHER)
        await a_task(house, case_no)
        shown: list[dict[str, Any]] = []
        events: list[dict[str, Any]] = []
        while not events:
            message = await received(socket)
            shown += message.get("patch", {}).get("cases", [])
            events += [message["event"]] if message["type"] == "event" else []
        if not shown:
            shown += (await received(socket))["patch"]["cases"]
    assert {one["case_no"] for one in shown} == {case_no}
    assert [(one["event"], one["unit_code"]) for one in events] == [("dispatch.sent", OWN)]


async def test_a_department_brings_what_it_found_anywhere_in_the_district(house: House) -> None:
    deng = await of(house, "Deng", OWN)
    body = {"text": "园区门口聚集", "kind": "GATHERING", "place": AT}
    case = await ok(await deng.post("/api/cases", json=body), 201)
    assert case["source"] in ("X", "D")
    far = {**body, "place": {"lat_deg": 10.0, "lon_deg": 10.0}}
    assert (await deng.post("/api/cases", json=far)).status_code == 404


async def test_a_role_of_no_department_as_they_were_given_once_opens_nothing(house: House) -> None:
    case_no = await a_departments_case(house)
    headers = await house.let_in("Deng", roles=DEPT, scope=OWN)

    def as_it_was(connection: Any) -> None:  # noqa: ANN401
        connection.exec_driver_sql("UPDATE grants SET scope = '440512' WHERE login = 'deng'")

    await house.book.store.write(as_it_was)
    deng = house.client(headers)
    assert (await ok(await deng.get("/api/cases")))["items"] == []
    assert (await deng.post(f"/api/cases/{case_no}/steps/accept", json={})).status_code == 404
    assert (await deng.post("/api/reports", json=WORDS)).status_code == 404


async def test_of_two_departments_of_one_person_the_owner_is_the_one_that_acts(
    house: House,
) -> None:
    case_no = await a_departments_case(house)
    await a_task(house, case_no, OTHER)
    both = [Grant(role=Role.DEPARTMENT, scope=code) for code in (OTHER, OWN)]
    await house.book.add("bo", "Bo", both)
    bo = house.client(await house.let_in("Bo", roles=DEPT))
    accepted = await ok(await bo.post(f"/api/cases/{case_no}/steps/accept", json={}))
    assert accepted["state"] == "HANDLING"


async def test_a_token_of_a_department_is_of_no_other(house: House) -> None:
    case_no = await a_departments_case(house)
    await house.let_in("Deng", roles=DEPT, scope=OWN)
    for scope, status in ((OWN, 200), ("440512", 200), (OTHER, 404), ("440512001", 404)):
        _, key = await house.book.make_token(
            "deng", purpose="x", roles=DEPT, scope=scope, lasts=DAY
        )
        program = house.client({"Authorization": f"Bearer {key}"})
        assert (await program.get(f"/api/cases/{case_no}")).status_code == status, scope


async def test_a_check_is_given_to_a_supervisor_of_the_cases_own_part(house: House) -> None:
    _, case_no = await a_filed_case(house)
    await house.let_in("Far", roles=(Role.SUPERVISOR,), scope="440512007")
    await ok(await house.post(f"/cases/{case_no}/steps/accept", "COMM"))
    await ok(await house.post(f"/cases/{case_no}/steps/feed_back", "COMM", reason="已散"))
    refused = await house.post(f"/cases/{case_no}/steps/check", "DISP", checker="Far")
    assert "does not hold the role SUPV" in refused.json()["error"]
