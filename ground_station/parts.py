"""What the web application is handed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ground_station.case_desk import CaseDesk
from ground_station.centre import Centre
from ground_station.crowd_desk import CrowdDesk
from ground_station.live import Board
from ground_station.people.parts import People
from ground_station.settings import StationSettings
from ground_station.sortie_desk import SortieDesk
from ground_station.speaking_desk import SpeakingDesk
from ground_station.store.records import Records
from ground_station.templates import Template
from missions.register import Register
from patrol.bus import Bus


class Pictures(Protocol):
    """The fallback picture for browsers without WebCodecs."""

    async def newest(self) -> bytes | None:
        """The newest JPEG, or None while there is none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything the API touches."""

    settings: StationSettings
    bus: Bus
    board: Board
    grids_geojson: dict[str, Any]
    register: Register
    records: Records
    people: People
    centre: Centre
    templates: Mapping[str, Template]
    pictures: Pictures
    sortie_desk: SortieDesk
    crowd_desk: CrowdDesk
    case_desk: CaseDesk
    speaking_desk: SpeakingDesk
