"""A route from DRAFT over TESTED to a leader's name, live, tried in any order (DOMAIN 5.3).

What a route is follows from what lies on the shelf and what the chain has: a plan is approved only
under a leader's name, for the digest that was looked at, of a route that held on a test flight; a
changed grid makes it a DRAFT again.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ground_station import views
from ground_station.chronicle import Chronicle
from ground_station.live import Board
from ground_station.plan_desk import PlanDesk, PlanParts
from ground_station.route_shelf import RouteShelf
from ground_station.store.chain import verify
from ground_station.store.records import Records
from ground_station.store.schema import DATABASE_NAME
from missions.formats import read_plan, write_json
from missions.register import load_register
from missions.request import default_home
from missions.tested import TESTED_SUFFIX, RouteTest
from patrol.bus import Bus
from patrol.cause import Cause, Role
from patrol.energy import Power
from patrol.errors import NotPermitted, Refused
from patrol.telemetry import TelemetrySample
from tests.fakes import ManualClock, a_sample
from tests.ground_core import running_store
from tests.papers import a_gate
from tests.stories.test_test_before_fly import BROKEN, HELD

pytestmark = pytest.mark.timeout(60)
REGISTER = load_register()
GRIDS = ("440512001002006", "440512001002005")


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """One thing that somebody does to a route or its record."""

    deed: str
    grid: str
    role: Role
    is_automatic: bool
    is_right: bool  # the digest that was looked at; the register's version of today
    broken: str  # which minimum did not hold; "": all of them held


presses = st.builds(
    Press,
    deed=st.sampled_from(("make", "fly", "approve", "approve", "spoil")),
    grid=st.sampled_from(GRIDS),
    role=st.sampled_from((Role.LEADER, Role.LEADER, Role.PILOT, Role.OPERATOR, Role.TESTER)),
    is_automatic=st.booleans(),
    is_right=st.sampled_from((True, True, True, False)),
    broken=st.sampled_from(("", "", *BROKEN)),
)


@dataclass(slots=True, kw_only=True)
class Flyer:
    """An aircraft that stands at the home of whatever grid is planned."""

    grid: str
    aircraft: str = "GP-1"
    lens: Any = views.lens_of(1280, 720, 40.0)
    power: Power = Power()

    def latest(self) -> TelemetrySample:
        """It stands there."""
        home = default_home(REGISTER.get(self.grid))
        return a_sample(home=home, position=home, is_in_air=False, is_armed=False)


class Routes:
    """The desk, and what has to be true of each grid's route."""

    def __init__(self, desk: PlanDesk, folder: Path) -> None:
        self.desk, self._folder = desk, folder
        self._plans: dict[str, tuple[str, str]] = {}  # plan and digest of each grid
        self._held: set[str] = set()  # grids whose route held on a flight of it
        self.approved_count = 0

    async def press(self, one: Press) -> None:
        """It is done or refused as the model says."""
        cause = Cause(actor="Zheng", role=one.role, is_automatic=one.is_automatic)
        match one.deed:
            case "make":
                await self._make(one, cause)
            case "fly":
                self._fly(one)
            case "spoil":
                shelf = self._folder / "routes"
                shelf.mkdir(exist_ok=True)
                (shelf / f"torn{TESTED_SUFFIX}").write_text("{", encoding="utf-8")
            case _:
                await self._approve(one, cause)

    async def _make(self, one: Press, cause: Cause) -> None:
        is_theirs = one.role in (Role.LEADER, Role.PILOT) and not one.is_automatic
        try:
            made = await self.desk.make(one.grid, Flyer(grid=one.grid), cause)
        except (NotPermitted, Refused):
            assert not is_theirs, one
            return
        assert is_theirs, one
        found = {finding["code"] for finding in made["findings"]}
        assert ("route.tested" in found) == (one.grid in self._held)
        assert ("route.untested" in found) == (one.grid not in self._held)
        self._plans[one.grid] = made["plan"]["plan_id"], made["digest"]

    def _fly(self, one: Press) -> None:
        """A test flight's record; of another version of the grid it is another route's."""
        if one.grid not in self._plans:
            return
        plan = read_plan(self._folder / "routes" / f"{self._plans[one.grid][0]}.json")
        flown = plan if one.is_right else replace(plan, register_version="of last year")
        minima = dict(HELD)
        if one.broken:
            minima[one.broken] = replace(HELD[one.broken], value=BROKEN[one.broken])
        record = RouteTest(
            plan_id=plan.plan_id, plan_digest=flown.digest, route_digest=flown.route_digest,
            grid_code=plan.grid_code, register_version=flown.register_version,
            flown_on="PX4 1.16.1", flown_utc=datetime.now(UTC), minima=minima,
        )  # fmt: skip
        name = f"{plan.plan_id}-{one.is_right}-{one.broken}{TESTED_SUFFIX}"
        write_json(self._folder / "routes" / name, record.to_dict())
        if one.is_right and not one.broken:
            self._held.add(one.grid)

    async def _approve(self, one: Press, cause: Cause) -> None:
        plan_id, digest = self._plans.get(one.grid, ("M-0", "0" * 64))
        is_lawful = (
            one.role is Role.LEADER and not one.is_automatic and one.is_right
            and one.grid in self._plans and one.grid in self._held
        )  # fmt: skip
        try:
            done = await self.desk.approve(plan_id, digest if one.is_right else "f" * 64, cause)
        except (NotPermitted, Refused, LookupError):
            assert not is_lawful, one
            return
        assert is_lawful, one
        assert done["approved_by"] == "Zheng"
        self.approved_count += 1


async def walk(folder: Path, steps: list[Press]) -> int:
    """How often a route was approved."""
    clock, bus = ManualClock(), Bus()
    async with running_store(folder) as store, anyio.create_task_group() as group:
        records = Records(store)
        chronicle = Chronicle(
            bus=bus, records=records, board=Board(), is_exercise=False, wall=clock
        )
        group.start_soon(chronicle.run)
        await anyio.wait_all_tasks_blocked()  # it listens before anything is told
        desk = PlanDesk(
            PlanParts(
                register=REGISTER, records=records, bus=bus, chronicle=chronicle, world=clock,
                is_exercise=False, routes=RouteShelf(folder / "routes"),
                gate=a_gate(folder, clock),
            )
        )  # fmt: skip
        routes = Routes(desk, folder)
        for one in steps:
            await routes.press(one)
        await chronicle.settled()
        group.cancel_scope.cancel()
    assert verify(folder / DATABASE_NAME).is_intact
    return routes.approved_count


@settings(
    max_examples=12, deadline=None, suppress_health_check=list(HealthCheck),
    phases=(Phase.generate,),  # each try opens a store: what fails is told as it was
)  # fmt: skip
@given(steps=st.lists(presses, min_size=5, max_size=30))
def test_no_route_is_approved_live_that_was_not_tested_as_it_is(steps: list[Press]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        anyio.run(walk, Path(folder), steps)


def test_a_route_that_held_is_approved_and_one_that_did_not_is_not(tmp_path: Path) -> None:
    def press(deed: str, **changes: Any) -> Press:
        usual: dict[str, Any] = {
            "role": Role.LEADER,
            "is_automatic": False,
            "is_right": True,
            "broken": "",
        }
        return Press(deed=deed, grid=GRIDS[0], **(usual | changes))

    made, approve = press("make"), press("approve")
    draft = [made, approve, press("fly", broken="fence"), approve, press("fly", is_right=False)]
    assert anyio.run(walk, tmp_path / "draft", [*draft, approve, press("spoil"), approve]) == 0
    assert anyio.run(walk, tmp_path / "tested", [*draft, press("fly"), approve]) == 1
