"""Nothing is flown but the very plan that a person approved, whoever altered it since."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace

import anyio
import anyio.to_thread
import pytest

from ground_station.approvals import require_approved
from ground_station.store.schema import DATABASE_NAME
from patrol.errors import Refused
from patrol.plan import MissionPlan
from tests.fakes import START
from tests.ground_core import SYSTEM
from tests.wire.test_adoption import FLYING, adoption, left_behind
from tests.wire.test_sortie_failures import approved_plan, state_of
from tests.wire.test_web_api import House, house

__all__ = ["house"]  # a fixture

pytestmark = pytest.mark.anyio


def lowered(plan: MissionPlan) -> MissionPlan:
    """The same plan with another ceiling; the approval stays under it."""
    return replace(plan, ceiling_agl_m=plan.ceiling_agl_m - 10.0)


async def sql(house: House, statement: str, *values: str) -> None:
    """Somebody with the database file changes it while the station runs."""

    def change() -> None:
        with closing(sqlite3.connect(house.folder / DATABASE_NAME, timeout=15.0)) as database:
            database.execute(statement, values)
            database.commit()

    await anyio.to_thread.run_sync(change)  # the station's own writer goes on meanwhile


async def alter_row(house: House, plan: MissionPlan) -> None:
    """Another plan in its row, digest and all."""
    body = json.dumps(plan.to_dict(), ensure_ascii=False)
    change = "UPDATE plans SET body_json = ?, digest = ? WHERE id = ?"
    await sql(house, change, body, plan.digest, plan.plan_id)


async def test_a_plan_altered_in_memory_after_its_approval_is_not_launched(house: House) -> None:
    plan_id = await approved_plan(house)
    drawn = house.plans.found(plan_id)
    house.plans.keep(replace(drawn, plan=lowered(drawn.plan)))
    answer = await house.post("/sorties", "PILOT", plan_id=plan_id)
    assert answer.status_code == 409
    for words in (answer.json()["error"], answer.json()["error_zh"]):
        assert drawn.plan.digest[:12] in words
        assert lowered(drawn.plan).digest[:12] in words
    assert not house.vehicle.commands
    assert await house.records.open_sorties() == []


async def test_a_plan_altered_in_the_database_after_its_approval_is_not_launched(
    house: House,
) -> None:
    plan_id = await approved_plan(house)
    plan = house.plans.found(plan_id).plan
    await alter_row(house, lowered(plan))
    answer = await house.post("/sorties", "PILOT", plan_id=plan_id)
    assert answer.status_code == 409
    assert "is in the records" in answer.json()["error"]
    assert lowered(plan).digest[:12] in answer.json()["error_zh"]
    assert not house.vehicle.commands


async def test_a_plan_altered_between_launch_and_upload_does_not_reach_the_aircraft(
    house: House,
) -> None:
    plan_id = await approved_plan(house)
    plan = house.plans.found(plan_id).plan
    save = house.records.missions.launched

    async def altered_meanwhile(*record: object, **how: object) -> None:
        await save(*record, **how)  # type: ignore[arg-type]  # as it was called
        await alter_row(house, lowered(plan))

    house.records.missions.launched = altered_meanwhile  # type: ignore[method-assign]
    answer = await house.post("/sorties", "PILOT", plan_id=plan_id)
    assert answer.status_code == 202
    await state_of(house, "ABORTED")
    await house.until(lambda: "sortie.aborted" in house.told())
    assert not house.vehicle.commands
    told = [one for one in house.board.state()["story"] if one["event"] == "sortie.aborted"]
    assert plan.digest[:12] in told[0]["reason"]
    assert plan.digest[:12] in told[0]["reason_zh"]


async def test_a_plan_without_an_approval_in_the_records_is_not_launched(house: House) -> None:
    drawn = house.plans.found(await approved_plan(house))
    other = replace(drawn.plan, plan_id="M-9")  # a name under it is not enough
    house.plans.keep(replace(drawn, plan=other))
    answer = await house.post("/sorties", "PILOT", plan_id="M-9")
    assert answer.status_code == 409
    assert "hold no approval" in answer.json()["error"]


async def test_a_row_that_is_no_plan_any_more_is_a_refusal_in_words(house: House) -> None:
    plan_id = await approved_plan(house)
    plan = house.plans.found(plan_id).plan
    await sql(house, "UPDATE plans SET body_json = ?", '{"format": "?"}')
    with pytest.raises(Refused, match="no plan any more") as refused:
        await require_approved(house.records, plan)
    assert "不是有效计划" in refused.value.text_zh


async def test_a_sortie_in_the_air_is_not_taken_over_on_a_plan_altered_since(house: House) -> None:
    plan = await left_behind(house)
    changed = lowered(plan)
    await alter_row(house, changed)
    (record,) = await house.records.open_sorties()
    await house.records.save_sortie(
        replace(record, plan_digest=changed.digest), cause=SYSTEM, at_utc=START,
        action="sortie.launched",
    )  # fmt: skip
    house.vehicle._sample, house.vehicle.plan = FLYING, changed
    async with anyio.create_task_group() as group:
        group.start_soon(adoption(house).run)
        await house.until(lambda: "sortie.not_adopted" in house.told())
        assert house.sorties.plan is None
        group.cancel_scope.cancel()
    told = [one for one in house.board.state()["story"] if one["event"] == "sortie.not_adopted"]
    for words in (told[0]["reason"], told[0]["reason_zh"]):
        assert plan.digest[:12] in words
        assert changed.digest[:12] in words
