"""The composition root: the only place that names concrete parts."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import anyio
import structlog

from drone.guardian import Guardian
from drone.mavsdk_fleet import Fleet
from drone.mavsdk_vehicle import MavsdkVehicle, prepare_executor
from drone.recordings import Recordings, load_recordings
from drone.speaker import HttpSpeaker, tls_trusting
from drone.tokens import read_token
from drone.voice import Voice
from ground_station import views
from ground_station.adoption import Adoption
from ground_station.alert_minder import AlertMinder
from ground_station.case_desk import CaseDesk
from ground_station.case_rules import read_case_rules
from ground_station.chronicle import Chronicle
from ground_station.crowd_desk import CrowdDesk
from ground_station.crowd_parts import CrowdParts
from ground_station.effect_desk import EffectDesk
from ground_station.exercise_clock import ExerciseClock
from ground_station.legal import EXERCISE_LEGAL_BASIS_FILE, LegalBook, read_legal_bases
from ground_station.live import Board
from ground_station.memory import kept_for_good
from ground_station.owners import responsibility_for
from ground_station.pace import LookWindow, Pace, look_window
from ground_station.parts import Parts
from ground_station.people.parts import people_of, require_own_space, tell_if_nobody_can_sign_in
from ground_station.pictures import EyePictures
from ground_station.readiness import Readiness
from ground_station.settings import SpeakerSettings, StationSettings
from ground_station.showing import Showing
from ground_station.sortie_desk import SortieDesk, SortieParts
from ground_station.speaking_desk import SpeakingDesk
from ground_station.store.engine import Store
from ground_station.store.records import Records
from ground_station.store.telemetry import TelemetryLog
from ground_station.templates import Template, load_templates
from ground_station.watchdog_port import WatchdogPort
from ground_station.web import make_app
from ground_station.web_server import WebServer
from missions.register import load_register
from patrol.bus import Bus
from patrol.clock import SystemClock, WorldClock, utc_text
from patrol.plan import MissionPlan
from patrol.supervise import supervise
from patrol.telemetry import TelemetrySample
from vision.crowd import CrowdRules
from vision.eye_port import EyePort

_log = structlog.get_logger(__name__)


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
        self._wall = SystemClock()
        self._bus, self._board = Bus(), Board()
        self._records = Records(store)
        self._register = load_register(settings.register_file)
        camera = settings.camera
        self._lens = views.lens_of(camera.width_px, camera.height_px, camera.hfov_deg)
        self._make_ports()
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
        self._make_desks()
        self._make_sortie_desk()
        self._showing = Showing(
            bus=self._bus,
            board=self._board,
            latest=self._vehicle.latest,
            world=self._world,
            wall=self._wall,
        )
        self._web = WebServer(make_app(self._parts()), listener, settings.tls)
        self._fill_board()

    @property
    def url(self) -> str:
        """The console's address."""
        return self._web.url

    def stop(self) -> None:
        """Let the consoles go; `run` then ends."""
        self._web.stop()

    def say_what_is_left(self) -> None:
        """Nothing calls the aircraft home when the station ends: it flies on, and we say so."""
        sample = self._vehicle.latest()
        if self._sortie_desk.plan is not None and sample is not None and sample.is_in_air:
            _log.warning(
                "the aircraft is left in the air",
                text="it goes on with its plan and its own fail-safes; start the station again in "
                "this folder and it is taken over",
                mode=sample.mode.value,
            )

    def _make_ports(self) -> None:
        """What reaches out of the house: aircraft, loudspeaker, camera, watchdog."""
        settings = self._settings
        self._fleet = Fleet(bus=self._bus, world=self._world, wall=self._wall)
        self._vehicle = MavsdkVehicle(
            settings.aircraft.name,
            settings.aircraft.connect,
            bus=self._bus,
            world=self._world,
            wall=self._wall,
            rate_hz=settings.aircraft.telemetry_hz,
            system_id=settings.aircraft.system_id,
            fleet=self._fleet,
            log_folder=settings.data_dir / "tlog",
        )
        self._speaker = _speaker(settings.speaker)
        self._eye = EyePort(
            camera_id=settings.camera.camera_id,
            url=settings.camera.url,
            lens=self._lens,
            latency_s=settings.camera.latency_s,
            bus=self._bus,
            world=self._world,
            wall=self._wall,
        )
        self._watchdog = WatchdogPort(
            settings.data_dir,
            silent_after_s=settings.watchdog_s,
            bus=self._bus,
            world=self._world,
            wall=self._wall,
        )

    def _fill_board(self) -> None:
        """What a console sees before anything has happened."""
        settings = self._settings
        nothing = ("sortie", "alert", "announcement", "effect", "crowd", "look")
        self._board.set(
            station={
                "name": settings.name,
                "is_exercise": settings.is_exercise,
                "version": _version(),
            },
            register={
                "version": self._register.version,
                "is_synthetic": self._register.is_synthetic,
            },
            aircraft=[],
            alerts=[],
            cases=[],
            people=[],
            camera={"id": settings.camera.camera_id, "state": "starting", "text": ""},
            clock={"utc": utc_text(self._world.now_utc()), "speed": self._world.speed},
            **dict.fromkeys(nothing),
        )

    def _make_desks(self) -> None:
        settings = self._settings
        crowd_parts = CrowdParts(
            register=self._register,
            rules=self._rules,
            legal=_legal_book(settings),
            records=self._records,
            bus=self._bus,
            board=self._board,
            chronicle=self._chronicle,
            world=self._world,
            wall=self._wall,
            set_pace=self._set_pace,
            is_exercise=settings.is_exercise,
            latest=self._vehicle.latest,
        )
        self._crowd_desk = CrowdDesk(crowd_parts)
        self._minder = AlertMinder(parts=crowd_parts, desk=self._crowd_desk)
        self._case_desk = CaseDesk(
            parts=crowd_parts,
            desk=self._crowd_desk,
            rules=read_case_rules(),
            table=responsibility_for(
                settings.responsibility_file, is_exercise=settings.is_exercise
            ),
        )
        effect_desk = EffectDesk(parts=crowd_parts, desk=self._crowd_desk, cases=self._case_desk)
        self._templates = load_templates()
        self._speaking_desk = SpeakingDesk(
            parts=crowd_parts,
            desk=self._crowd_desk,
            vehicle=self._vehicle,
            speaker=self._speaker,
            voice=Voice(_recordings(settings.speaker, self._templates)),
            templates=self._templates,
            on_played=effect_desk.begin,
        )

    def _make_sortie_desk(self) -> None:
        """Who flies, who takes over after a restart, and who guards it."""
        self._sortie_desk = SortieDesk(
            SortieParts(
                register=self._register,
                vehicle=self._vehicle,
                lens=self._lens,
                records=self._records,
                telemetry=self._telemetry,
                bus=self._bus,
                board=self._board,
                chronicle=self._chronicle,
                crowd=self._crowd_desk,
                cases=self._case_desk,
                world=self._world,
                wall=self._wall,
                preflight=Readiness(
                    vehicle=self._vehicle,
                    speaker=self._speaker,
                    board=self._board,
                    wall=self._wall,
                    within_s=self._settings.ready_within_s,
                ).check,
                is_exercise=self._settings.is_exercise,
            )
        )
        self._adoption = Adoption(
            records=self._records,
            telemetry=self._telemetry,
            vehicle=self._vehicle,
            flyer=self._sortie_desk,
            bus=self._bus,
            world=self._world,
            wall=self._wall,
            on_known=self._sortie_desk.know_the_aircraft,
        )
        self._guardian = Guardian(
            vehicle=self._vehicle,
            bus=self._bus,
            world=self._world,
            wall=self._wall,
            plan=lambda: self._sortie_desk.plan,
            in_command=lambda: self._sortie_desk.in_command,
        )

    def _parts(self) -> Parts:
        return Parts(
            settings=self._settings,
            bus=self._bus,
            board=self._board,
            grids_geojson=self._register.to_geojson(),
            register=self._register,
            records=self._records,
            people=people_of(self._settings, self._store, self._world),
            templates=self._templates,
            pictures=EyePictures(self._eye, self._bus),
            sortie_desk=self._sortie_desk,
            crowd_desk=self._crowd_desk,
            case_desk=self._case_desk,
            speaking_desk=self._speaking_desk,
        )

    async def run(self) -> None:
        """Everything at once until cancelled; only a bug of ours ends it from inside."""
        prepare_executor()
        with kept_for_good():
            await self._run_all()

    async def _run_all(self) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(self._store.run)
            group.start_soon(self._telemetry.run, self._bus)
            group.start_soon(self._chronicle.run)
            group.start_soon(self._watchdog.run)
            group.start_soon(self._fleet.run)
            group.start_soon(self._kept_alive, "aircraft", self._vehicle.run)
            group.start_soon(self._eye.run)
            group.start_soon(self._feed_poses)
            group.start_soon(self._crowd_desk.run)
            group.start_soon(self._minder.run)
            group.start_soon(self._sortie_desk.run)
            group.start_soon(self._adoption.run)
            group.start_soon(self._guardian.run)
            group.start_soon(self._showing.run)
            if isinstance(self._world, ExerciseClock) and self._pace is not None:
                group.start_soon(self._kept_alive, "exercise clock", self._world.run)
                group.start_soon(self._pace.run)
            await self._web.run()
            group.cancel_scope.cancel()

    async def _kept_alive(self, name: str, run: Any) -> None:  # noqa: ANN401  # an async callable
        await supervise(
            run,
            clock=self._wall,
            on_lost=lambda error: _log.warning(f"{name} lost", reason=str(error)),
            on_retry=lambda: _log.info(f"{name}: trying again"),
        )

    def _set_pace(self, want: MissionPlan | LookWindow | None) -> None:
        if self._pace is not None:
            window = look_window(want, self._lens) if isinstance(want, MissionPlan) else want
            self._pace.watch_legs(window)

    async def _feed_poses(self) -> None:
        with self._bus.subscribe(TelemetrySample, limit=64) as samples:
            async for sample in samples:
                self._eye.send_pose(sample)


def _version() -> str:
    try:
        return version("gridpatrol")
    except PackageNotFoundError:
        return "source"  # run from a folder that was not installed


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


def _legal_book(settings: StationSettings) -> LegalBook:
    if settings.legal_basis_file is not None:
        return read_legal_bases(settings.legal_basis_file)
    return read_legal_bases(EXERCISE_LEGAL_BASIS_FILE) if settings.is_exercise else LegalBook()


@asynccontextmanager
async def opened(settings: StationSettings, listener: socket.socket) -> AsyncIterator[Station]:
    """Open clock and store, build the station, and close the store afterwards."""
    world: WorldClock = SystemClock()
    if settings.clock_url is not None:
        exercise = ExerciseClock(settings.clock_url)
        await exercise.start()
        world = exercise
    store = await Store.open(settings.data_dir)
    await require_own_space(settings, store)
    telemetry = await TelemetryLog.open(settings.data_dir, is_exercise=settings.is_exercise)
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
