"""The centre's API over HTTP: cases, reports, whistles, notices, shifts and files."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from ground_station.store.schema import DATABASE_NAME
from ground_station.store.tables import audit
from patrol.cause import Role
from tests.ground_core import GRID, LEADER, PLACE, SORTIE, a_sortie, later
from tests.ground_story import fly_the_story
from tests.wire.test_sign_in import told
from tests.wire.test_web_api import House, house

__all__ = ["house"]  # a fixture

pytestmark = pytest.mark.anyio
AT = {"lat_deg": PLACE.lat_deg, "lon_deg": PLACE.lon_deg}
WHY = {"purpose": "the test"}
WORDS: dict[str, Any] = {
    "text": "很多人聚在码头",
    "kind": "GATHERING",
    "place": AT,
    "contact": "13800001234",
}


async def ok(answer: Any, status: int = 200) -> dict[str, Any]:  # noqa: ANN401
    """The body of an answer that is as expected."""
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def a_filed_case(house: House) -> tuple[str, str]:
    """Report and case number; Wu, who holds every role, is the dispatcher."""
    report = await ok(await house.post("/reports", "DISP", **WORDS), 201)
    path = f"/reports/{report['report_id']}/case"
    case = await ok(await house.post(path, "DISP"), 201)
    for event in ("verify", "file"):
        case = await ok(await house.post(f"/cases/{case['case_no']}/steps/{event}", "DISP"))
    return report["report_id"], case["case_no"]


async def test_a_report_goes_through_to_a_closed_case_and_every_step_is_there(
    house: House,
) -> None:
    report_id, case_no = await a_filed_case(house)
    step = f"/cases/{case_no}/steps"
    task = {"unit_code": "440512D01", "task": "请核实"}
    sent = await ok(await house.post(f"/cases/{case_no}/dispatches", "DISP", **task), 201)
    worker = house.client(await house.let_in("Mei", roles=(Role.COMMUNITY, Role.DEPARTMENT)))
    supervisor = house.client(await house.let_in("Ma", roles=(Role.SUPERVISOR,)))
    await ok(await worker.post(f"/api{step}/accept", json={}))
    done = {"reason": "人群已散", "found": "约20人"}
    early = await worker.post(f"/api{step}/feed_back", json=done)
    assert early.status_code == 409
    assert "has not replied" in early.json()["error"]
    reply = f"/api/dispatches/{sent['dispatch_id']}/steps/reply"
    await ok(await worker.post(reply, json={"reply": "已协调"}))
    await ok(await worker.post(f"/api{step}/feed_back", json=done))
    await ok(await house.post(f"{step}/check", "DISP", checker="Ma"))
    await ok(await house.post(f"/reports/{report_id}/answer", "DISP", text="已处置"))
    closed = await ok(await supervisor.post(f"/api{step}/close", json={}))
    assert (closed["state"], closed["closed_by"], closed["state_zh"]) == ("CLOSED", "Ma", "结案")
    thread = await ok(await supervisor.get(f"/api/cases/{case_no}"))
    assert [one["event"] for one in thread["steps"]][-3:] == ["check", "answer_reporter", "close"]
    assert thread["reports"][0]["contact"] == "138****34"  # the supervisor answers nobody
    assert thread["dispatches"][0]["reply"] == "已协调"


async def test_what_a_reporter_said_stands_in_the_report_alone(house: House) -> None:
    report_id, case_no = await a_filed_case(house)
    thread = await ok(await house.http.get(f"/api/cases/{case_no}"))
    assert report_id in thread["case"]["description_zh"]
    assert thread["reports"][0]["text"] == WORDS["text"], "whoever handles the case reads it there"
    path = house.folder / DATABASE_NAME
    with closing(sqlite3.connect(path)) as database:
        names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        holding = set()
        for (name,) in names:
            rows = str(database.execute(f"SELECT * FROM {name}").fetchall())  # noqa: S608
            holding |= {name} if WORDS["text"] in rows or WORDS["contact"] in rows else set()
    assert holding == {"citizen_reports"}


async def test_the_handler_does_not_check_even_under_another_role(house: House) -> None:
    _, case_no = await a_filed_case(house)
    both = house.client(await house.let_in("Guo", roles=(Role.COMMUNITY, Role.SUPERVISOR)))
    step = f"/api/cases/{case_no}/steps"
    await ok(await both.post(f"{step}/accept", json={}))
    await ok(await both.post(f"{step}/feed_back", json={"reason": "gone"}))
    await ok(await house.post(f"/cases/{case_no}/steps/check", "DISP"))
    refused = await both.post(f"{step}/close", json={"role": "SUPV"})
    assert refused.status_code == 409
    assert "another person checks it" in refused.json()["error"]


async def test_the_queue_is_paged_by_clock_and_filtered(house: House) -> None:
    numbers = [(await a_filed_case(house))[1] for _ in range(3)]
    first = await ok(await house.http.get("/api/cases", params={"limit": 2}))
    second = await ok(
        await house.http.get("/api/cases", params={"limit": 2, "cursor": first["next"]})
    )
    assert [one["case_no"] for one in (*first["items"], *second["items"])] == numbers
    assert second["next"] is None
    for wanted, count in (
        ({"tier": "MIDDLE"}, 3), ({"tier": "LARGE"}, 0), ({"state": "HANDLING"}, 0),
        ({"state": "DISPATCHED"}, 3), ({"is_open": "false"}, 0),
    ):  # fmt: skip
        found = await ok(await house.http.get("/api/cases", params=wanted))
        assert len(found["items"]) == count, wanted
    assert (await house.http.get("/api/cases", params={"cursor": "x"})).status_code == 409
    assert (await house.http.get("/api/cases", params={"limit": 0})).status_code == 422


async def test_what_lies_in_anothers_part_is_as_unknown_as_what_there_is_not(
    house: House,
) -> None:
    report_id, case_no = await a_filed_case(house)
    other = house.client(
        await house.let_in("Li", roles=(Role.COMMUNITY, Role.DISPATCHER), scope="440512007001")
    )
    for path, unknown in (
        (f"/api/cases/{case_no}", "/api/cases/HJ0"),
        (f"/api/reports/{report_id}/matches", "/api/reports/C-0/matches"),
        (f"/api/cases/{case_no}/card", "/api/cases/HJ0/card"),
        (f"/api/cases/{case_no}/similar", "/api/cases/HJ0/similar"),
    ):
        theirs, none = await other.get(path), await other.get(unknown)
        assert (theirs.status_code, none.status_code) == (404, 404)
        known = theirs.json()["error"].replace(case_no, "ID").replace(report_id, "ID")
        assert known == none.json()["error"].replace("HJ0", "ID").replace("C-0", "ID")
    step = await other.post(f"/api/cases/{case_no}/steps/accept", json={})
    assert step.status_code == 404
    for path in ("/api/cases", "/api/reports", "/api/whistles", "/api/notices"):
        assert (await ok(await other.get(path)))["items"] == []
    rows = await house.records._store.read(
        lambda c: c.execute(audit.select().where(audit.c.action == "scope.refused")).all()
    )
    assert len(rows) >= 5


async def test_who_lacks_the_role_is_told_which_one(house: House) -> None:
    _, case_no = await a_filed_case(house)
    pilot = house.client(await house.let_in("Huang", roles=(Role.PILOT,)))
    for path, body, needed in (
        (f"/api/cases/{case_no}/steps/accept", {}, "GW"),
        (f"/api/cases/{case_no}/dispatches", {"unit_code": "440512", "task": "x"}, "DISP"),
        ("/api/reports", WORDS, "DISP"),
        ("/api/notices", {"case_nos": [case_no]}, "REVIEW"),
        ("/api/shift/plan", {"role": "ANNC", "grids": []}, "LEAD"),
    ):
        refused = await pilot.post(path, json=body)
        assert refused.status_code == 403, (path, refused.text)
        assert needed in refused.json()["error"]
    export = await pilot.get("/api/days/2026-11-24/files/cases.csv", params=WHY)
    assert export.status_code == 403


async def test_wrong_input_is_told_and_changes_nothing(house: House) -> None:
    _, case_no = await a_filed_case(house)
    for path, body in (
        ("/reports", {**WORDS, "place": {"lat_deg": 95, "lon_deg": 0}}),
        ("/reports", {**WORDS, "text": "x" * 2001}),
        ("/reports", {**WORDS, "photo_sha256": "no hash"}),
        ("/reports", {**WORDS, "extra": 1}),
        (f"/cases/{case_no}/steps/somersault", {}),
        (f"/cases/{case_no}/steps/defer", {"due_utc": "2026-11-24T10:00:00"}),  # without a zone
        ("/notices", {"case_nos": []}),
        ("/shift", {"scope": "440513"}),
    ):
        assert (await house.post(path, "DISP", **body)).status_code == 422, path
    early, late = "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"
    for moment in (early, late):  # no calendar's end ends the station
        for path, name in (
            ("/cases", "due_before"), ("/audit", "since"), ("/measures/kpis", "until"),
        ):  # fmt: skip
            answer = await house.http.get(f"/api{path}", params={name: moment})
            assert answer.status_code == 422, (path, moment)
        day = await house.http.get(f"/api/days/{moment[:10]}/files/cases.csv", params=WHY)
        assert day.status_code == 422
        body = {"reason": "x", "due_utc": moment}
        assert (
            await house.post(f"/cases/{case_no}/steps/defer", "DISP", **body)
        ).status_code == 422
    for scope in ("zz", "440512D01", "440512T1", "4405120"):  # no part of the grid tree
        asked = {**WHY, "scope": scope}
        day = await house.http.get("/api/days/2026-11-24/files/cases.csv", params=asked)
        assert (day.status_code, day.json()["type"]) == (422, "wrong_input")
    complaint = {**WORDS, "kind": "DRONE_COMPLAINT", "text": "太吵"}
    assert (await house.post("/reports", "DISP", **complaint)).status_code == 201
    unknown = await house.post("/reports", "DISP", **{**WORDS, "kind": "NOISE"})
    assert unknown.status_code == 409
    assert "item list" in unknown.json()["error"]


async def test_a_whistle_is_blown_checked_in_and_flown(house: House) -> None:
    grid = house.grid_code
    blown = await ok(await house.post("/whistles", "DISP", grid_code=grid, need="人多"), 201)
    steps = f"/whistles/{blown['whistle_id']}/steps"
    await ok(await house.post(f"{steps}/check_in", "COMM"))
    never = await house.post(f"{steps}/fly", "LEAD", sortie=SORTIE)
    assert never.status_code == 409
    sortie = replace(a_sortie(), grid_code=grid, takeoff_utc=later(1))
    await house.records.save_sortie(sortie, cause=LEADER, at_utc=later(2), action="x")
    flown = await ok(await house.post(f"{steps}/fly", "LEAD", sortie=SORTIE))
    assert (flown["state"], flown["sortie"]) == ("FLOWN", SORTIE)
    listed = await ok(await house.http.get("/api/whistles", params={"state": "FLOWN"}))
    assert [one["is_overdue"] for one in listed["items"]] == [False]


async def test_a_shift_is_opened_handed_over_and_its_log_read(house: House) -> None:
    assert (await house.http.get("/api/shift")).status_code == 404
    await ok(await house.post("/shift", "PILOT", squad="一队"), 201)
    again = await house.post("/shift", "PILOT")
    assert again.status_code == 409
    stranger = await house.post("/shift/hand-over", "PILOT", to="Nobody")
    assert "does not hold the role" in stranger.json()["error"]
    await house.let_in("Tan", roles=(Role.PILOT,))
    handed = await ok(await house.post("/shift/hand-over", "PILOT", to="Tan"))
    assert handed["duties"][-1]["person"] == "Tan"
    await ok(await house.post("/shift/weather", "LEAD", text="晴"))
    await ok(await house.post("/shift/plan", "LEAD", grids=[house.grid_code]))
    read = await ok(await house.http.get("/api/shift"))
    assert read["log"]["unvisited_grids"] == [house.grid_code]
    recently = await ok(await house.http.get(f"/api/grids/{house.grid_code}/recently"))
    assert recently == {"checked": None}


async def test_files_of_a_sortie_and_a_day_are_handed_out_and_written_down(house: House) -> None:
    await fly_the_story(house.records)
    for kind, start in (("geojson", b"{"), ("plan", b"{"), ("report.html", b"<!doctype")):
        answer = await house.http.get(
            f"/api/sorties/{SORTIE}/files/{kind}", params={"purpose": "review"}
        )
        assert answer.status_code == 200, answer.text
        assert answer.content.startswith(start)
        assert "attachment" in answer.headers["content-disposition"]
    table = await house.http.get("/api/days/2026-11-24/files/coverage.csv", params=WHY)
    assert table.content.startswith(b"\xef\xbb\xbf")
    public = await house.http.get(
        f"/api/sorties/{SORTIE}/files/plan", params={**WHY, "public": True}
    )
    assert public.status_code == 409
    rows = await house.records._store.read(
        lambda c: c.execute(audit.select().where(audit.c.action == "export")).all()
    )
    assert [row.object for row in rows] == [SORTIE] * 3 + ["2026-11-24/440512"]
    assert (await house.http.get("/api/sorties/NOPE/files/plan", params=WHY)).status_code == 404


async def test_a_notice_needs_closed_cases_and_a_second_person(house: House) -> None:
    _, case_no = await a_filed_case(house)
    refused = await house.post("/notices", "REVIEW", case_nos=[case_no])
    assert "not closed yet" in refused.json()["error"]
    card = await ok(await house.http.get(f"/api/cases/{case_no}/card"))
    assert case_no in card["paste_zh"]
    assert [entry["kind_zh"] for entry in card["team"]] == ["网格员", "民警", "医生"]


async def test_whoever_reads_a_list_is_in_the_audit_log(house: House) -> None:
    _, case_no = await a_filed_case(house)
    await ok(await house.post("/shift", "LEAD"), 201)
    shift_id = (await ok(await house.http.get("/api/shift")))["shift_id"]
    for path in (
        "/whistles", "/notices", "/shifts", "/templates", f"/grids/{GRID}/recently",
        f"/cases/{case_no}/similar",
    ):  # fmt: skip
        assert (await house.http.get(f"/api{path}")).status_code == 200, path
    assert {(action, what) for action, _, what in await told(house, "view.")} >= {
        ("view.whistles", ""), ("view.notices", ""), ("view.shifts", ""), ("view.templates", ""),
        ("view.recently", GRID), ("view.similar", case_no), ("view.shift", shift_id),
    }  # fmt: skip
