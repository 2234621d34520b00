"""What decides each rule about the plan, the permits, the airspace and the sun."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from missions.airspace import ARTICLES, ZoneKind
from missions.clearance_facts import ClearanceFacts
from missions.law import Law
from missions.papers import Link
from missions.permits import permit_for
from missions.sun import daylight, is_dark
from patrol.cause import Role
from patrol.clock import SHANGHAI
from patrol.plan import Level
from patrol.role_words import roles_zh

PLAN = ("计划", "the plan")
PAPERS = ("单位资料", "the unit's papers")
AIRSPACE = ("空域数据", "the airspace data")
SHIFT = ("班次", "the shift")
SKY = ("日出日落推算", "the sun, reckoned")
LEGAL = ("法律依据表", "the orders in force")
_CREW = (Role.PILOT, Role.ANNOUNCER, Role.REGISTRAR)
_CLOCK_SLACK_S = 300.0
_CLOSED = ("airspace.zone", "airspace.filmed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Which sentence of the rule it ends in, what fills it, and where the answer comes from."""

    key: str
    values: Mapping[str, str] = field(default_factory=dict)
    is_yes: bool | None = None  # of the five questions; none: not known, or no such question
    source: tuple[str, str] = PAPERS
    permit_id: str = ""
    article: str = ""  # where it is another than the rule's


Check = Callable[[ClearanceFacts, Law], Said]


def apply_words(law: Law) -> dict[str, str]:
    """When an application has to be made."""
    return {"apply_by": f"{law.numbers.apply_by:%H:%M}"}


def covered(facts: ClearanceFacts, law: Law, reason: str, source: tuple[str, str]) -> Said:
    """A yes: either a permit covers it, or it is refused with the way to one."""
    found = permit_for(facts, reason)
    if found.permit is not None:
        number = found.permit.permit_id
        return Said(
            key="permitted", values={"permit": number}, is_yes=True, source=source,
            permit_id=number,
        )  # fmt: skip
    values = apply_words(law) | {"unfit": found.unfit_zh, "unfit_en": found.unfit}
    return Said(key="refused", values=values, is_yes=True, source=source)


def relay(facts: ClearanceFacts, law: Law) -> Said:
    """Art. 31 ¶2 (1), from the aircraft's link."""
    link = facts.aircraft.link if facts.aircraft else None
    if link is None:
        return Said(key="missing")
    if link is Link.PUBLIC_NETWORK:
        return covered(facts, law, "31.2.1", PAPERS)
    values = {"how": "无线电直连", "how_en": "direct radio"}
    return Said(key="no", values=values, is_yes=False)


def said_in_papers(member: str, reason: str) -> Check:
    """A question that the papers of the aircraft answer with true or false."""

    def check(facts: ClearanceFacts, law: Law) -> Said:
        answer = getattr(facts.aircraft, member) if facts.aircraft else None
        if answer is None:
            return Said(key="missing")
        return covered(facts, law, reason, PAPERS) if answer else Said(key="no", is_yes=False)

    return check


def crowd(facts: ClearanceFacts, law: Law) -> Said:
    """Art. 31 ¶2 (3), from the plan's own stand-off: one to one with the height, and the least."""
    need_m = max(law.numbers.standoff_min_m, *(one.height.metres for one in facts.plan.waypoints))
    look = facts.plan.look_hold
    if look is None:  # it stops nowhere: the guardian turns it back
        return Said(key="turned_back", values={"need": f"{need_m:.0f}"}, is_yes=False, source=PLAN)
    standoff_m = look.standoff_min_m
    values = {"standoff": f"{standoff_m:.0f}", "need": f"{need_m:.0f}"}
    if standoff_m >= need_m:
        return Said(key="no", values=values, is_yes=False, source=PLAN)
    said = covered(facts, law, "31.2.3", PLAN)
    return Said(
        key=said.key, values={**values, **said.values}, is_yes=True, source=PLAN,
        permit_id=said.permit_id,
    )  # fmt: skip


def heavy(facts: ClearanceFacts, law: Law) -> Said:
    """Art. 26 for medium and large aircraft, which no exemption lets off."""
    return _without_question(covered(facts, law, "26", PAPERS))


def zones(facts: ClearanceFacts, law: Law) -> Said:
    """Art. 19, 20 and 34: the legs that meet what is closed, or show what may not be filmed."""
    closed = [one for one in facts.zones if one.level is Level.STOP and one.code in _CLOSED]
    if closed:
        first = closed[0]
        values = apply_words(law) | {"what": first.text_zh, "what_en": first.text}
        key = "forbidden" if first.article == ARTICLES[ZoneKind.NO_SHOOT] else "refused"
        return Said(key=key, values=values, source=AIRSPACE, article=first.article)
    if facts.opened:
        zone, permit = next(iter(facts.opened.items()))
        values = {"zone": zone, "permit": permit}
        return Said(key="permitted", values=values, source=AIRSPACE, permit_id=permit)
    return Said(key="ok" if facts.airspace else "unknown", source=AIRSPACE)


def ceiling(facts: ClearanceFacts, law: Law) -> Said:
    """Art. 19 ¶2: 120 m true height."""
    height_m, limit_m = facts.highest_agl_m, law.numbers.ceiling_agl_m
    values = {"height": f"{height_m:.0f}", "ceiling": f"{limit_m:.0f}"}
    if height_m <= limit_m:
        return Said(key="ok", values=values, source=PLAN)
    said = _without_question(covered(facts, law, "19", PLAN))
    return Said(
        key=said.key, values={**values, **said.values}, source=PLAN, permit_id=said.permit_id
    )


def airspace_data(facts: ClearanceFacts, law: Law) -> Said:
    """How old it is at take-off, and whether it makes sense."""
    if facts.airspace is None:
        return Said(key="missing", source=AIRSPACE)
    fetched_utc = facts.airspace.oldest_utc
    age_s = (facts.takeoff_utc - fetched_utc).total_seconds()
    values = {
        "fetched": f"{fetched_utc.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
        "hours": f"{age_s / 3600.0:.0f}",
    }
    if facts.airspace.problems:
        wrong = facts.airspace.problems[0]
        values |= {"what": wrong.text_zh, "what_en": wrong.text}
        return Said(key="wrong", values=values, source=AIRSPACE)
    if (facts.asked_utc - fetched_utc).total_seconds() < -_CLOCK_SLACK_S:
        return Said(key="future", values=values, source=AIRSPACE)
    key = "stale" if age_s > law.numbers.airspace_age_max_s else "ok"
    return Said(key=key, values=values, source=AIRSPACE)


def lights(facts: ClearanceFacts, law: Law) -> Said:  # noqa: ARG001  # as every check
    """Art. 32 (7): from sunset to sunrise."""
    place, day = facts.plan.home, facts.takeoff_utc.astimezone(SHANGHAI).date()
    light = daylight(place, day)
    values = {
        name: f"{moment.astimezone(SHANGHAI):%H:%M}" if moment else "–"
        for name, moment in (("sunrise", light.sunrise_utc), ("sunset", light.sunset_utc))
    }
    has_lights = facts.aircraft.has_lights if facts.aircraft else None
    is_night = is_dark(place, facts.takeoff_utc, facts.landing_utc)
    keys = {
        (True, True): "night", (True, False): "ok", (False, True): "refused",
        (False, False): "daylight",
    }  # fmt: skip
    key = "missing" if has_lights is None else keys[has_lights, is_night]
    return Said(key=key, values=values, source=SKY if is_night else PAPERS)


def noise(facts: ClearanceFacts, law: Law) -> Said:
    """Noise Law Art. 64 and 88: what may be spoken on this flight. It never forbids the flight."""
    numbers = law.numbers
    values = {
        "basis": facts.noise_basis, "quiet_from": f"{numbers.quiet_from:%H:%M}",
        "quiet_to": f"{numbers.quiet_to:%H:%M}",
    }  # fmt: skip
    if _is_quiet(facts, law):
        return Said(key="quiet", values=values, source=LEGAL)
    return Said(key="ok" if facts.noise_basis else "advisory", values=values, source=LEGAL)


def report(facts: ClearanceFacts, law: Law) -> Said:
    """Art. 30, of the permits that this flight uses: a report of another day is none."""
    used = [one for one in facts.permits if one.permit_id in facts.used]
    day = facts.takeoff_utc.astimezone(SHANGHAI).date()
    lacking = [one for one in used if not one.is_reported(day)]
    if not lacking:
        return Said(key="ok", values={"ref": "、".join(one.report_ref or "" for one in used)})
    due_utc = facts.takeoff_utc - timedelta(seconds=law.numbers.report_before_s)
    values = {"due": f"{due_utc.astimezone(SHANGHAI):%m-%d %H:%M}", "day": f"{day}"}
    return Said(key="missing" if facts.is_launch else "due", values=values)


def crew(facts: ClearanceFacts, law: Law) -> Said:  # noqa: ARG001  # as every check
    """Who is on duty."""
    on_duty = facts.crew or {}
    lacking = [role for role in _CREW if not on_duty.get(role)]
    if lacking:
        names = [role.value for role in lacking]
        values = {"roles": "、".join(map(roles_zh, names)), "roles_en": ", ".join(names)}
        return Said(key="missing", values=values, source=SHIFT)
    told = [f"{roles_zh(role.value)}{on_duty[role]}" for role in _CREW]
    return Said(key="ok", values={"crew": "、".join(told)}, source=SHIFT)


def _is_quiet(facts: ClearanceFacts, law: Law) -> bool:
    """Whether any minute of the flight lies in the quiet hours; they go over midnight."""
    start, end = facts.takeoff_utc.astimezone(SHANGHAI), facts.landing_utc.astimezone(SHANGHAI)
    numbers = law.numbers
    return (
        start.time() >= numbers.quiet_from
        or start.time() < numbers.quiet_to
        or end.time() > numbers.quiet_from
        or end.date() > start.date()
    )


def _without_question(said: Said) -> Said:
    return Said(key=said.key, values=said.values, source=said.source, permit_id=said.permit_id)
