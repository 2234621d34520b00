"""The clearance of a plan as a table with countdowns, and the application sheet of Art. 27."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import anyio.to_thread
from fastapi import APIRouter, Request, Response

from ground_station.api.answers.clearance import ClearanceView
from ground_station.api.asking import Moment, Purpose, cause_for, require_seen
from ground_station.api.callers import caller_of
from ground_station.api.files import as_file, files_told
from ground_station.api.roads import roads
from ground_station.clearance_desk import Asked
from ground_station.out.application import SheetFile, sheet_file
from ground_station.out.book import Language
from ground_station.parts import Parts
from ground_station.people.powers import Verb, power_of
from ground_station.places import Places
from ground_station.store.codec import encode
from missions.application import application_sheet
from missions.clearance import Clearance, clear
from missions.clearance_facts import ClearanceFacts
from missions.law import load_law
from patrol.cause import Cause, Role


def clearance_routes(parts: Parts) -> APIRouter:
    """`/plans/{id}/clearance` and `/plans/{id}/application/{pdf|csv}`."""
    routes = roads(tags=["clearance"])
    _add_table(routes, parts)
    _add_sheet(routes, parts)
    return routes


def _add_table(routes: APIRouter, parts: Parts) -> None:
    @routes.get("/plans/{plan_id}/clearance")
    async def clearance(plan_id: str, request: Request, at: Moment | None = None) -> ClearanceView:
        """Every rule and its answer for a take-off then (default: now); nothing is decided yet."""
        await require_seen(parts, request, await Places(parts=parts).of_plan(plan_id))
        await parts.people.door.note_look(caller_of(request), "clearance", plan_id)
        return _view(clear(await _facts(parts, plan_id, at), load_law()))


def _add_sheet(routes: APIRouter, parts: Parts) -> None:
    @routes.get(
        "/plans/{plan_id}/application/{kind}",
        response_class=Response,
        responses=files_told(*(one.value for one in SheetFile)),
    )
    async def application(
        plan_id: str,
        kind: SheetFile,
        request: Request,
        purpose: Purpose,
        at: Moment | None = None,
        lang: Language = Language.ZH,
        role: Role | None = None,
    ) -> Response:
        """The thirteen contents of Art. 27, filled from the plan and the unit's papers."""
        cause = await cause_for(
            parts, request, role, power_of(Verb.PLAN), lambda: Places(parts=parts).of_plan(plan_id)
        )
        facts, law = await _facts(parts, plan_id, at), load_law()
        cleared = clear(facts, law)
        items = application_sheet(facts, cleared, law)
        content = await anyio.to_thread.run_sync(sheet_file, kind, items, cleared, law, lang)
        await _note(parts, facts, kind, content, purpose, cause)
        return as_file(content, f"{plan_id}-application.{kind.value}")


async def _facts(parts: Parts, plan_id: str, at: datetime | None) -> ClearanceFacts:
    drawn = parts.plans.found(plan_id)
    return await parts.plans.gate.facts(
        Asked(plan=drawn.plan, aircraft=drawn.aircraft, takeoff_utc=at)
    )


async def _note(
    parts: Parts,
    facts: ClearanceFacts,
    kind: SheetFile,
    content: bytes,
    purpose: str,
    cause: Cause,
) -> None:
    """What exactly went out, and what for."""
    body = {
        "file": f"application.{kind.value}",
        "purpose": purpose,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    await parts.records.note(
        "export", facts.plan.plan_id, body, cause=cause, at_utc=facts.asked_utc,
        is_exercise=facts.plan.is_exercise, scope=facts.plan.grid_code,
    )  # fmt: skip


def _view(cleared: Clearance) -> ClearanceView:
    law = load_law()
    limits = next((one for one in law.classes if one.kind is cleared.aircraft_class), None)
    used = {rule.article.full: rule.article for rule in law.rules}
    road = f"/api/plans/{cleared.plan_id}/application"
    table: dict[str, Any] = encode(cleared)
    seen: Any = table | {
        "is_cleared": cleared.is_cleared,
        "class_zh": limits.zh if limits else "",
        "class_en": limits.en if limits else "",
        "law": {
            "version": law.version,
            "source": law.source,
            "checked_on": law.checked_on.isoformat(),
            "articles": [
                {"article": name, "text": one.text, "text_zh": one.text_zh}
                for name, one in used.items()
            ],
        },
        "application": {"pdf": f"{road}/pdf", "csv": f"{road}/csv"},
    }
    view: ClearanceView = seen
    return view
