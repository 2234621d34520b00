"""What of the board one caller sees: each key by its rule; a key without a rule, the district."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ground_station.people.door import Caller
from ground_station.people.scopes import DISTRICT, is_on_the_way
from patrol.cause import Role
from patrol.story import StoryEvent

_CREW = frozenset({Role.PILOT, Role.ANNOUNCER, Role.REGISTRAR, Role.LEADER, Role.TESTER})
_FLIGHT_KEYS = ("sortie", "sorties")


class _Rule(enum.Enum):
    EVERYBODY = "everybody"
    BY_GRID = "by_grid"  # an object or a list of objects that say their grid
    BY_SORTIE = "by_sortie"  # belongs to the sortie that is shown, over or not
    BY_AIRCRAFT = "by_aircraft"  # what the aircraft shows now


_RULES: Mapping[str, _Rule] = {
    "station": _Rule.EVERYBODY, "register": _Rule.EVERYBODY, "clock": _Rule.EVERYBODY,
    "sortie": _Rule.BY_GRID, "sorties": _Rule.BY_GRID, "alert": _Rule.BY_GRID,
    "alerts": _Rule.BY_GRID, "cases": _Rule.BY_GRID,
    "announcement": _Rule.BY_SORTIE, "effect": _Rule.BY_SORTIE, "crowd": _Rule.BY_SORTIE,
    "aircraft": _Rule.BY_AIRCRAFT, "people": _Rule.BY_AIRCRAFT, "look": _Rule.BY_AIRCRAFT,
    "camera": _Rule.BY_AIRCRAFT,
}  # fmt: skip
_WITH_SORTIE = tuple(
    key for key, rule in _RULES.items() if rule in (_Rule.BY_SORTIE, _Rule.BY_AIRCRAFT)
)
_OVER = ("LANDED", "CLOSED", "ABORTED")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Flight:
    """What of the flight one caller sees."""

    is_sortie_seen: bool
    is_aircraft_seen: bool


def _flight(caller: Caller, get: Callable[[str], Any]) -> _Flight:
    shown = [item for key in _FLIGHT_KEYS for item in _items(get(key))]
    flown = [item for item in shown if item.get("state") not in _OVER]
    is_crew = any(grant.role in _CREW for grant in caller.grants)
    return _Flight(
        is_sortie_seen=bool(shown) and all(caller.sees(item.get("grid_code")) for item in shown),
        is_aircraft_seen=all(caller.sees(item.get("grid_code")) for item in flown)
        if flown
        else is_crew,
    )


def sees_all(caller: Caller) -> bool:
    """Whether nothing has to be left out."""
    return DISTRICT in caller.scopes


def sees_flight(caller: Caller, get: Callable[[str], Any]) -> bool:
    """Whether what the aircraft shows is theirs: over their part, or on the ground for the crew."""
    return sees_all(caller) or _flight(caller, get).is_aircraft_seen


def seen_state(caller: Caller, state: Mapping[str, Any]) -> dict[str, Any]:
    """The whole state as this caller sees it, the story among it."""
    if sees_all(caller):
        return dict(state)
    flight = _flight(caller, state.get)
    seen = {
        key: _seen(caller, key, value, flight)
        for key, value in state.items() if key != "story"
    }  # fmt: skip
    story = [event for event in state.get("story", ()) if sees_event(caller, event)]
    return seen | {"story": story}


def seen_message(
    caller: Caller, message: Mapping[str, Any], get: Callable[[str], Any]
) -> dict[str, Any] | None:
    """A message of the board as this caller sees it, or None when nothing of it is theirs.

    `get` gives the board's present value of a key.
    """
    if sees_all(caller):
        return dict(message)
    if message["type"] == "event":
        return dict(message) if sees_event(caller, message["event"]) else None
    if message["type"] == "state":
        return {"type": "state", "state": seen_state(caller, message["state"])}
    patch = dict(message["patch"])
    if any(key in patch for key in _FLIGHT_KEYS):
        # Another grid is flown over: what belongs to the flight comes or goes with it.
        patch |= {key: get(key) for key in _WITH_SORTIE}
    flight = _flight(caller, get)
    seen = {key: _seen(caller, key, value, flight) for key, value in patch.items()}
    return {"type": "patch", "patch": seen}


def sees_event(caller: Caller, event: Mapping[str, Any] | StoryEvent) -> bool:
    """By the grid that the event itself names, else by that of its sortie."""
    fields = event.to_dict() if isinstance(event, StoryEvent) else event
    place = fields.get("grid_code") or fields.get("in_grid") or fields.get("grid")
    return caller.sees(place if isinstance(place, str) else None)


def seen_grids(caller: Caller, collection: Mapping[str, Any]) -> dict[str, Any]:
    """The caller's part of the register, and the areas it lies in."""
    if sees_all(caller):
        return dict(collection)
    features = [
        feature for feature in collection["features"]
        if _sees_area(caller, feature.get("properties") or {})
    ]  # fmt: skip
    return {**collection, "features": features}


def _sees_area(caller: Caller, properties: Mapping[str, Any]) -> bool:
    code = str(properties.get("grid_code") or properties.get("code") or "")
    return bool(code) and (caller.sees(code) or is_on_the_way(caller.scopes, code))


def _seen(caller: Caller, key: str, value: Any, flight: _Flight) -> Any:  # noqa: ANN401
    rule = _RULES.get(key)
    if rule is _Rule.EVERYBODY:
        return value
    if rule is _Rule.BY_SORTIE:
        return value if flight.is_sortie_seen else _nothing_like(value)
    if rule is _Rule.BY_AIRCRAFT:
        return value if flight.is_aircraft_seen else _nothing_like(value)
    if rule is _Rule.BY_GRID:
        if isinstance(value, list):
            return [item for item in _items(value) if caller.sees(item.get("grid_code"))]
        if isinstance(value, Mapping) and caller.sees(value.get("grid_code")):
            return value
    return _nothing_like(value)


def _items(value: Any) -> list[Mapping[str, Any]]:  # noqa: ANN401  # JSON values
    found = value if isinstance(value, list) else [value]
    return [item for item in found if isinstance(item, Mapping)]


def _nothing_like(value: Any) -> list[Any] | None:  # noqa: ANN401  # JSON values
    return [] if isinstance(value, list) else None
