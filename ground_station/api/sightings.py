"""What the eye saw, and the registrar's word on it: at most three fields."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field, StringConstraints

from ground_station.api.answers.casework import SightingView
from ground_station.api.asking import Cursor, Limit, ask, cause_for, scopes_of
from ground_station.api.callers import caller_of
from ground_station.api.roads import roads
from ground_station.casework.sightings import (
    PEOPLE_MAX,
    SIGHTING_MACHINE,
    Given,
    Seen,
    SightingEvent,
)
from ground_station.parts import Parts
from ground_station.people.powers import Power
from ground_station.places import Place
from ground_station.schemas import UnderRole
from ground_station.shapes import Page
from ground_station.store.codec import encode


class SightingBody(UnderRole):
    """What differs from what the eye saw; nothing, when it saw right."""

    people: int | None = Field(default=None, ge=0, le=PEOPLE_MAX)
    kind: Annotated[str, StringConstraints(pattern=r"^[A-Z_]{0,32}$")] = ""
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""

    def given(self) -> Given:
        """As the desk takes it."""
        return Given(people=self.people, kind=self.kind, note=self.note)


def sighting_routes(parts: Parts) -> APIRouter:
    """`/sightings`."""
    routes = roads(tags=["sightings"])
    desk = parts.centre.sightings

    def view(seen: Seen) -> SightingView:
        return sighting_view(seen, parts)

    @routes.get("/sightings")
    async def sightings(
        request: Request,
        sortie: Annotated[str, Query(max_length=64)] = "",
        cursor: Cursor = "",
        limit: Limit = 50,
    ) -> Page[SightingView]:
        """The newest of the caller's part of the district, with what became of each."""
        caller = caller_of(request)
        await parts.people.door.note_look(caller, "sightings")
        found, following = await desk.seen.page(
            ask(cursor, limit), scopes=scopes_of(caller), sortie=sortie,
            is_exercise=parts.centre.casework.is_exercise,
        )  # fmt: skip
        return {"items": [view(one) for one in found], "next": following or None}

    @routes.post("/sightings/{sighting_id}/steps/{event}")
    async def step(
        sighting_id: str, event: SightingEvent, body: SightingBody, request: Request
    ) -> SightingView:
        """Confirm, correct or dismiss."""

        async def where() -> Place:
            found = await desk.find(sighting_id)
            denial = f"there is no sighting {sighting_id}"
            return Place(code=found.sighting.grid_code, denial=denial)

        power = Power(name=f"sighting.{event.value}", roles=SIGHTING_MACHINE.roles(event))
        cause = await cause_for(parts, request, body.role, power, where)
        await desk.act(sighting_id, event, cause, body.given())
        return view(await desk.find(sighting_id))

    return routes


def sighting_view(seen: Seen, parts: Parts) -> SightingView:
    """A sighting, the registrar's word on it, and where it stands now."""
    state = seen.state_at(parts.centre.casework.world.now_utc())
    view: SightingView = encode(seen.sighting) | {
        "state": state.value,
        "state_zh": state.zh,
        "review": encode(seen.review) if seen.review else None,
        "alert_id": seen.alert.alert_id if seen.alert else "",
        "case_no": seen.alert.case_no if seen.alert else "",
    }
    return view
