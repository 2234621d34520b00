"""What the crowd desks are handed, and the words in which they tell what they have done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ground_station.chronicle import Chronicle
from ground_station.legal import LegalBook
from ground_station.live import Board
from ground_station.pace import LookWindow
from ground_station.store.records import Records
from missions.register import Register
from patrol.bus import Bus
from patrol.clock import WallClock, WorldClock
from patrol.plan import MissionPlan
from patrol.telemetry import TelemetrySample
from vision.crowd import CrowdRules


def _nothing_heard() -> TelemetrySample | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrowdParts:
    """What the crowd desks are handed."""

    register: Register
    rules: CrowdRules
    legal: LegalBook
    records: Records
    bus: Bus
    board: Board
    chronicle: Chronicle
    world: WorldClock
    wall: WallClock
    set_pace: Callable[[MissionPlan | LookWindow | None], None]
    is_exercise: bool
    latest: Callable[[], TelemetrySample | None] = _nothing_heard  # what the aircraft said last
