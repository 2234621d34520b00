"""For whoever watches the station: is it alive, and can it do its work. Neither tells a secret."""

from __future__ import annotations

from fastapi import APIRouter, Response

from ground_station.api.answers.people import Healthy, Ready
from ground_station.api.roads import roads
from ground_station.parts import Parts
from patrol.errors import StoreUnavailable

_NOT_READY = {"description": "It cannot do its work; see `checks`.", "model": Ready}


def health_routes(parts: Parts) -> APIRouter:
    """`/health` and `/ready`; without sign-in."""
    routes = roads(tags=["health"])

    @routes.get("/health")
    async def health() -> Healthy:
        """The process answers."""
        return {"status": "ok"}

    @routes.get("/ready", responses={503: _NOT_READY})
    async def ready(response: Response) -> Ready:
        """The records can be read and written, and somebody can sign in."""
        checks = {"records": "ok", "persons": "ok"}
        try:
            await parts.centre.store.write(lambda connection: None)
            if not await parts.people.has_anybody():
                checks["persons"] = "nobody can sign in yet"
        except StoreUnavailable as error:
            checks["records"] = str(error)
        is_ready = all(value == "ok" for value in checks.values())
        if not is_ready:
            response.status_code = 503
        return {"status": "ok" if is_ready else "not ready", "checks": checks}

    return routes
