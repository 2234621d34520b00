"""Citizens' reports, whistles, and the notices that are learned from closed cases."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query, Request

from ground_station.api.answers.casework import (
    ListedWhistle,
    MatchView,
    NoticeView,
    ReportView,
    TakenReport,
    WhistleView,
    WholeCase,
)
from ground_station.api.asking import Cursor, Limit, ask, cause_for, require_seen, scopes_of
from ground_station.api.bodies import (
    LinkReportBody,
    NoticeBody,
    NoticeStepBody,
    ReportBody,
    TextBody,
    WhistleBody,
    WhistleStepBody,
)
from ground_station.api.callers import caller_of
from ground_station.api.cases import case_view, report_view, seen_case
from ground_station.api.roads import roads
from ground_station.casework.citizens import REPORT_MACHINE, CitizenReport, Match, ReportEvent
from ground_station.casework.intake import TAKERS
from ground_station.casework.notices import NOTICE_MACHINE, Notice, NoticeEvent
from ground_station.casework.whistles import WHISTLE_MACHINE, WHISTLERS, Whistle, WhistleEvent
from ground_station.parts import Parts
from ground_station.people.door import Caller
from ground_station.people.powers import Power
from ground_station.places import Place
from ground_station.schemas import UnderRole
from ground_station.shapes import Items, Page
from ground_station.store.codec import encode
from ground_station.store.pages import Ask
from patrol.cause import Role

_TAKE = Power(name="report.take", roles=TAKERS)
_BLOW = Power(name="whistle.blow", roles=WHISTLERS)
K = TypeVar("K", CitizenReport, Whistle, Notice)
_LISTS = {CitizenReport: "reports", Whistle: "whistles", Notice: "notices"}  # in audit rows
State = Annotated[str, Query(max_length=20, description="only those in this state")]


def intake_routes(parts: Parts) -> APIRouter:
    """`/reports`, `/whistles`, `/notices`."""
    routes = roads(tags=["intake"])
    _add_reports(routes, parts)
    _add_report_steps(routes, parts)
    _add_whistles(routes, parts)
    _add_notice_lists(routes, parts)
    _add_notices(routes, parts)
    return routes


def _add_reports(routes: APIRouter, parts: Parts) -> None:
    intake = parts.centre.intake

    @routes.get("/reports")
    async def reports(
        request: Request, state: State = "", cursor: Cursor = "", limit: Limit = 50
    ) -> Page[ReportView]:
        """The newest reports of the caller's part of the district."""
        caller = caller_of(request)
        found, following = await _page(parts, caller, CitizenReport, state, ask(cursor, limit))
        return {"items": [report_view(one, caller) for one in found], "next": following}

    @routes.post("/reports", status_code=201)
    async def take(body: ReportBody, request: Request) -> TakenReport:
        """A report comes in; what may be the same matter comes back with it."""

        async def where() -> Place:
            code, _ = parts.centre.casework.grid_at(body.place.point())
            return Place(code=code, denial="this place is not in your part of the district")

        cause = await cause_for(parts, request, body.role, _TAKE, where)
        report, matches = await intake.take(body.told(), cause)
        caller = caller_of(request)
        return {**report_view(report, caller), "matches": _seen_matches(matches, caller)}

    @routes.get("/reports/{report_id}/matches")
    async def matches(report_id: str, request: Request) -> Items[MatchView]:
        """What lies near it in place and time."""
        place = await _report_place(parts, report_id)
        await parts.people.door.require_seen(
            caller_of(request), place.code, place.denial, request.state.request_id
        )
        caller = caller_of(request)
        await parts.people.door.note_look(caller, "matches", report_id)
        return {"items": _seen_matches(await intake.matches(report_id), caller)}


def _add_report_steps(routes: APIRouter, parts: Parts) -> None:
    intake = parts.centre.intake

    def at(report_id: str) -> Any:  # noqa: ANN401  # an async callable
        return lambda: _report_place(parts, report_id)

    @routes.post("/reports/{report_id}/case", status_code=201)
    async def open_case(report_id: str, body: UnderRole, request: Request) -> WholeCase:
        """A case of its own."""
        cause = await cause_for(parts, request, body.role, _TAKE, at(report_id))
        return case_view(await intake.open_case(report_id, cause))

    @routes.post("/reports/{report_id}/link")
    async def link(report_id: str, body: LinkReportBody, request: Request) -> ReportView:
        """It is about a case that there is."""
        power = Power(name="report.link", roles=(Role.DISPATCHER,))
        cause = await cause_for(parts, request, body.role, power, at(report_id))
        await seen_case(parts, request, body.case_no)
        await _require_sightings_seen(parts, request, body.sighting_ids)
        linked = await intake.link(report_id, body.case_no, cause, tuple(body.sighting_ids))
        return report_view(linked, caller_of(request))

    @routes.post("/reports/{report_id}/reject")
    async def reject(report_id: str, body: TextBody, request: Request) -> ReportView:
        """It is not for us, and why."""
        power = _report_power(ReportEvent.REJECT)
        cause = await cause_for(parts, request, body.role, power, at(report_id))
        return report_view(await intake.reject(report_id, body.text, cause), caller_of(request))

    @routes.post("/reports/{report_id}/answer")
    async def answer(report_id: str, body: TextBody, request: Request) -> ReportView:
        """What became of it."""
        power = _report_power(ReportEvent.ANSWER)
        cause = await cause_for(parts, request, body.role, power, at(report_id))
        return report_view(await intake.answer(report_id, body.text, cause), caller_of(request))


def _add_whistles(routes: APIRouter, parts: Parts) -> None:
    intake = parts.centre.intake

    @routes.get("/whistles")
    async def whistles(
        request: Request, state: State = "", cursor: Cursor = "", limit: Limit = 50
    ) -> Page[ListedWhistle]:
        """Requests for a patrol, those nobody has checked in to marked as overdue."""
        caller, now = caller_of(request), parts.centre.casework.world.now_utc()
        found, following = await _page(parts, caller, Whistle, state, ask(cursor, limit))
        items: list[ListedWhistle] = [
            {**_whistle(one), "is_overdue": one.is_overdue(now)} for one in found
        ]
        return {"items": items, "next": following}

    @routes.post("/whistles", status_code=201)
    async def blow(body: WhistleBody, request: Request) -> WhistleView:
        """Ask for a patrol."""

        async def where() -> Place:
            code = parts.register.get(body.grid_code).code
            return Place(code=code, denial=f"no grid {body.grid_code!r} in the register")

        cause = await cause_for(parts, request, body.role, _BLOW, where)
        if body.report_id:
            await require_seen(parts, request, await _report_place(parts, body.report_id))
        return _whistle(await intake.blow(body.grid_code, body.need, cause, body.report_id))

    @routes.post("/whistles/{whistle_id}/steps/{event}")
    async def step(
        whistle_id: str, event: WhistleEvent, body: WhistleStepBody, request: Request
    ) -> WhistleView:
        """Check in, say which sortie flew, or withdraw."""
        power = Power(name=f"whistle.{event.value}", roles=WHISTLE_MACHINE.roles(event))
        where = partial(_whistle_place, parts, whistle_id)
        cause = await cause_for(parts, request, body.role, power, where)
        moved = await intake.answer_whistle(
            whistle_id, event, cause, reason=body.reason, sortie=body.sortie
        )
        return _whistle(moved)


def _add_notice_lists(routes: APIRouter, parts: Parts) -> None:
    desk = parts.centre.notices

    @routes.get("/cases/{case_no}/similar")
    async def similar(
        case_no: str, request: Request, cursor: Cursor = "", limit: Limit = 50
    ) -> Page[WholeCase]:
        """Closed cases of the same kind in the week before, the oldest first."""
        await seen_case(parts, request, case_no)
        caller = caller_of(request)
        await parts.people.door.note_look(caller, "similar", case_no)
        found, following = await desk.similar(
            case_no, ask(cursor, limit), scopes=scopes_of(caller), departments=caller.departments
        )
        return {"items": [case_view(one) for one in found], "next": following or None}

    @routes.get("/notices")
    async def notices(
        request: Request, state: State = "", cursor: Cursor = "", limit: Limit = 50
    ) -> Page[NoticeView]:
        """The newest notices."""
        caller = caller_of(request)
        found, following = await _page(parts, caller, Notice, state, ask(cursor, limit))
        return {"items": [_notice(one) for one in found], "next": following}


def _add_notices(routes: APIRouter, parts: Parts) -> None:
    desk = parts.centre.notices

    @routes.post("/notices", status_code=201)
    async def draft(body: NoticeBody, request: Request) -> NoticeView:
        """A draft that cites its cases."""
        for case_no in body.case_nos:
            await seen_case(parts, request, case_no)
        power = Power(name="notice.draft", roles=(Role.REVIEWER,))
        cause = await cause_for(parts, request, body.role, power, _anywhere)
        return _notice(await desk.draft(body.case_nos, body.audience, cause))

    @routes.post("/notices/{notice_id}/steps/{event}")
    async def step(
        notice_id: str, event: NoticeEvent, body: NoticeStepBody, request: Request
    ) -> NoticeView:
        """Edit, review by another person, publish, withdraw."""
        power = Power(name=f"notice.{event.value}", roles=NOTICE_MACHINE.roles(event))
        where = partial(notice_place, parts, notice_id)
        cause = await cause_for(parts, request, body.role, power, where)
        moved = await desk.move(
            notice_id, event, cause, reason=body.reason, texts=(body.text_zh, body.text_en)
        )
        return _notice(moved)


def _report_power(event: ReportEvent) -> Power:
    return Power(name=f"report.{event.value}", roles=REPORT_MACHINE.roles(event))


async def _anywhere() -> None:
    return None


async def _report_place(parts: Parts, report_id: str) -> Place:
    kept = await parts.centre.shelves.get(CitizenReport, report_id)
    return Place(code=kept.grid_code, denial=f"there is no report {report_id}")


async def _require_sightings_seen(parts: Parts, request: Request, ids: list[str]) -> None:
    """LookupError for the first that the caller does not see, in the words of one there is not."""
    grids = await parts.centre.shelves.sighting_grids(
        ids, is_exercise=parts.centre.casework.is_exercise
    )
    for one in ids:
        denial = f"there is no sighting {one}"
        if one not in grids:
            raise LookupError(denial)
        await require_seen(parts, request, Place(code=grids[one], denial=denial))


async def _page(
    parts: Parts, caller: Caller, kind: type[K], state: str, page: Ask
) -> tuple[list[K], str | None]:
    """Filtered by the store, before it is cut: nothing of the caller's part hides behind others."""
    await parts.people.door.note_look(caller, _LISTS[kind])
    found, following = await parts.centre.shelves.page(
        kind, page, state=state, scopes=scopes_of(caller),
        is_exercise=parts.centre.casework.is_exercise,
    )  # fmt: skip
    return found, following or None


def _seen_matches(matches: list[Match], caller: Caller) -> list[MatchView]:
    """A street away may be another's part of the district."""
    return [encode(one) for one in matches if caller.sees(one.grid_code)]


def _whistle(whistle: Whistle) -> WhistleView:
    view: WhistleView = encode(whistle) | {"state_zh": whistle.state.zh}
    return view


def _notice(notice: Notice) -> NoticeView:
    view: NoticeView = encode(notice) | {"state_zh": notice.state.zh}
    return view


async def _whistle_place(parts: Parts, whistle_id: str) -> Place:
    kept = await parts.centre.shelves.get(Whistle, whistle_id)
    return Place(code=kept.grid_code, denial=f"there is no whistle {whistle_id}")


async def notice_place(parts: Parts, notice_id: str) -> Place:
    """Where a notice belongs: what all its cases lie under."""
    kept = await parts.centre.shelves.get(Notice, notice_id)
    return Place(code=kept.grid_code, denial=f"there is no notice {notice_id}")
