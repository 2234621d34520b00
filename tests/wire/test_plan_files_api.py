"""A plan's files over HTTP: handed out in each form with its purpose, and to nobody else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ground_station.people.persons import Grant
from ground_station.store.tables import audit
from missions.plan_files.files import read_taken
from patrol.cause import Role
from tests.ground_core import GRID
from tests.wire.test_centre_api import ok
from tests.wire.test_scoped_writing import OURS, THEIRS
from tests.wire.test_web_api import House, house

__all__ = ["house"]  # a fixture

pytestmark = pytest.mark.anyio
WHY = {"purpose": "for the neighbours' map"}


async def test_a_plan_is_handed_out_in_each_form_and_written_down(
    house: House, tmp_path: Path
) -> None:
    drawn = await ok(await house.post("/plans", "LEAD", grid_code=GRID), 201)
    plan_id = drawn["plan"]["plan_id"]
    kinds = ("plan", "geojson", "kml")
    for kind in kinds:
        answer = await house.http.get(f"/api/plans/{plan_id}/files/{kind}", params=WHY)
        assert answer.status_code == 200, answer.text
        assert f'filename="{plan_id}.{kind}"' in answer.headers["content-disposition"]
        path = tmp_path / f"handed.{kind}"
        path.write_bytes(answer.content)
        assert len(read_taken(path).waypoints) == len(drawn["plan"]["waypoints"])
    marks = json.loads((tmp_path / "handed.geojson").read_text("utf-8"))
    told = sorted(one["code"] for one in drawn["findings"])
    assert sorted(one["code"] for one in marks["findings"]) == told
    rows = await house.records._store.read(
        lambda c: c.execute(audit.select().where(audit.c.action == "export")).all()
    )
    assert [row.object for row in rows] == [plan_id] * 3


async def test_no_purpose_no_such_plan_another_form_and_another_s_part_are_refused(
    house: House,
) -> None:
    drawn = await ok(await house.post("/plans", "LEAD", grid_code=GRID), 201)
    path = f"/api/plans/{drawn['plan']['plan_id']}/files"
    assert (await house.http.get(f"{path}/kml")).status_code == 422
    assert (await house.http.get(f"{path}/gpx", params=WHY)).status_code == 422
    assert (await house.http.get("/api/plans/M-0/files/kml", params=WHY)).status_code == 404
    await house.book.add("li", "Li", [Grant(role=Role.LEADER, scope=THEIRS)])
    theirs = house.client(await house.let_in("Li", roles=(Role.LEADER,)))
    assert (await theirs.get(f"{path}/kml", params=WHY)).status_code == 404
    await house.book.add("he", "He", [Grant(role=Role.LEADER, scope=OURS)])
    ours = house.client(await house.let_in("He", roles=(Role.LEADER,)))
    assert (await ours.get(f"{path}/kml", params=WHY)).status_code == 200
