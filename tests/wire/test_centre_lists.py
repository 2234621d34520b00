"""Lists, figures, the audit look-up and the registrar's word over HTTP, each within its scope."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from ground_station import schemas
from ground_station.alerts import AlertEvent
from ground_station.api.sightings import SightingBody
from ground_station.casework.whistles import Whistle, blow
from ground_station.measuring import reading
from ground_station.sorties import SortieState
from ground_station.store.shelves import Shelves
from ground_station.store.tables import audit
from missions.register import load_register
from patrol.cause import Cause, Role
from patrol.sighting import poisson_count
from tests.ground_core import (
    GRID,
    MORNING,
    PILOT,
    SORTIE,
    SYSTEM,
    a_sighting,
    a_sortie,
    an_alert,
    an_observed_alert,
    later,
)
from tests.ground_story import fly_the_story, land_and_sign
from tests.wire.test_centre_api import AT, WORDS, a_filed_case, ok
from tests.wire.test_web_api import House, house

__all__ = ["house"]  # a fixture

pytestmark = pytest.mark.anyio
OURS, THEIRS = "440512001", "440512002"
THEIR_GRID = next(g.code for g in load_register().grids if g.code.startswith(THEIRS))
LISTS = ("alerts", "sorties", "sightings", "whistles", "reports", "cases")


async def whistles(house: House, grid: str, count: int) -> None:
    cause = Cause(actor="Mei", role=Role.GRID_WORKER)
    shelves = Shelves(house.records._store)
    for _ in range(count):
        whistle = blow(
            whistle_id=await shelves.next_id(Whistle, MORNING), grid_code=grid, grid_name="x",
            need="看", cause=cause, at_utc=MORNING, is_exercise=True,
        )  # fmt: skip
        await shelves.save(whistle, action="x", cause=cause, at_utc=MORNING)


async def test_a_list_is_filtered_before_it_is_cut_and_paged_to_its_end(house: House) -> None:
    await whistles(house, GRID, 3)
    await whistles(house, THEIR_GRID, 5)  # newer ones, of others
    ours = house.client(await house.let_in("Li", roles=(Role.STREET,), scope=OURS))
    first = await ok(await ours.get("/api/whistles", params={"limit": 2}))
    assert len(first["items"]) == 2  # and not none, hidden behind others' five
    rest = await ok(await ours.get("/api/whistles", params={"limit": 2, "cursor": first["next"]}))
    assert (len(rest["items"]), rest["next"]) == (1, None)
    assert {one["grid_code"] for one in (*first["items"], *rest["items"])} == {GRID}


async def test_nothing_of_another_street_is_in_any_list(house: House) -> None:
    await fly_the_story(house.records)
    await whistles(house, GRID, 1)
    await ok(await house.post("/reports", "DISP", **WORDS), 201)
    theirs = house.client(await house.let_in("Li", roles=(Role.STREET,), scope=THEIRS))
    for name in LISTS:
        assert (await ok(await house.http.get(f"/api/{name}")))["items"], name
        assert (await ok(await theirs.get(f"/api/{name}")))["items"] == [], name
    for name in ("effects", "precision", "responses"):
        assert (await ok(await theirs.get(f"/api/measures/{name}")))["items"] == [], name
    denied = await theirs.post("/api/sightings/S-1/steps/confirm", json={})
    assert denied.status_code == 404
    registrar = house.client(await house.let_in("Ou", roles=(Role.REGISTRAR,), scope=THEIRS))
    hidden = await registrar.post("/api/sightings/S-1/steps/confirm", json={})
    unknown = await registrar.post("/api/sightings/S-9/steps/confirm", json={})
    assert (hidden.status_code, unknown.status_code) == (404, 404)


async def test_what_a_report_may_match_is_shown_to_those_who_see_it(house: House) -> None:
    await a_filed_case(house)
    report = await ok(await house.post("/reports", "DISP", **WORDS), 201)
    assert report["matches"]
    path = f"/api/reports/{report['report_id']}/matches"
    own = report["grid_code"]
    ours = house.client(await house.let_in("Li", roles=(Role.STREET,), scope=own[:9]))
    seen = await ok(await ours.get(path))
    assert {one["grid_code"] for one in seen["items"]} == {own}


async def test_the_audit_log_is_read_by_auditors_and_that_they_read_is_a_row(
    house: House,
) -> None:
    await fly_the_story(house.records)
    auditor = house.client(await house.let_in("An", roles=(Role.AUDITOR,)))
    params: dict[str, Any] = {"limit": 1, "action": "case."}
    first = await ok(await auditor.get("/api/audit", params=params))
    assert [row["action"] for row in first["items"]] == ["case.filed"]
    assert first["items"][0]["body"]["record"]["case_no"]
    none = await ok(await auditor.get("/api/audit", params={"actor": "nobody at all"}))
    assert none["items"] == []
    rows = await house.records._store.read(
        lambda c: c.execute(audit.select().where(audit.c.action == "audit.read")).all()
    )
    assert [row.actor for row in rows] == ["An", "An"]
    for name in (Role.LEADER, Role.DISPATCHER, Role.REVIEWER):
        other = house.client(await house.let_in(f"No{name.value.lower()}", roles=(name,)))
        assert (await other.get("/api/audit")).status_code == 403


async def test_the_audit_log_is_paged_to_its_beginning(house: House) -> None:
    await fly_the_story(house.records)
    seen: list[int] = []
    cursor = ""
    while True:
        params: dict[str, Any] = {"limit": 50, "cursor": cursor}
        page = await ok(await house.http.get("/api/audit", params=params))
        seen += [row["seq"] for row in page["items"]]
        cursor = page["next"] or ""
        if not cursor:
            break
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] == 1
    wrong = await house.http.get("/api/audit", params={"cursor": "x"})
    assert wrong.status_code == 409


async def test_an_audit_of_one_street_holds_that_street_only(house: House) -> None:
    await fly_the_story(house.records)
    theirs = house.client(await house.let_in("An", roles=(Role.AUDITOR,), scope=THEIRS))
    assert (await ok(await theirs.get("/api/audit")))["items"] == []
    both = house.client(await house.let_in("Cai", roles=(Role.AUDITOR,), scope=OURS))
    assert {row["scope"][:9] for row in (await ok(await both.get("/api/audit")))["items"]} == {OURS}


async def test_who_plans_a_grid_that_was_flown_of_late_sees_the_result_first(
    house: House,
) -> None:
    landed = replace(
        a_sortie(SortieState.LANDED), grid_code=house.grid_code, takeoff_utc=later(10),
        landed_utc=later(400), waypoint_index=4, waypoint_total=4,
    )  # fmt: skip
    await house.records.save_sortie(landed, cause=PILOT, at_utc=later(400), action="x")
    alert = replace(an_observed_alert(AlertEvent.DISPERSE), grid_code=house.grid_code)
    await house.records.save_alert(alert, cause=SYSTEM, at_utc=later(400), action="x")
    house.clock.now_s = 400 + 40 * 60
    planned = await house.post("/plans", "LEAD", grid_code=house.grid_code)
    assert planned.status_code == 201, planned.text
    found = planned.json()["recently"]
    assert (found["sortie_id"], found["minutes_ago"], found["is_whole"]) == (SORTIE, 40.0, True)
    assert (found["people"], found["outcomes"]) == (28.0, ["dispersed"])
    house.clock.now_s += 3 * 3600
    again = await house.post("/plans", "LEAD", grid_code=house.grid_code)
    assert again.json()["recently"] is None


def fields_of(*bodies: type[BaseModel]) -> set[str]:
    """What a person can be asked for: all but the role, which the seat gives."""
    return {name for body in bodies for name in body.model_fields if name != "role"}


async def test_from_alert_to_closed_log_a_registrar_gives_three_fields_at_the_most(
    house: House,
) -> None:
    """Confirm, correct and sign: that is all there is for a registrar to send."""
    assert len(fields_of(SightingBody, schemas.UnderRole)) <= 3
    assert not any(field.is_required() for field in SightingBody.model_fields.values())
    await fly_the_story(house.records)
    registrar = house.client(await house.let_in("Chen", roles=(Role.REGISTRAR,)))
    given: dict[str, Any] = {"people": 25, "note": "一家人拍照"}
    done = await ok(await registrar.post("/api/sightings/S-1/steps/confirm", json=given))
    assert (done["state"], done["alert_id"]) == ("LINKED", "A-20261124-0001")
    assert done["case_no"].startswith("HJ20261124X")
    assert done["review"]["reviewed_by"] == "Chen"
    bounds = done["review"]["count"]
    assert bounds["low"] <= bounds["estimate"] == 25 <= bounds["high"]
    assert done["count"]["estimate"] == 28  # what the eye saw stays as it was
    for name in ("grid_code", "place", "time_utc", "rule", "nearest_person_m", "sortie"):
        assert done[name], name  # flight, grid and eye: nobody typed them
    await land_and_sign(house.records)
    await house.records.close_log(SORTIE, cause=PILOT, at_utc=later(1000))
    frozen = await registrar.post("/api/sightings/S-1/steps/edit", json={"people": 3})
    assert frozen.status_code == 409
    assert "closed" in frozen.json()["error"]


async def test_a_sighting_is_dismissed_with_a_reason_and_the_eye_does_not_take_it_back(
    house: House,
) -> None:
    await seen(house)
    step = "/sightings/S-1/steps"
    assert (await house.post(f"{step}/dismiss", "REG")).status_code == 409  # without a reason
    unlisted = await house.post(f"{step}/confirm", "REG", kind="NOISE")
    assert "item list" in unlisted.json()["error"]
    gone = await ok(await house.post(f"{step}/dismiss", "REG", note="一排电动车"))
    assert gone["state"] == "DISMISSED"
    await seen(house)  # it is seen again, nearer
    listed = await ok(await house.http.get("/api/sightings"))
    assert [one["state_zh"] for one in listed["items"]] == ["已排除"]
    again = await house.post(f"{step}/confirm", "REG")
    assert again.status_code == 409


async def seen(house: House, **changes: Any) -> None:  # noqa: ANN401
    await house.records.save_sighting(
        replace(a_sighting(), **changes), register_version="sample-1", is_exercise=True,
        cause=SYSTEM, at_utc=later(2),
    )  # fmt: skip


async def test_an_unconfirmed_sighting_expires_and_one_that_was_not_counted_is_invalid(
    house: House,
) -> None:
    await seen(house)
    await seen(house, sighting_id="S-2", count=poisson_count(0.0, is_valid=False, reason="fog"))
    await seen(house, sighting_id="S-3", sortie="M-other-S01")
    house.clock.now_s = 599.0
    states = {one["sighting_id"]: one["state"] for one in await listed(house)}
    assert states == {"S-1": "CANDIDATE", "S-2": "INVALID", "S-3": "CANDIDATE"}
    # An alert was raised of S-1: it waits for the registrar however long it takes.
    await house.records.save_alert(an_alert(), cause=SYSTEM, at_utc=later(3), action="x")
    house.clock.now_s = 601.0
    states = {one["sighting_id"]: one["state"] for one in await listed(house)}
    assert states == {"S-1": "CANDIDATE", "S-2": "INVALID", "S-3": "EXPIRED"}
    refused = await house.post("/sightings/S-1/steps/dismiss", "REG", note="no")
    assert "dismiss A-20261124-0001" in refused.json()["error"]
    late = await house.post("/sightings/S-3/steps/confirm", "REG")
    assert late.status_code == 409


async def listed(house: House) -> list[dict[str, Any]]:
    return list((await ok(await house.http.get("/api/sightings")))["items"])


async def test_figures_come_with_their_n_and_interval_over_the_window(house: House) -> None:
    await fly_the_story(house.records)
    house.clock.now_s = 3600.0
    effects = await ok(await house.http.get("/api/measures/effects", params={"by": "community"}))
    (group,) = effects["items"]
    assert group["key"] == GRID[:12]
    assert (group["dispersed"]["n"], group["dispersed"]["share"]) == (1, None)
    assert group["dispersed"]["low"] < 0.5 < group["dispersed"]["high"]
    precision = await ok(await house.http.get("/api/measures/precision"))
    assert precision["items"][0]["right"]["n"] == 1
    answers = await ok(await house.http.get("/api/measures/responses"))
    assert answers["items"][0]["raised_to_acknowledged"]["median_s"] == 5.0
    wall = await ok(await house.http.get("/api/measures/kpis"))
    assert (wall["alerts"], wall["precision"]["n"]) == (1, 1)
    before = {"until": (MORNING - timedelta(days=1)).isoformat()}
    empty = await ok(await house.http.get("/api/measures/effects", params=before))
    assert empty["items"] == []
    for wrong in ({"by": "rule"}, {"since": later(9999).isoformat()}):
        assert (await house.http.get("/api/measures/effects", params=wrong)).status_code == 409, (
            wrong
        )


async def test_a_shifts_log_is_one_log_opened_at_each_level(house: House) -> None:
    await ok(await house.post("/shift", "PILOT"), 201)
    await ok(await house.post("/shift/plan", "LEAD", grids=[GRID, THEIR_GRID]))
    await ok(await house.post("/shift/note", "LEAD", text="起飞点移到码头"))
    whole = (await ok(await house.http.get("/api/shift")))["log"]
    street = house.client(await house.let_in("Li", roles=(Role.STREET,), scope=OURS))
    part = (await ok(await street.get("/api/shift")))["log"]
    assert part["unvisited_grids"] == [GRID]
    assert (part["is_whole"], whole["is_whole"]) == (False, True)
    assert part["sha256"] == whole["sha256"]  # one log
    assert part["remarks"] == []


async def test_a_case_from_the_grid_itself_and_whom_a_check_is_given_to(house: House) -> None:
    worker = house.client(await house.let_in("Mei", roles=(Role.GRID_WORKER,)))
    body = {"text": "码头聚集", "kind": "GATHERING", "place": AT, "people": 30}
    case = await ok(await worker.post("/api/cases", json=body), 201)
    assert (case["state"], case["grid_code"][:6]) == ("REPORTED", "440512")
    case_no = case["case_no"]
    for event in ("verify", "file"):
        await ok(await house.post(f"/cases/{case_no}/steps/{event}", "DISP"))
    await ok(await house.post(f"/cases/{case_no}/steps/accept", "COMM"))
    await ok(await house.post(f"/cases/{case_no}/steps/feed_back", "COMM", reason="已散"))
    nobody = await house.post(f"/cases/{case_no}/steps/check", "DISP", checker="Nobody")
    assert "does not hold the role SUPV" in nobody.json()["error"]
    far = {**body, "place": {"lat_deg": 10.0, "lon_deg": 10.0}}
    lead = house.client(await house.let_in("Li", roles=(Role.COMMUNITY,), scope=OURS))
    assert (await lead.post("/api/cases", json=far)).status_code == 404


async def test_a_look_from_the_air_is_asked_for_reports_of_ones_own_part(house: House) -> None:
    report = await ok(await house.post("/reports", "DISP", **WORDS), 201)
    own = str(report["grid_code"])
    other = next(g.code for g in load_register().grids if not g.code.startswith(own[:9]))
    lead = house.client(await house.let_in("Li", roles=(Role.STREET,), scope=other[:9]))
    body = {"grid_code": other, "need": "看", "report_id": report["report_id"]}
    hidden: httpx.Response = await lead.post("/api/whistles", json=body)
    assert hidden.status_code == 404


async def test_a_window_that_holds_too_much_is_refused_in_words(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fly_the_story(house.records)
    house.clock.now_s = 3600.0
    monkeypatch.setattr(reading, "MOST_ROWS", 0)
    refused = await house.http.get("/api/measures/kpis")
    assert refused.status_code == 409
    assert "a shorter one" in refused.json()["error"]


async def test_a_dismissal_counts_in_the_precision_of_its_grid_with_its_reason(
    house: House,
) -> None:
    await house.has_alert()
    reason = "一排电动车"
    await ok(await house.post("/alerts/A-20261124-0001/dismiss", "REG", reason=reason))
    house.clock.now_s = 60.0
    for by, key in (("grid", GRID), ("hour", "09"), ("rule", "HJ-CROWD-1/gathering")):
        told = await ok(await house.http.get("/api/measures/precision", params={"by": by}))
        (one,) = told["items"]
        assert (one["key"], one["right"]["k"], one["right"]["n"]) == (key, 0, 1)
        assert one["reasons"] == [[reason, 1]]
        assert one["right"]["share"] is None  # of one no share is named
    listed_alerts = await ok(await house.http.get("/api/alerts", params={"state": "DISMISSED"}))
    assert [one["id"] for one in listed_alerts["items"]] == ["A-20261124-0001"]
