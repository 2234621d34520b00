"""What people can do. Each verb goes to a desk, which checks, records and only then acts."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from ground_station import schemas
from ground_station.parts import Parts
from patrol.cause import Cause


def verb_routes(parts: Parts) -> APIRouter:
    """POST only; the caller's name and role travel in the body."""
    routes = APIRouter()
    _add_alert_verbs(routes, parts)
    _add_sortie_verbs(routes, parts)
    return routes


def _cause(request: Request, body: schemas.ByPerson) -> Cause:
    return body.cause(request.state.request_id)


def _add_alert_verbs(routes: APIRouter, parts: Parts) -> None:
    of_alert, named = parts.switchboard.of_alert, parts.switchboard.named

    @routes.post("/alerts/{alert_id}/acknowledge")
    async def acknowledge(
        alert_id: str, body: schemas.ByPerson, request: Request
    ) -> dict[str, Any]:
        desks = await of_alert(alert_id)
        return await desks.crowd.acknowledge(alert_id, _cause(request, body))

    @routes.post("/alerts/{alert_id}/dismiss")
    async def dismiss(alert_id: str, body: schemas.DismissBody, request: Request) -> dict[str, Any]:
        desks = await of_alert(alert_id)
        return await desks.crowd.dismiss(alert_id, body.reason, _cause(request, body))

    @routes.post("/alerts/{alert_id}/escalate")
    async def escalate(
        alert_id: str, body: schemas.EscalateBody, request: Request
    ) -> dict[str, Any]:
        desks = await of_alert(alert_id)
        return await desks.cases.escalate(alert_id, body.reason, _cause(request, body))

    @routes.post("/alerts/{alert_id}/announce", status_code=202)
    async def announce(
        alert_id: str, body: schemas.AnnounceBody, request: Request
    ) -> dict[str, Any]:
        desks = await of_alert(alert_id)
        return await desks.speaking.announce(
            alert_id, body.template, _cause(request, body), repeat=body.repeat
        )

    @routes.post("/speaker/stop")
    async def stop_speaking(body: schemas.OfAircraft, request: Request) -> dict[str, Any]:
        return await named(body.aircraft).speaking.stop_speaking(_cause(request, body))


def _add_sortie_verbs(routes: APIRouter, parts: Parts) -> None:
    plans, switchboard = parts.plans, parts.switchboard

    @routes.post("/plans", status_code=201)
    async def make_plan(body: schemas.PlanBody, request: Request) -> dict[str, Any]:
        flyer = switchboard.named(body.aircraft)
        return await plans.make(body.grid_code, flyer, _cause(request, body))

    @routes.post("/plans/{plan_id}/approve")
    async def approve(plan_id: str, body: schemas.ApproveBody, request: Request) -> dict[str, Any]:
        return await plans.approve(plan_id, body.digest, _cause(request, body))

    @routes.post("/sorties", status_code=202)
    async def launch(body: schemas.LaunchBody, request: Request) -> dict[str, Any]:
        desks = switchboard.to_launch(body.plan_id, body.aircraft)
        declared = body.declared(parts.world.now_utc())
        return await desks.sorties.launch(body.plan_id, _cause(request, body), declared)

    @routes.post("/sortie/{verb}")
    async def command(verb: str, body: schemas.OfAircraft, request: Request) -> dict[str, Any]:
        sorties = switchboard.named(body.aircraft).sorties
        return await sorties.command(verb, _cause(request, body))

    @routes.post("/sorties/{sortie_id}/sign")
    async def sign(sortie_id: str, body: schemas.ByPerson, request: Request) -> dict[str, Any]:
        desks = await switchboard.of_sortie(sortie_id)
        return await desks.sorties.sign(sortie_id, _cause(request, body))
