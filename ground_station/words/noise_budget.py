"""How often words may be heard: by the same ears, in a grid, in a night (DOMAIN 2.6 N-2 and 7)."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta

from ground_station.announcements import Announcement
from ground_station.templates import Template
from ground_station.words.release_context import UNDER_WAY, ReleaseContext
from ground_station.words.typed import TYPED_ID
from patrol.plan import Finding, Level

BUDGET_RULE = "本系统规则 house rule N-2"
_A_DAY = timedelta(days=1)
REPEAT_RULE = "喊话模板每次最多播放两遍 the template's own limit"


def busy(template: Template, context: ReleaseContext) -> list[Finding]:
    """There is one loudspeaker."""
    if not any(item.state in UNDER_WAY for item in context.earlier):
        return []
    return [
        _stop(
            "release.speaker_busy",
            "another announcement is waiting or playing",
            "另一条喊话正在等待或播放",
        )
    ]


def budget(template: Template, context: ReleaseContext) -> list[Finding]:
    """Safety words that find it used up by others are warned of, and spoken.

    Their own repeats and the night have an end even for them, beyond which a leader answers; so
    have typed words, which nobody approved beforehand.
    """
    others = [*_too_soon(context), *_too_many_in_the_grid(context)]
    level = Level.WARN if template.is_emergency else Level.STOP
    return [
        *_too_many_times(template, context),
        *(replace(finding, level=level) for finding in others),
        *_too_many_tonight(context),
    ]


def _begun(context: ReleaseContext) -> list[tuple[Announcement, datetime]]:
    """What was begun, and when: ahead of now where the clock was set back meanwhile."""
    return [(item, item.started_utc) for item in context.earlier if item.started_utc is not None]


def _is_lately(at: datetime, context: ReleaseContext, within: timedelta) -> bool:
    """People have heard it, whatever the clock says since: ahead counts like ago."""
    return abs(context.at_utc - at) < within


def _begun_in_the_grid(context: ReleaseContext) -> list[datetime]:
    return [at for item, at in _begun(context) if item.grid_code == context.grid_code]


def _to_these_ears(template: Template, context: ReleaseContext) -> list[Announcement]:
    """What this crowd was told; without a crowd, these words as the grid heard them of late."""
    soon = context.limits.same_place
    if not context.alert_id:
        return [
            item for item, at in _begun(context)
            if item.grid_code == context.grid_code and _is_lately(at, context, soon)
            and item.template_id == template.template_id
        ]  # fmt: skip
    return [
        item for item, at in _begun(context)
        if item.alert_id == context.alert_id
        or (item.alert_id in context.same_place and _is_lately(at, context, soon))
    ]  # fmt: skip


def _too_many_times(template: Template, context: ReleaseContext) -> list[Finding]:
    said = _to_these_ears(template, context)
    own = sum(one.repeats for one in said if one.template_id == template.template_id)
    times = sum(one.repeats for one in said)
    allowed = min(context.limits.plays_per_alert, template.max_repeats)
    more = f", and {context.repeat} more are asked for" if context.repeat != 1 else ""
    more_zh = f"，本次要求{context.repeat}次" if context.repeat != 1 else ""
    if context.repeat < 1 or own + context.repeat > allowed:
        return [
            _stop(
                "release.repeats",
                f"these words were played {own} times here{more}; {allowed} are allowed",
                f"此喊话已在此播放{own}次{more_zh}，最多{allowed}次",
                REPEAT_RULE,
            )
        ]
    if times + context.repeat <= allowed:
        return []
    finding = _stop(
        "release.repeats",
        f"this crowd has been spoken to {times} times{more}; {allowed} are allowed",
        f"对该人群已喊话{times}次{more_zh}，最多{allowed}次",
    )
    is_warned = template.is_emergency and template.template_id != TYPED_ID
    return [replace(finding, level=Level.WARN if is_warned else Level.STOP)]


def _too_soon(context: ReleaseContext) -> list[Finding]:
    ago_s = [abs((context.at_utc - at).total_seconds()) for at in _begun_in_the_grid(context)]
    since_s, between_s = min(ago_s, default=math.inf), context.limits.between.total_seconds()
    if since_s >= between_s:
        return []
    wait_s = math.ceil(between_s - since_s)
    return [
        _stop(
            "release.too_soon",
            f"the last announcement here was {since_s:.0f} s ago; wait {wait_s} s more",
            f"本网格上次喊话在{since_s:.0f}秒前，还需等待{wait_s}秒",
        )
    ]


def _too_many_in_the_grid(context: ReleaseContext) -> list[Finding]:
    allowed, window = context.limits.plays_per_window, context.limits.window
    lately = [at for at in _begun_in_the_grid(context) if _is_lately(at, context, window)]
    if len(lately) < allowed:
        return []
    return [
        _stop(
            "release.grid_budget",
            f"{len(lately)} announcements in this grid in 30 minutes; {allowed} are allowed",
            f"本网格30分钟内已喊话{len(lately)}次，最多{allowed}次",
        )
    ]


def _too_many_tonight(context: ReleaseContext) -> list[Finding]:
    began, allowed = context.limits.night_began(context.at_utc), context.limits.plays_per_night
    if began is None:
        return []
    tonight = [at for at in _begun_in_the_grid(context) if began <= at < began + _A_DAY]
    if len(tonight) < allowed:
        return []
    return [
        _stop(
            "release.night_budget",
            f"{len(tonight)} announcements in this grid tonight; {allowed} are allowed",
            f"本网格今夜已喊话{len(tonight)}次，最多{allowed}次",
        )
    ]


def _stop(code: str, text: str, text_zh: str, article: str = BUDGET_RULE) -> Finding:
    return Finding(code=code, level=Level.STOP, text=text, text_zh=text_zh, article=article)
