"""A sortie that was broken off is gone on with, and both parts together are one look."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from patrol.clock import utc_text
from patrol.geo import distance_m
from patrol.plan import MissionPlan
from patrol.telemetry import FlightMode
from patrol.vehicle import Upload
from tests.ground_core import GRID, SYSTEM
from tests.wire.test_desks import land
from tests.wire.test_missions import flying, shown
from tests.wire.test_sortie_failures import state_of
from tests.wire.test_web_api import House, house

__all__ = ["house"]  # a fixture

pytestmark = pytest.mark.anyio
REACHED = 2


async def broken_off(house: House, *, is_signed: bool = True) -> str:
    """A sortie that reached some waypoints, was called home and is signed; its id."""
    plan_id = await flying(house)
    await house.until(lambda: house.vehicle._sample.mode is FlightMode.MISSION)
    house.vehicle._sample = replace(house.vehicle._sample, mission_item=REACHED)
    await house.until(lambda: house.told().count("waypoint") >= REACHED)
    await house.post("/sortie/return", "PILOT")
    await shown(house, plan_id, "LANDED")
    if is_signed:
        for role in ("PILOT", "REG"):
            await house.post(f"/sorties/{plan_id}-S01/sign", role)
    return f"{plan_id}-S01"


async def rested(house: House, sortie: str) -> dict[str, Any]:
    answer = await house.post(f"/sorties/{sortie}/rest", "LEAD")
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def stands_again(house: House) -> None:
    """On the ground, with a new battery and no mission."""
    house.vehicle._sample = replace(
        house.vehicle._sample, mode=FlightMode.READY, mission_item=None, is_in_air=False,
        is_armed=False,
    )  # fmt: skip


async def fly_whole(house: House, made: dict[str, Any]) -> str:
    """Approved, launched and flown to its end; its sortie."""
    plan_id = made["plan"]["plan_id"]
    path = f"/plans/{plan_id}/approve"
    assert (await house.post(path, "LEAD", digest=made["digest"])).status_code == 200
    house.vehicle.is_frozen = False
    stands_again(house)
    answer = await house.post("/sorties", "PILOT", plan_id=plan_id)
    assert answer.status_code == 202, answer.text
    await shown(house, plan_id, "LANDED")
    return str(answer.json()["sortie"])


async def debt_of(house: House) -> dict[str, Any]:
    items = (await house.http.get("/api/coverage/debt")).json()["items"]
    return next(one for one in items if one["grid_code"] == GRID)


async def due_of(house: House) -> dict[str, Any] | None:
    items = (await house.http.get("/api/patrols/due")).json()["items"]
    return next((one for one in items if one["grid_code"] == GRID), None)


def refused(answer: httpx.Response) -> str:
    assert answer.status_code == 409, answer.text
    assert answer.json()["error_zh"] != answer.json()["error"]
    return str(answer.json()["error"])


async def test_the_rest_is_approved_and_flown_and_both_parts_are_one_look(house: House) -> None:
    sortie = await broken_off(house)
    first = await due_of(house)
    assert first is not None
    assert (first["priority"], first["break_point"]["waypoint_index"]) == (1, REACHED)
    assert (await debt_of(house))["last_look_utc"] is None
    made = await rested(house, sortie)
    assert made["continues"] == sortie
    assert made["plan"]["plan_id"] != sortie.rpartition("-S")[0]
    assert "rest.continues" in {one["code"] for one in made["findings"]}
    planned = await due_of(house)
    assert planned is not None
    assert planned["mission"]["mission_id"] == made["plan"]["plan_id"]
    assert planned["break_point"] is None, "somebody goes on with it"
    house.clock.now_s += timedelta(hours=1).total_seconds()
    last = await fly_whole(house, made)
    flown, broken = await house.records.sortie(last), await house.records.sortie(sortie)
    assert flown is not None
    assert broken is not None
    assert (flown.continues, flown.begun_utc) == (sortie, broken.takeoff_utc)
    assert (flown.is_whole, broken.is_whole) == (True, False)
    assert flown.landed_utc is not None
    assert broken.takeoff_utc is not None
    seen_utc = (await debt_of(house))["last_look_utc"]
    assert seen_utc == utc_text(broken.takeoff_utc), "a part of the grid was last seen then"
    assert await due_of(house) is None, "it was looked at today"
    upload = [one for one in house.vehicle.commands if isinstance(one, Upload)][-1]
    assert_goes_on(house.plans.found(broken.plan_id).plan, upload.plan)


def assert_goes_on(was: MissionPlan, now: MissionPlan) -> None:
    """The broken leg from its beginning, and all after it."""
    unflown = len(was.waypoints) - REACHED
    taken_up = now.waypoints[-unflown - 1 :]
    for old, new in zip(was.waypoints[REACHED - 1 :], taken_up, strict=True):
        assert distance_m(old.point, new.point) < 0.1


async def test_parts_of_two_days_are_no_whole_look(house: House) -> None:
    sortie = await broken_off(house)
    house.clock.now_s += timedelta(days=1).total_seconds()
    made = await rested(house, sortie)
    assert "rest.other_day" in {one["code"] for one in made["findings"]}
    last = await house.records.sortie(await fly_whole(house, made))
    assert last is not None
    assert not last.is_whole
    assert (await debt_of(house))["last_look_utc"] is None


async def test_a_rest_is_made_once_and_again_only_when_it_was_cancelled(house: House) -> None:
    sortie = await broken_off(house)
    made = await rested(house, sortie)
    plan_id = made["plan"]["plan_id"]
    assert f"{plan_id} goes on with" in refused(await house.post(f"/sorties/{sortie}/rest", "LEAD"))
    await house.post(f"/plans/{plan_id}/cancel", "LEAD", reason="rain")
    assert (await rested(house, sortie))["plan"]["plan_id"] != plan_id


async def test_the_rest_of_a_rest_goes_on_with_it(house: House) -> None:
    sortie = await broken_off(house)
    made = await rested(house, sortie)
    plan_id = made["plan"]["plan_id"]
    await house.post(f"/plans/{plan_id}/approve", "LEAD", digest=made["digest"])
    house.vehicle.is_frozen = True
    stands_again(house)
    before = house.told().count("airborne")
    assert (await house.post("/sorties", "PILOT", plan_id=plan_id)).status_code == 202
    await house.until(lambda: house.told().count("airborne") > before)
    await land(house)
    for role in ("PILOT", "REG"):
        await house.post(f"/sorties/{plan_id}-S01/sign", role)
    last = await house.records.sortie(await fly_whole(house, await rested(house, f"{plan_id}-S01")))
    first = await house.records.sortie(sortie)
    assert last is not None
    assert first is not None
    assert (last.continues, last.begun_utc) == (f"{plan_id}-S01", first.takeoff_utc)
    assert last.planned_utc == first.planned_utc
    assert last.is_whole


async def test_what_flies_flew_whole_or_never_flew_has_no_rest(house: House) -> None:
    plan_id = await flying(house)
    words = refused(await house.post(f"/sorties/{plan_id}-S01/rest", "LEAD"))
    assert "is being flown" in words
    house.vehicle.is_frozen = False
    await state_of(house, "LANDED")
    words = refused(await house.post(f"/sorties/{plan_id}-S01/rest", "LEAD"))
    assert "nothing is left" in words
    record = await house.records.sortie(f"{plan_id}-S01")
    assert record is not None
    answer = await house.post("/sorties/M-9-S01/rest", "LEAD")
    assert (answer.status_code, answer.json()["error"]) == (404, "there is no sortie M-9-S01")
    answer = await house.post(f"/sorties/{plan_id}-S01/rest", "OPER")
    assert answer.status_code == 403


async def test_an_exercise_and_a_live_flight_are_not_parts_of_one_look(house: House) -> None:
    """Both in one folder: what was simulated was not seen."""
    sortie = await broken_off(house, is_signed=False)
    record = await house.records.sortie(sortie)
    assert record is not None
    real = replace(record, is_exercise=not record.is_exercise)
    await house.records.save_sortie(real, cause=SYSTEM, at_utc=record.created_utc, action="x")
    assert "exercise" in refused(await house.post(f"/sorties/{sortie}/rest", "LEAD"))


async def test_a_sortie_flown_by_another_register_is_planned_anew(house: House) -> None:
    sortie = await broken_off(house, is_signed=False)
    record = await house.records.sortie(sortie)
    assert record is not None
    plan = house.plans.found(record.plan_id).plan
    older = replace(plan, register_version="older")
    await house.records.save_plan(older, cause=SYSTEM, at_utc=plan.created_utc, action="x")
    changed = replace(record, plan_digest=older.digest)
    await house.records.save_sortie(changed, cause=SYSTEM, at_utc=plan.created_utc, action="x")
    assert "plan the grid anew" in refused(await house.post(f"/sorties/{sortie}/rest", "LEAD"))


async def test_the_list_of_a_day_is_scoped_and_counts_what_nobody_planned(house: House) -> None:
    whole = (await house.http.get("/api/patrols/due")).json()
    assert whole["due_count"] == whole["unplanned_count"] == len(whole["items"]) > 200
    assert [one["priority"] for one in whole["items"]] == list(range(1, len(whole["items"]) + 1))
    for strange in ("9999-12-31", "0001-01-01", "tomorrow"):
        answer = await house.http.get("/api/patrols/due", params={"day": strange})
        assert answer.status_code == 422, strange
    elsewhere = house.client(await house.let_in("Mei", scope="440512002"))
    theirs = (await elsewhere.get("/api/patrols/due", params={"day": whole["day"]})).json()
    assert {one["grid_code"][:9] for one in theirs["items"]} == {"440512002"}
    assert 0 < len(theirs["items"]) < len(whole["items"])
