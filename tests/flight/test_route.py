"""A route becomes TESTED only here: flown whole on a twin, with every minimum held (DOMAIN 5.3).

`pytest tests/flight/test_route.py --route PLAN [--px4 DIR] [--tested FILE]` tests one's own
route and writes its record, beside the plan where no FILE is named; else a short one is flown.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest

from missions.checks import check_flight
from missions.formats import read_plan, write_json
from missions.tested import Minimum, RouteTest, record_path, route_findings
from patrol.plan import MissionPlan, stops
from tests.flight.minima import MISSED_M, Minima
from tests.flight.patrol import lands_at_home
from tests.flight.sortie import a_route, a_sortie
from tests.flight.twin import Site
from tests.unit.test_plan_words import HOME

if TYPE_CHECKING:
    from tests.flight.conftest import Ledger
    from tests.flight.twin import Twins

pytestmark = [pytest.mark.anyio, pytest.mark.flight, pytest.mark.timeout(3600)]


def record(plan: MissionPlan, least: Minima, flown_on: str) -> RouteTest:
    """What a flight of it showed."""
    return RouteTest(
        plan_id=plan.plan_id, plan_digest=plan.digest, route_digest=plan.route_digest,
        grid_code=plan.grid_code, register_version=plan.register_version, flown_on=flown_on,
        flown_utc=datetime.now(UTC),
        minima={
            one.name: Minimum(value=one.value, floor=one.floor, unit=one.unit)
            for one in least.needed
        },
    )  # fmt: skip


@pytest.fixture
def route(request: pytest.FixtureRequest) -> MissionPlan:
    """The one of `--route`, or a short one."""
    given = request.config.getoption("--route")
    if given is None:
        return a_route(HOME, (0.0, 25.0), (25.0, 25.0))
    return read_plan(Path(given))


@pytest.fixture
def record_file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The one of `--tested`, or beside the plan of `--route`, where `gridpatrol fly` looks."""
    given, plan_file = (request.config.getoption(name) for name in ("--tested", "--route"))
    if given is not None:
        return Path(given)
    return tmp_path / "route.tested.json" if plan_file is None else record_path(Path(plan_file))


async def test_a_route_that_is_flown_whole_with_all_its_minima_held_is_tested(
    twins: Twins, minima: Ledger, route: MissionPlan, record_file: Path
) -> None:
    assert stops(check_flight(route)) == []
    flown = replace(route, is_exercise=True)  # on a twin, whatever it becomes
    if not flown.approved_by:
        flown = flown.approved("the flight test", datetime.now(UTC))
    least = minima(f"route {route.plan_id}")
    site = Site(home=route.home, elevation_amsl_m=route.home_elevation_amsl_m)
    async with twins.fly(site) as twin, anyio.create_task_group() as group:
        radio = twin.radios[0]
        least.watch(radio, flown)
        async with a_sortie(radio.url, flown) as sortie:
            await sortie.start(group)
            report = await lands_at_home(sortie, radio, least, within_s=3500.0)
            firmware = (await sortie.vehicle.ask()).autopilot
    assert (report.reason, report.abnormal) == ("flown", ())
    assert least.missed_m(radio) < MISSED_M
    assert firmware, "what flew it has to say what it is"
    flown_on = twin.name if twin.ours else f"{twin.name} {firmware}"
    write_json(record_file, record(route, least, flown_on).to_dict())
    assert least.holds, str(least)
    findings = route_findings(route, [record_file])
    assert [finding.code for finding in findings] == ["route.tested"]
    assert flown_on in findings[0].text


def test_a_minimum_that_does_not_hold_or_was_not_measured_leaves_a_route_a_draft() -> None:
    plan = a_route(HOME, (0.0, 25.0), (25.0, 25.0))
    least = Minima(name="route", flown_on="sim")
    least.fence.take(20.0)
    least.charge.take(80.0)
    least.height.floor = 10.0
    for height_m, fence_m, state in (
        (None, 20.0, "DRAFT"),
        (12.0, 20.0, "TESTED"),
        (12.0, -0.1, "DRAFT"),
    ):
        if height_m is not None:
            least.height.take(height_m)
        least.fence.take(fence_m)
        assert record(plan, least, "sim").to_dict()["state"] == state
