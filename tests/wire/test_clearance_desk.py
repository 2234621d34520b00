"""The gate of a station: cleared by the law, kept for good, and asked again before the motors."""

from __future__ import annotations

import json
import math
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ground_station.planning_data import PlanningData
from ground_station.store.backup import fault_in
from ground_station.store.chain import verify
from ground_station.store.clearances import ClearanceShelf
from ground_station.store.schema import DATABASE_NAME, migrate_file
from ground_station.views import lens_of
from missions.formats import read_plan, write_json
from missions.request import default_home
from missions.tested import record_path
from patrol.cause import Role
from patrol.clock import utc_text
from patrol.geo import offset, to_geojson
from patrol.vehicle import Arm, TakeOff
from tests.ground_core import GRID, LEADER, MORNING, running_store
from tests.papers import PERMIT, open_sky, write_papers
from tests.unit.test_clearance import cleared
from tests.unit.test_tested import a_record
from tests.wire.test_sortie_failures import approved_plan, at_grid
from tests.wire.test_web_api import REGISTER, House, house

__all__ = ["house"]  # a fixture

pytestmark = pytest.mark.anyio


def go_live(house: House) -> None:
    """As outside an exercise, where every rule stands as it is."""
    house.sorties._parts = replace(house.sorties._parts, is_exercise=False)
    house.plans._parts = replace(house.plans._parts, is_exercise=False)


async def live_plan(house: House) -> tuple[str, str]:
    """A plan whose route was tested, as a live one has to be; its id and digest."""
    go_live(house)
    at_grid(house)
    made = (await house.post("/plans", "LEAD", grid_code=GRID)).json()
    plan_id = str(made["plan"]["plan_id"])
    plan_file = house.folder / "routes" / f"{plan_id}.json"
    write_json(record_path(plan_file), a_record(read_plan(plan_file)).to_dict())
    return plan_id, str(made["digest"])


async def approve(house: House, plan: tuple[str, str], **more: Any) -> Any:  # noqa: ANN401
    return await house.post(f"/plans/{plan[0]}/approve", "LEAD", digest=plan[1], **more)


def kept(house: House) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(house.folder / DATABASE_NAME)) as connection:
        return connection.execute("SELECT id, sortie FROM clearances ORDER BY id").fetchall()


def codes(answer: Any) -> list[str]:  # noqa: ANN401  # an answer
    return [one["code"] for one in answer.json()["findings"] if one["level"] == "stop"]


def armed(house: House) -> bool:
    return any(isinstance(one, Arm | TakeOff) for one in house.vehicle.commands)


async def test_a_live_plan_is_cleared_once_and_again_at_its_launch_and_both_are_kept(
    house: House,
) -> None:
    plan = await live_plan(house)
    assert (await approve(house, plan)).status_code == 200
    await house.until(lambda: "plan.cleared" in house.told())
    launch = await house.post("/sorties", "PILOT", plan_id=plan[0])
    assert launch.status_code == 202, launch.text
    (_, first), (_, second) = kept(house)
    assert (first, second) == ("", launch.json()["sortie"])
    assert verify(house.folder / DATABASE_NAME).is_intact


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"organisation": {"certificate_until": "2026-11-23"}}, "clearance.certificate"),
        ({"aircraft": {"link": "public-network"}}, "clearance.art31.relay"),
        ({"aircraft": {"payload_mass_kg": 4.5, "max_takeoff_kg": 7.5}}, "clearance.insurance"),
        ({"names": ("GP-7",)}, "clearance.papers"),
    ],
)
async def test_papers_that_ran_out_since_the_approval_keep_it_on_the_ground(
    house: House, changes: dict[str, Any], code: str
) -> None:
    plan = await live_plan(house)
    assert (await approve(house, plan)).status_code == 200
    write_papers(house.folder / "papers.toml", **changes)
    refused = await house.post("/sorties", "PILOT", plan_id=plan[0])
    assert refused.status_code == 409
    assert refused.json()["type"] == "clearance_refused"
    assert code in codes(refused)
    assert len(kept(house)) == 1, "what was refused is no clearance"
    assert not armed(house)


async def test_a_zone_that_closes_after_the_approval_keeps_it_on_the_ground(house: House) -> None:
    plan_id = await approved_plan(house)  # an exercise: a closed zone is closed there too
    home = default_home(REGISTER.get(GRID))
    zone = {
        "type": "Feature",
        "properties": {"id": "T-1", "name": "演唱会", "kind": "TEMP", "radius_m": 3000.0},
        "geometry": {"type": "Point", "coordinates": to_geojson(home)},
    }
    sky = open_sky(house.folder / "airspace.geojson", house.clock.now_utc())
    sky.write_text(json.dumps(json.loads(sky.read_text("utf-8")) | {"features": [zone]}), "utf-8")
    gate = house.plans.gate
    gate._parts = replace(gate._parts, data=PlanningData(airspace_file=sky))
    refused = await house.post("/sorties", "PILOT", plan_id=plan_id)
    assert (refused.status_code, codes(refused)) == (409, ["clearance.zones"])
    assert "第二十条" in refused.json()["findings"][0]["article"]
    assert not armed(house)
    again = await house.post("/plans", "LEAD", grid_code=GRID)
    assert again.status_code == 201, "the plan's own data has no such zone"
    made = again.json()
    late = await approve(house, (made["plan"]["plan_id"], made["digest"]))
    assert (late.status_code, set(codes(late))) == (409, {"airspace.zone"})


async def test_an_order_not_to_film_since_the_plan_was_made_is_held_against_its_camera(
    house: House,
) -> None:
    plan = await live_plan(house)
    made = house.plans.found(plan[0]).plan.waypoints
    leg = next(one for one in made[1:] if one.camera_bearing_true_deg is not None)
    ahead = math.radians(leg.camera_bearing_true_deg or 0.0)
    seen = offset(leg.point, east_m=45.0 * math.sin(ahead), north_m=45.0 * math.cos(ahead))
    sky = open_sky(house.folder / "airspace.geojson", house.clock.now_utc())
    zone = {
        "type": "Feature",
        "properties": {"id": "N-1", "name": "营区", "kind": "NO_SHOOT", "radius_m": 1.0,
                       "ceiling_m": 1.0},
        "geometry": {"type": "Point", "coordinates": to_geojson(seen)},
    }  # fmt: skip
    gate = house.plans.gate
    gate._parts = replace(
        gate._parts, data=PlanningData(airspace_file=sky),
        lenses={"GP-1": lens_of(1280, 720, 60.0)},
    )  # fmt: skip
    assert (await approve(house, plan)).status_code == 200
    sky.write_text(json.dumps(json.loads(sky.read_text("utf-8")) | {"features": [zone]}), "utf-8")
    launch = await house.post("/sorties", "PILOT", plan_id=plan[0])
    assert (launch.status_code, codes(launch)) == (409, ["clearance.zones"])
    assert (await approve(house, plan)).status_code == 409
    assert not armed(house)


async def test_what_the_records_refuse_leaves_no_clearance_behind(house: House) -> None:
    """Two consoles: one gives the mission up while the other approves or launches it."""
    plan_id = await approved_plan(house)
    digest = house.plans.found(plan_id).plan.digest
    before = kept(house)
    assert (await house.post(f"/plans/{plan_id}/cancel", "LEAD", reason="rain")).status_code == 200
    assert (await approve(house, (plan_id, digest))).status_code == 409
    assert (await house.post("/sorties", "PILOT", plan_id=plan_id)).status_code == 409
    assert kept(house) == before
    assert await house.records.sortie(f"{plan_id}-S01") is None
    assert verify(house.folder / DATABASE_NAME).is_intact


async def test_a_second_approval_does_not_repeat_what_the_first_one_said(house: House) -> None:
    plan_id = await approved_plan(house)
    drawn = house.plans.found(plan_id)
    once = [one.code for one in drawn.findings]
    assert (await approve(house, (plan_id, drawn.plan.digest))).status_code == 200
    assert [one.code for one in house.plans.found(plan_id).findings] == once


async def test_a_plan_is_cleared_for_the_time_at_which_it_is_to_take_off(house: House) -> None:
    plan = await live_plan(house)
    now = house.clock.now_utc()
    times = {"from_time": utc_text(now + timedelta(hours=2)),
             "to_time": utc_text(now + timedelta(hours=4))}  # fmt: skip
    write_papers(
        house.folder / "papers.toml", aircraft={"link": "public-network"},
        permits=(PERMIT | times,),
    )  # fmt: skip
    assert codes(await approve(house, plan)) == ["clearance.art31.relay"]
    later = utc_text(now + timedelta(hours=3))
    assert (await approve(house, plan, takeoff_at=later)).status_code == 200
    early = await house.post("/sorties", "PILOT", plan_id=plan[0])
    assert codes(early) == ["clearance.art31.relay"]
    past = await approve(house, plan, takeoff_at=utc_text(now - timedelta(hours=1)))
    assert (past.status_code, "past" in past.json()["error"]) == (409, True)


async def test_the_table_is_there_before_the_approval_with_its_countdowns(house: House) -> None:
    plan = await live_plan(house)
    at = utc_text(house.clock.now_utc() + timedelta(days=2))
    table = (await house.http.get(f"/api/plans/{plan[0]}/clearance", params={"at": at})).json()
    due = {one["deadline_id"]: one for one in table["deadlines"]}
    assert due["apply"]["left_s"] > 0.0
    assert not due["apply"]["is_needed"]
    assert table["takeoff_utc"] == at
    assert table["law"]["articles"]
    # In two days the airspace data of today says nothing any more.
    stops = {one["rule_id"] for one in table["answers"] if one["outcome"] == "stop"}
    assert stops == {"airspace_data"}
    assert not table["is_cleared"]
    assert kept(house) == [], "looking decides nothing"


async def test_papers_that_cannot_be_read_clear_nothing_and_say_why(house: House) -> None:
    plan = await live_plan(house)
    (house.folder / "papers.toml").write_text("[[aircraft]\n", encoding="utf-8")
    refused = await approve(house, plan)
    assert refused.status_code == 409
    assert "not TOML" in refused.json()["error"]
    assert "单位资料无法使用" in refused.json()["error_zh"]


async def test_the_application_names_what_it_is_for_and_who_took_it(house: House) -> None:
    plan = await live_plan(house)
    road = f"/api/plans/{plan[0]}/application/csv"
    assert (await house.http.get(road)).status_code == 422
    sheet = await house.http.get(road, params={"purpose": "报空管", "role": "LEAD"})
    assert sheet.status_code == 200
    assert plan[0] in sheet.headers["Content-Disposition"]
    ((_, noted),) = await house.records.notes(plan[0], "export")
    assert (noted["purpose"], noted["file"]) == ("报空管", "application.csv")
    announcer = await house.let_in("Lin", roles=(Role.ANNOUNCER,))
    denied = await house.http.get(road, params={"purpose": "x"}, headers=announcer)
    assert denied.status_code == 403


async def test_a_clearance_never_changes_and_goes_with_its_table(tmp_path: Path) -> None:
    async with running_store(tmp_path) as store:
        shelf = ClearanceShelf(store)
        record = await shelf.keep(cleared(), cause=LEADER)
        assert await shelf.of_plan("P-1") == [record]
        assert record.clearance == cleared()
        assert await shelf.of_sorties([""]) == {}
    path = tmp_path / DATABASE_NAME
    with closing(sqlite3.connect(path)) as connection:
        for change in ("UPDATE clearances SET state = 'x'", "DELETE FROM clearances"):
            with pytest.raises(sqlite3.Error, match="never changes"):
                connection.execute(change)
    assert fault_in(tmp_path)[1] == ""
    migrate_file(path, "r0060_dept")
    assert fault_in(tmp_path)[1] == ""
    migrate_file(path)
    assert fault_in(tmp_path)[1] == ""
    assert MORNING.year == int(record.clearance_id[3:7])
