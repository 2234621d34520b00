"""What people can do. Each verb goes to a desk, which checks, records and only then acts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Request

from ground_station import schemas
from ground_station.api.shifts import recently_of
from ground_station.parts import Parts
from ground_station.people.door import caller_of
from ground_station.people.persons import ANYWHERE
from ground_station.people.powers import Verb, power_of
from ground_station.places import Place, Places
from patrol.cause import Cause

Where = Callable[[], Awaitable[Place | None]]
_COMMANDS = {"hold": Verb.HOLD, "resume": Verb.RESUME, "return": Verb.RETURN}


def verb_routes(parts: Parts) -> APIRouter:
    """POST only; who asks comes from the sign-in, under which role from the body."""
    routes = APIRouter()
    _add_alert_verbs(routes, parts)
    _add_plan_verbs(routes, parts)
    _add_sortie_verbs(routes, parts)
    return routes


async def _cause(
    parts: Parts, request: Request, body: schemas.UnderRole, verb: Verb, where: Where
) -> Cause:
    """Able at all, seen at all, then allowed there: the cause of everything that follows."""
    caller, request_id = caller_of(request), request.state.request_id
    door = parts.people.door
    power = power_of(verb)
    await door.require_able(caller, power, body.role, request_id)
    place = await where()
    if place is not None:
        await door.require_seen(caller, place.code, place.denial, request_id)
    code = place.code if place is not None else ANYWHERE
    return await door.allow(caller, power, body.role, code, request_id)


def _add_alert_verbs(routes: APIRouter, parts: Parts) -> None:
    desk, places = parts.crowd_desk, Places(parts=parts)

    async def cause_at(
        request: Request, body: schemas.UnderRole, verb: Verb, alert_id: str
    ) -> Cause:
        return await _cause(parts, request, body, verb, lambda: places.of_alert(alert_id))

    @routes.post("/alerts/{alert_id}/acknowledge")
    async def acknowledge(
        alert_id: str, body: schemas.UnderRole, request: Request
    ) -> dict[str, Any]:
        cause = await cause_at(request, body, Verb.ACKNOWLEDGE, alert_id)
        return await desk.acknowledge(alert_id, cause)

    @routes.post("/alerts/{alert_id}/dismiss")
    async def dismiss(alert_id: str, body: schemas.DismissBody, request: Request) -> dict[str, Any]:
        cause = await cause_at(request, body, Verb.DISMISS, alert_id)
        return await desk.dismiss(alert_id, body.reason, cause)

    @routes.post("/alerts/{alert_id}/escalate")
    async def escalate(
        alert_id: str, body: schemas.EscalateBody, request: Request
    ) -> dict[str, Any]:
        cause = await cause_at(request, body, Verb.ESCALATE, alert_id)
        return await parts.case_desk.escalate(alert_id, body.reason, cause)

    @routes.post("/alerts/{alert_id}/announce", status_code=202)
    async def announce(
        alert_id: str, body: schemas.AnnounceBody, request: Request
    ) -> dict[str, Any]:
        cause = await cause_at(request, body, Verb.ANNOUNCE, alert_id)
        return await parts.speaking_desk.announce(alert_id, body.template, cause)

    @routes.post("/speaker/stop")
    async def stop_speaking(body: schemas.UnderRole, request: Request) -> dict[str, Any]:
        cause = await _cause(parts, request, body, Verb.STOP_SPEAKING, places.of_flight)
        return await parts.speaking_desk.stop_speaking(cause)


def _add_plan_verbs(routes: APIRouter, parts: Parts) -> None:
    desk, places = parts.sortie_desk, Places(parts=parts)

    @routes.post("/plans", status_code=201)
    async def make_plan(body: schemas.PlanBody, request: Request) -> dict[str, Any]:
        cause = await _cause(
            parts, request, body, Verb.PLAN, lambda: places.of_grid(body.grid_code)
        )
        made = await desk.make_plan(body.grid_code, cause)
        # Seen of late? It is told first: perhaps nobody need fly (DOMAIN S-32).
        return made | {"recently": await recently_of(parts, body.grid_code)}

    @routes.post("/plans/{plan_id}/approve")
    async def approve(plan_id: str, body: schemas.ApproveBody, request: Request) -> dict[str, Any]:
        cause = await _cause(
            parts, request, body, Verb.APPROVE_PLAN, lambda: places.of_plan(plan_id)
        )
        return await desk.approve(plan_id, body.digest, cause)


def _add_sortie_verbs(routes: APIRouter, parts: Parts) -> None:
    desk, places = parts.sortie_desk, Places(parts=parts)

    @routes.post("/sorties", status_code=202)
    async def launch(body: schemas.LaunchBody, request: Request) -> dict[str, Any]:
        cause = await _cause(
            parts, request, body, Verb.LAUNCH, lambda: places.of_plan(body.plan_id)
        )
        return await desk.launch(body.plan_id, cause, body.declared(cause, desk.now_utc()))

    @routes.post("/sortie/{verb}")
    async def command(verb: str, body: schemas.UnderRole, request: Request) -> dict[str, Any]:
        if verb not in _COMMANDS:
            raise LookupError(f"no such verb: {verb}")
        cause = await _cause(parts, request, body, _COMMANDS[verb], places.of_flight)
        return await desk.command(verb, cause)

    @routes.post("/sorties/{sortie_id}/sign")
    async def sign(sortie_id: str, body: schemas.UnderRole, request: Request) -> dict[str, Any]:
        cause = await _cause(
            parts, request, body, Verb.SIGN_LOG, lambda: places.of_sortie(sortie_id)
        )
        return await desk.sign(sortie_id, cause)
