"""What leaves the house, each with its audit row: files of a plan, a sortie, a day, a notice."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from ground_station.api.asking import (
    Area,
    Purpose,
    cause_for,
    require_ours,
    scopes_used,
)
from ground_station.api.callers import caller_of
from ground_station.api.intake import notice_place
from ground_station.api.roads import roads
from ground_station.out.book import Audience, Language
from ground_station.out.desk import DayFile, PlanFile, SortieFile, Wanted
from ground_station.parts import Parts
from ground_station.people.powers import Verb, power_of
from ground_station.people.scopes import whole_of
from ground_station.places import Place, Places
from patrol.cause import Role
from patrol.clock import FIRST_DAY, LAST_DAY

_MEDIA = {
    "pdf": "application/pdf",
    "html": "text/html; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "geojson": "application/geo+json",
    "kml": "application/vnd.google-earth.kml+xml",
    "plan": "application/json",
    "txt": "text/plain; charset=utf-8",
    "tlog": "application/octet-stream",
}
_FEATURE: dict[str, Any] = {"type": "object", "required": ["type", "geometry", "properties"]}
_BINARY: dict[str, Any] = {"type": "string", "format": "binary"}
_OTHERS: dict[str, dict[str, Any]] = {  # forms that others have described
    "application/json": {
        "type": "object",
        "description": "A plan file of QGroundControl.",
        "properties": {"fileType": {"const": "Plan"}, "mission": {"type": "object"}},
        "required": ["fileType", "mission"],
    },
    "application/geo+json": {
        "type": "object",
        "description": "RFC 7946.",
        "properties": {
            "type": {"const": "FeatureCollection"},
            "features": {"type": "array", "items": _FEATURE},
        },
        "required": ["type", "features"],
    },
}
_EXPORT = power_of(Verb.EXPORT)


def file_routes(parts: Parts) -> APIRouter:
    """`/plans/{id}/files`, `/sorties/{id}/files`, `/days/{date}/files`, the words of a notice."""
    routes = roads(tags=["files"])
    _add_of_plan(routes, parts)
    _add_of_sortie(routes, parts)
    _add_of_day(routes, parts)
    _add_of_notice(routes, parts)
    return routes


def _add_of_plan(routes: APIRouter, parts: Parts) -> None:
    desk = parts.centre.exports

    @routes.get(
        "/plans/{plan_id}/files/{kind}",
        response_class=Response,
        responses=files_told(*(one.value for one in PlanFile)),
    )
    async def of_plan(
        plan_id: str,
        kind: PlanFile,
        request: Request,
        purpose: Purpose,
        role: Role | None = None,
    ) -> Response:
        """QGroundControl plan, GeoJSON or KML, with what was found about the plan."""
        cause = await cause_for(
            parts, request, role, _EXPORT, lambda: Places(parts=parts).of_plan(plan_id)
        )
        drawn, wanted = parts.plans.found(plan_id), _wanted(Language.ZH, False, purpose)
        content = await desk.plan(drawn.plan, drawn.findings, kind, wanted, cause)
        return as_file(content, f"{plan_id}.{kind.value}")


def _add_of_sortie(routes: APIRouter, parts: Parts) -> None:
    desk = parts.centre.exports

    @routes.get(
        "/sorties/{sortie_id}/files/{kind}",
        response_class=Response,
        responses=files_told(*(one.value for one in SortieFile)),
    )
    async def of_sortie(
        sortie_id: str,
        kind: SortieFile,
        request: Request,
        purpose: Purpose,
        lang: Language = Language.ZH,
        public: bool = False,
        role: Role | None = None,
    ) -> Response:
        """Report (PDF, HTML), GeoJSON, QGroundControl plan or the raw log of the link."""
        cause = await cause_for(
            parts, request, role, _EXPORT, lambda: Places(parts=parts).of_any_sortie(sortie_id)
        )
        scopes = await scopes_used(parts, caller_of(request), cause, _EXPORT)
        wanted = _wanted(lang, public, purpose)
        content = await desk.sortie(sortie_id, kind, wanted, cause, scopes)
        return as_file(content, f"{sortie_id}.{kind.value}")


def _add_of_day(routes: APIRouter, parts: Parts) -> None:
    desk = parts.centre.exports

    told = files_told(*(one.value for one in DayFile))

    @routes.get("/days/{day}/files/{kind}", response_class=Response, responses=told)
    async def of_day(
        day: Annotated[date, Path(ge=FIRST_DAY, le=LAST_DAY)],
        kind: DayFile,
        request: Request,
        purpose: Purpose,
        scope: Annotated[Area | None, Query()] = None,
        lang: Language = Language.ZH,
        public: bool = False,
        role: Role | None = None,
    ) -> Response:
        """Report, GeoJSON, 巡查日志, 台账, and coverage with what was not visited."""
        part = scope or whole_of(parts.register.form)
        require_ours(part, parts.register)

        async def where() -> Place:
            return Place(code=part, denial=f"no area {part!r} in your part of the district")

        cause = await cause_for(parts, request, role, _EXPORT, where)
        content = await desk.day(day, part, kind, _wanted(lang, public, purpose), cause)
        return as_file(content, f"{day.isoformat()}-{part}.{kind.value}")


def _add_of_notice(routes: APIRouter, parts: Parts) -> None:
    desk = parts.centre.notices

    told = files_told("txt")

    @routes.get("/notices/{notice_id}/files/txt", response_class=Response, responses=told)
    async def of_notice(
        notice_id: str,
        request: Request,
        purpose: Purpose,
        lang: Language = Language.ZH,
        role: Role | None = None,
    ) -> Response:
        """A notice's words, to be pasted where they are to be read; once another has read them."""
        cause = await cause_for(
            parts, request, role, _EXPORT, lambda: notice_place(parts, notice_id)
        )
        content = await desk.hand_out(notice_id, lang.value, purpose, cause)
        return as_file(content, f"{notice_id}.txt")


def _wanted(lang: Language, public: bool, purpose: str) -> Wanted:
    audience = Audience.PUBLIC if public else Audience.INTERNAL
    return Wanted(audience=audience, language=lang, purpose=purpose)


def files_told(*names: str) -> dict[int | str, dict[str, Any]]:
    """What such files are, for the description of the road."""
    media = {_MEDIA[name.rsplit(".", 1)[-1]].partition(";")[0] for name in names}
    named = {"description": "The file's name.", "schema": {"type": "string"}}
    return {
        200: {
            "description": "The file, of the kind that was asked for.",
            "content": {one: {"schema": _OTHERS.get(one, _BINARY)} for one in sorted(media)},
            "headers": {"Content-Disposition": named},
        }
    }


def as_file(content: bytes, name: str) -> Response:
    """A file to be saved under this name, and kept in no cache."""
    kind = name.rsplit(".", 1)[-1]
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }
    return Response(content, media_type=_MEDIA[kind], headers=headers)
