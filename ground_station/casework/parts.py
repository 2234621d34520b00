"""What the desks of casework are handed, and how they show what they have recorded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import anyio

from ground_station.case_rules import CaseRules
from ground_station.casework.case import Case
from ground_station.casework.contacts import ContactBook
from ground_station.casework.items import ItemList
from ground_station.chronicle import Chronicle
from ground_station.event_fields import case_fields
from ground_station.live import Board
from ground_station.owners import Owner, ResponsibilityTable, Tier
from ground_station.store.records import Records
from ground_station.store.shelves import Shelves
from missions.register import Register
from patrol.clock import WorldClock
from patrol.geo import GeoPoint
from patrol.story import StoryEvent

_SHOWN = 200  # the others are in the queue


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseworkParts:
    """What each desk records with and shows on. `changing` is held while anything changes."""

    records: Records
    files: Shelves
    register: Register
    rules: CaseRules
    table: ResponsibilityTable
    items: ItemList
    contacts: ContactBook
    board: Board
    chronicle: Chronicle
    world: WorldClock
    is_exercise: bool
    changing: anyio.Lock = field(default_factory=anyio.Lock)

    def owner(self, grid_code: str | None, tier: Tier) -> Owner:
        """Who answers for a place at a tier: looked up, never typed (DOMAIN S-16)."""
        names = self.register.names_up(grid_code) if grid_code else {}
        return self.table.owner(
            grid_code=grid_code, tier=tier, names=names, for_exercise=self.is_exercise
        )

    def grid_at(self, place: GeoPoint) -> tuple[str | None, str]:
        """Code and spoken name of the grid that a place lies in; outside every grid neither."""
        code = self.register.grid_at(place)
        return code, self.register.areas[code].name_spoken if code else ""

    def tell(self, name: str, grid_code: str | None, fields: dict[str, Any]) -> None:
        """Show an event that has just been recorded."""
        self.chronicle.tell(
            StoryEvent(
                name=name, time_utc=self.world.now_utc(), grid=grid_code or "", fields=fields
            )
        )

    async def show(self, case: Case) -> None:
        """Put a case first in the consoles' list; one that is over leaves it."""
        # Read before the list is: another case may be shown meanwhile.
        tasked = sorted({one.unit.code for one in await self.files.dispatches(case.case_no)})
        shown = self.board.get("cases") or []
        others = [item for item in shown if item["case_no"] != case.case_no]
        first = [{**case_fields(case), "tasked": tasked}] if case.is_open else []
        self.board.set(cases=[*first, *others][:_SHOWN])
