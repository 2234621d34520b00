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
from ground_station.api.asking import Cursor, Limit, Where, ask, cause_for, nowhere
from ground_station.api.bodies import GridsBody, HandOverBody, ShiftBody, TextBody
from ground_station.api.callers import caller_of
from ground_station.api.roads import roads
from ground_station.parts import Parts
from ground_station.people.door import Caller
from ground_station.people.persons import holds
from ground_station.people.powers import Power
from ground_station.places import Places
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
    _add_duties(routes, parts)
    _add_plan(routes, parts)
    _add_log(routes, parts)
    return routes


def _add_reads(routes: APIRouter, parts: Parts) -> None:
    desk = parts.centre.shifts

    @routes.get("/shift")
    async def current(request: Request) -> ShiftWithLog:
        """The open shift; LookupError when there is none."""
        shift = await desk.current()
        if shift is None:
            raise LookupError("no shift is open")
        caller = caller_of(request)
        await parts.people.door.note_look(caller, "shift", shift.shift_id)
        return _with_log(shift, await desk.log(shift), caller)

    @routes.get("/shifts")
    async def shifts(request: Request, cursor: Cursor = "", limit: Limit = 50) -> Page[ShiftView]:
        """The newest shifts."""
        caller = caller_of(request)
        await parts.people.door.note_look(caller, "shifts")
        found, following = await desk.page(ask(cursor, limit))
        items = [seen_shift(shift_view(one), caller) for one in found]
        return {"items": items, "next": following or None}

    @routes.get("/shifts/{shift_id}/log")
    async def log(shift_id: str, request: Request) -> ShiftLog:
        """One shift's log: planned, visited, not visited, with a hash over all of it."""
        await parts.people.door.note_look(caller_of(request), "shift_log", shift_id)
        shift = await parts.centre.shelves.get(Shift, shift_id)
        return seen_log(await desk.log(shift), caller_of(request))

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
        """Open one; whoever does is on duty."""
        cause = await _cause(parts, request, body, _SQUAD)
        return _shown(await desk.open(body.squad, cause), request)

    @routes.post("/shift/sign-in")
    async def sign_in(body: UnderRole, request: Request) -> ShiftView:
        """Take a role that nobody has."""
        cause = await _cause(parts, request, body, CREW)
        return _shown(await desk.sign_in(cause), request)

    @routes.post("/shift/hand-over")
    async def hand_over(body: HandOverBody, request: Request) -> ShiftView:
        """Give one's role to another; the aircraft flies on."""
        cause = await _cause(parts, request, body, CREW)
        if not await parts.people.knows(body.to, cause.role):
            raise Refused(
                f"{body.to} does not hold the role {cause.role.value}",
                text_zh=f"{body.to}没有{roles_zh(cause.role.value)}角色",
            )
        return _shown(await desk.hand_over(body.to, cause), request)

    @routes.post("/shift/sign-out")
    async def sign_out(body: UnderRole, request: Request) -> ShiftView:
        """Leave one's role."""
        cause = await _cause(parts, request, body, CREW)
        return _shown(await desk.sign_out(cause), request)


def _add_plan(routes: APIRouter, parts: Parts) -> None:
    desk = parts.centre.shifts

    @routes.post("/shift/plan")
    async def plan(body: GridsBody, request: Request) -> ShiftView:
        """Which grids of one's own part the shift means to visit; others' stay as they are."""
        cause = await _planning_cause(parts, request, body)
        caller = caller_of(request)
        grants = await parts.people.door.grants_used(caller, cause.role)

        def is_own(code: str) -> bool:
            return caller.sees(code) and holds(grants, cause.role, code)

        return _shown(await desk.plan(body.grids, cause, is_own=is_own), request)


def _add_log(routes: APIRouter, parts: Parts) -> None:
    desk = parts.centre.shifts

    @routes.post("/shift/weather")
    async def weather(body: TextBody, request: Request) -> ShiftView:
        """What somebody sees of the weather."""
        cause = await _cause(parts, request, body, _SQUAD)
        return _shown(await desk.remark(ShiftEvent.WEATHER, body.text, cause), request)

    @routes.post("/shift/note")
    async def note(body: TextBody, request: Request) -> ShiftView:
        """A line of the log."""
        cause = await _cause(parts, request, body, _SQUAD)
        return _shown(await desk.remark(ShiftEvent.NOTE, body.text, cause), request)

    @routes.post("/shift/sign")
    async def sign(body: UnderRole, request: Request) -> ShiftView:
        """A name under the log."""
        roles = SHIFT_MACHINE.roles(ShiftEvent.SIGN)
        cause = await _cause(parts, request, body, roles)
        return _shown(await desk.sign(cause), request)

    @routes.post("/shift/close")
    async def close(body: UnderRole, request: Request) -> ShiftWithLog:
        """Close it for good."""
        roles = tuple(r for r in SHIFT_MACHINE.roles(ShiftEvent.CLOSE) if r is not Role.SYSTEM)
        shift, log = await desk.close(await _cause(parts, request, body, roles))
        return _with_log(shift, log, caller_of(request))


async def _cause(
    parts: Parts, request: Request, body: UnderRole, roles: tuple[Role, ...], where: Where = nowhere
) -> Cause:
    power = Power(name=f"shift.{request.url.path.rsplit('/', 1)[-1]}", roles=roles)
    return await cause_for(parts, request, body.role, power, where)


async def _planning_cause(parts: Parts, request: Request, body: GridsBody) -> Cause:
    """Who plans under one role, and may under it in each of the grids."""
    roles, places = SHIFT_MACHINE.roles(ShiftEvent.PLAN), Places(parts=parts)
    if not body.grids:
        return await _cause(parts, request, body, roles)
    first, *others = dict.fromkeys(body.grids)
    cause = await _cause(parts, request, body, roles, partial(places.of_grid, first))
    for grid in others:
        await _cause(parts, request, body, (cause.role,), partial(places.of_grid, grid))
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
    """The district does, and whoever was of the shift."""
    return caller.sees(None) or any(duty["person"] == caller.person.name for duty in view["duties"])


def shift_view(shift: Shift) -> ShiftView:
    """A shift, with the roles that nobody has."""
    view: ShiftView = encode(shift) | {
        "state_zh": shift.state.zh,
        "lacking": [role.value for role in shift.lacking],
    }
    return view
