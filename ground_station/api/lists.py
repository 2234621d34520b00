"""What consoles page through: alerts, sorties, and (for auditors alone) the audit log."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import Table

from ground_station.alerts import AlertState, CrowdAlert
from ground_station.api.answers.squad import AuditRow, SortieRow
from ground_station.api.asking import (
    Cursor,
    Limit,
    Moment,
    ask,
    cause_for,
    nowhere,
    page_view,
    scopes_of,
    scopes_used,
)
from ground_station.api.callers import caller_of
from ground_station.api.roads import roads
from ground_station.event_fields import alert_view
from ground_station.parts import Parts
from ground_station.people.powers import Verb, power_of
from ground_station.shapes import Page
from ground_station.shown import AlertView
from ground_station.sorties import SortieState
from ground_station.store import tables
from ground_station.store.codec import decode
from ground_station.store.pages import Page as FoundPage
from ground_station.store.queries import AuditFilter, audit_log, newest
from patrol.cause import Role
from patrol.clock import utc_text

_READ_AUDIT = power_of(Verb.READ_AUDIT)
Text = Annotated[str, Query(max_length=120)]


def list_routes(parts: Parts) -> APIRouter:
    """`/alerts`, `/sorties`, `/audit`; GET only."""
    routes = roads(tags=["lists"])
    _add_records(routes, parts)
    _add_audit(routes, parts)
    return routes


def _add_records(routes: APIRouter, parts: Parts) -> None:
    async def page_of(
        request: Request, table: Table, cursor: str, limit: int, wanted: tuple[str, str]
    ) -> FoundPage:
        caller = caller_of(request)
        await parts.people.door.note_look(caller, table.name)
        state, sortie = wanted
        return await parts.centre.store.read(
            lambda c: newest(
                c, table, ask(cursor, limit), sortie=sortie, state=state,
                scopes=scopes_of(caller), is_exercise=parts.centre.casework.is_exercise,
            )
        )  # fmt: skip

    @routes.get("/alerts")
    async def alerts(
        request: Request,
        state: AlertState | None = None,
        sortie: Text = "",
        cursor: Cursor = "",
        limit: Limit = 50,
    ) -> Page[AlertView]:
        """The newest alerts of the caller's part of the district."""
        wanted = (state.value if state else "", sortie)
        page = await page_of(request, tables.alerts, cursor, limit, wanted)
        items = [alert_view(decode(CrowdAlert, body)) for body in page.items]
        return {"items": items, "next": page.next_cursor or None}

    @routes.get("/sorties")
    async def sorties(
        request: Request, state: SortieState | None = None, cursor: Cursor = "", limit: Limit = 50
    ) -> Page[SortieRow]:
        """The newest sorties of the caller's part of the district."""
        wanted = (state.value if state else "", "")
        return page_view(await page_of(request, tables.sorties, cursor, limit, wanted))


class _AuditWish:
    """Which rows of the audit are asked for."""

    def __init__(
        self,
        since: Moment | None = None,
        until: Moment | None = None,
        actor: Text = "",
        action: Text = "",
        object_id: Annotated[str, Query(max_length=120, alias="object")] = "",
    ) -> None:
        self.from_utc, self.until_utc = since, until
        self.actor, self.action, self.object_id = actor, action, object_id

    def asked(self) -> dict[str, str]:
        """What was asked, for the row that says who looked; what is empty is left out."""
        words = {
            "since": utc_text(self.from_utc) if self.from_utc else "",
            "until": utc_text(self.until_utc) if self.until_utc else "",
            "actor": self.actor,
            "action": self.action,
            "object": self.object_id,
        }
        return {key: value for key, value in words.items() if value}


def _add_audit(routes: APIRouter, parts: Parts) -> None:
    @routes.get("/audit")
    async def audit(
        request: Request,
        wish: Annotated[_AuditWish, Depends()],
        newest_first: bool = True,
        role: Role | None = None,
        cursor: Cursor = "",
        limit: Limit = 50,
    ) -> Page[AuditRow]:
        """Who did what, why and when; that somebody looked is a row of its own."""
        caller = caller_of(request)
        cause = await cause_for(parts, request, role, _READ_AUDIT, nowhere)
        wanted = AuditFilter(
            **vars(wish),
            is_exercise=parts.centre.casework.is_exercise,
            scopes=await scopes_used(parts, caller, cause, _READ_AUDIT),
        )
        asked = wish.asked() | ({"cursor": cursor} if cursor else {})
        # Before it is read: nobody looks without a trace, though the disk be full.
        await parts.records.note(
            "audit.read", wish.object_id, asked, cause=cause,
            at_utc=parts.centre.casework.world.now_utc(),
            is_exercise=parts.centre.casework.is_exercise,
        )  # fmt: skip
        page = await parts.centre.store.read(
            lambda c: audit_log(c, wanted, ask(cursor, limit), is_newest_first=newest_first)
        )
        return page_view(page)
