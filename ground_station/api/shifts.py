"""The squad's shift, and what was seen of a grid of late."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from fastapi import APIRouter, Request

from ground_station.api.answers.squad import (
    CheckedView,
    Recently,
    ShiftLog,
    ShiftView,
    ShiftWithLog,
)
from ground_station.api.asking import Cursor, Limit, ask, require_ours, scopes_of
from ground_station.api.bodies import GridsBody, HandOverBody, ShiftBody, TextBody
from ground_station.api.callers import caller_of
from ground_station.api.roads import roads
from ground_station.api.which_shift import (
    ShiftId,
    denial_of,
    meant,
    meets,
    not_seen,
    on_shift,
    shift_cause,
)
from ground_station.parts import Parts
from ground_station.people.door import Caller
from ground_station.people.persons import holds
from ground_station.people.scopes import DISTRICT
from ground_station.places import Place, Places
from ground_station.schemas import UnderRole
from ground_station.shapes import Json, Page
from ground_station.shifts.shift import CREW, SHIFT_MACHINE, Shift, ShiftEvent
from ground_station.store.codec import encode
from patrol.cause import Cause, Role
from patrol.errors import Refused
from patrol.role_words import roles_zh

_SQUAD = (*CREW, Role.LEADER)


def shift_routes(parts: Parts) -> APIRouter:
    """`/shift` is the one that is open, `/shifts` are all."""
    routes = roads(tags=["shift"])
    _add_reads(routes, parts)
    _add_recently(routes, parts)
    _add_duties(routes, parts)
    _add_plan(routes, parts)
    _add_log(routes, parts)
    return routes


def _add_reads(routes: APIRouter, parts: Parts) -> None:
    desk = parts.centre.shifts

    @routes.get("/shift")
    async def current(request: Request, shift: ShiftId = "") -> ShiftWithLog:
        """The open shift that serves the caller's part; LookupError when there is none."""
        caller = caller_of(request)
        found = await meant(parts, caller, shift, is_meeting=True)
        if not meets(found, caller):
            raise await not_seen(parts, request, found, denial_of(shift))
        await parts.people.door.note_look(caller, "shift", found.shift_id)
        return _with_log(found, await desk.log(found), caller)

    @routes.get("/shifts")
    async def shifts(request: Request, cursor: Cursor = "", limit: Limit = 50) -> Page[ShiftView]:
        """The newest shifts that served the caller's part."""
        caller = caller_of(request)
        await parts.people.door.note_look(caller, "shifts")
        found, following = await desk.page(ask(cursor, limit), scopes=scopes_of(caller))
        items = [seen_shift(shift_view(one), caller) for one in found]
        return {"items": items, "next": following or None}

    @routes.get("/shifts/{shift_id}/log")
    async def log(shift_id: str, request: Request) -> ShiftLog:
        """One shift's log: planned, visited, not visited, with a hash over all of it."""
        found, caller = await parts.centre.shelves.get(Shift, shift_id), caller_of(request)
        if not meets(found, caller):
            denial = f"there is no shift {shift_id}"
            raise await not_seen(parts, request, found, denial)
        await parts.people.door.note_look(caller, "shift_log", shift_id)
        return seen_log(await desk.log(found), caller)


def _add_recently(routes: APIRouter, parts: Parts) -> None:
    @routes.get("/grids/{grid_code}/recently")
    async def recently(grid_code: str, request: Request) -> Recently:
        """What was seen of a grid of late: shown before it is flown again."""
        code = parts.register.get(grid_code).code
        await parts.people.door.require_seen(
            caller_of(request), code, f"no grid {grid_code!r}", request.state.request_id
        )
        await parts.people.door.note_look(caller_of(request), "recently", code)
        return {"checked": await recently_of(parts, code)}


def _add_duties(routes: APIRouter, parts: Parts) -> None:
    desk = parts.centre.shifts

    @routes.post("/shift", status_code=201)
    async def open_shift(body: ShiftBody, request: Request) -> ShiftView:
        """Open one for a part of the district; whoever does is on duty."""
        scope = body.scope
        if scope is not None:
            require_ours(scope, parts.register)

        async def where() -> Place | None:
            denial = f"no area {scope!r} in your part of the district"
            return None if scope is None else Place(code=scope, denial=denial)

        cause = await shift_cause(parts, request, body, _SQUAD, where)
        part = cause.held_for if scope is None else scope
        return _shown(await desk.open(body.squad, cause, part), request)

    @routes.post("/shift/sign-in")
    async def sign_in(body: UnderRole, request: Request, shift: ShiftId = "") -> ShiftView:
        """Take a role that nobody has."""
        found, cause = await on_shift(parts, request, body, CREW, shift)
        return _shown(await desk.sign_in(found.shift_id, cause), request)

    @routes.post("/shift/hand-over")
    async def hand_over(body: HandOverBody, request: Request, shift: ShiftId = "") -> ShiftView:
        """Give one's role to another who holds it there; the aircraft flies on."""
        found, cause = await on_shift(parts, request, body, CREW, shift)
        if not await parts.people.knows(body.to, cause.role, found.scope):
            raise Refused(
                f"{body.to} does not hold the role {cause.role.value} in {found.scope}",
                text_zh=f"{body.to}在{found.scope}没有{roles_zh(cause.role.value)}角色",
            )
        return _shown(await desk.hand_over(found.shift_id, body.to, cause), request)

    @routes.post("/shift/sign-out")
    async def sign_out(body: UnderRole, request: Request, shift: ShiftId = "") -> ShiftView:
        """Leave one's role."""
        found, cause = await on_shift(parts, request, body, CREW, shift)
        return _shown(await desk.sign_out(found.shift_id, cause), request)


def _add_plan(routes: APIRouter, parts: Parts) -> None:
    desk = parts.centre.shifts

    @routes.post("/shift/plan")
    async def plan(body: GridsBody, request: Request, shift: ShiftId = "") -> ShiftView:
        """Which grids of one's own part the shift means to visit; others' stay as they are."""
        cause = await _planning_cause(parts, request, body)
        caller = caller_of(request)
        found = await meant(parts, caller, shift, is_meeting=True)
        if not meets(found, caller):
            raise await not_seen(parts, request, found, denial_of(shift))
        grants = await parts.people.door.grants_used(caller, cause.role)

        def is_own(code: str) -> bool:
            return caller.sees(code) and holds(grants, cause.role, code)

        planned = await desk.plan(found.shift_id, body.grids, cause, is_own=is_own)
        return _shown(planned, request)


def _add_log(routes: APIRouter, parts: Parts) -> None:
    desk = parts.centre.shifts

    @routes.post("/shift/weather")
    async def weather(body: TextBody, request: Request, shift: ShiftId = "") -> ShiftView:
        """What somebody sees of the weather."""
        found, cause = await on_shift(parts, request, body, _SQUAD, shift)
        seen = await desk.remark(found.shift_id, ShiftEvent.WEATHER, body.text, cause)
        return _shown(seen, request)

    @routes.post("/shift/note")
    async def note(body: TextBody, request: Request, shift: ShiftId = "") -> ShiftView:
        """A line of the log."""
        found, cause = await on_shift(parts, request, body, _SQUAD, shift)
        noted = await desk.remark(found.shift_id, ShiftEvent.NOTE, body.text, cause)
        return _shown(noted, request)

    @routes.post("/shift/sign")
    async def sign(body: UnderRole, request: Request, shift: ShiftId = "") -> ShiftView:
        """A name under the log."""
        roles = SHIFT_MACHINE.roles(ShiftEvent.SIGN)
        found, cause = await on_shift(parts, request, body, roles, shift)
        return _shown(await desk.sign(found.shift_id, cause), request)

    @routes.post("/shift/close")
    async def close(body: UnderRole, request: Request, shift: ShiftId = "") -> ShiftWithLog:
        """Close it for good."""
        roles = tuple(r for r in SHIFT_MACHINE.roles(ShiftEvent.CLOSE) if r is not Role.SYSTEM)
        found, cause = await on_shift(parts, request, body, roles, shift)
        closed, log = await desk.close(found.shift_id, cause)
        return _with_log(closed, log, caller_of(request))


async def _planning_cause(parts: Parts, request: Request, body: GridsBody) -> Cause:
    """Who plans under one role, and may under it in each of the grids."""
    roles, places = SHIFT_MACHINE.roles(ShiftEvent.PLAN), Places(parts=parts)
    if not body.grids:
        return await shift_cause(parts, request, body, roles)
    first, *others = dict.fromkeys(body.grids)
    cause = await shift_cause(parts, request, body, roles, partial(places.of_grid, first))
    for grid in others:
        await shift_cause(parts, request, body, (cause.role,), partial(places.of_grid, grid))
    return cause


async def recently_of(parts: Parts, grid: str) -> CheckedView | None:
    """What was seen of a grid within the time in which it need not be flown again, or nothing."""
    checked = await parts.centre.shifts.recently(parts.register.get(grid).code)
    view: CheckedView | None = encode(checked) if checked else None
    return view


def _shown(shift: Shift, request: Request) -> ShiftView:
    """What a change answers: no more than what may be read."""
    return seen_shift(shift_view(shift), caller_of(request))


def _with_log(shift: Shift, log: Json, caller: Caller) -> ShiftWithLog:
    return {**seen_shift(shift_view(shift), caller), "log": seen_log(log, caller)}


def seen_shift(view: ShiftView, caller: Caller) -> ShiftView:
    """The same shift as far as the caller's part of the district goes."""
    seen: ShiftView = {**view, **_hidden(view, caller)}
    return seen


def seen_log(log: Json, caller: Caller) -> ShiftLog:
    """The same log at the caller's own level: figures are left out and never made anew.

    `sha256` stays that of the whole, so that two levels can tell that it is one log.
    """
    seen: Any = log | {"is_whole": True}
    if not _sees_all(log, caller):
        lists = ("visited_grids", "unvisited_grids")
        sorties = [one for one in log["sorties"] if caller.sees(one["grid"])]
        seen = (
            log
            | _hidden(log, caller)
            | {name: [code for code in log[name] if caller.sees(code)] for name in lists}
            | {"sorties": sorties, "sortie_ids": [one["id"] for one in sorties], "is_whole": False}
        )
    shown: ShiftLog = seen
    return shown


def _hidden(view: Mapping[str, Any], caller: Caller) -> Any:  # noqa: ANN401  # keys of either
    """The keys that stand instead of those which are not the caller's."""
    if _sees_all(view, caller):
        return {}
    planned = [code for code in view["planned_grids"] if caller.sees(code)]
    return {"planned_grids": planned, "sortie_ids": [], "remarks": []}


def _sees_all(view: Mapping[str, Any], caller: Caller) -> bool:
    """Who answers for the whole part that it serves; a log of the whole district names none."""
    return caller.sees(view.get("scope", DISTRICT))


def shift_view(shift: Shift) -> ShiftView:
    """A shift, with the roles that nobody has."""
    view: ShiftView = encode(shift) | {
        "state_zh": shift.state.zh,
        "lacking": [role.value for role in shift.lacking],
    }
    return view
