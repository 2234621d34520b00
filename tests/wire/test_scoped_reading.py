"""Each sees the own part of the district alone: state, streams, map, and ids that are asked for."""

from __future__ import annotations

import json
from typing import Any

import anyio
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError

from patrol.cause import Role
from patrol.story import StoryEvent
from tests.fakes import START
from tests.ground_core import GRID, SORTIE
from tests.wire.test_sign_in import told
from tests.wire.test_web_api import ALERT, House, house, received

__all__ = ["house"]  # a fixture

pytestmark = pytest.mark.anyio
OURS, THEIRS = GRID[:12], "440512002001"
BESIDE = THEIRS + "001"
LEADS = (Role.COMMUNITY,)
CREW = (Role.PILOT, Role.OPERATOR, Role.LEADER, Role.REGISTRAR)


def show(house: House, flown: str) -> None:
    alerts = [{"id": "A-1", "grid_code": GRID}, {"id": "A-2", "grid_code": BESIDE}]
    house.board.set(
        sortie={"id": SORTIE, "grid_code": flown}, alerts=alerts, alert=alerts[1],
        people=[[116.7, 23.2]], clock={"utc": "now"},
    )  # fmt: skip


def an_event(name: str, grid: str) -> StoryEvent:
    return StoryEvent(name=name, time_utc=START, sortie=SORTIE, grid=grid)


async def test_the_state_is_that_of_ones_own_community(house: House) -> None:
    show(house, BESIDE)
    house.board.tell(an_event("airborne", BESIDE))
    program = house.client(await house.let_in("Li", roles=LEADS, scope=OURS))
    state = (await program.get("/api/state")).json()
    assert [alert["id"] for alert in state["alerts"]] == ["A-1"]
    assert (state["sortie"], state["alert"], state["people"], state["story"]) == (
        None, None, [], [],
    )  # fmt: skip
    assert ("view.state", "Li", "") in await told(house, "view")


async def test_the_live_socket_follows_the_flight_into_and_out_of_ones_part(house: House) -> None:
    show(house, BESIDE)
    headers = await house.let_in("Li", roles=LEADS, scope=OURS)
    async with connect(house.live_url, additional_headers=headers) as socket:
        assert (await received(socket))["state"]["people"] == []
        show(house, GRID)
        patch = (await received(socket))["patch"]
        assert (patch["people"], patch["sortie"]["id"]) == ([[116.7, 23.2]], SORTIE)
        house.board.tell(an_event("waypoint", BESIDE))
        house.board.tell(an_event("landed", GRID))
        assert (await received(socket))["event"]["event"] == "landed"
        show(house, BESIDE)
        patch = (await received(socket))["patch"]
        assert (patch["people"], patch["sortie"]) == ([], None)


async def test_a_scope_that_changes_counts_on_a_socket_that_is_open(house: House) -> None:
    show(house, GRID)
    headers = await house.let_in("Li", roles=LEADS, scope=OURS)
    async with connect(house.live_url, additional_headers=headers) as socket:
        assert (await received(socket))["state"]["people"] != []
        await house.book.set_scope("li", THEIRS)
        with anyio.fail_after(5.0):
            while True:
                show(house, GRID)
                message = await received(socket)
                if message["patch"].get("people") == []:
                    break


async def test_the_story_streamed_is_that_of_ones_own_part(house: House) -> None:
    for name, grid in (("airborne", BESIDE), ("landed", GRID)):
        house.board.tell(an_event(name, grid))
    program = house.client(await house.let_in("Li", roles=LEADS, scope=OURS))
    async with program.stream("GET", "/api/events") as answer:
        with anyio.fail_after(5.0):
            first = json.loads(await anext(answer.aiter_lines()))
    assert first["event"] == "landed"


async def test_the_map_has_ones_own_grids_and_not_the_neighbours(house: House) -> None:
    program = house.client(await house.let_in("Li", roles=LEADS, scope=OURS))
    features = (await program.get("/api/grids.geojson")).json()["features"]
    codes = {feature["properties"]["code"] for feature in features}
    grids = {code for code in codes if code[:6].isdigit() and len(code) == 15 and "T" not in code}
    assert grids
    assert {code[:12] for code in grids} == {OURS}
    assert BESIDE not in codes


async def test_ids_of_another_part_are_answered_as_if_there_were_none_and_recorded(
    house: House,
) -> None:
    await house.has_alert()
    made = (await house.post("/plans", "LEAD", grid_code=GRID)).json()
    plan_id = made["plan"]["plan_id"]
    program = house.client(await house.let_in("Li", roles=CREW, scope=THEIRS))
    digest = {"digest": made["digest"]}
    asked: list[tuple[str, str, dict[str, Any]]] = [
        (f"/alerts/{ALERT}/acknowledge", "/alerts/A-20261124-0009/acknowledge", {}),
        (f"/alerts/{ALERT}/dismiss", "/alerts/A-20261124-0009/dismiss", {"reason": "a queue"}),
        (f"/plans/{plan_id}/approve", "/plans/M-20261124-99/approve", digest),
    ]
    for path, unknown, body in asked:
        answer = await program.post(f"/api{path}", json=body)
        other = await program.post(f"/api{unknown}", json=body)
        assert (answer.status_code, other.status_code) == (404, 404), path
        assert shape(answer.json()["error"]) == shape(other.json()["error"])
    planned = await program.post("/api/plans", json={"grid_code": GRID})
    assert planned.status_code == 404
    launched = await program.post("/api/sorties", json={"plan_id": plan_id})
    assert launched.status_code == 404
    refused = await told(house, "scope.refused")
    assert refused == [("scope.refused", "Li", GRID)] * 5
    assert not house.vehicle.commands


def shape(words: str) -> str:
    """The words without their numbers."""
    return "".join(letter for letter in words if not letter.isdigit())


async def test_the_flight_over_another_part_is_neither_held_nor_signed(house: House) -> None:
    show(house, GRID)
    program = house.client(await house.let_in("Li", roles=CREW, scope=THEIRS))
    for path in ("/sortie/hold", "/sortie/return", "/speaker/stop", f"/sorties/{SORTIE}/sign"):
        answer = await program.post(f"/api{path}", json={})
        assert answer.status_code == 404, path


async def test_a_role_counts_only_in_the_part_it_was_given_for(house: House) -> None:
    await house.has_alert()
    headers = await house.let_in("Li", roles=LEADS, scope=OURS)
    program = house.client(headers)
    answer = await program.post(f"/api/alerts/{ALERT}/acknowledge", json={})
    assert answer.status_code == 403, "it is seen, but a community's lead does not acknowledge"
    assert await told(house, "verb") == [("verb.refused", "Li", "acknowledge")]


async def test_video_and_pictures_are_for_those_who_answer_for_what_they_show(
    house: House,
) -> None:
    house.pictures.jpeg = b"\xff\xd8jpeg"
    show(house, GRID)
    beside = house.client(await house.let_in("Li", roles=CREW, scope=THEIRS))
    assert (await beside.get("/api/picture/cam-1.jpg")).status_code == 404
    lead = await house.let_in("Ma", roles=LEADS, scope=OURS)
    assert (await house.client(lead).get("/api/picture/cam-1.jpg")).status_code == 403
    crew = house.client(await house.let_in("Guo", roles=CREW, scope=OURS))
    assert (await crew.get("/api/picture/cam-1.jpg")).content == b"\xff\xd8jpeg"
    assert ("view.picture", "Guo", "cam-1") in await told(house, "view")
    async with connect(house.video_url, additional_headers=lead) as socket:
        with pytest.raises(ConnectionClosedError, match="do not see the video"):
            await socket.recv()
