"""A patrol in the air, past its first waypoint, for something to happen to; and how it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio

from missions.report import SortieReport
from patrol.geo import GeoPoint, distance_m
from patrol.plan import MissionPlan
from tests.flight.minima import Minima
from tests.flight.radio import Radio
from tests.flight.sortie import Sortie, a_sortie

if TYPE_CHECKING:
    from tests.flight.twin import Twin, Twins

LANDED_M = 3.0  # from home at most
UNHURRIED = 4.0  # faster, an aircraft flies metres between two words of its position


@dataclass(frozen=True, slots=True, kw_only=True)
class Patrol:
    """One aircraft on its way."""

    twin: Twin
    radio: Radio
    sortie: Sortie
    least: Minima

    async def lands_at_home(self) -> SortieReport:
        """Its report."""
        return await lands_at_home(self.sortie, self.radio, self.least)


@asynccontextmanager
async def on_patrol(
    twins: Twins, least: Minima, plan_from: Callable[[GeoPoint], MissionPlan]
) -> AsyncIterator[Patrol]:
    """It has its first waypoint behind it; in the end every minimum must have held."""
    async with twins.fly() as twin, anyio.create_task_group() as group:
        radio, plan = twin.radios[0], plan_from(twin.homes[0])
        least.watch(radio, plan)
        async with a_sortie(radio.url, plan) as sortie:
            await sortie.start(group)
            await sortie.until(lambda sample: (sample.mission_item or 0) >= 1)
            yield Patrol(twin=twin, radio=radio, sortie=sortie, least=least)
    assert least.holds, str(least)


async def lands_at_home(
    sortie: Sortie, radio: Radio, least: Minima, within_s: float = 120.0
) -> SortieReport:
    """Its report, once it stands there; by the simulation, not by its own word."""
    report = await sortie.landed(within_s)
    least.landed(radio)
    assert distance_m(radio.place, sortie.plan.home) < LANDED_M
    return report
