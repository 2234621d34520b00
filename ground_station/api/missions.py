"""Missions: their list, and giving one up before it flies or while it does."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request

from ground_station.api.asking import (
    Area,
    Cursor,
    Limit,
    ask,
    cause_for,
    require_seen,
    scopes_of,
)
from ground_station.api.callers import caller_of
from ground_station.api.roads import roads
from ground_station.mission_shapes import MissionView
from ground_station.mission_views import mission_view
from ground_station.parts import Parts
from ground_station.patrol_missions import MissionState
from ground_station.people.powers import Verb, power_of
from ground_station.places import Places
from ground_station.rest_desk import RestDesk
from ground_station.schemas import OfAircraft, ReasonBody
from ground_station.shapes import Page
from ground_station.shown import PlanOnHand, RestOffered
from ground_station.store.missions import MissionFilter
from patrol.clock import FIRST_DAY, LAST_DAY

Day = Annotated[
    date | None,
    Query(ge=FIRST_DAY, le=LAST_DAY, description="in Shanghai, such as 2026-11-24"),
]
States = Annotated[list[MissionState] | None, Query(description="any of these; none: all")]


def mission_routes(parts: Parts) -> APIRouter:
    """`/missions`, `/plans/{id}`, and the verbs `abort`, `cancel` and `rest`."""
    routes = roads(tags=["missions"])
    _add_list(routes, parts)
    _add_plan(routes, parts)
    _add_verbs(routes, parts)
    _add_rest(routes, parts)
    return routes


def _add_list(routes: APIRouter, parts: Parts) -> None:
    @routes.get("/missions")
    async def missions(
        request: Request,
        day: Day = None,
        state: States = None,
        grid: Annotated[Area, Query()] = "",
        cursor: Cursor = "",
        limit: Limit = 50,
    ) -> Page[MissionView]:
        """The newest missions of the caller's part of the district."""
        caller = caller_of(request)
        await parts.people.door.note_look(caller, "missions")
        wanted = MissionFilter(
            is_exercise=parts.settings.is_exercise, day=day.isoformat() if day else "",
            states=tuple(state or ()), grid_code=grid, scopes=scopes_of(caller),
        )  # fmt: skip
        found, following = await parts.records.missions.page(wanted, ask(cursor, limit))
        return {"items": [mission_view(one) for one in found], "next": following or None}


def _add_plan(routes: APIRouter, parts: Parts) -> None:
    places = Places(parts=parts)

    @routes.get("/plans/{plan_id}")
    async def plan(plan_id: str, request: Request) -> PlanOnHand:
        """A plan of the book, drawn at this console or at another: route, digest and findings."""
        await require_seen(parts, request, await places.of_plan(plan_id))
        await parts.people.door.note_look(caller_of(request), "plan", plan_id)
        flyer = parts.switchboard.named(parts.plans.aircraft_of(plan_id))
        return parts.plans.on_hand(plan_id, flyer)


def _add_verbs(routes: APIRouter, parts: Parts) -> None:
    desk, places = parts.missions, Places(parts=parts)

    @routes.post("/plans/{plan_id}/cancel")
    async def cancel(plan_id: str, body: ReasonBody, request: Request) -> MissionView:
        """Give it up before it has taken off."""
        cause = await cause_for(
            parts, request, body.role, power_of(Verb.CANCEL_PLAN),
            lambda: places.of_mission(plan_id),
        )  # fmt: skip
        return await desk.cancel(plan_id, body.reason, cause)

    @routes.post("/missions/{mission_id}/abort")
    async def abort(mission_id: str, body: ReasonBody, request: Request) -> MissionView:
        """By the pilot it comes home at once; a leader asks the pilot for it."""
        cause = await cause_for(
            parts, request, body.role, power_of(Verb.ABORT), lambda: places.of_mission(mission_id)
        )
        return await desk.abort(mission_id, body.reason, cause)


def _add_rest(routes: APIRouter, parts: Parts) -> None:
    places = Places(parts=parts)
    desk = RestDesk(
        plans=parts.plans, records=parts.records, world=parts.world,
        register_version=parts.register.version, is_exercise=parts.settings.is_exercise,
    )  # fmt: skip

    @routes.post("/sorties/{sortie_id}/rest", status_code=201)
    async def rest(sortie_id: str, body: OfAircraft, request: Request) -> RestOffered:
        """A plan of what it left unflown, from where the aircraft stands now."""
        cause = await cause_for(
            parts, request, body.role, power_of(Verb.PLAN),
            lambda: places.of_any_sortie(sortie_id),
        )  # fmt: skip
        flyer = (
            parts.switchboard.named(body.aircraft) if body.aircraft is not None
            else await parts.switchboard.of_sortie(sortie_id)
        )  # fmt: skip
        return await desk.rest(sortie_id, flyer, cause)
