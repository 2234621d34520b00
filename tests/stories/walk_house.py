"""A whole station in a thread of its own, its people at their consoles, and its store read beside.

The walk's rules are plain functions; the station lives in an event loop. Time passes only where a
rule lets it pass, so that between two rules nothing is under way.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import anyio
import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from sqlalchemy import Connection

from ground_station.people.scopes import DISTRICT
from ground_station.store.schema import DATABASE_NAME
from patrol.cause import Role
from patrol.vehicle import Arm
from tests.stories.conftest import Stage, staged
from tests.stories.persons import CAST, COMMUNITY, Person
from tests.stories.street import GRID
from tests.two_aircraft import NAMES

ELSEWHERE = "440512007001"  # 玉新街道's first community: nothing of the walk happens there
STRANGER, NOBODY = "Li", "nobody"
# Persons with two hats, and one of another part of the district; the rest is the cast's.
OTHERS: dict[str, tuple[tuple[Role, ...], str]] = {
    "He": ((Role.COMMUNITY, Role.SUPERVISOR), COMMUNITY),
    "Bai": ((Role.LEADER, Role.ANNOUNCER, Role.REVIEWER), DISTRICT),
    "Qin": ((Role.DEPARTMENT,), DISTRICT),
    "Tan": ((Role.GRID_WORKER, Role.GRID_HEAD), GRID),
    STRANGER: (
        (Role.COMMUNITY, Role.DISPATCHER, Role.REGISTRAR, Role.SUPERVISOR, Role.OPERATOR),
        ELSEWHERE,
    ),
}  # fmt: skip
PEOPLE = {**CAST, **OTHERS}
TABLES = (
    "plans", "sorties", "sightings", "alerts", "announcements", "effects", "dispatches",
    "citizen_reports", "whistles", "notices", "shifts", "template_versions", "cases",
    "missions",
)  # fmt: skip
_PATIENCE_S = 0.3
_CALM_ROUNDS = 3  # a thing set going reads, thinks and writes; then it is told
APPENDED = ("case_history", "corrections", "patrol_logs", "legal_holds", "retention_policies")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Somebody presses something."""

    person: str
    path: str
    body: Any  # JSON values


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Everything that the store has: records by id, and what only grows."""

    records: dict[str, dict[str, dict[str, Any]]]  # by table and id; the row, its body decoded
    appended: dict[str, list[dict[str, Any]]]
    audit: list[dict[str, Any]]

    def bodies(self, table: str) -> list[dict[str, Any]]:
        """The records of a table, oldest first."""
        return [row["body"] for row in self.records[table].values()]

    def in_states(self, table: str, *states: str) -> list[dict[str, Any]]:
        """Those of them that stand there."""
        return [one for one in self.bodies(table) if one["state"] in states]


class WalkHouse:
    """What the rules of a walk press, let happen and look at."""

    def __init__(self, portal: BlockingPortal, stage: Stage, folder: Path) -> None:
        self._portal, self._stage, self._folder = portal, stage, folder
        self.people: dict[str, Person] = dict(stage.cast)
        self.street, self.station = stage.street, stage.station
        self.database = folder / DATABASE_NAME
        self.plans_drawn: dict[str, str] = {}  # their digests
        self._is_flight_asked = False
        self._audit: list[dict[str, Any]] = []

    async def let_everybody_in(self) -> None:
        """The persons that the stories do not have."""
        # One that can be reached: what a silent loudspeaker answers has its own tests.
        self.street.speaker.stop = _stopped  # type: ignore[method-assign]
        for name, (roles, scope) in OTHERS.items():
            headers = await self.station.let_in(name, roles=roles, scope=scope)
            http = self.station.stranger(headers)
            self.people[name] = Person(name=name, http=http)
        self.people[NOBODY] = Person(name=NOBODY, http=self.station.stranger())
        await self._settle()

    async def let_everybody_go(self) -> None:
        """Their connections are closed; the stage closes the cast's."""
        for name in (*OTHERS, NOBODY):
            await self.people[name].http.aclose()

    @property
    def now_utc(self) -> datetime:
        """The station's."""
        return self.street.clock.now_utc()

    @property
    def arm_count(self) -> int:
        """How often any aircraft was asked to arm."""
        commands = [one for vehicle in self.station.vehicles for one in vehicle.commands]
        return sum(isinstance(one, Arm) for one in commands)

    def ask(self, asks: Sequence[Ask], key: str = "") -> list[httpx.Response]:
        """All of them at once; what they set going has come to rest when this returns."""
        return self._portal.call(self._ask, asks, key)

    def patrol(self) -> None:
        """The first aircraft is in the air, on an approved plan of the first grid."""
        people = self._stage.cast
        self._portal.call(self.street.patrol, people["Zheng"], people["Hong"])
        self._portal.call(self._settle)

    def note(self, ask: Ask, answer: httpx.Response) -> None:
        """What later asks build on."""
        if answer.is_success and ask.path == "/plans":
            made = answer.json()
            self.plans_drawn[made["plan"]["plan_id"]] = made["digest"]
        self._is_flight_asked |= answer.is_success and ask.path.startswith("/sortie")

    def rest(self) -> None:
        """An aircraft that was asked something has the seconds to do it."""
        if self._is_flight_asked:
            self._is_flight_asked = False
            self._portal.call(self._fly_on)

    def look(self, person: str, path: str) -> httpx.Response:
        """Somebody reads."""
        return self._portal.call(self.people[person].http.get, f"/api{path}")

    def go_on(self, seconds: float, steps: int = 1) -> None:
        """Time passes; the clocks of cases and alerts are looked at as often as in life."""
        self._portal.call(self._go_on, seconds, steps)

    def see(self, people: int, for_s: float) -> None:
        """The first aircraft's camera sees so many people at one place."""
        self._portal.call(self._see, people, for_s)

    def kept(self) -> Kept:
        """The store as any other process would read it."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            return Kept(
                records={table: _records(connection, table) for table in TABLES},
                appended={
                    table: [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]  # noqa: S608
                    for table in APPENDED
                },
                audit=self._told(connection),
            )

    def _told(self, connection: sqlite3.Connection) -> list[dict[str, Any]]:
        """The chain; rows of before are not read again, their hashes are verified."""
        query = "SELECT * FROM audit WHERE seq > ? ORDER BY seq"
        last = self._audit[-1]["seq"] if self._audit else 0
        self._audit = [*self._audit, *map(dict, connection.execute(query, (last,)))]
        return self._audit

    def files(self) -> list[Path]:
        """Everything that lies in its folder."""
        return [path for path in self._folder.rglob("*") if path.is_file()]

    async def _ask(self, asks: Sequence[Ask], key: str) -> list[httpx.Response]:
        answers: dict[int, httpx.Response] = {}

        async def one(number: int, ask: Ask) -> None:
            http = self.people[ask.person].http
            headers = {"Idempotency-Key": key} if key else {}
            answers[number] = await http.post(f"/api{ask.path}", json=ask.body, headers=headers)

        async def all_of_them() -> None:
            async with anyio.create_task_group() as group:
                for number, ask in enumerate(asks):
                    group.start_soon(one, number, ask)
            answered.set()

        answered = anyio.Event()
        async with anyio.create_task_group() as group:
            group.start_soon(all_of_them)
            while not answered.is_set():
                with anyio.move_on_after(_PATIENCE_S):
                    await answered.wait()
                if not answered.is_set():  # some deeds take the aircraft a moment
                    self.street.clock.go_on(0.5)
        await self._settle()
        return [answers[number] for number in range(len(asks))]

    async def _go_on(self, seconds: float, steps: int) -> None:
        for _ in range(steps):
            self.street.clock.go_on(seconds)
            await anyio.sleep(0.002)
        await self._stage.station.minder.look()
        await self._settle()

    async def _fly_on(self) -> None:
        """Until each aircraft flies its patrol, or is down and its record says so."""
        for desks, name in zip(self.station.desks, NAMES, strict=True):
            vehicle = self.station.vehicles[NAMES.index(name)]
            with anyio.fail_after(10.0):
                while desks.sorties.plan is not None or self._lands(name):
                    sample = vehicle.latest()
                    is_up = sample is not None and sample.is_in_air
                    if is_up and self._shown(name) in ("AIRBORNE", "HOLDING"):
                        break
                    self.street.clock.go_on(0.5)
                    await anyio.sleep(0.002)
        await self._settle()

    def _shown(self, aircraft: str) -> str:
        return str(self.station.shown(aircraft).get("state", ""))

    def _lands(self, aircraft: str) -> bool:
        return self._shown(aircraft) not in ("", "LANDED", "ABORTED", "CLOSED")

    async def _see(self, people: int, for_s: float) -> None:
        await self.street.sees(people, for_s)
        await self._settle()

    async def _settle(self) -> None:
        """Until nothing is written any more: the store's one writer takes everything in turn."""
        written, calm = -1, 0
        while calm < _CALM_ROUNDS:
            await self.station.records._store.write(_nothing)
            await self.station.chronicle.settled()
            await anyio.sleep(0.001)
            last, written = written, self._written()
            calm = calm + 1 if written == last else 0

    def _written(self) -> int:
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            return int(connection.execute("SELECT max(seq) FROM audit").fetchone()[0] or 0)


async def _stopped() -> None:
    return None


def _nothing(connection: Connection) -> None:
    return None


def _records(connection: sqlite3.Connection, table: str) -> dict[str, dict[str, Any]]:
    rows = connection.execute(f"SELECT * FROM {table} ORDER BY t_utc, id")  # noqa: S608
    found = {row["id"]: dict(row) for row in rows}
    return {name: row | {"body": json.loads(row["body_json"])} for name, row in found.items()}


@contextmanager
def walk_house(folder: Path) -> Iterator[WalkHouse]:
    """The station, alive until the block ends."""
    with start_blocking_portal() as portal:
        with portal.wrap_async_context_manager(staged(folder)) as stage:
            house = WalkHouse(portal, stage, folder)
            portal.call(house.let_everybody_in)
            yield house
            portal.call(house.let_everybody_go)
