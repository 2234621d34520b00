"""What the sortie desk is handed, and the sortie that it has in hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ground_station.alerts import CrowdAlert
from ground_station.case_desk import CaseDesk
from ground_station.chronicle import Chronicle
from ground_station.crowd_desk import CrowdDesk
from ground_station.live import Board
from ground_station.route_shelf import RouteShelf
from ground_station.sorties import SortieRecord
from ground_station.store.records import Records
from ground_station.store.telemetry import TelemetryLog
from missions.register import Register
from missions.runner import SortieReport, SortieRunner
from patrol.bus import Bus
from patrol.camera import CameraLens
from patrol.cause import Cause
from patrol.clock import WallClock, WorldClock
from patrol.declaration import Declaration
from patrol.plan import Finding, MissionPlan
from patrol.vehicle import Vehicle


@dataclass(frozen=True, slots=True, kw_only=True)
class SortieParts:
    """What the desk is handed."""

    register: Register
    vehicle: Vehicle
    lens: CameraLens
    records: Records
    telemetry: TelemetryLog
    bus: Bus
    board: Board
    chronicle: Chronicle
    crowd: CrowdDesk
    cases: CaseDesk
    world: WorldClock
    wall: WallClock
    preflight: Callable[[MissionPlan, Declaration | None], Awaitable[list[Finding]]]
    is_exercise: bool
    routes: RouteShelf


@dataclass(frozen=True, slots=True, kw_only=True)
class Flight:
    """The sortie in hand."""

    record: SortieRecord
    plan: MissionPlan
    runner: SortieRunner
    cause: Cause
    report: SortieReport | None = None
    is_adopted: bool = False  # an earlier run of the station launched it
    alerts: tuple[CrowdAlert, ...] = ()  # and raised these
