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
    desk = parts.crowd_desk

    @routes.post("/alerts/{alert_id}/acknowledge")
    async def acknowledge(
        alert_id: str, body: schemas.ByPerson, request: Request
    ) -> dict[str, Any]:
        return await desk.acknowledge(alert_id, _cause(request, body))

    @routes.post("/alerts/{alert_id}/dismiss")
    async def dismiss(alert_id: str, body: schemas.DismissBody, request: Request) -> dict[str, Any]:
        return await desk.dismiss(alert_id, body.reason, _cause(request, body))

    @routes.post("/alerts/{alert_id}/escalate")
    async def escalate(
        alert_id: str, body: schemas.EscalateBody, request: Request
    ) -> dict[str, Any]:
        return await parts.case_desk.escalate(alert_id, body.reason, _cause(request, body))

    @routes.post("/alerts/{alert_id}/announce", status_code=202)
    async def announce(
        alert_id: str, body: schemas.AnnounceBody, request: Request
    ) -> dict[str, Any]:
        return await parts.speaking_desk.announce(
            alert_id, body.template, _cause(request, body), repeat=body.repeat
        )

    @routes.post("/speaker/stop")
    async def stop_speaking(body: schemas.ByPerson, request: Request) -> dict[str, Any]:
        return await parts.speaking_desk.stop_speaking(_cause(request, body))


def _add_sortie_verbs(routes: APIRouter, parts: Parts) -> None:
    desk = parts.sortie_desk

    @routes.post("/plans", status_code=201)
    async def make_plan(body: schemas.PlanBody, request: Request) -> dict[str, Any]:
        return await desk.make_plan(body.grid_code, _cause(request, body))

    @routes.post("/plans/{plan_id}/approve")
    async def approve(plan_id: str, body: schemas.ApproveBody, request: Request) -> dict[str, Any]:
        return await desk.approve(plan_id, body.digest, _cause(request, body))

    @routes.post("/sorties", status_code=202)
    async def launch(body: schemas.LaunchBody, request: Request) -> dict[str, Any]:
        declared = body.declared(desk.now_utc())
        return await desk.launch(body.plan_id, _cause(request, body), declared)

    @routes.post("/sortie/{verb}")
    async def command(verb: str, body: schemas.ByPerson, request: Request) -> dict[str, Any]:
        return await desk.command(verb, _cause(request, body))

    @routes.post("/sorties/{sortie_id}/sign")
    async def sign(sortie_id: str, body: schemas.ByPerson, request: Request) -> dict[str, Any]:
        return await desk.sign(sortie_id, _cause(request, body))
