"""Cases: the queue, one case's whole thread, its steps, its tasks and whom to call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from ground_station.api.answers.casework import (
    CardView,
    CaseRow,
    CaseStep,
    DispatchView,
    EntryView,
    ItemsView,
    PasteCard,
    ReportView,
    Thread,
    WholeCase,
)
from ground_station.api.asking import (
    Cursor,
    Limit,
    Moment,
    ask,
    cause_for,
    page_view,
    require_seen,
    scopes_of,
)
from ground_station.api.bodies import CaseStepBody, DispatchBody, NewCaseBody, ReplyBody
from ground_station.api.callers import caller_of
from ground_station.api.roads import roads
from ground_station.casework.case import Case
from ground_station.casework.citizens import CitizenReport
from ground_station.casework.contacts import ContactCard, Entry
from ground_station.casework.dispatches import (
    DISPATCH_MACHINE,
    Dispatch,
    DispatchEvent,
    DispatchState,
)
from ground_station.casework.opening import OPENERS
from ground_station.casework.states import CASE_MACHINE, CaseEvent, CaseState
from ground_station.casework.thread import read_thread
from ground_station.event_fields import case_fields
from ground_station.owners import Tier
from ground_station.parts import Parts
from ground_station.people.door import Caller
from ground_station.people.persons import holds
from ground_station.people.powers import Power
from ground_station.places import Place
from ground_station.shapes import Page
from ground_station.store.codec import encode
from ground_station.store.queries import CaseFilter, case_queue
from patrol.cause import Role
from patrol.errors import Refused

OPEN = Power(name="case.open", roles=OPENERS)
DISPATCHERS = Power(name="dispatch.send", roles=(Role.DISPATCHER,))


def case_routes(parts: Parts) -> APIRouter:
    """`/cases` and `/dispatches`."""
    routes = roads(tags=["cases"])
    _add_lists(routes, parts)
    _add_task_list(routes, parts)
    _add_cards(routes, parts)
    _add_steps(routes, parts)
    _add_tasks(routes, parts)
    return routes


async def seen_case(parts: Parts, request: Request, case_no: str) -> Case:
    """A case of the caller's part of the district or department; LookupError for any other."""
    case = await parts.centre.desk.find(case_no)
    await require_seen(parts, request, await _place(parts, case_no))
    return case


def _add_lists(routes: APIRouter, parts: Parts) -> None:
    @routes.get("/cases")
    async def queue(
        request: Request,
        is_open: bool | None = True,
        tier: Annotated[list[Tier] | None, Query()] = None,
        state: Annotated[list[CaseState] | None, Query()] = None,
        unit: Annotated[str, Query(max_length=80)] = "",
        due_before: Moment | None = None,
        cursor: Cursor = "",
        limit: Limit = 50,
    ) -> Page[CaseRow]:
        """Cases by their clock: what is due first stands first."""
        wanted = CaseFilter(
            is_open=None if state else is_open,
            tiers=tuple(tier or ()),
            states=tuple(state or ()),
            owner_unit=unit,
            due_before_utc=due_before,
            is_exercise=parts.centre.casework.is_exercise,
            scopes=scopes_of(caller_of(request)),
            departments=caller_of(request).departments,
        )
        await parts.people.door.note_look(caller_of(request), "cases")
        page = await parts.centre.store.read(lambda c: case_queue(c, wanted, ask(cursor, limit)))
        return page_view(page)

    @routes.get("/cases/{case_no}")
    async def thread(case_no: str, request: Request) -> Thread:
        """One case from the sighting to its check."""
        case = await seen_case(parts, request, case_no)
        await parts.people.door.note_look(caller_of(request), "case", case_no)
        return await _thread_view(parts, case, caller_of(request))

    @routes.get("/items")
    async def items() -> ItemsView:
        """The item list: which kinds of cases there are."""
        listed: ItemsView = encode(parts.centre.casework.items)
        return listed


def _add_task_list(routes: APIRouter, parts: Parts) -> None:
    @routes.get("/dispatches")
    async def dispatches(
        request: Request,
        state: DispatchState | None = None,
        cursor: Cursor = "",
        limit: Limit = 50,
    ) -> Page[DispatchView]:
        """The newest tasks in the caller's part of the district, and those of their department."""
        caller = caller_of(request)
        await parts.people.door.note_look(caller, "dispatches")
        found, following = await parts.centre.shelves.page(
            Dispatch, ask(cursor, limit), state=state.value if state else "",
            scopes=scopes_of(caller), units=caller.departments,
            is_exercise=parts.centre.casework.is_exercise,
        )  # fmt: skip
        return {"items": [dispatch_view(one) for one in found], "next": following or None}


def _add_cards(routes: APIRouter, parts: Parts) -> None:
    @routes.get("/cases/{case_no}/card")
    async def card(case_no: str, request: Request) -> PasteCard:
        """Whom to call, and words to paste into the grid's group."""
        await seen_case(parts, request, case_no)
        await parts.people.door.note_look(caller_of(request), "card", case_no)
        found, text_zh, text_en = await parts.centre.desk.card(case_no)
        return {**card_view(found), "paste_zh": text_zh, "paste_en": text_en}

    @routes.get("/contacts/{grid_code}")
    async def contacts(grid_code: str, request: Request) -> CardView:
        """The contact card of a grid."""
        code = parts.register.get(grid_code).code
        await parts.people.door.require_seen(
            caller_of(request), code, f"no grid {grid_code!r}", request.state.request_id
        )
        await parts.people.door.note_look(caller_of(request), "card", code)
        return card_view(parts.centre.casework.contacts.card(code))


def _add_steps(routes: APIRouter, parts: Parts) -> None:
    desk = parts.centre.desk

    @routes.post("/cases", status_code=201)
    async def bring(body: NewCaseBody, request: Request) -> WholeCase:
        """A case that a grid worker (W) or a department (D) brings itself."""

        async def where() -> Place:
            code, _ = parts.centre.casework.grid_at(body.place.point())
            denial = "this place is not in your part of the district"
            # A department has no part of its own: it brings what it found anywhere in a grid.
            units = caller_of(request).departments if code else ()
            return Place(code=code, denial=denial, units=units)

        cause = await cause_for(parts, request, body.role, OPEN, where)
        return case_view(await parts.centre.intake.bring(body.matter(), cause))

    @routes.post("/cases/{case_no}/steps/{event}")
    async def step(
        case_no: str, event: CaseEvent, body: CaseStepBody, request: Request
    ) -> WholeCase:
        """One step; the table of states says who may take it and when."""
        power = Power(name=f"case.{event.value}", roles=CASE_MACHINE.roles(event))
        cause = await cause_for(parts, request, body.role, power, lambda: _place(parts, case_no))
        given = body.given()
        if body.unit_code is not None:
            given = replace(given, owner=desk.unit_for(await desk.find(case_no), body.unit_code))
        if event is CaseEvent.CHECK and given.checker:
            await _require_supervisor(parts, given.checker, await _place(parts, case_no))
        if event is CaseEvent.MERGE:
            if given.other_case:
                await seen_case(parts, request, given.other_case)
            return case_view(await parts.centre.intake.merge(case_no, cause, given))
        return case_view(await desk.act(case_no, event, cause, given))


async def _require_supervisor(parts: Parts, name: str, place: Place) -> None:
    """A check that was given to nobody there is could be done by nobody."""
    if not await parts.people.knows(name, Role.SUPERVISOR, place.code):
        raise Refused(
            f"{name} does not hold the role {Role.SUPERVISOR.value}",
            text_zh=f"{name}没有网格监督员角色",
        )


def _add_tasks(routes: APIRouter, parts: Parts) -> None:
    desk = parts.centre.desk

    @routes.post("/cases/{case_no}/dispatches", status_code=201)
    async def send(case_no: str, body: DispatchBody, request: Request) -> DispatchView:
        """A task to a unit or department, which owes a reply."""
        cause = await cause_for(
            parts, request, body.role, DISPATCHERS, lambda: _place(parts, case_no)
        )
        sent = await desk.dispatch(case_no, body.unit_code, body.task, cause, body.due_utc)
        return dispatch_view(sent)

    @routes.post("/dispatches/{dispatch_id}/steps/{event}")
    async def answer(
        dispatch_id: str, event: DispatchEvent, body: ReplyBody, request: Request
    ) -> DispatchView:
        """Accept, return or reply."""

        async def where() -> Place:
            kept = await parts.centre.shelves.get(Dispatch, dispatch_id)
            denial = f"there is no dispatch {dispatch_id}"
            return Place(code=kept.grid_code, denial=denial, units=(kept.unit.code,))

        power = Power(name=f"dispatch.{event.value}", roles=DISPATCH_MACHINE.roles(event))
        cause = await cause_for(parts, request, body.role, power, where)
        return dispatch_view(await desk.answer_dispatch(dispatch_id, event, body.reply, cause))


async def _place(parts: Parts, case_no: str) -> Place:
    case = await parts.centre.desk.find(case_no)
    tasks = await parts.centre.shelves.dispatches(case_no)
    units = (case.owner.code, *(task.unit.code for task in tasks))
    return Place(code=case.grid_code, denial=f"there is no case {case_no}", units=units)


async def _thread_view(parts: Parts, case: Case, caller: Caller) -> Thread:
    thread = await read_thread(parts.centre.casework, case)
    is_whole = caller.sees(case.grid_code, (case.owner.code,))  # else they have but a task of it
    tasks = [one for one in thread.dispatches if is_whole or caller.sees(None, (one.unit.code,))]
    return {
        "case": case_view(case),
        "steps": [_step_view(step) for step in thread.steps],
        "alert": encode(thread.alert) if thread.alert else None,
        "sightings": [encode(one) for one in thread.sightings],
        "announcements": [encode(one) for one in thread.announcements],
        "effects": [encode(one) for one in thread.effects],
        "dispatches": [dispatch_view(one) for one in tasks],
        "reports": [report_view(one, caller) for one in thread.reports],
    }


def _step_view(row: Mapping[str, Any]) -> CaseStep:
    step: Any = {key: value for key, value in row.items() if key != "body_json"}
    shown: CaseStep = step
    return shown


def case_view(case: Case) -> WholeCase:
    """A case whole, with what consoles show of it."""
    whole: WholeCase = encode(case) | case_fields(case)
    return whole


def dispatch_view(dispatch: Dispatch) -> DispatchView:
    """A task."""
    view: DispatchView = encode(dispatch) | {"state_zh": dispatch.state.zh}
    return view


def report_view(report: CitizenReport, caller: Caller) -> ReportView:
    """A report; the contact is whole only for the dispatcher of its part of the district."""
    is_whole = holds(caller.grants, Role.DISPATCHER, report.grid_code)
    shown = report.contact if is_whole else report.masked_contact
    view: ReportView = encode(report) | {"state_zh": report.state.zh, "contact": shown}
    return view


def card_view(card: ContactCard) -> CardView:
    """A contact card, with who of the three-person team is named nowhere."""
    more: CardView = {
        "entries": [_entry_view(entry) for entry in card.entries],
        "team": [_entry_view(entry) for entry in card.team],
        "lacking": [kind.value for kind in card.lacking],
    }
    view: CardView = encode(card) | more
    return view


def _entry_view(entry: Entry) -> EntryView:
    view: EntryView = encode(entry) | {"kind_zh": entry.kind.zh}
    return view
