"""A route becomes TESTED only here: flown whole on a twin, with every minimum held (DOMAIN 5.3).

`pytest tests/flight/test_route.py --route PLAN --tested FILE [--px4 DIR]` tests a route of one's
own; without them a short one is flown.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from missions.checks import check_flight
from missions.formats import read_plan, write_json
from patrol.clock import utc_text
from patrol.plan import MissionPlan, stops
from tests.flight.minima import Minima
from tests.flight.sortie import a_route, a_sortie
from tests.flight.twin import Place
from tests.unit.test_plan_words import HOME

if TYPE_CHECKING:
    from tests.flight.conftest import Ledger
    from tests.flight.twin import Twins

pytestmark = [pytest.mark.anyio, pytest.mark.flight, pytest.mark.timeout(3600)]
FORMAT = "gridpatrol-route-tested/1"


def record(plan: MissionPlan, least: Minima, twin: str) -> dict[str, Any]:
    """Draft unless every minimum held; it is of an exercise, whatever becomes of the route."""
    return {
        "format": FORMAT,
        "state": "TESTED" if least.holds else "DRAFT",
        "plan_id": plan.plan_id,
        "plan_digest": plan.digest,
        "grid_code": plan.grid_code,
        "register_version": plan.register_version,
        "is_exercise": True,
        "twin": twin,
        "minima": {
            one.name: {"value": one.value, "floor": one.floor, "unit": one.unit, "held": one.holds}
            for one in least.needed
        },
        "tested_utc": utc_text(datetime.now(UTC)),
    }


@pytest.fixture
def route(request: pytest.FixtureRequest) -> MissionPlan:
    """The one of `--route`, or a short one."""
    given = request.config.getoption("--route")
    if given is None:
        return a_route(HOME, (0.0, 25.0), (25.0, 25.0))
    plan = read_plan(Path(given))
    if not plan.is_exercise:
        raise pytest.UsageError(f"--route: {given} is a live plan; a twin flies exercises alone")
    return plan if plan.approved_by else plan.approved("the flight test", datetime.now(UTC))


async def test_a_route_that_is_flown_whole_with_all_its_minima_held_is_tested(
    twins: Twins,
    minima: Ledger,
    route: MissionPlan,
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    assert stops(check_flight(route)) == []
    least = minima(f"route {route.plan_id}")
    place = Place(home=route.home, elevation_amsl_m=route.home_elevation_amsl_m)
    path = Path(request.config.getoption("--tested") or tmp_path / "tested.json")
    async with twins.fly(place) as twin, anyio.create_task_group() as group:
        radio = twin.radios[0]
        least.watch(radio, route)
        async with a_sortie(radio.url, route) as sortie:
            await sortie.start(group)
            report = await sortie.landed(within_s=3500.0)
            least.landed(radio)
            firmware = (await sortie.vehicle.ask()).autopilot
        assert (report.reason, report.abnormal) == ("flown", ())
        assert record(route, least, twin.name)["state"] == "TESTED", str(least)
        named = f"{twin.name} {firmware}" if not twin.ours else twin.name
        write_json(path, record(route, least, named))
    told = json.loads(await anyio.Path(path).read_text(encoding="utf-8"))
    assert (told["state"], told["plan_digest"]) == ("TESTED", route.digest)
    assert told["is_exercise"]


def test_a_minimum_that_does_not_hold_or_was_not_measured_leaves_a_route_a_draft() -> None:
    plan = a_route(HOME, (0.0, 25.0), (25.0, 25.0))
    least = Minima(name="route", flown_on="sim")
    least.fence.take(20.0)
    least.charge.take(80.0)
    least.height.floor = 10.0
    assert record(plan, least, "sim")["state"] == "DRAFT", "its height was never measured"
    least.height.take(12.0)
    assert record(plan, least, "sim")["state"] == "TESTED"
    least.fence.take(-0.1)
    assert record(plan, least, "sim")["state"] == "DRAFT"
