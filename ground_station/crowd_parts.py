"""What the crowd desks of one aircraft are handed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ground_station.alert_levels import AlertLevel
from ground_station.chronicle import Chronicle
from ground_station.legal import LegalBook
from ground_station.live import Sheet
from ground_station.pace import LookWindow
from ground_station.store.records import Records
from missions.register import Register
from patrol.bus import Bus
from patrol.clock import WallClock, WorldClock
from patrol.plan import MissionPlan
from patrol.sighting import Sighting
from patrol.telemetry import TelemetrySample
from vision.crowd import CrowdRules


def _nothing_heard() -> TelemetrySample | None:
    return None


def _nobody_elses(sighting: Sighting, level: AlertLevel) -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class CrowdParts:
    """What the crowd desks are handed."""

    aircraft: str  # its configured name
    camera_id: str
    is_counts_only: bool  # no picture of its camera is kept: what T11 tells the people
    register: Register
    rules: CrowdRules
    legal: LegalBook
    records: Records
    bus: Bus
    board: Sheet  # this aircraft's part of it
    chronicle: Chronicle
    world: WorldClock
    wall: WallClock
    set_pace: Callable[[MissionPlan | LookWindow | None], None]
    is_exercise: bool
    latest: Callable[[], TelemetrySample | None] = _nothing_heard  # what the aircraft said last
    # Whether another aircraft has an alert of it, as grave as this at least.
    is_anothers: Callable[[Sighting, AlertLevel], bool] = _nobody_elses
