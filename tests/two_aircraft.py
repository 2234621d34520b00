"""A station with two aircraft of plain Python, its real desks, store and web application."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import httpx

from ground_station import views
from ground_station.case_rules import read_case_rules
from ground_station.chronicle import Chronicle
from ground_station.launch_room import LaunchRoom
from ground_station.live import Board
from ground_station.owners import responsibility_for
from ground_station.plan_desk import PlanDesk, PlanParts
from ground_station.route_shelf import RouteShelf
from ground_station.settings import StationSettings
from ground_station.showing import Showing, show_station
from ground_station.shown import StationView
from ground_station.store.records import Records
from ground_station.store.telemetry import TelemetryLog
from ground_station.switchboard import Desks, Switchboard
from ground_station.unit import AircraftUnit, Common, Ports
from ground_station.web_server import WebServer, bind
from missions.register import load_register
from missions.request import default_home
from patrol.bus import Bus
from patrol.telemetry import TelemetrySample
from tests.contract import contract_of
from tests.fakes import FakeVehicle, ManualClock
from tests.ground_core import LEGAL, running_store, wordings_of
from tests.house_fakes import FakePictures, FakeSpeaker, SilentVoice
from tests.papers import a_gate
from tests.persons import SettableClock, a_book, with_token
from tests.plain_http import NO_TLS
from tests.web_apps import app_of
from tests.web_parts import web_parts
from vision.crowd import CrowdRules

NAMES = ("GP-1", "GP-2")
REGISTER = load_register()
GRIDS = ("440512001002006", "440512001002005")  # neighbours


class BlindEye:
    """A camera without a picture."""

    def send_pose(self, sample: TelemetrySample) -> None:
        return None

    async def run(self) -> None:
        await anyio.sleep_forever()


class TwoAircraft:
    """Both stand on the ground, ready; their missions do not get on until they are thawed."""

    def __init__(
        self,
        folder: Path,
        records: Records,
        telemetry: TelemetryLog,
        clock: ManualClock,
        **settings: Any,
    ) -> None:
        self.bus, self.board, self.clock = Bus(), Board(NAMES), clock
        self.records, self.telemetry = records, telemetry
        self.speakers = [FakeSpeaker() for _ in NAMES]
        self.vehicles = [self._vehicle(number) for number in range(len(NAMES))]
        self.chronicle = Chronicle(
            bus=self.bus, records=records, board=self.board, is_exercise=True
        )
        station: StationView = {"name": "濠江", "is_exercise": True, "version": "test"}
        show_station(self.board, station, REGISTER, clock)
        self.plans = PlanDesk(
            PlanParts(
                register=REGISTER, records=records, bus=self.bus, chronicle=self.chronicle,
                world=self.clock, is_exercise=True, routes=RouteShelf(folder / "routes"),
                gate=a_gate(folder, clock, papers_file=settings.get("papers_file")),
            )
        )  # fmt: skip
        common = self._common(settings.get("responsibility_file"))
        self.units = [AircraftUnit(self._ports(number), common) for number in range(len(NAMES))]
        self.desks: list[Desks] = [unit.desks for unit in self.units]
        self.switchboard = Switchboard(self.desks, plans=self.plans, records=records)
        self.showing = Showing(
            bus=self.bus, board=self.board, desks=self.desks, world=self.clock, wall=self.clock
        )
        self.wall, self.book = SettableClock(), a_book(records._store)
        parts = web_parts(self, _settings(folder, settings), self.desks, self.switchboard)
        self.shifts, self.minder = parts.centre.shifts, parts.centre.minder
        self.missions = parts.missions
        self.app = app_of(parts)
        self.web = WebServer(lambda: self.app, bind("127.0.0.1", 0))
        self.http = self.client()

    def client(self, headers: dict[str, str] | None = None) -> httpx.AsyncClient:
        """Somebody's program; each answer is held against the description."""
        return httpx.AsyncClient(
            base_url=self.web.url, verify=NO_TLS, trust_env=False, timeout=10.0,
            headers=headers or {},
            event_hooks={"response": [contract_of(self.app).check]},
        )  # fmt: skip

    def stranger(self, headers: dict[str, str] | None = None) -> httpx.AsyncClient:
        """The same, whose answers nobody checks."""
        return httpx.AsyncClient(
            base_url=self.web.url, verify=NO_TLS, trust_env=False, timeout=10.0, headers=headers
        )

    async def post(self, path: str, role: str, **body: Any) -> httpx.Response:
        """Wu, who holds every role, asks under this one."""
        return await self.http.post(f"/api{path}", json={"role": role, **body})

    async def let_in(self, name: str, **how: Any) -> dict[str, str]:
        """The headers of a new person with a token; by default with every role."""
        return {"Authorization": f"Bearer {await with_token(self.book, name, **how)}"}

    async def until(self, condition: Callable[[], object]) -> None:
        with anyio.fail_after(10.0):
            while not condition():
                await anyio.sleep(0.01)

    def told(self, aircraft: str) -> list[str]:
        """The names of the events of one aircraft."""
        story = self.board.state()["story"]
        return [event["event"] for event in story if event["aircraft"] == aircraft]

    def shown(self, aircraft: str) -> Any:  # noqa: ANN401  # JSON values
        """The sortie that the board shows of it."""
        return self.board.of(aircraft).get("sortie") or {}

    async def planned(self, number: int) -> str:
        """An approved plan made from the home of that aircraft, for a grid of its own."""
        made = await self.post("/plans", "LEAD", grid_code=GRIDS[number], aircraft=NAMES[number])
        assert made.status_code == 201, made.text
        plan_id = str(made.json()["plan"]["plan_id"])
        digest = made.json()["digest"]
        approved = await self.post(f"/plans/{plan_id}/approve", "LEAD", digest=digest)
        assert approved.status_code == 200, approved.text
        return plan_id

    async def both_flying(self) -> list[str]:
        """Launched at once, and both on their missions; their sorties."""
        plan_ids = [await self.planned(number) for number in range(len(NAMES))]
        answers: dict[str, httpx.Response] = {}

        async def launch(plan_id: str) -> None:
            answers[plan_id] = await self.post("/sorties", "PILOT", plan_id=plan_id)

        async with anyio.create_task_group() as group:
            for plan_id in plan_ids:
                group.start_soon(launch, plan_id)
        assert [answers[plan_id].status_code for plan_id in plan_ids] == [202, 202]
        for name in NAMES:
            await self.until(partial(self._is_airborne, name))
        return [str(answers[plan_id].json()["sortie"]) for plan_id in plan_ids]

    def _is_airborne(self, name: str) -> bool:
        return bool(self.shown(name).get("state") == "AIRBORNE")

    def _vehicle(self, number: int) -> FakeVehicle:
        vehicle = FakeVehicle(self.clock, self.bus)
        vehicle.vehicle_id, vehicle.is_frozen = NAMES[number], True
        home = default_home(REGISTER.get(GRIDS[number]))
        vehicle._sample = replace(
            vehicle._sample, vehicle_id=NAMES[number], home=home, position=home
        )
        return vehicle

    def _ports(self, number: int) -> Ports:
        return Ports(
            camera_id=f"cam-{number + 1}", is_counts_only=number == 0,
            lens=views.lens_of(1280, 720, 40.0),
            vehicle=self.vehicles[number], speaker=self.speakers[number], voice=SilentVoice(),
            eye=BlindEye(), pictures=FakePictures(),
        )  # fmt: skip

    def _common(self, responsibility_file: Path | None) -> Common:
        return Common(
            register=REGISTER, rules=CrowdRules(), legal=LEGAL, case_rules=read_case_rules(),
            owners=responsibility_for(responsibility_file, is_exercise=True),
            records=self.records,
            wordings=wordings_of(self.records, self.clock),
            telemetry=self.telemetry, bus=self.bus, board=self.board, chronicle=self.chronicle,
            plans=self.plans, room=LaunchRoom(self.clock, is_exercise=True), world=self.clock,
            wall=self.clock, pace=None,
            is_anothers=lambda *asked: self.switchboard.is_anothers(*asked),
            is_exercise=True, ready_within_s=0.0,
        )  # fmt: skip


@asynccontextmanager
async def two_aircraft(
    folder: Path, clock: ManualClock | None = None, **settings: Any
) -> AsyncIterator[TwoAircraft]:
    """The station, alive. Nobody guards or adopts: a clock that moves when told knows no ages."""
    telemetry = await TelemetryLog.open(folder, is_exercise=True)
    async with running_store(folder) as store:
        station = TwoAircraft(folder, Records(store), telemetry, clock or ManualClock(), **settings)
        async with anyio.create_task_group() as tasks:
            for run in (
                station.chronicle.run, station.showing.run, station.missions.run, station.web.run
            ):  # fmt: skip
                tasks.start_soon(run)
            for desks in station.desks:
                tasks.start_soon(desks.crowd.run)
                tasks.start_soon(desks.sorties.run)
                desks.sorties.know_the_aircraft()
            station.http.headers.update(await station.let_in("Wu"))
            async with station.http:
                yield station
            station.web.stop()
            tasks.cancel_scope.cancel()
    await telemetry.close()


def _settings(folder: Path, others: dict[str, Any]) -> StationSettings:
    aircraft = [
        {
            "name": name, "connect": f"udpin://127.0.0.1:1454{number}",
            "camera": {"url": f"rtsp://{number}", "camera_id": f"cam-{number + 1}"},
            "speaker": {"url": f"http://{number}"},
        }
        for number, name in enumerate(NAMES)
    ]  # fmt: skip
    body = {"data_dir": folder, "aircraft": aircraft, "is_exercise": True}
    return StationSettings.model_validate(body | {"sign_in": {"ask_again_s": 0.1}} | others)
