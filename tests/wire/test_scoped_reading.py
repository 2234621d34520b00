"""Each sees the own part of the district alone: state, streams, map, and ids that are asked for."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError

from ground_station.event_fields import alert_view
from ground_station.people.persons import Grant
from ground_station.shown import SortieView
from ground_station.views import look_view, plan_view
from patrol.cause import Role
from patrol.errors import StoreUnavailable
from patrol.story import StoryEvent
from patrol.vehicle import Hold, ReturnHome
from tests.fakes import START
from tests.ground_core import GRID, SORTIE, a_plan, an_alert
from tests.house_fakes import FakePictures
from tests.two_aircraft import GRIDS, NAMES, TwoAircraft, two_aircraft
from tests.unit.test_effect import a_look
from tests.wire.test_sign_in import told
from tests.wire.test_web_api import ALERT, House, house, received
from vision.eye_port import VideoPacket

__all__ = ["house"]  # a fixture

pytestmark = pytest.mark.anyio
OURS, THEIRS = GRID[:12], "440512002001"
BESIDE = THEIRS + "001"
LEADS = (Role.COMMUNITY,)
PICTURES = (b"\xff\xd8one", b"\xff\xd8two")
CREW = (Role.PILOT, Role.OPERATOR, Role.LEADER, Role.REGISTRAR)


def show(house: House, flown: str) -> None:
    alerts = [
        alert_view(replace(an_alert(), alert_id=name, grid_code=grid))
        for name, grid in (("A-1", GRID), ("A-2", BESIDE))
    ]
    sortie = a_sortie_view(flown)
    house.shown.set(sortie=sortie, alerts=alerts, alert=alerts[1], people=[[116.7, 23.2]])


def a_sortie_view(grid: str, state: str = "AIRBORNE") -> SortieView:
    return {
        "id": SORTIE, "grid_code": grid, "grid_name": "", "state": state,
        "plan": plan_view(a_plan()), "waypoint_index": 0, "waypoint_total": 4, "findings": [],
    }  # fmt: skip


def unit_in(told: dict[str, Any]) -> dict[str, Any]:
    """What a state or a patch has of the one aircraft."""
    unit: dict[str, Any] = told["units"]["GP-1"]
    return unit


def an_event(name: str, grid: str) -> StoryEvent:
    return StoryEvent(name=name, time_utc=START, sortie=SORTIE, grid=grid)


async def test_the_state_is_that_of_ones_own_community(house: House) -> None:
    show(house, BESIDE)
    house.board.tell(an_event("airborne", BESIDE))
    program = house.client(await house.let_in("Li", roles=LEADS, scope=OURS))
    state = (await program.get("/api/state")).json()
    unit = unit_in(state)
    assert [alert["id"] for alert in unit["alerts"]] == ["A-1"]
    assert (unit["sortie"], unit["alert"], unit["people"]) == (None, None, [])
    assert state["story"] == []
    assert ("view.state", "Li", "") in await told(house, "view")


async def test_the_live_socket_follows_the_flight_into_and_out_of_ones_part(house: House) -> None:
    show(house, BESIDE)
    headers = await house.let_in("Li", roles=LEADS, scope=OURS)
    async with connect(house.live_url, additional_headers=headers) as socket:
        assert unit_in((await received(socket))["state"])["people"] == []
        show(house, GRID)
        patch = unit_in((await received(socket))["patch"])
        assert (patch["people"], patch["sortie"]["id"]) == ([[116.7, 23.2]], SORTIE)
        house.board.tell(an_event("waypoint", BESIDE))
        house.board.tell(an_event("landed", GRID))
        assert (await received(socket))["event"]["event"] == "landed"
        show(house, BESIDE)
        patch = unit_in((await received(socket))["patch"])
        assert (patch["people"], patch["sortie"]) == ([], None)


async def test_a_scope_that_changes_counts_on_a_socket_that_is_open(house: House) -> None:
    show(house, GRID)
    headers = await house.let_in("Li", roles=LEADS, scope=OURS)
    async with connect(house.live_url, additional_headers=headers) as socket:
        assert unit_in((await received(socket))["state"])["people"] != []
        await house.book.set_scope("li", THEIRS)
        with anyio.fail_after(5.0):
            while True:
                show(house, GRID)
                message = await received(socket)
                if message["type"] == "state":  # all of it anew, as it is seen from now on
                    assert unit_in(message["state"])["people"] == []
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
    hidden, unknown = [await beside.get(f"/api/picture/cam-{n}.jpg?purpose=test") for n in (1, 9)]
    assert (hidden.status_code, unknown.status_code) == (404, 404)
    assert shape(hidden.json()["error"]) == shape(unknown.json()["error"])
    assert await told(house, "scope") == [("scope.refused", "Li", GRID)]
    lead = await house.let_in("Ma", roles=LEADS, scope=OURS)
    assert (await house.client(lead).get("/api/picture/cam-1.jpg?purpose=test")).status_code == 403
    assert await told(house, "verb") == [("verb.refused", "Ma", "see_video")]
    house.shown.set(sortie=a_sortie_view(GRID, "LANDED"))
    assert (await house.client(lead).get("/api/picture/cam-1.jpg?purpose=test")).status_code == 404
    assert await told(house, "scope") == [
        ("scope.refused", "Li", GRID),
        ("scope.refused", "Ma", ""),
    ]
    show(house, GRID)
    crew = house.client(await house.let_in("Guo", roles=CREW, scope=OURS))
    assert (await crew.get("/api/picture/cam-1.jpg?purpose=test")).content == b"\xff\xd8jpeg"
    assert ("view.picture", "Guo", "cam-1") in await told(house, "view")
    async with connect(house.video_url, additional_headers=lead) as socket:
        with pytest.raises(ConnectionClosedError, match="do not see the video"):
            await socket.recv()
    assert await told(house, "verb") == [("verb.refused", "Ma", "see_video")] * 2


async def test_a_video_that_is_not_theirs_is_refused_on_record_and_a_look_once_it_is(
    house: House,
) -> None:
    show(house, BESIDE)
    headers = await house.let_in("Guo", roles=CREW, scope=OURS)
    async with connect(house.video_url, additional_headers=headers) as socket:
        await house.until(lambda: any(VideoPacket in s.kinds for s in house.bus._subscriptions))
        assert await told(house, "scope") == [("scope.refused", "Guo", BESIDE)]
        assert await told(house, "view") == []
        show(house, GRID)
        house.bus.publish(a_packet("cam-1"))
        with anyio.fail_after(5.0):
            assert (await socket.recv())[9:] == b"cam-1"
    assert await told(house, "view") == [("view.video", "Guo", "cam-1")]


async def watch_on(house: House, socket: ClientConnection) -> None:
    """The camera goes on, and whoever watches reads on."""
    while True:
        house.bus.publish(a_packet("cam-1"))
        await socket.recv()


async def test_a_role_that_is_taken_takes_the_open_video_with_it(house: House) -> None:
    show(house, GRID)
    headers = await house.let_in("Guo", roles=(Role.OPERATOR, Role.COMMUNITY), scope=OURS)
    async with connect(house.video_url, additional_headers=headers) as socket:
        await house.until(lambda: any(VideoPacket in s.kinds for s in house.bus._subscriptions))
        house.bus.publish(a_packet("cam-1"))
        with anyio.fail_after(5.0):
            await socket.recv()
            await house.book.set_grants("guo", [Grant(role=Role.COMMUNITY, scope=OURS)])
            with pytest.raises(ConnectionClosedError, match="do not see the video"):
                await watch_on(house, socket)
    assert await told(house, "verb") == [("verb.refused", "Guo", "see_video")]


async def test_with_a_full_disk_anothers_picture_is_as_unknown_as_ever(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(work: object) -> None:
        raise StoreUnavailable("the disk is full")

    show(house, GRID)
    beside = house.client(await house.let_in("Li", roles=CREW, scope=THEIRS))
    monkeypatch.setattr(house.book.store, "write", full)
    assert (await beside.get("/api/picture/cam-1.jpg?purpose=test")).status_code == 404


@pytest.fixture
async def station(tmp_path: Path) -> AsyncIterator[TwoAircraft]:
    async with two_aircraft(tmp_path) as started:
        for desks, jpeg in zip(started.desks, PICTURES, strict=True):
            assert isinstance(desks.pictures, FakePictures)
            desks.pictures.jpeg = jpeg
        yield started


async def both_over_their_grids(station: TwoAircraft) -> list[str]:
    """Both in the air, each with people below it; their sorties."""
    sorties = await station.both_flying()
    for name in NAMES:
        look = look_view(a_look(0.0, [], is_valid=True, is_in_view=True), 0.0)
        station.board.of(name).set(people=[[116.7, 23.2]], look=look)
    await station.until(lambda: len(station.board.get("aircraft")) == len(NAMES))
    return sorties


async def test_of_two_aircraft_one_sees_that_over_the_own_grid_alone(station: TwoAircraft) -> None:
    sorties = await both_over_their_grids(station)
    for own, name in enumerate(NAMES):
        other = NAMES[1 - own]
        headers = await station.let_in(f"Li{own}", roles=CREW, scope=GRIDS[own])
        state = (await station.http.get("/api/state", headers=headers)).json()
        units = state["units"]
        assert [row["id"] for row in state["aircraft"]] == [name]
        assert (units[name]["sortie"]["id"], units[other]["sortie"]) == (sorties[own], None)
        assert (units[name]["people"], units[other]["people"]) == ([[116.7, 23.2]], [])
        assert (units[other]["look"], units[other]["camera"]) == (None, None)
        assert {event["aircraft"] for event in state["story"]} == {name}
        for number, jpeg in enumerate(PICTURES):
            path = f"/api/picture/cam-{number + 1}.jpg?purpose=test"
            answer = await station.http.get(path, headers=headers)
            assert answer.status_code == (200 if number == own else 404)
            assert (answer.content == jpeg) == (number == own)


async def test_of_two_videos_one_sees_that_of_the_own_grid_alone(station: TwoAircraft) -> None:
    await both_over_their_grids(station)
    headers = await station.let_in("Li", roles=CREW, scope=GRIDS[1])
    address = station.web.url.replace("http", "ws") + "/api"
    async with (
        connect(f"{address}/video/cam-1", additional_headers=headers) as theirs,
        connect(f"{address}/video/cam-2", additional_headers=headers) as ours,
        connect(f"{address}/live", additional_headers=headers) as live,
    ):
        assert (await received(live))["type"] == "state"
        await station.until(lambda: watched(station) == len(PICTURES))
        for number in (1, 2):
            station.bus.publish(a_packet(f"cam-{number}"))
        with anyio.fail_after(5.0):
            assert (await ours.recv())[9:] == b"cam-2"
        station.board.of("GP-1").set(people=[[1.0, 2.0]])
        station.board.of("GP-2").set(people=[[3.0, 4.0]])
        patch = await people_told(live)
        assert patch["GP-2"]["people"] == [[3.0, 4.0]]
        assert patch.get("GP-1", {}).get("people", []) == []
        with pytest.raises(TimeoutError), anyio.fail_after(0.2):
            await theirs.recv()


def watched(station: TwoAircraft) -> int:
    """How many cameras somebody looks through."""
    return len([one for one in station.bus._subscriptions if VideoPacket in one.kinds])


async def people_told(live: ClientConnection) -> dict[str, Any]:
    """The units of the next patch that tells of GP-2's people."""
    while True:
        message = await received(live)
        units: dict[str, Any] = message.get("patch", {}).get("units", {})
        if "people" in units.get("GP-2", {}):
            return units


def a_packet(camera_id: str) -> VideoPacket:
    """A key frame that says whose it is."""
    return VideoPacket(camera_id=camera_id, data=camera_id.encode(), is_key=True, captured_at_s=0.0)


async def test_what_is_asked_of_the_other_aircraft_is_answered_as_if_it_flew_nowhere(
    station: TwoAircraft,
) -> None:
    sorties = await both_over_their_grids(station)
    headers = await station.let_in("Li", roles=CREW, scope=GRIDS[1])
    asked: list[tuple[str, dict[str, Any]]] = [
        ("/sortie/hold", {"aircraft": "GP-1"}),
        ("/sortie/return", {"aircraft": "GP-1"}),
        ("/speaker/stop", {"aircraft": "GP-1"}),
        (f"/sorties/{sorties[0]}/sign", {}),
    ]
    for path, body in asked:
        answer = await station.http.post(f"/api{path}", json=body, headers=headers)
        assert answer.status_code == 404, path
    assert not [one for one in station.vehicles[0].commands if isinstance(one, Hold | ReturnHome)]
    held = await station.http.post("/api/sortie/hold", json={"aircraft": "GP-2"}, headers=headers)
    assert held.json()["sortie"] == sorties[1]
