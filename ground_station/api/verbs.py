"""What people can do. Each verb goes to a desk, which checks, records and only then acts."""

from __future__ import annotations

from fastapi import APIRouter, Request

from ground_station import schemas
from ground_station.api.answers.squad import OfferedPlan
from ground_station.api.asking import Where, cause_for
from ground_station.api.bodies import ApproveBody
from ground_station.api.roads import roads
from ground_station.api.shifts import recently_of
from ground_station.parts import Parts
from ground_station.people.powers import Verb, power_of
from ground_station.places import Places
from ground_station.shown import AlertView, Approved, Commanded, Launched, Signed
from patrol.cause import Cause

_COMMANDS = {"hold": Verb.HOLD, "resume": Verb.RESUME, "return": Verb.RETURN}


def verb_routes(parts: Parts) -> APIRouter:
    """POST only; who asks comes from the sign-in, under which role from the body.

    The loudspeaker's are in `words.py`.
    """
    routes = roads()
    _add_alert_verbs(routes, parts)
    _add_plan_verbs(routes, parts)
    _add_sortie_verbs(routes, parts)
    return routes


async def _cause(
    parts: Parts, request: Request, body: schemas.UnderRole, verb: Verb, where: Where
) -> Cause:
    return await cause_for(parts, request, body.role, power_of(verb), where)


def _add_alert_verbs(routes: APIRouter, parts: Parts) -> None:
    of_alert, places = parts.switchboard.of_alert, Places(parts=parts)

    async def cause_at(
        request: Request, body: schemas.UnderRole, verb: Verb, alert_id: str
    ) -> Cause:
        return await _cause(parts, request, body, verb, lambda: places.of_alert(alert_id))

    @routes.post("/alerts/{alert_id}/acknowledge")
    async def acknowledge(alert_id: str, body: schemas.UnderRole, request: Request) -> AlertView:
        cause = await cause_at(request, body, Verb.ACKNOWLEDGE, alert_id)
        return await (await of_alert(alert_id)).crowd.acknowledge(alert_id, cause)

    @routes.post("/alerts/{alert_id}/dismiss")
    async def dismiss(alert_id: str, body: schemas.DismissBody, request: Request) -> AlertView:
        cause = await cause_at(request, body, Verb.DISMISS, alert_id)
        return await (await of_alert(alert_id)).crowd.dismiss(alert_id, body.reason, cause)

    @routes.post("/alerts/{alert_id}/escalate")
    async def escalate(alert_id: str, body: schemas.EscalateBody, request: Request) -> AlertView:
        cause = await cause_at(request, body, Verb.ESCALATE, alert_id)
        return await (await of_alert(alert_id)).cases.escalate(alert_id, body.reason, cause)


def _add_plan_verbs(routes: APIRouter, parts: Parts) -> None:
    plans, places = parts.plans, Places(parts=parts)

    @routes.post("/plans", status_code=201)
    async def make_plan(body: schemas.PlanBody, request: Request) -> OfferedPlan:
        cause = await _cause(
            parts, request, body, Verb.PLAN, lambda: places.of_grid(body.grid_code)
        )
        flyer = parts.switchboard.named(body.aircraft)
        made = await plans.make(body.grid_code, flyer, cause, body.task())
        # Seen of late? It is told first: perhaps nobody need fly (DOMAIN S-32).
        return {**made, "recently": await recently_of(parts, body.grid_code)}

    @routes.post("/plans/{plan_id}/approve")
    async def approve(plan_id: str, body: ApproveBody, request: Request) -> Approved:
        """Clear it for a take-off at the stated time, and put one's name under it."""
        cause = await _cause(
            parts, request, body, Verb.APPROVE_PLAN, lambda: places.of_plan(plan_id)
        )
        return await plans.approve(plan_id, body.digest, cause, body.takeoff_at)


def _add_sortie_verbs(routes: APIRouter, parts: Parts) -> None:
    switchboard, places = parts.switchboard, Places(parts=parts)

    @routes.post("/sorties", status_code=202)
    async def launch(body: schemas.LaunchBody, request: Request) -> Launched:
        cause = await _cause(
            parts, request, body, Verb.LAUNCH, lambda: places.of_plan(body.plan_id)
        )
        desks = switchboard.to_launch(body.plan_id, body.aircraft)
        declared = body.declared(cause, parts.world.now_utc())
        return await desks.sorties.launch(body.plan_id, cause, declared)

    @routes.post("/sortie/{verb}")
    async def command(verb: str, body: schemas.OfAircraft, request: Request) -> Commanded:
        if verb not in _COMMANDS:
            raise LookupError(f"no such verb: {verb}")
        cause = await _cause(
            parts, request, body, _COMMANDS[verb], lambda: places.of_flight(body.aircraft)
        )
        return await switchboard.named(body.aircraft).sorties.command(verb, cause)

    @routes.post("/sorties/{sortie_id}/sign")
    async def sign(sortie_id: str, body: schemas.UnderRole, request: Request) -> Signed:
        cause = await _cause(
            parts, request, body, Verb.SIGN_LOG, lambda: places.of_sortie(sortie_id)
        )
        desks = await switchboard.of_sortie(sortie_id)
        return await desks.sorties.sign(sortie_id, cause)
