"""Whether a permit is good for a flight: its reason, area, time, height, and the day's filing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from missions.airspace import AirspaceZone, ZoneKind
from missions.clearance_facts import ClearanceFacts
from missions.papers import Permit, PermitKind
from missions.zones import airspace_findings, filming_findings
from patrol.clock import SHANGHAI

_About = Callable[[Permit], Iterator[tuple[str, str]]]
OPENABLE = (ZoneKind.CONTROLLED, ZoneKind.TEMP, ZoneKind.CATEGORY_BAN)  # never what Art. 34 forbids


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The permit that covers it, or why none of the unit's does, in both languages."""

    permit: Permit | None
    unfit_zh: str = ""
    unfit: str = ""


def permit_for(facts: ClearanceFacts, reason: str) -> Found:
    """The first that covers the whole flight for this reason."""
    return _first(facts, lambda permit: _about(permit, facts, reason))


def permit_opening(facts: ClearanceFacts, zone: AirspaceZone) -> Permit | None:
    """The first that names the zone, and no other, and covers the flight's time and height."""
    if zone.kind not in OPENABLE:
        return None
    for permit in facts.permits:
        is_named = any(_is_only(zone, text, facts) for text in permit.zones)
        if is_named and not list(_unfit(permit, facts)):
            return permit
    return None


def _is_only(zone: AirspaceZone, text: str, facts: ClearanceFacts) -> bool:
    """Whether this is the one zone of that id or name: of two, nobody knows which is meant."""
    zones = facts.airspace.zones if facts.airspace else ()
    named = [one for one in zones if text and text in (one.zone_id, one.name)]
    return named == [zone]


def _first(facts: ClearanceFacts, about: _About) -> Found:
    zh, en = "", ""
    for permit in facts.permits:
        reasons = list(about(permit))
        if not reasons:
            return Found(permit=permit)
        zh += f"；许可{permit.permit_id}{reasons[0][0]}"
        en += f"; permit {permit.permit_id} {reasons[0][1]}"
    return Found(permit=None, unfit_zh=zh, unfit=en)


def _about(permit: Permit, facts: ClearanceFacts, reason: str) -> Iterator[tuple[str, str]]:
    if reason not in permit.reasons:
        yield f"未涵盖{reason}", f"does not answer {reason}"
    if not _is_there(permit, facts):
        yield f"未涵盖网格{facts.plan.grid_code}", f"does not cover grid {facts.plan.grid_code}"
    yield from _unfit(permit, facts)


def kinds_in_hand(facts: ClearanceFacts) -> frozenset[PermitKind]:
    """Of the permits used, and of those for this flight that only await a decision or filing."""
    day = facts.takeoff_utc.astimezone(SHANGHAI).date()
    asked_utc = facts.asked_utc

    def is_near(permit: Permit) -> bool:
        done = replace(permit, decided_utc=asked_utc, filed_days=(day,))
        return _is_there(permit, facts) and not list(_unfit(done, facts))

    return frozenset(
        one.kind for one in facts.permits if one.permit_id in facts.used or is_near(one)
    )


def _is_there(permit: Permit, facts: ClearanceFacts) -> bool:
    return any(facts.plan.grid_code.startswith(area) for area in permit.grids)


def _unfit(permit: Permit, facts: ClearanceFacts) -> Iterator[tuple[str, str]]:
    """What of its time, height or standing does not fit."""
    if permit.decided_utc is None or permit.decided_utc > facts.asked_utc:
        yield "尚未批准", "is not approved yet"
    if facts.takeoff_utc < permit.from_utc or facts.landing_utc > permit.to_utc:
        yield "时间不符", "is for another time"
    if facts.highest_agl_m > permit.max_height_agl_m:
        yield (
            f"高度不符（至多{permit.max_height_agl_m:g}米）",
            (f"goes up to {permit.max_height_agl_m:g} m only"),
        )
    day = facts.takeoff_utc.astimezone(SHANGHAI).date()
    if permit.kind is PermitKind.LONG_TERM and day not in permit.filed_days:
        yield f"未报备{day}的飞行计划", f"has no flight plan filed for {day}"


def with_airspace(facts: ClearanceFacts) -> ClearanceFacts:
    """The facts with what the airspace says about the plan at take-off, and what permits open."""
    opened: dict[str, str] = {}

    def opened_by(zone: AirspaceZone) -> str:
        permit = permit_opening(facts, zone)
        if permit is None:
            return ""
        opened[zone.name] = permit.permit_id
        return permit.permit_id

    plan, sky, at_utc = facts.plan, facts.airspace, facts.takeoff_utc
    zones = tuple(airspace_findings(plan, sky, at_utc, opened_by))
    if facts.lens is not None:
        zones = (*zones, *filming_findings(plan, sky, facts.lens, at_utc))
    return replace(facts, zones=zones, opened=opened)
