"""Missions, and what is due, as the JSON of the API: nothing is decided here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from ground_station.due_patrols import Due
from ground_station.mission_shapes import DuePatrol, DueView, MissionShort, MissionView
from ground_station.patrol_missions import MISSION_MACHINE, PatrolMission
from ground_station.record_words import value_zh
from ground_station.store.codec import encode
from missions.register import Register

_INSIDE = ("findings", "in_hand", "register_version", "patrol_utc", "begun_utc")


def mission_view(mission: PatrolMission) -> MissionView:
    """A mission with what is possible in its state."""
    told: Any = {name: value for name, value in encode(mission).items() if name not in _INSIDE}
    view: MissionView = told | {
        "state_zh": value_zh(mission.state),
        "possible": [event.value for event in MISSION_MACHINE.possible(mission.state)],
    }
    return view


def mission_short(mission: PatrolMission) -> MissionShort:
    """Which it is and where it stands."""
    return {
        "mission_id": mission.mission_id,
        "state": mission.state.value,
        "state_zh": value_zh(mission.state),
    }


def due_view(register: Register, day: date, due: Sequence[Due]) -> DueView:
    """The list of a day, in its order."""
    items: list[DuePatrol] = [
        {
            "grid_code": one.debt.grid_code,
            "grid_name": register.areas[one.debt.grid_code].name_spoken,
            "priority": priority,
            "is_due": one.is_due,
            "is_overdue": one.debt.is_overdue,
            "last_look_utc": encode(one.debt.last_look_utc),
            "unseen_s": one.debt.unseen_s,
            "mission": None if one.mission is None else mission_short(one.mission),
            "break_point": encode(one.break_point),
        }
        for priority, one in enumerate(due, 1)
    ]
    return {
        "day": day.isoformat(),
        "due_count": sum(one.is_due for one in due),
        "unplanned_count": sum(one.is_due and one.mission is None for one in due),
        "items": items,
    }
