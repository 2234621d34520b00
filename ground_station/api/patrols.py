"""Where eyes are wanted: a call to a place, and how long each grid has gone unseen."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request

from ground_station.api.answers.squad import GridDebt
from ground_station.api.asking import cause_for, scopes_of
from ground_station.api.bodies import CallBody
from ground_station.api.callers import caller_of
from ground_station.api.missions import Day
from ground_station.api.roads import roads
from ground_station.casework.citizens import CitizenReport
from ground_station.casework.whistles import Whistle
from ground_station.dispatch_desk import DispatchDesk
from ground_station.due_patrols import due_patrols, end_of
from ground_station.mission_shapes import DueView
from ground_station.mission_views import due_view
from ground_station.parts import Parts
from ground_station.patrol_missions import Purpose
from ground_station.people.door import Caller
from ground_station.people.powers import Verb, power_of
from ground_station.places import Place
from ground_station.shapes import Items
from ground_station.shown import Sent
from ground_station.store.queries import last_looks
from missions.coverage_debt import LOOKED_BACK, Debt, coverage_debt
from patrol.clock import SHANGHAI, utc_text
from patrol.geo import GeoPoint


def patrol_routes(parts: Parts) -> APIRouter:
    """`/calls`, `/coverage/debt` and `/patrols/due`."""
    routes = roads(tags=["patrols"])
    _add_calls(routes, parts)
    _add_debt(routes, parts)
    _add_due(routes, parts)
    return routes


def _add_calls(routes: APIRouter, parts: Parts) -> None:
    desk = DispatchDesk(
        plans=parts.plans, switchboard=parts.switchboard, register=parts.register,
        world=parts.world, is_exercise=parts.settings.is_exercise,
    )  # fmt: skip

    @routes.post("/calls", status_code=201)
    async def call(body: CallBody, request: Request) -> Sent:
        """Who goes to a place, or to a whistle, report or alert, and the plan to approve."""
        called = None

        async def where() -> Place:
            nonlocal called
            called = await _called(parts, body)
            return called[1]

        cause = await cause_for(parts, request, body.role, power_of(Verb.PLAN), where)
        point, _ = called or await _called(parts, body)
        purpose = Purpose.WHISTLE if body.whistle_id is not None else Purpose.EVENT
        return await desk.send(point, cause, purpose)


def _add_debt(routes: APIRouter, parts: Parts) -> None:
    @routes.get("/coverage/debt")
    async def debt(request: Request) -> Items[GridDebt]:
        """The caller's grids, those that have gone unseen the longest first."""
        caller, now = caller_of(request), parts.world.now_utc()
        await parts.people.door.note_look(caller, "coverage_debt")
        items: list[GridDebt] = [
            {
                "grid_code": one.grid_code,
                "grid_name": parts.register.areas[one.grid_code].name_spoken,
                "last_look_utc": utc_text(one.last_look_utc) if one.last_look_utc else None,
                "unseen_s": one.unseen_s,
                "is_overdue": one.is_overdue,
            }
            for one in await _debts(parts, caller, now)
        ]
        return {"items": items}


def _add_due(routes: APIRouter, parts: Parts) -> None:
    @routes.get("/patrols/due")
    async def due(request: Request, day: Day = None) -> DueView:
        """What is to be flown on a day, by default today; what nobody has planned stays in it."""
        caller, now = caller_of(request), parts.world.now_utc()
        await parts.people.door.note_look(caller, "patrols_due")
        day = day or now.astimezone(SHANGHAI).date()
        over = end_of(day)
        debts = await _debts(parts, caller, min(now, over), over if over <= now else None)
        kept = parts.records.missions
        found = await kept.of_day(day.isoformat(), is_exercise=parts.settings.is_exercise)
        broken = [one.break_point.sortie for one in found if one.break_point is not None]
        continued = [one.continues for one in await kept.rests_of(broken)]
        return due_view(parts.register, day, due_patrols(debts, found, day, continued=continued))


async def _debts(
    parts: Parts, caller: Caller, at_utc: datetime, until_utc: datetime | None = None
) -> list[Debt]:
    """Of the caller's grids, the most pressing first; nothing launched after `until_utc` counts."""
    scopes = scopes_of(caller)
    looks = await parts.centre.store.read(
        lambda c: last_looks(
            c, at_utc - LOOKED_BACK, is_exercise=parts.settings.is_exercise, scopes=scopes,
            until_utc=until_utc,
        )
    )  # fmt: skip
    codes = [grid.code for grid in parts.register.grids if caller.sees(grid.code)]
    return coverage_debt(codes, looks, at_utc)


async def _called(parts: Parts, body: CallBody) -> tuple[GeoPoint, Place]:
    """Where it is, and what hides it from whom; LookupError for an id that there is not."""
    if body.alert_id is not None:
        desks = await parts.switchboard.of_alert(body.alert_id)
        alert = await desks.crowd.find(body.alert_id)
        return alert.place, Place(code=alert.grid_code, denial=f"no alert {body.alert_id}")
    if body.report_id is not None:
        report = await parts.centre.shelves.get(CitizenReport, body.report_id)
        denial = f"there is no report {body.report_id}"
        return report.place, Place(code=report.grid_code, denial=denial)
    if body.whistle_id is not None:
        whistle = await parts.centre.shelves.get(Whistle, body.whistle_id)
        inside = parts.register.get(whistle.grid_code).shape.representative_point()
        place = Place(code=whistle.grid_code, denial=f"there is no whistle {body.whistle_id}")
        return GeoPoint(lat_deg=inside.y, lon_deg=inside.x), place
    if body.place is None:
        raise ValueError("a call without a place passed the door")
    point = body.place.point()
    return point, Place(code=parts.register.grid_at(point), denial="no grid of yours lies there")
