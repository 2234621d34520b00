"""The live sockets: one writing for all who see the same, no memory for who reads nothing."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import HTTPConnection
from websockets.asyncio.client import connect

from ground_station.api.live_texts import LiveTexts, mark_of, place_of
from ground_station.live import Board, Place
from ground_station.people.scopes import DISTRICT
from patrol.cause import Role
from patrol.story import StoryEvent
from tests.fakes import START
from tests.ground_core import GRID, SORTIE
from tests.unit.test_scopes import who
from tests.wire.test_web_api import House, house, received

__all__ = ["house"]  # a fixture

pytestmark = pytest.mark.anyio
HANDSHAKE = (
    "GET /api/live HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Authorization: {key}\r\n\r\n"
)


async def test_a_message_is_written_once_for_all_who_see_the_same() -> None:
    board = Board(["GP-1"])
    board.set(cases=[{"case_no": "HJ1", "grid_code": GRID}])
    texts = LiveTexts(board)
    message = await anext(board.messages())
    everybody = [who(DISTRICT) for _ in range(200)]
    assert len({texts.text(caller, message) for caller in everybody}) == 1
    assert texts.written_count == 1
    neighbours = texts.text(who("440512009"), message)
    assert texts.written_count == 2
    assert neighbours is not None
    assert json.loads(neighbours)["state"]["cases"] == []
    changed = message | {"seq": message["seq"] + 1}
    assert texts.text(everybody[0], changed) != texts.text(everybody[0], message)


async def test_texts_that_nobody_needs_any_more_are_let_go() -> None:
    texts = LiveTexts(Board())
    for seq in range(500):
        texts.text(who(DISTRICT), {"type": "patch", "since": seq, "seq": seq + 1, "patch": {}})
    assert len(texts._kept) < 100


@given(
    run=st.text(max_size=8), seq=st.one_of(st.text(max_size=20), st.integers(0, 10**12).map(str))
)
def test_a_place_is_a_number_behind_the_run_of_ones_own_audience_and_else_none(
    run: str, seq: str
) -> None:
    caller = who(DISTRICT)
    plain = run.replace(".", "")
    place = place_of({"run": f"{plain}.{mark_of(caller)}", "seq": seq}, caller)
    is_number = seq.isascii() and seq.isdecimal() and len(seq) <= 15
    assert place == (Place(run=plain, seq=int(seq)) if is_number else None)
    assert place_of({"run": plain, "seq": seq}, caller) is None
    other = who(GRID, Role.PILOT)
    assert place_of({"run": f"{plain}.{mark_of(other)}", "seq": seq}, caller) is None


async def test_who_comes_back_gets_what_was_missed_and_who_sees_other_things_the_state(
    house: House,
) -> None:
    house.board.set(cases=[])
    async with house.connect() as first:
        state = await received(first)
    house.board.set(cases=[{"case_no": "HJ1"}])
    back = f"{house.live_url}?run={state['run']}&seq={state['seq']}"
    async with house.connect(back) as again:
        message = await received(again)
        assert (message["type"], message["since"]) == ("patch", state["seq"])
        assert message["patch"] == {"cases": [{"case_no": "HJ1"}]}
    neighbour = await house.let_in("Li", roles=(Role.LEADER,), scope="440512009")
    for headers, url in ((neighbour, back), (neighbour, f"{house.live_url}?run=x&seq=-1")):
        async with connect(url, additional_headers=headers) as theirs:
            assert (await received(theirs))["type"] == "state"


async def test_many_open_sockets_of_one_token_are_one_question_to_the_database(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    door, asked = house.people.door, 0
    by_token = door._by_token

    async def counted(key: str, connection: Any) -> Any:  # noqa: ANN401
        nonlocal asked
        asked += 1
        return await by_token(key, connection)

    monkeypatch.setattr(door, "_by_token", counted)
    monkeypatch.setattr(door, "now_s", lambda: 0.0)
    key = house.http.headers["Authorization"]
    scope = {"type": "websocket", "headers": [(b"authorization", key.encode())]}
    async with anyio.create_task_group() as group:
        for _ in range(50):
            group.start_soon(door.is_still_in, HTTPConnection(scope))
    assert asked == 1
    stranger = {"type": "websocket", "headers": [(b"authorization", b"Bearer gp_x")]}
    assert await door.is_still_in(HTTPConnection(stranger)) is None
    assert asked == 2


async def test_who_takes_nothing_is_let_go_and_holds_up_nobody(house: House) -> None:
    host = house.web.url.removeprefix("http://")
    asleep = socket.socket()
    asleep.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    await anyio.to_thread.run_sync(asleep.connect, ("127.0.0.1", int(host.split(":")[1])))
    key = house.http.headers["Authorization"]
    asleep.sendall(HANDSHAKE.format(host=host, key=key).encode())
    event = StoryEvent(name="waypoint", time_utc=START, sortie=SORTIE, grid=GRID)
    long = replace(event, fields={"text": "x" * 300_000})
    with asleep:
        async with house.connect(max_size=None) as awake:
            assert (await received(awake))["type"] == "state"
            await house.until(lambda: len(tasks_of(house)) == 2)
            for number in range(20):
                house.board.tell(replace(long, fields={**long.fields, "index": number}))
                assert (await received(awake))["event"]["index"] == number
            await house.until(lambda: len(tasks_of(house)) == 1)
            house.board.tell(event)
            assert (await received(awake))["event"]["event"] == "waypoint"


def tasks_of(house: House) -> Any:  # noqa: ANN401  # uvicorn's own
    """The requests and sockets that the server works at."""
    assert house.web._server is not None
    return house.web._server.server_state.tasks
