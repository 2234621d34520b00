"""What can be read: the state, the grids, the story, the newest picture."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from ground_station.api.callers import caller_of
from ground_station.parts import Parts
from ground_station.people.powers import Verb, power_of
from ground_station.people.seen import flown_over, seen_grids, seen_state, sees_event, sees_flight

# Every view of a picture has its reason (DOMAIN 8, story 10); the console's live view says so.
Purpose = Annotated[
    str,
    Query(min_length=1, max_length=200, pattern=r"\S", description="what for; in the audit row"),
]
_ASK_AGAIN_S = 5.0  # who has been signed out reads no more after so long


def read_routes(parts: Parts) -> APIRouter:
    """GET only; everybody reads their own part of the district."""
    routes = APIRouter()
    _add_state(routes, parts)
    _add_story(routes, parts)
    _add_picture(routes, parts)
    return routes


def _add_state(routes: APIRouter, parts: Parts) -> None:
    @routes.get("/state")
    async def state(request: Request) -> dict[str, Any]:
        caller = caller_of(request)
        await parts.people.door.note_look(caller, "state")
        return seen_state(caller, parts.board.state())

    @routes.get("/grids.geojson")
    async def grids(request: Request) -> dict[str, Any]:
        return seen_grids(caller_of(request), parts.grids_geojson)


def _add_story(routes: APIRouter, parts: Parts) -> None:
    door = parts.people.door

    @routes.get("/events")
    async def events(request: Request, since: int = Query(default=0, ge=0)) -> StreamingResponse:
        caller = caller_of(request)
        await door.note_look(caller, "story")

        async def lines() -> AsyncIterator[str]:
            reader, asked_s = caller, door.now_s()
            async for event in parts.board.story_from(since):
                if door.now_s() - asked_s >= _ASK_AGAIN_S:
                    found = await door.is_still_in(request)
                    if found is None:
                        return
                    reader, asked_s = found, door.now_s()
                if sees_event(reader, event):
                    yield json.dumps(event.to_dict(), ensure_ascii=False) + "\n"

        return StreamingResponse(lines(), media_type="application/x-ndjson")


def _add_picture(routes: APIRouter, parts: Parts) -> None:
    @routes.get("/picture/{camera_id}.jpg")
    async def picture(camera_id: str, request: Request, purpose: Purpose) -> Response:
        caller, desks = caller_of(request), parts.switchboard.of_camera(camera_id)
        door, unit = parts.people.door, parts.board.of(desks.aircraft)
        request_id = request.state.request_id
        if not sees_flight(caller, unit):
            # Asked of the flight, not of the grid: one that is down shows nothing to its grid.
            denial = f"no camera {camera_id}"
            raise await door.not_seen(caller, flown_over(unit), denial, request_id)
        if not caller.may(Verb.SEE_VIDEO):
            raise await door.not_permitted(caller.person, power_of(Verb.SEE_VIDEO), request_id)
        await door.note_look(caller, "picture", camera_id, purpose)
        jpeg = await desks.pictures.newest()
        if jpeg is None:
            return Response(status_code=503)
        return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": "no-store"})
