"""Where and when words are for: the communities around a grid and the orders in force in it."""

from __future__ import annotations

from datetime import datetime

from ground_station.legal import LegalBook
from ground_station.words.slot_lists import SlotPlace, orders_in_force
from missions.codes import GridLevel
from missions.register import Register


def slot_place(
    register: Register,
    legal: LegalBook,
    *,
    grid_code: str | None,
    at_utc: datetime,
    is_exercise: bool,
) -> SlotPlace:
    """The grid's own community and its orders; in no grid there are neither."""
    around = register.areas_up(grid_code) if grid_code else []
    return SlotPlace(
        communities=tuple(area.name_zh for area in around if area.level is GridLevel.COMMUNITY),
        orders=tuple(
            orders_in_force(legal, grid_code=grid_code, at_utc=at_utc, is_exercise=is_exercise)
        ),
    )
