"""May these words be spoken here and now? Every objection at once, each with the rule it cites."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta

from ground_station.alerts import AlertLevel
from ground_station.announcements import Announcement, AnnouncementState
from ground_station.legal import Allows, LegalBook
from ground_station.templates import Need, Profile, Template
from ground_station.words.audible import EAR_MAX_DBA, Sounding, range_findings
from ground_station.words.person_words import person_findings
from ground_station.words.typed import TYPED_ID
from patrol.cause import Cause, Role
from patrol.clock import SHANGHAI
from patrol.plan import Finding, Level

NOISE_LAW = "噪声污染防治法 Art. 64"
NIGHT_LAW = "噪声污染防治法 Art. 64, Art. 88"
BUDGET_RULE = "本系统规则 house rule N-2"
TEMPLATE_RULE = "喊话模板适用条件 the template's own condition"
BASIS_RULE = "本系统规则 house rule N-3"
PIPL_PERSON = "个人信息保护法 Art. 24 ¶3"
PIPL_NOTICE = "个人信息保护法 Art. 26"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseLimits:
    """Defaults of DOMAIN 2.6; ours, not law, except the night."""

    night: tuple[time, time] = (time(22), time(6))
    rest: tuple[time, time] = (time(12, 30), time(14))
    plays_per_alert: int = 2
    between: timedelta = timedelta(minutes=3)
    window: timedelta = timedelta(minutes=30)
    plays_per_window: int = 3
    ear_dba_max: float = EAR_MAX_DBA
    school_hours: tuple[tuple[time, time], ...] = (
        (time(7), time(8, 30)),
        (time(16), time(18, 30)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseContext:
    """Where, when, by whom and what was said before. Missing is None and never a pass."""

    at_utc: datetime
    cause: Cause
    alert_id: str
    grid_code: str | None
    is_exercise: bool
    heard: Sounding | None  # what the people get of these words
    legal: LegalBook
    texts: tuple[str, ...] = ()  # as they will be said, slots filled; none: the template's own
    earlier: Sequence[Announcement] = ()  # of this grid, at least of the last 30 minutes
    repeat: int = 1  # how often they are to be played now
    alert_level: AlertLevel = AlertLevel.AMBER
    is_near_homes_or_schools: bool = True  # nearly every place of a district, DOMAIN 2.6
    is_counts_only: bool = False  # only who knows it says so
    is_airborne: bool | None = None
    # CHECKPOINT, COAST, SCHOOL_GATE, EMERGENCY_DECLARED: what is known of the place, yes or no.
    places: Mapping[Need, bool] = field(default_factory=dict)
    limits: ReleaseLimits = field(default_factory=ReleaseLimits)


def may_release(template: Template, context: ReleaseContext) -> list[Finding]:
    """Every objection and remark; a STOP among them forbids. Empty when all is well."""
    return [finding for check in _CHECKS for finding in check(template, context)]


def _stop(code: str, text: str, text_zh: str, article: str = "") -> Finding:
    return Finding(code=code, level=Level.STOP, text=text, text_zh=text_zh, article=article)


def _person(template: Template, context: ReleaseContext) -> list[Finding]:
    cause, found = context.cause, []
    if not cause.actor.strip() or cause.role is Role.SYSTEM:
        found.append(
            _stop(
                "release.person",
                "a person releases every announcement; nobody is named",
                "每次喊话须由人员放行，目前没有放行人",
                PIPL_PERSON,
            )
        )
    elif cause.is_automatic and not context.is_exercise:
        found.append(
            _stop(
                "release.auto_operator",
                f"{cause.actor} is an automatic operator, which may release in an exercise only",
                f"“{cause.actor}”为自动操作员，只能在演练中放行",
                PIPL_PERSON,
            )
        )
    return found


def _quiet_hours(template: Template, context: ReleaseContext) -> list[Finding]:
    now = context.at_utc.astimezone(SHANGHAI).time()
    limits = context.limits
    if _is_within(now, limits.night):
        code, article = "release.night", NIGHT_LAW
        text = f"it is {now:%H:%M}: night quiet from 22:00 to 06:00"
        text_zh = f"现在{now:%H:%M}，夜间22:00至次日6:00不得喊话"
    elif _is_within(now, limits.rest) and context.is_near_homes_or_schools:
        code, article = "release.rest_time", NOISE_LAW
        text = f"it is {now:%H:%M}: rest time near homes and schools from 12:30 to 14:00"
        text_zh = f"现在{now:%H:%M}，居民区和学校附近12:30至14:00午休时间不得喊话"
    else:
        return []
    if template.is_emergency:
        return [
            Finding(
                code=code,
                level=Level.NOTE,
                text=f"{text}; safety words may be spoken",
                text_zh=f"{text_zh}；紧急安全提示除外",
                article=NOISE_LAW,
            )
        ]
    return [_stop(code, text, text_zh, article)]


def _legal_basis(template: Template, context: ReleaseContext) -> list[Finding]:
    found = []
    asked: list[tuple[Allows, str, str]] = []
    if Need.GATHERING_ORDER in template.needs:
        asked.append((Allows.GATHERING_ORDER, "an order against gatherings", "禁止聚集的通告"))
    if Need.EPIDEMIC_NOTICE in template.needs:
        asked.append((Allows.EPIDEMIC_NOTICE, "an epidemic notice", "防疫通告"))
    if template.profile is Profile.NORMAL:
        asked.append((Allows.HIGH_VOLUME, "a basis for high volume", "高音喊话的依据"))
    for allows, noun, noun_zh in asked:
        basis = context.legal.in_force(
            allows,
            grid_code=context.grid_code,
            at_utc=context.at_utc,
            is_exercise=context.is_exercise,
        )
        if basis is None:
            found.append(
                _stop(
                    f"release.no_{allows.value.lower()}",
                    f"{template.template_id} needs {noun} in force in this grid; there is none",
                    f"{template.template_id}需要本网格内有效的{noun_zh}，目前没有",
                    NOISE_LAW if allows is Allows.HIGH_VOLUME else BASIS_RULE,
                )
            )
    return found


def _circumstances(template: Template, context: ReleaseContext) -> list[Finding]:
    """What the template itself presupposes."""
    now = context.at_utc.astimezone(SHANGHAI).time()
    holds: Mapping[Need, bool | None] = {
        Need.CRITICAL_DENSITY: context.alert_level is AlertLevel.CRITICAL,
        Need.SCHOOL_HOURS: any(_is_within(now, span) for span in context.limits.school_hours),
        Need.COUNTS_ONLY: context.is_counts_only,
        **{need: context.places.get(need) for need in _OF_THE_PLACE},
    }
    return [
        _not_the_situation(template, need, is_known=holds[need] is not None)
        for need in template.needs
        if need in holds and not holds[need]
    ]


def _not_the_situation(template: Template, need: Need, *, is_known: bool) -> Finding:
    """What nobody knows of the place stops as what is known not to be so, and says which."""
    words, words_zh = _SITUATIONS[need]
    name = template.template_id
    return _stop(
        f"release.{need.value.lower()}",
        f"{name} is for another situation: {words}"
        if is_known
        else f"{name} is for {words}; the register does not say whether this is it",
        f"{name}不适用：{words_zh}" if is_known else f"{name}{words_zh}，名册未载明此处是否为此",
        PIPL_NOTICE if need is Need.COUNTS_ONLY else TEMPLATE_RULE,
    )


_OF_THE_PLACE = (Need.CHECKPOINT, Need.COAST, Need.SCHOOL_GATE, Need.EMERGENCY_DECLARED)


_SITUATIONS: Mapping[Need, tuple[str, str]] = {
    Need.CRITICAL_DENSITY: ("a critical density", "仅用于危急密度"),
    Need.CHECKPOINT: ("a checkpoint", "仅用于检测点"),
    Need.COAST: ("the coast", "仅用于海边"),
    Need.EMERGENCY_DECLARED: ("a declared emergency", "仅用于已宣布的紧急情况"),
    Need.SCHOOL_GATE: ("a school gate", "仅用于校门口"),
    Need.SCHOOL_HOURS: ("07:00-08:30 and 16:00-18:30", "仅用于7:00—8:30和16:00—18:30"),
    Need.COUNTS_ONLY: (
        "counting without any picture kept or with blurring",
        "仅在只统计人数或已模糊处理时可用",
    ),
}


def _busy(template: Template, context: ReleaseContext) -> list[Finding]:
    if not any(item.state in UNDER_WAY for item in context.earlier):
        return []
    return [
        _stop(
            "release.speaker_busy",
            "another announcement is waiting or playing",
            "另一条喊话正在等待或播放",
            BUDGET_RULE,
        )
    ]


def _budget(template: Template, context: ReleaseContext) -> list[Finding]:
    """Safety words that have used it up are warned of, and spoken.

    Nobody approved typed words beforehand, so how often a crowd hears them has an end even then.
    """
    times = _too_many_times(template, context)
    others = [*_too_soon(context), *_too_many_in_the_grid(context)]
    level = Level.WARN if template.is_emergency else Level.STOP
    of_times = Level.STOP if template.template_id == TYPED_ID else level
    return [
        *(replace(finding, level=of_times) for finding in times),
        *(replace(finding, level=level) for finding in others),
    ]


def _begun(context: ReleaseContext) -> list[tuple[Announcement, datetime]]:
    """What was begun in this grid, and when."""
    return [
        (item, item.started_utc)
        for item in context.earlier
        if item.grid_code == context.grid_code
        and item.started_utc is not None
        and item.started_utc <= context.at_utc
    ]


def _too_many_times(template: Template, context: ReleaseContext) -> list[Finding]:
    allowed = min(context.limits.plays_per_alert, template.max_repeats)
    times = sum(item.repeats for item, _ in _begun(context) if item.alert_id == context.alert_id)
    is_within = not context.alert_id or times + context.repeat <= allowed
    if 1 <= context.repeat <= allowed and is_within:
        return []
    more = f", and {context.repeat} more are asked for" if context.repeat != 1 else ""
    more_zh = f"，本次要求{context.repeat}次" if context.repeat != 1 else ""
    return [
        _stop(
            "release.repeats",
            f"this crowd has been spoken to {times} times{more}; {allowed} are allowed",
            f"对该人群已喊话{times}次{more_zh}，最多{allowed}次",
            BUDGET_RULE,
        )
    ]


def _too_soon(context: ReleaseContext) -> list[Finding]:
    ago_s = [(context.at_utc - at).total_seconds() for _, at in _begun(context)]
    since_s, between_s = min(ago_s, default=math.inf), context.limits.between.total_seconds()
    if since_s >= between_s:
        return []
    wait_s = math.ceil(between_s - since_s)
    return [
        _stop(
            "release.too_soon",
            f"the last announcement here was {since_s:.0f} s ago; wait {wait_s} s more",
            f"本网格上次喊话在{since_s:.0f}秒前，还需等待{wait_s}秒",
            BUDGET_RULE,
        )
    ]


def _too_many_in_the_grid(context: ReleaseContext) -> list[Finding]:
    allowed = context.limits.plays_per_window
    lately = [at for _, at in _begun(context) if context.at_utc - at < context.limits.window]
    if len(lately) < allowed:
        return []
    return [
        _stop(
            "release.grid_budget",
            f"{len(lately)} announcements in this grid in 30 minutes; {allowed} are allowed",
            f"本网格30分钟内已喊话{len(lately)}次，最多{allowed}次",
            BUDGET_RULE,
        )
    ]


UNDER_WAY = (
    AnnouncementState.QUEUED,
    AnnouncementState.OVERRIDDEN,
    AnnouncementState.PLAYING,
)


def _airborne(template: Template, context: ReleaseContext) -> list[Finding]:
    if context.is_airborne is True:
        return []
    return [
        _stop(
            "release.not_airborne",
            "the aircraft is not in the air, so nobody can be spoken to from it"
            if context.is_airborne is False
            else "whether the aircraft is in the air is not known",
            "无人机不在空中，不能喊话" if context.is_airborne is False else "无人机是否在空中未知",
        )
    ]


def _audible(template: Template, context: ReleaseContext) -> list[Finding]:
    return range_findings(context.heard, ear_max_dba=context.limits.ear_dba_max)


def _describes_nobody(template: Template, context: ReleaseContext) -> list[Finding]:
    texts = context.texts or (template.zh, template.en)
    return person_findings(tuple(dict.fromkeys(texts)))  # typed words are one text twice


def _is_within(now: time, span: tuple[time, time]) -> bool:
    start, end = span
    return start <= now < end if start <= end else now >= start or now < end


_CHECKS: tuple[Callable[[Template, ReleaseContext], list[Finding]], ...] = (
    _person,
    _quiet_hours,
    _legal_basis,
    _circumstances,
    _busy,
    _budget,
    _airborne,
    _audible,
    _describes_nobody,
)
