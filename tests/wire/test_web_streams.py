"""What the station streams and shows: the live socket, the story, the newest picture, the video."""

from __future__ import annotations

import json
import struct
from dataclasses import replace

import anyio
import pytest
from websockets.exceptions import ConnectionClosedError

from patrol.story import StoryEvent
from tests.fakes import START
from tests.ground_core import GRID, SORTIE
from tests.wire.test_web_api import House, house, received
from vision.eye_port import VideoPacket

__all__ = ["house"]  # a fixture

pytestmark = pytest.mark.anyio


async def test_the_live_socket_gives_the_state_first_and_then_what_changes(house: House) -> None:
    house.shown.set(alert=None, people=[])
    async with house.connect() as socket:
        first = await received(socket)
        assert (first["type"], first["state"]["units"]["GP-1"]["people"]) == ("state", [])
        house.shown.set(people=[[116.7, 23.2]])
        changed = {"units": {"GP-1": {"people": [[116.7, 23.2]]}}}
        patch = await received(socket)
        assert (patch["type"], patch["patch"]) == ("patch", changed)
        assert (patch["since"], patch["seq"]) == (first["seq"], first["seq"] + 1)
        house.board.tell(StoryEvent(name="airborne", time_utc=START, sortie=SORTIE, grid=GRID))
        told = await received(socket)
        assert (told["type"], told["event"]["event"]) == ("event", "airborne")
    async with house.connect() as again:
        state = (await received(again))["state"]
    assert state["units"]["GP-1"]["people"] == [[116.7, 23.2]]


async def test_the_story_is_streamed_line_by_line_from_the_asked_event_on(house: House) -> None:
    for number in range(3):
        event = StoryEvent(name="waypoint", time_utc=START, sortie=SORTIE, grid=GRID)
        house.board.tell(replace(event, fields={"index": number}))
    async with house.http.stream("GET", "/api/events", params={"since": 1}) as answer:
        assert answer.headers["Content-Type"].startswith("application/x-ndjson")
        lines = answer.aiter_lines()
        with anyio.fail_after(5.0):
            told = [json.loads(await anext(lines)) for _ in range(2)]
            house.board.tell(StoryEvent(name="landed", time_utc=START, sortie=SORTIE, grid=GRID))
            told.append(json.loads(await anext(lines)))
    assert [event.get("index", event["event"]) for event in told] == [1, 2, "landed"]
    assert told[0] | {"index": 0} == {
        "t_utc": "2026-11-24T01:30:00.000Z", "event": "waypoint", "sortie": SORTIE, "grid": GRID,
        "aircraft": "", "index": 0,
    }  # fmt: skip


async def test_the_picture_is_503_while_there_is_none_and_never_kept_by_a_browser(
    house: House,
) -> None:
    assert (await house.http.get("/api/picture/cam-1.jpg?purpose=test")).status_code == 503
    house.pictures.jpeg = b"\xff\xd8jpeg"
    answer = await house.http.get("/api/picture/cam-1.jpg?purpose=test")
    assert (answer.content, answer.headers["Cache-Control"]) == (b"\xff\xd8jpeg", "no-store")
    missing = await house.http.get("/api/picture/cam-2.jpg?purpose=test")
    assert (missing.status_code, missing.json()["error"]) == (404, "no camera cam-2")


async def test_video_begins_with_a_key_frame_and_carries_its_packets_untouched(
    house: House,
) -> None:
    async with house.connect(house.video_url) as socket:
        await house.until(lambda: any(VideoPacket in s.kinds for s in house.bus._subscriptions))
        for number, is_key in enumerate((False, True, False)):
            house.bus.publish(
                VideoPacket(
                    captured_at_s=1.0, is_key=is_key, data=b"\0\0\0\1" + bytes([number]),
                    camera_id="cam-1",
                )
            )  # fmt: skip
        with anyio.fail_after(5.0):
            first, second = await socket.recv(), await socket.recv()
    assert isinstance(first, bytes) and isinstance(second, bytes)  # noqa: PT018
    assert struct.unpack(">dB", first[:9])[1] == 1
    assert first[9:] == b"\0\0\0\1\1"
    assert (second[8], second[9:]) == (0, b"\0\0\0\1\2")
    async with house.connect(house.video_url.replace("cam-1", "cam-2")) as other:
        with pytest.raises(ConnectionClosedError, match="no such camera"), anyio.fail_after(5.0):
            await other.recv()
