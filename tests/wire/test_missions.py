"""Missions over the API: they follow their plans and sorties, and end in one of three ways."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ground_station.mission_desk import MissionDesk, MissionParts
from ground_station.plan_desk import Drawn, PlanDesk, PlanParts
from ground_station.route_shelf import RouteShelf
from ground_station.store.schema import DATABASE_NAME
from missions.request import Task
from patrol.cause import Role
from patrol.clock import SHANGHAI, utc_text
from patrol.energy import Power
from patrol.errors import Refused
from patrol.vehicle import ReturnHome
from tests.fakes import START
from tests.ground_core import GRID, LEADER, PILOT
from tests.papers import a_gate
from tests.wire.test_desks import land
from tests.wire.test_sortie_failures import approved_plan, at_grid
from tests.wire.test_web_api import REGISTER, House, house

__all__ = ["house"]  # a fixture

pytestmark = pytest.mark.anyio
A_DAY_S = timedelta(days=1).total_seconds()


async def missions(house: House, **wanted: Any) -> list[dict[str, Any]]:
    answer = await house.http.get("/api/missions", params=wanted)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def of_the_route(drawn: Drawn) -> set[str]:
    """What was found, without what the gate said of papers and airspace at the approval."""
    codes = {one.code for one in drawn.findings}
    return {code for code in codes if not code.startswith(("clearance.", "airspace."))}


async def flying(house: House) -> str:
    """A mission whose aircraft is in the air and does not get on."""
    house.vehicle.is_frozen, before = True, house.told().count("airborne")
    plan_id = await approved_plan(house)
    answer = await house.post("/sorties", "PILOT", plan_id=plan_id)
    assert answer.status_code == 202, answer.text
    await house.until(lambda: house.told().count("airborne") > before)
    await shown(house, plan_id, "ACTIVE")
    return plan_id


async def shown(house: House, mission_id: str, state: str) -> None:
    def is_so() -> bool:
        found = {one["mission_id"]: one["state"] for one in house.board.get("missions")}
        return found.get(mission_id) == state

    await house.until(is_so)


async def test_a_mission_follows_its_plan_and_its_sortie_to_the_signed_log(house: House) -> None:
    plan_id = await flying(house)
    await land(house)
    await shown(house, plan_id, "LANDED")
    (mission,) = await missions(house, state="LANDED")
    assert mission["sorties"] == [f"{plan_id}-S01"]
    assert mission["break_point"]["sortie"] == f"{plan_id}-S01"
    for role in ("PILOT", "REG"):
        assert (await house.post(f"/sorties/{plan_id}-S01/sign", role)).status_code == 200
    await house.until(lambda: house.board.get("missions") == [])
    (mission,) = await missions(house)
    assert (mission["state"], mission["possible"]) == ("CLOSED", [])
    assert [step["event"] for step in mission["steps"]] == [
        "plan", "clear", "launch", "take_off", "land", "sign",
    ]  # fmt: skip
    assert [step["role"] for step in mission["steps"]] == [
        "LEAD", "LEAD", "PILOT", "PILOT", "SYS", "REG",
    ]  # fmt: skip
    with (
        closing(sqlite3.connect(house.folder / DATABASE_NAME)) as database,
        pytest.raises(sqlite3.Error, match="closed"),
    ):
        database.execute("UPDATE missions SET state = 'LANDED'")


async def test_a_mission_that_was_flown_is_not_flown_again_under_its_old_approval(
    house: House,
) -> None:
    plan_id = await flying(house)
    await land(house)
    for role in ("PILOT", "REG"):
        await house.post(f"/sorties/{plan_id}-S01/sign", role)
    house.vehicle._sample = replace(house.vehicle._sample, is_in_air=False, is_armed=False)
    answer = await house.post("/sorties", "PILOT", plan_id=plan_id)
    assert answer.status_code == 409, answer.text
    assert "launch is not possible" in answer.json()["error"]
    assert "不能派飞" in answer.json()["error_zh"]
    assert await house.records.sortie(f"{plan_id}-S02") is None, "what is refused leaves no row"


async def test_a_cancelled_mission_is_neither_approved_nor_launched(house: House) -> None:
    plan_id = await approved_plan(house)
    digest = house.plans.found(plan_id).plan.digest
    for role, status in (("OPER", 403), ("LEAD", 200)):
        answer = await house.post(f"/plans/{plan_id}/cancel", role, reason="下雨")
        assert answer.status_code == status
    assert (answer.json()["state"], answer.json()["steps"][-1]["reason"]) == ("CANCELLED", "下雨")
    assert (await house.post(f"/plans/{plan_id}/cancel", "LEAD", reason="")).status_code == 422
    for path, role, body in (
        (f"/plans/{plan_id}/approve", "LEAD", {"digest": digest}),
        ("/sorties", "PILOT", {"plan_id": plan_id}),
        (f"/plans/{plan_id}/cancel", "PILOT", {"reason": "again"}),
    ):
        answer = await house.post(path, role, **body)
        assert answer.status_code == 409, path
        assert "已取消" in answer.json()["error_zh"]
    assert not house.vehicle.commands
    await house.until(lambda: "mission.cancelled" in house.told())


async def test_a_plan_that_was_drawn_at_another_console_is_looked_at_and_approved(
    house: House,
) -> None:
    at_grid(house)
    made = (await house.post("/plans", "PILOT", grid_code=GRID)).json()
    plan_id = made["plan"]["plan_id"]
    path = f"/api/plans/{plan_id}"
    shown_there = (await house.http.get(path)).json()
    told = ("plan", "digest", "findings", "legs", "aircraft")
    assert {key: shown_there[key] for key in told} == {key: made[key] for key in told}
    assert shown_there["approved_by"] == ""
    approval = {"digest": shown_there["digest"]}
    assert (await house.post(f"/plans/{plan_id}/approve", "LEAD", **approval)).status_code == 200
    assert (await house.http.get(path)).json()["approved_by"] == "Wu"
    assert (await house.http.get("/api/plans/M-20260101-01")).status_code == 404


async def test_what_is_being_flown_is_called_home_and_not_cancelled(house: House) -> None:
    plan_id = await flying(house)
    answer = await house.post(f"/plans/{plan_id}/cancel", "LEAD", reason="rain")
    assert (answer.status_code, "cancel is not possible" in answer.text) == (409, True)


async def test_what_is_not_flown_by_the_end_of_its_day_runs_out(house: House) -> None:
    plan_id = await approved_plan(house)
    assert await house.missions.expire() == [], "its day is not over"
    house.clock.now_s += A_DAY_S
    (gone,) = await house.missions.expire()
    assert (gone.mission_id, gone.state.value, gone.steps[-1].role) == (
        plan_id, "CANCELLED", Role.SYSTEM
    )  # fmt: skip
    assert "not flown by the end" in gone.steps[-1].reason
    assert (await house.post("/sorties", "PILOT", plan_id=plan_id)).status_code == 409
    await house.until(lambda: "mission.expired" in house.told())
    assert await house.missions.expire() == []


async def test_a_plan_that_is_approved_for_tomorrow_does_not_run_out_tonight(house: House) -> None:
    plan_id = await approved_plan(house)
    digest = house.plans.found(plan_id).plan.digest
    now = house.clock.now_utc()
    tomorrow = now + timedelta(hours=20)
    assert now.astimezone(SHANGHAI).date() < tomorrow.astimezone(SHANGHAI).date()
    path = f"/plans/{plan_id}/approve"
    answer = await house.post(path, "LEAD", digest=digest, takeoff_at=utc_text(tomorrow))
    assert answer.status_code == 200, answer.text
    house.clock.now_s += timedelta(hours=20).total_seconds()
    assert await house.missions.expire() == []
    day = tomorrow.astimezone(SHANGHAI).date().isoformat()
    assert [one["mission_id"] for one in await missions(house, day=day)] == [plan_id]
    house.clock.now_s += A_DAY_S
    (gone,) = await house.missions.expire()
    assert gone.steps[-1].reason == f"not flown by the end of {day}"


async def test_a_mission_belongs_to_the_day_of_its_launch(house: House) -> None:
    plan_id = await approved_plan(house)
    digest = house.plans.found(plan_id).plan.digest
    now = house.clock.now_utc()
    late = {"digest": digest, "takeoff_at": utc_text(now + timedelta(hours=20))}
    assert (await house.post(f"/plans/{plan_id}/approve", "LEAD", **late)).status_code == 200
    assert (await house.post("/sorties", "PILOT", plan_id=plan_id)).status_code == 202
    mission = await house.records.missions.get(plan_id)
    assert mission.day == now.astimezone(SHANGHAI).date().isoformat()


async def test_after_a_restart_an_approved_plan_can_still_be_launched(house: House) -> None:
    plan_id = await approved_plan(house)
    later = PlanDesk(
        PlanParts(
            register=REGISTER, records=house.records, bus=house.bus, chronicle=house.chronicle,
            world=house.clock, is_exercise=True, routes=RouteShelf(house.folder / "routes"),
            gate=a_gate(house.folder, house.clock),
        )
    )  # fmt: skip
    with pytest.raises(LookupError):
        later.found(plan_id)
    await later.load()
    was, now = house.plans.found(plan_id), later.found(plan_id)
    assert (now.plan.digest, now.plan.approved_by) == (was.plan.digest, was.plan.approved_by)
    assert now.aircraft == was.aircraft
    assert of_the_route(now) == of_the_route(was), "the gate asks again at the launch"
    house.plans._drawn = later._drawn
    answer = await house.post("/sorties", "PILOT", plan_id=plan_id)
    assert answer.status_code == 202, answer.text


async def test_a_launch_after_a_restart_has_a_number_of_its_own(house: House) -> None:
    plan_id = await approved_plan(house)
    (mission,) = [await house.records.missions.get(plan_id)]
    await house.records.missions.change(
        plan_id, lambda one: replace(one, sorties=(f"{plan_id}-S01",)), cause=PILOT, at_utc=START
    )
    assert mission.sorties == ()
    await house.plans.load()
    answer = await house.post("/sorties", "PILOT", plan_id=plan_id)
    assert answer.json()["sortie"] == f"{plan_id}-S02"


async def test_a_leader_asks_for_an_abort_and_the_pilot_brings_it_home(house: House) -> None:
    plan_id = await flying(house)
    asked = await house.post(f"/missions/{plan_id}/abort", "LEAD", reason="庙会")
    assert asked.status_code == 200, asked.text
    assert asked.json()["state"] == "ACTIVE"
    assert asked.json()["abort_asked"]["reason"] == "庙会"
    assert ReturnHome() not in house.vehicle.commands, "a request flies nothing"
    house.vehicle.is_frozen = False
    done = await house.post(f"/missions/{plan_id}/abort", "PILOT", reason="有鸟群")
    assert done.status_code == 200, done.text
    assert done.json()["state"] == "ABORTED"
    assert ReturnHome() in house.vehicle.commands
    await house.until(lambda: "landed" in house.told())
    assert house.sorties.sortie_id == f"{plan_id}-S01"
    told = house.told()
    assert told.index("mission.abort_asked") < told.index("mission.aborted")


async def test_only_what_is_under_way_is_aborted(house: House) -> None:
    plan_id = await approved_plan(house)
    for role in ("LEAD", "PILOT"):
        answer = await house.post(f"/missions/{plan_id}/abort", role, reason="rain")
        assert answer.status_code == 409, answer.text
        assert "possible here" in answer.json()["error"]
    answer = await house.post("/missions/M-9/abort", "PILOT", reason="rain")
    assert (answer.status_code, answer.json()["error"]) == (404, "there is no mission M-9")


async def test_missions_are_listed_by_day_state_and_grid_page_by_page(house: House) -> None:
    at_grid(house)
    ids = []
    for _ in range(3):
        made = await house.post("/plans", "LEAD", grid_code=GRID)
        ids.append(made.json()["plan"]["plan_id"])
    found = [one["mission_id"] for one in await missions(house)]
    assert found == ids[::-1]
    day = (await missions(house))[0]["day"]
    assert len(await missions(house, day=day, grid=GRID, state="PLANNED")) == 3
    assert await missions(house, day="2020-01-01") == []
    assert await missions(house, state="CLEARED") == []
    assert await missions(house, grid="440512002") == []
    first = (await house.http.get("/api/missions", params={"limit": 2})).json()
    rest = await missions(house, limit=2, cursor=first["next"])
    assert [one["mission_id"] for one in [*first["items"], *rest]] == ids[::-1]
    elsewhere = house.client(await house.let_in("Mei", scope="440512002"))
    assert (await elsewhere.get("/api/missions")).json()["items"] == []
    assert (await elsewhere.get("/api/state")).json()["missions"] == []
    answer = await elsewhere.post(f"/api/plans/{ids[0]}/cancel", json={"reason": "x"})
    assert answer.status_code == 404


async def test_a_mission_that_another_step_was_quicker_with_is_refused_in_the_records(
    house: House,
) -> None:
    plan_id = await approved_plan(house)
    desk = MissionDesk(
        MissionParts(
            records=house.records, plans=house.plans, switchboard=house.missions._parts.switchboard,
            bus=house.bus, board=house.board, chronicle=house.chronicle, world=house.clock,
            wall=house.clock, is_exercise=True,
        )
    )  # fmt: skip
    await desk.cancel(plan_id, "rain", LEADER)
    with pytest.raises(Refused, match="cancel is not possible"):
        await house.missions.cancel(plan_id, "rain", PILOT)


async def test_a_plan_is_drawn_for_what_the_aircrafts_battery_gives(house: House) -> None:
    at_grid(house)
    (desks,) = house.missions._parts.switchboard.every
    weak = replace(desks, power=Power(endurance_s=900.0))
    assert house.plans.request(GRID, desks, Task()).endurance_s == Power().endurance_s
    assert house.plans.request(GRID, weak, Task()).endurance_s == 900.0
