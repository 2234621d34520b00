"""What can be read: the state, the grids, the templates, the story, the newest picture."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from ground_station.parts import Parts


def read_routes(parts: Parts) -> APIRouter:
    """GET only."""
    routes = APIRouter()

    @routes.get("/state")
    async def state() -> dict[str, Any]:
        return parts.board.state()

    @routes.get("/grids.geojson")
    async def grids() -> dict[str, Any]:
        return parts.grids_geojson

    @routes.get("/templates")
    async def templates() -> list[dict[str, Any]]:
        return [
            {"id": template.template_id, "zh": template.zh, "en": template.en}
            for template in parts.templates.values()
        ]

    @routes.get("/events")
    async def events(since: int = Query(default=0, ge=0)) -> StreamingResponse:
        async def lines() -> AsyncIterator[str]:
            async for event in parts.board.story_from(since):
                yield json.dumps(event.to_dict(), ensure_ascii=False) + "\n"

        return StreamingResponse(lines(), media_type="application/x-ndjson")

    @routes.get("/picture/{camera_id}.jpg")
    async def picture(camera_id: str) -> Response:
        jpeg = await parts.switchboard.of_camera(camera_id).pictures.newest()
        if jpeg is None:
            return Response(status_code=503)
        return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": "no-store"})

    return routes
