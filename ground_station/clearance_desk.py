"""Clears plans: gathers what the law asks about and holds it against the table.

The unit's papers and the airspace are read anew each time: what ran out since stands in the way.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import anyio.to_thread

from ground_station.legal import Allows, LegalBook
from ground_station.papers_file import papers_of
from ground_station.people.scopes import covers
from ground_station.planning_data import PlanningData
from ground_station.shifts.shift import CREW, Shift
from missions.clearance import Clearance, clear
from missions.clearance_facts import ClearanceFacts
from missions.law import load_law
from missions.papers import Papers
from missions.permits import with_airspace
from patrol.camera import CameraLens
from patrol.cause import Role
from patrol.clock import WorldClock
from patrol.errors import ClearanceRefused, ConfigError, Refused
from patrol.plan import MissionPlan, stops

_SLACK = timedelta(minutes=1)  # between a console's clock and ours
Crew = Callable[[str], Awaitable[Mapping[Role, str] | None]]


async def nobody_knows(_: str) -> None:
    """Where there are no shifts."""
    return


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearanceParts:
    """What the desk is handed. `crew` tells who is on duty for a grid, `lenses` are by aircraft."""

    papers_file: Path | None
    data: PlanningData
    legal: LegalBook
    world: WorldClock
    crew: Crew = nobody_knows
    lenses: Mapping[str, CameraLens] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which plan, by which aircraft, when, and who has the sticks; None is now."""

    plan: MissionPlan
    aircraft: str
    takeoff_utc: datetime | None = None
    pilot: str = ""
    is_launch: bool = False


class ClearanceDesk:
    """The station's gate: whatever is not cleared here is neither approved nor launched."""

    def __init__(self, parts: ClearanceParts) -> None:
        self._parts = parts

    async def facts(self, asked: Asked) -> ClearanceFacts:
        """What is known by now; Refused where a file cannot be read or the time has passed."""
        parts, now = self._parts, self._parts.world.now_utc()
        takeoff_utc = asked.takeoff_utc or now
        if takeoff_utc < now - _SLACK:
            raise Refused("the take-off lies in the past", text_zh="计划起飞时刻已过")
        around = await parts.data.around()
        papers = await self._papers()
        crew = await parts.crew(asked.plan.grid_code)
        basis = parts.legal.in_force(
            Allows.HIGH_VOLUME, grid_code=asked.plan.grid_code, at_utc=takeoff_utc,
            is_exercise=asked.plan.is_exercise,
        )  # fmt: skip
        return with_airspace(
            ClearanceFacts(
                plan=asked.plan,
                aircraft_name=asked.aircraft,
                papers=papers,
                airspace=around.airspace,
                takeoff_utc=takeoff_utc,
                asked_utc=now,
                pilot=asked.pilot or (crew or {}).get(Role.PILOT, ""),
                crew=crew,
                noise_basis=f"{basis.title}（{basis.doc_no}）" if basis else "",
                lens=parts.lenses.get(asked.aircraft),
                is_launch=asked.is_launch,
            )
        )

    async def again(self, asked: Asked) -> Clearance:
        """The table as it stands at the launch; ClearanceRefused for what forbids it by now."""
        return require_cleared(clear(await self.facts(asked), load_law()))

    async def _papers(self) -> Papers | None:
        try:
            return await anyio.to_thread.run_sync(papers_of, self._parts.papers_file)
        except ConfigError as error:
            raise Refused(str(error), text_zh=error.text_zh) from error


def require_cleared(cleared: Clearance) -> Clearance:
    """The same, or ClearanceRefused with every reason and its article."""
    forbids = stops(cleared.findings)
    if forbids:
        first = forbids[0]
        raise ClearanceRefused(
            f"plan {cleared.plan_id} is not cleared: {first.text}", forbids,
            text_zh=f"计划{cleared.plan_id}未获放行：{first.text_zh}",
        )  # fmt: skip
    return cleared


def crew_of(shifts: Callable[[], Awaitable[Sequence[Shift]]]) -> Crew:
    """Who is on duty in an open shift that serves the grid; None while none is open there."""

    async def on_duty(grid_code: str) -> Mapping[Role, str] | None:
        for shift in await shifts():
            if covers(shift.scope, grid_code):
                return {role: shift.on_duty(role) for role in CREW if shift.on_duty(role)}
        return None

    return on_duty
