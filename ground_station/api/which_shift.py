"""Which of the open shifts a request means, and who acts in it: each serves a part of its own."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request

from ground_station.api.asking import Where, cause_for, nowhere
from ground_station.api.callers import caller_of
from ground_station.parts import Parts
from ground_station.people.door import Caller
from ground_station.people.powers import Power
from ground_station.places import Place
from ground_station.schemas import UnderRole
from ground_station.shifts.shift import Shift
from patrol.cause import Cause, Role
from patrol.errors import Refused

ShiftId = Annotated[str, Query(max_length=40, description="which one, where several are open")]


async def shift_cause(
    parts: Parts, request: Request, body: UnderRole, roles: tuple[Role, ...], where: Where = nowhere
) -> Cause:
    """Who asks for this verb of the shift, under one of the roles."""
    power = Power(name=f"shift.{request.url.path.rsplit('/', 1)[-1]}", roles=roles)
    return await cause_for(parts, request, body.role, power, where)


async def on_shift(
    parts: Parts, request: Request, body: UnderRole, roles: tuple[Role, ...], shift_id: str
) -> tuple[Shift, Cause]:
    """The shift that is meant, and who acts in it: a role there is one for the whole of its part.

    LookupError, and an audit row, for a shift of another part.
    """
    found: list[Shift] = []

    async def where() -> Place:
        found.append(await meant(parts, caller_of(request), shift_id))
        return Place(code=found[0].scope, denial=denial_of(shift_id))

    cause = await shift_cause(parts, request, body, roles, where)
    return found[0], cause


async def meant(parts: Parts, caller: Caller, shift_id: str, *, is_meeting: bool = False) -> Shift:
    """The open shift of this id, or else the only one of the caller's part, or else any.

    `is_meeting`: also one that serves more than the caller's part. LookupError when none is open;
    Refused when several of theirs are and none is named.
    """
    opened = await parts.centre.shifts.open_ones()
    named = [one for one in opened if shift_id in ("", one.shift_id)]
    own = [one for one in named if caller.sees(one.scope) or (is_meeting and meets(one, caller))]
    if len(own) > 1:
        ids = [one.shift_id for one in own]
        raise Refused(
            f"several shifts are open, name one by `shift`: {', '.join(ids)}",
            text_zh=f"当前有多个值勤班次，请以 shift 指明：{'、'.join(ids)}",
        )
    if not named:
        raise LookupError(denial_of(shift_id))
    return (own or named)[0]


def denial_of(shift_id: str) -> str:
    """The words for a shift that there is not."""
    return f"no shift {shift_id} is open" if shift_id else "no shift is open"


def meets(shift: Shift, caller: Caller) -> bool:
    """Whether it serves the caller's part, or a part of it."""
    return any(shift.meets(scope) for scope in caller.scopes)


async def not_seen(parts: Parts, request: Request, shift: Shift, denial: str) -> LookupError:
    """The refusal to show a shift of another part, told in the audit log too."""
    door, request_id = parts.people.door, request.state.request_id
    return await door.not_seen(caller_of(request), shift.scope, denial, request_id)
