"""Coming in, going out, and sitting down at a shared console."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from ground_station import schemas
from ground_station.api.answers.people import CrewMember, DoorView, SessionView
from ground_station.api.callers import INSIDE, KNOWN, caller_of
from ground_station.api.roads import roads
from ground_station.parts import Parts
from ground_station.people.door import Caller, address_of, cookie_name, is_encrypted
from ground_station.people.errors import DoorRefused
from ground_station.people.persons import HOLDABLE
from ground_station.people.powers import ROLES_FOR
from ground_station.people.sessions import Session, csrf_of
from ground_station.people.sign_in import Visit

_COOKIE: dict[str, Any] = {
    "description": "The session's cookie comes, is another, or goes.",
    "headers": {
        "Set-Cookie": {"description": "HttpOnly, SameSite=Strict", "schema": {"type": "string"}}
    },
}


def people_routes(parts: Parts) -> APIRouter:
    """`/session` and what belongs to it."""
    routes = roads(prefix="/session", tags=["sign-in"])
    _add_entrance(routes, parts)
    _add_own(routes, parts)
    _add_seats(routes, parts)
    return routes


def _add_entrance(routes: APIRouter, parts: Parts) -> None:
    people = parts.people

    @routes.get("/door")
    async def door() -> DoorView:
        """What the sign-in page shows before anybody is in."""
        return {
            "station": parts.settings.name,
            "is_exercise": parts.settings.is_exercise,
            "has_persons": await people.has_anybody(),
        }

    @routes.post("", responses={200: _COOKIE})
    async def sign_in(
        body: schemas.SignInBody, request: Request, response: Response
    ) -> SessionView:
        visit = _visit(parts, request)
        await people.sessions.drop_old(visit.now)
        key = await people.sign_in.open(body.login, body.password, visit, is_shared=body.is_shared)
        return await _entered(parts, request, response, key)

    @routes.post("/link", responses={200: _COOKIE})
    async def by_link(body: schemas.LinkBody, request: Request, response: Response) -> SessionView:
        visit = _visit(parts, request)
        await people.sign_in.count(visit)
        return await _entered(parts, request, response, await people.links.open(body.key, visit))

    @routes.delete("", status_code=204, dependencies=KNOWN, responses={204: _COOKIE})
    async def sign_out(request: Request, response: Response) -> None:
        caller = caller_of(request)
        if caller.session is not None:
            await people.sign_in.close(caller.session, _visit(parts, request))
        response.delete_cookie(
            cookie_name(request), secure=is_encrypted(request), httponly=True, samesite="strict"
        )


def _add_own(routes: APIRouter, parts: Parts) -> None:
    people = parts.people

    @routes.get("", dependencies=KNOWN)
    async def session(request: Request) -> SessionView:
        """Who is signed in here, and what they may do."""
        caller = caller_of(request)
        key = request.cookies.get(cookie_name(request), "") if caller.session else ""
        return _view(parts, caller, key)

    @routes.post("/password", dependencies=KNOWN, responses={200: _COOKIE})
    async def change_password(
        body: schemas.PasswordBody, request: Request, response: Response
    ) -> SessionView:
        session = _session(caller_of(request))
        key = await people.sign_in.change_password(
            session, body.old, body.new, _visit(parts, request), is_shared=session.is_shared
        )
        return await _entered(parts, request, response, key)

    @routes.post("/pin", status_code=204, dependencies=INSIDE)
    async def choose_pin(body: schemas.PinBody, request: Request) -> None:
        session, visit = _session(caller_of(request)), _visit(parts, request)
        await people.sign_in.require_password(session.person, body.password, visit)
        await people.pins.choose(session.person, body.pin, visit)


def _add_seats(routes: APIRouter, parts: Parts) -> None:
    people = parts.people

    @routes.get("/crew", dependencies=INSIDE)
    async def crew(request: Request) -> list[CrewMember]:
        """Who could sit down here: for the list at the PIN prompt."""
        caller = caller_of(request)
        if not _session(caller).is_shared:
            raise _not_shared()
        await people.door.note_look(caller, "crew")
        return await _crew(parts, caller)

    @routes.post("/seats", dependencies=INSIDE)
    async def sit_down(body: schemas.SeatBody, request: Request) -> SessionView:
        caller, visit = caller_of(request), _visit(parts, request)
        session = _session(caller)
        if not session.is_shared:
            raise _not_shared()
        login = body.login.strip().lower()
        if login not in {one["login"] for one in await _crew(parts, caller)}:
            raise await people.pins.turned_away(session, body.role, visit)
        await people.pins.take_seat(session, login, body.pin, body.role, visit)
        return _view(parts, await people.door.caller(request), _key(request))

    @routes.delete("/seats/{role}", dependencies=INSIDE)
    async def stand_up(role: str, request: Request) -> SessionView:
        held = next((one for one in HOLDABLE if one.value == role), None)
        if held is None:
            raise LookupError(f"no role {role}")
        session = _session(caller_of(request))
        await people.pins.leave_seat(session, held, _visit(parts, request))
        return _view(parts, await people.door.caller(request), _key(request))


async def _crew(parts: Parts, caller: Caller) -> list[CrewMember]:
    """Those with a PIN whose roles are of use in the part of the district that is shown here."""
    found: list[CrewMember] = [
        {
            "login": person.login,
            "name": person.name,
            "roles": sorted({one.role.value for one in person.grants if caller.meets(one.scope)}),
        }
        for person in await parts.people.pins.who_could_sit(parts.people.now())
    ]
    return [one for one in found if one["roles"]]


async def _entered(parts: Parts, request: Request, response: Response, key: str) -> SessionView:
    """Hand the new session's cookie over and say who is in."""
    session = await parts.people.sessions.find(key, parts.people.now())
    assert session is not None  # noqa: S101  # just opened
    response.set_cookie(
        cookie_name(request), key, httponly=True, secure=is_encrypted(request),
        samesite="strict", path="/",
    )  # fmt: skip
    return _view(parts, parts.people.door.caller_in(session), key)


def _view(parts: Parts, caller: Caller, key: str) -> SessionView:
    session, roles = caller.session, {grant.role for grant in caller.grants}
    seats = session.seats if session is not None else {}
    return {
        "login": caller.person.login,
        "name": caller.person.name,
        "grants": [{"role": grant.role.value, "scope": grant.scope} for grant in caller.grants],
        "may": sorted(verb.value for verb, able in ROLES_FOR.items() if roles.intersection(able)),
        "must_change": caller.person.must_change,
        "has_pin": caller.person.has_pin,
        "is_shared": session is not None and session.is_shared,
        "is_exercise": parts.settings.is_exercise,
        "seats": {role.value: seat.login for role, seat in seats.items()},
        "csrf": csrf_of(key) if key else "",
    }


def _not_shared() -> DoorRefused:
    return DoorRefused("this console is not shared", "本席位未设为多人共用")


def _session(caller: Caller) -> Session:
    if caller.session is None:
        raise DoorRefused("a token has no session", "令牌没有会话")
    return caller.session


def _visit(parts: Parts, request: Request) -> Visit:
    return Visit(
        address=address_of(request),
        now=parts.people.now(),
        request_id=request.state.request_id,
    )


def _key(request: Request) -> str:
    return request.cookies.get(cookie_name(request), "")
