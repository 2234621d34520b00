"""What the sortie desk of one aircraft is handed, and the sortie that it has in hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ground_station.alerts import CrowdAlert
from ground_station.case_desk import CaseDesk
from ground_station.chronicle import Chronicle
from ground_station.crowd_desk import CrowdDesk
from ground_station.live import Sheet
from ground_station.plan_desk import PlanDesk
from ground_station.sorties import SortieRecord
from ground_station.store.records import Records
from ground_station.store.telemetry import TelemetryLog
from missions.report import SortieReport
from missions.runner import SortieRunner
from patrol.bus import Bus
from patrol.cause import Cause
from patrol.clock import WallClock, WorldClock
from patrol.declaration import Declaration
from patrol.plan import Finding, MissionPlan
from patrol.vehicle import Vehicle


def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class SortieParts:
    """What the desk is handed."""

    plans: PlanDesk
    vehicle: Vehicle
    records: Records
    telemetry: TelemetryLog
    bus: Bus
    board: Sheet  # this aircraft's part of it
    chronicle: Chronicle
    crowd: CrowdDesk
    cases: CaseDesk
    world: WorldClock
    wall: WallClock
    preflight: Callable[[MissionPlan, Declaration | None], Awaitable[list[Finding]]]
    is_exercise: bool
    on_over: Callable[[], None] = _nothing  # the aircraft is down again, or did not take off


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
