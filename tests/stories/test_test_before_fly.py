"""Story 9, test before fly: only a test flight that held everything makes a route TESTED.

The flights themselves, in wind, without satellites and with a low battery, on the built-in
aircraft and on PX4, are those of `tests/flight/test_flights.py` and `tests/flight/test_route.py`,
which write the records. Here such records lie on the station's shelf and the station judges them.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ground_station.owners import EXERCISE_RESPONSIBILITY_FILE
from missions.formats import read_plan, write_json
from missions.tested import TESTED_SUFFIX, Minimum, RouteTest
from patrol.plan import MissionPlan
from tests.stories.conftest import Stage, staged
from tests.stories.street import AIRCRAFT, GRID

pytestmark = pytest.mark.anyio
HELD = {
    "fence": Minimum(value=6.0, floor=0.0, unit="m"),
    "height above terrain": Minimum(value=28.9, floor=10.0, unit="m"),
    "stand-off": Minimum(value=34.0, floor=30.0, unit="m"),
    "battery at landing": Minimum(value=41.0, floor=25.0, unit="%"),
}
BROKEN = {
    "fence": -0.1,  # blown over it by the wind
    "height above terrain": 27.0,  # lower than the route is planned
    "stand-off": 29.0,
    "battery at landing": None,  # no return with a measured charge
}
PEOPLE = 24
REAL = "实有"  # in the name of everybody who can be rung up


async def test_a_route_is_tested_only_when_fence_height_standoff_and_return_held(
    stage: Stage, tmp_path: Path
) -> None:
    leader = stage.cast["Zheng"]
    # Given a new route
    made = await leader.does("/plans", grid_code=GRID, aircraft=AIRCRAFT)
    plan = read_plan(tmp_path / "routes" / f"{made['plan']['plan_id']}.json")
    assert "route.untested" in codes(made)

    # When the scenario runs and one of the minima does not hold, then it is not TESTED
    for name, value in BROKEN.items():
        minima = HELD | {name: replace(HELD[name], value=value)}
        record(tmp_path, plan, minima)
        again = await leader.does("/plans", grid_code=GRID, aircraft=AIRCRAFT)
        assert "route.tested" not in codes(again), name
        assert "route.untested" in codes(again), name

    # and when all of them hold, then it is, for this very route
    record(tmp_path, plan, HELD)
    approved = await leader.does(f"/plans/{plan.plan_id}/approve", digest=made["digest"])
    assert "route.tested" in codes(approved)
    other = await leader.does("/plans", grid_code="440512001002001", aircraft=AIRCRAFT)
    assert "route.untested" in codes(other)


@pytest.fixture
async def exercise(tmp_path: Path) -> AsyncIterator[Stage]:
    """An exercise at a station that knows the district's real units."""
    async with staged(tmp_path, responsibility_file=the_districts_own(tmp_path)) as made:
        yield made


async def test_a_crowd_of_an_exercise_that_stays_is_the_case_of_a_stand_in_and_of_no_real_unit(
    exercise: Stage,
) -> None:
    street, cast = exercise.street, exercise.cast
    # Given an alert of an exercise that nobody's words have dispersed
    await street.patrol(cast["Zheng"], cast["Hong"])
    await street.sees(PEOPLE, 60.0)
    (raised,) = street.told("alert.raised")
    await cast["Wei"].does(f"/alerts/{raised['alert']}/acknowledge")
    await cast["Lin"].does(f"/alerts/{raised['alert']}/announce", template="T01")
    await street.settled(lambda: street.told("announcement.played"))

    # When it is filed by itself, at the end of its ten minutes
    await street.sees(PEOPLE, 610.0)
    (told,) = street.told("case.filed")

    # Then somebody owns it who plays the unit: its code, but neither its person nor telephone
    owner = (await cast["Guo"].looks(f"/cases/{told['case_no']}"))["case"]["owner"]
    assert (owner["code"], owner["tier"]) == (GRID[:12], "MIDDLE")
    assert owner["unit"].endswith("（演练）")
    assert owner["person"].startswith("演练值班员")
    assert owner["phone"] == ""
    assert not [event for event in street.station.board.state()["story"] if REAL in repr(event)]
    accepted = await cast["Guo"].does(f"/cases/{told['case_no']}/steps/accept")
    assert accepted["state"] == "HANDLING"

    # and so does whoever has it next
    higher = {"reason": "人手不足", "role": "DISP"}
    escalated = await cast["Xu"].does(f"/cases/{told['case_no']}/steps/escalate", **higher)
    assert escalated["owner"]["code"] == GRID[:9]
    assert REAL not in repr(escalated)
    assert escalated["owner"]["unit"].endswith("（演练）")


async def test_everything_of_an_exercise_says_so_and_is_dispatched_to_no_real_unit(
    exercise: Stage,
) -> None:
    street, cast = exercise.street, exercise.cast
    # Given what an exercise has produced
    sortie = await street.patrol(cast["Zheng"], cast["Hong"])
    await street.sees(PEOPLE, 60.0)
    (raised,) = street.told("alert.raised")
    reason = "the grid is to look"
    filed = await cast["Wei"].does(f"/alerts/{raised['alert']}/escalate", reason=reason)
    number = filed["case_no"]

    # Then everything is tagged 演练
    thread = await cast["Xu"].looks(f"/cases/{number}")
    assert (thread["case"]["is_exercise"], number[10]) == (True, "X")
    assert "【演练】" in thread["case"]["description_zh"]
    card = await cast["Xu"].looks(f"/cases/{number}/card")
    assert "【演练】" in card["paste_zh"]
    drawn = await cast["Zheng"].looks(f"/sorties/{sortie}/files/geojson", purpose="the story")
    assert all(one["properties"]["exercise"] for one in drawn["features"])
    for name in ("patrols.csv", "cases.csv", "coverage.csv"):
        told = await cast["Xu"].takes(f"/days/2026-11-24/files/{name}", purpose="the story")
        assert told.decode("utf-8-sig").startswith("演练"), name
    report = await cast["Zheng"].takes(f"/sorties/{sortie}/files/report.html", purpose="the story")
    assert "演练" in report.decode("utf-8")
    rows = (await cast["Shen"].looks("/audit", limit=200))["items"]
    assert rows
    assert all(row["is_exercise"] for row in rows)

    # and a dispatch attempt from it is refused
    task = {"unit_code": "440512D01", "task": "请核实"}
    sent = await cast["Xu"].tries(f"/cases/{number}/dispatches", **task)
    assert sent.status_code == 409
    assert "演练" in sent.json()["error"]
    assert (await cast["Xu"].looks(f"/cases/{number}"))["dispatches"] == []


def codes(answer: dict[str, Any]) -> set[str]:
    """What was found about a plan."""
    return {finding["code"] for finding in answer["findings"]}


def record(folder: Path, plan: MissionPlan, minima: dict[str, Minimum]) -> None:
    """What a test flight of it showed, beside the plan where the station looks for it."""
    flight = RouteTest(
        plan_id=plan.plan_id, plan_digest=plan.digest, route_digest=plan.route_digest,
        grid_code=plan.grid_code, register_version=plan.register_version, flown_on="PX4 1.16.1",
        flown_utc=datetime.now(UTC), minima=minima,
    )  # fmt: skip
    write_json(folder / "routes" / f"{plan.plan_id}{TESTED_SUFFIX}", flight.to_dict())


def the_districts_own(folder: Path) -> Path:
    """A table of units that are real ones, each with a person of its own."""
    text = EXERCISE_RESPONSIBILITY_FILE.read_text(encoding="utf-8")
    body = json.loads(text.replace("（演练）", "").replace("演练", REAL))
    path = folder / "units.json"
    path.write_text(json.dumps(body | {"is_exercise": False}), encoding="utf-8")
    return path
