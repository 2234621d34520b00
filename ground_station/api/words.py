"""Words: the wordings and their versions, releases, typed words, overrides, silence."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from ground_station import schemas
from ground_station.api.answers.words import TemplateView, TypedWords, VersionView
from ground_station.api.asking import cause_for, nowhere, require_seen
from ground_station.api.bodies import OverrideBody, TemplateBody, TemplateStepBody, TypedBody
from ground_station.api.callers import caller_of
from ground_station.api.roads import roads
from ground_station.parts import Parts
from ground_station.people.powers import Power, Verb, power_of
from ground_station.places import Places
from ground_station.shown import AnnouncementView, Silenced
from ground_station.words.person_words import REMINDER, REMINDER_ZH
from ground_station.words.slot_lists import SlotLists, SlotPlace, choices, read_slot_lists
from ground_station.words.slot_places import slot_place
from ground_station.words.typed import CATEGORIES, LONGEST_CHARACTERS, LONGEST_S, TYPED_ID
from ground_station.words.versions import (
    AUTHORS,
    VERSION_MACHINE,
    TemplateVersion,
    VersionEvent,
    in_use,
)
from patrol.cause import Cause, Role
from patrol.clock import utc_text

WRITE = Power(name="template.write", roles=AUTHORS)
OVERRIDE = Power(name="announcement.override", roles=(Role.LEADER,))
Id = Annotated[str, Query(max_length=64)]


def words_routes(parts: Parts) -> APIRouter:
    """`/templates`, `/announcements` and what is said for an alert."""
    routes = roads(tags=["words"])
    _add_wordings(routes, parts)
    _add_releases(routes, parts)
    _add_second_thoughts(routes, parts)
    return routes


def _add_wordings(routes: APIRouter, parts: Parts) -> None:
    lists, desk, places = read_slot_lists(), parts.centre.wordings, Places(parts=parts)

    @routes.get("/templates")
    async def templates(
        request: Request, alert: Id = "", grid: Id = ""
    ) -> list[TemplateView | TypedWords]:
        """What may be said; of an alert or a grid with what its slots may be filled with there.

        The last one stands for typed words: its reminder has to be shown where they are typed.
        """
        code = None
        if alert or grid:
            where = await (places.of_alert(alert) if alert else places.of_grid(grid))
            await require_seen(parts, request, where)
            code = where.code
        await parts.people.door.note_look(caller_of(request), "templates", alert or code or "")
        place = slot_place(
            parts.register, parts.centre.legal, grid_code=code,
            at_utc=parts.world.now_utc(), is_exercise=parts.settings.is_exercise,
        )  # fmt: skip
        versions = list((await desk.versions()).values())
        return [*_template_views(versions, lists, place), _typed_view()]

    @routes.post("/templates", status_code=201)
    async def write(body: TemplateBody, request: Request) -> VersionView:
        """A new wording; another person approves it."""
        cause = await cause_for(parts, request, body.role, WRITE, nowhere)
        return _version_view(await desk.write(body.template_id, body.zh, body.en, cause))

    @routes.post("/templates/{version_id}/steps/{event}")
    async def step(
        version_id: str, event: VersionEvent, body: TemplateStepBody, request: Request
    ) -> VersionView:
        """Approve or retire; the author of words does not approve them."""
        power = Power(name=f"template.{event.value}", roles=VERSION_MACHINE.roles(event))
        cause = await cause_for(parts, request, body.role, power, nowhere)
        return _version_view(await desk.move(version_id, event, cause, reason=body.reason))


def _add_releases(routes: APIRouter, parts: Parts) -> None:
    switchboard, places = parts.switchboard, Places(parts=parts)

    async def cause_at(request: Request, body: schemas.UnderRole, alert_id: str) -> Cause:
        power = power_of(Verb.ANNOUNCE)
        return await cause_for(parts, request, body.role, power, lambda: places.of_alert(alert_id))

    @routes.post("/alerts/{alert_id}/announce", status_code=202)
    async def announce(
        alert_id: str, body: schemas.AnnounceBody, request: Request
    ) -> AnnouncementView:
        """Release a template's words."""
        cause = await cause_at(request, body, alert_id)
        desks = await switchboard.of_alert(alert_id)
        return await desks.speaking.announce(
            alert_id, body.template, cause, values=body.values, language=body.language,
            repeat=body.repeat,
        )  # fmt: skip

    @routes.post("/announcements", status_code=202)
    async def announce_below(body: schemas.AnnounceBelowBody, request: Request) -> AnnouncementView:
        """Release a template's words on a patrol, without an alert: a notice or advice."""
        cause = await cause_for(
            parts, request, body.role, power_of(Verb.ANNOUNCE),
            lambda: places.of_flight(body.aircraft),
        )  # fmt: skip
        return await switchboard.named(body.aircraft).speaking.announce_below(
            body.template, cause, values=body.values, language=body.language, repeat=body.repeat
        )

    @routes.post("/alerts/{alert_id}/speak", status_code=202)
    async def speak(alert_id: str, body: TypedBody, request: Request) -> AnnouncementView:
        """Release words typed for this moment."""
        cause = await cause_at(request, body, alert_id)
        desks = await switchboard.of_alert(alert_id)
        return await desks.speaking.speak(
            alert_id, body.text, cause, language=body.language, category=body.category,
            repeat=body.repeat,
        )  # fmt: skip


def _add_second_thoughts(routes: APIRouter, parts: Parts) -> None:
    switchboard, places = parts.switchboard, Places(parts=parts)

    @routes.post("/announcements/{announcement_id}/override", status_code=202)
    async def override(
        announcement_id: str, body: OverrideBody, request: Request
    ) -> AnnouncementView:
        """Play words that a rule stopped, on a leader's reason."""
        cause = await cause_for(
            parts, request, body.role, OVERRIDE, lambda: places.of_announcement(announcement_id)
        )
        desks = await switchboard.of_announcement(announcement_id)
        return await desks.speaking.override(announcement_id, body.reason, cause)

    @routes.post("/speaker/stop")
    async def stop_speaking(body: schemas.OfAircraft, request: Request) -> Silenced:
        """Silence at once."""
        power = power_of(Verb.STOP_SPEAKING)
        cause = await cause_for(
            parts, request, body.role, power, lambda: places.of_flight(body.aircraft)
        )
        return await switchboard.named(body.aircraft).speaking.stop_speaking(cause)


def _template_views(
    versions: list[TemplateVersion], lists: SlotLists, place: SlotPlace
) -> list[TemplateView]:
    """One for each template: the wording in use, or the newest where none is."""
    used = in_use(versions)
    by_id: dict[str, list[TemplateVersion]] = {}
    for version in versions:
        by_id.setdefault(version.template.template_id, []).append(version)
    views: list[TemplateView] = []
    for name, own in by_id.items():
        own = sorted(own, key=lambda one: one.template.version)
        shown = next((one for one in own if one.template is used.get(name)), own[-1])
        offered = choices(shown.template, lists, place)
        views.append(
            {
                **_version_view(shown),
                "is_in_use": name in used,
                "slots": [
                    {
                        "zh": slot.zh,
                        "en": slot.en,
                        "choices": [{"zh": one.zh, "en": one.en} for one in offered[slot.zh]],
                    }
                    for slot in shown.template.slots
                ],
                "slot_lists_version": lists.version,
                "versions": [_version_view(one) for one in own],
            }
        )
    return views


def _version_view(version: TemplateVersion) -> VersionView:
    template = version.template
    return {
        "id": template.template_id,
        "version": template.version,
        "version_id": version.version_id,
        "zh": template.zh,
        "en": template.en,
        "category": template.category.value,
        "is_to_a_crowd": template.is_to_a_crowd,  # only for an alert
        "profile": template.profile.value,
        "needs": [need.value for need in template.needs],
        "needs_text": template.needs_text,
        "max_repeats": template.max_repeats,
        "state": version.state.value,
        "author": version.author,
        "written_utc": utc_text(version.written_utc),
        "approver": version.approver,
        "approved_utc": utc_text(version.approved_utc) if version.approved_utc else None,
        "reason": version.reason,
    }


def _typed_view() -> TypedWords:
    return {
        "id": TYPED_ID,
        "zh": "",
        "en": "",
        "is_in_use": True,
        "categories": [one.value for one in CATEGORIES],
        "longest_characters": dict(LONGEST_CHARACTERS),
        "longest_s": LONGEST_S,
        "reminder": REMINDER,
        "reminder_zh": REMINDER_ZH,
    }
