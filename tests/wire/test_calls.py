"""A call to a place over HTTP: who goes, the plan to approve, and how long grids went unseen."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ground_station.patrol_missions import Purpose
from ground_station.sorties import SortieState
from patrol.cause import Role
from patrol.geo import GeoPoint, LocalFrame, offset
from patrol.telemetry import Ages, Battery
from tests.ground_core import PILOT, a_sortie, later
from tests.two_aircraft import GRIDS, REGISTER, TwoAircraft, two_aircraft
from tests.wire.test_centre_api import ok

pytestmark = pytest.mark.anyio


@pytest.fixture
async def station(tmp_path: Path) -> AsyncIterator[TwoAircraft]:
    async with two_aircraft(tmp_path) as started:
        yield started


def near(station: TwoAircraft, number: int) -> dict[str, Any]:
    """A place 60 m from where that aircraft stands, in its own grid."""
    home = station.vehicles[number]._sample.home
    assert home is not None
    inside = REGISTER.get(GRIDS[number]).shape.representative_point()
    towards = LocalFrame(origin=home).to_enu(GeoPoint(lat_deg=inside.y, lon_deg=inside.x))
    share = 60.0 / math.hypot(towards.east_m, towards.north_m)
    return at(offset(home, east_m=towards.east_m * share, north_m=towards.north_m * share))


def at(place: GeoPoint) -> dict[str, Any]:
    return {"place": {"lat_deg": place.lat_deg, "lon_deg": place.lon_deg}}


def drain(station: TwoAircraft, number: int, charge_pct: float) -> None:
    vehicle = station.vehicles[number]
    vehicle._sample = replace(vehicle._sample, battery=Battery(charge_pct=charge_pct))


async def test_the_nearer_aircraft_goes_with_a_plan_that_is_approved_and_flown(
    station: TwoAircraft,
) -> None:
    for number, name in enumerate(("GP-1", "GP-2")):
        made = await ok(await station.post("/calls", "LEAD", **near(station, number)), 201)
        assert made["aircraft"] == name
        assert made["there_s"] == made["options"][0]["there_s"] < made["options"][1]["there_s"]
    path = f"/plans/{made['plan']['plan_id']}/approve"
    await ok(await station.post(path, "LEAD", digest=made["digest"]))
    launched = await station.post("/sorties", "PILOT", plan_id=made["plan"]["plan_id"])
    assert launched.status_code == 202, launched.text
    await station.until(lambda: station.shown("GP-2").get("state") == "AIRBORNE")


async def test_the_nearer_one_with_too_little_charge_stays_and_says_so(
    station: TwoAircraft,
) -> None:
    drain(station, 0, 31.0)
    made = await ok(await station.post("/calls", "LEAD", **near(station, 0)), 201)
    assert made["aircraft"] == "GP-2"
    stays = made["options"][1]
    assert (stays["aircraft"], stays["can_go"]) == ("GP-1", False)
    assert [reason["code"] for reason in stays["reasons"]] == ["battery.charge"]


async def test_where_nobody_can_go_each_reason_is_told_in_both_languages(
    station: TwoAircraft,
) -> None:
    drain(station, 0, 20.0)
    vehicle = station.vehicles[1]
    vehicle._sample = replace(vehicle._sample, ages=Ages(link_s=40.0))
    refused = await station.post("/calls", "LEAD", **near(station, 0))
    assert refused.status_code == 409
    findings = refused.json()["findings"]
    assert {one["code"] for one in findings} == {"battery.charge", "dispatch.silent"}
    assert all(one["text_zh"] for one in findings)


async def test_an_aircraft_that_flies_is_not_sent_elsewhere(station: TwoAircraft) -> None:
    await station.both_flying()
    refused = await station.post("/calls", "LEAD", **near(station, 0))
    assert {one["code"] for one in refused.json()["findings"]} == {"dispatch.busy"}


async def test_a_whistle_and_a_report_are_gone_to_where_they_are(station: TwoAircraft) -> None:
    blown = await ok(await station.post("/whistles", "DISP", grid_code=GRIDS[1], need="人多"), 201)
    made = await ok(await station.post("/calls", "LEAD", whistle_id=blown["whistle_id"]), 201)
    assert made["plan"]["grid_code"] == GRIDS[1]
    mission = await station.records.missions.get(made["plan"]["plan_id"])
    assert mission.purpose is Purpose.WHISTLE
    words = {"text": "人多", "kind": "GATHERING", **near(station, 0)}
    report = await ok(await station.post("/reports", "DISP", **words), 201)
    made = await ok(await station.post("/calls", "PILOT", report_id=report["report_id"]), 201)
    assert made["aircraft"] == "GP-1"


async def test_a_call_says_one_place_of_the_register_and_is_for_planners(
    station: TwoAircraft,
) -> None:
    both = near(station, 0) | {"report_id": "R-1"}
    assert (await station.post("/calls", "LEAD", **both)).status_code == 422
    assert (await station.post("/calls", "LEAD")).status_code == 422
    for unknown in ("whistle_id", "report_id", "alert_id"):
        assert (await station.post("/calls", "LEAD", **{unknown: "X-9"})).status_code == 404
    sea = at(GeoPoint(lat_deg=23.0, lon_deg=117.5))
    outside = await station.post("/calls", "LEAD", **sea)
    assert [one["code"] for one in outside.json()["findings"]] == ["dispatch.outside"]
    assert (await station.post("/calls", "REG", **near(station, 0))).status_code == 403


async def test_what_was_seen_whole_goes_to_the_end_of_the_debt_and_others_see_their_own(
    station: TwoAircraft,
) -> None:
    flown = replace(
        a_sortie(SortieState.LANDED), grid_code=GRIDS[0], takeoff_utc=later(10),
        landed_utc=later(400), waypoint_index=4, waypoint_total=4,
    )  # fmt: skip
    broken_off = replace(flown, sortie_id="M-9-S01", grid_code=GRIDS[1], waypoint_index=2)
    at_a_place = replace(flown, sortie_id="M-8-S01", grid_code=GRIDS[1], pattern="points")
    half = replace(
        flown, sortie_id="M-7-S01", grid_code=GRIDS[1], pattern="sweep", number=1, count=2,
        planned_utc=later(1),
    )  # fmt: skip
    other_half = replace(half, sortie_id="M-6-S01", number=2, planned_utc=later(2))
    for sortie in (flown, broken_off, at_a_place, half, other_half):
        await station.records.save_sortie(sortie, cause=PILOT, at_utc=later(400), action="x")
    items = (await ok(await station.http.get("/api/coverage/debt")))["items"]
    assert len(items) == len(REGISTER.grids)
    last = items[-1]
    assert (last["grid_code"], last["is_overdue"]) == (GRIDS[0], False)
    now = station.clock.now_utc()
    assert last["unseen_s"] == max(0.0, (now - later(400)) / timedelta(seconds=1))
    assert all(item["unseen_s"] is None for item in items[:-1])
    rest = replace(other_half, sortie_id="M-5-S01", planned_utc=later(1), landed_utc=later(900))
    await station.records.save_sortie(rest, cause=PILOT, at_utc=later(900), action="x")
    items = (await ok(await station.http.get("/api/coverage/debt")))["items"]
    seen = {item["grid_code"] for item in items if item["unseen_s"] is not None}
    assert seen == set(GRIDS)
    headers = await station.let_in("Zhu", roles=(Role.STREET,), scope="440512001")
    theirs = await station.http.get("/api/coverage/debt", headers=headers)
    codes = {item["grid_code"] for item in theirs.json()["items"]}
    assert codes == {grid.code for grid in REGISTER.grids if grid.code.startswith("440512001")}
