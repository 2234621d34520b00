"""Scopes by the grid tree: what lies below is seen, what lies beside never is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground_station.live import Board
from ground_station.people.door import Caller
from ground_station.people.errors import DoorRefused
from ground_station.people.persons import Grant, Person
from ground_station.people.scopes import (
    DISTRICT,
    covers,
    is_whole,
    narrowed,
    read_department,
    read_scope,
    whole_of,
)
from ground_station.people.seen import seen_grids, seen_message, seen_state, sees_event
from missions.codes import HAOJIANG, CodeForm
from patrol.cause import Role

WU = Person(login="wu", name="Wu")
OURS, THEIRS = "440512001003004", "440512001004001"  # a community and its neighbour
parts = st.integers(0, 999).map(lambda number: f"{number:03d}")
codes = st.lists(parts, max_size=3).map(lambda found: DISTRICT + "".join(found))
BOTH = ({"grid_code": OURS, "id": 1}, {"grid_code": THEIRS, "id": 2}, {"grid_code": None})
KEYS_BY_SORTIE = ("announcement", "effect", "crowd")
OF_FLIGHT = ("people", "look", "camera", *KEYS_BY_SORTIE)
OF_UNIT = ("sortie", "alert", "alerts", *OF_FLIGHT, "new")
values = st.recursive(
    st.sampled_from([None, 0, 7, "", "x", {"grid_code": OURS}, {"grid_code": 7}]),
    lambda inner: st.lists(inner, max_size=2),
    max_leaves=4,
)


def who(scope: str, role: Role = Role.COMMUNITY) -> Caller:
    return Caller(person=WU, grants=(Grant(role=role, scope=scope),))


@given(codes, codes)
def test_a_scope_covers_itself_and_what_lies_below_and_nothing_else(a: str, b: str) -> None:
    is_below = all(x == y for x, y in zip(levels(b), levels(a), strict=False))
    assert covers(a, b) == (is_below and len(b) >= len(a))
    assert covers(a, a)


def levels(code: str) -> list[str]:
    return [code[:6], *(code[at : at + 3] for at in range(6, len(code), 3))]


@given(codes, parts, parts)
def test_a_scope_never_sees_a_sibling(parent: str, one: str, other: str) -> None:
    if len(parent) < 15 and one != other:
        mine, beside = parent + one, parent + other
        assert not covers(mine, beside)
        assert not covers(mine, beside + "001"[: 3 if len(beside) < 15 else 0])
        assert not covers(mine, parent)


@given(codes)
def test_what_lies_in_no_grid_is_the_districts_alone(scope: str) -> None:
    assert covers(scope, None) == (scope == DISTRICT)
    assert covers(scope, "") == (scope == DISTRICT)
    assert covers(scope, "440512T30001") == (scope == DISTRICT)


@given(codes, codes, codes)
def test_a_narrowed_scope_covers_only_what_both_cover(a: str, b: str, place: str) -> None:
    both = narrowed(a, b)
    seen = both is not None and covers(both, place)
    assert seen == (covers(a, place) and covers(b, place))


@pytest.mark.parametrize("text", ["", "440513", "44051200", "440512T3", "*", "440512%"])
def test_what_is_no_part_of_the_district_is_no_scope(text: str) -> None:
    with pytest.raises(DoorRefused, match="not a scope"):
        read_scope(text, HAOJIANG)


@pytest.mark.parametrize("text", ["", "4405", "44051200", "440512T3", "*", "440512%", "44051X001"])
def test_what_is_of_no_district_is_no_scope_anywhere(text: str) -> None:
    with pytest.raises(DoorRefused, match="not a scope"):
        read_scope(text)


def test_the_scopes_of_another_district_are_of_its_own_codes() -> None:
    longhu = CodeForm(district="440507")
    assert whole_of(longhu) == "440507"
    assert whole_of(None) == DISTRICT
    assert read_scope("440507 003", longhu) == "440507003"
    leader = who("440507", Role.LEADER)
    assert sees_event(leader, {"grid_code": "440507003001001"})
    assert is_whole(leader.scopes)
    assert covers("440507003", "440507003001001")
    assert not covers("440507003", "440507004001001")
    assert narrowed("440507", "440507003") == "440507003"
    assert read_department("440507d02") == "440507D02"
    with pytest.raises(DoorRefused, match="440507, or a street"):
        read_scope("440512003", longhu)


def a_unit(flown: str | None) -> dict[str, Any]:
    """What the board has of one aircraft, with something of ours and of theirs."""
    unit: dict[str, Any] = {key: ["secret"] for key in OF_FLIGHT}
    return unit | {
        "sortie": {"grid_code": flown} if flown else None,
        "alerts": list(BOTH),
        "alert": BOTH[1],
    }


def a_state(*flown: str | None) -> dict[str, Any]:
    """A station whose first aircraft, GP-1, flies over the first place, and so on."""
    units = {f"GP-{number}": a_unit(place) for number, place in enumerate(flown, 1)}
    story = [{"event": "airborne", "grid": THEIRS}, {"event": "landed", "grid": OURS}]
    return {
        "units": units, "aircraft": [{"id": name} for name in units], "cases": list(BOTH),
        "clock": {"utc": "now"}, "story": story, "new": {"grid_code": OURS},
    }  # fmt: skip


def a_board(*flown: str | None) -> Board:
    state = a_state(*flown)
    board = Board(state["units"])
    board.set(aircraft=state["aircraft"])
    for name, unit in state["units"].items():
        board.of(name).set(**unit)
    return board


def rows(seen: dict[str, Any]) -> list[str]:
    """Whose rows are among the aircraft."""
    return [row["id"] for row in seen["aircraft"]]


def test_the_state_holds_what_is_ours_and_the_shape_of_the_rest() -> None:
    seen = seen_state(who(OURS[:12]), a_state(THEIRS))
    assert seen["clock"] == {"utc": "now"}
    assert [case["id"] for case in seen["cases"]] == [1]
    unit = seen["units"]["GP-1"]
    assert [alert["id"] for alert in unit["alerts"]] == [1]
    assert (unit["sortie"], unit["alert"], rows(seen)) == (None, None, [])
    assert {key: unit[key] for key in OF_FLIGHT} == {key: [] for key in OF_FLIGHT}
    assert [event["event"] for event in seen["story"]] == ["landed"]
    assert seen["new"] is None, "a key without a rule is the district's"


def test_what_each_aircraft_shows_is_seen_by_those_whose_grid_it_flies_over() -> None:
    state = a_state(THEIRS, OURS)
    for scope, own, other in ((OURS[:12], "GP-2", "GP-1"), (THEIRS[:12], "GP-1", "GP-2")):
        seen = seen_state(who(scope), state)
        assert rows(seen) == [own]
        assert seen["units"][own]["sortie"] is not None
        for key in OF_FLIGHT:
            assert (seen["units"][own][key], seen["units"][other][key]) == (["secret"], [])
        assert seen["units"][other]["sortie"] is None
    assert rows(seen_state(who(OURS[:9]), state)) == ["GP-1", "GP-2"]


def test_a_row_of_no_aircraft_of_the_station_is_the_districts_alone() -> None:
    state = a_state(OURS)
    state["aircraft"] += [{"id": "GP-9"}, {}]
    assert rows(seen_state(who(OURS[:12]), state)) == ["GP-1"]
    assert seen_state(who(DISTRICT), state) == state


def test_an_aircraft_that_flies_nowhere_is_the_crews_alone() -> None:
    state = a_state(None)
    assert rows(seen_state(who(OURS[:12]), state)) == []
    assert rows(seen_state(who(OURS[:12], Role.PILOT), state)) == ["GP-1"]


def test_a_sortie_that_is_over_hides_its_story_from_the_neighbours_but_not_the_aircraft() -> None:
    state = a_state(THEIRS)
    state["units"]["GP-1"]["sortie"]["state"] = "CLOSED"
    seen = seen_state(who(OURS[:12], Role.PILOT), state)
    assert (rows(seen), seen["units"]["GP-1"]["camera"]) == (["GP-1"], ["secret"])
    unit = seen["units"]["GP-1"]
    assert {key: unit[key] for key in KEYS_BY_SORTIE} == {key: [] for key in KEYS_BY_SORTIE}


def test_a_flight_that_goes_over_to_the_neighbours_takes_its_own_pictures_along() -> None:
    caller = who(OURS[:12])
    for flown, shown, there in (((OURS, THEIRS), [], ["GP-1"]), ((OURS, OURS), ["secret"], None)):
        board = a_board(*flown)
        patch = {"units": {"GP-2": {"sortie": board.of("GP-2").get("sortie")}}}
        message = seen_message(caller, {"type": "patch", "patch": patch}, board)
        assert message is not None
        unit = message["patch"]["units"]["GP-2"]
        assert {key: unit[key] for key in OF_FLIGHT} == dict.fromkeys(OF_FLIGHT, shown)
        assert rows(message["patch"]) == (there or ["GP-1", "GP-2"])
        assert "GP-1" not in message["patch"]["units"], "the other's keys did not change"


def test_a_patch_of_one_aircraft_is_judged_by_its_own_flight() -> None:
    board = a_board(THEIRS, OURS)
    both = {name: {"people": [[116.7, 23.2]]} for name in board.units}
    patch = {"aircraft": board.get("aircraft"), "units": both}
    message = seen_message(who(OURS[:12]), {"type": "patch", "patch": patch}, board)
    assert message is not None
    units = message["patch"]["units"]
    assert (units["GP-1"]["people"], units["GP-2"]["people"]) == ([], [[116.7, 23.2]])
    assert rows(message["patch"]) == ["GP-2"]


def test_events_go_by_the_grid_they_name_and_else_by_their_sorties() -> None:
    ours = who(OURS[:12])
    assert sees_event(ours, {"event": "case.filed", "grid": THEIRS, "grid_code": OURS})
    assert not sees_event(ours, {"event": "sighting", "grid": OURS, "in_grid": THEIRS})
    assert not sees_event(ours, {"event": "refused", "grid": ""})
    theirs = {"type": "event", "event": {"grid": THEIRS}}
    assert seen_message(ours, theirs, Board()) is None


def test_the_map_shows_ones_own_areas_and_those_they_lie_in() -> None:
    named = [DISTRICT, "440512001", "440512002", OURS[:12], THEIRS[:12], OURS, THEIRS]
    features = [{"properties": {"code": code}} for code in named]
    site = {"properties": {"code": "440512T30001", "grid_code": OURS}}
    seen = seen_grids(who(OURS[:12]), {"features": [*features, site]})
    shown = [feature["properties"]["code"] for feature in seen["features"]]
    assert shown == [DISTRICT, "440512001", OURS[:12], OURS, "440512T30001"]


units = st.dictionaries(
    st.sampled_from(["GP-1", "GP-2"]), st.dictionaries(st.sampled_from(OF_UNIT), values)
)


@given(st.dictionaries(st.sampled_from(["aircraft", "cases", "new"]), values), units)
def test_no_board_however_odd_shows_anything_to_who_has_no_part_of_it(
    own: dict[str, Any], of_units: dict[str, dict[str, Any]]
) -> None:
    nobody = Caller(person=WU, grants=())
    seen = seen_state(nobody, own | {"units": of_units})
    shown = [*seen.pop("units").values(), seen]
    assert all(value in (None, []) for keys in shown for value in keys.values())
