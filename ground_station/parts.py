"""What the web application is handed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ground_station.centre import Centre
from ground_station.live import Board
from ground_station.mission_desk import MissionDesk
from ground_station.people.parts import People
from ground_station.plan_desk import PlanDesk
from ground_station.settings import StationSettings
from ground_station.store.records import Records
from ground_station.switchboard import Switchboard
from missions.register import Register
from patrol.bus import Bus
from patrol.clock import WorldClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything the API touches."""

    settings: StationSettings
    bus: Bus
    board: Board
    world: WorldClock
    grids_geojson: dict[str, Any]
    register: Register
    records: Records
    people: People
    centre: Centre
    plans: PlanDesk
    missions: MissionDesk
    switchboard: Switchboard
