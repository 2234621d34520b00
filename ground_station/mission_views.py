"""A mission as the JSON of the API: nothing is decided here."""

from __future__ import annotations

from typing import Any

from ground_station.mission_shapes import MissionShort, MissionView
from ground_station.patrol_missions import MISSION_MACHINE, PatrolMission
from ground_station.record_words import value_zh
from ground_station.store.codec import encode

_INSIDE = ("findings", "register_version", "patrol_utc", "begun_utc")


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
