"""One aircraft and all that works for it alone: its unit. What the station shares is handed in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import anyio
import structlog

from drone.guardian import Guardian
from drone.preflight_limits import Limits
from drone.speaker import Speaker
from drone.voice import Voice
from ground_station.adoption import Adoption
from ground_station.alert_levels import AlertLevel
from ground_station.alert_minder import AlertMinder
from ground_station.case_desk import CaseDesk
from ground_station.case_rules import CaseRules
from ground_station.chronicle import Chronicle
from ground_station.crowd_desk import CrowdDesk
from ground_station.crowd_parts import CrowdParts
from ground_station.effect_desk import EffectDesk
from ground_station.launch_room import LaunchRoom
from ground_station.legal import LegalBook
from ground_station.live import Board
from ground_station.owners import ResponsibilityTable
from ground_station.pace import LookWindow, Pace, look_window
from ground_station.plan_desk import PlanDesk
from ground_station.readiness import Readiness
from ground_station.showing import show_unit
from ground_station.sortie_desk import SortieDesk, SortieParts
from ground_station.speaking_desk import SpeakingDesk
from ground_station.store.records import Records
from ground_station.store.telemetry import TelemetryLog
from ground_station.switchboard import Desks, Pictures
from ground_station.words.wording_desk import WordingDesk
from missions.register import Register
from patrol.bus import Bus
from patrol.camera import CameraLens
from patrol.clock import WallClock, WorldClock
from patrol.energy import Power
from patrol.plan import MissionPlan
from patrol.sighting import Sighting
from patrol.supervise import supervise
from patrol.telemetry import TelemetrySample
from patrol.vehicle import Vehicle
from vision.crowd import CrowdRules

_CONSOLE_WITHIN_S = 1.5  # wall; one silent aircraft keeps nobody from seeing the others
_EYE_WITHIN_S = 5.0  # wall; an aircraft's camera comes after its link and guardian
_POSES_WAITING = 64
_log = structlog.get_logger(__name__)


class Eye(Protocol):
    """Looks through one camera and publishes what it sees."""

    def send_pose(self, sample: TelemetrySample) -> None:
        """Tell it where the camera is; never waits."""
        ...

    async def run(self) -> None:
        """Look until cancelled."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """How one aircraft and what it carries are reached."""

    camera_id: str
    is_counts_only: bool  # nothing that it sees is kept, DOMAIN 2.7 P-1
    lens: CameraLens
    vehicle: Vehicle
    speaker: Speaker
    voice: Voice
    eye: Eye
    pictures: Pictures
    power: Power = Power()  # what its battery gives


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What all units of a station share."""

    register: Register
    rules: CrowdRules
    legal: LegalBook
    case_rules: CaseRules
    owners: ResponsibilityTable
    wordings: WordingDesk
    records: Records
    telemetry: TelemetryLog
    bus: Bus
    board: Board
    chronicle: Chronicle
    plans: PlanDesk
    room: LaunchRoom
    world: WorldClock
    wall: WallClock
    pace: Pace | None  # only an exercise has one
    # Of a crowd, how grave it is, and the aircraft that asks.
    is_anothers: Callable[[Sighting, AlertLevel, str], bool]
    is_exercise: bool
    ready_within_s: float


class AircraftUnit:
    """Desks, guardian and adoption of one aircraft. No unit waits for another."""

    def __init__(self, ports: Ports, common: Common) -> None:
        self._ports, self._common = ports, common
        self.aircraft = ports.vehicle.vehicle_id
        sheet = common.board.of(self.aircraft)
        show_unit(sheet, ports.camera_id)
        parts = self._crowd_parts()
        crowd = CrowdDesk(parts)
        cases = CaseDesk(
            parts=parts, desk=crowd, board=common.board, rules=common.case_rules,
            table=common.owners,
        )  # fmt: skip
        effects = EffectDesk(parts=parts, desk=crowd, cases=cases)
        self._minder = AlertMinder(parts=parts, desk=crowd)
        self.desks = Desks(
            aircraft=self.aircraft,
            camera_id=ports.camera_id,
            lens=ports.lens,
            vehicle=ports.vehicle,
            sorties=self._sortie_desk(crowd, cases),
            crowd=crowd,
            cases=cases,
            speaking=SpeakingDesk(
                parts=parts, desk=crowd, speaker=ports.speaker, voice=ports.voice,
                wordings=common.wordings, on_played=effects.begin,
            ),
            pictures=ports.pictures,
            power=ports.power,
        )  # fmt: skip
        self._guardian = self._make_guardian()
        self._adoption = self._make_adoption()

    async def run(self) -> None:
        """Everything of this aircraft until cancelled; its link is tried again for ever."""
        async with anyio.create_task_group() as group:
            for work in (
                self._keep_link, self._look, self._feed_poses, self.desks.crowd.run,
                self._minder.run, self.desks.sorties.run, self._adoption.run, self._guardian.run,
                self._ready_voice,
            ):  # fmt: skip
                group.start_soon(work)

    @property
    def voice(self) -> Voice:
        """What speaks its announcements."""
        return self._ports.voice

    @property
    def is_flying(self) -> bool:
        """Whether a sortie of it is being flown."""
        return self.desks.sorties.plan is not None

    def say_what_is_left(self) -> None:
        """Nothing calls the aircraft home when the station ends: it flies on, and we say so."""
        sample = self._ports.vehicle.latest()
        if self.is_flying and sample is not None and sample.is_in_air:
            _log.warning(
                "the aircraft is left in the air",
                aircraft=self.aircraft,
                text="it goes on with its plan and its own fail-safes; start the station again in "
                "this folder and it is taken over",
                mode=sample.mode.value,
            )

    def _crowd_parts(self) -> CrowdParts:
        common, ports = self._common, self._ports
        return CrowdParts(
            aircraft=self.aircraft,
            camera_id=ports.camera_id,
            is_counts_only=ports.is_counts_only,
            register=common.register,
            rules=common.rules,
            legal=common.legal,
            records=common.records,
            bus=common.bus,
            board=common.board.of(self.aircraft),
            chronicle=common.chronicle,
            world=common.world,
            wall=common.wall,
            set_pace=self._set_pace,
            is_exercise=common.is_exercise,
            latest=ports.vehicle.latest,
            is_anothers=lambda seen, level: common.is_anothers(seen, level, self.aircraft),
        )

    def _sortie_desk(self, crowd: CrowdDesk, cases: CaseDesk) -> SortieDesk:
        """Who flies."""
        common, ports = self._common, self._ports
        sheet = common.board.of(self.aircraft)
        readiness = Readiness(
            vehicle=ports.vehicle, speaker=ports.speaker, board=sheet, wall=common.wall,
            bus=common.bus, world=common.world, within_s=common.ready_within_s,
            room=lambda said: common.room.ask(self.aircraft, said),
            limits=Limits(power=ports.power),
        )  # fmt: skip
        desk = SortieDesk(
            SortieParts(
                plans=common.plans,
                vehicle=ports.vehicle,
                records=common.records,
                telemetry=common.telemetry,
                bus=common.bus,
                board=sheet,
                chronicle=common.chronicle,
                crowd=crowd,
                cases=cases,
                world=common.world,
                wall=common.wall,
                preflight=readiness.check,
                is_exercise=common.is_exercise,
                on_over=lambda: common.room.leave(self.aircraft),
            )
        )
        common.room.join(self.aircraft, ports.vehicle.latest, lambda: desk.is_known)
        return desk

    def _make_guardian(self) -> Guardian:
        common, sorties = self._common, self.desks.sorties
        guardian = Guardian(
            vehicle=self._ports.vehicle, bus=common.bus, world=common.world, wall=common.wall,
            plan=lambda: sorties.plan, in_command=lambda: sorties.in_command,
            silent_others=lambda: common.room.silent(self.aircraft),
        )  # fmt: skip
        guardian.power = self._ports.power
        return guardian

    def _make_adoption(self) -> Adoption:
        """Who takes over after a restart."""
        common, sorties = self._common, self.desks.sorties
        return Adoption(
            records=common.records, telemetry=common.telemetry, vehicle=self._ports.vehicle,
            flyer=sorties, bus=common.bus, world=common.world, wall=common.wall,
            on_known=sorties.know_the_aircraft, on_found=sorties.show_found,
        )  # fmt: skip

    def _set_pace(self, want: MissionPlan | LookWindow | None) -> None:
        pace, ports = self._common.pace, self._ports
        if pace is not None:
            window = look_window(want, ports.lens) if isinstance(want, MissionPlan) else want
            pace.watch_legs(ports.camera_id, window)

    async def _look(self) -> None:
        """The eye is slow to start: it waits a little until it is known what the aircraft does."""
        with anyio.move_on_after(_EYE_WITHIN_S):
            await self.desks.sorties.until_known()
        await self._ports.eye.run()

    async def _ready_voice(self) -> None:
        """As the eye, it waits for the aircraft."""
        with anyio.move_on_after(_EYE_WITHIN_S):
            await self.desks.sorties.until_known()
        await self._ports.voice.run()

    async def _keep_link(self) -> None:
        await kept_alive(self._ports.vehicle.run, "aircraft", self.aircraft, self._common.wall)

    async def _feed_poses(self) -> None:
        with self._common.bus.subscribe(
            TelemetrySample,
            limit=_POSES_WAITING,
            where=lambda sample: sample.vehicle_id == self.aircraft,
        ) as samples:
            async for sample in samples:
                self._ports.eye.send_pose(sample)


async def once_known(
    waits: Iterable[Callable[[], Awaitable[None]]], within_s: float = _CONSOLE_WITHIN_S
) -> None:
    """Return when it is known what every aircraft does, and soon in any case."""
    with anyio.move_on_after(within_s):
        for until_known in waits:
            await until_known()


async def kept_alive(
    run: Callable[[], Awaitable[None]], what: str, name: str, wall: WallClock
) -> None:
    """Run it again whenever what it reaches is lost; told once at lost and at back."""
    await supervise(
        run,
        clock=wall,
        on_lost=lambda error: _log.warning(f"{what} lost", name=name, reason=str(error)),
        on_retry=lambda: _log.info(f"{what}: trying again", name=name),
    )
