"""May these words be spoken here and now? Every objection at once, each with the rule it cites."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ground_station.alert_levels import AlertLevel
from ground_station.legal import Allows
from ground_station.templates import Need, Profile, Template
from ground_station.words.audible import range_findings
from ground_station.words.noise_budget import budget, busy
from ground_station.words.person_words import person_findings
from ground_station.words.release_context import (
    UNDER_WAY,
    ReleaseContext,
    ReleaseLimits,
    is_within,
)
from patrol.cause import Role
from patrol.clock import SHANGHAI
from patrol.plan import Finding, Level

__all__ = ["UNDER_WAY", "ReleaseContext", "ReleaseLimits", "may_release"]

NOISE_LAW = "噪声污染防治法 Art. 64"
NIGHT_LAW = "噪声污染防治法 Art. 64, Art. 88"
TEMPLATE_RULE = "喊话模板适用条件 the template's own condition"
BASIS_RULE = "本系统规则 house rule N-3"
PIPL_PERSON = "个人信息保护法 Art. 24 ¶3"
PIPL_NOTICE = "个人信息保护法 Art. 26"


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
    if is_within(now, limits.night):
        code, article = "release.night", NIGHT_LAW
        text = f"it is {now:%H:%M}: night quiet from 22:00 to 06:00"
        text_zh = f"现在{now:%H:%M}，夜间22:00至次日6:00不得喊话"
    elif is_within(now, limits.rest) and context.is_near_homes_or_schools:
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
        Need.SCHOOL_HOURS: any(is_within(now, span) for span in context.limits.school_hours),
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


def _has_a_crowd(template: Template, context: ReleaseContext) -> list[Finding]:
    """Words to a crowd are said for its alert: what was seen, and what became of it, is kept."""
    if context.alert_id or not template.is_to_a_crowd:
        return []
    return [
        _stop(
            "release.no_crowd",
            f"{template.template_id} is said to a crowd, and only for its alert",
            f"{template.template_id}面向聚集人群，只能针对告警喊话",
            TEMPLATE_RULE,
        )
    ]


_CHECKS: tuple[Callable[[Template, ReleaseContext], list[Finding]], ...] = (
    _person,
    _quiet_hours,
    _legal_basis,
    _circumstances,
    _has_a_crowd,
    busy,
    budget,
    _airborne,
    _audible,
    _describes_nobody,
)
