"""Simulated aircraft in this process, each with the real vehicle on its wire, many at once."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import anyio
from pymavlink.dialects.v20 import common as mavlink

from patrol.clock import SystemClock
from patrol.errors import CommandDenied
from patrol.plan import MissionPlan
from patrol.story import StoryEvent
from patrol.vehicle import Upload
from sim.aircraft import SimAircraft
from sim.clock import SimClock
from tests.unit.test_plan_words import HOME
from tests.wire.test_sim_aircraft import ELEVATION_M, SPEED, Link, linked


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """An aircraft that can be broken, and the link to it."""

    link: Link
    aircraft: SimAircraft
    told: list[StoryEvent]
    port: int

    async def uploaded(self, plan: MissionPlan) -> str:
        """Empty when it is on board as sent; otherwise the refusal."""
        try:
            await self.link.vehicle.do(Upload(plan=plan))
        except CommandDenied as error:
            return str(error)
        return ""

    async def is_confirmed(self) -> bool:
        facts = await self.link.vehicle.ask()
        assert facts.is_mission_confirmed is not None
        return facts.is_mission_confirmed

    async def heard(self, name: str, within_s: float = 10.0, **fields: object) -> StoryEvent:
        """The first story event like that since `told` was cleared."""
        with anyio.fail_after(within_s):
            while True:
                for event in self.told:
                    if event.name == name and fields.items() <= event.fields.items():
                        return event
                await anyio.sleep(0.02)

    async def said(self, words: str, within_s: float = 10.0) -> None:
        """Wait until the autopilot has said this since `told` was cleared."""
        with anyio.fail_after(within_s):
            while not any(words in str(event.fields.get("text")) for event in self.told):
                await anyio.sleep(0.02)

    def holds(self, plan: MissionPlan) -> bool:
        """Whether that mission is on board, by the aircraft's own memory."""
        aboard = [item.point for item in self.aircraft.autopilot.mission if item.point is not None]
        speeds = [item.params[1] for item in self.aircraft.autopilot.mission if item.command == 178]
        wanted = [waypoint.point for waypoint in plan.waypoints]
        return len(aboard) == len(wanted) and all(
            abs(a.lat_deg - w.lat_deg) < 1e-6 and abs(a.lon_deg - w.lon_deg) < 1e-6
            for a, w in zip(aboard, wanted, strict=True)
        ) and abs(speeds[0] - plan.waypoints[0].speed_m_s) < 1e-3  # fmt: skip


@asynccontextmanager
async def a_twin(
    *, seed: int = 0, wall: SystemClock | None = None, speed: float = SPEED
) -> AsyncIterator[Twin]:
    """One aircraft and its link."""
    clock = SimClock(datetime.now(UTC), speed)
    aircraft = SimAircraft(home=HOME, home_elevation_amsl_m=ELEVATION_M, clock=clock, seed=seed)
    async with anyio.create_task_group() as group:
        port = await group.start(aircraft.run)
        async with linked(f"udpout://127.0.0.1:{port}", wall) as link:
            told: list[StoryEvent] = []
            group.start_soon(_listen, link, told)
            yield Twin(link=link, aircraft=aircraft, told=told, port=port)
        group.cancel_scope.cancel()


async def _listen(link: Link, told: list[StoryEvent]) -> None:
    with link.vehicle._bus.subscribe(StoryEvent) as events:
        async for event in events:
            told.append(event)


@contextmanager
def second_station(port: int) -> Iterator[Callable[[Any], int]]:
    """Sends as system 252, and reads nothing."""
    speaker = mavlink.MAVLink(None, srcSystem=252, srcComponent=190)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.connect(("127.0.0.1", port))
        yield lambda message: line.send(message.pack(speaker))
