"""Who stands behind a request or a socket: the web framework's side of the door."""

from __future__ import annotations

from fastapi import Depends, Request, Security, WebSocket
from fastapi.security import HTTPBearer
from starlette.requests import HTTPConnection

from ground_station.people.door import Caller, Door
from ground_station.people.errors import OwnPasswordNeeded


async def known(connection: HTTPConnection) -> Caller:
    """FastAPI's dependency of what somebody may do who still has a first password."""
    door: Door = connection.app.state.people.door
    caller = await door.caller(connection)
    connection.state.caller = caller
    return caller


async def signed_in(connection: HTTPConnection) -> Caller:
    """FastAPI's dependency of every road but the sign-in's own."""
    caller = await known(connection)
    if caller.session is not None and caller.person.must_change:
        raise OwnPasswordNeeded
    return caller


# It lets nobody in: it is how the description of the API tells roads that need a sign-in.
_TOKEN = Security(HTTPBearer(scheme_name="token", auto_error=False))
KNOWN = (Depends(known), _TOKEN)
INSIDE = (Depends(signed_in), _TOKEN)


def caller_of(connection: Request | WebSocket) -> Caller:
    """Who `signed_in` found."""
    caller: Caller = connection.state.caller
    return caller
