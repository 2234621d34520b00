"""The composition root: the only place that names concrete parts."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio

from drone.link_settings import LinkSettings
from drone.mavsdk_fleet import Fleet
from drone.mavsdk_vehicle import MavsdkVehicle, prepare_executor
from drone.recordings import Recordings, load_recordings
from drone.speaker import HttpSpeaker, tls_trusting
from drone.tokens import read_token
from drone.voice import Voice
from ground_station.adoption import tell_left_out
from ground_station.case_rules import read_case_rules
from ground_station.centre import Centre, CentreParts, make_centre
from ground_station.chronicle import Chronicle
from ground_station.clearance_desk import ClearanceDesk, ClearanceParts, crew_of
from ground_station.clock_watch import ClockWatch
from ground_station.exercise_clock import ExerciseClock
from ground_station.folders import take_register
from ground_station.launch_room import LaunchRoom
from ground_station.live import Board
from ground_station.memory import kept_for_good
from ground_station.mission_desk import MissionDesk, MissionParts
from ground_station.owners import responsibility_for
from ground_station.pace import Pace
from ground_station.parts import Parts
from ground_station.people.parts import people_of, require_own_space, tell_if_nobody_can_sign_in
from ground_station.pictures import EyePictures
from ground_station.plan_desk import PlanDesk, PlanParts
from ground_station.planning_data import PlanningData, elevation_of
from ground_station.retention_keeper import RetentionKeeper
from ground_station.route_shelf import RouteShelf
from ground_station.settings import AircraftSettings, SpeakerSettings, StationSettings
from ground_station.showing import Showing, show_station
from ground_station.shown import StationView
from ground_station.store.engine import Store
from ground_station.store.records import Records
from ground_station.store.telemetry import TelemetryLog
from ground_station.switchboard import Switchboard
from ground_station.templates import Template, load_templates
from ground_station.unit import AircraftUnit, Common, Ports, kept_alive, once_known
from ground_station.version import installed_version
from ground_station.watchdog_port import WatchdogPort
from ground_station.web_server import WebServer
from patrol.bus import Bus
from patrol.clock import SystemClock, WorldClock
from patrol.energy import Power
from vision.crowd import CrowdRules
from vision.eye_port import EyePort, WatchedCamera

if TYPE_CHECKING:
    from fastapi import FastAPI


class Station:
    """Every part of one ground station, built from its settings; `run` keeps them alive."""

    def __init__(
        self,
        settings: StationSettings,
        *,
        store: Store,
        telemetry: TelemetryLog,
        world: WorldClock,
        listener: socket.socket,
    ) -> None:
        self._settings, self._store = settings, store
        self._telemetry, self._world = telemetry, world
        self._wall, self._bus = SystemClock(), Bus()
        self._board = Board(one.name for one in settings.aircraft)
        self._records = Records(store)
        self._register = take_register(settings, world.now_utc())
        self._templates = load_templates()
        self._rules = CrowdRules()
        self._pace = None
        if isinstance(world, ExerciseClock):
            self._pace = Pace(bus=self._bus, clock=world, rules=self._rules)
        self._chronicle = Chronicle(
            bus=self._bus,
            records=self._records,
            board=self._board,
            is_exercise=settings.is_exercise,
            wall=self._wall,
        )
        self._make_keepers()
        self._watchdog = WatchdogPort(
            settings.data_dir,
            silent_after_s=settings.watchdog_s,
            bus=self._bus,
            world=self._world,
            wall=self._wall,
        )
        self._fleet = Fleet(bus=self._bus, world=self._world, wall=self._wall)
        self._fill_board()
        self._centre = self._make_centre()
        self._make_units()
        self._web = WebServer(self._make_app, listener, settings.tls)

    @property
    def url(self) -> str:
        """The console's address."""
        return self._web.url

    def stop(self) -> None:
        """Let the consoles go; `run` then ends."""
        self._web.stop()

    def say_what_is_left(self) -> None:
        """Name each aircraft that is in the air when the station ends."""
        for unit in self._units:
            unit.say_what_is_left()

    def _make_centre(self) -> Centre:
        return make_centre(
            CentreParts(
                settings=self._settings,
                store=self._store,
                telemetry=self._telemetry,
                register=self._register,
                board=self._board,
                chronicle=self._chronicle,
                world=self._world,
                is_flying=lambda: any(unit.is_flying for unit in self._units),
            )
        )

    def _make_units(self) -> None:
        """The book of plans, a unit for each aircraft, and what finds among them."""
        data = PlanningData(
            elevation=elevation_of(self._settings.elevation_file),
            airspace_file=self._settings.airspace_file,
        )
        self._plans = PlanDesk(
            PlanParts(
                register=self._register,
                records=self._records,
                bus=self._bus,
                chronicle=self._chronicle,
                world=self._world,
                is_exercise=self._settings.is_exercise,
                routes=RouteShelf(self._settings.data_dir / "routes"),
                gate=self._gate(data),
                data=data,
            )
        )
        common = self._common()
        self._units = [
            AircraftUnit(self._ports(aircraft), common) for aircraft in self._settings.aircraft
        ]
        desks = [unit.desks for unit in self._units]
        self._switchboard = Switchboard(desks, plans=self._plans, records=self._records)
        self._missions = MissionDesk(
            MissionParts(
                records=self._records,
                plans=self._plans,
                switchboard=self._switchboard,
                bus=self._bus,
                board=self._board,
                chronicle=self._chronicle,
                world=self._world,
                wall=self._wall,
                is_exercise=self._settings.is_exercise,
            )
        )
        self._showing = Showing(
            bus=self._bus, board=self._board, desks=desks, world=self._world, wall=self._wall
        )

    def _gate(self, data: PlanningData) -> ClearanceDesk:
        return ClearanceDesk(
            ClearanceParts(
                papers_file=self._settings.papers_file,
                data=data,
                legal=self._centre.legal,
                world=self._world,
                crew=crew_of(self._centre.shifts.open_ones),
                lenses={one.name: one.camera.lens for one in self._settings.aircraft},
            )
        )

    def _common(self) -> Common:
        settings = self._settings
        return Common(
            register=self._register,
            rules=self._rules,
            legal=self._centre.legal,
            case_rules=read_case_rules(),
            owners=responsibility_for(
                settings.responsibility_file, is_exercise=settings.is_exercise
            ),
            wordings=self._centre.wordings,
            records=self._records,
            telemetry=self._telemetry,
            bus=self._bus,
            board=self._board,
            chronicle=self._chronicle,
            plans=self._plans,
            room=LaunchRoom(self._wall, is_exercise=settings.is_exercise),
            world=self._world,
            wall=self._wall,
            pace=self._pace,
            is_anothers=lambda seen, level, name: self._switchboard.is_anothers(seen, level, name),
            is_exercise=settings.is_exercise,
            ready_within_s=settings.ready_within_s,
        )

    def _ports(self, aircraft: AircraftSettings) -> Ports:
        """What reaches out of the house to one aircraft: its link, loudspeaker and camera."""
        camera = aircraft.camera
        lens = camera.lens
        eye = EyePort(
            camera=WatchedCamera(
                camera_id=camera.camera_id,
                url=camera.url,
                lens=lens,
                latency_s=camera.latency_s,
            ),
            bus=self._bus,
            world=self._world,
            wall=self._wall,
            threads=_threads_each(len(self._settings.aircraft)),
        )
        vehicle = MavsdkVehicle(
            LinkSettings(
                name=aircraft.name,
                url=aircraft.connect,
                system_id=aircraft.system_id,
                rate_hz=aircraft.telemetry_hz,
                log_folder=self._settings.data_dir / "tlog",
            ),
            bus=self._bus,
            world=self._world,
            wall=self._wall,
            fleet=self._fleet,
        )
        return Ports(
            camera_id=camera.camera_id,
            is_counts_only=not camera.keeps_pictures,  # the station itself never writes one
            lens=lens,
            vehicle=vehicle,
            speaker=_speaker(aircraft.speaker),
            voice=Voice(_recordings(aircraft.speaker, self._templates)),
            eye=eye,
            pictures=EyePictures(eye, camera.camera_id, self._bus),
            power=Power(endurance_s=aircraft.endurance_s),
        )

    def _make_keepers(self) -> None:
        """What looks after the records by itself."""
        is_exercise = self._settings.is_exercise
        self._retention_keeper = RetentionKeeper(
            store=self._store,
            telemetry=self._telemetry,
            folder=self._settings.data_dir,
            is_exercise=is_exercise,
            wall=self._wall,
        )
        self._clock_watch = ClockWatch(
            records=self._records, wall=self._wall, is_exercise=is_exercise
        )

    def _fill_board(self) -> None:
        """What a console sees before anything has happened."""
        station: StationView = {
            "name": self._settings.name,
            "is_exercise": self._settings.is_exercise,
            "version": installed_version(),
        }
        show_station(self._board, station, self._register, self._world)

    def _make_app(self) -> FastAPI:
        from ground_station.web import make_app  # slow to load: see the web server

        return make_app(self._parts())

    def _parts(self) -> Parts:
        return Parts(
            settings=self._settings,
            bus=self._bus,
            board=self._board,
            world=self._world,
            grids_geojson=self._register.to_geojson(),
            register=self._register,
            records=self._records,
            people=people_of(self._settings, self._store, self._world),
            centre=self._centre,
            plans=self._plans,
            missions=self._missions,
            switchboard=self._switchboard,
        )

    async def run(self) -> None:
        """Everything at once until cancelled; only a bug of ours ends it from inside."""
        prepare_executor()
        with kept_for_good():
            await self._run_all()

    async def _tell_left_out(self) -> None:
        names = {one.name for one in self._settings.aircraft}
        await tell_left_out(self._records, names, self._bus, self._world)

    async def _run_all(self) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(self._store.run)
            group.start_soon(self._telemetry.run, self._bus)
            group.start_soon(self._chronicle.run)
            group.start_soon(self._watchdog.run)
            group.start_soon(self._retention_keeper.run)
            group.start_soon(self._clock_watch.run)
            group.start_soon(self._fleet.run)
            group.start_soon(self._centre.minder.run)
            group.start_soon(self._missions.run)
            group.start_soon(self._missions.run_out)
            for unit in self._units:
                group.start_soon(unit.run)
            group.start_soon(self._showing.run)
            group.start_soon(kept_alive, self._tell_left_out, "records", "", self._wall)
            if isinstance(self._world, ExerciseClock) and self._pace is not None:
                run = self._world.run
                group.start_soon(kept_alive, run, "exercise clock", "", self._wall)
                group.start_soon(self._pace.run)
            await self._once_known(self._web.run)
            group.cancel_scope.cancel()

    async def _once_known(self, run: Callable[[], Awaitable[None]]) -> None:
        """What is slow to start waits, a little, until it is known what every aircraft does."""
        waits = [unit.desks.sorties.until_known for unit in self._units]
        await once_known([*waits, self._missions.until_loaded])
        await run()


def _threads_each(cameras: int) -> int:
    """The eyes share the machine's cores: more threads than these only wait for each other."""
    return max(1, (os.cpu_count() or 1) // cameras)


def _speaker(settings: SpeakerSettings) -> HttpSpeaker:
    return HttpSpeaker(
        settings.url,
        token=read_token(settings.token_file) if settings.token_file else "",
        tls=tls_trusting(settings.ca_file),
    )


def _recordings(settings: SpeakerSettings, templates: Mapping[str, Template]) -> Recordings | None:
    if settings.clips_dir is None:
        return None
    texts = {key: {"zh": item.zh, "en": item.en} for key, item in templates.items()}
    return load_recordings(settings.clips_dir, texts, settings.recordings)


@asynccontextmanager
async def opened(settings: StationSettings, listener: socket.socket) -> AsyncIterator[Station]:
    """Open clock and store, build the station, and close all of it afterwards."""
    with listener:  # a station that is ended early never began to serve on it
        world: WorldClock = SystemClock()
        if settings.clock_url is not None:
            exercise = ExerciseClock(settings.clock_url)
            await exercise.start()
            world = exercise
        folder, url = settings.data_dir, settings.database_url
        store = await Store.open(folder, url)
        await require_own_space(settings, store)
        telemetry = await TelemetryLog.open(
            folder, is_exercise=settings.is_exercise, database_url=url
        )
        try:
            station = Station(
                settings, store=store, telemetry=telemetry, world=world, listener=listener
            )
            await tell_if_nobody_can_sign_in(store)
            yield station
        finally:
            with anyio.CancelScope(shield=True):
                await telemetry.close()
                await store.close()


def say_ready(url: str) -> None:
    """The one line on standard output that a starting process waits for."""
    sys.stdout.write(json.dumps({"event": "ready", "url": url}) + "\n")
    sys.stdout.flush()
