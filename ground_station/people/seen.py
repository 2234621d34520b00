"""What of the board one caller sees: each key by its rule; a key without a rule, the district."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ground_station.live import UNITS
from ground_station.people.door import Caller
from ground_station.people.scopes import DISTRICT, is_on_the_way, is_whole
from patrol.cause import Role
from patrol.story import StoryEvent

_CREW = frozenset({Role.PILOT, Role.ANNOUNCER, Role.REGISTRAR, Role.LEADER, Role.TESTER})
_OVER = ("LANDED", "CLOSED", "ABORTED")


class _Rule(enum.Enum):
    EVERYBODY = "everybody"
    BY_GRID = "by_grid"  # an object or a list of objects that say their grid
    BY_SORTIE = "by_sortie"  # belongs to the unit's sortie that is shown, over or not
    BY_FLIGHT = "by_flight"  # what the unit's aircraft shows now
    BY_UNIT = "by_unit"  # a list of aircraft, each row by the flight of its own unit


_OF_STATION: Mapping[str, _Rule] = {
    "station": _Rule.EVERYBODY, "register": _Rule.EVERYBODY, "clock": _Rule.EVERYBODY,
    "cases": _Rule.BY_GRID, "missions": _Rule.BY_GRID, "aircraft": _Rule.BY_UNIT,
}  # fmt: skip
_OF_UNIT: Mapping[str, _Rule] = {
    "sortie": _Rule.BY_GRID, "alert": _Rule.BY_GRID, "alerts": _Rule.BY_GRID,
    "announcement": _Rule.BY_SORTIE, "effect": _Rule.BY_SORTIE, "crowd": _Rule.BY_SORTIE,
    "people": _Rule.BY_FLIGHT, "look": _Rule.BY_FLIGHT, "camera": _Rule.BY_FLIGHT,
}  # fmt: skip
_WITH_SORTIE = tuple(
    key for key, rule in _OF_UNIT.items() if rule in (_Rule.BY_SORTIE, _Rule.BY_FLIGHT)
)


class Keys(Protocol):
    """Where the present value of a key is read."""

    def get(self, key: str, /) -> Any:  # noqa: ANN401  # JSON values
        """It, or None."""
        ...


class Shown(Keys, Protocol):
    """The board: the station's own keys, and those of each unit."""

    @property
    def units(self) -> Mapping[str, Keys]:
        """The keys of each aircraft's unit."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Flight:
    """What of one unit's flight one caller sees."""

    is_sortie_seen: bool
    is_aircraft_seen: bool


_NO_FLIGHT = _Flight(is_sortie_seen=False, is_aircraft_seen=False)
_Flights = Mapping[str, _Flight]
Audience = tuple[tuple[str, ...], bool]


def _flight(caller: Caller, unit: Keys) -> _Flight:
    sortie = unit.get("sortie")
    is_shown = isinstance(sortie, Mapping)
    is_ours = is_shown and caller.sees(sortie.get("grid_code"))
    is_flown = is_shown and sortie.get("state") not in _OVER
    is_theirs = is_ours if is_flown else _is_crew(caller)
    return _Flight(is_sortie_seen=is_ours, is_aircraft_seen=is_theirs)


def _is_crew(caller: Caller) -> bool:
    return any(grant.role in _CREW for grant in caller.grants)


def _flights(caller: Caller, units: Mapping[str, Keys]) -> _Flights:
    return {name: _flight(caller, unit) for name, unit in units.items()}


def sees_all(caller: Caller) -> bool:
    """Whether nothing has to be left out."""
    return is_whole(caller.scopes)


def sees_flight(caller: Caller, unit: Keys) -> bool:
    """Whether what this unit's aircraft shows is theirs: over their part, or down for the crew."""
    return sees_all(caller) or _flight(caller, unit).is_aircraft_seen


def flown_over(unit: Keys) -> str | None:
    """The grid that this unit's aircraft flies over; None while it is down."""
    sortie = unit.get("sortie")
    if not isinstance(sortie, Mapping) or sortie.get("state") in _OVER:
        return None
    return sortie.get("grid_code")


def audience_of(caller: Caller) -> Audience:
    """Callers of one audience see the very same of the board."""
    if sees_all(caller):
        return (DISTRICT,), True
    return tuple(sorted((*caller.scopes, *caller.departments))), _is_crew(caller)


def seen_state(caller: Caller, state: Mapping[str, Any]) -> dict[str, Any]:
    """The whole state as this caller sees it, the story among it."""
    if sees_all(caller):
        return dict(state)
    told = {key: value for key, value in state.items() if key != "story"}
    story = [event for event in state.get("story", ()) if sees_event(caller, event)]
    return _seen(caller, told, _flights(caller, state.get(UNITS, {}))) | {"story": story}


def seen_message(caller: Caller, message: Mapping[str, Any], board: Shown) -> dict[str, Any] | None:
    """A message of the board as this caller sees it, or None when nothing of it is theirs."""
    if sees_all(caller):
        return dict(message)
    if message["type"] == "event":
        return dict(message) if sees_event(caller, message["event"]) else None
    if message["type"] == "state":
        return {**message, "state": seen_state(caller, message["state"])}
    patch = _with_flights(message["patch"], board)
    return {**message, "patch": _seen(caller, patch, _flights(caller, board.units))}


def _with_flights(patch: Mapping[str, Any], board: Shown) -> dict[str, Any]:
    """Where another grid is flown over, what belongs to that flight comes or goes with it."""
    units = {name: dict(keys) for name, keys in patch.get(UNITS, {}).items()}
    moved = [name for name, keys in units.items() if "sortie" in keys]
    for name in moved:
        units[name] |= {key: board.units[name].get(key) for key in _WITH_SORTIE}
    more: dict[str, Any] = {UNITS: units} if units else {}
    return dict(patch) | more | ({"aircraft": board.get("aircraft")} if moved else {})


def sees_event(caller: Caller, event: Mapping[str, Any] | StoryEvent) -> bool:
    """By the grid that the event itself names, else by that of its sortie; or by whose it is."""
    fields = event.to_dict() if isinstance(event, StoryEvent) else event
    place = fields.get("grid_code") or fields.get("in_grid") or fields.get("grid")
    units = (fields.get("owner_code"), fields.get("unit_code"))
    return caller.sees(place if isinstance(place, str) else None, units)


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


def _seen(caller: Caller, told: Mapping[str, Any], flights: _Flights) -> dict[str, Any]:
    """The station's keys and those of its units, each by its rule."""
    seen: dict[str, Any] = {}
    for key, value in told.items():
        if key == UNITS:
            seen[key] = {
                name: _seen_of_unit(caller, keys, flights.get(name, _NO_FLIGHT))
                for name, keys in value.items()
            }
        elif _OF_STATION.get(key) is _Rule.BY_UNIT:
            seen[key] = [
                row for row in _items(value)
                if flights.get(str(row.get("id")), _NO_FLIGHT).is_aircraft_seen
            ]  # fmt: skip
        else:
            seen[key] = _seen_key(caller, _OF_STATION.get(key), value, _NO_FLIGHT)
    return seen


def _seen_of_unit(caller: Caller, keys: Mapping[str, Any], flight: _Flight) -> dict[str, Any]:
    return {key: _seen_key(caller, _OF_UNIT.get(key), value, flight) for key, value in keys.items()}


def _seen_key(caller: Caller, rule: _Rule | None, value: Any, flight: _Flight) -> Any:  # noqa: ANN401
    if rule is _Rule.EVERYBODY:
        return value
    if rule is _Rule.BY_SORTIE:
        return value if flight.is_sortie_seen else _nothing_like(value)
    if rule is _Rule.BY_FLIGHT:
        return value if flight.is_aircraft_seen else _nothing_like(value)
    if rule is _Rule.BY_GRID:
        if isinstance(value, list):
            return [item for item in _items(value) if _sees_row(caller, item)]
        if isinstance(value, Mapping) and _sees_row(caller, value):
            return value
    return _nothing_like(value)


def _sees_row(caller: Caller, row: Mapping[str, Any]) -> bool:
    """By its grid, or because it is of their department: owned by it, or with a task for it."""
    return caller.sees(row.get("grid_code"), (row.get("owner_code"), *row.get("tasked", ())))


def _items(value: Any) -> list[Mapping[str, Any]]:  # noqa: ANN401  # JSON values
    found = value if isinstance(value, list) else [value]
    return [item for item in found if isinstance(item, Mapping)]


def _nothing_like(value: Any) -> list[Any] | None:  # noqa: ANN401  # JSON values
    return [] if isinstance(value, list) else None
