"""Who asks for what, where: from a request to the cause of everything that follows from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, AwareDatetime, Field

from ground_station.api.callers import caller_of
from ground_station.parts import Parts
from ground_station.people.door import Caller
from ground_station.people.errors import DoorRefused
from ground_station.people.persons import ANYWHERE
from ground_station.people.powers import Power
from ground_station.people.scopes import is_whole, narrowed, read_scope
from ground_station.places import Place
from ground_station.shapes import Page
from ground_station.store.pages import LONGEST_PAGE, WHOLE_DISTRICT, Ask, Scopes
from ground_station.store.pages import Page as FoundPage
from missions.register import Register
from patrol.cause import Cause, Role
from patrol.clock import believable


def _area(text: str) -> str:
    """A part of the district by its code, without the spaces and dashes of its printed form."""
    try:
        return read_scope(text)
    except DoorRefused as error:
        raise ValueError(str(error)) from error


def require_ours(scope: str, register: Register) -> None:
    """Wrong input is a code of another district than the station's."""
    try:
        read_scope(scope, register.form)
    except DoorRefused as error:
        found = {"loc": ("body", "scope"), "msg": str(error), "type": "value_error"}
        raise RequestValidationError([found]) from error


Moment = Annotated[AwareDatetime, AfterValidator(believable)]
Area = Annotated[str, Field(max_length=32), AfterValidator(_area)]
Where = Callable[[], Awaitable[Place | None]]
Cursor = Annotated[str, Query(max_length=400, description="`next` of the page before")]
Purpose = Annotated[
    str,
    Query(min_length=1, max_length=200, pattern=r"\S", description="what for; in the audit row"),
]
Limit = Annotated[int, Query(ge=1, le=LONGEST_PAGE)]


async def cause_for(
    parts: Parts, request: Request, role: Role | None, power: Power, where: Where
) -> Cause:
    """Able at all, seen at all, then allowed there; else NotPermitted, LookupError, PinNeeded."""
    caller, request_id = caller_of(request), request.state.request_id
    door = parts.people.door
    await door.require_able(caller, power, role, request_id)
    place = await where()
    if place is not None:
        await require_seen(parts, request, place)
    code, units = (place.code, place.units) if place is not None else (ANYWHERE, ())
    return await door.allow(caller, power, role, code, request_id, units)


def scopes_of(caller: Caller) -> Scopes:
    """The caller's part of the grid tree, as the store's lists are asked for it."""
    return WHOLE_DISTRICT if is_whole(caller.scopes) else caller.scopes


async def scopes_used(parts: Parts, caller: Caller, cause: Cause, power: Power) -> Scopes:
    """The parts in which whoever acts has this power, as far as the caller sees them.

    At a shared console that is the person of the seat under the one role, wherever else the one
    who signed in may look; elsewhere a role held for one part opens no other that is only seen.
    """
    is_shared = caller.session is not None and caller.session.is_shared
    roles = (cause.role,) if is_shared else power.roles
    grants = await parts.people.door.grants_used(caller, cause.role)
    held = {grant.scope for grant in grants if grant.role in roles}
    found = {narrowed(one, own) for one in held for own in caller.scopes} - {None}
    held_parts = tuple(sorted(one for one in found if one))
    return WHOLE_DISTRICT if is_whole(held_parts) else held_parts


def ask(cursor: str, limit: int) -> Ask:
    """Which page."""
    return Ask(cursor=cursor, limit=limit)


def page_view(page: FoundPage) -> Page[Any]:
    """A page as it is sent; without `next` it was the last."""
    return {"items": list(page.items), "next": page.next_cursor or None}


async def nowhere() -> None:
    """For what lies in no grid and belongs to whoever may do it anywhere."""


async def require_seen(parts: Parts, request: Request, place: Place) -> None:
    """LookupError, and an audit row, for what lies in another's part of the district."""
    await parts.people.door.require_seen(
        caller_of(request), place.code, place.denial, request.state.request_id, place.units
    )
