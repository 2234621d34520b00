"""A street below an aircraft of plain Python: a clock that people move, and crowds that it sees."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import anyio

from ground_station.alerts import CrowdAlert
from ground_station.sortie_watch import SortieWatch
from missions.request import default_home
from patrol.geo import offset
from patrol.sighting import Look, PlacedPerson
from tests.fakes import START, ManualClock
from tests.stories.persons import Person
from tests.two_aircraft import GRIDS, NAMES, REGISTER, TwoAircraft

GRID, AIRCRAFT = GRIDS[0], NAMES[0]
HEIGHT_M = 30.0
STANDOFF_M = 30.0  # the rule's: never nearer, and never nearer than the height
_CROWD_M = (5.0, 52.0)  # east and north of the aircraft, and as far from its route
_LOOK_EVERY_S = 2.0
_VIEW_M = 60.0


class StoryClock(ManualClock):
    """Whoever sleeps waits until the story has gone on for so long: time passes only here."""

    def __init__(self) -> None:
        super().__init__()
        self._moved = anyio.Event()

    async def sleep(self, duration_s: float) -> None:
        until_s = self.now_s + duration_s
        while self.now_s < until_s:
            await self._moved.wait()

    def go_on(self, seconds: float) -> None:
        """So much time passes."""
        self.now_s += seconds
        moved, self._moved = self._moved, anyio.Event()
        moved.set()


class Street:
    """What happens around the first aircraft of a station."""

    def __init__(self, station: TwoAircraft, clock: StoryClock) -> None:
        self.station, self.clock = station, clock
        self.desks, self.speaker = station.desks[0], station.speakers[0]
        self.vehicle = station.vehicles[0]
        self.home = default_home(REGISTER.get(GRID))
        self.crowd_at = offset(self.home, east_m=_CROWD_M[0], north_m=_CROWD_M[1])
        self._followed = anyio.Event()
        self.desks.crowd.on_look(self._note)

    async def until(self, condition: Callable[[], object], *, second_s: float = 0.5) -> None:
        """Let time pass until it is so."""
        with anyio.fail_after(20.0):
            while not condition():
                self.clock.go_on(second_s)
                await anyio.sleep(0.002)

    async def settled(self, condition: Callable[[], object]) -> None:
        """Wait until it is so; no time passes in the story."""
        await self.station.until(condition)

    async def patrol(self, leader: Person, pilot: Person) -> str:
        """The leader plans and approves the grid, the pilot launches; the sortie, in the air."""
        made = await leader.does("/plans", grid_code=GRID, aircraft=AIRCRAFT)
        plan_id = made["plan"]["plan_id"]
        await leader.does(f"/plans/{plan_id}/approve", digest=made["digest"])
        launched = await pilot.does("/sorties", plan_id=plan_id)
        await self.until(lambda: self.state == "AIRBORNE")
        return str(launched["sortie"])

    async def lands(self, pilot: Person) -> None:
        """Called home, and down."""
        self.vehicle.is_frozen = False
        await pilot.does("/sortie/return", aircraft=AIRCRAFT)
        await self.until(lambda: self.state == "LANDED")

    async def flown_whole(self) -> None:
        """The rest of the route, and down."""
        self.vehicle.is_frozen = False
        await self.until(lambda: self.state == "LANDED")

    @property
    def state(self) -> str:
        """Of the sortie, as the board shows it."""
        return str(self.station.shown(AIRCRAFT).get("state"))

    @property
    def alerts(self) -> list[CrowdAlert]:
        """The sortie's alerts, oldest first."""
        watch = self.desks.crowd.watch
        return list(watch.alerts.values()) if watch else []

    def told(self, name: str) -> list[dict[str, Any]]:
        """The events of that name in the story as it is told."""
        story = self.station.board.state()["story"]
        return [event for event in story if event["event"] == name]

    async def sees(self, people: int, for_s: float) -> None:
        """The camera sees so many people at the crowd's place, every two seconds of the flight."""
        for _ in range(round(for_s / _LOOK_EVERY_S)):
            self.clock.go_on(_LOOK_EVERY_S)
            watch = self.desks.crowd.watch
            if watch is None or watch.is_over:
                continue  # it is down: nobody looks any more
            self._followed = anyio.Event()
            self.station.bus.publish(self._look(people))
            with anyio.fail_after(10.0):
                await self._followed.wait()
        await self.station.chronicle.settled()

    async def _note(self, watch: SortieWatch, look: Look) -> None:
        self._followed.set()

    def _look(self, people: int) -> Look:
        now_s = self.clock.now_s
        corners = ((-1, -1), (1, -1), (1, 1), (-1, 1))
        return Look(
            camera_id="cam-1", sequence=round(now_s * 10), captured_at_s=now_s,
            captured_utc=START + timedelta(seconds=now_s), is_valid=True, reason="",
            people=tuple(self._person(number) for number in range(people)),
            footprint=tuple(
                offset(self.crowd_at, east_m=x * _VIEW_M, north_m=y * _VIEW_M) for x, y in corners
            ),
            aircraft=self.home, aircraft_height_agl_m=HEIGHT_M, latency_s=0.1, rate_hz=0.5,
            skipped_count=0,
        )  # fmt: skip

    def _person(self, number: int) -> PlacedPerson:
        place = offset(self.crowd_at, east_m=1.2 * (number % 5), north_m=1.2 * (number // 5))
        return PlacedPerson(
            point=place, error_m=1.0, relative_error_m=0.2, score=0.6, box_px=(0, 0, 10, 30)
        )
