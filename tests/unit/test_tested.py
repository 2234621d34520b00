"""A route is TESTED by a record of its own test flight that held; anything else leaves it DRAFT."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground_station.route_shelf import RouteShelf
from missions.formats import read_plan, write_json
from missions.tested import MINIMA_NEEDED, Minimum, RouteTest, record_path, route_findings
from patrol.errors import Refused
from patrol.geo import offset
from patrol.plan import Level, MissionPlan
from tests.unit.test_plan_words import HOME, NOW, a_plan

LIVE = replace(a_plan(), is_exercise=False)


def a_record(plan: MissionPlan, *, flown_on: str = "PX4 1.16.1", broken: str = "") -> RouteTest:
    """Flown on that day, and everything held but what is named."""
    minima = {
        name: Minimum(value=9.9 if name == broken else 30.0, floor=10.0, unit="m")
        for name in MINIMA_NEEDED
    }
    return RouteTest(
        plan_id=plan.plan_id, plan_digest=plan.digest, route_digest=plan.route_digest,
        grid_code=plan.grid_code, register_version=plan.register_version, flown_on=flown_on,
        flown_utc=datetime(2026, 11, 26, 7, 0, tzinfo=UTC), minima=minima,
    )  # fmt: skip


def found(plan: MissionPlan, *records: Path) -> dict[str, Level]:
    return {finding.code: finding.level for finding in route_findings(plan, records)}


def written(folder: Path, record: RouteTest, name: str = "one.tested.json") -> Path:
    write_json(folder / name, record.to_dict())
    return folder / name


def test_without_a_record_an_exercise_is_warned_and_a_live_flight_stops() -> None:
    assert found(a_plan()) == {"route.untested": Level.WARN}
    assert found(LIVE) == {"route.untested": Level.STOP}
    assert all(finding.text_zh and finding.hint for finding in route_findings(LIVE, []))


def test_its_own_record_makes_a_route_tested_and_says_when_and_on_what(tmp_path: Path) -> None:
    record = written(tmp_path, a_record(a_plan()))
    assert found(a_plan(), record) == {"route.tested": Level.NOTE}
    text = route_findings(a_plan(), [record])[0].text
    assert "PX4 1.16.1 on 2026-11-26" in text
    assert "fence 30.0 m" in text


def test_the_same_route_is_tested_under_another_name_and_date_and_for_a_live_flight(
    tmp_path: Path,
) -> None:
    record = written(tmp_path, a_record(a_plan()))
    again = replace(LIVE, plan_id="M-2", created_utc=NOW.replace(year=2027))
    assert again.digest != a_plan().digest
    assert found(again.approved("Zheng", NOW), record) == {"route.tested": Level.NOTE}


def test_a_live_flight_is_warned_where_no_px4_has_flown_its_route(tmp_path: Path) -> None:
    ours = written(tmp_path, a_record(a_plan(), flown_on="sim 0.1.0"))
    assert found(LIVE, ours) == {"route.tested": Level.WARN}
    assert found(a_plan(), ours) == {"route.tested": Level.NOTE}
    both = [ours, written(tmp_path, a_record(a_plan()), "two.tested.json")]
    assert found(LIVE, *both) == {"route.tested": Level.NOTE}


@pytest.mark.parametrize(
    "change",
    [
        lambda plan: replace(plan, register_version="2026.2"),
        lambda plan: replace(plan, home=offset(HOME, east_m=1.0, north_m=0.0)),
        lambda plan: replace(plan, fence=plan.fence[1:] + plan.fence[:1]),
        lambda plan: replace(plan, waypoints=plan.waypoints[:-1]),
        lambda plan: replace(plan, ceiling_agl_m=100.0),
        lambda plan: replace(plan, on_link_loss="hold"),
    ],
)
def test_another_route_or_another_version_of_its_grid_is_a_draft_again(
    tmp_path: Path, change: Callable[[MissionPlan], MissionPlan]
) -> None:
    record = written(tmp_path, a_record(a_plan()))
    assert found(change(LIVE), record) == {"route.untested": Level.STOP}


@pytest.mark.parametrize("name", MINIMA_NEEDED)
def test_a_minimum_that_did_not_hold_or_is_not_there_proves_nothing(
    tmp_path: Path, name: str
) -> None:
    broken = a_record(a_plan(), broken=name)
    lacking = replace(
        a_record(a_plan()), minima={n: m for n, m in broken.minima.items() if n != name}
    )
    unmeasured = replace(
        broken, minima={**broken.minima, name: Minimum(value=None, floor=0.0, unit="m")}
    )
    for record in (broken, lacking, unmeasured):
        body = record.to_dict()
        assert body["state"] == "DRAFT"
        path = tmp_path / "one.tested.json"
        write_json(path, body | {"state": "TESTED"})  # its word alone is not taken
        assert found(LIVE, path) == {"route.untested": Level.STOP}


@pytest.mark.parametrize(
    ("name", "value"),
    [("fence", -5.0), ("height above terrain", 4.0), ("battery at landing", 3.0),
     ("stand-off", 12.0), ("separation", 8.0)],
)  # fmt: skip
def test_a_record_with_floors_of_its_own_is_held_against_ours(
    tmp_path: Path, name: str, value: float
) -> None:
    whole = a_record(a_plan())
    low = Minimum(value=value, floor=-999.0, unit="m")
    record = written(tmp_path, replace(whole, minima={**whole.minima, name: low}))
    assert found(LIVE, record) == {"route.untested": Level.STOP}


@given(
    body=st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["format", "minima", "flown_utc"]), inner)
        ),
        max_leaves=8,
    )
)
def test_a_record_that_cannot_be_read_is_told_and_proves_nothing(
    tmp_path_factory: pytest.TempPathFactory, body: Any
) -> None:
    path = tmp_path_factory.mktemp("record") / "one.tested.json"
    path.write_text(json.dumps(body), encoding="utf-8")
    assert found(LIVE, path) == {
        "route.record_unreadable": Level.WARN, "route.untested": Level.STOP,
    }  # fmt: skip


@pytest.mark.anyio
async def test_the_station_keeps_its_routes_for_their_test_flights_and_finds_the_records(
    tmp_path: Path,
) -> None:
    shelf, plan = RouteShelf(tmp_path / "routes"), LIVE
    await shelf.keep(plan)
    assert read_plan(tmp_path / "routes" / "M-1.json").digest == plan.digest
    before = await shelf.with_tests(plan, [])
    assert [finding.code for finding in before] == ["route.untested"]
    record = record_path(tmp_path / "routes" / "M-1.json")
    write_json(record, a_record(plan).to_dict())
    after = await shelf.with_tests(plan, before)
    assert [finding.code for finding in after] == ["route.tested"]
    (tmp_path / "full").write_text("", encoding="utf-8")
    with pytest.raises(Refused, match="cannot be kept"):
        await RouteShelf(tmp_path / "full" / "routes").keep(plan)
