"""What can be read: the state, the grids, the story, the newest picture."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from ground_station.api.answers.areas import Areas
from ground_station.api.asking import Purpose
from ground_station.api.callers import caller_of
from ground_station.api.problems import problem
from ground_station.api.roads import roads
from ground_station.parts import Parts
from ground_station.people.powers import Verb, power_of
from ground_station.people.seen import flown_over, seen_grids, seen_state, sees_event, sees_flight
from ground_station.shown import State

_ASK_AGAIN_S = 5.0  # who has been signed out reads no more after so long


def read_routes(parts: Parts) -> APIRouter:
    """GET only; everybody reads their own part of the district."""
    routes = roads()
    _add_state(routes, parts)
    _add_story(routes, parts)
    _add_picture(routes, parts)
    return routes


def _add_state(routes: APIRouter, parts: Parts) -> None:
    @routes.get("/state")
    async def present(request: Request) -> State:
        """Everything that the caller may see now."""
        caller = caller_of(request)
        await parts.people.door.note_look(caller, "state")
        shown: Any = seen_state(caller, parts.board.state())
        state: State = shown
        return state

    @routes.get("/grids.geojson")
    async def grids(request: Request) -> Areas:
        """The areas and sites of the caller's part of the district."""
        caller = caller_of(request)
        await parts.people.door.note_look(caller, "grids")
        areas: Any = seen_grids(caller, parts.grids_geojson)
        seen: Areas = areas
        return seen


def _add_story(routes: APIRouter, parts: Parts) -> None:
    door = parts.people.door

    lines_of_events = {"application/x-ndjson": {"schema": {"$ref": "#/components/schemas/Event"}}}
    told = {"description": "A line for each, without an end.", "content": lines_of_events}

    @routes.get("/events", response_class=Response, responses={200: told})
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
    still = {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}
    told = {"description": "The newest picture.", "content": still}

    @routes.get("/picture/{camera_id}.jpg", response_class=Response, responses={200: told})
    async def picture(camera_id: str, request: Request, purpose: Purpose) -> Response:
        """A still view; what it is for is told with it in the audit."""
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
            words = "no picture has come from this camera yet"
            return problem(request, 503, words, "该相机尚无画面", name="no_picture")
        return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": "no-store"})
